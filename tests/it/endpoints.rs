//! Endpoints: made, shown, changed, tested, filtered, logged.

use serde_json::{Value, json};

use crate::support::{ENDPOINTS, House, deliveries, nowhere_on_disk};

#[tokio::test(flavor = "multi_thread")]
async fn a01_an_endpoint_is_made_shown_changed_toggled_tested_and_deleted() {
    let house = House::new().await;
    let receiver = house.webhook(json!({"filters": {"events": ["reservation.*"]}})).await;
    let path = format!("{ENDPOINTS}/1");
    let shown = house.api.get(&path).await.unwrap();
    assert_eq!(shown["kind"], "webhook");
    assert_eq!(shown["filters"], json!({"events": ["reservation.*"], "intents": null}));
    assert_eq!(shown["has_secret"], true);
    let list = house.api.get(ENDPOINTS).await.unwrap();
    assert_eq!((list["total"].as_u64(), list["items"][0]["id"].as_u64()), (Some(1), Some(1)));
    assert!(!list.to_string().contains("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), "no secret comes back");

    let changed = json!({"filters": {"events": ["handoff.*"]}, "headers": {"X-Shop": "7"}});
    let changed = house.api.patch(&path, &changed).await.unwrap();
    assert_eq!(changed["filters"]["events"], json!(["handoff.*"]));
    assert_eq!(changed["target"], receiver.url(), "what is not named stays");

    let toggle = format!("{path}/toggle");
    assert_eq!(house.api.post(&toggle, &json!({})).await.unwrap()["enabled"], false);
    let (status, problem) = house.raw("POST", "/api/v1/admin/notify/test/1", "").await;
    assert_eq!(status, 409, "{problem}");
    assert_eq!(house.api.post(&toggle, &json!({})).await.unwrap()["enabled"], true);

    let tested = house.api.post("/api/v1/admin/notify/test/1", &json!({})).await.unwrap();
    assert_eq!(tested["message"], "Test notification sent");
    let got = deliveries(&receiver, &["test.ping"]).await;
    assert_eq!(got[0].header("x-shop"), "7", "a test ignores filters and sends the headers");

    assert_eq!(house.raw("DELETE", &path, "").await.0, 200);
    assert_eq!(house.raw("GET", &path, "").await.0, 404);
    house.endpoint(json!({"kind": "email", "target": "a@example.com"})).await;
    assert_eq!(house.api.get(ENDPOINTS).await.unwrap()["items"][0]["id"], 2, "ids are not reused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a01_endpoints_and_their_secrets_outlive_the_server() {
    let house = House::new().await;
    let receiver = house.webhook(json!({})).await;
    let house = house.restarted().await;
    house.event("client.created", json!({"id": 1})).await;
    let got = deliveries(&receiver, &["client.created"]).await;
    assert_eq!(got[0].verdict, sereno::receiver::verify::Verdict::Valid);
    nowhere_on_disk(house.data.path(), "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
}

#[tokio::test(flavor = "multi_thread")]
async fn a02_filters_decide_who_gets_what_and_the_log_says_so() {
    let house = House::new().await;
    let all = house.webhook(json!({})).await;
    let bookings = house.webhook(json!({"filters": {"events": ["reservation.*"]}})).await;
    let intents = house.webhook(json!({"filters": {"intents": ["reservar"]}})).await;
    let data = |intent: &str| json!({"reservation_id": "r", "date_time": "2030-01-01T20:00:00Z", "intent": intent});
    house.event("reservation.created", data("reservar")).await;
    house.event("reservation.modified", data("modificar")).await;
    house.event("client.created", json!({"x": 1})).await;
    deliveries(&all, &["reservation.created", "reservation.modified", "client.created"]).await;
    deliveries(&bookings, &["reservation.created", "reservation.modified"]).await;
    deliveries(&intents, &["reservation.created"]).await;
    let filtered = house.log("&status=filtered").await;
    let mut filtered: Vec<_> = filtered
        .iter()
        .map(|line| (line["endpoint_id"].as_u64().unwrap(), line["event"].as_str().unwrap()))
        .collect();
    filtered.sort_unstable();
    assert_eq!(
        filtered,
        [(2, "client.created"), (3, "client.created"), (3, "reservation.modified")]
    );
    assert_eq!(bookings.inbox.all().len(), 2);
    assert_eq!(intents.inbox.all().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a03_every_attempt_has_its_line() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let receiver = house.webhook(json!({})).await;
    receiver.behave(|behaviour| behaviour.script.extend([(500, None), (200, None), (404, None)]));
    house.event("client.created", json!({"long": "ñ".repeat(3_000)})).await;
    deliveries(&receiver, &["client.created"]).await;
    house.event("client.updated", json!({})).await;
    let lines = house.logged(3).await;
    let told: Vec<_> = lines
        .iter()
        .map(|line| (line["status"].as_str().unwrap(), line["response_code"].as_i64().unwrap()))
        .collect();
    assert_eq!(told, [("failed", 404), ("sent", 200), ("failed", 500)], "the newest first");
    let sent = &lines[1];
    assert_eq!(sent["endpoint_id"], 1);
    assert_eq!(sent["event"], "client.created");
    assert_eq!(sent["attempt"], 2);
    assert_eq!(sent["payload_snippet"].as_str().unwrap().chars().count(), 2_000);
    assert!(sent["duration_ms"].is_u64() && sent["created_at"].is_string());
    assert!(lines[0]["error_message"].as_str().unwrap().contains("404"), "{}", lines[0]);
    assert_eq!(lines[1]["delivery_id"], lines[2]["delivery_id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a03_where_there_was_no_answer_the_code_is_minus_one() {
    let house = House::new().await;
    house.settle(json!({"retry": {"attempts": 1}})).await;
    house.endpoint(json!({"kind": "webhook", "target": "http://127.0.0.1:9/nobody"})).await;
    let sent = house.event("client.created", json!({})).await;
    let id = sent["ids"][0].as_str().unwrap().to_owned();
    let dead = |shown: &Value| shown["deliveries"][0]["status"] == "dead";
    let shown = house.eventually(&format!("/api/v1/events/{id}"), dead).await;
    assert_eq!(shown["deliveries"][0]["response_code"], -1);
    let line = &house.log("").await[0];
    assert_eq!(
        (line["response_code"].as_i64(), line["status"].as_str()),
        (Some(-1), Some("failed"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a13_weak_secrets_are_refused_and_one_can_be_generated() {
    let house = House::new().await;
    let body = |secret: Value| {
        json!({"kind": "webhook", "target": "http://127.0.0.1:9/x", "secret": secret}).to_string()
    };
    let (status, problem) = house.raw("POST", ENDPOINTS, body("x".repeat(31).into())).await;
    assert_eq!((status, problem["field"].as_str()), (422, Some("secret")), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("32"), "{problem}");
    let (status, created) = house.raw("POST", ENDPOINTS, body(Value::Null)).await;
    assert_eq!(status, 201);
    assert!(created["secret"].as_str().unwrap().starts_with("whsec_"), "{created}");
    let (status, created) = house.raw("POST", ENDPOINTS, body("y".repeat(32).into())).await;
    assert_eq!((status, created.get("secret")), (201, None), "the caller's own is not repeated");
}
