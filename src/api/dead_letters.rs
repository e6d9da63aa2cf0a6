//! Dead letters: what was given up and why, and what people do with it.

pub(super) mod causes;

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::{Value, json};
use sereno_actors::endpoint::delivery_id;
use sereno_actors::endpoint::standing::channel;
use sereno_actors::limits;
use sereno_actors::record::{DeadLetterRecord, HandedOn, JobTask, Selection};
use sereno_actors::why;
use sereno_workflows::dead_letters::{Fault, cause};
use sereno_workflows::id::{EndpointId, Sequence};
use sereno_workflows::invalid::Invalid;
use sereno_workflows::statistics::Channel;

use super::App;
use super::aside::aside;
use super::audit::signed;
use super::deliveries::{attempts, endpoint_number, number, tried_again};
use super::error::Problem;
use super::jobs;
use super::jobs::types;
use super::request::{Caller, InPath, JsonObject, ListQuery, nothing_else, take_reason, take_text};
use super::rows::Rows;
use super::search::begin_export;
use super::trace::Traced;
use super::why::Reader;

/// Rows read at once for an export.
const EXPORT_ROWS: usize = 200;

/// `GET /api/v1/dead-letters`: the newest first, by `endpoint_id, event_type, cause, fault, from, to`;
/// `group=cause` shows how many there are of each cause instead.
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: ListQuery,
) -> Result<Response, Problem> {
    query.only(&["endpoint_id", "event_type", "cause", "fault", "from", "to", "group"])?;
    query.one_of("fault", &["receiver", "configuration", "system"])?;
    let grouped = query.one_of("group", &["cause"])?.is_some();
    aside(caller.tenant.clone(), move || match grouped {
        true => causes::groups(&app, &caller, &query).map(IntoResponse::into_response),
        false => page(&app, &caller, &query),
    })
    .await
}

fn page(app: &App, caller: &Caller, query: &ListQuery) -> Result<Response, Problem> {
    let wanted = wanted(query)?;
    let mut before = query.before()?.min(wanted.to);
    let mut rows = Rows::new(query.limit);
    let mut looked_at = 0;
    loop {
        let range = (wanted.endpoint.map(EndpointId), wanted.from..before);
        let found = app.engine.ledger().dead_letters(&caller.tenant, range, true, query.limit)?;
        let full = found.len() == query.limit;
        for (delivery, letter) in found {
            before = delivery;
            looked_at += 1;
            if wanted.means_letter(&letter) {
                rows.push(&show_letter(app, caller, delivery, &letter)?);
            }
            if rows.is_full() || looked_at >= limits::SCAN_ROWS_MAX {
                return Ok(rows.answer(Some(before.to_text())));
            }
        }
        if !full {
            return Ok(rows.answer(None));
        }
    }
}

/// `GET /api/v1/dead-letters/{id}`: with its payload and everything that was tried.
pub async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
    reader: Reader,
) -> Result<Json<Value>, Problem> {
    let delivery = number(&id, "dead letter")?;
    let view = app.engine.view(&caller.tenant)?;
    let letter = app.engine.ledger().dead_letter(&caller.tenant, delivery)?;
    let letter = letter.ok_or_else(|| Problem::not_found("dead letter"))?;
    let mut shown = whole(&app, &caller, delivery, &letter)?;
    reader.add(&mut shown, &view, &why::dead_letter(app.engine.ledger(), &view, &letter)?);
    if let Some(map) = shown.as_object_mut() {
        map.insert("ok".to_owned(), Value::from(true));
    }
    Ok(Json(shown))
}

