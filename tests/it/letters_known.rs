//! Dead letters that people know of: a cause that somebody has taken note of, and an event that goes another way.

use std::iter::repeat_n;

use serde_json::{Value, json};
use sereno::receiver::webhook::WebhookReceiver;

use crate::browser::{Browser, audit};
use crate::commands::run;
use crate::support::{ENDPOINTS, House, PATIENCE};

const LETTERS: &str = "/api/v1/dead-letters";
const KNOWN: &str = "/api/v1/dead-letters/acknowledge";

/// A house in which so many deliveries were given up, each answered 404.
async fn given_up(count: usize) -> (House, WebhookReceiver) {
    let house = House::new().await;
    house.settle(json!({"retry": {"first": "10ms", "attempts": 1}})).await;
    let refuses = repeat_n((404, None), 500);
    let (receiver, _) = house.answering("order.paid", refuses, &json!({})).await;
    more(&house, 0..count).await;
    (house, receiver)
}

async fn more(house: &House, numbers: std::ops::Range<usize>) {
    let count = numbers.end;
    for number in numbers {
        house.event("order.paid", json!({"n": number})).await;
    }
    letters(house, count).await;
}

async fn letters(house: &House, count: usize) -> Vec<Value> {
    let there = |answer: &Value| answer["items"].as_array().unwrap().len() == count;
    house.eventually(LETTERS, there).await["items"].as_array().unwrap().clone()
}

