//! What an endpoint is: where it is, what it wants, and the secrets that it needs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sereno_workflows::digest::Batch;
use sereno_workflows::filter::Filters;
use sereno_workflows::id::{EndpointId, TenantId};
use sereno_workflows::invalid::{Invalid, must_be_objects, read};
use sereno_workflows::order::Ordering;
use sereno_workflows::privacy;
use sereno_workflows::retry::RetryPolicy;
use sereno_workflows::time::{Span, Timestamp};
use url::Url;

use crate::channel::webhook::check_header;
use crate::channel::{Auth, Channels, Destination};
use crate::ledger::LedgerError;
use crate::record::EndpointRecord;
use crate::signature;
use crate::vault::Vault;
use crate::view::TenantView;

/// Custom headers of one endpoint.
const HEADERS_MAX: usize = 16;
const HEADER_BYTES_MAX: usize = 1_024;
const TARGET_BYTES_MAX: usize = 2_048;
/// The kinds of endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A Slack incoming webhook.
    Slack,
    /// A mailbox.
    Email,
    /// A signed HTTP webhook.
    Webhook,
    /// A WhatsApp number, such as the manager's.
    Whatsapp,
}

/// An endpoint without its secrets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndpointConfig {
    /// What it is.
    pub kind: Kind,
    /// Where it is: a URL, an address or a number.
    pub target: String,
    /// Whether it gets anything.
    pub enabled: bool,
    /// What it wants.
    pub filters: Filters,
    /// Headers sent with each webhook.
    pub headers: BTreeMap<String, String>,
    /// How patiently it is tried again; the tenant's way where left out.
    pub retry: Option<RetryPolicy>,
    /// How many attempts it takes.
    pub rate_limit: Option<RateLimit>,
    /// How long it may fail before it is disabled; the tenant's way where left out.
    pub disable_after: Option<Span>,
    /// In which order it gets its deliveries.
    #[serde(default)]
    pub ordering: Ordering,
    /// How notifications of one type go out together, if they do.
    pub batch: Option<Batch>,
    /// Why it was disabled, if not by a person.
    pub disabled_reason: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// How many attempts an endpoint takes; what is more waits its turn on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// In any minute.
    pub per_minute: u32,
}

/// An endpoint's secrets.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct EndpointSecrets {
    /// What its webhooks are signed with.
    pub secret: Option<String>,
    /// How it wants to be logged in to.
    pub auth: Option<Auth>,
}

/// An endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Endpoint {
    /// Its number within the tenant.
    pub id: EndpointId,
    /// What may be shown.
    pub config: EndpointConfig,
    /// What may not.
    pub secrets: EndpointSecrets,
}

/// What a caller says of an endpoint; in a change, what is left out stays.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Spec {
    kind: Option<Kind>,
    target: Option<String>,
    enabled: Option<bool>,
    filters: Option<Filters>,
    headers: Option<BTreeMap<String, String>>,
    retry: Option<RetryPolicy>,
    rate_limit: Option<RateLimit>,
    disable_after: Option<Span>,
    ordering: Option<Ordering>,
    batch: Option<Batch>,
    secret: Option<String>,
    auth: Option<Auth>,
}

impl Spec {
    fn read(body: Map<String, Value>) -> Result<Self, Invalid> {
        must_be_objects(&body, &["filters", "headers", "retry", "rate_limit", "batch", "auth"])?;
        read(Value::Object(body))
    }
}

impl EndpointConfig {
    /// Enables or disables it, as a person wishes.
    pub fn enable(&mut self, enabled: bool) {
        self.enabled = enabled;
        self.disabled_reason = None;
    }
}

impl Endpoint {
    /// A new endpoint, as its body describes it. A webhook without a secret gets one.
    pub fn create(
        id: EndpointId,
        body: Map<String, Value>,
        now: Timestamp,
        channels: &Channels,
    ) -> Result<Self, Invalid> {
        let spec = Spec::read(body)?;
        let missing = |field| Invalid::new(field, "is missing");
        let kind = spec.kind.ok_or_else(|| missing("kind"))?;
        let target = spec.target.ok_or_else(|| missing("target"))?;
        let generated = || (kind == Kind::Webhook).then(signature::generate_secret);
        let endpoint = Self {
            id,
            config: EndpointConfig {
                kind,
                target,
                enabled: spec.enabled.unwrap_or(true),
                filters: spec.filters.unwrap_or_default(),
                headers: spec.headers.unwrap_or_default(),
                retry: spec.retry,
                rate_limit: spec.rate_limit,
                disable_after: spec.disable_after,
                ordering: spec.ordering.unwrap_or_default(),
                batch: spec.batch,
                disabled_reason: None,
                created_at: now,
                updated_at: now,
            },
            secrets: EndpointSecrets { secret: spec.secret.or_else(generated), auth: spec.auth },
        };
        endpoint.check(channels)?;
        Ok(endpoint)
    }

