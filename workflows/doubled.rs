//! Names that stand twice in an event's envelope: which of both was meant, nobody can say.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The first name that stands twice in an object, or in one of the objects of an array, which may also stand
/// under the name `list`. What is no JSON is for whoever reads it.
pub fn doubled(bytes: &[u8], list: Option<&str>) -> Option<String> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    Names { list }.deserialize(&mut json).ok().flatten()
}

/// Reads names and passes over values.
#[derive(Clone, Copy)]
struct Names<'a> {
    /// The name of an object under which a list of others stands.
    list: Option<&'a str>,
}

impl<'de> DeserializeSeed<'de> for Names<'_> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Names<'_> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array of objects")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let (mut names, mut twice) = (BTreeSet::new(), None);
        while let Some(name) = map.next_key::<String>()? {
            if self.list == Some(name.as_str()) {
                let inside = map.next_value_seed(Names { list: None })?;
                twice = twice.or(inside);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
            if names.contains(&name) {
                twice = twice.or(Some(name));
            } else {
                names.insert(name);
            }
        }
        Ok(twice)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<Self::Value, S::Error> {
        let mut twice = None;
        while let Some(found) = items.next_element_seed(Names { list: None })? {
            twice = twice.or(found);
        }
        Ok(twice)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b01_a_name_that_stands_twice_is_found_wherever_an_event_may_stand() {
        let nested = "[".repeat(100_000);
        for (body, list, found) in [
            (r#"{"a":1,"b":{"c":1,"c":2}}"#, None, None),
            (r#"{"a":1,"b":2,"a":3}"#, None, Some("a")),
            (r#"[1,{"a":1},null,"a",{"b":[],"b":1}]"#, None, Some("b")),
            (r#"{"events":[{"a":1,"a":2}]}"#, None, None),
            (r#"{"events":[{"a":1,"a":2}]}"#, Some("events"), Some("a")),
            (r#"{"events":[{"events":[{"a":1,"a":2}]}]}"#, Some("events"), None),
            (r#"{"events":7,"events":[]}"#, Some("events"), Some("events")),
            (r#"{"a":1,"a":"#, None, None),
            ("7.5", None, None),
            (&nested, None, None),
        ] {
            assert_eq!(doubled(body.as_bytes(), list).as_deref(), found, "{body:.80}");
        }
    }
}
