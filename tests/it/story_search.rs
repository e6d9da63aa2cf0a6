//! The event store: found by words and filters, page by page or as lines, whatever becomes of the index.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use sereno::client::Client;

use crate::process::Process;
use crate::support::{House, PATIENCE, SECRET, deliveries, moment};

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap();
    items.iter().map(|item| item["event_id"].as_str().unwrap().to_owned()).collect()
}

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

async fn found(api: &Client, query: &str) -> Vec<String> {
    ids(&api.get(&format!("/api/v1/events?limit=500&{query}")).await.unwrap())
}

/// Waits until the index has everything that was recorded until now.
async fn indexed(house: &House) {
    let now = moment(0);
    let has_all = |page: &Value| page["indexed_to"].as_str().is_some_and(|to| to >= &now[..]);
    let last = json!({"event_id": format!("marker-{now}"), "event_type": "marker.set"});
    house.api.post("/api/v1/events", &last).await.unwrap();
    house.eventually("/api/v1/events?limit=1&type=marker.set", has_all).await;
}

/// So many events with their numbers in them.
fn numbered(from: usize, count: usize) -> Vec<Value> {
    let event = |number: usize| {
        json!({"event_id": format!("e-{number:05}"), "event_type": "note.taken", "data": {
            "n": number, "conversation_id": format!("conv-{}", number % 10),
            "text": format!("mesa número {number} junto a la ventana")}})
    };
    (from..from + count).map(event).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn b10_events_are_found_by_words_phrases_and_fields_before_and_after_they_are_indexed() {
    let house = House::new().await;
    let ana = json!({"event_id": "ana", "event_type": "client.created", "data": {
        "name": "María José García", "user_id": "u-1", "conversation_id": "conv-7",
        "notes": "mesa junto a la ventana, alérgica", "address": {"city": "Ávila"}, "age": 41}});
    let numbers = json!({"event_id": "numbers", "event_type": "x.y",
        "data": {"user_id": 42, "conversation_id": 77}});
    let bob = json!({"event_id": "bob", "event_type": "client.updated", "data": {
        "name": "Bob", "user_id": "u-2", "straße": "Straße", "notes": "ventana, junto a la mesa", "phone": "+34600000009"}});
    house.api.post("/api/v1/events", &json!([numbers, ana, bob])).await.unwrap();
    house.book("R-1", "34600000001", 3_600_000).await;
    for is_indexed in [false, true] {
        if is_indexed {
            indexed(&house).await;
        }
        for (query, expected) in [
            ("q=garcia", &["ana"] as &[&str]),
            ("q=GARC%C3%8DA", &["ana"]),
            ("q=mesa", &["bob", "ana"]),
            ("q=%22junto%20a%20la%20ventana%22", &["ana"]),
            ("q=name:%22maria%20jose%22", &["ana"]),
            ("q=address.city:avila", &["ana"]),
            ("q=city:avila%20alergica", &["ana"]),
            ("q=name:ventana", &[]),
            ("q=age:41", &["ana"]),
            ("q=type:client.updated", &["bob"]),
            ("q=event_id:bob", &["bob"]),
            ("q=600000009", &[]),
            ("q=strasse", &["bob"]),
            ("q=mesa&type=client.created", &["ana"]),
            ("type=client.created,client.updated", &["bob", "ana"]),
            ("type=client.*", &["bob", "ana"]),
            ("type=client.*&user_id=u-2", &["bob"]),
            ("conversation_id=conv-7", &["ana"]),
            ("conversation_id=conv", &[]),
            ("user_id=42", &["numbers"]),
            ("conversation_id=77", &["numbers"]),
            ("user_id=u-1&source=api", &["ana"]),
            ("user_id=u-1&source=workflow", &[]),
            ("q=mesa&to=2020-01-01T00:00:00Z", &[]),
            ("q=mesa&from=2020-01-01T00:00:00Z", &["bob", "ana"]),
        ] {
            assert_eq!(found(&house.api, query).await, expected, "{query}, indexed: {is_indexed}");
        }
        assert_eq!(found(&house.api, "type=reservation.*").await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b10_odd_questions_are_answered_and_those_that_are_too_long_refused() {
    let house = House::new().await;
    house.event("a.b", json!({"text": "hola"})).await;
    for odd in [
        "\"",
        "(",
        "AND OR NOT",
        "a:b:c",
        "***",
        "\\",
        "\u{0}",
        "[1 TO 2]",
        "~1^2",
        "😀",
        "%",
        "-",
        ":::",
    ] {
        let (status, page) =
            house.raw("GET", &format!("/api/v1/events?q={}", escaped(odd)), "").await;
        assert_eq!((status, ids(&page)), (200, vec![]), "{odd:?}");
        assert_eq!(page["next_cursor"], Value::Null, "{odd:?}");
    }
    let long = "x".repeat(501);
    for (query, field) in [
        (format!("q={long}"), "q"),
        (format!("q={}", "a+".repeat(40)), "q"),
        ("type=a%20b".to_owned(), "type"),
        (format!("type={}", "a,".repeat(30)), "type"),
        (format!("user_id={}", "x".repeat(1_001)), "user_id"),
        ("delivery=lost".to_owned(), "delivery"),
        ("source=moon".to_owned(), "source"),
        ("pipeline=x".to_owned(), "pipeline"),
        ("from=yesterday".to_owned(), "from"),
        ("cursor=x".to_owned(), "cursor"),
        ("colour=x".to_owned(), "colour"),
    ] {
        for path in ["/api/v1/events", "/api/v1/events/export"] {
            let (status, problem) = house.raw("GET", &format!("{path}?{query}"), "").await;
            assert_eq!(
                (status, problem["field"].as_str()),
                (422, Some(field)),
                "{query} {problem}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b10_events_are_found_by_how_their_deliveries_stand() {
    let house = House::new().await;
    house.settle(json!({"retry": {"first": "1h", "attempts": 2}})).await;
    let receiver = house.webhook(json!({"filters": {"events": ["a.sent"]}})).await;
    let refused = |types: &str, attempts: u32| {
        json!({"kind": "webhook", "target": "http://127.0.0.1:9/x",
        "secret": SECRET, "filters": {"events": [types]}, "retry": {"first": "1h", "attempts": attempts}})
    };
    house.endpoint(refused("a.failed", 2)).await;
    house.endpoint(refused("a.dead", 1)).await;
    let batched = json!({"kind": "webhook", "target": "http://127.0.0.1:9/x", "secret": SECRET,
        "filters": {"events": ["a.pending"]}, "batch": {"wait": "1h"}});
    house.endpoint(batched).await;
    for event_type in ["a.sent", "a.failed", "a.dead", "a.pending", "a.none"] {
        let event = json!({"event_id": event_type, "event_type": event_type});
        house.api.post("/api/v1/events", &event).await.unwrap();
    }
    deliveries(&receiver, &["a.sent"]).await;
    for standing in ["sent", "failed", "dead", "pending"] {
        let path = format!("/api/v1/events?type=a.*&delivery={standing}");
        let expected = format!("a.{standing}");
        house.eventually(&path, |page| ids(page) == [expected.as_str()]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b10_what_was_accepted_is_found_at_once() {
    let house = House::new().await;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..4 {
        let api = Client::new(&house.base, &house.key());
        writers.spawn(async move {
            for number in 0..100 {
                let word = format!("w{writer}x{number}");
                let event = json!({"event_id": word, "event_type": "a.b", "data": {"text": word}});
                api.post("/api/v1/events", &event).await.unwrap();
                assert_eq!(found(&api, &format!("q={word}")).await, [word]);
            }
        });
    }
    writers.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b10_pages_stay_what_they_are_while_new_events_come_in() {
    let house = House::new().await;
    for batch in 0..6 {
        house.api.post("/api/v1/events", &json!(numbered(500 * batch, 500))).await.unwrap();
    }
    let api = Client::new(&house.base, &house.key());
    let writing = tokio::spawn(async move {
        for number in 0.. {
            let event =
                json!({"event_type": "note.taken", "data": {"text": "mesa nueva", "x": number}});
            if api.post("/api/v1/events", &event).await.is_err() {
                break;
            }
        }
    });
    for query in [
        "q=ventana",
        "conversation_id=conv-3",
        "q=mesa&conversation_id=conv-3",
        "type=note.*&q=numero",
    ] {
        let mut seen = Vec::new();
        let mut path = format!("/api/v1/events?limit=70&{query}");
        loop {
            let page = house.api.get(&path).await.unwrap();
            seen.extend(ids(&page));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("/api/v1/events?limit=70&{query}&cursor={cursor}");
        }
        let step = if query.contains("conv-3") { 10 } else { 1 };
        let first = if step == 10 { 3 } else { 0 };
        let expected: Vec<String> =
            (first..3_000).step_by(step).rev().map(|number| format!("e-{number:05}")).collect();
        assert_eq!(seen, expected, "{query}");
        tokio::time::sleep(Duration::from_millis(1_500)).await;
    }
    writing.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn b10_tenants_find_only_their_own() {
    let house = House::new().await;
    let made = house.admin.post("/api/v1/admin/tenants", &json!({"id": "other"})).await.unwrap();
    let other = Client::new(&house.base, made["api_key"].as_str().unwrap());
    let event = |id: &str| json!({"event_id": id, "event_type": "a.b", "data": {"text": "secreto", "user_id": "u"}});
    house.api.post("/api/v1/events", &event("mine")).await.unwrap();
    other.post("/api/v1/events", &event("theirs")).await.unwrap();
    for is_indexed in [false, true] {
        if is_indexed {
            indexed(&house).await;
        }
        for query in ["q=secreto", "user_id=u", "type=a.b", "source=api&type=a.*"] {
            assert_eq!(found(&house.api, query).await, ["mine"], "{query}");
            assert_eq!(found(&other, query).await, ["theirs"], "{query}");
        }
    }
}

fn spoil(data: &Path, what: &str) {
    let directory = data.join("search");
    match what {
        "missing" => std::fs::remove_dir_all(&directory).unwrap(),
        "no index" => std::fs::write(directory.join("meta.json"), "{}").unwrap(),
        "of another layout" => {
            let path = directory.join("meta.json");
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(text.contains("layout"));
            std::fs::write(path, text.replace("\\\"layout\\\":", "\\\"layout\\\":9")).unwrap();
        }
        "damaged" => {
            for entry in std::fs::read_dir(&directory).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_some_and(|kind| kind == "idx" || kind == "fast") {
                    let mut bytes = std::fs::read(&path).unwrap();
                    let middle = bytes.len() / 2;
                    bytes[middle] ^= 0x10;
                    std::fs::write(&path, bytes).unwrap();
                }
            }
        }
        _ => unreachable!(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b10_an_index_that_is_missing_damaged_or_of_another_layout_is_built_again() {
    let mut house = House::new().await;
    house.api.post("/api/v1/events", &json!(numbered(0, 700))).await.unwrap();
    for what in ["missing", "no index", "of another layout", "damaged"] {
        house = house.restarted_after(|data| spoil(data, what)).await;
        let expected: Vec<String> =
            (0..700).rev().filter(|n| n % 10 == 4).map(|n| format!("e-{n:05}")).collect();
        assert_eq!(found(&house.api, "conversation_id=conv-4").await, expected, "{what}");
        assert_eq!(found(&house.api, "q=%22numero%20444%20junto%22").await, ["e-00444"], "{what}");
        indexed(&house).await;
        assert_eq!(found(&house.api, "conversation_id=conv-4").await, expected, "{what}, rebuilt");
        assert_eq!(found(&house.api, "q=%22numero%20444%20junto%22").await, ["e-00444"], "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b10_kills_lose_nothing_that_is_looked_for() {
    let data = tempfile::tempdir().unwrap();
    let mut count = 0;
    for round in 0..4 {
        let process = Process::start(data.path(), "http://127.0.0.1:9");
        let client = process.client(data.path());
        for _ in 0..3 {
            client.post("/api/v1/events", &json!(numbered(count, 400))).await.unwrap();
            count += 400;
            // Sometimes before a commit of the index, sometimes after.
            tokio::time::sleep(Duration::from_millis(700 * round)).await;
        }
        drop(process);
    }
    let process = Process::start(data.path(), "http://127.0.0.1:9");
    let client = process.client(data.path());
    for _ in 0..2 {
        let mut seen = Vec::new();
        let mut path = "/api/v1/events?limit=500&q=ventana".to_owned();
        loop {
            let page = client.get(&path).await.unwrap();
            seen.extend(ids(&page));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("/api/v1/events?limit=500&q=ventana&cursor={cursor}");
        }
        let expected: Vec<String> = (0..count).rev().map(|n| format!("e-{n:05}")).collect();
        assert!(seen == expected, "{} of {} events", seen.len(), expected.len());
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b10_what_outlived_its_time_is_not_found_any_more() {
    let house = House::new().await;
    house.api.post("/api/v1/events", &json!(numbered(0, 600))).await.unwrap();
    indexed(&house).await;
    let short = json!({"retention": {"events": "1s"}});
    house.api.patch("/api/v1/admin/tenants/default", &short).await.unwrap();
    let path = "/api/v1/events?q=ventana";
    house.eventually(path, |page| ids(page).is_empty()).await;
    let house = house.restarted().await;
    assert_eq!(found(&house.api, "q=ventana").await, Vec::<String>::new());
    let long = json!({"retention": {"events": "90d"}});
    house.api.patch("/api/v1/admin/tenants/default", &long).await.unwrap();
    house.api.post("/api/v1/events", &json!(numbered(0, 1))).await.unwrap();
    assert_eq!(found(&house.api, "q=ventana").await, ["e-00000"], "its id is free again");
}

#[tokio::test(flavor = "multi_thread")]
async fn b10_events_are_exported_as_lines_to_whoever_reads_slowly() {
    let house = House::new().await;
    for batch in 0..10 {
        house.api.post("/api/v1/events", &json!(numbered(500 * batch, 500))).await.unwrap();
    }
    let url = format!("{}/api/v1/events/export", house.base);
    let get =
        |query: &str| house.api.http.get(format!("{url}?{query}")).bearer_auth(house.key()).send();
    let mut response = get("").await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/x-ndjson");
    let mut text = Vec::new();
    let mut number = 0;
    while let Some(chunk) = response.chunk().await.unwrap() {
        text.extend_from_slice(&chunk);
        number += 1;
        if number % 20 == 1 {
            // Meanwhile others come, and do not belong to it.
            house.event("later.on", json!({})).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    let lines: Vec<Value> = text
        .split(|b| *b == b'\n')
        .filter(|l| !l.is_empty())
        .map(|l| serde_json::from_slice(l).unwrap())
        .collect();
    let numbers: Vec<u64> = lines.iter().filter_map(|line| line["data"]["n"].as_u64()).collect();
    assert_eq!(numbers, (0..5_000).rev().collect::<Vec<u64>>());
    let filtered = get("conversation_id=conv-3&q=ventana").await.unwrap().text().await.unwrap();
    assert_eq!(filtered.lines().count(), 500);
    let none = get("q=nadie").await.unwrap().text().await.unwrap();
    assert_eq!(none, "");
    assert_eq!(house.raw("GET", "/api/v1/events/export?limit=5", "").await.0, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn b10_without_the_index_events_are_found_all_the_same() {
    let data = tempfile::tempdir().unwrap();
    let off = [("SERENO_SEARCH", std::ffi::OsStr::new("off"))];
    let process = Process::try_start(data.path(), "http://127.0.0.1:9", &off, &[]).unwrap();
    let client = process.client(data.path());
    client.post("/api/v1/events", &json!(numbered(0, 50))).await.unwrap();
    let page = client.get("/api/v1/events?q=%22numero%207%22").await.unwrap();
    assert_eq!((ids(&page), &page["indexed_to"]), (vec!["e-00007".to_owned()], &Value::Null));
    assert!(!data.path().join("search").exists());
    drop(process);
    let process = Process::start(data.path(), "http://127.0.0.1:9");
    let client = process.client(data.path());
    let asked = async {
        loop {
            let page = client.get("/api/v1/events?q=%22numero%207%22").await.unwrap();
            assert_eq!(ids(&page), ["e-00007"]);
            if page["indexed_to"].as_str().is_some_and(|to| to > "2026") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.unwrap();
}
