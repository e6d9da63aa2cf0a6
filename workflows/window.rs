//! In what form WhatsApp takes a message: anything within 24 hours after the customer last wrote, only an
//! approved template otherwise.
//!
//! What a customer last wrote is known where Meta's webhook comes here. Where nothing is known of them, a
//! template is the safe choice; without one, Meta is asked and has the last word.

use crate::line::{WhatsApp, WhatsAppTemplate};
use crate::time::{Span, Timestamp};

/// How long after a customer's message anything may be sent.
pub const WINDOW: Span = Span::hours(24);
/// A message takes its time to Meta, whose clock counts.
const MARGIN: Span = Span::minutes(1);

/// Whether a customer may be written to freely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// They wrote within the last 24 hours.
    Open,
    /// They last wrote before that.
    Closed,
    /// They have not written here.
    Unknown,
}

impl Window {
    /// Until when anything may be sent to a customer whose window is open until then.
    pub fn free_until(open_until: Timestamp) -> Timestamp {
        open_until.before(MARGIN)
    }

    /// The window of a customer who is known to have one until then.
    pub fn of(open_until: Option<Timestamp>, now: Timestamp) -> Self {
        match open_until {
            None => Self::Unknown,
            Some(until) if now < Self::free_until(until) => Self::Open,
            Some(_) => Self::Closed,
        }
    }
}

/// What a message is about; each may have a template of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A reminder of a booking.
    Reminder,
    /// Thanks for a confirmation.
    Thanks,
    /// A cancellation acknowledged.
    Cancelled,
    /// Anything else, such as an event for a manager.
    Notice,
    /// A price that dropped.
    Offer,
    /// A product that is sold out or nearly.
    Stock,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Reminder, Self::Thanks, Self::Cancelled, Self::Notice, Self::Offer, Self::Stock];

    /// What a message to a customer is about, by the event that it goes with.
    pub fn of_message(event_type: &str) -> Self {
        match event_type {
            "reservation.confirmed" => Self::Thanks,
            "reservation.cancelled" => Self::Cancelled,
            "lead.price_drop.sent" => Self::Offer,
            "lead.sold_out.sent" | "lead.low_stock.sent" => Self::Stock,
            other if other.starts_with("reminder.") => Self::Reminder,
            _ => Self::Notice,
        }
    }

    /// How many texts fill the body of a template for it, where a person may send one: a reminder's has answers
    /// under it, which belong to a booking.
    pub fn filled_by(self) -> Option<usize> {
        match self {
            Self::Reminder => None,
            Self::Thanks | Self::Cancelled => Some(0),
            Self::Notice => Some(1),
            Self::Offer | Self::Stock => Some(2),
        }
    }

    /// The word by which settings name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reminder => "reminder",
            Self::Thanks => "thanks",
            Self::Cancelled => "cancelled",
            Self::Notice => "notice",
            Self::Offer => "offer",
            Self::Stock => "stock",
        }
    }
}

/// In what form a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form<'a> {
    /// In our own words.
    Free,
    /// As an approved template.
    Template(&'a WhatsAppTemplate),
    /// Not at all: only a template would be taken, and there is none.
    None,
}

impl WhatsApp {
    /// In what form a message goes to a customer whose window is so.
    pub fn form(&self, purpose: Purpose, window: Window) -> Form<'_> {
        if let (Purpose::Reminder, Some(always)) = (purpose, &self.reminder_template) {
            return Form::Template(always);
        }
        match (window, self.templates.get(purpose)) {
            (Window::Open, _) | (Window::Unknown, None) => Form::Free,
            (Window::Closed | Window::Unknown, Some(template)) => Form::Template(template),
            (Window::Closed, None) => Form::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_window_is_open_for_a_day_less_a_margin() {
        let until = Timestamp(100_000_000);
        for (before_ms, window) in [
            (86_400_000, Window::Open),
            (60_001, Window::Open),
            (60_000, Window::Closed),
            (-1, Window::Closed),
        ] {
            assert_eq!(Window::of(Some(until), Timestamp(until.0 - before_ms)), window);
        }
        assert_eq!(Window::of(None, until), Window::Unknown);
    }

    #[test]
    fn a05_the_window_and_the_templates_decide_on_the_form() {
        let line = |more: serde_json::Value| {
            let mut line = json!({"phone_number_id": "1"});
            line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            serde_json::from_value::<WhatsApp>(line).unwrap()
        };
        let template = |name: &str| json!({"name": name, "language": "es"});
        let none = line(json!({}));
        let thanks = line(json!({"templates": {"thanks": template("t")}}));
        let always = line(json!({"reminder_template": template("always"),
            "templates": {"reminder": template("r")}}));
        use Purpose::{Notice, Reminder, Thanks};
        use Window::{Closed, Open, Unknown};
        for (line, purpose, window, expected) in [
            (&none, Thanks, Open, Some(None)),
            (&none, Thanks, Unknown, Some(None)),
            (&none, Thanks, Closed, None),
            (&thanks, Thanks, Open, Some(None)),
            (&thanks, Thanks, Unknown, Some(Some("t"))),
            (&thanks, Thanks, Closed, Some(Some("t"))),
            (&thanks, Notice, Closed, None),
            (&thanks, Reminder, Unknown, Some(None)),
            (&always, Reminder, Open, Some(Some("always"))),
            (&always, Reminder, Closed, Some(Some("always"))),
            (&always, Thanks, Closed, None),
        ] {
            let found = match line.form(purpose, window) {
                Form::Free => Some(None),
                Form::Template(template) => Some(Some(template.name.as_str())),
                Form::None => None,
            };
            assert_eq!(found, expected, "{purpose:?} {window:?}");
        }
    }

    #[test]
    fn a_messages_purpose_is_that_of_its_event() {
        for (event_type, purpose) in [
            ("reminder.24h.sent", Purpose::Reminder),
            ("reservation.confirmed", Purpose::Thanks),
            ("reservation.cancelled", Purpose::Cancelled),
            ("lead.price_drop.sent", Purpose::Offer),
            ("sla.breached", Purpose::Notice),
        ] {
            assert_eq!(Purpose::of_message(event_type), purpose);
        }
    }
}
