//! Timers that people fire while the server is killed: what was answered is done, and nothing is done twice.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use sereno::receiver::graph::GraphReceiver;
use tokio::task::JoinSet;

use crate::process::Process;
use crate::support::{PATIENCE, moment};

const WEEK: i64 = 7 * 24 * 3_600_000;
const BOOKINGS: usize = 120;

#[tokio::test(flavor = "multi_thread")]
async fn f02_killed_while_timers_are_fired_each_is_fired_once_or_still_there() {
    let data = tempfile::tempdir().unwrap();
    let graph = GraphReceiver::start("token").await.unwrap();
    let mut server = Process::start(data.path(), &graph.url());
    let client = server.client(data.path());
    let settings = json!({"reminders": ["1h"],
        "whatsapp": {"phone_number_id": "1", "access_token": "token", "app_secret": "s"}});
    client.patch("/api/v1/admin/tenants/default", &settings).await.unwrap();
    let events: Vec<Value> = (0..BOOKINGS)
        .map(|n| {
            json!({"event_type": "reservation.created", "data": {"reservation_id": format!("R-{n}"),
                "date_time": moment(WEEK), "wa_number": format!("+346{n:08}")}})
        })
        .collect();
    client.post("/api/v1/events", &Value::from(events)).await.unwrap();

    let mut answered = BTreeSet::new();
    for round in 0..4 {
        let client = server.client(data.path());
        let left = pending(&client).await;
        let mut load = JoinSet::new();
        for (booking, id) in left.into_iter().take(40) {
            let client = client.clone();
            load.spawn(async move {
                let fired = client.post(&format!("/api/v1/timers/{id}/fire"), &json!({})).await;
                (booking, fired)
            });
        }
        tokio::time::sleep(Duration::from_millis(15 + 20 * round)).await;
        server.kill();
        for (booking, fired) in load.join_all().await {
            match fired {
                Ok(_) => assert!(answered.insert(booking), "fired twice"),
                Err(error) => assert!(!error.to_string().starts_with('4'), "{error:#}"),
            }
        }
        server = Process::start(data.path(), &graph.url());
    }
    let client = server.client(data.path());
    let left: BTreeSet<String> = pending(&client).await.into_keys().collect();
    let fired = BOOKINGS - left.len();
    assert!(answered.is_disjoint(&left), "what was answered is done");
    let whose = |sent: &sereno::receiver::graph::Sent| sent.to.clone();
    let all = |all: &[sereno::receiver::graph::Sent]| {
        all.iter().map(whose).collect::<BTreeSet<_>>().len() >= fired
    };
    let sent = graph.inbox.wait(PATIENCE, all).await.unwrap();
    let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for message in sent {
        ids.entry(message.to.clone()).or_default().insert(message.delivery_id);
    }
    assert_eq!(ids.len(), fired, "those that are fired, and no others");
    assert!(ids.values().all(|ids| ids.len() == 1), "each once: {ids:?}");
}

/// The reminders that are still to come: whose, and their ids.
async fn pending(client: &sereno::client::Client) -> BTreeMap<String, String> {
    let page = client.get("/api/v1/timers?limit=500").await.unwrap();
    let text = |timer: &Value, field: &str| timer[field].as_str().unwrap().to_owned();
    let items = page["items"].as_array().unwrap().iter();
    let reminders = items.filter(|timer| timer["kind"] == "reminder.1h");
    reminders.map(|timer| (text(timer, "entity_id"), text(timer, "id"))).collect()
}
