//! What happened, as callers tell it: an envelope and the facts inside.

mod booking;
mod commerce;
mod talk;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::booking::Booking;
pub use self::commerce::{Commerce, Named, Order, Preference, Stocked};
pub use self::talk::{BY_PERSON, PRODUCTS_NAMED_MAX, Talk, is_by_person};
use crate::id::{self, EventId, InvalidId};
use crate::invalid::Invalid;
use crate::payload;
use crate::privacy;
use crate::time::Timestamp;

/// The kind of an event: words of `a-z A-Z 0-9 _ -` joined by dots, at most 100 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventType(String);

impl EventType {
    /// The type as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EventType {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let word = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
        };
        if text.len() <= 100 && text.split('.').all(word) {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidId(
            "must be words of letters, digits, '_' and '-' joined by dots, at most 100 bytes, \
             such as reservation.created"
                .to_owned(),
        ))
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The caller's id; left out, the engine gives one.
    pub id: Option<EventId>,
    /// What kind of thing.
    pub event_type: EventType,
    /// When, as the caller says.
    pub at: Timestamp,
    /// The rest, as the caller sent it.
    pub data: Map<String, Value>,
    /// What a CloudEvent says of itself.
    pub cloud: Option<Map<String, Value>>,
}

/// What an event means to the workflows.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// About a booking.
    Reservation(ReservationFact, Booking),
    /// About a conversation that waits for a person.
    Handoff(HandoffFact, Escalation),
    /// About a conversation.
    Talk(Box<Talk>),
    /// About products and orders.
    Commerce(Box<Commerce>),
    /// About what a customer wants to hear.
    Preference(Box<Preference>),
    /// Nothing to them: it goes through to the endpoints.
    Other,
}

/// What happened to a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReservationFact {
    /// It was made.
    Created,
    /// It was changed.
    Modified,
    /// It was called off.
    Cancelled,
    /// The customer will come.
    Confirmed,
    /// The customer came.
    Arrived,
    /// The visit is over.
    Completed,
}

/// What happened to a handoff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandoffFact {
    /// A customer waits for a person.
    Opened,
    /// A person answered.
    Replied,
    /// It is over.
    Closed,
}

/// What an event says about a handoff.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Escalation {
    /// The conversation.
    pub conversation_id: String,
    /// The customer's number with its `+`.
    pub wa_number: Option<String>,
    /// What the customer last wanted.
    pub last_intent: Option<String>,
    /// Why a person is needed.
    pub reason: Option<String>,
}

impl Fact {
    /// The conversation that it is about or came of.
    pub fn conversation_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::Talk(talk) => Some(&mut talk.conversation_id),
            Self::Handoff(_, escalation) => Some(&mut escalation.conversation_id),
            Self::Commerce(commerce) => match &mut **commerce {
                Commerce::Ordered(order) => order.conversation_id.as_mut(),
                Commerce::Stock(_)
                | Commerce::Price { .. }
                | Commerce::Added(_)
                | Commerce::Removed(_) => None,
            },
            Self::Reservation(..) | Self::Preference(_) | Self::Other => None,
        }
    }
}

const ENVELOPE: [&str; 4] = ["event_id", "event_type", "timestamp", "data"];
const TEXT_BYTES_MAX: usize = 1_000;
const PARTY_MAX: u64 = 10_000;