/// `POST /api/v1/dead-letters/{id}/retry`: as it was, or with other `data`.
pub async fn retry(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
    Traced(trace): Traced,
    JsonObject(mut body): JsonObject,
) -> Result<impl IntoResponse, Problem> {
    let delivery = number(&id, "dead letter")?;
    let found = app.engine.ledger().dead_letter(&caller.tenant, delivery)?;
    found.ok_or_else(|| Problem::not_found("dead letter"))?;
    let data = match body.remove("data") {
        None | Some(Value::Null) => None,
        Some(Value::Object(data)) => {
            if serde_json::to_string(&data).is_ok_and(|text| text.len() > limits::EVENT_BYTES_MAX) {
                let most = limits::EVENT_BYTES_MAX >> 10;
                return Err(Problem::too_large(format!("data: at most {most} KiB")));
            }
            Some(data)
        }
        Some(_) => {
            let problem = Invalid::new("data", "must be an object");
            return Err(problem.into());
        }
    };
    take_reason(&mut body)?;
    nothing_else(&body)?;
    let answer = match data {
        Some(data) => {
            let event = app.engine.retry_edited(&caller.tenant, delivery, data, trace).await?;
            json!({"ok": true, "event_id": event.as_str()})
        }
        None => {
            app.engine.retry_letter(&caller.tenant, delivery).await?;
            tried_again(&app, &caller, &id)?
        }
    };
    Ok((StatusCode::ACCEPTED, Json(answer)))
}

/// `DELETE /api/v1/dead-letters/{id}`: its event and its history stay. A `reason` goes into the audit log.
pub async fn discard(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
    JsonObject(mut body): JsonObject,
) -> Result<Json<Value>, Problem> {
    take_reason(&mut body)?;
    nothing_else(&body)?;
    app.engine.discard(&caller.tenant, number(&id, "dead letter")?).await?;
    Ok(Json(json!({"ok": true, "message": "dead letter discarded"})))
}

/// `POST /api/v1/dead-letters/retry`: many, by `endpoint_id, event_type, cause, from, to`; with `dry_run`
/// only their count.
pub async fn retry_many(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonObject(mut body): JsonObject,
) -> Result<impl IntoResponse, Problem> {
    let selection = chosen(&mut body)?;
    jobs::begin(&app, &caller, JobTask::RetryDeadLetters, selection, body).await
}

/// `POST /api/v1/dead-letters/discard`: many, chosen in the same way.
pub async fn discard_many(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonObject(mut body): JsonObject,
) -> Result<impl IntoResponse, Problem> {
    let selection = chosen(&mut body)?;
    jobs::begin(&app, &caller, JobTask::DiscardDeadLetters, selection, body).await
}

/// `GET /api/v1/dead-letters/export`: all of them, the oldest first, one JSON object a line.
pub async fn export(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: ListQuery,
) -> Result<Response, Problem> {
    query.only(&["endpoint_id", "event_type", "cause", "fault", "from", "to"])?;
    query.one_of("fault", &["receiver", "configuration", "system"])?;
    let wanted = wanted(&query)?;
    let right = begin_export(&app, &caller)?;
    let reader = Arc::new((app, caller, right));
    let start = Some((wanted.from, wanted));
    let pages = stream::unfold(start, move |at| {
        let reader = Arc::clone(&reader);
        async move {
            let (from, wanted) = at?;
            let read = aside(reader.1.tenant.clone(), move || {
                let (app, caller, _) = &*reader;
                let (lines, next) = export_page(app, caller, from, &wanted)?;
                Ok((lines, next.map(|next| (next, wanted))))
            });
            match read.await {
                Ok((lines, next)) => Some((Ok(lines), next)),
                // The connection breaks off, which the client notices: half a list is not a list.
                Err(_) => {
                    Some((Err(std::io::Error::other("the dead letters cannot be read")), None))
                }
            }
        }
    });
    let name = (header::CONTENT_DISPOSITION, "attachment; filename=\"dead-letters.ndjson\"");
    let kind = (header::CONTENT_TYPE, "application/x-ndjson");
    Ok(([kind, name], Body::from_stream(pages)).into_response())
}

fn export_page(
    app: &App,
    caller: &Caller,
    from: Sequence,
    wanted: &Selection,
) -> Result<(String, Option<Sequence>), Problem> {
    let range = (wanted.endpoint.map(EndpointId), from..wanted.to);
    let rows = app.engine.ledger().dead_letters(&caller.tenant, range, false, EXPORT_ROWS)?;
    let next = rows.last().filter(|_| rows.len() == EXPORT_ROWS).map(|(last, _)| last.next());
    let mut lines = String::new();
    for (delivery, letter) in rows {
        if lines.len() >= limits::answers::PAGE_BYTES_MAX {
            return Ok((lines, Some(delivery)));
        }
        if wanted.means_letter(&letter) {
            lines.push_str(&whole(app, caller, delivery, &letter)?.to_string());
            lines.push('\n');
        }
    }
    Ok((lines, next))
}

