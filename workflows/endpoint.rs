//! Whether a destination is healthy, how much of it may be asked at once, and when it is given up.
//!
//! ```text
//!            10 failures in a row, over 10 s              after 5 s, then twice as long, up to 5 min
//!  closed ------------------------------------> open -----------------------------------> half-open
//!     ^                                          ^  <------ it fails -------------------- one probe
//!     +---------------------------------------------------- it arrives ----------------------+
//! ```
//! What waits meanwhile keeps its attempts: a probe is the first delivery that is due, and nothing else
//! is tried. An endpoint that fails for [`Patience::disable_after`] is disabled, after a notice at half
//! of it, and at 70, 90 and 100 %.

pub mod secret;
mod window;

use serde::{Deserialize, Serialize};

pub use self::window::Window;
use crate::retry::Outcome;
use crate::time::{Span, Timestamp};
use crate::why::FAILED_SINCE;

/// So many failures in a row make an endpoint failing.
pub const FAILING_AFTER: u32 = 3;
/// So many failures in a row open the breaker …
pub const OPEN_AFTER: u32 = 10;
/// … if they lasted for so long.
pub const OPEN_AFTER_SPAN: Span = Span::seconds(10);
/// How long the breaker is open at first.
pub const OPEN_FIRST: Span = Span::seconds(5);
/// How long it is open at most before the next probe.
pub const OPEN_MAX: Span = Span::minutes(5);
/// How long an endpoint may have us wait with all of its deliveries.
pub const ASKED_MAX: Span = Span::hours(1);
/// The shares of the time to its disabling, in percent, at which an endpoint's failing is announced.
pub const NOTICES: [u8; 4] = [50, 70, 90, 100];

/// What the latest attempts say about an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Health {
    /// Failures since the last success.
    pub failures_in_a_row: u32,
    /// When an attempt last succeeded.
    pub last_success_at: Option<Timestamp>,
    /// When an attempt last failed.
    pub last_failure_at: Option<Timestamp>,
    /// When the first failure since the last success was.
    pub failing_since: Option<Timestamp>,
    /// Whether it is asked at all.
    pub breaker: Breaker,
    /// Until when it asked us to leave it alone.
    pub asked_until: Option<Timestamp>,
    /// The last of the [`NOTICES`] that was given; 0 for none.
    pub noticed: u8,
}

/// Whether an endpoint is asked at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Breaker {
    /// It is.
    #[default]
    Closed,
    /// It is not; from `until` on with one probe at a time.
    Open {
        /// When the next probe may go.
        until: Timestamp,
        /// Probes that failed.
        trips: u32,
    },
}

/// How patient the tenant is with an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// An endpoint that has failed for so long is disabled.
    pub disable_after: Span,
}

/// What people should hear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// It has been failing for this share, in percent, of the time after which it is disabled.
    Failing {
        /// One of [`NOTICES`].
        percent: u8,
        /// Since when.
        since: Timestamp,
        /// When it will be disabled.
        disabled_at: Timestamp,
    },
    /// It is to be disabled, and why.
    Disable {
        /// Why.
        reason: String,
    },
    /// It was announced as failing, and works again.
    Recovered {
        /// Since when it had been failing.
        since: Timestamp,
    },
}

/// How many attempts may be under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// As many as the window has.
    Window,
    /// One, to see whether it works again.
    Probe,
    /// None before this moment.
    Not(Timestamp),
}

/// A judgement of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Nothing was attempted yet.
    Unknown,
    /// The latest attempt arrived.
    Healthy,
    /// The latest attempt failed, but fewer than [`FAILING_AFTER`] did in a row.
    Degraded,
    /// [`FAILING_AFTER`] or more attempts failed in a row.
    Failing,
}

impl Health {
    /// The health after one more attempt, and what people should hear of it.
    pub fn step(
        &self,
        outcome: &Outcome,
        now: Timestamp,
        patience: Patience,
    ) -> (Self, Vec<Notice>) {
        match outcome {
            Outcome::Done { .. } => self.succeeded(now),
            Outcome::Retry { code, after, .. } => {
                let mut next = self.failed(now);
                next.breaker = next.tripped(now);
                if matches!(code, 429 | 503)
                    && let Some(after) = after
                {
                    next.asked_until = Some(now.after((*after).min(ASKED_MAX)));
                }
                next.noticed_at(now, patience)
            }
            Outcome::Dead { .. } => self.failed(now).noticed_at(now, patience),
            Outcome::Gone { error, .. } => {
                (self.failed(now), vec![Notice::Disable { reason: error.clone() }])
            }
        }
    }

