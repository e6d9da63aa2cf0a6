//! What sources send that is wrong, or too much: refused with a reason, and never the server's fault.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::sources_inbound::{
    B05, SECRET, TENANT, b05, event, hex, hmac, letters, now_s, post, with,
};
use crate::support::House;

/// Nothing of what a test refuses is taken for too many refusals.
async fn patient(sources: Value) -> House {
    let house = with(sources).await;
    let limits = json!({"limits": {"inbound_refused_per_minute": 0}});
    house.api.patch(TENANT, &limits).await.unwrap();
    house
}

#[tokio::test(flavor = "multi_thread")]
async fn d01_only_the_configured_schemes_headers_count_whatever_else_is_shown() {
    let house = patient(json!({
        "repo": {"verifier": "github", "secret": "gh-secret"},
        "pay": {"verifier": "stripe", "secret": "whsec_demo"},
        "crm": {"verifier": "sereno", "secret": SECRET},
    }))
    .await;
    let (body, now) = (event("evt-1", "order.completed"), now_s());
    let github = |key: &[u8]| {
        vec![
            ("X-Hub-Signature-256", format!("sha256={}", hex(&hmac(key, &body)))),
            ("X-GitHub-Event", "push".to_owned()),
        ]
    };
    let stripe = |at: i64| {
        let signed = [format!("{at}.").as_bytes(), &body[..]].concat();
        vec![("Stripe-Signature", format!("t={at},v1={}", hex(&hmac(b"whsec_demo", &signed))))]
    };
    let both = |one: &[(&'static str, String)], two: &[(&'static str, String)]| [one, two].concat();
    let ours = b05(&body, now);
    for (source, headers, status) in [
        ("repo", both(&github(b"wrong"), &stripe(now)), 401),
        ("repo", both(&github(b"gh-secret"), &stripe(now - 9_999)), 200),
        ("pay", both(&github(b"gh-secret"), &stripe(now - 301)), 401),
        ("pay", both(&github(b"wrong"), &stripe(now)), 200),
        ("crm", both(&github(b"gh-secret"), &stripe(now)), 401),
        ("crm", both(&ours, &github(b"wrong")), 200),
        // The same header twice could mean two things to two readers.
        ("repo", both(&github(b"gh-secret"), &github(b"wrong")), 401),
        ("crm", both(&ours, &b05(&body, now - 1)), 401),
    ] {
        let path = format!("/webhooks/in/default/{source}");
        let (got, _, answer) = post(&house, &path, &headers, &body).await;
        assert_eq!(got, status, "{source} {headers:?}: {answer}");
    }
    let log = letters(&house).await;
    let refused: Vec<_> = log.iter().filter(|letter| letter["refused"] == true).collect();
    assert_eq!((log.len(), refused.len()), (8, 5));
    assert!(refused.iter().all(|letter| letter["error"].is_string()), "{refused:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn d06_what_comes_for_a_source_that_is_not_there_is_logged_all_the_same() {
    let house =
        patient(json!({"shop": {"verifier": "github", "secret": "s", "enabled": false}})).await;
    let long = format!("/webhooks/in/default/{}", "x".repeat(3_000));
    for (path, status) in [
        ("/webhooks/in/default/nothing", 404),
        ("/webhooks/in/default/shop", 404),
        ("/webhooks/in/default/%F0%9F%90%A6", 404),
        (&*long, 404),
        ("/webhooks/in/nobody/shop", 404),
        ("/webhooks/in/NO%20BODY/shop", 404),
        ("/webhooks/bird/nobody", 404),
        ("/webhooks/bird/default", 401),
        (B05, 401),
    ] {
        let (got, _, answer) = post(&house, path, &[], b"{}").await;
        assert_eq!((got, &answer["ok"]), (status, &json!(false)), "{path}: {answer}");
    }
    let log = letters(&house).await;
    let sources: Vec<_> = log.iter().map(|letter| letter["source"].as_str().unwrap()).collect();
    assert_eq!(&sources[..2], ["bird", "bird"]);
    assert_eq!(&sources[3..], ["🐦", "shop", "nothing"]);
    assert_eq!(sources[2].len(), 63, "a long name is cut off");
    for (path, method) in [(B05, "GET"), ("/webhooks/in/default/shop", "PUT")] {
        assert_eq!(house.raw(method, path, "").await.0, 405, "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d07_genuine_nonsense_is_kept_or_refused_and_never_the_servers_fault() {
    let house = patient(json!({
        "crm": {"verifier": "sereno", "secret": SECRET},
        "repo": {"verifier": "github", "secret": "gh-secret"},
        "pay": {"verifier": "stripe", "secret": "whsec_demo"},
        "talk": {"verifier": "slack", "secret": "slack-secret"},
        "shop": {"verifier": "shopify", "secret": "shpss", "map": [
            {"match": {"body": {"a.b[0]": "x"}}, "event_type": "order.completed",
             "data": {"order_id": "{{ a.b[0].c }}", "amount": "{{ total | upper }}"}},
            {"event_type": "{{ type }}"}]},
    }))
    .await;
    let deep = format!(r#"{{"event_type":{}"#, "[".repeat(3 << 20)).into_bytes();
    let wide =
        format!(r#"{{"event_type":"order.completed","data":{{"a":[{}0]}}}}"#, "0,".repeat(1 << 20));
    let numbers =
        br#"{"id":7,"type":7,"action":7,"event_id":7,"event_type":7,"data":7,"a":{"b":7}}"#;
    let empty = br#"{"id":{},"type":[],"event":null,"event_type":{},"data":[],"a":{"b":[]}}"#;
    let cut = br#"{"event_id":"evt-1","event_type":"order.comp"#;
    let bodies: [&[u8]; 11] = [
        &deep,
        wide.as_bytes(),
        numbers,
        empty,
        cut,
        b"",
        b"null",
        b"7",
        b"\xff\xfe",
        b"{}",
        b"a=b&c",
    ];
    let now = now_s();
    for (number, body) in bodies.into_iter().enumerate() {
        let at = now - i64::try_from(number).unwrap();
        let stripe = hex(&hmac(b"whsec_demo", &[format!("{at}.").as_bytes(), body].concat()));
        let slack = hex(&hmac(b"slack-secret", &[format!("v0:{at}:").as_bytes(), body].concat()));
        let github = format!("sha256={}", hex(&hmac(b"gh-secret", body)));
        for (source, headers, wanted) in [
            ("crm", b05(body, at), [200, 400]),
            ("repo", vec![("X-Hub-Signature-256", github)], [200, 200]),
            ("pay", vec![("Stripe-Signature", format!("t={at},v1={stripe}"))], [200, 200]),
            (
                "talk",
                vec![
                    ("X-Slack-Signature", format!("v0={slack}")),
                    ("X-Slack-Request-Timestamp", at.to_string()),
                ],
                [200, 200],
            ),
            (
                "shop",
                vec![("X-Shopify-Hmac-SHA256", STANDARD.encode(hmac(b"shpss", body)))],
                [200, 200],
            ),
        ] {
            let path = format!("/webhooks/in/default/{source}");
            let (status, _, answer) = post(&house, &path, &headers, body).await;
            assert!(wanted.contains(&status), "{source}, body {number}: {status} {answer}");
        }
    }
    house.read().await;
    for letter in letters(&house).await {
        let ended =
            ["processed", "invalid", "refused"].contains(&letter["status"].as_str().unwrap());
        assert!(ended, "{letter}");
        assert_eq!(letter["error"].is_null(), letter["status"] == "processed", "{letter}");
        assert!(!letter["error"].to_string().contains("internal error"), "{letter}");
    }
    // And the server goes on as if nothing had been.
    let body = event("evt-after", "order.completed");
    assert_eq!(post(&house, B05, &b05(&body, now), &body).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn d07_a_body_that_is_cut_short_or_too_long_leads_to_nothing() {
    let house = patient(json!({"crm": {"verifier": "sereno", "secret": SECRET}})).await;
    let body = event("evt-1", "order.completed");
    let head: String = b05(&body, now_s()).iter().map(|(n, v)| format!("{n}: {v}\r\n")).collect();
    let host = house.base.trim_start_matches("http://");
    let length = body.len() + 10;
    let head = format!("POST {B05} HTTP/1.1\r\nhost: x\r\n{head}content-length: {length}\r\n\r\n");
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(&[head.as_bytes(), &body].concat()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer));
    read.await.unwrap().unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    let large = vec![b'x'; 5 << 20];
    assert_eq!(post(&house, B05, &b05(&large, now_s()), &large).await.0, 413);
    let log = letters(&house).await;
    assert!(log.iter().all(|letter| letter["refused"] == true), "{log:#?}");
    assert!(log[0]["error"].as_str().unwrap().contains("at most 4 MiB"), "{log:#?}");
    // Cut off before it came, the delivery is as genuine as ever.
    assert_eq!(post(&house, B05, &b05(&body, now_s()), &body).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn b12_an_address_and_a_sender_get_what_the_source_allows_and_then_429() {
    let limit = json!({"per_minute": 60, "burst": 10});
    let per_ip = json!({"per_ip_per_minute": 50, "burst": 5});
    let house = with(json!({
        "all": {"verifier": "bearer", "secret": "token-of-all", "limit": limit},
        "each": {"verifier": "bearer", "secret": "token-of-each", "limit": per_ip},
        "free": {"verifier": "bearer", "secret": "token-of-free"},
    }))
    .await;
    for (source, most) in [("all", 10), ("each", 5), ("free", 30)] {
        let path = format!("/webhooks/in/default/{source}");
        let token = vec![("Authorization", format!("Bearer token-of-{source}"))];
        let mut taken = 0;
        for _ in 0..30 {
            let (status, wait, answer) = post(&house, &path, &token, b"{}").await;
            match status {
                200 => taken += 1,
                429 => {
                    let wait: u64 = wait.unwrap().parse().unwrap();
                    assert!((1..=2).contains(&wait), "{answer}");
                }
                other => panic!("{other}: {answer}"),
            }
        }
        assert!((most..=most + 3).contains(&taken), "{source}: {taken}");
    }
    let log = house.api.get("/api/v1/inbound-log?refused=true&limit=200").await.unwrap();
    let refused = log["items"].as_array().unwrap();
    assert!(refused.iter().all(|letter| letter["error"] == "too much is sent here"), "{log:#?}");
    assert!(refused.len() >= 40, "{log:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn b12_who_guesses_gets_429_and_who_signs_is_believed_all_the_same() {
    let house = with(json!({"crm": {"verifier": "sereno", "secret": SECRET}})).await;
    let body = event("evt-1", "order.completed");
    let mut seen = BTreeMap::new();
    for _ in 0..30 {
        let (status, wait, _) = post(&house, B05, &[], &body).await;
        assert_eq!(status == 429, wait.is_some());
        *seen.entry(status).or_insert(0) += 1;
    }
    assert!((10..=12).contains(&seen[&401]) && seen[&429] >= 18, "{seen:?}");
    assert_eq!(post(&house, B05, &b05(&body, now_s()), &body).await.0, 200);
    // Nobody behind a connection may say that they are somebody else.
    let forged = vec![("X-Forwarded-For", "203.0.113.9".to_owned())];
    assert_eq!(post(&house, B05, &forged, &body).await.0, 429);
}
