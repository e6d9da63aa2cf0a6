//! What people would be told, without telling them: for whoever writes a template.

use serde::Deserialize;
use serde_json::{Map, Value};
use sereno_workflows::catalogue;
use sereno_workflows::event::{Booking, EventType};
use sereno_workflows::id::{InvalidId, Sequence};
use sereno_workflows::invalid::Invalid;
use sereno_workflows::locale::Locale;
use sereno_workflows::message::{self, Message, Visit};
use sereno_workflows::payload;
use sereno_workflows::template::{
    Audience, ByChannel, CUSTOMER_NAMES, Channel, Template, Templates, is_customer_name,
};
use sereno_workflows::time::Timestamp;

use super::{Compiled, Telling};
use crate::announce::own_id;
use crate::channel::{Load, email, slack, whatsapp};
use crate::view::TenantView;

/// What is to be shown.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The event's type, or the name of what a customer is told.
    pub event_type: String,
    /// The channel.
    pub channel: Channel,
    /// The language; the customer's own or the tenant's where left out, as when it is sent.
    #[serde(default)]
    pub locale: Option<Locale>,
    /// A template that is not saved yet; the tenant's own, or the built-in words, where left out.
    #[serde(default)]
    pub template: Option<Template>,
    /// The event's data; an example of the type where left out.
    #[serde(default)]
    pub data: Option<Map<String, Value>>,
}

/// What would be told.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// A mail's subject.
    pub subject: Option<String>,
    /// The text.
    pub text: String,
    /// A mail's HTML.
    pub html: Option<String>,
    /// Slack's blocks.
    pub blocks: Option<Value>,
    /// Names that the template speaks of and the data does not have.
    pub missing: Vec<String>,
    /// Whether these are the tenant's own words.
    pub own: bool,
    /// Why the tenant's own words could not be rendered, so that the built-in ones stand here.
    pub error: Option<String>,
}

/// Shows what people would be told at this moment.
pub fn preview(view: &TenantView, request: Request, now: Timestamp) -> Result<Preview, Invalid> {
    let Request { event_type: name, channel, locale: asked, template, data } = request;
    let locale = asked.unwrap_or(view.policy.settings.locale);
    let mut load = loaded(view, (&name, channel, locale), data, now)?;
    let unsaved = template.map(|template| only(&name, channel, locale, template)).transpose()?;
    let Some(templates) = unsaved.as_ref().or(view.templates.as_deref()) else {
        return Ok(shown(&load, channel, None, Vec::new()));
    };
    let is_customer = load.message.is_some();
    let (event_type, body) = (load.event_type.clone(), load.body.clone());
    let telling = Telling {
        event_type: &event_type,
        body: &body,
        audience: if is_customer { Audience::Customer } else { Audience::Staff },
        channel,
        locale: asked,
        now,
    };
    let (words, error) = match templates.words(&view.policy, telling) {
        None => (None, None),
        Some(Ok(words)) => (Some(words), None),
        Some(Err(error)) => (None, Some(error)),
    };
    load.words = words;
    Ok(shown(&load, channel, error, templates.missing(&view.policy, telling)))
}

/// Shows the built-in words with an example of what they are about.
pub fn example(
    view: &TenantView,
    (name, channel, locale): (&str, Channel, Locale),
    now: Timestamp,
) -> Result<Preview, Invalid> {
    let load = loaded(view, (name, channel, locale), None, now)?;
    Ok(shown(&load, channel, None, Vec::new()))
}

/// What can be told in built-in words: each with its channel and language.
pub fn built_in(view: &TenantView) -> Vec<(String, Channel, Locale)> {
    let settings = &view.policy.settings;
    let mut all = Vec::new();
    for name in catalogue::names(&settings.event_types) {
        for channel in Channel::ALL {
            all.extend(Locale::ALL.map(|locale| (name.to_owned(), channel, locale)));
        }
    }
    let reminders = settings.reminders.iter().map(|reminder| format!("reminder.{}", reminder.name));
    let replies = CUSTOMER_NAMES.map(|(name, _)| name.to_owned());
    for name in reminders.chain(replies) {
        all.extend(Locale::ALL.map(|locale| (name.clone(), Channel::Whatsapp, locale)));
    }
    all
}

