//! A source's map, applied: rules with templates in them, and a payload in, events out.
//!
//! The same language and the same bounds as in messages. What it may take is shared by all templates of a
//! map, and a payload that is too large to be looked at makes no event: nothing is cut short unseen.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use minijinja::Environment;
use minijinja::machinery::{WhitespaceConfig, ast, parse};
use minijinja::syntax::SyntaxConfig;
use serde_json::{Map as Object, Value, json};
use sereno_workflows::event::{Event, EventType};
use sereno_workflows::id::EventId;
use sereno_workflows::invalid::Invalid;
use sereno_workflows::payload;
use sereno_workflows::policy::Policy;
use sereno_workflows::source::built_in::{Delivery, moment};
use sereno_workflows::source::map::{Headers, Map, Rule};
use sereno_workflows::time::Timestamp;

use super::{Context, Page, environment, is_there, language, said};
use crate::limits::{EVENT_BYTES_MAX, MAP_STEPS_MAX, MAP_STEPS_MIN};

/// What a map makes of a payload.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapped {
    /// The events, as envelopes.
    pub events: Vec<Value>,
    /// Names that its templates speak of and the payload does not have.
    pub missing: BTreeSet<String>,
    /// Whether it is the verifier's own way, for want of a map.
    pub built_in: bool,
}

/// Refuses a map with a template in it that is none, and one that no event could come of, with its place.
pub fn check(map: &Map) -> Result<(), Invalid> {
    for (index, rule) in map.0.iter().enumerate() {
        for (place, source) in templates(rule) {
            language::check(source)
                .map_err(|problem| map.in_rule(index, Invalid::new(place, problem)))?;
        }
        check_fixed(rule).map_err(|invalid| map.in_rule(index, invalid))?;
    }
    Ok(())
}

/// Refuses what does not depend on the delivery and makes no event: none would ever come through.
fn check_fixed(rule: &Rule) -> Result<(), Invalid> {
    let mut environment = environment();
    environment.set_fuel(Some(MAP_STEPS_MIN));
    let context = Context::new();
    let is_fixed = |source: &&str| {
        let found = environment.template_from_str(source);
        found.is_ok_and(|found| found.undeclared_variables(true).is_empty())
    };
    let mut filling =
        Filling { environment: &environment, context: &context, left: EVENT_BYTES_MAX };
    if let Some(source) = Some(rule.event_type.as_str()).filter(is_fixed) {
        let name = filling.text("event_type", source)?.parse::<EventType>();
        name.map_err(|error| Invalid::new("event_type", error.to_string()))?;
    }
    if let Some(source) = rule.event_id.as_deref().filter(is_fixed) {
        let id = filling.text("event_id", source)?.parse::<EventId>();
        id.map_err(|error| Invalid::new("event_id", error.to_string()))?;
    }
    if let Some(source) = rule.timestamp.as_deref().filter(is_fixed) {
        filling.moment(source)?;
    }
    if let Some(source) = rule.data.as_ref().and_then(Value::as_str).filter(is_fixed) {
        object(filling.value("data", source)?)?;
    }
    let all_fixed = templates(rule).iter().all(|(_, source)| is_fixed(source));
    if all_fixed && rule.data.is_some() {
        let (headers, body) = (Headers::new(), Value::Object(Object::new()));
        let received_at = Timestamp(0);
        let delivery =
            Delivery { source: "", headers: &headers, body: &body, id: None, received_at };
        let event = Event::from_json(filling.event(rule, &delivery, 0)?, received_at)?;
        event.fact(&TimeZone::UTC)?;
    }
    Ok(())
}

