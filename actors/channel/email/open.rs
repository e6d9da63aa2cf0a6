//! A new connection to a mail server: reached, protected and signed in to.

use std::net::SocketAddr;
use std::time::Duration;

use lettre::transport::smtp;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
#[expect(deprecated, reason = "the only way to begin with TLS on a stream of our own")]
use lettre::transport::smtp::client::AsyncNetworkStream;
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use sereno_workflows::line::{Smtp, SmtpSecurity};
use sereno_workflows::retry::Outcome;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::compat::FuturesAsyncReadCompatExt as _;

use super::refusal;
use super::stream::Watched;
use crate::channel::reply::snippet;
use crate::limits::connections::CONNECT_TIMEOUT_MS;

/// The port on which TLS begins with the first byte (RFC 8314).
const IMPLICIT_TLS_PORT: u16 = 465;

/// Connects, protects the connection as the tenant wants, and signs in.
///
/// Nothing falls back to clear text: where STARTTLS is due and not offered, no mail is sent. Only a
/// server on this machine may go without, unless the tenant asks for it by name: its traffic crosses
/// no network, and local relays seldom have a certificate that anyone else vouches for.
pub(super) async fn open(
    smtp: &Smtp,
    addresses: &[SocketAddr],
) -> Result<AsyncSmtpConnection, Outcome> {
    let (stream, address) = reach(addresses).await?;
    let local = smtp.security == SmtpSecurity::Auto && address.ip().is_loopback();
    let opened = protect(smtp, local, (stream, address)).await;
    opened.map_err(|error| refusal::of_us(&error))
}

/// The first of the addresses that answers.
async fn reach(addresses: &[SocketAddr]) -> Result<(TcpStream, SocketAddr), Outcome> {
    let patience = Duration::from_millis(CONNECT_TIMEOUT_MS);
    let mut error = "it has no address".to_owned();
    for &address in addresses {
        match timeout(patience, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Its lines are short, and each waits for an answer; a failure costs time alone.
                stream.set_nodelay(true).ok();
                return Ok((stream, address));
            }
            Ok(Err(problem)) => error = problem.to_string(),
            Err(_) => error = format!("no connection within {} s", patience.as_secs_f64()),
        }
    }
    let error = snippet(&format!("the mail server cannot be reached: {error}"));
    Err(Outcome::Retry { code: -1, error, after: None })
}

async fn protect(
    smtp: &Smtp,
    local: bool,
    (stream, address): (TcpStream, SocketAddr),
) -> Result<AsyncSmtpConnection, smtp::Error> {
    let (implicit, starttls) = match smtp.security {
        SmtpSecurity::Auto if smtp.port == IMPLICIT_TLS_PORT => (true, false),
        SmtpSecurity::Tls => (true, false),
        SmtpSecurity::Auto | SmtpSecurity::Starttls => (false, true),
        SmtpSecurity::None => (false, false),
    };
    let tls = || {
        let parameters = TlsParameters::builder(smtp.host.clone());
        parameters.dangerous_accept_invalid_certs(local).build()
    };
    let stream: Box<dyn AsyncTokioStream> = if implicit {
        #[expect(deprecated, reason = "as where it is imported")]
        let mut encrypted = AsyncNetworkStream::use_existing_tokio1(Box::new(stream));
        encrypted.upgrade_tls(tls()?).await?;
        Box::new(Watched::new(encrypted.compat(), address))
    } else {
        Box::new(Watched::new(stream, address))
    };
    let hello = ClientId::default();
    let mut connection = AsyncSmtpConnection::connect_with_transport(stream, &hello).await?;
    if starttls && (connection.can_starttls() || !local) {
        connection.starttls(tls()?, &hello).await?;
    }
    if let (Some(user), Some(password)) = (&smtp.user, &smtp.password) {
        let credentials = Credentials::new(user.clone(), password.clone());
        connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await?;
    }
    Ok(connection)
}
