//! Mail: the event in words, over a connection that is this mail's alone while it is carried.
//!
//! lettre's pool is left out on purpose. Its timeout covers only the connection, so a deadline must
//! cancel from outside; a cancelled pooled send puts the half-used connection back, and the next
//! mail is then judged by an answer that was meant for this one. [`pool`] keeps only connections whose
//! last mail was taken.
//!
//! Where the connection is lost after the last line, nobody knows whether the mail was taken. It is
//! sent again under the same Message-ID, by which many mailboxes know it for the same.

mod open;
pub(crate) mod pool;
mod probe;
mod refusal;
mod report;
mod stream;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::ContentType;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MessageBuilder, MultiPart, SinglePart};
use lettre::transport::smtp;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::response::{Response, Severity};
use lettre::{Address, Message};
use sereno_workflows::line::Smtp;
use sereno_workflows::locale::Locale;
use sereno_workflows::retry::Outcome;
use sereno_workflows::time::Timestamp;
use tokio::time::timeout;
use url::Url;

use self::open::open;
use self::pool::{Account, Line, Turn};
use self::refusal::Step;
use super::reply::snippet;
use super::wording::{Wording, escape_html as escape, line};
use super::{Channels, Load, dead};
use crate::limits::connections::CONNECT_TIMEOUT_MS;
use crate::limits::{LABEL_CHARS_MAX, TITLE_CHARS_MAX};

/// A mail server, and who chose it.
#[derive(Clone, Copy)]
pub(crate) struct Server<'a> {
    pub(crate) smtp: &'a Smtp,
    pub(crate) by_operator: bool,
}

/// To whom a mail goes.
#[derive(Clone, Copy)]
pub(crate) struct Recipient<'a> {
    pub(crate) address: &'a str,
    /// Where its reader can unsubscribe with one click.
    pub(crate) unsubscribe: Option<&'a Url>,
}

/// How far a mail came; read when its deadline breaks it off.
const WAITS: u8 = 0;
const TALKS: u8 = 1;
const HANDED_OVER: u8 = 2;

impl Channels {
    pub(crate) async fn send_email(
        &self,
        to: Recipient<'_>,
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
        let progress = AtomicU8::new(WAITS);
        let carried = match timeout(limit, self.carry_mail(server, &mail, &progress)).await {
            Ok(carried) => carried,
            Err(_) => Err(broken_off(progress.load(Ordering::Relaxed), limit)),
        };
        match carried {
            Ok((code, line, turn)) => {
                // Outside the deadline: the mail is taken.
                self.mail.give_back(Account::of(server), line, turn).await;
                Outcome::Done { code }
            }
            Err(outcome) => outcome,
        }
    }
}

fn broken_off(progress: u8, limit: Duration) -> Outcome {
    let limit_s = limit.as_secs_f64();
    let error = match progress {
        WAITS => format!("no connection to the mail server was free within {limit_s} s"),
        HANDED_OVER => {
            return refusal::unknown(&format!("the mail server did not finish within {limit_s} s"));
        }
        _ => format!("the mail server did not finish within {limit_s} s"),
    };
    Outcome::Retry { code: -1, error, after: None }
}

/// The mail as it is sent.
fn compose(to: Recipient<'_>, smtp: &Smtp, load: &Load, now: Timestamp) -> Result<Message, String> {
    let address: Address =
        to.address.parse().map_err(|_| "the recipient is no mail address".to_owned())?;
    let from = sender(smtp)?;
    let letter = letter(load);
    let id = format!("<{}@{}>", load.id, from.email.domain());
    let since_epoch = Duration::from_millis(u64::try_from(now.0).unwrap_or_default());
    // RFC 3834: what answers by itself, such as an out-of-office, must not answer this.
    let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
    let mut builder = Message::builder();
    if let Some(url) = to.unsubscribe {
        builder = unsubscribable(builder, url);
    }
    let mail = builder
        .from(from)
        .to(Mailbox::new(None, address))
        .subject(letter.subject)
        .date(UNIX_EPOCH + since_epoch)
        .message_id(Some(line(&id, usize::MAX)))
        .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()));
    let mail = match letter.html {
        Some(html) if letter.pictures.is_empty() => {
            mail.multipart(MultiPart::alternative_plain_html(letter.text, html))
        }
        Some(html) => mail.multipart(illustrated(letter.text, html, letter.pictures)),
        None => mail.singlepart(SinglePart::plain(letter.text)),
    };
    mail.map_err(|error| format!("the mail cannot be composed: {error}"))
}

/// What a mail says.
pub(crate) struct Letter {
    /// Its subject, on one line.
    pub(crate) subject: String,
    /// Its text.
    pub(crate) text: String,
    /// Its HTML; without it, it is text alone.
    pub(crate) html: Option<String>,
    /// The pictures of its HTML.
    pub(crate) pictures: Vec<Picture>,
}

/// A picture that goes with a mail.
pub(crate) struct Picture {
    /// By which the HTML names it: `cid:` and this.
    pub(crate) id: String,
    /// It, as PNG.
    pub(crate) png: Vec<u8>,
}

