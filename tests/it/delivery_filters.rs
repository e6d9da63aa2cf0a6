//! Deliveries found by channel, by what they were answered and by what their events say, one by one and for
//! work on many; and the one that waits for longest.

use serde_json::{Value, json};
use sereno::receiver::any_port;
use sereno::receiver::webhook::{Behaviour, WebhookReceiver};

use crate::support::{House, deliveries};

const LIST: &str = "/api/v1/deliveries";

async fn refusing(house: &House, event_type: &str, status: u16) -> WebhookReceiver {
    let script = std::iter::repeat_n((status, None), 100).collect();
    let behaviour = Behaviour { script, ..Behaviour::default() };
    let receiver = WebhookReceiver::start(any_port(), behaviour).await.unwrap();
    let body = json!({"kind": "webhook", "target": receiver.url(),
        "filters": {"events": [event_type]}});
    house.endpoint(body).await;
    receiver
}

/// The types of the events whose deliveries a query finds.
async fn found(house: &House, query: &str) -> Vec<String> {
    let answer = house.api.get(&format!("{LIST}?limit=100&{query}")).await.unwrap();
    let items = answer["items"].as_array().unwrap();
    let mut types: Vec<String> =
        items.iter().map(|item| item["event_type"].as_str().unwrap().to_owned()).collect();
    types.sort();
    types
}

/// A house in which deliveries ended in each way.
async fn house() -> (House, Vec<WebhookReceiver>) {
    let house = House::new().await;
    house.settle(json!({"retry": {"first": "1h", "attempts": 3}, "smtp": null})).await;
    let well = house.webhook(json!({"filters": {"events": ["a.well"]}})).await;
    let mut receivers = vec![refusing(&house, "a.refused", 404).await];
    receivers.push(refusing(&house, "a.failed", 503).await);
    let gone = WebhookReceiver::start(any_port(), Behaviour::default()).await.unwrap();
    let target = json!({"kind": "webhook", "target": gone.url(),
        "filters": {"events": ["a.unanswered"]}});
    house.endpoint(target).await;
    drop(gone);
    let mail = json!({"kind": "email", "target": "ana@example.com",
        "filters": {"events": ["a.mailed"]}});
    house.endpoint(mail).await;
    for (kind, place) in [
        ("a.well", "terrace"),
        ("a.refused", "terrace"),
        ("a.failed", "cellar"),
        ("a.unanswered", "cellar"),
        ("a.mailed", "garden"),
    ] {
        house.event(kind, json!({"place": place})).await;
    }
    deliveries(&well, &["a.well"]).await;
    let tried =
        |page: &Value| page["items"].as_array().unwrap().iter().all(|item| item["attempts"] != 0);
    house.eventually(LIST, tried).await;
    receivers.push(well);
    (house, receivers)
}

