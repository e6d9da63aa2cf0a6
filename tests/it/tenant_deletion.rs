//! A tenant is deleted: at once for everybody who asks, and to the last row of it soon after.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use sereno::client::Client;
use sereno::receiver::any_port;
use sereno::receiver::graph::GraphReceiver;
use sereno::receiver::webhook::{Behaviour, WebhookReceiver};
use sereno_actors::record::key;
use sereno_actors::store::disk::{DiskOptions, DiskStore};
use sereno_actors::store::{Direction, Store as _};
use sereno_workflows::id::TenantId;

use crate::process::Process;
use crate::support::{ENDPOINTS, House, PATIENCE, moment};

const TENANTS: &str = "/api/v1/admin/tenants";

/// A tenant with a bit of everything, under way and to come; a client with its key.
async fn filled(base: &str, admin: &Client, id: &str, sink: &str) -> Client {
    let settings = json!({"id": id, "settings": {"reminders": ["1h"], "retry": {"first": "200ms"},
        "wa_number_hash": "keyed", "whatsapp": {"phone_number_id": "1", "access_token": "token",
        "app_secret": "app-secret-of-the-test", "verify_token": "v"}}});
    let made = admin.post(TENANTS, &settings).await.unwrap();
    let client = Client::new(base, made["api_key"].as_str().unwrap());
    for target in [sink, "http://127.0.0.1:9/"] {
        client.post(ENDPOINTS, &json!({"kind": "webhook", "target": target})).await.unwrap();
    }
    let mut events = Vec::new();
    for n in 0..40 {
        events.push(json!({"event_id": format!("book-{n}"), "event_type": "reservation.created",
            "data": {"reservation_id": format!("R-{n}"), "date_time": moment(3_600_000 + 3_000),
                     "wa_number": format!("+346000000{n:02}"), "name": "Ana"}}));
        events.push(json!({"event_type": "client.created",
            "data": {"id": n, "notes": format!("secreto-{id} {}", "x".repeat(9_000))}}));
    }
    let talk = json!({"conversation_id": "T-1", "user": {"phone": "+34600000001", "name": "Ana"},
        "products": [{"sku": "S-1", "name": "Vestido"}]});
    for event_type in ["conversation.started", "ai.recommendation.generated", "handoff.opened"] {
        events.push(json!({"event_type": event_type, "data": talk}));
    }
    client.post("/api/v1/events", &Value::from(events)).await.unwrap();
    client
}

/// Rows of a tenant, with the letters of their tables.
fn rows(data: &Path, tenant: &str) -> Vec<String> {
    let tenant: TenantId = tenant.parse().unwrap();
    let store = DiskStore::open(data, DiskOptions::default()).unwrap();
    let rows = store
        .scan(key::partition(&tenant), &[1]..&[u8::MAX; 64], Direction::Ascending, usize::MAX)
        .unwrap();
    let name = [&[u8::try_from(tenant.as_str().len()).unwrap()], tenant.as_str().as_bytes()];
    let name = name.concat();
    let own = |key: &[u8]| key.windows(name.len()).any(|window| window == name);
    let left = rows.iter().filter(|(key, _)| own(key));
    left.map(|(key, _)| String::from_utf8_lossy(key).into_owned()).collect()
}

async fn gone(admin: &Client, tenant: &str) {
    let left = async || admin.get(TENANTS).await.unwrap()["deleting"].to_string().contains(tenant);
    let waited = async {
        while left().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waited).await.unwrap();
}

fn refusal(answer: anyhow::Result<Value>) -> String {
    format!("{:#}", answer.unwrap_err())
}

