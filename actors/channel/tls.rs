//! What requests go out by; for endpoints with certificates of their own, so that no connection is ever shared.
//!
//! A connection that was opened under one identity must never carry another's delivery, and a receiver
//! that one tenant trusts must not pass for another's. So clients are kept by owner, identity and trust
//! together, at most so many of them; the one that was used longest ago goes first.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use http::HeaderValue;
use parking_lot::Mutex;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, Error, RootCertStore};
use rustls_platform_verifier::Verifier;
use serde::{Deserialize, Serialize};
use sereno_workflows::invalid::Invalid;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::carrier::Carrier;
use super::guard::Guard;
use super::{ChannelConfig, ChannelError, Channels, Manner, client};
use crate::limits;

/// How connections of an endpoint show who we are.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientCertificate {
    /// The certificate, and those between it and its root, as PEM.
    pub certificate: String,
    /// The private key, as PEM without a password.
    pub key: String,
}

impl fmt::Debug for ClientCertificate {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientCertificate")
    }
}

/// What an endpoint's connections have of their own.
#[derive(Debug, Clone)]
pub struct Tls {
    /// Who we are to it.
    pub certificate: Option<ClientCertificate>,
    /// Whom we trust beside the system's authorities, as PEM.
    pub authority: Option<String>,
}

/// What requests go out by to addresses that tenants chose.
pub(crate) struct Ways {
    /// Deliveries.
    pub(super) posting: Carrier,
    /// Questions, such as for a token, and words to Slack.
    pub(super) asking: reqwest::Client,
}

impl Ways {
    pub(super) fn new(
        config: &ChannelConfig,
        guard: &Guard,
        own: Option<&Tls>,
    ) -> Result<Self, ChannelError> {
        let tls = of(own).map_err(ChannelError::Tls)?;
        let user_agent = HeaderValue::try_from(config.user_agent.as_str());
        let user_agent = user_agent.map_err(|_| ChannelError::UserAgent)?;
        let asking = client(config, tls.clone()).dns_resolver(Arc::new(guard.clone())).build()?;
        Ok(Self { posting: Carrier::new(guard, tls, user_agent), asking })
    }
}

/// The ways to such endpoints.
#[derive(Default)]
pub(crate) struct OwnWays {
    kept: Mutex<HashMap<[u8; 32], Kept>>,
}

struct Kept {
    used_at: Instant,
    ways: Arc<Ways>,
}

impl Channels {
    /// What an endpoint's requests go out by.
    pub(super) async fn ways_for(&self, manner: &Manner) -> Result<Arc<Ways>, String> {
        let Some(tls) = &manner.tls else { return Ok(Arc::clone(&self.guarded)) };
        let key = key(&manner.owner, tls);
        if let Some(ways) = self.own.find(&key) {
            return Ok(ways);
        }
        let (config, guard, tls) = (self.config.clone(), self.guard.clone(), tls.clone());
        // The system's authorities are read from its files.
        let made = tokio::task::spawn_blocking(move || Ways::new(&config, &guard, Some(&tls)));
        match made.await {
            Ok(Ok(ways)) => Ok(self.own.keep(key, Arc::new(ways))),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the endpoint's certificates could not be read".to_owned()),
        }
    }

    /// Whether connections can have these certificates; for use when an endpoint is saved.
    pub(crate) fn check_tls(
        &self,
        certificate: Option<&ClientCertificate>,
        authority: Option<&str>,
    ) -> Result<(), Invalid> {
        if let Some(pem) = authority {
            // Nothing is connected to, so the system's authorities are not needed.
            let mut trusted = RootCertStore::empty();
            for found in authorities(pem)? {
                trusted.add(found).map_err(|error| refused(AUTHORITY, &error))?;
            }
        }
        certificate.map_or(Ok(()), |ours| identity(ours).map(drop))
    }
}

const AUTHORITY: &str = "ca_certificate";

/// Whom an endpoint trusts beside the system's authorities.
fn authorities(pem: &str) -> Result<Vec<CertificateDer<'static>>, Invalid> {
    certificates(AUTHORITY, pem)
}

/// Who we are to an endpoint: its certificate with the key that proves it, which belong together.
fn identity(ours: &ClientCertificate) -> Result<CertifiedKey, Invalid> {
    const KEY: &str = "client_certificate.key";
    let chain = chain(ours)?;
    bounded(KEY, &ours.key)?;
    if !ours.key.contains("PRIVATE KEY-----") || ours.key.contains("ENCRYPTED") {
        return Err(Invalid::new(KEY, "must be a private key as PEM, without a password"));
    }
    let key = PrivateKeyDer::from_pem_slice(ours.key.as_bytes());
    let key = key.map_err(|error| refused(KEY, &error))?;
    let both = CertifiedKey::from_der(chain, key, &provider());
    both.map_err(|error| refused("client_certificate", &error))
}

/// Our certificate, and those between it and its root.
pub(super) fn chain(ours: &ClientCertificate) -> Result<Vec<CertificateDer<'static>>, Invalid> {
    certificates("client_certificate.certificate", &ours.certificate)
}

