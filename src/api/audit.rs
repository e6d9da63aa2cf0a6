//! The audit log: what was done through the API, by whom; and the words in which an entry tells of a request.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};
use sereno_actors::limits;
use sereno_actors::limits::access::{AUDIT_TEXT_BYTES_MAX, AUDIT_VALUE_BYTES_MAX};
use sereno_actors::record::{Actor, AuditRecord, Signed};
use sereno_workflows::id::Sequence;
use sereno_workflows::inbound::clipped;
use sereno_workflows::masking::masked_text;

use super::App;
use super::aside::aside;
use super::error::Problem;
use super::request::{Caller, ListQuery};

/// Fields of bodies whose values are told: they are words of ours, and nobody's secret.
const TOLD: [&str; 17] = [
    "action",
    "cause",
    "channel",
    "code",
    "endpoint_id",
    "event_type",
    "expires_in",
    "fault",
    "from",
    "kind",
    "next",
    "overlap",
    "role",
    "since",
    "status",
    "to",
    "type",
];

/// Settings of which the audit log also tells what inside of them was switched.
const SWITCHES: [&str; 1] = ["channels"];
/// Said beside the detail.
const REASON: &str = "reason";

/// What a handler has an entry tell in place of what the body asked for: only it knows what that came to.
#[derive(Debug, Clone)]
pub struct Told(pub String);

/// Entries that are read at once.
const PAGE_ROWS: usize = 200;

/// `GET /api/v1/audit`: the newest first, by `who, action, from, to`.
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: ListQuery,
) -> Result<Json<Value>, Problem> {
    query.only(&["who", "action", "from", "to"])?;
    aside(caller.tenant.clone(), move || page(&app, &caller, &query)).await
}

fn page(app: &App, caller: &Caller, query: &ListQuery) -> Result<Json<Value>, Problem> {
    let (from, to) = query.from_to()?;
    let from = from.max(Sequence::at(app.engine.audited_since()));
    let mut before = query.before()?.min(to);
    let (mut items, mut looked_at, mut more) = (Vec::new(), 0, true);
    while more && items.len() < query.limit && looked_at < limits::SCAN_ROWS_MAX {
        let page = app.engine.ledger().audit(&caller.tenant, from..before, PAGE_ROWS)?;
        let (count, mut seen) = (page.len(), 0);
        for (place, entry) in page {
            if items.len() == query.limit {
                break;
            }
            (before, seen) = (place, seen + 1);
            if fits(&entry, query) {
                items.push(shown(place, &entry));
            }
        }
        looked_at += count;
        more = count == PAGE_ROWS || seen < count;
    }
    let next_cursor = more.then(|| before.to_text());
    Ok(Json(json!({"ok": true, "items": items, "next_cursor": next_cursor})))
}

/// `who` is a kind, an id or a name; an action may end in `*`.
fn fits(entry: &AuditRecord, query: &ListQuery) -> bool {
    let (kind, id, name) = words(&entry.who);
    let action = query.get("action").is_none_or(|wanted| match wanted.strip_suffix('*') {
        Some(beginning) => entry.action.starts_with(beginning),
        None => entry.action == wanted,
    });
    let who = query.get("who").is_none_or(|wanted| [Some(kind), id, name].contains(&Some(wanted)));
    action && who
}

fn words(who: &Actor) -> (&str, Option<&str>, Option<&str>) {
    match who {
        Actor::Admin => ("admin", None, None),
        Actor::Key { id, name } => ("key", Some(id), Some(name)),
        Actor::Link { id } => ("link", Some(id), None),
    }
}

fn shown(place: Sequence, entry: &AuditRecord) -> Value {
    let told = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    json!({
        "id": format!("audit_{}", place.to_text()),
        "at": entry.at.to_rfc3339(),
        "who": who(&entry.who),
        "role": entry.role.as_str(),
        "by": if entry.by_session { "session" } else { "key" },
        "address": told(&entry.address),
        "action": entry.action,
        "subject": told(&entry.subject),
        "detail": told(&entry.detail),
        "reason": told(&entry.reason),
        "status": entry.status,
    })
}

/// Somebody, as answers name them.
pub(super) fn who(who: &Actor) -> Value {
    let (kind, id, name) = words(who);
    json!({"kind": kind, "id": id, "name": name})
}

