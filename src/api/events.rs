//! Events in, and what became of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use sereno_actors::endpoint::delivery_id;
use sereno_actors::endpoint::standing::standing;
use sereno_actors::engine::EngineError;
use sereno_actors::ledger::LedgerError;
use sereno_actors::limits;
use sereno_actors::record::EventRecord;
use sereno_actors::tenant::Receipt;
use sereno_actors::why;
use sereno_workflows::cloud_event::Mode;
use sereno_workflows::doubled::doubled;
use sereno_workflows::event::Event;
use sereno_workflows::id::{EndpointId, EventId, Sequence, TenantId};
use sereno_workflows::invalid::Invalid;
use sereno_workflows::time::Timestamp;
use sha2::{Digest as _, Sha256};

use super::App;
use super::cloud_events;
use super::deliveries::show_delivery;
use super::error::Problem;
use super::once::{once, replayed};
use super::pipeline;
use super::provider::add_provider;
use super::request::{BodyBytes, Caller, InPath, JsonObject, json_of, nothing_else, take_number};
use super::trace::Traced;
use super::why::Reader;

/// `POST /api/v1/events`: one event, an array, `{"events": […]}`, or CloudEvents; 202 once all are
/// durable.
pub async fn submit(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Traced(trace): Traced,
    BodyBytes(bytes): BodyBytes,
) -> Result<Response, Problem> {
    let now = app.engine.ledger().now().timestamp();
    let mode = cloud_events::mode(&headers)?;
    let (events, single) = match mode {
        Some(mode) => cloud_events::read(mode, &headers, &bytes, now)?,
        None => read(&bytes, now)?,
    };
    let request = once(&headers, |hash| fingerprint(hash, &headers, mode, &bytes))?;
    if let Some(request) = &request
        && let Some(receipt) = app.engine.answered(&caller.tenant, &events, request)?
    {
        return Ok(replayed(accepted(&receipt)));
    }
    app.engine.allow_events(&caller.tenant, events.len())?;
    let receipt = app.engine.submit(&caller.tenant, events, request, trace).await;
    let receipt = receipt.map_err(|error| match error {
        EngineError::Invalid(invalid) => unindexed(invalid, single).into(),
        other => Problem::from(other),
    })?;
    Ok(accepted(&receipt))
}

fn accepted(receipt: &Receipt) -> Response {
    let answer = json!({
        "ok": true,
        "accepted": receipt.accepted,
        "duplicates": receipt.duplicates,
        "ids": receipt.ids.iter().map(EventId::as_str).collect::<Vec<_>>(),
    });
    (StatusCode::ACCEPTED, Json(answer)).into_response()
}

/// `GET /api/v1/events/{id}`: the event, how many of its deliveries stand how, and as many of them as a
/// page has; `GET /api/v1/deliveries?event_id=` lists all.
pub async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
    reader: Reader,
) -> Result<Json<Value>, Problem> {
    let missing = || Problem::not_found("event");
    let sequence = find(&app, &caller.tenant, &id)?.ok_or_else(missing)?;
    let event = app.engine.ledger().event(&caller.tenant, sequence)?.ok_or_else(missing)?;
    let view = app.engine.view(&caller.tenant)?;
    let all = app.engine.ledger().deliveries_of(&caller.tenant, sequence, &event)?;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (endpoint, delivery, status) in &all {
        let (word, _) = standing(&view, (*endpoint, *delivery), status.as_ref());
        *counts.entry(word).or_default() += 1;
    }
    let reason = why::event(app.engine.ledger(), &view, (sequence, &event), &all)?;
    let (mut deliveries, count) = (Vec::new(), all.len());
    for (endpoint, delivery, status) in all.into_iter().take(limits::PAGE_ROWS_MAX) {
        let mut delivery = show_delivery(&view, endpoint, delivery, status.as_ref());
        add_provider(app.engine.ledger(), &caller.tenant, &mut delivery)?;
        deliveries.push(delivery);
    }
    let mut shown = summary(sequence, &event);
    if let Some(map) = shown.as_object_mut() {
        map.insert("ok".to_owned(), Value::from(true));
        map.insert("deliveries".to_owned(), Value::from(deliveries));
        map.insert("delivery_counts".to_owned(), json!(counts));
        let stages = pipeline::stages(&app, &caller, (sequence, &event), count)?;
        map.insert("pipeline".to_owned(), Value::from(stages));
    }
    reader.add(&mut shown, &view, &reason);
    Ok(Json(shown))
}

/// `POST /api/v1/events/{id}/replay`: once more to every endpoint that wants it, or to one alone.
pub async fn replay(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
    JsonObject(mut body): JsonObject,
) -> Result<impl IntoResponse, Problem> {
    let place = find(&app, &caller.tenant, &id)?.ok_or_else(|| Problem::not_found("event"))?;
    let only = take_number(&mut body, "endpoint_id")?.map(EndpointId);
    nothing_else(&body)?;
    let replayed = app.engine.replay(&caller.tenant, place, only).await?;
    let ids: Vec<String> = replayed.deliveries.iter().map(|id| delivery_id(*id)).collect();
    let refused: Vec<Value> = replayed
        .refused
        .iter()
        .map(|(endpoint, reason)| json!({"endpoint_id": endpoint.0, "reason": reason}))
        .collect();
    let answer = json!({"ok": true, "replayed": ids.len(), "deliveries": ids, "refused": refused});
    Ok((StatusCode::ACCEPTED, Json(answer)))
}

