//! What a viewer finds: what they see, and nothing by what is hidden from them.

use serde_json::{Value, json};

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
