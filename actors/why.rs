//! The facts behind "why?", read from the ledger; what they come to is decided by the rules.

use sereno_workflows::dead_letters::Fault;
use sereno_workflows::id::{EndpointId, Sequence};
use sereno_workflows::order::Ordering;
use sereno_workflows::provider::ProviderStatus;
use sereno_workflows::why::{
    self, Counts, DeliveryFacts, EndpointFacts, Filtered, Letter, Place, Reason, Standing, Word,
};

use crate::channel::whatsapp;
use crate::endpoint::config::{Endpoint, Kind};
use crate::endpoint::{QUIET, key_of, standing};
use crate::ledger::delivery::{Delivered, Found};
use crate::ledger::{Ledger, LedgerError};
use crate::limits::{WHY_LOG_LINES_MAX, WHY_QUEUE_ROWS_MAX};
use crate::record::{
    AttemptStatus, DeadLetterRecord, DeliveryStatusRecord, EventRecord, FilteredBy, LogRecord,
};
use crate::view::TenantView;

/// What an event writes beside itself lies within a second of it.
const BESIDE: u64 = 1_000_000;

/// Why a delivery is as it is.
pub fn delivery(ledger: &Ledger, view: &TenantView, found: &Found) -> Result<Reason, LedgerError> {
    let (tenant, id) = (&view.id, found.endpoint);
    let status = found.status.as_ref();
    let stands = standing_of(view, id, status);
    let letter = match stands {
        Standing::Dead => ledger.dead_letter(tenant, found.delivery)?,
        _ => None,
    };
    let place = match stands {
        Standing::Waiting => place(ledger, view, found)?,
        _ => Place::Elsewhere,
    };
    let error = status.and_then(|status| status.error.as_deref()).unwrap_or_default();
    let health = ledger.health(tenant, id)?;
    let until = letter.as_ref().map(|letter| until(view, letter));
    let code = status.map_or(-1, |status| status.code);
    let word = match stands {
        Standing::Sent => word(ledger, view, (id, found.delivery))?,
        _ => Word::None,
    };
    Ok(why::delivery(&DeliveryFacts {
        now: ledger.now().timestamp(),
        standing: stands,
        attempts: status.map_or(0, |status| status.attempts),
        attempts_max: view.retry(id).attempts_max(),
        code,
        word,
        outside_window: whatsapp::is_outside_window(code, error),
        fault: letter.as_ref().map(|letter| letter.fault),
        next_at: status.and_then(|status| status.next_at),
        quiet: error == QUIET,
        place,
        health: &health,
        per_minute: per_minute(view, id),
        letter: if stands == Standing::Dead { until.unwrap_or(Letter::Gone) } else { Letter::None },
    }))
}

/// Why a dead letter is one.
pub fn dead_letter(
    ledger: &Ledger,
    view: &TenantView,
    letter: &DeadLetterRecord,
) -> Result<Reason, LedgerError> {
    let id = EndpointId(letter.endpoint);
    let health = ledger.health(&view.id, id)?;
    Ok(why::delivery(&DeliveryFacts {
        now: ledger.now().timestamp(),
        standing: Standing::Dead,
        attempts: letter.delivery.attempts,
        attempts_max: view.retry(id).attempts_max(),
        code: letter.code,
        word: Word::None,
        outside_window: whatsapp::is_outside_window(letter.code, &letter.error),
        fault: known_fault(letter),
        next_at: None,
        quiet: false,
        place: Place::Elsewhere,
        health: &health,
        per_minute: None,
        letter: until(view, letter),
    }))
}

/// Why an event is as it is; `deliveries` are all of its own.
pub fn event(
    ledger: &Ledger,
    view: &TenantView,
    (place, event): (Sequence, &EventRecord),
    deliveries: &[Delivered],
) -> Result<Reason, LedgerError> {
    let mut counts = Counts::default();
    for (endpoint, delivery, status) in deliveries {
        counts.all += 1;
        match standing_of(view, *endpoint, status.as_ref()) {
            Standing::Waiting => {
                counts.waiting += 1;
                let next = status.as_ref().and_then(|status| status.next_at);
                counts.next_at = [counts.next_at, next].into_iter().flatten().min();
            }
            Standing::Dead => counts.dead += 1,
            Standing::Held => counts.held += 1,
            Standing::Sent => {
                let word = word(ledger, view, (*endpoint, *delivery))?;
                counts.undelivered += u64::from(matches!(word, Word::Failed(_)));
            }
            Standing::Collected | Standing::Cancelled | Standing::Withdrawn => {}
        }
    }
    let failed = event.story.as_deref().and_then(|story| story.failed.as_ref());
    let stage = failed.map(|failed| failed.stage.as_str());
    let nobody = deliveries.is_empty() && stage.is_none() && event.ignored.is_none();
    let filtered = if nobody { filtered(ledger, view, place)? } else { Filtered::default() };
    Ok(why::event(stage, event.ignored.is_some(), counts, filtered))
}

