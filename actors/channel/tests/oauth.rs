//! Tokens from token endpoints that give, refuse, fail and hang, over real sockets.

use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use parking_lot::Mutex;
use sereno_workflows::time::Span;
use sereno_workflows::why::TOKEN_ENDPOINT;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::receiver::{Play, Receiver, answer, read};
use super::*;

const NOW: Timestamp = Timestamp(1_763_900_000_000);

/// Answers each request by its number, from 0.
struct Scripted {
    url: Url,
    requests: Arc<Mutex<Vec<(HeaderMap, String)>>>,
    _tasks: JoinSet<()>,
}

impl Scripted {
    async fn start(script: impl Fn(usize) -> String + Send + Sync + 'static) -> Self {
        use tokio::io::AsyncWriteExt as _;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/x", listener.local_addr().unwrap()).parse().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (kept, script, count) = (Arc::clone(&requests), Arc::new(script), AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let Some((headers, body)) = read(&mut stream).await else { continue };
                kept.lock().push((headers, String::from_utf8(body).unwrap()));
                let text = script(count.fetch_add(1, Ordering::Relaxed));
                stream.write_all(text.as_bytes()).await.unwrap();
            }
        });
        Self { url, requests, _tasks: tasks }
    }

    /// Gives out the tokens t1, t2 and so on.
    async fn tokens(expires_in: &'static str) -> Self {
        Self::start(move |number| {
            let number = number + 1;
            let body =
                format!(r#"{{"access_token":"t{number}","token_type":"Bearer"{expires_in}}}"#);
            answer("200 OK", "", &body)
        })
        .await
    }

    async fn statuses(statuses: &'static [&'static str]) -> Self {
        Self::start(|number| answer(statuses.get(number).unwrap_or(&"200 OK"), "", "")).await
    }

    fn count(&self) -> usize {
        self.requests.lock().len()
    }

    fn authorizations(&self) -> Vec<String> {
        let text = |headers: &HeaderMap| headers["authorization"].to_str().unwrap().to_owned();
        self.requests.lock().iter().map(|(headers, _)| text(headers)).collect()
    }
}

