//! What does not fit, by its path: the one way in which values from outside are refused.

mod objects;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use self::objects::Objects;

/// What is wrong with a value from outside: the field's path and a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct Invalid {
    /// The path of the field, such as `data.party_size`.
    pub field: String,
    /// What is wrong with it, and what would be right.
    pub problem: String,
}

impl Invalid {
    /// This field has this problem.
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }

    /// The same problem, one level further out.
    pub fn inside(self, parent: &str) -> Self {
        let field = if self.field.is_empty() {
            parent.to_owned()
        } else if self.field.starts_with('[') {
            format!("{parent}{}", self.field)
        } else {
            format!("{parent}.{}", self.field)
        };
        Self { field, ..self }
    }
}

/// Refuses what must be objects and are not, before anything is made of them.
pub fn must_be_objects(map: &Map<String, Value>, fields: &[&str]) -> Result<(), Invalid> {
    let is_other = |field: &&&str| {
        map.get(**field).is_some_and(|value| !value.is_object() && !value.is_null())
    };
    match fields.iter().find(is_other) {
        Some(field) => Err(Invalid::new(*field, "must be an object")),
        None => Ok(()),
    }
}

/// Puts a JSON merge patch (RFC 7386) over a value.
pub(crate) fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(map) = target.as_object_mut() else { return };
    for (key, value) in patch {
        if value.is_null() {
            map.remove(&key);
        } else {
            merge(map.entry(key).or_insert(Value::Null), value);
        }
    }
}

/// What serde finds wrong, without the names of Rust's types.
fn in_words(problem: String) -> String {
    let said = problem.strip_prefix("invalid type: ").or(problem.strip_prefix("invalid value: "));
    let Some((found, expected)) = said.and_then(|said| said.split_once(", expected ")) else {
        return problem;
    };
    let wanted = match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number of 0 or more",
        "i8" | "i16" | "i32" | "i64" => "a whole number",
        "f32" | "f64" => "a number",
        "a string" | "string" | "str" => "a text",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        other if other.starts_with("struct ") || other == "a map" => "an object",
        other => other,
    };
    let (kind, value) = found.split_once(' ').unwrap_or((found, ""));
    let found = match kind {
        "integer" | "floating" | "boolean" | "string" | "character" => {
            value.trim_start_matches("point ").trim_matches('`')
        }
        "map" => "an object",
        "sequence" => "a list",
        "unit" | "null" => "null",
        _ => found,
    };
    format!("must be {wanted}, not {found}")
}

/// Reads a value into a type, and names the field that does not fit. A list is no object, however short.
pub fn read<T: DeserializeOwned>(value: Value) -> Result<T, Invalid> {
    serde_path_to_error::deserialize(Objects(value)).map_err(|error| {
        let path = error.path().to_string();
        let problem = in_words(error.into_inner().to_string());
        let unknown =
            problem.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
        match (unknown, path.as_str()) {
            (Some(name), _) => {
                Invalid::new(if path == "." { name } else { &path }, problem.clone())
            }
            (None, ".") => Invalid::new("", problem),
            (None, _) => Invalid::new(path, problem),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only whether it can be read matters")]
    struct Sample {
        count: u32,
        name: String,
        open: bool,
        items: Vec<u8>,
        #[serde(default)]
        inner: Inner,
        #[serde(default)]
        all: BTreeMap<String, Option<Inner>>,
        #[serde(default)]
        named: BTreeMap<Name, u8>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Inner {
        paused: bool,
        pair: (u8, u8),
    }

    #[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
    struct Name(String);

    #[test]
    fn a_list_is_no_object_at_any_depth() {
        let good = json!({"count": 1, "name": "a", "open": true, "items": [1],
            "inner": {"pair": [1, 2]}, "all": {"one": {"paused": true}, "two": null},
            "named": {"a": 1}});
        assert!(read::<Sample>(good.clone()).is_ok());
        for (place, field) in [("/inner", "inner"), ("/all/one", "all.one"), ("/all", "all")] {
            for list in [json!([]), json!([true]), json!([{"paused": true}])] {
                let mut sample = good.clone();
                *sample.pointer_mut(place).unwrap() = list.clone();
                let error = read::<Sample>(sample).unwrap_err();
                let told = (error.field.as_str(), error.problem.as_str());
                assert_eq!(told, (field, "must be an object, not a list"), "{list}");
            }
        }
        assert!(read::<Sample>(json!([1, "a", true, []])).is_err());
        let mut long = good;
        long["inner"]["pair"] = json!([1, 2, 3]);
        assert!(read::<Sample>(long).is_err(), "nothing is left over");
    }

    #[test]
    fn what_does_not_fit_is_said_without_the_names_of_types() {
        let good = json!({"count": 1, "name": "a", "open": true, "items": []});
        for (field, value, problem) in [
            ("count", json!(-1), "must be a whole number of 0 or more, not -1"),
            ("count", json!(1.5), "must be a whole number of 0 or more, not 1.5"),
            ("count", json!("x"), "must be a whole number of 0 or more, not \"x\""),
            ("name", json!(7), "must be a text, not 7"),
            ("open", json!(null), "must be true or false, not null"),
            ("items", json!({}), "must be a list, not an object"),
        ] {
            let mut sample = good.clone();
            sample[field] = value;
            let error = read::<Sample>(sample).unwrap_err();
            assert_eq!((error.field.as_str(), error.problem.as_str()), (field, problem));
        }
    }
}