    /// How many attempts may be under way now.
    pub fn room(&self, now: Timestamp) -> Room {
        let asked = self.asked_until.filter(|until| *until > now);
        match (self.breaker, asked) {
            (Breaker::Open { until, .. }, _) if until > now => Room::Not(until),
            (_, Some(until)) => Room::Not(until),
            (Breaker::Open { .. }, None) => Room::Probe,
            (Breaker::Closed, None) => Room::Window,
        }
    }

    /// What to call it.
    pub fn condition(&self) -> Condition {
        match (self.failures_in_a_row, self.last_success_at) {
            (failures, _) if failures >= FAILING_AFTER => Condition::Failing,
            (1.., _) => Condition::Degraded,
            (_, None) => Condition::Unknown,
            (_, Some(_)) => Condition::Healthy,
        }
    }

    /// Whether what must survive a restart is the same in both: all but the count and the latest times.
    pub fn stands_like(&self, other: &Self) -> bool {
        let lasting = |health: &Self| {
            let Health { failing_since, breaker, asked_until, noticed, .. } = health;
            (health.condition(), *failing_since, *breaker, *asked_until, *noticed)
        };
        lasting(self) == lasting(other)
    }

    fn succeeded(&self, now: Timestamp) -> (Self, Vec<Notice>) {
        let noticed = self.failing_since.filter(|_| self.noticed > 0);
        let notices = noticed.map(|since| Notice::Recovered { since }).into_iter().collect();
        let last_failure_at = self.last_failure_at;
        (Self { last_success_at: Some(now), last_failure_at, ..Self::default() }, notices)
    }

    fn failed(&self, now: Timestamp) -> Self {
        Self {
            failures_in_a_row: self.failures_in_a_row.saturating_add(1),
            last_failure_at: Some(now),
            failing_since: self.failing_since.or(Some(now)),
            ..self.clone()
        }
    }

    /// The breaker after a failure that another attempt may not have.
    fn tripped(&self, now: Timestamp) -> Breaker {
        let since = self.failing_since.unwrap_or(now);
        match self.breaker {
            // It was under way when the breaker opened.
            Breaker::Open { until, .. } if until > now => self.breaker,
            Breaker::Open { trips, .. } => {
                let doubled = OPEN_FIRST.0.saturating_mul(1 << trips.saturating_add(1).min(20));
                let pause = Span::millis(doubled).min(OPEN_MAX);
                Breaker::Open { until: now.after(pause), trips: trips.saturating_add(1) }
            }
            Breaker::Closed
                if self.failures_in_a_row >= OPEN_AFTER && now.since(since) >= OPEN_AFTER_SPAN =>
            {
                Breaker::Open { until: now.after(OPEN_FIRST), trips: 0 }
            }
            Breaker::Closed => Breaker::Closed,
        }
    }

    /// Adds the notices that are due by now.
    fn noticed_at(mut self, now: Timestamp, patience: Patience) -> (Self, Vec<Notice>) {
        let Some(since) = self.failing_since else { return (self, Vec::new()) };
        let whole = patience.disable_after;
        let disabled_at = since.after(whole);
        let is_due =
            |percent: u8| now >= since.after(Span::millis(whole.0 / 100 * u64::from(percent)));
        let mut notices = Vec::new();
        // Of several that are due at once, the last says all.
        let due = NOTICES.into_iter().rfind(|percent| is_due(*percent));
        if let Some(percent) = due.filter(|percent| *percent > self.noticed) {
            notices.push(Notice::Failing { percent, since, disabled_at });
            self.noticed = percent;
        }
        if now >= disabled_at {
            let reason = format!("{FAILED_SINCE} {}", since.to_rfc3339());
            notices.push(Notice::Disable { reason });
        }
        (self, notices)
    }
}

impl Condition {
    /// The word that people see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Failing => "failing",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience { disable_after: Span::hours(100) };

    fn failed() -> Outcome {
        Outcome::Retry { code: -1, error: "refused".into(), after: None }
    }

    fn done() -> Outcome {
        Outcome::Done { code: 200 }
    }

    fn seconds(count: i64) -> Timestamp {
        Timestamp(count * 1_000)
    }

