//! A tenant's own words, rendered; the one place that names the template language.
//!
//! A template is read once, when its tenant's settings change. It can do no harm: its `language` has
//! nothing with which a text could be made to grow, a rendering has so many steps, so many bytes to
//! write and so much of an event to read. One that fails all the same loses no message: the built-in
//! words go out instead, and the attempt's line in the log says why.

mod filters;
mod language;
pub mod mapping;
pub mod preview;

use std::collections::{BTreeMap, HashSet};
use std::io;

use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior};
use serde_json::{Map, Value, json};
use sereno_workflows::business_hours;
use sereno_workflows::invalid::Invalid;
use sereno_workflows::locale::Locale;
use sereno_workflows::policy::Policy;
use sereno_workflows::template::{
    Audience, Channel, Occasion, Place, Template, Templates, customer_name,
};
use sereno_workflows::time::Timestamp;

use crate::channel::wording;
use crate::limits::{
    SNIPPET_CHARS_MAX, TEMPLATE_DATA_BYTES_MAX, TEMPLATE_OUTPUT_BYTES_MAX, TEMPLATE_STEPS_MAX,
};

/// A message in the tenant's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// A mail's subject, if the tenant has one of its own; may hold line breaks still.
    pub subject: Option<String>,
    /// The text, escaped as its channel needs it.
    pub text: String,
    /// A mail's HTML.
    pub html: Option<String>,
}

/// What is to be told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Telling<'a> {
    /// The event's type.
    pub(crate) event_type: &'a str,
    /// The event's body as it is delivered.
    pub(crate) body: &'a [u8],
    /// Who is told.
    pub(crate) audience: Audience,
    /// On which channel.
    pub(crate) channel: Channel,
    /// In which language; left out, the customer's own or the tenant's.
    pub(crate) locale: Option<Locale>,
    /// When.
    pub(crate) now: Timestamp,
}

/// A tenant's templates, ready to be rendered.
#[derive(Debug)]
pub struct Compiled {
    templates: Templates,
    environment: Environment<'static>,
}

impl Compiled {
    /// Reads templates; the first that is none is refused with its place and line.
    pub fn new(templates: &Templates) -> Result<Self, Invalid> {
        let mut compiled = Self { templates: templates.clone(), environment: environment() };
        for (place, template) in templates.all() {
            for (part, source) in template.parts() {
                let added = compiled.add(place, part, source);
                let field = || format!("templates.{}.{part}", place.path());
                added.map_err(|problem| Invalid::new(field(), problem))?;
            }
        }
        Ok(compiled)
    }

    /// Reads templates that were accepted before; one that is none any more fails when it is rendered.
    pub(crate) fn stored(templates: &Templates) -> Self {
        let mut compiled = Self { templates: templates.clone(), environment: environment() };
        for (place, template) in templates.all() {
            for (part, source) in template.parts() {
                if let Err(problem) = compiled.add(place, part, source) {
                    tracing::warn!(template = %place.path(), part, problem, "cannot be read");
                }
            }
        }
        compiled
    }

    /// What the tenant says of this, or why it cannot be said; `None` where the built-in words do.
    pub(crate) fn words(
        &self,
        policy: &Policy,
        telling: Telling<'_>,
    ) -> Option<Result<Words, String>> {
        if self.templates.is_empty() {
            return None;
        }
        let body: Value = serde_json::from_slice(telling.body).unwrap_or_default();
        let (place, template) = self.chosen(policy, &telling, &body)?;
        let context = context(policy, &telling, &body);
        Some(self.render(place, template, &context))
    }

    /// Names that the template for this speaks of and the event does not have.
    pub(crate) fn missing(&self, policy: &Policy, telling: Telling<'_>) -> Vec<String> {
        let body: Value = serde_json::from_slice(telling.body).unwrap_or_default();
        let Some((place, template)) = self.chosen(policy, &telling, &body) else {
            return Vec::new();
        };
        let context = context(policy, &telling, &body);
        let named: HashSet<String> = template
            .parts()
            .filter_map(|(part, _)| self.environment.get_template(&name(place, part)).ok())
            .flat_map(|found| found.undeclared_variables(true))
            .collect();
        let mut missing: Vec<String> =
            named.into_iter().filter(|name| !is_there(&context, name)).collect();
        missing.sort_unstable();
        missing
    }

