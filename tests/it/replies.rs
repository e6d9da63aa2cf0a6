//! A person replies to a customer on WhatsApp: in their own words while it takes them, as a template otherwise.

use serde_json::{Value, json};

use crate::browser::{Browser, audit};
use crate::support::{House, deliveries};

const ANA: &str = "34600000001";
const CLOSED: &str = "the customer last wrote more than 24 hours ago";

/// The conversation that a customer has begun, having written so many seconds ago.
pub(crate) async fn begun(house: &House, seconds_ago: i64) -> String {
    let phone = house.phone(ANA);
    let mut said = phone.message(json!({"type": "text", "text": {"body": "hola"}}));
    let message = &mut said["entry"][0]["changes"][0]["value"]["messages"][0];
    let at: i64 = message["timestamp"].as_str().unwrap().parse().unwrap();
    message["timestamp"] = json!((at - seconds_ago).to_string());
    assert_eq!(phone.send(&house.api.http, &said).await.unwrap(), 200);
    house.read().await;
    let talks = house.api.get("/api/v1/conversations?channel=whatsapp").await.unwrap();
    talks["items"][0]["conversation_id"].as_str().unwrap().to_owned()
}

pub(crate) async fn act(house: &House, id: &str, body: Value) -> (u16, Value) {
    house.raw("POST", &format!("/api/v1/conversations/{id}/actions"), body.to_string()).await
}

pub(crate) async fn show(house: &House, id: &str) -> Value {
    house.api.get(&format!("/api/v1/conversations/{id}")).await.unwrap()
}

/// The same with a key: the status, and whether it was answered before.
async fn keyed(house: &House, id: &str, key: &str, body: &Value) -> (u16, bool) {
    let url = format!("{}/api/v1/conversations/{id}/actions", house.base);
    let request = house.api.http.post(url).bearer_auth(house.key());
    let request = request.header("idempotency-key", key).body(body.to_string());
    let response = request.send().await.unwrap();
    let replayed = response.headers().get("idempotent-replayed").is_some();
    (response.status().as_u16(), replayed)
}

#[tokio::test(flavor = "multi_thread")]
async fn d05_a_persons_reply_arrives_stands_in_the_thread_and_answers_the_handoff() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let wanted = ["conversation.message.sent", "handoff.replied"];
    let receiver = house.webhook(json!({"filters": {"events": wanted}})).await;
    let id = begun(&house, 0).await;
    house.event("conversation.escalated", json!({"conversation_id": id})).await;
    let forms = show(&house, &id).await["reply"].clone();
    assert_eq!((&forms["refused"], &forms["templates"]), (&Value::Null, &json!([])));
    assert!(forms["free_until"].is_string(), "{forms}");

    let body = json!({"action": "reply", "text": " Enseguida la\natiendo ", "by": "Eva"});
    let (status, answer) = act(&house, &id, body).await;
    assert_eq!(status, 200, "{answer}");
    let line = answer["messages"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&line["kind"], &line["text"], &line["by"]),
        (&json!("message_sent"), &json!("Enseguida la\natiendo"), &json!("Eva"))
    );
    let sent = house.told(1).await.remove(0);
    assert_eq!((sent.to.as_str(), sent.kind.as_str()), (ANA, "text"));
    assert_eq!(
        (sent.text.as_str(), &json!(sent.delivery_id)),
        ("Enseguida la\natiendo", &line["delivery"]["id"])
    );
    let path = format!("/api/v1/conversations/{id}");
    let arrived = |shown: &Value| {
        let messages = shown["messages"].as_array().unwrap();
        messages.len() == 2 && messages[1]["delivery"]["status"] == "sent"
    };
    let shown = house.eventually(&path, arrived).await;
    let metrics = &shown["metrics"];
    let counted = ["ai_messages", "person_messages"].map(|name| &metrics[name]);
    assert_eq!(counted, [&json!(0), &json!(1)], "counted once, and as a person's");
    let stats = house.api.get("/api/v1/stats?window=1h").await.unwrap().to_string();
    assert!(stats.contains("\"ai_response_time\":{\"count\":0"), "{stats}");
    let turns = shown["history"].as_array().unwrap().iter();
    assert!(turns.clone().all(|turn| turn["event_type"] != "conversation.message.sent"), "{shown}");

    let got = deliveries(&receiver, &wanted).await;
    let told = got.iter().find(|one| one.event_type == "conversation.message.sent").unwrap();
    let data = &told.json()["data"];
    for (name, value) in [
        ("conversation_id", json!(id)),
        ("text", json!("Enseguida la\natiendo")),
        ("sent_by", json!("person")),
        ("by", json!("Eva")),
        ("channel", json!("whatsapp")),
    ] {
        assert_eq!(data[name], value, "{data}");
    }
    let handoff = house.api.get(&format!("/api/v1/handoffs/{id}")).await.unwrap();
    assert_eq!((&handoff["status"], &handoff["timers"]), (&json!("replied"), &json!([])));
    // A second one is no second reply to the handoff, and goes as well.
    let again = json!({"action": "reply", "text": "¿Algo más?"});
    assert_eq!(act(&house, &id, again).await.0, 200);
    assert_eq!(house.told(2).await[1].text, "¿Algo más?");
    let entries = audit(&house, "?action=conversation.act").await;
    assert_eq!(entries[1]["detail"], "action: reply, by: Eva");
    assert!(!json!(entries).to_string().contains("Enseguida"), "what was written is not told");
}

