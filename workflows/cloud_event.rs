//! Events as CloudEvents 1.0 writes them, in HTTP's three modes, become events of ours.
//!
//! | CloudEvents | here |
//! |---|---|
//! | `type` | `event_type`; it must be one of ours, see [`EventType`](crate::event::EventType) |
//! | `source` and `id` | `event_id`: `ce_` and 32 hex digits of SHA-256 over both, since both together are unique |
//! | `time` | `timestamp` |
//! | `data`, an object | `data` |
//! | `data`, anything else | `data: {"value": …}`; bytes that are neither JSON nor text, `{"base64": "…"}` |
//! | the attributes as they came, extensions too | `data.cloudevent`, unless the data has such a field |
//!
//! The rules are those of the specification's documents `spec`, `formats/json-format` and
//! `bindings/http-protocol-binding`, version 1.0.2.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::event::{self, Event};
use crate::id::{EventId, InvalidId};
use crate::invalid::Invalid;
use crate::time::Timestamp;

/// How a request carries CloudEvents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A JSON array of events.
    Batch,
    /// One event as JSON.
    Structured,
    /// Attributes in headers, the data in the body.
    Binary,
}

/// A request whose content type speaks of CloudEvents in a form that is not read here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not read here: send application/cloudevents+json, application/cloudevents-batch+json \
     or headers ce-id, ce-source, ce-specversion and ce-type, in UTF-8"
)]
pub struct UnknownFormat(String);

/// The attributes that every event must have.
const REQUIRED: [&str; 4] = ["specversion", "id", "source", "type"];
/// Attributes that are text in every format, beside the required ones.
const OPTIONAL: [&str; 4] = ["datacontenttype", "dataschema", "subject", "time"];
/// The longest name of an attribute; the specification advises 20.
const NAME_BYTES_MAX: usize = 64;

impl Mode {
    /// The mode of a request with this content type. `has` says whether there is a header `ce-<name>`;
    /// one of the required ones is enough, so that one that is missing can be named. None of our own
    /// events comes with those.
    pub fn of(
        content_type: &str,
        has: impl Fn(&str) -> bool,
    ) -> Result<Option<Self>, UnknownFormat> {
        let kind = content_type.trim().to_ascii_lowercase();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        if !essence.starts_with("application/cloudevents") {
            return Ok(REQUIRED.iter().any(|name| has(name)).then_some(Self::Binary));
        }
        let charset = kind.split(';').skip(1).find_map(|part| {
            let (name, value) = part.split_once('=')?;
            (name.trim() == "charset").then(|| value.trim().trim_matches('"').to_owned())
        });
        let in_utf8 = charset.is_none_or(|charset| charset == "utf-8" || charset == "us-ascii");
        match essence {
            "application/cloudevents-batch+json" if in_utf8 => Ok(Some(Self::Batch)),
            "application/cloudevents+json" if in_utf8 => Ok(Some(Self::Structured)),
            _ => Err(UnknownFormat(content_type.to_owned())),
        }
    }
}

/// Reads an event in the JSON format; `now` stands in for a time that is left out.
pub fn from_json(value: Value, now: Timestamp) -> Result<Event, Invalid> {
    let Value::Object(mut attributes) = value else {
        return Err(Invalid::new("", "a CloudEvent must be a JSON object"));
    };
    let data = attributes.remove("data");
    let encoded = attributes.remove("data_base64").filter(|encoded| !encoded.is_null());
    // An attribute that is null is one that is not there.
    attributes.retain(|_, value| !value.is_null());
    let kind = attributes.get("datacontenttype").and_then(Value::as_str).unwrap_or_default();
    let data = match (data, encoded) {
        (data, None) => data.unwrap_or_default(),
        (None, Some(Value::String(encoded))) => {
            let bytes = STANDARD.decode(encoded);
            content(&bytes.map_err(|_| Invalid::new("data_base64", "is not base64"))?, kind)
                .map_err(|invalid| Invalid { field: "data_base64".to_owned(), ..invalid })?
        }
        (None, Some(_)) => return Err(Invalid::new("data_base64", "must be a text")),
        (Some(_), Some(_)) => {
            return Err(Invalid::new("data_base64", "cannot stand beside data: send one of both"));
        }
    };
    event(attributes, data, now)
}

/// Reads an event in the binary mode: the headers `ce-<name>` as names in small letters without `ce-`
/// and values as they came, the content type and the body.
pub fn from_headers<'a>(
    headers: impl Iterator<Item = (&'a str, &'a [u8])>,
    content_type: Option<&str>,
    body: &[u8],
    now: Timestamp,
) -> Result<Event, Invalid> {
    let mut attributes = Map::new();
    for (name, value) in headers {
        if name == "datacontenttype" {
            return Err(Invalid::new("ce-datacontenttype", "must be sent as Content-Type"));
        }
        let value = header_text(value)
            .ok_or_else(|| Invalid::new(name, "is not UTF-8 once it is percent-decoded"))?;
        if attributes.insert(name.to_owned(), Value::from(value)).is_some() {
            return Err(Invalid::new(name, "is there twice"));
        }
    }
    let data = content(body, content_type.unwrap_or_default())?;
    if let Some(content_type) = content_type {
        attributes.insert("datacontenttype".to_owned(), Value::from(content_type));
    }
    event(attributes, data, now)
}

