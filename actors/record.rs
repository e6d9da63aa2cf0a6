//! What stands on disk: records in a versioned, checked [`envelope`].
//!
//! A struct here is frozen once it has been released: a change is a new version beside the old one, which
//! is read for ever.

mod access;
mod acknowledged;
mod alerts;
mod conversation;
mod deleted;
mod deliveries;
mod delivery;
pub mod envelope;
mod handoff;
mod idempotency;
mod inbound;
mod job;
pub mod key;
mod mirror;
mod people;
mod provider;
mod selection;
mod source;
mod state;
mod statistics;
mod story;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sereno_workflows::alerts::Alerts;
use sereno_workflows::conversation::Conversation;
use sereno_workflows::dead_letters::Pile;
use sereno_workflows::effect::Signal;
use sereno_workflows::endpoint::Health;
use sereno_workflows::handoff::Handoff;
use sereno_workflows::id::{EntityKey, Sequence};
use sereno_workflows::lead::Lead;
use sereno_workflows::product::Product;
use sereno_workflows::report::Reports;
use sereno_workflows::reservation::Reservation;
use sereno_workflows::statistics::Channel;
use sereno_workflows::tenant::Breaches;
use sereno_workflows::time::Timestamp;
use sereno_workflows::trace::TraceContext;

pub use self::access::{
    Actor, AuditRecord, EndedSessionRecord, Issuer, KeyRecord, LinkRecord, Signed,
};
pub use self::acknowledged::AcknowledgedRecord;
pub use self::deleted::DeletedRecord;
pub use self::deliveries::Deliveries;
pub use self::delivery::{
    AttemptStatus, DeadLetterRecord, DeliveryRecord, DeliveryStatusRecord, FanOutRecord,
    FilteredBy, HandedOn, LogRecord, Tell,
};
use self::envelope::fields;
pub use self::envelope::{Record, RecordError, decode, encode, is_whole};
pub use self::idempotency::IdempotencyRecord;
pub use self::inbound::{InboundFate, InboundRecord, InboundState, Verdict};
pub use self::job::{Hindrance, JobRecord, JobState, JobTask, NotDone};
pub use self::mirror::MirroredRecord;
pub use self::people::{HistoryKind, HistoryRecord, ViewerRecord};
pub use self::provider::{ProviderStatusRecord, ReceiptRecord, WindowRecord};
pub use self::selection::{Answered, Selection};
pub use self::source::ReplayRecord;
pub use self::statistics::SlotRecord;
pub use self::story::{
    EnrichedRecord, FailedRecord, InputPieceRecord, SearchRecord, SetAsideRecord, Stage,
    StepRecord, StoryRecord, TimeRecord, TimesRecord,
};

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantRecord {
    /// Its name for people.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The settings as JSON, sealed, since they hold passwords.
    pub settings: Vec<u8>,
    /// The key of its phone hash, sealed.
    pub phone_key: Vec<u8>,
    /// Who paused which of its channels.
    pub pauses: Vec<(Channel, Signed)>,
}

/// An endpoint; everything but its secrets is in the clear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointRecord {
    /// The endpoint as JSON, without its secrets.
    pub config: Vec<u8>,
    /// Its secrets as JSON, sealed.
    pub secrets: Vec<u8>,
}

/// Where an event came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// The HTTP API.
    Api,
    /// A workflow.
    Workflow,
    /// A customer's message.
    Customer,
    /// A test of an endpoint.
    Test,
    /// A person, in place of one that was given up.
    Edited,
    /// Others of one type, which go out together.
    Digest,
    /// A letter that came in, and tells of no customer.
    Inbound,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Api,
        Self::Workflow,
        Self::Customer,
        Self::Test,
        Self::Edited,
        Self::Digest,
        Self::Inbound,
    ];

    /// The source as it is shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Workflow => "workflow",
            Self::Customer => "customer",
            Self::Test => "test",
            Self::Edited => "edited",
            Self::Digest => "digest",
            Self::Inbound => "inbound",
        }
    }
}

/// An event as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRecord {
    /// Its id.
    pub id: String,
    /// Its type.
    pub event_type: String,
    /// When it happened, as its teller says.
    pub at: Timestamp,
    /// Where it came from.
    pub source: Source,
    /// The entity that it is about, if a workflow cares.
    pub entity: Option<EntityKey>,
    /// Why the entity did not follow it, if it did not.
    pub ignored: Option<String>,
    /// The event that led to it, if one did.
    pub cause: Option<Sequence>,
    /// Its deliveries.
    pub deliveries: Deliveries,
    /// The body as it is delivered, without the phone number.
    pub body: Bytes,
    /// Its way through the pipeline, for what came in from outside.
    pub story: Option<Box<StoryRecord>>,
    /// Its place in the trace that it belongs to, if somebody follows it.
    pub trace: Option<TraceContext>,
}

/// The state of an entity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum StateRecord {
    /// A booking.
    Reservation(Reservation),
    /// A handoff.
    Handoff(Handoff),
    /// The tenant as a whole.
    Tenant(Breaches),
    /// The tenant's dead letters.
    DeadLetters(Pile),
    /// A conversation.
    Conversation(Conversation),
    /// A person.
    Lead(Lead),
    /// A product that people looked at.
    Product(Product),
    /// The tenant's alerts.
    Alerts(Alerts),
    /// The tenant's reports.
    Reports(Reports),
}

/// Why an entity must be woken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TimerRecord {
    /// Its own alarm, set under this generation.
    Alarm {
        /// The generation.
        generation: u32,
    },
    /// Another entity tells it something.
    Signal(Signal),
}

