//! Deliveries: where each stands, everything that was tried, and another try.

pub(super) mod many;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::{Map, Value, json};
use sereno_actors::endpoint::standing::{self, STANDINGS, standing};
use sereno_actors::endpoint::{delivery_id, of_delivery_id};
use sereno_actors::engine::deliveries::Passed;
use sereno_actors::jobs::choice::Choice;
use sereno_actors::ledger::delivery::Found;
use sereno_actors::limits;
use sereno_actors::record::{
    Answered, AttemptStatus, DeliveryStatusRecord, EventRecord, LogRecord, Selection, Signed,
};
use sereno_actors::search::Question;
use sereno_actors::view::TenantView;
use sereno_actors::why;
use sereno_workflows::id::{EndpointId, Sequence};
use sereno_workflows::invalid::Invalid;
use sereno_workflows::search::Query;
use sereno_workflows::statistics::Channel;
use sereno_workflows::time::{Span, Timestamp};

use super::aside::aside;
use super::audit::Told;
use super::channels::by;
use super::error::Problem;
use super::jobs::types;
use super::provider::add_provider;
use super::request::{
    Caller, InPath, JsonObject, ListQuery, nothing_else, take_number, take_reason,
};
use super::rows::Rows;
use super::why::Reader;
use super::{App, audit, events};

/// What a list of deliveries can be narrowed by.
const FILTERS: [&str; 9] =
    ["status", "endpoint_id", "event_type", "event_id", "channel", "code", "q", "from", "to"];
/// Events that are read at once in search of their deliveries.
const EVENTS_AT_ONCE: usize = 64;

/// `GET /api/v1/deliveries`: from the newest event down, by `status, endpoint_id, event_type, event_id,
/// channel, code, q, from, to`.
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: ListQuery,
) -> Result<Response, Problem> {
    query.only(&FILTERS)?;
    query.one_of("status", &STANDINGS)?;
    query.one_of("channel", &Channel::ALL.map(Channel::as_str))?;
    query.one_of("code", &Answered::ALL.map(Answered::as_str))?;
    aside(caller.tenant.clone(), move || page(&app, &caller, &query)).await
}

fn page(app: &App, caller: &Caller, query: &ListQuery) -> Result<Response, Problem> {
    let ledger = app.engine.ledger();
    let view = app.engine.view(&caller.tenant)?;
    let wanted = Selection {
        endpoint: query.get("endpoint_id").map(endpoint_number).transpose()?,
        event_type: query.get("event_type").map(types).transpose()?,
        status: query.get("status").map(str::to_owned),
        channel: query.get("channel").and_then(channel),
        answered: query.get("code").and_then(Answered::from_name),
        ..Selection::default()
    };
    let choice = Choice::new(&wanted);
    let says = query.get("q").map(Query::read).transpose()?;
    let (mut from, mut to) = query.from_to()?;
    if let Some(id) = query.get("event_id") {
        let Some(event) = events::find(app, &caller.tenant, id)? else {
            return Ok(Rows::new(0).answer(None));
        };
        (from, to) = (from.max(event), to.min(event.next()));
    }
    let (mut before, mut after) = place(query, to)?;
    let is_masked = caller.sees_masked();
    let question =
        says.map(|says| Question { query: Some(says), from, is_masked, ..Question::default() });
    let mut rows = Rows::new(query.limit);
    let mut looked_at = 0;
    loop {
        let (events, next) = some_events(app, caller, question.as_ref(), (from, before))?;
        // A question that finds no more than this has looked at as much as it may.
        let looked_enough = question.is_some() && events.len() < EVENTS_AT_ONCE;
        for (place, event) in events {
            looked_at += 1;
            if !choice.wants_event(&event) {
                continue;
            }
            for (to, delivery, status) in ledger.deliveries_of(&caller.tenant, place, &event)? {
                looked_at += 1;
                let is_before = after.is_some_and(|after| delivery <= after);
                if is_before || !choice.wants_delivery(&view, (to, delivery), status.as_ref()) {
                    continue;
                }
                let mut item = show_delivery(&view, to, delivery, status.as_ref());
                about_event(&mut item, &event.id, &event.event_type, delivery);
                about_customer(&mut item, to, &event.body);
                rows.push(&item);
                if rows.is_full() {
                    let next = format!("{}{}", place.to_text(), delivery.to_text());
                    return Ok(rows.answer(Some(next)));
                }
            }
            after = None;
            if looked_at >= limits::SCAN_ROWS_MAX {
                return Ok(rows.answer(Some(place.to_text())));
            }
        }
        match next {
            Some(next) if !looked_enough => before = next,
            Some(_) | None => return Ok(rows.answer(next.map(Sequence::to_text))),
        }
    }
}

