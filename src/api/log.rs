//! The log: every attempt, and every event that an endpoint's filters held back.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};
use sereno_actors::endpoint::delivery_id;
use sereno_actors::limits;
use sereno_actors::record::{AttemptStatus, EventRecord, FilteredBy, LogRecord};
use sereno_workflows::id::{EndpointId, Sequence};
use sereno_workflows::time::Span;

use super::App;
use super::admin::number;
use super::aside::aside;
use super::error::Problem;
use super::request::{Caller, ListQuery};

/// Lines that are read at once in search of those that are wanted.
const LINES_AT_ONCE: usize = 200;

/// `GET /api/v1/admin/notify/logs`: from the newest down, by `endpoint_id, status, event`.
pub async fn logs(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: ListQuery,
) -> Result<Json<Value>, Problem> {
    query.only(&["endpoint_id", "status", "event"])?;
    query.one_of("status", &["sent", "failed", "filtered"])?;
    aside(caller.tenant.clone(), move || page(&app, &caller, &query)).await
}

/// What of the log is wanted.
struct Wanted<'a> {
    endpoint: Option<EndpointId>,
    status: Option<&'a str>,
    event: Option<&'a str>,
}

impl Wanted<'_> {
    /// Whether anything of a line is.
    fn has(&self, line: &LogRecord) -> bool {
        let (event_type, status) = match line {
            LogRecord::Attempt { event_type, status, .. } => (event_type, word(*status)),
            LogRecord::Filtered { event_type, .. } => (event_type, FILTERED),
        };
        let is_of = |wanted: EndpointId| match line {
            LogRecord::Attempt { endpoint, .. } => *endpoint == wanted.0,
            LogRecord::Filtered { endpoints, .. } => {
                endpoints.iter().any(|(endpoint, _)| *endpoint == wanted.0)
            }
        };
        self.event.is_none_or(|wanted| event_type == wanted)
            && self.status.is_none_or(|wanted| status == wanted)
            && self.endpoint.is_none_or(is_of)
    }

    /// Whether an item of such a line is.
    fn has_item(&self, item: &Value) -> bool {
        let endpoint = item.get("endpoint_id").and_then(Value::as_u64);
        self.endpoint.is_none_or(|wanted| endpoint == Some(u64::from(wanted.0)))
    }
}

fn page(app: &App, caller: &Caller, query: &ListQuery) -> Result<Json<Value>, Problem> {
    let wanted = Wanted {
        endpoint: query.get("endpoint_id").map(number).transpose()?,
        status: query.get("status"),
        event: query.get("event"),
    };
    let before = query.before()?;
    let (found, next) = match (wanted.endpoint, wanted.status) {
        (Some(endpoint), Some("sent" | "failed")) => {
            let from = (before, query.limit);
            let has = |line: &LogRecord| wanted.has(line);
            let found = app.engine.ledger().attempts_of(&caller.tenant, endpoint, from, has)?;
            (found.lines, found.next)
        }
        _ => all(app, caller, (before, query.limit), &wanted)?,
    };
    let (mut items, mut events) = (Vec::new(), HashMap::new());
    for (place, line) in found {
        let shown = lines(told_once(app, caller, &mut events, &line)?, place, line);
        items.extend(shown.into_iter().filter(|item| wanted.has_item(item)));
    }
    let next_cursor = next.map(Sequence::to_text);
    Ok(Json(json!({"ok": true, "items": items, "next_cursor": next_cursor})))
}

/// Lines with their places, and before which place there may be more.
type Lines = (Vec<(Sequence, LogRecord)>, Option<Sequence>);

/// What is wanted of all lines. A line's items stay together, so a page may be longer than asked for.
fn all(
    app: &App,
    caller: &Caller,
    (mut before, limit): (Sequence, usize),
    wanted: &Wanted<'_>,
) -> Result<Lines, Problem> {
    let (mut found, mut items, mut looked_at) = (Vec::new(), 0, 0);
    loop {
        let page = app.engine.ledger().log(&caller.tenant, before, LINES_AT_ONCE)?;
        let is_last = page.len() < LINES_AT_ONCE;
        for (place, line) in page {
            looked_at += 1;
            before = place;
            if wanted.has(&line) {
                items += match (&line, wanted.endpoint) {
                    (LogRecord::Filtered { endpoints, .. }, None) => endpoints.len(),
                    (LogRecord::Filtered { .. } | LogRecord::Attempt { .. }, _) => 1,
                };
                found.push((place, line));
            }
            if items >= limit || looked_at >= limits::SCAN_ROWS_MAX {
                return Ok((found, Some(before)));
            }
        }
        if is_last {
            return Ok((found, None));
        }
    }
}