fn to(target: &Url, token_url: &Url) -> Destination {
    let account = ClientCredentials {
        token_url: token_url.to_string(),
        client_id: "id:1".into(),
        client_secret: "SECRET&".into(),
        scope: Some("a b".into()),
        audience: Some("https://crm".into()),
    };
    Destination::Webhook {
        to: at(target.clone()),
        secrets: vec!["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()],
        headers: Vec::new(),
        auth: Some(Auth::Oauth2(account)),
        manner: Manner { owner: "t/endpoint/1".into(), ..Manner::default() },
    }
}

#[tokio::test]
async fn e04_a_refused_token_is_renewed_once_and_the_same_attempt_succeeds() {
    let tokens = Scripted::tokens(r#","expires_in":3600"#).await;
    let target = Scripted::statuses(&["200 OK", "401 Unauthorized"]).await;
    let (channels, destination) = (channels(), to(&target.url, &tokens.url));
    for _ in 0..3 {
        let outcome = channels.send(&destination, &load(), NOW).await;
        assert_eq!(outcome, Outcome::Done { code: 200 });
    }
    assert_eq!(target.authorizations(), ["Bearer t1", "Bearer t1", "Bearer t2", "Bearer t2"]);
    assert_eq!(tokens.count(), 2, "the second token stays");
    let (headers, body) = tokens.requests.lock()[0].clone();
    let pair = STANDARD.encode("id%3A1:SECRET%26");
    assert_eq!(headers["authorization"], format!("Basic {pair}").as_str(), "RFC 6749, 2.3.1");
    assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(body, "grant_type=client_credentials&scope=a+b&audience=https%3A%2F%2Fcrm");
}

#[tokio::test]
async fn e04_a_second_refusal_is_final() {
    let tokens = Scripted::tokens("").await;
    let target = Scripted::statuses(&["401 Unauthorized"; 9]).await;
    let destination = to(&target.url, &tokens.url);
    let (code, error) = dead_with(channels().send(&destination, &load(), NOW).await);
    assert_eq!((code, target.count(), tokens.count()), (401, 2, 2), "{error}");
    assert!(!error.contains("t2") && !error.contains("SECRET"), "{error}");
}

#[tokio::test]
async fn c02_a_hundred_attempts_at_once_fetch_one_token_or_share_one_refusal() {
    let tokens = Scripted::tokens(r#","expires_in":"3600""#).await;
    let failing = Scripted::statuses(&["500 Internal Server Error"; 100]).await;
    let target = Scripted::statuses(&[]).await;
    let channels = channels();
    for (from, done) in [(&tokens, 100), (&failing, 0)] {
        let (destination, load) = (to(&target.url, &from.url), load());
        let attempts = (0..100).map(|_| channels.send(&destination, &load, NOW));
        let outcomes = at_once(attempts).await;
        let arrived = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Done { .. }));
        assert_eq!((arrived.count(), from.count()), (done, 1));
    }
    assert_eq!(target.count(), 100);
}

/// All of them at once, on this one task.
async fn at_once<F: Future<Output = Outcome>>(all: impl Iterator<Item = F>) -> Vec<Outcome> {
    let mut all: Vec<_> = all.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(move |context| {
        for (future, outcome) in all.iter_mut().filter(|(_, outcome)| outcome.is_none()) {
            if let std::task::Poll::Ready(done) = future.as_mut().poll(context) {
                *outcome = Some(done);
            }
        }
        if all.iter().any(|(_, outcome)| outcome.is_none()) {
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(all.iter_mut().filter_map(|(_, outcome)| outcome.take()).collect())
    })
    .await
}

#[tokio::test]
async fn c02_a_token_is_used_until_shortly_before_its_end_and_by_its_owner_alone() {
    for (expires_in, fetched) in [
        (r#","expires_in":3600"#, 1),
        ("", 1),
        (r#","expires_in":0"#, 2),
        (r#","expires_in":-7"#, 2),
    ] {
        let tokens = Scripted::tokens(expires_in).await;
        let target = Scripted::statuses(&[]).await;
        let (channels, destination) = (channels(), to(&target.url, &tokens.url));
        for _ in 0..2 {
            channels.send(&destination, &load(), NOW).await;
        }
        assert_eq!(tokens.count(), fetched, "{expires_in}");
        let Destination::Webhook { to, secrets, headers, auth, .. } = destination else { panic!() };
        let manner = Manner { owner: "t/endpoint/2".into(), ..Manner::default() };
        let other = Destination::Webhook { to, secrets, headers, auth, manner };
        channels.send(&other, &load(), NOW).await;
        assert_eq!(tokens.count(), fetched + 1, "{expires_in}");
    }
}

#[tokio::test]
async fn c02_a_token_endpoint_that_gives_none_is_a_clear_outcome_without_its_secret() {
    let pause = Some(Span::minutes(15));
    let echo = r#"{"error":"invalid_client","error_description":"SECRET& is wrong"}"#;
    for (status, headers, body, code, word, after) in [
        ("500 Internal Server Error", "", "SECRET", 500, "answered 500", None),
        ("503 Service Unavailable", "retry-after: 7\r\n", "", 503, "503", Some(Span::seconds(7))),
        ("429 Too Many Requests", "", "", 429, "answered 429", None),
        ("401 Unauthorized", "", echo, 401, "refuses the client credentials", pause),
        ("400 Bad Request", "", r#"{"error":"SECRET"}"#, 400, "check client_id", pause),
        ("302 Found", "location: http://x/\r\n", "", 302, "not followed", pause),
        ("200 OK", "", "SECRET", 200, "without an access token", pause),
        ("200 OK", "", r#"{"access_token":"a b\n"}"#, 200, "no header can carry", pause),
        ("200 OK", "", r#"{"access_token":"a","token_type":"mac"}"#, 200, "bearer", pause),
    ] {
        let tokens = Scripted::start(move |_| answer(status, headers, body)).await;
        let target = Scripted::statuses(&[]).await;
        let destination = to(&target.url, &tokens.url);
        let outcome = channels().send(&destination, &load(), NOW).await;
        let (found, error, wait) = retry_with(outcome);
        assert_eq!((found, wait), (code, after), "{status} {error}");
        assert!(error.contains(word) && error.contains("the token endpoint"), "{error}");
        assert!(!error.contains("SECRET"), "{error}");
        assert_eq!(target.count(), 0, "nothing goes out without a token");
        if code == 401 {
            assert!(error.contains("invalid_client"), "{error}");
        }
    }
    let long = "x".repeat(limits::TOKEN_BYTES_MAX + 1);
    let long = format!(r#"{{"access_token":"{long}"}}"#);
    let tokens = Scripted::start(move |_| answer("200 OK", "", &long)).await;
    let target = Scripted::statuses(&[]).await;
    let outcome = channels().send(&to(&target.url, &tokens.url), &load(), NOW).await;
    assert!(retry_with(outcome).1.contains("no header can carry"));
    let hanging = Receiver::start(Play::Hang).await;
    let target = Scripted::statuses(&[]).await;
    let outcome = impatient().send(&to(&target.url, &hanging.url), &load(), NOW).await;
    let (code, error, after) = retry_with(outcome);
    assert_eq!((code, after), (-1, None));
    assert_eq!(error, "the token endpoint: no answer within 0.4 s");
}

#[tokio::test]
async fn f05_a_token_endpoint_inside_the_house_is_not_called() {
    let tokens = Scripted::tokens("").await;
    let target = Scripted::statuses(&[]).await;
    let only_the_target = ChannelConfig {
        private_targets: vec!["127.0.0.1/32".parse().unwrap()],
        ..ChannelConfig::default()
    };
    let channels = Channels::new(only_the_target).unwrap();
    for host in ["127.0.0.2", "[::1]"] {
        let port = tokens.url.port().unwrap();
        let url = Url::parse(&format!("http://{host}:{port}/x")).unwrap();
        let (code, error) = dead_with(channels.send(&to(&target.url, &url), &load(), NOW).await);
        assert_eq!(code, -1);
        assert!(error.contains("token endpoint") && error.contains("PRIVATE_TARGETS"), "{error}");
    }
    assert_eq!((tokens.count(), target.count()), (0, 0));
}

#[tokio::test]
async fn the_tokens_that_are_kept_are_bounded() {
    let tokens = Scripted::tokens(r#","expires_in":3600"#).await;
    let target = Scripted::statuses(&[]).await;
    let channels = channels();
    let of = |owner: String| {
        let Destination::Webhook { to, secrets, headers, auth, .. } = to(&target.url, &tokens.url)
        else {
            panic!()
        };
        let manner = Manner { owner, ..Manner::default() };
        Destination::Webhook { to, secrets, headers, auth, manner }
    };
    for number in 0..=limits::TOKENS_MAX {
        channels.send(&of(number.to_string()), &load(), NOW).await;
    }
    let fetched = tokens.count();
    assert_eq!(fetched, limits::TOKENS_MAX + 1);
    channels.send(&of("1".into()), &load(), NOW).await;
    assert_eq!(tokens.count(), fetched, "still kept");
    channels.send(&of("0".into()), &load(), NOW).await;
    assert_eq!(tokens.count(), fetched + 1, "the one that was used longest ago went");
}

#[tokio::test]
async fn f05_a_token_is_not_read_in_an_answer_nor_in_where_it_points_to() {
    const TOKEN: &str = "token-0123456789";
    let endpoint = Scripted::start(|_| {
        let body = format!(r#"{{"access_token":"{TOKEN}","token_type":"Bearer"}}"#);
        answer("200 OK", "", &body)
    })
    .await;
    for (status, headers, body) in [
        ("400 Bad Request", "", format!("no {TOKEN}")),
        ("302 Found", "location: https://other.example/token-0123456789/x\r\n", String::new()),
    ] {
        let receiver = Scripted::start(move |_| answer(status, headers, &body)).await;
        let destination = to(&receiver.url, &endpoint.url);
        let answer = channels().attempt(&destination, &load(), NOW).await;
        let response = String::from_utf8(answer.response).unwrap();
        let (_, error) = dead_with(answer.outcome);
        assert!(error.contains("[hidden]") && !error.contains(TOKEN), "{error}");
        assert!(!response.contains(TOKEN), "{response}");
    }
}

#[tokio::test]
async fn e04_a_token_that_was_refused_and_cannot_be_renewed_was_sent_and_answered() {
    let tokens = Scripted::start(|number| match number {
        0 => answer("200 OK", "", r#"{"access_token":"t1","token_type":"Bearer"}"#),
        _ => answer("503 Service Unavailable", "", ""),
    })
    .await;
    let target = Scripted::statuses(&["401 Unauthorized"]).await;
    let destination = to(&target.url, &tokens.url);
    let (code, error, _) = retry_with(channels().send(&destination, &load(), NOW).await);
    assert_eq!(code, 401);
    let begins = format!("answered 401 Unauthorized; {TOKEN_ENDPOINT}");
    assert!(error.starts_with(&begins), "{error}");
}
