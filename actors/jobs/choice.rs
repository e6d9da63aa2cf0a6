//! Which deliveries are chosen by what they are: the same for lists and for jobs.

mod stretches;

use serde_json::Value;
use sereno_workflows::id::{EndpointId, Sequence};
use sereno_workflows::search::{Query, Searchable};

use crate::endpoint::standing::{channel, standing};
use crate::record::{Answered, DeliveryStatusRecord, EventRecord, Selection};
use crate::view::TenantView;

/// A selection, ready to be held against many.
#[derive(Debug, Clone)]
pub struct Choice<'a> {
    selection: &'a Selection,
    query: Option<Query>,
}

impl<'a> Choice<'a> {
    /// Of a selection. What its text asks for nobody finds, where it is longer than a question may be.
    pub fn new(selection: &'a Selection) -> Self {
        let query = selection.query.as_deref();
        let query = query.map(|text| Query::read(text).unwrap_or_default());
        Self { selection, query }
    }

    /// Whether deliveries of this event are meant, as far as the event can say.
    pub fn wants_event(&self, event: &EventRecord) -> bool {
        self.selection.wants_type(&event.event_type)
            && self.query.as_ref().is_none_or(|query| says(event, query))
    }

    /// Whether this delivery of such an event is meant.
    pub fn wants_delivery(
        &self,
        view: &TenantView,
        (endpoint, delivery): (EndpointId, Sequence),
        status: Option<&DeliveryStatusRecord>,
    ) -> bool {
        let stands = || standing(view, (endpoint, delivery), status).0;
        let Selection { status: word, channel: by, answered, .. } = self.selection;
        let tried = status.filter(|status| status.attempts > 0);
        let last = tried.map(|status| Answered::of(status.code));
        self.selection.wants_endpoint(endpoint.0)
            && word.as_deref().is_none_or(|wanted| wanted == stands())
            && by.is_none_or(|wanted| channel(view, endpoint) == Some(wanted))
            && answered.is_none_or(|wanted| last == Some(wanted))
    }
}

fn says(event: &EventRecord, query: &Query) -> bool {
    let body: Value = serde_json::from_slice(&event.body).unwrap_or_default();
    let data = body.get("data").unwrap_or(&Value::Null);
    query.finds(&Searchable { id: &event.id, event_type: &event.event_type, data })
}
