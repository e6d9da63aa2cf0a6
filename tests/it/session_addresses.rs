//! The address of a chat's hook is a credential: who may not set it sees it in part, by session and by key.

use serde_json::{Value, json};
use sereno::client::Client;

use crate::browser::{Browser, KEYS, LINKS, audit, token};
use crate::support::{ENDPOINTS, House};

const SECRETS: [&str; 3] = ["SLACKSECRET", "SECRETINURL", "SECRETINLINK"];
const SLACK: &str = "http://127.0.0.1:9/services/T0001/B0001/SLACKSECRET";
const SLACK_SHOWN: &str = "http://127.0.0.1:9/services/T0001/•••";

async fn house() -> (House, String) {
    let house = House::new().await;
    house.endpoint(json!({"kind": "slack", "target": SLACK})).await;
    let target = "http://127.0.0.1:9/hook?token=SECRETINURL&lang=es";
    house.endpoint(json!({"kind": "webhook", "target": target, "retry": {"attempts": 1}})).await;
    let link = "https://trattoria.example/unsubscribe?key=SECRETINLINK";
    house
        .endpoint(json!({"kind": "email", "target": "a@mail.example", "unsubscribe_url": link}))
        .await;
    house.event("client.created", json!({})).await;
    let events = house.api.get("/api/v1/events?type=client.created").await.unwrap();
    let event = &events["items"][0]["event_id"];
    house
        .eventually("/api/v1/deliveries?status=dead", |answer| answer["items"][0].is_object())
        .await;
    (house, event.as_str().unwrap().to_owned())
}

/// Everything that tells of endpoints.
async fn paths(house: &House, event: &str) -> Vec<String> {
    let mut paths: Vec<String> = ["", "/1", "/2", "/3"].map(|id| format!("{ENDPOINTS}{id}")).into();
    paths.push(format!("/api/v1/events/{event}"));
    for path in
        ["/api/v1/deliveries", "/api/v1/dead-letters", "/api/v1/admin/notify/logs", "/api/v1/stats"]
    {
        paths.push(path.to_owned());
    }
    for list in ["/api/v1/deliveries", "/api/v1/dead-letters"] {
        let answer = house.api.get(list).await.unwrap();
        let ids =
            answer["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap());
        paths.extend(ids.map(|id| format!("{list}/{id}")));
    }
    paths
}

fn hides(answer: &Value) -> bool {
    let text = answer.to_string();
    SECRETS.iter().all(|secret| !text.contains(secret))
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_the_address_of_a_hook_is_shown_in_part() {
    let (house, event) = house().await;
    let paths = paths(&house, &event).await;
    assert!(paths.len() >= 12, "{paths:?}");
    let link = house.api.post(LINKS, &json!({"role": "admin", "portal": true})).await.unwrap();
    let mut browsers = vec![Browser::sign_in(&house.base, &token(&link)).await.unwrap()];
    for role in ["viewer", "operator", "admin"] {
        browsers.push(Browser::with_role(&house, role).await);
    }
    for browser in &browsers {
        for path in &paths {
            let answer = browser.get(path).await;
            assert!(hides(&answer), "{path}: {answer}");
        }
        let shown = browser.get(ENDPOINTS).await;
        assert_eq!(shown["items"][0]["target"], SLACK_SHOWN);
        assert_eq!(shown["items"][1]["target"], "http://127.0.0.1:9/hook?token=•••&lang=es");
    }
    for role in ["viewer", "operator"] {
        let key = house.api.post(KEYS, &json!({"name": role, "role": role})).await.unwrap();
        let api = Client::new(&house.base, key["api_key"].as_str().unwrap());
        for path in &paths {
            let answer = api.get(path).await.unwrap();
            assert!(hides(&answer), "{role} {path}: {answer}");
        }
        assert_eq!(api.get(&format!("{ENDPOINTS}/1")).await.unwrap()["target"], SLACK_SHOWN);
        if role == "operator" {
            let found = api.post("/api/v1/admin/check", &json!({})).await.unwrap();
            assert!(hides(&found), "{found}");
            let recovered = api.post(&format!("{ENDPOINTS}/1/recover"), &json!({})).await;
            assert!(recovered.is_err() || hides(&recovered.unwrap()));
        }
    }
    let own = house.api.get(ENDPOINTS).await.unwrap();
    assert_eq!(own["items"][0]["target"], SLACK, "an admin's key sees it");
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_an_admin_has_the_address_of_a_hook_shown_and_that_is_written_down() {
    let (house, _) = house().await;
    let (first, reveal) = (format!("{ENDPOINTS}/1"), format!("{ENDPOINTS}/1?reveal=true"));
    let admin = Browser::with_role(&house, "admin").await;
    assert_eq!(admin.get(&reveal).await["target"], SLACK);
    assert_eq!(audit(&house, "?action=reveal").await.len(), 1);
    assert_eq!(admin.status(&format!("{ENDPOINTS}?reveal=true")).await, 422);
    let operator = Browser::with_role(&house, "operator").await;
    assert_eq!(operator.get(&reveal).await["target"], SLACK_SHOWN);
    let mail = operator.get(&format!("{ENDPOINTS}/3?reveal=true")).await;
    assert_eq!(mail["target"], "a@mail.example", "which is no credential");
    assert!(hides(&mail), "{mail}");
    assert_eq!(Browser::with_role(&house, "viewer").await.status(&reveal).await, 403);

    // What is shown in part is no address, whoever sends it back.
    let back = json!({"target": SLACK_SHOWN});
    assert_eq!(admin.ask("PATCH", &first, &back).await.0, 422);
    assert_eq!(house.raw("PATCH", &first, back.to_string()).await.0, 422);
    let made = json!({"kind": "slack", "target": SLACK_SHOWN}).to_string();
    assert_eq!(house.raw("POST", ENDPOINTS, made).await.0, 422);
    assert_eq!(house.api.get(&first).await.unwrap()["target"], SLACK);
    let other = json!({"target": SLACK.replace("SLACKSECRET", "OTHER")});
    let (status, answer) = admin.ask("PATCH", &first, &other).await;
    assert_eq!((status, &answer["target"]), (200, &json!(SLACK_SHOWN)));

    let made = admin.ask("POST", LINKS, &json!({"portal": true})).await.1;
    let url = made["link"]["url"].as_str().unwrap();
    assert!(!url.contains('•'), "a link is made to be passed on: {url}");
}
