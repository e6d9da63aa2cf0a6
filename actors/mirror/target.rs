//! Where the mirror is: its address as PostgreSQL's own tools write it, and how its connections are protected.
//!
//! `sslmode` means what it means to libpq: `prefer` (where left out) takes TLS if the server has it, `require`
//! insists on it, and neither looks at the certificate; `verify-ca` does, against the system's authorities or
//! `sslrootcert`, and `verify-full` also at the name.

use std::fmt;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use thiserror::Error;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::limits;

/// The mirror of one server.
#[derive(Clone)]
pub struct MirrorConfig {
    pub(super) postgres: tokio_postgres::Config,
    pub(super) tls: MakeRustlsConnect,
    pub(super) schema: String,
    pub(super) phones: bool,
}

/// Why an address is none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct InvalidMirror(String);

/// How much of a certificate is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    Nothing,
    Chain,
    ChainAndName,
}

impl MirrorConfig {
    /// Reads `postgres://user:password@host/database?sslmode=…`, the schema of the tables, and whether phone
    /// numbers are written there in the clear.
    pub fn new(url: &str, schema: &str, phones: bool) -> Result<Self, InvalidMirror> {
        let invalid = |problem: String| InvalidMirror(problem);
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(invalid("must be postgres://user:password@host/database".to_owned()));
        }
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let begins = schema.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
        if schema.len() > 63 || !begins || !schema.chars().all(letters) || schema.starts_with("pg_")
        {
            return Err(invalid(format!(
                "the schema '{schema}' must be 1 to 63 of a-z, 0-9 and '_', not beginning with a digit \
                 or pg_"
            )));
        }
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut root, mut rest) = ("prefer", None, Vec::new());
        for part in query.split('&').filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                Some(("sslmode", value)) => mode = value,
                Some(("sslrootcert", path)) => root = Some(path),
                Some(_) | None => rest.push(part),
            }
        }
        let (mode, check) = match (mode, root) {
            ("disable", _) => (SslMode::Disable, Check::Nothing),
            ("allow" | "prefer", _) => (SslMode::Prefer, Check::Nothing),
            ("require", None) => (SslMode::Require, Check::Nothing),
            // As libpq has it: whoever names an authority wants it asked.
            ("require", Some(_)) | ("verify-ca", _) => (SslMode::Require, Check::Chain),
            ("verify-full", _) => (SslMode::Require, Check::ChainAndName),
            (other, _) => {
                return Err(invalid(format!(
                    "sslmode={other}: must be disable, prefer, require, verify-ca or verify-full"
                )));
            }
        };
        let url = format!("{address}?{}", rest.join("&"));
        let mut postgres = tokio_postgres::Config::from_str(url.trim_end_matches('?'))
            .map_err(|error| invalid(said(&error)))?;
        postgres
            .ssl_mode(mode)
            .application_name("sereno")
            .connect_timeout(Duration::from_millis(limits::MIRROR_CONNECT_MS))
            .keepalives_idle(Duration::from_secs(30));
        let tls = MakeRustlsConnect::new(client(check, root).map_err(invalid)?);
        Ok(Self { postgres, tls, schema: schema.to_owned(), phones })
    }
}

impl fmt::Debug for MirrorConfig {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MirrorConfig").field("schema", &self.schema).finish_non_exhaustive()
    }
}

/// An error with what led to it.
pub(super) fn said(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(present) = cause {
        words = format!("{words}: {present}");
        cause = present.source();
    }
    words
}

fn client(check: Check, root: Option<&str>) -> Result<ClientConfig, String> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let verifier: Arc<dyn ServerCertVerifier> = match (check, root) {
        (Check::Nothing, _) => Arc::new(Lenient { provider, chain: None }),
        (Check::Chain | Check::ChainAndName, root) => {
            let chain = chain(&provider, root.filter(|root| *root != "system"))?;
            match check {
                Check::ChainAndName => chain,
                Check::Nothing | Check::Chain => Arc::new(Lenient { provider, chain: Some(chain) }),
            }
        }
    };
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

fn chain(
    provider: &Arc<CryptoProvider>,
    root: Option<&str>,
) -> Result<Arc<dyn ServerCertVerifier>, String> {
    let Some(path) = root else {
        let verifier = rustls_platform_verifier::Verifier::new(Arc::clone(provider));
        return Ok(Arc::new(verifier.map_err(|error| error.to_string())?));
    };
    let unreadable = |problem: String| format!("sslrootcert={path}: {problem}");
    let mut roots = RootCertStore::empty();
    let found = CertificateDer::pem_file_iter(path).map_err(|error| unreadable(said(&error)))?;
    for certificate in found {
        let certificate = certificate.map_err(|error| unreadable(said(&error)))?;
        roots.add(certificate).map_err(|error| unreadable(error.to_string()))?;
    }
    let builder =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    let built = builder.build();
    Ok(built.map_err(|_| unreadable("there is no certificate in it".to_owned()))?)
}

/// Takes a certificate for another name, or any at all; who holds it must still sign with its key.
#[derive(Debug)]
struct Lenient {
    provider: Arc<CryptoProvider>,
    chain: Option<Arc<dyn ServerCertVerifier>>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        let verified =
            chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d08_an_address_that_is_none_says_why() {
        let new = |url: &str, schema: &str| MirrorConfig::new(url, schema, false);
        for url in [
            "postgres://u:p@db.example/crm",
            "postgresql://u:p@[::1]:5433/crm?sslmode=disable",
            "postgres://u:p@db.example/crm?sslmode=verify-full&connect_timeout=3",
            "postgres://u@%2Frun%2Fpostgresql/crm",
        ] {
            assert!(new(url, "sereno").is_ok(), "{url}");
        }
        for (url, schema, word) in [
            ("mysql://u@h/db", "sereno", "postgres://"),
            ("", "sereno", "postgres://"),
            ("postgres://u@h/db?sslmode=maybe", "sereno", "sslmode=maybe"),
            ("postgres://u@h/db?colour=red", "sereno", "colour"),
            ("postgres://u@h/db?sslmode=verify-ca&sslrootcert=/none", "sereno", "/none"),
            ("postgres://u@h:port/db", "sereno", "port"),
            ("postgres://u@h/db", "", "schema"),
            ("postgres://u@h/db", "my schema", "schema"),
            ("postgres://u@h/db", "pg_mine", "pg_"),
        ] {
            let said = new(url, schema).unwrap_err().to_string();
            assert!(said.contains(word), "{url}: {said}");
        }
        let shown = format!("{:?}", new("postgres://u:secret@h/db", "x").unwrap());
        assert!(!shown.contains("secret"), "{shown}");
    }
}
