//! Roles: what a viewer, an operator and an admin may do, with a key and in a session alike.

use serde_json::{Value, json};
use sereno::api::access;
use sereno::api::openapi::{self, METHODS};
use sereno_workflows::access::{Operation, Role};

use crate::browser::{Browser, KEYS, read};
use crate::support::{ENDPOINTS, House};

#[test]
fn e01_every_operation_says_who_may() {
    let document = openapi::document();
    let mut missing = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in METHODS {
            let Some(operation) = item.get(method.to_ascii_lowercase()) else { continue };
            let is_open = operation.get("security") == Some(&json!([]));
            match access::known(method, path) {
                None => missing.push(format!("{method} {path}")),
                Some(found) => {
                    let stands_open = found.operation == Operation::Open;
                    assert_eq!(stands_open, is_open, "{method} {path}: its security");
                    let changes = !["GET", "OPTIONS"].contains(&method) && !stands_open;
                    let looks = found.operation == Operation::Look;
                    assert!(!changes || !looks || path == "/api/v1/session", "{method} {path}");
                    let is_silent = found.action.is_empty();
                    let may_be = path.ends_with("/preview") || path == "/api/v1/events";
                    let may_be = may_be || path == "/api/v1/session";
                    assert!(!changes || !is_silent || may_be, "{method} {path} has no action");
                }
            }
        }
    }
    assert!(
        missing.is_empty(),
        "who may use these is not said: a line for each belongs into ROUTES of src/api/access.rs\n{missing:#?}"
    );
}

/// Something of each kind, and the least role for it.
const ASKED: [(&str, &str, &str, Role); 11] = [
    ("GET", "/api/v1/deliveries", "", Role::Viewer),
    ("GET", "/api/v1/admin/tenants/default", "", Role::Viewer),
    ("GET", "/api/v1/session", "", Role::Viewer),
    ("POST", "/api/v1/events", r#"{"event_type": "a.b"}"#, Role::Operator),
    ("POST", "/api/v1/deliveries/retry", r#"{"dry_run": true}"#, Role::Operator),
    ("POST", "/api/v1/admin/jobs/reminders", "", Role::Operator),
    ("POST", ENDPOINTS, r#"{"kind": "slack", "target": "https://hooks.example/x"}"#, Role::Admin),
    ("PATCH", "/api/v1/admin/tenants/default", r#"{"no_show_after": "15m"}"#, Role::Admin),
    ("POST", KEYS, r#"{"name": "more", "role": "viewer"}"#, Role::Admin),
    ("POST", "/api/v1/admin/links", "{}", Role::Admin),
    ("GET", "/api/v1/audit", "", Role::Admin),
];

#[tokio::test(flavor = "multi_thread")]
async fn e01_a_role_holds_for_a_key_and_its_sessions_alike_also_after_a_restart() {
    let house = House::new().await;
    let mut keys = Vec::new();
    for role in Role::ALL {
        let body = json!({"name": format!("a {role}"), "role": role});
        let made = house.api.post(KEYS, &body).await.unwrap();
        assert_eq!(made["role"], role.as_str());
        keys.push((role, made["api_key"].as_str().unwrap().to_owned()));
    }
    let house = house.restarted().await;
    for (role, key) in keys {
        let browser = Browser::sign_in(&house.base, &json!({"key": key})).await.unwrap();
        assert_eq!(browser.session["role"], role.as_str());
        for (method, path, body, least) in ASKED {
            let request = house.api.http.request(method.parse().unwrap(), house.api.url(path));
            let request = request.bearer_auth(&key).body(body);
            let by_key = read(request.send().await.unwrap()).await;
            let value = serde_json::from_str(body).unwrap_or(json!({}));
            let by_session = browser.ask(method, path, &value).await;
            for (status, answer) in [by_key, by_session] {
                let may = role >= least;
                assert_eq!(status < 300, may, "{role}: {method} {path}: {status} {answer}");
                if !may {
                    assert_eq!((status, &answer["ok"]), (403, &json!(false)), "{answer}");
                    let detail = answer["detail"].as_str().unwrap();
                    let says = detail.contains(&format!("the role {least}"));
                    assert!(says && detail.contains(&format!("yours is {role}")), "{detail}");
                }
            }
        }
        let (status, _) = browser.ask("GET", "/api/v1/admin/tenants", &Value::Null).await;
        assert_eq!(status, 403, "other tenants are for the admin token");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn e01_keys_are_listed_with_their_roles_and_are_admins_where_nothing_is_said() {
    let house = House::new().await;
    house.api.post(KEYS, &json!({"name": "plain"})).await.unwrap();
    let made = house.api.post(KEYS, &json!({"name": "eyes", "role": "viewer"})).await.unwrap();
    for bad in [json!({"role": "owner"}), json!({"role": 1}), json!({"roles": "viewer"})] {
        assert_eq!(house.raw("POST", KEYS, bad.to_string()).await.0, 422, "{bad}");
    }
    let items = house.api.get(KEYS).await.unwrap()["items"].clone();
    let roles: Vec<(&str, &str)> = items
        .as_array()
        .unwrap()
        .iter()
        .map(|key| (key["name"].as_str().unwrap(), key["role"].as_str().unwrap()))
        .collect();
    assert_eq!(roles, [("first", "admin"), ("plain", "admin"), ("eyes", "viewer")]);
    assert_eq!(items[2]["id"], made["id"]);
}