/// How an attempt ended, as the log tells of it.
fn word(status: AttemptStatus) -> &'static str {
    match status {
        AttemptStatus::Sent | AttemptStatus::Collected => "sent",
        AttemptStatus::Retrying | AttemptStatus::Dead | AttemptStatus::Withdrawn => "failed",
    }
}

const FILTERED: &str = "filtered";

/// An event's id and the beginning of its body; nothing of one that is no longer kept.
type Told = (Option<String>, String);

/// What is told of a line's event, which is read once for all lines of a page: one that went to thousands is long.
fn told_once<'a>(
    app: &App,
    caller: &Caller,
    events: &'a mut HashMap<Sequence, Told>,
    line: &LogRecord,
) -> Result<&'a Told, Problem> {
    let (LogRecord::Attempt { event, .. } | LogRecord::Filtered { event, .. }) = line;
    Ok(match events.entry(*event) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(new) => new.insert(told(app.engine.ledger().event(&caller.tenant, *event)?)),
    })
}

/// A line of the log as items: one for an attempt, one for each endpoint that filtered an event.
fn lines((event_id, payload): &Told, sequence: Sequence, line: LogRecord) -> Vec<Value> {
    let place = sequence.to_text();
    match line {
        LogRecord::Attempt {
            endpoint,
            delivery,
            event: _,
            event_type,
            status,
            code,
            error,
            attempt,
            duration_ms,
            began_at,
            message,
            response: _,
        } => {
            let ended_at = began_at.after(Span::millis(u64::from(duration_ms)));
            let outcome = super::deliveries::outcome(status);
            let status = word(status);
            vec![json!({
                "id": format!("log_{place}"),
                "endpoint_id": endpoint,
                "delivery_id": delivery_id(delivery),
                "event": event_type,
                "event_id": event_id,
                "status": status,
                "outcome": outcome,
                "attempt": attempt,
                "response_code": code,
                "error_message": error,
                "payload_snippet": message.map_or_else(|| payload.clone(), |text| snippet(&text)),
                "duration_ms": duration_ms,
                "created_at": began_at.to_rfc3339(),
                "sent_at": (status == "sent").then(|| ended_at.to_rfc3339()),
            })]
        }
        LogRecord::Filtered { event: _, event_type, endpoints } => {
            let mut common = Map::new();
            for (name, value) in [
                ("event", json!(event_type)),
                ("event_id", json!(event_id)),
                ("status", json!("filtered")),
                ("outcome", json!("filtered")),
                ("response_code", json!(-1)),
                ("payload_snippet", json!(payload)),
                ("duration_ms", json!(0)),
                ("created_at", json!(sequence.moment().to_rfc3339())),
                ("sent_at", Value::Null),
            ] {
                common.insert(name.to_owned(), value);
            }
            let item = |(index, (endpoint, reason)): (usize, (u32, FilteredBy))| {
                let mut item = common.clone();
                item.insert("id".to_owned(), json!(format!("log_{place}-{index}")));
                item.insert("endpoint_id".to_owned(), json!(endpoint));
                item.insert("error_message".to_owned(), json!(reason_of(reason)));
                Value::Object(item)
            };
            endpoints.into_iter().enumerate().map(item).collect()
        }
    }
}

pub(super) fn reason_of(reason: FilteredBy) -> &'static str {
    match reason {
        FilteredBy::Disabled => "the endpoint is disabled",
        FilteredBy::Type => "its events do not list this type",
        FilteredBy::Intent => "its intents do not list this intent",
    }
}

fn told(event: Option<EventRecord>) -> Told {
    match event {
        Some(event) => (Some(event.id), snippet(&String::from_utf8_lossy(&event.body))),
        None => (None, String::new()),
    }
}

fn snippet(text: &str) -> String {
    text.chars().take(limits::PAYLOAD_CHARS_MAX).collect()
}
