//! What an endpoint is: where it is, what it wants, and the secrets that it needs.

mod check;
mod secret;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sereno_workflows::digest::Batch;
use sereno_workflows::endpoint::secret::SecretAge;
use sereno_workflows::filter::Filters;
use sereno_workflows::id::{EndpointId, TenantId};
use sereno_workflows::invalid::{Invalid, must_be_objects, read};
use sereno_workflows::order::Ordering;
use sereno_workflows::retry::RetryPolicy;
use sereno_workflows::secrets::{self, Secrets};
use sereno_workflows::time::{Span, Timestamp};
use sereno_workflows::window::Window;
use url::Url;

pub use self::secret::PreviousSecret;
use crate::channel::address::Address;
use crate::channel::auth::Auth;
use crate::channel::tls::{ClientCertificate, Tls};
use crate::channel::{Channels, Destination, Manner};
use crate::ledger::LedgerError;
use crate::record::EndpointRecord;
use crate::signature::Scheme;
use crate::vault::Vault;
use crate::view::TenantView;

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

impl Kind {
    /// The kind as people write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Email => "email",
            Self::Webhook => "webhook",
            Self::Whatsapp => "whatsapp",
        }
    }
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
    /// Where the reader of its mails can unsubscribe with one click.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsubscribe_url: Option<Url>,
    /// Why it was disabled, if not by a person.
    pub disabled_reason: Option<String>,
    /// How long an attempt may take; the tenant's way where left out.
    #[serde(default)]
    pub timeout: Option<Span>,
    /// How its webhooks are signed.
    #[serde(default)]
    pub signature: Scheme,
    /// How old its secret is, and when that is told.
    #[serde(default)]
    pub secret_age: SecretAge,
    /// A certificate, as PEM, that its server's may be signed with, beside the system's.
    #[serde(default)]
    pub ca_certificate: Option<String>,
    /// The server's setting that made it and keeps it as it says, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_by: Option<String>,
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
    /// What they were signed with before, and still are for a while; the newest first.
    #[serde(default)]
    pub previous: Vec<PreviousSecret>,
    /// How it wants to be logged in to.
    pub auth: Option<Auth>,
    /// How connections to it show who we are.
    #[serde(default)]
    pub client_certificate: Option<ClientCertificate>,
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
    /// Its target, where HTTP can ask for it: read once, not on every attempt.
    address: Option<Arc<Address>>,
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
    timeout: Option<Span>,
    unsubscribe_url: Option<Url>,
    secret: Option<String>,
    signature: Option<Scheme>,
    auth: Option<Auth>,
    client_certificate: Option<ClientCertificate>,
    ca_certificate: Option<String>,
}

impl Spec {
    fn read(body: Map<String, Value>) -> Result<Self, Invalid> {
        let objects =
            ["filters", "headers", "retry", "rate_limit", "batch", "auth", "client_certificate"];
        must_be_objects(&body, &objects)?;
        read(Value::Object(body))
    }
}

