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
    let mut out = String::with_capacity(256);
    out.push_str("{\"data\":");
    write_map(&mut out, data);
    out.push_str(",\"event_id\":");
    write_text(&mut out, id.as_str());
    out.push_str(",\"event_type\":");
    write_text(&mut out, event_type);
    out.push_str(",\"timestamp\":");
    write_text(&mut out, &at.to_rfc3339());
    out.push('}');
    out.into_bytes()
}

/// A value as compact JSON with sorted keys.
pub fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value);
    out
}

/// How deeply a value is nested: 1 for a bare value, one more for each array or object around.
pub fn depth(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
    }
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(out, number),
        Value::String(text) => write_text(out, text),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_value(out, item);
            }
            out.push(']');
        }
        Value::Object(map) => write_map(out, map),
    }
}

fn write_map(out: &mut String, map: &Map<String, Value>) {
    // Sorted here and not by the map: another crate's `preserve_order` would undo the map's order.
    let mut entries: Vec<(&String, &Value)> = map.iter().collect();
    entries.sort_unstable_by(|a, b| a.0.cmp(b.0));
    out.push('{');
    for (index, (key, value)) in entries.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_text(out, key);
        out.push(':');
        write_value(out, value);
    }
    out.push('}');
}

fn write_text(out: &mut String, text: &str) {
    out.push_str(&Value::from(text).to_string());
}

fn write_number(out: &mut String, number: &Number) {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < EXACT => {
            out.push_str(&format!("{float:.0}"));
        }
        Some(_) | None => out.push_str(&number.to_string()),
    }
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
