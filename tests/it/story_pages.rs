//! Pages and exports of long events: bounded in bytes, and so is what a client costs that does not read.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::process::Process;
use crate::support::House;

const BYTES: usize = 200_000;

fn long(number: usize) -> Value {
    json!({"event_id": format!("e-{number}"), "event_type": "long.said",
        "data": {"text": "x".repeat(BYTES)}})
}

#[tokio::test(flavor = "multi_thread")]
async fn b10_a_page_of_long_events_ends_early_and_goes_on_from_there() {
    let house = House::new().await;
    for batch in 0..2 {
        let events: Vec<Value> = (10 * batch..10 * (batch + 1)).map(long).collect();
        house.api.post("/api/v1/events", &json!(events)).await.unwrap();
    }
    let expected: Vec<String> = (0..20).rev().map(|number| format!("e-{number}")).collect();
    for query in ["type=long.said", "q=event_id:e", "delivery=sent", ""] {
        let (mut seen, mut pages) = (Vec::new(), 0);
        let mut path = format!("/api/v1/events?limit=500&{query}");
        loop {
            let page = house.api.get(&path).await.unwrap();
            let items = page["items"].as_array().unwrap();
            assert!(items.len() * BYTES <= (1 << 20) + BYTES, "{} rows", items.len());
            seen.extend(items.iter().map(|item| item["event_id"].as_str().unwrap().to_owned()));
            pages += 1;
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("/api/v1/events?limit=500&{query}&cursor={cursor}");
        }
        match query {
            "q=event_id:e" | "" | "type=long.said" => {
                assert_eq!(seen, expected, "{query}");
                assert!((4..=6).contains(&pages), "{query}: {pages} pages");
            }
            _ => assert!(seen.is_empty()),
        }
    }
    let url = format!("{}/api/v1/events/export", house.base);
    let export = house.api.http.get(url).bearer_auth(house.key()).send().await.unwrap();
    assert_eq!(export.text().await.unwrap().lines().count(), 20);
    let deliveries = house.api.get("/api/v1/deliveries?limit=500").await.unwrap();
    assert_eq!(deliveries["items"], json!([]));
}

fn resident_bytes(process: &Process) -> usize {
    let status = format!("/proc/{}/status", process.child.id());
    let text = std::fs::read_to_string(status).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}

#[tokio::test(flavor = "multi_thread")]
async fn b10_exports_that_nobody_reads_cost_a_page_each_and_are_so_many_at_most() {
    let data = tempfile::tempdir().unwrap();
    let process = Process::start(data.path(), "http://127.0.0.1:9");
    let client = process.client(data.path());
    for batch in 0..30 {
        let events: Vec<Value> = (10 * batch..10 * (batch + 1)).map(long).collect();
        client.post("/api/v1/events", &json!(events)).await.unwrap();
    }
    let text = std::fs::read_to_string(data.path().join("credentials")).unwrap();
    let key = text.lines().find_map(|line| line.strip_prefix("api_key=")).unwrap();
    let export = || {
        let mut stream = TcpStream::connect(process.address()).unwrap();
        let head = format!(
            "GET /api/v1/events/export HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {key}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        // What was begun has its head; the rest is not read.
        let mut status = [0; 12];
        stream.read_exact(&mut status).unwrap();
        (stream, String::from_utf8_lossy(&status).into_owned())
    };
    let before = resident_bytes(&process);
    let open: Vec<_> = (0..16).map(|_| export()).collect();
    assert!(open.iter().all(|(_, status)| status == "HTTP/1.1 200"));
    assert_eq!(export().1, "HTTP/1.1 429");
    let after = resident_bytes(&process);
    // Without the bound, each holds nearly all of the 60 MB twice.
    let cost = after.saturating_sub(before) >> 20;
    assert!(cost < 250, "16 exports cost {cost} MiB");
    drop(open);
    let again = async {
        while export().1 != "HTTP/1.1 200" {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(crate::support::PATIENCE, again).await.unwrap();
}
