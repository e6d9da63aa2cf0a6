//! Why an endpoint is as it is.

use super::failure::{NO_HTTP, NO_NAME, NO_TLS, NOT_SENT};
use super::{Code, Reason};
use crate::endpoint::{Breaker, Condition, Health};
use crate::time::Timestamp;

/// What is known of an endpoint.
#[derive(Debug, Clone, Copy)]
pub struct EndpointFacts<'a> {
    /// The present moment.
    pub now: Timestamp,
    /// Whether it gets anything.
    pub enabled: bool,
    /// Why it does not, if that was no person's wish.
    pub disabled_reason: Option<&'a str>,
    /// How it is.
    pub health: &'a Health,
    /// Whether that is how the latest attempt left it. Otherwise there may have been more attempts of the same
    /// outcome: it failed no less often, and what arrived last arrived no earlier.
    pub is_latest: bool,
    /// What the latest attempt that failed was answered, where that is known, as [`super::failure`] has it.
    pub code: Option<i32>,
    /// Whether nothing goes out for now by its channel.
    pub is_paused: bool,
    /// Since when it is being tried, if it is.
    pub trying_since: Option<Timestamp>,
    /// When the next delivery that waits goes.
    pub next_at: Option<Timestamp>,
}

/// How the reason of an endpoint begins that failed for too long.
pub(crate) const FAILED_SINCE: &str = "it has been failing since";
/// How the reason of an endpoint ends whose setting is gone.
const UNSET: &str = "is no longer set";

/// Why an endpoint is as it is.
pub fn endpoint(facts: EndpointFacts<'_>) -> Reason {
    let EndpointFacts { now, health, .. } = facts;
    let failed = |code| Reason {
        answer: facts.code.unwrap_or_default(),
        at_least: !facts.is_latest,
        ..Reason::plain(code).count(u64::from(health.failures_in_a_row))
    };
    // What is being tried is answered before anything else happens, also where it was disabled or its channel
    // paused meanwhile.
    if let Some(since) = facts.trying_since {
        return trying(&facts, since, failed);
    }
    if !facts.enabled {
        return Reason::plain(match facts.disabled_reason {
            None => Code::EndpointOff,
            Some(reason) if reason.starts_with(FAILED_SINCE) => Code::EndpointGivenUp,
            Some(reason) if reason.ends_with(UNSET) => Code::EndpointUnset,
            Some(_) => Code::EndpointGone,
        });
    }
    if facts.is_paused {
        return Reason::plain(Code::EndpointPaused);
    }
    // Where nothing waits, nothing is tried, and it is not disabled either.
    let asked = health.asked_until.filter(|until| *until > now);
    if let (Some(until), Some(due)) = (asked, facts.next_at) {
        return Reason::plain(Code::EndpointAsked).at(until.max(due));
    }
    if let (Breaker::Open { until, .. }, Some(due)) = (health.breaker, facts.next_at) {
        return failed(Code::EndpointBreaker).at(until.max(due).max(now));
    }
    match (health.condition(), health.failing_since, health.last_success_at) {
        (Condition::Failing, Some(since), _) if let Some(due) = facts.next_at => {
            failed(Code::EndpointFailing).since(since).at(due.max(now))
        }
        (Condition::Degraded | Condition::Failing, _, _) => degraded(&facts, failed),
        (Condition::Healthy, _, Some(last)) => healthy(&facts, last),
        (Condition::Unknown, _, _) | (Condition::Healthy, _, None) => new(&facts),
    }
}

/// Why one is as it is at which an attempt is made at this moment.
fn trying(facts: &EndpointFacts<'_>, since: Timestamp, failed: impl Fn(Code) -> Reason) -> Reason {
    let Health { breaker, failing_since, last_success_at, .. } = *facts.health;
    if matches!(breaker, Breaker::Open { .. }) {
        return failed(Code::EndpointProbed).since(since);
    }
    match (facts.health.condition(), failing_since, last_success_at) {
        (Condition::Failing, Some(first), _) => failed(Code::EndpointFailingTrying).since(first),
        (Condition::Degraded | Condition::Failing, _, _) => failed(match facts.code {
            Some(1..) => Code::EndpointRefusedTrying,
            Some(NOT_SENT) => Code::EndpointUnsentTrying,
            Some(NO_NAME) => Code::EndpointNamelessTrying,
            Some(NO_TLS) => Code::EndpointUnsafeTrying,
            Some(NO_HTTP) => Code::EndpointGarbledTrying,
            Some(_) => Code::EndpointUnansweredTrying,
            None => Code::EndpointFailedTrying,
        })
        .since(since),
        (Condition::Healthy, _, Some(last)) => {
            let code = match facts.is_latest {
                true => Code::EndpointHealthyTrying,
                false => Code::EndpointSteadyTrying,
            };
            Reason::plain(code).since(last)
        }
        (Condition::Unknown, _, _) | (Condition::Healthy, _, None) => {
            Reason::plain(Code::EndpointTrying).since(since)
        }
    }
}

/// Why one is as it is at which something arrived last, or which is not known to have failed since.
fn healthy(facts: &EndpointFacts<'_>, since: Timestamp) -> Reason {
    let code = match (facts.is_latest, facts.next_at) {
        (true, None) => Code::EndpointHealthy,
        (true, Some(_)) => Code::EndpointHealthyUntil,
        (false, None) => Code::EndpointSteady,
        (false, Some(_)) => Code::EndpointSteadyUntil,
    };
    upcoming(facts, Reason::plain(code).since(since))
}

/// Why one is as it is at which nothing was tried yet.
fn new(facts: &EndpointFacts<'_>) -> Reason {
    match facts.next_at {
        Some(_) => upcoming(facts, Reason::plain(Code::EndpointNewUntil)),
        None => Reason::plain(Code::EndpointNew),
    }
}

fn upcoming(facts: &EndpointFacts<'_>, reason: Reason) -> Reason {
    Reason { at: facts.next_at.map(|at| at.max(facts.now)), ..reason }
}

/// Why one is as it is whose latest attempt failed: what it was answered, and when the next is due.
fn degraded(facts: &EndpointFacts<'_>, failed: impl Fn(Code) -> Reason) -> Reason {
    let code = match (facts.code, facts.next_at) {
        (Some(1..), Some(_)) => Code::EndpointRefusedUntil,
        (Some(1..), None) => Code::EndpointRefused,
        (Some(NOT_SENT), Some(_)) => Code::EndpointUnsentUntil,
        (Some(NOT_SENT), None) => Code::EndpointUnsent,
        (Some(NO_NAME), Some(_)) => Code::EndpointNamelessUntil,
        (Some(NO_NAME), None) => Code::EndpointNameless,
        (Some(NO_TLS), Some(_)) => Code::EndpointUnsafeUntil,
        (Some(NO_TLS), None) => Code::EndpointUnsafe,
        (Some(NO_HTTP), Some(_)) => Code::EndpointGarbledUntil,
        (Some(NO_HTTP), None) => Code::EndpointGarbled,
        (Some(_), Some(_)) => Code::EndpointUnansweredUntil,
        (Some(_), None) => Code::EndpointUnanswered,
        (None, Some(_)) => Code::EndpointFailedUntil,
        (None, None) => Code::EndpointFailed,
    };
    upcoming(facts, failed(code))
}
