//! How an event came through the pipeline: what each stage took, what it was enriched with, why it
//! stands aside.

use serde::{Deserialize, Serialize};
use sereno_workflows::time::Timestamp;

/// A stage of the pipeline, in the order in which an event passes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Stage {
    /// It is held against what the tenant takes and what its type needs.
    Validate,
    /// What is known beside it is added.
    Enrich,
    /// Whose it is is found.
    Route,
    /// The workflow decides.
    Process,
    /// It becomes durable.
    Store,
    /// Those hear of it who act on it.
    Trigger,
}

impl Stage {
    /// All of them, in order.
    pub const ALL: [Self; 6] =
        [Self::Validate, Self::Enrich, Self::Route, Self::Process, Self::Store, Self::Trigger];

    /// The stage as it is shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Validate => "validate",
            Self::Enrich => "enrich",
            Self::Route => "route",
            Self::Process => "process",
            Self::Store => "store",
            Self::Trigger => "trigger",
        }
    }
}

/// When a stage began and what it took, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StepRecord {
    /// From the event's reception to the beginning of the stage.
    pub after: u64,
    /// From its beginning to its end.
    pub took: u64,
}

/// What an event was enriched with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EnrichedRecord {
    /// The day of the week in the tenant's zone; 0 is Monday.
    pub weekday: u8,
    /// Whether the business was open; `None` where the tenant said nothing of it.
    pub is_business_hours: Option<bool>,
    /// The holiday that it was.
    pub holiday: Option<String>,
    /// Who it is about: a lead's id.
    pub user: Option<String>,
}

/// Where and why an event stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedRecord {
    /// The stage that failed each time.
    pub stage: Stage,
    /// Why, as far as it is known.
    pub reason: String,
    /// Into how many pieces its data is cut that is kept for another time.
    pub pieces: u16,
}

/// An event's way through the pipeline, up to its record. What the stages after that took is not known
/// when it is written; see [`TimesRecord`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StoryRecord {
    /// From the event's reception to its place in the log, in microseconds.
    pub received_before: u64,
    /// The stages from the first on: validate, enrich, route, and process where a workflow decides.
    pub steps: Vec<StepRecord>,
    /// What it was enriched with.
    pub enriched: EnrichedRecord,
    /// Why it stands aside, if it does.
    pub failed: Option<FailedRecord>,
}

/// What storing and triggering took, for many events of a tenant: written with a later commit, since no
/// frame can hold the time of its own sync.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TimesRecord(pub Vec<TimeRecord>);

/// What storing and triggering one event took, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TimeRecord {
    /// Its place in the log, as the distance from the one before; the first as it is.
    pub step: u64,
    /// From its place in the log to the hand-over to the writer.
    pub handed_after: u32,
    /// From there until it was durable.
    pub stored: u32,
    /// From there until all had been told who act on it.
    pub triggered: u32,
}

/// An event that stands aside, with what it needs to be put through again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAsideRecord {
    /// When.
    pub at: Timestamp,
    /// How often an actor died on it.
    pub deaths: u32,
}

/// A piece of the data of an event that stands aside, as its teller sent it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputPieceRecord(#[serde(with = "serde_bytes")] pub Vec<u8>);

/// The search index that was built from this ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchRecord {
    /// The index's own id: another index does not fit.
    pub id: String,
}
