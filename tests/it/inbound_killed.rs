//! Killed between the answer to Meta and the work on it: nothing is lost, and nothing happens twice.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use sereno::receiver::any_port;
use sereno::receiver::graph::{GraphReceiver, Phone};
use sereno::receiver::webhook::{Behaviour, Delivery, WebhookReceiver};
use tokio::task::JoinSet;

use crate::process::{Process, is_long};
use crate::support::{APP_SECRET, ENDPOINTS, PATIENCE};

/// Customers write as fast as they can until the server is gone; answers the messages that were taken.
fn write_until_it_ends(phone: &Phone) -> JoinSet<Vec<String>> {
    let mut writing = JoinSet::new();
    for worker in 0..6 {
        let mut phone = phone.clone();
        phone.number = format!("3460000000{worker}");
        writing.spawn(async move {
            let (client, mut taken) = (reqwest::Client::new(), Vec::new());
            loop {
                let texts = json!({"type": "text", "text": {"body": "1"}});
                let mut envelope = phone.message(texts.clone());
                let messages = &mut envelope["entry"][0]["changes"][0]["value"]["messages"];
                // Some letters have several messages, and all of them must come through.
                let more = phone.message(texts);
                let more = &more["entry"][0]["changes"][0]["value"]["messages"][0];
                messages.as_array_mut().unwrap().push(more.clone());
                let id = |message: &Value| message["id"].as_str().unwrap().to_owned();
                let ids: Vec<String> = messages.as_array().unwrap().iter().map(id).collect();
                match phone.send(&client, &envelope).await {
                    Ok(200) => taken.extend(ids),
                    _ => return taken,
                }
            }
        });
    }
    writing
}

#[tokio::test(flavor = "multi_thread")]
async fn d07_killed_between_answer_and_work_it_loses_no_message_and_doubles_none() {
    let data = tempfile::tempdir().unwrap();
    let graph = GraphReceiver::start("token").await.unwrap();
    let crm = WebhookReceiver::start(any_port(), Behaviour::default()).await.unwrap();
    let mut server = Process::start(data.path(), &graph.url());
    let client = server.client(data.path());
    let settings = json!({"retry": {"first": "200ms", "attempts": 20}, "whatsapp":
        {"phone_number_id": "555000111", "access_token": "token", "app_secret": APP_SECRET}});
    client.patch("/api/v1/admin/tenants/default", &settings).await.unwrap();
    client.post(ENDPOINTS, &json!({"kind": "webhook", "target": crm.url()})).await.unwrap();
    let mut taken = BTreeSet::new();
    for round in 0..if is_long() { 200 } else { 12_u64 } {
        let phone = Phone {
            number: String::new(),
            webhook: server.client(data.path()).url("/webhooks/whatsapp/default"),
            app_secret: APP_SECRET.into(),
        };
        let writing = write_until_it_ends(&phone);
        tokio::time::sleep(Duration::from_millis(120 + (round * 41) % 200)).await;
        server.kill();
        taken.extend(writing.join_all().await.into_iter().flatten());
        server = Process::start(data.path(), &graph.url());
    }
    // However slow the machine: one or two in each round are enough to lose one.
    assert!(taken.len() > 20, "only {} messages under load", taken.len());
    let client = server.client(data.path());
    let told = |all: &[Delivery]| {
        let ids: BTreeSet<String> = all.iter().map(whose).collect();
        taken.iter().all(|id| ids.contains(id))
    };
    let got = crm.inbox.wait(PATIENCE, told).await;
    let got = got.unwrap_or_else(|got| panic!("{} of {} messages came", got.len(), taken.len()));
    let mut deliveries: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for delivery in &got {
        deliveries.entry(whose(delivery)).or_default().insert(delivery.id.clone());
    }
    let twice = deliveries.iter().find(|(_, ids)| ids.len() > 1);
    assert_eq!(twice, None, "a message became two events");
    let pending = client.get("/api/v1/inbound-log?status=pending").await.unwrap();
    assert_eq!(pending["items"], json!([]));
    let others = client.get("/api/v1/inbound-log?processed=false").await.unwrap();
    assert_eq!(others["items"], json!([]), "every letter was read to its end");
}

fn whose(delivery: &Delivery) -> String {
    delivery.json()["event_id"].as_str().unwrap_or_default().to_owned()
}
