//! Timers in the hands of a person: each kind is fired before its time, or taken away, and says so.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};
use sereno::receiver::any_port;
use sereno::receiver::webhook::{Behaviour, WebhookReceiver};

use crate::support::{ENDPOINTS, House, deliveries, moment};

const HOUR: i64 = 3_600_000;
const WEEK: i64 = 7 * 24 * HOUR;

/// Every timer that is listed, what an entity waits for later too.
async fn timers(house: &House) -> Vec<Value> {
    let listed = house.api.get("/api/v1/timers?limit=500").await.unwrap();
    let mut all = Vec::new();
    for timer in listed["items"].as_array().unwrap() {
        all.extend(timer["then"].as_array().into_iter().flatten().cloned());
        all.push(timer.clone());
    }
    all
}

/// The id of the one timer of a kind, which may come a moment later.
async fn timer(house: &House, kind: &str) -> String {
    let has =
        |listed: &Value| listed["items"].to_string().contains(&format!("\"kind\":\"{kind}\""));
    house.eventually("/api/v1/timers?limit=500", has).await;
    let all = timers(house).await;
    let found: Vec<_> = all.iter().filter(|timer| timer["kind"] == kind).collect();
    assert_eq!(found.len(), 1, "one {kind} among {all:#?}");
    found[0]["id"].as_str().unwrap().to_owned()
}

async fn fire(house: &House, id: &str) -> (u16, Value) {
    house.raw("POST", &format!("/api/v1/timers/{id}/fire"), "").await
}

async fn cancel(house: &House, id: &str) -> (u16, Value) {
    house.raw("POST", &format!("/api/v1/timers/{id}/cancel"), "").await
}

fn word(timer: &Value) -> &str {
    timer["kind"].as_str().unwrap()
}

fn detail(answer: &Value) -> &str {
    answer["detail"].as_str().unwrap_or_default()
}

