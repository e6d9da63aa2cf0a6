//! How much an endpoint and a tenant get, and what becomes of an endpoint that does not work.

use std::time::Duration;

use serde_json::json;
use sereno::receiver::any_port;
use sereno::receiver::webhook::{Behaviour, Delivery, WebhookReceiver};

use crate::support::{ENDPOINTS, House, PATIENCE, deliveries};

fn of<'a>(all: &'a [Delivery], event_type: &str) -> Vec<&'a Delivery> {
    all.iter().filter(|delivery| delivery.event_type == event_type).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a17_e03_what_exceeds_a_limit_waits_its_turn_on_disk() {
    let house = House::new().await;
    house.settle(json!({"limits": {"deliveries_per_minute": 12}})).await;
    let limited = house.webhook(json!({"rate_limit": {"per_minute": 4}})).await;
    let other = house.webhook(json!({})).await;
    for number in 0..20 {
        house.event("a.b", json!({"n": number})).await;
    }
    let all = |count| move |got: &[Delivery]| got.len() >= count;
    limited.inbox.wait(PATIENCE, all(4)).await.unwrap();
    other.inbox.wait(PATIENCE, all(8)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!((limited.inbox.all().len(), other.inbox.all().len()), (4, 8), "12 in a minute");
    let more = json!({"limits": {"deliveries_per_minute": 0}});
    house.api.patch("/api/v1/admin/tenants/default", &more).await.unwrap();
    other.inbox.wait(PATIENCE, all(20)).await.unwrap();
    assert_eq!(limited.inbox.all().len(), 4, "its own limit still holds");
    let wrong = json!({"rate_limit": {"per_minute": 0}});
    let refused = house.api.patch(&format!("{ENDPOINTS}/1"), &wrong).await.unwrap_err();
    assert!(refused.to_string().contains("rate_limit.per_minute"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f04_an_endpoint_that_is_gone_is_disabled_for_all_to_see_and_can_be_enabled_again() {
    let house = House::new().await;
    let gone = Behaviour { script: [(410, None)].into(), ..Behaviour::default() };
    let gone = WebhookReceiver::start(any_port(), gone).await.unwrap();
    let target = json!({"kind": "webhook", "target": gone.url(), "filters": {"events": ["a.*"]}});
    let id = house.endpoint(target).await;
    let others = json!({"filters": {"events": ["endpoint.*"]}});
    let operator = house.webhook(others).await;
    house.event("a.b", json!({})).await;
    let told = deliveries(&operator, &["endpoint.disabled"]).await.remove(0).json();
    assert_eq!(
        (&told["data"]["endpoint_id"], &told["data"]["kind"]),
        (&json!(id), &json!("webhook"))
    );
    let path = format!("{ENDPOINTS}/{id}");
    let shown = house.api.get(&path).await.unwrap();
    assert_eq!(shown["enabled"], false);
    assert!(shown["disabled_reason"].as_str().unwrap().contains("410"), "{shown}");
    let enabled = house.api.patch(&path, &json!({"enabled": true})).await.unwrap();
    assert_eq!(
        (&enabled["disabled_reason"], &enabled["health"]),
        (&json!(null), &json!("unknown"))
    );
    house.event("a.c", json!({})).await;
    deliveries(&gone, &["a.c"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b14_a_failing_endpoint_is_announced_and_disabled_and_one_that_recovers_too() {
    let house = House::new().await;
    house.settle(json!({"retry": {"first": "200ms", "factor": 1, "attempts": 100}})).await;
    let failing = Behaviour { fail_rate: 1.0, ..Behaviour::default() };
    let failing = WebhookReceiver::start(any_port(), failing).await.unwrap();
    let target = json!({"kind": "webhook", "target": failing.url(), "disable_after": "4s",
        "filters": {"events": ["a.*"]}});
    let id = house.endpoint(target).await;
    let operator = house.webhook(json!({"filters": {"events": ["endpoint.*"]}})).await;
    house.event("a.b", json!({})).await;
    deliveries(&operator, &["endpoint.failing"]).await;
    failing.behave(|behaviour| behaviour.fail_rate = 0.0);
    deliveries(&operator, &["endpoint.recovered"]).await;
    failing.behave(|behaviour| behaviour.fail_rate = 1.0);
    house.event("a.c", json!({})).await;
    let hundred = |all: &[Delivery]| {
        let percent = |delivery: &Delivery| delivery.json()["data"]["percent"] == 100;
        all.iter().any(percent) && !of(all, "endpoint.disabled").is_empty()
    };
    let got = operator.inbox.wait(PATIENCE, hundred).await.unwrap();
    let percents: Vec<i64> = of(&got, "endpoint.failing")
        .iter()
        .map(|delivery| delivery.json()["data"]["percent"].as_i64().unwrap())
        .collect();
    assert_eq!(percents[0], 50);
    assert!(percents.ends_with(&[50, 70, 90, 100]), "{percents:?}");
    let house = house.restarted().await;
    let shown = house.api.get(&format!("{ENDPOINTS}/{id}")).await.unwrap();
    assert_eq!((&shown["enabled"], &shown["health"]), (&json!(false), &json!("failing")));
}

#[tokio::test(flavor = "multi_thread")]
async fn e04_who_asks_for_time_is_left_alone_with_all_deliveries() {
    let house = House::new().await;
    let busy = Behaviour { script: [(429, Some(2))].into(), ..Behaviour::default() };
    let busy = WebhookReceiver::start(any_port(), busy).await.unwrap();
    house.endpoint(json!({"kind": "webhook", "target": busy.url()})).await;
    house.event("a.b", json!({})).await;
    house.logged(1).await;
    for _ in 0..5 {
        house.event("a.c", json!({})).await;
    }
    let got = busy.inbox.wait(PATIENCE, |all| all.len() >= 7).await.unwrap();
    let pause = got[1].at - got[0].at;
    assert!(pause >= Duration::from_millis(1_900), "{pause:?} after a wish for 2 s");
}

#[tokio::test(flavor = "multi_thread")]
async fn f04_neighbours_that_never_answer_refuse_or_are_slow_hold_up_no_other_tenant() {
    let house = House::new().await;
    let hole = tokio::net::TcpListener::bind(any_port()).await.unwrap();
    let black_hole = format!("http://{}/", hole.local_addr().unwrap());
    let refusing = std::net::TcpListener::bind(any_port()).unwrap().local_addr().unwrap();
    let bad = ["bad-1", "bad-2", "bad-3"];
    for name in bad.into_iter().chain(["well"]) {
        let tenant = json!({"id": name, "settings": {"limits": {"deliveries_per_minute": 0}}});
        house.admin.post("/api/v1/admin/tenants", &tenant).await.unwrap();
    }
    for name in bad {
        let client = house.admin.for_tenant(name);
        for number in 0..40 {
            let target = match number % 2 {
                0 => format!("{black_hole}{number}"),
                _ => format!("http://{refusing}/{number}"),
            };
            client.post(ENDPOINTS, &json!({"kind": "webhook", "target": target})).await.unwrap();
        }
        let events: Vec<_> =
            (0..50).map(|n| json!({"event_type": "a.b", "data": {"n": n}})).collect();
        client.post("/api/v1/events", &json!(events)).await.unwrap();
    }
    let well = house.admin.for_tenant("well");
    let receiver = WebhookReceiver::start(any_port(), Behaviour::default()).await.unwrap();
    well.post(ENDPOINTS, &json!({"kind": "webhook", "target": receiver.url()})).await.unwrap();
    for number in 0..20 {
        let event = json!({"event_type": "a.b", "data": {"n": number}});
        well.post("/api/v1/events", &event).await.unwrap();
        receiver.inbox.wait(PATIENCE, |all| all.len() == number + 1).await.unwrap();
    }
    // All of it came while the attempts at the black holes were still under way: they take 10 s.
    for name in bad {
        let sent =
            house.admin.for_tenant(name).get("/api/v1/deliveries?status=sent").await.unwrap();
        assert_eq!(sent["items"], json!([]));
    }
}
