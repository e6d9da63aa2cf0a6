//! What is counted: live, in windows, and the same after a crash.

use std::time::Duration;

use serde_json::json;

use crate::process::{Process, book_until_it_ends};
use crate::support::House;

const STATS: &str = "/api/v1/stats";

#[tokio::test(flavor = "multi_thread")]
async fn b11_events_conversations_and_deliveries_are_counted_in_every_window() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let works = house.webhook(json!({"filters": {"events": ["client.*"]}})).await;
    let refuses =
        house.webhook(json!({"filters": {"events": ["client.*"]}, "retry": {"attempts": 1}}));
    let refuses = refuses.await;
    refuses.behave(|behaviour| behaviour.fail_rate = 1.0);
    for number in 0..3 {
        house.event("client.created", json!({"id": number})).await;
    }
    for (event_type, data) in [
        ("conversation.started", json!({"conversation_id": "c-1", "channel": "whatsapp"})),
        ("conversation.message.received", json!({"conversation_id": "c-1", "text": "hola"})),
        ("ai.intent.detected", json!({"conversation_id": "c-1", "intent": "buy"})),
        (
            "ai.recommendation.generated",
            json!({"conversation_id": "c-1", "products": [{"sku": "V"}]}),
        ),
        ("conversation.message.sent", json!({"conversation_id": "c-1", "text": "buenas"})),
        ("conversation.started", json!({"conversation_id": "c-2", "channel": "whatsapp"})),
        (
            "conversation.ended",
            json!({"conversation_id": "c-1",
            "resolution": {"status": "resolved", "outcome": "purchase_completed"}}),
        ),
    ] {
        house.event(event_type, data).await;
    }
    let stats = house
        .eventually(STATS, |stats| {
            let deliveries = &stats["windows"]["1m"]["deliveries"];
            deliveries["sent"] == 3 && deliveries["dead_letters"] == 3
        })
        .await;
    assert_eq!(stats["active_conversations"], 1);
    for window in ["1m", "5m", "1h", "1d"] {
        let counted = &stats["windows"][window];
        for (name, count) in [
            ("conversations_started", 2),
            ("conversations_ended", 1),
            ("conversations_with_intent", 1),
            ("conversations_with_products", 1),
            ("conversions", 1),
            ("messages_received", 1),
            ("messages_sent", 1),
            ("dead_letters", 3),
        ] {
            assert_eq!(counted[name], count, "{name} in {window}");
        }
        assert!(counted["events"].as_u64() >= Some(10), "{counted}");
        assert_eq!(counted["ai_response_time"]["count"], 1);
        assert_eq!(counted["conversation_duration"]["count"], 1);
        assert_eq!(counted["deliveries"]["success_rate"], 0.5);
        assert_eq!(counted["deliveries"]["by_endpoint"].as_array().map(Vec::len), Some(2));
        assert!(counted["deliveries"]["by_channel"]["webhook"]["latency"]["p99_ms"].is_u64());
        assert_eq!(counted["top_events"][0], json!({"event_type": "client.created", "count": 3}));
        assert_eq!(counted["funnel"][3], json!({"stage": "converted", "count": 1, "share": 0.5}));
    }
    assert_eq!(works.inbox.all().len(), 3);
    let one = house.api.get("/api/v1/stats?window=5m").await.unwrap();
    assert_eq!(one["windows"].as_object().map(|windows| windows.len()), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn b11_series_have_a_point_for_every_slot_and_add_up_to_their_window() {
    let house = House::new().await;
    for number in 0..5 {
        house.event("client.created", json!({"id": number})).await;
    }
    for (window, step, points) in [
        ("1m", "5s", 13),
        ("5m", "5s", 61),
        ("1h", "1m", 61),
        ("1d", "10m", 145),
        ("7d", "1h", 169),
    ] {
        let path = format!("/api/v1/stats/series?window={window}&metrics=events,deliveries");
        let series = house.api.get(&path).await.unwrap();
        assert_eq!(series["step"], step);
        let items = series["points"].as_array().unwrap();
        assert_eq!(items.len(), points, "{window}");
        let sum: u64 = items.iter().filter_map(|point| point["events"].as_u64()).sum();
        assert_eq!(sum, 5, "{window}");
        assert!(
            items.iter().all(|point| point["calls"].is_null() && point["deliveries"].is_object())
        );
        assert!(items.is_sorted_by_key(|point| point["at"].as_str()));
    }
    for (query, field) in
        [("window=2h", "window"), ("metrics=nothing", "metrics"), ("limits=3", "limits")]
    {
        let path = format!("/api/v1/stats/series?{query}");
        let (status, problem) = house.raw("GET", &path, "").await;
        assert_eq!((status, &problem["field"]), (422, &json!(field)), "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b11_counts_are_those_of_what_is_on_disk_however_often_it_is_killed() {
    let data = tempfile::tempdir().unwrap();
    let mut server = Process::start(data.path(), "http://127.0.0.1:9");
    for round in 0..6 {
        let load = book_until_it_ends(&server.client(data.path()), round);
        tokio::time::sleep(Duration::from_millis(300 + 150 * round)).await;
        server.kill();
        load.join_all().await;
        server = Process::start(data.path(), "http://127.0.0.1:9");
        let client = server.client(data.path());
        let (events, bookings) =
            (stored(&client, "events").await, stored(&client, "reservations").await);
        let stats = client.get(STATS).await.unwrap();
        let day = &stats["windows"]["1d"];
        assert!(bookings > 0, "nothing was stored in round {round}");
        assert_eq!(day["events"], events, "round {round}");
        assert_eq!(day["reservations_created"], bookings, "round {round}");
    }
    server.stop();
    let server = Process::start(data.path(), "http://127.0.0.1:9");
    let client = server.client(data.path());
    let stats = client.get(STATS).await.unwrap();
    assert_eq!(stats["windows"]["1d"]["events"], stored(&client, "events").await);
}

/// How many there are of something.
async fn stored(client: &sereno::client::Client, what: &str) -> u64 {
    let (mut count, mut cursor) = (0, String::new());
    loop {
        let page = client.get(&format!("/api/v1/{what}?limit=500{cursor}")).await.unwrap();
        count += page["items"].as_array().map_or(0, Vec::len) as u64;
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return count,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a20_b16_the_dashboard_asks_for_metrics_that_are_there() {
    let house = House::new().await;
    let receiver = house.webhook(json!({})).await;
    house.event("client.created", json!({"id": 1})).await;
    house.book("R-1", "34600000001", 3_600_000).await;
    receiver.inbox.wait(crate::support::PATIENCE, |all| all.len() == 2).await.unwrap();
    let answer = reqwest::get(format!("{}/metrics", house.base)).await.unwrap();
    assert!(
        answer.headers()["content-type"].to_str().unwrap().starts_with("application/openmetrics")
    );
    let text = answer.text().await.unwrap();
    let value = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name) && !line.starts_with('#'));
        line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
    };
    assert!(value("sereno_events_total") >= Some(2.0), "{text}");
    assert!(value("sereno_timers_pending") >= Some(1.0), "{text}");
    assert!(value("sereno_journal_sync_seconds_count") >= Some(1.0), "{text}");
    assert!(value("sereno_actors{kind=\"entity\"}") >= Some(1.0), "{text}");
    assert_eq!(value("sereno_credits_in_use{kind=\"events\"}"), Some(0.0));
    let dashboard = include_str!("../../src/metrics/grafana.json");
    let dashboard: serde_json::Value = serde_json::from_str(dashboard).unwrap();
    let mut asked = 0;
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            let query = target["expr"].as_str().unwrap();
            let words = query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            for name in words.filter(|word| word.starts_with("sereno_")) {
                let is_there = text.lines().any(|line| {
                    line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '{']))
                });
                assert!(is_there, "{name} of {query} is not in\n{text}");
                asked += 1;
            }
        }
    }
    assert!(asked > 20, "the dashboard asks for {asked} metrics");
}

