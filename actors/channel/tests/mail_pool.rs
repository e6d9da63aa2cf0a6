//! Connections to mail servers: kept, lent to one mail at a time, bounded, and never reused half-used.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::*;
use crate::limits::{MAIL_CONNECTIONS_PER_ACCOUNT_MAX, MAILS_PER_CONNECTION_MAX};

const NOW: Timestamp = Timestamp(1_768_820_400_000);

/// What a server does beside taking mails.
#[derive(Clone, Copy, Default)]
struct Habits {
    /// How long it takes over the end of a mail.
    slow: Duration,
    /// After so many mails a connection is closed without a word.
    closes_after: Option<usize>,
    /// After so many mails a connection refuses the next sender with 421.
    tires_after: Option<usize>,
    /// The first mail gets no answer after its last line, and the connection breaks.
    breaks_at_end: bool,
    /// The first connection never says anything after the greeting's answer.
    first_is_silent: bool,
}

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    open: AtomicUsize,
    open_max: AtomicUsize,
    goodbyes: AtomicUsize,
    mails: Mutex<Vec<String>>,
}

struct MailServer {
    smtp: Smtp,
    seen: Arc<Seen>,
    _tasks: JoinSet<()>,
}

async fn server(habits: Habits) -> MailServer {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::new(Seen::default());
    let mut tasks = JoinSet::new();
    let shared = Arc::clone(&seen);
    tasks.spawn(async move {
        let mut talks = JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let seen = Arc::clone(&shared);
            talks.spawn(async move {
                let number = seen.connections.fetch_add(1, Ordering::SeqCst);
                let open = seen.open.fetch_add(1, Ordering::SeqCst) + 1;
                seen.open_max.fetch_max(open, Ordering::SeqCst);
                talk(stream, habits, number, &seen).await;
                seen.open.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    let smtp = serde_json::json!({"host": "127.0.0.1", "port": port, "security": "none",
        "from": "reservas@casa.example"});
    MailServer { smtp: serde_json::from_value(smtp).unwrap(), seen, _tasks: tasks }
}

/// One conversation, to its end.
async fn talk(stream: TcpStream, habits: Habits, number: usize, seen: &Seen) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let mut carried = 0;
    stream.write_all(b"220 hi\r\n").await.ok()?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let answer = match line.get(..4).unwrap_or_default() {
            "MAIL" if habits.first_is_silent && number == 0 => std::future::pending().await,
            "MAIL" if habits.tires_after == Some(carried) => "421 4.7.0 enough for now",
            "DATA" => "354 go on",
            "QUIT" => {
                seen.goodbyes.fetch_add(1, Ordering::SeqCst);
                return None;
            }
            _ => "250 ok",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
        if answer.starts_with("354") {
            let mut mail = String::new();
            while !mail.ends_with("\r\n.\r\n") {
                stream.read_line(&mut mail).await.ok()?;
            }
            sleep(habits.slow).await;
            seen.mails.lock().push(mail);
            if habits.breaks_at_end && number == 0 {
                return None;
            }
            carried += 1;
            stream.write_all(b"250 taken\r\n").await.ok()?;
            if habits.closes_after == Some(carried) {
                return None;
            }
        }
    }
}

fn to_ana(smtp: &Smtp, unsubscribe: Option<&str>) -> Destination {
    Destination::Email {
        to: "ana@example.com".into(),
        smtp: Some(smtp.clone()),
        by_operator: true,
        unsubscribe: unsubscribe.map(|url| Url::parse(url).unwrap()),
    }
}

#[tokio::test]
async fn a14_mails_of_one_account_share_a_connection_and_no_other_account_has_it() {
    let server = server(Habits::default()).await;
    let channels = channels();
    for _ in 0..5 {
        let outcome = channels.send(&to_ana(&server.smtp, None), &load(), NOW).await;
        assert_eq!(outcome, Outcome::Done { code: 250 });
    }
    let connections = || server.seen.connections.load(Ordering::SeqCst);
    assert_eq!((connections(), server.seen.mails.lock().len()), (1, 5));
    let by_tenant = Destination::Email {
        to: "ana@example.com".into(),
        smtp: Some(server.smtp.clone()),
        by_operator: false,
        unsubscribe: None,
    };
    assert_eq!(channels.send(&by_tenant, &load(), NOW).await, Outcome::Done { code: 250 });
    assert_eq!(connections(), 2, "what the operator opened is not the tenant's");
    let other = Smtp { user: Some("casa".into()), ..server.smtp.clone() };
    assert_eq!(
        channels.send(&to_ana(&other, None), &load(), NOW).await,
        Outcome::Done { code: 250 }
    );
    assert_eq!(connections(), 3, "another user is another account");
}

#[tokio::test]
async fn a14_a_connection_that_the_server_closed_or_is_tired_of_is_replaced_unnoticed() {
    let closes = Habits { closes_after: Some(1), ..Habits::default() };
    let tires = Habits { tires_after: Some(2), ..Habits::default() };
    for (habits, connections) in [(closes, 4), (tires, 2)] {
        let server = server(habits).await;
        let channels = channels();
        for _ in 0..4 {
            let outcome = channels.send(&to_ana(&server.smtp, None), &load(), NOW).await;
            assert_eq!(outcome, Outcome::Done { code: 250 });
        }
        assert_eq!(server.seen.mails.lock().len(), 4, "each once");
        assert_eq!(server.seen.connections.load(Ordering::SeqCst), connections);
    }
}

#[tokio::test]
async fn a14_an_account_has_so_many_connections_and_a_connection_so_many_mails() {
    let slow = Habits { slow: Duration::from_millis(5), ..Habits::default() };
    let server = server(slow).await;
    let channels = Arc::new(channels());
    let mut mails = JoinSet::new();
    for _ in 0..200 {
        let (channels, to) = (Arc::clone(&channels), to_ana(&server.smtp, None));
        mails.spawn(async move { channels.send(&to, &load(), NOW).await });
    }
    for outcome in mails.join_all().await {
        assert_eq!(outcome, Outcome::Done { code: 250 });
    }
    assert_eq!(server.seen.open_max.load(Ordering::SeqCst), MAIL_CONNECTIONS_PER_ACCOUNT_MAX);
    assert_eq!(server.seen.connections.load(Ordering::SeqCst), MAIL_CONNECTIONS_PER_ACCOUNT_MAX);

    let server = self::server(Habits::default()).await;
    for _ in 0..=MAILS_PER_CONNECTION_MAX {
        channels.send(&to_ana(&server.smtp, None), &load(), NOW).await;
    }
    assert_eq!(server.seen.connections.load(Ordering::SeqCst), 2);
    assert_eq!(server.seen.goodbyes.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a14_a_cancelled_or_broken_mail_never_leaves_its_connection_to_the_next() {
    let silent = Habits { first_is_silent: true, ..Habits::default() };
    let server = server(silent).await;
    let channels = channels();
    let to = to_ana(&server.smtp, None);
    let cancelled =
        tokio::time::timeout(Duration::from_millis(100), channels.send(&to, &load(), NOW)).await;
    assert!(cancelled.is_err());
    assert_eq!(channels.send(&to, &load(), NOW).await, Outcome::Done { code: 250 });
    assert_eq!(server.seen.connections.load(Ordering::SeqCst), 2);

    let breaks = Habits { breaks_at_end: true, ..Habits::default() };
    let server = self::server(breaks).await;
    let to = to_ana(&server.smtp, None);
    let (code, error, after) = retry_with(channels.send(&to, &load(), NOW).await);
    assert_eq!((code, after), (-1, None));
    assert!(error.contains("not known") && error.contains("Message-ID"), "{error}");
    assert_eq!(channels.send(&to, &load(), NOW).await, Outcome::Done { code: 250 });
    let mails = server.seen.mails.lock();
    let same = "Message-ID: <dlv_1@casa.example>";
    assert!(mails.len() == 2 && mails.iter().all(|mail| mail.contains(same)), "{mails:?}");
}

#[tokio::test]
async fn a14_waiting_for_a_connection_counts_within_the_deadline() {
    let slow = Habits { slow: Duration::from_secs(5), ..Habits::default() };
    let server = server(slow).await;
    let channels = Arc::new(impatient());
    let mut mails = JoinSet::new();
    let began = Instant::now();
    for _ in 0..MAIL_CONNECTIONS_PER_ACCOUNT_MAX * 8 {
        let (channels, to) = (Arc::clone(&channels), to_ana(&server.smtp, None));
        mails.spawn(async move { retry_with(channels.send(&to, &load(), NOW).await).1 });
    }
    let errors = mails.join_all().await;
    assert!(errors.iter().all(|error| error.contains("within 0.4 s")), "{errors:?}");
    let took = began.elapsed();
    assert!(took < Duration::from_millis(8 * 400), "not one after the other: {took:?}");
}

#[tokio::test]
async fn a14_a_connection_that_nobody_needs_is_closed_with_a_goodbye() {
    let server = server(Habits::default()).await;
    let email_idle = Duration::from_millis(100);
    let channels = Channels::new(ChannelConfig { email_idle, ..ChannelConfig::default() }).unwrap();
    for round in 1..=2 {
        let outcome = channels.send(&to_ana(&server.smtp, None), &load(), NOW).await;
        assert_eq!(outcome, Outcome::Done { code: 250 });
        while server.seen.open.load(Ordering::SeqCst) > 0 {
            sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(server.seen.goodbyes.load(Ordering::SeqCst), round);
    }
}

#[tokio::test]
async fn a14_a_mail_that_can_be_unsubscribed_says_so_on_one_line() {
    let server = server(Habits::default()).await;
    let url = format!("https://casa.example/u?who={}", "x".repeat(200));
    let to = to_ana(&server.smtp, Some(&url));
    assert_eq!(channels().send(&to, &load(), NOW).await, Outcome::Done { code: 250 });
    let mail = server.seen.mails.lock().remove(0);
    assert!(mail.contains(&format!("List-Unsubscribe: <{url}>\r\n")), "{mail}");
    assert!(mail.contains("\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"), "{mail}");
    let to = to_ana(&server.smtp, None);
    assert_eq!(channels().send(&to, &load(), NOW).await, Outcome::Done { code: 250 });
    assert!(!server.seen.mails.lock().concat().contains("List-Unsubscribe"));
}

#[tokio::test]
async fn f05_a_mail_server_that_talks_without_end_is_not_listened_to() {
    for flood in ["220-", "220 hi\r\n250-"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut written = 0;
            stream.write_all(flood.as_bytes()).await.unwrap();
            while stream.write_all(&[b'x'; 4_096]).await.is_ok() {
                written += 4_096;
            }
            written
        });
        let smtp = serde_json::json!({"host": "127.0.0.1", "port": port, "security": "none",
            "from": "a@b.example"});
        let smtp: Smtp = serde_json::from_value(smtp).unwrap();
        let (code, _, _) = retry_with(impatient().send(&to_ana(&smtp, None), &load(), NOW).await);
        assert_eq!(code, -1);
        let written = tasks.join_next().await.unwrap().unwrap();
        assert!(written < 16 << 20, "{written} bytes were read after {flood:?}");
    }
}
