//! Everything a workflow may ask of the world, as a closed list.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::id::EntityKey;
use crate::lead::Name;
use crate::message::Message;
use crate::time::Timestamp;

/// What one step decided: the state that follows and the effects that must follow with it.
///
/// State and effects become durable together, in one commit, or not at all.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition<S> {
    /// The state after the step.
    pub next: S,
    /// What must be carried out because of it.
    pub effects: Vec<Effect>,
}

/// One thing that must be carried out.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Announce to every endpoint that wants it.
    Emit {
        /// The event's type, such as `reminder.24h.sent`.
        event_type: String,
        /// The event's data, already without the phone number.
        data: Map<String, Value>,
    },
    /// Mail the event that was announced last to these addresses.
    Mail {
        /// The addresses.
        to: Vec<String>,
    },
    /// Write to the customer on WhatsApp.
    Tell {
        /// The customer's number with its `+`.
        to: String,
        /// What to write.
        message: Message,
    },
    /// Tell another entity of the same tenant.
    Signal {
        /// Who is told.
        to: EntityKey,
        /// What it is told.
        signal: Signal,
    },
    /// Keep a fact where others find it.
    Note(Note),
}

/// A fact that is kept beside the states, under a key of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// This name is this lead's.
    Name {
        /// The name.
        name: Name,
        /// The lead.
        lead: String,
    },
    /// This name is nobody's any more.
    Forget {
        /// The name.
        name: Name,
    },
    /// A lead looked at a product.
    Viewer {
        /// The product.
        sku: String,
        /// The lead.
        lead: String,
        /// In which conversation.
        conversation: Option<String>,
        /// When.
        at: Timestamp,
    },
    /// A lead no longer counts as one who looked at a product.
    NoViewer {
        /// The product.
        sku: String,
        /// The lead.
        lead: String,
    },
}

/// What one entity may tell another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Signal {
    /// A handoff waited too long for a person.
    Breached {
        /// When the deadline was found broken.
        at: Timestamp,
    },
    /// The dead letters are others than before.
    DeadLetters,
    /// A conversation's customer was written to.
    Told {
        /// When.
        at: Timestamp,
    },
    /// A lead turned out to be the one that is told.
    Merged {
        /// The lead.
        lead: String,
    },
    /// A person wrote to a conversation's customer.
    Answered {
        /// When.
        at: Timestamp,
    },
}

/// A step that the rules refuse; nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Rejected(pub String);

impl Rejected {
    /// A refusal for this reason, a phrase without a full stop.
    pub fn because(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}
