//! One attempt of a delivery: takes what is to be carried and where, and says what became of it.
//!
//! A channel keeps no state and never retries. It turns whatever the other side does, hanging and
//! lying included, into an [`Outcome`] within a deadline, and the workflows decide what follows.
//!
//! ```text
//!             +-> webhook  --+-- guard: no address inside the house
//! Channels ---+-> slack    --+
//!             +-> whatsapp ----- the Graph API that the operator chose
//!             +-> email    ----- the mail server that the tenant or operator chose
//! ```
//!
//! Delivery is at least once: where an answer is lost, the receiver sees the same `webhook-id` (or
//! Message-ID) again. No outcome's text holds a secret of ours or the URL of the destination; what
//! a receiver itself writes is repeated, shortened to a line.

pub mod address;
pub mod auth;
mod carrier;
mod echo;
pub(crate) mod email;
pub(crate) mod guard;
pub(crate) mod oauth;
mod probe;
pub(crate) mod reply;
pub(crate) mod slack;
pub mod tls;
pub mod webhook;
pub(crate) mod whatsapp;
pub(crate) mod wording;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ipnet::IpNet;
use jiff::tz::TimeZone;
use reqwest::{ClientBuilder, redirect, retry};
use rustls::ClientConfig;
use sereno_workflows::line::{Smtp, WhatsApp};
use sereno_workflows::locale::Locale;
use sereno_workflows::message::Message;
use sereno_workflows::retry::Outcome;
use sereno_workflows::time::Timestamp;
use sereno_workflows::trace::TraceContext;
use sereno_workflows::window::Window;
use thiserror::Error;
use url::Url;

use self::address::Address;
use self::auth::Auth;
use self::email::pool::Pool;
use self::email::{Recipient, Server};
use self::guard::Guard;
use self::oauth::Tokens;
use self::tls::{OwnWays, Tls, Ways};
use crate::limits::{self, connections};
use crate::signature::Scheme;
use crate::template::Words;

/// Where Meta answers, unless the operator says otherwise.
const GRAPH_URL: &str = "https://graph.facebook.com/v23.0";

/// Where a delivery goes, with everything that the attempt needs; secrets are already decrypted.
#[derive(Clone)]
pub enum Destination {
    /// A receiver of signed events.
    Webhook {
        /// Where to post.
        to: Arc<Address>,
        /// Every secret signs, the newest first: during a rotation there are two.
        secrets: Vec<String>,
        /// Headers of the user's own; those that are ours or frame the request are left out.
        headers: Vec<(String, String)>,
        /// How the receiver knows us.
        auth: Option<Auth>,
        /// How it is carried.
        manner: Manner,
    },
    /// A Slack incoming webhook.
    Slack {
        /// Its URL, which is a secret as a whole.
        to: Arc<Address>,
    },
    /// A mailbox.
    Email {
        /// Its address.
        to: String,
        /// The mail server; without one the attempt is dead and says what to set.
        smtp: Option<Smtp>,
        /// Whether the operator chose that server, who may reach any network; a tenant may not.
        by_operator: bool,
        /// Where its reader can unsubscribe with one click.
        unsubscribe: Option<Url>,
    },
    /// A customer on WhatsApp.
    WhatsApp {
        /// Their number with its country code.
        to: String,
        /// The tenant's line; without one the attempt is dead and says what to set.
        line: Option<WhatsApp>,
        /// Whether they may be written to freely.
        window: Window,
    },
}

impl fmt::Debug for Destination {
    /// The kind alone: the rest is secret or personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Webhook { .. } => "Webhook",
            Self::Slack { .. } => "Slack",
            Self::Email { .. } => "Email",
            Self::WhatsApp { .. } => "WhatsApp",
        })
    }
}

/// How a webhook is carried.
#[derive(Clone, Default)]
pub struct Manner {
    /// How it is signed.
    pub signature: Scheme,
    /// Whose webhook it is: no token and no certificate serves two owners.
    pub owner: String,
    /// What the connection has of its own.
    pub tls: Option<Tls>,
}

