//! Bounds of what is known of when a server was there.

use sereno_workflows::time::Span;

/// How often a server that is there says so, in milliseconds.
pub const PRESENT_EVERY_MS: u64 = 600_000;
/// From so long on it is known that none was.
pub const ABSENCE_MIN: Span = Span::hours(1);
/// So many absences are known, the latest ones; beyond them those of which little is asked any more go.
pub const ABSENCES_MAX: usize = 200;
