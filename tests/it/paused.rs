//! A channel that is paused holds what is for it, says so, and lets it go when it goes on.

use std::time::Duration;

use serde_json::{Value, json};
use sereno::receiver::any_port;
use sereno::receiver::graph::Sent;
use sereno::receiver::webhook::{Behaviour, WebhookReceiver};

use crate::browser::{Browser, audit};
use crate::support::{ENDPOINTS, House, PATIENCE, deliveries};

async fn pause(house: &House, channel: &str, paused: bool) {
    let settings = json!({"channels": {channel: {"paused": paused}}});
    house.api.patch("/api/v1/admin/tenants/default", &settings).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a21_a_channel_that_is_paused_holds_what_is_for_it_and_says_so() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let receiver = house.webhook(json!({"filters": {"events": ["order.*"]}})).await;
    let mail = json!({"kind": "email", "target": "ana@example.com",
        "filters": {"events": ["order.*"]}});
    house.endpoint(mail).await;
    pause(&house, "webhook", true).await;
    house.event("order.paid", json!({"n": 1})).await;
    // The other channel goes on.
    let sent = |page: &Value| page["items"].as_array().unwrap().len() == 1;
    house.eventually("/api/v1/deliveries?channel=email&status=sent", sent).await;
    let held = house.eventually("/api/v1/deliveries?channel=webhook&status=held", sent).await;
    assert_eq!(held["items"][0]["error_message"], "the channel is paused");
    let path = format!("/api/v1/deliveries/{}", held["items"][0]["id"].as_str().unwrap());
    let why = house.api.get(&path).await.unwrap()["why"].clone();
    assert_eq!(
        [&why["what"], &why["because"], &why["next"]],
        ["held", "channel_paused", "resume"],
        "{why}"
    );
    let again = house.api.post(&format!("{path}/retry"), &json!({})).await.unwrap();
    assert_eq!(
        (&again["status"], &again["why"]),
        (&json!("held"), &json!("the channel is paused"))
    );
    let (status, answer) = house.raw("POST", "/api/v1/admin/notify/test/1", "").await;
    assert_eq!(status, 409, "{answer}");
    assert!(answer["detail"].as_str().unwrap().contains("paused"), "{answer}");
    assert_eq!(house.api.get("/api/v1/stats").await.unwrap()["oldest_waiting"], json!(null));

    let house = house.restarted().await;
    house.event("order.paid", json!({"n": 2})).await;
    let two = |page: &Value| page["items"].as_array().unwrap().len() == 2;
    house.eventually("/api/v1/deliveries?channel=email&status=sent", two).await;
    house.eventually("/api/v1/deliveries?channel=webhook&status=held", two).await;
    assert_eq!(receiver.inbox.all().len(), 0);
    pause(&house, "webhook", false).await;
    deliveries(&receiver, &["order.paid", "order.paid"]).await;

    let (status, answer) = house
        .raw("PATCH", "/api/v1/admin/tenants/default", r#"{"channels": {"fax": {"paused": true}}}"#)
        .await;
    assert_eq!(status, 422, "{answer}");
    let shown = house.api.get("/api/v1/admin/tenants/default").await.unwrap();
    assert_eq!(shown["settings"]["channels"], json!(null), "nothing is paused");
    assert!(house.api.get(&format!("{ENDPOINTS}/1")).await.unwrap()["enabled"] == true);
}

/// What is under way when it is paused comes to its end, and makes no room for others.
#[tokio::test(flavor = "multi_thread")]
async fn a21_attempts_that_end_together_after_a_pause_are_followed_by_no_others() {
    const BEFORE: usize = 400;
    const EVENTS: usize = 200;
    const AT_ONCE: usize = 64;
    let house = House::new().await;
    house.settle(json!({"limits": {"deliveries_per_minute": 0}})).await;
    let receiver = WebhookReceiver::start(any_port(), Behaviour::default()).await.unwrap();
    house.wanting("order.*", &receiver.url(), &json!({})).await;
    let send = async |count: usize| {
        for first in (0..count).step_by(100) {
            let one = |n| json!({"event_type": "order.paid", "data": {"n": n}});
            let events: Vec<Value> = (first..first + 100).map(one).collect();
            house.api.post("/api/v1/events", &json!(events)).await.unwrap();
        }
    };
    // By then as many may be under way at once as ever may.
    send(BEFORE).await;
    receiver.inbox.wait(PATIENCE, |all| all.len() == BEFORE).await.unwrap();
    receiver.behave(|behaviour| behaviour.delay = Duration::from_millis(1_500));
    send(EVENTS).await;
    receiver.inbox.wait(PATIENCE, |all| all.len() == BEFORE + AT_ONCE).await.unwrap();
    pause(&house, "webhook", true).await;
    let held = |page: &Value| page["items"].as_array().unwrap().len() == EVENTS - AT_ONCE;
    house.eventually("/api/v1/deliveries?limit=500&status=held", held).await;
    house.event("order.paid", json!({"n": -1})).await;
    let and_one = |page: &Value| page["items"].as_array().unwrap().len() == EVENTS - AT_ONCE + 1;
    house.eventually("/api/v1/deliveries?limit=500&status=held", and_one).await;
    let sent = |page: &Value| page["items"].as_array().unwrap().len() == BEFORE + AT_ONCE;
    house.eventually("/api/v1/deliveries?limit=500&status=sent", sent).await;
    assert_eq!(receiver.inbox.all().len(), BEFORE + AT_ONCE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a21_an_operator_pauses_a_channel_and_it_is_known_who_did_and_why() {
    const CHANNELS: &str = "/api/v1/channels";
    let house = House::new().await;
    house.settle(json!({})).await;
    let receiver = house.webhook(json!({"filters": {"events": ["order.*"]}})).await;
    let operator = Browser::with_role(&house, "operator").await;
    let viewer = Browser::with_role(&house, "viewer").await;
    let path = format!("{CHANNELS}/webhook/pause");
    let why = json!({"reason": "the till is renewed"});
    assert_eq!(viewer.ask("POST", &path, &why).await.0, 403);
    let (status, paused) = operator.ask("POST", &path, &why).await;
    assert_eq!((status, &paused["paused"]), (200, &json!(true)), "{paused}");
    house.event("order.paid", json!({"n": 1})).await;
    let held = |page: &Value| page["items"].as_array().unwrap().len() == 1;
    house.eventually("/api/v1/deliveries?status=held", held).await;

    let house = house.restarted().await;
    let listed = house.api.get(CHANNELS).await.unwrap();
    let webhook = |listed: &Value| listed["items"][0].clone();
    let by_hand = &webhook(&listed)["paused_by_hand"];
    assert_eq!(by_hand, &paused["paused_by_hand"]);
    assert_eq!(
        (&by_hand["by"]["name"], &by_hand["reason"]),
        (&json!("operator"), &json!("the till is renewed"))
    );
    assert_eq!(
        listed["items"][1],
        json!({"channel": "slack", "paused": false, "paused_by_hand": null})
    );
    let seen = Browser::with_role(&house, "viewer").await.get(CHANNELS).await;
    assert_eq!(webhook(&seen)["paused_by_hand"]["reason"], "•••");
    // Whoever pauses it again changes nothing; no other setting does either.
    house.api.post(&path, &json!({"reason": "again"})).await.unwrap();
    pause(&house, "slack", true).await;
    let listed = house.api.get(CHANNELS).await.unwrap();
    assert_eq!(webhook(&listed)["paused_by_hand"], *by_hand);
    assert_eq!(listed["items"][1]["paused_by_hand"]["by"]["name"], "first");
    assert_eq!(receiver.inbox.all().len(), 0);

    let resume = format!("{CHANNELS}/webhook/resume");
    let resumed = house.api.post(&resume, &json!({})).await.unwrap();
    assert_eq!((&resumed["paused"], &resumed["paused_by_hand"]), (&json!(false), &json!(null)));
    deliveries(&receiver, &["order.paid"]).await;
    let tried = house.eventually("/api/v1/deliveries?status=sent", held).await;
    assert_eq!(tried["items"][0]["attempts"], 1, "waiting counts no attempt");
    assert_eq!(house.raw("POST", &format!("{CHANNELS}/fax/pause"), "").await.0, 404);
    let (status, answer) = house.raw("POST", &path, r#"{"why": 1}"#).await;
    assert_eq!((status, &answer["field"]), (422, &json!("why")));
    let entries = audit(&house, "?action=channel.*").await;
    let told: Vec<_> =
        entries.iter().rev().map(|entry| (&entry["action"], &entry["subject"])).collect();
    assert_eq!(told.first(), Some(&(&json!("channel.pause"), &json!("webhook"))));
    assert_eq!(told.last(), Some(&(&json!("channel.resume"), &json!("webhook"))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a21_where_whatsapp_is_paused_customers_are_written_to_afterwards() {
    let house = House::new().await;
    house.settle(json!({"reminders": ["1h"]})).await;
    pause(&house, "whatsapp", true).await;
    house.book("R-1", "34600000001", 3_600_000 + 500).await;
    let fired = |page: &Value| !page["items"].as_array().unwrap().is_empty();
    house.eventually("/api/v1/events?type=reminder.1h.sent", fired).await;
    assert_eq!(house.graph.inbox.all().len(), 0);
    // Which message is whose is seen before it goes.
    let listed = house.eventually("/api/v1/deliveries?status=held", fired).await;
    let item = &listed["items"][0];
    assert_eq!(item["customer"]["reservation_id"], "R-1", "{listed:#}");
    let path = format!("/api/v1/deliveries/{}", item["id"].as_str().unwrap());
    assert_eq!(house.api.get(&path).await.unwrap()["customer"], item["customer"]);
    pause(&house, "whatsapp", false).await;
    house.graph.inbox.wait(PATIENCE, |all| !all.is_empty()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a05_a_reminder_that_a_pause_held_back_ends_with_its_booking() {
    let house = House::new().await;
    house.settle(json!({"reminders": ["1h"]})).await;
    pause(&house, "whatsapp", true).await;
    house.book("R-1", "34600000001", 3_600_000 + 500).await;
    house.book("R-2", "34600000002", 3_600_000 + 500).await;
    let both = |page: &Value| page["items"].as_array().unwrap().len() == 2;
    house.eventually("/api/v1/events?type=reminder.1h.sent", both).await;
    let cancel = json!({"action": "cancel"});
    house.api.post("/api/v1/reservations/R-1/actions", &cancel).await.unwrap();
    pause(&house, "whatsapp", false).await;
    let cancelled = |page: &Value| page["items"].as_array().unwrap().len() == 1;
    house.eventually("/api/v1/deliveries?status=cancelled", cancelled).await;
    let other = |message: &Sent| message.to == "34600000002";
    house.graph.inbox.wait(PATIENCE, |all| all.iter().any(other)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a06_what_a_pause_held_back_is_said_only_while_the_booking_is_as_it_says() {
    let house = House::new().await;
    house.settle(json!({"reminders": ["1h"]})).await;
    pause(&house, "whatsapp", true).await;
    for n in 1..=3 {
        house.book(&format!("R-{n}"), &format!("3460000000{n}"), 3_600_000 + 500).await;
    }
    let count = |page: &Value, count| page["items"].as_array().unwrap().len() == count;
    house.eventually("/api/v1/deliveries?status=held", |page| count(page, 3)).await;
    let act = async |booking: &str, action: &str| {
        let path = format!("/api/v1/reservations/{booking}/actions");
        house.api.post(&path, &json!({"action": action})).await.unwrap();
    };
    // The first is confirmed and is not asked any more; the second is thanked for a booking that is none any more.
    act("R-1", "confirm").await;
    house.phone("34600000002").say(&house.api.http, "confirmo").await.unwrap();
    house.eventually("/api/v1/deliveries?status=held", |page| count(page, 4)).await;
    act("R-2", "cancel").await;
    pause(&house, "whatsapp", false).await;
    house.eventually("/api/v1/deliveries?status=cancelled", |page| count(page, 3)).await;
    house
        .eventually("/api/v1/deliveries?channel=whatsapp&status=sent", |page| count(page, 1))
        .await;
    let told: Vec<_> = house.graph.inbox.all().into_iter().map(|sent: Sent| sent.to).collect();
    assert_eq!(told, ["34600000003"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a21_what_is_no_object_changes_nothing_of_a_pause() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let receiver = house.webhook(json!({})).await;
    pause(&house, "webhook", true).await;
    house.event("order.paid", json!({"n": 1})).await;
    let held = |page: &Value| page["items"].as_array().unwrap().len() == 1;
    house.eventually("/api/v1/deliveries?status=held", held).await;
    for (settings, field) in [
        (json!({"channels": []}), "channels"),
        (json!({"channels": [{"paused": false}]}), "channels"),
        (json!({"channels": true}), "channels"),
        (json!({"channels": {"webhook": []}}), "channels.webhook"),
        (json!({"channels": {"webhook": [false]}}), "channels.webhook"),
        (json!({"alerts": {"retry_rate": []}}), "alerts.retry_rate"),
    ] {
        let (status, answer) =
            house.raw("PATCH", "/api/v1/admin/tenants/default", settings.to_string()).await;
        assert_eq!((status, &answer["field"]), (422, &json!(field)), "{settings}: {answer}");
        let detail = answer["detail"].as_str().unwrap();
        assert!(detail.contains("must be an object"), "{detail}");
    }
    house.eventually("/api/v1/deliveries?status=held", held).await;
    assert_eq!(receiver.inbox.all().len(), 0);
    pause(&house, "webhook", false).await;
    deliveries(&receiver, &["order.paid"]).await;
}
