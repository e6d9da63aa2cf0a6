//! One booking: reminded before its slot, confirmed or cancelled by its customer, arrived or missed.
//!
//! ```text
//!            1 / confirm              arrive              complete
//!   Booked ---------------> Confirmed ------> Arrived ----------------> Completed
//!     |  \______ 2 / cancel ______/ |            ^
//!     |            v                |            | "llegué", even late
//!     |        Cancelled            v            |
//!     +------ slot + 15 min ----> NoShow --------+
//! ```
//! All pending times of a booking are in its state and it has one alarm: the earliest of them. Moving
//! the slot computes them anew under a new generation, so a wake that was meant for the old slot is
//! recognised and refused.

mod by_hand;
mod steps;
pub mod still;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::effect::{Rejected, Transition};
use crate::event::Booking;
use crate::locale::Locale;
use crate::policy::Policy;
use crate::time::{Span, Timestamp};

/// Where a booking stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// Made, not confirmed.
    Booked,
    /// The customer said they will come.
    Confirmed,
    /// Called off.
    Cancelled,
    /// The customer came.
    Arrived,
    /// The visit is over.
    Completed,
    /// The customer did not come.
    NoShow,
}

impl Status {
    /// The status as the outside writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::Confirmed => "confirmed",
            Self::Cancelled => "cancelled",
            Self::Arrived => "arrived",
            Self::Completed => "completed",
            Self::NoShow => "no_show",
        }
    }
}

/// One reminder of a booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reminder {
    /// The tenant's name for it, such as `24h`.
    pub name: String,
    /// How long before the slot.
    pub before: Span,
    /// What became of it.
    pub state: ReminderState,
}

/// What became of a reminder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReminderState {
    /// It will be sent, if the booking is still unconfirmed then.
    Pending,
    /// It was sent then.
    Sent(Timestamp),
    /// Its time was past when it was set, or the booking was no longer waiting for an answer.
    Skipped,
    /// A person did not want it.
    Cancelled,
    /// Its time had come, and it was found when it was of no use any more.
    Missed,
}

/// What happened to a booking, for people to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happening {
    /// When.
    pub at: Timestamp,
    /// What, in a phrase.
    pub what: String,
}

/// A booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// The caller's id of it.
    pub id: String,
    /// Where it stands.
    pub status: Status,
    /// When the customer is expected.
    pub slot: Timestamp,
    /// How many come.
    pub party_size: Option<u32>,
    /// Who booked.
    pub name: Option<String>,
    /// Their WhatsApp number with its `+`.
    pub wa_number: Option<String>,
    /// Their email address.
    pub email: Option<String>,
    /// Where.
    pub restaurant: Option<String>,
    /// What the customer last wanted.
    pub intent: Option<String>,
    /// Their language, where known.
    pub locale: Option<String>,
    /// Anything else.
    pub notes: Option<String>,
    /// Its reminders, the earliest first.
    pub reminders: Vec<Reminder>,
    /// When it is a no-show; `None` once that can no longer happen.
    pub no_show_at: Option<Timestamp>,
    /// Rises each time the pending times are computed anew.
    pub generation: u32,
    /// What happened to it, the latest [`HISTORY_MAX`].
    pub history: Vec<Happening>,
}

/// So much of a booking's history is kept with it; the rest is in the event log.
pub const HISTORY_MAX: usize = 32;

/// What may be done to a booking.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Make it, or make it again after its end.
    Book(Booking),
    /// Change what is named.
    Change(Booking),
    /// The customer will come.
    Confirm,
    /// Call it off.
    Cancel,
    /// The customer came.
    Arrive,
    /// The visit is over.
    Complete,
    /// The customer did not come.
    MarkNoShow,
    /// Its alarm rang; stale unless the generation is the present one.
    Wake {
        /// The generation for which the alarm was set.
        generation: u32,
    },
}

/// Who asks, which decides who must be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// An event from outside, which itself goes to the endpoints.
    Event,
    /// The customer, who is thanked; the endpoints hear of it.
    Customer,
    /// A person at the API; the endpoints hear of it.
    Operator,
    /// The clock.
    Clock,
}

/// When and under which policy a step is taken, and for whom.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The moment of the step.
    pub now: Timestamp,
    /// The tenant's policy.
    pub policy: &'a Policy,
    /// Who asks.
    pub origin: Origin,
}

/// Decides what follows a command; refuses what does not fit the booking's status.
pub fn step(
    present: Option<&Reservation>,
    command: Command,
    ctx: Context<'_>,
) -> Result<Transition<Reservation>, Rejected> {
    if let Command::Book(booking) = command {
        return steps::book(present, booking, ctx);
    }
    let Some(present) = present else {
        return match command {
            // Events may overtake each other: a change that names its slot is as good as a booking.
            Command::Change(booking)
                if booking.date_time.is_some() && ctx.origin == Origin::Event =>
            {
                steps::book(None, booking, ctx)
            }
            _ => Err(Rejected::because("no such reservation")),
        };
    };
    match command {
        Command::Book(booking) => steps::book(Some(present), booking, ctx),
        Command::Change(booking) => steps::change(present, booking, ctx),
        Command::Confirm => steps::confirm(present, ctx),
        Command::Cancel => steps::cancel(present, ctx),
        Command::Arrive => steps::arrive(present, ctx),
        Command::Complete => steps::complete(present, ctx),
        Command::MarkNoShow => steps::mark_no_show(present, ctx),
        Command::Wake { generation } => steps::wake(present, generation, ctx),
    }
}