/// What is carried.
#[derive(Clone)]
pub struct Load {
    /// The delivery's id, the same on every attempt; must not contain a dot (Standard Webhooks).
    pub id: String,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Its place in the trace of its event, or in one of its own.
    pub trace: TraceContext,
    /// The event's type.
    pub event_type: String,
    /// The canonical body, `{"data","event_id","event_type","timestamp"}`; sent as it is.
    pub body: Bytes,
    /// A ready message to a customer; only WhatsApp carries it.
    pub message: Option<Message>,
    /// What people are told, in the tenant's own words; ours without them.
    pub words: Option<Words>,
    /// The language in which people are written to.
    pub locale: Locale,
    /// The zone in which people read times.
    pub zone: TimeZone,
    /// How long the attempt may take; the server's way for its channel where left out.
    pub timeout: Option<Duration>,
}

impl fmt::Debug for Load {
    /// Without the body and the message, which are personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Load")
            .field("id", &self.id)
            .field("attempt", &self.attempt)
            .field("event_type", &self.event_type)
            .finish_non_exhaustive()
    }
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What it came to.
    pub outcome: Outcome,
    /// The beginning of the answer's body, where there was one that is worth keeping.
    pub response: Vec<u8>,
    /// What the provider gave for a message that it took and will say more about.
    pub receipt: Option<Receipt>,
}

/// A provider's receipt of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Its own id of the message.
    pub message_id: String,
    /// Whether it could go again as a template, should the provider find later that only that is taken.
    pub has_template: bool,
}

impl From<Outcome> for Answer {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, response: Vec::new(), receipt: None }
    }
}

/// What the channels of one process share.
#[derive(Debug, Clone)]
pub struct ChannelConfig {
    /// The base of Meta's Graph API; not guarded, since the operator chose it.
    pub graph_url: Url,
    /// Private networks that webhooks may call all the same.
    pub private_targets: Vec<IpNet>,
    /// The deadline of a webhook, from connect to the answer's end.
    pub webhook_timeout: Duration,
    /// The deadline of a Slack message.
    pub slack_timeout: Duration,
    /// The deadline of a WhatsApp message.
    pub whatsapp_timeout: Duration,
    /// The deadline of a mail, from connect to the server's last word.
    pub email_timeout: Duration,
    /// How long a connection to a mail server waits for its next mail.
    pub email_idle: Duration,
    /// What we call ourselves.
    pub user_agent: String,
}

