//! The pipeline: each stage on the event's record, and what becomes of events on which actors die.

use std::path::Path;

use serde_json::{Value, json};
use sereno_actors::record::{self, MetaRecord, key};
use sereno_actors::store::disk::{DiskOptions, DiskStore};
use sereno_actors::store::{Batch, Store as _};
use sereno_workflows::id::EntityKey;

use crate::process::Process;
use crate::support::{House, deliveries, moment};

fn stage<'a>(event: &'a Value, name: &str) -> &'a Value {
    let stages = event["pipeline"].as_array().unwrap();
    stages.iter().find(|stage| stage["stage"] == name).unwrap_or(&Value::Null)
}

fn names(event: &Value) -> Vec<&str> {
    let stages = event["pipeline"].as_array().unwrap();
    stages.iter().map(|stage| stage["stage"].as_str().unwrap()).collect()
}

/// Puts something in the place of a booking that is none: whoever reads it dies.
fn spoil_booking(data: &Path, id: &str, spoilt: bool) {
    let store = DiskStore::open(data, DiskOptions::default()).unwrap();
    let tenant = "default".parse().unwrap();
    let key = key::state(&tenant, &EntityKey::reservation(id));
    let mut batch = Batch::new(key::partition(&tenant));
    match spoilt {
        true => batch.put(key, record::encode(&MetaRecord(vec![1]))),
        false => batch.delete(key),
    }
    store.commit(vec![batch]).unwrap();
    store.close();
}

fn booking(event_id: &str, id: &str) -> Value {
    json!({"event_id": event_id, "event_type": "reservation.created", "data": {
        "reservation_id": id, "date_time": moment(86_400_000), "name": "Ana",
        "wa_number": "+34600000001", "more": "x".repeat(9_000)}})
}

