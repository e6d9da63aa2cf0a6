//! Mail over SMTP, one connection a mail, never in the clear unless the operator says so.
//!
//! lettre's pool is not used: a send that is cut off by its deadline goes back into it half done, and
//! the next mail is judged by the answer to the one before. Here the connection is dropped with the
//! attempt. One recipient a mail, since one that is refused fails the whole.

use std::time::Duration;

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::{Response, Severity};
use lettre::{Address, Message};
use sereno_workflows::line::{Smtp, SmtpSecurity};
use sereno_workflows::retry::Outcome;
use sereno_workflows::time::Span;

use super::wording::Wording;
use super::{Channels, Load};

/// The port of TLS from the first byte (RFC 8314).
const IMPLICIT_TLS_PORT: u16 = 465;
/// A wrong password stays wrong until somebody mends it, which then should not cost the mail.
const AUTH_PAUSE: Span = Span::minutes(15);

impl Channels {
    pub(super) async fn email(&self, to: &str, smtp: Option<&Smtp>, load: &Load) -> Outcome {
        let Some(smtp) = smtp else {
            let error = "no mail server: set smtp in the tenant's settings, or SMTP_HOST";
            return Outcome::Dead { code: -1, error: error.to_owned() };
        };
        let mail = match compose(to, smtp, load) {
            Ok(mail) => mail,
            Err(error) => return Outcome::Dead { code: -1, error },
        };
        let timeout = self.config.smtp_timeout;
        match tokio::time::timeout(timeout, send(smtp, &mail, timeout / 2)).await {
            Ok(Ok(response)) => by_severity(&response),
            Ok(Err(error)) => by_error(&error),
            Err(_) => {
                let error = "the mail server did not answer in time".to_owned();
                Outcome::Retry { code: -1, error, after: None }
            }
        }
    }
}

async fn send(
    smtp: &Smtp,
    mail: &Message,
    connect_timeout: Duration,
) -> Result<Response, lettre::transport::smtp::Error> {
    let hello = ClientId::default();
    let tls = || TlsParameters::new(smtp.host.clone());
    let implicit = match smtp.security {
        SmtpSecurity::Tls => true,
        SmtpSecurity::Auto => smtp.port == IMPLICIT_TLS_PORT,
        SmtpSecurity::Starttls | SmtpSecurity::None => false,
    };
    let wrapped = if implicit { Some(tls()?) } else { None };
    let server = (smtp.host.as_str(), smtp.port);
    let mut connection =
        AsyncSmtpConnection::connect_tokio1(server, Some(connect_timeout), &hello, wrapped, None)
            .await?;
    if !implicit && smtp.security != SmtpSecurity::None {
        // A server without STARTTLS is an error here: a mail is never sent in the clear instead.
        connection.starttls(tls()?, &hello).await?;
    }
    if let (Some(user), Some(password)) = (&smtp.user, &smtp.password) {
        let credentials = Credentials::new(user.clone(), password.clone());
        connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await?;
    }
    // Step by step and not by lettre's `send`: that one says goodbye after a refusal and waits for the
    // answer, and where none comes the refusal itself is lost.
    connection.command(Mail::new(mail.envelope().from().cloned(), Vec::new())).await?;
    for to in mail.envelope().to() {
        connection.command(Rcpt::new(to.clone(), Vec::new())).await?;
    }
    connection.command(Data).await?;
    let response = connection.message(&mail.formatted()).await?;
    // The mail is accepted; how the farewell goes changes nothing about that.
    drop(connection.quit().await);
    Ok(response)
}

fn by_severity(response: &Response) -> Outcome {
    let code = i32::from(u16::from(response.code()));
    let error = || response.message().collect::<Vec<_>>().join(" ");
    match response.code().severity {
        Severity::PositiveCompletion => Outcome::Done { code },
        Severity::PositiveIntermediate | Severity::TransientNegativeCompletion => {
            Outcome::Retry { code, error: error(), after: None }
        }
        Severity::PermanentNegativeCompletion => Outcome::Dead { code, error: error() },
    }
}

fn by_error(error: &lettre::transport::smtp::Error) -> Outcome {
    let code = error.status().map_or(-1, |code| i32::from(u16::from(code)));
    let mut source: &dyn std::error::Error = error;
    while let Some(deeper) = source.source() {
        source = deeper;
    }
    let error_text = if code > 0 { source.to_string() } else { format!("{error}: {source}") };
    match code {
        // 530, 534, 535: the login is wrong, not the mail.
        530 | 534 | 535 => Outcome::Retry { code, error: error_text, after: Some(AUTH_PAUSE) },
        500..=599 => Outcome::Dead { code, error: error_text },
        _ => Outcome::Retry { code, error: error_text, after: None },
    }
}

fn compose(to: &str, smtp: &Smtp, load: &Load) -> Result<Message, String> {
    let address = |text: &str| {
        text.parse::<Address>().map_err(|error| format!("'{text}' is no address: {error}"))
    };
    let from = smtp.from.as_deref().or(smtp.user.as_deref()).unwrap_or("sereno@localhost");
    let from = address(from)?;
    let wording = Wording::of(load);
    let (text, html) = (plain(&wording, load), hypertext(&wording, load));
    // The same on every attempt, so that a mail whose answer was lost is not shown twice.
    let message_id = format!("<{}@{}>", load.id, from.domain());
    Message::builder()
        .from(Mailbox::new(smtp.from_name.clone(), from))
        .to(Mailbox::new(None, address(to)?))
        .subject(&wording.title)
        .message_id(Some(message_id))
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ))
        .multipart(
            MultiPart::alternative()
                .singlepart(SinglePart::builder().header(ContentType::TEXT_PLAIN).body(text))
                .singlepart(SinglePart::builder().header(ContentType::TEXT_HTML).body(html)),
        )
        .map_err(|error| format!("the mail cannot be written: {error}"))
}

fn plain(wording: &Wording, load: &Load) -> String {
    format!("{}\n\n{} · {} · {}\n", wording.plain(), load.event_type, wording.at, wording.event_id)
}

fn hypertext(wording: &Wording, load: &Load) -> String {
    let rows: String = wording
        .lines
        .iter()
        .map(|(name, value)| {
            format!("<tr><th align=\"left\">{}</th><td>{}</td></tr>", escaped(name), escaped(value))
        })
        .collect();
    format!(
        "<!doctype html><html><body><h2>{}</h2><table cellpadding=\"4\">{rows}</table>\
         <p><small>{} · {} · {}</small></p></body></html>",
        escaped(&wording.title),
        escaped(&load.event_type),
        escaped(&wording.at),
        escaped(&wording.event_id),
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