    /// One failure a second, from the first second on.
    fn failing_for(count: i64) -> Health {
        let fail = |health: Health, at| health.step(&failed(), seconds(at), PATIENCE).0;
        (0..count).fold(Health::default(), fail)
    }

    #[test]
    fn three_failures_in_a_row_make_it_failing_and_one_success_heals_it() {
        for (count, condition) in
            [(0, Condition::Unknown), (2, Condition::Degraded), (3, Condition::Failing)]
        {
            assert_eq!(failing_for(count).condition(), condition, "{count}");
        }
        let (healed, notices) = failing_for(3).step(&done(), seconds(9), PATIENCE);
        assert_eq!((healed.condition(), notices), (Condition::Healthy, vec![]));
        assert_eq!(healed.last_failure_at, Some(seconds(2)));
        let (again, _) = healed.step(&failed(), seconds(10), PATIENCE);
        assert_eq!(again.condition(), Condition::Degraded);
    }

    #[test]
    fn the_breaker_opens_after_failures_that_last_and_probes_ever_more_rarely() {
        assert_eq!(failing_for(10).room(seconds(9)), Room::Window, "not for long enough");
        let mut health = failing_for(11);
        for pause in [5, 10, 20, 40, 80, 160, 300, 300] {
            let Room::Not(until) = health.room(health.last_failure_at.unwrap()) else {
                panic!("the breaker is open")
            };
            assert_eq!(until, health.last_failure_at.unwrap().after(Span::seconds(pause)));
            let late = health.step(&failed(), Timestamp(until.0 - 1), PATIENCE).0;
            assert_eq!(late.breaker, health.breaker, "it was under way before");
            assert_eq!(health.room(until), Room::Probe);
            health = health.step(&failed(), until, PATIENCE).0;
        }
        let (healed, _) = health.step(&done(), seconds(9_999), PATIENCE);
        assert_eq!(healed.room(seconds(9_999)), Room::Window);
    }

    #[test]
    fn a_refusal_of_one_delivery_does_not_open_the_breaker() {
        let dead = Outcome::Dead { code: 400, error: "no".into() };
        let step = |health: Health, at| health.step(&dead, seconds(at), PATIENCE).0;
        let health = (0..100).fold(Health::default(), step);
        assert_eq!(health.room(seconds(100)), Room::Window);
    }

    #[test]
    fn who_asks_for_time_gets_it_for_all_deliveries_but_not_for_ever() {
        let asks = |code, after| Outcome::Retry { code, error: "busy".into(), after: Some(after) };
        let room =
            |outcome| Health::default().step(&outcome, seconds(0), PATIENCE).0.room(seconds(1));
        assert_eq!(room(asks(429, Span::seconds(30))), Room::Not(seconds(30)));
        assert_eq!(room(asks(503, Span::hours(20))), Room::Not(seconds(3_600)));
        assert_eq!(
            room(asks(131_049, Span::hours(24))),
            Room::Window,
            "that is about one customer"
        );
    }

    #[test]
    fn a_failing_endpoint_is_announced_four_times_then_disabled_and_its_recovery_is_told() {
        let mut health = Health::default();
        let mut told = Vec::new();
        for hour in 0..=100 {
            let at = seconds(hour * 3_600);
            let (next, notices) = health.step(&failed(), at, PATIENCE);
            told.extend(notices.into_iter().map(|notice| (hour, notice)));
            health = next;
        }
        let percents: Vec<_> = told
            .iter()
            .filter_map(|(hour, notice)| match notice {
                Notice::Failing { percent, .. } => Some((*hour, *percent)),
                Notice::Disable { .. } | Notice::Recovered { .. } => None,
            })
            .collect();
        assert_eq!(percents, [(50, 50), (70, 70), (90, 90), (100, 100)]);
        assert!(matches!(told.last(), Some((100, Notice::Disable { .. }))));
        let (_, notices) = health.step(&done(), seconds(400_000), PATIENCE);
        assert_eq!(notices, [Notice::Recovered { since: seconds(0) }]);
    }

    #[test]
    fn who_is_gone_is_disabled_at_once() {
        let gone = Outcome::Gone { code: 410, error: "answered 410 Gone".into() };
        let (_, notices) = Health::default().step(&gone, seconds(0), PATIENCE);
        assert_eq!(notices, [Notice::Disable { reason: "answered 410 Gone".into() }]);
    }
}
