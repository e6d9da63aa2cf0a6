//! What does not fit is refused by name, and nothing of it is stored or sent.

use serde_json::{Value, json};

use crate::support::{ENDPOINTS, House};

const EVENTS: &str = "/api/v1/events";
const TENANT: &str = "/api/v1/admin/tenants/default";

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_refused_by_name_and_changes_nothing() {
    let house = House::new().await;
    let receiver = house.webhook(json!({})).await;
    let deep = format!(r#"{{"event_type":"a.b","data":{}}}"#, "[".repeat(100_000));
    let nested =
        format!(r#"{{"event_type":"a.b","data":{{"a":{}1{}}}}}"#, "[".repeat(60), "]".repeat(60));
    let hook = |more: Value| {
        let mut body = json!({"kind": "webhook", "target": "http://127.0.0.1:9/x"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body.to_string()
    };
    let booking = |more: Value| {
        let mut data = json!({"reservation_id": "r", "date_time": "2030-01-01T20:00:00Z"});
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"event_type": "reservation.created", "data": data}).to_string()
    };
    for (method, path, body, status, field) in [
        ("POST", EVENTS, "{".to_owned(), 400, None),
        ("POST", EVENTS, String::new(), 400, None),
        ("POST", EVENTS, deep, 400, None),
        ("POST", EVENTS, "[]".into(), 422, None),
        ("POST", EVENTS, "7".into(), 422, None),
        ("POST", EVENTS, nested, 422, Some("data")),
        ("POST", EVENTS, r#"{"event_type":"a.b","colour":1}"#.into(), 422, Some("colour")),
        ("POST", EVENTS, r#"{"event_type":"a b\r\n"}"#.into(), 422, Some("event_type")),
        ("POST", EVENTS, r#"{"event_type":["a"]}"#.into(), 422, Some("event_type")),
        ("POST", EVENTS, r#"{"events":{},"more":1}"#.into(), 422, Some("more")),
        ("POST", EVENTS, booking(json!({"date_time": "31/12/2030"})), 422, Some("data.date_time")),
        ("POST", EVENTS, booking(json!({"party_size": -1})), 422, Some("data.party_size")),
        ("POST", EVENTS, booking(json!({"party_size": 2.5})), 422, Some("data.party_size")),
        ("POST", EVENTS, booking(json!({"wa_number": "call me"})), 422, Some("data.wa_number")),
        ("POST", EVENTS, booking(json!({"email": "x"})), 422, Some("data.email")),
        ("GET", "/api/v1/reservations?cursor=zz", String::new(), 422, Some("cursor")),
        ("GET", "/api/v1/handoffs?cursor=zz", String::new(), 422, Some("cursor")),
        ("GET", "/api/v1/reservations?status=bogus", String::new(), 422, Some("status")),
        ("GET", "/api/v1/admin/notify/logs?status=bogus", String::new(), 422, Some("status")),
        (
            "GET",
            "/api/v1/deliveries?event_type=bad%20type!!",
            String::new(),
            422,
            Some("event_type"),
        ),
        ("GET", "/api/v1/dead-letters?event_type=a..b", String::new(), 422, Some("event_type")),
        ("GET", "/api/v1/events?type=a%20b", String::new(), 422, Some("type")),
        ("GET", "/api/v1/admin/tenants/default/keys?limit=x", String::new(), 422, Some("limit")),
        (
            "PATCH",
            TENANT,
            json!({"smtp": {"host": "x", "from": "nope"}}).to_string(),
            422,
            Some("smtp.from"),
        ),
        ("POST", ENDPOINTS, hook(json!({"target": "not a url"})), 422, Some("target")),
        ("POST", ENDPOINTS, hook(json!({"target": "ftp://example.com"})), 422, Some("target")),
        ("POST", ENDPOINTS, hook(json!({"target": "http://10.0.0.1/"})), 422, Some("target")),
        (
            "POST",
            ENDPOINTS,
            hook(json!({"headers": {"X-A": "b\r\nX-C: d"}})),
            422,
            Some("headers.X-A"),
        ),
        (
            "POST",
            ENDPOINTS,
            hook(json!({"headers": {"webhook-id": "b"}})),
            422,
            Some("headers.webhook-id"),
        ),
        ("POST", ENDPOINTS, hook(json!({"kind": "pigeon"})), 422, Some("kind")),
        (
            "POST",
            ENDPOINTS,
            hook(json!({"filters": {"events": ["*.x"]}})),
            422,
            Some("filters.events[0]"),
        ),
        (
            "POST",
            ENDPOINTS,
            hook(json!({"retry": {"attempts": 1_000}})),
            422,
            Some("retry.attempts"),
        ),
        ("POST", ENDPOINTS, hook(json!({"enabled": "yes"})), 422, Some("enabled")),
        (
            "POST",
            ENDPOINTS,
            r#"{"kind":"email","target":"a@b\r\nBcc: c@d"}"#.into(),
            422,
            Some("target"),
        ),
        ("PATCH", TENANT, r#"{"timezone":"Mars"}"#.into(), 422, Some("timezone")),
        ("PATCH", TENANT, r#"{"reminders":["soon"]}"#.into(), 422, Some("reminders[0]")),
        ("PATCH", TENANT, r#"{"nonsense":1}"#.into(), 422, Some("nonsense")),
        ("GET", "/api/v1/events?limit=0", String::new(), 422, Some("limit")),
        ("GET", "/api/v1/events?colour=red", String::new(), 422, Some("colour")),
        ("GET", "/api/v1/events?cursor=%00", String::new(), 422, Some("cursor")),
        ("GET", "/api/v1/events/none", String::new(), 404, None),
        ("GET", "/api/v1/events/%ff%fe", String::new(), 400, None),
        ("GET", "/api/v1/timers?cursor=soon", String::new(), 422, Some("cursor")),
        ("GET", "/api/v1/admin/notify/endpoints?cursor=x", String::new(), 422, Some("cursor")),
        ("POST", ENDPOINTS, hook(json!({"filters": []})), 422, Some("filters")),
        ("GET", "/api/v1/nothing", String::new(), 404, None),
        ("PUT", EVENTS, String::new(), 405, None),
    ] {
        let (got, problem) = house.raw(method, path, body.clone()).await;
        let shown = body.chars().take(80).collect::<String>();
        assert_eq!(got, status, "{method} {path} {shown} -> {problem}");
        assert_eq!(problem["ok"], false, "{method} {path} {shown} -> {problem}");
        assert_eq!(problem["status"], status, "{problem}");
        assert!(problem["detail"].is_string() && problem["title"].is_string(), "{problem}");
        assert_eq!(problem.get("field").and_then(Value::as_str), field, "{shown} -> {problem}");
    }
    assert_eq!(house.api.get(EVENTS).await.unwrap()["items"], json!([]));
    assert_eq!(house.api.get(ENDPOINTS).await.unwrap()["total"], 1);
    assert!(receiver.inbox.all().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_ten_megabytes_are_refused_with_and_without_a_length() {
    let house = House::new().await;
    let body = format!(r#"{{"event_type":"a.b","data":{{"x":"{}"}}}}"#, "x".repeat(10 << 20));
    assert_eq!(house.raw("POST", EVENTS, body).await.0, 413);
    let large = format!(r#"{{"event_type":"a.b","data":{{"x":"{}"}}}}"#, "x".repeat(1 << 20));
    assert_eq!(house.raw("POST", EVENTS, large).await.0, 413, "one event");
    assert_eq!(house.api.get(EVENTS).await.unwrap()["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_needed_and_checked() {
    let house = House::new().await;
    let get = |key: Option<&str>, tenant: Option<&str>| {
        let mut request = house.api.http.get(format!("{}{EVENTS}", house.base));
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        if let Some(tenant) = tenant {
            request = request.header("x-tenant", tenant);
        }
        async { request.send().await.unwrap() }
    };
    let answer = get(None, None).await;
    assert_eq!(answer.status(), 401);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    assert_eq!(get(Some("sk_wrong"), None).await.status(), 401);
    assert_eq!(get(Some(&house.key()), None).await.status(), 200);
    assert_eq!(get(Some(&house.key()), Some("other")).await.status(), 403);
    let text = std::fs::read_to_string(house.data.path().join("credentials")).unwrap();
    let admin = text.lines().find_map(|line| line.strip_prefix("admin_token=")).unwrap();
    assert_eq!(get(Some(admin), None).await.status(), 200);
    assert_eq!(get(Some(admin), Some("unknown")).await.status(), 404);
    assert_eq!(get(Some(admin), Some("Not/A/Tenant")).await.status(), 404);

    let made = house.api.post(&format!("{TENANT}/keys"), &json!({"name": "till"})).await.unwrap();
    let key = made["api_key"].as_str().unwrap().to_owned();
    assert_eq!(get(Some(&key), None).await.status(), 200);
    let keys = house.api.get(&format!("{TENANT}/keys")).await.unwrap();
    assert!(!keys.to_string().contains(&key), "keys are not shown again");
    let id = keys["items"][1]["id"].as_str().unwrap();
    assert_eq!(house.raw("DELETE", &format!("{TENANT}/keys/{id}"), "").await.0, 200);
    assert_eq!(get(Some(&key), None).await.status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn health_needs_no_key() {
    let house = House::new().await;
    for path in ["/healthz", "/readyz"] {
        let answer = house.api.http.get(format!("{}{path}", house.base)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
}