/// Events with their places, the newest first.
type SomeEvents = Vec<(Sequence, EventRecord)>;

/// Some events from a place down, and the place before which there may be more. Those that say something the
/// search index names, so that the others are not looked at.
fn some_events(
    app: &App,
    caller: &Caller,
    question: Option<&Question>,
    (from, before): (Sequence, Sequence),
) -> Result<(SomeEvents, Option<Sequence>), Problem> {
    let Some(question) = question else {
        let events = app.engine.ledger().events(&caller.tenant, before, from, EVENTS_AT_ONCE)?;
        let next = events.last().map(|(place, _)| *place);
        return Ok((events, next));
    };
    let page = app.engine.find(&caller.tenant, question, before, EVENTS_AT_ONCE)?;
    Ok((page.events, page.next))
}

/// The event before which the list goes on, or the one inside which, and after which delivery.
fn place(query: &ListQuery, to: Sequence) -> Result<(Sequence, Option<Sequence>), Problem> {
    let Some(cursor) = query.get("cursor") else { return Ok((to, None)) };
    let (event, delivery) = cursor.split_at_checked(13).ok_or_else(|| query.bad_cursor())?;
    let event = Sequence::from_text(event).ok_or_else(|| query.bad_cursor())?;
    if delivery.is_empty() {
        return Ok((event.min(to), None));
    }
    let delivery = Sequence::from_text(delivery).ok_or_else(|| query.bad_cursor())?;
    Ok((event.next().min(to), Some(delivery)))
}

/// `GET /api/v1/deliveries/{id}`: how it stands, and every attempt with its answer.
pub async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
    reader: Reader,
) -> Result<Json<Value>, Problem> {
    let found = find(&app, &caller, &id)?;
    let view = app.engine.view(&caller.tenant)?;
    let mut shown = show_delivery(&view, found.endpoint, found.delivery, found.status.as_ref());
    about_event(&mut shown, &found.event.id, &found.event.event_type, found.delivery);
    add_provider(app.engine.ledger(), &caller.tenant, &mut shown)?;
    let lines = found.status.as_ref().map_or(&[][..], |status| &status.history);
    let history = attempts(&app, &caller, lines)?;
    about_customer(&mut shown, found.endpoint, &found.event.body);
    let payload: Value = serde_json::from_slice(&found.event.body).unwrap_or_default();
    if let Some(map) = shown.as_object_mut() {
        map.insert("ok".to_owned(), Value::from(true));
        map.insert("history".to_owned(), Value::from(history));
        map.insert("payload".to_owned(), payload);
    }
    reader.add(&mut shown, &view, &why::delivery(app.engine.ledger(), &view, &found)?);
    Ok(Json(shown))
}

/// `POST /api/v1/deliveries/{id}/retry`: now, whether it arrived, waits or was given up.
pub async fn retry(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
    JsonObject(mut body): JsonObject,
) -> Result<impl IntoResponse, Problem> {
    take_reason(&mut body)?;
    nothing_else(&body)?;
    let delivery = number(&id, "delivery")?;
    app.engine.retry(&caller.tenant, delivery).await?;
    Ok((StatusCode::ACCEPTED, Json(tried_again(&app, &caller, &id)?)))
}