impl Event {
    /// Reads an envelope `{event_id?, event_type, timestamp?, data?}`; `now` stands in for a missing
    /// timestamp.
    pub fn from_json(value: Value, now: Timestamp) -> Result<Self, Invalid> {
        let Value::Object(mut map) = value else {
            return Err(Invalid::new("", "an event must be a JSON object"));
        };
        if let Some(name) = map.keys().find(|name| !ENVELOPE.contains(&name.as_str())) {
            return Err(Invalid::new(
                name,
                "unknown field: an event has event_id, event_type, \
                timestamp and data; fields of your own go inside data",
            ));
        }
        let event_type = text(&map, "event_type", 100)?
            .ok_or_else(|| Invalid::new("event_type", "is missing"))?
            .parse()
            .map_err(|error: InvalidId| Invalid::new("event_type", error.to_string()))?;
        let id = match text(&map, "event_id", id::ID_BYTES_MAX)? {
            Some(text) => Some(
                text.parse()
                    .map_err(|error: InvalidId| Invalid::new("event_id", error.to_string()))?,
            ),
            None => None,
        };
        let at = match text(&map, "timestamp", 64)? {
            Some(text) => Timestamp::from_rfc3339(text)
                .map_err(|error| Invalid::new("timestamp", error.to_string()))?,
            None => now,
        };
        let data = match map.remove("data") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(data)) => data,
            Some(_) => return Err(Invalid::new("data", "must be a JSON object")),
        };
        check_depth(&data)?;
        Ok(Self { id, event_type, at, data, cloud: None })
    }

    /// The data as it is recorded: with what a CloudEvent says of itself, where that is not there already
    /// because it was forwarded.
    pub fn told(&self) -> Cow<'_, Map<String, Value>> {
        match &self.cloud {
            Some(cloud) if !self.data.contains_key("cloudevent") => {
                let mut data = self.data.clone();
                data.insert("cloudevent".to_owned(), Value::Object(cloud.clone()));
                Cow::Owned(data)
            }
            Some(_) | None => Cow::Borrowed(&self.data),
        }
    }

    /// What the event means to the workflows; wall times are read in `zone`.
    pub fn fact(&self, zone: &TimeZone) -> Result<Fact, Invalid> {
        let fact = match self.event_type.as_str() {
            "reservation.created" => self.reservation(ReservationFact::Created, zone),
            "reservation.modified" => self.reservation(ReservationFact::Modified, zone),
            "reservation.cancelled" => self.reservation(ReservationFact::Cancelled, zone),
            "reservation.confirmed" => self.reservation(ReservationFact::Confirmed, zone),
            "reservation.arrived" => self.reservation(ReservationFact::Arrived, zone),
            "reservation.completed" => self.reservation(ReservationFact::Completed, zone),
            "handoff.opened" => self.handoff(HandoffFact::Opened),
            "handoff.replied" => self.handoff(HandoffFact::Replied),
            "handoff.closed" => self.handoff(HandoffFact::Closed),
            "whatsapp.preferences.changed" => Preference::of(&self.data)
                .map(|found| found.map_or(Fact::Other, |found| Fact::Preference(Box::new(found)))),
            other => self.of_people(other),
        };
        fact.map_err(|invalid| invalid.inside("data"))
    }

    /// What an event of conversations and commerce means; most others are told by their first letters.
    fn of_people(&self, event_type: &str) -> Result<Fact, Invalid> {
        if let Some(talk) = Talk::of(event_type, &self.data)? {
            return Ok(Fact::Talk(Box::new(talk)));
        }
        let commerce = Commerce::of(event_type, &self.data)?;
        Ok(commerce.map_or(Fact::Other, |found| Fact::Commerce(Box::new(found))))
    }

    /// The intent that endpoints filter by.
    pub fn intent(&self) -> Option<&str> {
        self.data.get("intent").and_then(Value::as_str)
    }

    fn reservation(&self, fact: ReservationFact, zone: &TimeZone) -> Result<Fact, Invalid> {
        let booking = Booking::from_data(&self.data, zone)?;
        if fact == ReservationFact::Created && booking.date_time.is_none() {
            return Err(Invalid::new("date_time", "is missing: a booking needs its date and time"));
        }
        Ok(Fact::Reservation(fact, booking))
    }

    fn handoff(&self, fact: HandoffFact) -> Result<Fact, Invalid> {
        Ok(Fact::Handoff(
            fact,
            Escalation {
                conversation_id: required_id(&self.data, "conversation_id")?,
                wa_number: number(&self.data, "wa_number")?,
                last_intent: owned(&self.data, "last_intent")?,
                reason: owned(&self.data, "reason")?,
            },
        ))
    }
}

/// Refuses data that is nested too deeply to be handled safely.
pub fn check_depth(data: &Map<String, Value>) -> Result<(), Invalid> {
    if data.values().any(|value| payload::depth(value) >= payload::DEPTH_MAX) {
        let problem = format!("is nested more than {} levels deep", payload::DEPTH_MAX);
        return Err(Invalid::new("data", problem));
    }
    Ok(())
}