/// Reads events in our own envelope; answers whether it is one alone.
fn read(bytes: &[u8], now: Timestamp) -> Result<(Vec<Event>, bool), Problem> {
    once_each(bytes, Some("events"))?;
    let (values, single) = unpack(json_of(bytes)?)?;
    if values.is_empty() {
        return Err(Invalid::new("", "at least one event is needed").into());
    }
    let events = each(values, single, bytes.len(), |value| Event::from_json(value, now))?;
    Ok((events, single))
}

/// Refuses events with a name that stands there twice: in an object, in a list of them, or in one under this name.
pub(super) fn once_each(bytes: &[u8], list: Option<&str>) -> Result<(), Invalid> {
    let twice = doubled(bytes, list);
    twice.map_or(Ok(()), |name| Err(Invalid::new(name, "stands there twice")))
}

/// Reads each of the events of a body of so many bytes.
pub(super) fn each(
    values: Vec<Value>,
    single: bool,
    bytes: usize,
    read: impl Fn(Value) -> Result<Event, Invalid>,
) -> Result<Vec<Event>, Problem> {
    if values.len() > limits::EVENTS_PER_REQUEST_MAX {
        let most = limits::EVENTS_PER_REQUEST_MAX;
        return Err(Problem::too_large(format!("at most {most} events in one request")));
    }
    let mut events = Vec::with_capacity(values.len());
    for (index, value) in values.into_iter().enumerate() {
        // Only a body that is larger than one event may be can hold one that is too large.
        let too_large =
            bytes > limits::EVENT_BYTES_MAX && value.to_string().len() > limits::EVENT_BYTES_MAX;
        if too_large {
            return Err(too_large_event(index));
        }
        let event = read(value)
            .map_err(|invalid| invalid.inside(&format!("[{index}]")))
            .map_err(|invalid| unindexed(invalid, single))?;
        events.push(event);
    }
    Ok(events)
}

/// The answer to an event that is larger than one may be.
pub(super) fn too_large_event(index: usize) -> Problem {
    let limit = limits::EVENT_BYTES_MAX >> 10;
    Problem::too_large(format!("event [{index}]: at most {limit} KiB"))
}

fn unpack(body: Value) -> Result<(Vec<Value>, bool), Problem> {
    Ok(match body {
        Value::Array(values) => (values, false),
        Value::Object(mut map) if map.contains_key("events") => {
            let events = map.remove("events");
            super::request::nothing_else(&map)?;
            match events {
                Some(Value::Array(values)) => (values, false),
                _ => return Err(Invalid::new("events", "must be an array").into()),
            }
        }
        other => (vec![other], true),
    })
}

/// All that a request with events says.
fn fingerprint(hash: &mut Sha256, headers: &HeaderMap, mode: Option<Mode>, body: &[u8]) {
    hash.update(format!("{mode:?}\n"));
    if mode == Some(Mode::Binary) {
        // There the headers are a part of the event.
        let says = |name: &str| name.starts_with("ce-") || name == "content-type";
        let said = headers.iter().filter(|(name, _)| says(name.as_str()));
        let mut said: Vec<_> =
            said.map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        said.sort_unstable();
        for (name, value) in said {
            hash.update(format!("{name}:{}:", value.len()));
            hash.update(value);
        }
    }
    hash.update(body);
}

/// A single event's fields are named without an index.
fn unindexed(invalid: Invalid, single: bool) -> Invalid {
    if !single {
        return invalid;
    }
    let field = invalid.field.strip_prefix("[0]").unwrap_or(&invalid.field);
    let field = field.strip_prefix('.').unwrap_or(field).to_owned();
    Invalid { field, ..invalid }
}

pub(super) fn find(
    app: &App,
    tenant: &TenantId,
    id: &str,
) -> Result<Option<Sequence>, LedgerError> {
    let given = match id.parse() {
        Ok(id) => app.engine.ledger().find_event(tenant, &id)?,
        Err(_) => None,
    };
    // Events of the workflows are found by the sequence in their id.
    Ok(given.or_else(|| Sequence::from_text(id.strip_prefix("evt_")?)))
}

pub(super) fn summary(sequence: Sequence, event: &EventRecord) -> Value {
    let body: Value = serde_json::from_slice(&event.body).unwrap_or_default();
    let story = event.story.as_deref();
    let before = story.map_or(0, |story| story.received_before);
    let failed = story.and_then(|story| story.failed.as_ref());
    let quarantined =
        failed.map(|failed| json!({"stage": failed.stage.as_str(), "reason": failed.reason}));
    json!({
        "event_id": event.id,
        "event_type": event.event_type,
        "timestamp": event.at.to_rfc3339(),
        "received_at": Sequence(sequence.0.saturating_sub(before)).moment().to_rfc3339(),
        "source": event.source.as_str(),
        "entity": event.entity.as_ref().map(ToString::to_string),
        "ignored": event.ignored,
        "caused_by": event.cause.map(|cause| cause.to_text()),
        "data": body.get("data").cloned().unwrap_or_default(),
        "enriched": pipeline::enriched(story),
        "quarantined": quarantined,
    })
}
