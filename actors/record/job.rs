//! A job on disk: what is asked for, how far it came, and how it ended.

use serde::{Deserialize, Serialize};
use sereno_workflows::dead_letters::{Fault, cause};
use sereno_workflows::id::Sequence;
use sereno_workflows::time::Timestamp;

use super::{DeadLetterRecord, InboundRecord, InboundState};

/// Work on many deliveries that goes on in the background.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRecord {
    /// What is to be done.
    pub task: JobTask,
    /// Which deliveries it is about.
    pub selection: Selection,
    /// How it stands.
    pub state: JobState,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// Its place in the tenant's order of things: what has one beyond came after it.
    pub began: Sequence,
    /// When it came to its end.
    pub ended_at: Option<Timestamp>,
    /// The place from which it goes on.
    pub place: Sequence,
    /// Deliveries that were looked at.
    pub examined: u64,
    /// Deliveries that the selection meant.
    pub matched: u64,
    /// Deliveries with which it was done.
    pub done: u64,
    /// Why it ended early.
    pub error: Option<String>,
}

/// What a job does with the deliveries that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobTask {
    /// Has dead letters tried again.
    RetryDeadLetters,
    /// Throws dead letters away.
    DiscardDeadLetters,
    /// Has deliveries tried again, those that arrived too.
    RetryDeliveries,
    /// Brings an endpoint what it wants and did not get, whether it was given up or never tried.
    Recover,
    /// Has letters that came in read again.
    ReprocessInbound,
}

/// Which deliveries are meant, or which letters.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Selection {
    /// Of this endpoint.
    pub endpoint: Option<u32>,
    /// Of events of this type, or letters with something of this kind, or of types with this beginning where it ends in `*`.
    pub event_type: Option<String>,
    /// In this condition: one of the words by which a delivery's status is shown, or a letter's.
    pub status: Option<String>,
    /// Given up for this cause; or, of letters, come by this road.
    pub cause: Option<String>,
    /// Given up by this one's fault.
    pub fault: Option<Fault>,
    /// Of events from here on.
    pub from: Sequence,
    /// Of events before this.
    pub to: Sequence,
}

/// How a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobState {
    /// It goes on.
    Running,
    /// It came to its end.
    Done,
    /// Somebody ended it.
    Cancelled,
    /// It could not go on.
    Failed,
}

impl JobState {
    /// What to call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }
}

impl JobTask {
    /// What to call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RetryDeadLetters => "retry_dead_letters",
            Self::DiscardDeadLetters => "discard_dead_letters",
            Self::RetryDeliveries => "retry_deliveries",
            Self::Recover => "recover",
            Self::ReprocessInbound => "reprocess_inbound",
        }
    }
}

impl Selection {
    /// Whether it means events of this type.
    pub fn wants_type(&self, event_type: &str) -> bool {
        self.event_type.as_deref().is_none_or(|wanted| match wanted.strip_suffix('*') {
            Some(beginning) => event_type.starts_with(beginning),
            None => event_type == wanted,
        })
    }

    /// Whether it means this dead letter.
    pub fn means_letter(&self, letter: &DeadLetterRecord) -> bool {
        let is_it = |wanted: &str| wanted == cause(letter.code, &letter.error);
        self.wants_endpoint(letter.endpoint)
            && self.wants_type(&letter.event_type)
            && self.cause.as_deref().is_none_or(is_it)
            && self.fault.is_none_or(|wanted| wanted == letter.fault)
    }

    /// Whether it means this letter. One that was refused is never meant, and one in line need not be.
    pub fn means_inbound(&self, letter: &InboundRecord) -> bool {
        let state = letter.fate.state;
        let can_be = match state {
            InboundState::Processed | InboundState::Invalid | InboundState::Quarantined => true,
            InboundState::Pending | InboundState::Refused => false,
        };
        let type_fits =
            self.event_type.is_none() || letter.fate.kinds.iter().any(|kind| self.wants_type(kind));
        can_be
            && type_fits
            && self.status.as_deref().is_none_or(|wanted| wanted == state.as_str())
            && self.cause.as_deref().is_none_or(|wanted| wanted == letter.road.name())
    }

    /// Whether it means deliveries of this endpoint.
    pub fn wants_endpoint(&self, endpoint: u32) -> bool {
        self.endpoint.is_none_or(|wanted| wanted == endpoint)
    }
}
