//! Which types of event there are, and what each carries.
//!
//! The built-in ones are a table; a tenant adds its own, with a JSON Schema of what they carry, and may
//! give a built-in type a schema of its own. Whether anything is refused for it is the tenant's choice.

mod fields;
mod known;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use self::fields::{FIELDS, Kind};
use self::known::TYPES;
use crate::event::EventType;
use crate::id::InvalidId;
use crate::invalid::Invalid;
use crate::payload;

/// Types of its own that one tenant has.
pub const OWN_TYPES_MAX: usize = 500;
/// Bytes of one type's schema, and of its example.
pub const SCHEMA_BYTES_MAX: usize = 32 << 10;
/// Bytes of all of them.
pub const SCHEMAS_BYTES_MAX: usize = 1 << 20;
/// Bytes of a description.
pub const DESCRIPTION_BYTES_MAX: usize = 1_000;

/// What is refused at the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Enforce {
    /// Nothing.
    #[default]
    Off,
    /// Types that are not in the catalogue.
    Known,
    /// These, and data that does not fit its type's schema.
    Schema,
}

/// A tenant's choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Catalogue {
    /// What is refused at the door.
    pub enforce: Enforce,
}

/// A type of a tenant's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OwnType {
    /// What it means.
    pub description: String,
    /// The JSON Schema of its data.
    pub schema: Value,
    /// Data that fits the schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema_example: Option<Value>,
}

impl Default for OwnType {
    fn default() -> Self {
        Self { description: String::new(), schema: json!({}), schema_example: None }
    }
}

/// The types of a tenant's own, by name.
pub type OwnTypes = BTreeMap<String, OwnType>;

/// A type as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// The name under which the table has it; empty for the tenant's own.
    pub family: &'static str,
    /// What it means.
    pub description: String,
    /// The JSON Schema of its data.
    pub schema: Value,
    /// Data that fits it.
    pub example: Option<Value>,
    /// Whether the tenant described it.
    pub own: bool,
}

/// The built-in entry of a type, if it has one.
pub fn built_in(name: &str) -> Option<Entry> {
    let family = family(name);
    let (family, fields, description) = TYPES.iter().find(|(known, _, _)| *known == family)?;
    Some(Entry {
        name: name.to_owned(),
        family,
        description: (*description).to_owned(),
        schema: schema_of(fields),
        example: Some(example_of(fields)),
        own: false,
    })
}

/// The entry of a type, the tenant's own first.
pub fn find(own: &OwnTypes, name: &str) -> Option<Entry> {
    let Some(found) = own.get(name) else { return built_in(name) };
    Some(Entry {
        name: name.to_owned(),
        family: "",
        description: found.description.clone(),
        schema: found.schema.clone(),
        example: found.schema_example.clone(),
        own: true,
    })
}

/// Whether there is such a type.
pub fn is_known(own: &OwnTypes, name: &str) -> bool {
    let family = family(name);
    own.contains_key(name) || TYPES.iter().any(|(known, _, _)| *known == family)
}

/// All types in the order of their names.
pub fn names(own: &OwnTypes) -> Vec<&str> {
    let built_in = TYPES.iter().map(|(name, _, _)| *name);
    let mut names: Vec<&str> = built_in.chain(own.keys().map(String::as_str)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The tenant's types with one more, or with another instead of the one of that name.
pub fn with(own: &OwnTypes, name: &str, new: OwnType) -> Result<OwnTypes, Invalid> {
    name.parse::<EventType>()
        .map_err(|error: InvalidId| Invalid::new("name", error.to_string()))?;
    if new.description.len() > DESCRIPTION_BYTES_MAX {
        let problem = format!("must have at most {DESCRIPTION_BYTES_MAX} bytes");
        return Err(Invalid::new("description", problem));
    }
    for (field, value) in
        [("schema", Some(&new.schema)), ("schema_example", new.schema_example.as_ref())]
    {
        let Some(value) = value else { continue };
        if value.to_string().len() > SCHEMA_BYTES_MAX {
            return Err(Invalid::new(field, format!("must have at most {SCHEMA_BYTES_MAX} bytes")));
        }
        if payload::depth(value) > payload::DEPTH_MAX {
            let problem = format!("is nested more than {} levels deep", payload::DEPTH_MAX);
            return Err(Invalid::new(field, problem));
        }
    }
    if new.schema_example.as_ref().is_some_and(|example| !example.is_object()) {
        return Err(Invalid::new(
            "schema_example",
            "must be an object, as the data of an event is",
        ));
    }
    let mut all = own.clone();
    all.insert(name.to_owned(), new);
    if all.len() > OWN_TYPES_MAX {
        return Err(Invalid::new("name", format!("at most {OWN_TYPES_MAX} types of your own")));
    }
    let bytes = |own: &OwnType| own.schema.to_string().len() + own.description.len();
    if all.values().map(bytes).sum::<usize>() > SCHEMAS_BYTES_MAX {
        let problem = format!("at most {SCHEMAS_BYTES_MAX} bytes of schemas in all");
        return Err(Invalid::new("schema", problem));
    }
    Ok(all)
}

/// The name under which the table has a type: reminders are named by their offset, and are one type
/// all the same.
pub fn family(name: &str) -> &str {
    let offset = name.strip_prefix("reminder.").and_then(|rest| rest.strip_suffix(".sent"));
    match offset {
        Some(offset) if !offset.contains('.') && name != "reminder.2h.sent" => "reminder.24h.sent",
        Some(_) | None => name,
    }
}

/// Fields by name, those with a `!` required.
fn each(fields: &str) -> impl Iterator<Item = (&str, bool)> {
    fields.split_whitespace().map(|field| match field.strip_suffix('!') {
        Some(name) => (name, true),
        None => (field, false),
    })
}

fn schema_of(fields: &str) -> Value {
    let properties: Map<String, Value> = each(fields)
        .filter_map(|(name, _)| Some((name.to_owned(), kind_of(name)?.schema())))
        .collect();
    let required: Vec<&str> =
        each(fields).filter_map(|(name, required)| required.then_some(name)).collect();
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
    });
    if let (false, Some(map)) = (required.is_empty(), schema.as_object_mut()) {
        map.insert("required".to_owned(), json!(required));
    }
    schema
}

