//! Moments and values as people read them.

use serde_json::Value;
use sereno_actors::now::Now;
use sereno_workflows::time::{Span, Timestamp};

/// The present moment.
pub(super) fn now() -> Timestamp {
    Now::System.timestamp()
}

/// A moment as how long ago it was, or how soon it comes; nothing where it is none.
pub(super) fn ago(value: Option<&Value>, now: Timestamp) -> String {
    let at = value.and_then(Value::as_str).and_then(|text| Timestamp::from_rfc3339(text).ok());
    at.map(|at| distance(at, now)).unwrap_or_default()
}

/// How far a moment lies behind or before another.
fn distance(at: Timestamp, now: Timestamp) -> String {
    let (span, past) = if at > now { (at.since(now), false) } else { (now.since(at), true) };
    let seconds = span.0 / 1_000;
    let text = match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    };
    if past { format!("{text} ago") } else { format!("in {text}") }
}

/// A moment that a person gives: RFC 3339, or a time ago such as `2h`.
pub(super) fn moment(text: &str) -> Result<String, String> {
    if let Ok(span) = text.parse::<Span>() {
        return Ok(now().before(span).to_rfc3339());
    }
    match Timestamp::from_rfc3339(text) {
        Ok(at) => Ok(at.to_rfc3339()),
        Err(_) => {
            Err("give a moment such as 2026-01-20T19:00:00Z, or a time ago such as 2h or 7d".into())
        }
    }
}

/// A value as it stands in a cell.
pub(super) fn cell(value: Option<&Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::Array(list)) => list.iter().map(scalar).collect::<Vec<_>>().join(", "),
        Some(value) => scalar(value),
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        other => other.to_string(),
    }
}

/// A thing's parts for a card, those of its parts behind a dot; nothing of what is empty. What lists of
/// things hold is left to whoever knows what they are.
pub(super) fn parts(thing: &Value, now: Timestamp) -> Vec<(String, String)> {
    let mut parts = Vec::new();
    let mut open: Vec<(String, &Value)> = vec![(String::new(), thing)];
    while let Some((name, value)) = open.pop() {
        match value {
            Value::Object(map) => {
                let inside = |(field, value)| {
                    let field: &String = field;
                    let dot = if name.is_empty() { "" } else { "." };
                    (format!("{name}{dot}{field}"), value)
                };
                let mut fields: Vec<_> = map.iter().map(inside).collect();
                fields.reverse();
                open.extend(fields);
            }
            Value::Null => {}
            Value::Array(list) if list.is_empty() || list.iter().any(Value::is_object) => {}
            value => {
                let at = value.as_str().and_then(|text| Timestamp::from_rfc3339(text).ok());
                let text = match at {
                    Some(at) => format!("{} ({})", cell(Some(value)), distance(at, now)),
                    None => cell(Some(value)),
                };
                parts.push((name, text));
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn moments_are_read_as_people_say_them() {
        let now = Timestamp(1_800_000_000_000);
        for (ms, wanted) in [
            (0, "0s ago"),
            (-59_000, "59s ago"),
            (-61_000, "1m ago"),
            (-7_200_000, "2h ago"),
            (-172_800_000, "2d ago"),
            (90_000, "in 1m"),
            (7 * 86_400_000, "in 7d"),
        ] {
            let at = json!(Timestamp(now.0 + ms).to_rfc3339());
            assert_eq!(ago(Some(&at), now), wanted);
        }
        assert_eq!(ago(None, now), "");
        assert_eq!(moment("2026-01-20T20:00:00+01:00").unwrap(), "2026-01-20T19:00:00.000Z");
        assert!(moment("2h").is_ok() && moment("yesterday").is_err());
    }

    #[test]
    fn a_thing_is_told_part_by_part() {
        let now = Timestamp(0);
        let thing = json!({"id": 1, "filters": {"events": ["a", "b"], "intents": null},
            "at": "1970-01-01T01:00:00.000Z", "history": [{"x": 1}], "enabled": true});
        let parts = parts(&thing, now);
        let parts: Vec<_> = parts.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(
            parts,
            [
                ("at", "1970-01-01T01:00:00.000Z (in 1h)"),
                ("enabled", "yes"),
                ("filters.events", "a, b"),
                ("id", "1"),
            ]
        );
    }
}
