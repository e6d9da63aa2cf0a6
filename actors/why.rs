//! The facts behind "why?", read from the ledger; what they come to is decided by the rules.

mod booking;
mod digest;
mod endpoint;
#[cfg(test)]
mod tests;

use sereno_workflows::dead_letters::Fault;
use sereno_workflows::id::{EndpointId, Sequence};
use sereno_workflows::order::Ordering;
use sereno_workflows::pace::CUSTOMER_PER_MINUTE;
use sereno_workflows::provider::ProviderStatus;
use sereno_workflows::rate::{Allowance, Turn, Whose};
use sereno_workflows::time::Timestamp;
use sereno_workflows::why::{
    self, Code, Counts, DeliveryFacts, Filtered, Letter, Place, Reason, Standing, Word,
};

pub use self::booking::booking;
pub(crate) use self::booking::was_asked;
use self::digest::{digest_of, is_in_digest, standing_in_the_end};
pub use self::endpoint::{Known, endpoint, next_probe};
use crate::channel::whatsapp;
use crate::endpoint::config::Kind;
use crate::endpoint::{QUIET, key_of, standing};
use crate::ledger::delivery::{Delivered, Found};
use crate::ledger::{Ledger, LedgerError};
use crate::limits::why::{EVENT_DELIVERIES_MAX, LOG_LINES_MAX, QUEUE_ROWS_MAX};
use crate::live::Begun;
use crate::record::{
    Actor, AttemptStatus, DeadLetterRecord, DeliveryStatusRecord, EventRecord, FilteredBy,
    LogRecord,
};
use crate::view::TenantView;

/// What an event writes beside itself lies within a second of it.
const BESIDE: u64 = 1_000_000;

/// A delivery of an event, and how it stands.
#[derive(Clone, Copy)]
struct OfEvent<'a> {
    event: &'a EventRecord,
    endpoint: EndpointId,
    delivery: Sequence,
    status: Option<&'a DeliveryStatusRecord>,
}

/// Why a delivery is as it is.
pub fn delivery(ledger: &Ledger, view: &TenantView, found: &Found) -> Result<Reason, LedgerError> {
    let Found { event, endpoint, delivery, status, .. } = found;
    let (endpoint, delivery, status) = (*endpoint, *delivery, status.as_ref());
    reason(ledger, view, OfEvent { event, endpoint, delivery, status })
}

fn reason(ledger: &Ledger, view: &TenantView, found: OfEvent<'_>) -> Result<Reason, LedgerError> {
    let (tenant, id, status) = (&view.id, found.endpoint, found.status);
    let stands = standing_now(view, (id, found.delivery), status);
    let dead = match stands {
        Standing::Dead => ledger.dead_letter(tenant, found.delivery)?,
        _ => None,
    };
    let place = match stands {
        Standing::Waiting => place(ledger, view, found)?,
        _ => Place::Elsewhere,
    };
    let error = status.and_then(|status| status.error.as_deref()).unwrap_or_default();
    let cancelled = status.and_then(|status| status.cancelled.as_ref());
    let known = Known::at_hand(ledger, view, id)?;
    let now = ledger.now().timestamp();
    let code = status.map_or(-1, |status| status.code);
    let word = match stands {
        Standing::Sent => word(ledger, view, (id, found.delivery))?,
        _ => Word::None,
    };
    let is_unsent = dead.as_ref().is_some_and(|dead| dead.fault == Fault::Configuration);
    let digest = match stands {
        Standing::Collected => digest_of(ledger, view, error)?,
        _ => None,
    };
    let letter = match (stands, &digest) {
        (Standing::Dead, _) => letter(view, id, dead.as_ref()),
        (_, Some(digest)) => digest.letter,
        (_, None) => Letter::None,
    };
    Ok(why::delivery(&DeliveryFacts {
        now,
        standing: stands,
        attempts: status.map_or(0, |status| status.attempts),
        attempts_max: view.retry(id).attempts_max(),
        code: why::failure(code, error, is_unsent),
        word,
        outside_window: whatsapp::is_outside_window(code, error),
        fault: dead.as_ref().map(|letter| letter.fault),
        next_at: status.and_then(|status| status.next_at),
        quiet: error == QUIET,
        place,
        health: &known.health,
        at_least: !known.is_latest,
        turn: of_customer(view, (id, status), place, now).or_else(|| turn(view, id, place, now)),
        letter,
        digest: digest.as_ref().map(|digest| (digest.stands, &*digest.id)),
        cancelled: cancelled.map(|cancelled| (cancelled.at, who(&cancelled.by))),
    }))
}

