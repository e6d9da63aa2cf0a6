//! A tenant's settings, as users write them, and the policy that the rules read.

mod reminder;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::reminder::Reminder;
use crate::alerts::AlertRules;
use crate::business_hours::{self, BusinessHours, Holiday};
use crate::catalogue::{Catalogue, OwnTypes};
use crate::channels::Channels;
use crate::contact::{self, Commerce, Conversations, OptOutWords, QuietHours};
use crate::dead_letters::ALERT_COUNT_MAX;
use crate::embedding::{self, Origins};
use crate::endpoint::secret;
use crate::invalid::{Invalid, merge, must_be_objects, read};
use crate::limits::Limits;
use crate::line::{Smtp, WhatsApp};
use crate::locale::Locale;
use crate::privacy::PhoneHash;
use crate::report::{self, settings::ReportSettings};
use crate::retention::Retention;
use crate::retry::RetryPolicy;
use crate::secrets::{self, Secrets};
use crate::source::{self, Sources};
use crate::template::Templates;
use crate::time::{self, Span};
use crate::timeout;

/// When many breaches become one incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SlaCluster {
    /// So many breaches …
    pub count: u32,
    /// … inside this window.
    pub window: Span,
}

impl Default for SlaCluster {
    fn default() -> Self {
        Self { count: 5, window: Span::minutes(15) }
    }
}

/// How phone numbers are hashed in what leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HashKind {
    /// SHA-256 of the number.
    #[default]
    Plain,
    /// HMAC-SHA256 with the tenant's own key; recommended, since plain hashes can be guessed.
    Keyed,
}

/// What is done about dead letters (row E06).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeadLetterPolicy {
    /// More than so many are told of.
    pub alert_count: usize,
    /// One that has lain there for so long is told of.
    pub alert_age: Span,
    /// One that has lain there for so long is thrown away.
    pub keep: Span,
}

impl Default for DeadLetterPolicy {
    fn default() -> Self {
        Self { alert_count: 10, alert_age: Span::hours(24), keep: Span::hours(7 * 24) }
    }
}

/// A tenant's settings, each with the default of the field's own type or the one below.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The IANA zone in which wall times are read and written.
    pub timezone: String,
    /// The language of messages to customers whose own is not known.
    pub locale: Locale,
    /// When customers are reminded before their slot.
    pub reminders: Vec<Reminder>,
    /// How long after the slot a customer who did not come is a no-show.
    pub no_show_after: Span,
    /// How long a customer may wait for a person.
    pub sla_after: Span,
    /// When breaches become an incident.
    pub sla_cluster: SlaCluster,
    /// How phone numbers are hashed.
    pub wa_number_hash: HashKind,
    /// How failed deliveries are tried again, where the endpoint does not say; the server's way where
    /// it is empty.
    pub retry: RetryPolicy,
    /// What the tenant may have of the server.
    pub limits: Limits,
    /// Channels by which nothing goes out for now.
    #[serde(skip_serializing_if = "Channels::is_default")]
    pub channels: Channels,
    /// How long an endpoint may fail before it is disabled, where the endpoint does not say.
    pub disable_after: Span,
    /// What is done about dead letters.
    pub dead_letters: DeadLetterPolicy,
    /// When people are told that something is wrong.
    #[serde(skip_serializing_if = "AlertRules::is_empty")]
    pub alerts: AlertRules,
    /// What is told of each week, and to whom.
    #[serde(skip_serializing_if = "ReportSettings::is_default")]
    pub reports: ReportSettings,
    /// How old an endpoint's secret may become before people are told; 0 for any age.
    pub secret_max_age: Span,
    /// How long an attempt may take, where the endpoint does not say; the server's way where left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// What headers and credentials of endpoints may ask for by name.
    #[serde(skip_serializing_if = "Secrets::is_empty")]
    pub secrets: Secrets,
    /// When the business is open, on the wall of its zone.
    #[serde(skip_serializing_if = "BusinessHours::is_empty")]
    pub business_hours: BusinessHours,
    /// The days on which it is closed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holidays: Vec<Holiday>,
    /// Whose pages may show the portal inside of them.
    #[serde(skip_serializing_if = "Origins::is_empty")]
    pub embedding: Origins,
    /// Who may send signed deliveries, by the names of their addresses.
    #[serde(skip_serializing_if = "Sources::is_empty")]
    pub sources: Sources,
    /// How long what has happened is kept.
    pub retention: Retention,
    /// How conversations are kept.
    pub conversations: Conversations,
    /// What is made of stock and prices.
    pub commerce: Commerce,
    /// When customers are not written to unasked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quiet_hours: Option<QuietHours>,
    /// Words beside the built-in ones with which a customer wants no more messages.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub opt_out: OptOutWords,
    /// The tenant's own words.
    #[serde(skip_serializing_if = "Templates::is_empty")]
    pub templates: Templates,
    /// What is refused at the door.
    pub catalogue: Catalogue,
    /// The types of event that the tenant described; changed one by one, by a road of their own.
    #[serde(skip_serializing_if = "OwnTypes::is_empty")]
    pub event_types: OwnTypes,
    /// The mail server; without it, the server's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp: Option<Smtp>,
    /// The WhatsApp line; without it, no customer is written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whatsapp: Option<WhatsApp>,
}

