//! The door for events: refuses what a tenant's catalogue does not have, as far as the tenant wishes.
//! The one place that names the validator.
//!
//! A schema comes from outside and is run on every event, so it may ask for little: it refers to nothing
//! but its own parts, not to itself, it stays small when its references are followed, and its patterns
//! are few and short and take time in proportion to the text.

mod pattern;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use jsonschema::{PatternOptions, Validator};
use serde_json::{Map, Value};
use sereno_workflows::catalogue::{self, Enforce, OwnType, OwnTypes};
use sereno_workflows::event::Event;
use sereno_workflows::invalid::Invalid;
use sereno_workflows::policy::Settings;

use crate::channel::wording::line;
use crate::limits::{
    PATTERN_BYTES_MAX, PATTERNS_MAX, SNIPPET_CHARS_MAX, SUBSCHEMAS_MAX, VIOLATIONS_NAMED_MAX,
};

/// The dialects that a schema may be written in; any other may mean something else by the same words.
const DIALECTS: [&str; 3] = ["draft/2020-12/schema", "draft/2019-09/schema", "draft-07/schema"];
/// Words that lead elsewhere, or change what a reference means.
const FAR: [&str; 3] = ["$id", "$dynamicRef", "$recursiveRef"];

/// What is refused of one tenant's events.
#[derive(Debug)]
pub struct Door {
    own: OwnTypes,
    /// Where schemas are enforced: those of the tenant's own types.
    schemas: Option<BTreeMap<String, Validator>>,
}

/// The validators of the built-in types, made when the first tenant asks for them.
static BUILT_IN: LazyLock<BTreeMap<&str, Validator>> = LazyLock::new(|| {
    let none = OwnTypes::new();
    let entries = catalogue::names(&none).into_iter().filter_map(catalogue::built_in);
    entries.filter_map(|entry| Some((entry.family, compile(&entry.schema).ok()?))).collect()
});

impl Door {
    /// The door that these settings ask for; `None` where everything may pass.
    pub(crate) fn of(settings: &Settings) -> Option<Arc<Self>> {
        let own = settings.event_types.clone();
        let schemas = match settings.catalogue.enforce {
            Enforce::Off => return None,
            Enforce::Known => None,
            Enforce::Schema => Some(compiled(&own)),
        };
        Some(Arc::new(Self { own, schemas }))
    }

    /// Whether an event may pass.
    pub(crate) fn admit(&self, event: &Event) -> Result<(), Invalid> {
        let name = event.event_type.as_str();
        if !catalogue::is_known(&self.own, name) {
            let problem = format!(
                "'{name}' is not in the catalogue: GET /api/v1/event-types lists what is, and PUT \
                 /api/v1/event-types/{name} adds it"
            );
            return Err(Invalid::new("event_type", problem));
        }
        let Some(schemas) = &self.schemas else { return Ok(()) };
        let data = Value::Object(event.data.clone());
        match schemas.get(name) {
            Some(validator) => fits(validator, &data),
            // One that was accepted once and is none any more asks for nothing.
            None if self.own.contains_key(name) => Ok(()),
            None => match BUILT_IN.get(catalogue::family(name)) {
                Some(validator) => fits(validator, &data),
                None => Ok(()),
            },
        }
        .map_err(|invalid| invalid.inside("data"))
    }
}

/// Refuses a type whose schema is none, or whose example does not fit it.
pub(crate) fn check(own: &OwnType) -> Result<(), Invalid> {
    let validator = compile(&own.schema).map_err(|problem| Invalid::new("schema", problem))?;
    match &own.schema_example {
        Some(example) => {
            fits(&validator, example).map_err(|invalid| invalid.inside("schema_example"))
        }
        None => Ok(()),
    }
}

fn compiled(own: &OwnTypes) -> BTreeMap<String, Validator> {
    let compiled = own.iter().filter_map(|(name, own)| match compile(&own.schema) {
        Ok(validator) => Some((name.clone(), validator)),
        Err(problem) => {
            tracing::warn!(event_type = name, problem, "a schema cannot be read");
            None
        }
    });
    compiled.collect()
}

fn fits(validator: &Validator, data: &Value) -> Result<(), Invalid> {
    if validator.is_valid(data) {
        return Ok(());
    }
    let mut errors = validator.iter_errors(data).map(|error| {
        // What was sent is not repeated: it may be long, and is nobody else's business.
        let problem = line(&error.masked().to_string(), SNIPPET_CHARS_MAX);
        Invalid::new(path(error.instance_path().as_str()), problem)
    });
    let first = errors.next().unwrap_or_else(|| Invalid::new("", "does not fit the schema"));
    let named: Vec<String> =
        errors.by_ref().take(VIOLATIONS_NAMED_MAX - 1).map(|next| next.to_string()).collect();
    let more = errors.next().is_some();
    let mut problem = first.problem;
    for next in named {
        problem.push_str("; also ");
        problem.push_str(&next);
    }
    if more {
        problem.push_str("; and more");
    }
    Err(Invalid { field: first.field, problem })
}

