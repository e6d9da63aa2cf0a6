//! Handoffs in the histories of those who wait for a person.

use serde_json::{Value, json};

use crate::support::House;

const ANA: &str = "+34600000001";

/// The types of the handoff's events in somebody's history, the oldest first.
async fn handoffs(house: &House, lead: &str) -> Vec<String> {
    let history = house.api.get(&format!("/api/v1/leads/{lead}/history")).await.unwrap();
    let items = history["items"].as_array().unwrap().iter().rev();
    let of_handoffs = items.filter(|item| item["kind"] == "handoff");
    of_handoffs.map(|item| item["event_type"].as_str().unwrap().to_owned()).collect()
}

/// The whole life of a handoff, as a platform tells of it.
async fn lives(house: &House, opened: Value) {
    let id = opened["conversation_id"].clone();
    house.event("handoff.opened", opened).await;
    for event_type in ["handoff.replied", "handoff.closed"] {
        house.event(event_type, json!({"conversation_id": id})).await;
    }
}

const ALL: [&str; 3] = ["handoff.opened", "handoff.replied", "handoff.closed"];

#[tokio::test(flavor = "multi_thread")]
async fn d05_a_handoff_that_a_platform_opens_stands_in_the_history_from_its_opening_on() {
    let house = House::new().await;
    house.settle(json!({})).await;
    // Somebody who has written, and somebody of whom nothing else is known.
    house.phone(&ANA[1..]).say(&house.api.http, "hola").await.unwrap();
    house.read().await;
    lives(&house, json!({"conversation_id": "h-1", "wa_number": ANA})).await;
    let ana = house.api.get("/api/v1/leads").await.unwrap()["items"][0]["lead_id"].clone();
    assert_eq!(handoffs(&house, ana.as_str().unwrap()).await, ALL);

    let opened = json!({"conversation_id": "h-2", "wa_number": "+34600000002", "reason": "x"});
    house.event("handoff.opened", opened).await;
    let leads = house.api.get("/api/v1/leads").await.unwrap();
    let leads = leads["items"].as_array().unwrap();
    let other = leads.iter().find(|lead| lead["lead_id"] != ana).expect("known by a handoff");
    assert_eq!(other["messages"], 0);
    let id = other["lead_id"].as_str().unwrap();
    assert_eq!(handoffs(&house, id).await, ALL[..1]);
    assert_eq!(&house.api.get(&format!("/api/v1/leads/{id}")).await.unwrap()["lead_id"], id);
    let hashed =
        format!("/api/v1/leads?wa_number_hash={}", other["wa_number_hash"].as_str().unwrap());
    assert_eq!(house.api.get(&hashed).await.unwrap()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn d05_a_handoff_without_a_number_is_that_of_whoever_is_in_its_conversation() {
    let house = House::new().await;
    house.settle(json!({})).await;
    for (talk, user) in [("c-1", json!({"id": "u-1", "phone": ANA})), ("c-2", json!({"id": "u-2"}))]
    {
        let started = json!({"conversation_id": talk, "channel": "web", "user": user});
        house.event("conversation.started", started).await;
        lives(&house, json!({"conversation_id": talk})).await;
        let shown = house.api.get(&format!("/api/v1/conversations/{talk}")).await.unwrap();
        assert_eq!(handoffs(&house, shown["lead_id"].as_str().unwrap()).await, ALL, "{talk}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a18_a_conversation_that_is_called_by_the_customers_number_is_called_otherwise_everywhere()
{
    let house = House::new().await;
    house.settle(json!({})).await;
    let (number, digits) = ("+34600111222", "34600111222");
    let said = |more: Value| {
        let mut data = json!({"conversation_id": digits});
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        data
    };
    house.event("conversation.started", said(json!({"wa_number": number}))).await;
    // What names no number is of the same conversation.
    house.event("conversation.message.received", said(json!({"content": {"text": "hola"}}))).await;
    house.event("conversation.escalated", said(json!({"reason": "wants a person"}))).await;
    house.event("shop.visited", said(json!({"page": format!("/c/{digits}")}))).await;
    house.phone(digits).say(&house.api.http, "hola").await.unwrap();
    house.read().await;
    let events = house.api.get("/api/v1/events?limit=50").await.unwrap();
    assert!(!events.to_string().contains(digits), "{events}");
    let items = events["items"].as_array().unwrap();
    let opened = items.iter().find(|one| one["event_type"] == "handoff.opened").unwrap();
    let alias = opened["data"]["conversation_id"].as_str().unwrap();
    let path = |of: &str, id: &str| format!("/api/v1/{of}/{id}");
    for of in ["conversations", "handoffs"] {
        for id in [alias, digits] {
            let found = house.api.get(&path(of, id)).await.unwrap();
            assert_eq!(found["conversation_id"], alias, "{of} {id}");
        }
    }
    let talk = house.api.get(&path("conversations", alias)).await.unwrap();
    assert_eq!(talk["metrics"]["user_messages"], 2, "the customer's word on the line too");
    for id in [alias, digits] {
        let query = format!("/api/v1/events?type=conversation.*&conversation_id={id}");
        let found = house.api.get(&query).await.unwrap();
        assert_eq!(found["items"].as_array().unwrap().len(), 3, "{id}: {found}");
    }
    let claim = json!({"action": "claim", "by": "Eva"});
    house.api.post(&format!("{}/actions", path("handoffs", alias)), &claim).await.unwrap();
    // Whoever may have nothing revealed learns not even what leaves, which all numbers can be tried against.
    let viewer = crate::browser::Browser::with_role(&house, "viewer").await;
    for list in ["events", "handoffs", "conversations", "deliveries", "timers"] {
        let seen = viewer.get(&format!("/api/v1/{list}")).await.to_string();
        assert!(!seen.contains(alias) && !seen.contains(digits), "{list}: {seen}");
    }
}