fn wanted(query: &ListQuery) -> Result<Selection, Problem> {
    let (from, to) = query.from_to()?;
    Ok(Selection {
        endpoint: query.get("endpoint_id").map(endpoint_number).transpose()?,
        event_type: query.get("event_type").map(types).transpose()?,
        cause: query.get("cause").map(str::to_owned),
        fault: query.get("fault").and_then(fault),
        from,
        to,
        ..Selection::default()
    })
}

fn chosen(body: &mut serde_json::Map<String, Value>) -> Result<Selection, Problem> {
    let mut selection = jobs::selection(body)?;
    selection.cause = take_text(body, "cause")?;
    selection.fault = chosen_fault(body)?;
    Ok(selection)
}

fn chosen_fault(body: &mut serde_json::Map<String, Value>) -> Result<Option<Fault>, Invalid> {
    let Some(word) = take_text(body, "fault")? else { return Ok(None) };
    let none =
        || Invalid::new("fault", format!("'{word}' is not receiver, configuration or system"));
    fault(&word).map(Some).ok_or_else(none)
}

fn fault(word: &str) -> Option<Fault> {
    [Fault::Receiver, Fault::Configuration, Fault::System]
        .into_iter()
        .find(|fault| fault.as_str() == word)
}

fn show_letter(
    app: &App,
    caller: &Caller,
    delivery: Sequence,
    letter: &DeadLetterRecord,
) -> Result<Value, Problem> {
    let view = app.engine.view(&caller.tenant)?;
    let keep = view.policy.settings.dead_letters.keep;
    let event = app.engine.ledger().event(&caller.tenant, letter.delivery.event)?;
    let channel = channel(&view, EndpointId(letter.endpoint)).map(Channel::as_str);
    Ok(json!({
        "id": delivery_id(delivery),
        "delivery_id": delivery_id(delivery),
        "endpoint_id": letter.endpoint,
        "channel": channel,
        "event_id": event.map(|event| event.id),
        "event_type": letter.event_type,
        "cause": cause(letter.code, &letter.error),
        "fault": letter.fault.as_str(),
        "response_code": letter.code,
        "error_message": letter.error,
        "attempts": letter.delivery.attempts,
        "created_at": delivery.moment().to_rfc3339(),
        "dead_at": letter.at.to_rfc3339(),
        "expires_at": letter.at.after(keep).to_rfc3339(),
        "handed_on": letter.handed_on.as_deref().map(handed_on),
    }))
}

/// To whom its event was sent in its place.
fn handed_on(to: &HandedOn) -> Value {
    let mut shown = signed(Some(&to.signed));
    if let Some(map) = shown.as_object_mut() {
        map.insert("endpoint_id".to_owned(), Value::from(to.endpoint));
        map.insert("delivery_id".to_owned(), Value::from(delivery_id(to.delivery)));
    }
    shown
}

/// A dead letter with its payload and history.
fn whole(
    app: &App,
    caller: &Caller,
    delivery: Sequence,
    letter: &DeadLetterRecord,
) -> Result<Value, Problem> {
    let mut shown = show_letter(app, caller, delivery, letter)?;
    let event = app.engine.ledger().event(&caller.tenant, letter.delivery.event)?;
    let payload: Option<Value> = event.and_then(|event| serde_json::from_slice(&event.body).ok());
    let history = attempts(app, caller, &letter.delivery.history)?;
    if let Some(map) = shown.as_object_mut() {
        map.insert("payload".to_owned(), payload.unwrap_or_default());
        map.insert("history".to_owned(), Value::from(history));
        if let Some(tell) = &letter.delivery.tell {
            map.insert("message".to_owned(), Value::from(tell.message.text.clone()));
        }
    }
    Ok(shown)
}