fn certificates(field: &str, pem: &str) -> Result<Vec<CertificateDer<'static>>, Invalid> {
    bounded(field, pem)?;
    if pem.contains("PRIVATE KEY-----") {
        return Err(Invalid::new(field, "must hold certificates alone, and no private key"));
    }
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) | Err(_) => {
            let problem = "must be a certificate as PEM, from BEGIN CERTIFICATE to its END";
            Err(Invalid::new(field, problem))
        }
    }
}

fn bounded(field: &str, pem: &str) -> Result<(), Invalid> {
    if pem.len() <= limits::PEM_BYTES_MAX {
        return Ok(());
    }
    Err(Invalid::new(field, format!("must have at most {} bytes", limits::PEM_BYTES_MAX)))
}

/// What the TLS library says, which never quotes a key.
fn refused(field: &str, error: &dyn fmt::Display) -> Invalid {
    Invalid::new(field, format!("is not usable: {error}"))
}

fn key(owner: &str, tls: &Tls) -> [u8; 32] {
    let certificate = tls.certificate.as_ref();
    let fields = [
        Some(owner),
        certificate.map(|pem| pem.certificate.as_str()),
        certificate.map(|pem| pem.key.as_str()),
        tls.authority.as_deref(),
    ];
    let mut hash = Sha256::new();
    for field in fields {
        // The length in front, so that no two lists of fields run together to the same bytes.
        hash.update(field.map_or(u64::MAX, |field| field.len() as u64).to_be_bytes());
        hash.update(field.unwrap_or_default());
    }
    hash.finalize().into()
}

impl OwnWays {
    fn find(&self, key: &[u8; 32]) -> Option<Arc<Ways>> {
        let mut kept = self.kept.lock();
        let found = kept.get_mut(key)?;
        found.used_at = Instant::now();
        Some(Arc::clone(&found.ways))
    }

    /// Keeps ways, or finds those that another attempt has made meanwhile.
    fn keep(&self, key: [u8; 32], ways: Arc<Ways>) -> Arc<Ways> {
        let mut kept = self.kept.lock();
        if kept.len() >= limits::TLS_CLIENTS_MAX && !kept.contains_key(&key) {
            let oldest = kept.iter().min_by_key(|(_, kept)| kept.used_at).map(|(key, _)| *key);
            oldest.and_then(|oldest| kept.remove(&oldest));
        }
        let used_at = Instant::now();
        Arc::clone(&kept.entry(key).or_insert(Kept { used_at, ways }).ways)
    }
}

/// How connections are greeted: whom is trusted, and who we are.
pub(super) fn of(own: Option<&Tls>) -> Result<ClientConfig, String> {
    let trusted = trust(own.and_then(|own| own.authority.as_deref()))?;
    with(trusted, own.and_then(|own| own.certificate.as_ref()))
}

/// The same by another judge of certificates.
pub(super) fn with(
    judge: Arc<dyn ServerCertVerifier>,
    certificate: Option<&ClientCertificate>,
) -> Result<ClientConfig, String> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(judge);
    let mut config = match certificate {
        None => builder.with_no_client_auth(),
        Some(ours) => {
            let identity = identity(ours).map_err(|invalid| invalid.to_string())?;
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity)))
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Judges by the system's authorities, and an endpoint's own.
pub(super) fn trust(authority: Option<&str>) -> Result<Arc<Verifier>, String> {
    /// Reading the system's takes a while.
    static SYSTEM: OnceLock<Arc<Verifier>> = OnceLock::new();
    let problem = |error: Error| format!("the authorities cannot be read: {error}");
    if let Some(pem) = authority {
        let extra = authorities(pem).map_err(|invalid| invalid.to_string())?;
        let extra = Verifier::new_with_extra_roots(extra, provider());
        return Ok(Arc::new(extra.map_err(problem)?));
    }
    if let Some(system) = SYSTEM.get() {
        return Ok(Arc::clone(system));
    }
    let system = Arc::new(Verifier::new(provider()).map_err(problem)?);
    Ok(Arc::clone(SYSTEM.get_or_init(|| system)))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f05_ways_are_kept_by_owner_and_certificate_and_bounded() {
        let own = |owner: &str, authority: &str| {
            key(owner, &Tls { certificate: None, authority: Some(authority.to_owned()) })
        };
        assert_eq!(own("a", "x"), own("a", "x"));
        assert_ne!(own("a", "x"), own("b", "x"));
        assert_ne!(own("a", "x"), own("a", "y"));
        assert_ne!(own("ax", "y"), own("a", "xy"));

        let (config, guard) = (ChannelConfig::default(), Guard::default());
        let ways = Arc::new(Ways::new(&config, &guard, None).unwrap());
        let all = OwnWays::default();
        for number in 0..=limits::TLS_CLIENTS_MAX {
            all.keep(own(&number.to_string(), "x"), Arc::clone(&ways));
            assert!(all.find(&own("1", "x")).is_some() || number == 0, "{number}");
        }
        assert_eq!(all.kept.lock().len(), limits::TLS_CLIENTS_MAX);
        assert!(all.find(&own("0", "x")).is_none(), "the one that was used longest ago went");
    }
}
