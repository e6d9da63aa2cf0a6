//! Conversations and bookings that are called by the number of their customer: whoever hears of one finds it, by the name
//! that they heard and by the number.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::support::{House, moment};

const NUMBER: &str = "34600000001";
/// echo -n +34600000001 | sha256sum
const HASH: &str = "eb491b384e4fda42";

async fn talk(house: &House, event_type: &str, more: Value) {
    let mut data = json!({"conversation_id": NUMBER});
    data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    house.event(event_type, data).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a18_a_conversation_from_before_its_number_was_known_goes_on_under_both_names() {
    let house = House::new().await;
    house.settle(json!({"conversations": {"idle_after": "1h"}})).await;
    talk(&house, "conversation.message.received", json!({"text": "hola"})).await;
    let begins = json!({"channel": "web", "wa_number": format!("+{NUMBER}")});
    talk(&house, "conversation.started", begins).await;
    talk(&house, "conversation.message.received", json!({"text": "otra"})).await;
    talk(&house, "handoff.opened", json!({})).await;
    // Whoever heard of it by the one name answers by that.
    let said = json!({"conversation_id": HASH, "text": "¿Diga?", "sent_by": "ai"});
    house.event("conversation.message.sent", said).await;
    for id in [NUMBER, HASH] {
        let path = format!("/api/v1/conversations/{id}");
        let shown = house.eventually(&path, |talk| talk["message_count"] == 3).await;
        assert_eq!(shown["conversation_id"], NUMBER);
        let take = json!({"action": "take_over", "by": "Ana"}).to_string();
        assert_eq!(house.raw("POST", &format!("{path}/actions"), take).await.0, 200);
        let handoff = house.api.get(&format!("/api/v1/handoffs/{id}")).await.unwrap();
        assert_eq!(handoff["claimed_by"], "Ana");
        let give = json!({"action": "give_back"}).to_string();
        assert_eq!(house.raw("POST", &format!("{path}/actions"), give).await.0, 200);
    }
    let all = house.api.get("/api/v1/conversations").await.unwrap();
    assert_eq!(all["items"].as_array().unwrap().len(), 1, "{all}");
    // Who asks by either finds all that was ever told of it, of which only the first word has the number.
    for id in [NUMBER, HASH] {
        let events = format!("/api/v1/events?conversation_id={id}&limit=100");
        let found = house.api.get(&events).await.unwrap();
        let told = |name: &str| {
            let of = |item: &&Value| item["data"]["conversation_id"] == name;
            found["items"].as_array().unwrap().iter().filter(of).count()
        };
        assert_eq!(told(NUMBER), 1, "{found:#}");
        assert!(told(HASH) >= 8, "{found:#}");
    }
    let house = house.restarted().await;
    talk(&house, "conversation.ended", json!({})).await;
    let path = format!("/api/v1/conversations/{HASH}");
    house.eventually(&path, |talk| talk["status"] == "ended").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a18_a_booking_that_is_called_by_its_customers_number_is_called_by_what_leaves_instead() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let data = json!({"reservation_id": NUMBER, "date_time": moment(86_400_000), "party_size": 2,
        "wa_number": format!("+{NUMBER}"), "name": "Ana"});
    let change = json!({"reservation_id": NUMBER, "party_size": 3});
    let batch = json!([
        {"event_type": "reservation.created", "event_id": "made", "data": data},
        {"event_type": "reservation.modified", "event_id": "changed", "data": change},
    ]);
    house.api.post("/api/v1/events", &batch).await.unwrap();
    for id in ["made", "changed"] {
        let event = house.api.get(&format!("/api/v1/events/{id}")).await.unwrap();
        assert_eq!(
            (&event["data"]["reservation_id"], &event["ignored"]),
            (&json!(HASH), &Value::Null),
            "{event}"
        );
    }
    let house = house.restarted().await;
    for id in [HASH, NUMBER] {
        let path = format!("/api/v1/reservations/{id}");
        let shown = house.api.get(&path).await.unwrap();
        assert_eq!(
            (&shown["reservation_id"], &shown["party_size"]),
            (&json!(HASH), &json!(3)),
            "{shown}"
        );
        let timers = house.api.get(&format!("/api/v1/timers?reservation_id={id}")).await.unwrap();
        assert!(!timers["items"].as_array().unwrap().is_empty(), "{timers}");
    }
    let act = |id: &str, action: &str| {
        (format!("/api/v1/reservations/{id}/actions"), json!({"action": action}))
    };
    let (path, body) = act(HASH, "confirm");
    assert_eq!(house.api.post(&path, &body).await.unwrap()["status"], "confirmed");
    // Later words of the platform are of the same one.
    house.event("reservation.cancelled", json!({"reservation_id": NUMBER})).await;
    assert_eq!(house.booking(HASH).await["status"], "cancelled");
    // A day in an id is no number, nor is the number of somebody else.
    for id in ["R-20260120-1", "34655666777"] {
        let data = json!({"reservation_id": id, "date_time": moment(86_400_000), "party_size": 2,
            "wa_number": format!("+{NUMBER}")});
        house.event("reservation.created", data).await;
        assert_eq!(house.booking(id).await["reservation_id"], id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a18_a_booking_keeps_its_name_when_there_is_a_key_and_when_its_number_comes_later() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let made =
        |id: &str| json!({"reservation_id": id, "date_time": moment(86_400_000), "party_size": 2});
    let mut data = made(NUMBER);
    data["wa_number"] = json!(format!("+{NUMBER}"));
    house.event("reservation.created", data).await;
    assert_eq!(house.booking(HASH).await["status"], "booked");
    house.settle(json!({"wa_number_hash": "keyed"})).await;
    house.event("reservation.cancelled", json!({"reservation_id": NUMBER})).await;
    assert_eq!(house.booking(HASH).await["status"], "cancelled");

    const LATER: &str = "34600000002";
    let change =
        json!({"reservation_id": LATER, "party_size": 3, "wa_number": format!("+{LATER}")});
    let batch = json!([
        {"event_type": "reservation.created", "data": made(LATER)},
        {"event_type": "reservation.modified", "data": change},
    ]);
    house.api.post("/api/v1/events", &batch).await.unwrap();
    assert_eq!(house.booking(LATER).await["party_size"], 3);
    // What is told of it from then on leads to it, and what is told by that is of it.
    let told = house.api.get("/api/v1/events?type=reservation.modified").await.unwrap();
    let name = told["items"][0]["data"]["reservation_id"].as_str().unwrap().to_owned();
    assert_ne!(name, LATER);
    assert_eq!(house.booking(&name).await["reservation_id"], LATER);
    house.event("reservation.modified", json!({"reservation_id": name, "party_size": 5})).await;
    assert_eq!(house.booking(LATER).await["party_size"], 5);
    house.event("reservation.modified", json!({"reservation_id": LATER, "party_size": 6})).await;
    let told = house.api.get("/api/v1/events?type=reservation.modified").await.unwrap();
    assert_eq!(told["items"][0]["data"], json!({"reservation_id": name, "party_size": 6}));
    let timers = house.api.get(&format!("/api/v1/timers?reservation_id={name}")).await.unwrap();
    assert!(!timers["items"].as_array().unwrap().is_empty(), "{timers}");
    let all = house.api.get("/api/v1/reservations?status=booked").await.unwrap();
    assert_eq!(all["items"].as_array().unwrap().len(), 1, "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn e01_whoever_sees_numbers_masked_does_not_learn_by_one_that_it_is_a_bookings() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let data = json!({"reservation_id": NUMBER, "date_time": moment(86_400_000), "party_size": 2,
        "wa_number": format!("+{NUMBER}"), "name": "Ana"});
    house.event("reservation.created", data).await;
    let viewer = Browser::with_role(&house, "viewer").await;
    let operator = Browser::with_role(&house, "operator").await;
    let booking = format!("/api/v1/reservations/{NUMBER}");
    assert_eq!((viewer.status(&booking).await, operator.status(&booking).await), (404, 200));
    let timers = format!("/api/v1/timers?reservation_id={NUMBER}");
    assert_eq!(viewer.get(&timers).await["items"], json!([]));
    assert_ne!(operator.get(&timers).await["items"], json!([]));
    let listed = viewer.get("/api/v1/reservations").await["items"][0]["reservation_id"].clone();
    let alias = listed.as_str().unwrap();
    assert!(!alias.contains(NUMBER), "{alias}");
    assert_eq!(viewer.status(&format!("/api/v1/reservations/{alias}")).await, 200, "{alias}");
}
