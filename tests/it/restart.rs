//! The real binary, killed in the middle: nothing acknowledged is lost, nothing is sent twice under
//! two ids.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use sereno::receiver::any_port;
use sereno::receiver::graph::GraphReceiver;
use sereno::receiver::webhook::{Behaviour, WebhookReceiver};

use crate::process::{Process, all_there, book_until_it_ends, is_long};
use crate::support::{ENDPOINTS, PATIENCE};

#[tokio::test(flavor = "multi_thread")]
async fn f02_killed_under_load_it_keeps_every_acknowledged_event_and_reminds_once() {
    let data = tempfile::tempdir().unwrap();
    let graph = GraphReceiver::start("token").await.unwrap();
    let crm = WebhookReceiver::start(any_port(), Behaviour::default()).await.unwrap();
    let mut acknowledged = BTreeSet::new();
    let mut server = Process::start(data.path(), &graph.url());
    let client = server.client(data.path());
    let settings = json!({"reminders": ["1h"], "retry": {"first": "200ms", "attempts": 20},
        "whatsapp": {"phone_number_id": "1", "access_token": "token", "app_secret": "s"}});
    client.patch("/api/v1/admin/tenants/default", &settings).await.unwrap();
    let endpoint = json!({"kind": "webhook", "target": crm.url(),
        "filters": {"events": ["reminder.*"]}});
    client.post(ENDPOINTS, &endpoint).await.unwrap();

    for round in 0..if is_long() { 1_000 } else { 25 } {
        let load = book_until_it_ends(&server.client(data.path()), round);
        tokio::time::sleep(Duration::from_millis(150 + (round * 37) % 250)).await;
        server.kill();
        acknowledged.extend(load.join_all().await.into_iter().flatten());
        server = Process::start(data.path(), &graph.url());
    }
    assert!(acknowledged.len() > 50, "only {} events under load", acknowledged.len());

    let client = server.client(data.path());
    all_there(&client, acknowledged.iter()).await;
    let reminded = |all: &[sereno::receiver::webhook::Delivery]| {
        let ids: BTreeSet<String> = all.iter().map(whose).collect();
        acknowledged.iter().all(|id| ids.contains(id))
    };
    let reminders = crm
        .inbox
        .wait(PATIENCE, reminded)
        .await
        .unwrap_or_else(|got| panic!("{} of {} reminders came", got.len(), acknowledged.len()));
    let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for reminder in &reminders {
        ids.entry(whose(reminder)).or_default().insert(reminder.id.clone());
    }
    for (id, deliveries) in ids {
        assert_eq!(deliveries.len(), 1, "{id} was reminded under two ids");
    }
    let mut messages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for sent in graph.inbox.all() {
        messages.entry(sent.to).or_default().insert(sent.delivery_id);
    }
    assert!(messages.values().all(|ids| ids.len() == 1), "{messages:?}");
}

fn whose(delivery: &sereno::receiver::webhook::Delivery) -> String {
    delivery.json()["data"]["reservation_id"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn f02_killed_between_attempts_it_goes_on_under_the_same_id() {
    let data = tempfile::tempdir().unwrap();
    let graph = GraphReceiver::start("token").await.unwrap();
    let behaviour = Behaviour { script: [(500, None)].into(), ..Behaviour::default() };
    let crm = WebhookReceiver::start(any_port(), behaviour).await.unwrap();
    let server = Process::start(data.path(), &graph.url());
    let client = server.client(data.path());
    let endpoint = json!({"kind": "webhook", "target": crm.url(), "retry": {"first": "2s"}});
    client.post(ENDPOINTS, &endpoint).await.unwrap();
    client.post("/api/v1/events", &json!({"event_type": "a.b"})).await.unwrap();
    crm.inbox.wait(PATIENCE, |all| all.len() == 1).await.unwrap();
    let failed = |log: &Value| log["items"].as_array().unwrap().len() == 1;
    while !failed(&client.get("/api/v1/admin/notify/logs").await.unwrap()) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    server.kill();
    let _server = Process::start(data.path(), &graph.url());
    let got = crm.inbox.wait(PATIENCE, |all| all.len() == 2).await.unwrap();
    assert_eq!((&got[0].id, got[1].attempt), (&got[1].id, 2));
}

#[test]
fn sigterm_ends_it_in_good_order() {
    let data = tempfile::tempdir().unwrap();
    let mut server = Process::start(data.path(), "http://127.0.0.1:9");
    let pid = server.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
fn another_master_key_is_refused_in_words() {
    let data = tempfile::tempdir().unwrap();
    Process::start(data.path(), "http://127.0.0.1:9").kill();
    let other = Command::new(env!("CARGO_BIN_EXE_sereno"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(data.path())
        .env("SERENO_MASTER_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&other.stderr).into_owned();
    assert!(!other.status.success() && said.contains("SERENO_MASTER_KEY"), "{said}");
}

#[test]
fn the_demo_ends_well() {
    let demo =
        Command::new(env!("CARGO_BIN_EXE_sereno")).args(["demo", "--once"]).output().unwrap();
    let said = String::from_utf8_lossy(&demo.stdout).into_owned();
    assert!(demo.status.success() && said.contains("everything arrived"), "{said}");
}
