//! What is to be counted of what happens: of events, and of what changes in a state.

use super::{Count, Size, Tally};
use crate::conversation::{self, Conversation};
use crate::handoff::{self, Handoff};
use crate::reservation::{self, Reservation};
use crate::time::Timestamp;

/// Whether an event tells that a customer is reminded. Where a message of ours does it, the reminder counts once
/// that has gone out.
pub fn is_reminder(event_type: &str) -> bool {
    event_type.starts_with("reminder.") && event_type.ends_with(".sent")
}

/// Whether it matters for the figures if a message of a booking's reminders went out: it is confirmed in this step,
/// and a reminder was due.
pub fn is_answered(before: Option<&Reservation>, after: &Reservation) -> bool {
    let confirmed = reservation::Status::Confirmed;
    let is_new = before.is_some_and(|before| before.asked() && before.status != confirmed);
    is_new && after.status == confirmed
}

impl Tally {
    /// Counts an event, with what its type means beyond itself.
    pub fn announced(&mut self, event_type: &str) {
        self.event(event_type);
        match event_type {
            "sla.breached" => self.count(Count::SlaBreached),
            "pipeline.quarantined" => self.count(Count::EventsFailed),
            _ if is_reminder(event_type) => self.count(Count::RemindersSent),
            _ => {}
        }
    }

    /// Counts what became of a booking; `asked` says whether its customer was, where it matters.
    pub fn reservation(&mut self, before: Option<&Reservation>, after: &Reservation, asked: bool) {
        if before.is_none() {
            self.count(Count::ReservationsCreated);
        }
        if before.map(|before| before.status) == Some(after.status) {
            return;
        }
        match after.status {
            reservation::Status::Booked => {}
            reservation::Status::Confirmed => {
                self.count(Count::ReservationsConfirmed);
                if asked {
                    self.count(Count::RemindersConfirmed);
                }
            }
            reservation::Status::Cancelled => self.count(Count::ReservationsCancelled),
            reservation::Status::Arrived => self.count(Count::ReservationsArrived),
            reservation::Status::Completed => self.count(Count::ReservationsCompleted),
            reservation::Status::NoShow => self.count(Count::NoShows),
        }
    }

    /// Counts what became of a handoff.
    pub fn handoff(&mut self, before: Option<&Handoff>, after: &Handoff) {
        let since_opening = |at: Timestamp| at.since(after.opened_at).0;
        let was_claimed = before.and_then(|before| before.first_claimed_at);
        if let Some(claimed) = after.first_claimed_at.filter(|&at| Some(at) != was_claimed) {
            self.measure(Size::ClaimTime, since_opening(claimed));
        }
        if before.map(|before| before.status) == Some(after.status) {
            return;
        }
        match after.status {
            handoff::Status::Open => self.count(Count::HandoffsOpened),
            handoff::Status::Replied => {
                let replied = after.replied_at.unwrap_or(after.opened_at);
                self.measure(Size::HandoffTime, since_opening(replied));
            }
            handoff::Status::Closed => {
                let closed = after.closed_at.unwrap_or(after.opened_at);
                self.measure(Size::ResolveTime, since_opening(closed));
            }
        }
    }

    /// Counts what became of a conversation.
    pub fn conversation(&mut self, before: Option<&Conversation>, after: &Conversation) {
        use conversation::Status;
        let is_open = |one: &Conversation| one.status == Status::Open;
        match (before.is_some_and(is_open), is_open(after)) {
            (false, true) => self.count(Count::ConversationsStarted),
            (true, false) => self.ended(after),
            (false, false) if before.is_none() => {
                self.count(Count::ConversationsStarted);
                self.ended(after);
            }
            (true, true) | (false, false) => {}
        }
        let is_new = |has: fn(&Conversation) -> bool| has(after) && !before.is_some_and(has);
        for (has, what) in [
            (has_products as fn(&Conversation) -> bool, Count::ConversationsWithProducts),
            (has_intent, Count::ConversationsWithIntent),
            (is_converted, Count::ConversationsConverted),
            (is_escalated, Count::ConversationsEscalated),
        ] {
            if is_new(has) {
                self.count(what);
            }
        }
        let was = |count: fn(&Conversation) -> u32| before.map_or(0, count);
        let more = |count: fn(&Conversation) -> u32| count(after).saturating_sub(was(count));
        self.add(Count::MessagesReceived, more(|one| one.received).into());
        self.add(Count::Calls, more(|one| one.calls).into());
        let sent = more(|one| one.sent);
        let by_people = more(|one| one.answered);
        self.add(Count::MessagesSent, u64::from(sent) + u64::from(by_people));
        // An answer is the first message after the customer's; a person's is none of the assistant's.
        let asked = after.last_received_at;
        let is_answered = before.and_then(|before| before.last_sent_at) >= asked;
        if let (Some(asked), Some(answered)) = (asked, after.last_sent_at)
            && sent > 0
            && !is_answered
            && answered >= asked
        {
            self.measure(Size::AnswerTime, answered.since(asked).0);
        }
    }

    fn ended(&mut self, after: &Conversation) {
        self.count(Count::ConversationsEnded);
        if let Some(ended) = after.ended_at {
            self.measure(Size::ConversationTime, ended.since(after.started_at).0);
        }
    }
}

fn has_products(one: &Conversation) -> bool {
    one.products_shown > 0 || !one.products.is_empty()
}

fn has_intent(one: &Conversation) -> bool {
    !one.intents.is_empty()
}

fn is_escalated(one: &Conversation) -> bool {
    one.escalated_at.is_some()
}

/// Whether it came to something: an order, or an outcome that its teller calls completed.
fn is_converted(one: &Conversation) -> bool {
    let outcome = one.resolution.outcome.as_deref();
    one.order.is_some() || outcome.is_some_and(|outcome| outcome.ends_with("_completed"))
}
