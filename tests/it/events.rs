//! Events in: once each, whole batches, listed and found.

use serde_json::{Value, json};

use crate::support::{House, deliveries};

#[tokio::test(flavor = "multi_thread")]
async fn b01_an_event_id_is_accepted_once() {
    let house = House::new().await;
    let receiver = house.webhook(json!({})).await;
    let event = json!({"event_id": "e-1", "event_type": "client.created",
        "timestamp": "2026-01-20T20:00:00Z", "data": {"id": 7}});
    let first = house.api.post("/api/v1/events", &event).await.unwrap();
    assert_eq!(first, json!({"ok": true, "accepted": 1, "duplicates": 0, "ids": ["e-1"]}));
    let again = house.api.post("/api/v1/events", &event).await.unwrap();
    assert_eq!(again, json!({"ok": true, "accepted": 0, "duplicates": 1, "ids": ["e-1"]}));
    let house = house.restarted().await;
    let after = house.api.post("/api/v1/events", &event).await.unwrap();
    assert_eq!(after["duplicates"], 1, "even after a restart");
    let got = deliveries(&receiver, &["client.created"]).await;
    assert_eq!(got.len(), 1);
    let body = got[0].json();
    assert_eq!(body["event_id"], "e-1");
    assert_eq!(body["timestamp"], "2026-01-20T20:00:00.000Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn b01_of_many_at_once_one_is_accepted() {
    let house = House::new().await;
    let event = json!({"event_id": "e-1", "event_type": "a.b"}).to_string();
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (http, url) = (house.api.http.clone(), format!("{}/api/v1/events", house.base));
        let (key, event) = (house.key(), event.clone());
        tries.spawn(async move {
            let response = http.post(url).bearer_auth(key).body(event).send().await.unwrap();
            let status = response.status().as_u16();
            let answer: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
            (status, answer["accepted"].as_u64())
        });
    }
    let answers = tries.join_all().await;
    assert_eq!(
        answers.iter().filter(|answer| **answer == (202, Some(1))).count(),
        1,
        "{answers:?}"
    );
    assert!(answers.iter().all(|(status, _)| *status == 202), "{answers:?}");
    let listed = house.api.get("/api/v1/events").await.unwrap();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn b01_a_batch_is_accepted_whole_or_not_at_all() {
    let house = House::new().await;
    let booking = |id: &str, date: &str| {
        json!({"event_id": format!("e-{id}"), "event_type": "reservation.created",
               "data": {"reservation_id": id, "date_time": date}})
    };
    let bad = json!([booking("1", "2030-01-01T20:00:00Z"), booking("2", "never")]);
    let (status, problem) = house.raw("POST", "/api/v1/events", bad.to_string()).await;
    assert_eq!((status, problem["field"].as_str()), (422, Some("[1].data.date_time")), "{problem}");
    assert_eq!(house.raw("GET", "/api/v1/events/e-1", "").await.0, 404, "nothing was stored");
    assert_eq!(house.raw("GET", "/api/v1/reservations/1", "").await.0, 404);

    let good = json!({"events": [booking("1", "2030-01-01T20:00:00Z"), booking("1", "2030-01-01T20:00:00Z"),
        booking("2", "2030-01-02T20:00:00Z"), {"event_type": "client.created"}]});
    let answer = house.api.post("/api/v1/events", &good).await.unwrap();
    assert_eq!((answer["accepted"].as_u64(), answer["duplicates"].as_u64()), (Some(3), Some(1)));
    assert_eq!(answer["ids"].as_array().unwrap().len(), 4);
    for id in ["1", "2"] {
        assert_eq!(house.booking(id).await["status"], "booked");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c01_any_business_event_goes_through() {
    let house = House::new().await;
    let receiver = house.webhook(json!({})).await;
    let types = [
        "client.created",
        "client.updated",
        "portfolio.created",
        "portfolio.updated",
        "notification.sent",
        "user.registered",
        "my_own.thing-2.happened",
    ];
    for event_type in types {
        house.event(event_type, json!({"x": {"y": [1, 2]}})).await;
    }
    let got = deliveries(&receiver, &types).await;
    assert!(got.iter().all(|delivery| delivery.json()["data"] == json!({"x": {"y": [1, 2]}})));
}

#[tokio::test(flavor = "multi_thread")]
async fn long_events_are_kept_and_delivered_whole() {
    let house = House::new().await;
    let receiver = house.webhook(json!({})).await;
    let text = "x".repeat(100_000);
    let sent = house.event("a.b", json!({"text": text})).await;
    let got = deliveries(&receiver, &["a.b"]).await;
    assert_eq!(got[0].json()["data"]["text"], text);
    let id = sent["ids"][0].as_str().unwrap();
    let shown = house.api.get(&format!("/api/v1/events/{id}")).await.unwrap();
    assert_eq!(shown["data"]["text"], text);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_listed_from_the_newest_down_page_by_page_and_filtered() {
    let house = House::new().await;
    for number in 0..7 {
        house
            .event(
                if number % 2 == 0 { "a.even" } else { "a.odd" },
                json!({"n": number, "user_id": "u1"}),
            )
            .await;
    }
    let mut seen = Vec::new();
    let mut path = "/api/v1/events?limit=3".to_owned();
    loop {
        let page = house.api.get(&path).await.unwrap();
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["data"]["n"].as_u64().unwrap()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/api/v1/events?limit=3&cursor={cursor}");
    }
    assert_eq!(seen, [6, 5, 4, 3, 2, 1, 0]);
    for (query, count) in [
        ("type=a.even", 4),
        ("type=a.*", 7),
        ("q=%22n%22:5", 1),
        ("user_id=u1", 7),
        ("user_id=u2", 0),
        ("from=2020-01-01T00:00:00Z", 7),
        ("to=2020-01-01T00:00:00Z", 0),
    ] {
        let page = house.api.get(&format!("/api/v1/events?{query}")).await.unwrap();
        assert_eq!(page["items"].as_array().unwrap().len(), count, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_see_only_their_own() {
    let house = House::new().await;
    let made = house.admin.post("/api/v1/admin/tenants", &json!({"id": "other"})).await.unwrap();
    let other = sereno::client::Client::new(&house.base, made["api_key"].as_str().unwrap());
    house.event("a.b", json!({})).await;
    house.book("R-1", "34600000001", 3_600_000).await;
    assert_eq!(other.get("/api/v1/events").await.unwrap()["items"], json!([]));
    assert_eq!(other.get("/api/v1/timers").await.unwrap()["items"], json!([]));
    assert!(other.get("/api/v1/reservations/R-1").await.is_err());
    assert!(other.get("/api/v1/admin/tenants/default").await.is_err());
    assert!(other.get("/api/v1/admin/tenants").await.is_err());
    assert!(other.for_tenant("default").get("/api/v1/events").await.is_err());
    let seen = house.admin.for_tenant("default").get("/api/v1/events").await.unwrap();
    assert_eq!(seen["items"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn b01_a_name_that_stands_twice_in_an_event_is_refused_and_nothing_is_taken() {
    let house = House::new().await;
    let two = r#"{"event_id":"o1","event_type":"a.b","event_id":"o2"}"#;
    let escaped = r#"{"event_id":"o1","event_type":"a.b","event\u005fid":"o2"}"#;
    let one = r#"{"event_id":"o3","event_type":"a.b"}"#;
    for body in [
        two.to_owned(),
        escaped.to_owned(),
        format!("[{one},{two}]"),
        format!(r#"{{"events":[{one},{two}]}}"#),
    ] {
        let (status, problem) = house.raw("POST", "/api/v1/events", body.clone()).await;
        assert_eq!((status, &problem["field"]), (422, &json!("event_id")), "{body}: {problem}");
    }
    let (status, problem) =
        house.raw("POST", "/api/v1/events", format!(r#"{{"events":[],"events":[{one}]}}"#)).await;
    assert_eq!((status, &problem["field"]), (422, &json!("events")), "{problem}");
    assert_eq!(house.api.get("/api/v1/events").await.unwrap()["items"], json!([]));
    // What an event carries is its sender's own.
    let own = r#"{"event_type":"a.b","data":{"a":1,"a":2}}"#;
    assert_eq!(house.raw("POST", "/api/v1/events", own).await.0, 202);
}
