//! A short answer is about a booking whose reminder went out, whatever other bookings the customer has.

use serde_json::{Value, json};

use crate::support::House;

const HOUR: i64 = 3_600_000;
const ANA: &str = "34600000001";

/// A booking of Ana's, whose reminder is due at once.
async fn book(house: &House, id: &str) {
    house.book(id, ANA, HOUR + 300).await;
}

/// The customer says something, and it was read.
async fn says(house: &House, text: &str) {
    assert_eq!(house.phone(ANA).say(&house.api.http, text).await.unwrap(), 200);
    house.read().await;
}

/// Waits until so many deliveries stand so, and answers the first.
async fn stands(house: &House, word: &str, count: usize) -> Value {
    let path = format!("/api/v1/deliveries?channel=whatsapp&status={word}");
    let page = house.eventually(&path, |page| items(page).len() == count).await;
    page["items"][0].clone()
}

fn items(page: &Value) -> &[Value] {
    page["items"].as_array().unwrap()
}

async fn becomes(house: &House, id: &str, status: &str) {
    let path = format!("/api/v1/reservations/{id}");
    house.eventually(&path, |booking| booking["status"] == status).await;
}

/// Waits until so many bookings were confirmed, and so many of them after a reminder.
async fn counts(house: &House, wanted: [u64; 2]) {
    let counted = |stats: &Value| {
        let window = &stats["windows"]["1h"];
        [&window["reservations_confirmed"], &window["reminders_confirmed"]] == wanted
    };
    house.eventually("/api/v1/stats?window=1h", counted).await;
}

async fn pause(house: &House, paused: bool) {
    let settings = json!({"channels": {"whatsapp": {"paused": paused}}});
    house.api.patch("/api/v1/admin/tenants/default", &settings).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a07_a_short_answer_is_never_about_a_booking_whose_reminder_did_not_go_out() {
    let house = House::new().await;
    house.settle(json!({"reminders": ["1h"], "channels": {"whatsapp": {"paused": true}}})).await;
    // The sooner ones: of the first the message is cancelled by hand, the second is refused, the third goes.
    book(&house, "R-1").await;
    let held = stands(&house, "held", 1).await;
    says(&house, "2").await;
    assert_eq!(house.booking("R-1").await["status"], "booked", "it is still held");
    let path = format!("/api/v1/deliveries/{}/cancel", held["id"].as_str().unwrap());
    house.api.post(&path, &json!({})).await.unwrap();
    pause(&house, false).await;
    house.graph.refuse([(400, 131_026)]);
    book(&house, "R-2").await;
    stands(&house, "dead", 1).await;
    says(&house, "1").await;
    book(&house, "R-3").await;
    house.told(1).await;
    stands(&house, "sent", 1).await;
    let house = house.restarted().await;
    says(&house, "2").await;
    becomes(&house, "R-3", "cancelled").await;
    for id in ["R-1", "R-2"] {
        assert_eq!(house.booking(id).await["status"], "booked", "{id}");
    }
    // Nor is one confirmed after a reminder that did not reach its customer.
    let confirm = json!({"action": "confirm"});
    house.api.post("/api/v1/reservations/R-2/actions", &confirm).await.unwrap();
    counts(&house, [1, 0]).await;
    // Words that leave no doubt are about any booking.
    says(&house, "cancelar").await;
    becomes(&house, "R-1", "cancelled").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a07_an_answer_that_is_quicker_than_the_provider_counts_and_another_number_changes_nothing()
{
    let house = House::new().await;
    house.settle(json!({"reminders": ["1h"]})).await;
    house.graph.take_time(std::time::Duration::from_secs(2));
    book(&house, "R-1").await;
    house.told(1).await;
    says(&house, "1").await;
    becomes(&house, "R-1", "confirmed").await;
    counts(&house, [1, 1]).await;

    // The message is for the number that the booking had then, and is found all the same.
    house.graph.take_time(std::time::Duration::ZERO);
    stands(&house, "sent", 2).await;
    pause(&house, true).await;
    book(&house, "R-2").await;
    stands(&house, "held", 1).await;
    let moved = json!({"reservation_id": "R-2", "wa_number": "+34600000009"});
    house.event("reservation.modified", moved).await;
    let waits = |booking: &Value| booking["why"]["because"] == "message_waits";
    house.eventually("/api/v1/reservations/R-2", waits).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_where_there_is_no_line_a_booking_says_what_became_of_its_reminders_event() {
    let house = House::new().await;
    house.settle(json!({"reminders": ["1h"], "whatsapp": null})).await;
    let says = async |house: &House, id: &str, because: &str| {
        let path = format!("/api/v1/reservations/{id}");
        house.eventually(&path, |booking| booking["why"]["because"] == because).await;
    };
    book(&house, "R-1").await;
    says(&house, "R-1", "message_failed").await;
    let _receiver = house.webhook(json!({"filters": {"events": ["reminder.*"]}})).await;
    house.settle(json!({"whatsapp": null, "channels": {"webhook": {"paused": true}}})).await;
    book(&house, "R-2").await;
    says(&house, "R-2", "message_waits").await;
    house.settle(json!({"whatsapp": null, "channels": {"webhook": {"paused": false}}})).await;
    says(&house, "R-2", "awaiting_answer").await;
}
