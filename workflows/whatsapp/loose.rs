//! Values as they come: numbers where texts belong, one thing where a list does, names that mean the same.

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::event::{Event, EventType};
use crate::id::EventId;
use crate::inbound::clipped;
use crate::payload;
use crate::time::Timestamp;

/// Bytes of a text that is kept of a message; WhatsApp's own have at most 4,096 characters.
const TEXT_BYTES_MAX: usize = 16 << 10;
/// A cut of a digest that no two things of one account will have in common.
const DIGEST_BYTES: usize = 16;
/// Meta counts seconds; what is greater than this can only be milliseconds.
const SECONDS_MAX: i64 = 100_000_000_000;
/// The end of the year 9999, the last that RFC 3339 can write.
const MILLIS_MAX: i64 = 253_402_300_799_999;

/// The things under a name: a list of them, or one alone.
pub(super) fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    let (many, one) = match value.get(name) {
        Some(Value::Array(items)) => (items.as_slice(), None),
        Some(one @ Value::Object(_)) => (&[] as &[Value], Some(one)),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => {
            (&[] as &[Value], None)
        }
    };
    many.iter().chain(one)
}

/// A text or a number at a place, as text; nothing where it is empty.
pub(super) fn text(value: &Value, place: &str) -> Option<String> {
    match value.pointer(place)? {
        Value::String(text) if !text.is_empty() => Some(clipped(text, TEXT_BYTES_MAX).to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    }
}

/// A whole number at a place, also one that is written as text.
pub(super) fn whole(value: &Value, place: &str) -> Option<i64> {
    match value.pointer(place)? {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_i64(),
    }
}

/// A moment at a place, in seconds as text or number; one that cannot be, such as one in the future, is
/// that at which the letter came.
pub(super) fn moment(value: &Value, place: &str, received_at: Timestamp) -> Timestamp {
    moment_if_any(value, place).filter(|at| *at <= received_at).unwrap_or(received_at)
}

/// The same, where it may be missing or still to come.
pub(super) fn moment_if_any(value: &Value, place: &str) -> Option<Timestamp> {
    let count = whole(value, place).filter(|count| *count >= 0)?;
    let millis = if count > SECONDS_MAX { count } else { count * 1_000 };
    Some(Timestamp(millis)).filter(|_| millis <= MILLIS_MAX)
}

/// What went wrong: its code and a sentence.
pub(super) fn error(value: &Value, place: &str) -> Option<(i64, Option<String>)> {
    let error = value.pointer(place)?;
    let code = whole(error, "/code").unwrap_or_default();
    let said = text(error, "/error_data/details")
        .or_else(|| text(error, "/title"))
        .or_else(|| text(error, "/message"));
    Some((code, said))
}

/// An id that is always the same for the same thing: the provider's, or a digest where it gives none that
/// can be one.
pub(super) fn event_id(given: Option<&str>, whole: &Value) -> EventId {
    given.and_then(|id| id.parse().ok()).unwrap_or_else(|| {
        let digest = match given {
            Some(long) => Sha256::digest(long.as_bytes()),
            None => Sha256::digest(payload::canonical(whole).as_bytes()),
        };
        let hex: String =
            digest.iter().take(DIGEST_BYTES).map(|byte| format!("{byte:02x}")).collect();
        format!("wa_{hex}").parse().expect("letters and digits make an id")
    })
}

/// An event of this type; what Meta calls a thing is made a word of a type.
pub(super) fn event(kind: &str, id: EventId, at: Timestamp, data: Map<String, Value>) -> Event {
    let mut word = |c: char| if c.is_ascii_alphanumeric() || "_-.".contains(c) { c } else { '_' };
    let name: String = clipped(kind, 80).chars().map(&mut word).collect();
    let event_type: Result<EventType, _> = format!("whatsapp.{name}").parse();
    let unknown = || "whatsapp.unknown".parse().expect("a constant type");
    Event {
        id: Some(id),
        event_type: event_type.unwrap_or_else(|_| unknown()),
        at,
        data,
        cloud: None,
    }
}

/// The fields of an event's data, one by one; what is not known is not there.
#[derive(Default)]
pub(super) struct Data(pub(super) Map<String, Value>);

impl Data {
    /// Adds a field where there is a value for it.
    pub(super) fn with(mut self, name: &str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value.into());
        }
        self
    }
}
