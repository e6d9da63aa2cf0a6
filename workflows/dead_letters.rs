//! Dead letters: whose fault a delivery's end was, and when people must hear that they pile up.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::effect::{Effect, Rejected, Transition};
use crate::policy::DeadLetterPolicy;
use crate::retry::Outcome;
use crate::time::Timestamp;
use crate::timer::{ByHand, Wish};
use crate::why::opening;

/// Whose fault it was that a delivery was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fault {
    /// The receiver refused it, or did not answer as often as was tried.
    Receiver,
    /// Nothing was sent: the target is forbidden, or a setting is missing or wrong.
    Configuration,
    /// Sereno itself could not do it.
    System,
}

impl Fault {
    /// Whose fault an outcome with which a delivery ended is, if the attempt was made.
    pub fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Dead { code: -1, .. } => Self::Configuration,
            Outcome::Done { .. }
            | Outcome::Retry { .. }
            | Outcome::Dead { .. }
            | Outcome::Gone { .. } => Self::Receiver,
        }
    }

    /// What to call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Receiver => "receiver",
            Self::Configuration => "configuration",
            Self::System => "system",
        }
    }
}

/// The cause under which dead letters are grouped: the answer's code, or what happened in few words.
pub fn cause(code: i32, error: &str) -> String {
    if code > 0 {
        return code.to_string();
    }
    if let Some(opening) = opening(error) {
        return opening.to_owned();
    }
    let words = error.split([':', ';']).next().unwrap_or_default();
    words.chars().take(CAUSE_CHARS_MAX).collect()
}

/// The largest number of dead letters beyond which people may ask to be told.
pub const ALERT_COUNT_MAX: usize = 999;

/// Characters of a cause.
const CAUSE_CHARS_MAX: usize = 80;

/// What people were told of a tenant's dead letters.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Pile {
    /// They were told that there are too many, and there still are.
    pub told_count: bool,
    /// They were told that one that was given up then lies there for too long.
    pub told_age_of: Option<Timestamp>,
    /// When the oldest will have lain there for too long.
    pub look_at: Option<Timestamp>,
    /// Under which the alarm is set.
    pub generation: u32,
}

/// The dead letters as they are at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// How many there are, as far as was counted.
    pub count: usize,
    /// When the oldest was given up.
    pub oldest: Option<Timestamp>,
}

impl Pile {
    /// Looks at the dead letters: each of the two things is told once, until it is no longer so.
    pub fn step(
        &self,
        sight: Sight,
        policy: &DeadLetterPolicy,
        now: Timestamp,
    ) -> Transition<Self> {
        let mut effects = Vec::new();
        let too_many = sight.count > policy.alert_count;
        if too_many && !self.told_count {
            let data = json!({"count": sight.count, "threshold": policy.alert_count});
            effects.push(emit("dead_letters.threshold_exceeded", data));
        }
        let mut next = Self { told_count: too_many, look_at: None, ..self.clone() };
        if let Some(oldest) = sight.oldest {
            let too_old_at = oldest.after(policy.alert_age);
            let told = self.told_age_of.is_some_and(|told| told >= oldest);
            if told {
                // The next oldest is told of once this one is gone.
            } else if now >= too_old_at {
                next.told_age_of = Some(oldest);
                effects.push(aging(sight.count, oldest, policy));
            } else {
                next.look_at = Some(too_old_at);
            }
        }
        if next.look_at != self.look_at {
            next.generation = self.generation.wrapping_add(1);
        }
        Transition { next, effects }
    }

    /// Does with its alarm what a person wants: the oldest is told of now, or never.
    ///
    /// # Errors
    /// The alarm is not set (any more).
    pub fn by_hand(
        &self,
        asked: &ByHand,
        sight: Sight,
        policy: &DeadLetterPolicy,
        now: Timestamp,
    ) -> Result<Transition<Self>, Rejected> {
        let is_set = self.look_at.is_some_and(|due| asked.means("dead_letter_age", due));
        let Some(oldest) = sight.oldest.filter(|_| is_set) else { return Err(asked.gone()) };
        if let Wish::MoveTo(_) = asked.wish {
            let instead = "it follows from when the oldest was given up; change dead_letters in the tenant's settings";
            return Err(asked.fixed(instead));
        }
        let Transition { mut next, mut effects } = self.step(sight, policy, now);
        if next.look_at.take().is_some() && asked.wish == Wish::Fire {
            effects.push(aging(sight.count, oldest, policy));
        }
        next.told_age_of = Some(oldest);
        next.generation = self.generation.wrapping_add(1);
        Ok(Transition { next, effects })
    }
}

fn aging(count: usize, oldest: Timestamp, policy: &DeadLetterPolicy) -> Effect {
    let data = json!({"count": count, "oldest_at": oldest.to_rfc3339(),
        "threshold": policy.alert_age});
    emit("dead_letters.aging", data)
}

