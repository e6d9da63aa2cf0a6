//! What a source's delivery comes to: its payload read, its map applied, or the built-in way of its
//! verifier.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map as Object, Value};
use sereno_workflows::catalogue;
use sereno_workflows::doubled::doubled;
use sereno_workflows::event::Event;
use sereno_workflows::inbound::{Letter, Meaning, Reading};
use sereno_workflows::invalid::Invalid;
use sereno_workflows::policy::Policy;
use sereno_workflows::source::built_in::{self, Delivery};
use sereno_workflows::source::map::{Headers, Map};
use sereno_workflows::source::{Source, Sources, UnknownTypes, Verifier};
use sereno_workflows::time::Timestamp;
use url::form_urlencoded;

use crate::template::mapping::{self, Mapped};
use crate::verifier;
use crate::view::TenantView;

/// Headers of a delivery, at most so many, that its map may look at.
const HEADERS_MAX: usize = 64;

/// What a payload would come to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The source that is meant, by its name.
    #[serde(default)]
    pub source: Option<String>,
    /// A map that is not saved, in place of the source's.
    #[serde(default)]
    pub map: Option<Map>,
    /// The built-in way of this verifier, where neither source nor map is named.
    #[serde(default)]
    pub verifier: Option<Verifier>,
    /// The headers that come with the payload.
    #[serde(default)]
    pub headers: Headers,
    /// The payload; a form as an object of texts.
    pub payload: Value,
}

/// Refuses sources that could never work: secrets that are no keys, maps with templates in them that are none.
pub(crate) fn check(sources: &Sources) -> Result<(), Invalid> {
    for (name, source) in sources {
        for (index, secret) in source.secrets.iter().enumerate() {
            let place = format!("sources.{name}.secrets[{index}]");
            let problem = verifier::problem_of(source.verifier, secret);
            problem.map_or(Ok(()), |problem| Err(Invalid::new(place, problem)))?;
        }
        if let Some(map) = &source.map {
            let place = format!("sources.{name}.map");
            mapping::check(map).map_err(|invalid| invalid.inside(&place))?;
        }
    }
    Ok(())
}

/// What the letter of a source means; an error says why there are none. The same delivery gives the same events,
/// with the same ids, under the same settings.
pub(crate) fn read(policy: &Policy, name: &str, letter: Letter<'_>) -> Result<Reading, Invalid> {
    let Letter { headers, content_type, body, received_at, .. } = letter;
    let source = policy.settings.sources.get(name);
    let source = source.ok_or_else(|| Invalid::new("source", format!("there is no {name} now")))?;
    let find = |wanted: &str| {
        headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    };
    let payload = payload(content_type, body)?;
    let kept: Headers = headers.iter().take(HEADERS_MAX).cloned().collect();
    let id = verifier::delivery_id(source, find);
    let delivery = Delivery { source: name, headers: &kept, body: &payload, id, received_at };
    let mapped = mapped(source.map.as_ref(), source.verifier, &delivery, policy)?;
    let mut reading = Reading::default();
    for event in events(mapped.events, received_at)? {
        let kind = event.event_type.as_str().to_owned();
        reading.add(&kind, Meaning::Event(event));
    }
    if reading.meanings.is_empty() {
        reading.leave_out(|| "none of the map's rules holds for it".to_owned());
    }
    Ok(reading)
}

/// Refuses at once what will make no event: a body of our own envelope that is none, or is of a type that
/// the catalogue does not have (row B08). Others hear of what their map does not like in the inbound log.
pub fn admit(
    view: &TenantView,
    source: &Source,
    body: &[u8],
    now: Timestamp,
) -> Result<(), Invalid> {
    if source.verifier != Verifier::Sereno || source.map.is_some() {
        return Ok(());
    }
    let payload = payload(None, body)?;
    if !payload.is_object() {
        return Err(Invalid::new("body", "must be {event_id, event_type, timestamp, data}"));
    }
    if let Some(name) = doubled(body, None) {
        return Err(Invalid::new(name, "stands there twice"));
    }
    if payload.get("event_type").is_none_or(Value::is_null) {
        return Err(Invalid::new("event_type", "is missing"));
    }
    let headers = Headers::new();
    let delivery =
        Delivery { source: "", headers: &headers, body: &payload, id: None, received_at: now };
    let own = &view.policy.settings.event_types;
    for event in events(built_in::events(source.verifier, &delivery)?, now)? {
        let name = event.event_type.as_str();
        if source.unknown_types == UnknownTypes::Refuse && !catalogue::is_known(own, name) {
            let problem = format!(
                "'{name}' is not in the catalogue: GET /api/v1/event-types lists what is, PUT \
                 /api/v1/event-types/{name} adds it, and \"unknown_types\": \"store\" of the source takes \
                 any"
            );
            return Err(Invalid::new("event_type", problem));
        }
        view.door.as_ref().map_or(Ok(()), |door| door.admit(&event))?;
        event.fact(&view.policy.zone)?;
    }
    Ok(())
}

