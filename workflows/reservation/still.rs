//! Whether a reminder that was held up may still go to the customer.

use serde_json::Value;

use super::{Reservation, Status};
use crate::product::Still;
use crate::time::Timestamp;

/// Whose booking a message reminds of, and for when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminded {
    /// The booking.
    pub reservation: String,
    slot: Option<String>,
}

impl Reminded {
    /// What the event of a reminder with this type and body reminds of; `None` for all other events.
    pub fn of(event_type: &str, body: &[u8]) -> Option<Self> {
        let name = event_type.strip_prefix("reminder.")?;
        name.strip_suffix(".sent")?;
        let body: Value = serde_json::from_slice(body).ok()?;
        let text = |place| body.pointer(place).and_then(Value::as_str);
        let slot = text("/data/date_time").map(str::to_owned);
        Some(Self { reservation: text("/data/reservation_id")?.to_owned(), slot })
    }

    /// Whether it may go now, as the booking is now. One that is no longer kept says nothing.
    pub fn still(&self, booking: Option<&Reservation>, now: Timestamp) -> Still {
        let Some(booking) = booking else { return Still::Holds };
        match booking.status {
            Status::Cancelled => Still::Not("it is no longer true: the booking was cancelled"),
            Status::Arrived | Status::Completed | Status::NoShow => {
                Still::Not("it is no longer true: the visit is over")
            }
            Status::Booked | Status::Confirmed => {
                if self.slot.as_ref().is_some_and(|slot| *slot != booking.slot.to_rfc3339()) {
                    return Still::Not("it is no longer true: the booking was moved");
                }
                match booking.slot <= now {
                    true => Still::Not("it is no longer true: the time of the booking is over"),
                    false => Still::Holds,
                }
            }
        }
    }
}