impl Default for Settings {
    fn default() -> Self {
        let reminder =
            |name: &str, hours| Reminder { name: name.into(), before: Span::hours(hours) };
        Self {
            timezone: "UTC".to_owned(),
            locale: Locale::default(),
            reminders: vec![reminder("24h", 24), reminder("2h", 2)],
            no_show_after: Span::minutes(15),
            sla_after: Span::minutes(5),
            sla_cluster: SlaCluster::default(),
            wa_number_hash: HashKind::default(),
            retry: RetryPolicy::default(),
            limits: Limits::default(),
            channels: Channels::default(),
            disable_after: Span::hours(120),
            dead_letters: DeadLetterPolicy::default(),
            alerts: AlertRules::default(),
            reports: ReportSettings::default(),
            secret_max_age: secret::AGE_MAX,
            timeout: None,
            secrets: Secrets::new(),
            business_hours: BusinessHours::new(),
            holidays: Vec::new(),
            embedding: Origins::new(),
            sources: Sources::new(),
            retention: Retention::default(),
            conversations: Conversations::default(),
            commerce: Commerce::default(),
            quiet_hours: None,
            opt_out: OptOutWords::new(),
            templates: Templates::default(),
            catalogue: Catalogue::default(),
            event_types: OwnTypes::new(),
            smtp: None,
            whatsapp: None,
        }
    }
}

/// The most reminders that one booking has.
pub const REMINDERS_MAX: usize = 8;

impl Settings {
    /// Reads settings and checks what types alone do not.
    pub fn from_json(value: Value) -> Result<Self, Invalid> {
        let settings: Self = read(value)?;
        settings.check()?;
        Ok(settings)
    }

    /// These settings with a JSON merge patch (RFC 7386) over them: what it names is changed, and
    /// `null` brings a default back.
    pub fn patched(&self, mut patch: Map<String, Value>) -> Result<Self, Invalid> {
        must_be_objects(
            &patch,
            &[
                "sla_cluster",
                "retry",
                "limits",
                "channels",
                "dead_letters",
                "alerts",
                "reports",
                "retention",
                "conversations",
                "commerce",
                "quiet_hours",
                "templates",
                "catalogue",
                "smtp",
                "whatsapp",
                "sources",
            ],
        )?;
        report::settings::must_be_objects(&patch)?;
        source::spell_out(&mut patch, &self.sources)?;
        secret::spell_out(&mut patch);
        secrets::spell_out(&mut patch, &self.secrets)?;
        if patch.contains_key("event_types") {
            let problem = "is not changed here: use PUT /api/v1/event-types/{name}";
            return Err(Invalid::new("event_types", problem));
        }
        for (short, name) in [("pass", "password"), ("username", "user")] {
            // The names that mail settings also go by.
            if let Some(smtp) = patch.get_mut("smtp").and_then(Value::as_object_mut)
                && let Some(value) = smtp.remove(short)
            {
                smtp.insert(name.to_owned(), value);
            }
        }
        let mut value = serde_json::to_value(self)
            .map_err(|error| Invalid::new("", format!("settings do not serialise: {error}")))?;
        let of_alerts = patch.contains_key("alerts");
        merge(&mut value, Value::Object(patch));
        let settings = Self::from_json(value)?;
        if of_alerts {
            settings.alerts.check_reach(&self.alerts)?;
        }
        Ok(settings)
    }

