//! Receivers that mean harm or are broken: each ends in an outcome that says what happened, within the
//! deadline, and what they send beyond it is not read.

use std::sync::Arc;
use std::time::Instant;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use super::*;

/// What a receiver does once it has read the request.
#[derive(Clone)]
enum Deed {
    /// Writes this, then one part again and again as fast as it is taken.
    Flood(&'static str, String),
    /// Writes this, then one part again and again, slowly.
    Drip(&'static str, &'static str),
    /// Writes this and closes.
    Close(Vec<u8>),
    /// Writes this and resets the connection.
    Reset(&'static str),
}

struct Bad {
    url: Url,
    /// How many bytes were written to each connection before it broke.
    written: mpsc::UnboundedReceiver<usize>,
    _tasks: JoinSet<()>,
}

async fn bad(deed: Deed) -> Bad {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook/PATH", listener.local_addr().unwrap());
    let (tx, written) = mpsc::unbounded_channel();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tx.send(perform(stream, &deed).await).ok();
        }
    });
    Bad { url: Url::parse(&url).unwrap(), written, _tasks: tasks }
}

async fn perform(mut stream: TcpStream, deed: &Deed) -> usize {
    let mut request = Vec::new();
    while !request.ends_with(b"}") && stream.read_buf(&mut request).await.unwrap_or(0) > 0 {}
    let (head, part, pause) = match deed {
        Deed::Flood(head, part) => (*head, part.as_str(), Duration::ZERO),
        Deed::Drip(head, part) => (*head, *part, Duration::from_millis(20)),
        Deed::Close(bytes) => {
            stream.write_all(bytes).await.ok();
            return bytes.len();
        }
        Deed::Reset(head) => {
            stream.write_all(head.as_bytes()).await.ok();
            // It should arrive before the reset does.
            sleep(Duration::from_millis(50)).await;
            stream.set_zero_linger().unwrap();
            return head.len();
        }
    };
    stream.write_all(head.as_bytes()).await.ok();
    let mut written = head.len();
    while stream.write_all(part.as_bytes()).await.is_ok() {
        written += part.len();
        if !pause.is_zero() {
            sleep(pause).await;
        }
    }
    written
}

