//! What is handed on as it came, without what would give a customer's number away (row A18).
//!
//! Meta has numbers in many places and adds others without notice: as a text, as a number, in a list, as the
//! name of a field, inside a sentence about an error. So they are known by their shape, and what Meta's
//! documents name as an id, a time or the business's own number is left as it is. A number that is found is
//! wrapped as `{"wa_id": ...}`, which leaves as its hash.

use serde_json::{Map, Value, json};

use crate::payload;
use crate::privacy::is_phone_field;

/// Bytes of what an event carries beside its own fields; the whole stands in the inbound log.
const DATA_BYTES_MAX: usize = 48 << 10;
/// Fields that hold a number whatever its shape.
const NUMBERS: [&str; 5] = ["from", "to", "recipient_id", "customer_wa_id", "input"];
/// Numbers of the business, which everybody may know, and what is written in digits but is none.
const OTHERS: [&str; 5] = ["display_phone_number", "item_price", "birthday", "zip", "sha256"];
/// Whose ids may be numbers.
const PERSONS: [&str; 8] =
    ["author", "contact", "customer", "from", "participant", "recipient", "sender", "to_"];
const TIMES: [&str; 6] = ["time", "timestamp", "date", "expiration", "start", "end"];
const TIMES_END: [&str; 5] = ["_time", "_timestamp", "_date", "_at", "_expiration"];
/// Where a sentence may name a number.
const ERRORS: [&str; 3] = ["errors", "error", "error_data"];
/// Digits of a number with its country code; fewer are hardly one (E.164 has 15 at most).
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;
/// The same of one that is no text: counts and amounts have fewer.
const DIGITS_OF_NUMBER: std::ops::RangeInclusive<usize> = 10..=15;

/// A part of which Meta's documents say what it is: its `id` is an id.
pub(super) fn known(value: &Value) -> Option<Value> {
    fits(value).then(|| hidden(value, Place { id: true, ..Place::default() }))
}

/// Anything else: its `id` may be a person's number.
pub(super) fn unknown(value: &Value) -> Option<Value> {
    fits(value).then(|| hidden(value, Place::default()))
}

/// A sentence in which each number is left out.
pub(super) fn without_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        let length = from.find(|c: char| !c.is_ascii_digit()).unwrap_or(from.len());
        let (digits, after) = from.split_at(length);
        let is_number = DIGITS.contains(&length);
        out.push_str(if is_number { before.trim_end_matches('+') } else { before });
        out.push_str(if is_number { "(a number)" } else { digits });
        rest = after;
    }
    out + rest
}

/// Nothing that is too large or too deep is handed on.
fn fits(value: &Value) -> bool {
    payload::depth(value) < payload::DEPTH_MAX / 2
        && payload::canonical(value).len() <= DATA_BYTES_MAX
}

/// Where a value stands.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    /// Where an `id` is an id.
    id: bool,
    /// Inside what tells of an error.
    error: bool,
    /// Under a name of which the documents say that it is no person's number.
    plain: bool,
    /// Under a name that says that it is one.
    number: bool,
}

fn hidden(value: &Value, place: Place) -> Value {
    match value {
        Value::Object(map) => hidden_map(map, place),
        Value::Array(items) => items.iter().map(|item| hidden(item, place)).collect(),
        Value::String(text) if place.number || (!place.plain && is_number(text)) => {
            json!({"wa_id": text})
        }
        Value::String(text) if place.error => Value::from(without_numbers(text)),
        Value::Number(number) => {
            let text = number.to_string();
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            let is_number = digits && DIGITS_OF_NUMBER.contains(&text.len());
            match place.number || (!place.plain && is_number) {
                true => json!({"wa_id": number}),
                false => value.clone(),
            }
        }
        Value::Null | Value::Bool(_) | Value::String(_) => value.clone(),
    }
}

fn hidden_map(map: &Map<String, Value>, place: Place) -> Value {
    let mut out = Map::new();
    let mut by_number = Vec::new();
    for (name, value) in map.iter().filter(|(name, _)| *name != "vcard") {
        let inside = Place {
            // What leaves as a hash by its name needs no wrapping.
            plain: is_plain(name, place)
                || (is_phone_field(name) && (value.is_string() || value.is_number())),
            number: NUMBERS.contains(&name.as_str()) && !value.is_object(),
            error: place.error || ERRORS.contains(&name.as_str()),
            ..place
        };
        let value = hidden(value, inside);
        match is_number(name) {
            true => by_number.push(json!({"wa_id": name, "value": value})),
            false => drop(out.insert(name.clone(), value)),
        }
    }
    if !by_number.is_empty() {
        out.insert("by_number".to_owned(), Value::Array(by_number));
    }
    Value::Object(out)
}

/// Whether a name says that what stands there is an id, a time, or nobody's number.
fn is_plain(name: &str, place: Place) -> bool {
    if name.contains("wa_id") {
        return false;
    }
    let is_of_a_person = PERSONS.iter().any(|person| name.starts_with(person));
    let is_id = name.ends_with("_id") || name.ends_with("_ids") || (name == "id" && place.id);
    (is_id && !is_of_a_person)
        || TIMES.contains(&name)
        || TIMES_END.iter().any(|end| name.ends_with(end))
        || OTHERS.contains(&name)
}

fn is_number(text: &str) -> bool {
    let plain: String = match text.starts_with('+') {
        true => text.chars().filter(|c| !" .-()+\u{a0}".contains(*c)).collect(),
        false => text.to_owned(),
    };
    DIGITS.contains(&plain.len()) && plain.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a18_a_number_is_known_by_its_shape_wherever_it_stands() {
        let value = json!({
            "threads": [{"id": "34600000013", "messages": [{"from": "34600000013",
                "id": "wamid.1", "timestamp": "1760000001"}]}],
            "initiated_by": "34600000013", "participants": ["34600000013", 34_600_000_013_u64],
            "recipient": "+34 600 000 013", "user": {"customer": "34600000013"},
            "wa_ids": ["34600000013"], "34600000013": {"a": 1},
            "errors": [{"code": 131_026,
                "error_data": {"details": "no message to +34600000013, or 34600000013."}}],
        });
        let out = unknown(&value).unwrap();
        let out = crate::privacy::PhoneHash::Plain.redact(out.as_object().unwrap());
        let text = Value::Object(out).to_string();
        assert!(!text.contains("600000013") && !text.contains("600 000"), "{text}");
        for kept in ["wamid.1", "1760000001", "131026", "by_number", "no message to (a number)"] {
            assert!(text.contains(kept), "{kept} in {text}");
        }
    }

    #[test]
    fn a18_what_the_documents_name_as_no_persons_number_stays_as_it_is() {
        let template = json!({"message_template_id": 594_425_479_261_596_u64, "event": "APPROVED",
            "display_phone_number": "34910000001", "time": 1_760_000_001, "count": 12_345_678});
        assert_eq!(unknown(&template).unwrap(), template);
        let media =
            json!({"id": "594425479261596", "mime_type": "image/jpeg", "caption": "dos 12"});
        assert_eq!(known(&media).unwrap(), media);
    }
}