    /// The endpoint with what a body names changed.
    pub fn changed(
        &self,
        body: Map<String, Value>,
        now: Timestamp,
        channels: &Channels,
    ) -> Result<Self, Invalid> {
        let no_auth = body.get("auth").is_some_and(Value::is_null);
        let no_retry = body.get("retry").is_some_and(Value::is_null);
        let no_limit = body.get("rate_limit").is_some_and(Value::is_null);
        let no_disabling = body.get("disable_after").is_some_and(Value::is_null);
        let no_batch = body.get("batch").is_some_and(Value::is_null);
        let no_order = body.get("ordering").is_some_and(Value::is_null);
        let spec = Spec::read(body)?;
        if spec.kind.is_some_and(|kind| kind != self.config.kind) {
            return Err(Invalid::new("kind", "cannot be changed; create another endpoint"));
        }
        let mut next = self.clone();
        let config = &mut next.config;
        config.target = spec.target.unwrap_or(std::mem::take(&mut config.target));
        if let Some(enabled) = spec.enabled {
            config.enable(enabled);
        }
        config.filters = spec.filters.unwrap_or(std::mem::take(&mut config.filters));
        config.headers = spec.headers.unwrap_or(std::mem::take(&mut config.headers));
        config.retry = if no_retry { None } else { spec.retry.or(config.retry.take()) };
        config.rate_limit =
            if no_limit { None } else { spec.rate_limit.or(config.rate_limit.take()) };
        config.disable_after =
            if no_disabling { None } else { spec.disable_after.or(config.disable_after.take()) };
        config.ordering =
            if no_order { Ordering::None } else { spec.ordering.unwrap_or(config.ordering) };
        config.batch = if no_batch { None } else { spec.batch.or(config.batch.take()) };
        config.updated_at = now;
        next.secrets.secret = spec.secret.or(next.secrets.secret.take());
        next.secrets.auth = if no_auth { None } else { spec.auth.or(next.secrets.auth.take()) };
        next.check(channels)?;
        Ok(next)
    }

    /// The endpoint that these bytes on disk are.
    pub fn from_record(
        tenant: &TenantId,
        id: EndpointId,
        record: &EndpointRecord,
        vault: &Vault,
    ) -> Result<Self, LedgerError> {
        let unreadable = |_| LedgerError::Content("endpoint");
        let secrets = vault.open(&place(tenant, id), &record.secrets)?;
        Ok(Self {
            id,
            config: serde_json::from_slice(&record.config).map_err(unreadable)?,
            secrets: serde_json::from_slice(&secrets).map_err(unreadable)?,
        })
    }

    /// The endpoint as it stands on disk, its secrets sealed.
    pub fn to_record(&self, tenant: &TenantId, vault: &Vault) -> EndpointRecord {
        let json = "an endpoint is plain data, which always serialises";
        let secrets = serde_json::to_vec(&self.secrets).expect(json);
        EndpointRecord {
            config: serde_json::to_vec(&self.config).expect(json),
            secrets: vault.seal(&place(tenant, self.id), &secrets),
        }
    }

    /// Where its deliveries go.
    pub fn destination(&self, view: &TenantView) -> Result<Destination, String> {
        let url = || Url::parse(&self.config.target).map_err(|error| error.to_string());
        let settings = &view.policy.settings;
        Ok(match self.config.kind {
            Kind::Webhook => Destination::Webhook {
                url: url()?,
                secrets: self.secrets.secret.clone().into_iter().collect(),
                headers: self.config.headers.clone().into_iter().collect(),
                auth: self.secrets.auth.clone(),
            },
            Kind::Slack => Destination::Slack { url: url()? },
            Kind::Email => {
                let by_operator = settings.smtp.is_none();
                let smtp = settings.smtp.clone().or_else(|| view.server_smtp.clone());
                Destination::Email { to: self.config.target.clone(), smtp, by_operator }
            }
            Kind::Whatsapp => Destination::WhatsApp {
                to: self.config.target.clone(),
                line: settings.whatsapp.clone(),
            },
        })
    }