#[tokio::test(flavor = "multi_thread")]
async fn d05_outside_the_window_only_a_template_goes_and_the_refusal_says_so() {
    let house = House::new().await;
    let templates = json!({"notice": {"name": "aviso", "language": "es"},
        "reminder": {"name": "recordatorio", "language": "es"}});
    house.settle(json!({})).await;
    let patch = json!({"whatsapp": {"templates": templates}});
    house.api.patch("/api/v1/admin/tenants/default", &patch).await.unwrap();
    let id = begun(&house, 25 * 3_600).await;
    let forms = show(&house, &id).await["reply"].clone();
    let notice =
        json!({"purpose": "notice", "template": "aviso", "language": "es", "parameters": 1});
    assert_eq!(forms, json!({"refused": null, "free_until": null, "templates": [notice]}));
    let (status, answer) = act(&house, &id, json!({"action": "reply", "text": "hola"})).await;
    let detail = answer["detail"].as_str().unwrap();
    assert!(status == 409 && detail.starts_with(CLOSED) && detail.contains("template"), "{answer}");
    assert_eq!(
        show(&house, &id).await["messages"].as_array().unwrap().len(),
        1,
        "nothing came of it"
    );

    let template =
        json!({"name": "hola_otra_vez", "language": "es_ES", "parameters": ["Ana", "hoy"]});
    let (status, answer) = act(&house, &id, json!({"action": "reply", "template": template})).await;
    assert_eq!(status, 200, "{answer}");
    let line = answer["messages"].as_array().unwrap().last().unwrap();
    assert_eq!(line["text"], "[hola_otra_vez] Ana · hoy");
    let sent = house.told(1).await.remove(0);
    assert_eq!((sent.kind.as_str(), sent.text.as_str()), ("template", "hola_otra_vez"));
    // What was accepted is a delivery like any other: it is tried again.
    house.graph.refuse([(500, 131_000)]);
    let bare = json!({"name": "gracias", "language": "es"});
    assert_eq!(act(&house, &id, json!({"action": "reply", "template": bare})).await.0, 200);
    assert_eq!(house.told(2).await[1].text, "gracias");
}