/// The tenant's own words, or ours.
pub(crate) fn letter(load: &Load) -> Letter {
    let wording = Wording::of(load);
    let pictures = Vec::new();
    let Some(words) = &load.words else {
        if let Some(letter) = report::letter(load) {
            return letter;
        }
        let html = Some(html(&wording, load.locale));
        return Letter { subject: wording.headline(), text: wording.plain(), html, pictures };
    };
    let subject = words.subject.as_ref().map(|subject| line(subject, TITLE_CHARS_MAX));
    Letter {
        subject: subject.unwrap_or_else(|| wording.headline()),
        text: words.text.clone(),
        html: words.html.clone(),
        pictures,
    }
}

/// Text, and beside it HTML with its pictures, of which a mailbox shows what it can (RFC 2046 and 2387).
fn illustrated(text: String, html: String, pictures: Vec<Picture>) -> MultiPart {
    let kind = ContentType::parse("image/png").expect("a constant content type");
    let mut related = MultiPart::related().singlepart(SinglePart::html(html));
    for Picture { id, png } in pictures {
        related = related.singlepart(Attachment::new_inline(id).body(png, kind.clone()));
    }
    MultiPart::alternative().singlepart(SinglePart::plain(text)).multipart(related)
}

/// Adds what lets a mailbox offer its owner to unsubscribe (RFC 2369) with one click (RFC 8058). The URL
/// stays on one line: some break the signature over folded ones.
fn unsubscribable(builder: MessageBuilder, url: &Url) -> MessageBuilder {
    let list = HeaderName::new_from_ascii_str("List-Unsubscribe");
    let post = HeaderName::new_from_ascii_str("List-Unsubscribe-Post");
    // A parsed URL is ASCII without spaces or control characters.
    let place = format!("<{url}>");
    builder
        .raw_header(HeaderValue::dangerous_new_pre_encoded(list, place.clone(), place))
        .raw_header(HeaderValue::new(post, "List-Unsubscribe=One-Click".to_owned()))
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

impl Channels {
    /// Hands a mail over on a connection of its account; answers with the connection, which is fit for
    /// another.
    async fn carry_mail(
        &self,
        server: Server<'_>,
        mail: &Message,
        progress: &AtomicU8,
    ) -> Result<(i32, Line, Turn), Outcome> {
        let account = Account::of(server);
        let turn = self.mail.turn(&account).await.map_err(|error| dead(error.to_string()))?;
        progress.store(TALKS, Ordering::Relaxed);
        let mut line = match self.begin_again(&account, &turn, mail).await {
            Some(line) => line,
            None => {
                self.mail.make_room(&turn);
                let addresses = self.addresses(server).await?;
                let connection = open(server.smtp, &addresses).await?;
                let mut line = Line { connection, carried: 0 };
                let begun = begin(&mut line.connection, mail).await;
                begun.map_err(|error| refusal::of_mail(Step::Sender, &error))?;
                line
            }
        };
        let answer = hand_over(&mut line.connection, mail, progress).await;
        let answer = answer.map_err(|(step, error)| refusal::of_mail(step, &error))?;
        let code = i32::from(u16::from(answer.code()));
        if answer.code().severity != Severity::PositiveCompletion {
            let error = format!("the mail server ended with {code} instead of taking the mail");
            return Err(Outcome::Retry { code, error, after: None });
        }
        Ok((code, line, turn))
    }

    /// Begins the mail on a connection that waits. The server may have closed it or have had enough of
    /// it; as nothing is lost yet, a new one then decides.
    async fn begin_again(&self, account: &Account, turn: &Turn, mail: &Message) -> Option<Line> {
        let mut line = self.mail.take(account, turn)?;
        let patience = Duration::from_millis(CONNECT_TIMEOUT_MS);
        match timeout(patience, begin(&mut line.connection, mail)).await {
            Ok(Ok(_)) => Some(line),
            Ok(Err(_)) | Err(_) => None,
        }
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

/// Names the sender of a mail.
async fn begin(
    connection: &mut AsyncSmtpConnection,
    mail: &Message,
) -> Result<Response, smtp::Error> {
    connection.command(Mail::new(mail.envelope().from().cloned(), Vec::new())).await
}

/// The mail's own commands, one by one. lettre's `send` says goodbye after a refusal and waits for the
/// answer; from a server that says 550 and falls silent, the refusal would be taken for a timeout.
async fn hand_over(
    connection: &mut AsyncSmtpConnection,
    mail: &Message,
    progress: &AtomicU8,
) -> Result<Response, (Step, smtp::Error)> {
    for to in mail.envelope().to() {
        let named = connection.command(Rcpt::new(to.clone(), Vec::new())).await;
        named.map_err(|error| (Step::Recipient, error))?;
    }
    connection.command(Data).await.map_err(|error| (Step::Data, error))?;
    progress.store(HANDED_OVER, Ordering::Relaxed);
    connection.message(&mail.formatted()).await.map_err(|error| (Step::End, error))
}
