//! Mail: the event in words, over one SMTP connection of its own.
//!
//! lettre's pool is left out on purpose. Its timeout covers only the connection, so a deadline must
//! cancel from outside; a cancelled pooled send puts the half-used connection back, and the next
//! mail is then judged by an answer that was meant for this one. A connection that is used once and
//! dropped cannot do that, at the price of a handshake a mail.
//!
//! Where the connection is lost after the last line, nobody knows whether the mail was taken. It is
//! sent again under the same Message-ID, by which many mailboxes know it for the same.

use std::net::SocketAddr;
use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::{Response, Severity};
use lettre::{Address, Message};
use sereno_workflows::line::{Smtp, SmtpSecurity};
use sereno_workflows::locale::Locale;
use sereno_workflows::retry::Outcome;
use sereno_workflows::time::{Span, Timestamp};
use tokio::time::timeout;

use super::reply::snippet;
use super::wording::{Wording, line};
use super::{Channels, Load, dead};
use crate::limits::{ACCOUNT_PAUSE_MINUTES, CONNECT_TIMEOUT_MS, LABEL_CHARS_MAX, QUIT_TIMEOUT_MS};

/// A mail server, and who chose it.
#[derive(Clone, Copy)]
pub(crate) struct Server<'a> {
    pub(crate) smtp: &'a Smtp,
    pub(crate) by_operator: bool,
}

/// The port on which TLS begins with the first byte (RFC 8314).
const IMPLICIT_TLS_PORT: u16 = 465;

impl Channels {
    pub(crate) async fn send_email(
        &self,
        to: &str,
        server: Option<Server<'_>>,
        load: &Load,
        now: Timestamp,
    ) -> Outcome {
        let Some(server) = server else {
            return dead(
                "no mail server is configured: set smtp in the tenant's settings, or SMTP_HOST for \
                 the whole server",
            );
        };
        let mail = match compose(to, server.smtp, load, now) {
            Ok(mail) => mail,
            Err(error) => return dead(error),
        };
        let limit = load.timeout.unwrap_or(self.config.email_timeout);
        let Ok(carried) = timeout(limit, self.carry(server, &mail)).await else {
            let error = format!("the mail server did not finish within {} s", limit.as_secs_f64());
            return Outcome::Retry { code: -1, error, after: None };
        };
        match carried {
            Ok((code, mut connection)) => {
                // Outside the deadline: a server that has the mail may be slow to say goodbye.
                timeout(Duration::from_millis(QUIT_TIMEOUT_MS), connection.quit()).await.ok();
                Outcome::Done { code }
            }
            Err(outcome) => outcome,
        }
    }
}

/// The mail as it is sent.
fn compose(to: &str, smtp: &Smtp, load: &Load, now: Timestamp) -> Result<Message, String> {
    let to: Address = to.parse().map_err(|_| "the recipient is no mail address".to_owned())?;
    let from = sender(smtp)?;
    let wording = Wording::of(load);
    let id = format!("<{}@{}>", load.id, from.email.domain());
    let since_epoch = Duration::from_millis(u64::try_from(now.0).unwrap_or_default());
    // RFC 3834: what answers by itself, such as an out-of-office, must not answer this.
    let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
    Message::builder()
        .from(from)
        .to(Mailbox::new(None, to))
        .subject(wording.headline())
        .date(UNIX_EPOCH + since_epoch)
        .message_id(Some(line(&id, usize::MAX)))
        .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
        .multipart(MultiPart::alternative_plain_html(wording.plain(), html(&wording, load.locale)))
        .map_err(|error| format!("the mail cannot be composed: {error}"))
}

fn sender(smtp: &Smtp) -> Result<Mailbox, String> {
    let address = smtp.from.as_deref().or(smtp.user.as_deref());
    let address = address.ok_or("the mail server has no sender: set smtp.from")?;
    let email: Address =
        address.parse().map_err(|_| "smtp.from (or smtp.user) is no mail address".to_owned())?;
    let name = smtp.from_name.as_deref().map(|name| line(name, LABEL_CHARS_MAX));
    Ok(Mailbox::new(name.filter(|name| !name.is_empty()), email))
}

