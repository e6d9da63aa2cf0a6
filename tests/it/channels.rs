//! What mail, Slack and WhatsApp ask for beyond a delivery that arrives.

use std::ffi::OsStr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sereno::receiver::any_port;
use sereno::receiver::webhook::{Behaviour, WebhookReceiver};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::process::Process;
use crate::support::{ENDPOINTS, House, PATIENCE, deliveries};

#[tokio::test(flavor = "multi_thread")]
async fn a14_a_mail_endpoint_may_offer_to_unsubscribe_and_no_other_kind_may() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let url = "https://casa.example/u?id=7";
    let with = |kind: &str, target: &str, url: &str| {
        json!({"kind": kind, "target": target, "unsubscribe_url": url}).to_string()
    };
    let long = format!("https://casa.example/{}", "x".repeat(900));
    for (kind, target, url) in [
        ("webhook", "http://127.0.0.1:9/x", url),
        ("email", "ana@example.com", "http://casa.example/u"),
        ("email", "ana@example.com", "mailto:u@casa.example"),
        ("email", "ana@example.com", "unsubscribe"),
        ("email", "ana@example.com", &long),
    ] {
        let (status, problem) = house.raw("POST", ENDPOINTS, with(kind, target, url)).await;
        assert_eq!(
            (status, problem["field"].as_str()),
            (422, Some("unsubscribe_url")),
            "{problem}"
        );
    }
    let (status, made) = house.raw("POST", ENDPOINTS, with("email", "ana@example.com", url)).await;
    assert_eq!((status, made["endpoint"]["unsubscribe_url"].as_str()), (201, Some(url)), "{made}");
    let house = house.restarted().await;
    house.settle(json!({})).await;
    house.event("client.created", json!({})).await;
    let mails = house.mail.inbox.wait(PATIENCE, |all| !all.is_empty()).await.unwrap();
    assert!(mails[0].content.contains(&format!("List-Unsubscribe: <{url}>\r\n")));
    let path = format!("{ENDPOINTS}/{}", made["id"]);
    let none = house.api.patch(&path, &json!({"unsubscribe_url": null})).await.unwrap();
    assert_eq!(none["unsubscribe_url"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a15_a_slack_webhook_gets_one_message_a_second_however_many_endpoints_share_it() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let webhook = house.webhook(json!({})).await;
    for _ in 0..2 {
        house.endpoint(json!({"kind": "slack", "target": house.slack.url()})).await;
    }
    let began = Instant::now();
    let events: Vec<Value> = (0..2).map(|_| json!({"event_type": "a.b", "data": {}})).collect();
    house.api.post("/api/v1/events", &Value::from(events)).await.unwrap();
    deliveries(&webhook, &["a.b", "a.b"]).await;
    assert!(began.elapsed() < Duration::from_secs(2), "the others do not wait");
    house.slack.inbox.wait(PATIENCE, |all| all.len() >= 4).await.unwrap();
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(2_900), "the first at once, then one a second: {took:?}");
    let slack = house.logged(6).await.into_iter().filter(|line| line["endpoint_id"] != 1);
    let attempts: Vec<_> = slack.map(|line| line["attempt"].as_u64()).collect();
    assert_eq!(attempts, [Some(1); 4], "waiting is no attempt");
}

