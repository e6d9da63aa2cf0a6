//! Reminders, answers, arrivals, handoffs: the workflows through every door of the house.

use serde_json::{Value, json};

use crate::support::{APP_SECRET, House, deliveries, moment};

const ANA: &str = "34600000001";
const BRUNO: &str = "34600000002";

/// A reservation's reminders come so long before a slot that the test can wait for.
fn short() -> Value {
    json!({"reminders": ["3s", "1500ms"], "no_show_after": "500ms"})
}

#[tokio::test(flavor = "multi_thread")]
async fn a05_the_24_hour_reminder_asks_on_whatsapp_and_is_announced() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let receiver = house.webhook(json!({"filters": {"events": ["reminder.*"]}})).await;
    house.book("R-1", ANA, 24 * 3_600_000 + 1_000).await;
    let told = house.told(1).await;
    assert_eq!((told[0].to.as_str(), told[0].kind.as_str()), (ANA, "interactive"));
    assert!(
        told[0].text.contains("Responde 1 para confirmar o 2 para cancelar"),
        "{}",
        told[0].text
    );
    assert_eq!(told[0].buttons, ["confirm:R-1", "cancel:R-1"]);
    let got = deliveries(&receiver, &["reminder.24h.sent"]).await;
    let data = &got[0].json()["data"];
    assert_eq!(
        (data["reservation_id"].as_str(), data["channel"].as_str()),
        (Some("R-1"), Some("whatsapp"))
    );
    assert_eq!(data["wa_number_hash"], "eb491b384e4fda42");
}

