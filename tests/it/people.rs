//! Conversations and the people in them, by both roads: a platform's events, and the tenant's own line.

use serde_json::{Value, json};

use crate::support::{House, deliveries};

const ANA: &str = "34600000001";
const ANA_HASH: &str = "eb491b384e4fda42";

fn event(id: &str, event_type: &str, data: Value) -> Value {
    json!({"event_id": id, "event_type": event_type, "data": data})
}

/// The platform's events, as the conversation platform writes them.
fn story() -> Vec<Value> {
    let talk = "conv_abc123";
    let user = json!({"id": "user_xyz789", "phone": "+57301234567", "name": "María García"});
    vec![
        event(
            "evt_1",
            "conversation.started",
            json!({"conversation_id": talk, "channel": "whatsapp", "user": user,
                "context": {"entry_point": "qr_code", "campaign": "summer_sale"}}),
        ),
        event(
            "evt_2",
            "conversation.message.received",
            json!({"conversation_id": talk, "message_id": "msg_1", "user": {"id": "user_xyz789"},
                "content": {"type": "text", "text": "Busco un vestido", "language": "es"}}),
        ),
        event(
            "evt_3",
            "ai.intent.detected",
            json!({"conversation_id": talk, "intent": {"name": "product_search", "confidence": 0.89}}),
        ),
        event(
            "evt_4",
            "ai.action.executed",
            json!({"conversation_id": talk,
                "action": {"name": "search_products", "result": {"success": true}}}),
        ),
        event(
            "evt_5",
            "ai.recommendation.generated",
            json!({"conversation_id": talk, "products": [{"sku": "V-1", "name": "Vestido negro"}]}),
        ),
        event(
            "evt_6",
            "conversation.message.sent",
            json!({"conversation_id": talk, "content": {"type": "text", "text": "Mira este"}}),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn b02_a_platforms_events_drive_its_conversation_and_are_announced_once_each() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let receiver = house.webhook(json!({})).await;
    for _ in 0..2 {
        house.api.post("/api/v1/events", &Value::from(story())).await.unwrap();
    }
    let talk = house.api.get("/api/v1/conversations/conv_abc123").await.unwrap();
    assert_eq!(
        (talk["status"].as_str(), talk["channel"].as_str(), talk["campaign"].as_str()),
        (Some("open"), Some("whatsapp"), Some("summer_sale"))
    );
    assert_eq!(
        talk["metrics"],
        json!({"user_messages": 1, "ai_messages": 1, "person_messages": 0, "calls": 0,
            "actions_executed": 1, "products_shown": 1, "escalated": false})
    );
    assert_eq!(talk["intents"][0]["confidence"], 0.89);
    assert_eq!(talk["products"][0]["sku"], "V-1");
    let texts: Vec<_> = talk["messages"].as_array().unwrap().iter().map(|m| &m["text"]).collect();
    assert_eq!(texts, ["Busco un vestido", "Mira este"], "in their order");
    let writers: Vec<_> = talk["messages"].as_array().unwrap().iter().map(|m| &m["by"]).collect();
    assert_eq!(writers, ["customer", "assistant"]);

    let end = json!({"conversation_id": "conv_abc123", "duration": 900, "resolution": {
        "status": "resolved", "outcome": "purchase_completed", "satisfaction_score": 5}});
    house.event("conversation.ended", end).await;
    let talk = house.api.get("/api/v1/conversations/conv_abc123").await.unwrap();
    assert_eq!((talk["status"].as_str(), talk["ended_by"].as_str()), (Some("ended"), Some("told")));
    assert_eq!(talk["resolution"]["satisfaction_score"], 5.0);
    let mut expected: Vec<String> =
        story().iter().map(|event| event["event_type"].as_str().unwrap().to_owned()).collect();
    expected.extend(["conversation.ended".to_owned(), "lead.created".to_owned()]);
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    let got = deliveries(&receiver, &expected).await;
    assert_eq!(got.len(), expected.len(), "nothing twice, and nothing of our own beside the lead");
    let all: Vec<String> = got.iter().map(|delivery| delivery.json().to_string()).collect();
    assert!(!all.concat().contains("57301234567"), "no number leaves");

    let path = format!("/api/v1/leads/{}", talk["lead_id"].as_str().unwrap());
    let lead = house.api.get(&path).await.unwrap();
    assert_eq!(
        (lead["name"].as_str(), lead["locale"].as_str()),
        (Some("María García"), Some("es"))
    );
    assert_eq!((&lead["messages"], &lead["conversations"]), (&json!(1), &json!(1)));
    for (query, count) in [
        ("?status=ended", 1),
        ("?status=open", 0),
        ("?channel=whatsapp", 1),
        ("?channel=web", 0),
        ("?to=2020-01-01T00:00:00Z", 0),
    ] {
        let list = house.api.get(&format!("/api/v1/conversations{query}")).await.unwrap();
        assert_eq!(list["items"].as_array().unwrap().len(), count, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b02_a_customer_who_writes_opens_a_conversation_and_silence_ends_it() {
    let house = House::new().await;
    house.settle(json!({"conversations": {"idle_after": "1s"}})).await;
    let receiver = house.webhook(json!({})).await;
    house.phone(ANA).say(&house.api.http, "hola").await.unwrap();
    house.phone(ANA).say(&house.api.http, "¿tenéis terraza?").await.unwrap();
    let got =
        deliveries(&receiver, &["conversation.started", "lead.created", "conversation.ended"]);
    let got = got.await;
    let of = |kind: &str| got.iter().filter(|d| d.event_type == kind).collect::<Vec<_>>();
    assert_eq!((of("conversation.started").len(), of("lead.created").len()), (1, 1));
    let ended = of("conversation.ended")[0].json()["data"].clone();
    assert_eq!((&ended["reason"], &ended["message_count"]), (&json!("idle"), &json!(2)));
    assert_eq!(of("lead.created")[0].json()["data"]["wa_number_hash"], ANA_HASH);
    let id = ended["conversation_id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("conv_") && !id.contains("600000001"));

    let house = house.restarted().await;
    house.phone(ANA).say(&house.api.http, "otra cosa").await.unwrap();
    let two = |list: &Value| list["items"].as_array().unwrap().len() == 2;
    let list = house.eventually("/api/v1/conversations", two).await;
    let lead = list["items"][0]["lead_id"].as_str().unwrap();
    assert_eq!(list["items"][1]["lead_id"], lead, "the same person in another conversation");
    let leads = house.api.get("/api/v1/leads").await.unwrap();
    assert_eq!(leads["items"].as_array().unwrap().len(), 1);
    assert_eq!(leads["items"][0]["messages"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn b02_an_escalation_opens_one_handoff_which_is_the_one_that_is_told_of() {
    let house = House::new().await;
    house.settle(json!({"sla_after": "700ms"})).await;
    let receiver = house.webhook(json!({})).await;
    house.api.post("/api/v1/events", &Value::from(story())).await.unwrap();
    let escalated = json!({"conversation_id": "conv_abc123", "reason": "quiere una persona"});
    house.event("conversation.escalated", escalated.clone()).await;
    house.event("conversation.escalated", escalated).await;
    let handoff = house.api.get("/api/v1/handoffs/conv_abc123").await.unwrap();
    assert_eq!(
        (handoff["status"].as_str(), handoff["reason"].as_str(), handoff["last_intent"].as_str()),
        (Some("open"), Some("quiere una persona"), Some("product_search"))
    );
    assert!(handoff["wa_number_hash"].is_string(), "whose it is");
    house.event("handoff.opened", json!({"conversation_id": "conv_abc123"})).await;
    let expected = [
        "conversation.escalated",
        "conversation.escalated",
        "handoff.opened",
        "handoff.opened",
        "sla.breached",
    ];
    let got = deliveries(&receiver, &expected).await;
    let of = |kind: &str| got.iter().filter(|d| d.event_type == kind).count();
    assert_eq!((of("handoff.opened"), of("sla.breached")), (2, 1), "ours, and the one that came");
    let talk = house.api.get("/api/v1/conversations/conv_abc123").await.unwrap();
    assert_eq!(talk["escalated"], true);

    // The other way round: a handoff of a conversation that is known marks it.
    house.event("conversation.started", json!({"conversation_id": "c2"})).await;
    house.event("handoff.opened", json!({"conversation_id": "c2"})).await;
    let talk = house.api.get("/api/v1/conversations/c2").await.unwrap();
    assert_eq!(talk["escalated"], true);
    house.event("handoff.opened", json!({"conversation_id": "c3"})).await;
    assert_eq!(house.raw("GET", "/api/v1/conversations/c3", "").await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn d05_a_leads_history_shows_bookings_messages_both_ways_and_how_ours_arrived() {
    let house = House::new().await;
    house.settle(json!({"reminders": ["1h"]})).await;
    house.book("R-1", ANA, 3_600_000 + 800).await;
    let alone = house.api.get("/api/v1/leads").await.unwrap();
    let id = alone["items"][0]["lead_id"].as_str().unwrap().to_owned();
    assert_eq!(alone["items"][0]["wa_number_hash"], ANA_HASH, "known by a booking alone");
    house.told(1).await;
    house.phone(ANA).say(&house.api.http, "1").await.unwrap();
    house.told(2).await;
    let path = format!("/api/v1/leads/{id}/history");
    let arrived = |history: &Value| {
        let items = history["items"].as_array().unwrap().iter();
        let ours = items.filter(|item| item["kind"] == "message_sent");
        ours.filter(|item| item["delivery"]["provider_status"] == "accepted").count() == 2
    };
    let history = house.eventually(&path, arrived).await;
    let items = history["items"].as_array().unwrap();
    let kinds: Vec<(&str, &str)> = items
        .iter()
        .map(|item| {
            let said = item["text"].as_str().or(item["event_type"].as_str());
            (item["kind"].as_str().unwrap(), said.unwrap_or_default())
        })
        .collect();
    let has = |kind: &str, text: &str| kinds.iter().any(|(k, t)| *k == kind && t.starts_with(text));
    for (kind, text) in [
        ("reservation", "reservation.created"),
        ("reservation", "reminder.1h.sent"),
        ("message_sent", "Hola"),
        ("message_received", "1"),
        ("reservation", "reservation.confirmed"),
        ("message_sent", "✅"),
    ] {
        assert!(has(kind, text), "{kind} {text} in {kinds:?}");
    }
    let lead = house.api.get(&format!("/api/v1/leads/{id}")).await.unwrap();
    assert_eq!((&lead["messages"], &lead["lead_id"]), (&json!(1), &json!(id)), "the same id");
    // Page by page it is the same.
    let mut paged = Vec::new();
    let mut next = Some(String::new());
    while let Some(cursor) = next {
        let page = house.api.get(&format!("{path}?limit=2{cursor}")).await.unwrap();
        paged.extend(page["items"].as_array().unwrap().clone());
        next = page["next_cursor"].as_str().map(|cursor| format!("&cursor={cursor}"));
    }
    let ids = |items: &[Value]| items.iter().map(|item| item["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&paged), ids(items));
    let talk = format!("/api/v1/conversations/{}", lead["conversation_id"].as_str().unwrap());
    let told = |talk: &Value| talk["metrics"]["ai_messages"] == 1;
    let talk = house.eventually(&talk, told).await;
    assert_eq!(talk["messages"].as_array().unwrap().len(), 2, "theirs, and our thanks");
    assert_eq!(house.raw("GET", "/api/v1/leads/lead_0000000000000001", "").await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn d05_a_thousand_people_at_once_are_a_thousand_leads_and_no_more() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let mut events = Vec::new();
    for person in 0..250 {
        for turn in 0..4 {
            let user = json!({"id": format!("user_{person}"), "phone": format!("+346{person:08}")});
            let data = json!({"conversation_id": format!("c-{person}"), "user": user,
                "content": {"type": "text", "text": format!("{turn}")}});
            events.push(event(
                &format!("e-{person}-{turn}"),
                "conversation.message.received",
                data,
            ));
        }
    }
    for half in events.chunks(500) {
        house.api.post("/api/v1/events", &Value::from(half.to_vec())).await.unwrap();
    }
    let (mut leads, mut next) = (Vec::new(), Some(String::new()));
    while let Some(cursor) = next {
        let page = house.api.get(&format!("/api/v1/leads?limit=100{cursor}")).await.unwrap();
        leads.extend(page["items"].as_array().unwrap().clone());
        next = page["next_cursor"].as_str().map(|cursor| format!("&cursor={cursor}"));
    }
    assert_eq!(leads.len(), 250);
    assert!(leads.iter().all(|lead| lead["messages"] == 4 && lead["conversations"] == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn b02_bad_facts_are_refused_by_name_and_change_nothing() {
    let house = House::new().await;
    house.settle(json!({})).await;
    for (event_type, data, field) in [
        ("conversation.started", json!({}), "data.conversation_id"),
        ("conversation.message.received", json!({"conversation_id": 5}), "data.conversation_id"),
        ("conversation.started", json!({"conversation_id": "c", "user": []}), "data.user"),
        ("ai.intent.detected", json!({"conversation_id": "c", "intent": 1}), "data.intent"),
        ("inventory.updated", json!({"products": [{"sku": "A"}]}), "data.products[0].new_stock"),
        ("price.changed", json!({"sku": "A", "old_price": 1, "new_price": {}}), "data.new_price"),
    ] {
        let body = json!({"event_type": event_type, "data": data}).to_string();
        let (status, problem) = house.raw("POST", "/api/v1/events", body).await;
        assert_eq!(status, 422, "{problem}");
        assert!(problem.to_string().contains(field), "{field} in {problem}");
    }
    assert_eq!(house.api.get("/api/v1/conversations").await.unwrap()["items"], json!([]));
    for path in [
        "/api/v1/conversations?status=closed",
        "/api/v1/leads?opted_out=maybe",
        "/api/v1/leads?cursor=x",
        "/api/v1/conversations?color=red",
    ] {
        assert_eq!(house.raw("GET", path, "").await.0, 422, "{path}");
    }
}
