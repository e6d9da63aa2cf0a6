//! How an endpoint is, as exactly as is known: as its attempts left it in memory, or else, after a restart, as
//! its row and the log have it.

use sereno_workflows::dead_letters::Fault;
use sereno_workflows::endpoint::{Breaker, Health};
use sereno_workflows::id::{EndpointId, Sequence};
use sereno_workflows::retention::Retention;
use sereno_workflows::time::{Span, Timestamp};
use sereno_workflows::why::{self, EndpointFacts, Reason};

use super::is_unrecorded;
use crate::endpoint::config::Endpoint;
use crate::endpoint::standing::{gets_any, is_paused};
use crate::ledger::queue::Queued;
use crate::ledger::{Ledger, LedgerError};
use crate::limits::why::{ENDPOINT_LINES_AT_ONCE, ENDPOINT_LINES_MAX, QUEUE_ROWS_MAX};
use crate::live::UnderWay;
use crate::record::{AttemptStatus, LogRecord};
use crate::view::TenantView;

/// How an endpoint is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its health. Whether it fails and since when is right; the rest is where [`Known::is_latest`].
    pub health: Health,
    /// What the latest attempt that failed was answered, where that is known, as [`why::failure`] has it.
    pub code: Option<i32>,
    /// Whether this is how the latest attempt left it. Otherwise it may have failed more often in a row, and
    /// something may have arrived later.
    pub is_latest: bool,
}

impl Known {
    /// How an endpoint is, by its latest attempt since the start, or else by its row alone.
    pub fn at_hand(
        ledger: &Ledger,
        view: &TenantView,
        id: EndpointId,
    ) -> Result<Self, LedgerError> {
        if let Some(latest) = view.live.latest(id) {
            let (health, code, is_latest) = (latest.health, latest.code, latest.is_whole);
            return Ok(Self { health, code, is_latest });
        }
        let health = ledger.health(&view.id, id)?;
        // Without a row nothing was attempted since it was made or enabled.
        let is_latest = health == Health::default();
        Ok(Self { health, code: None, is_latest })
    }

    /// The same with what the log has of its latest attempts. Reads many rows, so it belongs on a thread that
    /// may block.
    pub fn looked_up(
        self,
        ledger: &Ledger,
        view: &TenantView,
        id: EndpointId,
    ) -> Result<Self, LedgerError> {
        let Health { failing_since, last_success_at, .. } = self.health;
        let Some(since) = failing_since.or(last_success_at) else { return Ok(self) };
        let seen = Seen::of(ledger, view, id, since)?;
        let mut known = self;
        known.code = known.code.or(seen.code).or(code_of_waiting(ledger, view, id)?);
        match (failing_since, seen.success_at) {
            (Some(_), _) => {
                let counted = known.health.failures_in_a_row.max(seen.failures);
                known.is_latest = seen.is_all && seen.failures == counted;
                known.health.failures_in_a_row = counted;
                known.health.last_failure_at = known.health.last_failure_at.max(seen.failure_at);
            }
            // It is the newest of all: the row says that nothing failed after it.
            (None, Some(at)) => {
                known.is_latest = true;
                known.health.last_success_at = last_success_at.max(Some(at));
            }
            (None, None) => {}
        }
        Ok(known)
    }
}

/// What the log has of an endpoint's latest attempts, from the newest down to one that arrived.
#[derive(Default)]
struct Seen {
    failures: u32,
    code: Option<i32>,
    failure_at: Option<Timestamp>,
    success_at: Option<Timestamp>,
    /// Whether none of them is missing.
    is_all: bool,
}

impl Seen {
    /// The attempts since a moment, as far as so many lines of all endpoints reach.
    fn of(
        ledger: &Ledger,
        view: &TenantView,
        id: EndpointId,
        since: Timestamp,
    ) -> Result<Self, LedgerError> {
        let (mut seen, mut before, mut looked_at) = (Self::default(), Sequence(u64::MAX), 0);
        while looked_at < ENDPOINT_LINES_MAX {
            let page = ledger.log(&view.id, before, ENDPOINT_LINES_AT_ONCE)?;
            looked_at += page.len();
            let is_last = page.len() < ENDPOINT_LINES_AT_ONCE;
            for (place, line) in page {
                before = place;
                seen.is_all = place < Sequence::at(since);
                let failures = seen.failures;
                if seen.is_all || seen.has_ended_at(id, &line) {
                    return Ok(seen);
                }
                if (failures, seen.failures) == (0, 1) {
                    seen.code = Some(failure_of(ledger, view, &line)?);
                }
            }
            if is_last {
                let kept_for = view.policy.settings.retention.attempts;
                seen.is_all = since >= Retention::cutoff(kept_for, ledger.now().timestamp());
                break;
            }
        }
        Ok(seen)
    }