/// The events that a map makes of a delivery: one for each rule that holds.
pub fn apply(map: &Map, delivery: &Delivery<'_>, policy: &Policy) -> Result<Mapped, Invalid> {
    let holds = |rule: &Rule| rule.conditions.hold(delivery.headers, delivery.body);
    let rules: Vec<_> = map.0.iter().enumerate().filter(|(_, rule)| holds(rule)).collect();
    let mut mapped = Mapped { events: Vec::new(), missing: BTreeSet::new(), built_in: false };
    if rules.is_empty() {
        return Ok(mapped);
    }
    if size(delivery.body) > EVENT_BYTES_MAX {
        let limit = EVENT_BYTES_MAX >> 10;
        let problem = format!("has more than {limit} KiB, and a map looks at no more");
        return Err(Invalid::new("payload", problem));
    }
    let count: u64 = rules.iter().map(|(_, rule)| templates(rule).len() as u64).sum();
    let mut environment = environment();
    environment.set_fuel(Some((MAP_STEPS_MAX / count.max(1)).max(MAP_STEPS_MIN)));
    let context = context(delivery, policy);
    for (index, rule) in rules {
        let filling =
            Filling { environment: &environment, context: &context, left: EVENT_BYTES_MAX };
        let event = filling.event(rule, delivery, index);
        mapped.events.push(event.map_err(|invalid| map.in_rule(index, invalid))?);
        mapped.missing.extend(missing(rule, &environment, &context));
    }
    Ok(mapped)
}

