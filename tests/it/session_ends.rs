//! What ends with a session: what it listens to, at once; and what it was answered is kept nowhere.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::browser::{Browser, KEYS, LINKS, SESSION, token};
use crate::listener::{Listener, STREAM};
use crate::support::{ENDPOINTS, House};

pub(crate) async fn listen(browser: &Browser) -> Listener {
    let response = browser.bare("GET", STREAM).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let mut listener = Listener { response, text: String::new(), last_id: String::new() };
    while listener.last_id.is_empty() {
        assert!(listener.read().await, "it ended at once");
        listener.skip();
    }
    listener
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_a_stream_ends_at_once_with_its_session_and_no_other_does() {
    let house = House::new().await;
    let made = house.api.post(KEYS, &json!({"name": "short"})).await.unwrap();
    let with = json!({"key": made["api_key"]});
    let signed_in = async || Browser::sign_in(&house.base, &with).await.unwrap();
    let (one, other) = (signed_in().await, signed_in().await);
    let link = house.api.post(LINKS, &json!({"portal": true})).await.unwrap();
    let portal = Browser::sign_in(&house.base, &token(&link)).await.unwrap();
    let (mut first, mut second) = (listen(&one).await, listen(&other).await);
    let mut third = listen(&portal).await;
    let mut by_key = Listener::open(&house.base, made["api_key"].as_str().unwrap(), "", None).await;

    let began = Instant::now();
    assert_eq!(one.ask("DELETE", SESSION, &json!({})).await.0, 200);
    assert!(!first.read().await, "{}", first.text);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    house.event("client.created", json!({})).await;
    for listener in [&mut second, &mut third, &mut by_key] {
        assert_eq!(listener.next().await.unwrap().data["event_type"], "client.created");
    }

    let path = format!("{KEYS}/{}", made["id"].as_str().unwrap());
    let began = Instant::now();
    assert_eq!(house.raw("DELETE", &path, "").await.0, 200);
    assert!(!second.read().await && !by_key.read().await);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    house.event("client.updated", json!({})).await;
    assert_eq!(third.next().await.unwrap().data["event_type"], "client.updated");
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_no_answer_of_a_session_is_kept_by_a_browser() {
    let house = House::new().await;
    house.book("R-1", "34600000012", 86_400_000).await;
    let viewer = Browser::with_role(&house, "viewer").await;
    let operator = Browser::with_role(&house, "operator").await;
    for (path, status) in [
        ("/api/v1/reservations/R-1", 200),
        ("/api/v1/reservations/R-1?reveal=true", 200),
        ("/api/v1/events", 200),
        ("/api/v1/events/export", 403),
        ("/api/v1/reservations/none", 404),
        ("/api/v1/audit", 403),
        ("/reports/weekly", 200),
        (SESSION, 200),
        (ENDPOINTS, 200),
    ] {
        let answer = operator.bare("GET", path).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        assert_eq!(answer.headers()["cache-control"], "no-store", "{path}");
    }
    let refused = viewer.bare("POST", "/api/v1/deliveries/retry").send().await.unwrap();
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["cache-control"]),
        (403, &"no-store".parse().unwrap())
    );
    let stream = viewer.bare("GET", STREAM).send().await.unwrap();
    assert_eq!(stream.headers()["cache-control"], "no-store, no-transform");
    let ended = viewer.ask("DELETE", SESSION, &json!({})).await;
    assert_eq!(ended.0, 200);
    let over = viewer.bare("GET", ENDPOINTS).send().await.unwrap();
    assert_eq!(
        (over.status().as_u16(), &over.headers()["cache-control"]),
        (401, &"no-store".parse().unwrap())
    );
}
