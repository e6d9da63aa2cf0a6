//! Bounds of the live stream: who may listen, and what is held for those who do.

/// Streams of one tenant that may be open at once.
pub const STREAMS_PER_TENANT_MAX: usize = 64;
/// Streams of all tenants that may be open at once.
pub const STREAMS_MAX: usize = 1_000;
/// Bytes of what happened lately that are held for a tenant to which somebody listens, beside the latest
/// group; whoever is further back reads the journal.
pub const RING_BYTES_MAX: usize = 1 << 20;
/// Bytes of events that are held so that their deliveries can name them.
pub const KNOWN_EVENTS_BYTES_MAX: usize = 4 << 20;
/// How long after something happened a client that has it counts as one that keeps up.
pub const LIVE_MS: u64 = 1_000;
/// How long a client may fail to keep up before it is dropped.
pub const BEHIND_MS: u64 = 5_000;
/// Streams that read the journal at once; others wait for their turn.
pub const JOURNAL_READS_AT_ONCE_MAX: usize = 4;
/// Groups of the journal that are read in one turn.
pub const GROUPS_PER_TURN_MAX: usize = 256;
/// How often a stream on which nothing happens says that it is still there, and its key is looked at again.
pub const KEEP_ALIVE_MS: u64 = 15_000;
/// After how long a client that was cut off comes back.
pub const RETRY_MS: u64 = 2_000;
/// Bytes of a stream that are written out in one piece.
pub const CHUNK_BYTES: usize = 64 << 10;
