//! Mails against a real SMTP server, and against ones that only pretend.

use std::io;
use std::net::TcpListener as StdListener;
use std::sync::mpsc;

use mailin_embedded::{Handler, Response, Server, response};
use sereno_workflows::time::Span;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::*;

const NOW: Timestamp = Timestamp(1_768_820_400_000); // Mon, 19 Jan 2026 11:00:00 UTC

/// A mailbox that takes mails, or answers a recipient with a code.
#[derive(Clone)]
struct Mailbox {
    refuses: Option<u16>,
    mail: Vec<u8>,
    received: mpsc::Sender<String>,
}

impl Handler for Mailbox {
    fn rcpt(&mut self, _to: &str) -> Response {
        self.refuses.map_or(response::OK, |code| Response::custom(code, "not today".into()))
    }

    fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.mail.extend_from_slice(bytes);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        let mail = String::from_utf8(std::mem::take(&mut self.mail)).unwrap();
        self.received.send(mail).unwrap();
        response::OK
    }
}

/// A real server; it cannot be stopped, so it lives in a thread as long as the tests.
fn server(refuses: Option<u16>) -> (Smtp, mpsc::Receiver<String>) {
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tx, rx) = mpsc::channel();
    std::thread::spawn(move || {
        let mut server = Server::new(Mailbox { refuses, mail: Vec::new(), received: tx });
        server.with_tcp_listener(listener);
        server.serve().unwrap();
    });
    (smtp(port, "none"), rx)
}

/// A server that goes through its lines, one for each command, and then says nothing more.
async fn script(lines: &'static [&'static str]) -> (u16, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        for line in lines {
            stream.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
            stream.read_line(&mut String::new()).await.ok();
        }
        std::future::pending::<()>().await;
    });
    (port, tasks)
}

fn smtp(port: u16, security: &str) -> Smtp {
    let smtp = serde_json::json!({"host": "127.0.0.1", "port": port, "security": security,
        "from": "reservas@casa.example", "from_name": "Casa\r\nBcc: all@example.com"});
    serde_json::from_value(smtp).unwrap()
}

fn to_ana(smtp: Smtp) -> Destination {
    Destination::Email {
        to: "ana@example.com".into(),
        smtp: Some(smtp),
        by_operator: true,
        unsubscribe: None,
    }
}

async fn attempt(smtp: Smtp) -> Outcome {
    channels().send(&to_ana(smtp), &load(), NOW).await
}

#[tokio::test]
async fn a14_a_mail_arrives_with_the_headers_it_needs() {
    let (smtp, received) = server(None);
    assert_eq!(attempt(smtp).await, Outcome::Done { code: 250 });
    let mail = received.recv_timeout(Duration::from_secs(5)).unwrap();
    for part in [
        "Message-ID: <dlv_1@casa.example>\r\n",
        "Auto-Submitted: auto-generated\r\n",
        "Date: Mon, 19 Jan 2026 11:00:00 +0000\r\n",
        "To: ana@example.com\r\n",
        "Subject: Nueva reserva ",
        "multipart/alternative",
        "text/plain; charset=utf-8",
        "text/html; charset=utf-8",
        "martes 20 de enero, 20:00",
        "Ana &lt;b&gt;",
    ] {
        assert!(mail.contains(part), "{part} is not in\n{mail}");
    }
    assert!(mail.find("text/plain") < mail.find("text/html"), "the best part comes last");
    assert!(!mail.contains("\r\nBcc:"), "{mail}");
}

#[tokio::test]
async fn a14_the_servers_refusal_decides() {
    let (smtp, _received) = server(Some(451));
    let (code, error, after) = retry_with(attempt(smtp).await);
    assert_eq!((code, after), (451, None));
    assert!(error.contains("not today"), "{error}");

    let (smtp, _received) = server(Some(550));
    let (code, error) = dead_with(attempt(smtp).await);
    assert_eq!(code, 550);
    assert!(error.contains("not today"), "{error}");

    let (smtp, _received) = server(Some(552));
    assert_eq!(retry_with(attempt(smtp).await).0, 552, "a full mailbox may be emptied");
    let (smtp, _received) = server(Some(530));
    assert_eq!(retry_with(attempt(smtp).await).2, Some(Span::minutes(15)));
}

#[tokio::test]
async fn a14_a_server_that_hangs_at_any_step_meets_the_deadline() {
    const STEPS: [&[&str]; 5] = [
        &[],
        &["220 hi"],
        &["220 hi", "250 hi"],
        &["220 hi", "250 hi", "250 sender", "250 recipient"],
        &["220 hi", "250 hi", "250 sender", "250 recipient", "354 go on"],
    ];
    for lines in STEPS {
        let (port, _tasks) = script(lines).await;
        let destination = to_ana(smtp(port, "none"));
        let outcome = impatient().send(&destination, &load(), NOW).await;
        let (code, error, after) = retry_with(outcome);
        assert_eq!((code, after), (-1, None), "{lines:?}");
        assert!(error.contains("within 0.4 s"), "{error}");
    }
}

#[tokio::test]
async fn a14_a_wrong_password_and_a_missing_starttls_wait_for_someone() {
    const NO_STARTTLS: &[&str] = &["220 hi", "250 hi"];
    const WRONG: &[&str] = &["220 hi", "250 AUTH PLAIN", "535 no such account"];
    for (security, lines, code) in
        [("auto", NO_STARTTLS, -1), ("starttls", NO_STARTTLS, -1), ("none", WRONG, 535)]
    {
        let (port, _tasks) = script(lines).await;
        let account = Smtp {
            user: Some("casa".into()),
            password: Some("SECRET".into()),
            ..smtp(port, security)
        };
        let (found, error, after) = retry_with(attempt(account).await);
        assert_eq!((found, after), (code, Some(Span::minutes(15))), "{security}: {error}");
        assert!(!error.contains("SECRET"), "{error}");
    }
}

#[tokio::test]
async fn a14_a_server_that_is_not_there_is_tried_again() {
    let port = StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (code, _, after) = retry_with(attempt(smtp(port, "none")).await);
    assert_eq!((code, after), (-1, None));
}

#[tokio::test]
async fn what_cannot_be_a_mail_is_dead_and_says_what_to_set() {
    let no_sender = Smtp { from: None, ..smtp(1, "none") };
    let bad_sender = Smtp { from: Some("casa".into()), ..smtp(1, "none") };
    for (to, smtp, word) in [
        ("ana@example.com", None, "SMTP_HOST"),
        ("ana@example.com", Some(no_sender), "smtp.from"),
        ("ana@example.com", Some(bad_sender), "smtp.from"),
        ("ana", Some(smtp(1, "none")), "recipient"),
        ("ana@example.com\r\nRCPT TO:<b@c.d>", Some(smtp(1, "none")), "recipient"),
    ] {
        let destination =
            Destination::Email { to: to.into(), smtp, by_operator: true, unsubscribe: None };
        let (_, error) = dead_with(channels().send(&destination, &load(), NOW).await);
        assert!(error.contains(word), "{to}: {error}");
    }
}

#[tokio::test]
async fn f05_a_tenants_mail_server_may_not_be_in_the_operators_network() {
    let (to, smtp) = ("ana@example.com".to_owned(), Some(smtp(25, "none")));
    let destination = Destination::Email { to, smtp, by_operator: false, unsubscribe: None };
    let channels = Channels::new(ChannelConfig::default()).unwrap();
    let (_, error) = dead_with(channels.send(&destination, &load(), NOW).await);
    assert!(error.contains("SERENO_ALLOW_PRIVATE_TARGETS"), "{error}");
}
