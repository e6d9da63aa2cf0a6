//! A tenant's lines to the outside: its mail server and its WhatsApp number.

use serde::{Deserialize, Serialize};

use crate::invalid::Invalid;

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
    /// An approved template for reminders, which Meta wants outside the 24-hour window; its body
    /// takes name, time and party size. Without it reminders are sent as a message with buttons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminder_template: Option<WhatsAppTemplate>,
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
        if self.from.as_deref().is_some_and(|from| !is_address(from)) {
            return Err(Invalid::new("from", "must be an address such as hola@example.com"));
        }
        if self.from_name.as_ref().is_some_and(|name| name.chars().any(char::is_control)) {
            return Err(Invalid::new("from_name", "must not contain line breaks"));
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
        Ok(())
    }
}
