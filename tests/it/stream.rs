//! The live stream: everything that becomes durable, in order, once, across whatever cuts it off.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use crate::listener::{Listener, Message, STREAM, ask, token_in};
use crate::process::{Process, book_until_it_ends};
use crate::support::House;

fn of_type<'a>(all: &'a [Message], event: &str, field: &str) -> Vec<&'a Value> {
    all.iter()
        .filter(|message| message.event == event)
        .map(|message| &message.data[field])
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_everything_that_happens_is_told_live_and_in_order() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let works = house.webhook(json!({"filters": {"events": ["reservation.*"]}})).await;
    house.webhook(json!({"filters": {"events": ["client.*"]}})).await;
    let mut listener = house.listen("").await;
    let headers = listener.response.headers();
    assert_eq!(headers["content-type"], "text/event-stream");
    assert_eq!(headers["cache-control"], "no-cache, no-transform");
    assert_eq!(headers["x-accel-buffering"], "no");
    house.book("R-1", "34600000001", 3_600_000).await;
    let all = listener.until(|message| message.data["status"] == "sent").await;
    let told: Vec<(&str, &str)> = all
        .iter()
        .map(|message| {
            let data = &message.data;
            let word = ["event_type", "action", "status"].map(|name| data[name].as_str());
            (message.event.as_str(), word.into_iter().flatten().next().unwrap_or_default())
        })
        .collect();
    let wanted = [
        ("event", "reservation.created"),
        ("delivery", "reservation.created"),
        ("state", "booked"),
        ("timer", "set"),
        ("delivery", "reservation.created"),
    ];
    assert_eq!(told, wanted, "{all:#?}");
    let [event, filtered, state, timer, sent] = &all[..] else { panic!() };
    assert_eq!(event.data["data"]["reservation_id"], "R-1");
    assert!(!event.data.to_string().contains("34600000001"), "{event:?}");
    assert_eq!(filtered.data["endpoints"][0]["endpoint_id"], 2);
    assert_eq!(state.data["state"]["name"], "Ana");
    assert_eq!(
        (&timer.data["entity"], &timer.data["entity_id"]),
        (&json!("reservation"), &json!("R-1"))
    );
    let delivery = &sent.data;
    assert_eq!(delivery["event_id"], event.data["event_id"]);
    assert_eq!(delivery["response_code"], 200);
    assert!(delivery["duration_ms"].is_u64() && delivery["outcome"] == "done", "{delivery}");
    assert_eq!(delivery["id"].as_str(), Some(&*works.inbox.all()[0].id));
    assert!(all.iter().all(|message| message.data["at"].is_string() && !message.id.is_empty()));

    house.api.post("/api/v1/reservations/R-1/actions", &json!({"action": "cancel"})).await.unwrap();
    let all = listener.until(|message| message.data["action"] == "cleared").await;
    assert_eq!(of_type(&all, "state", "status"), ["cancelled"]);
    works.behave(|behaviour| behaviour.script = [(503, None)].into());
    house
        .event(
            "reservation.modified",
            json!({"reservation_id": "R-9", "date_time": "2100-01-01T10:00:00"}),
        )
        .await;
    let all = listener.until(|message| message.data["response_code"] == 503).await;
    let later = all.last().unwrap();
    assert!(
        later.data["status"] == "retrying" && later.data["next_attempt_at"].is_string(),
        "{later:?}"
    );
    listener
        .until(|message| message.data["status"] == "sent" && message.data["attempts"] == 2)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_a_stream_goes_on_where_it_left_off() {
    let house = House::new().await;
    let mut listener = house.listen("?kind=event").await;
    let mut seen = Vec::new();
    let mut sent = Vec::new();
    let send = async |sent: &mut Vec<Value>, count: usize| {
        let first = sent.len();
        let events: Vec<Value> = (first..first + count)
            .map(|n| json!({"event_id": format!("e-{n}"), "event_type": "client.created"}))
            .collect();
        house.api.post("/api/v1/events", &json!({"events": events})).await.unwrap();
        sent.extend((first..first + count).map(|n| json!(format!("e-{n}"))));
    };
    let last = |sent: &[Value]| sent.last().unwrap().clone();
    for round in 0..5 {
        send(&mut sent, 40).await;
        // Cut off in the middle of what one commit did.
        let middle = json!(format!("e-{}", round * 60 + 13));
        seen.extend(listener.until(|message| message.data["event_id"] == middle).await);
        let place = seen.last().unwrap().id.clone();
        drop(listener);
        send(&mut sent, 20).await;
        listener = house.listen_after("?kind=event", &place).await;
        let last = last(&sent);
        seen.extend(listener.until(|message| message.data["event_id"] == last).await);
    }
    assert_eq!(of_type(&seen, "event", "event_id"), sent.iter().collect::<Vec<_>>());
    let place = listener.last_id.clone();
    send(&mut sent, 10).await;
    let house = house.restarted().await;
    let by_query = format!("?kind=event&last_event_id={place}");
    let mut listener = house.listen(&by_query).await;
    let after = last(&sent);
    seen.extend(listener.until(|message| message.data["event_id"] == after).await);
    assert_eq!(of_type(&seen, "event", "event_id"), sent.iter().collect::<Vec<_>>());
    // What is live follows what was read again.
    house.event("client.created", json!({})).await;
    assert_eq!(listener.next().await.unwrap().data["event_type"], "client.created");
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_killed_under_load_no_stream_has_a_hole_or_anything_twice() {
    let data = tempfile::tempdir().unwrap();
    let mut server = Process::start(data.path(), "http://127.0.0.1:9");
    let key = token_in(data.path(), "api_key");
    let mut place = None;
    let mut events: BTreeMap<String, usize> = BTreeMap::new();
    let mut states: BTreeMap<String, usize> = BTreeMap::new();
    let mut acknowledged = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for round in 0..6 {
        let base = format!("http://{}", server.address());
        let opened = Listener::open(&base, &key, "?kind=event,state", place.as_deref()).await;
        let reading = tokio::spawn(read_to_its_end(opened));
        let load = book_until_it_ends(&server.client(data.path()), round);
        tokio::time::sleep(Duration::from_millis(300 + 100 * round)).await;
        server.kill();
        acknowledged.extend(load.join_all().await.into_iter().flatten());
        let (seen, last_id) = reading.await.unwrap();
        place = Some(last_id);
        count(seen, &mut events, &mut states, &mut ids);
        server = Process::start(data.path(), "http://127.0.0.1:9");
    }
    let base = format!("http://{}", server.address());
    let mut listener = Listener::open(&base, &key, "?kind=event,state", place.as_deref()).await;
    let client = server.client(data.path());
    let end = json!({"event_id": "the-end", "event_type": "client.created"});
    client.post("/api/v1/events", &end).await.unwrap();
    let rest = listener.until(|message| message.data["event_id"] == "the-end").await;
    count(rest, &mut events, &mut states, &mut ids);
    assert!(acknowledged.len() > 50, "only {}", acknowledged.len());
    for id in &acknowledged {
        assert_eq!((events.get(id), states.get(id)), (Some(&1), Some(&1)), "{id}");
    }
    assert!(events.values().chain(states.values()).all(|count| *count == 1));
}

async fn read_to_its_end(mut listener: Listener) -> (Vec<Message>, String) {
    let mut seen = Vec::new();
    while let Some(message) = listener.next().await {
        seen.push(message);
    }
    (seen, listener.last_id)
}

fn count(
    seen: Vec<Message>,
    events: &mut BTreeMap<String, usize>,
    states: &mut BTreeMap<String, usize>,
    ids: &mut BTreeSet<String>,
) {
    for message in seen {
        let (all, field) = match message.event.as_str() {
            "event" => (&mut *events, "event_id"),
            "state" => (&mut *states, "entity_id"),
            other => panic!("{other}: {}", message.data),
        };
        // Reminders are events of the workflow: only what was sent is counted by its id.
        let id = message.data[field].as_str().unwrap().to_owned();
        *all.entry(id).or_default() += 1;
        assert!(ids.insert(message.id.clone()), "{} came twice", message.id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_a_client_hears_only_of_what_it_asks_for() {
    let house = House::new().await;
    house.webhook(json!({"filters": {"events": ["client.*"]}})).await;
    house.webhook(json!({})).await;
    let mut listeners = BTreeMap::new();
    for query in [
        "?kind=state",
        "?type=reservation.*",
        "?kind=delivery&endpoint_id=1",
        "?conversation_id=c-1",
        "?reservation_id=R-1&kind=event,state,timer",
        "?user_id=u-1",
    ] {
        listeners.insert(query, house.listen(query).await);
    }
    house.event("client.created", json!({"user_id": "u-1"})).await;
    house.book("R-1", "34600000001", 3_600_000).await;
    house.book("R-2", "34600000001", 3_600_000).await;
    house.event("conversation.started", json!({"conversation_id": "c-1", "channel": "web"})).await;
    house.event("conversation.started", json!({"conversation_id": "c-2", "channel": "web"})).await;
    let mut heard = async |query: &str, wanted: &[&str]| {
        let listener = listeners.get_mut(query).unwrap();
        let mut told = Vec::new();
        for _ in wanted {
            let Message { event, data, .. } = listener.next().await.unwrap();
            let what = ["event_type", "entity_id"].map(|name| data[name].as_str());
            told.push(format!("{event} {}", what.into_iter().flatten().next().unwrap()));
        }
        told.sort_unstable();
        assert_eq!(told, wanted, "{query}");
    };
    heard("?kind=state", &["state R-1", "state R-2", "state c-1", "state c-2"]).await;
    let reservations = [
        "delivery reservation.created",
        "delivery reservation.created",
        "delivery reservation.created",
        "delivery reservation.created",
        "event reservation.created",
        "event reservation.created",
    ];
    heard("?type=reservation.*", &reservations).await;
    let first = [
        "delivery client.created",
        "delivery conversation.started",
        "delivery conversation.started",
        "delivery reservation.created",
        "delivery reservation.created",
    ];
    heard("?kind=delivery&endpoint_id=1", &first).await;
    let talk = [
        "delivery conversation.started",
        "delivery conversation.started",
        "event conversation.started",
        "state c-1",
        "timer c-1",
    ];
    heard("?conversation_id=c-1", &talk).await;
    let booking = ["event reservation.created", "state R-1", "timer R-1"];
    heard("?reservation_id=R-1&kind=event,state,timer", &booking).await;
    heard(
        "?user_id=u-1",
        &["delivery client.created", "delivery client.created", "event client.created"],
    )
    .await;

    for (query, status, field) in [
        ("?kind=letter", 422, "kind"),
        ("?type=a..*", 422, "type"),
        ("?endpoint_id=one", 422, "endpoint_id"),
        ("?limit=3", 422, "limit"),
        ("?cursor=3", 422, "cursor"),
        ("?endpoint=3", 422, "endpoint"),
    ] {
        let (got, problem) = house.raw("GET", &format!("{STREAM}{query}"), "").await;
        assert_eq!((got, &problem["field"]), (status, &json!(field)), "{query}: {problem}");
    }
    for bad in ["nonsense", "1.2", "1.0.3", "1.2.3.4"] {
        let query = format!("{STREAM}?last_event_id={bad}");
        let (got, problem) = house.raw("GET", &query, "").await;
        assert!(
            got == 400 && problem["detail"].as_str().unwrap().contains("Last-Event-ID"),
            "{problem}"
        );
        let answer = ask(&house.base, &house.key(), "", Some(bad)).await;
        assert_eq!(answer.status(), 400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn e01_a_stream_is_of_one_tenant_alone() {
    let house = House::new().await;
    house.admin.post("/api/v1/admin/tenants", &json!({"id": "other"})).await.unwrap();
    let keys = "/api/v1/admin/tenants/other/keys";
    let made = house.admin.post(keys, &json!({"name": "k"})).await.unwrap();
    let other = made["api_key"].as_str().unwrap();
    let mut own = house.listen("?kind=event").await;
    let mut others = Listener::open(&house.base, other, "?kind=event", None).await;
    let place = others.last_id.clone();
    for number in 0..20 {
        house.event("client.created", json!({"n": number})).await;
        let event = json!({"event_type": "client.updated"});
        let client = sereno::client::Client::new(&house.base, other);
        client.post("/api/v1/events", &event).await.unwrap();
    }
    let mut again = Listener::open(&house.base, other, "?kind=event", Some(&place)).await;
    for (listener, wanted) in [
        (&mut own, "client.created"),
        (&mut others, "client.updated"),
        (&mut again, "client.updated"),
    ] {
        for _ in 0..20 {
            assert_eq!(listener.next().await.unwrap().data["event_type"], wanted);
        }
    }
    let unknown = ask(&house.base, "sk_nobody", "", None).await;
    assert_eq!(unknown.status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_f01_each_timer_is_told_by_its_kind_and_the_id_by_which_it_can_be_fired_and_cancelled()
{
    let house = House::new().await;
    house.settle(json!({})).await;
    let mut listener = house.listen("?kind=timer").await;
    let mut next = async |count: usize| {
        let mut told = Vec::new();
        for _ in 0..count {
            told.push(listener.next().await.unwrap().data);
        }
        told
    };
    let act = async |timer: &Value, what: &str| {
        let path = format!("/api/v1/timers/{}/{what}", timer["id"].as_str().unwrap());
        house.api.post(&path, &json!({})).await.unwrap()
    };
    let kinds = |told: &[Value]| -> Vec<String> {
        let word =
            |timer: &Value| format!("{} {}", timer["action"], timer["kind"]).replace('"', "");
        told.iter().map(word).collect()
    };
    house.book("R-1", "34600000001", 72 * 3_600_000).await;
    let set = next(3).await;
    assert_eq!(kinds(&set), ["set reminder.24h", "set reminder.2h", "set no_show"]);
    let listed = house.api.get("/api/v1/timers?reservation_id=R-1").await.unwrap();
    for (told, listed) in set.iter().zip(listed["items"].as_array().unwrap()) {
        assert_eq!((&told["id"], &told["due_at"]), (&listed["id"], &listed["due_at"]));
        assert_eq!((&told["entity_id"], &told["left"]), (&json!("R-1"), &Value::Null));
    }

    // What was heard of can be fired, and one that is not the next can be cancelled.
    act(&set[0], "fire").await;
    let fired = next(3).await;
    assert_eq!(kinds(&fired), ["cleared reminder.24h", "set reminder.2h", "set no_show"]);
    assert_eq!(
        (&fired[0]["id"], &fired[0]["left"]),
        (&set[0]["id"], &json!([set[1]["id"], set[2]["id"]]))
    );
    act(&set[2], "cancel").await;
    let cancelled = next(2).await;
    assert_eq!(kinds(&cancelled), ["cleared null", "set reminder.2h"]);
    assert_eq!(cancelled[0]["left"], json!([set[1]["id"]]));
    house.event("reservation.cancelled", json!({"reservation_id": "R-1"})).await;
    let over = next(1).await;
    assert_eq!(
        (kinds(&over), &over[0]["left"]),
        (vec!["cleared reminder.2h".to_owned()], &json!([]))
    );

    house.event("handoff.opened", json!({"conversation_id": "c-1"})).await;
    let sla = next(1).await;
    assert_eq!((kinds(&sla), &sla[0]["entity"]), (vec!["set sla".to_owned()], &json!("handoff")));
    act(&sla[0], "fire").await;
    assert_eq!(kinds(&next(1).await), ["cleared sla"]);
}
