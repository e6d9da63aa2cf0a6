//! What stands on disk: records in a versioned, checked envelope. The only file that names bincode.
//!
//! ```text
//! [codec 1 B] [kind 2 B] [schema version 2 B] [crc32 of the payload 4 B] [payload]
//! ```
//! A record of another kind, of a version from the future, with a wrong checksum or with bytes left
//! over is an error that names the record, never a panic and never a wrong value. A struct here is
//! frozen once it has been released: a change is a new version beside the old one.

pub mod key;

use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sereno_workflows::effect::Signal;
use sereno_workflows::endpoint::Health;
use sereno_workflows::handoff::Handoff;
use sereno_workflows::id::{EntityKey, Sequence};
use sereno_workflows::message::Message;
use sereno_workflows::reservation::Reservation;
use sereno_workflows::tenant::Breaches;
use sereno_workflows::time::Timestamp;
use thiserror::Error;

use crate::limits::{RECORD_BYTES_MAX, VALUE_BYTES_MAX};

const CODEC: u8 = 1;
const HEAD_BYTES: usize = 9;
const CONFIG: Configuration<LittleEndian, Varint, Limit<RECORD_BYTES_MAX>> =
    bincode::config::standard().with_limit::<RECORD_BYTES_MAX>();

/// Why bytes are not the record that they should be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RecordError {
    /// They were written by something newer.
    #[error("a {name} record of version {version} was written by a newer sereno; use that one")]
    Newer {
        /// The kind of record.
        name: &'static str,
        /// Its version.
        version: u16,
    },
    /// They are not what was written.
    #[error("a {name} record is damaged: {problem}")]
    Damaged {
        /// The kind of record.
        name: &'static str,
        /// What does not fit.
        problem: &'static str,
    },
}

/// A type that stands on disk.
pub trait Record: Serialize + DeserializeOwned {
    /// The kind's number, never given to another.
    const KIND: u16;
    /// The version that is written.
    const VERSION: u16 = 1;
    /// The kind's name, for errors.
    const NAME: &'static str;

    /// The record that an older version's payload stands for; every version that was ever released is
    /// read for ever.
    fn upcast(_version: u16, _payload: &[u8]) -> Option<Self> {
        None
    }
}

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
}

/// An API key, found by its token's hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecord {
    /// The key's own id.
    pub id: String,
    /// The tenant that it opens.
    pub tenant: String,
    /// What people call it.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
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
    /// Its deliveries: endpoint and delivery.
    pub deliveries: Vec<(u32, Sequence)>,
    /// The body as it is delivered, without the phone number.
    pub body: Vec<u8>,
}

/// The state of an entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StateRecord {
    /// A booking.
    Reservation(Reservation),
    /// A handoff.
    Handoff(Handoff),
    /// The tenant as a whole.
    Tenant(Breaches),
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

/// A delivery that is waiting or under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRecord {
    /// The event that it carries, or that it goes with.
    pub event: Sequence,
    /// Attempts made so far.
    pub attempts: u32,
    /// A message to a customer, which is carried instead of the event.
    pub tell: Option<Tell>,
}

/// A message on its way to a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tell {
    /// The customer's number.
    pub to: String,
    /// The message.
    pub message: Message,
}

/// What an attempt came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttemptStatus {
    /// It arrived.
    Sent,
    /// It failed and will be tried again.
    Retrying,
    /// It failed for good.
    Dead,
}

/// How a delivery stands, kept with its event once its first attempt has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryStatusRecord {
    /// The endpoint.
    pub endpoint: u32,
    /// What the latest attempt came to.
    pub status: AttemptStatus,
    /// Attempts made.
    pub attempts: u32,
    /// The latest answer's code; -1 where there was none.
    pub code: i32,
    /// The latest error.
    pub error: Option<String>,
    /// When the next attempt is due.
    pub next_at: Option<Timestamp>,
}

/// A line of the notification log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogRecord {
    /// One attempt.
    Attempt {
        /// The endpoint.
        endpoint: u32,
        /// The delivery.
        delivery: Sequence,
        /// The event.
        event: Sequence,
        /// Its type.
        event_type: String,
        /// What it came to.
        status: AttemptStatus,
        /// The answer's code; -1 where there was none.
        code: i32,
        /// What went wrong.
        error: Option<String>,
        /// The attempt's number, from 1.
        attempt: u32,
        /// How long it took.
        duration_ms: u32,
        /// When it began.
        began_at: Timestamp,
        /// The text of a message to a customer; other payloads are read from the event.
        message: Option<String>,
    },
    /// Endpoints whose filters did not want an event.
    Filtered {
        /// The event.
        event: Sequence,
        /// Its type.
        event_type: String,
        /// The endpoints, and why.
        endpoints: Vec<(u32, FilteredBy)>,
    },
}