/// What is said of a delivery that is tried again: how it stands, since one of a disabled endpoint is held.
pub fn tried_again(app: &App, caller: &Caller, id: &str) -> Result<Value, Problem> {
    let found = find(app, caller, id)?;
    let view = app.engine.view(&caller.tenant)?;
    let (word, why) = standing(&view, (found.endpoint, found.delivery), found.status.as_ref());
    Ok(json!({"ok": true, "id": id, "status": word, "why": why}))
}

/// `POST /api/v1/deliveries/{id}/hand-on` with another `endpoint_id`: that gets the event too, as a new delivery.
pub async fn hand_on(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
    JsonObject(mut body): JsonObject,
) -> Result<impl IntoResponse, Problem> {
    let reason = take_reason(&mut body)?;
    let to = take_number(&mut body, "endpoint_id")?;
    let to = to.ok_or_else(|| Invalid::new("endpoint_id", "is missing: who is to get it"))?;
    nothing_else(&body)?;
    let delivery = number(&id, "delivery")?;
    let to = (EndpointId(to), by(&app, &caller, reason));
    let Passed { from, to, delivery } = app.engine.hand_on(&caller.tenant, delivery, to).await?;
    let made = delivery_id(delivery);
    let told = Told(format!("from endpoint {}, to endpoint {}: {made}", from.0, to.0));
    let answer = json!({"ok": true, "id": id, "endpoint_id": to.0, "delivery_id": made});
    Ok((StatusCode::ACCEPTED, Extension(told), Json(answer)))
}

/// `POST /api/v1/deliveries/{id}/cancel`: it ends while it still waits, and nothing of it is sent any more; one
/// that is under way or over is refused. A `reason` is kept with it.
pub async fn cancel(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
    JsonObject(mut body): JsonObject,
) -> Result<Json<Value>, Problem> {
    let reason = take_reason(&mut body)?;
    nothing_else(&body)?;
    let delivery = number(&id, "delivery")?;
    let (at, by) = (app.engine.ledger().now().timestamp(), caller.who.actor());
    let cancelled = Signed { at, by, reason };
    for _ in 0..limits::work::CANCEL_TRIES_MAX {
        let (reader, tenant) = (Arc::clone(&app), caller.tenant.clone());
        let found = aside(caller.tenant.clone(), move || {
            Ok(reader.engine.whereabouts(&tenant, delivery)?)
        })
        .await?;
        if app.engine.cancel_delivery(&caller.tenant, found, cancelled.clone()).await? {
            let told = audit::signed(Some(&cancelled));
            let answer =
                json!({"ok": true, "id": id, "status": "cancelled", "cancelled_by_hand": told});
            return Ok(Json(answer));
        }
        tokio::time::sleep(Duration::from_millis(limits::work::CANCEL_AGAIN_MS)).await;
    }
    let detail = "it is just being handed on, so nothing was cancelled: try again in a moment";
    Err(Problem::new(StatusCode::CONFLICT, detail))
}

fn channel(name: &str) -> Option<Channel> {
    Channel::ALL.into_iter().find(|channel| channel.as_str() == name)
}

/// A delivery, as lists and its event show it.
pub fn show_delivery(
    view: &TenantView,
    id: EndpointId,
    delivery: Sequence,
    status: Option<&DeliveryStatusRecord>,
) -> Value {
    let (word, why) = standing(view, (id, delivery), status);
    let goes_on = matches!(word, "pending" | "retrying");
    let next_at = status.and_then(|status| status.next_at).filter(|_| goes_on);
    let tried = status.filter(|status| status.attempts > 0);
    json!({
        "id": delivery_id(delivery),
        "endpoint_id": id.0,
        "channel": standing::channel(view, id).map(Channel::as_str),
        "status": word,
        "attempts": status.map_or(0, |status| status.attempts),
        "response_code": tried.map(|status| status.code),
        "error_message": why.map(str::to_owned)
            .or_else(|| status.and_then(|status| status.error.clone())),
        "next_attempt_at": next_at.map(Timestamp::to_rfc3339),
        "cancelled_by_hand": audit::signed(status.and_then(|status| status.cancelled.as_deref())),
    })
}

