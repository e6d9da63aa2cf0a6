//! Why an endpoint is as it is.

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
    /// What the latest attempt that failed was answered, where that is known; -1 for nothing.
    pub code: Option<i32>,
    /// When the next delivery that waits is due.
    pub next_at: Option<Timestamp>,
}

/// How the reason of an endpoint begins that failed for too long.
pub(crate) const FAILED_SINCE: &str = "it has been failing since";
/// How the reason of an endpoint ends whose setting is gone.
const UNSET: &str = "is no longer set";

/// Why an endpoint is as it is.
pub fn endpoint(facts: EndpointFacts<'_>) -> Reason {
    let EndpointFacts { now, health, .. } = facts;
    if !facts.enabled {
        return Reason::plain(match facts.disabled_reason {
            None => Code::EndpointOff,
            Some(reason) if reason.starts_with(FAILED_SINCE) => Code::EndpointGivenUp,
            Some(reason) if reason.ends_with(UNSET) => Code::EndpointUnset,
            Some(_) => Code::EndpointGone,
        });
    }
    let failed = |code| Reason {
        answer: facts.code.unwrap_or_default(),
        at_least: !facts.is_latest,
        ..Reason::plain(code).count(u64::from(health.failures_in_a_row))
    };
    if let Some(until) = health.asked_until.filter(|until| *until > now) {
        return Reason::plain(Code::EndpointAsked).at(until);
    }
    // Where nothing waits, nothing is tried, and it is not disabled either.
    if let (Breaker::Open { until, .. }, Some(due)) = (health.breaker, facts.next_at) {
        return failed(Code::EndpointBreaker).at(until.max(due).max(now));
    }
    match (health.condition(), health.failing_since, health.last_success_at) {
        (Condition::Failing, Some(since), _) if let Some(due) = facts.next_at => {
            failed(Code::EndpointFailing).since(since).at(due.max(now))
        }
        (Condition::Degraded | Condition::Failing, _, _) => degraded(&facts, failed),
        (Condition::Healthy, _, Some(last)) if facts.is_latest => {
            Reason::plain(Code::EndpointHealthy).since(last)
        }
        (Condition::Healthy, _, Some(known)) => Reason::plain(Code::EndpointSteady).since(known),
        (Condition::Unknown, _, _) | (Condition::Healthy, _, None) => {
            Reason::plain(Code::EndpointNew)
        }
    }
}

/// Why one is as it is whose latest attempt failed: what it was answered, and when the next is due.
fn degraded(facts: &EndpointFacts<'_>, failed: impl Fn(Code) -> Reason) -> Reason {
    let code = match (facts.code, facts.next_at) {
        (Some(1..), Some(_)) => Code::EndpointRefusedUntil,
        (Some(1..), None) => Code::EndpointRefused,
        (Some(_), Some(_)) => Code::EndpointUnansweredUntil,
        (Some(_), None) => Code::EndpointUnanswered,
        (None, Some(_)) => Code::EndpointFailedUntil,
        (None, None) => Code::EndpointFailed,
    };
    Reason { at: facts.next_at.map(|at| at.max(facts.now)), ..failed(code) }
}
