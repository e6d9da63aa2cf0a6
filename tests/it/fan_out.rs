//! One event for many endpoints: each gets it once, whoever is slow, broken, or killed in between.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use sereno::client::Client;
use sereno::receiver::any_port;
use sereno::receiver::webhook::{Behaviour, Delivery, WebhookReceiver};

use crate::process::Process;
use crate::support::{ENDPOINTS, House, PATIENCE};

/// More than an event queues at once, and more than are under way at once.
const MANY: usize = 300;

async fn subscribe(client: &Client, count: usize, target: &str, more: &Value) {
    for number in 0..count {
        let mut body = json!({"kind": "webhook", "target": format!("{target}{number}")});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        client.post(ENDPOINTS, &body).await.unwrap();
    }
}

/// The ids under which each path got something.
fn ids_by_path(got: &[Delivery]) -> BTreeMap<String, Vec<String>> {
    let mut ids: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for delivery in got {
        ids.entry(delivery.path.clone()).or_default().push(delivery.id.clone());
    }
    ids
}

async fn event(client: &Client, id: &str) -> Value {
    client.post("/api/v1/events", &json!({"event_type": "a.b", "event_id": id})).await.unwrap()
}

fn all_sent(event: &Value) -> bool {
    let deliveries = event["deliveries"].as_array().unwrap();
    deliveries.iter().all(|delivery| delivery["status"] == "sent")
}

#[tokio::test(flavor = "multi_thread")]
async fn a02_an_event_reaches_each_of_many_endpoints_once() {
    let house = House::new().await;
    let receiver = WebhookReceiver::start(any_port(), Behaviour::default()).await.unwrap();
    subscribe(&house.api, MANY, &receiver.url(), &json!({})).await;
    event(&house.api, "e1").await;
    event(&house.api, "e2").await;
    let got = receiver.inbox.wait(PATIENCE, |all| all.len() >= 2 * MANY).await.unwrap();
    let ids = ids_by_path(&got);
    assert!(ids.len() == MANY && ids.values().all(|ids| ids.len() == 2), "{ids:?}");
    for id in ["e1", "e2"] {
        let shown = house.eventually(&format!("/api/v1/events/{id}"), all_sent).await;
        assert_eq!(shown["deliveries"].as_array().unwrap().len(), MANY);
        assert_eq!(shown["delivery_counts"], json!({"sent": MANY}));
    }
    let page = house.api.get("/api/v1/deliveries?event_id=e1&limit=500").await.unwrap();
    assert_eq!(page["items"].as_array().unwrap().len(), MANY, "of one event alone");
    let house = house.restarted().await;
    event(&house.api, "e3").await;
    let got = receiver.inbox.wait(PATIENCE, |all| all.len() >= 3 * MANY).await.unwrap();
    assert_eq!(got.len(), 3 * MANY, "nothing of before came again");
}

#[tokio::test(flavor = "multi_thread")]
async fn f04_the_slow_and_the_broken_of_many_hold_up_nobody() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let slow = Behaviour { delay: Duration::from_secs(4), ..Behaviour::default() };
    let slow = WebhookReceiver::start(any_port(), slow).await.unwrap();
    let broken = Behaviour { script: [(500, None); 20].into(), ..Behaviour::default() };
    let broken = WebhookReceiver::start(any_port(), broken).await.unwrap();
    let well = WebhookReceiver::start(any_port(), Behaviour::default()).await.unwrap();
    // As many slow ones as may be under way at once stand before all others.
    subscribe(&house.api, 256, &slow.url(), &json!({})).await;
    subscribe(&house.api, 20, &broken.url(), &json!({})).await;
    subscribe(&house.api, 40, &well.url(), &json!({})).await;
    event(&house.api, "e1").await;
    let before_the_slow = Duration::from_millis(3_500);
    well.inbox.wait(before_the_slow, |all| all.len() >= 40).await.unwrap();
    house.eventually("/api/v1/events/e1", all_sent).await;
    let got = broken.inbox.all();
    let ids = ids_by_path(&got);
    assert!(ids.values().all(|ids| ids.iter().all(|id| *id == ids[0])), "one id each: {ids:?}");
    assert_eq!((slow.inbox.all().len(), broken.inbox.all().len()), (256, 40));
}

#[tokio::test(flavor = "multi_thread")]
async fn f02_killed_on_the_way_to_many_it_goes_on_with_the_rest() {
    let data = tempfile::tempdir().unwrap();
    let behaviour = Behaviour { delay: Duration::from_millis(30), ..Behaviour::default() };
    let receiver = WebhookReceiver::start(any_port(), behaviour).await.unwrap();
    let mut server = Process::start(data.path(), "http://127.0.0.1:9");
    let client = server.client(data.path());
    subscribe(&client, 2 * MANY, &receiver.url(), &json!({})).await;
    event(&client, "e1").await;
    let mut repeated = 0;
    for round in 1..=3 {
        receiver.inbox.wait(PATIENCE, |all| all.len() >= round * MANY / 2).await.unwrap();
        server.kill();
        server = Process::start(data.path(), "http://127.0.0.1:9");
    }
    let all_paths = |all: &[Delivery]| ids_by_path(all).len() == 2 * MANY;
    let got = receiver.inbox.wait(PATIENCE, all_paths).await.unwrap();
    for (path, ids) in ids_by_path(&got) {
        assert!(ids.iter().all(|id| *id == ids[0]), "{path} got it under two ids: {ids:?}");
        repeated += ids.len() - 1;
    }
    assert!(repeated <= 3 * 256, "{repeated} were sent again, more than were under way");
    let client = server.client(data.path());
    while !all_sent(&client.get("/api/v1/events/e1").await.unwrap()) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
