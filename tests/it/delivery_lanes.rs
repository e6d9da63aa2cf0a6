//! The list of deliveries by any filter shows what the whole list shows of it, and answers at once however much else
//! there is.

use std::collections::BTreeSet;
use std::iter::repeat_n;

use serde_json::{Value, json};
use sereno::receiver::webhook::WebhookReceiver;

use crate::support::{ENDPOINTS, House, PATIENCE};

const LIST: &str = "/api/v1/deliveries";

/// All deliveries that a query finds, so many at once.
async fn all(house: &House, query: &str, limit: usize) -> Vec<Value> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = house.api.get(&format!("{LIST}?limit={limit}{query}{cursor}")).await.unwrap();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= limit);
        found.extend(items.iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

fn ids(items: &[Value]) -> Vec<&str> {
    items.iter().filter_map(|item| item["id"].as_str()).collect()
}

/// What of a delivery answers a filter.
fn of(item: &Value, name: &str) -> String {
    match name {
        "code" => match item["response_code"].as_i64() {
            None => String::new(),
            Some(code @ 200..600) => format!("{}xx", code / 100),
            Some(_) => "none".to_owned(),
        },
        name => item[name].as_str().map_or_else(|| item[name].to_string(), str::to_owned),
    }
}

/// A house in which deliveries stand in all ways in which they can.
async fn house() -> (House, Vec<WebhookReceiver>) {
    let house = House::new().await;
    house.settle(json!({"retry": {"first": "1h", "factor": 1, "attempts": 2}, "smtp": null})).await;
    let mut receivers = Vec::new();
    let mut numbers = Vec::new();
    let once = json!({"retry": {"first": "1h", "attempts": 1}});
    for (event_type, status, more) in [
        ("a.well", 200, json!({})),
        ("a.retrying", 500, json!({})),
        ("a.dead", 404, once.clone()),
        ("a.together", 200, json!({"batch": {"max": 3, "wait": "1h"}})),
        ("a.line", 500, json!({"ordering": "fifo"})),
        ("a.limited", 200, json!({"rate_limit": {"per_minute": 1}})),
        ("a.held", 500, json!({})),
        ("a.gone", 200, json!({"rate_limit": {"per_minute": 1}})),
    ] {
        let (receiver, number) =
            house.answering(event_type, repeat_n((status, None), 500), &more).await;
        receivers.push(receiver);
        numbers.push(number);
    }
    let mail =
        json!({"kind": "email", "target": "ana@example.com", "filters": {"events": ["a.mailed"]}});
    house.endpoint(mail).await;
    for _ in 0..20 {
        // One event for more endpoints than are queued at once.
        house.wanting("a.many", &receivers[0].url(), &json!({})).await;
    }
    for n in 0..4 {
        for event_type in [
            "a.well",
            "a.retrying",
            "a.dead",
            "a.together",
            "a.line",
            "a.limited",
            "a.held",
            "a.gone",
            "a.mailed",
            "a.nobody",
        ] {
            house.event(event_type, json!({"n": n, "conversation_id": "c"})).await;
        }
        if n % 2 == 0 {
            house.event("a.many", json!({"n": n})).await;
        }
    }
    let tried = |kind: &str, count: usize| {
        let path = format!("{LIST}?limit=200&event_type={kind}");
        let tried = move |page: &Value| {
            let all = page["items"].as_array().unwrap();
            all.len() >= count && all.iter().filter(|item| item["attempts"] != 0).count() >= count
        };
        (path, tried)
    };
    for (kind, count) in [
        ("a.well", 4),
        ("a.retrying", 4),
        ("a.dead", 4),
        ("a.held", 4),
        ("a.mailed", 4),
        ("a.many", 40),
        ("a.line", 1),
        ("a.limited", 1),
        ("a.gone", 1),
    ] {
        let (path, fits) = tried(kind, count);
        house.eventually(&path, fits).await;
    }
    house.api.post(&format!("{ENDPOINTS}/{}/toggle", numbers[6]), &json!({})).await.unwrap();
    house.api.delete(&format!("{ENDPOINTS}/{}", numbers[7])).await.unwrap();
    for (kind, act, body) in [
        ("a.retrying", "cancel", json!({})),
        ("a.limited", "cancel", json!({})),
        // Made long after its event.
        ("a.dead", "hand-on", json!({"endpoint_id": numbers[0]})),
    ] {
        let found = all(&house, &format!("&event_type={kind}"), 100).await;
        let item = found.first().unwrap();
        let path = format!("{LIST}/{}/{act}", item["id"].as_str().unwrap());
        house.api.post(&path, &body).await.unwrap();
    }
    receivers[0].inbox.wait(PATIENCE, |all| all.len() >= 45).await.unwrap();
    (house, receivers)
}

#[tokio::test(flavor = "multi_thread")]
async fn a21_whatever_deliveries_are_asked_for_by_all_that_are_so_are_found() {
    let (mut house, _receivers) = house().await;
    house
        .eventually(&format!("{LIST}?limit=500"), |page| {
            let all = page["items"].as_array().unwrap();
            all.iter().filter(|item| item["status"] == "collected").count() == 3
        })
        .await;
    for is_again in [false, true] {
        if is_again {
            house = house.restarted().await;
        }
        let whole = all(&house, "", 500).await;
        let words = |name: &str| whole.iter().map(|item| of(item, name)).collect::<BTreeSet<_>>();
        let statuses = words("status");
        assert_eq!(statuses.len(), 7, "all of them: {statuses:?}");
        let mut filters: Vec<Vec<(&str, String)>> = Vec::new();
        for name in ["status", "endpoint_id", "event_type", "channel", "code"] {
            filters.extend(words(name).into_iter().map(|word| vec![(name, word)]));
        }
        for status in &statuses {
            for (name, others) in [
                ("endpoint_id", words("endpoint_id")),
                ("channel", words("channel")),
                ("event_type", words("event_type")),
            ] {
                filters.extend(
                    others.into_iter().map(|other| vec![("status", status.clone()), (name, other)]),
                );
            }
        }
        for filter in filters
            .into_iter()
            .filter(|all| all.iter().all(|(_, word)| !word.is_empty() && word != "null"))
        {
            let query: String =
                filter.iter().map(|(name, word)| format!("&{name}={word}")).collect();
            let fits = |item: &&Value| filter.iter().all(|(name, word)| of(item, name) == *word);
            let wanted: Vec<Value> = whole.iter().filter(fits).cloned().collect();
            let limit = if filter.len() == 1 { 3 } else { 100 };
            let found = all(&house, &query, limit).await;
            assert_eq!(ids(&found), ids(&wanted), "{query} again: {is_again}");
        }
        for (asked, stands) in [
            ("pending", &["pending", "held"][..]),
            ("failed", &["retrying", "held"]),
            ("sent", &["sent", "collected"]),
            ("dead", &["dead"]),
        ] {
            let page = house.api.get(&format!("/api/v1/events?limit=500&delivery={asked}")).await;
            let page = page.unwrap();
            let found: BTreeSet<_> = page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|event| of(event, "event_id"))
                .collect();
            let tried = |item: &Value| item["attempts"] != 0;
            let fits = |item: &&Value| {
                let is_so = stands.iter().any(|stands| item["status"] == *stands);
                is_so && (item["status"] != "held" || tried(item) == (asked == "failed"))
            };
            let wanted: BTreeSet<_> =
                whole.iter().filter(fits).map(|item| of(item, "event_id")).collect();
            assert_eq!(found, wanted, "{asked} again: {is_again}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a21_a_quiet_endpoints_deliveries_are_on_one_page_however_many_others_have() {
    let house = House::new().await;
    house.settle(json!({"retry": {"first": "1h", "attempts": 1}})).await;
    let quiet = house.answering("a.quiet", repeat_n((500, None), 2), &json!({})).await;
    let busy = house.webhook(json!({"filters": {"events": ["a.busy"]}})).await;
    house.event("a.quiet", json!({"n": 0})).await;
    house.event("a.quiet", json!({"n": 1})).await;
    let dead = format!("{LIST}?endpoint_id={}&status=dead", quiet.1);
    house.eventually(&dead, |page| page["items"].as_array().unwrap().len() == 2).await;
    house.event("a.quiet", json!({"n": 2})).await;
    // A page looks at 20,000 of events and deliveries together.
    for part in 0..21 {
        let events: Vec<Value> = (0..500)
            .map(
                |n| json!({"event_type": "a.busy", "event_id": format!("b{part}-{n}"), "data": {}}),
            )
            .collect();
        house.api.post("/api/v1/events", &Value::from(events)).await.unwrap();
    }
    busy.inbox.wait(4 * PATIENCE, |all| all.len() == 10_500).await.unwrap();
    for (query, count) in [
        (format!("endpoint_id={}", quiet.1), 3),
        (format!("endpoint_id={}&status=dead", quiet.1), 2),
        (format!("endpoint_id={}&status=sent", quiet.1), 1),
        ("status=dead".to_owned(), 2),
        ("status=pending".to_owned(), 0),
        ("status=held".to_owned(), 0),
        ("status=cancelled".to_owned(), 0),
        ("code=5xx".to_owned(), 2),
        ("channel=slack".to_owned(), 0),
        ("event_type=a.quiet".to_owned(), 3),
        (format!("endpoint_id={}&event_type=a.busy", quiet.1), 0),
    ] {
        let page = house.api.get(&format!("{LIST}?{query}")).await.unwrap();
        assert_eq!(page["items"].as_array().unwrap().len(), count, "{query}");
        assert_eq!(page["next_cursor"], json!(null), "{query}: in one look");
    }
    // So with their events.
    for (query, count) in [
        ("delivery=dead", 2),
        ("delivery=dead&type=a.*", 2),
        ("delivery=dead&type=a.busy", 0),
        ("delivery=pending", 0),
        ("delivery=failed&source=api", 0),
    ] {
        let page = house.api.get(&format!("/api/v1/events?{query}")).await.unwrap();
        assert_eq!(page["items"].as_array().unwrap().len(), count, "{query}");
        assert_eq!(page["next_cursor"], json!(null), "{query}: in one look");
    }
}
