//! Counts and sizes of one slot of time, or of one commit.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::heavy::Heavy;
use super::{Size, Sketch};

/// Types of event that are told apart in a slot, the most frequent; the others count together under no name.
pub(super) const TYPES_MAX: usize = 60;
/// Endpoints that are told apart in a slot, those with most attempts and failures; the others count together as
/// endpoint 0.
pub(super) const ENDPOINTS_MAX: usize = 60;
/// Types, and endpoints, that are told apart while what many commits count gathers: each of those need not be weighed
/// against all before.
const GATHERED_MAX: usize = 1_024;
/// Causes of failure that are told apart in a slot; the others are not named.
const CAUSES_MAX: usize = 20;
/// Bytes of the name of a type; what is longer is cut, and counts with what begins alike.
const TYPE_BYTES_MAX: usize = 64;
/// How a name ends that is cut, so that nobody takes it for a type.
const CUT: &str = "…";

/// What is counted. On disk by its place: new ones come at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Count {
    /// Events of all kinds that were recorded.
    Events,
    /// Events that came in and were set aside.
    EventsFailed,
    /// Letters that were taken.
    LettersTaken,
    /// Letters that were refused, since nothing proved who sent them.
    LettersRefused,
    /// Conversations that began, or went on after their end.
    ConversationsStarted,
    /// Conversations that ended.
    ConversationsEnded,
    /// Conversations in which a product was seen for the first time.
    ConversationsWithProducts,
    /// Conversations whose customer wanted something for the first time.
    ConversationsWithIntent,
    /// Conversations that came to an order or a booking: conversions.
    ConversationsConverted,
    /// Conversations that were handed to a person.
    ConversationsEscalated,
    /// Messages of customers.
    MessagesReceived,
    /// Messages to customers.
    MessagesSent,
    /// Calls.
    Calls,
    /// Bookings that were made.
    ReservationsCreated,
    /// Bookings that were confirmed.
    ReservationsConfirmed,
    /// Bookings that were cancelled.
    ReservationsCancelled,
    /// Customers who came.
    ReservationsArrived,
    /// Visits that are over.
    ReservationsCompleted,
    /// Customers who did not come.
    NoShows,
    /// Reminders that were sent.
    RemindersSent,
    /// Handoffs that were opened.
    HandoffsOpened,
    /// Handoffs that waited too long.
    SlaBreached,
    /// Deliveries that were given up.
    DeadLetters,
    /// Bookings that were confirmed after a reminder asked for it.
    RemindersConfirmed,
    /// Deliveries that somebody cancelled.
    DeliveriesCancelled,
    /// Messages to customers that were not sent, since they were true no more when their turn came.
    DeliveriesWithdrawn,
}

impl Count {
    /// All of them.
    pub const ALL: [Self; 26] = [
        Self::Events,
        Self::EventsFailed,
        Self::LettersTaken,
        Self::LettersRefused,
        Self::ConversationsStarted,
        Self::ConversationsEnded,
        Self::ConversationsWithProducts,
        Self::ConversationsWithIntent,
        Self::ConversationsConverted,
        Self::ConversationsEscalated,
        Self::MessagesReceived,
        Self::MessagesSent,
        Self::Calls,
        Self::ReservationsCreated,
        Self::ReservationsConfirmed,
        Self::ReservationsCancelled,
        Self::ReservationsArrived,
        Self::ReservationsCompleted,
        Self::NoShows,
        Self::RemindersSent,
        Self::HandoffsOpened,
        Self::SlaBreached,
        Self::DeadLetters,
        Self::RemindersConfirmed,
        Self::DeliveriesCancelled,
        Self::DeliveriesWithdrawn,
    ];