/// A wake that killed its actor again and again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantineRecord {
    /// The entity.
    pub entity: EntityKey,
    /// When it was due.
    pub due: Timestamp,
    /// When it was given up.
    pub at: Timestamp,
}

/// An endpoint's health.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthRecord(pub Health);

/// How far a tenant's events and log were looked through for what has outlived its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CleanedRecord {
    /// Events before this are gone, but for what came in from outside and is kept for longer.
    pub events: Sequence,
    /// What came in from outside before this is gone.
    pub inbound: Sequence,
    /// Lines of the log before this are gone.
    pub attempts: Sequence,
}

/// Why an event that has outlived its time is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LeftoverRecord {
    /// Some of its deliveries have not come to their end.
    Awaited,
    /// It goes piece by piece.
    Going,
}

/// A fact about the data directory itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetaRecord(pub Vec<u8>);

macro_rules! records {
    ($($type:ty = $kind:literal $name:literal),+ $(,)?) => {
        $(impl Record for $type {
            const KIND: u16 = $kind;
            const NAME: &'static str = $name;
        })+
    };
}

records! {
    EndpointRecord = 3 "endpoint",
    TimerRecord = 6 "timer",
    QuarantineRecord = 11 "quarantine",
    CleanedRecord = 14 "cleaned",
    LeftoverRecord = 16 "leftover",
    ReceiptRecord = 40 "receipt",
    ProviderStatusRecord = 41 "provider status",
    WindowRecord = 42 "window",
    ReplayRecord = 55 "replay",
    SetAsideRecord = 70 "set aside",
    InputPieceRecord = 71 "input piece",
    TimesRecord = 72 "times",
    MirroredRecord = 75 "mirrored",
    SearchRecord = 73 "search",
    IdempotencyRecord = 74 "idempotency",
    DeletedRecord = 81 "deleted",
    EndedSessionRecord = 90 "ended session",
    LinkRecord = 91 "link",
    AcknowledgedRecord = 93 "acknowledged",
}

impl Record for TenantRecord {
    const KIND: u16 = 1;
    /// 1: without who paused its channels.
    const VERSION: u16 = 2;
    const NAME: &'static str = "tenant";

    fn upcast(version: u16, payload: &[u8]) -> Option<Self> {
        // What was added stands at the end, and none of them is one byte.
        (version == 1).then(|| fields(&[payload, &[0]].concat()))?
    }
}

impl Record for StateRecord {
    const KIND: u16 = 5;
    /// 1: a lead without when it last said what it wishes. 2: alerts without when people were told of them. 3: a
    /// handoff without who has taken it. 4: a handoff that cannot be put off, each as urgent as another,
    /// and a conversation that no person can hold. 5: alerts without as what people were told of them. 6: a
    /// conversation in which what people wrote is not counted apart. 7: alerts without since when what people were
    /// told of them is watched no more.
    const VERSION: u16 = 8;
    const NAME: &'static str = "state";

    fn upcast(version: u16, payload: &[u8]) -> Option<Self> {
        match version {
            1 => fields::<people::StateV1>(payload).map(Self::from),
            2 => fields::<state::StateV2>(payload).map(Self::from),
            3 => fields::<state::StateV3>(payload).map(Self::from),
            4 => fields::<state::StateV4>(payload).map(Self::from),
            5 => fields::<state::StateV5>(payload).map(Self::from),
            6 => fields::<state::StateV6>(payload).map(Self::from),
            7 => fields::<state::StateV7>(payload).map(Self::from),
            _ => None,
        }
    }
}

impl Record for EventRecord {
    const KIND: u16 = 4;
    /// 1: each delivery with a number of its own. 2: without its way through the pipeline. 3: without its
    /// place in a trace.
    const VERSION: u16 = 4;
    const NAME: &'static str = "event";

    fn upcast(version: u16, payload: &[u8]) -> Option<Self> {
        let (id, event_type, at, source, entity, ignored, cause, deliveries, body, story) =
            match version {
                1 => {
                    let (id, event_type, at, source, entity, ignored, cause, deliveries, body) =
                        fields(payload)?;
                    let deliveries = Deliveries::Each(deliveries);
                    (id, event_type, at, source, entity, ignored, cause, deliveries, body, None)
                }
                2 => {
                    let (id, event_type, at, source, entity, ignored, cause, deliveries, body) =
                        fields(payload)?;
                    (id, event_type, at, source, entity, ignored, cause, deliveries, body, None)
                }
                3 => fields(payload)?,
                _ => return None,
            };
        let trace = None;
        Some(Self {
            id,
            event_type,
            at,
            source,
            entity,
            ignored,
            cause,
            deliveries,
            body,
            story,
            trace,
        })
    }
}

impl Record for HealthRecord {
    const KIND: u16 = 12;
    /// 1: the count of failures and the latest times alone.
    const VERSION: u16 = 2;
    const NAME: &'static str = "health";

    fn upcast(version: u16, payload: &[u8]) -> Option<Self> {
        if version != 1 {
            return None;
        }
        let (failures_in_a_row, last_success_at, last_failure_at) = fields(payload)?;
        let times = Health { last_success_at, last_failure_at, ..Health::default() };
        Some(Self(Health { failures_in_a_row, ..times }))
    }
}

impl Record for MetaRecord {
    const KIND: u16 = 13;
    /// 1: as it is now, in a store that is an index alone. A sereno that knows nothing of the journal
    /// would lose what is only there, so it is to refuse the directory by this record.
    const VERSION: u16 = 2;
    const NAME: &'static str = "meta";

    fn upcast(version: u16, payload: &[u8]) -> Option<Self> {
        fields(payload).filter(|_| version == 1)
    }
}

#[cfg(test)]
mod golden;
#[cfg(test)]
mod tests;
