//! Bookings, handoffs and conversations between two moments, page by page.

use serde_json::{Value, json};

use crate::support::{House, moment};

const HOUR: i64 = 3_600_000;

/// The ids of a list that is walked through in pages of two.
async fn ids(house: &House, list: &str, id: &str, query: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut next = Some(String::new());
    while let Some(cursor) = next {
        let page = format!("/api/v1/{list}?limit=2{query}{cursor}");
        let page = house.api.get(&page).await.unwrap();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2, "{page}");
        found.extend(items.iter().map(|item| item[id].as_str().unwrap().to_owned()));
        next = page["next_cursor"].as_str().map(|cursor| format!("&cursor={cursor}"));
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_bookings_are_found_by_the_moment_of_their_slot() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let base = 48 * HOUR;
    let from = moment(base);
    let slots: Vec<String> = (0..7).map(|number| moment(base + number * HOUR)).collect();
    for (number, slot) in slots.iter().enumerate() {
        let data = json!({"reservation_id": format!("R-{number}"), "date_time": slot});
        house.event("reservation.created", data).await;
    }
    let body = json!({"action": "confirm"});
    house.api.post("/api/v1/reservations/R-3/actions", &body).await.unwrap();
    let of = async |query: String| ids(&house, "reservations", "reservation_id", &query).await;
    assert_eq!(of(format!("&from={from}")).await.len(), 7);
    // The first moment is in it, the last one is not.
    let between = format!("&from={}&to={}", slots[2], slots[5]);
    assert_eq!(of(between.clone()).await, ["R-2", "R-3", "R-4"]);
    assert_eq!(of(format!("{between}&status=confirmed")).await, ["R-3"]);
    assert_eq!(of(format!("&to={}", slots[1])).await, ["R-0"]);
    assert!(of(format!("&from={}&to={}", slots[5], slots[2])).await.is_empty());
    // Who moves a booking finds it at its new place.
    let body = json!({"action": "reschedule", "date_time": moment(base + 30 * HOUR)});
    house.api.post("/api/v1/reservations/R-3/actions", &body).await.unwrap();
    assert_eq!(of(between).await, ["R-2", "R-4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_handoffs_and_conversations_are_found_by_when_they_began() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let began = |number: i64| moment(-10_000 * number);
    let starts: Vec<String> = (0..4).map(began).collect();
    for (number, at) in starts.iter().enumerate() {
        let talk = json!({"conversation_id": format!("C-{number}")});
        for event_type in ["conversation.started", "handoff.opened"] {
            let event = json!({"event_type": event_type, "timestamp": at, "data": talk});
            house.api.post("/api/v1/events", &event).await.unwrap();
        }
    }
    for list in ["handoffs", "conversations"] {
        let of = async |query: String| ids(&house, list, "conversation_id", &query).await;
        assert_eq!(of(format!("&from={}", starts[3])).await.len(), 4, "{list}");
        let between = format!("&from={}&to={}", starts[2], starts[0]);
        assert_eq!(of(between).await, ["C-1", "C-2"], "{list}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_what_is_no_moment_is_refused_by_name() {
    let house = House::new().await;
    for list in ["reservations", "handoffs", "conversations"] {
        for name in ["from", "to"] {
            let path = format!("/api/v1/{list}?{name}=yesterday");
            let (status, answer) = house.raw("GET", &path, "").await;
            assert_eq!((status, &answer["field"]), (422, &Value::from(name)), "{list}: {answer}");
        }
    }
}