/// `/items/0/sku` as `items[0].sku`.
fn path(pointer: &str) -> String {
    let mut path = String::new();
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        if !step.is_empty() && step.chars().all(|c| c.is_ascii_digit()) {
            path.push_str(&format!("[{step}]"));
            continue;
        }
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(&line(&step.escape_debug().to_string(), SNIPPET_CHARS_MAX));
    }
    path
}

fn compile(schema: &Value) -> Result<Validator, String> {
    match schema {
        Value::Object(map) => check_dialect(map)?,
        Value::Bool(_) => {}
        Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err("must be a JSON Schema: an object, true or false".to_owned());
        }
    }
    Following { root: schema, known: BTreeMap::new(), under_way: Vec::new() }.size(schema)?;
    let patterns =
        PatternOptions::regex().size_limit(PATTERN_BYTES_MAX).dfa_size_limit(PATTERN_BYTES_MAX);
    let built = jsonschema::options().with_pattern_options(patterns).build(schema);
    built.map_err(|error| {
        let place = path(error.instance_path().as_str());
        let place = if place.is_empty() { String::new() } else { format!("{place}: ") };
        line(&format!("is no JSON Schema: {place}{error}"), SNIPPET_CHARS_MAX)
    })
}

fn check_dialect(schema: &Map<String, Value>) -> Result<(), String> {
    let known = |text: &str| {
        let text = text.trim_end_matches('#');
        DIALECTS.iter().any(|dialect| text.ends_with(&format!("json-schema.org/{dialect}")))
    };
    match schema.get("$schema") {
        None => Ok(()),
        Some(Value::String(text)) if known(text) => Ok(()),
        Some(_) => Err("$schema: must be draft 2020-12, 2019-09 or 07 of json-schema.org".into()),
    }
}

/// What a schema comes to.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    parts: usize,
    patterns: usize,
}

impl Size {
    fn add(&mut self, other: Self) {
        self.parts += other.parts;
        self.patterns += other.patterns;
    }
}

/// Counts what a schema comes to when its references are followed.
struct Following<'a> {
    root: &'a Value,
    known: BTreeMap<String, Size>,
    under_way: Vec<String>,
}

