//! Deliveries: where each stands, everything that was tried, and another try.

pub(super) mod listing;
pub(super) mod many;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::{Extension, Json};
use serde_json::{Map, Value, json};
use sereno_actors::endpoint::standing::{self, standing};
use sereno_actors::endpoint::{delivery_id, of_delivery_id};
use sereno_actors::engine::deliveries::Passed;
use sereno_actors::ledger::delivery::Found;
use sereno_actors::ledger::{Ledger, LedgerError};
use sereno_actors::limits;
use sereno_actors::record::{AttemptStatus, DeliveryStatusRecord, LogRecord, Signed};
use sereno_actors::view::TenantView;
use sereno_actors::why::{self, Known};
use sereno_workflows::id::{EndpointId, Sequence};
use sereno_workflows::invalid::Invalid;
use sereno_workflows::statistics::Channel;
use sereno_workflows::time::{Span, Timestamp};

use super::aside::aside;
use super::audit::Told;
use super::channels::by;
use super::error::Problem;
use super::provider::add_provider;
use super::request::{Caller, InPath, JsonObject, nothing_else, take_number, take_reason};
use super::why::Reader;
use super::{App, audit};

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
    Probes::default().add(&mut shown, (app.engine.ledger(), &view), found.endpoint)?;
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

/// When endpoints are probed next that are only probed now and then, each looked up once for an answer.
#[derive(Default)]
pub(super) struct Probes(BTreeMap<EndpointId, Option<Timestamp>>);

impl Probes {
    /// Adds to a delivery that goes on when it does by a probe, where that is later than its own time.
    pub(super) fn add(
        &mut self,
        item: &mut Value,
        (ledger, view): (&Ledger, &TenantView),
        id: EndpointId,
    ) -> Result<(), LedgerError> {
        let goes_on = matches!(item["status"].as_str(), Some("pending" | "retrying"));
        let probe = match self.0.get(&id) {
            _ if !goes_on || id.is_own() => None,
            Some(known) => *known,
            None => {
                let health = Known::at_hand(ledger, view, id)?.health;
                let next = why::next_probe(ledger, view, id, &health)?;
                self.0.insert(id, next);
                next
            }
        };
        let probe = probe.map(Timestamp::to_rfc3339);
        let own = item["next_attempt_at"].as_str();
        let comes = probe.filter(|probe| own.is_none_or(|own| own < probe.as_str()));
        if let Some(map) = item.as_object_mut() {
            map.insert("next_probe_at".to_owned(), Value::from(comes));
        }
        Ok(())
    }
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
