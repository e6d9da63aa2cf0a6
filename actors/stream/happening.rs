//! What happened, as a stream tells of it.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use serde_json::Value;
use sereno_workflows::id::{EndpointId, EntityKey, EntityKind, Sequence};
use sereno_workflows::search::id_in;
use sereno_workflows::time::Timestamp;

use super::place::Place;
use crate::record::{DeliveryStatusRecord, EventRecord, FilteredBy, StateRecord};

/// One thing that happened to a tenant.
#[derive(Debug)]
pub struct Happening {
    /// Its place, behind it.
    pub place: Place,
    /// About when it was recorded.
    pub at: Timestamp,
    /// What it is.
    pub what: What,
    /// How it is told, once the first of those who listen has put it into words.
    pub told: OnceLock<String>,
}

/// What happened.
#[derive(Debug)]
pub enum What {
    /// An event was recorded.
    Event(Arc<Recorded>),
    /// A delivery stands differently: it was attempted, or what came of it changed.
    Delivery(Box<Stands>),
    /// Endpoints did not get an event.
    Filtered(Arc<Recorded>, Vec<(u32, FilteredBy)>),
    /// A booking, a handoff or a conversation changed.
    State(EntityKey, Box<StateRecord>),
    /// An entity waits for something, or no longer.
    Timer {
        /// The entity.
        entity: EntityKey,
        /// What for, such as `reminder.24h`, as far as that is known.
        kind: Option<String>,
        /// Until when.
        due: Timestamp,
        /// Whether it is to come; otherwise it came, or is no longer needed.
        is_set: bool,
        /// Where it is over, what the entity still waits for.
        left: Vec<(String, Timestamp)>,
    },
}

/// How a delivery stands.
#[derive(Debug)]
pub struct Stands {
    /// Its event.
    pub event: Arc<Recorded>,
    /// To whom it goes.
    pub endpoint: EndpointId,
    /// Which it is.
    pub delivery: Sequence,
    /// How it stands.
    pub status: DeliveryStatusRecord,
    /// The attempt that led to it, if one did.
    pub attempt: Option<Attempted>,
}

/// An attempt that led to how a delivery stands.
#[derive(Debug, Clone, Copy)]
pub struct Attempted {
    /// When it began.
    pub began_at: Timestamp,
    /// How long it took.
    pub duration_ms: u32,
}

/// An event with its place; without its body where it is no longer kept.
#[derive(Debug)]
pub struct Recorded {
    /// Where it stands.
    pub place: Sequence,
    /// The event.
    pub event: EventRecord,
    /// What its data names, once somebody asks for it.
    ids: OnceLock<Named>,
}

#[derive(Debug)]
struct Named {
    conversation: Option<String>,
    user: Option<String>,
    reservation: Option<String>,
}

/// Which thing is asked for by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A conversation, or the handoff of it.
    Conversation,
    /// A user.
    User,
    /// A booking.
    Reservation,
}

impl Recorded {
    pub(super) fn new(place: Sequence, event: EventRecord) -> Self {
        Self { place, event, ids: OnceLock::new() }
    }

    fn names(&self, subject: Subject, id: &str) -> bool {
        let named = self.ids.get_or_init(|| {
            let body: Value = serde_json::from_slice(&self.event.body).unwrap_or_default();
            let data = body.get("data").unwrap_or(&Value::Null);
            let named = |field| id_in(data, field).map(Cow::into_owned);
            Named {
                conversation: named("conversation_id"),
                user: named("user_id"),
                reservation: named("reservation_id"),
            }
        });
        let named = match subject {
            Subject::Conversation => &named.conversation,
            Subject::User => &named.user,
            Subject::Reservation => &named.reservation,
        };
        named.as_deref() == Some(id)
            || self.event.entity.as_ref().is_some_and(|e| is(e, subject, id))
    }
}

/// Whether an entity is this.
fn is(entity: &EntityKey, subject: Subject, id: &str) -> bool {
    let kinds: &[EntityKind] = match subject {
        Subject::Conversation => &[EntityKind::Conversation, EntityKind::Handoff],
        Subject::User => &[],
        Subject::Reservation => &[EntityKind::Reservation],
    };
    kinds.contains(&entity.kind) && entity.id == id
}

impl Happening {
    /// The event that it is or is about.
    fn event(&self) -> Option<&Recorded> {
        match &self.what {
            What::Event(event) | What::Filtered(event, _) => Some(event),
            What::Delivery(stands) => Some(&stands.event),
            What::State(..) | What::Timer { .. } => None,
        }
    }

    /// The type of the event that it is or is about.
    pub fn event_type(&self) -> Option<&str> {
        self.event().map(|event| event.event.event_type.as_str())
    }

    /// Whether it is about what goes to an endpoint.
    pub fn is_of(&self, endpoint: EndpointId) -> bool {
        match &self.what {
            What::Delivery(stands) => stands.endpoint == endpoint,
            What::Filtered(_, endpoints) => endpoints.iter().any(|(id, _)| *id == endpoint.0),
            What::Event(_) | What::State(..) | What::Timer { .. } => false,
        }
    }

    /// Whether it is about the one with this id.
    pub fn is_about(&self, subject: Subject, id: &str) -> bool {
        match &self.what {
            What::State(entity, _) | What::Timer { entity, .. } => is(entity, subject, id),
            What::Event(_) | What::Delivery(_) | What::Filtered(..) => {
                self.event().is_some_and(|event| event.names(subject, id))
            }
        }
    }

    /// About how many bytes it takes up.
    pub(super) fn bytes(&self) -> usize {
        const BESIDES: usize = 512;
        // What it is, and about as much in words.
        let own = match &self.what {
            What::Event(event) => 2 * event.event.body.len(),
            What::Filtered(_, endpoints) => 64 * endpoints.len(),
            What::State(..) => BESIDES,
            What::Timer { left, .. } => 128 * left.len(),
            What::Delivery(_) => 0,
        };
        BESIDES + own
    }
}