    /// Its name outside.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::EventsFailed => "events_failed",
            Self::LettersTaken => "inbound_accepted",
            Self::LettersRefused => "inbound_refused",
            Self::ConversationsStarted => "conversations_started",
            Self::ConversationsEnded => "conversations_ended",
            Self::ConversationsWithProducts => "conversations_with_products",
            Self::ConversationsWithIntent => "conversations_with_intent",
            Self::ConversationsConverted => "conversions",
            Self::ConversationsEscalated => "conversations_escalated",
            Self::MessagesReceived => "messages_received",
            Self::MessagesSent => "messages_sent",
            Self::Calls => "calls",
            Self::ReservationsCreated => "reservations_created",
            Self::ReservationsConfirmed => "reservations_confirmed",
            Self::ReservationsCancelled => "reservations_cancelled",
            Self::ReservationsArrived => "reservations_arrived",
            Self::ReservationsCompleted => "reservations_completed",
            Self::NoShows => "no_shows",
            Self::RemindersSent => "reminders_sent",
            Self::HandoffsOpened => "handoffs_opened",
            Self::SlaBreached => "sla_breached",
            Self::DeadLetters => "dead_letters",
            Self::RemindersConfirmed => "reminders_confirmed",
            Self::DeliveriesCancelled => "deliveries_cancelled",
            Self::DeliveriesWithdrawn => "deliveries_withdrawn",
        }
    }
}

/// How something goes out. On disk by its place: new ones come at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Channel {
    /// A signed webhook.
    Webhook,
    /// Slack.
    Slack,
    /// Email.
    Email,
    /// WhatsApp.
    Whatsapp,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Webhook, Self::Slack, Self::Email, Self::Whatsapp];

    /// Its name outside.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Slack => "slack",
            Self::Email => "email",
            Self::Whatsapp => "whatsapp",
        }
    }
}

/// Attempts on one road: a channel, or an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Route {
    /// Attempts that arrived.
    pub sent: u32,
    /// Attempts that failed.
    pub failed: u32,
    /// Attempts that were not the first of their delivery.
    pub retries: u32,
    /// Deliveries that were given up.
    pub dead: u32,
    /// How long the attempts took, in milliseconds.
    pub took: Sketch,
}

impl Route {
    /// Adds the attempts of another.
    pub fn merge(&mut self, other: &Self) {
        self.sent = self.sent.saturating_add(other.sent);
        self.failed = self.failed.saturating_add(other.failed);
        self.retries = self.retries.saturating_add(other.retries);
        self.dead = self.dead.saturating_add(other.dead);
        self.took.merge(&other.took);
    }

    /// Attempts in all.
    pub fn attempts(&self) -> u64 {
        u64::from(self.sent) + u64::from(self.failed)
    }
}

/// What is counted of one slot of time, or of one commit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    counts: BTreeMap<Count, u64>,
    sizes: BTreeMap<Size, Sketch>,
    types: Heavy<String, u64>,
    channels: BTreeMap<Channel, Route>,
    endpoints: Heavy<u32, Route>,
    causes: BTreeMap<String, u64>,
}

/// A tally as it was on disk before causes were counted.
#[derive(Debug, Clone, Deserialize)]
pub struct TallyOfFirst {
    counts: BTreeMap<Count, u64>,
    sizes: BTreeMap<Size, Sketch>,
    types: BTreeMap<String, u64>,
    channels: BTreeMap<Channel, Route>,
    endpoints: BTreeMap<u32, Route>,
}

/// A tally as it was on disk when the first types and endpoints were told apart, however rare they were.
#[derive(Debug, Clone, Deserialize)]
pub struct TallyBefore {
    first: TallyOfFirst,
    causes: BTreeMap<String, u64>,
}

impl From<TallyOfFirst> for Tally {
    fn from(first: TallyOfFirst) -> Self {
        TallyBefore { first, causes: BTreeMap::new() }.into()
    }
}

impl From<TallyBefore> for Tally {
    fn from(TallyBefore { first, causes }: TallyBefore) -> Self {
        let TallyOfFirst { counts, sizes, types, channels, endpoints } = first;
        let (types, endpoints) = (types.into(), endpoints.into());
        Self { counts, sizes, types, channels, endpoints, causes }
    }
}

