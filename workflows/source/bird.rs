//! What Bird sends of its channels, in our words.
//!
//! `whatsapp.inbound`, and the same of its other channels, is `conversation.message.received`;
//! `….outbound` is `conversation.message.sent` once the message is on its way, and what is said of it later
//! keeps Bird's own name, as everything else does.

use serde_json::{Map as Object, Value, json};

use super::built_in::{Delivery, envelope, moment, type_of, whole};
use crate::invalid::Invalid;

/// How far a message is when it counts as sent; each is said once.
const SENT: &str = "sent";

/// The event of a delivery of Bird's.
pub(super) fn event(delivery: &Delivery<'_>) -> Result<Value, Invalid> {
    let name = delivery.text("event").ok_or_else(|| Invalid::new("event", "is missing"))?;
    let payload = delivery.body.get("payload").filter(|payload| payload.is_object());
    let payload = payload.ok_or_else(|| Invalid::new("payload", "must be an object"))?;
    let id = text(payload, "/id");
    let status = text(payload, "/status");
    let at = ["/createdAt", "/updatedAt"].iter().find_map(|path| moment(payload.pointer(path)?));
    let known = |what: &str| id.map(|id| format!("bird-{id}{what}"));
    let channel = name.split('.').next().unwrap_or_default();
    if name.ends_with(".inbound") {
        let data = message(payload, "/sender/contact", channel);
        return Ok(envelope(delivery, "conversation.message.received", known(""), at, data));
    }
    if name.ends_with(".outbound") && status == Some(SENT) {
        let contact = if payload.pointer("/receiver/contacts/0").is_some() {
            "/receiver/contacts/0"
        } else {
            "/receiver/contact"
        };
        let data = message(payload, contact, channel);
        return Ok(envelope(delivery, "conversation.message.sent", known("-sent"), at, data));
    }
    let id = known(&status.map(|status| format!("-{status}")).unwrap_or_default());
    // An interaction, such as a click, may come many times for one message.
    let id = id.filter(|_| status.is_some());
    Ok(whole(delivery, &type_of(&["bird", name])?, id, at))
}

/// A message as the events of conversations have it.
fn message(payload: &Value, contact: &str, channel: &str) -> Value {
    let person = payload.pointer(contact).unwrap_or(&Value::Null);
    let key = text(person, "/identifierKey").unwrap_or_default();
    let value = text(person, "/identifierValue");
    let mut data = Object::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            data.insert(name.to_owned(), value);
        }
    };
    let shown = |path: &str| payload.pointer(path).filter(|value| !value.is_null()).cloned();
    // A person and a channel make a conversation where Bird names none.
    let made = || {
        let who = text(person, "/id").or(value)?;
        Some(json!(format!("bird-{}-{who}", text(payload, "/channelId").unwrap_or(channel))))
    };
    put("conversation_id", shown("/conversationId").or_else(made));
    put("message_id", shown("/id"));
    put("wa_number", value.filter(|_| key == "phonenumber").map(Value::from));
    put("email", value.filter(|_| key == "emailaddress").map(Value::from));
    put("user", Some(user(payload, person)));
    put("content", Some(content(payload)));
    put("text", said(payload).map(Value::from));
    put("metadata", Some(metadata(payload, channel)));
    Value::Object(data)
}

fn user(payload: &Value, person: &Value) -> Value {
    let mut user = Object::new();
    let extra =
        |name: &str| payload.pointer("/meta/extraInformation").and_then(|all| all.get(name));
    for (name, value) in [
        ("id", person.get("id")),
        ("name", person.pointer("/annotations/name")),
        ("user_id", extra("whatsappbsuid")),
        ("username", extra("whatsappusername")),
    ] {
        if let Some(value) = value.filter(|value| !value.is_null()) {
            user.insert(name.to_owned(), value.clone());
        }
    }
    Value::Object(user)
}

/// What was written, and which button was pressed.
fn content(payload: &Value) -> Value {
    let mut content = Object::new();
    content.insert("type".to_owned(), json!(text(payload, "/body/type").unwrap_or("unknown")));
    if let Some(text) = said(payload) {
        content.insert("text".to_owned(), json!(text));
    }
    if let Some(pressed) = text(payload, "/body/text/actions/0/postback/payload") {
        content.insert("button".to_owned(), json!(pressed));
    }
    Value::Object(content)
}

fn metadata(payload: &Value, channel: &str) -> Value {
    let mut metadata = Object::new();
    metadata.insert("channel".to_owned(), json!(channel));
    metadata.insert("provider".to_owned(), json!("bird"));
    for (name, path) in [("channel_id", "/channelId"), ("status", "/status"), ("body", "/body")] {
        if let Some(value) = payload.pointer(path).filter(|value| !value.is_null()) {
            metadata.insert(name.to_owned(), value.clone());
        }
    }
    Value::Object(metadata)
}

fn said(payload: &Value) -> Option<&str> {
    text(payload, "/body/text/text")
        .or_else(|| text(payload, "/body/text/actions/0/postback/text"))
        .or_else(|| text(payload, "/body/image/text"))
}

fn text<'a>(value: &'a Value, path: &str) -> Option<&'a str> {
    value.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty())
}