fn emit(event_type: &str, data: Value) -> Effect {
    let data: Map<String, Value> = data.as_object().cloned().unwrap_or_default();
    Effect::Emit { event_type: event_type.to_owned(), data }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;
    use crate::why::{NAME_UNKNOWN, NOT_HTTP, REFUSED, TLS_FAILED};

    const HOUR: i64 = 3_600_000;

    fn told(looks: &[(i64, usize, Option<i64>)]) -> Vec<(i64, String)> {
        let policy = DeadLetterPolicy {
            alert_count: 2,
            alert_age: Span::hours(24),
            ..DeadLetterPolicy::default()
        };
        let mut pile = Pile::default();
        let mut told = Vec::new();
        for &(hour, count, oldest) in looks {
            let oldest = oldest.map(|hour| Timestamp(hour * HOUR));
            let transition = pile.step(Sight { count, oldest }, &policy, Timestamp(hour * HOUR));
            told.extend(transition.effects.iter().map(|effect| match effect {
                Effect::Emit { event_type, .. } => (hour, event_type.clone()),
                Effect::Mail { .. }
                | Effect::Tell { .. }
                | Effect::Signal { .. }
                | Effect::Note(_) => {
                    panic!("{effect:?}")
                }
            }));
            pile = transition.next;
        }
        told
    }

    #[test]
    fn e06_too_many_are_told_once_until_there_are_few_again() {
        let few = |hour, count| (hour, count, Some(hour));
        let looks = [few(1, 2), few(2, 3), few(3, 9), few(4, 1), few(5, 3)];
        let many = |hour| (hour, "dead_letters.threshold_exceeded".to_owned());
        assert_eq!(told(&looks), [many(2), many(5)]);
    }

    #[test]
    fn e06_one_that_lies_there_for_too_long_is_told_once_and_so_is_the_next() {
        let looks = [
            (0, 1, Some(0)),
            (23, 1, Some(0)),
            (24, 1, Some(0)),
            (30, 2, Some(0)),
            (40, 1, Some(20)),
            (44, 1, Some(20)),
            (50, 0, None),
        ];
        let old = |hour| (hour, "dead_letters.aging".to_owned());
        assert_eq!(told(&looks), [old(24), old(44)]);
    }

    #[test]
    fn e06_the_alarm_is_set_for_the_moment_at_which_the_oldest_is_too_old() {
        let policy = DeadLetterPolicy::default();
        let sight = Sight { count: 1, oldest: Some(Timestamp(HOUR)) };
        let pile = Pile::default().step(sight, &policy, Timestamp(HOUR)).next;
        assert_eq!(pile.look_at, Some(Timestamp(25 * HOUR)));
        assert_eq!(pile.generation, 1);
        let empty = pile.step(Sight { count: 0, oldest: None }, &policy, Timestamp(HOUR)).next;
        assert_eq!(empty.look_at, None);
    }

    #[test]
    fn f01_the_oldest_is_told_of_by_hand_or_never() {
        let policy = DeadLetterPolicy::default();
        let sight = Sight { count: 1, oldest: Some(Timestamp(HOUR)) };
        let pile = Pile::default().step(sight, &policy, Timestamp(HOUR)).next;
        let asked =
            |wish| ByHand { wish, kind: "dead_letter_age".into(), due: Timestamp(25 * HOUR) };
        for (wish, told) in [(Wish::Fire, 1), (Wish::Cancel, 0)] {
            let done = pile.by_hand(&asked(wish), sight, &policy, Timestamp(2 * HOUR)).unwrap();
            assert_eq!((done.effects.len(), done.next.look_at), (told, None));
            let later = done.next.step(sight, &policy, Timestamp(30 * HOUR));
            assert!(later.effects.is_empty(), "{wish:?}: not told of again");
            assert!(done.next.by_hand(&asked(wish), sight, &policy, Timestamp(HOUR)).is_err());
        }
    }

    #[test]
    fn b14_causes_group_what_failed_alike_and_system_faults_stand_apart() {
        assert_eq!(cause(404, "answered 404 Not Found: no"), "404");
        assert_eq!(cause(-1, "no connection: the network is unreachable"), "no connection");
        for (error, wanted) in [
            ("no connection: the name is not found: dns error: x", NAME_UNKNOWN),
            ("no connection: TLS failed: corrupt message", TLS_FAILED),
            ("no connection: refused: Connection refused (os error 111)", REFUSED),
            ("the connection broke: the answer is not HTTP: invalid HTTP", NOT_HTTP),
            // As they were written down before.
            ("no connection: error sending request: dns error: x", NAME_UNKNOWN),
            ("no connection: error: Connection refused (os error 111)", REFUSED),
            (
                "no connection: client error (Connect): invalid peer certificate: Expired",
                TLS_FAILED,
            ),
            (
                "the connection broke: client error (SendRequest): invalid HTTP version parsed",
                NOT_HTTP,
            ),
            ("the connection broke: Connection refused (os error 111)", "the connection broke"),
            ("the token endpoint: no connection: refused: x", "the token endpoint"),
        ] {
            assert_eq!(cause(-1, error), wanted, "{error}");
        }
        let dead = |code| Fault::of(&Outcome::Dead { code, error: String::new() });
        assert_eq!((dead(-1), dead(404)), (Fault::Configuration, Fault::Receiver));
    }
}