/// What would be sent, in built-in words.
fn loaded(
    view: &TenantView,
    (name, channel, locale): (&str, Channel, Locale),
    data: Option<Map<String, Value>>,
    now: Timestamp,
) -> Result<Load, Invalid> {
    name.parse::<EventType>()
        .map_err(|error: InvalidId| Invalid::new("event_type", error.to_string()))?;
    let is_customer = is_customer_name(name);
    if is_customer && channel != Channel::Whatsapp {
        return Err(Invalid::new("channel", "must be whatsapp: that is how customers are told"));
    }
    let event_type = if is_customer { event_behind(name) } else { name.to_owned() };
    let data = data.unwrap_or_else(|| sample(view, &event_type));
    let message = is_customer.then(|| told(view, name, &data, locale)).transpose()?;
    let redacted = view.policy.phone_hash.redact(&data);
    Ok(Load {
        id: "msg_preview".to_owned(),
        attempt: 1,
        trace: crate::trace::of_delivery("msg_preview", 1),
        body: payload::body(&own_id(Sequence(0)), &event_type, now, &redacted).into(),
        event_type,
        message,
        words: None,
        locale,
        zone: view.policy.zone.clone(),
        timeout: None,
    })
}

fn shown(load: &Load, channel: Channel, error: Option<String>, missing: Vec<String>) -> Preview {
    let own = load.words.is_some();
    let none = Preview {
        subject: None,
        text: String::new(),
        html: None,
        blocks: None,
        missing,
        own,
        error,
    };
    match channel {
        Channel::Slack => {
            let message = slack::message(load);
            let text = message.get("text").and_then(Value::as_str).unwrap_or_default();
            Preview { text: text.to_owned(), blocks: message.get("blocks").cloned(), ..none }
        }
        Channel::Email => {
            let email::Letter { subject, text, html, .. } = email::letter(load);
            Preview { subject: Some(subject), text, html, ..none }
        }
        Channel::Whatsapp => Preview { text: whatsapp::plain(load), ..none },
    }
}

/// The unsaved template alone, under the name that is asked for.
fn only(
    name: &str,
    channel: Channel,
    locale: Locale,
    template: Template,
) -> Result<Compiled, Invalid> {
    template.check(channel).map_err(|invalid| invalid.inside("template"))?;
    let by_locale = [(locale.as_str().to_owned(), template)].into();
    let channels = match channel {
        Channel::Slack => ByChannel { slack: by_locale, ..ByChannel::default() },
        Channel::Email => ByChannel { email: by_locale, ..ByChannel::default() },
        Channel::Whatsapp => ByChannel { whatsapp: by_locale, ..ByChannel::default() },
    };
    let compiled = Compiled::new(&Templates([(name.to_owned(), channels)].into()));
    compiled.map_err(|Invalid { field, problem }| {
        let part = field.rsplit('.').next().unwrap_or_default();
        Invalid::new(format!("template.{part}"), problem)
    })
}

/// The event that goes with what a customer is told.
fn event_behind(name: &str) -> String {
    match CUSTOMER_NAMES.iter().find(|(known, _)| *known == name) {
        Some((_, event_type)) => (*event_type).to_owned(),
        None => format!("{name}.sent"),
    }
}

fn sample(view: &TenantView, event_type: &str) -> Map<String, Value> {
    let entry = catalogue::find(&view.policy.settings.event_types, event_type);
    match entry.and_then(|entry| entry.example) {
        Some(Value::Object(data)) => data,
        Some(_) | None => Map::new(),
    }
}

/// The built-in message to a customer.
fn told(
    view: &TenantView,
    name: &str,
    data: &Map<String, Value>,
    locale: Locale,
) -> Result<Message, Invalid> {
    let policy = &view.policy;
    let booking = Booking::changes(data, &policy.zone).map_err(|invalid| invalid.inside("data"))?;
    let visit = Visit {
        id: data.get("reservation_id").and_then(Value::as_str).unwrap_or("R-1"),
        at: booking.date_time.unwrap_or_default().wall(&policy.zone),
        name: booking.name.as_deref(),
        restaurant: booking.restaurant.as_deref(),
        party_size: booking.party_size,
    };
    let product = data.get("product").and_then(|product| product.get("name"));
    let product = product.and_then(Value::as_str).unwrap_or("SKU-1");
    let figure = |name: &str| data.get(name).and_then(Value::as_u64).unwrap_or_default();
    let reminders = &policy.settings.reminders;
    let last = reminders.iter().min_by_key(|reminder| reminder.before);
    let is_last = last.is_some_and(|last| name.strip_prefix("reminder.") == Some(&last.name));
    Ok(match name {
        "reply.confirmed" => message::confirmed(locale),
        "reply.cancelled" => message::cancelled(locale),
        "reply.opted_out" => message::opted_out(locale),
        "reply.opted_in" => message::opted_in(locale),
        "alert.sold_out" => message::sold_out(product, locale),
        "alert.low_stock" => message::low_stock(product, figure("new_stock"), locale),
        "alert.price_drop" => {
            let percent = u32::try_from(figure("discount_percent")).unwrap_or(100);
            message::price_drop(product, percent, locale)
        }
        _ if is_last && reminders.len() > 1 => message::last_reminder(visit, locale),
        _ => message::reminder(visit, locale),
    })
}
