//! Several notifications of one type in words: a title with their number, and a line for each.

use serde_json::{Map, Value};
use sereno_workflows::digest::SUFFIX;

use super::{Fact, alert, facts, line, moment, system, title};
use crate::channel::Load;
use crate::limits::{FACT_CHARS_MAX, FACTS_MAX, LABEL_CHARS_MAX};

/// The title of a digest, and a fact for each of its events as far as they have room; nothing where it is
/// none.
pub(super) fn words(data: &Map<String, Value>, load: &Load) -> Option<(String, Vec<Fact>)> {
    let of_type = load.event_type.strip_suffix(SUFFIX)?;
    let events = data.get("events")?.as_array()?;
    let title = format!("{} × {}", events.len(), title(of_type, load.locale));
    let shown = if events.len() > FACTS_MAX { FACTS_MAX - 1 } else { events.len() };
    let mut lines: Vec<Fact> =
        events.iter().take(shown).map(|event| one(of_type, event, load)).collect();
    if events.len() > shown {
        let value = format!("+ {}", events.len() - shown);
        lines.push(Fact { label: "…".to_owned(), value });
    }
    Some((title, lines))
}

/// One event on one line: who or when, then what is known of it.
fn one(of_type: &str, event: &Value, load: &Load) -> Fact {
    let empty = Map::new();
    let data = event.get("data").and_then(Value::as_object).unwrap_or(&empty);
    let name = data.get("name").and_then(Value::as_str);
    let at = event.get("timestamp").and_then(Value::as_str).unwrap_or_default();
    let label = match name {
        Some(name) => name.to_owned(),
        None => moment(at, &load.zone, load.locale),
    };
    let own = alert::words(of_type, data, load).or_else(|| system::words(of_type, data, load));
    if let Some((title, _)) = own {
        // What is said of itself names the one that it is.
        return Fact { label: line(&label, LABEL_CHARS_MAX), value: line(&title, FACT_CHARS_MAX) };
    }
    let known = facts(data, load);
    let known = known.iter().filter(|fact| Some(fact.value.as_str()) != name);
    let values: Vec<&str> = known.map(|fact| fact.value.as_str()).collect();
    Fact { label: line(&label, LABEL_CHARS_MAX), value: line(&values.join(" · "), FACT_CHARS_MAX) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sereno_workflows::locale::Locale;

    use super::super::Wording;
    use super::*;

    fn digest(count: usize) -> Load {
        let event = |n: usize| {
            json!({"timestamp": "2026-01-20T19:00:00.000Z",
            "data": {"name": format!("Ana {n}"), "party_size": n}})
        };
        let events: Vec<Value> = (1..=count).map(event).collect();
        let body = json!({"data": {"count": count, "events": events}, "event_id": "e1"});
        Load {
            id: "d1".into(),
            attempt: 1,
            trace: crate::trace::of_delivery("d1", 1),
            event_type: "reservation.created.digest".into(),
            body: body.to_string().into(),
            message: None,
            words: None,
            locale: Locale::Es,
            zone: jiff::tz::TimeZone::UTC,
            timeout: None,
        }
    }

    #[test]
    fn a17_a_digest_says_how_many_and_has_a_line_for_each() {
        let wording = Wording::of(&digest(3));
        assert_eq!(wording.title, "3 × Nueva reserva");
        let lines: Vec<_> =
            wording.facts.iter().map(|fact| format!("{}: {}", fact.label, fact.value)).collect();
        assert_eq!(lines, ["Ana 1: 1", "Ana 2: 2", "Ana 3: 3"]);
        let many = Wording::of(&digest(25));
        assert_eq!(many.facts.len(), FACTS_MAX);
        assert_eq!(many.facts.last().map(|fact| fact.value.as_str()), Some("+ 16"));
    }
}
