//! Endpoints with certificates of their own: a client for each, so that no connection is ever shared.
//!
//! A connection that was opened under one identity must never carry another's delivery, and a receiver
//! that one tenant trusts must not pass for another's. So clients are kept by owner, identity and trust
//! together, at most so many of them; the one that was used longest ago goes first.

use std::collections::HashMap;
use std::error::Error as _;
use std::fmt;

use parking_lot::Mutex;
use reqwest::{Certificate, ClientBuilder, Identity};
use serde::{Deserialize, Serialize};
use sereno_workflows::invalid::Invalid;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::{Channels, Manner};
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

/// The clients of such endpoints.
#[derive(Default)]
pub(crate) struct Clients {
    kept: Mutex<HashMap<[u8; 32], Kept>>,
}

struct Kept {
    used_at: Instant,
    client: reqwest::Client,
}

impl Channels {
    /// The client for an endpoint's connections.
    pub(super) async fn client_for(&self, manner: &Manner) -> Result<reqwest::Client, String> {
        let Some(tls) = &manner.tls else { return Ok(self.guarded.clone()) };
        let key = key(&manner.owner, tls);
        if let Some(client) = self.clients.find(&key) {
            return Ok(client);
        }
        let (builder, tls) = (self.guarded_builder(), tls.clone());
        // The system's authorities are read from its files.
        let built = tokio::task::spawn_blocking(move || build(builder, &tls));
        match built.await {
            Ok(Ok(client)) => Ok(self.clients.keep(key, client)),
            Ok(Err(invalid)) => Err(invalid.to_string()),
            Err(_) => Err("the endpoint's certificates could not be read".to_owned()),
        }
    }

    /// Whether connections can have these certificates; for use when an endpoint is saved.
    pub(crate) fn check_tls(
        &self,
        certificate: Option<&ClientCertificate>,
        authority: Option<&str>,
    ) -> Result<(), Invalid> {
        // Nothing is connected to, so the system's authorities are not needed.
        let bare = || reqwest::Client::builder().no_proxy().tls_certs_only([]);
        let built = |builder: ClientBuilder, field| {
            builder.build().map(drop).map_err(|error| refused(field, &error))
        };
        if let Some(pem) = authority {
            let found = certificates("ca_certificate", pem)?;
            built(bare().tls_certs_only(found), "ca_certificate")?;
        }
        if certificate.is_some() {
            built(with_identity(bare(), certificate)?, "client_certificate")?;
        }
        Ok(())
    }
}

fn build(mut builder: ClientBuilder, tls: &Tls) -> Result<reqwest::Client, Invalid> {
    if let Some(pem) = &tls.authority {
        builder = builder.tls_certs_merge(certificates("ca_certificate", pem)?);
    }
    let builder = with_identity(builder, tls.certificate.as_ref())?;
    builder.build().map_err(|error| refused("client_certificate", &error))
}

fn with_identity(
    builder: ClientBuilder,
    certificate: Option<&ClientCertificate>,
) -> Result<ClientBuilder, Invalid> {
    let Some(ClientCertificate { certificate, key }) = certificate else { return Ok(builder) };
    certificates("client_certificate.certificate", certificate)?;
    const KEY: &str = "client_certificate.key";
    bounded(KEY, key)?;
    if !key.contains("PRIVATE KEY-----") || key.contains("ENCRYPTED") {
        return Err(Invalid::new(KEY, "must be a private key as PEM, without a password"));
    }
    let both = format!("{certificate}\n{key}\n");
    let identity = Identity::from_pem(both.as_bytes()).map_err(|error| refused(KEY, &error))?;
    Ok(builder.identity(identity))
}

fn certificates(field: &str, pem: &str) -> Result<Vec<Certificate>, Invalid> {
    bounded(field, pem)?;
    if pem.contains("PRIVATE KEY-----") {
        return Err(Invalid::new(field, "must hold certificates alone, and no private key"));
    }
    match Certificate::from_pem_bundle(pem.as_bytes()) {
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
fn refused(field: &str, error: &reqwest::Error) -> Invalid {
    let mut last = error.source();
    let mut said = "is not usable".to_owned();
    while let Some(cause) = last {
        said = format!("is not usable: {cause}");
        last = cause.source();
    }
    Invalid::new(field, said)
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

impl Clients {
    fn find(&self, key: &[u8; 32]) -> Option<reqwest::Client> {
        let mut kept = self.kept.lock();
        let found = kept.get_mut(key)?;
        found.used_at = Instant::now();
        Some(found.client.clone())
    }

    /// Keeps a client, or finds the one that another attempt has made meanwhile.
    fn keep(&self, key: [u8; 32], client: reqwest::Client) -> reqwest::Client {
        let mut kept = self.kept.lock();
        if kept.len() >= limits::TLS_CLIENTS_MAX && !kept.contains_key(&key) {
            let oldest = kept.iter().min_by_key(|(_, kept)| kept.used_at).map(|(key, _)| *key);
            oldest.and_then(|oldest| kept.remove(&oldest));
        }
        let used_at = Instant::now();
        kept.entry(key).or_insert(Kept { used_at, client }).client.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f05_clients_are_kept_by_owner_and_certificate_and_bounded() {
        let own = |owner: &str, authority: &str| {
            key(owner, &Tls { certificate: None, authority: Some(authority.to_owned()) })
        };
        assert_eq!(own("a", "x"), own("a", "x"));
        assert_ne!(own("a", "x"), own("b", "x"));
        assert_ne!(own("a", "x"), own("a", "y"));
        assert_ne!(own("ax", "y"), own("a", "xy"));

        let client = || reqwest::Client::builder().tls_certs_only([]).build().unwrap();
        let clients = Clients::default();
        for number in 0..=limits::TLS_CLIENTS_MAX {
            clients.keep(own(&number.to_string(), "x"), client());
            assert!(clients.find(&own("1", "x")).is_some() || number == 0, "{number}");
        }
        assert_eq!(clients.kept.lock().len(), limits::TLS_CLIENTS_MAX);
        assert!(clients.find(&own("0", "x")).is_none(), "the one that was used longest ago went");
    }
}
