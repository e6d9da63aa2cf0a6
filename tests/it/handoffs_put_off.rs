//! A handoff is given to others, put off and made urgent.

use serde_json::{Value, json};
use sereno::receiver::webhook::Delivery;

use crate::browser::{Browser, audit};
use crate::support::{House, deliveries, moment};

const HANDOFFS: &str = "/api/v1/handoffs";
const QUEUE: &str = "/api/v1/handoffs?order=clock&status=open";

async fn open(house: &House, id: &str) {
    house.event("handoff.opened", json!({"conversation_id": id, "reason": "asks"})).await;
}

async fn act(house: &House, id: &str, body: Value) -> (u16, Value) {
    house.raw("POST", &format!("{HANDOFFS}/{id}/actions"), body.to_string()).await
}

async fn done(house: &House, id: &str, body: Value) -> Value {
    let (status, answer) = act(house, id, body).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

/// What a delivery tells of who has a handoff by then, and of who had it.
fn told_of(one: &Delivery) -> String {
    let data = &one.json()["data"];
    format!("{} {} {}", one.event_type, data["claimed_by"], data["claimed_from"])
}

async fn found(house: &House, path: &str) -> Vec<String> {
    let listed = house.api.get(path).await.unwrap();
    let items = listed["items"].as_array().unwrap().iter();
    items.map(|item| item["conversation_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a10_a_handoff_is_given_to_somebody_and_the_audit_log_says_from_whom() {
    let house = House::new().await;
    let wanted = ["handoff.assigned", "handoff.released"];
    let receiver = house.webhook(json!({"filters": {"events": wanted}})).await;
    open(&house, "C-1").await;
    let assign = |body: Value| {
        let mut asked = json!({"action": "assign"});
        asked.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        asked
    };
    let given = done(&house, "C-1", assign(json!({"to": " Ana "}))).await;
    assert_eq!((&given["claimed_by"], &given["status"]), (&json!("Ana"), &json!("open")));
    assert_eq!(given["first_claimed_at"], given["claimed_at"]);
    for from in [json!({}), json!({"from": "Eva"})] {
        let mut asked = assign(json!({"to": "Luis"}));
        asked.as_object_mut().unwrap().extend(from.as_object().unwrap().clone());
        let (status, answer) = act(&house, "C-1", asked).await;
        let detail = answer["detail"].as_str().unwrap();
        assert!(status == 409 && detail.starts_with("Ana has taken it, since "), "{answer}");
    }
    let asked = assign(json!({"to": "Luis", "from": "Ana", "reason": "her shift is over"}));
    let luis = done(&house, "C-1", asked).await;
    assert_eq!(luis["claimed_by"], "Luis");
    assert_eq!(luis["first_claimed_at"], given["claimed_at"], "the first counts");
    for (body, field) in [
        (json!({}), "to"),
        (json!({"to": " "}), "to"),
        (json!({"to": "x".repeat(101)}), "to"),
        (json!({"to": "Ana", "from": "a\nb"}), "from"),
        (json!({"to": "Ana", "by": "Eva"}), "by"),
    ] {
        let (status, answer) = act(&house, "C-1", assign(body.clone())).await;
        assert_eq!((status, &answer["field"]), (422, &json!(field)), "{body}: {answer}");
    }
    let viewer = Browser::with_role(&house, "viewer").await;
    let path = format!("{HANDOFFS}/C-1/actions");
    assert_eq!(viewer.ask("POST", &path, &assign(json!({"to": "Eva"}))).await.0, 403);
    let entries = audit(&house, "?action=handoff.act").await;
    let told: Vec<_> = entries.iter().map(|entry| entry["detail"].clone()).collect();
    assert_eq!(told, ["action: assign, to: Luis, from: Ana", "action: assign, to: Ana"]);
    assert_eq!(entries[0]["reason"], "her shift is over");
    // What was given to one is released and closed like any other.
    assert_eq!(done(&house, "C-1", json!({"action": "release"})).await["claimed_by"], Value::Null);
    let came = deliveries(&receiver, &["handoff.assigned", "handoff.assigned", "handoff.released"]);
    let mut told: Vec<_> = came.await.iter().map(told_of).collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            "handoff.assigned \"Ana\" null",
            "handoff.assigned \"Luis\" \"Ana\"",
            "handoff.released null \"Luis\"",
        ]
    );
    done(&house, "C-1", json!({"action": "close"})).await;
    assert_eq!(act(&house, "C-1", assign(json!({"to": "Ana"}))).await.0, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn a10_a_handoff_that_is_put_off_leaves_the_row_and_a_durable_timer_brings_it_back() {
    let house = House::new().await;
    house.settle(json!({"sla_after": "1h"})).await;
    let receiver = house.webhook(json!({"filters": {"events": ["handoff.*"]}})).await;
    for id in ["C-1", "C-2"] {
        open(&house, id).await;
    }
    let before = house.api.get(&format!("{HANDOFFS}/C-1")).await.unwrap();
    let off = done(&house, "C-1", json!({"action": "snooze", "for": "30m"})).await;
    assert_eq!(off["timers"][0]["kind"], "snooze");
    assert_eq!(off["timers"][1], before["timers"][0], "its deadline is not lifted");
    assert_eq!(off["why"]["what"], "snoozed");
    assert_eq!(off["why"]["next_at"], off["snoozed_until"]);
    assert_eq!(found(&house, QUEUE).await, ["C-2", "C-1"]);
    assert_eq!(found(&house, &format!("{HANDOFFS}?snoozed=true")).await, ["C-1"]);
    assert_eq!(found(&house, &format!("{HANDOFFS}?snoozed=false")).await, ["C-2"]);
    // For less time after all; and a server that was away meanwhile wakes it all the same.
    done(&house, "C-1", json!({"action": "snooze", "until": moment(1_000)})).await;
    let house = house.restarted().await;
    let back = |shown: &Value| shown["snoozed_until"].is_null();
    let shown = house.eventually(&format!("{HANDOFFS}/C-1"), back).await;
    assert_eq!((&shown["timers"], &shown["status"]), (&before["timers"], &json!("open")));
    let came = deliveries(&receiver, &["handoff.snoozed", "handoff.unsnoozed"]).await;
    let told = |event_type: &str| {
        let mut all = came.iter().filter(|one| one.event_type == event_type);
        all.next_back().unwrap().json()["data"].clone()
    };
    let back = told("handoff.unsnoozed");
    assert_eq!(
        (&back["conversation_id"], &back["woken_by"], &back["priority"], &back["snoozed_until"]),
        (&json!("C-1"), &json!("time"), &json!("normal"), &Value::Null)
    );
    assert!(told("handoff.snoozed")["snoozed_until"].is_string());
    assert_eq!(found(&house, QUEUE).await, ["C-1", "C-2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a10_the_deadline_of_one_that_is_put_off_passes_and_is_told() {
    let house = House::new().await;
    house.settle(json!({"sla_after": "1s"})).await;
    open(&house, "C-1").await;
    done(&house, "C-1", json!({"action": "snooze", "for": "1h"})).await;
    let late = |shown: &Value| shown["breached_at"].is_string();
    let shown = house.eventually(&format!("{HANDOFFS}/C-1?lang=en"), late).await;
    assert!(shown["snoozed_until"].is_string(), "{shown}");
    assert_eq!(shown["timers"][0]["kind"], "snooze");
    let stayed = house.api.get("/api/v1/timers?conversation_id=C-1").await.unwrap();
    assert_eq!(stayed["items"][0]["kind"], "snooze");
    let id = stayed["items"][0]["id"].as_str().unwrap();
    assert_eq!(house.raw("POST", &format!("/api/v1/timers/{id}/fire"), "").await.0, 200);
    let shown = house.api.get(&format!("{HANDOFFS}/C-1")).await.unwrap();
    assert_eq!((&shown["snoozed_until"], &shown["timers"]), (&Value::Null, &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a10_the_customers_word_brings_back_what_was_put_off() {
    let house = House::new().await;
    house.settle(json!({"sla_after": "1h"})).await;
    // On a platform, and on the tenant's own line.
    house.event("conversation.started", json!({"conversation_id": "c-1"})).await;
    house.event("conversation.escalated", json!({"conversation_id": "c-1"})).await;
    let phone = house.phone("34600000001");
    phone.say(&house.api.http, "hola").await.unwrap();
    house.read().await;
    let talks = house.api.get("/api/v1/conversations?channel=whatsapp").await.unwrap();
    let own = talks["items"][0]["conversation_id"].as_str().unwrap();
    house.event("conversation.escalated", json!({"conversation_id": own})).await;
    for id in ["c-1", own] {
        done(&house, id, json!({"action": "snooze", "for": "2h"})).await;
    }
    house.event("conversation.message.sent", json!({"conversation_id": "c-1"})).await;
    assert_eq!(found(&house, &format!("{HANDOFFS}?snoozed=true")).await.len(), 2, "only theirs");
    house.event("conversation.message.received", json!({"conversation_id": "c-1"})).await;
    phone.say(&house.api.http, "¿sigue ahí?").await.unwrap();
    house.read().await;
    for id in ["c-1", own] {
        let shown = house.api.get(&format!("{HANDOFFS}/{id}")).await.unwrap();
        assert_eq!((&shown["snoozed_until"], &shown["status"]), (&Value::Null, &json!("open")));
        let told = format!("/api/v1/events?type=handoff.unsnoozed&conversation_id={id}");
        let told = house.api.get(&told).await.unwrap();
        assert_eq!(told["items"][0]["data"]["woken_by"], "customer", "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a10_what_cannot_be_put_off_is_refused_by_name_and_stays_as_it_is() {
    let house = House::new().await;
    open(&house, "C-1").await;
    let before = house.api.get(&format!("{HANDOFFS}/C-1")).await.unwrap();
    let days = |days: i64| moment(days * 86_400_000);
    for (body, field) in [
        (json!({"action": "snooze"}), "until"),
        (json!({"action": "snooze", "until": moment(-1_000)}), "until"),
        (json!({"action": "snooze", "until": days(8)}), "until"),
        (json!({"action": "snooze", "until": "soon"}), "until"),
        (json!({"action": "snooze", "for": "8d"}), "for"),
        (json!({"action": "snooze", "for": "0s"}), "for"),
        (json!({"action": "snooze", "for": "-1h"}), "for"),
        (json!({"action": "snooze", "for": "1h", "until": days(1)}), "for"),
        (json!({"action": "priority"}), "priority"),
        (json!({"action": "priority", "priority": "asap"}), "priority"),
        (json!({"action": "priority", "priority": 7}), "priority"),
        (json!({"action": "unsnooze", "for": "1h"}), "for"),
    ] {
        let (status, answer) = act(&house, "C-1", body.clone()).await;
        assert_eq!((status, &answer["field"]), (422, &json!(field)), "{body}: {answer}");
    }
    assert_eq!(act(&house, "C-1", json!({"action": "unsnooze"})).await.0, 409);
    assert_eq!(house.api.get(&format!("{HANDOFFS}/C-1")).await.unwrap(), before);
    done(&house, "C-1", json!({"action": "snooze", "for": "7d"})).await;
    let replied = done(&house, "C-1", json!({"action": "reply"})).await;
    assert_eq!((&replied["snoozed_until"], &replied["timers"]), (&Value::Null, &json!([])));
    assert_eq!(act(&house, "C-1", json!({"action": "snooze", "for": "1h"})).await.0, 409);
    for (query, field) in [("snoozed=maybe", "snoozed"), ("priority=asap", "priority")] {
        let (status, answer) = house.raw("GET", &format!("{HANDOFFS}?{query}"), "").await;
        assert_eq!((status, &answer["field"]), (422, &json!(field)), "{answer}");
    }
    assert_eq!(house.raw("GET", "/api/v1/reservations?priority=low", "").await.0, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn a10_the_most_urgent_stand_first_and_what_is_put_off_behind_all_that_wait() {
    let house = House::new().await;
    house.settle(json!({"sla_after": "1h"})).await;
    for id in ["C-1", "C-2", "C-3", "C-4", "C-5", "C-6"] {
        open(&house, id).await;
    }
    for (id, priority) in [("C-4", "urgent"), ("C-3", "high"), ("C-1", "low"), ("C-6", "urgent")] {
        let body = json!({"action": "priority", "priority": priority});
        assert_eq!(done(&house, id, body).await["priority"], priority);
    }
    done(&house, "C-4", json!({"action": "snooze", "for": "2h"})).await;
    done(&house, "C-5", json!({"action": "snooze", "for": "1h"})).await;
    assert_eq!(found(&house, QUEUE).await, ["C-6", "C-3", "C-2", "C-1", "C-5", "C-4"]);
    assert_eq!(found(&house, &format!("{QUEUE}&priority=urgent&snoozed=false")).await, ["C-6"]);
    // Page by page the same.
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = house.api.get(&format!("{QUEUE}&limit=1{cursor}")).await.unwrap();
        all.push(page["items"][0]["conversation_id"].as_str().unwrap().to_owned());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(all, ["C-6", "C-3", "C-2", "C-1", "C-5", "C-4"]);
    let entries = audit(&house, "?action=handoff.act").await;
    assert_eq!(entries[5]["detail"], "action: priority, priority: urgent");
}
