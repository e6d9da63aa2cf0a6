//! Bounds of what takes the rows of a deleted tenant away.

/// Rows that are removed in one commit; others have their turn after each.
pub const ERASED_PER_STEP_MAX: usize = 500;
/// Rows of timers of all tenants that are looked at in one step.
pub const TIMERS_LOOKED_AT: usize = 1_000;
/// Deleted tenants whose rows go at once; the others wait for their turn.
pub const ERASERS_AT_ONCE_MAX: usize = 2;
/// How long a tenant that is deleted has to end what is in its hands.
pub const TENANT_STOP_MS: u64 = 5_000;
/// How long requests and attempts that began before the deletion are waited for, and the search index.
pub const PATIENCE_MS: u64 = 60_000;
/// How long the work rests after a failure to read.
pub const AGAIN_MS: u64 = 5_000;
