//! Why somebody did something to many, and with what of it it could not be done.

use serde_json::{Value, json};
use sereno::receiver::any_port;
use sereno::receiver::webhook::{Behaviour, WebhookReceiver};

use crate::support::House;

const REASON: &str = "the till was replaced";

/// A house with an endpoint that refuses everything.
async fn house(status: u16) -> (House, WebhookReceiver) {
    let house = House::new().await;
    house.settle(json!({"retry": {"first": "1h", "attempts": 3}})).await;
    let script = std::iter::repeat_n((status, None), 1_000).collect();
    let behaviour = Behaviour { script, ..Behaviour::default() };
    let receiver = WebhookReceiver::start(any_port(), behaviour).await.unwrap();
    house.endpoint(json!({"kind": "webhook", "target": receiver.url()})).await;
    (house, receiver)
}

/// So many events, and the ids of their deliveries once they stand so.
async fn deliveries(house: &House, count: usize, status: &str) -> Vec<String> {
    for n in 0..count {
        house.event("order.paid", json!({"n": n})).await;
    }
    let path = format!("/api/v1/deliveries?limit=100&status={status}");
    let there = |page: &Value| page["items"].as_array().unwrap().len() == count;
    let page = house.eventually(&path, there).await;
    let items = page["items"].as_array().unwrap();
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// The newest entry of the audit log for an action.
async fn entry(house: &House, action: &str) -> Value {
    let path = format!("/api/v1/audit?action={action}");
    house.api.get(&path).await.unwrap()["items"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn e06_a21_what_is_held_is_refused_to_whoever_wants_it_tried_again() {
    let (house, _receiver) = house(500).await;
    let ids = deliveries(&house, 3, "retrying").await;
    let paused = json!({"channels": {"webhook": {"paused": true}}});
    house.api.patch("/api/v1/admin/tenants/default", &paused).await.unwrap();
    for body in [json!({"status": "held"}), json!({"status": "held", "event_type": "*"})] {
        let mut dry = body.clone();
        dry["dry_run"] = json!(true);
        let counted = house.api.post("/api/v1/deliveries/retry", &dry).await.unwrap();
        assert_eq!((&counted["count"], &counted["refused"]), (&json!(0), &json!(3)), "{counted}");
        let started = house.api.post("/api/v1/deliveries/retry", &body).await.unwrap();
        let path = format!("/api/v1/jobs/{}", started["job_id"].as_str().unwrap());
        let job = house.eventually(&path, |job| job["state"] == "done").await;
        assert_eq!([&job["matched"], &job["done"], &job["refused"]], [3, 0, 3], "{job}");
        for one in job["not_done"].as_array().unwrap() {
            assert!(ids.iter().any(|id| one["id"] == **id), "{one}");
            assert_eq!((&one["why"], &one["skipped"]), (&json!("held"), &json!(false)));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn e06_a_job_names_what_it_could_not_do_and_keeps_its_reason() {
    let (house, _receiver) = house(500).await;
    let ids = deliveries(&house, 23, "retrying").await;
    for id in &ids {
        let path = format!("/api/v1/deliveries/{id}/cancel");
        house.api.post(&path, &json!({"reason": REASON})).await.unwrap();
    }
    assert_eq!(entry(&house, "delivery.cancel").await["reason"], REASON);
    let dry = json!({"status": "cancelled", "dry_run": true});
    let counted = house.api.post("/api/v1/deliveries/retry", &dry).await.unwrap();
    assert_eq!((&counted["count"], &counted["refused"]), (&json!(0), &json!(23)), "{counted}");
    let body = json!({"status": "cancelled", "reason": format!("{REASON}, call +34600000012")});
    let started = house.api.post("/api/v1/deliveries/retry", &body).await.unwrap();
    let path = format!("/api/v1/jobs/{}", started["job_id"].as_str().unwrap());
    let job = house.eventually(&path, |job| job["state"] == "done").await;
    assert_eq!(
        [&job["matched"], &job["done"], &job["skipped"], &job["refused"]],
        [&json!(23), &json!(0), &json!(0), &json!(23)]
    );
    let named = job["not_done"].as_array().unwrap();
    assert_eq!(named.len(), 20, "the first of them are named");
    for one in named {
        assert!(ids.iter().any(|id| one["id"] == **id), "{one}");
        assert_eq!(one["why"], "cancelled");
        assert_eq!(one["detail"], "it was cancelled by hand");
    }
    assert_eq!(job["reason"], body["reason"]);
    let noted = entry(&house, "deliveries.retry").await;
    assert_eq!(noted["reason"], format!("{REASON}, call +34•••••12"), "no personal data");
    let house = house.restarted().await;
    let again = house.api.get(&path).await.unwrap();
    assert_eq!(again["not_done"], job["not_done"]);
    assert_eq!(entry(&house, "deliveries.retry").await["reason"], noted["reason"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn e06_a_dead_letter_is_discarded_for_a_reason() {
    let (house, _receiver) = house(404).await;
    let ids = deliveries(&house, 3, "dead").await;
    let path = format!("/api/v1/dead-letters/{}", ids[0]);
    let long = json!({"reason": "é".repeat(251)}).to_string();
    let (status, answer) = house.raw("DELETE", &path, long.clone()).await;
    assert_eq!((status, &answer["field"]), (422, &json!("reason")), "{answer}");
    let (status, _) = house.raw("POST", "/api/v1/dead-letters/discard", long).await;
    assert_eq!(status, 422);
    let (status, _) = house.raw("DELETE", &path, json!({"reason": REASON}).to_string()).await;
    assert_eq!(status, 200);
    let noted = entry(&house, "dead_letter.discard").await;
    assert_eq!((&noted["reason"], &noted["subject"]), (&json!(REASON), &json!(ids[0])));

    let body = json!({"reason": REASON});
    let started = house.api.post("/api/v1/dead-letters/discard", &body).await.unwrap();
    let path = format!("/api/v1/jobs/{}", started["job_id"].as_str().unwrap());
    let job = house.eventually(&path, |job| job["state"] == "done").await;
    assert_eq!(
        [&job["done"], &job["skipped"], &job["refused"], &job["not_done"]],
        [&json!(2), &json!(0), &json!(0), &json!([])]
    );
    assert_eq!(job["reason"], REASON);
    assert_eq!(entry(&house, "dead_letters.discard").await["reason"], REASON);

    let (status, _) = house.raw("POST", "/api/v1/dead-letters/discard", "{}").await;
    assert_eq!(status, 202, "a reason is never demanded");
    assert_eq!(entry(&house, "dead_letters.discard").await["reason"], json!(null));
}