#[tokio::test(flavor = "multi_thread")]
async fn e01_a_deleted_tenant_is_gone_from_the_answer_on_and_to_its_last_row_soon() {
    let house = House::new().await;
    house.settle(json!({"reminders": ["1h"]})).await;
    let sink = WebhookReceiver::start(any_port(), Behaviour::default()).await.unwrap();
    let own = house.webhook(json!({})).await;
    let client = filled(&house.base, &house.admin, "trattoria", &sink.url()).await;
    sink.inbox.wait(PATIENCE, |all| all.len() >= 83).await.unwrap();
    let path = format!("{TENANTS}/trattoria");

    assert!(refusal(client.delete(&path).await).starts_with("403"), "its own key is not enough");
    assert!(client.get("/api/v1/events").await.is_ok(), "and nothing has changed");
    let deleted = house.admin.delete(&path).await.unwrap();
    assert_eq!((&deleted["id"], &deleted["state"]), (&json!("trattoria"), &json!("deleting")));
    for path in ["/api/v1/events", "/api/v1/timers", &path] {
        assert!(refusal(client.get(path).await).starts_with("401"), "{path}");
    }
    let late = json!({"event_type": "client.created", "data": {}});
    assert!(refusal(client.post("/api/v1/events", &late).await).starts_with("401"));
    let as_admin = house.admin.for_tenant("trattoria");
    assert!(refusal(as_admin.get("/api/v1/events").await).starts_with("404"));
    assert!(refusal(house.admin.get(&path).await).starts_with("404"));
    let letter = reqwest::Client::new().post(format!("{}/webhooks/whatsapp/trattoria", house.base));
    assert_eq!(letter.body("{}").send().await.unwrap().status(), 404);
    let came = sink.inbox.all().len();

    gone(&house.admin, "trattoria").await;
    assert!(refusal(house.admin.delete(&path).await).starts_with("404"), "once it is gone");
    // One that is due after all of its own; on a slow machine some were due before the deletion.
    let before = house.graph.inbox.all().len();
    house.book("R-own", "34600000099", 3_600_000 + 3_500).await;
    let told = house.told(before + 1).await;
    assert_eq!(told[before].buttons[0], "confirm:R-own", "its timers never fire");
    assert_eq!(sink.inbox.all().len(), came, "its deliveries stopped");
    let mine = |all: &[sereno::receiver::webhook::Delivery]| {
        all.iter().any(|got| got.json()["data"]["id"] == "mine")
    };
    house.event("client.created", json!({"id": "mine"})).await;
    own.inbox.wait(PATIENCE, mine).await.unwrap();
    let house = house.restarted_after(|data| {
        assert_eq!(rows(data, "trattoria"), [""; 0]);
        assert!(!rows(data, "default").is_empty());
    });
    let house = house.await;
    assert!(refusal(client_of(&house, &client).get("/api/v1/events").await).starts_with("401"));
}

/// The same key at the server's new address.
fn client_of(house: &House, client: &Client) -> Client {
    client.at(&house.base)
}

