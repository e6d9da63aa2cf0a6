//! One-time links, and the portal that they may open.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use sereno::client::Client;

use crate::browser::{AUDIT, Browser, KEYS, LINKS, SESSION, set_cookie, token};
use crate::process::Process;
use crate::session_ends::listen;
use crate::support::{ENDPOINTS, House};

#[tokio::test(flavor = "multi_thread")]
async fn e01_a_link_lets_in_once_in_its_role_and_leads_somewhere() {
    let house = House::new().await;
    let body = json!({"role": "operator", "next": "/console/events?type=a.b", "expires_in": "1h"});
    let made = house.api.post(LINKS, &body).await.unwrap();
    let url = made["link"]["url"].as_str().unwrap();
    assert!(url.starts_with(&format!("{}/console/enter#", house.base)), "{url}");
    assert!(made["link"]["expires_at"].is_string(), "{made}");
    let browser = Browser::sign_in(&house.base, &token(&made)).await.unwrap();
    let session = &browser.session;
    assert_eq!((&session["role"], &session["tenant"]), (&json!("operator"), &json!("default")));
    assert_eq!(session["next"], "/console/events?type=a.b");
    assert_eq!(browser.status("/api/v1/reservations").await, 200);
    assert_eq!(browser.ask("POST", ENDPOINTS, &json!({})).await.0, 403);
    let (status, answer) = Browser::sign_in(&house.base, &token(&made)).await.err().unwrap();
    assert_eq!(status, 401, "{answer}");
    let default = house.api.post(LINKS, &json!({})).await.unwrap();
    let default = Browser::sign_in(&house.base, &token(&default)).await.unwrap();
    assert_eq!(
        (&default.session["role"], &default.session["next"]),
        (&json!("viewer"), &json!("/console/"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn e01_what_makes_no_sense_in_a_link_is_refused_by_name() {
    let house = House::new().await;
    for (field, value) in [
        ("role", json!("owner")),
        ("expires_in", json!("8d")),
        ("expires_in", json!("0s")),
        ("expires_in", json!(5)),
        ("next", json!("https://evil.example/")),
        ("next", json!("//evil.example")),
        ("next", json!("/console/\\evil")),
        ("next", json!("/elsewhere")),
        ("next", json!("/console/../../evil")),
        ("next", json!("/console/%2E./evil")),
        ("portal", json!("yes")),
        ("tenant", json!("other")),
    ] {
        let (status, answer) = house.raw("POST", LINKS, json!({field: value}).to_string()).await;
        assert_eq!((status, answer["field"].as_str()), (422, Some(field)), "{value}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn e01_of_many_who_use_a_link_at_once_one_is_let_in() {
    let house = House::new().await;
    let link = token(&house.api.post(LINKS, &json!({})).await.unwrap());
    let tries = (0..8).map(|_| Browser::sign_in(&house.base, &link));
    let let_in = futures_util::future::join_all(tries).await;
    assert_eq!(let_in.iter().filter(|tried| tried.is_ok()).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn e01_a_link_is_over_with_its_time_and_with_whoever_made_it() {
    let house = House::new().await;
    let short = house.api.post(LINKS, &json!({"expires_in": "1s"})).await.unwrap();
    let made = house.api.post(KEYS, &json!({"name": "maker"})).await.unwrap();
    let maker = Client::new(&house.base, made["api_key"].as_str().unwrap());
    let link = maker.post(LINKS, &json!({})).await.unwrap();
    let used = maker.post(LINKS, &json!({})).await.unwrap();
    let browser = Browser::sign_in(&house.base, &token(&used)).await.unwrap();
    let path = format!("{KEYS}/{}", made["id"].as_str().unwrap());
    assert_eq!(house.raw("DELETE", &path, "").await.0, 200);
    assert_eq!(browser.status("/api/v1/events").await, 401, "in no more");
    assert!(Browser::sign_in(&house.base, &token(&link)).await.is_err());
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert!(Browser::sign_in(&house.base, &token(&short)).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn f02_a_link_that_was_used_stays_so_when_the_server_is_killed() {
    let data = tempfile::tempdir().unwrap();
    let mut server = Process::start(data.path(), "http://127.0.0.1:9");
    for _ in 0..4 {
        let client = server.client(data.path());
        let base = client.url("");
        let used = token(&client.post(LINKS, &json!({})).await.unwrap());
        let kept = token(&client.post(LINKS, &json!({})).await.unwrap());
        let browser = Browser::sign_in(&base, &used).await.unwrap();
        let out = Browser::sign_in(&base, &kept).await.unwrap();
        assert_eq!(out.ask("DELETE", SESSION, &Value::Null).await.0, 200);
        let waits = token(&client.post(LINKS, &json!({})).await.unwrap());
        server.kill();
        server = Process::start(data.path(), "http://127.0.0.1:9");
        let base = server.client(data.path()).url("");
        for gone in [&used, &kept] {
            assert_eq!(Browser::sign_in(&base, gone).await.err().unwrap().0, 401);
        }
        Browser::sign_in(&base, &waits).await.unwrap();
        for (cookie, status) in [(browser.cookie, 200), (out.cookie, 401)] {
            let request = client.http.get(format!("{base}/api/v1/events")).header("cookie", cookie);
            assert_eq!(request.send().await.unwrap().status(), status);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn e01_the_portal_is_part_of_the_console_of_one_tenant() {
    let house = House::new().await;
    house.endpoint(json!({"kind": "slack", "target": "https://hooks.example/x"})).await;
    let link = house.api.post(LINKS, &json!({"role": "admin", "portal": true})).await.unwrap();
    let browser = Browser::sign_in(&house.base, &token(&link)).await.unwrap();
    assert_eq!(browser.session["portal"], true);
    for path in [
        "/api/v1/deliveries",
        "/api/v1/events",
        "/api/v1/dead-letters",
        ENDPOINTS,
        "/api/v1/event-types",
        "/api/v1/stats",
    ] {
        assert_eq!(browser.status(path).await, 200, "{path}");
    }
    for path in [
        "/api/v1/reservations",
        "/api/v1/handoffs",
        "/api/v1/conversations",
        "/api/v1/leads",
        "/api/v1/timers",
        "/api/v1/inbound-log",
        "/api/v1/admin/tenants/default",
        "/api/v1/admin/tenants",
        "/api/v1/jobs",
        "/api/v1/mirror",
        "/api/v1/alerts",
        AUDIT,
        KEYS,
    ] {
        assert_eq!(browser.status(path).await, 403, "{path}");
    }
    for (method, path) in [
        ("POST", "/api/v1/events"),
        ("POST", LINKS),
        ("POST", KEYS),
        ("PUT", "/api/v1/event-types/a.b"),
        ("PATCH", "/api/v1/admin/tenants/default"),
    ] {
        assert_eq!(browser.ask(method, path, &json!({})).await.0, 403, "{method} {path}");
    }
    let toggle = format!("{ENDPOINTS}/1/toggle");
    assert_eq!(browser.ask("POST", &toggle, &json!({})).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn e01_a_stream_tells_nobody_what_the_lists_refuse_them() {
    let house = House::new().await;
    let _receiver = house.webhook(json!({"filters": {"events": ["client.*"]}})).await;
    let mut browsers = Vec::new();
    for role in ["viewer", "operator", "admin"] {
        for portal in [false, true] {
            let link = json!({"role": role, "portal": portal});
            let made = house.api.post(LINKS, &link).await.unwrap();
            browsers.push(Browser::sign_in(&house.base, &token(&made)).await.unwrap());
        }
    }
    let mut streams = Vec::new();
    for browser in &browsers {
        streams.push(listen(browser).await);
    }
    house.book("R-1", "34600000012", 86_400_000).await;
    let talk = json!({"conversation_id": "C-1", "user_id": "U-1"});
    house.event("conversation.started", talk.clone()).await;
    house.event("conversation.escalated", talk).await;
    house.event("client.created", json!({})).await;
    for (browser, mut stream) in browsers.iter().zip(streams) {
        let all = stream.until(|message| message.data["status"] == "sent").await;
        let mut told = BTreeSet::new();
        for message in &all {
            let kind = message.event.as_str();
            let entity = message.data["entity"].as_str().filter(|_| kind == "state");
            told.insert(entity.unwrap_or(kind));
        }
        for (kind, list) in [
            ("event", "events"),
            ("delivery", "deliveries"),
            ("timer", "timers"),
            ("reservation", "reservations"),
            ("handoff", "handoffs"),
            ("conversation", "conversations"),
        ] {
            let may = browser.status(&format!("/api/v1/{list}")).await == 200;
            assert_eq!(told.contains(kind), may, "{kind} {}", browser.session);
            assert!(may || browser.session["portal"] == true, "{list}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn e01_a_portal_works_inside_other_pages_where_the_tenant_says_so() {
    let house = House::with(|config| {
        config.public_url = Some("https://sereno.example".parse().unwrap());
    })
    .await;
    let enter = async |body: Value| {
        let link = house.api.post(LINKS, &body).await.unwrap();
        assert!(
            link["link"]["url"]
                .as_str()
                .unwrap()
                .starts_with("https://sereno.example/console/enter")
        );
        let request = house.api.http.post(format!("{}{SESSION}", house.base));
        let response = request.body(token(&link).to_string()).send().await.unwrap();
        assert_eq!(response.status(), 200);
        set_cookie(&response).unwrap()
    };
    let strict = "; HttpOnly; SameSite=Strict; Secure";
    assert!(enter(json!({"portal": true})).await.ends_with(strict));
    let settings = json!({"embedding": ["https://partner.example"]});
    let tenant = "/api/v1/admin/tenants/default";
    let shown = house.api.patch(tenant, &settings).await.unwrap();
    assert_eq!(shown["settings"]["embedding"], settings["embedding"]);
    let framed = "; HttpOnly; SameSite=None; Secure; Partitioned";
    assert!(enter(json!({"portal": true})).await.ends_with(framed));
    assert!(enter(json!({})).await.ends_with(strict), "the console itself is in no frame");
    for bad in [json!("https://a.example"), json!(["*"]), json!(["http://a.example"])] {
        let body = json!({"embedding": bad}).to_string();
        assert_eq!(house.raw("PATCH", tenant, body).await.0, 422, "{bad}");
    }
}
