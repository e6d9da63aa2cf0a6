//! What becomes of a delivery where its source has no map of its own: the sender's own name for it as the
//! type, and all of it as data.
//!
//! | verifier | type | id |
//! |---|---|---|
//! | `shopify` | `shopify.<topic>`, `orders/create` as `shopify.orders.create` | its webhook id |
//! | `github` | `github.<event>`, with the action where there is one | its delivery id |
//! | `stripe` | `stripe.<type>` | the event's |
//! | `slack` | `slack.<type of the event>`, `slack.command`, `slack.interaction` | the event's |
//! | `twilio` | `twilio.message.<status>`, `twilio.call.<status>` | the message's and its status |
//! | `bird` | see `bird.rs` | the message's |
//! | any other | the event that the body is: ours, or `{type, timestamp, data}` of Standard Webhooks; what is neither is `<source>.received` | the event's |

use serde_json::{Map as Object, Value, json};

use super::map::Headers;
use super::{Verifier, bird};
use crate::event::EventType;
use crate::id::EventId;
use crate::invalid::Invalid;
use crate::privacy::phone;
use crate::time::Timestamp;

/// A delivery, as what becomes of it is decided.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    /// The source's name.
    pub source: &'a str,
    /// The headers that it came with, by name in small letters.
    pub headers: &'a Headers,
    /// The payload: JSON, or the fields of a form, or a text.
    pub body: &'a Value,
    /// The delivery's own id, where its sender gives one.
    pub id: Option<&'a str>,
    /// When it came.
    pub received_at: Timestamp,
}

impl<'a> Delivery<'a> {
    /// A text of the payload.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// The whole payload as an event's data.
    pub fn data(&self) -> Object<String, Value> {
        match self.body {
            Value::Object(map) => map.clone(),
            other => Object::from_iter([("body".to_owned(), other.clone())]),
        }
    }

    /// The id of the event of the rule with this number, where nothing better is known. Without one, the
    /// event is known by the place at which its delivery is kept.
    pub fn event_id(&self, index: usize) -> Option<String> {
        let name = format!("{}-{}", self.source, self.id?);
        let name = if index == 0 { name } else { format!("{name}-{index}") };
        name.parse::<EventId>().is_ok().then_some(name)
    }
}

/// The events of a delivery, as envelopes.
pub fn events(verifier: Verifier, delivery: &Delivery<'_>) -> Result<Vec<Value>, Invalid> {
    let one = match verifier {
        Verifier::Shopify => shopify(delivery),
        Verifier::Github => github(delivery),
        Verifier::Stripe => stripe(delivery),
        Verifier::Slack => slack(delivery),
        Verifier::Twilio => twilio(delivery),
        Verifier::Bird | Verifier::BirdJwt => bird::event(delivery),
        Verifier::Sereno
        | Verifier::Standard
        | Verifier::Hmac
        | Verifier::Bearer
        | Verifier::Basic
        | Verifier::Header
        | Verifier::None => own(delivery),
    };
    Ok(vec![one?])
}

/// An envelope of the whole payload.
pub(super) fn whole(
    delivery: &Delivery<'_>,
    event_type: &str,
    id: Option<String>,
    at: Option<Timestamp>,
) -> Value {
    envelope(delivery, event_type, id, at, Value::Object(delivery.data()))
}

/// An envelope; an id that cannot be one gives way to the delivery's.
pub(super) fn envelope(
    delivery: &Delivery<'_>,
    event_type: &str,
    id: Option<String>,
    at: Option<Timestamp>,
    data: Value,
) -> Value {
    let id = id.filter(|id| id.parse::<EventId>().is_ok());
    json!({
        "event_id": id.or_else(|| delivery.event_id(0)),
        "event_type": event_type,
        "timestamp": at.unwrap_or(delivery.received_at).to_rfc3339(),
        "data": data,
    })
}

/// The type that a sender's words make: what cannot stand in one becomes `_`.
pub(super) fn type_of(words: &[&str]) -> Result<String, Invalid> {
    let word = |c: char| if c.is_ascii_alphanumeric() || "_-.".contains(c) { c } else { '_' };
    let text: String = words.join(".").replace('/', ".").chars().map(word).collect();
    match text.parse::<EventType>() {
        Ok(_) => Ok(text),
        Err(error) => Err(Invalid::new("event_type", error.to_string())),
    }
}

fn shopify(delivery: &Delivery<'_>) -> Result<Value, Invalid> {
    let topic = delivery.header("x-shopify-topic");
    let topic = topic.ok_or_else(|| Invalid::new("X-Shopify-Topic", "is missing"))?;
    let id = delivery.header("x-shopify-webhook-id").map(|id| format!("shopify-{id}"));
    let at = delivery.header("x-shopify-triggered-at");
    let at = at.and_then(|at| Timestamp::from_rfc3339(at).ok());
    Ok(whole(delivery, &type_of(&["shopify", topic])?, id, at))
}

fn github(delivery: &Delivery<'_>) -> Result<Value, Invalid> {
    let event = delivery.header("x-github-event");
    let event = event.ok_or_else(|| Invalid::new("X-GitHub-Event", "is missing"))?;
    let id = delivery.header("x-github-delivery").map(|id| format!("github-{id}"));
    let words = ["github", event, delivery.text("action").unwrap_or_default()];
    let count = if delivery.text("action").is_some() { 3 } else { 2 };
    Ok(whole(delivery, &type_of(words.get(..count).unwrap_or_default())?, id, None))
}

