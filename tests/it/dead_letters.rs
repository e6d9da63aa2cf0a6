//! What was given up: seen, tried again, edited, thrown away, told of, and brought back by jobs.

use serde_json::{Value, json};
use sereno::receiver::any_port;
use sereno::receiver::webhook::{Behaviour, WebhookReceiver};

use crate::support::{ENDPOINTS, House, PATIENCE, deliveries, moment};

const LETTERS: &str = "/api/v1/dead-letters";

async fn refusing(status: u16) -> WebhookReceiver {
    let script = std::iter::repeat_n((status, None), 1_000).collect();
    let behaviour = Behaviour { script, ..Behaviour::default() };
    WebhookReceiver::start(any_port(), behaviour).await.unwrap()
}

/// A house with an endpoint that refuses everything, and so many dead letters.
async fn house_with_letters(count: usize, status: u16) -> (House, WebhookReceiver, u64) {
    let house = House::new().await;
    house.settle(json!({"retry": {"first": "10ms", "attempts": 2}})).await;
    let receiver = refusing(status).await;
    let target = json!({"kind": "webhook", "target": receiver.url(),
        "filters": {"events": ["order.*"]}});
    let id = house.endpoint(target).await;
    for number in 0..count {
        house.event("order.paid", json!({"n": number})).await;
    }
    letters(&house, count).await;
    (house, receiver, id)
}

async fn letters(house: &House, count: usize) -> Vec<Value> {
    let there = |answer: &Value| answer["items"].as_array().unwrap().len() == count;
    let answer = house.eventually(&format!("{LETTERS}?limit=500"), there).await;
    answer["items"].as_array().unwrap().clone()
}

async fn job_done(house: &House, started: &Value) -> Value {
    let path = format!("/api/v1/jobs/{}", started["job_id"].as_str().unwrap());
    house.eventually(&path, |job| job["state"] == "done").await
}

