//! Bodies out of flags: `--file` with JSON, and `--set path=value` over it.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Map, Value};

use super::failure::Failure;

/// A JSON object out of a file; `-` is standard input.
pub(super) fn from_file(path: &Path) -> Result<Map<String, Value>, Failure> {
    let text = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
        text
    } else {
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?
    };
    match serde_json::from_str(&text) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Failure::usage(format!("{}: must be a JSON object", path.display()))),
        Err(error) => Err(Failure::usage(format!("{}: {error}", path.display()))),
    }
}

/// Puts a value into a body, at a path with dots.
pub(super) fn put(body: &mut Map<String, Value>, path: &str, value: Value) -> Result<(), Failure> {
    let mut names: Vec<&str> = path.split('.').collect();
    let Some(last) = names.pop() else { return Ok(()) };
    let mut place = body;
    for name in names {
        let inside = place.entry(name.to_owned()).or_insert_with(|| Value::Object(Map::new()));
        place = inside
            .as_object_mut()
            .ok_or_else(|| Failure::usage(format!("{path}: {name} is set to something else")))?;
    }
    place.insert(last.to_owned(), value);
    Ok(())
}

/// A `path=value`, where the value is JSON if it can be read so, and a text otherwise.
pub(super) fn assignment(text: &str) -> Result<(String, Value), String> {
    let (path, value) = text.split_once('=').ok_or_else(|| "write it as name=value".to_owned())?;
    if path.is_empty() || path.split('.').any(str::is_empty) {
        return Err("write it as name=value, or part.name=value".to_owned());
    }
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    Ok((path.to_owned(), value))
}

/// A `name=value` of two texts.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| "write it as Name=value".to_owned())?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_json_where_they_can_be_and_text_otherwise() {
        for (text, path, value) in [
            ("timezone=Europe/Madrid", "timezone", json!("Europe/Madrid")),
            ("reminders=[\"24h\",\"2h\"]", "reminders", json!(["24h", "2h"])),
            ("limits.events_per_minute=100", "limits.events_per_minute", json!(100)),
            ("retry=null", "retry", Value::Null),
            ("whatsapp.phone_number_id=\"555\"", "whatsapp.phone_number_id", json!("555")),
            ("a=b=c", "a", json!("b=c")),
        ] {
            assert_eq!(assignment(text), Ok((path.to_owned(), value)));
        }
        for bad in ["timezone", "=x", "a..b=1", ".a=1"] {
            assert!(assignment(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_path_leads_into_the_body() {
        let mut body = json!({"a": {"b": 1}, "c": 2}).as_object().unwrap().clone();
        put(&mut body, "a.d.e", json!(3)).unwrap();
        assert_eq!(Value::from(body.clone()), json!({"a": {"b": 1, "d": {"e": 3}}, "c": 2}));
        assert!(put(&mut body, "c.d", json!(1)).is_err());
    }
}
