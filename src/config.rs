//! How the server is configured: flags and environment over `sereno.toml` over defaults.

mod directory;
mod mirror;
mod networks;
mod problems;
mod public;
mod shown;
mod variable;
mod webhooks;

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use figment::Figment;
use figment::providers::{Format as _, Serialized, Toml};
use serde::{Deserialize, Serialize};
use sereno_actors::channel::ChannelConfig;
use sereno_workflows::line::{Smtp, SmtpSecurity};
use url::Url;

pub use self::directory::{Credentials, DataDirectory, guessable, write_private};
pub use self::mirror::MirrorArgs;
pub use self::shown::Setting;
pub(crate) use self::shown::place;
pub use self::variable::variable;
pub use self::webhooks::{Length, N8N, WebhookArgs};

/// The flags of `sereno serve`; each has its environment variable.
#[derive(Debug, Clone, Default, Args, Serialize)]
pub struct ServeArgs {
    /// Address and port to listen on [default: 127.0.0.1:8080]
    #[arg(long, env = "SERENO_LISTEN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    /// Directory for everything that is kept [default: ./sereno-data]
    #[arg(long, env = "SERENO_DATA")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<PathBuf>,
    /// Token for the admin API; one is made on the first start and kept in DATA/credentials
    #[arg(long, env = "SERENO_ADMIN_TOKEN", hide_env_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin_token: Option<String>,
    /// 32 bytes in base64 that encrypt secrets at rest; one is made and kept in DATA/master.key
    #[arg(long, env = "SERENO_MASTER_KEY", hide_env_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub master_key: Option<String>,
    /// Private networks that endpoints may be in, as CIDRs joined by commas, such as 10.1.0.0/16
    #[arg(long, env = "SERENO_ALLOW_PRIVATE_TARGETS", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_private_targets: Option<Vec<String>>,
    /// Proxies in front of the server, as CIDRs joined by commas, whose X-Forwarded-For and Forwarded count
    #[arg(long, env = "SERENO_TRUSTED_PROXIES", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trusted_proxies: Option<Vec<String>>,
    /// Where browsers find the server, for links and cookies [default: the address to listen on]
    #[arg(long, env = "SERENO_PUBLIC_URL", hide_env_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<Url>,
    /// Base URL of the WhatsApp Graph API [default: Meta's own, v23.0]
    #[arg(long, env = "SERENO_GRAPH_URL", hide_env_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub graph_url: Option<Url>,
    /// Megabytes that the index aims at for its cache; it may use twice as much [default: 32]
    #[arg(long, env = "SERENO_CACHE_MB")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_mb: Option<u64>,
    /// Start with what can be read of a damaged store: what is missing is named, and lost
    #[arg(long)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub salvage: bool,
    /// Whether events are put into an index for questions, on or off; without it each is looked at
    /// [default: on]
    #[arg(long, env = "SERENO_SEARCH", value_parser = ["on", "off"])]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// Whether what happens is counted, on or off; without it stats, reports and alerts stay silent, which is for
    /// measuring what they cost [default: on]
    #[arg(long, env = "SERENO_FIGURES", value_parser = ["on", "off"])]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub figures: Option<String>,
    /// Where the journal is: empty for this machine, postgres://… for a cluster (not in this version)
    #[arg(long, env = "SERENO_JOURNAL", hide_env_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journal: Option<String>,
    /// Mail server for tenants without one of their own
    #[arg(long, env = "SMTP_HOST")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp_host: Option<String>,
    /// Its port; 465 means TLS from the first byte, any other STARTTLS [default: 587]
    #[arg(long, env = "SMTP_PORT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp_port: Option<u16>,
    /// Its account
    #[arg(long, env = "SMTP_USER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp_user: Option<String>,
    /// The account's password
    #[arg(long, env = "SMTP_PASS", hide_env_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp_pass: Option<String>,
    /// The sender's address [default: the account]
    #[arg(long, env = "SMTP_FROM")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp_from: Option<String>,
    /// The sender's name
    #[arg(long, env = "SMTP_FROM_NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp_from_name: Option<String>,
    /// How mail is protected; auto is TLS on port 465 and STARTTLS on any other [default: auto]
    #[arg(long, env = "SMTP_SECURITY", value_parser = ["auto", "starttls", "tls", "none"])]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp_security: Option<String>,
    /// The user's own PostgreSQL.
    #[command(flatten)]
    #[serde(flatten)]
    pub mirror: MirrorArgs,
    /// What holds for webhooks of which neither endpoint nor tenant says anything.
    #[command(flatten)]
    #[serde(flatten)]
    pub webhooks: WebhookArgs,
}

