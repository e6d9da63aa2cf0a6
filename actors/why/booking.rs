//! What became of the messages with which the customer of a booking was asked.

use sereno_workflows::id::{EndpointId, Sequence};
use sereno_workflows::reservation::{ReminderState, Reservation};
use sereno_workflows::time::Timestamp;
use sereno_workflows::why::{self, Asked, Reason, Standing, Word};

use super::{standing_now, word};
use crate::ledger::{Ledger, LedgerError};
use crate::limits::why::ASKED_LINES_MAX;
use crate::record::HistoryKind;
use crate::view::TenantView;

/// Why a booking is as it is.
pub fn booking(
    ledger: &Ledger,
    view: &TenantView,
    booking: &Reservation,
) -> Result<Reason, LedgerError> {
    Ok(why::reservation(booking, asked(ledger, view, booking)?))
}

/// How far the customer was asked. Where no message is known of, somebody else has told them.
fn asked(ledger: &Ledger, view: &TenantView, booking: &Reservation) -> Result<Asked, LedgerError> {
    let Some(number) = &booking.wa_number else { return Ok(Asked::Told) };
    let mut asked = None;
    for reminder in &booking.reminders {
        let ReminderState::Sent(at) = reminder.state else { continue };
        let found = message_of(ledger, view, (number, &booking.id), at)?;
        let became = match found {
            Some(message) => became(ledger, view, message)?,
            None => Asked::Told,
        };
        asked = asked.max(Some(became));
    }
    Ok(asked.unwrap_or(Asked::Told))
}

/// What became of one message.
fn became(
    ledger: &Ledger,
    view: &TenantView,
    (event, delivery): (Sequence, Sequence),
) -> Result<Asked, LedgerError> {
    // One that is no longer kept is past and gone.
    let Some(status) = ledger.status(&view.id, event, delivery)? else { return Ok(Asked::Told) };
    let id = EndpointId::CUSTOMERS;
    Ok(match standing_now(view, (id, delivery), Some(&status)) {
        Standing::Sent => match word(ledger, view, (id, delivery))? {
            Word::Failed(_) => Asked::Failed,
            Word::None | Word::Taken | Word::Arrived | Word::Read => Asked::Told,
        },
        Standing::Collected => Asked::Told,
        Standing::Waiting | Standing::Held | Standing::Paused => Asked::Waits,
        Standing::Dead | Standing::Cancelled | Standing::Withdrawn => Asked::Failed,
    })
}

/// The message of the reminder that a booking had at a moment, among what happened under the number then: its
/// event and its delivery.
fn message_of(
    ledger: &Ledger,
    view: &TenantView,
    (number, booking): (&str, &str),
    at: Timestamp,
) -> Result<Option<(Sequence, Sequence)>, LedgerError> {
    let since = Sequence::at(at)..Sequence(u64::MAX);
    let lines = ledger.lines_from(&view.id, number, since, ASKED_LINES_MAX)?;
    let is_reminder = |event_type: &str| event_type.starts_with("reminder.");
    let reminder = lines
        .iter()
        .map(|(_, line)| line)
        .find(|line| line.about.as_deref() == Some(booking) && is_reminder(&line.event_type));
    let Some(reminder) = reminder else { return Ok(None) };
    let is_its = |kind: HistoryKind, id: &str| kind == HistoryKind::Sent && id == reminder.event_id;
    let mut told = lines.iter().filter(|(_, line)| is_its(line.kind, &line.event_id));
    Ok(told.find_map(|(_, line)| line.event.zip(line.delivery)))
}