impl Tally {
    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.channels.is_empty() && self.sizes.is_empty()
    }

    /// Counts one.
    pub fn count(&mut self, what: Count) {
        self.add(what, 1);
    }

    /// Measures one, in its own unit.
    pub fn measure(&mut self, what: Size, length: u64) {
        self.sizes.entry(what).or_default().add(length);
    }

    /// Counts an event.
    pub fn event(&mut self, event_type: &str) {
        self.count(Count::Events);
        self.types.add(name_of(event_type), &1, TYPES_MAX);
    }

    /// Counts an attempt at a delivery, by its channel and its endpoint; 0 where it has none.
    pub fn attempt(&mut self, channel: Channel, endpoint: u32, attempt: &Route) {
        self.channels.entry(channel).or_default().merge(attempt);
        self.endpoints.add(endpoint, attempt, ENDPOINTS_MAX);
        self.add(Count::DeadLetters, u64::from(attempt.dead));
    }

    /// Counts an attempt that failed for this cause.
    pub fn cause(&mut self, cause: &str) {
        self.of_cause(cause, 1);
    }

    /// Adds everything of another.
    pub fn merge(&mut self, other: &Self) {
        self.add_all(other, (TYPES_MAX, ENDPOINTS_MAX));
    }

    /// The same while many gather, of which more is told apart until [`Tally::settle`].
    pub fn gather(&mut self, other: &Self) {
        self.add_all(other, (GATHERED_MAX, GATHERED_MAX));
    }

    /// Whether so much is told apart that it should be settled before more gathers.
    pub fn is_wide(&self) -> bool {
        self.types.seen().len().max(self.endpoints.seen().len()) > GATHERED_MAX / 2
    }

    /// Tells no more apart than a slot does, now that nothing more gathers.
    pub fn settle(&mut self) {
        self.types.bound(TYPES_MAX);
        self.endpoints.bound(ENDPOINTS_MAX);
    }

    fn add_all(&mut self, other: &Self, (types, endpoints): (usize, usize)) {
        for (cause, &count) in &other.causes {
            self.of_cause(cause, count);
        }
        for (&what, &count) in &other.counts {
            self.add(what, count);
        }
        for (&what, sketch) in &other.sizes {
            self.sizes.entry(what).or_default().merge(sketch);
        }
        self.types.merge(&other.types, types);
        for (&channel, route) in &other.channels {
            self.channels.entry(channel).or_default().merge(route);
        }
        self.endpoints.merge(&other.endpoints, endpoints);
    }

    /// How many there were.
    pub fn of(&self, what: Count) -> u64 {
        self.counts.get(&what).copied().unwrap_or_default()
    }

    /// What was measured, if anything was, in its own unit.
    pub fn size(&self, what: Size) -> Option<Cow<'_, Sketch>> {
        let before = match what {
            Size::ProcessingTime => self.sizes.get(&Size::ProcessingMillis),
            Size::AnswerTime
            | Size::ConversationTime
            | Size::ProcessingMillis
            | Size::HandoffTime
            | Size::ClaimTime
            | Size::ResolveTime => None,
        };
        let measured = self.sizes.get(&what);
        let Some(before) = before else { return measured.map(Cow::Borrowed) };
        let mut all = before.finer(Size::ProcessingTime.per_millisecond());
        all.merge(measured.unwrap_or(&Sketch::default()));
        Some(Cow::Owned(all))
    }

    /// Events by their type; those beyond the bound under the empty name, so there were no fewer of each.
    pub fn types(&self) -> &BTreeMap<String, u64> {
        self.types.seen()
    }

    /// Attempts by channel.
    pub fn channels(&self) -> &BTreeMap<Channel, Route> {
        &self.channels
    }

    /// Attempts by endpoint: 0 for messages to customers and for endpoints beyond the bound.
    pub fn endpoints(&self) -> &BTreeMap<u32, Route> {
        self.endpoints.seen()
    }

    /// Attempts that failed, by cause, as far as it is told apart.
    pub fn causes(&self) -> &BTreeMap<String, u64> {
        &self.causes
    }

    /// All attempts together.
    pub fn attempts(&self) -> Route {
        let mut all = Route::default();
        self.channels.values().for_each(|route| all.merge(route));
        all
    }

    /// Counts so many.
    pub fn add(&mut self, what: Count, count: u64) {
        if count == 0 {
            return;
        }
        let counted = self.counts.entry(what).or_default();
        *counted = counted.saturating_add(count);
    }

    fn of_cause(&mut self, cause: &str, count: u64) {
        if let Some(counted) = self.causes.get_mut(cause) {
            *counted = counted.saturating_add(count);
        } else if self.causes.len() < CAUSES_MAX && !cause.is_empty() {
            self.causes.insert(cause.to_owned(), count);
        }
    }
}

/// Under which name a type is counted.
fn name_of(event_type: &str) -> String {
    if event_type.len() <= TYPE_BYTES_MAX {
        return event_type.to_owned();
    }
    let end = event_type.floor_char_boundary(TYPE_BYTES_MAX - CUT.len());
    format!("{}{CUT}", event_type.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests;
