//! WhatsApp after Meta took a message: its statuses, the 24-hour window, and templates.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{House, PATIENCE};

const ANA: &str = "34600000001";
const LINE: &str = "/api/v1/admin/tenants/default";

/// Statuses as Meta brings them, in one envelope.
fn envelope(statuses: &[Value]) -> Value {
    let value = json!({
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "34910000001", "phone_number_id": "555000111"},
        "statuses": statuses,
    });
    json!({
        "object": "whatsapp_business_account",
        "entry": [{"id": "100200300400", "changes": [{"field": "messages", "value": value}]}],
    })
}

async fn tell(house: &House, statuses: &[Value]) {
    let sent = house.phone(ANA).send(&house.api.http, &envelope(statuses)).await.unwrap();
    assert_eq!(sent, 200);
    house.read().await;
}

fn status(word: &str, at: i64, id: &str, delivery: Option<&str>) -> Value {
    let mut status = json!({"id": id, "status": word, "timestamp": at.to_string(),
        "recipient_id": ANA, "pricing": {"billable": true}});
    if let Some(delivery) = delivery {
        status["biz_opaque_callback_data"] = json!(delivery);
    }
    status
}

fn failed(code: i64, id: &str, delivery: &str) -> Value {
    let mut status = status("failed", 1_760_000_040, id, Some(delivery));
    status["errors"] = json!([{"code": code, "title": "Failed",
        "error_data": {"details": format!("the details of {code}")}}]);
    status
}

/// Sends an event to a WhatsApp endpoint; answers with the event's path and the delivery's id.
async fn notified(house: &House) -> (String, String) {
    let sent = house.event("client.created", json!({})).await;
    let path = format!("/api/v1/events/{}", sent["ids"][0].as_str().unwrap());
    let taken = |event: &Value| event["deliveries"][0]["status"] == "sent";
    let event = house.eventually(&path, taken).await;
    (path, event["deliveries"][0]["id"].as_str().unwrap().to_owned())
}

/// Somebody of the staff with the customer's own phone, who wants to hear of clients alone.
async fn staff(house: &House) {
    let filters = json!({"events": ["client.*"]});
    let target = format!("+{ANA}");
    house.endpoint(json!({"kind": "whatsapp", "target": target, "filters": filters})).await;
}

