//! Whether a destination is healthy, judged by its latest attempts.

use serde::{Deserialize, Serialize};

use crate::retry::Outcome;
use crate::time::Timestamp;

/// So many failures in a row make an endpoint failing.
pub const FAILING_AFTER: u32 = 3;

/// What the latest attempts say about an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Health {
    /// Failures since the last success.
    pub failures_in_a_row: u32,
    /// When an attempt last succeeded.
    pub last_success_at: Option<Timestamp>,
    /// When an attempt last failed.
    pub last_failure_at: Option<Timestamp>,
}

/// A judgement of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Nothing has arrived yet, and too few attempts failed to worry.
    Unknown,
    /// The latest attempt arrived, or too few failed to worry.
    Healthy,
    /// [`FAILING_AFTER`] or more attempts failed in a row.
    Failing,
}

impl Health {
    /// The health after one more attempt.
    pub fn step(&self, outcome: &Outcome, now: Timestamp) -> Self {
        match outcome {
            Outcome::Done { .. } => {
                Self { failures_in_a_row: 0, last_success_at: Some(now), ..self.clone() }
            }
            Outcome::Retry { .. } | Outcome::Dead { .. } => Self {
                failures_in_a_row: self.failures_in_a_row.saturating_add(1),
                last_failure_at: Some(now),
                ..self.clone()
            },
        }
    }

    /// What to call it.
    pub fn condition(&self) -> Condition {
        match (self.failures_in_a_row, self.last_success_at) {
            (failures, _) if failures >= FAILING_AFTER => Condition::Failing,
            (_, None) => Condition::Unknown,
            (_, Some(_)) => Condition::Healthy,
        }
    }
}

impl Condition {
    /// The word that people see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Healthy => "healthy",
            Self::Failing => "failing",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_failures_in_a_row_make_it_failing_and_one_success_heals_it() {
        let failed = Outcome::Retry { code: -1, error: "refused".into(), after: None };
        let mut health = Health::default();
        assert_eq!(health.condition(), Condition::Unknown);
        for condition in [Condition::Unknown, Condition::Unknown, Condition::Failing] {
            health = health.step(&failed, Timestamp(1));
            assert_eq!(health.condition(), condition);
        }
        health = health.step(&Outcome::Done { code: 200 }, Timestamp(2));
        assert_eq!(health.condition(), Condition::Healthy);
        assert_eq!(health.last_failure_at, Some(Timestamp(1)));
        assert_eq!(health.step(&failed, Timestamp(3)).condition(), Condition::Healthy);
    }
}
