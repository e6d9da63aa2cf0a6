//! Two leads that turn out to be one person: nothing of either is lost, and nobody is told twice.

use serde_json::{Value, json};

use crate::support::{House, PATIENCE, deliveries};

const ANA: &str = "34600000001";
const NEW: &str = "34600000002";

/// What somebody wrote on WhatsApp, under a number, a user id of WhatsApp's, or both.
async fn says(house: &House, phone: Option<&str>, user_id: Option<&str>, text: &str) {
    let mut envelope = house.phone(ANA).message(json!({"type": "text", "text": {"body": text}}));
    let value = &mut envelope["entry"][0]["changes"][0]["value"];
    value.as_object_mut().unwrap().remove("contacts");
    let message = value["messages"][0].as_object_mut().unwrap();
    message.remove("from");
    message.extend(phone.map(|phone| ("from".to_owned(), Value::from(phone))));
    message.extend(user_id.map(|id| ("from_user_id".to_owned(), Value::from(id))));
    house.phone(ANA).send(&house.api.http, &envelope).await.unwrap();
    house.read().await;
}

/// The system's word that somebody has another number.
async fn changes(house: &House, old: &str, new: &str) {
    let system = json!({"type": "user_changed_number", "wa_id": new, "body": "changed"});
    let message = json!({"type": "system", "system": system});
    let phone = house.phone(old);
    phone.send(&house.api.http, &phone.message(message)).await.unwrap();
    house.read().await;
}

async fn looks(house: &House, phone: &str, talk: &str) {
    let data = json!({"conversation_id": talk, "wa_number": format!("+{phone}"),
        "products": [{"sku": "V-1", "name": "Vestido"}]});
    house.event("conversation.message.received", data).await;
}

async fn leads(house: &House, query: &str) -> Vec<Value> {
    let leads = house.api.get(&format!("/api/v1/leads{query}")).await.unwrap();
    leads["items"].as_array().unwrap().clone()
}

fn price(old: u32, new: u32) -> Value {
    json!({"product": {"sku": "V-1", "name": "Vestido"}, "old_price": old, "new_price": new})
}

