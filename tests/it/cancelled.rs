//! A delivery that still waits is cancelled by hand: wherever it waits, for good, and also over a kill.

use std::iter::repeat_n;
use std::time::Duration;

use serde_json::{Value, json};
use sereno::receiver::any_port;
use sereno::receiver::webhook::{Behaviour, Delivery, WebhookReceiver};

use crate::process::Process;
use crate::support::{ENDPOINTS, House, PATIENCE};

/// Sends an event and answers the path of its delivery, once that stands so.
async fn waiting(house: &House, event_type: &str, data: Value, because: &str) -> String {
    let answer = house.event(event_type, data).await;
    let event = answer["ids"][0].as_str().unwrap();
    let path = house.delivery_of(event).await;
    house.eventually(&path, |shown| shown["why"]["because"] == because).await;
    path
}

/// Cancels a delivery and sees that it says so.
async fn cancel(house: &House, path: &str) {
    let body = json!({"reason": "the till was replaced"});
    let answer = house.api.post(&format!("{path}/cancel"), &body).await.unwrap();
    assert_eq!((&answer["ok"], &answer["status"]), (&json!(true), &json!("cancelled")));
    let shown = house.api.get(path).await.unwrap();
    assert_eq!(shown["status"], "cancelled", "{shown}");
    let why = &shown["why"];
    assert_eq!(
        [&why["what"], &why["because"], &why["next"]],
        ["cancelled", "person", "nothing"],
        "{shown}"
    );
    assert!(why["sentence"].as_str().unwrap().contains("a mano"), "{why}");
    let by_hand = &shown["cancelled_by_hand"];
    assert_eq!(by_hand, &answer["cancelled_by_hand"]);
    assert_eq!(
        (&by_hand["by"]["kind"], &by_hand["reason"]),
        (&json!("key"), &json!("the till was replaced"))
    );
    assert!(why["sentence"].as_str().unwrap().contains(by_hand["by"]["name"].as_str().unwrap()));
    assert_eq!(shown["next_attempt_at"], json!(null));
    let (status, answer) = house.raw("POST", &format!("{path}/cancel"), "").await;
    assert_eq!((status, &answer["detail"]), (409, &json!("it was cancelled already")));
    let (status, answer) = house.raw("POST", &format!("{path}/retry"), "").await;
    assert_eq!((status, &answer["detail"]), (409, &json!("it was cancelled by hand")));
}

