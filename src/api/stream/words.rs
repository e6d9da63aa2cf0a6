//! How a stream tells of what happened: the same words as the lists have.

use serde_json::{Value, json};
use sereno_actors::record::{AttemptStatus, StateRecord};
use sereno_actors::stream::{Happening, Place, Stands, What};
use sereno_actors::view::TenantView;
use sereno_workflows::id::Sequence;
use sereno_workflows::time::Timestamp;
use sereno_workflows::timer::TimerName;

use super::super::deliveries::{about_event, outcome, show_delivery};
use super::super::log::reason_of;
use super::super::{conversations, entities, events};
use super::filter::kind;

/// What happened, as one message.
pub(super) fn told(happening: &Happening, view: &TenantView) -> String {
    let mut data = match &happening.what {
        What::Event(event) => {
            let mut data = events::summary(event.place, &event.event);
            add(&mut data, json!({"deliveries": event.event.deliveries.len()}));
            data
        }
        What::Delivery(stands) => delivery(stands, view),
        What::Filtered(event, endpoints) => {
            let endpoints = endpoints.iter().map(
                |(endpoint, reason)| json!({"endpoint_id": endpoint, "reason": reason_of(*reason)}),
            );
            json!({
                "status": "filtered",
                "event_id": event.event.id,
                "event_type": event.event.event_type,
                "endpoints": endpoints.collect::<Vec<_>>(),
            })
        }
        What::State(entity, state) => {
            let (status, shown) = state_of(state, view);
            json!({
                "entity": entity.kind.as_str(),
                "entity_id": entity.id,
                "status": status,
                "state": shown,
            })
        }
        What::Timer { entity, kind, due, is_set, left } => {
            let id = |kind: &String, due: &Timestamp| {
                let (entity, kind, slot) = (entity.clone(), kind.clone(), Sequence(0));
                TimerName { entity, kind, due: *due, slot }.to_string()
            };
            let left = left.iter().map(|(kind, due)| id(kind, due)).collect::<Vec<_>>();
            json!({
                "action": if *is_set { "set" } else { "cleared" },
                "id": kind.as_ref().map(|kind| id(kind, due)),
                "kind": kind,
                "entity": entity.kind.as_str(),
                "entity_id": entity.id,
                "due_at": due.to_rfc3339(),
                "left": (!is_set).then_some(left),
            })
        }
    };
    add(&mut data, json!({"at": happening.at.to_rfc3339()}));
    message(happening.place, kind(happening), &data)
}

/// What happened between these places is not known any more.
pub(super) fn gap(from: Place, to: Place) -> String {
    let data = json!({
        "from": from.to_text(),
        "from_at": from.at.to_rfc3339(),
        "to": to.to_text(),
        "why": "what happened in between is no longer kept for the stream: look it up with GET \
                /api/v1/events and /api/v1/deliveries",
    });
    message(to, "gap", &data)
}

/// The client is cut off.
pub(super) fn dropped(place: Place) -> String {
    let why = "more happened than was read: come back with this id as Last-Event-ID, and read faster \
               or ask for less";
    message(place, "dropped", &json!({"why": why}))
}

fn message(place: Place, name: &str, data: &Value) -> String {
    format!("id: {}\nevent: {name}\ndata: {data}\n\n", place.to_text())
}

fn delivery(stands: &Stands, view: &TenantView) -> Value {
    let Stands { event, endpoint, delivery, status, attempt } = stands;
    let mut data = show_delivery(view, *endpoint, *delivery, Some(status));
    about_event(&mut data, &event.event.id, &event.event.event_type, *delivery);
    let is_over_or_tried = status.attempts > 0 || status.status != AttemptStatus::Retrying;
    add(
        &mut data,
        json!({
            "outcome": is_over_or_tried.then(|| outcome(status.status)),
            "began_at": attempt.map(|attempt| attempt.began_at.to_rfc3339()),
            "duration_ms": attempt.map(|attempt| attempt.duration_ms),
        }),
    );
    data
}

fn state_of(state: &StateRecord, view: &TenantView) -> (&'static str, Value) {
    match state {
        StateRecord::Conversation(talk) => {
            (talk.status.as_str(), conversations::summary(talk, talk.lead.as_deref(), view))
        }
        StateRecord::Reservation(_)
        | StateRecord::Handoff(_)
        | StateRecord::Tenant(_)
        | StateRecord::DeadLetters(_)
        | StateRecord::Lead(_)
        | StateRecord::Product(_)
        | StateRecord::Alerts(_)
        | StateRecord::Reports(_) => {
            let status = entities::standing(state).map_or("", |(_, status, _)| status);
            (status, entities::describe(state, &view.policy))
        }
    }
}

fn add(data: &mut Value, more: Value) {
    if let (Some(map), Value::Object(more)) = (data.as_object_mut(), more) {
        map.extend(more);
    }
}