    fn check(&self, channels: &Channels) -> Result<(), Invalid> {
        check_target(self.config.kind, &self.config.target, channels)
            .map_err(|problem| Invalid::new("target", problem))?;
        self.config.filters.check().map_err(|invalid| invalid.inside("filters"))?;
        check_headers(&self.config.headers)?;
        if let Some(retry) = &self.config.retry {
            retry.check().map_err(|invalid| invalid.inside("retry"))?;
        }
        if self.config.rate_limit.is_some_and(|limit| limit.per_minute == 0) {
            return Err(Invalid::new("rate_limit.per_minute", "must be 1 or more"));
        }
        if self.config.disable_after.is_some_and(|span| span.0 == 0) {
            return Err(Invalid::new("disable_after", "must be longer than zero"));
        }
        if let Some(batch) = &self.config.batch {
            if self.config.kind == Kind::Whatsapp {
                return Err(Invalid::new("batch", "is for slack, email and webhook endpoints"));
            }
            if self.config.ordering == Ordering::Fifo {
                return Err(Invalid::new("batch", "cannot be kept in order; leave ordering out"));
            }
            batch.check().map_err(|invalid| invalid.inside("batch"))?;
        }
        if let (Some(secret), Kind::Webhook) = (&self.secrets.secret, self.config.kind) {
            signature::check_secret(secret).map_err(|problem| Invalid::new("secret", problem))?;
        }
        if let Some(auth) = &self.secrets.auth {
            check_auth(auth).map_err(|problem| Invalid::new("auth", problem))?;
        }
        Ok(())
    }
}

fn place(tenant: &TenantId, id: EndpointId) -> String {
    format!("{tenant}/endpoint/{id}")
}

fn check_target(kind: Kind, target: &str, channels: &Channels) -> Result<(), String> {
    if target.len() > TARGET_BYTES_MAX {
        return Err(format!("must have at most {TARGET_BYTES_MAX} bytes"));
    }
    if target.chars().any(|c| c.is_control() || c.is_whitespace()) && kind != Kind::Whatsapp {
        return Err("must not contain spaces or line breaks".to_owned());
    }
    match kind {
        Kind::Webhook | Kind::Slack => {
            let url = Url::parse(target).map_err(|error| {
                format!("must be a URL such as https://example.com/hook: {error}")
            })?;
            channels.check_url(&url)
        }
        Kind::Email => match target.parse::<lettre::Address>() {
            Ok(_) if !target.is_ascii() => Err("must be an ASCII address".to_owned()),
            Ok(_) => Ok(()),
            Err(error) => Err(format!("must be an email address: {error}")),
        },
        Kind::Whatsapp => privacy::phone(target).map(drop).map_err(|error| error.to_string()),
    }
}

fn check_headers(headers: &BTreeMap<String, String>) -> Result<(), Invalid> {
    if headers.len() > HEADERS_MAX {
        return Err(Invalid::new("headers", format!("at most {HEADERS_MAX} headers")));
    }
    for (name, value) in headers {
        let field = format!("headers.{}", name.escape_debug());
        check_header(name, value).map_err(|problem| Invalid::new(&field, problem))?;
        if value.len() > HEADER_BYTES_MAX {
            let problem = format!("must have at most {HEADER_BYTES_MAX} bytes");
            return Err(Invalid::new(field, problem));
        }
    }
    Ok(())
}

fn check_auth(auth: &Auth) -> Result<(), String> {
    let visible =
        |text: &str| text.len() <= HEADER_BYTES_MAX && http::HeaderValue::from_str(text).is_ok();
    let good = match auth {
        Auth::Basic { user, password } => {
            !user.contains(':') && !user.chars().chain(password.chars()).any(char::is_control)
        }
        Auth::Bearer { token } => !token.is_empty() && visible(token),
        Auth::Header { name, value } => {
            http::HeaderName::from_bytes(name.as_bytes()).is_ok() && visible(value)
        }
    };
    if good { Ok(()) } else { Err("must be visible characters without line breaks".to_owned()) }
}
