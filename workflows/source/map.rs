//! What becomes of what a source sends: rules by which a payload is one of our events, or several.
//!
//! Every rule whose conditions hold gives one event. Texts in it are small templates over the payload; one
//! that is a single `{{ name }}` keeps the kind of value that stands there, so a number stays a number.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::NAME_BYTES_MAX;
use crate::event::EventType;
use crate::invalid::Invalid;
use crate::payload;

/// The most rules of one source.
pub const RULES_MAX: usize = 50;
/// The most bytes of all rules of one source, as JSON.
pub const MAP_BYTES_MAX: usize = 32 << 10;
/// The deepest nesting of a rule's data.
pub const DATA_DEPTH_MAX: usize = 16;
/// The most conditions of one rule.
pub const CONDITIONS_MAX: usize = 10;
const PATH_BYTES_MAX: usize = 200;

/// The rules of one source: one, or a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Map(pub Vec<Rule>);

/// One rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// When it holds; always where left out.
    #[serde(default, rename = "match", skip_serializing_if = "Conditions::is_empty")]
    pub conditions: Conditions,
    /// The event's type.
    pub event_type: String,
    /// The event's id; one made of the source and the delivery's own id where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// When it happened: RFC 3339, or seconds or milliseconds since 1970; when it came where left out.
    #[serde(default, alias = "when", skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// What the event carries; the whole payload where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

/// When a rule holds: every one of these must.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Conditions {
    /// Headers, by name, and what they say.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub header: BTreeMap<String, String>,
    /// Places in the payload (`data.object.status`, `items[0].kind`), and what stands there.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub body: BTreeMap<String, Value>,
}

/// The headers of a delivery, by name in small letters.
pub type Headers = BTreeMap<String, String>;

impl Conditions {
    fn is_empty(&self) -> bool {
        self.header.is_empty() && self.body.is_empty()
    }

    /// Whether all of them hold.
    pub fn hold(&self, headers: &Headers, body: &Value) -> bool {
        let said = |(name, wanted): (&String, &String)| {
            headers.get(&name.to_ascii_lowercase()).is_some_and(|found| found == wanted)
        };
        let there = |(path, wanted): (&String, &Value)| match at(body, path) {
            Some(found) => found == wanted,
            None => wanted.is_null(),
        };
        self.header.iter().all(said) && self.body.iter().all(there)
    }
}

impl Map {
    /// A problem of the rule with this number, by its place.
    pub fn in_rule(&self, index: usize, invalid: Invalid) -> Invalid {
        if self.0.len() == 1 { invalid } else { invalid.inside(&format!("[{index}]")) }
    }

    /// Checks what types alone do not; whether its templates are any is for whoever reads them.
    pub fn check(&self) -> Result<(), Invalid> {
        if self.0.is_empty() || self.0.len() > RULES_MAX {
            return Err(Invalid::new("", format!("must have 1 to {RULES_MAX} rules")));
        }
        let bytes = serde_json::to_string(self).map_or(usize::MAX, |text| text.len());
        if bytes > MAP_BYTES_MAX {
            return Err(Invalid::new("", format!("must have at most {MAP_BYTES_MAX} bytes")));
        }
        for (index, rule) in self.0.iter().enumerate() {
            rule.check().map_err(|invalid| self.in_rule(index, invalid))?;
        }
        Ok(())
    }
}

impl Rule {
    fn check(&self) -> Result<(), Invalid> {
        if self.event_type.trim().is_empty() {
            return Err(Invalid::new("event_type", "must not be empty"));
        }
        if !self.event_type.contains(['{', '}']) {
            // The same for every delivery, so that none would ever come through.
            let known = self.event_type.trim().parse::<EventType>();
            known.map_err(|error| Invalid::new("event_type", error.to_string()))?;
        }
        let Conditions { header, body } = &self.conditions;
        if header.len() + body.len() > CONDITIONS_MAX {
            return Err(Invalid::new("match", format!("at most {CONDITIONS_MAX} conditions")));
        }
        if header.keys().any(|name| name.is_empty() || name.len() > NAME_BYTES_MAX) {
            return Err(Invalid::new("match.header", "must name headers, such as X-Shopify-Topic"));
        }
        if body.keys().any(|path| path.len() > PATH_BYTES_MAX || steps(path).is_none()) {
            let problem = "must name places in the payload, such as data.items[0].kind";
            return Err(Invalid::new("match.body", problem));
        }
        match &self.data {
            Some(Value::Object(_)) | None => {}
            // A whole object out of the payload.
            Some(Value::String(text)) if text.trim().starts_with("{{") => {}
            Some(_) => {
                let problem = "must be an object, or {{ the name }} of one in the payload";
                return Err(Invalid::new("data", problem));
            }
        }
        if self.data.as_ref().is_some_and(|data| payload::depth(data) > DATA_DEPTH_MAX) {
            let problem = format!("is nested more than {DATA_DEPTH_MAX} levels deep");
            return Err(Invalid::new("data", problem));
        }
        Ok(())
    }
}

