//! The body of a delivery: compact JSON with sorted keys, the same bytes whoever writes it.
//!
//! Numbers are written as JavaScript writes them (`1.0` becomes `1`), so that a receiver that parses
//! and serialises again gets the bytes that were signed. Text stays UTF-8, unescaped.

use serde_json::{Map, Number, Value};

use crate::id::EventId;
use crate::time::Timestamp;

/// The deepest nesting that is accepted in an event's data.
pub const DEPTH_MAX: usize = 32;

/// The wire form of an event: `data`, `event_id`, `event_type` and `timestamp`, in that order.
pub fn body(id: &EventId, event_type: &str, at: Timestamp, data: &Map<String, Value>) -> Vec<u8> {
    let mut out = Vec::with_capacity(1_024);
    out.extend_from_slice(b"{\"data\":");
    write_map(&mut out, data);
    out.extend_from_slice(b",\"event_id\":");
    write_text(&mut out, id.as_str());
    out.extend_from_slice(b",\"event_type\":");
    write_text(&mut out, event_type);
    out.extend_from_slice(b",\"timestamp\":");
    write_text(&mut out, &at.to_rfc3339());
    out.push(b'}');
    out.shrink_to_fit();
    out
}

/// A value as compact JSON with sorted keys.
pub fn canonical(value: &Value) -> String {
    let mut out = Vec::new();
    write_value(&mut out, value);
    String::from_utf8(out).expect("text and what stands between is UTF-8")
}

/// How deeply a value is nested: 1 for a bare value, one more for each array or object around.
pub fn depth(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
    }
}

fn write_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => write_number(out, number),
        Value::String(text) => write_text(out, text),
        Value::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_value(out, item);
            }
            out.push(b']');
        }
        Value::Object(map) => write_map(out, map),
    }
}

fn write_map(out: &mut Vec<u8>, map: &Map<String, Value>) {
    // Sorted here and not by the map: another crate's `preserve_order` would undo the map's order.
    let mut entries: Vec<(&String, &Value)> = map.iter().collect();
    entries.sort_unstable_by(|a, b| a.0.cmp(b.0));
    out.push(b'{');
    for (index, (key, value)) in entries.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_text(out, key);
        out.push(b':');
        write_value(out, value);
    }
    out.push(b'}');
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("a text is written to memory");
}

fn write_number(out: &mut Vec<u8>, number: &Number) {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let written = match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < EXACT => {
            format!("{float:.0}")
        }
        Some(_) | None => number.to_string(),
    };
    out.extend_from_slice(written.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_are_sorted_at_every_depth_and_nothing_is_padded() {
        let value = json!({"b": [1.0, 2.5, {"z": null, "a": true}], "a": "ñ\"\n"});
        assert_eq!(canonical(&value), r#"{"a":"ñ\"\n","b":[1,2.5,{"a":true,"z":null}]}"#);
    }

    #[test]
    fn the_wire_form_is_fixed() {
        let data = json!({"x": 1}).as_object().unwrap().clone();
        let body = body(&"e1".parse().unwrap(), "t.x", Timestamp(0), &data);
        assert_eq!(
            String::from_utf8(body).unwrap(),
            r#"{"data":{"x":1},"event_id":"e1","event_type":"t.x","timestamp":"1970-01-01T00:00:00.000Z"}"#
        );
    }

    #[test]
    fn depth_counts_the_deepest_branch() {
        assert_eq!(depth(&json!({"a": [1, {"b": 2}], "c": 3})), 4);
    }
}