/// Those who were told of the price before a marker who looks at it later was told of its end.
async fn told_of_the_price(house: &House) -> Vec<String> {
    looks(house, "34600000099", "marker").await;
    house.event("inventory.updated", json!({"sku": "V-1", "new_stock": 0})).await;
    let marked = |all: &[sereno::receiver::graph::Sent]| all.iter().any(|s| s.to == "34600000099");
    let all = house.graph.inbox.wait(PATIENCE, marked).await.unwrap();
    all.into_iter().filter(|s| s.text.contains('%')).map(|s| s.to).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn d05_two_leads_that_are_one_person_bring_all_that_is_theirs() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let receiver = house.webhook(json!({"filters": {"events": ["lead.*"]}})).await;
    says(&house, Some(ANA), None, "hola").await;
    says(&house, Some(ANA), None, "¿hay alguien?").await;
    looks(&house, ANA, "c-1").await;
    let order = json!({"order_id": "O-1", "wa_number": format!("+{ANA}")});
    house.event("order.completed", order).await;
    says(&house, None, Some("ES.111"), "soy yo").await;
    assert_eq!(leads(&house, "").await.len(), 2);
    says(&house, Some(ANA), Some("ES.111"), "las dos").await;
    let got = deliveries(&receiver, &["lead.created", "lead.created", "lead.merged"]).await;
    let merged = got.iter().find(|d| d.event_type == "lead.merged").unwrap().json();
    let id = merged["data"]["lead_id"].as_str().unwrap().to_owned();
    let gone = merged["data"]["merged_lead_id"].as_str().unwrap().to_owned();
    assert!(!merged.to_string().contains("600000001"), "no number leaves");

    let lead = house.api.get(&format!("/api/v1/leads/{id}")).await.unwrap();
    let figures = ["messages", "orders", "conversations"].map(|name| lead[name].as_u64().unwrap());
    assert_eq!(figures, [5, 1, 3], "{lead}");
    assert_eq!(leads(&house, "?wa_number_hash=eb491b384e4fda42").await.len(), 1);
    let old = house.api.get(&format!("/api/v1/leads/{gone}")).await.unwrap();
    assert_eq!((&old["merged_into"], &old["wa_number_hash"]), (&json!(id), &Value::Null));
    let talks = house.api.get(&format!("/api/v1/conversations?lead_id={id}")).await.unwrap();
    let talks = talks["items"].as_array().unwrap();
    assert_eq!(talks.len(), 3);
    assert!(talks.iter().all(|talk| talk["lead_id"] == json!(id)), "{talks:?}");
    let history = house.api.get(&format!("/api/v1/leads/{id}/history")).await.unwrap();
    let of = |kind: &str| {
        history["items"].as_array().unwrap().iter().filter(|item| item["kind"] == kind).count()
    };
    assert_eq!((of("message_received"), of("order")), (5, 1));

    house.event("price.changed", price(100, 80)).await;
    // What still waits when the last one is sold is no longer said.
    let told = |all: &[sereno::receiver::graph::Sent]| all.iter().any(|s| s.text.contains('%'));
    house.graph.inbox.wait(PATIENCE, told).await.unwrap();
    assert_eq!(told_of_the_price(&house).await, [ANA], "once, at the number that is theirs");
    house.event("conversation.ended", json!({"conversation_id": "c-1"})).await;
    let house = house.restarted().await;
    says(&house, Some(ANA), None, "otra vez").await;
    assert_eq!(house.api.get(&format!("/api/v1/leads/{id}")).await.unwrap()["messages"], 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn b07_a_number_that_changes_to_a_known_one_brings_its_stop_and_is_one_lead() {
    let house = House::new().await;
    house.settle(json!({})).await;
    for (person, talk) in [(ANA, "c-1"), (NEW, "c-2")] {
        says(&house, Some(person), None, "hola").await;
        looks(&house, person, talk).await;
    }
    says(&house, Some(NEW), None, "STOP").await;
    changes(&house, ANA, NEW).await;
    let hash = "?wa_number_hash=b354219549f60326";
    let one = |leads: &Value| leads["items"][0]["messages"] == 5;
    let found = house.eventually(&format!("/api/v1/leads{hash}"), one).await;
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    assert_eq!(found["items"][0]["opted_out"]["how"], "STOP");
    house.event("price.changed", price(100, 80)).await;
    assert_eq!(told_of_the_price(&house).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn b07_a_number_that_was_anothers_on_whatsapp_makes_them_no_one_person() {
    let house = House::new().await;
    house.settle(json!({})).await;
    says(&house, Some(ANA), Some("ES.1"), "hola").await;
    says(&house, Some(NEW), Some("ES.2"), "hola").await;
    let system = json!({"type": "user_changed_number", "wa_id": NEW, "body": "changed"});
    let phone = house.phone(ANA);
    let mut envelope = phone.message(json!({"type": "system", "system": system}));
    let message = &mut envelope["entry"][0]["changes"][0]["value"]["messages"][0];
    message["from_user_id"] = json!("ES.1");
    phone.send(&house.api.http, &envelope).await.unwrap();
    house.read().await;
    let all = leads(&house, "").await;
    assert!(all.iter().all(|lead| lead["merged_into"].is_null()), "{all:?}");
    assert_eq!(all.iter().filter(|lead| lead["wa_number_hash"].is_string()).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a07_a_booking_goes_with_its_customer_to_another_number() {
    let house = House::new().await;
    house.settle(json!({"reminders": ["1h"]})).await;
    house.book("R-1", ANA, 3_600_000 + 300).await;
    house.told(1).await;
    changes(&house, ANA, NEW).await;
    says(&house, Some(NEW), None, "1").await;
    let booking = house
        .eventually("/api/v1/reservations/R-1", |booking| booking["status"] == "confirmed")
        .await;
    assert_eq!(booking["wa_number_hash"], "b354219549f60326");
    let told = house.told(2).await;
    assert_eq!((told[0].to.as_str(), told[1].to.as_str()), (ANA, NEW));
}