/// The configuration of a server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// The data directory.
    pub data: PathBuf,
    /// The admin token, if it is set from outside.
    pub admin_token: Option<String>,
    /// The master key, if it is set from outside.
    pub master_key: Option<String>,
    /// Private networks that endpoints may be in.
    pub allow_private_targets: Vec<String>,
    /// Proxies that are believed when they say whom they stand for.
    pub trusted_proxies: Vec<String>,
    /// Where browsers find the server.
    pub public_url: Option<Url>,
    /// The WhatsApp Graph API.
    pub graph_url: Url,
    /// What the index aims at for its cache.
    pub cache_mb: u64,
    /// Whether a damaged store is to be started with what can be read of it.
    pub salvage: bool,
    /// Whether events are put into an index for questions.
    pub search: Switch,
    /// Whether what happens is counted.
    pub figures: Switch,
    /// The journal's place; only this machine in this version.
    pub journal: String,
    /// The user's own PostgreSQL, if rows are to go there.
    pub mirror: Option<String>,
    /// The schema of its tables.
    pub mirror_schema: String,
    /// Whether phone numbers are written there in the clear.
    pub mirror_phones: bool,
    /// The mail server for tenants without one, and what goes with it.
    pub smtp_host: Option<String>,
    /// Its port.
    pub smtp_port: u16,
    /// Its account.
    pub smtp_user: Option<String>,
    /// The account's password.
    pub smtp_pass: Option<String>,
    /// The sender's address.
    pub smtp_from: Option<String>,
    /// The sender's name.
    pub smtp_from_name: Option<String>,
    /// How mail is protected.
    pub smtp_security: SmtpSecurity,
    /// Attempts at a webhook.
    pub webhook_retry_count: Option<u32>,
    /// The same by its other name.
    pub webhook_max_retries: Option<u32>,
    /// The delay after a webhook's first failure; a bare number is milliseconds.
    pub webhook_retry_delay: Option<Length>,
    /// The deadline of a webhook; a bare number is seconds.
    pub webhook_timeout: Option<Length>,
    /// What webhooks to n8n are signed with.
    pub webhook_secret: Option<String>,
    /// Where the tenant `default` tells n8n.
    pub n8n_webhook_url: Option<String>,
    /// The account there.
    pub n8n_user: Option<String>,
    /// The account's password.
    pub n8n_password: Option<String>,
}

/// Whether something is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Switch {
    /// It is.
    On,
    /// It is not.
    Off,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            data: PathBuf::from("./sereno-data"),
            admin_token: None,
            master_key: None,
            allow_private_targets: Vec::new(),
            trusted_proxies: Vec::new(),
            public_url: None,
            graph_url: Url::parse("https://graph.facebook.com/v23.0").expect("a constant URL"),
            cache_mb: sereno_actors::limits::INDEX_CACHE_BYTES >> 20,
            salvage: false,
            search: Switch::On,
            figures: Switch::On,
            journal: String::new(),
            mirror: None,
            mirror_schema: mirror::SCHEMA.to_owned(),
            mirror_phones: false,
            smtp_host: None,
            smtp_port: 587,
            smtp_user: None,
            smtp_pass: None,
            smtp_from: None,
            smtp_from_name: None,
            smtp_security: SmtpSecurity::Auto,
            webhook_retry_count: None,
            webhook_max_retries: None,
            webhook_retry_delay: None,
            webhook_timeout: None,
            webhook_secret: None,
            n8n_webhook_url: None,
            n8n_user: None,
            n8n_password: None,
        }
    }
}

/// Less, and sled panics; more, and it is a slip.
const CACHE_MB: RangeInclusive<u64> = 8..=1_048_576;

impl Config {
    /// The file beside flags and environment, in the working directory.
    pub const FILE: &str = "sereno.toml";

    /// Reads flags and environment over `sereno.toml` in the working directory over defaults.
    pub fn load(args: &ServeArgs) -> anyhow::Result<Self> {
        let figment = Figment::from(Serialized::defaults(Self::default()))
            .merge(Toml::file(Self::FILE))
            .merge(Serialized::defaults(args));
        let config: Self = figment.extract().context("the configuration does not fit")?;
        config.check()?;
        Ok(config)
    }

    /// What is to be said of an admin token that somebody may guess: whoever has it may do everything.
    pub fn is_guessable(&self) -> Option<&'static str> {
        guessable(self.given_token()?)
    }

    /// The admin token that is set; an empty one is none.
    pub fn given_token(&self) -> Option<&str> {
        self.admin_token.as_deref().filter(|token| !token.is_empty())
    }

    /// The channels of a server, and of whoever looks where it sends to.
    pub fn channels(&self) -> anyhow::Result<ChannelConfig> {
        Ok(ChannelConfig {
            private_targets: self.private_targets()?,
            graph_url: self.graph_url.clone(),
            webhook_timeout: self.webhook_timeout()?,
            ..ChannelConfig::default()
        })
    }

    /// The mail server for tenants without one of their own.
    pub fn smtp(&self) -> Option<Smtp> {
        Some(Smtp {
            host: self.smtp_host.clone().filter(|host| !host.is_empty())?,
            port: self.smtp_port,
            user: self.smtp_user.clone(),
            password: self.smtp_pass.clone(),
            from: self.smtp_from.clone(),
            from_name: self.smtp_from_name.clone(),
            security: self.smtp_security,
        })
    }
}