    fn chosen(
        &self,
        policy: &Policy,
        telling: &Telling<'_>,
        body: &Value,
    ) -> Option<(Place<'_>, &Template)> {
        let name = match telling.audience {
            Audience::Staff => telling.event_type.to_owned(),
            Audience::Customer => customer_name(telling.event_type)?,
        };
        self.templates.choose(Occasion {
            name: &name,
            audience: telling.audience,
            channel: telling.channel,
            locale: spoken(policy, telling, body),
            fallback: policy.settings.locale,
        })
    }

    fn add(&mut self, place: Place<'_>, part: &str, source: &str) -> Result<(), String> {
        language::check(source)?;
        let added = self.environment.add_template_owned(name(place, part), source.to_owned());
        added.map_err(|error| said(&error))
    }

    fn render(
        &self,
        place: Place<'_>,
        template: &Template,
        context: &Context,
    ) -> Result<Words, String> {
        let mut rendered = BTreeMap::new();
        for (part, _) in template.parts() {
            let text = self.render_part(&name(place, part), context);
            let text = text.map_err(|error| format!("{}.{part}: {error}", place.path()))?;
            rendered.insert(part, text);
        }
        Ok(Words {
            subject: rendered.remove("subject"),
            text: rendered.remove("text").unwrap_or_default(),
            html: rendered.remove("html"),
        })
    }

    fn render_part(&self, name: &str, context: &Context) -> Result<String, String> {
        let template = self.environment.get_template(name).map_err(|error| said(&error))?;
        let mut page = Page(Vec::new());
        let rendered = template.render_captured_to(context, &mut page);
        rendered.map(drop).map_err(|error| said(&error))?;
        let text = String::from_utf8_lossy(&page.0);
        match text.trim() {
            "" => Err("it says nothing".to_owned()),
            text => Ok(text.to_owned()),
        }
    }
}

/// What a template can name.
type Context = BTreeMap<String, minijinja::Value>;

fn environment() -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_fuel(Some(TEMPLATE_STEPS_MAX));
    environment.set_recursion_limit(16);
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.set_auto_escape_callback(|name| {
        let mut ends = name.rsplit('.');
        match (ends.next(), ends.nth(1)) {
            (Some("html"), _) => AutoEscape::Html,
            (_, Some("slack")) => AutoEscape::Custom("slack"),
            (_, _) => AutoEscape::None,
        }
    });
    environment.set_formatter(write_value);
    filters::add(&mut environment);
    environment
}

/// The name of a part: what it ends with says how it is escaped.
fn name(place: Place<'_>, part: &str) -> String {
    format!("{}.{part}", place.path())
}

/// The language in which is told: a customer's own, if it is known and not chosen otherwise.
fn spoken(policy: &Policy, telling: &Telling<'_>, body: &Value) -> Locale {
    let own = || {
        let text = body.pointer("/data/locale").and_then(Value::as_str);
        text.filter(|_| telling.audience == Audience::Customer)?.parse().ok()
    };
    telling.locale.or_else(own).unwrap_or(policy.settings.locale)
}

/// The event's data by name and as `data`, and what is known beside it.
fn context(policy: &Policy, telling: &Telling<'_>, body: &Value) -> Context {
    let mut left = TEMPLATE_DATA_BYTES_MAX;
    let data = body.get("data").map(|data| shortened(data, &mut left)).unwrap_or_default();
    let mut context = Context::new();
    for (name, value) in data.as_object().into_iter().flatten() {
        context.insert(name.clone(), minijinja::Value::from_serialize(value));
    }
    let locale = spoken(policy, telling, body);
    for (name, text) in [
        ("event_type", telling.event_type),
        ("event_id", body.get("event_id").and_then(Value::as_str).unwrap_or_default()),
        ("timestamp", body.get("timestamp").and_then(Value::as_str).unwrap_or_default()),
        ("title", &wording::title(telling.event_type, locale)),
        ("locale", locale.as_str()),
        ("timezone", &policy.settings.timezone),
        ("now", &telling.now.to_rfc3339()),
    ] {
        context.insert(name.to_owned(), minijinja::Value::from(text));
    }
    context.insert("data".to_owned(), minijinja::Value::from_serialize(&data));
    context.insert("enriched".to_owned(), minijinja::Value::from_serialize(enriched(policy, body)));
    context
}

