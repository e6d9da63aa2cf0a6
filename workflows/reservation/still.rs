//! Whether what was held up may still be said to the customer of a booking: a reminder, or the thanks for an answer.

use serde_json::Value;

use super::{Reminder, ReminderState, Reservation, Status};
use crate::product::Still;
use crate::time::Timestamp;

const MOVED: Still = Still::Not("it is no longer true: the booking was moved");
const PAST: Still = Still::Not("it is no longer true: the time of the booking is over");

/// What a message says of a booking, and for when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The booking.
    pub reservation: String,
    slot: Option<String>,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    /// The reminder of this name asks whether they come.
    Reminder(String),
    /// That they come was understood.
    Confirmed,
    /// That they do not come was understood.
    Cancelled,
}

impl Said {
    /// What the message says that goes with an event of this type and body; `None` for all that is no matter of a
    /// booking, and stays true.
    pub fn of(event_type: &str, body: &[u8]) -> Option<Self> {
        let what = match event_type {
            "reservation.confirmed" => What::Confirmed,
            "reservation.cancelled" => What::Cancelled,
            _ => {
                let name = event_type.strip_prefix("reminder.")?;
                What::Reminder(name.strip_suffix(".sent")?.to_owned())
            }
        };
        let body: Value = serde_json::from_slice(body).ok()?;
        let text = |place| body.pointer(place).and_then(Value::as_str);
        let slot = text("/data/date_time").map(str::to_owned);
        Some(Self { reservation: text("/data/reservation_id")?.to_owned(), slot, what })
    }

    /// Whether it may go now, as the booking is now. Of one that is no longer kept nothing is known.
    pub fn still(&self, booking: Option<&Reservation>, now: Timestamp) -> Still {
        let Some(booking) = booking else { return Still::Holds };
        match (&self.what, booking.status) {
            (What::Cancelled, Status::Cancelled) => Still::Holds,
            (What::Cancelled, _) => Still::Not("it is no longer true: the booking was made anew"),
            (What::Reminder(_) | What::Confirmed, Status::Cancelled) => {
                Still::Not("it is no longer true: the booking was cancelled")
            }
            (
                What::Reminder(_) | What::Confirmed,
                Status::Arrived | Status::Completed | Status::NoShow,
            ) => Still::Not("it is no longer true: the visit is over"),
            (_, _) if self.is_moved(booking) => MOVED,
            (_, _) if booking.slot <= now => PAST,
            (What::Reminder(_), Status::Confirmed) => {
                Still::Not("it is no longer needed: the booking was confirmed")
            }
            (What::Reminder(name), Status::Booked) if booking.is_overtaken(name) => {
                Still::Not("it is no longer needed: a later reminder of the booking was due")
            }
            (What::Confirmed, Status::Confirmed) | (What::Reminder(_), Status::Booked) => {
                Still::Holds
            }
            (What::Confirmed, Status::Booked) => MOVED,
        }
    }

    fn is_moved(&self, booking: &Reservation) -> bool {
        self.slot.as_ref().is_some_and(|slot| *slot != booking.slot.to_rfc3339())
    }
}

impl Reservation {
    /// Whether another reminder became due after the one of this name, and says all that it says.
    fn is_overtaken(&self, name: &str) -> bool {
        let sent = |reminder: &Reminder| match reminder.state {
            ReminderState::Sent(at) => Some(at),
            ReminderState::Pending
            | ReminderState::Skipped
            | ReminderState::Cancelled
            | ReminderState::Missed => None,
        };
        let mine = self.reminders.iter().find(|reminder| reminder.name == name).and_then(sent);
        let others = self.reminders.iter().filter(|reminder| reminder.name != name);
        mine.is_some_and(|mine| others.filter_map(sent).any(|other| other > mine))
    }
}
