//! Which events an endpoint wants.

use serde::{Deserialize, Deserializer, Serialize};

use crate::event::EventType;
use crate::invalid::Invalid;

/// The most patterns or intents in one filter.
pub const PATTERNS_MAX: usize = 100;

/// An endpoint's filter: event types (`reservation.*` and `*` are wildcards) and intents. A list that
/// is empty or left out lets everything through.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filters {
    /// Event types.
    #[serde(deserialize_with = "null_is_empty")]
    pub events: Vec<String>,
    /// Intents, compared with the event's `data.intent`.
    #[serde(deserialize_with = "null_is_empty")]
    pub intents: Vec<String>,
}

/// What a filter says of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Deliver it.
    Wanted,
    /// Its type is not listed.
    OtherType,
    /// Its intent is not listed, or it has none.
    OtherIntent,
}

impl Filters {
    /// Whether an event of this type and intent is wanted.
    pub fn verdict(&self, event_type: &str, intent: Option<&str>) -> Verdict {
        let type_wanted = self.events.iter().any(|pattern| covers(pattern, event_type));
        if !self.events.is_empty() && !type_wanted {
            return Verdict::OtherType;
        }
        let intent_wanted = intent.is_some_and(|intent| self.intents.iter().any(|i| i == intent));
        if !self.intents.is_empty() && !intent_wanted {
            return Verdict::OtherIntent;
        }
        Verdict::Wanted
    }

    /// Checks that every pattern is an event type or ends in a wildcard.
    pub fn check(&self) -> Result<(), Invalid> {
        for (field, list) in [("events", &self.events), ("intents", &self.intents)] {
            if list.len() > PATTERNS_MAX {
                return Err(Invalid::new(field, format!("at most {PATTERNS_MAX} entries")));
            }
        }
        for (index, pattern) in self.events.iter().enumerate() {
            let stem = pattern.strip_suffix(".*").unwrap_or(pattern);
            if pattern != "*" && stem.parse::<EventType>().is_err() {
                return Err(Invalid::new(
                    format!("events[{index}]"),
                    format!("'{}' is not an event type, prefix.* or *", pattern.escape_debug()),
                ));
            }
        }
        for (index, intent) in self.intents.iter().enumerate() {
            if intent.is_empty() || intent.len() > 128 {
                return Err(Invalid::new(format!("intents[{index}]"), "must have 1 to 128 bytes"));
            }
        }
        Ok(())
    }
}

fn covers(pattern: &str, event_type: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => event_type.starts_with(prefix),
        None => pattern == event_type,
    }
}

fn null_is_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a02_types_wildcards_and_intents_decide() {
        for (filters, event_type, intent, verdict) in [
            (json!({}), "any.thing", None, Verdict::Wanted),
            (json!({"events": null, "intents": null}), "any.thing", None, Verdict::Wanted),
            (json!({"events": ["a.b"]}), "a.b", None, Verdict::Wanted),
            (json!({"events": ["a.b"]}), "a.b.c", None, Verdict::OtherType),
            (json!({"events": ["reservation.*"]}), "reservation.created", None, Verdict::Wanted),
            (json!({"events": ["reservation.*"]}), "reservations.x", None, Verdict::OtherType),
            (json!({"events": ["*"]}), "a.b", None, Verdict::Wanted),
            (json!({"intents": ["reservar"]}), "a.b", Some("reservar"), Verdict::Wanted),
            (json!({"intents": ["reservar"]}), "a.b", Some("menu"), Verdict::OtherIntent),
            (json!({"intents": ["reservar"]}), "a.b", None, Verdict::OtherIntent),
        ] {
            let parsed: Filters = serde_json::from_value(filters.clone()).unwrap();
            assert_eq!(parsed.verdict(event_type, intent), verdict, "{filters} {event_type}");
        }
    }

    #[test]
    fn a02_patterns_that_can_never_match_are_refused() {
        for pattern in ["", "*.created", "res*", "a b", "reservation.", ".*"] {
            let filters = Filters { events: vec![pattern.into()], intents: vec![] };
            assert_eq!(filters.check().unwrap_err().field, "events[0]", "{pattern}");
        }
        let good =
            Filters { events: vec!["*".into(), "a.*".into(), "a.b".into()], intents: vec![] };
        assert_eq!(good.check(), Ok(()));
    }
}
