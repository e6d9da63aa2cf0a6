//! What must come of the story, worked out from what is done in it and never from what came.
//!
//! One list of happenings is derived from the guests and the conversations; what an endpoint must get
//! is that list seen through its filter. The filter is matched here by its own few lines, so that the
//! server's matching is checked and not repeated.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::Context as _;
use sereno_workflows::locale::Locale;
use sereno_workflows::message::{self, Visit};
use sereno_workflows::time::{self, Timestamp};

/// Someone with a booking for tonight.
pub(super) struct Guest {
    pub(super) reservation_id: &'static str,
    pub(super) name: &'static str,
    /// WhatsApp number, without `+`.
    pub(super) number: &'static str,
    pub(super) party_size: u32,
    pub(super) behaviour: Behaviour,
}

/// What a guest does about the first reminder, and then.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Behaviour {
    /// Answers 1, and comes.
    Comes,
    /// Answers 2.
    Cancels,
    /// Neither answers nor comes.
    Silent,
}

/// Tonight's bookings.
pub(super) const GUESTS: [Guest; 3] = [
    Guest {
        reservation_id: "R-ana",
        name: "Ana",
        number: "34600000001",
        party_size: 4,
        behaviour: Behaviour::Comes,
    },
    Guest {
        reservation_id: "R-bruno",
        name: "Bruno",
        number: "34600000002",
        party_size: 6,
        behaviour: Behaviour::Cancels,
    },
    Guest {
        reservation_id: "R-carla",
        name: "Carla",
        number: "34600000003",
        party_size: 3,
        behaviour: Behaviour::Silent,
    },
];

/// A conversation that waits for a person, and the number of its customer.
pub(super) const CONVERSATIONS: [(&str, &str); 6] = [
    ("chat-1", "34610000001"),
    ("chat-2", "34610000002"),
    ("chat-3", "34610000003"),
    ("chat-4", "34610000004"),
    ("chat-5", "34610000005"),
    (ANSWERED, "34610000006"),
];
/// The one that a person answers in time.
pub(super) const ANSWERED: &str = "chat-6";
/// So many unanswered conversations are an incident.
pub(super) const CLUSTER: usize = 5;

/// The restaurant's name, zone and its two reminders, the long one first.
pub(super) const RESTAURANT: &str = "La Trattoria";
pub(super) const ZONE: &str = "Europe/Madrid";
pub(super) const REMINDERS: [&str; 2] = ["6s", "3s"];

/// What the endpoints want; the CRM wants everything.
pub(super) const SCREEN_WANTS: &[&str] = &["reminder.*"];
pub(super) const SLACK_WANTS: &[&str] = &["reservation.*", "incident.*"];
pub(super) const MAIL_WANTS: &[&str] = &["incident.*", "reservation.cancelled"];

/// What a guest's first message leads to.
const BEGUN: [&str; 2] = ["conversation.started", "lead.created"];
/// What a guest's message is as an event.
const WRITTEN: &str = "whatsapp.message.received";

/// An event's type, and the booking or conversation that it is about (empty for the tenant's own).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Happening {
    pub(super) event_type: String,
    pub(super) subject: String,
}

impl Happening {
    pub(super) fn new(event_type: impl Into<String>, subject: &str) -> Self {
        Self { event_type: event_type.into(), subject: subject.to_owned() }
    }

    /// The happening that a text for people is about: its type and its id stand somewhere in it.
    pub(super) fn in_text(text: &str) -> Self {
        let all = all();
        let event_type = all.iter().map(|known| known.event_type.as_str());
        let event_type = event_type.into_iter().find(|known| text.contains(known));
        let subject = all.iter().map(|known| known.subject.as_str());
        let subject = subject.into_iter().find(|known| !known.is_empty() && text.contains(known));
        Self::new(event_type.unwrap_or("?"), subject.unwrap_or_default())
    }
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.event_type, self.subject)
    }
}

/// Everything that happens, each once.
pub(super) fn all() -> Vec<Happening> {
    let mut all = Vec::new();
    let [long, short] = REMINDERS.map(|name| format!("reminder.{name}.sent"));
    for guest in &GUESTS {
        let follows: &[&str] = match guest.behaviour {
            Behaviour::Comes => &["reservation.confirmed", "reservation.arrived"],
            Behaviour::Cancels => &["reservation.cancelled"],
            Behaviour::Silent => &[&short, "reminder.no_show"],
        };
        let always = ["reservation.created", &long];
        let types = always.iter().chain(follows);
        all.extend(types.map(|event_type| Happening::new(*event_type, guest.reservation_id)));
        // The first of a guest's messages makes a lead of them, and begins a conversation.
        if guest.behaviour != Behaviour::Silent {
            all.extend(BEGUN.map(|event_type| Happening::new(event_type, "")));
        }
        let written = match guest.behaviour {
            Behaviour::Comes => 2,
            Behaviour::Cancels => 1,
            Behaviour::Silent => 0,
        };
        // A message names no booking: whose it is, the restaurant's own system knows by the number.
        all.extend((0..written).map(|_| Happening::new(WRITTEN, "")));
    }
    let mut breaches = 0;
    for (conversation, _) in CONVERSATIONS {
        all.push(Happening::new("handoff.opened", conversation));
        let answered = conversation == ANSWERED;
        breaches += usize::from(!answered);
        let follows = if answered { "handoff.replied" } else { "sla.breached" };
        all.push(Happening::new(follows, conversation));
    }
    if breaches >= CLUSTER {
        all.push(Happening::new("incident.sla_cluster", ""));
    }
    all
}