    /// Takes a line of the log in; answers whether those before it are of no interest.
    fn has_ended_at(&mut self, id: EndpointId, line: &LogRecord) -> bool {
        let LogRecord::Attempt { endpoint, status, code, began_at, duration_ms, .. } = line else {
            return false;
        };
        if EndpointId(*endpoint) != id {
            return false;
        }
        let ended_at = began_at.after(Span::millis(u64::from(*duration_ms)));
        match status {
            AttemptStatus::Sent => {
                (self.success_at, self.is_all) = (Some(ended_at), true);
                true
            }
            AttemptStatus::Retrying | AttemptStatus::Dead => {
                self.failures = self.failures.saturating_add(1);
                self.code = self.code.or(Some(*code));
                self.failure_at = self.failure_at.or(Some(ended_at));
                false
            }
            AttemptStatus::Collected | AttemptStatus::Withdrawn => false,
        }
    }
}

/// What an attempt that failed was answered, by its line of the log.
fn failure_of(ledger: &Ledger, view: &TenantView, line: &LogRecord) -> Result<i32, LedgerError> {
    let LogRecord::Attempt { delivery, status, code, error, .. } = line else { return Ok(-1) };
    let letter = match status {
        AttemptStatus::Dead if *code < 0 => ledger.dead_letter(&view.id, *delivery)?,
        _ => None,
    };
    let is_unsent = letter.is_some_and(|letter| letter.fault == Fault::Configuration);
    Ok(why::failure(*code, error.as_deref().unwrap_or_default(), is_unsent))
}

/// What the first delivery that waits was answered, where it was tried.
fn code_of_waiting(
    ledger: &Ledger,
    view: &TenantView,
    id: EndpointId,
) -> Result<Option<i32>, LedgerError> {
    let queue = ledger.queued(&view.id, id, 1)?;
    let Some(line) = queue.first().and_then(|queued| queued.record.history.last()) else {
        return Ok(None);
    };
    Ok(match ledger.log_line(&view.id, *line)? {
        Some(line @ LogRecord::Attempt { status: AttemptStatus::Retrying, .. }) => {
            Some(failure_of(ledger, view, &line)?)
        }
        Some(_) | None => None,
    })
}

/// Why an endpoint is as it is.
pub fn endpoint(
    ledger: &Ledger,
    view: &TenantView,
    endpoint: &Endpoint,
    known: &Known,
) -> Result<Reason, LedgerError> {
    let config = &endpoint.config;
    let under_way = view.live.under_way(endpoint.id);
    Ok(why::endpoint(EndpointFacts {
        now: ledger.now().timestamp(),
        enabled: config.enabled,
        disabled_reason: config.disabled_reason.as_deref(),
        health: &known.health,
        is_latest: known.is_latest,
        code: known.code,
        is_paused: is_paused(view, endpoint.id),
        trying_since: trying_since(ledger, view, &under_way)?,
        next_at: next_at(ledger, view, endpoint.id, &under_way)?,
    }))
}

/// When an endpoint is tried next that is only probed now and then, if anything is for it that goes.
pub fn next_probe(
    ledger: &Ledger,
    view: &TenantView,
    id: EndpointId,
    health: &Health,
) -> Result<Option<Timestamp>, LedgerError> {
    let Breaker::Open { until, .. } = health.breaker else { return Ok(None) };
    let under_way = view.live.under_way(id);
    if !gets_any(view, id) || trying_since(ledger, view, &under_way)?.is_some() {
        return Ok(None);
    }
    let next = next_at(ledger, view, id, &under_way)?;
    Ok(next.map(|due| until.max(due).max(ledger.now().timestamp())))
}

/// Since when the first attempt is made of those of which it is still to come what came of them.
fn trying_since(
    ledger: &Ledger,
    view: &TenantView,
    under_way: &UnderWay,
) -> Result<Option<Timestamp>, LedgerError> {
    let begun = under_way.iter().filter_map(|(delivery, begun)| Some((*delivery, (*begun)?)));
    let mut begun: Vec<_> = begun.collect();
    begun.sort_by_key(|(_, begun)| begun.at);
    for (delivery, begun) in begun {
        let status = ledger.status(&view.id, begun.event, delivery)?;
        if is_unrecorded(begun, status.as_ref()) {
            return Ok(Some(begun.at));
        }
    }
    Ok(None)
}

/// When the next delivery that waits goes: when it is due, or once the limits of attempts in a minute let it.
fn next_at(
    ledger: &Ledger,
    view: &TenantView,
    id: EndpointId,
    under_way: &UnderWay,
) -> Result<Option<Timestamp>, LedgerError> {
    // What is being tried is still in the queue, until what came of it is recorded.
    let rows = under_way.len().saturating_add(1).min(QUEUE_ROWS_MAX);
    let queue = ledger.queued(&view.id, id, rows)?;
    let waits = |queued: &&Queued| {
        let begun = under_way.get(&queued.delivery).copied().flatten();
        begun.is_none_or(|begun| queued.due > begun.at)
    };
    let Some(next) = queue.iter().find(waits) else { return Ok(None) };
    let turn = match under_way.contains_key(&next.delivery) {
        true => None,
        false => view.live.turn(id, view.allowance(id), 0, ledger.now().timestamp()),
    };
    Ok(Some(turn.map_or(next.due, |turn| turn.at.max(next.due))))
}
