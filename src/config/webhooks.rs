//! What the server says of webhooks, under the names that other systems gave to these settings.

use std::num::ParseIntError;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sereno_actors::{limits, signature};
use sereno_workflows::retry::RetryPolicy;
use sereno_workflows::time::Span;
use sereno_workflows::timeout;
use url::Url;

use super::Config;

/// The setting that makes an endpoint.
pub const N8N: &str = "N8N_WEBHOOK_URL";

/// Attempts where only the delay is set.
const ATTEMPTS: u32 = 5;

/// A whole number; an empty one is as good as none, since templates of environments leave it so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Count(Option<u32>);

impl Count {
    fn is_unset(count: &Option<Self>) -> bool {
        count.is_none_or(|count| count.0.is_none())
    }
}

impl FromStr for Count {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        if text.is_empty() { Ok(Self(None)) } else { text.parse().map(|count| Self(Some(count))) }
    }
}

/// The flags about webhooks; each has its environment variable.
#[derive(Debug, Clone, Default, Args, Serialize)]
pub struct WebhookArgs {
    /// Attempts at a webhook, the first included, where neither endpoint nor tenant says [default: 10]
    #[arg(long, env = "WEBHOOK_RETRY_COUNT")]
    #[serde(skip_serializing_if = "Count::is_unset")]
    pub webhook_retry_count: Option<Count>,
    /// Another name of the same
    #[arg(long, env = "WEBHOOK_MAX_RETRIES")]
    #[serde(skip_serializing_if = "Count::is_unset")]
    pub webhook_max_retries: Option<Count>,
    /// Delay after the first failure, doubled after each further one: 1m, or 60000 in milliseconds
    /// [default: the ladder of Standard Webhooks]
    #[arg(long, env = "WEBHOOK_RETRY_DELAY")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_retry_delay: Option<String>,
    /// How long a webhook may take: 30s, or 30 in seconds [default: 10s]
    #[arg(long, env = "WEBHOOK_TIMEOUT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_timeout: Option<String>,
    /// Secret that signs the webhooks to N8N_WEBHOOK_URL, 32 characters or more
    #[arg(long, env = "WEBHOOK_SECRET", hide_env_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_secret: Option<String>,
    /// A webhook of n8n that gets every event of the tenant 'default'
    #[arg(long, env = "N8N_WEBHOOK_URL", hide_env_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n8n_webhook_url: Option<String>,
    /// Its user, for basic authentication
    #[arg(long, env = "N8N_USER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n8n_user: Option<String>,
    /// The user's password
    #[arg(long, env = "N8N_PASSWORD", hide_env_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n8n_password: Option<String>,
}

/// A length of time as it is written: a bare number in a unit of the setting's own, or a text like
/// `30s`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Length {
    /// A bare number.
    Number(u64),
    /// A text, which may be a bare number too.
    Text(String),
}

impl Length {
    /// The length, a bare number being so many of `unit`; `None` for an empty text.
    fn span(&self, unit: Span, example: &str) -> anyhow::Result<Option<Span>> {
        let text = match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.trim().to_owned(),
        };
        if text.is_empty() {
            return Ok(None);
        }
        let text = match text.bytes().all(|byte| byte.is_ascii_digit()) {
            true if unit == Span::seconds(1) => format!("{text}s"),
            true => format!("{text}ms"),
            false => text,
        };
        let span = text.parse::<Span>();
        span.map(Some).with_context(|| format!("'{text}' is no length of time like {example}"))
    }
}

impl Config {
    /// How webhooks are tried again where neither endpoint nor tenant says.
    pub fn webhook_retry(&self) -> anyhow::Result<RetryPolicy> {
        let attempts = match (self.webhook_retry_count, self.webhook_max_retries) {
            (Some(one), Some(other)) if one != other => bail!(
                "WEBHOOK_RETRY_COUNT says {one} and WEBHOOK_MAX_RETRIES {other}: they mean the \
                 same, so set one of them"
            ),
            (one, other) => one.or(other),
        };
        let delay = match &self.webhook_retry_delay {
            None => None,
            Some(text) => {
                text.span(Span::millis(1), "1m or 60000").context("WEBHOOK_RETRY_DELAY")?
            }
        };
        let policy = match delay {
            None => RetryPolicy { attempts, ..RetryPolicy::default() },
            Some(first) => RetryPolicy {
                first: Some(first),
                factor: Some(2.0),
                // Twice as long each time, as queues with this setting do; a day is the end of it.
                longest: Some(Span::hours(24).max(first)),
                attempts: Some(attempts.unwrap_or(ATTEMPTS)),
                ..RetryPolicy::default()
            },
        };
        if let Err(invalid) = policy.check() {
            let name = match invalid.field.as_str() {
                "attempts" if self.webhook_retry_count.is_some() => "WEBHOOK_RETRY_COUNT",
                "attempts" => "WEBHOOK_MAX_RETRIES",
                _ => "WEBHOOK_RETRY_DELAY",
            };
            bail!("{name}: {}; 1 is a single attempt", invalid.problem);
        }
        Ok(policy)
    }

    /// How long a webhook may take.
    pub fn webhook_timeout(&self) -> anyhow::Result<Duration> {
        let usual = Span::millis(limits::WEBHOOK_TIMEOUT_MS);
        let span = match &self.webhook_timeout {
            None => usual,
            Some(text) => {
                let span = text.span(Span::seconds(1), "30s or 30").context("WEBHOOK_TIMEOUT")?;
                span.unwrap_or(usual)
            }
        };
        if let Err(invalid) = timeout::check(Some(span)) {
            bail!("WEBHOOK_TIMEOUT: {span}: {}", invalid.problem);
        }
        Ok(span.into())
    }

