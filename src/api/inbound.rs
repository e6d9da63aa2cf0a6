//! The log of everything that came in: letters as they came, what became of them, and reading them again.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sereno_actors::engine::Letter;
use sereno_actors::intake::{inbound_id, of_inbound_id};
use sereno_actors::limits;
use sereno_actors::record::{InboundRecord, InboundState, JobTask, Selection, Verdict};
use sereno_workflows::id::Sequence;
use sereno_workflows::inbound::{Road, clipped};
use sereno_workflows::invalid::Invalid;
use sereno_workflows::masking;
use sereno_workflows::time::Timestamp;

use super::address::{Peer, sender};
use super::aside::aside;
use super::error::Problem;
use super::request::{
    Caller, InPath, JsonObject, ListQuery, moment, nothing_else, take_reason, take_text,
};
use super::rows::Rows;
use super::{App, jobs};

/// Parts of the names of headers whose values may be secrets, and are not kept.
const SECRET: [&str; 7] =
    ["authorization", "cookie", "token", "secret", "password", "api-key", "apikey"];
/// Bytes of one header's value that are kept.
const HEADER_BYTES_MAX: usize = 512;
/// The conditions in which a letter can be read again.
const AGAIN: [&str; 3] = ["processed", "invalid", "quarantined"];
/// Letters that are read at once in search of those that are wanted.
const PAGE_ROWS: usize = 200;
/// Bytes of bodies that one request looks through for its `q`.
const SEARCHED_BYTES_MAX: u64 = 64 << 20;

/// Who brings a letter, where that is known.
#[derive(Debug, Clone, Copy)]
pub struct Sender(pub Option<IpAddr>);

impl FromRequestParts<Arc<App>> for Sender {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<Peer>();
        Ok(Self(peer.map(|Peer(peer)| sender(peer.ip(), &parts.headers, &app.trusted_proxies))))
    }
}

/// A letter for the engine, with the headers that may be kept.
pub fn letter<'a>(
    road: Road,
    Sender(peer): Sender,
    headers: &HeaderMap,
    body: &'a [u8],
    refused: Option<&str>,
) -> Letter<'a> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    Letter {
        road,
        peer,
        content_type: content_type.map(str::to_owned),
        headers: kept(headers),
        body,
        refused: refused.map(str::to_owned),
        trace: None,
    }
}

/// The headers without those that may hold a secret, as far as there is room for them.
fn kept(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut room = limits::LETTER_HEADERS_BYTES_MAX;
    let mut kept = Vec::new();
    for (name, value) in headers {
        let name = name.as_str();
        if name == "content-type" || SECRET.iter().any(|part| name.contains(part)) {
            continue;
        }
        let value = String::from_utf8_lossy(value.as_bytes());
        let value = clipped(&value, HEADER_BYTES_MAX);
        if name.len() + value.len() <= room {
            room -= name.len() + value.len();
            kept.push((name.to_owned(), value.to_owned()));
        }
    }
    kept
}

/// `GET /api/v1/inbound-log`: the newest first, by `source, processed, refused, type, from, to, q`.
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: ListQuery,
) -> Result<Response, Problem> {
    query.only(&["source", "processed", "refused", "status", "type", "from", "to", "q"])?;
    let words = ["pending", "processed", "invalid", "quarantined", "refused"];
    query.one_of("status", &words)?;
    for flag in ["processed", "refused"] {
        query.one_of(flag, &["true", "false"])?;
    }
    aside(caller.tenant.clone(), move || page(&app, &caller, &query)).await
}

fn page(app: &App, caller: &Caller, query: &ListQuery) -> Result<Response, Problem> {
    let ledger = app.engine.ledger();
    let (from, to) = query.from_to()?;
    let mut before = query.before()?.min(to);
    let (mut rows, mut looked_at, mut searched) = (Rows::new(query.limit), 0, 0_u64);
    let answer = |rows: Rows, next: Option<Sequence>| Ok(rows.answer(next.map(Sequence::to_text)));
    let nobody_waits = || ledger.letters_in_line(&caller.tenant, 1).map(|line| line.is_empty());
    if query.get("status") == Some("pending") && nobody_waits()? {
        return answer(rows, None);
    }
    loop {
        let found = ledger.letters(&caller.tenant, from..before, PAGE_ROWS)?;
        let (count, full) = (found.len(), found.len() == PAGE_ROWS);
        for (index, (sequence, letter)) in found.into_iter().enumerate() {
            before = sequence;
            let Some(letter) = letter.filter(|letter| wanted(letter, query)) else { continue };
            if let Some(text) = query.get("q") {
                searched += letter.body_bytes;
                let body = ledger.letter_body(&caller.tenant, sequence)?;
                let is_masked = caller.sees_masked();
                if !holds(&body, text) || is_masked && !holds(&seen(&body), text) {
                    continue;
                }
            }
            rows.push(&summary(sequence, &letter));
            if rows.is_full() {
                let more = full || index + 1 < count;
                return answer(rows, more.then_some(before));
            }
        }
        if !full {
            return answer(rows, None);
        }
        looked_at += count;
        if looked_at >= limits::SCAN_ROWS_MAX || searched >= SEARCHED_BYTES_MAX {
            return answer(rows, Some(before));
        }
    }
}