#[tokio::test(flavor = "multi_thread")]
async fn b14_e06_a_dead_letter_shows_its_cause_its_history_and_when_it_expires() {
    let (house, _receiver, id) = house_with_letters(1, 500).await;
    let letter = letters(&house, 1).await.remove(0);
    assert_eq!(letter["cause"], "500");
    assert_eq!((&letter["fault"], &letter["endpoint_id"]), (&json!("receiver"), &json!(id)));
    let path = format!("{LETTERS}/{}", letter["id"].as_str().unwrap());
    let shown = house.api.get(&path).await.unwrap();
    let history = shown["history"].as_array().unwrap();
    assert_eq!(history.len(), 2, "{shown}");
    assert_eq!(
        (&history[0]["outcome"], &history[1]["outcome"]),
        (&json!("retrying"), &json!("dead"))
    );
    assert_eq!(shown["payload"]["data"], json!({"n": 0}));
    assert!(shown["expires_at"].as_str() > shown["dead_at"].as_str());
    let path = format!("/api/v1/deliveries/{}", shown["id"].as_str().unwrap());
    let delivery = house.api.get(&path).await.unwrap();
    assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("dead"), &json!(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn e06_dead_letters_are_grouped_by_cause_with_system_and_configuration_apart() {
    let (house, _receiver, _) = house_with_letters(3, 404).await;
    let gone = json!({"smtp": null});
    house.api.patch("/api/v1/admin/tenants/default", &gone).await.unwrap();
    house.endpoint(json!({"kind": "email", "target": "ana@example.com"})).await;
    house.event("client.created", json!({})).await;
    letters(&house, 4).await;
    let groups = house.api.get(&format!("{LETTERS}?group=cause")).await.unwrap();
    let items = groups["items"].as_array().unwrap();
    assert_eq!((&items[0]["cause"], &items[0]["count"]), (&json!("404"), &json!(3)));
    assert_eq!(items[1]["fault"], "configuration");
    let configuration = house.api.get(&format!("{LETTERS}?fault=configuration")).await.unwrap();
    assert_eq!(configuration["items"].as_array().unwrap().len(), 1);
    let lines = house.api.http.get(house.api.url(&format!("{LETTERS}/export")));
    let lines = lines.bearer_auth(house.key()).send().await.unwrap().text().await.unwrap();
    let exported: Vec<Value> = lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(exported.len(), 4);
    assert_eq!(exported[0]["payload"]["event_type"], "order.paid");
}

#[tokio::test(flavor = "multi_thread")]
async fn b14_a_dead_letter_is_tried_again_edited_or_thrown_away() {
    let (house, receiver, _) = house_with_letters(3, 400).await;
    receiver.behave(|behaviour| behaviour.script.clear());
    let ids: Vec<String> =
        letters(&house, 3).await.iter().map(|l| l["id"].as_str().unwrap().to_owned()).collect();
    let before = receiver.inbox.all().len();
    house.api.post(&format!("{LETTERS}/{}/retry", ids[0]), &json!({})).await.unwrap();
    let got = receiver.inbox.wait(PATIENCE, |all| all.len() > before).await.unwrap();
    assert_eq!(got.last().unwrap().id, ids[0], "under the same id");
    let edited = json!({"data": {"n": "mended"}});
    house.api.post(&format!("{LETTERS}/{}/retry", ids[1]), &edited).await.unwrap();
    let got = receiver.inbox.wait(PATIENCE, |all| all.len() > before + 1).await.unwrap();
    let last = got.last().unwrap();
    assert_eq!(last.json()["data"], json!({"n": "mended"}));
    assert_ne!(last.id, ids[1], "another event has another id");
    let (status, _) = house.raw("DELETE", &format!("{LETTERS}/{}", ids[2]), "").await;
    assert_eq!(status, 200);
    letters(&house, 0).await;
    let (status, answer) = house.raw("DELETE", &format!("{LETTERS}/{}", ids[2]), "").await;
    assert_eq!((status, &answer["detail"]), (404, &json!("no such dead letter")));
    let path = format!("/api/v1/deliveries/{}", ids[0]);
    let sent = house.eventually(&path, |shown| shown["status"] == "sent").await;
    assert_eq!((&sent["attempts"], sent["history"].as_array().unwrap().len()), (&json!(2), 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_many_are_counted_then_tried_again_by_a_job() {
    let (house, receiver, id) = house_with_letters(30, 400).await;
    receiver.behave(|behaviour| behaviour.script.clear());
    let path = format!("{LETTERS}/retry");
    let dry = json!({"endpoint_id": id, "cause": "400", "dry_run": true});
    let counted = house.api.post(&path, &dry).await.unwrap();
    assert_eq!((&counted["count"], &counted["complete"]), (&json!(30), &json!(true)));
    let other = json!({"event_type": "client.*", "dry_run": true});
    assert_eq!(house.api.post(&path, &other).await.unwrap()["count"], 0);
    letters(&house, 30).await;
    let started = house.api.post(&path, &json!({"endpoint_id": id})).await.unwrap();
    let job = job_done(&house, &started).await;
    assert_eq!(
        (&job["matched"], &job["done"], &job["progress"]),
        (&json!(30), &json!(30), &json!(1.0))
    );
    let arrived = |all: &[sereno::receiver::webhook::Delivery]| {
        all.iter().filter(|delivery| delivery.answered.is_success()).count() == 30
    };
    receiver.inbox.wait(PATIENCE, arrived).await.unwrap();
    letters(&house, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_an_endpoint_recovers_what_it_missed_while_it_was_disabled_or_failing() {
    let house = House::new().await;
    let start = moment(-1_000);
    let receiver = house.webhook(json!({"filters": {"events": ["order.*"]}})).await;
    house.event("order.paid", json!({"n": 0})).await;
    deliveries(&receiver, &["order.paid"]).await;
    house.api.post(&format!("{ENDPOINTS}/1/toggle"), &json!({})).await.unwrap();
    for number in 1..=5 {
        house.event("order.paid", json!({"n": number})).await;
    }
    house.event("client.created", json!({})).await;
    house.api.post(&format!("{ENDPOINTS}/1/toggle"), &json!({})).await.unwrap();
    let path = format!("{ENDPOINTS}/1/recover");
    let dry = json!({"since": start, "dry_run": true});
    assert_eq!(house.api.post(&path, &dry).await.unwrap()["count"], 5);
    let started = house.api.post(&path, &json!({"since": start})).await.unwrap();
    assert_eq!(job_done(&house, &started).await["done"], 5);
    let got = receiver.inbox.wait(PATIENCE, |all| all.len() == 6).await.unwrap();
    let mut numbers: Vec<_> = got.iter().map(|d| d.json()["data"]["n"].as_i64().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [0, 1, 2, 3, 4, 5]);
    assert_eq!(house.api.post(&path, &dry).await.unwrap()["count"], 0, "nothing is missing now");
    let late = got.iter().find(|delivery| delivery.json()["data"]["n"] == 3).unwrap();
    let place = format!("/api/v1/deliveries/{}", late.id);
    let shown = house.eventually(&place, |shown| shown["status"] == "sent");
    assert_eq!(shown.await["event_type"], "order.paid");
    let wrong = house.api.post(&path, &json!({})).await.unwrap_err();
    assert!(wrong.to_string().contains("since: is missing"), "{wrong}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_a_job_goes_on_after_a_restart_and_can_be_cancelled() {
    let (house, receiver, id) = house_with_letters(40, 400).await;
    receiver.behave(|behaviour| behaviour.script.clear());
    let started = house.api.post(&format!("{LETTERS}/retry"), &json!({})).await.unwrap();
    let house = house.restarted().await;
    let job = job_done(&house, &started).await;
    assert_eq!(job["matched"], job["done"]);
    letters(&house, 0).await;
    let cancel = format!("/api/v1/jobs/{}/cancel", started["job_id"].as_str().unwrap());
    let (status, answer) = house.raw("POST", &cancel, "").await;
    assert_eq!((status, &answer["detail"]), (409, &json!("the job has ended already")));
    let jobs = house.api.get("/api/v1/jobs").await.unwrap();
    assert_eq!(jobs["items"][0]["filter"]["endpoint_id"], json!(null));
    let sent = |all: &Value| all["items"].as_array().unwrap().len() == 40;
    house.eventually("/api/v1/deliveries?status=sent&limit=500", sent).await;
    let replay = json!({"status": "sent", "endpoint_id": id});
    let started = house.api.post("/api/v1/deliveries/retry", &replay).await.unwrap();
    job_done(&house, &started).await;
    let all = |all: &[sereno::receiver::webhook::Delivery]| all.len() >= 120;
    receiver.inbox.wait(PATIENCE, all).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn e06_people_hear_of_many_dead_letters_of_old_ones_and_of_those_thrown_away() {
    let house = House::new().await;
    let rules = json!({"dead_letters": {"alert_count": 3, "alert_age": "2s", "keep": "4s"}});
    house.settle(rules).await;
    let refusing = refusing(400).await;
    let target = json!({"kind": "webhook", "target": refusing.url(),
        "filters": {"events": ["order.*"]}});
    house.endpoint(target).await;
    let operator = house.webhook(json!({"filters": {"events": ["dead_letters.*"]}})).await;
    for _ in 0..4 {
        house.event("order.paid", json!({})).await;
    }
    let many = deliveries(&operator, &["dead_letters.threshold_exceeded"]).await.remove(0).json();
    assert_eq!((&many["data"]["count"], &many["data"]["threshold"]), (&json!(4), &json!(3)));
    deliveries(&operator, &["dead_letters.aging"]).await;
    let gone = deliveries(&operator, &["dead_letters.expired"]).await;
    let gone = gone.iter().find(|d| d.event_type == "dead_letters.expired").unwrap().json();
    assert_eq!(gone["data"]["count"], 4);
    letters(&house, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_deliveries_are_listed_by_status_endpoint_and_type_in_pages() {
    let (house, _receiver, id) = house_with_letters(5, 400).await;
    let other = house.webhook(json!({})).await;
    for _ in 0..5 {
        house.event("client.created", json!({})).await;
    }
    other.inbox.wait(PATIENCE, |all| all.len() == 5).await.unwrap();
    let listed = |query: &'static str, count: usize| {
        let house = &house;
        let path = format!("/api/v1/deliveries?limit=500&{query}");
        async move {
            let fits = |answer: &Value| answer["items"].as_array().unwrap().len() == count;
            house.eventually(&path, fits).await
        }
    };
    listed("status=sent", 5).await;
    listed("status=dead&endpoint_id=1", 5).await;
    listed("event_type=client.*", 5).await;
    listed("status=held", 0).await;
    assert_eq!(id, 1);
    let mut path = "/api/v1/deliveries?limit=3".to_owned();
    let mut seen = std::collections::BTreeSet::new();
    let mut pages = 0;
    loop {
        let page = house.api.get(&path).await.unwrap();
        let items = page["items"].as_array().unwrap();
        seen.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        pages += 1;
        let Some(next) = page["next_cursor"].as_str() else { break };
        path = format!("/api/v1/deliveries?limit=3&cursor={next}");
    }
    assert_eq!((seen.len(), pages), (10, 4));
    let (status, answer) = house.raw("GET", "/api/v1/deliveries?status=lost", "").await;
    assert_eq!((status, &answer["field"]), (422, &json!("status")));
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_an_event_is_replayed_to_those_who_want_it_now() {
    let house = House::new().await;
    let first = house.webhook(json!({})).await;
    let sent = house.event("order.paid", json!({})).await;
    deliveries(&first, &["order.paid"]).await;
    house.eventually("/api/v1/deliveries", |all| all["items"][0]["status"] == "sent").await;
    let second = house.webhook(json!({})).await;
    let path = format!("/api/v1/events/{}/replay", sent["ids"][0].as_str().unwrap());
    let replayed = house.api.post(&path, &json!({})).await.unwrap();
    assert_eq!(replayed["replayed"], 2);
    deliveries(&second, &["order.paid"]).await;
    let got = first.inbox.wait(PATIENCE, |all| all.len() == 2).await.unwrap();
    assert_eq!(got[0].id, got[1].id);
}

#[tokio::test(flavor = "multi_thread")]
async fn b14_of_many_who_edit_or_discard_one_dead_letter_at_once_one_does() {
    let (house, receiver, _) = house_with_letters(1, 400).await;
    receiver.behave(|behaviour| behaviour.script.clear());
    let before = receiver.inbox.all().len();
    let path = format!("{LETTERS}/{}", letters(&house, 1).await[0]["id"].as_str().unwrap());
    let edits = (0..12).map(|n| {
        let (api, path) = (house.api.clone(), format!("{path}/retry"));
        async move { api.post(&path, &json!({"data": {"n": n}})).await.is_ok() }
    });
    let done = futures_util::future::join_all(edits).await;
    assert_eq!(done.iter().filter(|done| **done).count(), 1, "{done:?}");
    let (status, _) = house.raw("DELETE", &path, "").await;
    assert_eq!(status, 404);
    let got = receiver.inbox.wait(PATIENCE, |all| all.len() > before).await.unwrap();
    assert_eq!(got.len(), before + 1);
    let large = json!({"data": {"text": "x".repeat(300_000)}});
    house.event("order.paid", json!({})).await;
    let (status, _) = house.raw("POST", &format!("{path}/retry"), large.to_string()).await;
    assert_eq!(status, 404, "it is gone, whatever is sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn b14_of_many_who_retry_or_discard_a_dead_letter_at_once_one_does() {
    let (house, receiver, _) = house_with_letters(20, 400).await;
    receiver.behave(|behaviour| behaviour.script.clear());
    let before = receiver.inbox.all().len();
    let mut stand = Vec::new();
    for letter in letters(&house, 20).await {
        let id = letter["id"].as_str().unwrap().to_owned();
        let path = format!("{LETTERS}/{id}");
        let wishes = (0..6).map(|number| {
            let (house, path) = (&house, &path);
            async move {
                match number % 2 {
                    0 => house.raw("POST", &format!("{path}/retry"), "{}").await.0,
                    _ => house.raw("DELETE", path, "").await.0,
                }
            }
        });
        let answers = futures_util::future::join_all(wishes).await;
        let done: Vec<_> = answers.iter().filter(|status| **status < 300).collect();
        assert_eq!(done.len(), 1, "{answers:?}");
        assert!(answers.iter().all(|status| [200, 202, 404, 409].contains(status)), "{answers:?}");
        stand.push((id, if *done[0] == 202 { "sent" } else { "dead" }));
    }
    for (id, status) in &stand {
        house
            .eventually(&format!("/api/v1/deliveries/{id}"), |shown| shown["status"] == *status)
            .await;
    }
    let sent_again = stand.iter().filter(|(_, status)| *status == "sent").count();
    assert_eq!(receiver.inbox.all().len(), before + sent_again);
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_an_event_that_is_replayed_by_many_at_once_reaches_a_new_endpoint_under_one_id() {
    let house = House::new().await;
    let sent = house.event("order.paid", json!({})).await;
    let receiver = house.webhook(json!({})).await;
    let path = format!("/api/v1/events/{}/replay", sent["ids"][0].as_str().unwrap());
    let replays = (0..12).map(|_| {
        let (api, path) = (house.api.clone(), path.clone());
        async move { api.post(&path, &json!({})).await.unwrap() }
    });
    futures_util::future::join_all(replays).await;
    let got = receiver.inbox.wait(PATIENCE, |all| !all.is_empty()).await.unwrap();
    assert!(got.iter().all(|delivery| delivery.id == got[0].id));
    let all = house.api.get("/api/v1/deliveries").await.unwrap();
    assert_eq!(all["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn e06_people_are_told_again_once_a_pile_was_cleared() {
    let house = House::new().await;
    house.settle(json!({"dead_letters": {"alert_count": 1, "alert_age": "3s"}})).await;
    let refusing = refusing(400).await;
    let target = json!({"kind": "webhook", "target": refusing.url(),
        "filters": {"events": ["order.*"]}});
    house.endpoint(target).await;
    let operator = house.webhook(json!({"filters": {"events": ["dead_letters.*"]}})).await;
    let many = "dead_letters.threshold_exceeded";
    for told in 1..=2 {
        for _ in 0..2 {
            house.event("order.paid", json!({})).await;
        }
        deliveries(&operator, &vec![many; told]).await;
        letters(&house, 2).await;
        let started = house.api.post(&format!("{LETTERS}/discard"), &json!({})).await.unwrap();
        job_done(&house, &started).await;
        let looked = |timers: &Value| {
            timers["items"]
                .as_array()
                .unwrap()
                .iter()
                .all(|timer| timer["entity"] != "dead-letters")
        };
        house.eventually("/api/v1/timers?limit=500", looked).await;
    }
    house.event("order.paid", json!({})).await;
    letters(&house, 1).await;
    deliveries(&operator, &["dead_letters.aging"]).await;
}