fn hook(url: &Url) -> Destination {
    let secrets = vec!["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()];
    Destination::Webhook {
        to: at(url.clone()),
        secrets,
        headers: Vec::new(),
        auth: None,
        manner: Manner::default(),
    }
}

/// One impatient attempt, which must not outlive its deadline of 0.4 s.
async fn attempt(url: &Url) -> Outcome {
    let began = Instant::now();
    let outcome = impatient().send(&hook(url), &load(), Timestamp(1_768_820_400_000)).await;
    assert!(began.elapsed() < Duration::from_secs(2), "{outcome:?} after {:?}", began.elapsed());
    outcome
}

fn many(part: &str, count: usize) -> String {
    part.repeat(count)
}

const OK: &str = "HTTP/1.1 200 OK\r\n";
const LONG: &str = "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

#[tokio::test]
async fn f05_a_body_without_end_is_not_read_and_its_status_stands() {
    for (head, part) in [
        (LONG, many("x", 65_536)),
        (CHUNKED, format!("10000\r\n{}\r\n", many("x", 65_536))),
        // A chunk's extension without end.
        (CHUNKED, format!("1;{}", many("x", 65_536))),
        (OK, format!("\r\n{}", many("x", 65_536))),
    ] {
        let mut receiver = bad(Deed::Flood(head, part)).await;
        assert_eq!(attempt(&receiver.url).await, Outcome::Done { code: 200 });
        let written = receiver.written.recv().await.unwrap();
        assert!(written < 16 << 20, "{written} bytes");
    }
}

#[tokio::test]
async fn f05_heads_that_are_bombs_are_broken_off() {
    for (head, part) in [
        (OK, many("x-a: 1\r\n", 10_000)),
        (OK, format!("x-a: {}", many("y", 1 << 20))),
        (OK, many("x", 1 << 20)),
        ("HTTP/1.1 200 ", many("x", 1 << 20)),
        // A trailer is a head too, after a body that counts.
    ] {
        let mut receiver = bad(Deed::Flood(head, part)).await;
        let (code, error, after) = retry_with(attempt(&receiver.url).await);
        assert_eq!((code, after), (-1, None), "{error}");
        assert!(error.contains("broke") && !error.contains("PATH"), "{error}");
        let written = receiver.written.recv().await.unwrap();
        assert!(written < 16 << 20, "{written} bytes");
    }
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n";
    let mut receiver = bad(Deed::Flood(head, many("x-a: 1\r\n", 10_000))).await;
    assert_eq!(attempt(&receiver.url).await, Outcome::Done { code: 200 });
    assert!(receiver.written.recv().await.unwrap() < 16 << 20);
}

#[tokio::test]
async fn f05_interim_answers_without_end_meet_the_deadline() {
    for interim in
        ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"]
    {
        let mut receiver = bad(Deed::Flood("", many(interim, 1_000))).await;
        let (code, error, _) = retry_with(attempt(&receiver.url).await);
        assert_eq!(code, -1, "{error}");
        receiver.written.recv().await.unwrap();
    }
    let switched = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n";
    let receiver = bad(Deed::Close(switched.to_vec())).await;
    assert!(matches!(attempt(&receiver.url).await, Outcome::Retry { .. }));
}

#[tokio::test]
async fn f05_who_sends_byte_by_byte_meets_the_deadline() {
    for (head, part) in [("", "H"), (OK, "x"), (OK, "x-a: 1\r\n"), ("HTTP/1.1 200 OK", " ")] {
        let receiver = bad(Deed::Drip(head, part)).await;
        let (code, error, _) = retry_with(attempt(&receiver.url).await);
        assert_eq!(code, -1, "{error}");
        assert!(error.contains("within 0.4 s") || error.contains("broke"), "{error}");
    }
    for head in [LONG, CHUNKED] {
        let receiver = bad(Deed::Drip(head, "1\r\nx\r\n")).await;
        assert_eq!(attempt(&receiver.url).await, Outcome::Done { code: 200 }, "it took the event");
    }
}

#[tokio::test]
async fn f05_a_compressed_bomb_stays_compressed() {
    let zeros = many("\0", 15_000);
    let head =
        "HTTP/1.1 400 Bad Request\r\ncontent-encoding: gzip\r\ncontent-length: 99999999\r\n\r\n";
    let mut receiver = bad(Deed::Flood(head, zeros)).await;
    let (code, error) = dead_with(attempt(&receiver.url).await);
    assert_eq!((code, error.as_str()), (400, "answered 400 Bad Request"));
    assert!(receiver.written.recv().await.unwrap() < 16 << 20);
}

#[tokio::test]
async fn b13_a_connection_that_breaks_in_the_middle_is_tried_again_unless_a_status_came() {
    for (deed, code) in [
        (Deed::Reset(""), None),
        (Deed::Reset("HTTP/1.1 200 OK\r\ncontent-le"), None),
        (Deed::Close(Vec::new()), None),
        (Deed::Close(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec()), None),
        (Deed::Close(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec()), None),
        (Deed::Close(b"220 mail.example ESMTP\r\n".to_vec()), None),
        (Deed::Close(vec![0x15, 3, 3, 0, 2, 2, 40]), None),
        (Deed::Reset("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"), Some(200)),
        (Deed::Close(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc".to_vec()), Some(200)),
        (
            Deed::Close(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_vec()),
            Some(200),
        ),
    ] {
        let receiver = bad(deed).await;
        let outcome = attempt(&receiver.url).await;
        match code {
            Some(code) => assert_eq!(outcome, Outcome::Done { code }),
            None => {
                let (code, error, after) = retry_with(outcome);
                assert_eq!((code, after), (-1, None));
                assert!(error.contains("connection") && !error.contains("PATH"), "{error}");
            }
        }
    }
    let receiver = bad(Deed::Reset("HTTP/1.1 503 Busy\r\ncontent-length: 9\r\n\r\nabc")).await;
    assert_eq!(retry_with(attempt(&receiver.url).await).0, 503);
}

#[tokio::test]
async fn f05_a_certificate_that_nobody_vouches_for_is_refused_and_named() {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["other.example".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key.into())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            acceptor.accept(stream).await.err();
        }
    });
    for host in ["localhost", "127.0.0.1"] {
        let url = Url::parse(&format!("https://{host}:{port}/hook/PATH")).unwrap();
        let (code, error, _) = retry_with(attempt(&url).await);
        assert_eq!(code, -1);
        assert!(error.contains("certificate") && !error.contains("PATH"), "{error}");
    }
    // TLS was not spoken to, and TLS is not spoken.
    let url = Url::parse(&format!("http://127.0.0.1:{port}/hook/PATH")).unwrap();
    let (code, error, _) = retry_with(attempt(&url).await);
    assert_eq!(code, -1, "{error}");
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/hook/PATH", plain.local_addr().unwrap());
    tasks.spawn(async move {
        let (mut stream, _) = plain.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        stream.read_to_end(&mut Vec::new()).await.ok();
    });
    let (code, error, _) = retry_with(attempt(&Url::parse(&url).unwrap()).await);
    assert_eq!(code, -1);
    assert!(error.contains("no connection"), "{error}");
}
