//! The user's own PostgreSQL: what lands there, what becomes of it while it is away, and who else may write.

use serde_json::{Value, json};

use crate::postgres::Postgres;
use crate::support::House;

/// A server that mirrors into a cluster.
async fn mirrored(postgres: &Postgres) -> House {
    let url = postgres.url("");
    House::with(move |config| config.mirror = Some(url.clone())).await
}

async fn current(house: &House) -> Value {
    house.eventually("/api/v1/mirror", |status| status["state"] == "current").await
}

#[tokio::test(flavor = "multi_thread")]
async fn d08_events_reservations_and_handoffs_land_as_rows() {
    let postgres = Postgres::start();
    let house = mirrored(&postgres).await;
    house.settle(json!({})).await;
    let data = json!({"user_id": "u-1", "conversation_id": "c-1", "nul": "a\u{0}b", "n": 1.5});
    house.event("client.created", data).await;
    house.book("R-1", "34600000001", 3 * 86_400_000).await;
    let waits = json!({"conversation_id": "c-2", "wa_number": "+34600000002", "reason": "angry"});
    house.event("handoff.opened", waits).await;
    let confirm = json!({"action": "confirm"});
    house.api.post("/api/v1/reservations/R-1/actions", &confirm).await.unwrap();
    postgres.eventually("SELECT status FROM sereno.reservations", "confirmed").await;
    postgres.eventually("SELECT count(*) FROM sereno.handoffs", "1").await;

    let events = postgres.rows("SELECT * FROM sereno.events ORDER BY sequence");
    let types: Vec<&str> = events.iter().map(|row| row["event_type"].as_str().unwrap()).collect();
    assert_eq!(types[..3], ["client.created", "reservation.created", "handoff.opened"]);
    assert!(types[3..].contains(&"reservation.confirmed"), "{types:?}");
    let first = &events[0];
    assert_eq!(first["data"]["nul"], "a\u{fffd}b", "PostgreSQL has no NUL");
    assert_eq!((&first["user_id"], &first["conversation_id"]), (&json!("u-1"), &json!("c-1")));
    assert_eq!(first["tenant"], "default");
    let booking = &postgres.rows("SELECT * FROM sereno.reservations")[0];
    assert_eq!(booking["party_size"], 2);
    assert_eq!(booking["phone_hash"], "eb491b384e4fda42");
    assert_eq!(booking["phone"], Value::Null, "in the clear only where that is asked for");
    assert_eq!(booking["phone_hash"], events[1]["phone_hash"], "rows tie by the hash");
    for action in [
        json!({"action": "claim", "by": "Ana"}),
        json!({"action": "priority", "priority": "high"}),
        json!({"action": "snooze", "for": "1h"}),
    ] {
        house.api.post("/api/v1/handoffs/c-2/actions", &action).await.unwrap();
    }
    let path = "/api/v1/conversations/c-3/actions";
    house.event("conversation.started", json!({"conversation_id": "c-3"})).await;
    house.api.post(path, &json!({"action": "take_over", "by": "Eva"})).await.unwrap();
    let hands =
        "SELECT claimed_by || priority || (snoozed_until > claimed_at) FROM sereno.handoffs";
    postgres.eventually(hands, "Anahightrue").await;
    let holds = "SELECT held_by || (held_at IS NOT NULL) FROM sereno.conversations \
                 WHERE conversation_id = 'c-3'";
    postgres.eventually(holds, "Evatrue").await;
    house.api.post(path, &json!({"action": "give_back"})).await.unwrap();
    let held = "SELECT count(*) FROM sereno.conversations WHERE held_by IS NOT NULL";
    postgres.eventually(held, "0").await;
    let handoff = &postgres.rows("SELECT * FROM sereno.handoffs")[0];
    assert_eq!((&handoff["status"], &handoff["reason"]), (&json!("open"), &json!("angry")));
    assert!(!postgres.sql("SELECT * FROM sereno.events").contains("600000001"));
    let status = current(&house).await;
    assert_eq!((&status["lag_events"], &status["lag_seconds"]), (&json!(0), &json!(0)), "{status}");
    assert_eq!((&status["skipped"], &status["refused"]), (&json!(0), &json!(0)));
    let all = postgres.one("SELECT count(*) FROM sereno.events");
    assert_eq!(status["mirrored"].to_string(), all);
}