    /// The settings without their secrets and the event types, as they are shown: of `secrets` the names
    /// alone.
    pub fn shown(&self) -> Value {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        if let Some(map) = value.as_object_mut() {
            map.remove("event_types");
        }
        for (section, secrets) in [
            ("smtp", &["password"] as &[&str]),
            ("whatsapp", &["access_token", "app_secret", "verify_token"]),
        ] {
            if let Some(map) = value.get_mut(section).and_then(Value::as_object_mut) {
                map.retain(|key, _| !secrets.contains(&key.as_str()));
            }
        }
        if let Some(map) = value.as_object_mut() {
            map.insert("secrets".to_owned(), self.secrets.keys().cloned().collect());
            if !self.sources.is_empty() {
                map.insert("sources".to_owned(), source::shown(&self.sources));
            }
        }
        value
    }

    fn check(&self) -> Result<(), Invalid> {
        time::zone(&self.timezone).map_err(|error| Invalid::new("timezone", error.to_string()))?;
        if self.reminders.len() > REMINDERS_MAX {
            return Err(Invalid::new("reminders", format!("at most {REMINDERS_MAX} reminders")));
        }
        for (index, reminder) in self.reminders.iter().enumerate() {
            let earlier = self.reminders.iter().take(index);
            if earlier.clone().any(|other| other.before == reminder.before) {
                return Err(Invalid::new(format!("reminders[{index}]"), "stands there twice"));
            }
        }
        if self.dead_letters.alert_count > ALERT_COUNT_MAX {
            let problem = format!("must be at most {ALERT_COUNT_MAX}");
            return Err(Invalid::new("dead_letters.alert_count", problem));
        }
        if self.dead_letters.keep < Span::seconds(1) {
            return Err(Invalid::new("dead_letters.keep", "must be a second or more"));
        }
        if !(1..=1_000).contains(&self.sla_cluster.count) {
            return Err(Invalid::new("sla_cluster.count", "must be from 1 to 1000"));
        }
        for (field, span) in [
            ("sla_after", self.sla_after),
            ("sla_cluster.window", self.sla_cluster.window),
            ("disable_after", self.disable_after),
            ("conversations.idle_after", self.conversations.idle_after),
            ("conversations.hold_for", self.conversations.hold_for),
            ("dead_letters.alert_age", self.dead_letters.alert_age),
        ] {
            if span.0 == 0 {
                return Err(Invalid::new(field, "must be longer than zero"));
            }
        }
        timeout::check(self.timeout)?;
        self.alerts.check()?;
        self.reports.check().map_err(|invalid| invalid.inside("reports"))?;
        business_hours::check(&self.business_hours, &self.holidays)?;
        secrets::check(&self.secrets).map_err(|invalid| invalid.inside("secrets"))?;
        embedding::check(&self.embedding)?;
        source::check(&self.sources).map_err(|invalid| invalid.inside("sources"))?;
        self.limits.check().map_err(|invalid| invalid.inside("limits"))?;
        self.retry.check().map_err(|invalid| invalid.inside("retry"))?;
        self.retention.check().map_err(|invalid| invalid.inside("retention"))?;
        contact::check_words(&self.opt_out).map_err(|invalid| invalid.inside("opt_out"))?;
        if let Some(hours) = &self.quiet_hours {
            hours.check().map_err(|invalid| invalid.inside("quiet_hours"))?;
        }
        self.templates.check().map_err(|invalid| invalid.inside("templates"))?;
        if let Some(smtp) = &self.smtp {
            smtp.check().map_err(|invalid| invalid.inside("smtp"))?;
        }
        if let Some(whatsapp) = &self.whatsapp {
            whatsapp.check().map_err(|invalid| invalid.inside("whatsapp"))?;
        }
        Ok(())
    }
}

/// What the rules read: the settings with everything looked up that they name.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// The settings.
    pub settings: Settings,
    /// The zone that they name.
    pub zone: TimeZone,
    /// The hash that they choose, with the tenant's key in it.
    pub phone_hash: PhoneHash,
}

impl Policy {
    /// The policy that these settings make; `key` is the tenant's own, for keyed hashes.
    pub fn new(settings: Settings, key: &[u8]) -> Self {
        let zone = time::zone(&settings.timezone).unwrap_or(TimeZone::UTC);
        let phone_hash = match settings.wa_number_hash {
            HashKind::Plain => PhoneHash::Plain,
            HashKind::Keyed => PhoneHash::Keyed(key.to_vec()),
        };
        Self { settings, zone, phone_hash }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::new(Settings::default(), &[])
    }
}

#[cfg(test)]
mod tests;