/// Whether what is told of a booking names a number or a mail address at which its customer can be reached.
pub fn has_contact(data: &Map<String, Value>) -> bool {
    ["wa_number", "wa_number_hash", "email"].iter().any(|field| data.contains_key(*field))
}

impl Reservation {
    /// When the booking must be looked at next, if ever.
    pub fn alarm(&self) -> Option<Timestamp> {
        self.pending().map(|(_, due)| due).min()
    }

    /// Everything that is still to come: its kind (`reminder.24h`, `no_show`) and its time.
    pub fn pending(&self) -> impl Iterator<Item = (String, Timestamp)> + '_ {
        let reminders = self
            .reminders
            .iter()
            .filter(|reminder| reminder.state == ReminderState::Pending)
            .map(|reminder| (format!("reminder.{}", reminder.name), reminder.due(self.slot)));
        reminders.chain(self.no_show_at.map(|due| ("no_show".to_owned(), due)))
    }

    /// Whether the moment of a reminder about this slot has come; what became of its message is not known here.
    pub fn asked(&self) -> bool {
        self.reminders.iter().any(|reminder| matches!(reminder.state, ReminderState::Sent(_)))
    }

    /// Whether nothing more is expected of it.
    pub fn is_over(&self) -> bool {
        match self.status {
            Status::Cancelled | Status::Completed | Status::NoShow => true,
            Status::Booked | Status::Confirmed | Status::Arrived => false,
        }
    }

    fn data(&self, policy: &Policy) -> Map<String, Value> {
        let mut data = Map::new();
        let mut put = |key: &str, value: Value| {
            if !value.is_null() {
                data.insert(key.to_owned(), value);
            }
        };
        put("reservation_id", json!(self.id));
        put("date_time", json!(self.slot.to_rfc3339()));
        put("status", json!(self.status.as_str()));
        put("party_size", json!(self.party_size));
        put("name", json!(self.name));
        put("email", json!(self.email));
        put("restaurant", json!(self.restaurant));
        put("intent", json!(self.intent));
        put("locale", json!(self.locale));
        put("wa_number", json!(self.wa_number));
        policy.phone_hash.redact(&data)
    }

    fn locale(&self, policy: &Policy) -> Locale {
        let own = self.locale.as_deref().and_then(|locale| locale.parse().ok());
        own.unwrap_or(policy.settings.locale)
    }

    fn remember(&mut self, at: Timestamp, what: impl Into<String>) {
        self.history.push(Happening { at, what: what.into() });
        let surplus = self.history.len().saturating_sub(HISTORY_MAX);
        self.history.drain(..surplus);
    }

    /// Computes all pending times anew; those already past are skipped, a reminder and a no-show alike.
    fn schedule(&mut self, ctx: Context<'_>) {
        let settings = &ctx.policy.settings;
        self.generation = self.generation.wrapping_add(1);
        let slot = self.slot;
        self.reminders = settings
            .reminders
            .iter()
            .map(|reminder| {
                let past = slot.before(reminder.before) <= ctx.now;
                let state = if past { ReminderState::Skipped } else { ReminderState::Pending };
                Reminder { name: reminder.name.clone(), before: reminder.before, state }
            })
            .collect();
        self.reminders.sort_by_key(|reminder| std::cmp::Reverse(reminder.before));
        let no_show_at = slot.after(settings.no_show_after);
        self.no_show_at = Some(no_show_at).filter(|&due| due > ctx.now);
        if self.no_show_at.is_none() {
            self.remember(ctx.now, "its time is past: no reminder, and no no-show");
        }
    }

    /// Gives up every reminder that is still pending.
    fn silence(&mut self) {
        self.generation = self.generation.wrapping_add(1);
        for reminder in &mut self.reminders {
            if reminder.state == ReminderState::Pending {
                reminder.state = ReminderState::Skipped;
            }
        }
    }

    /// Gives up everything that is still pending.
    fn finish(&mut self, status: Status) {
        self.silence();
        self.no_show_at = None;
        self.status = status;
    }

    fn adopt(&mut self, booking: Booking) {
        let Booking {
            reservation_id: _,
            date_time: _,
            party_size,
            name,
            wa_number,
            email,
            restaurant,
            intent,
            locale,
            notes,
        } = booking;
        self.party_size = party_size.or(self.party_size);
        self.locale = locale.map(|locale| locale.to_string()).or(self.locale.take());
        for (field, new) in [
            (&mut self.name, name),
            (&mut self.wa_number, wa_number),
            (&mut self.email, email),
            (&mut self.restaurant, restaurant),
            (&mut self.intent, intent),
            (&mut self.notes, notes),
        ] {
            *field = new.or(field.take());
        }
    }
}

impl Reminder {
    fn due(&self, slot: Timestamp) -> Timestamp {
        slot.before(self.before)
    }

    /// Until when it may be late: half its offset, for short ones up to five minutes. A reminder of
    /// 24 h that is found three hours before the slot says nothing new and is skipped; so is one that is
    /// found when the next one is due.
    fn stale_after(&self, slot: Timestamp) -> Timestamp {
        let grace = Span(self.before.0 / 2).max(self.before.min(Span::minutes(5)));
        self.due(slot).after(grace)
    }
}

#[cfg(test)]
mod tests;
