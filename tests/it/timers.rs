//! The clock: on time, once, and without anybody polling.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use sereno_actors::record::key;
use sereno_actors::store::disk::{DiskOptions, DiskStore};
use sereno_actors::store::{Batch, Store as _};
use sereno_workflows::id::{EntityKey, TenantId};

use crate::support::{House, PATIENCE, moment};

#[tokio::test(flavor = "multi_thread")]
async fn f01_many_timers_of_one_moment_fire_once_each() {
    let house = House::new().await;
    house.settle(json!({"reminders": ["1h"]})).await;
    let receiver = house.webhook(json!({"filters": {"events": ["reminder.*"]}})).await;
    let slot = moment(3_600_000 + 1_500);
    let events: Vec<Value> = (0..500)
        .map(|n| {
            json!({"event_type": "reservation.created",
                   "data": {"reservation_id": format!("R-{n}"), "date_time": slot}})
        })
        .collect();
    house.api.post("/api/v1/events", &Value::from(events)).await.unwrap();
    let got = receiver.inbox.wait(PATIENCE, |all| all.len() >= 500).await.unwrap();
    let whose: BTreeSet<_> =
        got.iter().map(|d| d.json()["data"]["reservation_id"].to_string()).collect();
    assert_eq!((got.len(), whose.len()), (500, 500));
    let (mut no_shows, mut path) = (BTreeSet::new(), "/api/v1/timers?limit=200".to_owned());
    loop {
        let page = house.api.get(&path).await.unwrap();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 200, "all are due at one moment, and a page is a page all the same");
        // The endpoint's secret has its timer too.
        let no_show = |timer: &&Value| timer["kind"] == "no_show";
        no_shows.extend(items.iter().filter(no_show).map(|timer| timer["entity_id"].to_string()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/api/v1/timers?limit=200&cursor={cursor}");
    }
    assert_eq!(no_shows.len(), 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn f01_what_will_happen_between_two_moments_is_listed_whatever_stands_before_it() {
    let house = House::new().await;
    let day = 86_400_000;
    house.settle(json!({"reminders": ["24h", "2h"]})).await;
    // Of the first a reminder stands before that time, of the second one in it, the third is later.
    for (id, days) in [("R-1", 3), ("R-2", 4), ("R-3", 9)] {
        house.book(id, "34600000001", days * day).await;
    }
    let hours = 3_600_000;
    let (from, to) = (moment(3 * day - 3 * hours), moment(3 * day + 2 * hours));
    let listed = |query: String| {
        let house = &house;
        async move {
            let page = house.api.get(&format!("/api/v1/timers{query}")).await.unwrap();
            let all = page["items"].as_array().unwrap().iter();
            let all = all.flat_map(|one| {
                let then = one["then"].as_array().cloned().unwrap_or_default();
                [vec![one.clone()], then].concat()
            });
            let told = |one: Value| {
                let of = |name: &str| one[name].as_str().unwrap().to_owned();
                format!("{} {}", of("entity_id"), of("kind"))
            };
            all.map(told).collect::<Vec<_>>()
        }
    };
    let between = format!("?from={from}&to={to}");
    assert_eq!(
        listed(between.clone()).await,
        ["R-1 reminder.2h", "R-1 no_show", "R-2 reminder.24h"]
    );
    assert_eq!(
        listed(format!("{between}&reservation_id=R-1")).await,
        ["R-1 reminder.2h", "R-1 no_show"]
    );
    assert_eq!(listed(format!("?from={}", moment(9 * day))).await, ["R-3 no_show"]);
    assert_eq!(listed(format!("?to={to}&reservation_id=R-3")).await, [""; 0]);
    for (query, field) in [
        (format!("?from={to}&to={from}"), "to"),
        (format!("?from={to}&to={to}"), "to"),
        ("?from=tomorrow".to_owned(), "from"),
        ("?to=2026-01-01".to_owned(), "to"),
    ] {
        let (status, answer) = house.raw("GET", &format!("/api/v1/timers{query}"), "").await;
        assert_eq!((status, &answer["field"]), (422, &json!(field)), "{query}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f01_timers_beyond_the_window_and_after_a_restart_still_fire() {
    let house = House::new().await;
    house.settle(json!({"reminders": ["1h"]})).await;
    house.book("R-far", "34600000001", 9 * 3_600_000).await;
    house.book("R-near", "34600000001", 3_600_000 + 3_000).await;
    let house = house.restarted().await;
    let told = house.told(1).await;
    assert_eq!(told[0].buttons[0], "confirm:R-near");
    let listed = house.api.get("/api/v1/timers").await.unwrap();
    let kinds: Vec<_> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| (t["entity_id"].as_str().unwrap(), t["kind"].as_str().unwrap()))
        .collect();
    assert_eq!(kinds, [("R-near", "no_show"), ("R-far", "reminder.1h")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn f01_what_fell_due_while_the_server_was_down_is_made_up_for() {
    let house = House::new().await;
    house.settle(json!({"reminders": ["1h"], "no_show_after": "500ms"})).await;
    house.book("R-missed", "34600000001", 900).await;
    house.book("R-reminded", "34600000002", 3_600_000 + 900).await;
    let mut house = house.restarted().await;
    for _ in 0..2 {
        house = house.restarted().await;
    }
    house.told(1).await;
    house.eventually("/api/v1/reservations/R-missed", |b| b["status"] == "no_show").await;
    assert_eq!(house.graph.inbox.all().len(), 1, "once, however often it was started");
}

#[tokio::test(flavor = "multi_thread")]
async fn three_deaths_on_one_wake_set_it_aside_and_the_rest_goes_on() {
    let house = House::new().await;
    house.settle(json!({"reminders": ["1h"]})).await;
    house.book("R-bad", "34600000001", 3_600_000 + 2_000).await;
    house.book("R-good", "34600000002", 3_600_000 + 2_000).await;
    let tenant: TenantId = "default".parse().unwrap();
    let state = key::state(&tenant, &EntityKey::reservation("R-bad"));
    let damage = |data: &Path| {
        let store = DiskStore::open(data, DiskOptions::default()).unwrap();
        let mut batch = Batch::new(key::partition(&tenant));
        batch.put(state, b"not a state".to_vec());
        store.commit(vec![batch]).unwrap();
    };
    let house = house.restarted_after(damage).await;
    assert_eq!(house.told(1).await[0].buttons[0], "confirm:R-good");
    let only_the_good = |timers: &Value| {
        let timers = timers["items"].as_array().unwrap();
        timers.len() == 1 && timers[0]["entity_id"] == "R-good"
    };
    house.eventually("/api/v1/timers", only_the_good).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a16_the_jobs_find_nothing_left_to_do() {
    let house = House::new().await;
    house.settle(json!({"reminders": ["1h"]})).await;
    house.book("R-1", "34600000001", 3_600_000 + 300).await;
    house.told(1).await;
    let reminders = house.api.post("/api/v1/admin/jobs/reminders", &json!({})).await.unwrap();
    assert_eq!(
        reminders,
        json!({"ok": true, "reminders_24h": 0, "reminders_2h": 0, "no_shows": 0, "errors": []})
    );
    let watch = house.api.post("/api/v1/admin/jobs/sla-watch", &json!({})).await.unwrap();
    assert_eq!(watch, json!({"ok": true, "breaches": 0, "critical_cluster": false}));
}
