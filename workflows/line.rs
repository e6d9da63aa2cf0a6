//! A tenant's lines to the outside: its mail server and its WhatsApp number.

use serde::{Deserialize, Serialize};

use crate::invalid::Invalid;
use crate::window::Purpose;

/// The mail server that a tenant's email endpoints use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// The server's name or address.
    pub host: String,
    /// Its port; 465 means TLS from the first byte.
    #[serde(default = "submission_port")]
    pub port: u16,
    /// The account, where the server wants one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The account's password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// The sender's address; without it, `user`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The sender's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_name: Option<String>,
    /// How the connection is protected.
    #[serde(default)]
    pub security: SmtpSecurity,
}

fn submission_port() -> u16 {
    587
}

/// How a mail connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpSecurity {
    /// TLS on port 465, STARTTLS on any other. A server on this machine, which no one can come
    /// between, may do without either, or with a certificate of its own making.
    #[default]
    Auto,
    /// STARTTLS, and no mail without it.
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// None: for a server on this machine.
    None,
}

/// A tenant's WhatsApp Business line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhatsApp {
    /// Meta's id of the sending number.
    pub phone_number_id: String,
    /// The system user's token.
    #[serde(default)]
    pub access_token: String,
    /// The app's secret, with which Meta signs what it sends.
    #[serde(default)]
    pub app_secret: String,
    /// The text that Meta repeats when the webhook is set up.
    #[serde(default)]
    pub verify_token: String,
    /// An approved template for reminders that is always used; its body takes name, time and party size.
    /// Without it the window decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminder_template: Option<WhatsAppTemplate>,
    /// Approved templates for what is sent outside the 24-hour window, each for its purpose.
    #[serde(default)]
    pub templates: Templates,
    /// So many messages in a second, as Meta grants the number; [`MESSAGES_PER_SECOND`] where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages_per_second: Option<u32>,
}

/// What Meta grants a number at first.
pub const MESSAGES_PER_SECOND: u32 = 80;
/// What Meta grants a number at most.
pub const MESSAGES_PER_SECOND_MAX: u32 = 1_000;

/// A tenant's approved templates, each for its purpose.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Templates {
    /// For reminders; takes name, time and party size, and two quick replies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reminder: Option<WhatsAppTemplate>,
    /// For thanks for a confirmation; takes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thanks: Option<WhatsAppTemplate>,
    /// For a cancellation acknowledged; takes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<WhatsAppTemplate>,
    /// For anything else; takes one line of text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<WhatsAppTemplate>,
    /// For a price that dropped; takes the product and the discount in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer: Option<WhatsAppTemplate>,
    /// For a product of which few are left or none; takes the product and how many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stock: Option<WhatsAppTemplate>,
}

impl Templates {
    /// The template for a purpose.
    pub fn get(&self, purpose: Purpose) -> Option<&WhatsAppTemplate> {
        match purpose {
            Purpose::Reminder => self.reminder.as_ref(),
            Purpose::Thanks => self.thanks.as_ref(),
            Purpose::Cancelled => self.cancelled.as_ref(),
            Purpose::Notice => self.notice.as_ref(),
            Purpose::Offer => self.offer.as_ref(),
            Purpose::Stock => self.stock.as_ref(),
        }
    }
}

/// An approved WhatsApp template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhatsAppTemplate {
    /// Its name at Meta.
    pub name: String,
    /// Its language code, such as `es_ES`.
    pub language: String,
}

/// Whether a text has the form of an email address: something, `@`, a domain, and no white space. Whether
/// mail arrives there is another question.
pub(crate) fn is_address(text: &str) -> bool {
    let (name, domain) = text.rsplit_once('@').unwrap_or_default();
    let plain = !text.chars().any(|c| c.is_whitespace() || c.is_control() || "<>".contains(c));
    plain && !name.is_empty() && !domain.is_empty()
}

impl Smtp {
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        if self.host.is_empty() || self.host.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(Invalid::new("host", "must be a host name or address"));
        }
        if self.port == 0 {
            return Err(Invalid::new("port", "must be from 1 to 65535, such as 587"));
        }
        if self.from.as_deref().is_some_and(|from| !is_address(from)) {
            return Err(Invalid::new("from", "must be an address such as hola@example.com"));
        }
        if self.from_name.as_ref().is_some_and(|name| name.chars().any(char::is_control)) {
            return Err(Invalid::new("from_name", "must not contain line breaks"));
        }
        Ok(())
    }
}

impl WhatsAppTemplate {
    /// Checks what types alone do not.
    pub fn check(&self) -> Result<(), Invalid> {
        if self.name.len() > 512 {
            return Err(Invalid::new("name", "must have at most 512 characters"));
        }
        let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if self.name.is_empty() || !self.name.bytes().all(lower) {
            let problem = "must be the template's name at Meta: a-z, 0-9 and _";
            return Err(Invalid::new("name", problem));
        }
        let code = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if !(2..=16).contains(&self.language.len()) || !self.language.bytes().all(code) {
            return Err(Invalid::new("language", "must be a code such as es or es_ES"));
        }
        Ok(())
    }
}

impl WhatsApp {
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        let id = &self.phone_number_id;
        if id.is_empty() || id.len() > 64 || !id.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(Invalid::new("phone_number_id", "must be Meta's id of the number, digits"));
        }
        if self.access_token.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(Invalid::new("access_token", "must not contain spaces or line breaks"));
        }
        let named = |purpose: Purpose| {
            let template = self.templates.get(purpose)?;
            Some((format!("templates.{}", purpose.as_str()), template))
        };
        let own = self.reminder_template.as_ref().map(|own| ("reminder_template".to_owned(), own));
        for (place, template) in own.into_iter().chain(Purpose::ALL.into_iter().filter_map(named)) {
            template.check().map_err(|invalid| invalid.inside(&place))?;
        }
        let most = MESSAGES_PER_SECOND_MAX;
        if self.messages_per_second.is_some_and(|count| !(1..=most).contains(&count)) {
            return Err(Invalid::new("messages_per_second", format!("must be from 1 to {most}")));
        }
        Ok(())
    }
}
