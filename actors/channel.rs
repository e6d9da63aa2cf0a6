//! The ways out: signed webhooks, Slack, mail and WhatsApp. Each attempt ends in one [`Outcome`].
//!
//! A channel knows its protocol and what an answer means; when to try again and when to give up is
//! not its business. Every attempt has a total deadline, reads a bounded answer and follows no
//! redirect.

mod email;
mod guard;
mod reply;
mod slack;
mod webhook;
mod whatsapp;
mod wording;

#[cfg(test)]
mod tests;

use std::time::Duration;

use ipnet::IpNet;
use jiff::tz::TimeZone;
use reqwest::redirect::Policy;
use serde::{Deserialize, Serialize};
use sereno_workflows::line::{Smtp, WhatsApp};
use sereno_workflows::locale::Locale;
use sereno_workflows::message::Message;
use sereno_workflows::retry::Outcome;
use sereno_workflows::time::Timestamp;
use thiserror::Error;
use url::Url;

use self::guard::{Guard, GuardedResolver};

/// Where a delivery goes, with everything that the attempt needs.
#[derive(Debug, Clone, PartialEq)]
pub enum Destination {
    /// A signed HTTP webhook.
    Webhook {
        /// Where.
        url: Url,
        /// Every one of them signs; the first also makes `X-Signature`.
        secrets: Vec<String>,
        /// The endpoint's own headers.
        headers: Vec<(String, String)>,
        /// How to log in.
        auth: Option<Auth>,
    },
    /// A Slack incoming webhook.
    Slack {
        /// Its URL, which is a secret.
        url: Url,
    },
    /// A mailbox.
    Email {
        /// Whose.
        to: String,
        /// The server that sends; without one nothing can be sent.
        smtp: Option<Smtp>,
    },
    /// A WhatsApp number.
    WhatsApp {
        /// Whose, with its `+`.
        to: String,
        /// The line that sends; without one nothing can be sent.
        line: Option<WhatsApp>,
    },
}

/// How an endpoint wants to be logged in to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Auth {
    /// RFC 7617.
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
    /// RFC 6750.
    Bearer {
        /// The token.
        token: String,
    },
    /// A header of the endpoint's choice.
    Header {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
}

/// What is carried there.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// The delivery's id, the same on every attempt.
    pub id: String,
    /// The attempt's number, from 1.
    pub attempt: u32,
    /// The event's type.
    pub event_type: String,
    /// The event's body, as it is signed and sent.
    pub body: Vec<u8>,
    /// A ready message, which is carried instead of the event.
    pub message: Option<Message>,
    /// The language for people.
    pub locale: Locale,
    /// The zone in which times are written for people.
    pub zone: TimeZone,
}

/// How deliveries go out.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelConfig {
    /// The WhatsApp Graph API with its version.
    pub graph_url: Url,
    /// Private networks that endpoints may be in all the same.
    pub private_targets: Vec<IpNet>,
    /// The deadline of one HTTP attempt.
    pub http_timeout: Duration,
    /// The deadline of one mail.
    pub smtp_timeout: Duration,
}

impl ChannelConfig {
    /// The usual deadlines, 10 s and 15 s, and no private networks.
    pub fn new(graph_url: Url) -> Self {
        Self {
            graph_url,
            private_targets: Vec::new(),
            http_timeout: Duration::from_secs(10),
            smtp_timeout: Duration::from_secs(15),
        }
    }
}

/// Why the channels could not be set up.
#[derive(Debug, Error)]
pub enum ChannelError {
    /// The HTTP client could not.
    #[error("the HTTP client cannot be set up")]
    Client(#[from] reqwest::Error),
}

/// The channels of one server.
pub struct Channels {
    config: ChannelConfig,
    guard: Guard,
    /// Reaches what tenants name, within the guard.
    outside: reqwest::Client,
    /// Reaches what the operator configured.
    graph: reqwest::Client,
}

impl Channels {
    /// Sets the channels up.
    pub fn new(config: ChannelConfig) -> Result<Self, ChannelError> {
        let guard = Guard::new(config.private_targets.clone());
        let outside = client(&config).dns_resolver(GuardedResolver::new(guard.clone())).build()?;
        let graph = client(&config).build()?;
        Ok(Self { config, guard, outside, graph })
    }

    /// Makes one attempt, which begins at `now`.
    pub async fn send(&self, destination: &Destination, load: &Load, now: Timestamp) -> Outcome {
        match destination {
            Destination::Webhook { url, secrets, headers, auth } => {
                let webhook = webhook::Webhook { url, secrets, headers, auth: auth.as_ref() };
                self.webhook(webhook, load, now).await
            }
            Destination::Slack { url } => self.slack(url, load).await,
            Destination::Email { to, smtp } => self.email(to, smtp.as_ref(), load).await,
            Destination::WhatsApp { to, line } => self.whatsapp(to, line.as_ref(), load).await,
        }
    }

    /// Whether a URL may be an endpoint's: http or https, and to no private address that is written
    /// in it. Names are checked again each time they are looked up.
    pub fn check_url(&self, url: &Url) -> Result<(), String> {
        self.guard.check_url(url)
    }
}

fn client(config: &ChannelConfig) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .referer(false)
        .retry(reqwest::retry::never())
        .connect_timeout(config.http_timeout / 2)
        .timeout(config.http_timeout)
        .pool_max_idle_per_host(32)
        // Node closes idle connections after 5 s; a request on a closing one would fail.
        .pool_idle_timeout(Duration::from_secs(4))
        .user_agent(concat!("sereno/", env!("CARGO_PKG_VERSION")))
}
