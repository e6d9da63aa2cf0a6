//! What is kept of people beside their states: lines of their history, and who looked at a product.

use serde::{Deserialize, Serialize};
use sereno_workflows::id::Sequence;
use sereno_workflows::time::Timestamp;

use super::envelope::Record;

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

impl Record for HistoryRecord {
    const KIND: u16 = 60;
    const NAME: &'static str = "history";
}

impl Record for ViewerRecord {
    const KIND: u16 = 61;
    const NAME: &'static str = "viewer";
}
