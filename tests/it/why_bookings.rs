//! "Why?", asked of bookings: what is said of their reminders is what became of these, and of no others.

use serde_json::{Value, json};

use crate::support::{House, moment};

const HOUR: i64 = 3_600_000;

/// What a person does with a booking's timer of a kind.
async fn by_hand(house: &House, booking: &str, kind: &str, what: &str, body: Value) {
    let path = format!("/api/v1/timers?reservation_id={booking}");
    let listed = house.api.get(&path).await.unwrap();
    let items = listed["items"].as_array().unwrap().iter();
    let all = items.flat_map(|one| one["then"].as_array().into_iter().flatten().chain([one]));
    let timer = all.into_iter().find(|one| one["kind"] == kind);
    let id = timer.unwrap_or_else(|| panic!("no {kind} in {listed:#}"))["id"].as_str().unwrap();
    house.api.post(&format!("/api/v1/timers/{id}/{what}"), &body).await.unwrap();
}

async fn says(house: &House, booking: &str, because: &str, said: [&str; 3]) {
    for (lang, said) in ["en", "es", "pt"].into_iter().zip(said) {
        let path = format!("/api/v1/reservations/{booking}?lang={lang}");
        let shown = house.api.get(&path).await.unwrap();
        assert_eq!(shown["why"]["because"], because, "{shown:#}");
        let sentence = shown["why"]["sentence"].as_str().unwrap();
        assert!(sentence.contains(said), "{sentence}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_a_booking_without_reminders_says_why_however_much_happened_to_it_since() {
    let house = House::new().await;
    house.settle(json!({})).await;
    house.book("R-1", "34600000001", 72 * HOUR).await;
    by_hand(&house, "R-1", "reminder.24h", "cancel", json!({})).await;
    by_hand(&house, "R-1", "reminder.2h", "cancel", json!({})).await;
    let cancelled = ["an operator cancelled", "un operador canceló", "um operador cancelou"];
    says(&house, "R-1", "reminders_cancelled", cancelled).await;
    for minute in 1..=40 {
        let to = json!({"due_at": moment(73 * HOUR + minute * 60_000)});
        by_hand(&house, "R-1", "no_show", "reschedule", to).await;
    }
    let house = house.restarted().await;
    says(&house, "R-1", "reminders_cancelled", cancelled).await;

    // All are set anew for another time: nobody cancelled these, which are too late.
    let moved = json!({"reservation_id": "R-1", "date_time": moment(HOUR)});
    house.event("reservation.modified", moved).await;
    let late = ["made or moved at such short", "se hizo o se movió", "feita ou mudada"];
    says(&house, "R-1", "made_late", late).await;
    let booking = house.booking("R-1").await;
    assert_eq!(booking["reminders"][1]["state"], "skipped", "{booking}");

    house.settle(json!({"reminders": []})).await;
    house.book("R-2", "34600000002", 72 * HOUR).await;
    let none = ["no reminders are set", "no hay recordatorios", "não há lembretes"];
    says(&house, "R-2", "no_reminders_set", none).await;
}