async fn set(house: &House, templates: Value) {
    let settings = json!({"whatsapp": {"templates": templates}});
    house.api.patch(LINE, &settings).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn d03_statuses_land_on_their_delivery_in_any_order_and_never_go_back() {
    let house = House::new().await;
    house.settle(json!({})).await;
    staff(&house).await;
    let (path, id) = notified(&house).await;
    let delivery = |event: Value| event["deliveries"][0].clone();
    let shown = delivery(house.api.get(&path).await.unwrap());
    let wamid = format!("wamid.{id}");
    assert_eq!(
        (&shown["provider_status"], &shown["provider_message_id"]),
        (&json!("accepted"), &json!(wamid))
    );

    // Known by our id, by Meta's id, several in one envelope, repeated, and the highest first.
    for (statuses, stands) in [
        (vec![status("delivered", 1_760_000_021, &wamid, None)], "delivered"),
        (vec![status("sent", 1_760_000_020, &wamid, Some(&id))], "delivered"),
        (
            vec![
                status("read", 1_760_000_022, &wamid, Some(&id)),
                status("delivered", 1_760_000_021, &wamid, Some(&id)),
            ],
            "read",
        ),
        (vec![status("sent", 1_760_000_020, &wamid, Some(&id)); 3], "read"),
        (vec![failed(131_026, &wamid, &id)], "read"),
        (vec![status("deleted", 1_760_000_099, &wamid, Some(&id))], "read"),
    ] {
        tell(&house, &statuses).await;
        let shown = delivery(house.api.get(&path).await.unwrap());
        assert_eq!(shown["provider_status"], stands, "{shown}");
    }
    let house = house.restarted().await;
    let shown = delivery(house.api.get(&path).await.unwrap());
    assert_eq!(shown["status"], "sent");
    assert_eq!(
        shown["provider_times"],
        json!({"sent_at": "2025-10-09T08:53:40.000Z", "delivered_at": "2025-10-09T08:53:41.000Z",
            "read_at": "2025-10-09T08:53:42.000Z", "failed_at": "2025-10-09T08:54:00.000Z"})
    );
    let error = json!({"code": 131_026, "message": "the details of 131026"});
    assert_eq!(shown["provider_error"], error);
}

#[tokio::test(flavor = "multi_thread")]
async fn d03_a_failure_is_kept_and_a_status_of_a_strangers_message_is_no_error() {
    let house = House::new().await;
    house.settle(json!({})).await;
    staff(&house).await;
    let (path, id) = notified(&house).await;
    let wamid = format!("wamid.{id}");
    tell(
        &house,
        &[
            status("read", 1, "wamid.of-another-app", None),
            status("read", 1, "wamid.of-another-app", Some("their-own-text")),
            status("read", 1, "wamid.of-another-app", Some("msg_0000000000001")),
            json!({"id": "wacid.1", "type": "call", "status": "RINGING", "timestamp": "1"}),
            json!({"status": "read"}),
            failed(131_049, &wamid, &id),
            status("sent", 1_760_000_020, &wamid, Some(&id)),
        ],
    )
    .await;
    let shown = house.api.get(&path).await.unwrap()["deliveries"][0].clone();
    assert_eq!(
        (shown["provider_status"].as_str(), &shown["provider_error"]["code"]),
        (Some("failed"), &json!(131_049))
    );
    let mut elsewhere = envelope(&[status("read", 1, &wamid, Some(&id))]);
    elsewhere["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = json!("999");
    assert_eq!(house.phone(ANA).send(&house.api.http, &elsewhere).await.unwrap(), 200);
    house.read().await;
    let shown = house.api.get(&path).await.unwrap()["deliveries"][0].clone();
    assert_eq!(shown["provider_status"], "failed", "what another number sent is not ours");
}

#[tokio::test(flavor = "multi_thread")]
async fn d03_what_meta_says_it_has_is_not_sent_a_second_time() {
    let house = House::new().await;
    house.settle(json!({"retry": {"first": "1s", "attempts": 3}})).await;
    staff(&house).await;
    house.graph.refuse([(500, 131_000)]);
    let sent = house.event("client.created", json!({})).await;
    let path = format!("/api/v1/events/{}", sent["ids"][0].as_str().unwrap());
    let retrying = |event: &Value| event["deliveries"][0]["status"] == "retrying";
    let event = house.eventually(&path, retrying).await;
    let id = event["deliveries"][0]["id"].as_str().unwrap();
    tell(&house, &[status("delivered", 1_760_000_021, "wamid.lost", Some(id))]).await;
    let event = house.eventually(&path, |event| event["deliveries"][0]["status"] == "sent").await;
    let shown = &event["deliveries"][0];
    assert_eq!(
        (&shown["provider_status"], &shown["provider_message_id"]),
        (&json!("delivered"), &json!("wamid.lost"))
    );
    assert!(house.graph.inbox.all().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a05_outside_the_window_a_message_becomes_its_template_or_says_to_set_one() {
    let house = House::new().await;
    house.settle(json!({"retry": {"attempts": 1}})).await;
    staff(&house).await;
    house.graph.refuse([(400, 131_047)]);
    house.event("client.created", json!({"n": 1})).await;
    let line = house.logged(1).await.remove(0);
    assert_eq!(
        (line["outcome"].as_str(), line["response_code"].as_i64()),
        (Some("dead"), Some(131_047))
    );
    let error = line["error_message"].as_str().unwrap();
    assert!(error.contains("whatsapp.templates.notice"), "{error}");

    // Nothing is known of her: the template is the safe choice.
    set(&house, json!({"notice": {"name": "notice_v1", "language": "es"}})).await;
    house.event("client.created", json!({"n": 2})).await;
    let sent = house.told(1).await.pop().unwrap();
    assert_eq!((sent.kind.as_str(), sent.text.as_str()), ("template", "notice_v1"));

    // She writes: for a day, anything may be written to her, unless Meta knows better.
    house.phone(ANA).say(&house.api.http, "hola").await.unwrap();
    house.read().await;
    house.event("client.created", json!({"n": 3})).await;
    assert_eq!(house.told(2).await.pop().unwrap().kind, "text");
    house.graph.refuse([(400, 131_047)]);
    house.event("client.created", json!({"n": 4})).await;
    assert_eq!(house.told(3).await.pop().unwrap().kind, "template", "in the same attempt");
    let tried = |line: &&Value| line["status"] != "filtered";
    assert!(house.logged(4).await.iter().filter(tried).all(|line| line["attempt"] == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a05_what_a_customer_wrote_more_than_a_day_ago_opens_nothing() {
    let house = House::new().await;
    house.settle(json!({"retry": {"attempts": 1}})).await;
    staff(&house).await;
    let mut old = house.phone(ANA).message(json!({"type": "text", "text": {"body": "hola"}}));
    let message = &mut old["entry"][0]["changes"][0]["value"]["messages"][0];
    let sent_at: i64 = message["timestamp"].as_str().unwrap().parse().unwrap();
    message["timestamp"] = json!((sent_at - 25 * 3_600).to_string());
    assert_eq!(house.phone(ANA).send(&house.api.http, &old).await.unwrap(), 200);
    house.read().await;
    let house = house.restarted().await;
    house.settle(json!({"retry": {"attempts": 1}})).await;
    house.event("client.created", json!({})).await;
    let failed = "/api/v1/admin/notify/logs?status=failed";
    let log = house.eventually(failed, |log| log["items"][0].is_object()).await;
    let line = &log["items"][0];
    let error = line["error_message"].as_str().unwrap();
    assert!(error.contains("24 hours") && error.contains("whatsapp.templates.notice"), "{error}");
    assert_eq!(line["response_code"], -1, "Meta was not asked");
    let wrong =
        json!({"whatsapp": {"templates": {"notice": {"name": "No Such", "language": "es"}}}});
    let unknown = json!({"whatsapp": {"templates": {"greeting": {"name": "a", "language": "es"}}}});
    for (patch, field) in
        [(wrong, "whatsapp.templates.notice.name"), (unknown, "whatsapp.templates.greeting")]
    {
        let (status, problem) = house.raw("PATCH", LINE, patch.to_string()).await;
        assert_eq!(status, 422, "{problem}");
        assert!(problem["field"].as_str().unwrap().starts_with(field), "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a05_a_message_that_meta_finds_too_late_goes_again_as_its_template_once() {
    let house = House::new().await;
    house.settle(json!({"reminders": ["1h"]})).await;
    set(&house, json!({"reminder": {"name": "reminder_v2", "language": "es"}})).await;
    house.phone(ANA).say(&house.api.http, "hola").await.unwrap();
    house.read().await;
    house.book("R-1", ANA, 3_600_000 + 500).await;
    let free = house.told(1).await.remove(0);
    assert_eq!(free.kind, "interactive", "she wrote just now");
    let reminders = house.api.get("/api/v1/events?type=reminder.1h.sent").await.unwrap();
    let path = format!("/api/v1/events/{}", reminders["items"][0]["event_id"].as_str().unwrap());
    house.eventually(&path, |event| event["deliveries"][0]["status"] == "sent").await;
    let wamid = format!("wamid.{}", free.delivery_id);
    let late = failed(131_047, &wamid, &free.delivery_id);
    let sent = status("sent", 1_760_000_020, &wamid, Some(&free.delivery_id));
    tell(&house, &[late.clone(), sent]).await;
    tell(&house, std::slice::from_ref(&late)).await;
    let again = house.told(2).await.pop().unwrap();
    assert_eq!((again.kind.as_str(), again.text.as_str()), ("template", "reminder_v2"));
    assert_eq!(again.delivery_id, free.delivery_id, "the same delivery");
    let event = house.eventually(&path, |event| event["deliveries"][0]["attempts"] == 2).await;
    assert_eq!(event["deliveries"][0]["status"], "sent", "{event}");
    let third = house.graph.inbox.wait(PATIENCE / 20, |all| all.len() > 2).await;
    assert!(third.is_err(), "once");
    let stats = house.api.get("/api/v1/stats?window=1h").await.unwrap();
    assert_eq!(stats["windows"]["1h"]["reminders_sent"], 1, "one reminder, however it went");
}

#[tokio::test(flavor = "multi_thread")]
async fn a05_what_was_too_late_for_a_person_on_the_staff_goes_again_as_its_template() {
    let house = House::new().await;
    house.settle(json!({})).await;
    set(&house, json!({"notice": {"name": "notice_v1", "language": "es"}})).await;
    staff(&house).await;
    house.phone(ANA).say(&house.api.http, "hola").await.unwrap();
    house.read().await;
    let sent = house.event("client.created", json!({})).await;
    let free = house.told(1).await.remove(0);
    assert_eq!(free.kind, "text", "she wrote just now");
    let path = format!("/api/v1/events/{}", sent["ids"][0].as_str().unwrap());
    house.eventually(&path, |event| event["deliveries"][0]["status"] == "sent").await;
    let wamid = format!("wamid.{}", free.delivery_id);
    tell(&house, &[failed(131_047, &wamid, &free.delivery_id)]).await;
    assert_eq!(house.told(2).await.pop().unwrap().kind, "template");
}

#[tokio::test(flavor = "multi_thread")]
async fn a05_word_that_it_was_too_late_may_come_before_the_answer() {
    let house = House::new().await;
    house.settle(json!({})).await;
    set(&house, json!({"notice": {"name": "notice_v1", "language": "es"}})).await;
    staff(&house).await;
    house.phone(ANA).say(&house.api.http, "hola").await.unwrap();
    house.read().await;
    house.graph.take_time(Duration::from_millis(700));
    house.event("client.created", json!({})).await;
    let free = house.told(1).await.remove(0);
    let wamid = format!("wamid.{}", free.delivery_id);
    tell(&house, &[failed(131_047, &wamid, &free.delivery_id)]).await;
    let again = house.told(2).await.pop().unwrap();
    assert_eq!((again.kind.as_str(), again.delivery_id), ("template", free.delivery_id));
}

#[tokio::test(flavor = "multi_thread")]
async fn d09_a_message_that_failed_after_all_is_told_of_once() {
    let house = House::new().await;
    house.settle(json!({"reminders": ["1h"]})).await;
    let receiver = house.webhook(json!({"filters": {"events": ["message.*", "test.ping"]}})).await;
    house.book("R-1", "34600000001", 3_600_000 + 300).await;
    let sent = house.told(1).await;
    let delivery = sent[0].delivery_id.clone();
    let id = format!("wamid.{delivery}");
    let all = "/api/v1/deliveries?status=sent";
    house.eventually(all, |all| all["items"][0]["id"] == json!(delivery)).await;
    let mut failure = failed(131_026, &id, &delivery);
    failure["errors"][0]["error_data"] = json!({"details": "34600000001 is not on WhatsApp"});
    for _ in 0..3 {
        tell(&house, &[failure.clone(), failure.clone()]).await;
    }
    house.read().await;
    let got = crate::support::deliveries(&receiver, &["message.failed"]).await;
    let told = got[0].json();
    let data = &told["data"];
    assert_eq!((&data["delivery_id"], &data["code"]), (&json!(delivery), &json!(131_026)));
    assert_eq!((&data["reservation_id"], &data["channel"]), (&json!("R-1"), &json!("whatsapp")));
    assert!(!told.to_string().contains("600000001"), "no number leaves: {told}");
    let events = house.api.get("/api/v1/events?type=message.failed").await.unwrap();
    assert_eq!(events["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn d03_f07_why_says_what_meta_says_of_it_and_not_that_it_was_taken() {
    let house = House::new().await;
    house.settle(json!({})).await;
    staff(&house).await;
    for (word, because, of_event) in [
        ("sent", "provider_took_it", "provider_took_it"),
        ("failed", "provider_could_not_deliver", "provider_could_not_deliver"),
        ("delivered", "provider_delivered_it", "receivers_took_it"),
        ("read", "recipient_read_it", "receivers_took_it"),
    ] {
        let (path, id) = notified(&house).await;
        let delivery = format!("/api/v1/deliveries/{id}");
        let shown = house.api.get(&delivery).await.unwrap();
        assert_eq!(shown["why"]["because"], "provider_took_it", "{shown}");
        let wamid = format!("wamid.{id}");
        let said = match word {
            "failed" => failed(131_026, &wamid, &id),
            word => status(word, 1_760_000_021, &wamid, Some(&id)),
        };
        tell(&house, &[said]).await;
        let shown = house.api.get(&delivery).await.unwrap();
        assert_eq!(shown["why"]["because"], because, "{shown}");
        let sentence = shown["why"]["sentence"].as_str().unwrap();
        assert_eq!(sentence.contains("131026"), word == "failed", "{sentence}");
        assert_eq!(shown["why"]["what"] == "undelivered", word == "failed", "{shown}");
        let event = house.api.get(&path).await.unwrap();
        assert_eq!(event["why"]["because"], of_event, "{event}");
    }
}