#[tokio::test(flavor = "multi_thread")]
async fn a20_metrics_come_in_the_form_that_the_accept_header_asks_for() {
    let house = House::new().await;
    let ask = async |accept: Option<&str>| {
        let mut request = house.api.http.get(format!("{}/metrics", house.base));
        if let Some(accept) = accept {
            request = request.header("accept", accept);
        }
        let answer = request.send().await.unwrap();
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (kind, answer.text().await.unwrap())
    };
    // As Prometheus 3 asks, a browser, curl, and who says nothing.
    let prometheus = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
        application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;q=0.3,*/*;q=0.1";
    for accept in
        [Some(prometheus), Some("text/html,*/*;q=0.8"), Some("*/*"), None, Some("image/png")]
    {
        let (kind, text) = ask(accept).await;
        assert_eq!(
            kind, "application/openmetrics-text; version=1.0.0; charset=utf-8",
            "{accept:?}"
        );
        assert!(text.ends_with("# EOF\n") && text.contains("# TYPE sereno_events counter\n"));
    }
    for accept in
        ["text/plain;version=0.0.4", "text/plain", "application/openmetrics-text;q=0.3,text/*"]
    {
        let (kind, text) = ask(Some(accept)).await;
        assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8", "{accept}");
        assert!(
            text.contains("# TYPE sereno_events_total counter\nsereno_events_total 0\n"),
            "{text}"
        );
        assert!(!text.contains("# EOF") && !text.contains("# UNIT"), "{text}");
        let dead = "sereno_dead_letters_total{channel=\"whatsapp\"} 0\n";
        assert!(text.contains(dead), "zero is told from the start: {text}");
    }
}
