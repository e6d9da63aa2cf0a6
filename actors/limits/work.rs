//! Bounds of what people do with deliveries and letters, one by one or by a job.

/// Things that a job names with which it could not be done; the others are counted.
pub const NOT_DONE_NAMED_MAX: usize = 20;
/// Bytes of the reason that somebody gives for what they do.
pub const REASON_BYTES_MAX: usize = 500;
/// Bytes of the text by which a job chooses events: its record is one row.
pub const QUERY_BYTES_MAX: usize = 500;
/// Deliveries of one endpoint's queue that are looked at to find one that is to be cancelled.
pub const QUEUE_SEARCHED_ROWS_MAX: usize = 1_000_000;
/// How often a delivery is looked for that moves while it is to be cancelled, and how long in between.
pub const CANCEL_TRIES_MAX: u32 = 5;
/// The time between them.
pub const CANCEL_AGAIN_MS: u64 = 50;
/// Causes of dead letters of one tenant of which somebody has taken note.
pub const ACKNOWLEDGED_MAX: usize = 200;
/// Dead letters that are read at once to see whether there is one of a cause.
pub const ACKNOWLEDGED_ROWS: usize = 256;
/// Deliveries at the head of each queue that are looked at for the one that waits for longest.
pub const OLDEST_ROWS: usize = 16;