#[tokio::test(flavor = "multi_thread")]
async fn b09_each_stage_stands_on_the_events_record() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let receiver = house.webhook(json!({})).await;
    house.api.post("/api/v1/events", &booking("e-1", "R-1")).await.unwrap();
    deliveries(&receiver, &["reservation.created"]).await;
    let told = |event: &Value| stage(event, "trigger")["duration_us"].is_u64();
    let event = house.eventually("/api/v1/events/e-1", told).await;
    assert_eq!(names(&event), ["validate", "enrich", "route", "process", "store", "trigger"]);
    let mut before = String::new();
    for name in names(&event) {
        let stage = stage(&event, name);
        assert_eq!(stage["status"], "ok", "{stage}");
        assert!(stage["duration_us"].is_u64(), "{stage}");
        let at = stage["at"].as_str().unwrap().to_owned();
        assert!(at >= before, "{name} began at {at}, the one before at {before}");
        before = at;
    }
    assert!(stage(&event, "store")["duration_us"].as_u64() > Some(0), "{event}");
    assert_eq!(stage(&event, "route")["detail"], "reservation/R-1");
    assert_eq!(stage(&event, "trigger")["detail"], "1 deliveries");

    house.event("client.created", json!({"id": 1})).await;
    let listed = house.api.get("/api/v1/events?limit=1&type=client.created").await.unwrap();
    let id = listed["items"][0]["event_id"].as_str().unwrap().to_owned();
    let other = house.api.get(&format!("/api/v1/events/{id}")).await.unwrap();
    assert_eq!(stage(&other, "process")["status"], "skipped", "no workflow cares");
    let cancel = json!({"action": "cancel"});
    house.api.post("/api/v1/reservations/R-1/actions", &cancel).await.unwrap();
    let listed = house.api.get("/api/v1/events?limit=1&type=reservation.cancelled").await.unwrap();
    let id = listed["items"][0]["event_id"].as_str().unwrap().to_owned();
    let own = house.api.get(&format!("/api/v1/events/{id}")).await.unwrap();
    assert_eq!(names(&own), ["store", "trigger"], "what a workflow tells of begins there");

    // The times of the last events are written out at the end.
    let house = house.restarted().await;
    let again = house.api.get("/api/v1/events/e-1").await.unwrap();
    assert_eq!(again["pipeline"], event["pipeline"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn b09_times_are_kept_in_pages_and_only_the_last_are_lost_with_a_kill() {
    let data = tempfile::tempdir().unwrap();
    let process = Process::start(data.path(), "http://127.0.0.1:9");
    let client = process.client(data.path());
    let count = 3 * sereno_actors::limits::TIMES_PER_PAGE;
    for number in 0..count {
        let event = json!({"event_id": format!("e-{number}"), "event_type": "a.b"});
        client.post("/api/v1/events", &event).await.unwrap();
    }
    drop(process);
    let process = Process::start(data.path(), "http://127.0.0.1:9");
    let client = process.client(data.path());
    let mut known = 0;
    for number in 0..count {
        let event = client.get(&format!("/api/v1/events/e-{number}")).await.unwrap();
        let store = stage(&event, "store");
        assert_eq!(store["status"], "ok");
        if store["duration_us"].is_u64() {
            known += 1;
        } else {
            assert!(store["detail"].as_str().unwrap().contains("not kept"), "{store}");
        }
    }
    assert!(known >= count - 2 * sereno_actors::limits::TIMES_PER_PAGE && known < count, "{known}");
}

#[tokio::test(flavor = "multi_thread")]
async fn b09_events_are_enriched_with_business_hours_weekday_and_holiday_and_leave_as_they_came() {
    let house = House::new().await;
    let hours = json!({"thu": [["09:00", "18:00"]], "fri": [["20:00", "02:00"]]});
    let holidays = json!([{"date": "2026-12-25", "name": "Navidad"}]);
    house.settle(json!({"business_hours": hours, "holidays": holidays})).await;
    let shown = house.api.get("/api/v1/admin/tenants/default").await.unwrap();
    assert_eq!(
        (&shown["settings"]["business_hours"], &shown["settings"]["holidays"]),
        (&hours, &holidays)
    );
    let receiver = house.webhook(json!({})).await;
    for (number, (at, weekday, open, holiday)) in [
        ("2026-11-26T08:30:00Z", "thursday", true, Value::Null),
        ("2026-11-26T17:00:00Z", "thursday", false, Value::Null),
        ("2026-11-28T00:30:00Z", "saturday", true, Value::Null),
        ("2026-12-25T20:00:00Z", "friday", false, json!("Navidad")),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("e-{number}");
        let event = json!({"event_id": id, "event_type": "a.b", "timestamp": at, "data": {"n": 1}});
        house.api.post("/api/v1/events", &event).await.unwrap();
        let event = house.api.get(&format!("/api/v1/events/{id}")).await.unwrap();
        let enriched = json!({"weekday": weekday, "is_business_hours": open, "holiday": holiday,
            "user": null});
        assert_eq!(event["enriched"], enriched, "{at}");
    }
    let got = deliveries(&receiver, &["a.b"; 4]).await;
    assert!(got.iter().all(|delivery| delivery.json()["data"] == json!({"n": 1})));
    for (setting, field) in [
        (json!({"business_hours": {"mon": [["18:00", "18:00"]]}}), "business_hours.mon[0]"),
        (json!({"business_hours": {"lunes": []}}), "business_hours"),
        (json!({"business_hours": []}), "business_hours"),
        (json!({"holidays": ["25/12/2026"]}), "holidays[0]"),
    ] {
        let path = "/api/v1/admin/tenants/default";
        let (status, problem) = house.raw("PATCH", path, setting.to_string()).await;
        assert_eq!(status, 422, "{setting} {problem}");
        assert!(problem["field"].as_str().unwrap().starts_with(field), "{setting} {problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b09_an_event_of_a_conversation_says_whom_it_is_about() {
    let house = House::new().await;
    let event = json!({"event_id": "e-1", "event_type": "conversation.message.received", "data": {
        "conversation_id": "conv-1", "message_id": "m-1", "user": {"id": "user_1", "name": "Ana"},
        "content": {"type": "text", "text": "hola"}}});
    house.api.post("/api/v1/events", &event).await.unwrap();
    let event = house.api.get("/api/v1/events/e-1").await.unwrap();
    let lead = event["enriched"]["user"]["lead_id"].as_str().unwrap();
    let lead = house.api.get(&format!("/api/v1/leads/{lead}")).await.unwrap();
    assert_eq!(lead["name"], "Ana", "{lead}");
}

#[tokio::test(flavor = "multi_thread")]
async fn b09_an_event_on_which_actors_die_is_set_aside_and_goes_through_once_that_is_mended() {
    let house = House::new().await;
    house.settle(json!({})).await;
    house.webhook(json!({})).await;
    let house = house.restarted_after(|data| spoil_booking(data, "R-bad", true)).await;
    let batch =
        json!([booking("good-1", "R-1"), booking("bad", "R-bad"), booking("good-2", "R-2")]);
    let answer = house.api.post("/api/v1/events", &batch).await.unwrap();
    assert_eq!((answer["accepted"].as_u64(), answer["duplicates"].as_u64()), (Some(3), Some(0)));
    for id in ["R-1", "R-2"] {
        assert_eq!(house.booking(id).await["status"], "booked", "the others go on");
    }
    let event = house.api.get("/api/v1/events/bad").await.unwrap();
    assert_eq!(stage(&event, "route")["status"], "ok");
    assert_eq!(stage(&event, "process")["status"], "failed", "{event}");
    let reason = stage(&event, "process")["detail"].as_str().unwrap();
    assert!(reason.contains("reservation/R-bad"), "{reason}");
    assert_eq!(
        (&event["quarantined"]["stage"], &event["deliveries"]),
        (&json!("process"), &json!([]))
    );
    let listed = house.api.get("/api/v1/events?pipeline=quarantined").await.unwrap();
    let ids: Vec<_> = listed["items"].as_array().unwrap().iter().map(|e| &e["event_id"]).collect();
    assert_eq!(ids, ["bad"]);
    let alert = house.api.get("/api/v1/events?type=pipeline.quarantined").await.unwrap();
    let alert = &alert["items"][0]["data"];
    assert_eq!(
        (&alert["event_id"], &alert["deaths"], &alert["stage"]),
        (&json!("bad"), &json!(3), &json!("process"))
    );

    // It is kept under its id, and stays where it is as long as nothing changes.
    let again = house.api.post("/api/v1/events", &booking("bad", "R-bad")).await.unwrap();
    assert_eq!(again["duplicates"], 1);
    let (status, answer) = house.raw("POST", "/api/v1/events/bad/reprocess", "").await;
    assert_eq!((status, &answer["pipeline"]), (202, &json!("quarantined")), "{answer}");
    let (status, _) = house.raw("POST", "/api/v1/events/good-1/reprocess", "").await;
    assert_eq!(status, 409, "it went through");
    let (status, _) = house.raw("POST", "/api/v1/events/none/reprocess", "").await;
    assert_eq!(status, 404);

    let house = house.restarted_after(|data| spoil_booking(data, "R-bad", false)).await;
    let receiver = house.webhook(json!({})).await;
    let counted = house.api.post("/api/v1/events/reprocess", &json!({"dry_run": true})).await;
    assert_eq!(counted.unwrap()["count"], 1);
    let none = json!({"type": "client.*", "dry_run": true});
    let counted = house.api.post("/api/v1/events/reprocess", &none).await.unwrap();
    assert_eq!(counted["count"], 0);
    let done = house.api.post("/api/v1/events/reprocess", &json!({})).await.unwrap();
    assert_eq!((&done["processed"], &done["left"]), (&json!(["bad"]), &json!(0)), "{done}");
    let got = deliveries(&receiver, &["reservation.created"]).await;
    assert_eq!(got[0].json()["event_id"], "bad");
    assert_eq!(got[0].json()["data"]["more"].as_str().unwrap().len(), 9_000);
    assert_eq!(house.booking("R-bad").await["status"], "booked");
    let event = house.api.get("/api/v1/events/bad").await.unwrap();
    assert_eq!(
        (stage(&event, "process")["status"].as_str(), &event["quarantined"]),
        (Some("ok"), &Value::Null)
    );
    let listed = house.api.get("/api/v1/events?pipeline=quarantined").await.unwrap();
    assert_eq!(listed["items"], json!([]));
    let all = house.api.get("/api/v1/events?q=bad&type=reservation.created").await.unwrap();
    assert_eq!(all["items"].as_array().unwrap().len(), 1, "it is there once");
}

#[tokio::test(flavor = "multi_thread")]
async fn b09_who_shares_a_mailbox_with_a_deadly_event_gets_through() {
    let house = House::new().await;
    let house = house.restarted_after(|data| spoil_booking(data, "R-bad", true)).await;
    let mut senders = tokio::task::JoinSet::new();
    for number in 0..40 {
        let (http, key) = (house.api.http.clone(), house.key());
        let url = format!("{}/api/v1/events", house.base);
        let id = if number % 2 == 0 { "R-bad".to_owned() } else { format!("R-{number}") };
        let event = booking(&format!("e-{number}"), &id).to_string();
        senders.spawn(async move {
            http.post(url).bearer_auth(key).body(event).send().await.unwrap().status().as_u16()
        });
    }
    assert!(senders.join_all().await.iter().all(|status| *status == 202));
    let listed = house.api.get("/api/v1/events?pipeline=quarantined&limit=100").await.unwrap();
    assert_eq!(listed["items"].as_array().unwrap().len(), 20);
    assert_eq!(house.booking("R-39").await["status"], "booked");
    // Their time comes as that of any other.
    let short = json!({"retention": {"events": "1s"}});
    house.api.patch("/api/v1/admin/tenants/default", &short).await.unwrap();
    let path = "/api/v1/events?pipeline=quarantined";
    house.eventually(path, |list| list["items"] == json!([])).await;
}