fn numbers(all: &[Delivery]) -> Vec<i64> {
    all.iter().filter_map(|delivery| delivery.json()["data"]["n"].as_i64()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_a_delivery_is_cancelled_wherever_it_waits_and_is_never_sent() {
    let house = House::new().await;
    house.settle(json!({"retry": {"first": "1h", "factor": 1, "attempts": 3}})).await;
    let failing = house.answering("a.failing", repeat_n((500, None), 500), &json!({})).await;
    let batch = json!({"batch": {"max": 3, "wait": "1h"}});
    let together = house.answering("a.together", repeat_n((200, None), 500), &batch).await;
    let in_line =
        house.answering("a.line", repeat_n((500, None), 500), &json!({"ordering": "fifo"})).await;
    let slow = json!({"rate_limit": {"per_minute": 1}});
    let limited = house.answering("a.limited", repeat_n((200, None), 500), &slow).await;

    // Between two attempts, also where its endpoint is disabled meanwhile.
    let retrying = waiting(&house, "a.failing", json!({"n": 1}), "receiver_refused").await;
    let held = waiting(&house, "a.failing", json!({"n": 2}), "receiver_refused").await;
    cancel(&house, &retrying).await;
    let toggle = format!("{ENDPOINTS}/{}/toggle", failing.1);
    house.api.post(&toggle, &json!({})).await.unwrap();
    house.eventually(&held, |shown| shown["status"] == "held").await;
    cancel(&house, &held).await;
    house.api.post(&toggle, &json!({})).await.unwrap();

    // Never tried: behind a limit, and waiting for others of its type.
    house.event("a.limited", json!({"n": 1})).await;
    limited.0.inbox.wait(PATIENCE, |all| all.len() == 1).await.unwrap();
    let behind = waiting(&house, "a.limited", json!({"n": 2}), "rate_limit").await;
    cancel(&house, &behind).await;
    let collected = waiting(&house, "a.together", json!({"n": 1}), "batch").await;
    cancel(&house, &collected).await;
    for n in 2..=4 {
        house.event("a.together", json!({"n": n})).await;
    }
    let got = together.0.inbox.wait(PATIENCE, |all| all.len() == 1).await.unwrap();
    let events = got[0].json()["data"]["events"].clone();
    let told: Vec<i64> =
        events.as_array().unwrap().iter().filter_map(|e| e["data"]["n"].as_i64()).collect();
    assert_eq!(told, [2, 3, 4], "the digest goes without it");

    // In line: one behind the first of its key, then that itself, which lets the next one go.
    let data = |n: i64| json!({"conversation_id": "c", "n": n});
    let head = waiting(&house, "a.line", data(1), "receiver_refused").await;
    let parked = waiting(&house, "a.line", data(2), "order").await;
    let next = waiting(&house, "a.line", data(3), "order").await;
    cancel(&house, &parked).await;
    in_line.0.behave(|behaviour| behaviour.script.clear());
    cancel(&house, &head).await;
    house.eventually(&next, |shown| shown["status"] == "sent").await;
    assert_eq!(numbers(&in_line.0.inbox.all()), [1, 3]);

    // Whatever is looked at again after a restart is not sent either.
    let house = house.restarted().await;
    failing.0.behave(|behaviour| behaviour.script.clear());
    waiting(&house, "a.failing", json!({"n": 3}), "receiver_took_it").await;
    assert_eq!(numbers(&failing.0.inbox.all()), [1, 2, 3]);
    for path in [&retrying, &held, &behind, &collected, &head, &parked] {
        assert_eq!(house.api.get(path).await.unwrap()["status"], "cancelled", "{path}");
    }
    let cancelled = house.api.get("/api/v1/deliveries?status=cancelled").await.unwrap();
    assert_eq!(cancelled["items"].as_array().unwrap().len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_what_is_under_way_or_over_is_not_cancelled_and_says_why() {
    let house = House::new().await;
    house.settle(json!({"retry": {"first": "1h", "attempts": 1}})).await;
    let well = house.answering("a.well", repeat_n((200, None), 500), &json!({})).await;
    let _dead = house.answering("a.dead", repeat_n((404, None), 500), &json!({})).await;
    let refused = |answer: (u16, Value), detail: &str| {
        assert_eq!((answer.0, &answer.1["detail"]), (409, &json!(detail)));
    };
    let sent = waiting(&house, "a.well", json!({}), "receiver_took_it").await;
    refused(house.raw("POST", &format!("{sent}/cancel"), "").await, "it was sent already");
    let dead = waiting(&house, "a.dead", json!({}), "receiver_refused").await;
    let detail = "it was given up already: discard it among the dead letters";
    refused(house.raw("POST", &format!("{dead}/cancel"), "").await, detail);

    well.0.behave(|behaviour| behaviour.delay = Duration::from_secs(2));
    let before = well.0.inbox.all().len();
    let answer = house.event("a.well", json!({})).await;
    let path = format!("/api/v1/deliveries?event_id={}", answer["ids"][0].as_str().unwrap());
    let listed = house.api.get(&path).await.unwrap();
    let path = format!("/api/v1/deliveries/{}", listed["items"][0]["id"].as_str().unwrap());
    let detail = "an attempt is under way: wait for what comes of it";
    let asked = async {
        loop {
            let answer = house.raw("POST", &format!("{path}/cancel"), "").await;
            if answer.1["detail"] == detail || answer.0 == 200 {
                return answer;
            }
        }
    };
    let answer = tokio::time::timeout(PATIENCE, asked).await.unwrap();
    if answer.0 == 409 {
        house.eventually(&path, |shown| shown["status"] == "sent").await;
        assert_eq!(well.0.inbox.all().len(), before + 1);
    } else {
        // It was quicker than the attempt.
        assert_eq!(house.api.get(&path).await.unwrap()["status"], "cancelled");
    }

    let (status, answer) = house.raw("POST", "/api/v1/deliveries/msg_0/cancel", "").await;
    assert_eq!((status, &answer["detail"]), (404, &json!("no such delivery")));
    let long = json!({"reason": "x".repeat(501)}).to_string();
    let (status, answer) = house.raw("POST", &format!("{sent}/cancel"), long).await;
    assert_eq!((status, &answer["field"]), (422, &json!("reason")));
    let (status, answer) = house.raw("POST", &format!("{sent}/cancel"), r#"{"why": 1}"#).await;
    assert_eq!((status, &answer["field"]), (422, &json!("why")));
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_all_that_wait_are_cancelled_by_a_job_and_what_is_over_stays() {
    const CANCEL: &str = "/api/v1/deliveries/cancel";
    let house = House::new().await;
    house.settle(json!({"retry": {"first": "1h", "factor": 1, "attempts": 3}})).await;
    let failing = house.answering("a.failing", repeat_n((500, None), 500), &json!({})).await;
    let fifo = json!({"ordering": "fifo"});
    let in_line = house.answering("a.line", repeat_n((500, None), 500), &fifo).await;
    let well = house.answering("a.well", repeat_n((200, None), 500), &json!({})).await;
    for n in 1..=3 {
        waiting(&house, "a.failing", json!({"n": n}), "receiver_refused").await;
        let because = if n == 1 { "receiver_refused" } else { "order" };
        waiting(&house, "a.line", json!({"conversation_id": "c", "n": n}), because).await;
        waiting(&house, "a.well", json!({"n": n}), "receiver_took_it").await;
    }
    let count = async |body: Value| {
        let counted = house.api.post(CANCEL, &body).await.unwrap();
        (counted["count"].clone(), counted["refused"].clone(), counted["complete"].clone())
    };
    let all = (json!(6), json!(0), json!(true));
    assert_eq!(count(json!({"dry_run": true})).await, all);
    let three = (json!(3), json!(0), json!(true));
    assert_eq!(count(json!({"dry_run": true, "endpoint_id": in_line.1})).await, three);
    assert_eq!(
        count(json!({"dry_run": true, "status": "retrying", "event_type": "a.f*"})).await,
        three
    );
    let none = (json!(0), json!(0), json!(true));
    assert_eq!(count(json!({"dry_run": true, "status": "held"})).await, none);
    for (body, field) in [(r#"{"status": "sent"}"#, "status"), (r#"{"why": 1}"#, "why")] {
        let (status, answer) = house.raw("POST", CANCEL, body).await;
        assert_eq!((status, &answer["field"]), (422, &json!(field)));
    }

    let before = (failing.0.inbox.all().len(), in_line.0.inbox.all().len());
    let begun = house.api.post(CANCEL, &json!({"reason": "the till was replaced"})).await.unwrap();
    let job = format!("/api/v1/jobs/{}", begun["job_id"].as_str().unwrap());
    let house = house.restarted().await;
    let done = house.eventually(&job, |job| job["state"] == "done").await;
    assert_eq!(
        (&done["task"], &done["reason"]),
        (&json!("cancel_deliveries"), &begun["job"]["reason"])
    );
    assert_eq!((&done["refused"], &done["skipped"]), (&json!(0), &json!(0)), "{done}");
    let listed = house.api.get("/api/v1/deliveries?status=cancelled").await.unwrap();
    let listed = listed["items"].as_array().unwrap();
    assert_eq!(listed.len(), 6);
    for item in listed {
        let by_hand = &item["cancelled_by_hand"];
        assert_eq!(
            (&by_hand["by"]["name"], &by_hand["reason"]),
            (&json!("first"), &done["reason"])
        );
    }
    let sent = house.api.get("/api/v1/deliveries?status=sent").await.unwrap();
    assert_eq!(sent["items"].as_array().unwrap().len(), 3);
    // None of them goes out, and what comes next is not held up by them.
    in_line.0.behave(|behaviour| behaviour.script.clear());
    let next = json!({"conversation_id": "c", "n": 4});
    waiting(&house, "a.line", next, "receiver_took_it").await;
    let after = (failing.0.inbox.all().len(), in_line.0.inbox.all().len());
    assert_eq!(after, (before.0, before.1 + 1));
    assert_eq!(numbers(&well.0.inbox.all()), [1, 2, 3]);
    let entries = house.api.get("/api/v1/audit?action=deliveries.cancel").await.unwrap();
    assert_eq!(entries["items"][0]["reason"], "the till was replaced");
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_a_delivery_that_was_cancelled_stays_so_over_a_kill() {
    let data = tempfile::tempdir().unwrap();
    let script = std::iter::repeat_n((500, None), 40).collect();
    let behaviour = Behaviour { script, ..Behaviour::default() };
    let receiver = WebhookReceiver::start(any_port(), behaviour).await.unwrap();
    let mut server = Process::start(data.path(), "http://127.0.0.1:9");
    let client = server.client(data.path());
    let retry = json!({"retry": {"first": "2s", "factor": 1, "attempts": 50}});
    client.patch("/api/v1/admin/tenants/default", &retry).await.unwrap();
    let target = json!({"kind": "webhook", "target": receiver.url()});
    client.post(ENDPOINTS, &target).await.unwrap();
    let events: Vec<Value> =
        (0..40).map(|n| json!({"event_type": "order.paid", "data": {"n": n}})).collect();
    client.post("/api/v1/events", &Value::from(events)).await.unwrap();
    receiver.inbox.wait(PATIENCE, |all| all.len() >= 40).await.unwrap();
    let all = client.get("/api/v1/deliveries?limit=100").await.unwrap();
    let ids: Vec<String> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect();
    let (mut client, mut cancelled) = (client, Vec::new());
    for (place, id) in ids.iter().step_by(2).enumerate() {
        let path = format!("/api/v1/deliveries/{id}/cancel");
        // One that is just tried again is refused, and goes on.
        if client.post(&path, &json!({})).await.is_ok() {
            cancelled.push(id.clone());
        }
        if place % 5 == 4 {
            server.kill();
            server = Process::start(data.path(), "http://127.0.0.1:9");
            client = server.client(data.path());
        }
    }
    assert!(!cancelled.is_empty());
    let others = ids.len() - cancelled.len();
    let arrived = |all: &[Delivery]| {
        all.iter().filter(|delivery| delivery.answered.is_success()).count() >= others
    };
    let got = receiver.inbox.wait(PATIENCE, arrived).await.unwrap();
    for id in &cancelled {
        let sent = got.iter().any(|one| one.id == *id && one.answered.is_success());
        assert!(!sent, "{id} was sent after it was cancelled");
        let shown = client.get(&format!("/api/v1/deliveries/{id}")).await.unwrap();
        assert_eq!(shown["status"], "cancelled", "{shown}");
    }
}
