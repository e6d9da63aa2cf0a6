//! What sources send: verified, taken once, kept as it came, and read afterwards.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sereno::client::Client;
use sha2::Sha256;

use crate::process::Process;
use crate::support::House;

pub(crate) const B05: &str = "/bird/events/webhook";
pub(crate) const SECRET: &str = "secret-of-the-sender";
pub(crate) const TENANT: &str = "/api/v1/admin/tenants/default";

pub(crate) fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.chain_update(message).finalize().into_bytes().to_vec()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn now_s() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

/// A request as it goes out: status, `Retry-After`, answer.
pub(crate) async fn post(
    house: &House,
    path: &str,
    headers: &[(&str, String)],
    body: &[u8],
) -> (u16, Option<String>, Value) {
    send(&house.api, path, headers, body).await
}

async fn send(
    client: &Client,
    path: &str,
    headers: &[(&str, String)],
    body: &[u8],
) -> (u16, Option<String>, Value) {
    let mut request = client.http.post(client.url(path)).body(body.to_vec());
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let wait = response.headers().get("retry-after").map(|v| v.to_str().unwrap().to_owned());
    let bytes = response.bytes().await.unwrap();
    let text = || Value::from(String::from_utf8_lossy(&bytes).into_owned());
    (status, wait, serde_json::from_slice(&bytes).unwrap_or_else(|_| text()))
}

/// The headers of row B05 over a body.
pub(crate) fn b05(body: &[u8], at_s: i64) -> Vec<(&'static str, String)> {
    let signature = hex(&hmac(SECRET.as_bytes(), &[body, at_s.to_string().as_bytes()].concat()));
    vec![("X-Webhook-Signature", signature), ("X-Webhook-Timestamp", at_s.to_string())]
}

pub(crate) fn event(id: &str, event_type: &str) -> Vec<u8> {
    let event = json!({"event_id": id, "event_type": event_type,
        "timestamp": "2026-01-20T20:00:00Z", "data": {"order_id": "O-1", "amount": 10}});
    event.to_string().into_bytes()
}

pub(crate) async fn with(sources: Value) -> House {
    let house = House::new().await;
    house.settle(json!({ "sources": sources })).await;
    house
}

/// The inbound log's lines, the newest first.
pub(crate) async fn letters(house: &House) -> Vec<Value> {
    let log = house.api.get("/api/v1/inbound-log?limit=200").await.unwrap();
    log["items"].as_array().unwrap().clone()
}

