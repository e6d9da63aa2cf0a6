//! The catalogue of event types, and what is refused at the door because of it.

use serde_json::{Value, json};

use crate::support::House;

const TYPES: &str = "/api/v1/event-types";
const TENANT: &str = "/api/v1/admin/tenants/default";

async fn enforce(house: &House, what: &str) {
    house.api.patch(TENANT, &json!({"catalogue": {"enforce": what}})).await.unwrap();
}

async fn put(house: &House, name: &str, body: &Value) -> (u16, Value) {
    house.raw("PUT", &format!("{TYPES}/{name}"), body.to_string()).await
}

async fn send(house: &House, events: Value) -> (u16, Value) {
    house.raw("POST", "/api/v1/events", events.to_string()).await
}

fn order() -> Value {
    json!({"description": "An order was paid", "schema": {
            "type": "object", "required": ["order_id", "items"], "additionalProperties": false,
            "properties": {
                "order_id": {"type": "string", "pattern": "^ord_"},
                "items": {"type": "array", "items": {"$ref": "#/$defs/item"}}},
            "$defs": {"item": {"type": "object", "required": ["sku"]}}},
        "schema_example": {"order_id": "ord_1", "items": [{"sku": "a"}]}})
}

#[tokio::test(flavor = "multi_thread")]
async fn e02_built_in_types_are_listed_and_a_tenant_adds_its_own() {
    let house = House::new().await;
    let (status, made) = put(&house, "order.paid", &order()).await;
    assert_eq!((status, &made["from"], &made["ok"]), (200, &json!("tenant"), &json!(true)));
    let house = house.restarted().await;
    let mut names = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = house.api.get(&format!("{TYPES}?limit=7{cursor}")).await.unwrap();
        for item in page["items"].as_array().unwrap() {
            assert!(item["description"].is_string() && item["schema"].is_object(), "{item}");
            names.push(item["name"].as_str().unwrap().to_owned());
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert!(names.is_sorted() && names.len() > 50, "{names:?}");
    for name in
        ["order.paid", "subscription.created", "invoice.paid", "user.deleted", "tenant.updated"]
    {
        assert!(names.iter().any(|found| found == name), "{name}");
    }
    let shown = house.api.get(&format!("{TYPES}/order.paid")).await.unwrap();
    assert_eq!(shown["schema"], order()["schema"]);
    assert_eq!(house.raw("DELETE", &format!("{TYPES}/order.paid"), "").await.0, 200);
    assert_eq!(house.raw("GET", &format!("{TYPES}/order.paid"), "").await.0, 404);
    assert_eq!(house.raw("DELETE", &format!("{TYPES}/invoice.paid"), "").await.0, 404);
    put(&house, "invoice.paid", &order()).await;
    house.raw("DELETE", &format!("{TYPES}/invoice.paid"), "").await;
    let back = house.api.get(&format!("{TYPES}/invoice.paid")).await.unwrap();
    assert_eq!(back["from"], "built-in");
    let other = json!({"id": "other"});
    let key = house.admin.post("/api/v1/admin/tenants", &other).await.unwrap();
    put(&house, "order.paid", &order()).await;
    let other = sereno::client::Client::new(&house.base, key["api_key"].as_str().unwrap());
    let unseen = other.get(&format!("{TYPES}/order.paid")).await;
    assert!(unseen.is_err(), "another tenant has a catalogue of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn e02_b08_unknown_types_are_refused_where_the_tenant_wishes() {
    let house = House::new().await;
    let unknown = json!({"event_type": "order.shipped"});
    assert_eq!(send(&house, unknown.clone()).await.0, 202, "off unless it is asked for");
    enforce(&house, "known").await;
    let (status, answer) = send(&house, unknown.clone()).await;
    assert_eq!((status, &answer["field"]), (422, &json!("event_type")), "{answer}");
    assert!(answer["detail"].as_str().unwrap().contains("'order.shipped'"), "{answer}");
    let batch = json!([{"event_type": "user.created", "event_id": "u1"}, unknown]);
    let (status, answer) = send(&house, batch).await;
    assert_eq!((status, &answer["field"]), (422, &json!("[1].event_type")));
    assert!(house.api.get("/api/v1/events/u1").await.is_err(), "all of a batch or none");
    put(&house, "order.shipped", &json!({})).await;
    assert_eq!(send(&house, json!({"event_type": "order.shipped"})).await.0, 202);
    assert_eq!(send(&house, json!({"event_type": "reminder.48h.sent"})).await.0, 202);
    let house = house.restarted().await;
    assert_eq!(send(&house, json!({"event_type": "order.lost"})).await.0, 422);
    house.api.patch(TENANT, &json!({"catalogue": null})).await.unwrap();
    assert_eq!(send(&house, json!({"event_type": "order.lost"})).await.0, 202);
    let kept = house.api.get(&format!("{TYPES}/order.shipped")).await.unwrap();
    assert_eq!(kept["from"], "tenant", "the default brings no type to its end");
}

#[tokio::test(flavor = "multi_thread")]
async fn e02_data_that_does_not_fit_its_schema_is_refused_with_every_path() {
    let house = House::new().await;
    put(&house, "order.paid", &order()).await;
    enforce(&house, "schema").await;
    let good = json!({"event_type": "order.paid", "event_id": "good",
        "data": {"order_id": "ord_7", "items": [{"sku": "a"}]}});
    assert_eq!(send(&house, good.clone()).await.0, 202);
    let bad = json!({"event_type": "order.paid",
        "data": {"order_id": "7", "items": [{"sku": "a"}, {}], "colour": "SECRET"}});
    let (status, answer) = send(&house, bad.clone()).await;
    let detail = answer["detail"].as_str().unwrap();
    assert_eq!(status, 422);
    for path in ["order_id", "items[1]", "colour"] {
        assert!(detail.contains(path), "{path} is not in {detail}");
    }
    assert!(answer["field"].as_str().unwrap().starts_with("data"), "{answer}");
    let fresh = json!({"event_type": "user.created", "event_id": "u1", "data": {"email": "a@b.c"}});
    let (status, answer) = send(&house, json!([fresh, bad])).await;
    assert_eq!(status, 422);
    assert!(answer["field"].as_str().unwrap().starts_with("[1].data"), "{answer}");
    assert!(house.api.get("/api/v1/events/u1").await.is_err(), "all of a batch or none");
    let wrong = json!({"event_type": "user.created", "data": {"email": 7}});
    let (status, answer) = send(&house, wrong).await;
    assert_eq!((status, &answer["field"]), (422, &json!("data.email")), "built-in types too");
    let house = house.restarted().await;
    assert_eq!(send(&house, bad).await.0, 422);
    assert_eq!(send(&house, good).await.0, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn e02_a_type_that_does_not_fit_is_refused_and_changes_nothing() {
    let house = House::new().await;
    for (name, body, field) in [
        ("a..b", json!({}), "name"),
        ("a.b", json!({"colour": 1}), "colour"),
        ("a.b", json!({"schema": {"type": "colour"}}), "schema"),
        ("a.b", json!({"schema": {"$ref": "http://127.0.0.1:1/x"}}), "schema"),
        ("a.b", json!({"schema": 5}), "schema"),
        ("a.b", json!({"schema": {"x": "y".repeat(40_000)}}), "schema"),
        ("a.b", json!({"schema": {"required": ["x"]}, "schema_example": {}}), "schema_example"),
    ] {
        let (status, answer) = put(&house, name, &body).await;
        assert_eq!((status, &answer["field"]), (422, &json!(field)), "{name} {answer}");
    }
    assert_eq!(house.raw("GET", &format!("{TYPES}/a.b"), "").await.0, 404);
    let patch = json!({"event_types": {"a.b": {}}});
    let refused = house.api.patch(TENANT, &patch).await.unwrap_err();
    assert!(refused.to_string().contains("PUT /api/v1/event-types"), "{refused}");
}
