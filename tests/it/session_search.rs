//! What a viewer finds: what they see, and nothing by what is hidden from them.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::browser::{Browser, LINKS, token};
use crate::support::{House, deliveries};

/// What is hidden of a guest, as somebody may guess it.
const HIDDEN: [&str; 8] = [
    "12345678Z",
    "dni:12345678Z",
    "4111111111111111",
    "34600111222",
    "email:ana@x.example",
    "name:garcia",
    "mayor",
    "\"ana garcia\"",
];
/// What everybody sees.
const SHOWN: [&str; 3] = ["terrace", "place:terrace type:client.created", "e-7"];

/// Where every request is answered 503, with these words.
async fn saying(words: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !request.ends_with(b"}") && stream.read_buf(&mut request).await.unwrap() > 0 {}
            let head = format!("content-length: {}\r\nconnection: close", words.len());
            let answer = format!("HTTP/1.1 503 Service Unavailable\r\n{head}\r\n\r\n{words}");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    url
}

async fn count(browser: &Browser, list: &str, q: &str) -> usize {
    let q = percent_encoding::utf8_percent_encode(q, percent_encoding::NON_ALPHANUMERIC);
    let page = browser.get(&format!("/api/v1/{list}?q={q}")).await;
    assert_eq!(page["next_cursor"], Value::Null, "{page}");
    page["items"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_a_viewer_finds_nothing_by_what_is_hidden_from_them() {
    let house = House::new().await;
    let receiver = house.webhook(json!({"filters": {"events": ["client.*"]}})).await;
    let event = json!({"event_id": "e-7", "event_type": "client.created", "data": {
        "dni": "12345678Z", "card_number": "4111111111111111", "caller": "34600111222",
        "email": "ana@x.example", "name": "Ana García", "calle": "Mayor 1", "place": "terrace"}});
    house.api.post("/api/v1/events", &event).await.unwrap();
    deliveries(&receiver, &["client.created"]).await;
    let viewer = Browser::with_role(&house, "viewer").await;
    let link = house.api.post(LINKS, &json!({"role": "viewer", "portal": true})).await.unwrap();
    let portal = Browser::sign_in(&house.base, &token(&link)).await.unwrap();
    let operator = Browser::with_role(&house, "operator").await;
    // By the newest events, which no index has yet, and by the index.
    for is_indexed in [false, true] {
        if is_indexed {
            let recorded =
                |page: &Value| page["items"][0]["received_at"].as_str().map(str::to_owned);
            let knows = |page: &Value| page["indexed_to"].as_str() >= recorded(page).as_deref();
            house.eventually("/api/v1/events?q=terrace", knows).await;
        }
        for list in ["events", "deliveries"] {
            for q in HIDDEN {
                for who in [&viewer, &portal] {
                    assert_eq!(count(who, list, q).await, 0, "{list} {q}");
                }
                assert_eq!(count(&operator, list, q).await, 1, "{list} {q}");
                let q = q.replace(' ', "%20").replace('"', "%22");
                let by_key = house.api.get(&format!("/api/v1/{list}?q={q}")).await.unwrap();
                assert_eq!(by_key["items"].as_array().unwrap().len(), 1, "{list} {q}");
            }
            for q in SHOWN {
                assert_eq!(count(&viewer, list, q).await, 1, "{list} {q}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_a_viewer_looks_through_letters_as_they_see_them() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let phone = house.phone("34600111222");
    phone.say(&reqwest::Client::new(), "a table by the window").await.unwrap();
    house.read().await;
    let (viewer, operator) =
        (Browser::with_role(&house, "viewer").await, Browser::with_role(&house, "operator").await);
    for (q, seen) in [("34600111222", 0), ("by the window", 0), ("whatsapp_business_account", 1)] {
        assert_eq!(count(&viewer, "inbound-log", q).await, seen, "{q}");
        assert_eq!(count(&operator, "inbound-log", q).await, 1, "{q}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_a_viewer_reads_no_name_in_an_answer_or_in_a_reason() {
    let house = House::new().await;
    let answer = r#"{"error": "user Ana García is unknown"}"#;
    let url = saying(answer).await;
    house.wanting("client.created", &url, &json!({"retry": {"first": "1h"}})).await;
    house.event("client.created", json!({"n": 1})).await;
    let tried = |page: &Value| page["items"][0]["attempts"] == 1;
    let listed = house.eventually("/api/v1/deliveries", tried).await;
    let path = format!("/api/v1/deliveries/{}", listed["items"][0]["id"].as_str().unwrap());
    let reason = json!({"reason": "Ana García called"});
    house.api.post(&format!("{path}/cancel"), &reason).await.unwrap();
    let found = house.api.get(&path).await.unwrap();
    assert_eq!(found.to_string().matches("García").count(), 3, "{found}");
    let (viewer, operator) =
        (Browser::with_role(&house, "viewer").await, Browser::with_role(&house, "operator").await);
    for path in [&*path, "/api/v1/deliveries", "/api/v1/admin/notify/logs"] {
        let seen = viewer.get(path).await;
        assert!(!seen.to_string().contains("García"), "{seen}");
    }
    let seen = viewer.get(&path).await;
    assert_eq!(seen["cancelled_by_hand"]["reason"], "•••");
    for seen in [seen, operator.get(&path).await] {
        assert_eq!(seen["history"][0]["response_body"], r#"{"error":"•••"}"#);
        let told = "answered 503 Service Unavailable: •••";
        let attempt = &seen["history"][0];
        assert_eq!(
            (&attempt["error_message"], &attempt["response_code"]),
            (&json!(told), &json!(503))
        );
    }
    let shown = operator.get(&format!("{path}?reveal=true")).await;
    assert!(shown["history"][0]["response_body"].as_str().unwrap().contains("García"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a18_nobody_finds_a_number_by_trying_hashes() {
    let house = House::new().await;
    let receiver = house.webhook(json!({"filters": {"events": ["reservation.*"]}})).await;
    house.book("R-1", "34600000001", 86_400_000).await;
    let data = json!({"conversation_id": "C-1", "user": {"phone": "+34600000001"}});
    house.event("conversation.message.received", data).await;
    deliveries(&receiver, &["reservation.created"]).await;
    // echo -n +34600000001 | sha256sum
    let hash = "eb491b384e4fda42";
    let found = house.api.get("/api/v1/leads").await.unwrap();
    assert_eq!(found["items"][0]["wa_number_hash"], hash);
    let by_hash = format!("/api/v1/leads?wa_number_hash={hash}");
    for (role, count) in [("viewer", 0), ("operator", 1)] {
        let browser = Browser::with_role(&house, role).await;
        for path in [
            "/api/v1/reservations",
            "/api/v1/reservations/R-1",
            "/api/v1/leads",
            "/api/v1/events",
            "/api/v1/deliveries",
            "/api/v1/inbound-log",
        ] {
            let seen = browser.get(path).await;
            assert!(!seen.to_string().contains(hash), "{role} {path}: {seen}");
        }
        let items = browser.get(&by_hash).await["items"].as_array().unwrap().len();
        assert_eq!(items, count, "{role}");
        // What stands for it works as a filter, as from a booking to its person.
        let booking = browser.get("/api/v1/reservations/R-1").await;
        let alias = booking["wa_number_hash"].as_str().unwrap();
        assert!(alias.starts_with("•••~~"), "{alias}");
        let alias =
            percent_encoding::utf8_percent_encode(alias, percent_encoding::NON_ALPHANUMERIC);
        let leads = browser.get(&format!("/api/v1/leads?wa_number_hash={alias}")).await;
        assert_eq!(leads["items"].as_array().unwrap().len(), 1, "{role}");
    }
    let operator = Browser::with_role(&house, "operator").await;
    let shown = operator.get("/api/v1/reservations/R-1?reveal=true").await;
    assert_eq!(shown["wa_number_hash"], hash);
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_a_text_under_a_name_that_nobody_knows_is_shown_only_to_who_asks() {
    let house = House::new().await;
    let event = json!({"event_id": "e-1", "event_type": "client.created", "data": {
        "client_id": "c-1", "status": "active", "visits": 3, "vip": true,
        "notas_internas": "Ana García volvió", "companion": {"called": "Luis"}}});
    house.api.post("/api/v1/events", &event).await.unwrap();
    let path = "/api/v1/events/e-1";
    let shown = json!({"client_id": "c-1", "status": "active", "visits": 3, "vip": true,
        "notas_internas": "•••", "companion": {"called": "•••"}});
    for role in ["viewer", "operator"] {
        let browser = Browser::with_role(&house, role).await;
        assert_eq!(browser.get(path).await["data"], shown, "{role}");
        let listed = browser.get("/api/v1/events?type=client.created").await;
        assert_eq!(listed["items"][0]["data"], shown, "{role}");
    }
    let operator = Browser::with_role(&house, "operator").await;
    assert_eq!(operator.get(&format!("{path}?reveal=true")).await["data"], event["data"]);
    assert_eq!(house.api.get(path).await.unwrap()["data"], event["data"], "a key sees it as it is");
}