fn number(data: &Map<String, Value>, field: &str) -> Result<Option<String>, Invalid> {
    match text(data, field, 64)? {
        None => Ok(None),
        Some(text) => {
            privacy::phone(text).map(Some).map_err(|error| Invalid::new(field, error.to_string()))
        }
    }
}

fn required_id(data: &Map<String, Value>, field: &str) -> Result<String, Invalid> {
    let text =
        text(data, field, id::ID_BYTES_MAX)?.ok_or_else(|| Invalid::new(field, "is missing"))?;
    id::checked(text).map_err(|error| Invalid::new(field, error.to_string()))
}

fn owned(data: &Map<String, Value>, field: &str) -> Result<Option<String>, Invalid> {
    Ok(text(data, field, TEXT_BYTES_MAX)?.map(str::to_owned))
}

fn text<'a>(
    data: &'a Map<String, Value>,
    field: &str,
    bytes_max: usize,
) -> Result<Option<&'a str>, Invalid> {
    match data.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.len() <= bytes_max => Ok(Some(text)),
        Some(Value::String(_)) => {
            Err(Invalid::new(field, format!("must have at most {bytes_max} bytes")))
        }
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Err(Invalid::new(field, "must be a text"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: Value) -> Result<Fact, Invalid> {
        Event::from_json(value, Timestamp(0))?.fact(&TimeZone::UTC)
    }

    #[test]
    fn b01_the_envelope_is_read_and_what_is_left_out_is_filled_in() {
        let event = Event::from_json(json!({"event_type": "x.y"}), Timestamp(7)).unwrap();
        assert_eq!((event.id, event.at, event.data.len()), (None, Timestamp(7), 0));
        let full = json!({"event_id": "e1", "event_type": "client.created",
            "timestamp": "2026-01-20T20:00:00Z", "data": {"id": 1}});
        let event = Event::from_json(full, Timestamp(7)).unwrap();
        assert_eq!(event.id, "e1".parse().ok());
        assert_eq!(event.at.to_rfc3339(), "2026-01-20T20:00:00.000Z");
        assert_eq!(event.fact(&TimeZone::UTC), Ok(Fact::Other));
    }

    #[test]
    fn bad_envelopes_and_facts_name_their_field() {
        let deep = (0..40).fold(json!(1), |inner, _| json!([inner]));
        let created = |data: Value| json!({"event_type": "reservation.created", "data": data});
        for (value, field) in [
            (json!([]), ""),
            (json!({}), "event_type"),
            (json!({"event_type": "x.y", "colour": 1}), "colour"),
            (json!({"event_type": "x y\n"}), "event_type"),
            (json!({"event_type": "x..y"}), "event_type"),
            (json!({"event_type": 5}), "event_type"),
            (json!({"event_type": "x", "event_id": 5}), "event_id"),
            (json!({"event_type": "x", "event_id": ""}), "event_id"),
            (json!({"event_type": "x", "event_id": "a\u{0}b"}), "event_id"),
            (json!({"event_type": "x", "timestamp": "yesterday"}), "timestamp"),
            (json!({"event_type": "x", "data": []}), "data"),
            (json!({"event_type": "x", "data": {"a": deep}}), "data"),
            (created(json!({})), "data.reservation_id"),
            (created(json!({"reservation_id": "r"})), "data.date_time"),
            (
                created(json!({"reservation_id": "r", "date_time": "2026-13-01T00:00"})),
                "data.date_time",
            ),
            (
                created(json!({"reservation_id": 4, "date_time": "2026-01-01T00:00"})),
                "data.reservation_id",
            ),
            (
                created(
                    json!({"reservation_id": "r", "date_time": "2026-01-01T00:00:00Z", "party_size": 0}),
                ),
                "data.party_size",
            ),
            (
                created(
                    json!({"reservation_id": "r", "date_time": "2026-01-01T00:00:00Z", "party_size": "four"}),
                ),
                "data.party_size",
            ),
            (
                created(
                    json!({"reservation_id": "r", "date_time": "2026-01-01T00:00:00Z", "wa_number": "x"}),
                ),
                "data.wa_number",
            ),
            (json!({"event_type": "handoff.opened"}), "data.conversation_id"),
        ] {
            let error = read(value.clone()).unwrap_err();
            assert_eq!(error.field, field, "{value} -> {error}");
        }
    }
}
