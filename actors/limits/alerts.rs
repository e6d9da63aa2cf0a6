//! Bounds of alerts: how often people are told.

use sereno_workflows::time::Span;

/// How long after something was counted the rules are held against it.
pub const PAUSE_MS: u64 = 5_000;
/// The shortest time from when people are told that a rule is raised until they are told so again: what
/// swings around a threshold is told of so often at most.
pub const QUIET: Span = Span::minutes(10);