fn html(wording: &Wording, locale: Locale) -> String {
    let row = |label: &str, value: &str| {
        format!("<tr><th align=\"left\">{}</th><td>{}</td></tr>\n", escape(label), escape(value))
    };
    let rows: String = wording.facts.iter().map(|fact| row(&fact.label, &fact.value)).collect();
    format!(
        "<!doctype html>\n<html lang=\"{locale}\"><head><meta charset=\"utf-8\"></head>\n\
         <body style=\"font-family:sans-serif\"><h2>{}</h2>\n\
         <table cellpadding=\"4\">\n{rows}</table>\n\
         <p><small>{}</small></p></body></html>\n",
        escape(&wording.title),
        escape(&wording.origin())
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

impl Channels {
    /// Opens a connection and hands the mail over; gives the connection back for its goodbye.
    async fn carry(
        &self,
        server: Server<'_>,
        mail: &Message,
    ) -> Result<(i32, AsyncSmtpConnection), Outcome> {
        let addresses = self.addresses(server).await?;
        let opened = open(server.smtp, &addresses).await;
        let mut connection = opened.map_err(|error| refused_us(&error))?;
        let answer =
            hand_over(&mut connection, mail).await.map_err(|error| refused_mail(&error))?;
        let code = i32::from(u16::from(answer.code()));
        if answer.code().severity != Severity::PositiveCompletion {
            let error = format!("the mail server ended with {code} instead of taking the mail");
            return Err(Outcome::Retry { code, error, after: None });
        }
        Ok((code, connection))
    }

    /// The server's addresses; of a tenant's, those that the guard permits.
    async fn addresses(&self, server: Server<'_>) -> Result<Vec<SocketAddr>, Outcome> {
        let host = server.smtp.host.as_str();
        let found = tokio::net::lookup_host((host, server.smtp.port)).await;
        let found: Vec<SocketAddr> = match found {
            Ok(found) => found.collect(),
            Err(error) => {
                let error = snippet(&format!("the mail server {host} cannot be found: {error}"));
                return Err(Outcome::Retry { code: -1, error, after: None });
            }
        };
        if server.by_operator {
            return Ok(found);
        }
        self.guard.permitted(host, found).map_err(|blocked| dead(blocked.to_string()))
    }
}

/// The mail's own commands, one by one. lettre's `send` says goodbye after a refusal and waits for the
/// answer; from a server that says 550 and falls silent, the refusal would be taken for a timeout.
async fn hand_over(
    connection: &mut AsyncSmtpConnection,
    mail: &Message,
) -> Result<Response, smtp::Error> {
    connection.command(Mail::new(mail.envelope().from().cloned(), Vec::new())).await?;
    for to in mail.envelope().to() {
        connection.command(Rcpt::new(to.clone(), Vec::new())).await?;
    }
    connection.command(Data).await?;
    connection.message(&mail.formatted()).await
}

/// Connects, protects the connection as the tenant wants, and signs in.
///
/// Nothing falls back to clear text: where STARTTLS is due and not offered, no mail is sent. Only a
/// server on this machine may go without, unless the tenant asks for it by name: its traffic crosses
/// no network, and local relays seldom have a certificate that anyone else vouches for.
async fn open(smtp: &Smtp, addresses: &[SocketAddr]) -> Result<AsyncSmtpConnection, smtp::Error> {
    let (implicit, starttls) = match smtp.security {
        SmtpSecurity::Auto if smtp.port == IMPLICIT_TLS_PORT => (true, false),
        SmtpSecurity::Tls => (true, false),
        SmtpSecurity::Auto | SmtpSecurity::Starttls => (false, true),
        SmtpSecurity::None => (false, false),
    };
    let local = smtp.security == SmtpSecurity::Auto
        && addresses.iter().all(|address| address.ip().is_loopback());
    let tls = || {
        let parameters = TlsParameters::builder(smtp.host.clone());
        parameters.dangerous_accept_invalid_certs(local).build()
    };
    let first = if implicit { Some(tls()?) } else { None };
    let hello = ClientId::default();
    let limit = Some(Duration::from_millis(CONNECT_TIMEOUT_MS));
    let mut connection =
        AsyncSmtpConnection::connect_tokio1(addresses, limit, &hello, first, None).await?;
    if starttls && (connection.can_starttls() || !local) {
        connection.starttls(tls()?, &hello).await?;
    }
    if let (Some(user), Some(password)) = (&smtp.user, &smtp.password) {
        let credentials = Credentials::new(user.clone(), password.clone());
        connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await?;
    }
    Ok(connection)
}

/// A refusal before the mail was named is about us or the server, never about this mail: it may go
/// later, but where the server is firm (a wrong password, no TLS) only once someone has acted.
fn refused_us(error: &smtp::Error) -> Outcome {
    let firm = error.is_permanent() || error.is_client() || error.is_tls();
    Outcome::Retry { code: code(error), error: said(error), after: firm.then_some(pause()) }
}

/// A refusal of the mail (RFC 5321, section 4.2.1).
fn refused_mail(error: &smtp::Error) -> Outcome {
    let code = code(error);
    let error_text = said(error);
    match code {
        // Signing in is wanted after all, or did not hold: about the account, not the mail.
        530 | 534 | 535 | 538 => Outcome::Retry { code, error: error_text, after: Some(pause()) },
        // Our mails are small, so this is a full mailbox, which its owner may empty (RFC 5321,
        // section 4.5.3.1.10).
        552 => Outcome::Retry { code, error: error_text, after: None },
        _ if error.is_permanent() || error.is_client() => Outcome::Dead { code, error: error_text },
        _ => Outcome::Retry { code, error: error_text, after: None },
    }
}

fn code(error: &smtp::Error) -> i32 {
    error.status().map_or(-1, |code| i32::from(u16::from(code)))
}

fn said(error: &smtp::Error) -> String {
    snippet(&format!("mail server: {error}"))
}

fn pause() -> Span {
    Span::minutes(ACCOUNT_PAUSE_MINUTES)
}
