//! What receivers are told of us, and deadlines of an endpoint's own.

use serde_json::{Value, json};

use crate::support::{ENDPOINTS, House};

#[tokio::test(flavor = "multi_thread")]
async fn b13_a_timeout_is_the_endpoints_then_the_tenants_and_null_takes_it_back() {
    let house = House::new().await;
    house.settle(json!({"timeout": "1s"})).await;
    let receiver = house.webhook(json!({})).await;
    receiver.behave(|behaviour| behaviour.delay = std::time::Duration::from_millis(1_500));
    house.event("a.one", json!({})).await;
    let late = |line: &Value| line["error_message"] == "no answer within 1 s";
    assert!(late(&house.logged(1).await.remove(0)));
    let path = format!("{ENDPOINTS}/1");
    let shown = house.api.patch(&path, &json!({"timeout": "5s"})).await.unwrap();
    assert_eq!(shown["timeout"], "5s");
    let sent = |log: &Value| log["items"][0]["status"] == "sent";
    house.eventually("/api/v1/admin/notify/logs", sent).await;
    for timeout in ["999ms", "61s", "soon"] {
        let body = json!({"timeout": timeout}).to_string();
        let (status, problem) = house.raw("PATCH", &path, body).await;
        assert_eq!((status, problem["field"].as_str()), (422, Some("timeout")), "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_be_left_out_is_taken_back_by_null() {
    let house = House::new().await;
    let everything = json!({
        "timeout": "5s", "retry": {"attempts": 2}, "rate_limit": {"per_minute": 6},
        "disable_after": "9h", "signature": "bird", "headers": {"X-A": "b"},
        "filters": {"events": ["a.*"]}, "auth": {"kind": "bearer", "token": "t"},
    });
    house.webhook(everything.clone()).await;
    let path = format!("{ENDPOINTS}/1");
    for field in everything.as_object().unwrap().keys() {
        let before = house.api.get(&path).await.unwrap();
        assert!(!before[field].is_null(), "{field}: {before}");
        let mut patch = serde_json::Map::new();
        patch.insert(field.clone(), Value::Null);
        let after = house.api.patch(&path, &Value::Object(patch)).await.unwrap();
        let default = match field.as_str() {
            "signature" => json!("standard"),
            "headers" => json!({}),
            "filters" => json!({"events": null, "intents": null}),
            _ => Value::Null,
        };
        assert_eq!(after[field], default, "{field}");
    }
    let (status, problem) = house
        .raw("PATCH", &path, r#"{"auth":{"kind":"header","name":"webhook-id","value":"x"}}"#)
        .await;
    assert_eq!((status, problem["field"].as_str()), (422, Some("auth.name")), "{problem}");
}
