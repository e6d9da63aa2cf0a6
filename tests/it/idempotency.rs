//! `Idempotency-Key`: a request is carried out once, and its answer given as often as it is sent.

use serde_json::{Value, json};

use crate::support::House;

/// What came of a request: its status, whether it was answered before, and the answer.
type Answer = (u16, bool, Value);

async fn send(house: &House, headers: &[(&str, &str)], body: &str) -> Answer {
    let url = format!("{}/api/v1/events", house.base);
    let mut request = house.api.http.post(url).bearer_auth(house.key()).body(body.to_owned());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let replayed = response.headers().get("idempotent-replayed").is_some();
    let answer = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    (status, replayed, answer)
}

async fn keyed(house: &House, key: &str, body: &Value) -> Answer {
    send(house, &[("idempotency-key", key)], &body.to_string()).await
}

async fn count(house: &House) -> usize {
    let page = house.api.get("/api/v1/events?limit=500").await.unwrap();
    page["items"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn b01_the_same_request_with_its_key_has_its_first_answer_again() {
    let house = House::new().await;
    house
        .api
        .post("/api/v1/events", &json!({"event_id": "e1", "event_type": "a.b"}))
        .await
        .unwrap();
    let single = json!({"event_type": "a.b", "data": {"n": 1}});
    let batch = json!([{"event_type": "a.b"}, {"event_id": "e1", "event_type": "a.b"},
        {"event_id": "e2", "event_type": "a.b"}, {"event_type": "a.b"}]);
    let known = json!([{"event_id": "e1", "event_type": "a.b"}]);
    let mut first = Vec::new();
    for (key, body) in [("single", &single), ("batch", &batch), ("known", &known)] {
        let (status, replayed, answer) = keyed(&house, key, body).await;
        assert_eq!((status, replayed), (202, false), "{answer}");
        first.push((key, body, answer));
    }
    assert_eq!(first[0].2["accepted"], 1);
    assert_eq!((&first[1].2["accepted"], &first[1].2["duplicates"]), (&json!(3), &json!(1)));
    assert_eq!((&first[2].2["accepted"], &first[2].2["duplicates"]), (&json!(0), &json!(1)));
    let house = house.restarted().await;
    for (key, body, answer) in &first {
        assert_eq!(keyed(&house, key, body).await, (202, true, answer.clone()));
    }
    assert_eq!(count(&house).await, 5);
    let ids = first[1].2["ids"].as_array().unwrap();
    for id in ids {
        let path = format!("/api/v1/events/{}", id.as_str().unwrap());
        assert_eq!(house.api.get(&path).await.unwrap()["event_id"], *id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b01_another_request_with_the_same_key_is_refused_and_loses_nothing() {
    let house = House::new().await;
    let one = json!({"event_type": "a.b", "data": {"n": 1}});
    let named = json!({"event_id": "e1", "event_type": "a.b"});
    let two = json!([{"event_type": "a.b"}, {"event_type": "a.b"}]);
    let three = json!([{"event_type": "a.b"}, {"event_type": "a.b"}, {"event_type": "a.b"}]);
    for (key, first, other) in [
        ("body", &one, &json!({"event_type": "a.b", "data": {"n": 2}})),
        ("named", &named, &json!({"event_type": "a.b"})),
        ("batch", &one, &json!([one])),
        ("longer", &two, &three),
    ] {
        assert_eq!(keyed(&house, key, first).await.0, 202);
        let before = count(&house).await;
        let (status, _, problem) = keyed(&house, key, other).await;
        assert_eq!((status, &problem["field"]), (422, &json!("Idempotency-Key")), "{problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("another request"), "{detail}");
        assert_eq!(count(&house).await, before);
    }
    // A key is no event's id.
    let (status, _, answer) = keyed(&house, "e1", &json!({"event_type": "c.d"})).await;
    assert_eq!((status, &answer["accepted"]), (202, &json!(1)));

    let cloud = |id: &'static str| {
        [
            ("idempotency-key", "cloud"),
            ("ce-specversion", "1.0"),
            ("ce-id", id),
            ("ce-source", "/s"),
            ("ce-type", "a.b"),
            ("content-type", "application/json"),
        ]
    };
    assert_eq!(send(&house, &cloud("1"), "{}").await.0, 202);
    assert_eq!(send(&house, &cloud("2"), "{}").await.0, 422);
    let (status, replayed, _) = send(&house, &cloud("1"), "{}").await;
    assert_eq!((status, replayed), (202, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn b01_of_the_same_request_many_times_at_once_one_is_carried_out() {
    let house = House::new().await;
    let body = json!([{"event_type": "a.b"}, {"event_type": "a.b"}]);
    for round in 0..5 {
        let key = format!("k-{round}");
        let all = (0..16).map(|_| keyed(&house, &key, &body));
        let answers = futures_util::future::join_all(all).await;
        let (status, replayed, answer) = keyed(&house, &key, &body).await;
        assert_eq!((status, replayed), (202, true));
        assert_eq!(answers.iter().filter(|answer| (answer.0, answer.1) == (202, false)).count(), 1);
        for (status, _, said) in answers {
            match status {
                202 => assert_eq!(said, answer),
                409 => assert!(said["detail"].as_str().unwrap().contains("under way"), "{said}"),
                other => panic!("{other}: {said}"),
            }
        }
        assert_eq!(count(&house).await, 2 * (round + 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b01_a_refused_request_leaves_its_key_free_and_a_bad_key_is_refused() {
    let house = House::new().await;
    let bad = json!({"event_type": "reservation.created", "data": {"reservation_id": "1"}});
    assert_eq!(keyed(&house, "k", &bad).await.0, 422);
    let good = json!({"event_type": "a.b"});
    assert_eq!(keyed(&house, "k", &good).await.0, 202);
    for bad in ["", &"x".repeat(256)] {
        let (status, _, problem) = keyed(&house, bad, &good).await;
        assert_eq!((status, &problem["field"]), (422, &json!("Idempotency-Key")), "{problem}");
    }
    let twice = [("idempotency-key", "a"), ("idempotency-key", "b")];
    assert_eq!(send(&house, &twice, &good.to_string()).await.0, 422);
    assert_eq!(count(&house).await, 1);
}