/// Why an endpoint did not get an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FilteredBy {
    /// It is disabled.
    Disabled,
    /// Its event types do not list it.
    Type,
    /// Its intents do not list it.
    Intent,
}

/// A delivery that was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetterRecord {
    /// The endpoint.
    pub endpoint: u32,
    /// The delivery as it last stood.
    pub delivery: DeliveryRecord,
    /// When it was given up.
    pub at: Timestamp,
    /// Why.
    pub error: String,
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
    TenantRecord = 1 "tenant",
    KeyRecord = 2 "key",
    EndpointRecord = 3 "endpoint",
    EventRecord = 4 "event",
    StateRecord = 5 "state",
    TimerRecord = 6 "timer",
    DeliveryRecord = 7 "delivery",
    DeliveryStatusRecord = 8 "delivery status",
    LogRecord = 9 "log",
    DeadLetterRecord = 10 "dead letter",
    QuarantineRecord = 11 "quarantine",
    HealthRecord = 12 "health",
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

/// A record in its envelope.
pub fn encode<R: Record>(record: &R) -> Vec<u8> {
    let payload = bincode::serde::encode_to_vec(record, CONFIG);
    let payload = payload.expect("records are plain data, which always serialises");
    assert!(payload.len() <= RECORD_BYTES_MAX, "a record that could not be read back");
    let mut bytes = Vec::with_capacity(HEAD_BYTES + payload.len());
    bytes.push(CODEC);
    bytes.extend_from_slice(&R::KIND.to_le_bytes());
    bytes.extend_from_slice(&R::VERSION.to_le_bytes());
    bytes.extend_from_slice(&crc32fast::hash(&payload).to_le_bytes());
    bytes.extend_from_slice(&payload);
    bytes
}

/// The record in an envelope.
pub fn decode<R: Record>(bytes: &[u8]) -> Result<R, RecordError> {
    let damaged = |problem| RecordError::Damaged { name: R::NAME, problem };
    let (head, payload) = bytes.split_at_checked(HEAD_BYTES).ok_or(damaged("it is too short"))?;
    let [codec, k0, k1, v0, v1, c0, c1, c2, c3] = *head else {
        return Err(damaged("it is too short"));
    };
    if codec != CODEC || u16::from_le_bytes([k0, k1]) != R::KIND {
        return Err(damaged("it is of another kind"));
    }
    let version = u16::from_le_bytes([v0, v1]);
    if version > R::VERSION {
        return Err(RecordError::Newer { name: R::NAME, version });
    }
    if u32::from_le_bytes([c0, c1, c2, c3]) != crc32fast::hash(payload) {
        return Err(damaged("its checksum does not fit"));
    }
    if version < R::VERSION {
        return R::upcast(version, payload).ok_or(damaged("it is of a version that never was"));
    }
    fields(payload).ok_or(damaged("its fields do not fit"))
}

/// What a payload says, to its last byte.
fn fields<T: DeserializeOwned>(payload: &[u8]) -> Option<T> {
    let (fields, used) = bincode::serde::decode_from_slice(payload, CONFIG).ok()?;
    (used == payload.len()).then_some(fields)
}

/// Whether a value of the store is as it was written, as far as its envelope says; `key` as in [`key`].
pub fn is_whole(key: &[u8], value: &[u8]) -> bool {
    // Places and pieces have no envelope, and long values go on in pieces.
    if matches!(key.first(), Some(0 | b'C' | b'I' | b'W')) || value.len() == VALUE_BYTES_MAX {
        return true;
    }
    let Some((&[CODEC, _, _, _, _, c0, c1, c2, c3], payload)) =
        value.split_first_chunk::<HEAD_BYTES>()
    else {
        return false;
    };
    u32::from_le_bytes([c0, c1, c2, c3]) == crc32fast::hash(payload)
}

#[cfg(test)]
mod golden;
#[cfg(test)]
mod tests;
