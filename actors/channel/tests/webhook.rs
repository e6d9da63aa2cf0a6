//! Webhooks against a receiver that verifies, refuses, hangs or floods.

use std::time::Instant;

use sereno_workflows::time::Span;
use sereno_workflows::why::{NAME_UNKNOWN, NOT_HTTP, REFUSED, TLS_FAILED};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::receiver::{Play, Receiver};
use super::*;
use crate::channel::webhook::check_header;

const WHSEC: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OLD_SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp(i64::try_from(since.as_millis()).unwrap())
}

fn hook(receiver: &Receiver) -> Destination {
    Destination::Webhook {
        to: at(receiver.url.clone()),
        secrets: vec![WHSEC.into()],
        headers: Vec::new(),
        auth: None,
        manner: Manner::default(),
    }
}

async fn attempt(receiver: &Receiver) -> Outcome {
    channels().send(&hook(receiver), &load(), now()).await
}

#[tokio::test]
async fn f03_both_secrets_of_a_rotation_verify_with_the_reference_library() {
    let mut receiver = Receiver::answering("204 No Content", "", "").await;
    let Destination::Webhook { to, headers, auth, manner, .. } = hook(&receiver) else { panic!() };
    let secrets = vec![WHSEC.to_owned(), OLD_SECRET.to_owned()];
    let destination = Destination::Webhook { to, secrets, headers, auth, manner };
    let outcome = channels().send(&destination, &load(), now()).await;
    assert_eq!(outcome, Outcome::Done { code: 204 });

    let (headers, body) = receiver.requests.recv().await.unwrap();
    assert_eq!(body, load().body);
    for secret in [WHSEC, OLD_SECRET] {
        standardwebhooks::Webhook::new(secret).unwrap().verify(&body, &headers).unwrap();
    }
    assert_eq!(headers["webhook-id"], "dlv_1");
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["x-sereno-event"], "reservation.created");
    assert_eq!(headers["x-sereno-attempt"], "2");
    assert!(headers["user-agent"].to_str().unwrap().starts_with("sereno/"));
    let trace = headers["traceparent"].to_str().unwrap();
    let lengths: Vec<usize> = trace.split('-').map(str::len).collect();
    assert_eq!(lengths, [2, 32, 16, 2], "{trace}");
}

#[tokio::test]
async fn a12_the_plain_signature_is_of_the_newest_secret_over_the_exact_body() {
    let mut receiver = Receiver::answering("200 OK", "", "ok").await;
    attempt(&receiver).await;
    let (headers, body) = receiver.requests.recv().await.unwrap();
    let header = headers["x-signature"].to_str().unwrap();
    assert!(crate::signature::verify_hex(header, &body, WHSEC));
}

#[tokio::test]
async fn a_users_headers_are_sent_but_never_replace_ours() {
    let mut receiver = Receiver::answering("200 OK", "", "").await;
    let headers = [
        ("X-Own", "yes"),
        ("Webhook-Id", "forged"),
        ("X-Signature", "forged"),
        ("Content-Length", "3"),
        ("Host", "forged"),
        ("Transfer-Encoding", "chunked"),
    ];
    let destination = Destination::Webhook {
        to: at(receiver.url.clone()),
        secrets: vec![WHSEC.into()],
        headers: headers.map(|(name, value)| (name.into(), value.into())).into(),
        auth: Some(Auth::Basic { user: "n8n".into(), password: "pass".into() }),
        manner: Manner::default(),
    };
    let outcome = channels().send(&destination, &load(), now()).await;
    assert_eq!(outcome, Outcome::Done { code: 200 });
    let (sent, body) = receiver.requests.recv().await.unwrap();
    assert_eq!(body, load().body);
    assert_eq!(sent["x-own"], "yes");
    assert_eq!(sent["authorization"], "Basic bjhuOnBhc3M=");
    assert_eq!(sent["webhook-id"], "dlv_1");
    assert!(sent.values().all(|value| value != "forged"), "{sent:?}");
    assert!(!sent.contains_key("transfer-encoding"));
    for (name, value) in headers {
        assert_eq!(check_header(name, value).is_ok(), name == "X-Own", "{name}");
    }
}

#[tokio::test]
async fn f05_a_header_with_a_line_break_cannot_be_sent() {
    let mut receiver = Receiver::answering("200 OK", "", "").await;
    let forged = "a\r\nx-evil: SECRET";
    let own = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    let bearer = Auth::Bearer { token: forged.into() };
    for (headers, auth) in [
        (own("x-own", forged), None),
        (own("x-own\r\nx-evil", "SECRET"), None),
        (Vec::new(), Some(bearer)),
    ] {
        let secrets = vec![WHSEC.to_owned()];
        let to = at(receiver.url.clone());
        let manner = Manner::default();
        let destination = Destination::Webhook { to, secrets, headers, auth, manner };
        let (code, error) = dead_with(channels().send(&destination, &load(), now()).await);
        assert_eq!(code, -1);
        assert!(!error.contains("SECRET"), "{error}");
    }
    assert!(receiver.requests.try_recv().is_err(), "nothing was sent");
    assert!(check_header("x-own", forged).is_err());
}