/// What an endpoint with this filter must get.
pub(super) fn wanted(filter: &[&str]) -> Vec<Happening> {
    let fits = |happening: &Happening| {
        filter.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(prefix) => happening.event_type.starts_with(prefix),
            None => happening.event_type == *pattern,
        })
    };
    all().into_iter().filter(fits).collect()
}

/// Every WhatsApp message as `number: text`, for bookings at `slot`.
pub(super) fn messages(slot: Timestamp) -> anyhow::Result<Vec<String>> {
    let zone = time::zone(ZONE).context("the restaurant's zone")?;
    let mut messages = Vec::new();
    for guest in &GUESTS {
        let visit = Visit {
            id: guest.reservation_id,
            at: slot.wall(&zone),
            name: Some(guest.name),
            restaurant: Some(RESTAURANT),
            party_size: Some(guest.party_size),
        };
        let last = match guest.behaviour {
            Behaviour::Comes => message::confirmed(Locale::Es),
            Behaviour::Cancels => message::cancelled(Locale::Es),
            Behaviour::Silent => message::last_reminder(visit, Locale::Es),
        };
        for message in [message::reminder(visit, Locale::Es), last] {
            messages.push(format!("{}: {}", guest.number, message.text));
        }
    }
    Ok(messages)
}

/// Every phone number of the story, without `+`.
pub(super) fn numbers() -> BTreeSet<&'static str> {
    let guests = GUESTS.iter().map(|guest| guest.number);
    guests.chain(CONVERSATIONS.iter().map(|(_, number)| *number)).collect()
}

/// What is missing and what is too much, each as often as it is so.
pub(super) fn difference<T: Ord + Clone>(expected: &[T], arrived: &[T]) -> (Vec<T>, Vec<T>) {
    let mut balance: BTreeMap<&T, i64> = BTreeMap::new();
    for item in expected {
        *balance.entry(item).or_default() += 1;
    }
    for item in arrived {
        *balance.entry(item).or_default() -= 1;
    }
    let (mut missing, mut surplus) = (Vec::new(), Vec::new());
    for (item, count) in balance {
        let side = if count > 0 { &mut missing } else { &mut surplus };
        side.extend((0..count.abs()).map(|_| item.clone()));
    }
    (missing, surplus)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(happenings: &[Happening]) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for happening in happenings {
            *counts.entry(happening.event_type.as_str()).or_default() += 1;
        }
        counts
    }

    #[test]
    fn each_booking_and_each_conversation_has_its_own_end() {
        let all = all();
        let expected = [
            ("handoff.opened", 6),
            ("handoff.replied", 1),
            ("incident.sla_cluster", 1),
            ("reminder.3s.sent", 1),
            ("reminder.6s.sent", 3),
            ("reminder.no_show", 1),
            ("reservation.arrived", 1),
            ("reservation.cancelled", 1),
            ("reservation.confirmed", 1),
            ("reservation.created", 3),
            ("sla.breached", 5),
            ("conversation.started", 2),
            ("lead.created", 2),
            (WRITTEN, 3),
        ];
        assert_eq!(counted(&all), BTreeMap::from(expected));
        assert!(all.contains(&Happening::new("reminder.no_show", "R-carla")));
        assert!(!all.contains(&Happening::new("sla.breached", ANSWERED)));
        let others = all
            .iter()
            .filter(|one| !BEGUN.contains(&one.event_type.as_str()) && one.event_type != WRITTEN);
        let once: BTreeSet<&Happening> = others.clone().collect();
        assert_eq!(once.len(), others.count(), "nothing else is expected twice");
    }

    #[test]
    fn a_filter_lets_through_its_types_alone() {
        assert_eq!(wanted(SCREEN_WANTS).len(), 5);
        assert_eq!(wanted(SLACK_WANTS).len(), 7);
        let mail = wanted(MAIL_WANTS);
        let cancelled = Happening::new("reservation.cancelled", "R-bruno");
        assert_eq!(mail, [cancelled, Happening::new("incident.sla_cluster", "")]);
    }

    #[test]
    fn the_messages_are_the_products_own_words_in_the_restaurants_zone() {
        let slot = Timestamp::from_rfc3339("2026-11-20T19:00:00Z").unwrap();
        let messages = messages(slot).unwrap();
        let ana = messages.iter().filter_map(|message| message.strip_prefix("34600000001: "));
        let reminder = "Hola, Ana. Te recordamos tu reserva en La Trattoria el viernes 20 de \
                        noviembre, 20:00, 4 personas. Responde 1 para confirmar o 2 para cancelar.";
        assert_eq!(ana.collect::<Vec<_>>(), [reminder, "✅ Confirmada. ¡Te esperamos!"]);
        assert_eq!(messages.len(), 6);
    }

    #[test]
    fn a_difference_counts_what_is_missing_and_what_came_twice() {
        assert_eq!(difference(&["a", "b", "b"], &["b", "a", "b"]), (vec![], vec![]));
        assert_eq!(difference(&["a", "b"], &["b", "b"]), (vec!["a"], vec!["b"]));
        assert_eq!(difference(&[], &["x", "x"]), (vec![], vec!["x", "x"]));
    }

    #[test]
    fn a_text_for_people_tells_what_it_is_about() {
        let text = "❌ Reserva cancelada\nReserva: R-bruno\nreservation.cancelled · viernes";
        let cancelled = Happening::new("reservation.cancelled", "R-bruno");
        assert_eq!(Happening::in_text(text), cancelled);
        assert_eq!(Happening::in_text("hello"), Happening::new("?", ""));
    }
}
