//! A tenant's own words, and which of them a message takes.
//!
//! ```json
//! {"reservation.created": {"slack": {"es": {"text": "Mesa para {{ party_size }}"}},
//!                          "email": {"es": {"subject": "…", "text": "…", "html": "…"}}},
//!  "reminder.24h": {"whatsapp": {"es": {"text": "…"}}}}
//! ```
//! The first that is there counts: the event's own template in the message's language, then in the
//! tenant's; the same for `prefix.*`, the longest prefix first, and for `*`; then the built-in words.
//!
//! A digest takes only a template of its own name, such as `reservation.created.digest`: what is written
//! for one event says nothing of many.
//!
//! What customers are told goes by names of its own: `reminder.<offset>`, `reply.confirmed`,
//! `reply.cancelled`, `alert.price_drop` and so on. Under `whatsapp` the patterns `reminder.*`, `reply.*` and
//! `alert.*` speak to customers and every other pattern to staff, so that no customer reads what was written for the kitchen.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest;
use crate::event::EventType;
use crate::invalid::Invalid;
use crate::locale::Locale;

/// Templates of one tenant: of an event's type, a channel and a language each.
pub const TEMPLATES_MAX: usize = 500;
/// Bytes of one part of a template.
pub const PART_BYTES_MAX: usize = 16 << 10;
/// Bytes of all templates of one tenant.
pub const TEMPLATES_BYTES_MAX: usize = 256 << 10;

/// The patterns that speak to customers.
const TO_CUSTOMERS: [&str; 3] = ["reminder.*", "reply.*", "alert.*"];

/// What customers are told beside reminders: the name, and the event that it goes with.
pub const CUSTOMER_NAMES: [(&str, &str); 7] = [
    ("reply.confirmed", "reservation.confirmed"),
    ("reply.cancelled", "reservation.cancelled"),
    ("reply.opted_out", "lead.opted_out"),
    ("reply.opted_in", "lead.opted_in"),
    ("alert.sold_out", "lead.sold_out.sent"),
    ("alert.low_stock", "lead.low_stock.sent"),
    ("alert.price_drop", "lead.price_drop.sent"),
];

/// A channel that says things in words; the bodies of webhooks are never templated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Slack.
    Slack,
    /// Mail.
    Email,
    /// WhatsApp, to staff and to customers.
    Whatsapp,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Slack, Self::Email, Self::Whatsapp];

    /// The channel as the outside writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Email => "email",
            Self::Whatsapp => "whatsapp",
        }
    }
}

/// One template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// A mail's subject; the built-in one where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The text.
    pub text: String,
    /// A mail's HTML; a mail of text alone where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
}

impl Template {
    /// Its parts, by name.
    pub fn parts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("subject", self.subject.as_deref()),
            ("text", Some(self.text.as_str())),
            ("html", self.html.as_deref()),
        ]
        .into_iter()
        .filter_map(|(name, part)| Some((name, part?)))
    }

    /// Checks what types alone do not.
    pub fn check(&self, channel: Channel) -> Result<(), Invalid> {
        for (name, part) in self.parts() {
            if name != "text" && channel != Channel::Email {
                return Err(Invalid::new(name, "is for email alone"));
            }
            if part.len() > PART_BYTES_MAX {
                return Err(Invalid::new(
                    name,
                    format!("must have at most {PART_BYTES_MAX} bytes"),
                ));
            }
            if part.trim().is_empty() {
                return Err(Invalid::new(name, "is empty; leave it out for the built-in words"));
            }
        }
        Ok(())
    }
}

/// Templates of one channel by language: `es`, `en` or `pt`.
pub type ByLocale = BTreeMap<String, Template>;

/// Templates of one event's type or pattern by channel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ByChannel {
    /// For Slack.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub slack: ByLocale,
    /// For mail.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub email: ByLocale,
    /// For WhatsApp.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub whatsapp: ByLocale,
}

impl ByChannel {
    fn of(&self, channel: Channel) -> &ByLocale {
        match channel {
            Channel::Slack => &self.slack,
            Channel::Email => &self.email,
            Channel::Whatsapp => &self.whatsapp,
        }
    }
}

/// The templates of one tenant by event type, `prefix.*` or `*`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Templates(pub BTreeMap<String, ByChannel>);

/// Who is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// People of the tenant's.
    Staff,
    /// A customer.
    Customer,
}