fn stripe(delivery: &Delivery<'_>) -> Result<Value, Invalid> {
    let kind = delivery.text("type").ok_or_else(|| Invalid::new("type", "is missing"))?;
    let id = delivery.text("id").map(|id| format!("stripe-{id}"));
    let at = delivery.body.get("created").and_then(moment);
    Ok(whole(delivery, &type_of(&["stripe", kind])?, id, at))
}

fn slack(delivery: &Delivery<'_>) -> Result<Value, Invalid> {
    if delivery.text("command").is_some() {
        let id = delivery.text("trigger_id").map(|id| format!("slack-{id}"));
        return Ok(whole(delivery, "slack.command", id, None));
    }
    if let Some(payload) = delivery.text("payload") {
        // Buttons and forms come as one field of a form, with JSON in it.
        let Ok(payload) = serde_json::from_str::<Value>(payload) else {
            return Err(Invalid::new("payload", "is not JSON"));
        };
        let id = payload.get("trigger_id").and_then(Value::as_str).map(|id| format!("slack-{id}"));
        return Ok(envelope(delivery, "slack.interaction", id, None, payload));
    }
    let inner = delivery.body.pointer("/event/type").and_then(Value::as_str);
    let kind = inner.or_else(|| delivery.text("type"));
    let kind = kind.ok_or_else(|| Invalid::new("type", "is missing"))?;
    let id = delivery.text("event_id").map(|id| format!("slack-{id}"));
    let at = delivery.body.get("event_time").and_then(moment);
    Ok(whole(delivery, &type_of(&["slack", kind])?, id, at))
}

/// Where Twilio has numbers; what stands under `wa_id` leaves as its hash.
const TWILIO_NUMBERS: [&str; 8] = [
    "From",
    "To",
    "WaId",
    "Caller",
    "Called",
    "ForwardedFrom",
    "CalledVia",
    "OriginalRepliedMessageSender",
];

/// Twilio's fields; a number, behind the name of its channel too, as `{"wa_id"}`.
fn twilio_data(delivery: &Delivery<'_>) -> Value {
    let field = |(name, value): (String, Value)| {
        let text = value.as_str().filter(|_| TWILIO_NUMBERS.contains(&name.as_str()));
        let number =
            text.and_then(|text| phone(text.split_once(':').map_or(text, |(_, of)| of)).ok());
        match number {
            Some(number) => (name, json!({"wa_id": number})),
            None => (name, value),
        }
    };
    Value::Object(delivery.data().into_iter().map(field).collect())
}

fn twilio(delivery: &Delivery<'_>) -> Result<Value, Invalid> {
    let status = |names: &[&str]| names.iter().find_map(|name| delivery.text(name));
    let (kind, sid, status) = if let Some(sid) = status(&["CallSid"]) {
        ("call", sid, status(&["CallStatus"]).unwrap_or("received"))
    } else if let Some(sid) = status(&["MessageSid", "SmsSid", "SmsMessageSid"]) {
        ("message", sid, status(&["MessageStatus", "SmsStatus"]).unwrap_or("received"))
    } else {
        return Ok(envelope(delivery, "twilio.event", None, None, twilio_data(delivery)));
    };
    // One message has an event for each of its states.
    let id = format!("twilio-{sid}-{status}");
    let event_type = type_of(&["twilio", kind, status])?;
    Ok(envelope(delivery, &event_type, Some(id), None, twilio_data(delivery)))
}

/// Our own envelope, or that of Standard Webhooks, or anything.
fn own(delivery: &Delivery<'_>) -> Result<Value, Invalid> {
    let body = delivery.body;
    let named = |name: &str| body.get(name).cloned().filter(|value| !value.is_null());
    if let Some(event_type) = named("event_type") {
        let mut envelope = Object::new();
        envelope.insert("event_type".to_owned(), event_type);
        for name in ["event_id", "timestamp", "data"] {
            envelope.extend(named(name).map(|value| (name.to_owned(), value)));
        }
        let id = || json!(delivery.event_id(0));
        envelope.entry("event_id").or_insert_with(id);
        return Ok(Value::Object(envelope));
    }
    let data = named("data").filter(Value::is_object);
    if let (Some(kind), Some(data)) = (delivery.text("type"), data) {
        let at = body.get("timestamp").and_then(moment);
        let id = delivery.text("id").map(str::to_owned);
        return Ok(envelope(delivery, &type_of(&[kind])?, id, at, data));
    }
    Ok(whole(delivery, &type_of(&[delivery.source, "received"])?, None, None))
}

/// A moment as senders write it: RFC 3339, or seconds or milliseconds since 1970, as a number or a text.
pub fn moment(value: &Value) -> Option<Timestamp> {
    /// Seconds reach so far in the year 5138; milliseconds were so many in 1973.
    const SECONDS_MAX: i64 = 100_000_000_000;
    let number = match value {
        Value::String(text) => match Timestamp::from_rfc3339(text) {
            Ok(at) => return Some(at),
            Err(_) => text.parse::<i64>().ok()?,
        },
        Value::Number(number) => number.as_i64()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let is_seconds = number.unsigned_abs() < SECONDS_MAX.unsigned_abs();
    let at = Timestamp(if is_seconds { number * 1_000 } else { number });
    // What cannot be written as a date is none.
    (0..253_402_300_800_000).contains(&at.0).then_some(at)
}

#[cfg(test)]
mod tests;