/// Adds to a delivery what its event is.
pub fn about_event(item: &mut Value, event_id: &str, event_type: &str, delivery: Sequence) {
    if let Some(map) = item.as_object_mut() {
        map.insert("event_id".to_owned(), Value::from(event_id));
        map.insert("event_type".to_owned(), Value::from(event_type));
        map.insert("created_at".to_owned(), Value::from(delivery.moment().to_rfc3339()));
    }
}

/// Adds to a message to a customer whom it is for, as far as its event says it: their number is not kept with
/// it, once it went.
fn about_customer(item: &mut Value, endpoint: EndpointId, body: &[u8]) {
    if endpoint != EndpointId::CUSTOMERS {
        return;
    }
    let event: Value = serde_json::from_slice(body).unwrap_or_default();
    let Some(data) = event.get("data") else { return };
    let known = ["name", "reservation_id", "conversation_id", "wa_number_hash"];
    let told =
        known.iter().filter_map(|field| Some(((*field).to_owned(), data.get(*field)?.clone())));
    let told: Map<String, Value> = told.filter(|(_, value)| value.is_string()).collect();
    if let Some(map) = item.as_object_mut() {
        map.insert("customer".to_owned(), Value::from(told));
    }
}

/// The attempts that stand in the log there, as far as it still has them.
pub fn attempts(app: &App, caller: &Caller, lines: &[Sequence]) -> Result<Vec<Value>, Problem> {
    let mut attempts = Vec::new();
    for line in lines {
        let found = app.engine.ledger().log_line(&caller.tenant, *line)?;
        attempts.extend(found.and_then(show_attempt));
    }
    Ok(attempts)
}

fn show_attempt(line: LogRecord) -> Option<Value> {
    let LogRecord::Attempt {
        status, code, error, attempt, duration_ms, began_at, response, ..
    } = line
    else {
        return None;
    };
    let ended_at = began_at.after(Span::millis(u64::from(duration_ms)));
    Some(json!({
        "attempt": attempt,
        "outcome": outcome(status),
        "response_code": code,
        "error_message": error,
        "response_body": (!response.is_empty())
            .then(|| String::from_utf8_lossy(&response).into_owned()),
        "duration_ms": duration_ms,
        "began_at": began_at.to_rfc3339(),
        "ended_at": ended_at.to_rfc3339(),
    }))
}

/// What an attempt came to, in a word.
pub fn outcome(status: AttemptStatus) -> &'static str {
    match status {
        AttemptStatus::Sent => "done",
        AttemptStatus::Retrying => "retrying",
        AttemptStatus::Dead => "dead",
        AttemptStatus::Collected => "collected",
        AttemptStatus::Withdrawn => "withdrawn",
    }
}

fn find(app: &App, caller: &Caller, id: &str) -> Result<Found, Problem> {
    let delivery = number(id, "delivery")?;
    let found = app.engine.ledger().find_delivery(&caller.tenant, delivery)?;
    found.ok_or_else(|| Problem::not_found("delivery"))
}

/// The place of a delivery whose id is in a path.
pub fn number(id: &str, what: &str) -> Result<Sequence, Problem> {
    of_delivery_id(id).ok_or_else(|| Problem::not_found(what))
}

/// An endpoint's number in a query.
pub fn endpoint_number(text: &str) -> Result<u32, Problem> {
    text.parse().map_err(|_| Invalid::new("endpoint_id", "must be a whole number").into())
}