/// What is said of the only group there is.
async fn group(house: &House) -> Value {
    let groups = house.api.get(&format!("{LETTERS}?group=cause")).await.unwrap();
    assert_eq!(groups["items"].as_array().unwrap().len(), 1, "{groups}");
    groups["items"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn e06_a_cause_that_is_known_stays_so_until_something_new_comes_to_it() {
    let (house, _receiver) = given_up(2).await;
    let operator = Browser::with_role(&house, "operator").await;
    let viewer = Browser::with_role(&house, "viewer").await;
    assert_eq!(group(&house).await["acknowledged"], json!(null));
    let said = json!({"cause": "404", "fault": "receiver", "reason": "they know of it"});
    assert_eq!(viewer.ask("POST", KNOWN, &said).await.0, 403);
    let (status, answer) = operator.ask("POST", KNOWN, &said).await;
    assert_eq!(status, 200, "{answer}");
    let house = house.restarted().await;
    let known = group(&house).await["acknowledged"].clone();
    assert_eq!(known, answer["acknowledged"]);
    assert_eq!(
        (&known["holds"], &known["by"]["name"], &known["reason"]),
        (&json!(true), &json!("operator"), &json!("they know of it"))
    );
    let viewer = Browser::with_role(&house, "viewer").await;
    let seen = viewer.get(&format!("{LETTERS}?group=cause")).await["items"][0].clone();
    assert_eq!(
        (&seen["acknowledged"]["by"]["name"], &seen["acknowledged"]["reason"]),
        (&json!("operator"), &json!("•••"))
    );

    more(&house, 2..3).await;
    let known = group(&house).await["acknowledged"].clone();
    assert_eq!((&known["holds"], &known["reason"]), (&json!(false), &json!("they know of it")));
    let again = json!({"cause": "404", "fault": "receiver"});
    house.api.post(KNOWN, &again).await.unwrap();
    assert_eq!(group(&house).await["acknowledged"]["holds"], true);
    let (status, answer) = house.raw("DELETE", KNOWN, again.to_string()).await;
    assert_eq!((status, &answer["acknowledged"]), (200, &json!(null)));
    assert_eq!(group(&house).await["acknowledged"], json!(null));
    assert_eq!(house.raw("DELETE", KNOWN, again.to_string()).await.0, 404);
    let told: Vec<Value> = audit(&house, "?action=dead_letters.*")
        .await
        .iter()
        .rev()
        .map(|entry| json!([entry["action"], entry["detail"]]))
        .collect();
    let detail = "cause: 404, fault: receiver";
    let (on, off) = ("dead_letters.acknowledge", "dead_letters.unacknowledge");
    assert_eq!(told, [json!([on, detail]), json!([on, detail]), json!([off, detail])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn e06_only_a_cause_that_is_there_is_acknowledged() {
    let (house, _receiver) = given_up(1).await;
    for (body, status, field) in [
        (r#"{"cause": "500", "fault": "receiver"}"#, 404, Value::Null),
        (r#"{"cause": "404", "fault": "system"}"#, 404, Value::Null),
        (r#"{"cause": "404"}"#, 422, json!("fault")),
        (r#"{"fault": "receiver"}"#, 422, json!("cause")),
        (r#"{"cause": "404", "fault": "nobody"}"#, 422, json!("fault")),
        (r#"{"cause": "404", "fault": "receiver", "why": 1}"#, 422, json!("why")),
    ] {
        let (found, answer) = house.raw("POST", KNOWN, body).await;
        assert_eq!((found, &answer["field"]), (status, &field), "{body}: {answer}");
    }
    assert_eq!(group(&house).await["acknowledged"], json!(null));
}

#[tokio::test(flavor = "multi_thread")]
async fn e06_what_does_not_arrive_goes_another_way_and_the_dead_letter_says_so() {
    let (house, _receiver) = given_up(1).await;
    let (other, id) = house.answering("else.where", repeat_n((200, None), 50), &json!({})).await;
    let letter = letters(&house, 1).await.remove(0);
    assert_eq!(letter["handed_on"], json!(null));
    let delivery = letter["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/deliveries/{delivery}/hand-on");
    let operator = Browser::with_role(&house, "operator").await;
    let viewer = Browser::with_role(&house, "viewer").await;
    let said = json!({"endpoint_id": id, "reason": "their till is down"});
    assert_eq!(viewer.ask("POST", &path, &said).await.0, 403);
    let (status, answer) = operator.ask("POST", &path, &said).await;
    assert_eq!((status, &answer["endpoint_id"]), (202, &json!(id)), "{answer}");
    let got = other.inbox.wait(PATIENCE, |all| all.len() == 1).await.unwrap();
    let made = answer["delivery_id"].as_str().unwrap();
    assert_eq!((&*got[0].id, got[0].json()["data"]["n"].as_u64()), (made, Some(0)));
    assert_ne!(made, delivery);

    let house = house.restarted().await;
    let shown = house.api.get(&format!("{LETTERS}/{delivery}")).await.unwrap();
    let to = &shown["handed_on"];
    assert_eq!(
        (&to["endpoint_id"], &to["delivery_id"], &to["by"]["name"], &to["reason"]),
        (&json!(id), &json!(made), &json!("operator"), &json!("their till is down"))
    );
    let sent = |shown: &Value| shown["status"] == "sent";
    house.eventually(&format!("/api/v1/deliveries/{made}"), sent).await;
    let entries = audit(&house, "?action=delivery.hand_on").await;
    assert_eq!(entries.len(), 1);
    let detail = entries[0]["detail"].as_str().unwrap();
    assert_eq!(entries[0]["subject"], json!(delivery));
    assert!(detail.contains(&format!("to endpoint {id}: {made}")), "{detail}");

    // It has it already; and there are some that get nothing.
    let refused = async |body: Value| house.raw("POST", &path, body.to_string()).await;
    let (status, answer) = refused(json!({"endpoint_id": id})).await;
    assert_eq!(status, 409);
    assert!(answer["detail"].as_str().unwrap().contains("already"), "{answer}");
    assert_eq!(refused(json!({"endpoint_id": letter["endpoint_id"]})).await.0, 409);
    assert_eq!(refused(json!({"endpoint_id": 99})).await.0, 404);
    let (status, answer) = refused(json!({})).await;
    assert_eq!((status, &answer["field"]), (422, &json!("endpoint_id")));
    let idle = house.webhook(json!({"filters": {"events": ["else.where"]}})).await;
    let third = id + 1;
    house.api.post(&format!("{ENDPOINTS}/{third}/toggle"), &json!({})).await.unwrap();
    let (status, answer) = refused(json!({"endpoint_id": third})).await;
    assert_eq!(status, 409);
    assert!(answer["detail"].as_str().unwrap().contains("disabled"), "{answer}");
    assert_eq!(idle.inbox.all().len(), 0);
}

/// As a server leaves it that ended between the two: the other endpoint got the event, and the letter says nothing.
#[tokio::test(flavor = "multi_thread")]
async fn e06_what_was_handed_on_and_not_said_is_said_when_asked_again_and_sent_once() {
    let (house, _receiver) = given_up(1).await;
    let (other, id) = house.answering("else.where", repeat_n((200, None), 50), &json!({})).await;
    let letter = letters(&house, 1).await.remove(0);
    let event = letter["event_id"].as_str().unwrap();
    let replay = json!({"endpoint_id": id});
    let answer = house.api.post(&format!("/api/v1/events/{event}/replay"), &replay).await.unwrap();
    let made = answer["deliveries"][0].clone();
    assert!(made.is_string(), "{answer}");
    other.inbox.wait(PATIENCE, |all| all.len() == 1).await.unwrap();
    let house = house.restarted().await;
    let delivery = letter["id"].as_str().unwrap();
    let path = format!("/api/v1/deliveries/{delivery}/hand-on");
    let said = json!({"endpoint_id": id, "reason": "their till is down"}).to_string();
    let (status, answer) = house.raw("POST", &path, said.clone()).await;
    assert_eq!((status, &answer["delivery_id"]), (202, &made), "{answer}");
    let shown = house.api.get(&format!("{LETTERS}/{delivery}")).await.unwrap();
    assert_eq!(shown["handed_on"]["delivery_id"], made);
    assert_eq!(house.raw("POST", &path, said).await.0, 409, "it is said already");
    assert_eq!(other.inbox.all().len(), 1, "and nothing was sent twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn e06_a_cause_is_acknowledged_and_a_letter_handed_on_from_a_shell() {
    let (house, _receiver) = given_up(1).await;
    let (other, id) = house.answering("else.where", repeat_n((200, None), 50), &json!({})).await;
    let letter = letters(&house, 1).await.remove(0);
    let (data, id, letter) = (house.data.path(), id.to_string(), letter["id"].as_str().unwrap());
    let known = ["dead-letters", "acknowledge", "--cause", "404", "--fault", "receiver"];
    run(data, &known).await.says(&["404 is acknowledged"]);
    assert_eq!(group(&house).await["acknowledged"]["holds"], true);
    let undone = [&known[..], &["--undo"]].concat();
    run(data, &undone).await.says(&["404 stands among the others again"]);
    assert_eq!(run(data, &undone).await.code, 1, "it does already");
    let handed = ["deliveries", "hand-on", letter, "--to", &id, "--reason", "their till is down"];
    run(data, &handed).await.says(&["goes to endpoint", "as msg_"]);
    other.inbox.wait(PATIENCE, |all| all.len() == 1).await.unwrap();
    assert_eq!(run(data, &handed).await.code, 1, "it has it already");
}
