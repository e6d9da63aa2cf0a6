//! A customer's message, of any kind.

use serde_json::{Value, json};

use super::Change;
use super::handed_on::{known, unknown};
use super::loose::{Data, event, event_id, moment, text};
use super::person::{changed, identified, who};
use crate::inbound::{Heard, Meaning, Reading, What, clipped};

/// Kinds whose content goes on under their own name.
const KINDS: [&str; 11] = [
    "audio",
    "contacts",
    "document",
    "image",
    "interactive",
    "location",
    "order",
    "reaction",
    "sticker",
    "unsupported",
    "video",
];
/// Kinds that are a file at Meta.
const MEDIA: [&str; 5] = ["audio", "document", "image", "sticker", "video"];

/// Reads one message.
pub(super) fn read(reading: &mut Reading, change: &Change<'_>, item: &Value) {
    let kind = text(item, "/type").unwrap_or_else(|| "unknown".to_owned());
    if kind == "system" && item.get("system").is_some() {
        changed(reading, change, item);
        return;
    }
    let person = who(change, item, "/from", "/from_user_id");
    let given = text(item, "/id");
    if given.is_none() && person.phone.is_none() && person.user_id.is_none() {
        reading.leave_out(|| "a message has neither an id nor a sender".to_owned());
        return;
    }
    let id = event_id(given.as_deref(), item);
    let at = moment(item, "/timestamp", change.received_at);
    let button = pressed(item);
    let what = What::Message {
        text: text(item, "/text/body").or_else(|| text(item, "/button/text")),
        button: button.clone(),
    };
    let data = identified(Data::default().with("message_id", Some(id.as_str())), &person)
        .with("type", Some(clipped(&kind, 40)))
        .with("text", said(item, &kind))
        .with("button", button);
    let data = content(surroundings(data, item), item, &kind);
    let heard = Heard { who: person, what, event: event("message.received", id, at, data.0) };
    reading.add(&format!("message.{kind}"), Meaning::Heard(Box::new(heard)));
}

/// The id of what was pressed or chosen.
fn pressed(item: &Value) -> Option<String> {
    text(item, "/interactive/button_reply/id")
        .or_else(|| text(item, "/interactive/list_reply/id"))
        .or_else(|| text(item, "/button/payload"))
}

/// What a person reads of the message.
fn said(item: &Value, kind: &str) -> Option<String> {
    text(item, "/text/body")
        .or_else(|| text(item, "/button/text"))
        .or_else(|| text(item, "/interactive/button_reply/title"))
        .or_else(|| text(item, "/interactive/list_reply/title"))
        .or_else(|| text(item, "/interactive/nfm_reply/body"))
        .or_else(|| text(item, &format!("/{kind}/caption")))
        .or_else(|| text(item, "/order/text"))
}

/// What the message belongs to: the one that it answers, the advertisement that led to it.
fn surroundings(data: Data, item: &Value) -> Data {
    let flag = |place: &str| item.pointer(place).and_then(Value::as_bool).filter(|yes| *yes);
    let forwarded = flag("/context/forwarded").or_else(|| flag("/context/frequently_forwarded"));
    let whole = |place: &str| item.pointer(place).and_then(known);
    data.with("reply_to", text(item, "/context/id"))
        .with("forwarded", forwarded)
        .with("product", whole("/context/referred_product"))
        .with("referral", whole("/referral"))
        .with("group_id", text(item, "/group_id"))
        .with("errors", whole("/errors"))
        .with("origin", text(item, "/origin"))
}

/// The content; what is too large or too deep to be carried stands in the inbound log alone.
fn content(data: Data, item: &Value, kind: &str) -> Data {
    let data = carried(data, item, kind);
    let left_out = item.get(kind).is_some_and(|inside| unknown(inside).is_none());
    data.with("truncated", left_out.then_some(true))
}

fn carried(data: Data, item: &Value, kind: &str) -> Data {
    let Some(inside) = item.get(kind).filter(|_| !["text", "button"].contains(&kind)) else {
        return data;
    };
    if MEDIA.contains(&kind) {
        return data.with("media", known(inside));
    }
    match kind {
        "reaction" => {
            let emoji = text(inside, "/emoji");
            let reaction = json!({
                "message_id": text(inside, "/message_id"),
                "removed": emoji.is_none(),
                "emoji": emoji,
            });
            data.with("reaction", Some(reaction))
        }
        "interactive" => {
            // A form's answers are JSON inside a text.
            let answers = text(inside, "/nfm_reply/response_json");
            let answers = answers.and_then(|text| serde_json::from_str::<Value>(&text).ok());
            data.with("form", answers.as_ref().and_then(known)).with("interactive", known(inside))
        }
        kind if KINDS.contains(&kind) => data.with(kind, known(inside)),
        _ => data.with("content", unknown(inside)),
    }
}
