//! The greeting over TLS: who the receiver says it is, who vouches for it, and until when.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, ProtocolVersion, SignatureScheme,
};
use rustls_platform_verifier::Verifier;
use sereno_workflows::check::{self, Course, Judgement, Verdict};
use sereno_workflows::time::Timestamp;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::Url;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::time::Time;

use super::Door;
use crate::channel::tls::{self, Tls};
use crate::limits::CHECK_REFUSAL_MS;

/// Greets the receiver and judges its certificate.
pub(super) async fn greet(
    stream: TcpStream,
    url: &Url,
    own: Option<&Tls>,
    (door, now): (Door, Timestamp),
    way: &mut Course,
) {
    let host = url.host_str().unwrap_or_default();
    let name = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let Ok(name) = ServerName::try_from(name) else {
        way.fail(
            "tls",
            format!("{host} is no name for a certificate"),
            format!("change the endpoint's {}", door.field),
        );
        return;
    };
    let own = own.cloned();
    // The system's authorities are read from its files.
    let prepared = tokio::task::spawn_blocking(move || prepare(own.as_ref())).await;
    let (config, seen) = match prepared {
        Ok(Ok(prepared)) => prepared,
        Ok(Err(problem)) => {
            way.fail("tls", problem, "set the endpoint's certificates again");
            return;
        }
        Err(_) => return,
    };
    match shake(stream, name, config).await {
        Ok(version) => {
            let seen = seen.lock().take();
            way.pass("tls", version);
            if let Some(good) = seen.and_then(|seen| good(&seen)) {
                let advice = format!("renew the certificate of {}", door.who);
                way.judged("certificate", check::certificate(now, good, &advice));
            }
        }
        Err(error) => way.judged("tls", refused(&error, host, door)),
    }
}

/// How the certificate is with which we show who we are, where we have one that can be read.
pub(super) fn ours(own: &Tls, now: Timestamp) -> Option<Judgement> {
    let chain = tls::chain(own.certificate.as_ref()?).ok()?;
    let good = good(chain.first()?)?;
    let advice = "set the endpoint's client_certificate to a new one, which the receiver trusts";
    Some(check::certificate(now, good, advice))
}

/// The version, once both sides are content.
async fn shake(
    stream: TcpStream,
    name: ServerName<'static>,
    config: ClientConfig,
) -> io::Result<&'static str> {
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    // Under TLS 1.3 the receiver judges our certificate after we are done; it need not say that it is content.
    let patience = Duration::from_millis(CHECK_REFUSAL_MS);
    if let Ok(Err(error)) = timeout(patience, stream.read(&mut [0; 1])).await
        && error.get_ref().is_some_and(|inner| inner.is::<Error>())
    {
        return Err(error);
    }
    Ok(match stream.get_ref().1.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => "1.3",
        Some(ProtocolVersion::TLSv1_2) => "1.2",
        Some(_) | None => "established",
    })
}

/// What went wrong, and what to do about it.
fn refused(error: &io::Error, host: &str, door: Door) -> Judgement {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    match inner {
        Some(Error::InvalidCertificate(problem)) => of_certificate(problem, host, door),
        Some(Error::AlertReceived(alert)) => bad(
            format!("it ends the connection: {alert:?}"),
            "see whether it wants a client_certificate of the endpoint, or another one",
        ),
        Some(other) => bad(other.to_string(), "see whether TLS is spoken at this port"),
        None => bad(
            format!("it broke off: {error}"),
            "see whether TLS is spoken at this port, and in a version of this decade",
        ),
    }
}

/// What is amiss with the certificate of a host.
fn of_certificate(problem: &CertificateError, host: &str, door: Door) -> Judgement {
    let Door { field, who } = door;
    match problem {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            bad("its certificate has expired", format!("renew the certificate of {who}"))
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => bad(
            format!("its certificate is for another name than {host}"),
            format!(
                "use a name in the endpoint's {field} that the certificate has, or get one for this"
            ),
        ),
        CertificateError::UnknownIssuer => bad(
            "nobody whom this machine trusts vouches for its certificate",
            format!(
                "have {who} send the whole chain, or set the endpoint's ca_certificate to its authority's"
            ),
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => bad(
            "its certificate is not good yet",
            format!("compare the clocks of {who} and of this machine, or wait until it is"),
        ),
        CertificateError::Revoked => {
            bad("its certificate was revoked", format!("get another certificate for {who}"))
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => bad(
            "its certificate is not made for servers",
            format!("get one for {who} whose extended key usage has serverAuth"),
        ),
        other => unnamed(&format!("{other:?}"), who),
    }
}

/// What the judge of certificates has no name of its own for, by its word.
fn unnamed(word: &str, who: &str) -> Judgement {
    if word.contains("CaUsedAsEndEntity") {
        return bad(
            "it shows an authority's certificate (CA:TRUE) as its own",
            format!(
                "make {who} a certificate that is none, as with openssl req -x509 -addext \
                 basicConstraints=critical,CA:FALSE, and set the endpoint's ca_certificate to it, or to the \
                 authority that vouches for it"
            ),
        );
    }
    if word.contains("EndEntityUsedAsCa") || word.contains("PathLenConstraintViolated") {
        return bad(
            "a certificate of its chain may not vouch for others",
            format!("have {who} send the chain of its authority, from its own certificate upwards"),
        );
    }
    if word.contains("UnsupportedCertVersion") {
        return bad(
            "its certificate is of an old version of X.509",
            format!("get a certificate of version 3 for {who}"),
        );
    }
    bad(format!("its certificate is refused: {word}"), format!("get another certificate for {who}"))
}

fn bad(detail: impl Into<String>, advice: impl Into<String>) -> Judgement {
    Judgement { verdict: Verdict::Fail, detail: detail.into(), advice: Some(advice.into()) }
}

/// From when and until when a certificate is good.
fn good(certificate: &CertificateDer<'_>) -> Option<(Timestamp, Timestamp)> {
    let validity = Certificate::from_der(certificate).ok()?.tbs_certificate.validity;
    let at = |time: Time| Some(Timestamp(i64::try_from(time.to_unix_duration().as_millis()).ok()?));
    Some((at(validity.not_before)?, at(validity.not_after)?))
}

type Seen = Arc<Mutex<Option<CertificateDer<'static>>>>;

/// The trust of a delivery's connection, and a place for the certificate that it sees.
fn prepare(own: Option<&Tls>) -> Result<(ClientConfig, Seen), String> {
    let seen = Seen::default();
    let trusted = tls::trust(own.and_then(|own| own.authority.as_deref()))?;
    let verifier = Arc::new(Watching { trusted, seen: Arc::clone(&seen) });
    let config = tls::with(verifier, own.and_then(|own| own.certificate.as_ref()))?;
    Ok((config, seen))
}

/// Judges as its like does, and keeps what it judged.
#[derive(Debug)]
struct Watching {
    trusted: Arc<Verifier>,
    seen: Seen,
}

impl ServerCertVerifier for Watching {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.seen.lock() = Some(end_entity.clone().into_owned());
        let trusted = &self.trusted;
        trusted.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.trusted.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.trusted.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.trusted.supported_verify_schemes()
    }
}
