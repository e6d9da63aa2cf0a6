//! The queue of handoffs: those whose time runs out first stand on top, however many wait.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::support::{House, moment};

const QUEUE: &str = "/api/v1/handoffs?order=clock";
/// More than a page holds.
const WAITING: usize = 520;

/// Opens handoffs, each with how many seconds ago.
async fn open(house: &House, all: &[(String, i64)]) {
    for some in all.chunks(200) {
        let events: Vec<Value> = some
            .iter()
            .map(|(id, ago)| {
                json!({"event_type": "handoff.opened", "timestamp": moment(-ago * 1_000),
                       "data": {"conversation_id": id}})
            })
            .collect();
        house.api.post("/api/v1/events", &json!({"events": events})).await.unwrap();
    }
}

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap().iter();
    items.map(|item| item["conversation_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a10_who_waits_longest_stands_first_however_many_wait() {
    let house = House::new().await;
    let waiting = (0..WAITING).map(|number| (format!("M-{number:04}"), 60));
    let mut all: Vec<(String, i64)> = waiting.collect();
    all.extend([("Z-first".to_owned(), 200), ("+34600000012".to_owned(), 100)]);
    open(&house, &all).await;
    let page = house.api.get(&format!("{QUEUE}&status=open&limit=500")).await.unwrap();
    assert_eq!(ids(&page)[..3], ["Z-first", "+34600000012", "M-0000"]);
    assert_eq!(page["complete"], true);
    assert!(page["next_cursor"].is_string(), "there are more, and it says so");

    // Page by page each comes once, in a session too, where cursors are sealed.
    let viewer = Browser::with_role(&house, "viewer").await;
    let (mut found, mut dues, mut cursor) = (BTreeSet::new(), Vec::new(), String::new());
    loop {
        let page = viewer.get(&format!("{QUEUE}&status=open&limit=99{cursor}")).await;
        for item in page["items"].as_array().unwrap() {
            assert!(found.insert(item["conversation_id"].to_string()), "twice: {item}");
            dues.push(item["timers"][0]["due_at"].as_str().unwrap().to_owned());
        }
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(found.len(), WAITING + 2);
    assert!(dues.is_sorted(), "{dues:?}");

    // What was answered stands behind all that wait.
    for id in ["Z-first", "M-0000"] {
        let path = format!("/api/v1/handoffs/{id}/actions");
        house.api.post(&path, &json!({"action": "reply"})).await.unwrap();
    }
    let page = house.api.get(&format!("{QUEUE}&limit=1")).await.unwrap();
    assert_eq!(ids(&page), ["+34600000012"]);
    let page = house.api.get(&format!("{QUEUE}&limit=500")).await.unwrap();
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = house.api.get(&format!("{QUEUE}&limit=500&cursor={cursor}")).await.unwrap();
    assert_eq!(ids(&rest)[20..], ["M-0000", "Z-first"], "the newest first");
    assert_eq!(rest["next_cursor"], Value::Null);
    let page = house.api.get(&format!("{QUEUE}&status=replied")).await.unwrap();
    assert_eq!(ids(&page), ["M-0000", "Z-first"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a10_whoever_reads_on_misses_nobody_whose_time_ran_out_meanwhile() {
    let house = House::new().await;
    let all = ["C-1", "C-2", "C-3", "C-4"].map(str::to_owned);
    open(&house, &all.clone().into_iter().zip([40, 30, 20, 10]).collect::<Vec<_>>()).await;
    let mut page = house.api.get(&format!("{QUEUE}&status=open&limit=1")).await.unwrap();
    let mut found = ids(&page);
    for id in ["C-1", "C-2", "C-4"] {
        let timers = house.api.get(&format!("/api/v1/timers?conversation_id={id}")).await.unwrap();
        let timer = timers["items"][0]["id"].as_str().unwrap();
        let (status, answer) = house.raw("POST", &format!("/api/v1/timers/{timer}/fire"), "").await;
        assert_eq!(status, 200, "{answer}");
    }
    while let Some(cursor) = page["next_cursor"].as_str() {
        let next = format!("{QUEUE}&status=open&limit=1&cursor={cursor}");
        page = house.api.get(&next).await.unwrap();
        found.extend(ids(&page));
    }
    assert_eq!(found, all, "those that are late stay where they stood");
    let page = house.api.get(&format!("{QUEUE}&status=open")).await.unwrap();
    assert_eq!(ids(&page), all);
}

#[tokio::test(flavor = "multi_thread")]
async fn a10_an_order_that_is_none_is_refused() {
    let house = House::new().await;
    open(&house, &[("C-1".to_owned(), 0), ("C-2".to_owned(), 0)]).await;
    let other = house.api.get("/api/v1/handoffs?limit=1").await.unwrap();
    let cursor = other["next_cursor"].as_str().unwrap();
    for (query, field) in [
        ("/api/v1/handoffs?order=name".to_owned(), "order"),
        ("/api/v1/reservations?order=clock".to_owned(), "order"),
        (format!("{QUEUE}&cursor={cursor}"), "cursor"),
        (format!("{QUEUE}&cursor=x"), "cursor"),
        (format!("{QUEUE}&status=late"), "status"),
    ] {
        let (status, answer) = house.raw("GET", &query, "").await;
        assert_eq!((status, &answer["field"]), (422, &json!(field)), "{query}: {answer}");
    }
}