fn wanted(letter: &InboundRecord, query: &ListQuery) -> bool {
    let state = letter.fate.state;
    let flag = |name: &str, is: bool| query.get(name).is_none_or(|wanted| (wanted == "true") == is);
    let type_fits = query.get("type").is_none_or(|wanted| {
        letter.fate.kinds.iter().any(|kind| match wanted.strip_suffix('*') {
            Some(beginning) => kind.starts_with(beginning),
            None => kind == wanted,
        })
    });
    query.get("source").is_none_or(|wanted| wanted == letter.road.name())
        && query.get("status").is_none_or(|wanted| wanted == state.as_str())
        && flag("processed", state == InboundState::Processed)
        && flag("refused", state == InboundState::Refused)
        && type_fits
}

/// Whether a body holds a text, whatever the case of its letters.
fn holds(body: &[u8], text: &str) -> bool {
    String::from_utf8_lossy(body).to_lowercase().contains(&text.to_lowercase())
}

/// What of a body is seen by whom nothing is revealed: JSON as it is masked, and nothing of any other.
fn seen(body: &[u8]) -> Vec<u8> {
    let payload: Value = serde_json::from_slice(body).unwrap_or_default();
    let seen = masking::seen(json!({"payload": payload}));
    seen.get("payload").map(Value::to_string).unwrap_or_default().into_bytes()
}

/// `GET /api/v1/inbound-log/{id}`: the letter as it came.
pub async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
) -> Result<Json<Value>, Problem> {
    let sequence = of_inbound_id(&id).ok_or_else(missing)?;
    aside(caller.tenant.clone(), move || {
        let ledger = app.engine.ledger();
        let letter = ledger.letter(&caller.tenant, sequence)?.ok_or_else(missing)?;
        let body = ledger.letter_body(&caller.tenant, sequence)?;
        let mut shown = summary(sequence, &letter);
        if let Some(map) = shown.as_object_mut() {
            map.insert("ok".to_owned(), Value::from(true));
            let headers = letter.headers.iter();
            let headers: Map<String, Value> =
                headers.map(|(name, value)| (name.clone(), value.as_str().into())).collect();
            map.insert("headers".to_owned(), Value::Object(headers));
            map.insert("payload".to_owned(), serde_json::from_slice(&body).unwrap_or_default());
            match std::str::from_utf8(&body) {
                Ok(text) => map.insert("body".to_owned(), Value::from(text)),
                Err(_) => map.insert("body_base64".to_owned(), STANDARD.encode(&body).into()),
            };
        }
        Ok(Json(shown))
    })
    .await
}

/// `POST /api/v1/inbound-log/{id}/reprocess`: reads the letter again, whatever became of it before.
pub async fn reprocess(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
    JsonObject(mut body): JsonObject,
) -> Result<Response, Problem> {
    take_reason(&mut body)?;
    nothing_else(&body)?;
    let sequence = of_inbound_id(&id).ok_or_else(missing)?;
    app.engine.read_again(&caller.tenant, sequence).await?;
    let answer = json!({"ok": true, "id": id, "status": "pending"});
    Ok((StatusCode::ACCEPTED, Json(answer)).into_response())
}

/// `POST /api/v1/inbound-log/reprocess`: many, by `source, status, type, from, to`; with `dry_run` only the
/// count.
pub async fn reprocess_many(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonObject(mut body): JsonObject,
) -> Result<Response, Problem> {
    let mut place = |name: &str| match take_text(&mut body, name)? {
        None => Ok(None),
        Some(text) => moment(name, &text).map(|at| Some(Sequence::at(at))),
    };
    let (from, to) = (place("from")?, place("to")?);
    let status = take_text(&mut body, "status")?;
    if status.as_deref().is_some_and(|status| !AGAIN.contains(&status)) {
        let words = AGAIN.join(", ");
        return Err(Invalid::new("status", format!("must be one of {words}")).into());
    }
    let selection = Selection {
        event_type: take_text(&mut body, "type")?,
        cause: take_text(&mut body, "source")?,
        status,
        from: from.unwrap_or(Sequence(0)),
        to: to.unwrap_or(Sequence(u64::MAX)),
        ..Selection::default()
    };
    jobs::begin(&app, &caller, JobTask::ReprocessInbound, selection, body).await
}

fn missing() -> Problem {
    Problem::not_found("letter")
}

fn summary(sequence: Sequence, letter: &InboundRecord) -> Value {
    let fate = &letter.fate;
    let at = |at: Option<Timestamp>| at.map(Timestamp::to_rfc3339);
    let (reason, count) = match &letter.verdict {
        Verdict::Genuine => (None, 1),
        Verdict::Refused(reason) => (Some(reason.clone()), 1),
        Verdict::Uncounted(count) => {
            (Some(format!("{count} more were refused and are not kept one by one")), *count)
        }
    };
    json!({
        "id": inbound_id(sequence),
        "source": letter.road.name(),
        "received_at": sequence.moment().to_rfc3339(),
        "peer": letter.peer,
        "content_type": letter.content_type,
        "body_bytes": letter.body_bytes,
        "types": fate.kinds,
        "status": fate.state.as_str(),
        "processed": fate.state == InboundState::Processed,
        "refused": fate.state == InboundState::Refused,
        "count": count,
        "processed_at": at(fate.at.filter(|_| fate.state == InboundState::Processed)),
        "changed_at": at(fate.at),
        "attempts": fate.attempts,
        "next_attempt_at": at(fate.next_at),
        "error": reason.or_else(|| fate.error.clone()),
        "note": fate.note,
        "event_ids": fate.events,
        "events": fate.event_count,
    })
}