#[tokio::test(flavor = "multi_thread")]
async fn a05_a06_a08_who_never_answers_is_reminded_twice_and_missed_once() {
    let house = House::new().await;
    house.settle(short()).await;
    let receiver = house.webhook(json!({})).await;
    house.book("R-1", ANA, 3_500).await;
    let all =
        ["reservation.created", "reminder.3s.sent", "reminder.1500ms.sent", "reminder.no_show"];
    let got = deliveries(&receiver, &all).await;
    assert_eq!(got.len(), 4, "each once");
    assert_eq!(house.told(2).await.len(), 2);
    let booking = house.booking("R-1").await;
    assert_eq!((booking["status"].as_str(), &booking["timers"]), (Some("no_show"), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a07_one_confirms_two_cancels_and_both_are_thanked() {
    let house = House::new().await;
    house.settle(short()).await;
    let receiver = house.webhook(json!({})).await;
    house.book("R-ana", ANA, 4_000).await;
    house.book("R-bruno", BRUNO, 4_000).await;
    house.told(2).await;
    assert_eq!(house.phone(ANA).say(&house.api.http, "SÍ, gracias").await.unwrap(), 200);
    assert_eq!(house.phone(BRUNO).press(&house.api.http, "cancel:R-bruno").await.unwrap(), 200);
    house.read().await;
    assert_eq!(house.booking("R-ana").await["status"], "confirmed");
    assert_eq!(house.booking("R-bruno").await["status"], "cancelled");
    deliveries(&receiver, &["reservation.confirmed", "reservation.cancelled"]).await;
    let told = house.told(4).await;
    let text = |number: &str| told.iter().rfind(|t| t.to == number).unwrap().text.clone();
    assert_eq!(text(ANA), "✅ Confirmada. ¡Te esperamos!");
    assert!(text(BRUNO).starts_with("❌ Cancelada"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a07_an_answer_counts_once_and_for_the_soonest_booking_that_was_asked() {
    let house = House::new().await;
    house.settle(json!({"reminders": ["1h"]})).await;
    let receiver = house.webhook(json!({"filters": {"events": ["reservation.confirmed"]}})).await;
    house.book("R-late", ANA, 3_600_000 + 1_500).await;
    house.book("R-soon", ANA, 3_600_000 + 1_000).await;
    house.book("R-unasked", ANA, 9 * 3_600_000).await;
    house.told(2).await;
    let envelope = house.phone(ANA).message(json!({"type": "text", "text": {"body": "1"}}));
    for _ in 0..3 {
        assert_eq!(house.phone(ANA).send(&house.api.http, &envelope).await.unwrap(), 200);
    }
    house.read().await;
    assert_eq!(house.booking("R-soon").await["status"], "confirmed");
    assert_eq!(house.booking("R-late").await["status"], "booked", "one message, one answer");
    house.phone(ANA).say(&house.api.http, "1").await.unwrap();
    house.read().await;
    assert_eq!(house.booking("R-late").await["status"], "confirmed");
    house.phone(ANA).say(&house.api.http, "1").await.unwrap();
    house.read().await;
    assert_eq!(house.booking("R-unasked").await["status"], "booked", "nobody asked about it");
    deliveries(&receiver, &["reservation.confirmed", "reservation.confirmed"]).await;
    assert_eq!(receiver.inbox.all().len(), 2);
    let kept = house.api.get("/api/v1/events?type=whatsapp.message.received").await.unwrap();
    assert_eq!(kept["items"].as_array().unwrap().len(), 3, "every message is kept, once");
}

#[tokio::test(flavor = "multi_thread")]
async fn d01_what_was_written_to_another_number_is_no_answer() {
    let house = House::new().await;
    house.settle(json!({"reminders": ["1h"]})).await;
    house.book("R-1", ANA, 3_600_000 + 500).await;
    house.told(1).await;
    let mut envelope = house.phone(ANA).message(json!({"type": "text", "text": {"body": "1"}}));
    let value = &mut envelope["entry"][0]["changes"][0]["value"];
    value["metadata"]["phone_number_id"] = json!("999");
    assert_eq!(house.phone(ANA).send(&house.api.http, &envelope).await.unwrap(), 200);
    house.read().await;
    assert_eq!(house.booking("R-1").await["status"], "booked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a05_the_message_to_the_customer_stands_with_its_event() {
    let house = House::new().await;
    house.settle(json!({"reminders": ["1h"]})).await;
    house.book("R-1", ANA, 3_600_000 + 500).await;
    house.told(1).await;
    let sent = house.api.get("/api/v1/events?type=reminder.1h.sent").await.unwrap();
    let path = format!("/api/v1/events/{}", sent["items"][0]["event_id"].as_str().unwrap());
    let told = |event: &Value| event["deliveries"][0]["status"] == "sent";
    let event = house.eventually(&path, told).await;
    assert_eq!(event["deliveries"][0]["channel"], "whatsapp");
}

#[tokio::test(flavor = "multi_thread")]
async fn a08_llegue_keeps_the_no_show_away() {
    let house = House::new().await;
    house.settle(short()).await;
    let receiver = house.webhook(json!({})).await;
    house.book("R-1", ANA, 1_000).await;
    house.phone(ANA).say(&house.api.http, "¡Ya llegué!").await.unwrap();
    deliveries(&receiver, &["reservation.arrived"]).await;
    let booking = house.booking("R-1").await;
    assert_eq!((booking["status"].as_str(), &booking["timers"]), (Some("arrived"), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a09_moving_moves_the_timers_and_cancelling_removes_them() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let timers = |booking: &Value| {
        let timers = booking["timers"].as_array().unwrap().iter();
        timers.map(|t| t["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    house
        .event(
            "reservation.created",
            json!({"reservation_id": "R-1",
        "date_time": "2030-07-20T20:00:00"}),
        )
        .await;
    let booking = house.booking("R-1").await;
    assert_eq!(timers(&booking), ["reminder.24h", "reminder.2h", "no_show"]);
    assert_eq!(booking["date_time"], "2030-07-20T18:00:00.000Z", "local time in the tenant's zone");
    assert_eq!(booking["timers"][0]["due_at"], "2030-07-19T18:00:00.000Z");

    let moved = json!({"action": "reschedule", "date_time": "2030-07-22T21:00:00"});
    let moved = house.api.post("/api/v1/reservations/R-1/actions", &moved).await.unwrap();
    assert_eq!(moved["timers"][0]["due_at"], "2030-07-21T19:00:00.000Z");
    house
        .event(
            "reservation.modified",
            json!({"reservation_id": "R-1",
        "date_time": "2030-07-23T21:00:00"}),
        )
        .await;
    let listed = house.api.get("/api/v1/timers").await.unwrap();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "no row of the old slots is left");
    assert_eq!(listed["items"][0]["due_at"], "2030-07-22T19:00:00.000Z");
    assert_eq!(listed["items"][0]["then"].as_array().unwrap().len(), 2);

    house.event("reservation.cancelled", json!({"reservation_id": "R-1"})).await;
    assert_eq!(house.api.get("/api/v1/timers").await.unwrap()["items"], json!([]));
    let (status, problem) =
        house.raw("POST", "/api/v1/reservations/R-1/actions", r#"{"action":"confirm"}"#).await;
    assert_eq!(status, 409, "{problem}");

    let soon = moment(3_600_000);
    house.event("reservation.created", json!({"reservation_id": "R-2", "date_time": soon})).await;
    assert_eq!(timers(&house.booking("R-2").await), ["no_show"], "made late");
}

#[tokio::test(flavor = "multi_thread")]
async fn a10_a11_unanswered_handoffs_breach_and_five_make_one_incident() {
    let house = House::new().await;
    house.settle(json!({"sla_after": "600ms"})).await;
    let receiver = house.webhook(json!({})).await;
    let open = |n: i32| {
        json!({"event_type": "handoff.opened", "data": {
        "conversation_id": format!("c{n}"), "wa_number": "+34600000001", "last_intent": "queja"}})
    };
    let handoffs: Vec<Value> = (1..=7).map(open).collect();
    house.api.post("/api/v1/events", &Value::from(handoffs)).await.unwrap();
    house.event("handoff.replied", json!({"conversation_id": "c6"})).await;
    house.api.post("/api/v1/handoffs/c7/actions", &json!({"action": "reply"})).await.unwrap();
    let mut expected = vec!["sla.breached"; 5];
    expected.extend(["handoff.opened", "incident.sla_cluster", "handoff.replied"]);
    let got = deliveries(&receiver, &expected).await;
    let of = |kind: &str| got.iter().filter(|d| d.event_type == kind).collect::<Vec<_>>();
    assert_eq!((of("sla.breached").len(), of("incident.sla_cluster").len()), (5, 1));
    let breach = of("sla.breached")[0].json();
    let fields: Vec<_> = breach["data"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["conversation_id", "elapsed_minutes", "last_intent", "wa_number_hash"]);
    assert_eq!(breach["data"]["wa_number_hash"], "eb491b384e4fda42");
    let incident = of("incident.sla_cluster")[0].json();
    assert_eq!(incident["data"], json!({"count": 5, "escalation_needed": true}));
    assert!(house.api.get("/api/v1/handoffs/c1").await.unwrap()["breached_at"].is_string());
    assert_eq!(house.api.get("/api/v1/handoffs/c6").await.unwrap()["status"], "replied");
    let watch = house.api.post("/api/v1/admin/jobs/sla-watch", &json!({})).await.unwrap();
    assert_eq!(watch, json!({"ok": true, "breaches": 0, "critical_cluster": true}));
}

#[tokio::test(flavor = "multi_thread")]
async fn d01_metas_handshake_and_signature_are_checked() {
    let house = House::new().await;
    let path = "/webhooks/whatsapp/default?hub.mode=subscribe&hub.challenge=1158201444";
    assert_eq!(
        house.raw("GET", &format!("{path}&hub.verify_token=x"), "").await.0,
        404,
        "no line yet"
    );
    house.settle(json!({})).await;
    let url = format!("{}{path}&hub.verify_token=verify-me", house.base);
    let answer = house.api.http.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.text().await.unwrap(), "1158201444");
    assert_eq!(house.raw("GET", &format!("{path}&hub.verify_token=wrong"), "").await.0, 403);

    let mut phone = house.phone(ANA);
    assert_eq!(
        phone.say(&house.api.http, "café ñandú 🙂").await.unwrap(),
        200,
        "escaped and signed"
    );
    phone.app_secret = "another".into();
    assert_eq!(phone.say(&house.api.http, "1").await.unwrap(), 401);
    let unsigned = house.raw("POST", "/webhooks/whatsapp/default", "{}").await.0;
    assert_eq!(unsigned, 401);
    phone.app_secret = APP_SECRET.into();
    phone.webhook = format!("{}/webhooks/whatsapp/nobody", house.base);
    assert_eq!(phone.say(&house.api.http, "1").await.unwrap(), 404);
    house.read().await;
    let kept = house.api.get("/api/v1/events?type=whatsapp.message.received").await.unwrap();
    assert_eq!(kept["items"].as_array().unwrap().len(), 1, "only what was genuine is kept");
}
