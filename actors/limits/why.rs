//! How far is looked to say why something is as it is.

/// Rows of an endpoint's queue that are looked through to say where a delivery waits.
pub const QUEUE_ROWS_MAX: usize = 1_000;
/// Lines of the log that are looked through to say who did not get an event.
pub const LOG_LINES_MAX: usize = 64;
/// Lines of the log that are looked through, from the newest down, to say how an endpoint's latest attempts ended.
pub const ENDPOINT_LINES_MAX: usize = 2_048;
/// Lines of those that are read at once.
pub const ENDPOINT_LINES_AT_ONCE: usize = 128;
/// Events that are looked through for the one of a reminder, from its moment on.
pub const ASKED_EVENTS_MAX: usize = 256;
/// How long after its moment a reminder's event was recorded at the latest.
pub const ASKED_WITHIN_MS: u64 = 60_000;
/// Deliveries of an event that wait and are looked at one by one to say when the next is tried.
pub const EVENT_DELIVERIES_MAX: u64 = 8;