/// Every text of a rule that is a template, with its place.
fn templates(rule: &Rule) -> Vec<(String, &str)> {
    let mut found = vec![("event_type".to_owned(), rule.event_type.as_str())];
    for (place, text) in [("event_id", &rule.event_id), ("timestamp", &rule.timestamp)] {
        found.extend(text.as_deref().map(|text| (place.to_owned(), text)));
    }
    let mut open: Vec<_> = rule.data.iter().map(|data| ("data".to_owned(), data)).collect();
    while let Some((place, value)) = open.pop() {
        match value {
            Value::String(text) => found.push((place, text)),
            Value::Array(items) => {
                let items = items.iter().enumerate();
                open.extend(items.map(|(index, item)| (format!("{place}[{index}]"), item)));
            }
            Value::Object(map) => {
                open.extend(map.iter().map(|(name, value)| (format!("{place}.{name}"), value)));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    found
}

/// What the templates of a map can name: the payload's fields, and what is known beside.
fn context(delivery: &Delivery<'_>, policy: &Policy) -> Context {
    let mut context = Context::new();
    for (name, value) in delivery.body.as_object().into_iter().flatten() {
        context.insert(name.clone(), minijinja::Value::from_serialize(value));
    }
    for (name, value) in [
        ("body", minijinja::Value::from_serialize(delivery.body)),
        ("headers", minijinja::Value::from_serialize(delivery.headers)),
        ("source", delivery.source.into()),
        ("received_at", delivery.received_at.to_rfc3339().into()),
        ("locale", policy.settings.locale.as_str().into()),
        ("timezone", policy.settings.timezone.clone().into()),
    ] {
        context.insert(name.to_owned(), value);
    }
    context
}

/// One rule being filled in.
struct Filling<'a> {
    environment: &'a Environment<'static>,
    context: &'a Context,
    /// Bytes that the event may still have.
    left: usize,
}

impl Filling<'_> {
    fn event(
        mut self,
        rule: &Rule,
        delivery: &Delivery<'_>,
        index: usize,
    ) -> Result<Value, Invalid> {
        let event_type = self.text("event_type", &rule.event_type)?;
        let event_id = match &rule.event_id {
            Some(source) => Some(self.text("event_id", source)?),
            None => delivery.event_id(index),
        };
        let at = match &rule.timestamp {
            Some(source) => self.moment(source)?,
            None => delivery.received_at,
        };
        let data = match &rule.data {
            Some(data) => self.filled("data", data)?,
            None => Value::Object(delivery.data()),
        };
        let data = object(data)?;
        Ok(json!({
            "event_id": event_id,
            "event_type": event_type,
            "timestamp": at.to_rfc3339(),
            "data": data,
        }))
    }

    fn moment(&mut self, source: &str) -> Result<Timestamp, Invalid> {
        moment(&self.value("timestamp", source)?).ok_or_else(|| {
            let problem = "must be RFC 3339, or seconds or milliseconds since 1970";
            Invalid::new("timestamp", problem)
        })
    }

    /// As deep as the map is, which is bounded.
    fn filled(&mut self, place: &str, value: &Value) -> Result<Value, Invalid> {
        match value {
            Value::String(source) => self.value(place, source),
            Value::Array(items) => {
                let items = items.iter().enumerate();
                items.map(|(index, item)| self.filled(&format!("{place}[{index}]"), item)).collect()
            }
            Value::Object(map) => {
                let mut filled = Object::new();
                for (name, value) in map {
                    filled.insert(name.clone(), self.filled(&format!("{place}.{name}"), value)?);
                }
                Ok(Value::Object(filled))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(value.clone()),
        }
    }

    /// A text that must say something.
    fn text(&mut self, place: &str, source: &str) -> Result<String, Invalid> {
        let found = self.value(place, source)?;
        let text = match found {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(_) | Value::Bool(_) => payload::canonical(&found),
            Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
        };
        if text.is_empty() {
            return Err(Invalid::new(place, "comes to nothing that could be written as a text"));
        }
        Ok(text)
    }

    /// What a template comes to: the value itself where it is one name, and a text otherwise.
    fn value(&mut self, place: &str, source: &str) -> Result<Value, Invalid> {
        let problem = |error: minijinja::Error| Invalid::new(place, said(&error));
        let value = if !source.contains("{{") && !source.contains("{%") && !source.contains("{#") {
            Value::from(source)
        } else if let Some(expression) = lone_expression(source) {
            let expression = self.environment.compile_expression(expression).map_err(problem)?;
            let found = expression.eval(self.context).map_err(problem)?;
            if found.is_undefined() {
                Value::Null
            } else {
                serde_json::to_value(&found)
                    .map_err(|error| Invalid::new(place, error.to_string()))?
            }
        } else {
            let template = self.environment.template_from_str(source).map_err(problem)?;
            let mut page = Page(Vec::new());
            template.render_captured_to(self.context, &mut page).map_err(problem)?;
            Value::from(String::from_utf8_lossy(&page.0))
        };
        match self.left.checked_sub(size(&value)) {
            Some(left) => self.left = left,
            None => {
                let limit = EVENT_BYTES_MAX >> 10;
                return Err(Invalid::new(
                    place,
                    format!("makes the event longer than {limit} KiB"),
                ));
            }
        }
        Ok(value)
    }
}

fn object(data: Value) -> Result<Value, Invalid> {
    match data {
        Value::Object(_) => Ok(data),
        _ => Err(Invalid::new("data", "comes to something that is no object")),
    }
}

/// The inside of a text that is one `{{ }}` and nothing else.
fn lone_expression(source: &str) -> Option<&str> {
    let source = source.trim();
    let inner = source.strip_prefix("{{")?.strip_suffix("}}")?;
    let tree = parse(source, "map", SyntaxConfig, WhitespaceConfig::default()).ok()?;
    let ast::Stmt::Template(template) = &tree else { return None };
    match template.children.as_slice() {
        [ast::Stmt::EmitExpr(_)] => Some(inner.trim_matches(['-', '+'])),
        _ => None,
    }
}

/// Names that a rule's templates speak of and a payload does not have.
fn missing(rule: &Rule, environment: &Environment<'_>, context: &Context) -> BTreeSet<String> {
    let named = templates(rule).into_iter().filter_map(|(_, source)| {
        environment.template_from_str(source).ok().map(|found| found.undeclared_variables(true))
    });
    named.flatten().filter(|name| !is_there(context, name)).collect()
}

/// About how many bytes a value has as JSON; never many more than it says.
fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => 8,
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(|item| size(item) + 1).sum::<usize>() + 2,
        Value::Object(map) => {
            map.iter().map(|(name, value)| name.len() + 4 + size(value)).sum::<usize>() + 2
        }
    }
}

#[cfg(test)]
mod tests;
