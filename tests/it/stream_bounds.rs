//! What bounds the live stream: slow readers, many clients, what is no longer known, and the end.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::listener::{Listener, ask, token_in};
use crate::process::Process;
use crate::support::{ENDPOINTS, House, PATIENCE};

#[tokio::test(flavor = "multi_thread")]
async fn f07_a_reader_that_does_not_keep_up_is_dropped_while_all_goes_on() {
    let house = House::new().await;
    let mut slow = house.listen("?kind=event").await;
    let mut well = house.listen("?kind=event").await;
    let text = "x".repeat(200_000);
    let mut longest = Duration::ZERO;
    let began = Instant::now();
    let mut sent = 0;
    // Much more than sockets hold, for longer than it may be behind; not so long that it is cut off.
    while sent < 60 || began.elapsed() < Duration::from_secs(7) {
        let asked = Instant::now();
        house.event("client.created", json!({"n": sent, "text": text})).await;
        longest = longest.max(asked.elapsed());
        sent += 1;
        assert_eq!(well.next().await.unwrap().data["data"]["n"], sent - 1);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(longest < Duration::from_secs(5), "an event took {longest:?}");
    let mut seen = slow.until(|message| message.event == "dropped").await;
    let dropped = seen.pop().unwrap();
    assert!(slow.next().await.is_none(), "the stream goes on");
    assert!(!seen.is_empty() && seen.len() < sent, "{} of {sent}", seen.len());
    let mut again = house.listen_after("?kind=event", &dropped.id).await;
    seen.extend(again.until(|message| message.data["data"]["n"] == sent - 1).await);
    let numbers: Vec<&Value> = seen.iter().map(|message| &message.data["data"]["n"]).collect();
    let wanted: Vec<Value> = (0..sent).map(Value::from).collect();
    assert_eq!(numbers, wanted.iter().collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_a_tenant_has_so_many_streams_at_once() {
    let house = House::new().await;
    let mut open = Vec::new();
    for _ in 0..sereno_actors::limits::stream::STREAMS_PER_TENANT_MAX {
        open.push(house.listen("").await);
    }
    let refused = ask(&house.base, &house.key(), "", None).await;
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("retry-after"));
    let problem: Value = serde_json::from_slice(&refused.bytes().await.unwrap()).unwrap();
    assert!(problem["detail"].as_str().unwrap().contains("streams"), "{problem}");
    open.pop();
    let freed = async {
        while ask(&house.base, &house.key(), "", None).await.status() != 200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, freed).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_what_is_not_known_any_more_is_said() {
    let house = House::new().await;
    house.event("client.created", json!({})).await;
    // From before a copy was put back, say: this many commits there never were.
    let mut listener = house.listen_after("", "fffffff.ffffffff.19a00000000").await;
    let gap = listener.next().await.unwrap();
    assert_eq!(
        (gap.event.as_str(), &gap.data["from"]),
        ("gap", &json!("fffffff.ffffffff.19a00000000"))
    );
    assert_eq!(gap.data["to"].as_str(), Some(&*gap.id));
    assert!(gap.data["from_at"].as_str().unwrap().starts_with("2025-"), "{}", gap.data);
    house.event("client.updated", json!({})).await;
    assert_eq!(listener.next().await.unwrap().data["event_type"], "client.updated");
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_a_quiet_stream_says_that_it_is_there_until_its_key_is_revoked() {
    let house = House::new().await;
    let keys = "/api/v1/admin/tenants/default/keys";
    let made = house.admin.post(keys, &json!({"name": "k"})).await.unwrap();
    let key = made["api_key"].as_str().unwrap();
    let all = house.admin.get(keys).await.unwrap();
    let all = all["items"].as_array().unwrap();
    let id = all.iter().find(|kept| kept["name"] == "k").unwrap()["id"].as_str().unwrap();
    let mut listener = Listener::open(&house.base, key, "?kind=timer", None).await;
    let first = listener.last_id.clone();
    house.event("client.created", json!({})).await;
    assert!(listener.read().await && listener.text.starts_with(": "), "{}", listener.text);
    listener.skip();
    assert_ne!(listener.last_id, first, "its place is near the present");
    let revoke = house.api.http.delete(format!("{}{keys}/{id}", house.base));
    let revoke = revoke.bearer_auth(token_in(house.data.path(), "admin_token"));
    assert_eq!(revoke.send().await.unwrap().status(), 200);
    let revoked = Instant::now();
    assert!(!listener.read().await, "whoever has the old key still listens");
    assert!(revoked.elapsed() < Duration::from_secs(1), "{:?}", revoked.elapsed());
    let mut again = house.listen_after("", &listener.last_id).await;
    house.event("client.updated", json!({})).await;
    assert_eq!(again.next().await.unwrap().data["event_type"], "client.updated");
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_a_server_that_stops_ends_its_streams_first() {
    let data = tempfile::tempdir().unwrap();
    let server = Process::start(data.path(), "http://127.0.0.1:9");
    let key = token_in(data.path(), "api_key");
    let base = format!("http://{}", server.address());
    let mut listener = Listener::open(&base, &key, "", None).await;
    let client = server.client(data.path());
    client
        .post(ENDPOINTS, &json!({"kind": "slack", "target": "http://127.0.0.1:9/x"}))
        .await
        .unwrap();
    let began = Instant::now();
    let stopping = tokio::task::spawn_blocking(move || server.stop());
    while listener.next().await.is_some() {}
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    stopping.await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}