impl Default for ChannelConfig {
    fn default() -> Self {
        Self {
            graph_url: Url::parse(GRAPH_URL).expect("our own constant is a URL"),
            private_targets: Vec::new(),
            webhook_timeout: Duration::from_millis(limits::WEBHOOK_TIMEOUT_MS),
            slack_timeout: Duration::from_millis(limits::SLACK_TIMEOUT_MS),
            whatsapp_timeout: Duration::from_millis(limits::WHATSAPP_TIMEOUT_MS),
            email_timeout: Duration::from_millis(limits::EMAIL_TIMEOUT_MS),
            email_idle: Duration::from_millis(limits::MAIL_CONNECTION_IDLE_MS),
            user_agent: concat!("sereno/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// Why the channels cannot start; a matter of configuration, so the process should say it and stop.
#[derive(Debug, Error)]
pub enum ChannelError {
    /// The HTTP client cannot be built.
    #[error("cannot build the HTTP client")]
    Client(#[from] reqwest::Error),
    /// The system's authorities cannot be read.
    #[error("cannot prepare TLS: {0}")]
    Tls(String),
    /// The user agent has a line break or control character.
    #[error("the user agent cannot stand in a header")]
    UserAgent,
    /// Not a base that paths can be appended to.
    #[error("the Graph API's URL must be http or https")]
    GraphUrl,
}

/// All channels of one process.
pub struct Channels {
    config: ChannelConfig,
    guard: Guard,
    /// To addresses that tenants chose.
    guarded: Arc<Ways>,
    /// For the Graph API, which the operator chose.
    trusted: reqwest::Client,
    /// To endpoints with certificates of their own.
    own: OwnWays,
    tokens: Tokens,
    /// To mail servers.
    mail: Pool,
}

impl Channels {
    /// Prepares the clients; connects to nothing yet.
    pub fn new(config: ChannelConfig) -> Result<Self, ChannelError> {
        if !matches!(config.graph_url.scheme(), "http" | "https") {
            return Err(ChannelError::GraphUrl);
        }
        let guard = Guard { allowed: config.private_targets.clone() };
        let guarded = Arc::new(Ways::new(&config, &guard, None)?);
        let trusted = client(&config, tls::of(None).map_err(ChannelError::Tls)?).build()?;
        let (own, tokens) = (OwnWays::default(), Tokens::default());
        let mail = Pool::new(config.email_idle);
        Ok(Self { config, guard, guarded, trusted, own, tokens, mail })
    }

    /// Makes one attempt. `now` is the attempt's time, which goes into its signature.
    ///
    /// Ends within the channel's deadline whatever the other side does. Dropping the future breaks
    /// the attempt off; whether it arrived is then unknown.
    pub async fn attempt(&self, destination: &Destination, load: &Load, now: Timestamp) -> Answer {
        // An attempt is moved into a task of its own, as large as the largest channel's. Mail alone would
        // make it ten times as large as a webhook's, so what is large and rare stands in a box.
        match destination {
            Destination::Webhook { to, secrets, headers, auth, manner } => {
                let auth = auth.as_ref();
                let post = webhook::Post { to, secrets, headers, auth, manner };
                self.send_webhook(&post, load, now).await
            }
            Destination::Slack { to } => self.send_slack(to.url(), load, now).await.into(),
            Destination::Email { to, smtp, by_operator, unsubscribe } => {
                let server = smtp.as_ref().map(|smtp| Server { smtp, by_operator: *by_operator });
                let to = Recipient { address: to, unsubscribe: unsubscribe.as_ref() };
                Box::pin(self.send_email(to, server, load, now)).await.into()
            }
            Destination::WhatsApp { to, line, window } => {
                Box::pin(self.send_whatsapp(to, line.as_ref(), *window, load, now)).await
            }
        }
    }

    /// The outcome alone of an attempt.
    #[cfg(test)]
    async fn send(&self, destination: &Destination, load: &Load, now: Timestamp) -> Outcome {
        self.attempt(destination, load, now).await.outcome
    }

    /// Whether a webhook may be sent there, as far as the URL alone tells; for use when one is
    /// saved.
    ///
    /// A name is judged at each attempt by what it then resolves to.
    pub fn check_url(&self, url: &Url) -> Result<(), String> {
        self.guard.check_url(url)?;
        Address::try_from(url.clone()).map(drop)
    }
}

/// What all our requests by reqwest have in common; its own defaults follow redirects, read proxies from
/// the environment, repeat some requests unasked and have no deadline.
fn client(config: &ChannelConfig, tls: ClientConfig) -> ClientBuilder {
    reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        .referer(false)
        .tls_backend_preconfigured(tls)
        .connect_timeout(Duration::from_millis(connections::CONNECT_TIMEOUT_MS))
        .pool_idle_timeout(Duration::from_millis(connections::IDLE_CONNECTION_MS))
        .pool_max_idle_per_host(connections::IDLE_CONNECTIONS_PER_HOST_MAX)
        .user_agent(config.user_agent.as_str())
}

/// A dead end before anything was sent.
fn dead(error: impl Into<String>) -> Outcome {
    Outcome::Dead { code: -1, error: error.into() }
}

#[cfg(test)]
pub(crate) mod tests;
