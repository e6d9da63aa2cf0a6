//! Calls: they ring, they are connected, they end; and they are missed, or fail.

use serde_json::{Value, json};

use super::Change;
use super::handed_on::without_numbers;
use super::loose::{Data, error, event, event_id, list, moment, moment_if_any, text, whole};
use super::person::{identified, who};
use crate::inbound::{Heard, Meaning, Reading, What};
use crate::time::{Span, Timestamp};

/// No call lasts for longer than a month.
const SECONDS_MAX: i64 = 31 * 24 * 3_600;

/// How a call that is over came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// It was answered, and is over.
    Ended,
    /// The customer called, and nobody answered; or the business did, and the customer did not answer.
    Missed,
    /// Something went wrong.
    Failed,
}

/// Reads something of a call.
pub(super) fn read(reading: &mut Reading, change: &Change<'_>, item: &Value) {
    let (call, word) = (text(item, "/id"), text(item, "/event").unwrap_or_default());
    let by_customer = is_by_customer(change, item);
    let person = match by_customer {
        true => who(change, item, "/from", "/from_user_id"),
        false => who(change, item, "/to", "/to_user_id"),
    };
    let alone = list(change.value, "calls").nth(1).is_none();
    let of_value = || error(change.value, "/errors/0").filter(|_| alone);
    let error = error(item, "/errors/0").or_else(of_value);
    let failed = error.is_some() || text(item, "/status").as_deref() == Some("FAILED");
    // A clock may be wrong by hours, not by years.
    let latest = change.received_at.after(Span::hours(24));
    let told = |place| moment_if_any(item, place).filter(|at| *at <= latest);
    let started = told("/start_time");
    let kind = match word.as_str() {
        "connect" | "call_created" => "call.started".to_owned(),
        "terminate" => match ending(started.is_some(), by_customer, failed) {
            Ending::Ended => "call.ended".to_owned(),
            Ending::Missed => "call.missed".to_owned(),
            Ending::Failed => "call.failed".to_owned(),
        },
        "" => "call.unknown".to_owned(),
        other => format!("call.{other}"),
    };
    let direction = if by_customer { "user_initiated" } else { "business_initiated" };
    let rfc3339 = |at: Option<Timestamp>| at.map(Timestamp::to_rfc3339);
    let ended = told("/end_time").filter(|ended| started.is_none_or(|from| from <= *ended));
    let duration = whole(item, "/duration").filter(|seconds| (0..=SECONDS_MAX).contains(seconds));
    let duration = duration.or_else(|| {
        started.zip(ended).map(|(from, to)| i64::try_from(to.since(from).0 / 1_000).unwrap_or(0))
    });
    let data = identified(Data::default().with("call_id", call.clone()), &person)
        .with("direction", Some(direction))
        .with("answered", (word == "terminate").then_some(started.is_some()))
        .with("status", text(item, "/status").map(|status| status.to_lowercase()))
        .with("started_at", rfc3339(started))
        .with("ended_at", rfc3339(ended))
        .with("duration_seconds", duration)
        .with("error", error.map(|(code, said)| json!({"code": code, "message": said.as_deref().map(without_numbers)})))
        .with("cta_payload", text(item, "/cta_payload"))
        .with("deeplink_payload", text(item, "/deeplink_payload"))
        .with("reference", text(item, "/biz_opaque_callback_data"));
    let id = event_id(call.map(|call| format!("{call}:{word}")).as_deref(), item);
    let at = moment(item, "/timestamp", change.received_at);
    let heard = Heard { who: person, what: What::Call, event: event(&kind, id, at, data.0) };
    reading.add(&kind, Meaning::Heard(Box::new(heard)));
}

/// Reads a status of a call that the business makes: it rings, is accepted or rejected.
pub(super) fn status(reading: &mut Reading, change: &Change<'_>, item: &Value) {
    let Some(call) = text(item, "/id") else {
        reading.leave_out(|| "a status names no call".to_owned());
        return;
    };
    let person = who(change, item, "/recipient_id", "/recipient_user_id");
    let word = text(item, "/status").unwrap_or_default().to_lowercase();
    let data = identified(Data::default().with("call_id", Some(call.as_str())), &person)
        .with("direction", Some("business_initiated"))
        .with("status", Some(word.as_str()))
        .with("reference", text(item, "/biz_opaque_callback_data"));
    let id = event_id(Some(&format!("{call}:status:{word}")), item);
    let at = moment(item, "/timestamp", change.received_at);
    let event = event("call.status", id, at, data.0);
    let heard = Heard { who: person, what: What::Call, event };
    reading.add(&format!("call_status.{word}"), Meaning::Heard(Box::new(heard)));
}

/// Early payloads do not say who called: then it is whoever is not the business.
fn is_by_customer(change: &Change<'_>, item: &Value) -> bool {
    match text(item, "/direction").as_deref() {
        Some("USER_INITIATED") => true,
        Some("BUSINESS_INITIATED") => false,
        Some(_) | None => {
            let own = text(change.value, "/metadata/display_phone_number");
            own.is_none() || text(item, "/from") != own
        }
    }
}

/// Meta says when a call was picked up, if it was.
fn ending(answered: bool, by_customer: bool, failed: bool) -> Ending {
    match (answered, by_customer, failed) {
        (true, _, false) => Ending::Ended,
        (false, true, _) | (false, false, false) => Ending::Missed,
        (true, _, true) | (false, false, true) => Ending::Failed,
    }
}