#[tokio::test(flavor = "multi_thread")]
async fn d05_a_reply_goes_once_for_its_idempotency_key_after_a_restart_too() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let id = begun(&house, 0).await;
    let body = json!({"action": "reply", "text": "Ya voy"});
    assert_eq!(keyed(&house, &id, "key-1", &body).await, (200, false));
    assert_eq!(keyed(&house, &id, "key-1", &body).await, (200, true));
    let other = json!({"action": "reply", "text": "Otra cosa"});
    assert_eq!(keyed(&house, &id, "key-1", &other).await.0, 422);
    house.told(1).await;
    let house = house.restarted().await;
    assert_eq!(keyed(&house, &id, "key-1", &body).await, (200, true));
    assert_eq!(keyed(&house, &id, "key-2", &body).await, (200, false));
    assert_eq!(house.told(2).await.len(), 2);
    assert_eq!(show(&house, &id).await["messages"].as_array().unwrap().len(), 3);
    // What was refused leaves its key free.
    let bad = json!({"action": "reply", "text": " "});
    assert_eq!(keyed(&house, &id, "key-3", &bad).await.0, 422);
    assert_eq!(keyed(&house, &id, "key-3", &other).await, (200, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn d05_where_nobody_can_reply_it_says_what_is_missing() {
    let house = House::new().await;
    let user = json!({"id": "u-1", "phone": "+34600000002"});
    house
        .event(
            "conversation.started",
            json!({"conversation_id": "web", "channel": "web", "user": user}),
        )
        .await;
    let started = json!({"conversation_id": "c-1", "channel": "whatsapp", "user": user});
    house.event("conversation.started", started).await;
    let nobody = json!({"conversation_id": "c-2", "channel": "whatsapp", "user": {"id": "u-2"}});
    house.event("conversation.started", nobody).await;
    let refused = async |id: &str, reason: &str| {
        let (status, answer) = act(&house, id, json!({"action": "reply", "text": "hola"})).await;
        let detail = answer["detail"].as_str().unwrap();
        assert!(status == 409 && detail.starts_with(reason), "{id}: {answer}");
        detail.to_owned()
    };
    let no_line = refused("c-1", "no WhatsApp line is configured: set whatsapp.").await;
    assert_eq!(show(&house, "c-1").await["reply"]["refused"], no_line);
    house.settle(json!({})).await;
    let elsewhere = refused("web", "this conversation is not on WhatsApp").await;
    assert_eq!(show(&house, "web").await["reply"]["refused"], elsewhere);
    refused("c-2", "the customer's number is not known").await;
    refused("c-1", "the customer has not written to this line").await;
    assert_eq!(show(&house, "c-1").await["reply"]["refused"], Value::Null, "a template goes");

    let long = "x".repeat(4_097);
    let many: Vec<&str> = vec!["x"; 11];
    for (body, field) in [
        (json!({}), "text"),
        (json!({"text": ""}), "text"),
        (json!({"text": long}), "text"),
        (json!({"text": "a\u{7}b"}), "text"),
        (json!({"text": 7}), "text"),
        (json!({"text": "a", "template": {"name": "a", "language": "es"}}), "template"),
        (json!({"template": "hola"}), "template"),
        (json!({"template": {"name": "Hola Otra", "language": "es"}}), "template.name"),
        (json!({"template": {"name": "hola", "language": "e"}}), "template.language"),
        (json!({"template": {"name": "hola"}}), "template.language"),
        (json!({"template": {"name": "hola", "language": "es", "to": "x"}}), "template.to"),
        (
            json!({"template": {"name": "hola", "language": "es", "parameters": many}}),
            "template.parameters",
        ),
        (
            json!({"template": {"name": "hola", "language": "es", "parameters": ["a\nb"]}}),
            "template.parameters[0]",
        ),
        (json!({"text": "a", "by": " "}), "by"),
        (json!({"text": "a", "to": "+34600000009"}), "to"),
    ] {
        let mut asked = json!({"action": "reply"});
        asked.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        let (status, answer) = act(&house, "c-1", asked).await;
        assert_eq!((status, &answer["field"]), (422, &json!(field)), "{body}: {answer}");
    }
    assert_eq!(act(&house, "c-1", json!({"action": "shout"})).await.0, 422);
    assert_eq!(act(&house, "nobody", json!({"action": "reply", "text": "a"})).await.0, 404);
    let viewer = Browser::with_role(&house, "viewer").await;
    let asked = json!({"action": "reply", "text": "a"});
    assert_eq!(viewer.ask("POST", "/api/v1/conversations/c-1/actions", &asked).await.0, 403);
    assert!(house.graph.inbox.all().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn b02_a_person_takes_a_conversation_over_and_its_handoff_gives_it_back() {
    let house = House::new().await;
    house.settle(json!({"sla_after": "1h", "conversations": {"idle_after": "1s"}})).await;
    let wanted = ["conversation.taken_over", "conversation.given_back"];
    let receiver = house.webhook(json!({"filters": {"events": wanted}})).await;
    for id in ["c-1", "c-2"] {
        house.event("conversation.started", json!({"conversation_id": id, "channel": "web"})).await;
    }
    house.event("conversation.escalated", json!({"conversation_id": "c-1"})).await;
    let (status, held) = act(&house, "c-1", json!({"action": "take_over", "by": "Eva"})).await;
    assert_eq!(status, 200, "{held}");
    assert_eq!((&held["held_by"], &held["ends_if_idle_at"]), (&json!("Eva"), &Value::Null));
    assert_eq!(
        (&held["why"]["next_at"], held["held_until"].is_string()),
        (&held["held_until"], true)
    );
    assert_eq!(
        (&held["why"]["because"], &held["why"]["next"]),
        (&json!("taken_over"), &json!("give_back"))
    );
    let handoff = house.api.get("/api/v1/handoffs/c-1").await.unwrap();
    assert_eq!((&handoff["claimed_by"], &handoff["status"]), (&json!("Eva"), &json!("open")));
    let (status, answer) = act(&house, "c-1", json!({"action": "take_over", "by": "Luis"})).await;
    let detail = answer["detail"].as_str().unwrap();
    assert!(status == 409 && detail.starts_with("Eva has taken it over, since "), "{answer}");

    // Silence ends the other one alone, after a restart too.
    let house = house.restarted().await;
    house.eventually("/api/v1/conversations/c-2", |talk| talk["status"] == "ended").await;
    let listed = house.api.get("/api/v1/conversations?held=true").await.unwrap();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(listed["items"][0]["conversation_id"], "c-1");
    let (status, answer) = act(&house, "c-2", json!({"action": "take_over"})).await;
    assert_eq!((status, &answer["detail"]), (409, &json!("the conversation is over")));
    assert_eq!(act(&house, "c-2", json!({"action": "give_back"})).await.0, 409);

    let path = "/api/v1/handoffs/c-1/actions";
    assert_eq!(house.raw("POST", path, json!({"action": "close"}).to_string()).await.0, 200);
    let given = show(&house, "c-1").await;
    assert_eq!((&given["held_by"], &given["held_at"]), (&Value::Null, &Value::Null));
    let got = deliveries(&receiver, &wanted).await;
    let told = |event_type: &str| {
        let all = got.iter().filter(|one| one.event_type == event_type);
        all.map(|one| one.json()["data"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(told(wanted[0])[0]["by"], "Eva");
    assert_eq!(told(wanted[1])[0]["because"], "handoff_closed");
    house.eventually("/api/v1/conversations/c-1", |talk| talk["status"] == "ended").await;

    // A platform that closes the handoff does the same, and so does a person who gives it back.
    for (id, ends_by_event) in [("c-3", true), ("c-4", false)] {
        house.event("conversation.started", json!({"conversation_id": id})).await;
        house.event("handoff.opened", json!({"conversation_id": id})).await;
        assert_eq!(act(&house, id, json!({"action": "take_over", "by": "Eva"})).await.0, 200);
        if ends_by_event {
            house.event("handoff.closed", json!({"conversation_id": id})).await;
        } else {
            assert_eq!(act(&house, id, json!({"action": "give_back"})).await.0, 200);
        }
        assert_eq!(show(&house, id).await["held_by"], Value::Null);
        // Nobody has the handoff either, unless it is over.
        let handoff = house.api.get(&format!("/api/v1/handoffs/{id}")).await.unwrap();
        let has = if ends_by_event { json!("Eva") } else { Value::Null };
        assert_eq!(handoff["claimed_by"], has, "{handoff}");
    }
    let entries = audit(&house, "?action=conversation.act").await;
    assert_eq!(entries[0]["detail"], "action: give_back");
    assert_eq!(entries[1]["detail"], "action: take_over, by: Eva");
}

#[tokio::test(flavor = "multi_thread")]
async fn d05_nobody_replies_in_what_another_holds_and_taking_it_from_them_is_told() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let receiver = house.webhook(json!({"filters": {"events": ["conversation.taken_over"]}})).await;
    let id = begun(&house, 0).await;
    house.event("conversation.escalated", json!({"conversation_id": id})).await;
    let take = |by: &str, from: Option<&str>| {
        let mut asked = json!({"action": "take_over", "by": by});
        if let Some(from) = from {
            asked["from"] = json!(from);
        }
        asked
    };
    let reply = |by: &str| json!({"action": "reply", "text": "Ya voy", "by": by});
    let nobodys = act(&house, &id, take("Luis", Some("Ana"))).await;
    assert_eq!(nobodys.0, 409, "{}", nobodys.1);
    assert_eq!(act(&house, &id, take("Ana", None)).await.0, 200);
    let (status, answer) = act(&house, &id, reply("Luis")).await;
    let detail = answer["detail"].as_str().unwrap();
    assert!(status == 409 && detail.starts_with("Ana has taken it over, since "), "{answer}");
    let shown = show(&house, &id).await;
    assert_eq!(shown["messages"].as_array().unwrap().len(), 1, "nothing came of it");
    for from in [None, Some("Eva")] {
        assert_eq!(act(&house, &id, take("Luis", from)).await.0, 409);
    }
    assert_eq!(act(&house, &id, take("Luis", Some("Ana"))).await.0, 200);
    let handoff = house.api.get(&format!("/api/v1/handoffs/{id}")).await.unwrap();
    assert_eq!(handoff["claimed_by"], "Luis", "what she had of it is his too");
    assert_eq!(act(&house, &id, reply("Ana")).await.0, 409);
    assert_eq!(act(&house, &id, reply("Luis")).await.0, 200);
    assert_eq!(house.told(1).await[0].text, "Ya voy");
    let entries = audit(&house, "?action=conversation.act").await;
    assert_eq!(entries[1]["detail"], "action: take_over, by: Luis, from: Ana");
    let told = deliveries(&receiver, &["conversation.taken_over", "conversation.taken_over"]).await;
    assert!(told.iter().any(|one| one.json()["data"]["held_by_before"] == "Ana"));
}

#[tokio::test(flavor = "multi_thread")]
async fn d05_a_reply_in_a_conversation_that_silence_ended_has_it_go_on() {
    let house = House::new().await;
    house.settle(json!({"conversations": {"idle_after": "1s"}})).await;
    let id = begun(&house, 0).await;
    let path = format!("/api/v1/conversations/{id}");
    house.eventually(&path, |talk| talk["status"] == "ended").await;
    house.settle(json!({"conversations": {"idle_after": "1h"}})).await;
    assert_eq!(act(&house, &id, json!({"action": "reply", "text": "Ya voy"})).await.0, 200);
    let shown = house.eventually(&path, |talk| talk["status"] == "open").await;
    assert_eq!((&shown["ended_at"], shown["ends_if_idle_at"].is_string()), (&Value::Null, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn b02_who_forgets_a_conversation_leaves_it_to_the_assistant_after_a_while() {
    let house = House::new().await;
    house.settle(json!({"conversations": {"hold_for": "1s", "idle_after": "1h"}})).await;
    let receiver = house.webhook(json!({"filters": {"events": ["conversation.given_back"]}})).await;
    house.event("conversation.started", json!({"conversation_id": "c-1", "channel": "web"})).await;
    assert_eq!(act(&house, "c-1", json!({"action": "take_over", "by": "Eva"})).await.0, 200);
    // A server that was away meanwhile does it all the same.
    let house = house.restarted().await;
    let path = "/api/v1/conversations/c-1";
    let shown = house.eventually(path, |talk| talk["held_by"].is_null()).await;
    assert_eq!((&shown["status"], &shown["held_until"]), (&json!("open"), &Value::Null));
    let told = &deliveries(&receiver, &["conversation.given_back"]).await[0].json()["data"];
    assert_eq!((&told["by"], &told["because"]), (&json!("Eva"), &json!("silence")));
    house.settle(json!({"conversations": {"idle_after": "1h"}})).await;
    assert_eq!(act(&house, "c-1", json!({"action": "take_over", "by": "Eva"})).await.0, 200);
    let timers = house.api.get("/api/v1/timers").await.unwrap();
    let hold = timers["items"].as_array().unwrap().iter().find(|timer| timer["kind"] == "hold");
    let hold = hold.unwrap()["id"].as_str().unwrap();
    assert_eq!(house.raw("POST", &format!("/api/v1/timers/{hold}/fire"), "").await.0, 200);
    assert_eq!(show(&house, "c-1").await["held_by"], Value::Null);
    let zero = json!({"settings": {"conversations": {"hold_for": "0s"}}});
    let answer = house.raw("PATCH", "/api/v1/admin/tenants/default", zero.to_string()).await;
    assert_eq!((answer.0, &answer.1["field"]), (422, &json!("conversations.hold_for")));
}