fn example_of(fields: &str) -> Value {
    let example = |(name, _): (&str, bool)| Some((name.to_owned(), kind_of(name)?.example()));
    Value::Object(each(fields).filter_map(example).collect())
}

fn kind_of(name: &str) -> Option<&'static Kind> {
    FIELDS.iter().find(|(known, _)| *known == name).map(|(_, kind)| kind)
}

impl Kind {
    /// What may be left out may also be null, as everywhere in the data of an event.
    fn schema(&self) -> Value {
        match self {
            Self::Text(_) | Self::Moment(_) => json!({"type": ["string", "null"]}),
            Self::Whole(_) => json!({"type": ["integer", "null"]}),
            Self::Number(_) => json!({"type": ["number", "null"]}),
            Self::Yes(_) => json!({"type": ["boolean", "null"]}),
            Self::Id(_) => json!({"type": ["string", "integer", "null"]}),
            Self::Any(_) => json!({}),
        }
    }

    fn example(&self) -> Value {
        match self {
            Self::Text(text) | Self::Moment(text) | Self::Id(text) => json!(text),
            Self::Whole(number) => json!(number),
            Self::Number(number) => json!(number),
            Self::Yes(yes) => json!(yes),
            Self::Any(text) => serde_json::from_str(text).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e02_every_field_of_the_table_is_described_and_every_type_stands_there_once() {
        for (name, fields, description) in TYPES {
            for (field, _) in each(fields) {
                let kind = kind_of(field).unwrap_or_else(|| panic!("{name}: {field} is not there"));
                assert_ne!(kind.example(), Value::Null, "{field}");
            }
            assert!(name.parse::<EventType>().is_ok() && !description.is_empty(), "{name}");
        }
        assert_eq!(names(&OwnTypes::new()).len(), TYPES.len(), "a type stands there twice");
    }

    #[test]
    fn e02_the_types_of_every_source_are_known() {
        let own = OwnTypes::new();
        for name in [
            "reservation.created",
            "reminder.24h.sent",
            "reminder.2h.sent",
            "reminder.48h.sent",
            "reminder.no_show",
            "handoff.opened",
            "sla.breached",
            "incident.sla_cluster",
            "conversation.message.received",
            "ai.intent.detected",
            "inventory.updated",
            "price.changed",
            "order.completed",
            "campaign.started",
            "client.created",
            "portfolio.updated",
            "user.registered",
            "user.deleted",
            "notification.sent",
            "subscription.cancelled",
            "tenant.updated",
            "invoice.failed",
            "endpoint.disabled",
            "endpoint.secret.expiring",
            "dead_letters.aging",
            "test.ping",
        ] {
            assert!(is_known(&own, name) && find(&own, name).is_some(), "{name}");
        }
        assert!(!is_known(&own, "reminder.a.b.sent") && find(&own, "order.paid").is_none());
    }

    #[test]
    fn e02_a_type_of_the_tenants_own_comes_first_and_has_its_bounds() {
        let own = |schema: Value| OwnType { schema, ..OwnType::default() };
        let one = with(&OwnTypes::new(), "client.created", own(json!({"type": "object"}))).unwrap();
        let found = find(&one, "client.created").unwrap();
        assert_eq!((found.own, found.schema), (true, json!({"type": "object"})));
        let deep = (0..40).fold(json!({}), |inner, _| json!({"not": inner}));
        let refused = |name: &str, new: OwnType| with(&one, name, new).unwrap_err().field;
        assert_eq!(refused("a b", OwnType::default()), "name");
        assert_eq!(refused("a.b", own(json!({"x": "y".repeat(SCHEMA_BYTES_MAX)}))), "schema");
        assert_eq!(refused("a.b", own(deep)), "schema");
        let listed = OwnType { schema_example: Some(json!([])), ..OwnType::default() };
        assert_eq!(refused("a.b", listed), "schema_example");
        let wordy = "x".repeat(DESCRIPTION_BYTES_MAX + 1);
        assert_eq!(
            refused("a.b", OwnType { description: wordy, ..OwnType::default() }),
            "description"
        );
        let full = (0..OWN_TYPES_MAX).map(|n| (format!("a.{n}"), OwnType::default())).collect();
        assert_eq!(with(&full, "one.more", OwnType::default()).unwrap_err().field, "name");
        assert!(with(&full, "a.7", OwnType::default()).is_ok());
        let large = json!({"x": "y".repeat(SCHEMA_BYTES_MAX - 20)});
        let large = (0..32).map(|n| (format!("a.{n}"), own(large.clone()))).collect();
        assert_eq!(
            with(&large, "one.more", own(large["a.0"].schema.clone())).unwrap_err().field,
            "schema"
        );
    }
}