/// What Slack wants to hear once, when an address is set up.
pub fn challenge(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let is_challenge = body.get("type").and_then(Value::as_str) == Some("url_verification");
    let challenge = body.get("challenge").and_then(Value::as_str);
    challenge.filter(|_| is_challenge).map(str::to_owned)
}

/// What a payload would come to; changes nothing.
pub fn preview(view: &TenantView, request: Request, now: Timestamp) -> Result<Mapped, Invalid> {
    let Request { source: name, map, verifier, headers, payload } = request;
    let source = match &name {
        Some(name) => {
            let found = view.policy.settings.sources.get(name);
            Some(found.ok_or_else(|| Invalid::new("source", "there is no source of this name"))?)
        }
        None => None,
    };
    if let Some(map) = &map {
        map.check().and_then(|()| mapping::check(map)).map_err(|invalid| invalid.inside("map"))?;
    }
    let verifier = verifier.or(source.map(|source| source.verifier));
    if map.is_none() && verifier.is_none() {
        let problem =
            "is missing: name a source, or give a map, or a verifier for its built-in way";
        return Err(Invalid::new("source", problem));
    }
    let headers: Headers = headers
        .into_iter()
        .take(HEADERS_MAX)
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect();
    let find = |wanted: &str| headers.get(wanted).map(String::as_str);
    let id = source.and_then(|source| verifier::delivery_id(source, find));
    let delivery = Delivery {
        source: name.as_deref().unwrap_or("source"),
        headers: &headers,
        body: &payload,
        id,
        received_at: now,
    };
    let map = map.as_ref().or(source.and_then(|source| source.map.as_ref()));
    let mapped = mapped(map, verifier.unwrap_or(Verifier::None), &delivery, &view.policy)?;
    for (index, event) in events(mapped.events.clone(), now)?.iter().enumerate() {
        let admitted = view.door.as_ref().map_or(Ok(()), |door| door.admit(event));
        admitted
            .and_then(|()| event.fact(&view.policy.zone).map(drop))
            .map_err(|invalid| invalid.inside(&format!("events[{index}]")))?;
    }
    Ok(mapped)
}

fn mapped(
    map: Option<&Map>,
    verifier: Verifier,
    delivery: &Delivery<'_>,
    policy: &Policy,
) -> Result<Mapped, Invalid> {
    match map {
        Some(map) => mapping::apply(map, delivery, policy).map_err(|invalid| invalid.inside("map")),
        None => {
            let events = built_in::events(verifier, delivery)?;
            Ok(Mapped { events, missing: BTreeSet::new(), built_in: true })
        }
    }
}

fn events(envelopes: Vec<Value>, at: Timestamp) -> Result<Vec<Event>, Invalid> {
    let read = |(index, envelope)| {
        Event::from_json(envelope, at)
            .map_err(|invalid: Invalid| invalid.inside(&format!("events[{index}]")))
    };
    envelopes.into_iter().enumerate().map(read).collect()
}

/// What a body says: JSON, or the fields of a form, each a text, or a list where it is there more often.
pub fn payload(content_type: Option<&str>, body: &[u8]) -> Result<Value, Invalid> {
    let kind = content_type.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return serde_json::from_slice(body)
            .map_err(|error| Invalid::new("body", format!("is not JSON: {error}")));
    }
    let mut fields = Object::new();
    for (name, value) in form_urlencoded::parse(body) {
        let value = Value::from(value);
        match fields.get_mut(&*name) {
            None => drop(fields.insert(name.into_owned(), value)),
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    Ok(Value::Object(fields))
}