/// Why a dead letter is one.
pub fn dead_letter(
    ledger: &Ledger,
    view: &TenantView,
    letter: &DeadLetterRecord,
) -> Result<Reason, LedgerError> {
    let id = EndpointId(letter.endpoint);
    let known = Known::at_hand(ledger, view, id)?;
    Ok(why::delivery(&DeliveryFacts {
        now: ledger.now().timestamp(),
        standing: Standing::Dead,
        attempts: letter.delivery.attempts,
        attempts_max: view.retry(id).attempts_max(),
        code: why::failure(letter.code, &letter.error, letter.fault == Fault::Configuration),
        word: Word::None,
        outside_window: whatsapp::is_outside_window(letter.code, &letter.error),
        fault: known_fault(letter),
        next_at: None,
        quiet: false,
        place: Place::Elsewhere,
        health: &known.health,
        at_least: !known.is_latest,
        turn: None,
        letter: self::letter(view, id, Some(letter)),
        digest: None,
        cancelled: None,
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
    let (mut next, mut is_known) = (None, true);
    for (endpoint, delivery, status) in deliveries {
        counts.all += 1;
        match standing_in_the_end(ledger, view, (*endpoint, *delivery), status.as_ref())? {
            Standing::Waiting => {
                counts.waiting += 1;
                let (endpoint, delivery, status) = (*endpoint, *delivery, status.as_ref());
                let at = match counts.waiting <= EVENT_DELIVERIES_MAX {
                    true => {
                        let found = OfEvent { event, endpoint, delivery, status };
                        let told = reason(ledger, view, found)?;
                        counts.tried += u64::from(told.code == Code::BeingTried);
                        told.at
                    }
                    false => status.and_then(|status| status.next_at),
                };
                is_known &= at.is_some();
                next = [next, at].into_iter().flatten().min();
            }
            Standing::Dead => {
                let is_lost = is_lost(ledger, view, (*endpoint, *delivery))?;
                counts.dead += 1;
                counts.lost += u64::from(is_lost);
                counts.digests += u64::from(!is_lost && is_in_digest(status.as_ref()));
            }
            stands @ (Standing::Held | Standing::Paused) => {
                counts.held += 1;
                counts.paused += u64::from(stands == Standing::Paused);
            }
            Standing::Sent => {
                let word = word(ledger, view, (*endpoint, *delivery))?;
                counts.undelivered += u64::from(matches!(word, Word::Failed(_)));
                counts.unsaid += u64::from(word == Word::Taken);
            }
            Standing::Collected => counts.collected += 1,
            Standing::Cancelled => counts.deleted += 1,
            Standing::Withdrawn if is_in_digest(status.as_ref()) => counts.cancelled += 1,
            Standing::Withdrawn => match status.as_ref().and_then(|one| one.cancelled.as_ref()) {
                Some(_) => counts.cancelled += 1,
                None => counts.untrue += 1,
            },
        }
    }
    counts.next_at = next.filter(|_| is_known);
    let failed = event.story.as_deref().and_then(|story| story.failed.as_ref());
    let stage = failed.map(|failed| failed.stage.as_str());
    let nobody = deliveries.is_empty() && stage.is_none() && event.ignored.is_none();
    let filtered = if nobody { filtered(ledger, view, place)? } else { Filtered::default() };
    Ok(why::event(stage, event.ignored.is_some(), counts, filtered))
}

/// Who did something, by a word of ours: what people call their keys has no place in a sentence.
fn who(by: &Actor) -> &str {
    match by {
        Actor::Admin => "admin",
        Actor::Key { name, .. } if !name.trim().is_empty() => name,
        Actor::Key { id, .. } | Actor::Link { id } => id,
    }
}

/// How a delivery stands.
fn standing_now(
    view: &TenantView,
    place: (EndpointId, Sequence),
    status: Option<&DeliveryStatusRecord>,
) -> Standing {
    match status.map(|status| status.status) {
        Some(AttemptStatus::Sent) => Standing::Sent,
        Some(AttemptStatus::Dead) => Standing::Dead,
        Some(AttemptStatus::Collected) => Standing::Collected,
        Some(AttemptStatus::Withdrawn) => Standing::Withdrawn,
        Some(AttemptStatus::Retrying) | None => match standing::standing(view, place, status) {
            ("held", Some(standing::PAUSED)) => Standing::Paused,
            ("held", _) => Standing::Held,
            ("cancelled", _) => Standing::Cancelled,
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

/// What can still be done with a delivery that was given up. What was written to people is kept in its dead
/// letter alone; what goes to an endpoint is made of its event.
fn letter(view: &TenantView, id: EndpointId, found: Option<&DeadLetterRecord>) -> Letter {
    let keep = view.policy.settings.dead_letters.keep;
    match found {
        _ if !id.is_own() && !view.endpoints.contains_key(&id) => Letter::Orphan,
        Some(letter) => Letter::Until(letter.at.after(keep)),
        None if id.is_own() => Letter::Gone,
        None => Letter::Discarded,
    }
}

/// Whether nobody can have a delivery tried again that was given up.
fn is_lost(
    ledger: &Ledger,
    view: &TenantView,
    (id, delivery): (EndpointId, Sequence),
) -> Result<bool, LedgerError> {
    // Only of what was written to people it matters whether its letter is still there.
    let found = if id.is_own() { ledger.dead_letter(&view.id, delivery)? } else { None };
    Ok(matches!(letter(view, id, found.as_ref()), Letter::Orphan | Letter::Gone))
}

/// Letters of the first version did not say whose fault it was.
fn known_fault(letter: &DeadLetterRecord) -> Option<Fault> {
    (!letter.event_type.is_empty()).then_some(letter.fault)
}

/// When the limits of attempts in a minute, and the paces of Slack and WhatsApp, let a delivery go, by the
/// attempts that were made and the deliveries of its own endpoint that are before it.
fn turn(view: &TenantView, id: EndpointId, place: Place, now: Timestamp) -> Option<Turn> {
    let Place::Queued { ahead, .. } = place else { return None };
    view.live.turn(id, view.allowance(id), ahead, now)
}

/// When the pace of its customer lets a delivery go: it was moved in the queue to a moment of its own, and is not
/// tried again then.
fn of_customer(
    view: &TenantView,
    (id, status): (EndpointId, Option<&DeliveryStatusRecord>),
    place: Place,
    now: Timestamp,
) -> Option<Turn> {
    let Place::Queued { due, .. } = place else { return None };
    let kind = view.endpoints.get(&id).map(|endpoint| endpoint.config.kind);
    let is_written_to = id == EndpointId::CUSTOMERS || kind == Some(Kind::Whatsapp);
    let is_moved = due > now && status.and_then(|status| status.next_at) != Some(due);
    (is_written_to && is_moved).then_some(Turn {
        at: due,
        most: CUSTOMER_PER_MINUTE,
        whose: Whose::Customer,
    })
}

/// Where a delivery waits, as far as its queue is looked through.
fn place(ledger: &Ledger, view: &TenantView, found: OfEvent<'_>) -> Result<Place, LedgerError> {
    let (tenant, id, delivery) = (&view.id, found.endpoint, found.delivery);
    let under_way = view.live.under_way(id);
    if let Some(begun) = under_way.get(&delivery) {
        let begun = begun.filter(|begun| is_unrecorded(*begun, found.status));
        return Ok(begun.map_or(Place::Elsewhere, |begun| Place::UnderWay(begun.at)));
    }
    let endpoint = view.endpoints.get(&id);
    if endpoint.is_some_and(|endpoint| endpoint.config.ordering == Ordering::Fifo) {
        let order = key_of(found.event);
        if ledger.is_parked(tenant, id, &order, delivery)? {
            let head = match ledger.head(tenant, id, &order)? {
                Some((head, event)) => ledger.status(tenant, event, head)?,
                None => None,
            };
            return Ok(Place::Parked(head.and_then(|status| status.next_at)));
        }
    }
    // How many are before it matters where it is due and a limit holds it.
    let now = ledger.now().timestamp();
    let is_unlimited = view.allowance(id) == Allowance::default() && !view.live.is_held(id, now);
    let is_later = |due: &Timestamp| *due > now;
    let known = found.status.and_then(|status| status.next_at);
    if let Some(due) = known.filter(|due| is_unlimited || is_later(due))
        && ledger.waiting(tenant, id, due, delivery)?.is_some()
    {
        return Ok(Place::Queued { due, ahead: 0 });
    }
    let queue = ledger.queued(tenant, id, QUEUE_ROWS_MAX)?;
    // What is under way takes nobody's turn any more.
    let waiting = queue.into_iter().filter(|queued| !under_way.contains_key(&queued.delivery));
    for (ahead, queued) in (0..).zip(waiting) {
        if queued.delivery == delivery {
            return Ok(match queued.record.collect {
                Some(_) => Place::Collecting(queued.due),
                None => Place::Queued { due: queued.due, ahead },
            });
        }
    }
    Ok(Place::Elsewhere)
}

/// Whether what came of an attempt is still to come. What is told of those under way is taken back a moment
/// after that is recorded.
fn is_unrecorded(begun: Begun, status: Option<&DeliveryStatusRecord>) -> bool {
    let is_recorded = |status: &DeliveryStatusRecord| {
        status.attempts >= begun.attempt || status.next_at.is_some_and(|next| next > begun.at)
    };
    !status.is_some_and(is_recorded)
}

/// The endpoints that did not get an event, as its lines of the log have them.
fn filtered(ledger: &Ledger, view: &TenantView, place: Sequence) -> Result<Filtered, LedgerError> {
    let mut filtered = Filtered::default();
    let range = place..Sequence(place.0.saturating_add(BESIDE));
    for line in ledger.log_from(&view.id, range, LOG_LINES_MAX)? {
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
