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
        let shown = house.eventually(&path, |shown| shown["why"]["because"] == because).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn f07_a_customer_was_asked_once_the_message_went_out_and_no_reminder_counts_before() {
    let house = House::new().await;
    house.settle(json!({"reminders": ["1h"], "channels": {"whatsapp": {"paused": true}}})).await;
    for (id, number) in [("R-1", "34600000001"), ("R-2", "34600000002")] {
        house.book(id, number, HOUR + 500).await;
    }
    let held = |page: &Value| page["items"].as_array().unwrap().len() == 2;
    let page = house.eventually("/api/v1/deliveries?status=held", held).await;
    let waits = ["has not gone out yet", "aún no ha salido", "ainda não saiu"];
    says(&house, "R-1", "message_waits", waits).await;
    let reminders = async |count: u64| {
        let counted = |stats: &Value| stats["windows"]["1h"]["reminders_sent"] == count;
        house.eventually("/api/v1/stats?window=1h", counted).await;
    };
    reminders(0).await;

    // One of them is cancelled by hand, the other goes out.
    let event_of = |item: &Value| format!("/api/v1/events/{}", item["event_id"].as_str().unwrap());
    for item in page["items"].as_array().unwrap() {
        let event = house.api.get(&event_of(item)).await.unwrap();
        if event["data"]["reservation_id"] == "R-2" {
            let path = format!("/api/v1/deliveries/{}/cancel", item["id"].as_str().unwrap());
            house.api.post(&path, &json!({})).await.unwrap();
        }
    }
    let failed = ["did not reach them", "no le llegó al cliente", "não chegou ao cliente"];
    says(&house, "R-2", "message_failed", failed).await;
    house.settle(json!({"channels": {"whatsapp": {"paused": false}}})).await;
    house.told(1).await;
    reminders(1).await;
    let asked = ["was asked to confirm", "Se pidió confirmación", "Foi pedida a confirmação"];
    says(&house, "R-1", "awaiting_answer", asked).await;
    says(&house, "R-2", "message_failed", failed).await;

    // Where there is no line, somebody else brings it: whoever gets the event.
    house.settle(json!({"whatsapp": null})).await;
    let _receiver = house.webhook(json!({"filters": {"events": ["reminder.*"]}})).await;
    house.book("R-3", "34600000003", HOUR + 500).await;
    reminders(2).await;
    says(&house, "R-3", "awaiting_answer", asked).await;

    // Whoever gets it can bring it to nobody.
    let nobody = json!({"reservation_id": "R-4", "date_time": moment(HOUR + 500), "name": "Ana"});
    house.event("reservation.created", nobody).await;
    let unasked = ["Nobody was asked", "No se ha pedido", "Não se pediu"];
    says(&house, "R-4", "no_contact", unasked).await;
    reminders(2).await;
}