/// What a message is about and where it goes.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// The event's type, or the name of what a customer is told.
    pub name: &'a str,
    /// Who is spoken to.
    pub audience: Audience,
    /// On which channel.
    pub channel: Channel,
    /// In which language.
    pub locale: Locale,
    /// The tenant's language.
    pub fallback: Locale,
}

/// The place of a template among its tenant's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The event's type or pattern.
    pub pattern: &'a str,
    /// The channel.
    pub channel: Channel,
    /// The language.
    pub locale: &'a str,
}

impl Place<'_> {
    /// The place as a path below `templates`.
    pub fn path(&self) -> String {
        format!("{}.{}.{}", self.pattern, self.channel.as_str(), self.locale)
    }
}

impl Templates {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them with their places.
    pub fn all(&self) -> impl Iterator<Item = (Place<'_>, &Template)> {
        self.0.iter().flat_map(|(pattern, channels)| {
            Channel::ALL.into_iter().flat_map(move |channel| {
                let place = move |locale| Place { pattern, channel, locale };
                channels.of(channel).iter().map(move |(locale, found)| (place(locale), found))
            })
        })
    }

    /// The template that a message takes; without one, the built-in words.
    pub fn choose(&self, occasion: Occasion<'_>) -> Option<(Place<'_>, &Template)> {
        let Occasion { name, channel, locale, fallback, .. } = occasion;
        let stems = name.rmatch_indices('.').filter_map(|(end, _)| name.get(..end));
        let prefixes = stems.map(|stem| format!("{stem}.*")).chain(["*".to_owned()]);
        let one = !name.ends_with(digest::SUFFIX);
        let fitting = prefixes.filter(|pattern| one && speaks_to(pattern, occasion));
        let mut patterns = [name.to_owned()].into_iter().chain(fitting);
        patterns.find_map(|pattern| {
            let (pattern, channels) = self.0.get_key_value(&pattern)?;
            [locale, fallback].iter().find_map(|locale| {
                let (locale, found) = channels.of(channel).get_key_value(locale.as_str())?;
                Some((Place { pattern, channel, locale }, found))
            })
        })
    }

    /// Checks what types alone do not; whether a template reads as one is found out elsewhere.
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        for (pattern, channels) in &self.0 {
            let stem = pattern.strip_suffix(".*").unwrap_or(pattern);
            if pattern != "*" && stem.parse::<EventType>().is_err() {
                let problem = "is not an event type, prefix.* or *";
                return Err(Invalid::new(pattern.escape_debug().to_string(), problem));
            }
            for channel in Channel::ALL {
                for (locale, template) in channels.of(channel) {
                    let path = Place { pattern, channel, locale }.path();
                    if !Locale::ALL.iter().any(|known| known.as_str() == locale) {
                        let path = path.escape_debug().to_string();
                        return Err(Invalid::new(path, "is not one of es, en, pt"));
                    }
                    template.check(channel).map_err(|invalid| invalid.inside(&path))?;
                }
            }
        }
        let bytes = self.all().flat_map(|(_, template)| template.parts());
        if bytes.map(|(_, part)| part.len()).sum::<usize>() > TEMPLATES_BYTES_MAX {
            return Err(Invalid::new("", format!("at most {TEMPLATES_BYTES_MAX} bytes in all")));
        }
        if self.all().count().max(self.0.len()) > TEMPLATES_MAX {
            return Err(Invalid::new("", format!("at most {TEMPLATES_MAX} templates")));
        }
        Ok(())
    }
}

/// Under which name a customer is told of an event, if it is one of those with words of their own.
pub fn customer_name(event_type: &str) -> Option<String> {
    if let Some((name, _)) = CUSTOMER_NAMES.iter().find(|(_, behind)| *behind == event_type) {
        return Some((*name).to_owned());
    }
    let offset = event_type.strip_prefix("reminder.")?.strip_suffix(".sent")?;
    Some(format!("reminder.{offset}"))
}

/// Whether a name is one under which customers are told something.
pub fn is_customer_name(name: &str) -> bool {
    let is_reminder = name
        .strip_prefix("reminder.")
        .is_some_and(|offset| !offset.is_empty() && !offset.contains('.') && offset != "no_show");
    is_reminder || CUSTOMER_NAMES.iter().any(|(known, _)| *known == name)
}