/// What kind of day the event's falls on for the tenant.
fn enriched(policy: &Policy, body: &Value) -> Value {
    let at = body.get("timestamp").and_then(Value::as_str);
    let Some(at) = at.and_then(|at| Timestamp::from_rfc3339(at).ok()) else { return Value::Null };
    let settings = &policy.settings;
    let (hours, holidays) = (&settings.business_hours, &settings.holidays);
    let facts = business_hours::facts(at, &policy.zone, hours, holidays);
    json!({
        "weekday": facts.weekday.name(),
        "is_business_hours": facts.is_business_hours,
        "holiday": facts.holiday,
    })
}

/// As much of a value as there are bytes left for; what people read is never longer.
fn shortened(value: &Value, left: &mut usize) -> Value {
    *left = left.saturating_sub(8);
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        Value::String(text) => {
            let end = (0..=(*left).min(text.len())).rev().find(|end| text.is_char_boundary(*end));
            let text = text.get(..end.unwrap_or_default()).unwrap_or_default();
            *left -= text.len();
            Value::from(text)
        }
        Value::Array(items) => {
            let mut short = Vec::new();
            for item in items {
                if *left == 0 {
                    break;
                }
                short.push(shortened(item, left));
            }
            Value::Array(short)
        }
        Value::Object(map) => {
            let mut short = Map::new();
            for (name, value) in map {
                *left = left.saturating_sub(name.len());
                if *left == 0 {
                    break;
                }
                short.insert(name.clone(), shortened(value, left));
            }
            Value::Object(short)
        }
    }
}

/// Whether a dotted name leads to a value.
fn is_there(context: &Context, name: &str) -> bool {
    let mut steps = name.split('.');
    let first = steps.next().and_then(|step| context.get(step)).cloned();
    let found =
        first.and_then(|first| steps.try_fold(first, |value, step| value.get_attr(step).ok()));
    found.is_some_and(|value| !value.is_undefined() && !value.is_none())
}

/// Writes a value as its part needs it escaped; lists and objects as JSON.
fn write_value(out: &mut Output, state: &State, value: &minijinja::Value) -> Result<(), Error> {
    if value.is_undefined() || value.is_none() {
        return Ok(());
    }
    let text = match value.as_str() {
        Some(text) => text.to_owned(),
        None if value.as_object().is_none() => value.to_string(),
        None => serde_json::to_string(value).map_err(|error| {
            Error::new(ErrorKind::BadSerialization, "this cannot be written").with_source(error)
        })?,
    };
    let text = match state.auto_escape() {
        AutoEscape::Html => wording::escape_html(&text),
        AutoEscape::Custom(_) => wording::escape_slack(&text),
        _ => text,
    };
    out.write_str(&text).map_err(Error::from)
}

/// What is wrong with a template, on one line.
fn said(error: &Error) -> String {
    let line = error.line().map(|line| format!("line {line}: ")).unwrap_or_default();
    let what = match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, _) => format!("it takes more than {TEMPLATE_STEPS_MAX} steps"),
        (ErrorKind::WriteFailure, _) => {
            format!("it writes more than {TEMPLATE_OUTPUT_BYTES_MAX} bytes")
        }
        (_, Some(detail)) => detail.to_owned(),
        (kind, None) => kind.to_string(),
    };
    wording::line(&format!("{line}{what}"), SNIPPET_CHARS_MAX)
}

/// What a rendering writes on: it ends.
struct Page(Vec<u8>);

impl io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > TEMPLATE_OUTPUT_BYTES_MAX {
            return Err(io::Error::other("the page is full"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