#[tokio::test(flavor = "multi_thread")]
async fn a21_deliveries_are_found_by_channel_answer_and_text() {
    let (house, _receivers) = house().await;
    for (query, types) in [
        ("channel=email", vec!["a.mailed"]),
        ("channel=slack", vec![]),
        ("channel=webhook", vec!["a.failed", "a.refused", "a.unanswered", "a.well"]),
        ("code=2xx", vec!["a.well"]),
        ("code=4xx", vec!["a.refused"]),
        ("code=5xx", vec!["a.failed"]),
        ("code=none", vec!["a.mailed", "a.unanswered"]),
        ("code=other", vec![]),
        ("code=none&channel=webhook", vec!["a.unanswered"]),
        ("q=terrace", vec!["a.refused", "a.well"]),
        ("q=terrace&code=4xx", vec!["a.refused"]),
        ("q=place:cellar&status=retrying", vec!["a.failed", "a.unanswered"]),
        ("q=nowhere", vec![]),
        ("q=terrace&event_type=a.well", vec!["a.well"]),
    ] {
        assert_eq!(found(&house, query).await, types, "{query}");
    }
    for (query, field) in [("code=6xx", "code"), ("channel=fax", "channel")] {
        let (status, answer) = house.raw("GET", &format!("{LIST}?{query}"), "").await;
        assert_eq!((status, &answer["field"]), (422, &json!(field)), "{answer}");
    }
    let long = format!("{LIST}?q={}", "x".repeat(501));
    assert_eq!(house.raw("GET", &long, "").await.0, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn a21_pages_of_what_is_found_by_text_follow_one_another() {
    let house = House::new().await;
    let well = house.webhook(json!({"filters": {"events": ["a.*"]}})).await;
    let events: Vec<Value> = (0..150)
        .map(|n| {
            let place = if n % 2 == 0 { "terrace" } else { "cellar" };
            json!({"event_type": "a.well", "event_id": format!("e{n}"), "data": {"place": place}})
        })
        .collect();
    house.api.post("/api/v1/events", &Value::from(events)).await.unwrap();
    well.inbox.wait(crate::support::PATIENCE, |all| all.len() == 150).await.unwrap();
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("{LIST}?q=terrace&limit=20{cursor}");
        let page = house.api.get(&path).await.unwrap();
        let items = page["items"].as_array().unwrap();
        ids.extend(items.iter().map(|item| item["event_id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let wanted: Vec<String> =
        (0..150).rev().filter(|n| n % 2 == 0).map(|n| format!("e{n}")).collect();
    assert_eq!(ids, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a21_work_on_many_takes_the_filters_of_the_list() {
    let (house, _receivers) = house().await;
    for (filter, count) in [
        (json!({"status": "retrying", "channel": "webhook"}), 2),
        (json!({"status": "retrying", "code": "5xx"}), 1),
        (json!({"status": "retrying", "q": "cellar"}), 2),
        (json!({"channel": "email"}), 1),
        (json!({"code": "4xx", "q": "terrace"}), 1),
        (json!({"q": "garden", "code": "4xx"}), 0),
    ] {
        let mut body = filter.clone();
        body["dry_run"] = json!(true);
        let counted = house.api.post(&format!("{LIST}/retry"), &body).await.unwrap();
        assert_eq!(counted["count"], count, "{filter}");
    }
    let body = json!({"q": "terrace", "code": "4xx", "channel": "webhook"});
    let started = house.api.post(&format!("{LIST}/retry"), &body).await.unwrap();
    let filter = &started["job"]["filter"];
    assert_eq!(
        [&filter["q"], &filter["code"], &filter["channel"]],
        [&json!("terrace"), &json!("4xx"), &json!("webhook")]
    );
    let path = format!("/api/v1/jobs/{}", started["job_id"].as_str().unwrap());
    let job = house.eventually(&path, |job| job["state"] == "done").await;
    assert_eq!((&job["matched"], &job["done"]), (&json!(1), &json!(1)));
    for (body, field) in [
        (json!({"code": "6xx"}), "code"),
        (json!({"channel": "fax"}), "channel"),
        (json!({"q": "x".repeat(501)}), "q"),
    ] {
        let answer = house.raw("POST", &format!("{LIST}/retry"), body.to_string()).await;
        assert_eq!((answer.0, &answer.1["field"]), (422, &json!(field)), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a21_the_figures_name_the_delivery_that_waits_for_longest() {
    let house = House::new().await;
    house.settle(json!({"retry": {"first": "1h", "attempts": 3}})).await;
    let none = house.api.get("/api/v1/stats").await.unwrap();
    assert_eq!(none["oldest_waiting"], json!(null));
    let _failing = refusing(&house, "a.failed", 503).await;
    house.event("a.failed", json!({"n": 1})).await;
    house.eventually(LIST, |page| page["items"][0]["status"] == "retrying").await;
    house.event("a.failed", json!({"n": 2})).await;
    let two = |page: &Value| page["items"].as_array().unwrap().len() == 2;
    let page = house.eventually(&format!("{LIST}?status=retrying"), two).await;
    let stats = house.api.get("/api/v1/stats").await.unwrap();
    let oldest = &stats["oldest_waiting"];
    assert_eq!((&oldest["id"], &oldest["endpoint_id"]), (&page["items"][1]["id"], &json!(1)));
    assert_eq!(oldest["created_at"], page["items"][1]["created_at"]);
    // What is held waits for nothing.
    let toggle = format!("{}/1/toggle", crate::support::ENDPOINTS);
    house.api.post(&toggle, &json!({})).await.unwrap();
    house.eventually("/api/v1/stats", |stats| stats["oldest_waiting"].is_null()).await;
}