/// What an endpoint is saved under.
pub struct Saving<'a> {
    /// The moment.
    pub now: Timestamp,
    /// The channels that will carry its deliveries.
    pub channels: &'a Channels,
    /// The tenant's secrets, which its headers and credentials may ask for.
    pub secrets: &'a Secrets,
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
        saving: &Saving<'_>,
    ) -> Result<Self, Invalid> {
        let spec = Spec::read(body)?;
        let missing = |field| Invalid::new(field, "is missing");
        let kind = spec.kind.ok_or_else(|| missing("kind"))?;
        let target = spec.target.ok_or_else(|| missing("target"))?;
        let signature = spec.signature.unwrap_or_default();
        let generated = || (kind == Kind::Webhook).then(|| signature.generate());
        let mut endpoint = Self {
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
                unsubscribe_url: spec.unsubscribe_url,
                disabled_reason: None,
                timeout: spec.timeout,
                signature,
                secret_age: SecretAge::default(),
                ca_certificate: spec.ca_certificate,
                kept_by: None,
                created_at: saving.now,
                updated_at: saving.now,
            },
            secrets: EndpointSecrets {
                secret: None,
                previous: Vec::new(),
                auth: spec.auth,
                client_certificate: spec.client_certificate,
            },
            address: None,
        };
        endpoint.address = Address::of(&endpoint.config.target);
        if let Some(secret) = spec.secret.or_else(generated) {
            endpoint.replace_secret(secret, saving.now);
        }
        endpoint.check(saving.channels)?;
        endpoint.check_names(saving.secrets)?;
        Ok(endpoint)
    }

    /// The endpoint with what a body names changed; what may be left out is taken back by null.
    pub fn changed(&self, body: Map<String, Value>, saving: &Saving<'_>) -> Result<Self, Invalid> {
        let nulls: BTreeSet<String> = body
            .iter()
            .filter(|(_, value)| value.is_null())
            .map(|(name, _)| name.clone())
            .collect();
        let nulls = Nulls(nulls);
        let asks = body.contains_key("headers") || body.contains_key("auth");
        let spec = Spec::read(body)?;
        if spec.kind.is_some_and(|kind| kind != self.config.kind) {
            return Err(Invalid::new("kind", "cannot be changed; create another endpoint"));
        }
        let mut next = self.clone();
        let Self { config, secrets, address, .. } = &mut next;
        if let Some(target) = spec.target {
            *address = Address::of(&target);
            config.target = target;
        }
        if let Some(enabled) = spec.enabled {
            config.enable(enabled);
        }
        nulls.reset("filters", spec.filters, &mut config.filters);
        nulls.reset("headers", spec.headers, &mut config.headers);
        nulls.reset("signature", spec.signature, &mut config.signature);
        nulls.reset("retry", spec.retry.map(Some), &mut config.retry);
        nulls.reset("rate_limit", spec.rate_limit.map(Some), &mut config.rate_limit);
        nulls.reset("disable_after", spec.disable_after.map(Some), &mut config.disable_after);
        nulls.reset("ordering", spec.ordering, &mut config.ordering);
        nulls.reset("batch", spec.batch.map(Some), &mut config.batch);
        let unsubscribe_url = spec.unsubscribe_url.map(Some);
        nulls.reset("unsubscribe_url", unsubscribe_url, &mut config.unsubscribe_url);
        nulls.reset("timeout", spec.timeout.map(Some), &mut config.timeout);
        nulls.reset("ca_certificate", spec.ca_certificate.map(Some), &mut config.ca_certificate);
        nulls.reset("auth", spec.auth.map(Some), &mut secrets.auth);
        let certificate = spec.client_certificate.map(Some);
        nulls.reset("client_certificate", certificate, &mut secrets.client_certificate);
        config.updated_at = saving.now;
        let other_kind_of_key =
            config.signature.has_key_pair() != self.config.signature.has_key_pair();
        let generated = other_kind_of_key.then(|| next.config.signature.generate());
        if let Some(secret) = spec.secret.or(generated) {
            next.replace_secret(secret, saving.now);
        }
        next.check(saving.channels)?;
        if asks {
            next.check_names(saving.secrets)?;
        }
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
        let mut config: EndpointConfig =
            serde_json::from_slice(&record.config).map_err(unreadable)?;
        let secrets: EndpointSecrets = serde_json::from_slice(&secrets).map_err(unreadable)?;
        let is_signed = config.kind == Kind::Webhook && secrets.secret.is_some();
        if is_signed && config.secret_age.since.is_none() {
            // It was saved before ages were noted.
            config.secret_age.since = Some(config.created_at);
        }
        let address = Address::of(&config.target);
        Ok(Self { id, config, secrets, address })
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

    /// Where its deliveries go at this moment, with what they need to get there.
    pub fn destination(&self, view: &TenantView, now: Timestamp) -> Result<Destination, String> {
        let to = || self.address.clone().ok_or("its target is no URL that HTTP can ask for");
        let settings = &view.policy.settings;
        Ok(match self.config.kind {
            Kind::Webhook => Destination::Webhook {
                to: to()?,
                secrets: self.signing_secrets(now),
                headers: self.headers(&settings.secrets)?,
                auth: match &self.secrets.auth {
                    None => None,
                    Some(auth) => {
                        Some(auth.filled(&settings.secrets).map_err(|why| format!("auth {why}"))?)
                    }
                },
                manner: self.manner(&view.id),
            },
            Kind::Slack => Destination::Slack { to: to()? },
            Kind::Email => {
                let by_operator = settings.smtp.is_none();
                let smtp = settings.smtp.clone().or_else(|| view.server_smtp.clone());
                let (to, unsubscribe) =
                    (self.config.target.clone(), self.config.unsubscribe_url.clone());
                Destination::Email { to, smtp, by_operator, unsubscribe }
            }
            Kind::Whatsapp => Destination::WhatsApp {
                to: self.config.target.clone(),
                line: settings.whatsapp.clone(),
                window: Window::Unknown,
            },
        })
    }

    fn headers(&self, known: &Secrets) -> Result<Vec<(String, String)>, String> {
        let filled = |(name, value): (&String, &String)| {
            let value = secrets::filled(value, known);
            Ok((name.clone(), value.map_err(|why| format!("header {name} {why}"))?))
        };
        self.config.headers.iter().map(filled).collect()
    }

    fn manner(&self, tenant: &TenantId) -> Manner {
        let certificate = self.secrets.client_certificate.clone();
        let authority = self.config.ca_certificate.clone();
        let has_own = certificate.is_some() || authority.is_some();
        Manner {
            signature: self.config.signature,
            owner: place(tenant, self.id),
            tls: has_own.then_some(Tls { certificate, authority }),
        }
    }
}

/// The fields of a body that are null.
struct Nulls(BTreeSet<String>);

impl Nulls {
    /// Sets a field to what the body says; to its default where the body says null.
    fn reset<T: Default>(&self, field: &str, said: Option<T>, present: &mut T) {
        if self.0.contains(field) {
            *present = T::default();
        } else if let Some(said) = said {
            *present = said;
        }
    }
}

fn place(tenant: &TenantId, id: EndpointId) -> String {
    format!("{tenant}/endpoint/{id}")
}