fn speaks_to(pattern: &str, occasion: Occasion<'_>) -> bool {
    match (occasion.channel, occasion.audience) {
        (Channel::Whatsapp, Audience::Customer) => TO_CUSTOMERS.contains(&pattern),
        (Channel::Whatsapp, Audience::Staff) => !TO_CUSTOMERS.contains(&pattern),
        (Channel::Slack | Channel::Email, Audience::Staff | Audience::Customer) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn templates() -> Templates {
        let text = |text: &str| json!({"text": text});
        let value = json!({
            "*": {"slack": {"es": text("all")}, "whatsapp": {"es": text("staff")}},
            "reservation.*": {"slack": {"pt": text("any pt"), "es": text("any es")}},
            "reservation.created": {"slack": {"en": text("one en")}, "email": {"es": text("mail")}},
            "reminder.*": {"whatsapp": {"es": text("customer")}},
            "reminder.2h": {"whatsapp": {"en": text("soon")}},
        });
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn f08_the_nearest_template_is_taken() {
        let (staff, customer) = (Audience::Staff, Audience::Customer);
        let (es, en, pt) = (Locale::Es, Locale::En, Locale::Pt);
        for (name, audience, channel, locale, expected) in [
            ("reservation.created", staff, Channel::Slack, en, Some("one en")),
            ("reservation.created", staff, Channel::Slack, pt, Some("any pt")),
            ("reservation.created", staff, Channel::Email, pt, Some("mail")),
            ("reservation.cancelled", staff, Channel::Slack, en, Some("any es")),
            ("reservation.cancelled", staff, Channel::Email, es, None),
            ("order.paid", staff, Channel::Slack, en, Some("all")),
            ("order.paid", staff, Channel::Whatsapp, en, Some("staff")),
            ("reminder.24h.sent", staff, Channel::Whatsapp, es, Some("staff")),
            ("reminder.24h", customer, Channel::Whatsapp, pt, Some("customer")),
            ("reminder.2h", customer, Channel::Whatsapp, en, Some("soon")),
            ("reply.confirmed", customer, Channel::Whatsapp, es, None),
            ("reservation.created.digest", staff, Channel::Slack, es, None),
        ] {
            let occasion = Occasion { name, audience, channel, locale, fallback: es };
            let templates = templates();
            let chosen = templates.choose(occasion).map(|(_, template)| template.text.as_str());
            assert_eq!(chosen, expected, "{name} {channel:?} {locale:?}");
        }
    }

    #[test]
    fn f08_what_does_not_fit_is_named() {
        let check = |value: Value| {
            let read = crate::invalid::read::<Templates>(value);
            read.and_then(|templates| templates.check()).unwrap_err().field
        };
        let long = "x".repeat(PART_BYTES_MAX + 1);
        for (value, field) in [
            (json!({"a b": {}}), "a b"),
            (json!({"a.b": {"webhook": {}}}), "a.b.webhook"),
            (json!({"a.b": {"slack": {"fr": {"text": "x"}}}}), "a.b.slack.fr"),
            (json!({"a.b": {"slack": {"es": {"text": "x", "html": "y"}}}}), "a.b.slack.es.html"),
            (json!({"a.b": {"email": {"es": {"text": " "}}}}), "a.b.email.es.text"),
            (json!({"a.b": {"email": {"es": {"text": long}}}}), "a.b.email.es.text"),
            (json!({"a.b": {"email": {"es": {"colour": ""}}}}), "a.b.email.es.colour"),
        ] {
            assert_eq!(check(value.clone()), field, "{value}");
        }
        let many = (0..=TEMPLATES_MAX).map(|n| (format!("a.{n}"), ByChannel::default()));
        assert!(Templates(many.collect()).check().is_err());
        let part = "x".repeat(PART_BYTES_MAX);
        let template = Template { subject: None, text: part, html: None };
        let large = |n| {
            let slack = [("es".to_owned(), template.clone())].into();
            (format!("a.{n}"), ByChannel { slack, ..ByChannel::default() })
        };
        assert!(Templates((0..17).map(large).collect()).check().is_err());
        assert_eq!(Templates((0..16).map(large).collect()).check(), Ok(()));
    }

    #[test]
    fn f08_what_customers_are_told_has_names_of_its_own() {
        for (event_type, name) in [
            ("reminder.24h.sent", Some("reminder.24h")),
            ("reservation.confirmed", Some("reply.confirmed")),
            ("reservation.cancelled", Some("reply.cancelled")),
            ("lead.price_drop.sent", Some("alert.price_drop")),
            ("reminder.no_show", None),
            ("reservation.created", None),
        ] {
            assert_eq!(customer_name(event_type).as_deref(), name);
            assert!(name.is_none_or(is_customer_name));
            assert!(!is_customer_name(event_type));
        }
    }
}
