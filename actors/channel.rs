//! stub
use sereno_workflows::message::Message;
use sereno_workflows::policy::{Locale, Smtp, WhatsApp};
use sereno_workflows::retry::Outcome;
use sereno_workflows::time::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Auth { Basic { user: String, password: String }, Bearer { token: String }, Header { name: String, value: String } }
pub enum Destination {
    Webhook { url: Url, secrets: Vec<String>, headers: Vec<(String, String)>, auth: Option<Auth> },
    Slack { url: Url },
    Email { to: String, smtp: Option<Smtp> },
    WhatsApp { to: String, line: Option<WhatsApp> },
}
pub struct Load { pub id: String, pub attempt: u32, pub event_type: String, pub body: Vec<u8>, pub message: Option<Message>, pub locale: Locale, pub zone: jiff::tz::TimeZone }
pub struct Channels {}
pub struct ChannelConfig { pub graph_url: Url, pub private_targets: Vec<ipnet::IpNet> }
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct ChannelError;
impl ChannelConfig { pub fn new(graph_url: Url) -> Self { Self { graph_url, private_targets: vec![] } } }
impl Channels {
    pub fn new(_: ChannelConfig) -> Result<Self, ChannelError> { Ok(Self {}) }
    pub async fn send(&self, _: &Destination, _: &Load, _: Timestamp) -> Outcome { Outcome::Done { code: 200 } }
    pub fn check_url(&self, _: &Url) -> Result<(), String> { Ok(()) }
}
