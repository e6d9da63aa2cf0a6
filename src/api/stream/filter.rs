//! What a client of the stream wants to hear of.

use sereno_actors::stream::{Happening, Subject, What};
use sereno_workflows::id::{EndpointId, EntityKind};
use sereno_workflows::invalid::Invalid;
use sereno_workflows::search::Types;

use super::super::App;
use super::super::deliveries::endpoint_number;
use super::super::error::Problem;
use super::super::request::{Caller, ListQuery};

const KNOWN: [&str; 7] = [
    "kind",
    "type",
    "endpoint_id",
    "conversation_id",
    "reservation_id",
    "user_id",
    "last_event_id",
];
const KINDS: [&str; 4] = ["event", "delivery", "state", "timer"];
const SUBJECTS: [(&str, Subject); 3] = [
    ("conversation_id", Subject::Conversation),
    ("reservation_id", Subject::Reservation),
    ("user_id", Subject::User),
];
const EVENTS: &str = "/api/v1/events";
const DELIVERIES: &str = "/api/v1/deliveries";
const TIMERS: &str = "/api/v1/timers";
const RESERVATIONS: &str = "/api/v1/reservations";
const HANDOFFS: &str = "/api/v1/handoffs";
const CONVERSATIONS: &str = "/api/v1/conversations";
const LISTS: [&str; 6] = [EVENTS, DELIVERIES, TIMERS, RESERVATIONS, HANDOFFS, CONVERSATIONS];
/// Bytes of an id.
const ID_BYTES_MAX: usize = 1_000;

/// What is wanted; what is left out is not asked for.
pub(super) struct Filter {
    kinds: Vec<&'static str>,
    types: Option<Types>,
    endpoint: Option<EndpointId>,
    /// Each by one of its names.
    subjects: Vec<(Subject, Vec<String>)>,
    /// What the caller may look at, by its list.
    seen: Vec<&'static str>,
}

impl Filter {
    pub(super) fn read(app: &App, query: &ListQuery, caller: &Caller) -> Result<Self, Problem> {
        query.only(&KNOWN)?;
        let kinds = query.get("kind").map(read_kinds).transpose()?.unwrap_or_default();
        let types = query.get("type").map(|text| Types::read(Some(text))).transpose()?;
        let endpoint = query.get("endpoint_id").map(endpoint_number).transpose()?.map(EndpointId);
        let mut subjects = Vec::new();
        for (name, subject) in SUBJECTS {
            match query.get(name) {
                Some(id) if id.len() > ID_BYTES_MAX => {
                    return Err(Invalid::new(name, format!("at most {ID_BYTES_MAX} bytes")).into());
                }
                Some(id) if subject != Subject::User => {
                    subjects.push((subject, app.engine.names_of(&caller.tenant, id)?));
                }
                found => subjects.extend(found.map(|id| (subject, vec![id.to_owned()]))),
            }
        }
        let seen = LISTS.into_iter().filter(|list| caller.may_look_at(list)).collect();
        Ok(Self { kinds, types, endpoint, subjects, seen })
    }

    /// Whether the caller may know of it, and all that was asked for is so.
    pub(super) fn wants(&self, happening: &Happening) -> bool {
        let of_type = |types: &Types| happening.event_type().is_some_and(|own| types.wants(own));
        list_of(happening).is_some_and(|list| self.seen.contains(&list))
            && (self.kinds.is_empty() || self.kinds.contains(&kind(happening)))
            && self.types.as_ref().is_none_or(of_type)
            && self.endpoint.is_none_or(|endpoint| happening.is_of(endpoint))
            && self
                .subjects
                .iter()
                .all(|(subject, names)| names.iter().any(|id| happening.is_about(*subject, id)))
    }
}

/// Of what kind it is.
pub(super) fn kind(happening: &Happening) -> &'static str {
    match &happening.what {
        What::Event(_) => "event",
        What::Delivery(_) | What::Filtered(..) => "delivery",
        What::State(..) => "state",
        What::Timer { .. } => "timer",
    }
}

/// The list that shows the same: whoever may not see that one is not told of it here either.
fn list_of(happening: &Happening) -> Option<&'static str> {
    let list = match &happening.what {
        What::Event(_) => EVENTS,
        What::Delivery(_) | What::Filtered(..) => DELIVERIES,
        What::Timer { .. } => TIMERS,
        What::State(entity, _) => match entity.kind {
            EntityKind::Reservation => RESERVATIONS,
            EntityKind::Handoff => HANDOFFS,
            EntityKind::Conversation => CONVERSATIONS,
            // Nothing is told of these.
            EntityKind::Tenant
            | EntityKind::DeadLetters
            | EntityKind::Endpoint
            | EntityKind::Lead
            | EntityKind::Product
            | EntityKind::Alerts
            | EntityKind::Reports => return None,
        },
    };
    Some(list)
}

fn read_kinds(text: &str) -> Result<Vec<&'static str>, Invalid> {
    let kind = |word: &str| {
        let known = KINDS.into_iter().find(|known| *known == word.trim());
        known.ok_or_else(|| {
            let problem = format!("'{word}' is not one of {}", KINDS.join(", "));
            Invalid::new("kind", problem)
        })
    };
    text.split(',').map(kind).collect()
}
