//! What arrives at the other end, judged by verifiers that others wrote.

use std::time::Duration;

use serde_json::{Value, json};
use sereno::receiver::verify::Verdict;

use crate::support::{House, PATIENCE, SECRET, deliveries};

const BOOKING: &str = "2030-01-20T20:00:00";

async fn book_change_confirm_cancel(house: &House) {
    let data = |more: Value| {
        let mut data = json!({"reservation_id": "R-1", "date_time": BOOKING, "name": "Ana",
            "wa_number": "+34600000001", "party_size": 4, "restaurant": "La Trattoria"});
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        data
    };
    house.event("reservation.created", data(json!({}))).await;
    house.event("reservation.modified", data(json!({"party_size": 5}))).await;
    house.event("reservation.confirmed", data(json!({}))).await;
    house.event("reservation.cancelled", data(json!({}))).await;
}

const FOUR: [&str; 4] = [
    "reservation.created",
    "reservation.modified",
    "reservation.confirmed",
    "reservation.cancelled",
];

#[tokio::test(flavor = "multi_thread")]
async fn a04_a_bookings_events_reach_slack_mail_and_webhook() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let receiver = house.webhook(json!({})).await;
    house.endpoint(json!({"kind": "slack", "target": house.slack.url()})).await;
    house.endpoint(json!({"kind": "email", "target": "manager@trattoria.example"})).await;
    book_change_confirm_cancel(&house).await;
    let webhooks = deliveries(&receiver, &FOUR).await;
    assert_eq!(webhooks.len(), 4, "each once");
    let slack = house.slack.inbox.wait(PATIENCE, |all| all.len() >= 4).await.unwrap();
    let titles: Vec<_> =
        slack.iter().map(|m| m["blocks"][0]["text"]["text"].as_str().unwrap()).collect();
    assert!(
        titles.contains(&"Nueva reserva") && titles.contains(&"Reserva cancelada"),
        "{titles:?}"
    );
    assert!(slack[0].to_string().contains("domingo 20 de enero, 20:00"), "{}", slack[0]);
    let mails = house.mail.inbox.wait(PATIENCE, |all| all.len() >= 4).await.unwrap();
    assert!(mails.iter().all(|mail| mail.to == ["manager@trattoria.example"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a12_f03_others_verifiers_accept_what_we_sign() {
    let house = House::new().await;
    let receiver = house.webhook(json!({})).await;
    house.event("client.created", json!({"z": 1.0, "a": {"ñ": "€", "b": [true, null]}})).await;
    let got = deliveries(&receiver, &["client.created"]).await.remove(0);
    let body = String::from_utf8(got.body.to_vec()).unwrap();
    assert!(
        body.starts_with(r#"{"data":{"a":{"b":[true,null],"ñ":"€"},"z":1},"event_id":"#),
        "{body}"
    );
    assert!(body.contains(r#""event_type":"client.created","timestamp":""#), "{body}");

    standardwebhooks::Webhook::new(SECRET).unwrap().verify(&got.body, &got.headers).unwrap();
    svix::webhooks::Webhook::new(SECRET).unwrap().verify(&got.body, &got.headers).unwrap();
    let mut forged = got.body.to_vec();
    forged[9] ^= 1;
    assert!(standardwebhooks::Webhook::new(SECRET).unwrap().verify(&forged, &got.headers).is_err());
    assert_eq!(got.verdict, Verdict::Valid, "X-Signature too");

    assert!(got.header("webhook-id").starts_with("msg_"));
    assert_eq!(got.header("x-sereno-event"), "client.created");
    assert_eq!(got.header("x-sereno-attempt"), "1");
    assert_eq!(got.header("content-type"), "application/json");
    assert!(got.header("user-agent").starts_with("sereno/"));
    assert_eq!(got.header("traceparent").len(), 55);
}

#[tokio::test(flavor = "multi_thread")]
async fn a12_secrets_of_the_users_own_sign_as_the_bytes_that_they_are() {
    let house = House::new().await;
    let own = "a-secret-of-my-own-with-32-chars-or-more";
    let receiver = house.webhook(json!({"secret": own})).await;
    receiver.behave(|behaviour| behaviour.secret = Some(own.into()));
    house.event("client.created", json!({})).await;
    let got = deliveries(&receiver, &["client.created"]).await;
    assert_eq!(got[0].verdict, Verdict::Valid);
}

#[tokio::test(flavor = "multi_thread")]
async fn f02_a_failed_delivery_comes_again_under_its_id_and_as_told() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let receiver = house.webhook(json!({})).await;
    receiver.behave(|b| b.script.extend([(503, None), (429, Some(1)), (200, None)]));
    house.event("client.created", json!({})).await;
    let got = deliveries(&receiver, &["client.created"]).await;
    assert_eq!(got.len(), 3);
    assert!(got.iter().all(|delivery| delivery.id == got[0].id && delivery.body == got[0].body));
    assert_eq!(got.iter().map(|delivery| delivery.attempt).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(got[2].at - got[1].at >= Duration::from_millis(990), "Retry-After is obeyed");
}

#[tokio::test(flavor = "multi_thread")]
async fn f04_a_slow_endpoint_delays_only_itself() {
    let house = House::new().await;
    let slow = house.webhook(json!({})).await;
    slow.behave(|behaviour| behaviour.delay = Duration::from_secs(5));
    let fast = house.webhook(json!({})).await;
    let events: Vec<Value> =
        (0..40).map(|n| json!({"event_type": "a.b", "data": {"n": n}})).collect();
    house.api.post("/api/v1/events", &Value::from(events)).await.unwrap();
    let in_time = fast.inbox.wait(Duration::from_secs(4), |all| all.len() == 40).await;
    assert!(in_time.is_ok(), "the fast one waited for the slow one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a14_a_mail_is_a_real_conversation_and_comes_again_after_a_451() {
    let house = House::new().await;
    house.settle(json!({})).await;
    house.mail.refuse([451]);
    house.endpoint(json!({"kind": "email", "target": "manager@trattoria.example"})).await;
    house
        .event("sla.breached", json!({"conversation_id": "<b>c&1</b>", "elapsed_minutes": 5}))
        .await;
    let mail = house.mail.inbox.wait(PATIENCE, |all| !all.is_empty()).await.unwrap().remove(0);
    assert_eq!(mail.from, "sereno@trattoria.example");
    for part in [
        "La Trattoria",
        "Message-ID: <msg_",
        "Auto-Submitted: auto-generated",
        "Date: ",
        "multipart/alternative",
        "text/plain",
        "text/html",
    ] {
        assert!(mail.content.contains(part), "{part} is missing in {}", mail.content);
    }
    assert!(!mail.content.contains("<td><b>"), "what users send is escaped: {}", mail.content);
    let codes: Vec<_> =
        house.logged(2).await.iter().map(|line| line["response_code"].as_i64().unwrap()).collect();
    assert_eq!(codes, [250, 451]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a14_a_mail_is_never_sent_in_the_clear_instead() {
    let house = House::new().await;
    let mail = house.mail.address();
    house
        .settle(json!({"retry": {"attempts": 1}, "smtp": {"host": mail.ip().to_string(),
            "port": mail.port(), "from": "a@b.example", "security": "starttls"}}))
        .await;
    house.endpoint(json!({"kind": "email", "target": "manager@trattoria.example"})).await;
    house.event("a.b", json!({})).await;
    let line = house.logged(1).await.remove(0);
    assert_eq!(line["status"], "failed", "the server offers no STARTTLS: {line}");
    assert!(house.mail.inbox.all().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a18_the_phone_number_leaves_on_no_channel() {
    let house = House::new().await;
    house.settle(json!({"wa_number_hash": "keyed"})).await;
    let receiver = house.webhook(json!({})).await;
    house.endpoint(json!({"kind": "slack", "target": house.slack.url()})).await;
    house.endpoint(json!({"kind": "email", "target": "manager@trattoria.example"})).await;
    house
        .event(
            "handoff.opened",
            json!({"conversation_id": "wa-34600000001",
            "wa_number": "+34 600 000 001", "deep": [{"phone": "34600000001"}]}),
        )
        .await;
    let webhook = deliveries(&receiver, &["handoff.opened"]).await.remove(0);
    let data = webhook.json()["data"].clone();
    let keyed = data["wa_number_hash"].as_str().unwrap();
    assert!(keyed.len() == 16 && keyed != "eb491b384e4fda42", "{keyed}");
    let slack = house.slack.inbox.wait(PATIENCE, |all| !all.is_empty()).await.unwrap();
    let mails = house.mail.inbox.wait(PATIENCE, |all| !all.is_empty()).await.unwrap();
    let log = Value::from(house.log("").await);
    for text in [data, slack[0].clone(), log].map(|value| value.to_string()) {
        assert!(!text.contains("600000001") && !text.contains("600 000 001"), "{text}");
    }
    assert!(!mails[0].content.contains("600000001"));
}
