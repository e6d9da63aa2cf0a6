//! What goes to a customer or to a reader of the report is a delivery like every other, before its first attempt
//! too: it is listed, counted, asked why and cancelled.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{House, PATIENCE, deliveries};

const TENANT: &str = "/api/v1/admin/tenants/default";

async fn set(house: &House, settings: Value) {
    house.api.patch(TENANT, &settings).await.unwrap();
}

/// What is on a page.
fn items(page: &Value) -> &[Value] {
    page["items"].as_array().unwrap()
}

/// The path of the only event of a type, once it is there.
async fn event_of(house: &House, event_type: &str) -> String {
    let path = format!("/api/v1/events?type={event_type}");
    let page = house.eventually(&path, |page| items(page).len() == 1).await;
    format!("/api/v1/events/{}", items(&page)[0]["event_id"].as_str().unwrap())
}

/// The words of what an answer says of itself.
fn words(shown: &Value) -> [&str; 3] {
    ["what", "because", "next"].map(|name| shown["why"][name].as_str().unwrap())
}

/// Asserts how the only delivery of a list's query stands, and why; its path.
async fn only(house: &House, query: &str, says: [&str; 3]) -> String {
    let page = house.api.get(&format!("/api/v1/deliveries?{query}")).await.unwrap();
    let [one] = items(&page) else { panic!("{query}: {page:#}") };
    assert_eq!((&one["attempts"], &one["response_code"]), (&json!(0), &Value::Null));
    let path = format!("/api/v1/deliveries/{}", one["id"].as_str().unwrap());
    let shown = house.api.get(&path).await.unwrap();
    assert_eq!(words(&shown), says, "{shown:#}");
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_a_reminder_that_a_pause_holds_is_a_delivery_of_its_event() {
    let house = House::new().await;
    house.settle(json!({"reminders": ["1h"], "channels": {"whatsapp": {"paused": true}}})).await;
    let receiver = house.webhook(json!({"filters": {"events": ["reminder.*"]}})).await;
    house.book("R-1", "34600000001", 3_600_000 + 500).await;
    deliveries(&receiver, &["reminder.1h.sent"]).await;
    let path = event_of(&house, "reminder.1h.sent").await;
    let taken = |shown: &Value| shown["delivery_counts"]["sent"] == 1;
    house.eventually(&path, taken).await;
    let held = "status=held&channel=whatsapp";
    for round in 0..2 {
        let house = &house;
        let event = house.api.get(&path).await.unwrap();
        assert_eq!(event["delivery_counts"], json!({"sent": 1, "held": 1}), "{round}: {event:#}");
        assert_eq!(event["deliveries"].as_array().unwrap().len(), 2);
        assert_eq!(words(&event), ["recorded", "channel_paused", "resume"], "{event:#}");
        for (language, said) in [
            ("en", "one of its 2 deliveries is held"),
            ("es", "una de sus 2 entregas está retenida"),
            ("pt", "uma das suas 2 entregas está retida"),
        ] {
            let event = house.api.get(&format!("{path}?lang={language}")).await.unwrap();
            let sentence = event["why"]["sentence"].as_str().unwrap();
            assert!(sentence.contains(said), "{sentence}");
        }
        only(house, held, ["held", "channel_paused", "resume"]).await;
        let stages = event["pipeline"].as_array().unwrap();
        let trigger = stages.iter().find(|stage| stage["stage"] == "trigger").unwrap();
        assert_eq!(trigger["detail"], "2 deliveries");
        let pending = "/api/v1/events?delivery=pending";
        assert_eq!(items(&house.api.get(pending).await.unwrap()).len(), 1);
        // What is held waits for nothing.
        let stats = house.api.get("/api/v1/stats").await.unwrap();
        assert_eq!(stats["oldest_waiting"], Value::Null);
    }
    let house = house.restarted().await;
    let one = only(&house, held, ["held", "channel_paused", "resume"]).await;
    let asked = json!({"reason": "the kitchen is closed"});
    let answer = house.api.post(&format!("{one}/cancel"), &asked).await.unwrap();
    assert_eq!(answer["status"], "cancelled");
    let event = house.api.get(&path).await.unwrap();
    assert_eq!(event["delivery_counts"], json!({"sent": 1, "cancelled": 1}));
    assert_eq!(words(&event), ["delivered", "person", "nothing"], "{event:#}");

    // Once it goes on, the next one goes, and the cancelled one does not.
    set(&house, json!({"channels": {"whatsapp": {"paused": false}}})).await;
    house.book("R-2", "34600000002", 3_600_000 + 500).await;
    let told = house.told(1).await;
    assert_eq!(told[0].to, "34600000002");
    assert_eq!(house.api.get(&one).await.unwrap()["status"], "cancelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_an_event_without_endpoints_says_that_its_customer_was_not_told_yet() {
    let house = House::new().await;
    house.settle(json!({"reminders": ["1h"]})).await;
    house.graph.take_time(Duration::from_secs(3));
    house.book("R-1", "34600000001", 3_600_000 + 500).await;
    house.told(1).await;
    let path = event_of(&house, "reminder.1h.sent").await;
    let event = house.api.get(&path).await.unwrap();
    assert_eq!(words(&event)[..2], ["recorded", "deliveries_under_way"], "{event:#}");
    let one = only(&house, "channel=whatsapp", ["trying", "attempt_under_way", "answer"]).await;
    let stats = house.api.get("/api/v1/stats").await.unwrap();
    let id = one.rsplit('/').next().unwrap();
    assert_eq!(stats["oldest_waiting"]["id"], id);
    let (status, answer) = house.raw("POST", &format!("{one}/cancel"), "").await;
    assert_eq!(
        (status, &answer["detail"]),
        (409, &json!("an attempt is under way: wait for what comes of it"))
    );
    let sent = house.eventually(&path, |event| event["delivery_counts"]["sent"] == 1).await;
    assert_eq!(sent["deliveries"][0]["id"], id, "it is the same one");
    assert_eq!(words(&sent)[..2], ["sent", "provider_took_it"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_what_waits_for_its_turn_among_customers_is_listed_and_can_be_cancelled() {
    let house = House::new().await;
    house.settle(json!({"reminders": ["1h"]})).await;
    set(&house, json!({"whatsapp": {"messages_per_second": 1}})).await;
    for n in 1..=8 {
        house.book(&format!("R-{n}"), &format!("3460000000{n}"), 3_600_000 + 1_500).await;
    }
    let waiting = "/api/v1/deliveries?status=pending&channel=whatsapp";
    let page = house.eventually(waiting, |page| items(page).len() >= 4).await;
    // The newest is the last in line.
    let last = items(&page).iter().max_by_key(|one| one["id"].to_string()).unwrap();
    let path = format!("/api/v1/deliveries/{}", last["id"].as_str().unwrap());
    let paced = ["waiting", "pace", "attempt"];
    let shown = house.eventually(&path, |shown| words(shown) == paced).await;
    assert!(shown["why"]["next_at"].is_string(), "{shown:#}");
    house.api.post(&format!("{path}/cancel"), &json!({})).await.unwrap();
    let told = house.told(7).await;
    let delivered: Vec<&str> = told.iter().map(|one| one.delivery_id.as_str()).collect();
    assert!(!delivered.contains(&last["id"].as_str().unwrap()), "{delivered:?}");
    let sent = "/api/v1/deliveries?status=sent&channel=whatsapp";
    house.eventually(sent, |page| items(page).len() == 7).await;
    assert_eq!(house.api.get(&path).await.unwrap()["status"], "cancelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_a_report_that_a_pause_holds_is_a_delivery_to_each_of_its_readers() {
    let house = House::new().await;
    house.settle(json!({"channels": {"email": {"paused": true}}})).await;
    let body = json!({"to": ["ana@example.com", "luis@example.com"]});
    house.api.post("/api/v1/reports/weekly/send", &body).await.unwrap();
    let path = event_of(&house, "report.*").await;
    let event = house.eventually(&path, |event| event["delivery_counts"]["held"] == 2).await;
    assert_eq!(words(&event)[0], "recorded");
    let held = "/api/v1/deliveries?status=held&channel=email";
    let page = house.api.get(held).await.unwrap();
    assert_eq!(items(&page).len(), 2, "{page:#}");
    let one = format!("/api/v1/deliveries/{}", items(&page)[0]["id"].as_str().unwrap());
    let shown = house.api.get(&one).await.unwrap();
    assert_eq!(words(&shown), ["held", "channel_paused", "resume"]);
    house.api.post(&format!("{one}/cancel"), &json!({})).await.unwrap();
    set(&house, json!({"channels": {"email": {"paused": false}}})).await;
    let counts = json!({"sent": 1, "cancelled": 1});
    house.eventually(&path, |event| event["delivery_counts"] == counts).await;
    let mails = house.mail.inbox.wait(PATIENCE, |all| !all.is_empty()).await.unwrap();
    assert_eq!(mails.len(), 1);
}

/// What a delivery of an endpoint that waits says, once there are so many and it says this: it may wait for one pace
/// after another.
async fn waits(house: &House, endpoint: u64, count: usize, said: &str) -> Value {
    let waiting = format!("/api/v1/deliveries?status=pending&endpoint_id={endpoint}&limit=100");
    let page = house.eventually(&waiting, |page| items(page).len() >= count).await;
    let last = items(&page).iter().max_by_key(|one| one["id"].to_string()).unwrap();
    let path = format!("/api/v1/deliveries/{}?lang=en", last["id"].as_str().unwrap());
    let paced = ["waiting", "pace", "attempt"];
    let says = |shown: &Value| {
        let sentence = shown["why"]["sentence"].as_str();
        words(shown) == paced && sentence.is_some_and(|sentence| sentence.contains(said))
    };
    house.eventually(&path, says).await["why"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_what_waits_for_the_pace_of_slack_or_of_a_customer_says_so_and_until_when() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let slack =
        json!({"kind": "slack", "target": house.slack.url(), "filters": {"events": ["a.slack"]}});
    let customer = json!({"kind": "whatsapp", "target": "+34600000001",
        "filters": {"events": ["a.customer"]}});
    let (slack, customer) = (house.endpoint(slack).await, house.endpoint(customer).await);
    for n in 0..60 {
        house.event("a.slack", json!({"n": n})).await;
        house.event("a.customer", json!({"n": n})).await;
    }
    let slacks = "It waits its turn: Slack takes 1 message a second, ";
    let why = waits(&house, slack, 20, slacks).await;
    assert!(why["next_at"].is_string(), "{why}");
    let why = waits(&house, customer, 5, "WhatsApp takes 10 a minute to each").await;
    assert!(why["next_at"].is_string(), "{why}");
}
