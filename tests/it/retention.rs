//! What has outlived its time goes, in small steps; what the tenant keeps stays.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sereno::receiver::any_port;
use sereno::receiver::webhook::{Behaviour, Delivery, WebhookReceiver};

use crate::support::{House, PATIENCE, deliveries};

fn none_left(list: &Value) -> bool {
    list["items"].as_array().unwrap().is_empty()
}

#[tokio::test(flavor = "multi_thread")]
async fn b10_events_and_attempts_go_when_their_time_is_over_and_inbound_messages_stay() {
    let house = House::new().await;
    house.settle(json!({"reminders": ["1h"]})).await;
    let receiver = house.webhook(json!({})).await;
    house.book("R-kept", "34600000001", 3_600_000 + 300).await;
    house.told(1).await;
    house.phone("34600000001").say(&house.api.http, "hola").await.unwrap();
    let long = json!({"event_id": "long", "event_type": "note.long",
        "data": {"text": "x".repeat(9_000)}});
    house.api.post("/api/v1/events", &long).await.unwrap();
    deliveries(&receiver, &["reservation.created", "reminder.1h.sent", "note.long"]).await;
    house.eventually("/api/v1/admin/notify/logs", |log| !none_left(log)).await;

    let short = json!({"retention": {"events": "1s", "attempts": "1s"}});
    house.api.patch("/api/v1/admin/tenants/default", &short).await.unwrap();
    let only_inbound = |events: &Value| {
        let types: Vec<&str> = events["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["event_type"].as_str().unwrap())
            .collect();
        types == ["whatsapp.message.received"]
    };
    house.eventually("/api/v1/events", only_inbound).await;
    house.eventually("/api/v1/admin/notify/logs", none_left).await;
    assert_eq!(house.booking("R-kept").await["status"], "booked", "what it is about stays");
    let again = house.api.post("/api/v1/events", &long).await.unwrap();
    assert_eq!(again["accepted"], 1, "its id is forgotten with it");

    let house = house.restarted().await;
    house.eventually("/api/v1/events", only_inbound).await;
    let inbound = json!({"retention": {"inbound": "1s"}});
    house.api.patch("/api/v1/admin/tenants/default", &inbound).await.unwrap();
    house.eventually("/api/v1/events", none_left).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b10_lines_of_a_history_go_with_their_events_and_what_customers_wrote_stays() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let number = "34600000001";
    for place in 0..450 {
        let said = json!({"conversation_id": format!("c-{}", place % 3), "wa_number":
            format!("+{number}"), "content": {"text": format!("{place}")}});
        house.event("conversation.message.received", said).await;
    }
    for other in 0..250 {
        let said = json!({"conversation_id": format!("other-{other}")});
        house.event("conversation.message.received", said).await;
    }
    house.phone(number).say(&house.api.http, "hola").await.unwrap();
    house.read().await;
    let leads = house.api.get("/api/v1/leads").await.unwrap();
    let lead = leads["items"][0]["lead_id"].as_str().unwrap();
    let history = format!("/api/v1/leads/{lead}/history?limit=500");
    let kept = |texts: &[&str]| {
        let texts: Vec<Value> = texts.iter().map(|text| json!(text)).collect();
        move |lines: &Value| {
            let items = lines["items"].as_array().unwrap();
            let of = |line: &Value| line["kind"] == "message_received";
            let said = items.iter().filter(|line| of(line)).map(|line| line["text"].clone());
            said.collect::<Vec<_>>() == texts
        }
    };
    let short = json!({"retention": {"events": "1s"}});
    house.api.patch("/api/v1/admin/tenants/default", &short).await.unwrap();
    house.eventually(&history, kept(&["hola"])).await;
    for other in 0..250 {
        let talk = format!("/api/v1/conversations/other-{other}");
        house.eventually(&talk, |talk| talk["messages"] == json!([])).await;
    }
    let inbound = json!({"retention": {"inbound": "1s"}});
    house.api.patch("/api/v1/admin/tenants/default", &inbound).await.unwrap();
    house.eventually(&history, kept(&[])).await;
    assert_eq!(house.api.get("/api/v1/leads").await.unwrap()["items"][0]["messages"], 451);
}

#[tokio::test(flavor = "multi_thread")]
async fn e08_clearing_thousands_stalls_nobody() {
    let house = House::new().await;
    for batch in 0..20 {
        let events: Vec<Value> = (0..500)
            .map(|number| json!({"event_id": format!("{batch}-{number}"), "event_type": "a.b"}))
            .collect();
        house.api.post("/api/v1/events", &json!(events)).await.unwrap();
    }
    let short = json!({"retention": {"events": "1s"}});
    house.api.patch("/api/v1/admin/tenants/default", &short).await.unwrap();
    let mut slowest = Duration::ZERO;
    let mut left = true;
    for number in 0.. {
        let began = Instant::now();
        let event = json!({"event_id": format!("during-{number}"), "event_type": "a.b"});
        house.api.post("/api/v1/events", &event).await.unwrap();
        slowest = slowest.max(began.elapsed());
        let first = house.api.get("/api/v1/events/0-0").await;
        let last = house.api.get("/api/v1/events/19-499").await;
        left &= first.is_ok() || last.is_ok();
        if !left {
            break;
        }
    }
    assert!(
        slowest < Duration::from_secs(5),
        "an event took {slowest:?} while 10,000 were cleared"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn b10_an_event_that_is_still_to_be_delivered_outlives_its_time() {
    let house = House::new().await;
    let behaviour = Behaviour { script: [(500, None); 3].into(), ..Behaviour::default() };
    let receiver = WebhookReceiver::start(any_port(), behaviour).await.unwrap();
    house.settle(json!({"retention": {"events": "1s"}})).await;
    let endpoint = json!({"kind": "webhook", "target": receiver.url(),
        "retry": {"first": "3s", "attempts": 2}});
    house.endpoint(endpoint).await;
    let events: Vec<Value> = (0..3)
        .map(|number| json!({"event_id": format!("e{number}"), "event_type": "a.b"}))
        .collect();
    house.api.post("/api/v1/events", &json!(events)).await.unwrap();
    let came = |all: &[Delivery]| all.iter().filter(|d| d.answered.is_success()).count() == 3;
    receiver.inbox.wait(PATIENCE, came).await.unwrap();
    house.eventually("/api/v1/events", none_left).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waited_for_a_deleted_endpoint_is_taken_away() {
    let house = House::new().await;
    let target = json!({"kind": "webhook", "target": "http://127.0.0.1:9/x",
        "retry": {"first": "1h", "attempts": 3}});
    let id = house.endpoint(target).await;
    for number in 0..300 {
        house.event("a.b", json!({"n": number})).await;
    }
    let path = format!("/api/v1/admin/notify/endpoints/{id}");
    assert_eq!(house.raw("DELETE", &path, "").await.0, 200);
    let events = house.api.get("/api/v1/events?limit=1").await.unwrap();
    let event = format!("/api/v1/events/{}", events["items"][0]["event_id"].as_str().unwrap());
    let shown = house.api.get(&event).await.unwrap();
    assert_eq!(shown["deliveries"][0]["status"], "cancelled");
    let house = house.restarted().await;
    house.event("after.it", json!({})).await;
}