#[tokio::test]
async fn a15_each_answer_has_its_outcome() {
    let receiver = Receiver::answering("500 Internal Server Error", "", "down\r\nnow").await;
    let (code, error, after) = retry_with(attempt(&receiver).await);
    assert_eq!((code, after), (500, None));
    assert_eq!(error, "answered 500 Internal Server Error: down now");

    let receiver = Receiver::answering("429 Too Many Requests", "retry-after: 7\r\n", "").await;
    assert_eq!(retry_with(attempt(&receiver).await).2, Some(Span::seconds(7)));

    let receiver = Receiver::answering("404 Not Found", "", "").await;
    assert_eq!(dead_with(attempt(&receiver).await).0, 404);

    let location = "location: https://u:SECRET@other.example/x\r\n";
    let mut receiver = Receiver::answering("302 Found", location, "").await;
    let (code, error) = dead_with(attempt(&receiver).await);
    assert_eq!(code, 302);
    assert!(error.contains("https://other.example/x") && !error.contains("SECRET"), "{error}");
    receiver.requests.recv().await.unwrap();
    assert!(receiver.requests.try_recv().is_err(), "a redirect is not followed");
}

#[tokio::test]
async fn a15_a_receiver_that_hangs_or_breaks_off_is_tried_again_without_its_url_in_the_error() {
    let gone = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}/hook/PATH", listener.local_addr().unwrap())
    };
    for (play, word) in [
        (Some(Play::Hang), "no answer within 0.4 s"),
        (Some(Play::Close), "broke"),
        (None, "no connection"),
    ] {
        let mut receiver = Receiver::start(play.clone().unwrap_or(Play::Hang)).await;
        if play.is_none() {
            receiver.url = Url::parse(&gone).unwrap();
        }
        let started = Instant::now();
        let outcome = impatient().send(&hook(&receiver), &load(), now()).await;
        let (code, error, after) = retry_with(outcome);
        assert!(started.elapsed() < Duration::from_secs(3));
        assert_eq!((code, after), (-1, None));
        assert!(error.contains(word) && !error.contains("PATH"), "{error}");
    }
}

#[tokio::test]
async fn f05_an_answer_without_end_is_read_to_the_cap_only() {
    let head = "HTTP/1.1 400 Bad Request\r\ncontent-length: 99999999999\r\n\r\n";
    let receiver = Receiver::start(Play::Flood(head)).await;
    let started = Instant::now();
    let (code, error) = dead_with(attempt(&receiver).await);
    assert!(started.elapsed() < Duration::from_secs(5), "half of the deadline");
    assert_eq!(code, 400);
    assert!(error.len() < 250, "{error}");
}

#[tokio::test]
async fn a15_a_status_stands_even_if_the_body_never_comes() {
    let receiver =
        Receiver::start(Play::Stall("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n")).await;
    let outcome = impatient().send(&hook(&receiver), &load(), now()).await;
    assert_eq!(outcome, Outcome::Done { code: 200 });
}

#[tokio::test]
async fn f05_this_machine_is_not_called_unless_the_operator_allows_it() {
    let mut receiver = Receiver::answering("200 OK", "", "ok").await;
    let closed = Channels::new(ChannelConfig::default()).unwrap();
    let port = receiver.url.port().unwrap();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"] {
        let url = Url::parse(&format!("http://{host}:{port}/hook")).unwrap();
        let webhook = Destination::Webhook {
            to: at(url.clone()),
            secrets: vec![WHSEC.into()],
            headers: Vec::new(),
            auth: None,
            manner: Manner::default(),
        };
        for destination in [webhook, Destination::Slack { to: at(url) }] {
            let (code, error) = dead_with(closed.send(&destination, &load(), now()).await);
            assert_eq!(code, -1);
            assert!(error.contains("SERENO_ALLOW_PRIVATE_TARGETS"), "{host}: {error}");
        }
    }
    assert!(closed.check_url(&receiver.url).is_err());
    let odd = Url::parse("http://a`b.example/x").unwrap();
    assert!(closed.check_url(&odd).unwrap_err().contains("over HTTP"));
    assert!(receiver.requests.try_recv().is_err(), "nothing was sent");
    assert_eq!(attempt(&receiver).await, Outcome::Done { code: 200 });
    let named = Url::parse(&format!("http://localhost:{port}/hook")).unwrap();
    let slack = Destination::Slack { to: at(named) };
    assert_eq!(channels().send(&slack, &load(), now()).await, Outcome::Done { code: 200 });
}

#[tokio::test]
async fn f07_what_did_not_answer_is_told_by_what_went_wrong_with_it() {
    // Neither HTTP nor TLS speaks here.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let garbled = async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = [0; 4_096];
            let read = stream.read(&mut asked).await.unwrap_or_default();
            assert!(read > 0);
            stream.write_all(b"garbage, and no more of it\r\n\r\n").await.ok();
        }
    };
    let serving = tokio::spawn(garbled);
    for (url, begins) in [
        (format!("http://127.0.0.1:{port}/"), NOT_HTTP),
        (format!("https://127.0.0.1:{port}/"), TLS_FAILED),
        ("http://nowhere.invalid/".to_owned(), NAME_UNKNOWN),
        ("http://127.0.0.1:1/".to_owned(), REFUSED),
    ] {
        let destination = Destination::Webhook {
            to: at(url.parse().unwrap()),
            secrets: vec![WHSEC.into()],
            headers: Vec::new(),
            auth: None,
            manner: Manner::default(),
        };
        let outcome = channels().send(&destination, &load(), now()).await;
        let Outcome::Retry { code: -1, error, .. } = &outcome else { panic!("{outcome:?}") };
        assert!(error.starts_with(begins), "{url}: {error}");
    }
    serving.abort();
}
