//! A delivery on disk: where it waits, how it stands, what was tried, and what was given up.

use serde::{Deserialize, Serialize};
use sereno_workflows::dead_letters::Fault;
use sereno_workflows::id::{EndpointId, Sequence};
use sereno_workflows::message::{Button, Message};
use sereno_workflows::time::Timestamp;

use super::access::Signed;
use super::envelope::{Record, fields};
use super::selection::Answered;
use crate::limits::HISTORY_LINES_MAX;

/// A delivery that is waiting or under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRecord {
    /// The event that it carries, or that it goes with.
    pub event: Sequence,
    /// Attempts made so far.
    pub attempts: u32,
    /// A message to a customer, which is carried instead of the event.
    pub tell: Option<Tell>,
    /// How many of the attempts the retry policy no longer counts: somebody had it tried anew.
    pub forgiven: u32,
    /// Where its attempts stand in the log, the latest last.
    pub history: Vec<Sequence>,
    /// The event's type, where it waits to go out together with others of its type.
    pub collect: Option<String>,
}

impl DeliveryRecord {
    /// The delivery of an event before its first attempt.
    pub fn first(event: Sequence) -> Self {
        Self { event, attempts: 0, tell: None, forgiven: 0, history: Vec::new(), collect: None }
    }

    /// The delivery of a message to a customer, which goes with an event, before its first attempt.
    pub fn to_customer(event: Sequence, tell: Tell) -> Self {
        Self { tell: Some(tell), ..Self::first(event) }
    }

    /// The delivery after one more attempt, which stands in the log there.
    #[must_use]
    pub fn attempted(&self, line: Sequence) -> Self {
        let mut next = Self { attempts: self.attempts + 1, ..self.clone() };
        if next.history.len() >= HISTORY_LINES_MAX {
            next.history.remove(0);
        }
        next.history.push(line);
        next
    }
}

/// How far an event has been handed to its many endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FanOutRecord {
    /// When its deliveries were due first.
    pub due: Timestamp,
    /// So many of the event's deliveries, from the first on, need no further thought: each was attempted
    /// or waits in its endpoint's queue.
    pub secured: u32,
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
    /// It failed and will be tried again, or was not tried yet.
    Retrying,
    /// It failed for good.
    Dead,
    /// It goes out as part of another delivery, together with others of its type.
    Collected,
    /// It was not to go any more: what it says is no longer true, or no longer wanted.
    Withdrawn,
}

/// How a delivery stands, kept with its event: once its first attempt has ended, or from the first on where the
/// event does not name it.
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
    /// Where its attempts stand in the log, the latest last.
    pub history: Vec<Sequence>,
    /// Who had it end while it waited, if somebody did.
    pub cancelled: Option<Box<Signed>>,
}

impl DeliveryStatusRecord {
    /// How a delivery stands before its first attempt: it says no more than that it is there.
    pub fn untried(endpoint: EndpointId) -> Self {
        Self {
            endpoint: endpoint.0,
            status: AttemptStatus::Retrying,
            attempts: 0,
            code: -1,
            error: None,
            next_at: None,
            history: Vec::new(),
            cancelled: None,
        }
    }

    /// Whether it arrived, and was answered as what arrives is.
    pub fn simply_arrived(&self) -> bool {
        self.status == AttemptStatus::Sent && Answered::of(self.code) == Answered::Well
    }
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
        /// The beginning of the answer's body.
        #[serde(with = "serde_bytes")]
        response: Vec<u8>,
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
    /// The type of the event.
    pub event_type: String,
    /// The latest answer's code; -1 where there was none.
    pub code: i32,
    /// Whose fault it was.
    pub fault: Fault,
    /// To whom somebody sent its event in its place, if somebody did: the last of them.
    pub handed_on: Option<Box<HandedOn>>,
}

/// That somebody sent an event to another endpoint, since this one does not get it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedOn {
    /// Who, when and why.
    pub signed: Signed,
    /// To which endpoint.
    pub endpoint: u32,
    /// By which delivery.
    pub delivery: Sequence,
}