/// One step of a path: a name, or a number in a list.
enum Step<'a> {
    Name(&'a str),
    Number(usize),
}

/// What stands at a place of a payload.
pub fn at<'a>(body: &'a Value, path: &str) -> Option<&'a Value> {
    steps(path)?.into_iter().try_fold(body, |value, step| match step {
        Step::Name(name) => value.get(name),
        Step::Number(number) => value.get(number),
    })
}

fn steps(path: &str) -> Option<Vec<Step<'_>>> {
    let mut all = Vec::new();
    for part in path.split('.') {
        let (name, mut rest) = part.find('[').map_or((part, ""), |at| part.split_at(at));
        if name.is_empty() {
            return None;
        }
        all.push(Step::Name(name));
        while !rest.is_empty() {
            let (number, after) = rest.strip_prefix('[')?.split_once(']')?;
            all.push(Step::Number(number.parse().ok()?));
            rest = after;
        }
    }
    Some(all)
}

impl Serialize for Map {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => one.serialize(serializer),
            many => many.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Map {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrMany)
    }
}

/// Told apart by hand, so that an error keeps its place.
struct OneOrMany;

impl<'de> Visitor<'de> for OneOrMany {
    type Value = Map;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a rule, or a list of rules")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Map, A::Error> {
        Ok(Map(vec![Rule::deserialize(MapAccessDeserializer::new(map))?]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Map, A::Error> {
        Ok(Map(Vec::deserialize(SeqAccessDeserializer::new(seq))?))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn b08_a_place_in_a_payload_is_found() {
        let body = json!({"a": {"b": [1, {"c": "x"}]}, "d": null});
        for (path, found) in [
            ("a.b[0]", Some(json!(1))),
            ("a.b[1].c", Some(json!("x"))),
            ("a.b[2]", None),
            ("d", Some(Value::Null)),
            ("a.e", None),
            ("", None),
            ("a..b", None),
            ("a.b[x]", None),
            ("a.b[0", None),
            ("a.b[0]c", None),
        ] {
            assert_eq!(at(&body, path), found.as_ref(), "{path}");
        }
    }

    #[test]
    fn b08_every_condition_must_hold() {
        let headers = Headers::from([("x-topic".to_owned(), "orders/paid".to_owned())]);
        let body = json!({"kind": "order", "total": 3});
        for (conditions, holds) in [
            (json!({}), true),
            (json!({"header": {"X-Topic": "orders/paid"}}), true),
            (json!({"header": {"X-Topic": "orders/Paid"}}), false),
            (json!({"header": {"X-Other": "x"}}), false),
            (json!({"body": {"kind": "order", "total": 3}}), true),
            (json!({"body": {"kind": "order", "total": "3"}}), false),
            (json!({"body": {"refund": null}}), true),
            (json!({"header": {"x-topic": "orders/paid"}, "body": {"kind": "cart"}}), false),
        ] {
            let read: Conditions = serde_json::from_value(conditions.clone()).unwrap();
            assert_eq!(read.hold(&headers, &body), holds, "{conditions}");
        }
    }

    #[test]
    fn b08_one_rule_or_a_list_and_what_does_not_fit_is_named() {
        let read = |value: Value| {
            let map: Map = crate::invalid::read(value)?;
            map.check().map(|()| map)
        };
        let one =
            json!({"event_type": "order.completed", "when": "{{ at }}", "data": {"a": "{{ b }}"}});
        let map = read(one).unwrap();
        assert_eq!(map.0.first().and_then(|rule| rule.timestamp.as_deref()), Some("{{ at }}"));
        let again = serde_json::to_value(&map).unwrap();
        assert_eq!(read(again), Ok(map));
        let rule = json!({"event_type": "a"});
        assert_eq!(read(json!([rule, rule])).unwrap().0.len(), 2);
        let deep = (0..20).fold(json!(1), |inner, _| json!({"a": inner}));
        let many: serde_json::Map<String, Value> =
            (0..11).map(|n| (format!("a{n}"), json!(1))).collect();
        for (map, field) in [
            (json!([]), ""),
            (json!("x"), ""),
            (json!(vec![rule.clone(); 51]), ""),
            (json!({"event_type": "a", "colour": 1}), "colour"),
            (json!([rule, {"event_type": 7}]), "[1].event_type"),
            (json!({"event_type": " "}), "event_type"),
            (json!({"event_type": "a", "data": [1]}), "data"),
            (json!({"event_type": "a", "data": deep}), "data"),
            (json!([rule, {"event_type": "a", "match": {"body": {"a..b": 1}}}]), "[1].match.body"),
            (json!({"event_type": "a", "match": {"body": many}}), "match"),
            (json!({"event_type": "a".repeat(40_000)}), ""),
        ] {
            assert_eq!(read(map.clone()).unwrap_err().field, field, "{map}");
        }
    }
}