    /// The endpoint that `N8N_WEBHOOK_URL` asks for, as the API would be told of it.
    pub fn n8n(&self) -> anyhow::Result<Option<Map<String, Value>>> {
        let secret = given(&self.webhook_secret);
        if let Some(secret) = secret
            && let Err(problem) = signature::check_secret(secret)
        {
            bail!("WEBHOOK_SECRET: {problem}; or make one with: openssl rand -hex 32");
        }
        let (user, password) = (given(&self.n8n_user), given(&self.n8n_password));
        let Some(target) = given(&self.n8n_webhook_url) else { return Ok(None) };
        if Url::parse(target).is_err() {
            bail!("{N8N}: '{target}' is no whole URL like https://n8n.example.com/webhook/cactus");
        }
        let auth = match (user, password) {
            (None, None) => Value::Null,
            (Some(user), Some(password)) => {
                // As it stands: the tenant's secrets are not for the server's settings.
                let plain = |text: &str| text.replace("${", "$${");
                json!({"kind": "basic", "user": plain(user), "password": plain(password)})
            }
            (Some(_), None) => bail!("N8N_USER is set without N8N_PASSWORD: set both or neither"),
            (None, Some(_)) => bail!("N8N_PASSWORD is set without N8N_USER: set both or neither"),
        };
        let mut endpoint = Map::new();
        endpoint.insert("kind".to_owned(), json!("webhook"));
        endpoint.insert("target".to_owned(), json!(target));
        endpoint.insert("auth".to_owned(), auth);
        if let Some(secret) = secret {
            endpoint.insert("secret".to_owned(), json!(secret));
        }
        Ok(Some(endpoint))
    }
}

impl Config {
    /// What is set and does nothing, since another setting that it goes with is not.
    pub fn does_nothing(&self) -> Option<&'static str> {
        let beside = [&self.webhook_secret, &self.n8n_user, &self.n8n_password];
        let is_idle = given(&self.n8n_webhook_url).is_none()
            && beside.into_iter().any(|it| given(it).is_some());
        is_idle.then_some(
            "WEBHOOK_SECRET, N8N_USER and N8N_PASSWORD do nothing without N8N_WEBHOOK_URL",
        )
    }
}

/// A setting that is there and not empty.
fn given(setting: &Option<String>) -> Option<&str> {
    setting.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Option<Length> {
        Some(Length::Text(text.to_owned()))
    }

    #[test]
    fn c02_e08_numbers_mean_what_the_other_systems_mean_by_them() {
        let seed_002 = Config {
            webhook_retry_count: Some(3),
            webhook_timeout: text("30"),
            ..Config::default()
        };
        assert_eq!(seed_002.webhook_retry().unwrap().attempts_max(), 3);
        assert_eq!(seed_002.webhook_timeout().unwrap(), Duration::from_secs(30));
        let seed_004 = Config {
            webhook_max_retries: Some(5),
            webhook_retry_delay: Some(Length::Number(60_000)),
            ..Config::default()
        };
        let policy = seed_004.webhook_retry().unwrap();
        assert_eq!((policy.first, policy.attempts), (Some(Span::minutes(1)), Some(5)));
        let written = Config { webhook_retry_delay: text("90s"), ..Config::default() };
        let policy = written.webhook_retry().unwrap();
        assert_eq!((policy.first, policy.attempts), (Some(Span::seconds(90)), Some(ATTEMPTS)));
        let empty = Config { webhook_timeout: text(""), ..Config::default() };
        assert_eq!(empty.webhook_timeout().unwrap(), Duration::from_secs(10));
        assert!(empty.webhook_retry().unwrap().is_unset());
    }

    #[test]
    fn c02_e08_what_does_not_fit_names_its_variable() {
        let usual = Config::default;
        let n8n = |url: &str| Config { n8n_webhook_url: Some(url.into()), ..usual() };
        let user = Some("admin".to_owned());
        for (config, name) in [
            (Config { webhook_retry_count: Some(0), ..usual() }, "WEBHOOK_RETRY_COUNT"),
            (Config { webhook_max_retries: Some(500), ..usual() }, "WEBHOOK_MAX_RETRIES"),
            (
                Config { webhook_max_retries: Some(1), webhook_retry_count: Some(2), ..usual() },
                "set one of them",
            ),
            (Config { webhook_retry_delay: text("soon"), ..usual() }, "WEBHOOK_RETRY_DELAY"),
            (Config { webhook_retry_delay: text("0"), ..usual() }, "WEBHOOK_RETRY_DELAY"),
            (Config { webhook_timeout: text("0"), ..usual() }, "WEBHOOK_TIMEOUT"),
            (Config { webhook_timeout: text("1h"), ..usual() }, "WEBHOOK_TIMEOUT"),
            (
                Config { webhook_secret: Some("your-webhook-secret-key".into()), ..usual() },
                "openssl rand",
            ),
            (n8n("/webhook/cactus"), "whole URL"),
            (Config { n8n_user: user, ..n8n("http://n8n.example/x") }, "N8N_PASSWORD"),
        ] {
            let checked = config.webhook_retry().map(drop);
            let checked = checked.and(config.webhook_timeout().map(drop));
            let error = checked.and(config.n8n().map(drop)).unwrap_err();
            assert!(format!("{error:#}").contains(name), "{error:#}");
        }
    }
}