fn happened(booking: &Value) -> Vec<&str> {
    let history = booking["history"].as_array().unwrap();
    history.iter().map(|line| line["what"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn f01_a_reminder_fired_a_week_before_is_sent_and_never_again() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let receiver = house.webhook(json!({"filters": {"events": ["reminder.*"]}})).await;
    house.book("mesa/4 ñ", "34600000001", WEEK).await;
    let id = timer(&house, "reminder.24h").await;
    let (status, done) = fire(&house, &id).await;
    assert_eq!((status, &done["message"]), (200, &json!("reminder.24h fired")), "{done}");
    assert_eq!((&done["id"], &done["entity_id"]), (&json!(id), &json!("mesa/4 ñ")));
    let told = house.told(1).await;
    assert_eq!(told[0].buttons[0], "confirm:mesa/4 ñ");
    deliveries(&receiver, &["reminder.24h.sent"]).await;

    let booking = house.booking("mesa%2F4%20%C3%B1").await;
    assert_eq!(booking["reminders"][0]["state"], "sent", "{booking}");
    assert_eq!(happened(&booking).last(), Some(&"reminder.24h fired by hand"));
    let kinds: BTreeSet<_> = timers(&house).await.iter().map(|t| t["kind"].to_string()).collect();
    assert!(!kinds.contains("\"reminder.24h\"") && kinds.contains("\"reminder.2h\""), "{kinds:?}");
    let (status, again) = fire(&house, &id).await;
    assert_eq!(status, 409, "{again}");
    assert!(detail(&again).contains("has fired"), "{again}");
    let (status, _) = cancel(&house, &id).await;
    assert_eq!((status, house.graph.inbox.all().len()), (409, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn f01_of_many_who_fire_one_timer_at_once_one_wins() {
    let house = House::new().await;
    house.settle(json!({})).await;
    house.book("R-1", "34600000001", WEEK).await;
    let id = timer(&house, "reminder.24h").await;
    let fired = join_all((0..16).map(|n| {
        let (house, id) = (&house, &id);
        async move { if n % 4 == 3 { cancel(house, id).await } else { fire(house, id).await } }
    }))
    .await;
    let won = fired.iter().filter(|(status, _)| *status == 200).count();
    assert_eq!(won, 1, "{fired:#?}");
    for (status, answer) in fired.iter().filter(|(status, _)| *status != 200) {
        assert_eq!(*status, 409, "{answer}");
        assert!(detail(answer).contains("no longer set"), "{answer}");
    }
    let booking = house.booking("R-1").await;
    let by_hand = happened(&booking).iter().filter(|what| what.contains("by hand")).count();
    assert_eq!(by_hand, 1, "{booking}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f01_a_timer_fired_by_hand_does_not_fire_at_its_time_and_a_cancelled_one_not_at_all() {
    let house = House::new().await;
    house.settle(json!({"reminders": ["1h"]})).await;
    let receiver = house.webhook(json!({"filters": {"events": ["reminder.*"]}})).await;
    for (id, number) in [("R-fired", 1), ("R-lifted", 2), ("R-left", 3)] {
        house.book(id, &format!("3460000000{number}"), HOUR + 2_500).await;
    }
    let all = timers(&house).await;
    let id = |who: &str| {
        let mine = |t: &&Value| t["entity_id"] == who && t["kind"] == "reminder.1h";
        all.iter().find(mine).unwrap()["id"].as_str().unwrap().to_owned()
    };
    assert_eq!(fire(&house, &id("R-fired")).await.0, 200);
    assert_eq!(cancel(&house, &id("R-lifted")).await.0, 200);
    let house = house.restarted().await;
    // The third one's time is the others' too: what was to come has come by then.
    let came = receiver.inbox.wait(crate::support::PATIENCE, |all| all.len() >= 2).await.unwrap();
    let whose: BTreeSet<_> =
        came.iter().map(|d| d.json()["data"]["reservation_id"].to_string()).collect();
    assert_eq!(whose, ["\"R-fired\"", "\"R-left\""].map(str::to_owned).into());
    house.eventually("/api/v1/reservations/R-left", |b| b["reminders"][0]["state"] == "sent").await;
    assert_eq!(receiver.inbox.all().len(), 2, "each once");
    let lifted = house.booking("R-lifted").await;
    assert_eq!(lifted["reminders"][0]["state"], "skipped");
    assert!(happened(&lifted).contains(&"reminder.1h cancelled by hand"), "{lifted}");
    assert_eq!(lifted["why"]["because"], "reminders_cancelled", "{lifted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a08_a_no_show_is_brought_about_before_the_slot_or_ruled_out() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let receiver = house.webhook(json!({"filters": {"events": ["reminder.*"]}})).await;
    house.book("R-1", "34600000001", WEEK).await;
    let id = timer(&house, "no_show").await;
    assert_eq!(fire(&house, &id).await.0, 200);
    deliveries(&receiver, &["reminder.no_show"]).await;
    let booking = house.booking("R-1").await;
    assert_eq!((&booking["status"], &booking["timers"]), (&json!("no_show"), &json!([])));

    house.book("R-2", "34600000002", WEEK).await;
    let id = timer(&house, "no_show").await;
    assert_eq!(cancel(&house, &id).await.0, 200);
    let booking = house.booking("R-2").await;
    assert_eq!(booking["status"], "booked");
    let left: Vec<_> = booking["timers"].as_array().unwrap().iter().map(|t| &t["kind"]).collect();
    assert_eq!(left, ["reminder.24h", "reminder.2h"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a10_a_handoffs_deadline_is_broken_or_lifted_and_its_persons_history_says_so() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let receiver = house.webhook(json!({"filters": {"events": ["sla.*"]}})).await;
    let talk = json!({"conversation_id": "C-1", "channel": "whatsapp",
        "user": {"phone": "+34600000001", "name": "Ana"}});
    house.event("conversation.started", talk).await;
    let opened = json!({"conversation_id": "C-1", "wa_number": "+34600000001"});
    house.event("handoff.opened", opened).await;
    let id = timer(&house, "sla").await;
    assert_eq!(cancel(&house, &id).await.0, 200);
    let handoff = house.api.get("/api/v1/handoffs/C-1").await.unwrap();
    assert_eq!((&handoff["status"], &handoff["timers"]), (&json!("open"), &json!([])));
    assert_eq!(handoff["why"]["because"], "deadline_cancelled", "{handoff}");
    let leads = house.eventually("/api/v1/leads", |all| all["items"] != json!([])).await;
    let lead = leads["items"][0]["lead_id"].as_str().unwrap();
    let history = house.api.get(&format!("/api/v1/leads/{lead}/history")).await.unwrap();
    let told = history["items"].as_array().unwrap().iter();
    let told: Vec<_> = told.filter(|line| line["event_type"] == "timer.cancelled").collect();
    assert_eq!(told.len(), 1, "{history:#}");
    assert_eq!(told[0]["text"], "sla cancelled by hand");

    house.event("handoff.opened", json!({"conversation_id": "C-2"})).await;
    let id = timer(&house, "sla").await;
    assert_eq!(fire(&house, &id).await.0, 200);
    let breached = &deliveries(&receiver, &["sla.breached"]).await[0];
    let data = &breached.json()["data"];
    assert_eq!(data["conversation_id"], "C-2");
    assert!(data["elapsed_minutes"].as_f64().unwrap() < 1.0, "as long as they really waited");
    assert_eq!(fire(&house, &id).await.0, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn b02_a_conversation_falls_silent_or_is_kept_open() {
    let house = House::new().await;
    let receiver = house.webhook(json!({"filters": {"events": ["conversation.ended"]}})).await;
    let talk = |id: &str| json!({"conversation_id": id, "channel": "web"});
    house.event("conversation.started", talk("T-1")).await;
    let id = timer(&house, "idle").await;
    assert_eq!(cancel(&house, &id).await.0, 200);
    let kept = house.api.get("/api/v1/conversations/T-1").await.unwrap();
    assert_eq!(
        (&kept["status"], &kept["why"]["because"]),
        (&json!("open"), &json!("end_cancelled"))
    );
    assert_eq!(timers(&house).await.len(), 1, "the endpoint's alone");
    house.event("conversation.message.received", talk("T-1")).await;
    let id = timer(&house, "idle").await;
    assert_eq!(fire(&house, &id).await.0, 200);
    let ended = &deliveries(&receiver, &["conversation.ended"]).await[0];
    assert_eq!(ended.json()["data"]["reason"], "idle");
    assert_eq!(house.api.get("/api/v1/conversations/T-1").await.unwrap()["status"], "ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a19_a_secrets_notice_comes_now_or_not_before_it_is_rotated() {
    let house = House::new().await;
    let receiver = house.webhook(json!({"filters": {"events": ["endpoint.secret.*"]}})).await;
    let quiet = json!({"kind": "webhook", "target": "http://127.0.0.1:9/",
        "filters": {"events": ["client.*"]}});
    let quiet = house.endpoint(quiet).await;
    let of = |all: &[Value], endpoint: u64| {
        let endpoint = endpoint.to_string();
        let mine = |timer: &&Value| timer["entity_id"] == endpoint;
        all.iter().find(mine).map(|timer| timer["id"].as_str().unwrap().to_owned())
    };
    let first = of(&timers(&house).await, quiet).unwrap();
    assert_eq!(fire(&house, &first).await.0, 200);
    let notice = &deliveries(&receiver, &["endpoint.secret.expiring"]).await[0];
    assert_eq!(notice.json()["data"]["endpoint_id"], quiet);
    assert_eq!(fire(&house, &first).await.0, 409, "once");
    let next = of(&timers(&house).await, quiet).unwrap();
    assert_ne!(next, first);
    assert_eq!(cancel(&house, &next).await.0, 200);
    let house = house.restarted().await;
    assert_eq!(of(&timers(&house).await, quiet), None, "durably, whatever the start would set");
    let path = format!("{ENDPOINTS}/{quiet}/rotate-secret");
    house.api.post(&path, &json!({})).await.unwrap();
    assert!(of(&timers(&house).await, quiet).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn e06_the_oldest_dead_letter_is_told_of_now_or_never() {
    let house = House::new().await;
    let receiver = house.webhook(json!({"filters": {"events": ["dead_letters.*"]}})).await;
    let dead = json!({"kind": "webhook", "target": "http://127.0.0.1:9/",
        "retry": {"attempts": 1}, "filters": {"events": ["client.*"]}});
    house.endpoint(dead).await;
    house.event("client.created", json!({"id": 1})).await;
    let id = timer(&house, "dead_letter_age").await;
    assert_eq!(fire(&house, &id).await.0, 200);
    deliveries(&receiver, &["dead_letters.aging"]).await;
    assert_eq!(fire(&house, &id).await.0, 409);
    let letters = house.api.get("/api/v1/dead-letters").await.unwrap();
    let letter = letters["items"][0]["id"].as_str().unwrap().to_owned();
    house.raw("DELETE", &format!("/api/v1/dead-letters/{letter}"), "").await;

    house.event("client.created", json!({"id": 2})).await;
    let id = timer(&house, "dead_letter_age").await;
    assert_eq!(cancel(&house, &id).await.0, 200);
    let all = timers(&house).await;
    assert!(!all.iter().any(|timer| timer["kind"] == "dead_letter_age"), "{all:#?}");
    assert_eq!(receiver.inbox.all().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn b06_a_wave_takes_its_next_step_or_is_given_up_and_never_in_quiet_hours() {
    let house = House::new().await;
    house.settle(json!({"timezone": "UTC", "quiet_hours": {"from": "00:00", "to": "23:59"}})).await;
    let show = json!({"conversation_id": "T-1", "channel": "whatsapp",
        "user": {"phone": "+34600000001"}, "products": [{"sku": "S-1", "name": "Vestido"}]});
    house.event("conversation.started", show.clone()).await;
    house.event("ai.recommendation.generated", show).await;
    let drop = json!({"product": {"sku": "S-1"}, "old_price": 100, "new_price": 80});
    house.event("price.changed", drop).await;
    let id = timer(&house, "price_wave").await;
    let (status, refused) = fire(&house, &id).await;
    assert_eq!(status, 409);
    assert!(detail(&refused).contains("quiet hours until"), "{refused}");
    assert_eq!(cancel(&house, &id).await.0, 200);
    let sweep = timer(&house, "viewers").await;
    let (status, refused) = cancel(&house, &sweep).await;
    assert_eq!(status, 409);
    assert!(detail(&refused).contains("nothing to cancel"), "{refused}");
    assert_eq!(fire(&house, &sweep).await.0, 200);
    assert_ne!(timer(&house, "viewers").await, sweep, "the next one is another");
    assert!(house.graph.inbox.all().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn b15_the_figures_are_looked_at_now_and_only_silence_is_silence() {
    let house = House::new().await;
    let lying = json!({"alerts": {"mine": {"metric": "dead_letters", "above": 0, "for": "10m"}}});
    house.settle(lying).await;
    let dead =
        json!({"kind": "webhook", "target": "http://127.0.0.1:9/", "retry": {"attempts": 1}});
    house.endpoint(dead).await;
    house.event("client.created", json!({"id": 1})).await;
    let id = timer(&house, "alerts").await;
    let (status, refused) = cancel(&house, &id).await;
    assert_eq!(status, 409);
    assert!(detail(&refused).contains("/silence"), "{refused}");
    let (status, done) = fire(&house, &id).await;
    assert_eq!(status, 200, "{done}");
    assert_ne!(timer(&house, "alerts").await, id);
}

#[tokio::test(flavor = "multi_thread")]
async fn f01_what_is_not_there_is_not_fired() {
    let house = House::new().await;
    house.settle(json!({})).await;
    house.book("R-1", "34600000001", WEEK).await;
    let id = timer(&house, "reminder.24h").await;
    let due = id.rsplit(':').next().unwrap();
    for (id, wanted) in [
        ("soon", 400),
        ("reservation%2FR-1:reminder.24h", 400),
        ("reservation:R-1:reminder.24h:x", 400),
        ("reservation:R-9:reminder.24h:1769018400000", 404),
        ("handoff:C-9:sla:1769018400000", 404),
        ("endpoint:99:secret_expiring:1769018400000", 404),
        ("reservation:R-1:reminder.24h:1769018400000", 409),
        ("reservation:R-1:reminder.3h:1769018400000", 409),
        (&format!("reservation:R-1:alarm:{due}"), 404),
        (&format!("reservation:R-1:unreadable:{due}"), 404),
        (&format!("reservation:R-1:signal:{due}"), 404),
    ] {
        for what in ["fire", "cancel"] {
            let path = format!("/api/v1/timers/{id}/{what}");
            let (status, answer) = house.raw("POST", &path, "").await;
            assert_eq!(status, wanted, "{path}: {answer}");
            assert!(detail(&answer).len() > 5, "{answer}");
        }
        let unset = if wanted == 409 { 404 } else { wanted };
        assert_eq!(house.raw("GET", &format!("/api/v1/timers/{id}"), "").await.0, unset, "{id}");
    }
    let path = format!("/api/v1/timers/{id}/fire");
    assert_eq!(house.raw("POST", &path, r#"{"soon": true}"#).await.0, 422);
    assert_eq!(house.raw("GET", &path, "").await.0, 405);

    let made = json!({"id": "other"});
    house.admin.post("/api/v1/admin/tenants", &made).await.unwrap();
    let refused = house.admin.for_tenant("other").post(&path, &json!({})).await.unwrap_err();
    assert!(refused.to_string().starts_with("404"), "{refused}");
    assert_eq!(fire(&house, &id).await.0, 200, "nothing of all this has touched it");
}

#[tokio::test(flavor = "multi_thread")]
async fn f01_every_timer_that_is_listed_can_be_fired_or_says_what_to_do() {
    let house = House::new().await;
    house
        .settle(json!({"alerts": {"mine": {"metric": "dead_letters", "above": 0, "for": "10m"}},
            "reports": {"weekly": {"to": ["ana@example.com"]}}}))
        .await;
    let receiver = WebhookReceiver::start(any_port(), Behaviour::default()).await.unwrap();
    house.endpoint(json!({"kind": "webhook", "target": receiver.url()})).await;
    let dead = json!({"kind": "webhook", "target": "http://127.0.0.1:9/", "retry": {"attempts": 1},
        "filters": {"events": ["client.*"]}});
    house.endpoint(dead).await;
    house.book("R-1", "34600000001", WEEK).await;
    house.event("handoff.opened", json!({"conversation_id": "C-1"})).await;
    let show = json!({"conversation_id": "T-1", "user": {"phone": "+34600000001"},
        "products": [{"sku": "S-1"}]});
    house.event("ai.recommendation.generated", show).await;
    house.event("client.created", json!({"id": 1})).await;
    timer(&house, "dead_letter_age").await;
    timer(&house, "alerts").await;
    let report = timer(&house, "weekly_report").await;
    let all = timers(&house).await;
    let kinds: BTreeSet<_> = all.iter().map(word).collect();
    for kind in ["reminder.24h", "no_show", "sla", "idle", "viewers", "secret_expiring"] {
        assert!(kinds.contains(kind), "{kind} is not among {kinds:?}");
    }
    for timer in all.iter().filter(|timer| !["alerts", "signal"].contains(&word(timer))) {
        let path = format!("/api/v1/timers/{}", timer["id"].as_str().unwrap());
        let found = house.api.get(&path).await.unwrap();
        for field in ["id", "kind", "entity", "entity_id", "due_at", "why"] {
            assert_eq!(found[field], timer[field], "{path}");
        }
    }
    let reschedule = json!({"due_at": moment(HOUR)}).to_string();
    for (what, body, instead) in [
        ("fire", "", "POST /api/v1/reports/weekly/send"),
        ("cancel", "", "reports.weekly.enabled"),
        ("reschedule", reschedule.as_str(), "reports.weekly in the tenant's settings"),
    ] {
        let (status, answer) =
            house.raw("POST", &format!("/api/v1/timers/{report}/{what}"), body).await;
        assert_eq!(status, 409, "{what}: {answer}");
        assert!(detail(&answer).contains(instead), "{what}: {answer}");
    }
    assert_eq!(timer(&house, "weekly_report").await, report, "nothing has touched it");
    let others = ["alerts", "signal", "weekly_report"];
    for timer in all.iter().filter(|timer| !others.contains(&word(timer))) {
        let (status, answer) = fire(&house, timer["id"].as_str().unwrap()).await;
        // The no-show ends the booking, and takes its reminders along.
        assert!(status == 200 || status == 409 && timer["entity"] == "reservation", "{answer}");
    }
}
