//! Stock and prices: who hears of them, once, and who does not.

use std::time::Duration;

use serde_json::{Value, json};

use crate::process::{Process, is_long};
use crate::support::{APP_SECRET, House, PATIENCE};
use sereno::receiver::graph::GraphReceiver;

const ANA: &str = "34600000001";
const BRUNO: &str = "34600000002";

/// A person in a conversation in which they saw a product.
fn looks(person: &str, talk: &str, sku: &str) -> [Value; 2] {
    let user = json!({"id": format!("user_{person}"), "phone": format!("+{person}")});
    [
        json!({"event_type": "conversation.started", "data": {"conversation_id": talk,
            "channel": "whatsapp", "user": user}}),
        json!({"event_type": "ai.recommendation.generated", "data": {"conversation_id": talk,
            "products": [{"sku": sku, "name": "Vestido"}]}}),
    ]
}

fn price(old: u32, new: u32) -> Value {
    json!({"product": {"sku": "V-1", "name": "Vestido"}, "old_price": old, "new_price": new})
}

async fn open(house: &House, person: &str, talk: &str) {
    house
        .api
        .post("/api/v1/events", &Value::from(looks(person, talk, "V-1").to_vec()))
        .await
        .unwrap();
}

/// Whoever is still to be told has been told after a message that comes later.
async fn told_before(house: &House, marker: &str) -> Vec<(String, String)> {
    open(house, marker, &format!("marker-{marker}")).await;
    house.event("inventory.updated", json!({"sku": "V-1", "new_stock": 0})).await;
    let came = house.graph.inbox.wait(PATIENCE, |all| all.iter().any(|sent| sent.to == marker));
    let all = came.await.unwrap_or_else(|got| panic!("{marker} was not told: {got:#?}"));
    all.into_iter().map(|sent| (sent.to, sent.text)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn b06_conversations_that_look_at_it_hear_that_few_are_left_and_that_it_is_sold_out() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let receiver = house.webhook(json!({"filters": {"events": ["lead.*"]}})).await;
    open(&house, ANA, "c-ana").await;
    open(&house, BRUNO, "c-bruno").await;
    house.event("conversation.ended", json!({"conversation_id": "c-bruno"})).await;
    let stock = |left: u32| {
        json!({"products": [
        {"sku": "V-1", "new_stock": left, "availability": "in_stock"},
        {"sku": "OTHER", "new_stock": 1}]})
    };
    house.event("inventory.updated", stock(12)).await;
    house.event("inventory.updated", stock(3)).await;
    house.told(1).await;
    house.event("inventory.updated", stock(3)).await;
    house.event("inventory.updated", stock(0)).await;
    let told = house.told(2).await;
    let told: Vec<_> = told.iter().map(|sent| (sent.to.as_str(), sent.text.as_str())).collect();
    assert_eq!(
        told,
        [
            (ANA, "¡Quedan solo 3 unidades de Vestido! ⚡"),
            (ANA, "Vestido, que estás viendo, se ha agotado 😔"),
        ],
        "the conversation that ended hears nothing"
    );
    let got = crate::support::deliveries(&receiver, &["lead.low_stock.sent", "lead.sold_out.sent"]);
    for delivery in got.await {
        assert!(!delivery.json().to_string().contains("600000001"), "no number leaves");
    }
    let talk = "/api/v1/conversations/c-ana";
    let talk = house.eventually(talk, |talk| talk["metrics"]["ai_messages"] == 2).await;
    assert_eq!(talk["messages"][1]["delivery"]["channel"], "whatsapp");
}

#[tokio::test(flavor = "multi_thread")]
async fn b07_a_lower_price_is_told_once_to_each_who_looked_however_often_it_is_told() {
    let house = House::new().await;
    house.settle(json!({})).await;
    open(&house, ANA, "c-1").await;
    open(&house, ANA, "c-2").await;
    open(&house, BRUNO, "c-3").await;
    house.event("conversation.ended", json!({"conversation_id": "c-3"})).await;
    let drop = json!({"event_id": "p-1", "event_type": "price.changed", "data": price(100, 80)});
    for _ in 0..3 {
        house.api.post("/api/v1/events", &drop).await.unwrap();
        house.event("price.changed", price(100, 80)).await;
    }
    house.told(2).await;
    house.event("price.changed", price(80, 90)).await;
    let told = told_before(&house, "34600000099").await;
    let drops: Vec<_> = told.iter().filter(|(_, text)| text.contains('%')).collect();
    assert_eq!(drops.len(), 2, "{told:?}");
    assert!(drops.iter().all(|(_, text)| text == "¡Vestido, que viste, ha bajado un 20 %! 🎉"));
    assert_ne!(drops[0].0, drops[1].0, "once each, in two conversations or in one");

    house.event("price.changed", price(90, 45)).await;
    let halves = |all: &[sereno::receiver::graph::Sent]| {
        all.iter().filter(|sent| sent.text.contains("50 %")).count() == 3
    };
    let again = house.graph.inbox.wait(PATIENCE, halves).await;
    assert!(again.is_ok(), "another change is another message, to the third as well");
}

#[tokio::test(flavor = "multi_thread")]
async fn b07_who_says_stop_hears_no_offer_but_is_reminded_and_comes_back_with_start() {
    let house = House::new().await;
    house.settle(json!({"reminders": ["1h"], "opt_out": ["no me escribáis"]})).await;
    open(&house, ANA, "c-1").await;
    house.phone(ANA).say(&house.api.http, "No me escribáis").await.unwrap();
    let told = house.told(1).await;
    assert!(told[0].text.contains("ALTA"), "{}", told[0].text);
    let leads = house.api.get("/api/v1/leads?opted_out=true").await.unwrap();
    assert_eq!(leads["items"][0]["opted_out"]["how"], "No me escribáis");
    house.event("price.changed", price(100, 80)).await;
    let told = told_before(&house, "34600000098").await;
    assert!(!told.iter().any(|(_, text)| text.contains('%')), "{told:?}");
    house.book("R-1", ANA, 3_600_000 + 300).await;
    let reminded = |all: &[sereno::receiver::graph::Sent]| {
        all.iter().any(|sent| sent.to == ANA && sent.text.contains("Responde 1"))
    };
    assert!(house.graph.inbox.wait(PATIENCE, reminded).await.is_ok(), "it is their own booking");

    house.phone(ANA).say(&house.api.http, "alta").await.unwrap();
    let back = |leads: &Value| leads["items"].as_array().unwrap().is_empty();
    house.eventually("/api/v1/leads?opted_out=true", back).await;
    house.event("price.changed", price(80, 60)).await;
    let offered = |all: &[sereno::receiver::graph::Sent]| {
        all.iter().any(|sent| sent.to == ANA && sent.text.contains("25 %"))
    };
    assert!(house.graph.inbox.wait(PATIENCE, offered).await.is_ok());

    let stop = json!({"user_id": format!("user_{ANA}"), "value": "stop"});
    house.event("whatsapp.preferences.changed", stop).await;
    let leads = house.api.get("/api/v1/leads?opted_out=true").await.unwrap();
    assert_eq!(leads["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn b07_quiet_hours_hold_an_offer_and_a_price_that_goes_up_again_takes_it_back() {
    let house = House::new().await;
    house.settle(json!({"timezone": "UTC"})).await;
    let clock = |hours: i64| crate::support::moment(hours * 3_600_000)[11..16].to_owned();
    let end = clock(2);
    let quiet = json!({"quiet_hours": {"from": clock(-2), "to": end}});
    house.api.patch("/api/v1/admin/tenants/default", &quiet).await.unwrap();
    open(&house, ANA, "c-1").await;
    house.event("price.changed", price(100, 80)).await;
    let waves = async || {
        let timers = house.api.get("/api/v1/timers").await.unwrap();
        let timers = timers["items"].as_array().unwrap().clone();
        timers.into_iter().filter(|timer| timer["kind"] == "price_wave").collect::<Vec<_>>()
    };
    let held = waves().await;
    assert_eq!(held.len(), 1);
    assert_eq!(&held[0]["due_at"].as_str().unwrap()[11..16], end);
    house.event("price.changed", price(80, 100)).await;
    assert_eq!(waves().await.len(), 0, "it would no longer be true");
    let none = json!({"quiet_hours": null});
    house.api.patch("/api/v1/admin/tenants/default", &none).await.unwrap();
    let told = told_before(&house, "34600000097").await;
    assert!(!told.iter().any(|(_, text)| text.contains('%')), "{told:?}");
    for (hours, field) in [
        (json!({"from": "22:00", "to": "22:00"}), "quiet_hours.to"),
        (json!({"from": "25:00", "to": "9:00"}), "quiet_hours.from"),
        (json!([]), "quiet_hours"),
    ] {
        let body = json!({"quiet_hours": hours}).to_string();
        let (status, problem) = house.raw("PATCH", "/api/v1/admin/tenants/default", body).await;
        assert_eq!(status, 422, "{problem}");
        assert!(problem.to_string().contains(field), "{field} in {problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b08_an_order_is_its_conversations_outcome_and_stands_in_the_leads_history() {
    let house = House::new().await;
    house.settle(json!({})).await;
    open(&house, ANA, "c-1").await;
    let order = json!({"order_id": "O-1", "conversation_id": "c-1", "amount": 99.5});
    house.event("order.completed", order).await;
    house
        .event("order.completed", json!({"order_id": "O-2", "wa_number": format!("+{ANA}")}))
        .await;
    for event_type in ["product.added", "product.removed"] {
        house.event(event_type, json!({"product": {"sku": "V-1"}})).await;
    }
    house.event("campaign.started", json!({"campaign_id": "c", "name": "Verano"})).await;
    let talk = house.api.get("/api/v1/conversations/c-1").await.unwrap();
    assert_eq!(
        (talk["resolution"]["outcome"].as_str(), talk["order_id"].as_str()),
        (Some("purchase_completed"), Some("O-1"))
    );
    let id = talk["lead_id"].as_str().unwrap();
    assert_eq!(house.api.get(&format!("/api/v1/leads/{id}")).await.unwrap()["orders"], 2);
    let history = house.api.get(&format!("/api/v1/leads/{id}/history")).await.unwrap();
    let orders: Vec<_> = history["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item["kind"] == "order")
        .map(|item| item["order_id"].clone())
        .collect();
    assert_eq!(orders, ["O-2", "O-1"]);
}

/// A wave is killed again and again while it goes: everybody hears, and under one delivery each.
#[tokio::test(flavor = "multi_thread")]
async fn b07_a_wave_that_is_killed_goes_on_and_tells_nobody_twice() {
    let people = if is_long() { 600 } else { 120 };
    let data = tempfile::tempdir().unwrap();
    let graph = GraphReceiver::start("token").await.unwrap();
    let mut process = Process::start(data.path(), &graph.url());
    let client = process.client(data.path());
    let settings = json!({"whatsapp": {"phone_number_id": "1", "access_token": "token",
        "app_secret": APP_SECRET, "verify_token": "v", "messages_per_second": 40}});
    client.patch("/api/v1/admin/tenants/default", &settings).await.unwrap();
    let number = |person: usize| format!("346{person:08}");
    let events: Vec<Value> = (0..people)
        .flat_map(|person| looks(&number(person), &format!("c-{person}"), "V-1"))
        .collect();
    for some in events.chunks(200) {
        client.post("/api/v1/events", &Value::from(some.to_vec())).await.unwrap();
    }
    let drop = json!({"event_type": "price.changed", "data": price(100, 80)});
    client.post("/api/v1/events", &drop).await.unwrap();
    for part in 1..=4 {
        let some = graph.inbox.wait(PATIENCE, |all| all.len() >= part * people / 6).await;
        assert!(some.is_ok(), "the wave goes on");
        process.kill();
        process = Process::start(data.path(), &graph.url());
    }
    let all = |sent: &[sereno::receiver::graph::Sent]| {
        let told: std::collections::BTreeSet<_> = sent.iter().map(|sent| &sent.to).collect();
        told.len() == people
    };
    let sent = graph.inbox.wait(Duration::from_secs(60), all).await;
    let sent = sent.unwrap_or_else(|got| panic!("{} of {people} were told", got.len()));
    // A delivery whose answer was lost may come twice, under the same id; a second message never does.
    let mut ids: Vec<_> = sent.iter().map(|sent| (&sent.to, &sent.delivery_id)).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), people, "one message to each");
    process.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn f01_stock_and_price_that_change_at_one_moment_are_both_told() {
    const PRODUCTS: usize = 30;
    let house = House::new().await;
    house.settle(json!({})).await;
    for number in 0..PRODUCTS {
        let looks = looks(ANA, "c-ana", &format!("P-{number}"));
        house.api.post("/api/v1/events", &Value::from(looks.to_vec())).await.unwrap();
    }
    for number in 0..PRODUCTS {
        let sku = format!("P-{number}");
        let stock =
            json!({"event_type": "inventory.updated", "data": {"sku": sku, "new_stock": 2}});
        let price = json!({"event_type": "price.changed",
            "data": {"product": {"sku": sku}, "old_price": 100, "new_price": 80}});
        let [stock, price] = [&stock, &price].map(|event| house.api.post("/api/v1/events", event));
        let (stock, price) = tokio::join!(stock, price);
        stock.and(price).unwrap();
    }
    for event_type in ["lead.low_stock.sent", "lead.price_drop.sent"] {
        let told = format!("/api/v1/events?type={event_type}&limit=100");
        let count = |page: &Value| page["items"].as_array().map(Vec::len) == Some(PRODUCTS);
        house.eventually(&told, count).await;
    }
}
