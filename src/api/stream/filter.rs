//! What a client of the stream wants to hear of.

use sereno_actors::stream::{Happening, Subject, What};
use sereno_workflows::id::EndpointId;
use sereno_workflows::invalid::Invalid;
use sereno_workflows::search::Types;

use super::super::deliveries::endpoint_number;
use super::super::error::Problem;
use super::super::request::ListQuery;

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
/// Bytes of an id.
const ID_BYTES_MAX: usize = 1_000;

/// What is wanted; what is left out is not asked for.
pub(super) struct Filter {
    kinds: Vec<&'static str>,
    types: Option<Types>,
    endpoint: Option<EndpointId>,
    subjects: Vec<(Subject, String)>,
}

impl Filter {
    pub(super) fn read(query: &ListQuery) -> Result<Self, Problem> {
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
                found => subjects.extend(found.map(|id| (subject, id.to_owned()))),
            }
        }
        Ok(Self { kinds, types, endpoint, subjects })
    }

    /// Whether all that was asked for is so.
    pub(super) fn wants(&self, happening: &Happening) -> bool {
        let of_type = |types: &Types| happening.event_type().is_some_and(|own| types.wants(own));
        (self.kinds.is_empty() || self.kinds.contains(&kind(happening)))
            && self.types.as_ref().is_none_or(of_type)
            && self.endpoint.is_none_or(|endpoint| happening.is_of(endpoint))
            && self.subjects.iter().all(|(subject, id)| happening.is_about(*subject, id))
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