/// A message on its way before anybody could choose a template for it.
#[derive(Deserialize)]
struct TellBefore {
    to: String,
    text: String,
    buttons: Vec<Button>,
    parameters: Vec<String>,
}

impl From<TellBefore> for Tell {
    fn from(TellBefore { to, text, buttons, parameters }: TellBefore) -> Self {
        Self { to, message: Message { text, buttons, parameters, template: None } }
    }
}

/// Version 1 of [`DeliveryRecord`].
type DeliveryV1 = (Sequence, u32, Option<TellBefore>);

/// Version 2 of it.
type DeliveryV2 = (Sequence, u32, Option<TellBefore>, u32, Vec<Sequence>, Option<String>);

fn first_from((event, attempts, tell): DeliveryV1) -> DeliveryRecord {
    let tell = tell.map(Tell::from);
    DeliveryRecord { attempts, tell, ..DeliveryRecord::first(event) }
}

fn delivery_from(before: DeliveryV2) -> DeliveryRecord {
    let (event, attempts, tell, forgiven, history, collect) = before;
    let tell = tell.map(Tell::from);
    DeliveryRecord { event, attempts, tell, forgiven, history, collect }
}

impl Record for DeliveryRecord {
    const KIND: u16 = 7;
    /// 1: without what was forgiven, history and collecting. 2: without a template that somebody chose.
    const VERSION: u16 = 3;
    const NAME: &'static str = "delivery";

    fn upcast(version: u16, payload: &[u8]) -> Option<Self> {
        match version {
            1 => fields(payload).map(first_from),
            2 => fields(payload).map(delivery_from),
            _ => None,
        }
    }
}

impl Record for DeliveryStatusRecord {
    const KIND: u16 = 8;
    /// 1: without history. 2: without who cancelled it.
    const VERSION: u16 = 3;
    const NAME: &'static str = "delivery status";

    fn upcast(version: u16, payload: &[u8]) -> Option<Self> {
        let (endpoint, status, attempts, code, error, next_at, history) = match version {
            1 => {
                let (endpoint, status, attempts, code, error, next_at) = fields(payload)?;
                (endpoint, status, attempts, code, error, next_at, Vec::new())
            }
            2 => fields(payload)?,
            _ => return None,
        };
        let cancelled = None;
        Some(Self { endpoint, status, attempts, code, error, next_at, history, cancelled })
    }
}

impl Record for LogRecord {
    const KIND: u16 = 9;
    /// 1: without the answer's body.
    const VERSION: u16 = 2;
    const NAME: &'static str = "log";

    fn upcast(version: u16, payload: &[u8]) -> Option<Self> {
        // In both versions a line begins with which of the two it is.
        match (version, payload.split_first()?) {
            (1, (0, _)) => fields(&[payload, &[0]].concat()),
            (1, (_, _)) => fields(payload),
            _ => None,
        }
    }
}

impl Record for DeadLetterRecord {
    const KIND: u16 = 10;
    /// 1: without the event's type, the code and whose fault it was. 2: without a template that somebody chose, and
    /// without to whom it was handed on.
    const VERSION: u16 = 3;
    const NAME: &'static str = "dead letter";

    fn upcast(version: u16, payload: &[u8]) -> Option<Self> {
        let (endpoint, delivery, at, error, event_type, code, fault) = match version {
            1 => {
                let (endpoint, delivery, at, error) = fields(payload)?;
                let (event_type, fault) = (String::new(), Fault::Receiver);
                (endpoint, first_from(delivery), at, error, event_type, -1, fault)
            }
            2 => {
                let (endpoint, delivery, at, error, event_type, code, fault) = fields(payload)?;
                (endpoint, delivery_from(delivery), at, error, event_type, code, fault)
            }
            _ => return None,
        };
        let handed_on = None;
        Some(Self { endpoint, delivery, at, error, event_type, code, fault, handed_on })
    }
}

impl Record for FanOutRecord {
    const KIND: u16 = 15;
    const NAME: &'static str = "fan-out";
}
