//! What is kept of people beside their states: lines of their history, and who looked at a product.

use serde::{Deserialize, Serialize};
use sereno_workflows::dead_letters::Pile;
use sereno_workflows::id::Sequence;
use sereno_workflows::lead::{Held, Lead, OptOut};
use sereno_workflows::product::Product;
use sereno_workflows::reservation::Reservation;
use sereno_workflows::tenant::Breaches;
use sereno_workflows::time::Timestamp;

use super::StateRecord;
use super::conversation::ConversationV4;
use super::envelope::Record;
use super::handoff::HandoffV3;

/// Of what kind a line of a history is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HistoryKind {
    /// They wrote.
    Received,
    /// They were written to.
    Sent,
    /// There was a call.
    Call,
    /// Something of a booking.
    Reservation,
    /// Something of a handoff.
    Handoff,
    /// A conversation began, ended or was handed to a person.
    Conversation,
    /// They completed an order.
    Order,
    /// They want to be written to unasked, or no longer; or they go by another name.
    Person,
}

impl HistoryKind {
    /// The kind as the outside writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "message_received",
            Self::Sent => "message_sent",
            Self::Call => "call",
            Self::Reservation => "reservation",
            Self::Handoff => "handoff",
            Self::Conversation => "conversation",
            Self::Order => "order",
            Self::Person => "person",
        }
    }
}

/// A line of a person's history; at most about a kilobyte, since its texts are bounded where they come in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryRecord {
    /// When it happened, as its teller says.
    pub at: Timestamp,
    /// Of what kind it is.
    pub kind: HistoryKind,
    /// The type of the event that tells of it.
    pub event_type: String,
    /// That event's id.
    pub event_id: String,
    /// The place of the event with which a message of ours went.
    pub event: Option<Sequence>,
    /// That message's delivery.
    pub delivery: Option<Sequence>,
    /// In which conversation.
    pub conversation: Option<String>,
    /// About which booking, order, call or message.
    pub about: Option<String>,
    /// What was said.
    pub text: Option<String>,
}

impl HistoryRecord {
    /// Whether it tells of what a customer did on the tenant's own line, which is kept as what came in is.
    pub fn is_of_line(&self) -> bool {
        self.event_type.starts_with("whatsapp.")
    }
}

/// A person who looked at a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewerRecord {
    /// When they last did.
    pub at: Timestamp,
    /// In which conversation.
    pub conversation: Option<String>,
}

/// Version 1 of [`StateRecord`].
#[derive(Deserialize)]
pub(super) enum StateV1 {
    Reservation(Reservation),
    Handoff(HandoffV3),
    Tenant(Breaches),
    DeadLetters(Pile),
    Conversation(ConversationV4),
    Lead(LeadV1),
    Product(Product),
}

/// A lead as it stood in it.
#[derive(Deserialize)]
pub(super) struct LeadV1 {
    id: String,
    name: Option<String>,
    locale: Option<String>,
    user_ids: Vec<String>,
    phones: Vec<Held>,
    first_seen: Timestamp,
    last_seen: Timestamp,
    source: Option<String>,
    campaign: Option<String>,
    opted_out: Option<OptOut>,
    conversation: Option<String>,
    messages: u32,
    conversations: u32,
    calls: u32,
    orders: u32,
    merged: Vec<String>,
    merged_into: Option<String>,
}

impl From<StateV1> for StateRecord {
    fn from(state: StateV1) -> Self {
        match state {
            StateV1::Reservation(booking) => Self::Reservation(booking),
            StateV1::Handoff(handoff) => Self::Handoff(handoff.into()),
            StateV1::Tenant(breaches) => Self::Tenant(breaches),
            StateV1::DeadLetters(pile) => Self::DeadLetters(pile),
            StateV1::Conversation(talk) => Self::Conversation(talk.into()),
            StateV1::Lead(lead) => Self::Lead(lead.into()),
            StateV1::Product(product) => Self::Product(product),
        }
    }
}

impl From<LeadV1> for Lead {
    fn from(lead: LeadV1) -> Self {
        Self {
            id: lead.id,
            name: lead.name,
            locale: lead.locale,
            user_ids: lead.user_ids,
            phones: lead.phones,
            first_seen: lead.first_seen,
            last_seen: lead.last_seen,
            source: lead.source,
            campaign: lead.campaign,
            wished_at: lead.opted_out.as_ref().map(|out| out.at),
            opted_out: lead.opted_out,
            conversation: lead.conversation,
            messages: lead.messages,
            conversations: lead.conversations,
            calls: lead.calls,
            orders: lead.orders,
            merged: lead.merged,
            merged_into: lead.merged_into,
        }
    }
}

impl Record for HistoryRecord {
    const KIND: u16 = 60;
    const NAME: &'static str = "history";
}

impl Record for ViewerRecord {
    const KIND: u16 = 61;
    const NAME: &'static str = "viewer";
}