pub(crate) async fn event_there(house: &House, id: &str) -> Value {
    let list = |answer: &Value| {
        answer["items"].as_array().unwrap().iter().any(|event| event["event_id"] == id)
    };
    let all = house.eventually("/api/v1/events?limit=200", list).await;
    let events = all["items"].as_array().unwrap();
    events.iter().find(|event| event["event_id"] == id).unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn b05_a_signed_event_is_kept_and_becomes_an_event_of_ours() {
    let house = with(json!({"crm": {"verifier": "sereno", "secret": SECRET}})).await;
    let body = event("evt-1", "order.completed");
    let (status, _, answer) = post(&house, B05, &b05(&body, now_s()), &body).await;
    assert_eq!((status, &answer["ok"], &answer["duplicate"]), (200, &json!(true), &json!(false)));
    let id = answer["id"].as_str().unwrap();
    let event = event_there(&house, "evt-1").await;
    assert_eq!(
        (&event["event_type"], &event["data"]["order_id"]),
        (&json!("order.completed"), &json!("O-1"))
    );
    house.read().await;
    let letter = house.api.get(&format!("/api/v1/inbound-log/{id}")).await.unwrap();
    assert_eq!((&letter["status"], &letter["event_ids"]), (&json!("processed"), &json!(["evt-1"])));
    assert_eq!(
        (&letter["source"], &letter["body"]),
        (&json!("crm"), &json!(String::from_utf8(body).unwrap()))
    );
    assert_eq!(letter["peer"], "127.0.0.1");
}

#[tokio::test(flavor = "multi_thread")]
async fn b05_what_is_not_signed_stale_or_played_back_is_refused_and_logged_as_such() {
    let house = with(json!({"crm": {"verifier": "sereno", "secret": SECRET}})).await;
    let body = event("evt-1", "order.completed");
    let now = now_s();
    let good = b05(&body, now);
    let changed = |index: usize, value: &str| {
        let mut headers = good.clone();
        headers[index].1 = value.to_owned();
        headers
    };
    let github =
        ("X-Hub-Signature-256", format!("sha256={}", hex(&hmac(SECRET.as_bytes(), &body))));
    for (headers, body, why) in [
        (Vec::new(), &body, "is missing"),
        (vec![good[0].clone()], &body, "is missing"),
        (changed(0, "00"), &body, "not made over these bytes"),
        (changed(1, &(now + 1).to_string()), &body, "not made over these bytes"),
        (changed(1, "soon"), &body, "seconds since 1970"),
        (b05(&body, now - 301), &body, "s from now"),
        (b05(&body, now + 400), &body, "s from now"),
        (good.clone(), &body[..body.len() - 1].to_vec(), "not made over these bytes"),
        (vec![github], &body, "is missing"),
    ] {
        let (status, _, answer) = post(&house, B05, &headers, body).await;
        let detail = answer["detail"].as_str().unwrap();
        assert!(status == 401 && detail.contains(why), "{status} {detail}, not {why}");
    }
    assert_eq!(post(&house, B05, &good, &body).await.0, 200);
    let (status, _, answer) = post(&house, B05, &good, &body).await;
    assert_eq!(status, 401, "{answer}");
    assert!(answer["detail"].as_str().unwrap().contains("came before"), "{answer}");
    let signed_anew = b05(&body, now - 1);
    assert_eq!(post(&house, B05, &signed_anew, &body).await.0, 200, "and the event is a duplicate");
    let house = house.restarted().await;
    assert_eq!(post(&house, B05, &good, &body).await.0, 401, "a restart forgets nothing");
    event_there(&house, "evt-1").await;
    let log = letters(&house).await;
    let refused = log.iter().filter(|letter| letter["refused"] == true).count();
    assert_eq!(refused, 11, "{log:#?}");
    assert!(
        log.iter()
            .any(|letter| letter["error"].as_str().unwrap_or_default().contains("came before"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn b08_a_type_that_nobody_knows_gets_400_or_is_stored_if_the_source_says_so() {
    let house = with(json!({"crm": {"verifier": "sereno", "secret": SECRET}})).await;
    let now = now_s();
    for (body, why) in [
        (event("e1", "moon.landed"), "not in the catalogue"),
        (b"{\"data\": {}}".to_vec(), "event_type"),
        (b"[]".to_vec(), "body"),
        (b"{\"event_type\": 7}".to_vec(), "event_type"),
        (b"{\"event_type\": \"order.completed\", \"data\": []}".to_vec(), "data"),
        (b"{\"event_type\": \"reservation.created\"}".to_vec(), "reservation_id"),
        (b"{\"event_type\"".to_vec(), "not JSON"),
        (b"\xff\xfe".to_vec(), "not JSON"),
    ] {
        let (status, _, answer) = post(&house, B05, &b05(&body, now), &body).await;
        let detail = answer["detail"].as_str().unwrap();
        assert!(status == 400 && detail.contains(why), "{status} {detail}, not {why}");
    }
    let store = json!({"sources": {"crm": {"unknown_types": "store"}}});
    house.api.patch(TENANT, &store).await.unwrap();
    let body = event("e2", "moon.landed");
    assert_eq!(post(&house, B05, &b05(&body, now), &body).await.0, 200);
    event_there(&house, "e2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b05_the_tenant_is_the_one_that_is_named_or_the_default() {
    let house = House::new().await;
    let other = json!({"id": "other", "name": "Other",
        "settings": {"sources": {"crm": {"verifier": "sereno", "secret": SECRET}}}});
    house.admin.post("/api/v1/admin/tenants", &other).await.unwrap();
    let own = json!({"crm": {"verifier": "sereno", "secret": "another-secret"}});
    let two = json!({"old": {"verifier": "sereno", "secret": SECRET}, "crm": own["crm"]});
    let (now, mut number) = (now_s(), 0);
    for (sources, path, tenant, status) in [
        (json!({}), B05, None, 401),
        (own, B05, None, 401),
        (two, B05, None, 200),
        (json!({}), "/bird/events/webhook?tenant=other", None, 200),
        (json!({}), B05, Some("other"), 200),
        (json!({}), "/bird/events/webhook?tenant=default", Some("other"), 401),
        (json!({}), "/bird/events/webhook?tenant=nobody", None, 404),
        (json!({}), B05, Some("no/body"), 404),
    ] {
        house.api.patch(TENANT, &json!({"sources": {"crm": null, "old": null}})).await.unwrap();
        house.api.patch(TENANT, &json!({ "sources": sources })).await.unwrap();
        number += 1;
        let body = event(&format!("evt-{number}"), "order.completed");
        let mut headers = b05(&body, now);
        headers.extend(tenant.map(|tenant| ("X-Tenant", tenant.to_owned())));
        let (got, _, answer) = post(&house, path, &headers, &body).await;
        assert_eq!(got, status, "{path} {tenant:?} {sources}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b05_a_kill_forgets_no_signature_and_no_delivery() {
    let data = tempfile::tempdir().unwrap();
    let server = Process::start(data.path(), "http://127.0.0.1:9");
    let client = server.client(data.path());
    let settings = json!({"sources": {"crm": {"verifier": "sereno", "secret": SECRET},
        "shop": {"verifier": "shopify", "secret": "shpss"}}});
    client.patch(TENANT, &settings).await.unwrap();
    let (first, order) = (event("evt-1", "order.completed"), br#"{"id":1}"#);
    let signed = b05(&first, now_s());
    let shopify = vec![
        ("X-Shopify-Hmac-SHA256", STANDARD.encode(hmac(b"shpss", order))),
        ("X-Shopify-Topic", "orders/paid".to_owned()),
        ("X-Shopify-Webhook-Id", "w-1".to_owned()),
    ];
    const SHOP: &str = "/webhooks/in/default/shop";
    assert_eq!(send(&client, B05, &signed, &first).await.0, 200);
    let (status, _, kept) = send(&client, SHOP, &shopify, order).await;
    assert_eq!((status, &kept["duplicate"]), (200, &json!(false)));
    server.kill();
    let server = Process::start(data.path(), "http://127.0.0.1:9");
    let client = server.client(data.path());
    let (status, _, answer) = send(&client, B05, &signed, &first).await;
    assert!(
        status == 401 && answer["detail"].as_str().unwrap().contains("came before"),
        "{answer}"
    );
    let (status, _, again) = send(&client, SHOP, &shopify, order).await;
    assert_eq!((status, &again["duplicate"], &again["id"]), (200, &json!(true), &kept["id"]));
    server.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn d01_a_source_that_sends_again_is_answered_and_taken_once() {
    let house = with(json!({
        "shop": {"verifier": "shopify", "secret": "shpss"},
        "repo": {"verifier": "github", "secret": "gh-secret"},
        "pay": {"verifier": "stripe", "secret": "whsec_demo"},
        "std": {"verifier": "standard", "secret": crate::support::SECRET},
    }))
    .await;
    let body = br#"{"id":"evt_7","type":"invoice.paid","created":1700000000}"#;
    let now = now_s();
    let stripe = |at: i64| {
        let signature = hex(&hmac(b"whsec_demo", &[format!("{at}.").as_bytes(), body].concat()));
        vec![("Stripe-Signature", format!("t={at},v1={signature}"))]
    };
    let shopify = vec![
        ("X-Shopify-Hmac-SHA256", STANDARD.encode(hmac(b"shpss", body))),
        ("X-Shopify-Topic", "orders/paid".to_owned()),
        ("X-Shopify-Webhook-Id", "w-1".to_owned()),
    ];
    let github = vec![
        ("X-Hub-Signature-256", format!("sha256={}", hex(&hmac(b"gh-secret", body)))),
        ("X-GitHub-Event", "push".to_owned()),
        ("X-GitHub-Delivery", "d-1".to_owned()),
    ];
    // Signed by the scheme's own library, anew each time.
    let standard = |at: i64| {
        let hook = standardwebhooks::Webhook::new(crate::support::SECRET).unwrap();
        let signature = hook.sign("msg_1", at, body).unwrap();
        vec![
            ("webhook-id", "msg_1".to_owned()),
            ("webhook-timestamp", at.to_string()),
            ("webhook-signature", signature),
        ]
    };
    for (source, first, again, event_type) in [
        ("pay", stripe(now), stripe(now - 1), "stripe.invoice.paid"),
        ("shop", shopify.clone(), shopify, "shopify.orders.paid"),
        ("repo", github.clone(), github, "github.push"),
        ("std", standard(now), standard(now - 1), "std.received"),
    ] {
        let path = format!("/webhooks/in/default/{source}");
        let (status, _, one) = post(&house, &path, &first, body).await;
        assert_eq!((status, &one["duplicate"]), (200, &json!(false)), "{source}: {one}");
        let (status, _, two) = post(&house, &path, &again, body).await;
        assert_eq!((status, &two["duplicate"], &two["id"]), (200, &json!(true), &one["id"]));
        let of_type = format!("/api/v1/events?type={event_type}");
        let came = |answer: &Value| answer["items"].as_array().is_some_and(|all| all.len() == 1);
        house.eventually(&of_type, came).await;
    }
    assert_eq!(letters(&house).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn d01_a_thousand_at_once_are_one_and_nobody_is_told_before_it_is_kept() {
    let house =
        with(json!({"std": {"verifier": "standard", "secret": crate::support::SECRET}})).await;
    let now = now_s();
    let body = br#"{"type":"order.completed","data":{"order_id":"O-1"}}"#;
    let hook = svix::webhooks::Webhook::new(crate::support::SECRET).unwrap();
    let signature = hook.sign("msg_1", now, body).unwrap();
    let headers = vec![
        ("svix-id", "msg_1".to_owned()),
        ("svix-timestamp", now.to_string()),
        ("svix-signature", signature),
    ];
    let mut answers = BTreeMap::new();
    for _ in 0..20 {
        let many = (0..50).map(|_| post(&house, "/webhooks/in/default/std", &headers, body));
        for (status, _, answer) in futures_util::future::join_all(many).await {
            let key = (status, answer["duplicate"].as_bool(), answer["id"].to_string());
            *answers.entry(key).or_insert(0) += 1;
        }
    }
    let counts: Vec<_> = answers.iter().map(|((s, dup, _), count)| (*s, *dup, *count)).collect();
    assert_eq!(counts, [(200, Some(false), 1), (200, Some(true), 999)], "{answers:?}");
    event_there(&house, "std-msg_1").await;
    assert_eq!(letters(&house).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn d01_senders_are_answered_as_they_expect_and_secrets_are_not_kept() {
    let url = "https://hooks.example.com/webhooks/in/default/sms";
    let house = with(json!({
        "chat": {"verifier": "slack", "secret": "slack-secret"},
        "key": {"verifier": "header", "header": "X-Shop-Auth", "secret": "KEY-OF-THE-SHOP"},
        "bird": {"verifier": "bird", "secret": "bird_demo", "url": url},
    }))
    .await;
    let now = now_s();
    let body = br#"{"type":"url_verification","challenge":"3eZbrw1aB"}"#;
    let signature = hmac(b"slack-secret", &[format!("v0:{now}:").as_bytes(), body].concat());
    let slack = vec![
        ("X-Slack-Signature", format!("v0={}", hex(&signature))),
        ("X-Slack-Request-Timestamp", now.to_string()),
    ];
    let (status, _, answer) = post(&house, "/webhooks/in/default/chat", &slack, body).await;
    assert_eq!((status, answer), (200, json!("3eZbrw1aB")));
    let key = vec![("X-Shop-Auth", "KEY-OF-THE-SHOP".to_owned())];
    let (status, _, answer) = post(&house, "/webhooks/in/default/key", &key, b"{\"a\":1}").await;
    assert_eq!(status, 200);
    let id = answer["id"].as_str().unwrap();
    let letter = house.api.get(&format!("/api/v1/inbound-log/{id}")).await.unwrap();
    assert!(!letter.to_string().contains("KEY-OF-THE-SHOP"), "{letter}");
    let body = json!({"service": "channels", "event": "whatsapp.inbound", "payload": {"id": "m-1",
        "channelId": "ch", "sender": {"contact": {"id": "c-1", "identifierKey": "phonenumber",
        "identifierValue": "+34600000001"}}, "body": {"type": "text", "text": {"text": "Hola"}}}});
    let body = body.to_string().into_bytes();
    let digest = <Sha256 as sha2::Digest>::digest(&body);
    let signed = [format!("{now}\n{url}\n").as_bytes(), &digest].concat();
    let bird = vec![
        ("messagebird-signature", STANDARD.encode(hmac(b"bird_demo", &signed))),
        ("messagebird-request-timestamp", now.to_string()),
    ];
    let (status, _, answer) = post(&house, "/webhooks/bird/default", &bird, &body).await;
    assert_eq!(status, 200, "{answer}");
    let event = event_there(&house, "bird-m-1").await;
    assert_eq!(event["event_type"], "conversation.message.received");
    assert!(!event.to_string().contains("34600000001"), "the number does not leave the house");
    assert_eq!(post(&house, "/webhooks/bird/default", &[], &body).await.0, 401);
}
