//! What follows an attempt: done, another attempt at a time, or the dead letters.
//!
//! The outcome says what the other side did; the policy says how patient the tenant is.

use serde::{Deserialize, Serialize};

use crate::invalid::Invalid;
use crate::time::{Span, Timestamp};

/// What became of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The other side has it.
    Done {
        /// Its answer's code; -1 where the channel has none.
        code: i32,
    },
    /// Another attempt may succeed: a 5xx, a 429, a timeout, a broken connection.
    Retry {
        /// The answer's code; -1 where there was no answer.
        code: i32,
        /// What happened.
        error: String,
        /// How long the other side asked us to wait, if it did.
        after: Option<Span>,
    },
    /// No attempt with these bytes to this place will succeed.
    Dead {
        /// The answer's code; -1 where there was no answer.
        code: i32,
        /// What happened.
        error: String,
    },
    /// There is nobody there any more, and the place wants nothing further.
    Gone {
        /// The answer's code.
        code: i32,
        /// What happened.
        error: String,
    },
}

impl Outcome {
    /// The same told otherwise: by another code and error, where it failed.
    pub fn told(self, otherwise: impl FnOnce(i32, String) -> (i32, String)) -> Self {
        match self {
            Self::Done { code } => Self::Done { code },
            Self::Retry { code, error, after } => {
                let (code, error) = otherwise(code, error);
                Self::Retry { code, error, after }
            }
            Self::Dead { code, error } => {
                let (code, error) = otherwise(code, error);
                Self::Dead { code, error }
            }
            Self::Gone { code, error } => {
                let (code, error) = otherwise(code, error);
                Self::Gone { code, error }
            }
        }
    }
}

/// What to do after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing: it arrived.
    Done,
    /// Try again at this moment.
    Later(Timestamp),
    /// Give up and keep it as a dead letter.
    Dead,
}

/// A named ladder of delays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// Now, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h: ten attempts in three days, the
    /// schedule that the Standard Webhooks specification gives as its example.
    Standard,
    /// Now, 1 min, 5 min, 15 min, 1 h: five attempts.
    E05,
    /// From `first`, times `factor`, up to `longest`.
    Exponential,
}

/// How patiently failed deliveries are tried again.
///
/// Naming any of `first`, `factor` and `longest` chooses the exponential ladder.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetryPolicy {
    /// The ladder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<Preset>,
    /// The delay after the first failure; 1 s where left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Span>,
    /// What each further delay is multiplied with; 2 where left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factor: Option<f64>,
    /// The longest delay; 30 s where left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longest: Option<Span>,
    /// Attempts in all, the first included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
}

const STANDARD: [Span; 9] = [
    Span::seconds(5),
    Span::minutes(5),
    Span::minutes(30),
    Span::hours(2),
    Span::hours(5),
    Span::hours(10),
    Span::hours(14),
    Span::hours(20),
    Span::hours(24),
];
const E05: [Span; 4] = [Span::minutes(1), Span::minutes(5), Span::minutes(15), Span::hours(1)];

/// The most attempts that a policy may ask for.
pub const ATTEMPTS_MAX: u32 = 100;
/// The longest wait that the other side may ask for.
pub const RETRY_AFTER_MAX: Span = Span::hours(24);

impl RetryPolicy {
    /// Whether it says nothing, and so is whatever stands above it.
    pub fn is_unset(&self) -> bool {
        *self == Self::default()
    }

    /// What follows the attempt with this number (from 1) that ended at `now`.
    ///
    /// `spread` is any number that differs between deliveries: up to a tenth is added to each delay
    /// by it, so that what failed together does not come back together.
    pub fn next(&self, outcome: &Outcome, attempt: u32, now: Timestamp, spread: u64) -> Next {
        let asked = match outcome {
            Outcome::Done { .. } => return Next::Done,
            Outcome::Dead { .. } | Outcome::Gone { .. } => return Next::Dead,
            Outcome::Retry { after, .. } => *after,
        };
        if attempt >= self.attempts_max() {
            return Next::Dead;
        }
        match asked {
            Some(after) if after.0 > 0 => {
                // A first wish is obeyed as it is. Whoever goes on to wish for less than the ladder would
                // see all attempts used up at once, so then the ladder holds, a rung late.
                let least = if attempt > 1 { self.delay(attempt - 1) } else { Span(0) };
                Next::Later(now.after(after.min(RETRY_AFTER_MAX).max(least)))
            }
            // No wish, or one for a time that is over.
            Some(_) | None => {
                let delay = self.delay(attempt).0;
                let share = spread.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 54;
                Next::Later(now.after(Span(delay + delay / 10 * share / 1024)))
            }
        }
    }

    /// Attempts in all.
    pub fn attempts_max(&self) -> u32 {
        self.attempts.unwrap_or(match self.ladder() {
            Preset::Standard => 10,
            Preset::E05 => 5,
            Preset::Exponential => 3,
        })
    }