impl<'a> Following<'a> {
    /// Nested no deeper than the schema, and its references once each, so the recursion ends.
    fn size(&mut self, schema: &'a Value) -> Result<Size, String> {
        let parts: Vec<&'a Value> = match schema {
            Value::Object(map) => {
                if let Some(name) =
                    FAR.iter().find(|name| map.get(**name).is_some_and(Value::is_string))
                {
                    return Err(format!("{name} is not taken: a schema stands for itself alone"));
                }
                map.values().collect()
            }
            Value::Array(items) => items.iter().collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                return Ok(Size::default());
            }
        };
        let mut size = Size { parts: 1, patterns: pattern::count(schema)? };
        for part in parts {
            size.add(self.size(part)?);
        }
        if let Some(Value::String(reference)) = schema.get("$ref") {
            size.add(self.referred(reference)?);
        }
        if size.patterns > PATTERNS_MAX {
            return Err(format!("has more than {PATTERNS_MAX} patterns, its references followed"));
        }
        if size.parts > SUBSCHEMAS_MAX {
            return Err(format!("has more than {SUBSCHEMAS_MAX} parts, its references followed"));
        }
        Ok(size)
    }

    fn referred(&mut self, reference: &str) -> Result<Size, String> {
        if let Some(size) = self.known.get(reference) {
            return Ok(*size);
        }
        if self.under_way.iter().any(|open| open == reference) || reference == "#" {
            return Err(format!("{reference} leads back to itself, which is not taken"));
        }
        let pointer = reference.strip_prefix('#').filter(|pointer| pointer.starts_with('/'));
        let target = pointer.and_then(|pointer| self.root.pointer(pointer));
        let target = target.ok_or_else(|| {
            let name = reference.escape_debug();
            format!("$ref {name} is not inside the schema; write it as #/$defs/name")
        })?;
        self.under_way.push(reference.to_owned());
        let size = self.size(target)?;
        self.under_way.pop();
        self.known.insert(reference.to_owned(), size);
        Ok(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(schema: Value) -> String {
        compile(&schema).unwrap_err()
    }

    #[test]
    fn e02_a_schema_that_is_none_or_asks_for_too_much_is_refused_with_the_reason() {
        for (schema, reason) in [
            (json!(7), "must be a JSON Schema"),
            (json!({"type": "colour"}), "is no JSON Schema"),
            (json!({"properties": {"a": {"minimum": "x"}}}), "is no JSON Schema"),
            (json!({"pattern": "("}), "is no JSON Schema"),
            (json!({"pattern": "(?=x)y"}), "is no JSON Schema"),
            (json!({"pattern": "(\\p{L}{100}){10}"}), "is no JSON Schema"),
            (json!({"pattern": "^.{0,900}x$"}), "repeats more than 100 times"),
            (json!({"patternProperties": {"a{ 101 }": true}}), "repeats more than 100 times"),
            (
                json!({"patternProperties": (0..51).map(|n| (n.to_string(), json!(true)))
                    .collect::<Map<_, _>>()}),
                "more than 50 patterns",
            ),
            (json!({"pattern": "(a{100}){11}"}), "more than 1000 times"),
            (json!({"pattern": "a{100}{11}"}), "more than 1000 times"),
            (json!({"pattern": "x".repeat(201)}), "at most 200 characters"),
            (json!({"anyOf": vec![json!({"pattern": "x"}); 51]}), "more than 50 patterns"),
            (
                json!({"$defs": {"a": {"pattern": "x"}}, "anyOf": vec![json!({"$ref": "#/$defs/a"}); 51]}),
                "more than 50 patterns",
            ),
            (json!({"$schema": "http://json-schema.org/draft-04/schema#"}), "$schema"),
            (json!({"$ref": "http://127.0.0.1:1/x"}), "not inside the schema"),
            (json!({"$ref": "file:///etc/passwd"}), "not inside the schema"),
            (json!({"properties": {"a": {"$id": "http://x/"}}}), "$id"),
            (json!({"$ref": "#/$defs/a"}), "not inside the schema"),
            (json!({"properties": {"a": {"$ref": "#"}}}), "leads back"),
            (
                json!({"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"}),
                "leads back",
            ),
        ] {
            let error = refused(schema.clone());
            assert!(error.contains(reason), "{schema} -> {error}");
        }
    }

    #[test]
    fn e02_patterns_as_people_write_them_are_taken_and_the_worst_ends_soon() {
        let uuid = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$";
        for pattern in
            [uuid, "^\\+?[0-9]{7,15}$", "^([a-z0-9-]{1,63}\\.){1,10}[a-z]{2,}$", "^\\{x\\}$"]
        {
            assert!(compile(&json!({"properties": {"pattern": {"pattern": pattern}}})).is_ok());
        }
        let worst: Vec<Value> =
            (0..50).map(|n| json!({"pattern": format!("^.{{0,{}}}x$", 51 + n)})).collect();
        let validator = compile(&json!({"items": {"anyOf": worst}})).unwrap();
        let texts = json!(vec!["y".repeat(1_000); 200]);
        let began = std::time::Instant::now();
        assert!(fits(&validator, &texts).is_err());
        assert!(began.elapsed() < std::time::Duration::from_secs(2), "{:?}", began.elapsed());
    }

    #[test]
    fn e02_references_that_double_are_counted_before_they_are_compiled() {
        let mut defs = Map::new();
        for level in 0..40 {
            let next = json!({"$ref": format!("#/$defs/l{}", level + 1)});
            defs.insert(format!("l{level}"), json!({"allOf": [next, next]}));
        }
        defs.insert("l40".to_owned(), json!({"type": "object"}));
        let error = refused(json!({"$defs": defs, "$ref": "#/$defs/l0"}));
        assert!(error.contains("parts"), "{error}");
    }

    #[test]
    fn e02_violations_are_named_by_path_up_to_a_bound_and_without_what_was_sent() {
        let schema = json!({"type": "object", "required": ["id"], "properties": {
            "items": {"type": "array", "items": {"type": "integer"}}}});
        let validator = compile(&schema).unwrap();
        let error = fits(&validator, &json!({"items": [1, "SECRET"]})).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("items[1]") && text.contains("id"), "{text}");
        assert!(!text.contains("SECRET"), "{text}");
        let many: Vec<Value> = (0..100).map(|_| json!("x")).collect();
        let error = fits(&validator, &json!({"id": 1, "items": many})).unwrap_err();
        assert!(error.problem.ends_with("; and more"), "{error}");
        assert_eq!(fits(&validator, &json!({"id": 1, "items": [1]})), Ok(()));
    }

    #[test]
    fn e02_every_built_in_schema_is_one_and_its_example_fits() {
        for name in catalogue::names(&OwnTypes::new()) {
            let entry = catalogue::built_in(name).unwrap();
            let validator = compile(&entry.schema).unwrap();
            assert_eq!(fits(&validator, &entry.example.unwrap()), Ok(()), "{name}");
        }
    }
}
