//! What people wish, and that nothing is said to them which is no longer wanted or true.

use serde_json::{Value, json};

use crate::support::{House, PATIENCE};

const PEOPLE: [&str; 3] = ["34600000001", "34600000002", "34600000003"];

async fn looks(house: &House) {
    for (number, person) in PEOPLE.iter().enumerate() {
        let data = json!({"conversation_id": format!("c-{number}"),
            "wa_number": format!("+{person}"), "products": [{"sku": "V-1", "name": "Vestido"}]});
        house.event("conversation.message.received", data).await;
    }
}

fn price(old: u32, new: u32) -> Value {
    json!({"product": {"sku": "V-1", "name": "Vestido"}, "old_price": old, "new_price": new})
}

/// The deliveries of offers in this condition, once there are so many.
async fn offers(house: &House, status: &str, count: usize) -> Vec<Value> {
    let path = format!("/api/v1/deliveries?event_type=lead.price_drop.sent&status={status}");
    let enough = |all: &Value| all["items"].as_array().unwrap().len() == count;
    house.eventually(&path, enough).await["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn b07_what_waits_for_another_attempt_is_asked_again_whether_it_may_go() {
    let house = House::new().await;
    let retry = json!({"first": "400ms", "factor": 1.0, "attempts": 50});
    house.settle(json!({"retry": retry, "timezone": "UTC"})).await;
    looks(&house).await;
    let refuse = || house.graph.refuse(vec![(503, 131_016); 1_000]);

    // One of three says STOP.
    refuse();
    house.event("price.changed", price(100, 80)).await;
    offers(&house, "retrying", 3).await;
    let stop = json!({"wa_number": format!("+{}", PEOPLE[0]), "value": "stop"});
    house.event("whatsapp.preferences.changed", stop).await;
    house.graph.relent();
    let told = house.told(2).await;
    let cancelled = offers(&house, "cancelled", 1).await;
    assert!(cancelled[0]["error_message"].as_str().unwrap().contains("unasked"), "{cancelled:?}");
    assert!(told.iter().all(|sent| sent.to != PEOPLE[0]), "{told:?}");

    // The price rises again.
    refuse();
    house.event("price.changed", price(80, 60)).await;
    offers(&house, "retrying", 2).await;
    house.event("price.changed", price(60, 120)).await;
    house.graph.relent();
    let cancelled = offers(&house, "cancelled", 3).await;
    let untrue = |d: &&Value| d["error_message"].as_str().unwrap().contains("no longer true");
    assert_eq!(cancelled.iter().filter(untrue).count(), 2, "{cancelled:?}");
    let counted = |stats: &Value| stats["windows"]["1h"]["deliveries_withdrawn"] == 3;
    house.eventually("/api/v1/stats?window=1h", counted).await;

    // The night comes.
    refuse();
    house.event("price.changed", price(120, 90)).await;
    offers(&house, "retrying", 2).await;
    let clock = |hours: i64| crate::support::moment(hours * 3_600_000)[11..16].to_owned();
    let quiet = json!({"quiet_hours": {"from": clock(-2), "to": clock(2)}});
    house.api.patch("/api/v1/admin/tenants/default", &quiet).await.unwrap();
    house.graph.relent();
    let path = "/api/v1/deliveries?event_type=lead.price_drop.sent&status=retrying";
    let held = |all: &Value| {
        let items = all["items"].as_array().unwrap();
        let quiet = |d: &&Value| d["error_message"].as_str().unwrap_or_default().contains("quiet");
        items.iter().filter(quiet).count() == 2
    };
    let held = house.eventually(path, held).await;
    for delivery in held["items"].as_array().unwrap() {
        assert_eq!(&delivery["next_attempt_at"].as_str().unwrap()[11..16], clock(2));
    }
    assert_eq!(house.graph.inbox.all().len(), 2, "nothing but the first two");
    let none = json!({"quiet_hours": null});
    house.api.patch("/api/v1/admin/tenants/default", &none).await.unwrap();
    for delivery in held["items"].as_array().unwrap() {
        let retry = format!("/api/v1/deliveries/{}/retry", delivery["id"].as_str().unwrap());
        house.api.post(&retry, &json!({})).await.unwrap();
    }
    assert!(house.graph.inbox.wait(PATIENCE, |all| all.len() == 4).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn b07_a_wish_that_comes_late_undoes_none_that_was_said_after_it() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let user = format!("user_{}", PEOPLE[0]);
    for (value, seconds, is_out) in [
        ("stop", -10, true),
        ("resume", -3_600, true),
        ("stop", -20, true),
        ("resume", -15, true),
        ("resume", 0, false),
        ("stop", -5, false),
    ] {
        let event = json!({"event_type": "whatsapp.preferences.changed",
            "timestamp": crate::support::moment(seconds * 1_000),
            "data": {"user_id": user, "value": value}});
        house.api.post("/api/v1/events", &event).await.unwrap();
        let leads = house.api.get("/api/v1/leads?opted_out=true").await.unwrap();
        let count = leads["items"].as_array().unwrap().len();
        assert_eq!(count, usize::from(is_out), "{value} {seconds}");
    }
}
