//! Timers that a person moves: where the rules of a booking leave room for it, and nowhere else.

use serde_json::{Value, json};

use crate::browser::{Browser, audit};
use crate::support::{House, moment};

const HOUR: i64 = 3_600_000;
const WEEK: i64 = 7 * 24 * HOUR;

/// The id of the one timer of a kind of this booking, handoff or conversation.
async fn timer(house: &House, query: &str, kind: &str) -> String {
    let listed = house.api.get(&format!("/api/v1/timers?{query}")).await.unwrap();
    let items = listed["items"].as_array().unwrap();
    let found = items.iter().find(|timer| timer["kind"] == kind);
    found.unwrap_or_else(|| panic!("no {kind} in {listed}"))["id"].as_str().unwrap().to_owned()
}

async fn reschedule(house: &House, id: &str, body: Value) -> (u16, Value) {
    house.raw("POST", &format!("/api/v1/timers/{id}/reschedule"), body.to_string()).await
}

fn detail(answer: &Value) -> &str {
    answer["detail"].as_str().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a05_a_moved_reminder_goes_out_at_its_new_time_and_once() {
    let house = House::new().await;
    house.settle(json!({})).await;
    house.book("R-1", "34600000001", WEEK).await;
    let before = timer(&house, "reservation_id=R-1", "reminder.24h").await;
    let (status, moved) = reschedule(&house, &before, json!({"due_at": moment(2 * HOUR)})).await;
    assert_eq!((status, &moved["message"]), (200, &json!("reminder.24h moved")), "{moved}");
    let first = moved["due_at"].as_str().unwrap().to_owned();
    let id = moved["id"].as_str().unwrap().to_owned();
    assert_ne!(id, before);
    assert_eq!(timer(&house, "reservation_id=R-1", "reminder.24h").await, id);
    assert_eq!(reschedule(&house, &before, json!({"due_at": moment(HOUR)})).await.0, 409, "gone");

    // It is so after a restart too, and the moved one is the one that rings.
    let house = house.restarted().await;
    let (status, moved) = reschedule(&house, &id, json!({"due_at": moment(1_500)})).await;
    assert_eq!(status, 200, "{moved}");
    let second = moved["due_at"].as_str().unwrap().to_owned();
    let told = house.told(1).await;
    assert_eq!(told[0].buttons[0], "confirm:R-1");
    let sent = |booking: &Value| booking["reminders"][0]["state"] == "sent";
    let booking = house.eventually("/api/v1/reservations/R-1", sent).await;
    assert_eq!(booking["reminders"][0]["name"], "24h", "{booking}");
    let history = booking["history"].to_string();
    assert_eq!(history.matches("reminder.24h moved to").count(), 2, "{history}");
    let kinds = booking["timers"].to_string();
    assert!(!kinds.contains("reminder.24h") && kinds.contains("reminder.2h"), "{kinds}");
    let entries = audit(&house, "?action=timer.reschedule").await;
    assert_eq!(entries.len(), 2, "what was refused changed nothing: {entries:?}");
    let admin = Browser::with_role(&house, "admin").await;
    let shown = admin.get("/api/v1/audit?action=timer.reschedule").await;
    for (entry, to) in [(&shown["items"][1], &first), (&shown["items"][0], &second)] {
        assert_eq!(entry["subject"], "reservation:R-1:reminder.24h", "nothing like a number");
        let detail = entry["detail"].as_str().unwrap();
        assert!(
            detail.starts_with("from: 20") && detail.ends_with(&format!(", to: {to}")),
            "{entry}"
        );
    }
    assert_eq!(house.graph.inbox.all().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a08_a_timer_is_moved_to_where_it_makes_sense_and_no_other_kind_is() {
    let house = House::new().await;
    house.settle(json!({})).await;
    house.book("R-1", "34600000001", WEEK).await;
    house.event("handoff.opened", json!({"conversation_id": "C-1"})).await;
    house.event("conversation.started", json!({"conversation_id": "T-1", "channel": "web"})).await;
    let reminder = timer(&house, "reservation_id=R-1", "reminder.24h").await;
    let no_show = timer(&house, "reservation_id=R-1", "no_show").await;
    let sla = timer(&house, "conversation_id=C-1", "sla").await;
    let all = house.api.get("/api/v1/timers?limit=500").await.unwrap();
    let idle = all["items"].as_array().unwrap().iter().find(|timer| timer["kind"] == "idle");
    let idle = idle.unwrap()["id"].as_str().unwrap().to_owned();
    let booking = house.booking("R-1").await;
    for (id, body, wanted, why) in [
        (&reminder, json!({"due_at": moment(-HOUR)}), 409, "past"),
        (&reminder, json!({"due_at": moment(WEEK + HOUR)}), 409, "before the slot"),
        (&no_show, json!({"due_at": moment(WEEK - HOUR)}), 409, "from the slot on"),
        (&no_show, json!({"due_at": moment(WEEK + 30 * HOUR)}), 409, "from the slot on"),
        (&sla, json!({"due_at": moment(HOUR)}), 409, "how long the customer has waited"),
        (&idle, json!({"due_at": moment(HOUR)}), 409, "cannot be moved"),
        (&reminder, json!({}), 422, "due_at: is missing"),
        (&reminder, json!({"due_at": "soon"}), 422, "due_at"),
        (&reminder, json!({"due_at": moment(HOUR), "by": "me"}), 422, "unknown field"),
    ] {
        let (status, answer) = reschedule(&house, id, body.clone()).await;
        assert_eq!(status, wanted, "{id} {body}: {answer}");
        assert!(detail(&answer).contains(why), "{id} {body}: {answer}");
    }
    assert_eq!(house.booking("R-1").await, booking);
    assert_eq!(timer(&house, "conversation_id=C-1", "sla").await, sla);
    let (status, moved) =
        reschedule(&house, &no_show, json!({"due_at": moment(WEEK + HOUR)})).await;
    assert_eq!(status, 200, "{moved}");
    let moved = moved["id"].as_str().unwrap();
    assert_eq!(timer(&house, "reservation_id=R-1", "no_show").await, moved);
}
