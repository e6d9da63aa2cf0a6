//! What does not fit, by its path: the one way in which values from outside are refused.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

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

/// Refuses what must be objects and are not: an empty array would pass for an object without fields.
pub fn must_be_objects(map: &Map<String, Value>, fields: &[&str]) -> Result<(), Invalid> {
    let is_other = |field: &&&str| {
        map.get(**field).is_some_and(|value| !value.is_object() && !value.is_null())
    };
    match fields.iter().find(is_other) {
        Some(field) => Err(Invalid::new(*field, "must be an object")),
        None => Ok(()),
    }
}

/// Reads a value into a type, and names the field that does not fit.
pub fn read<T: DeserializeOwned>(value: Value) -> Result<T, Invalid> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let problem = error.into_inner().to_string();
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
