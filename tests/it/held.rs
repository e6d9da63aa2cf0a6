//! What is held on purpose and what was cancelled is in the figures, so that nobody forgets it.

use std::time::Duration;

use serde_json::{Value, json};
use sereno::receiver::any_port;
use sereno::receiver::webhook::{Behaviour, WebhookReceiver};

use crate::process::Process;
use crate::support::{ENDPOINTS, House, deliveries};

/// The value of a metric without labels.
async fn metric(house: &House, name: &str) -> Option<f64> {
    let text = reqwest::get(format!("{}/metrics", house.base)).await.unwrap().text().await.unwrap();
    let line = text.lines().find(|line| line.split(' ').next() == Some(name));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn a20_a21_what_is_held_and_was_cancelled_is_told_in_figures_and_by_the_check() {
    let house = House::new().await;
    house.settle(json!({"channels": {"webhook": {"paused": true}}})).await;
    let _receiver = house.webhook(json!({})).await;
    for n in 0..3 {
        house.event("order.paid", json!({"n": n})).await;
    }
    let held = |page: &Value| page["items"].as_array().unwrap().len() == 3;
    let page = house.eventually("/api/v1/deliveries?status=held", held).await;
    let path = format!("/api/v1/deliveries/{}/cancel", page["items"][0]["id"].as_str().unwrap());
    house.api.post(&path, &json!({})).await.unwrap();

    let mut house = house;
    for _ in 0..2 {
        assert_eq!(metric(&house, "sereno_queue_held").await, Some(2.0));
        assert_eq!(metric(&house, "sereno_queue_deliveries").await, Some(2.0));
        assert_eq!(metric(&house, "sereno_queue_oldest_seconds").await, Some(0.0));
        let cancelled = |stats: &Value| stats["windows"]["1h"]["deliveries_cancelled"] == 1;
        house.eventually("/api/v1/stats?window=1h", cancelled).await;
        let report = house.api.get("/api/v1/reports/weekly?lang=en").await.unwrap();
        assert_eq!(report["deliveries_held"], 2, "{report:#}");
        assert_eq!(report["totals"]["deliveries_cancelled"], 1);
        let first = &report["attention"][0];
        assert_eq!(first["code"], "deliveries_held", "{report:#}");
        assert!(first["sentence"].as_str().unwrap().contains("channels: 2;"), "{first}");
        let found = house.api.post("/api/v1/admin/check", &json!({})).await.unwrap();
        let all = found["findings"].as_array().unwrap();
        let paused = all.iter().find(|one| one["name"] == "default channel webhook").unwrap();
        assert_eq!((&paused["verdict"], &paused["part"]), (&json!("warn"), &json!("endpoints")));
        assert!(paused["detail"].as_str().unwrap().contains("what is for it is held"), "{paused}");
        let advice = paused["advice"].as_str().unwrap();
        assert!(advice.contains("channels.webhook.paused"), "{advice}");
        house = house.restarted().await;
    }
    house.settle(json!({"channels": null})).await;
    let sent = |page: &Value| page["items"].as_array().unwrap().len() == 2;
    house.eventually("/api/v1/deliveries?status=sent", sent).await;
    assert_eq!(metric(&house, "sereno_queue_held").await, Some(0.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_what_is_being_tried_is_not_held_whatever_happens_to_its_endpoint_meanwhile() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let hanging = Behaviour { delay: Duration::from_secs(60), ..Behaviour::default() };
    let receiver = WebhookReceiver::start(any_port(), hanging).await.unwrap();
    let id = house.wanting("order.paid", &receiver.url(), &json!({})).await;
    let event = house.event("order.paid", json!({})).await["ids"][0].as_str().unwrap().to_owned();
    let path = house.delivery_of(&event).await;
    house.eventually(&path, |shown| shown["why"]["because"] == "attempt_under_way").await;
    let endpoint = format!("{ENDPOINTS}/{id}");
    let tried = async |what: &str| {
        let shown = house.api.get(&path).await.unwrap();
        assert_eq!(shown["status"], "pending", "{what}: {shown:#}");
        assert_eq!(shown["error_message"], json!(null), "{what}: {shown:#}");
        let found = |page: Value| page["items"].as_array().unwrap().len();
        for (word, count) in [("pending", 1), ("held", 0), ("cancelled", 0)] {
            let path = format!("/api/v1/deliveries?status={word}");
            assert_eq!(found(house.api.get(&path).await.unwrap()), count, "{what}: {word}");
        }
        let event = house.api.get(&format!("/api/v1/events/{event}")).await.unwrap();
        assert_eq!(event["delivery_counts"], json!({"pending": 1}), "{what}");
        assert_eq!(event["why"]["next"], "answer", "{what}: {event:#}");
        assert_eq!(metric(&house, "sereno_queue_held").await, Some(0.0), "{what}");
    };
    tried("as it began").await;
    house.settle(json!({"channels": {"webhook": {"paused": true}}})).await;
    tried("its channel is paused").await;
    let shown = house.api.get(&endpoint).await.unwrap();
    assert_eq!(shown["why"]["next"], "answer", "{shown:#}");
    let stats = house.api.get("/api/v1/stats").await.unwrap();
    assert_eq!(path.rsplit('/').next(), stats["oldest_waiting"]["id"].as_str(), "{stats}");
    house.settle(json!({"channels": null})).await;
    house.api.patch(&endpoint, &json!({"enabled": false})).await.unwrap();
    tried("its endpoint is disabled").await;
    let shown = house.api.get(&endpoint).await.unwrap();
    assert_eq!(shown["why"]["next"], "answer", "{shown:#}");
    house.api.delete(&endpoint).await.unwrap();
    tried("its endpoint was deleted").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a20_what_waits_behind_another_of_its_key_counts_as_waiting_and_as_held() {
    let house = House::new().await;
    house.settle(json!({"retry": {"first": "1h", "attempts": 4}})).await;
    let ordered = json!({"ordering": "fifo"});
    let (_receiver, _) = house.answering("chat.said", [(500, None)], &ordered).await;
    for n in 0..10 {
        house.event("chat.said", json!({"conversation_id": "C-1", "n": n})).await;
    }
    let count = |count: usize| move |page: &Value| page["items"].as_array().unwrap().len() == count;
    house.eventually("/api/v1/deliveries?status=retrying", count(1)).await;
    let newest = |page: &Value| page["items"][0]["event_type"] == "chat.said";
    let page = house.eventually("/api/v1/deliveries?status=pending", newest).await;
    assert_eq!(page["items"].as_array().unwrap().len(), 9, "{page:#}");
    let path = format!("/api/v1/deliveries/{}", page["items"][0]["id"].as_str().unwrap());
    let parked = |shown: &Value| shown["why"]["because"].as_str().unwrap().contains("order");
    house.eventually(&path, parked).await;
    let mut house = house;
    for held in [0.0, 10.0] {
        assert_eq!(metric(&house, "sereno_queue_deliveries").await, Some(10.0));
        assert_eq!(metric(&house, "sereno_queue_held").await, Some(held));
        let report = house.api.get("/api/v1/reports/weekly?lang=en").await.unwrap();
        assert_eq!(report["deliveries_held"].as_f64(), Some(held), "{report:#}");
        house.settle(json!({"channels": {"webhook": {"paused": true}}})).await;
        house = house.restarted().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b11_what_is_not_to_be_counted_is_delivered_all_the_same() {
    let data = tempfile::tempdir().unwrap();
    let off = [("SERENO_FIGURES", std::ffi::OsStr::new("off"))];
    let process = Process::try_start(data.path(), "http://127.0.0.1:9", &off, &[]).unwrap();
    let client = process.client(data.path());
    let receiver = WebhookReceiver::start(any_port(), Behaviour::default()).await.unwrap();
    let endpoint = json!({"kind": "webhook", "target": receiver.url()});
    client.post(ENDPOINTS, &endpoint).await.unwrap();
    let event = json!({"event_type": "order.paid", "data": {}});
    client.post("/api/v1/events", &event).await.unwrap();
    deliveries(&receiver, &["order.paid"]).await;
    let stats = client.get("/api/v1/stats?window=1h").await.unwrap();
    assert_eq!(stats["windows"]["1h"]["events"], 0, "{stats:#}");
}
