//! What became of the messages with which the customer of a booking was asked.
//!
//! Nothing of it is kept with the booking: a reminder's event stands in the log at the moment at which the reminder
//! was due and names its booking, and what goes with it is found by it. So it is found whatever number the booking
//! or the customer has now, and costs the road of an event nothing.

use serde_json::{Map, Value};
use sereno_workflows::id::{EndpointId, EntityKey, Sequence};
use sereno_workflows::reservation::{Reminder, ReminderState, Reservation, has_contact};
use sereno_workflows::time::{Span, Timestamp};
use sereno_workflows::why::{self, Asked, Reason, Standing, Word};

use super::digest::standing_in_the_end;
use super::word;
use crate::ledger::delivery::Delivered;
use crate::ledger::{Ledger, LedgerError};
use crate::limits::why::{ASKED_EVENTS_MAX, ASKED_WITHIN_MS};
use crate::record::EventRecord;
use crate::view::TenantView;

/// Why a booking is as it is.
pub fn booking(
    ledger: &Ledger,
    view: &TenantView,
    booking: &Reservation,
) -> Result<Reason, LedgerError> {
    // Without a reminder that was due nobody asks how far it went.
    let asked = asked(ledger, view, booking)?.unwrap_or(Asked::Told);
    Ok(why::reservation(booking, asked))
}

/// Whether the customer of a booking may have read a reminder of it, and answer that.
pub(crate) fn was_asked(
    ledger: &Ledger,
    view: &TenantView,
    booking: &Reservation,
) -> Result<bool, LedgerError> {
    Ok(asked(ledger, view, booking)?.is_some_and(Asked::may_be_answered))
}

/// How far the customer was asked, if a reminder was due.
fn asked(
    ledger: &Ledger,
    view: &TenantView,
    booking: &Reservation,
) -> Result<Option<Asked>, LedgerError> {
    let mut asked = None;
    for reminder in &booking.reminders {
        let ReminderState::Sent(at) = reminder.state else { continue };
        let became = match event_of(ledger, view, (booking, reminder), at)? {
            Some((place, event)) => brought(ledger, view, place, &event)?,
            // An event is kept while anything of it waits: this one is past and gone.
            None => Asked::Told,
        };
        asked = asked.max(Some(became));
    }
    Ok(asked)
}

/// The event of a reminder that was due at a moment, if it is still kept: it was recorded right then.
fn event_of(
    ledger: &Ledger,
    view: &TenantView,
    (booking, reminder): (&Reservation, &Reminder),
    at: Timestamp,
) -> Result<Option<(Sequence, EventRecord)>, LedgerError> {
    let entity = Some(EntityKey::reservation(&booking.id));
    let event_type = format!("reminder.{}.sent", reminder.name);
    let end = Sequence::at(at.after(Span::millis(ASKED_WITHIN_MS)));
    let (mut from, mut left) = (Sequence::at(at), ASKED_EVENTS_MAX);
    while left > 0 {
        let (events, more) = ledger.events_from(&view.id, from..end, left)?;
        let Some((last, _)) = events.last() else { break };
        from = last.next();
        left = left.saturating_sub(events.len());
        let all = events.into_iter().filter_map(|(place, event)| Some((place, event?)));
        let is_its = |event: &EventRecord| event.entity == entity && event.event_type == event_type;
        if let Some(found) = all.into_iter().find(|(_, event)| is_its(event)) {
            return Ok(Some(found));
        }
        if !more {
            break;
        }
    }
    Ok(None)
}

/// How far a reminder went: by the message that goes with its event, or, where there is none, by whoever else was to
/// bring it.
fn brought(
    ledger: &Ledger,
    view: &TenantView,
    place: Sequence,
    event: &EventRecord,
) -> Result<Asked, LedgerError> {
    let all = ledger.deliveries_of(&view.id, place, event)?;
    let mut messages = all.iter().filter(|(to, ..)| *to == EndpointId::CUSTOMERS);
    if let Some(message) = messages.next() {
        return became(ledger, view, message);
    }
    let told = told_of(event);
    // Messages did not always stand with their event before they were tried.
    if told.get("channel").and_then(Value::as_str) == Some("whatsapp") {
        return Ok(Asked::Told);
    }
    if !has_contact(&told) {
        return Ok(Asked::Nobody);
    }
    let mut furthest = Asked::Failed;
    for delivery in &all {
        furthest = furthest.max(became(ledger, view, delivery)?);
    }
    Ok(furthest)
}

/// What a reminder says of its booking, and by which channel it goes.
fn told_of(event: &EventRecord) -> Map<String, Value> {
    let body: Option<Value> = serde_json::from_slice(&event.body).ok();
    let data = body.as_ref().and_then(|body| body.get("data")?.as_object());
    data.cloned().unwrap_or_default()
}

/// What became of one delivery.
fn became(
    ledger: &Ledger,
    view: &TenantView,
    (id, delivery, status): &Delivered,
) -> Result<Asked, LedgerError> {
    let place = (*id, *delivery);
    Ok(match standing_in_the_end(ledger, view, place, status.as_ref())? {
        Standing::Sent => match word(ledger, view, place)? {
            Word::Failed(_) => Asked::Failed,
            Word::None | Word::Taken | Word::Arrived | Word::Read => Asked::Told,
        },
        Standing::Collected => Asked::Told,
        Standing::Waiting if view.live.has_begun(*id, *delivery) => Asked::Going,
        Standing::Waiting | Standing::Held | Standing::Paused => Asked::Waits,
        Standing::Dead | Standing::Cancelled | Standing::Withdrawn => Asked::Failed,
    })
}