    /// Checks what types alone do not.
    pub fn check(&self) -> Result<(), Invalid> {
        if self.attempts.is_some_and(|count| !(1..=ATTEMPTS_MAX).contains(&count)) {
            return Err(Invalid::new("attempts", format!("must be from 1 to {ATTEMPTS_MAX}")));
        }
        if self.factor.is_some_and(|factor| !(1.0..=100.0).contains(&factor)) {
            return Err(Invalid::new("factor", "must be from 1 to 100"));
        }
        if self.first.is_some_and(|first| first.0 == 0) {
            return Err(Invalid::new("first", "must be longer than zero"));
        }
        let shaped = self.first.is_some() || self.factor.is_some() || self.longest.is_some();
        if shaped && matches!(self.preset, Some(Preset::Standard | Preset::E05)) {
            return Err(Invalid::new(
                "preset",
                "first, factor and longest belong to the exponential preset",
            ));
        }
        Ok(())
    }

    fn ladder(&self) -> Preset {
        let shaped = self.first.is_some() || self.factor.is_some() || self.longest.is_some();
        match self.preset {
            Some(preset) => preset,
            None if shaped => Preset::Exponential,
            None => Preset::Standard,
        }
    }

    fn delay(&self, attempt: u32) -> Span {
        let rung = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        let climb =
            |ladder: &[Span]| ladder.get(rung).or(ladder.last()).copied().unwrap_or_default();
        match self.ladder() {
            Preset::Standard => climb(&STANDARD),
            Preset::E05 => climb(&E05),
            Preset::Exponential => self.exponential(rung),
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a positive delay in milliseconds, capped below 2^53 before it is cast back"
    )]
    fn exponential(&self, rung: usize) -> Span {
        let first = self.first.unwrap_or(Span::seconds(1));
        let longest = self.longest.unwrap_or(Span::seconds(30)).max(first);
        let power = i32::try_from(rung).unwrap_or(i32::MAX);
        let delay = first.0 as f64 * self.factor.unwrap_or(2.0).powi(power);
        Span(delay.min(longest.0 as f64) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn retry(after: Option<Span>) -> Outcome {
        Outcome::Retry { code: 503, error: "unavailable".into(), after }
    }

    fn delays(policy: serde_json::Value) -> Vec<u64> {
        let policy: RetryPolicy = serde_json::from_value(policy).unwrap();
        (1..=20)
            .map_while(|attempt| match policy.next(&retry(None), attempt, Timestamp(0), 0) {
                Next::Later(at) => u64::try_from(at.0).ok(),
                Next::Done | Next::Dead => None,
            })
            .collect()
    }

    #[test]
    fn each_ladder_climbs_as_it_says() {
        assert_eq!(delays(json!({"preset": "e05"})), [60_000, 300_000, 900_000, 3_600_000]);
        assert_eq!(
            delays(json!({"first": "1s", "attempts": 7})),
            [1_000, 2_000, 4_000, 8_000, 16_000, 30_000]
        );
        assert_eq!(delays(json!({"preset": "exponential"})), [1_000, 2_000], "b03: 3, 1 s, 30 s");
        assert_eq!(delays(json!({})).len(), 9);
        assert_eq!(delays(json!({"attempts": 1})), [0_u64; 0]);
        assert_eq!(delays(json!({"first": "10s", "longest": "1s", "attempts": 2})), [10_000]);
    }

    #[test]
    fn the_other_sides_wish_is_obeyed_within_a_day() {
        let policy = RetryPolicy::default();
        let next = |after| policy.next(&retry(Some(after)), 1, Timestamp(0), 7);
        assert_eq!(next(Span::seconds(2)), Next::Later(Timestamp(2_000)));
        assert_eq!(next(Span::hours(1_000)), Next::Later(Timestamp(86_400_000)));
    }

    #[test]
    fn e05_a_wish_for_no_time_at_all_does_not_use_up_the_ladder() {
        let policy = RetryPolicy::default();
        let at = |after, attempt| match policy.next(&retry(Some(after)), attempt, Timestamp(0), 0) {
            Next::Later(at) => at.0,
            Next::Done | Next::Dead => panic!("it is tried again"),
        };
        assert_eq!(at(Span(0), 1), 5_000, "the ladder's own");
        assert_eq!(at(Span::seconds(1), 1), 1_000);
        assert_eq!(at(Span::seconds(1), 2), 5_000);
        assert_eq!(at(Span::seconds(1), 3), 300_000);
        assert_eq!(at(Span::hours(1), 3), 3_600_000);
    }

    #[test]
    fn spread_adds_at_most_a_tenth() {
        let policy = RetryPolicy::default();
        for spread in 0..1_000 {
            let Next::Later(at) = policy.next(&retry(None), 1, Timestamp(0), spread) else {
                panic!("a first failure is tried again")
            };
            assert!((5_000..=5_500).contains(&at.0), "{at:?}");
        }
    }

    #[test]
    fn done_and_dead_are_final() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.next(&Outcome::Done { code: 200 }, 1, Timestamp(0), 0), Next::Done);
        let dead = Outcome::Dead { code: 410, error: "gone".into() };
        assert_eq!(policy.next(&dead, 1, Timestamp(0), 0), Next::Dead);
    }
}