#[tokio::test(flavor = "multi_thread")]
async fn e01_a_tenant_of_the_same_id_begins_empty() {
    let house = House::new().await;
    let sink = WebhookReceiver::start(any_port(), Behaviour::default()).await.unwrap();
    let old = filled(&house.base, &house.admin, "trattoria", &sink.url()).await;
    let found = |answer: &Value| !answer["items"].as_array().unwrap().is_empty();
    let words = "/api/v1/events?q=secreto";
    let told = house.admin.for_tenant("trattoria");
    assert!(found(&told.get(words).await.unwrap()));
    house.admin.delete(&format!("{TENANTS}/trattoria")).await.unwrap();
    // Whether it is still going now or gone already, it never is half there.
    let made = json!({"id": "trattoria"});
    let new = loop {
        match house.admin.post(TENANTS, &made).await {
            Ok(made) => break Client::new(&house.base, made["api_key"].as_str().unwrap()),
            Err(error) => {
                let error = format!("{error:#}");
                assert!(error.starts_with("409") && error.contains("still going"), "{error}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    };
    assert!(refusal(old.get("/api/v1/events").await).starts_with("401"), "an old key stays void");
    for list in [
        "/api/v1/events",
        words,
        "/api/v1/timers",
        "/api/v1/deliveries",
        "/api/v1/dead-letters",
        "/api/v1/reservations",
        "/api/v1/handoffs",
        "/api/v1/conversations",
        "/api/v1/leads",
        "/api/v1/inbound-log",
        "/api/v1/jobs",
        "/api/v1/admin/notify/logs",
        "/api/v1/admin/notify/endpoints",
    ] {
        let answer = new.get(list).await.unwrap();
        assert!(!found(&answer), "{list}: {answer}");
    }
    let stats = new.get("/api/v1/stats?window=1d").await.unwrap();
    assert!(!stats.to_string().contains("client.created"), "{stats}");
    // Its own events are new, whatever their ids were before, and its endpoints are numbered anew.
    let endpoint = json!({"kind": "webhook", "target": sink.url()});
    assert_eq!(new.post(ENDPOINTS, &endpoint).await.unwrap()["id"], 1);
    let event = json!({"event_id": "book-0", "event_type": "client.created", "data": {}});
    assert_eq!(new.post("/api/v1/events", &event).await.unwrap()["accepted"], 1);
    // The old one of this id was a booking.
    let again = |all: &[sereno::receiver::webhook::Delivery]| {
        let new = |got: &sereno::receiver::webhook::Delivery| {
            got.event_type == "client.created" && got.json()["event_id"] == "book-0"
        };
        all.iter().any(new)
    };
    sink.inbox.wait(PATIENCE, again).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn e01_what_cannot_be_deleted_says_why() {
    let house = House::new().await;
    let default = refusal(house.admin.delete(&format!("{TENANTS}/default")).await);
    assert!(default.starts_with("409") && default.contains("cannot be deleted"), "{default}");
    for id in ["nobody", "No%20Slug"] {
        assert!(refusal(house.admin.delete(&format!("{TENANTS}/{id}")).await).starts_with("404"));
    }
    let own = refusal(house.api.delete(&format!("{TENANTS}/default")).await);
    assert!(own.starts_with("403"), "{own}");
    assert!(house.api.get("/api/v1/events").await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn f02_killed_in_the_middle_of_a_deletion_it_goes_on() {
    let data = tempfile::tempdir().unwrap();
    let graph = GraphReceiver::start("token").await.unwrap();
    let sink = WebhookReceiver::start(any_port(), Behaviour::default()).await.unwrap();
    let server = Process::start(data.path(), &graph.url());
    let base = format!("http://{}", server.address());
    let text = std::fs::read_to_string(data.path().join("credentials")).unwrap();
    let token = text.lines().find_map(|line| line.strip_prefix("admin_token=")).unwrap();
    let admin = Client::new(&base, token);
    let client = filled(&base, &admin, "trattoria", &sink.url()).await;
    for round in 0..20 {
        let many: Vec<Value> = (0..250)
            .map(|n| json!({"event_type": "a.b", "data": {"n": n, "round": round}}))
            .collect();
        client.post("/api/v1/events", &Value::from(many)).await.unwrap();
    }
    admin.delete(&format!("{TENANTS}/trattoria")).await.unwrap();
    server.kill();
    assert!(!rows(data.path(), "trattoria").is_empty(), "it had hardly begun");
    // On a slow machine some were due before the deletion.
    let before = graph.inbox.all().len();
    let server = Process::start(data.path(), &graph.url());
    let base = format!("http://{}", server.address());
    let (admin, client) = (admin.at(&base), client.at(&base));
    assert!(refusal(client.get("/api/v1/events").await).starts_with("401"));
    assert!(refusal(admin.get(&format!("{TENANTS}/trattoria")).await).starts_with("404"));
    tokio::time::sleep(Duration::from_millis(20)).await;
    server.kill();
    let server = Process::start(data.path(), &graph.url());
    let admin = admin.at(&format!("http://{}", server.address()));
    gone(&admin, "trattoria").await;
    server.stop();
    assert_eq!(rows(data.path(), "trattoria"), [""; 0]);
    assert_eq!(graph.inbox.all().len(), before, "its timers never fire");
}
