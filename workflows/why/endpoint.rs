//! Why an endpoint is as it is.

use super::{Code, Reason};
use crate::endpoint::{Breaker, Condition, Health};
use crate::time::{Span, Timestamp};

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
    /// It is disabled after failing for so long; 0 for never.
    pub disable_after: Span,
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
    let failures = u64::from(health.failures_in_a_row);
    if let Some(until) = health.asked_until.filter(|until| *until > now) {
        return Reason::plain(Code::EndpointAsked).at(until);
    }
    if let Breaker::Open { until, .. } = health.breaker {
        return Reason::plain(Code::EndpointBreaker).count(failures).at(until.max(now));
    }
    match (health.condition(), health.failing_since, health.last_success_at) {
        (Condition::Failing, Some(since), _) => Reason::plain(Code::EndpointFailing)
            .count(failures)
            .since(since)
            .at(since.after(facts.disable_after).max(now)),
        (Condition::Unknown, _, _) | (_, _, None) => Reason::plain(Code::EndpointNew),
        (Condition::Healthy | Condition::Failing, _, Some(last)) => {
            Reason::plain(Code::EndpointHealthy).since(last)
        }
    }
}