/// Why an endpoint is as it is.
pub fn endpoint(
    ledger: &Ledger,
    view: &TenantView,
    endpoint: &Endpoint,
) -> Result<Reason, LedgerError> {
    let health = ledger.health(&view.id, endpoint.id)?;
    let config = &endpoint.config;
    let settings = &view.policy.settings;
    Ok(why::endpoint(EndpointFacts {
        now: ledger.now().timestamp(),
        enabled: config.enabled,
        disabled_reason: config.disabled_reason.as_deref(),
        health: &health,
        disable_after: config.disable_after.unwrap_or(settings.disable_after),
    }))
}

fn standing_of(
    view: &TenantView,
    id: EndpointId,
    status: Option<&DeliveryStatusRecord>,
) -> Standing {
    match status.map(|status| status.status) {
        Some(AttemptStatus::Sent) => Standing::Sent,
        Some(AttemptStatus::Dead) => Standing::Dead,
        Some(AttemptStatus::Collected) => Standing::Collected,
        Some(AttemptStatus::Withdrawn) => Standing::Withdrawn,
        Some(AttemptStatus::Retrying) | None => match standing::standing(view, id, status).0 {
            "held" => Standing::Held,
            "cancelled" => Standing::Cancelled,
            _ => Standing::Waiting,
        },
    }
}

/// What the provider has said of a delivery that it had taken.
fn word(
    ledger: &Ledger,
    view: &TenantView,
    (id, delivery): (EndpointId, Sequence),
) -> Result<Word, LedgerError> {
    let kind = view.endpoints.get(&id).map(|endpoint| endpoint.config.kind);
    if id != EndpointId::CUSTOMERS && kind != Some(Kind::Whatsapp) {
        return Ok(Word::None);
    }
    let said = ledger.provider_word(&view.id, delivery)?;
    let Some((status, last)) = said.statuses.last() else { return Ok(Word::Taken) };
    Ok(match status {
        ProviderStatus::Sent => Word::Taken,
        ProviderStatus::Failed => Word::Failed(last.code),
        ProviderStatus::Delivered => Word::Arrived,
        ProviderStatus::Read | ProviderStatus::Played => Word::Read,
    })
}

fn until(view: &TenantView, letter: &DeadLetterRecord) -> Letter {
    Letter::Until(letter.at.after(view.policy.settings.dead_letters.keep))
}

/// Letters of the first version did not say whose fault it was.
fn known_fault(letter: &DeadLetterRecord) -> Option<Fault> {
    (!letter.event_type.is_empty()).then_some(letter.fault)
}

fn per_minute(view: &TenantView, id: EndpointId) -> Option<u32> {
    let own = view.endpoints.get(&id).and_then(|endpoint| endpoint.config.rate_limit);
    let tenants = view.policy.settings.limits.deliveries_per_minute;
    let both = [own.map(|limit| limit.per_minute), Some(tenants)];
    both.into_iter().flatten().filter(|limit| *limit > 0).min()
}

/// Where a delivery waits, as far as its queue is looked through.
fn place(ledger: &Ledger, view: &TenantView, found: &Found) -> Result<Place, LedgerError> {
    let (tenant, id, delivery) = (&view.id, found.endpoint, found.delivery);
    let endpoint = view.endpoints.get(&id);
    if endpoint.is_some_and(|endpoint| endpoint.config.ordering == Ordering::Fifo) {
        let order = key_of(&found.event);
        if ledger.is_parked(tenant, id, &order, delivery)? {
            let head = match ledger.head(tenant, id, &order)? {
                Some((head, event)) => ledger.status(tenant, event, head)?,
                None => None,
            };
            return Ok(Place::Parked(head.and_then(|status| status.next_at)));
        }
    }
    let known = found.status.as_ref().and_then(|status| status.next_at);
    if let Some(due) = known
        && ledger.waiting(tenant, id, due, delivery)?.is_some()
    {
        return Ok(Place::Queued { due, ahead: 0 });
    }
    let queue = ledger.queued(tenant, id, WHY_QUEUE_ROWS_MAX)?;
    for (ahead, queued) in (0..).zip(queue) {
        if queued.delivery == delivery {
            return Ok(match queued.record.collect {
                Some(_) => Place::Collecting(queued.due),
                None => Place::Queued { due: queued.due, ahead },
            });
        }
    }
    Ok(Place::Elsewhere)
}

/// The endpoints that did not get an event, as its lines of the log have them.
fn filtered(ledger: &Ledger, view: &TenantView, place: Sequence) -> Result<Filtered, LedgerError> {
    let mut filtered = Filtered::default();
    let range = place..Sequence(place.0.saturating_add(BESIDE));
    for line in ledger.log_from(&view.id, range, WHY_LOG_LINES_MAX)? {
        let Some(LogRecord::Filtered { event, endpoints, .. }) = ledger.log_line(&view.id, line)?
        else {
            continue;
        };
        if event != place {
            continue;
        }
        for (_, by) in endpoints {
            match by {
                FilteredBy::Disabled => filtered.disabled += 1,
                FilteredBy::Type => filtered.by_type += 1,
                FilteredBy::Intent => filtered.by_intent += 1,
            }
        }
    }
    Ok(filtered)
}