/// That somebody did something by hand: when, who and why.
pub(super) fn signed(signed: Option<&Signed>) -> Value {
    let Some(Signed { at, by, reason }) = signed else { return Value::Null };
    json!({
        "at": at.to_rfc3339(),
        "by": who(by),
        "reason": (!reason.is_empty()).then_some(reason),
    })
}

/// The reason that a body gives for what it asks for, without what looks like personal data. Too long a one is
/// refused by whoever takes it.
pub(super) fn reason(body: &Value) -> String {
    let text = body.get("reason").and_then(Value::as_str).unwrap_or_default();
    clipped(&masked_text(text.trim()), limits::work::REASON_BYTES_MAX).to_owned()
}

/// What a body asks for: the names of its fields, and the values that are words of ours.
pub(super) fn detail(body: &Value) -> String {
    let Some(map) = body.as_object() else { return String::new() };
    let inner = map.get("settings").and_then(Value::as_object);
    let alone = map.keys().all(|name| ["settings", REASON].contains(&name.as_str()));
    let fields = inner.filter(|_| alone).unwrap_or(map).iter();
    let mut told = Vec::new();
    for (name, value) in fields.filter(|(name, _)| *name != REASON) {
        if SWITCHES.contains(&name.as_str()) {
            switches(name, value, &mut told);
        } else {
            told.push(field((name, value)));
        }
    }
    clipped(&told.join(", "), AUDIT_TEXT_BYTES_MAX).to_owned()
}

/// What is switched inside of a setting, by the way to it: `channels.whatsapp.paused: true`. Settings are
/// nested as deep as a few words.
fn switches(way: &str, value: &Value, told: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                switches(&format!("{way}.{name}"), value, told);
            }
        }
        other => told.push(field((&way.to_owned(), other))),
    }
}

/// What a handler tells, as it stands in an entry.
pub(super) fn told(Told(text): &Told) -> String {
    clipped(&masked_text(text), AUDIT_TEXT_BYTES_MAX).to_owned()
}

fn field((name, value): (&String, &Value)) -> String {
    let name = clipped(&masked_text(name), AUDIT_VALUE_BYTES_MAX).to_owned();
    match value {
        Value::Bool(flag) => format!("{name}: {flag}"),
        Value::Number(number) if TOLD.contains(&&*name) => format!("{name}: {number}"),
        Value::String(text) if TOLD.contains(&&*name) => {
            let text = masked_text(text);
            format!("{name}: {}", clipped(&text, AUDIT_VALUE_BYTES_MAX))
        }
        Value::Null => format!("{name}: null"),
        Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => name,
    }
}

/// The id of what was made, as far as an answer tells.
pub(super) fn made(answer: &Map<String, Value>) -> Option<String> {
    let inner = answer.get("link").and_then(Value::as_object).unwrap_or(answer);
    ["id", "job_id", "event_id"].iter().find_map(|name| match inner.get(*name) {
        Some(Value::String(text)) => Some(clipped(text, AUDIT_TEXT_BYTES_MAX).to_owned()),
        Some(Value::Number(number)) => Some(number.to_string()),
        Some(_) | None => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e01_an_entry_tells_what_was_asked_and_no_secret() {
        for (body, told) in [
            (json!({"action": "confirm", "name": "Ana"}), "action: confirm, name"),
            (
                json!({"enabled": true, "secret": "whsec_x", "headers": {"a": "b"}}),
                "enabled: true, headers, secret",
            ),
            (json!({"settings": {"smtp": {"password": "x"}, "timezone": "UTC"}}), "smtp, timezone"),
            (
                json!({"settings": {"channels": {"whatsapp": {"paused": true}}}, "reason": "x"}),
                "channels.whatsapp.paused: true",
            ),
            (json!({"channels": {"email": null}, "locale": "es"}), "channels.email: null, locale"),
            (json!({"action": "release", "reason": "gone home"}), "action: release"),
            (json!({"role": "viewer", "portal": true}), "portal: true, role: viewer"),
            (json!({"action": "call +34600000012"}), "action: call +34•••••12"),
            (json!(["a"]), ""),
            (json!(null), ""),
        ] {
            assert_eq!(detail(&body), told, "{body}");
        }
        let long: Map<String, Value> =
            (0..200).map(|number| (format!("field_{number:03}"), json!(0))).collect();
        assert!(detail(&Value::Object(long)).len() <= AUDIT_TEXT_BYTES_MAX);
    }
}
