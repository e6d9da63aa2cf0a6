//! Bounds of the one writer: what waits for it, and what it makes durable at once.

/// Commits that may wait for the committer.
pub const COMMITS_QUEUED_MAX: usize = 16_384;
/// Commits made durable by one flush.
pub const COMMITS_PER_GROUP_MAX: usize = 1_024;
/// Groups of commits that are durable while their callers were not told yet; the writer waits beyond that.
pub const GROUPS_UNTOLD_MAX: usize = 64;
/// Bytes made durable by one flush, beyond which a group takes no further commit.
pub const GROUP_BYTES_MAX: usize = 4 << 20;
/// How long what nobody waits for may gather before it is made durable, in microseconds ...
pub const COMMIT_GATHERS_US: u64 = 1_000;
/// ... unless so many commits have gathered.
pub const COMMITS_GATHERED_MAX: usize = 64;
/// Commits in a group from which the writer is behind what comes in ...
pub const GROUP_CROWDED: usize = 32;
/// ... and for how long it counts as being so, in microseconds.
pub const CROWDED_US: u64 = 100_000;
/// How soon a group may begin after the beginning of one for which several waited, in microseconds.
pub const GROUP_PACE_US: u64 = 700;