/// The value of a header: out of its quotes, then percent-decoded once. A `%` that no two hexadecimal
/// digits follow stands for itself.
fn header_text(value: &[u8]) -> Option<String> {
    let quoted = value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    let mut plain = Vec::with_capacity(value.len());
    let mut rest = quoted.unwrap_or(value).iter().copied();
    while let Some(byte) = rest.next() {
        plain.push(if byte == b'\\' && quoted.is_some() { rest.next()? } else { byte });
    }
    let mut decoded = Vec::with_capacity(plain.len());
    let mut rest = &plain[..];
    while let Some((&byte, after)) = rest.split_first() {
        let code = after.first_chunk::<2>().filter(|_| byte == b'%');
        let code = code.and_then(|digits| {
            hexadecimal(digits[0])?.checked_mul(16)?.checked_add(hexadecimal(digits[1])?)
        });
        decoded.push(code.unwrap_or(byte));
        rest = if code.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8(decoded).ok()
}

fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Data that came as bytes: JSON where its type says so or says nothing, text, or base64.
fn content(bytes: &[u8], kind: &str) -> Result<Value, Invalid> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = kind.ends_with("/json") || kind.ends_with("+json");
    let is_text = kind.starts_with("text/") || kind.ends_with("/xml") || kind.ends_with("+xml");
    if is_json || kind.is_empty() {
        match serde_json::from_slice(bytes) {
            Ok(value) => return Ok(value),
            Err(error) if is_json => {
                return Err(Invalid::new("data", format!("is not JSON, as it says: {error}")));
            }
            Err(_) => {}
        }
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if is_text => Ok(Value::from(text)),
        Ok(_) | Err(_) => Ok(json!({"base64": STANDARD.encode(bytes)})),
    }
}

fn event(attributes: Map<String, Value>, data: Value, now: Timestamp) -> Result<Event, Invalid> {
    check(&attributes)?;
    let text = |name: &str| attributes.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("specversion") != "1.0" {
        return Err(Invalid::new("specversion", "must be 1.0"));
    }
    if text("source").contains(char::is_whitespace) {
        return Err(Invalid::new("source", "must be a URI or a path, such as /shop/orders"));
    }
    let event_type =
        text("type").parse().map_err(|error: InvalidId| Invalid::new("type", error.to_string()))?;
    let at = match attributes.get("time").and_then(Value::as_str) {
        Some(time) => Timestamp::from_rfc3339(time)
            .map_err(|error| Invalid::new("time", error.to_string()))?,
        None => now,
    };
    let id = own_id(text("source"), text("id"));
    let data = match data {
        Value::Null => Map::new(),
        Value::Object(data) => data,
        other => Map::from_iter([("value".to_owned(), other)]),
    };
    event::check_depth(&data)?;
    Ok(Event { id: Some(id), event_type, at, data, cloud: Some(attributes) })
}

/// Refuses names that attributes cannot have, values that they cannot have, and what is missing.
fn check(attributes: &Map<String, Value>) -> Result<(), Invalid> {
    for (name, value) in attributes {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.chars().all(plain) {
            let problem = "is no name of an attribute: those are of a-z and 0-9";
            return Err(Invalid::new(name, problem));
        }
        let is_core = REQUIRED.contains(&name.as_str()) || OPTIONAL.contains(&name.as_str());
        match value {
            Value::String(text) if text.chars().any(char::is_control) => {
                return Err(Invalid::new(name, "must not contain control characters"));
            }
            Value::String(text) if text.is_empty() && is_core => {
                return Err(Invalid::new(name, "must not be empty"));
            }
            Value::String(_) => {}
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_)
                if is_core =>
            {
                return Err(Invalid::new(name, "must be a text"));
            }
            Value::Bool(_) => {}
            Value::Number(number) if !number.is_f64() => {}
            Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                let problem =
                    "must be a text, a whole number or true or false; more goes inside data";
                return Err(Invalid::new(name, problem));
            }
        }
    }
    match REQUIRED.iter().find(|name| !attributes.contains_key(**name)) {
        Some(name) => Err(Invalid::new(*name, "is missing")),
        None => Ok(()),
    }
}

/// The same for the same source and id, and within the bounds of ids. Neither has a NUL.
fn own_id(source: &str, id: &str) -> EventId {
    let digest = Sha256::digest(format!("{source}\0{id}"));
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("ce_{hex}").parse().expect("35 plain characters are an id")
}

#[cfg(test)]
mod tests;
