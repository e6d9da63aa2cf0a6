//! Everything else that the account is told: kept and handed on as it came, under its field's name.

use serde_json::{Value, json};

use super::Change;
use super::handed_on::{unknown, without_numbers};
use super::loose::{Data, event, event_id, list, moment_if_any, text};
use crate::inbound::{Meaning, Reading, clipped};
use crate::time::Timestamp;

/// Reads a change of a field that has no meaning of its own here.
pub(super) fn read(reading: &mut Reading, change: &Change<'_>) {
    let carried = unknown(change.value);
    let data = Data::default()
        .with("account_id", change.account_id.clone())
        .with("field", Some(clipped(change.field, 80)))
        .with("truncated", carried.is_none().then_some(true))
        .with("value", carried);
    let event = event(change.field, event_id(None, &whole(change)), at(change), data.0);
    reading.add(change.field, Meaning::Event(event));
}

/// Errors of the account itself, which belong to no message. Those of a call stand with the call.
pub(super) fn errors(reading: &mut Reading, change: &Change<'_>) {
    if list(change.value, "calls").next().is_some() {
        return;
    }
    for item in list(change.value, "errors") {
        let (code, said) = super::loose::error(item, "").unwrap_or_default();
        let data = Data::default()
            .with("account_id", change.account_id.clone())
            .with("code", Some(code))
            .with("title", text(item, "/title"))
            .with("message", said.as_deref().map(without_numbers))
            .with("href", text(item, "/href"));
        let id = event_id(None, &json!([whole(change), item]));
        reading.add("error", Meaning::Event(event("error", id, at(change), data.0)));
    }
}

/// What makes a change this one: two that say the same at different times are two.
fn whole(change: &Change<'_>) -> Value {
    json!([change.account_id, change.time, change.field, change.value])
}

fn at(change: &Change<'_>) -> Timestamp {
    let time = change.time.as_ref().map(|time| json!({"time": time}));
    let told = time.as_ref().and_then(|time| moment_if_any(time, "/time"));
    told.filter(|at| *at <= change.received_at).unwrap_or(change.received_at)
}