#[tokio::test(flavor = "multi_thread")]
async fn a05_what_is_too_much_for_one_customer_waits_on_disk_and_holds_up_nobody_else() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let (busy, other) = ("34600000001", "34600000002");
    house.endpoint(json!({"kind": "whatsapp", "target": format!("+{busy}")})).await;
    let events: Vec<Value> = (0..50).map(|_| json!({"event_type": "a.b", "data": {}})).collect();
    let sent = house.api.post("/api/v1/events", &Value::from(events)).await.unwrap();
    let told = house.told(45).await;
    assert!(told.iter().all(|sent| sent.to == busy));
    house
        .endpoint(json!({"kind": "whatsapp", "target": format!("+{other}"),
        "filters": {"events": ["c.d"]}}))
        .await;
    house.event("c.d", json!({})).await;
    let reached = house.graph.inbox.wait(PATIENCE, |all| all.iter().any(|sent| sent.to == other));
    let told = reached.await.unwrap();
    let to_busy =
        |all: &[sereno::receiver::graph::Sent]| all.iter().filter(|s| s.to == busy).count();
    assert!(to_busy(&told) <= 47, "one in six seconds: {}", to_busy(&told));
    let next = house.graph.inbox.wait(PATIENCE, |all| to_busy(all) >= 47).await;
    assert!(next.is_ok(), "what waits goes in its turn");
    let last = sent["ids"][49].as_str().unwrap();
    let event = house.api.get(&format!("/api/v1/events/{last}")).await.unwrap();
    assert_eq!(event["deliveries"][0]["status"], "pending", "{event}");
    assert_eq!(event["deliveries"][0]["attempts"], 0, "waiting is no attempt");
}

#[tokio::test(flavor = "multi_thread")]
async fn a05_a_number_sends_no_more_in_a_second_than_meta_grants_it() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let line = json!({"whatsapp": {"messages_per_second": 4}});
    house.api.patch("/api/v1/admin/tenants/default", &line).await.unwrap();
    let none = json!({"whatsapp": {"messages_per_second": 0}}).to_string();
    let (status, problem) = house.raw("PATCH", "/api/v1/admin/tenants/default", none).await;
    assert_eq!(
        (status, problem["field"].as_str()),
        (422, Some("whatsapp.messages_per_second")),
        "{problem}"
    );
    for number in 1..=3 {
        let target = format!("+3460000000{number}");
        house.endpoint(json!({"kind": "whatsapp", "target": target})).await;
    }
    let began = Instant::now();
    let events: Vec<Value> = (0..4).map(|_| json!({"event_type": "a.b", "data": {}})).collect();
    house.api.post("/api/v1/events", &Value::from(events)).await.unwrap();
    house.told(12).await;
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(2) && took < Duration::from_secs(9), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_a_proxy_in_the_environment_gets_nothing() {
    let data = tempfile::tempdir().unwrap();
    let proxy = WebhookReceiver::start(any_port(), Behaviour::default()).await.unwrap();
    let receiver = WebhookReceiver::start(any_port(), Behaviour::default()).await.unwrap();
    let url = proxy.url();
    let names = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
    let environment: Vec<(&str, &OsStr)> = names.map(|name| (name, OsStr::new(&url))).into();
    let graph = "http://127.0.0.1:9";
    let process = Process::try_start(data.path(), graph, &environment, &[]).unwrap();
    let client = process.client(data.path());
    client.post(ENDPOINTS, &json!({"kind": "webhook", "target": receiver.url()})).await.unwrap();
    client.post("/api/v1/events", &json!({"event_type": "a.b", "data": {}})).await.unwrap();
    deliveries(&receiver, &["a.b"]).await;
    assert!(proxy.inbox.all().is_empty(), "what is meant for one place goes there alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_a_redirect_into_the_house_is_shown_and_not_followed() {
    let house = House::new().await;
    house.settle(json!({"retry": {"attempts": 1}})).await;
    let inside = WebhookReceiver::start(any_port(), Behaviour::default()).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("http://{}/hook", listener.local_addr().unwrap());
    let location = inside.url();
    let redirecting = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"}") {
            stream.read_buf(&mut request).await.unwrap();
        }
        let head = format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {location}\r\n");
        stream.write_all(format!("{head}content-length: 0\r\n\r\n").as_bytes()).await.unwrap();
        stream.read_to_end(&mut Vec::new()).await.ok();
    });
    house.endpoint(json!({"kind": "webhook", "target": target})).await;
    house.event("a.b", json!({})).await;
    let line = house.logged(1).await.remove(0);
    assert_eq!(
        (line["outcome"].as_str(), line["response_code"].as_i64()),
        (Some("dead"), Some(307))
    );
    assert!(line["error_message"].as_str().unwrap().contains("not followed"), "{line}");
    assert!(inside.inbox.all().is_empty());
    redirecting.abort();
}