/// All calls and messages as they are told by events.
#[tokio::test(flavor = "multi_thread")]
async fn d08_calls_and_messages_land_whatever_their_order_and_tie_to_the_lead() {
    let postgres = Postgres::start();
    let house = mirrored(&postgres).await;
    let tied = |more: Value| {
        let mut data = json!({"lead_id": "lead_0123456789abcdef", "wa_number": "+34600000001"});
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        data
    };
    let times = json!({"call_id": "wacid.1", "started_at": "2026-01-20T20:00:00Z",
        "ended_at": "2026-01-20T20:01:05Z", "duration_seconds": 65});
    house.event("whatsapp.call.ended", tied(times)).await;
    let late = json!({"call_id": "wacid.1", "direction": "user_initiated"});
    house.event("whatsapp.call.started", tied(late)).await;
    house.event("whatsapp.call.started", tied(json!({"call_id": "wacid.2"}))).await;
    let failed = json!({"call_id": "wacid.2", "error": {"code": 138_000, "message": "no answer"}});
    house.event("whatsapp.call.failed", tied(failed)).await;
    let message = json!({"message_id": "wamid.1", "type": "text", "text": "hola"});
    house.event("whatsapp.message.received", tied(message)).await;
    let message = json!({"conversation_id": "c-1", "message": {"id": "m-1", "text": "hi"}});
    house.event("conversation.message.received", message).await;
    postgres.eventually("SELECT count(*) FROM sereno.messages", "2").await;

    let calls = postgres.rows("SELECT * FROM sereno.calls ORDER BY call_id");
    assert_eq!(calls[0]["status"], "ended", "what is over is not begun again");
    assert_eq!(calls[0]["direction"], "user_initiated", "what it says besides counts");
    assert_eq!(calls[0]["duration_seconds"], 65);
    assert!(calls[0]["started_at"].as_str().unwrap().starts_with("2026-01-20T20:00:00"));
    assert_eq!((&calls[1]["status"], &calls[1]["error"]), (&json!("failed"), &json!("no answer")));
    let messages = postgres.rows("SELECT * FROM sereno.messages ORDER BY message_id");
    assert_eq!((&messages[0]["message_id"], &messages[0]["text"]), (&json!("m-1"), &json!("hi")));
    assert_eq!(messages[0]["conversation_id"], "c-1");
    assert_eq!((&messages[1]["text"], &messages[1]["direction"]), (&json!("hola"), &json!("in")));
    for row in [&calls[0], &calls[1], &messages[1]] {
        assert_eq!(row["lead_id"], "lead_0123456789abcdef", "D05: {row}");
        assert_eq!(row["phone_hash"], "eb491b384e4fda42");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d08_what_we_sent_lands_with_what_the_provider_says_of_it_later() {
    let postgres = Postgres::start();
    let url = postgres.url("");
    let house = House::with(move |config| {
        (config.mirror, config.mirror_phones) = (Some(url.clone()), true);
    });
    let house = house.await;
    house.settle(json!({"reminders": ["2h"]})).await;
    house.book("R-1", "34600000001", 2 * 3_600_000 + 1_500).await;
    let told = house.told(1).await;
    let sent = "SELECT status FROM sereno.messages WHERE direction = 'out'";
    postgres.eventually(sent, "accepted").await;
    let phone = house.phone("34600000001");
    let wamid = postgres.one("SELECT provider_message_id FROM sereno.messages");
    for (status, at) in [("read", 3), ("sent", 1), ("delivered", 2), ("read", 3)] {
        let status = json!({"id": wamid, "status": status, "recipient_id": "34600000001",
            "timestamp": (1_760_000_000 + at).to_string()});
        let value = json!({"messaging_product": "whatsapp", "statuses": [status],
            "metadata": {"display_phone_number": "1", "phone_number_id": "555000111"}});
        let change = json!({"field": "messages", "value": value});
        let all = json!({"object": "whatsapp_business_account",
            "entry": [{"id": "1", "changes": [change]}]});
        assert_eq!(phone.send(&house.api.http, &all).await.unwrap(), 200);
    }
    postgres.eventually(sent, "read").await;
    let full = "SELECT count(*) FROM sereno.messages \
                WHERE sent_at IS NOT NULL AND delivered_at IS NOT NULL AND read_at IS NOT NULL";
    postgres.eventually(full, "1").await;
    let row = &postgres.rows("SELECT * FROM sereno.messages")[0];
    assert_eq!(row["text"], told[0].text.clone(), "{row}");
    assert_eq!(row["phone"], "+34600000001");
    assert_eq!(postgres.one("SELECT phone FROM sereno.reservations"), "+34600000001");
    assert_eq!(postgres.one("SELECT count(*) FROM sereno.messages"), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn d08_a_lead_and_all_that_is_theirs_lands_and_ties() {
    let postgres = Postgres::start();
    let url = postgres.url("");
    let house = House::with(move |config| {
        (config.mirror, config.mirror_phones) = (Some(url.clone()), true);
    });
    let house = house.await;
    house.settle(json!({})).await;
    let ana = json!({"id": "u-1", "phone": "+34600000001", "name": "Ana"});
    let begins = json!({"conversation_id": "c-1", "channel": "whatsapp", "user": ana,
        "context": {"campaign": "summer"}});
    house.event("conversation.started", begins).await;
    let says = json!({"conversation_id": "c-1", "message_id": "m-1", "user": {"id": "u-1"},
        "content": {"type": "text", "text": "Busco un vestido"}});
    house.event("conversation.message.received", says).await;
    house.book("R-1", "34600000001", 3 * 86_400_000).await;
    let ends = json!({"conversation_id": "c-1", "resolution": {"satisfaction_score": 4.5}});
    house.event("conversation.ended", ends).await;
    postgres.eventually("SELECT status FROM sereno.conversations", "ended").await;
    postgres.eventually("SELECT messages FROM sereno.leads", "1").await;
    postgres
        .eventually("SELECT count(*) FROM sereno.reservations WHERE lead_id IS NOT NULL", "1")
        .await;

    let lead = &postgres.rows("SELECT * FROM sereno.leads")[0];
    assert_eq!((&lead["name"], &lead["phone"]), (&json!("Ana"), &json!("+34600000001")));
    assert_eq!((&lead["campaign"], &lead["conversations"]), (&json!("summer"), &json!(1)));
    let talk = &postgres.rows("SELECT * FROM sereno.conversations")[0];
    assert_eq!((&talk["received"], &talk["channel"]), (&json!(1), &json!("whatsapp")));
    assert_eq!(talk["resolution"]["satisfaction_score"], 4.5);
    let message = &postgres.rows("SELECT * FROM sereno.messages WHERE direction = 'in'")[0];
    assert_eq!(
        (&message["message_id"], &message["text"]),
        (&json!("m-1"), &json!("Busco un vestido"))
    );
    assert_eq!(message["type"], "text");
    let booking = &postgres.rows("SELECT * FROM sereno.reservations")[0];
    for row in [talk, message, booking] {
        assert_eq!(row["lead_id"], lead["lead_id"], "D05: {row}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d08_who_is_known_by_a_booking_alone_is_a_lead_there_too() {
    let postgres = Postgres::start();
    let house = mirrored(&postgres).await;
    house.settle(json!({})).await;
    house.book("R-1", "34600000001", 3 * 86_400_000).await;
    let leads = house.api.get("/api/v1/leads").await.unwrap();
    let lead = &leads["items"][0];
    assert_eq!((&lead["name"], leads["items"].as_array().unwrap().len()), (&json!("Ana"), 1));
    let id = lead["lead_id"].as_str().unwrap();
    let shown = house.api.get(&format!("/api/v1/leads/{id}")).await.unwrap();
    assert_eq!(shown["name"], "Ana");

    postgres.eventually("SELECT lead_id FROM sereno.reservations", id).await;
    postgres.eventually("SELECT name FROM sereno.leads", "Ana").await;
    let events = "SELECT lead_id FROM sereno.events WHERE event_type = 'reservation.created'";
    postgres.eventually(events, id).await;
    let row = &postgres.rows("SELECT * FROM sereno.leads")[0];
    assert_eq!((&row["lead_id"], &row["messages"]), (&json!(id), &json!(0)));
    assert_eq!(row["phone_hash"], lead["wa_number_hash"]);

    // Once they write, it is the same one.
    house.phone("34600000001").say(&house.api.http, "hola").await.unwrap();
    postgres.eventually("SELECT messages FROM sereno.leads", "1").await;
    assert_eq!(postgres.one("SELECT count(*) FROM sereno.leads"), "1");
}
