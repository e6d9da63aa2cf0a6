//! Deliveries in order, and deliveries together.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use sereno::receiver::any_port;
use sereno::receiver::webhook::{Behaviour, Delivery, WebhookReceiver};

use crate::process::Process;
use crate::support::{ENDPOINTS, House, PATIENCE, deliveries};

/// What arrived, in order, by conversation.
fn arrived(all: &[Delivery]) -> BTreeMap<String, Vec<i64>> {
    let mut lines: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for delivery in all.iter().filter(|delivery| delivery.answered.is_success()) {
        let data = &delivery.json()["data"];
        if data["n"].is_null() {
            continue;
        }
        let conversation = data["conversation_id"].as_str().unwrap_or_default().to_owned();
        lines.entry(conversation).or_default().push(data["n"].as_i64().unwrap());
    }
    lines
}

async fn say(house: &House, conversation: &str, numbers: std::ops::Range<i64>) {
    let event = |n| {
        json!({"event_type": "chat.said",
        "data": {"conversation_id": conversation, "n": n}})
    };
    let events: Vec<Value> = numbers.map(event).collect();
    house.api.post("/api/v1/events", &Value::from(events)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn f04_a_fifo_endpoint_keeps_the_order_of_each_key_through_failures_and_a_restart() {
    let house = House::new().await;
    house.settle(json!({"retry": {"first": "150ms", "factor": 1, "attempts": 50}})).await;
    // Half of all attempts fail, so that without any order nothing would come in order.
    let flaky = Behaviour { fail_rate: 0.5, ..Behaviour::default() };
    let receiver = WebhookReceiver::start(any_port(), flaky).await.unwrap();
    let target = json!({"kind": "webhook", "target": receiver.url(), "ordering": "fifo",
        "filters": {"events": ["chat.*"]}});
    house.endpoint(target).await;
    for conversation in ["a", "b", "c"] {
        say(&house, conversation, 0..12).await;
    }
    let some = |all: &[Delivery]| arrived(all).values().map(Vec::len).sum::<usize>() >= 6;
    receiver.inbox.wait(PATIENCE, some).await.unwrap();
    let house = house.restarted().await;
    say(&house, "a", 12..16).await;
    let all_there = |all: &[Delivery]| {
        let lines = arrived(all);
        ["a", "b", "c"]
            .map(|key| lines.get(key).map_or(0, |line| line.iter().max().map_or(0, |n| n + 1)))
            == [16, 12, 12]
    };
    let got = receiver.inbox.wait(Duration::from_secs(60), all_there).await.unwrap();
    for (key, mut line) in arrived(&got) {
        // At least once: what was under way at the restart may have come twice.
        line.dedup();
        let expected: Vec<i64> = (0..if key == "a" { 16 } else { 12 }).collect();
        assert_eq!(line, expected, "conversation {key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f04_one_key_that_fails_holds_up_no_other_key() {
    let house = House::new().await;
    house.settle(json!({"retry": {"first": "1h", "attempts": 5}})).await;
    let script = [(500, None)].into();
    let receiver = Behaviour { script, ..Behaviour::default() };
    let receiver = WebhookReceiver::start(any_port(), receiver).await.unwrap();
    let id = house
        .endpoint(json!({"kind": "webhook", "target": receiver.url(), "ordering": "fifo"}))
        .await;
    say(&house, "stuck", 0..1).await;
    house.logged(1).await;
    say(&house, "stuck", 1..3).await;
    say(&house, "free", 0..3).await;
    let free = |all: &[Delivery]| arrived(all).get("free").is_some_and(|line| line.len() == 3);
    let got = receiver.inbox.wait(PATIENCE, free).await.unwrap();
    assert_eq!(arrived(&got).get("stuck"), None, "the first of its key is tried again in an hour");
    let path = format!("{ENDPOINTS}/{id}");
    house.api.patch(&path, &json!({"ordering": "none"})).await.unwrap();
    // Without an order, either may come first.
    let freed = |all: &[Delivery]| arrived(all).get("stuck").is_some_and(|line| line.len() == 2);
    receiver.inbox.wait(PATIENCE, freed).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a17_notifications_of_one_type_go_out_together_when_they_are_many_or_have_waited() {
    let house = House::new().await;
    let batched = house.webhook(json!({"batch": {"max": 4, "wait": "2s"}})).await;
    for n in 0..4 {
        house.event("order.paid", json!({"n": n})).await;
    }
    let full = deliveries(&batched, &["order.paid.digest"]).await.remove(0).json();
    assert_eq!(
        (&full["data"]["count"], &full["data"]["event_type"]),
        (&json!(4), &json!("order.paid"))
    );
    let numbers: Vec<&Value> =
        full["data"]["events"].as_array().unwrap().iter().map(|e| &e["data"]["n"]).collect();
    assert_eq!(numbers, [0, 1, 2, 3]);
    house.event("order.paid", json!({"n": 4})).await;
    house.event("client.created", json!({"n": 5})).await;
    house.event("order.paid", json!({"n": 6})).await;
    let house = house.restarted().await;
    let got =
        deliveries(&batched, &["order.paid.digest", "order.paid.digest", "client.created"]).await;
    assert_eq!(got.len(), 3, "one that stays alone goes as it is");
    let sent = house.eventually("/api/v1/deliveries?status=collected", |all| {
        all["items"].as_array().unwrap().len() == 6
    });
    let sent = sent.await;
    assert!(sent["items"][0]["error_message"].as_str().unwrap().contains("msg_"), "{sent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a17_a_digest_is_tried_again_with_the_same_members_and_reads_well_in_slack() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let behaviour = Behaviour { script: [(500, None)].into(), ..Behaviour::default() };
    let failing = WebhookReceiver::start(any_port(), behaviour).await.unwrap();
    let batch = json!({"max": 2, "wait": "5s"});
    house.endpoint(json!({"kind": "webhook", "target": failing.url(), "batch": batch})).await;
    house.endpoint(json!({"kind": "slack", "target": house.slack.url(), "batch": batch})).await;
    for name in ["Ana", "Luis"] {
        house
            .event(
                "reservation.created",
                json!({"reservation_id": name, "name": name,
            "date_time": "2030-01-20T20:00:00", "party_size": 2}),
            )
            .await;
    }
    let got = failing.inbox.wait(PATIENCE, |all| all.len() == 2).await.unwrap();
    assert_eq!((&got[0].id, &got[0].body), (&got[1].id, &got[1].body));
    let message = house.slack.inbox.wait(PATIENCE, |all| !all.is_empty()).await.unwrap().remove(0);
    let text = format!("{message:?}");
    assert!(text.contains("2 × Nueva reserva") && text.contains("Luis"), "{text}");
    let wrong = json!({"kind": "whatsapp", "target": "+34600000001", "batch": batch});
    let refused = house.api.post(ENDPOINTS, &wrong).await.unwrap_err().to_string();
    assert!(refused.contains("batch"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f04_what_was_under_way_at_a_crash_still_goes_before_what_waits_for_it() {
    let data = tempfile::tempdir().unwrap();
    let hanging = Behaviour { delay: Duration::from_secs(60), ..Behaviour::default() };
    let receiver = WebhookReceiver::start(any_port(), hanging).await.unwrap();
    let server = Process::start(data.path(), "http://127.0.0.1:9");
    let client = server.client(data.path());
    let target = json!({"kind": "webhook", "target": receiver.url(), "ordering": "fifo"});
    client.post(ENDPOINTS, &target).await.unwrap();
    for n in 1..=4 {
        let event = json!({"event_type": "chat.said", "data": {"conversation_id": "a", "n": n}});
        client.post("/api/v1/events", &event).await.unwrap();
    }
    let parked = |all: &Value| all["items"].as_array().unwrap().len() == 4;
    while !parked(&client.get("/api/v1/deliveries?status=pending").await.unwrap()) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server.kill();
    receiver.behave(|behaviour| behaviour.delay = Duration::ZERO);
    let _server = Process::start(data.path(), "http://127.0.0.1:9");
    let all = |all: &[Delivery]| arrived(all).get("a").is_some_and(|line| line.contains(&4));
    let got = receiver.inbox.wait(PATIENCE, all).await.unwrap();
    assert_eq!(arrived(&got)["a"], [1, 1, 2, 3, 4], "the first once before the crash");
}

#[tokio::test(flavor = "multi_thread")]
async fn f04_a_backlog_in_order_goes_on_by_itself_after_each_restart() {
    let data = tempfile::tempdir().unwrap();
    let behaviour = Behaviour { delay: Duration::from_millis(4), ..Behaviour::default() };
    let receiver = WebhookReceiver::start(any_port(), behaviour).await.unwrap();
    let mut server = Process::start(data.path(), "http://127.0.0.1:9");
    let client = server.client(data.path());
    let target = json!({"kind": "webhook", "target": receiver.url(), "ordering": "fifo"});
    client.post(ENDPOINTS, &target).await.unwrap();
    let event =
        |n: i64| json!({"event_type": "chat.said", "data": {"conversation_id": "a", "n": n}});
    let events: Vec<Value> = (0..150).map(event).collect();
    client.post("/api/v1/events", &json!(events)).await.unwrap();
    let came = |count: usize| {
        move |all: &[Delivery]| arrived(all).get("a").is_some_and(|line| line.len() >= count)
    };
    for round in 1..=6 {
        receiver.inbox.wait(PATIENCE, came(round * 20)).await.unwrap();
        if round % 2 == 0 {
            server.stop()
        } else {
            server.kill()
        }
        server = Process::start(data.path(), "http://127.0.0.1:9");
    }
    let last = |all: &[Delivery]| arrived(all).get("a").is_some_and(|line| line.contains(&149));
    let got = receiver.inbox.wait(PATIENCE, last).await.unwrap();
    let mut line = arrived(&got)["a"].clone();
    line.dedup();
    assert_eq!(line, (0..150).collect::<Vec<i64>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn f04_order_can_be_given_up_and_taken_up_again() {
    let house = House::new().await;
    house.settle(json!({"retry": {"first": "300ms", "factor": 1, "attempts": 5}})).await;
    let behaviour = Behaviour { script: [(500, None)].into(), ..Behaviour::default() };
    let receiver = WebhookReceiver::start(any_port(), behaviour).await.unwrap();
    let id = house
        .endpoint(json!({"kind": "webhook", "target": receiver.url(), "ordering": "fifo"}))
        .await;
    let path = format!("{ENDPOINTS}/{id}");
    say(&house, "u", 1..2).await;
    house.logged(1).await;
    house.api.patch(&path, &json!({"ordering": "none"})).await.unwrap();
    let count = |count: usize| {
        move |all: &[Delivery]| arrived(all).get("u").is_some_and(|line| line.len() == count)
    };
    receiver.inbox.wait(PATIENCE, count(1)).await.unwrap();
    house.api.patch(&path, &json!({"ordering": "fifo"})).await.unwrap();
    say(&house, "u", 2..4).await;
    let got = receiver.inbox.wait(PATIENCE, count(3)).await.unwrap();
    assert_eq!(arrived(&got)["u"], [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a17_a_batch_that_is_given_up_lets_go_of_what_waits_and_sends_nothing_twice() {
    let house = House::new().await;
    let receiver = house.webhook(json!({"batch": {"max": 10, "wait": "1h"}})).await;
    let path = format!("{ENDPOINTS}/1");
    say(&house, "u", 1..2).await;
    house.eventually("/api/v1/deliveries", |all| all["items"][0]["status"] == "pending").await;
    house.api.patch(&path, &json!({"batch": null})).await.unwrap();
    deliveries(&receiver, &["chat.said"]).await;
    house.api.patch(&path, &json!({"batch": {"max": 2, "wait": "1h"}})).await.unwrap();
    say(&house, "u", 2..4).await;
    let digest = deliveries(&receiver, &["chat.said.digest"]).await.pop().unwrap().json();
    let numbers: Vec<_> =
        digest["data"]["events"].as_array().unwrap().iter().map(|e| &e["data"]["n"]).collect();
    assert_eq!(numbers, [2, 3]);
    say(&house, "u", 4..5).await;
    let waiting = house.eventually("/api/v1/deliveries?status=pending", |all| {
        !all["items"].as_array().unwrap().is_empty()
    });
    let waiting = waiting.await;
    let retry = format!("/api/v1/deliveries/{}/retry", waiting["items"][0]["id"].as_str().unwrap());
    house.api.post(&retry, &json!({})).await.unwrap();
    let alone = |all: &[Delivery]| arrived(all).get("u").is_some_and(|line| line.contains(&4));
    let plain = |all: &[Delivery]| {
        let plain: Vec<_> = all.iter().filter(|d| d.event_type == "chat.said").cloned().collect();
        alone(&plain)
    };
    receiver.inbox.wait(PATIENCE, plain).await.unwrap();
}
