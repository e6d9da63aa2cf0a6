//! What is measured of what is counted.

use serde::{Deserialize, Serialize};

/// What is measured, in milliseconds where nothing else is said. On disk by its place: new ones come at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Size {
    /// From the customer's message to the answer to it.
    AnswerTime,
    /// From the beginning of a conversation to its end.
    ConversationTime,
    /// The time to process an event as it was measured before microseconds were; nothing is added to it.
    ProcessingMillis,
    /// From the opening of a handoff to a person's answer.
    HandoffTime,
    /// From the receipt of an event to the end of its last stage before the disk, in microseconds.
    ProcessingTime,
    /// From the opening of a handoff to the first time that somebody took it.
    ClaimTime,
    /// From the opening of a handoff to its end.
    ResolveTime,
}

impl Size {
    /// All of them that are told of.
    pub const ALL: [Self; 6] = [
        Self::AnswerTime,
        Self::ConversationTime,
        Self::ProcessingTime,
        Self::HandoffTime,
        Self::ClaimTime,
        Self::ResolveTime,
    ];

    /// How many of what it is measured in are a millisecond.
    pub fn per_millisecond(self) -> u64 {
        match self {
            Self::AnswerTime
            | Self::ConversationTime
            | Self::ProcessingMillis
            | Self::HandoffTime
            | Self::ClaimTime
            | Self::ResolveTime => 1,
            Self::ProcessingTime => 1_000,
        }
    }

    /// Its name outside.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AnswerTime => "ai_response_time",
            Self::ConversationTime => "conversation_duration",
            Self::ProcessingMillis => "processing_millis",
            Self::ProcessingTime => "processing_time",
            Self::HandoffTime => "handoff_response_time",
            Self::ClaimTime => "handoff_claim_time",
            Self::ResolveTime => "handoff_resolve_time",
        }
    }
}
