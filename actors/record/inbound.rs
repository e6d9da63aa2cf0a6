//! A letter as it came in from outside, and what became of it.

use serde::{Deserialize, Serialize};
use sereno_workflows::inbound::Road;
use sereno_workflows::time::Timestamp;
use sereno_workflows::trace::TraceContext;

use super::Record;
use super::envelope::fields;

/// A letter, without its body; when it came is its sequence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboundRecord {
    /// By which road it came.
    pub road: Road,
    /// Who brought it, where that is known.
    pub peer: Option<String>,
    /// Its `Content-Type`.
    pub content_type: Option<String>,
    /// Its headers, without those that may hold a secret.
    pub headers: Vec<(String, String)>,
    /// How long its body was; of one that was refused only the beginning is kept.
    pub body_bytes: u64,
    /// Whether it is from who it says.
    pub verdict: Verdict,
    /// What became of it.
    pub fate: InboundFate,
    /// Its place in the trace of its request, if somebody follows that.
    pub trace: Option<TraceContext>,
}

impl Record for InboundRecord {
    const KIND: u16 = 50;
    /// 1: without its place in a trace.
    const VERSION: u16 = 2;
    const NAME: &'static str = "inbound";

    fn upcast(version: u16, payload: &[u8]) -> Option<Self> {
        if version != 1 {
            return None;
        }
        let (road, peer, content_type, headers, body_bytes, verdict, fate) = fields(payload)?;
        let trace = None;
        Some(Self { road, peer, content_type, headers, body_bytes, verdict, fate, trace })
    }
}

/// Whether a letter is from who it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// It is.
    Genuine,
    /// It was refused, for this reason.
    Refused(String),
    /// So many were refused about then and not kept, since there were too many.
    Uncounted(u64),
}

/// How far a letter came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum InboundState {
    /// It is still to be read, for the first time or again.
    #[default]
    Pending,
    /// It was read, and what follows from it is there.
    Processed,
    /// It makes no sense, and will make none.
    Invalid,
    /// It failed too often, and waits for somebody to look at it.
    Quarantined,
    /// It is not read at all.
    Refused,
}

/// What became of a letter.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct InboundFate {
    /// How far it came.
    pub state: InboundState,
    /// Since when that is so.
    pub at: Option<Timestamp>,
    /// How often it was read since it was last put in line.
    pub attempts: u32,
    /// When it is read next, where it is in line.
    pub next_at: Option<Timestamp>,
    /// Why it came no further.
    pub error: Option<String>,
    /// What was left out of it.
    pub note: Option<String>,
    /// What kinds of things are in it.
    pub kinds: Vec<String>,
    /// The ids of the first events that it led to.
    pub events: Vec<String>,
    /// How many events it led to.
    pub event_count: u32,
}

impl InboundState {
    /// What to call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processed => "processed",
            Self::Invalid => "invalid",
            Self::Quarantined => "quarantined",
            Self::Refused => "refused",
        }
    }
}

impl InboundFate {
    /// In line, to be read at that time.
    pub fn pending(at: Timestamp) -> Self {
        Self { next_at: Some(at), ..Self::default() }
    }

    /// Refused.
    pub fn refused() -> Self {
        Self { state: InboundState::Refused, ..Self::default() }
    }

    /// The same, in line again from the beginning; what it led to before is still true.
    pub fn again(self, at: Timestamp) -> Self {
        let Self { kinds, events, event_count, .. } = self;
        Self { kinds, events, event_count, ..Self::pending(at) }
    }
}
