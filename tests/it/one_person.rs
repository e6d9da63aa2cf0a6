//! One customer, one person: who holds a conversation has its handoff, and each is taken from whoever has either.

use serde_json::{Value, json};

use crate::replies::{act, begun, show};
use crate::support::House;

#[tokio::test(flavor = "multi_thread")]
async fn b02_a_handoff_and_its_conversation_are_one_persons() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let id = begun(&house, 0).await;
    act(&house, &id, json!({"action": "take_over", "by": "Ana"})).await;
    house.event("conversation.escalated", json!({"conversation_id": id})).await;
    let handoff = format!("/api/v1/handoffs/{id}");
    let waits = house.api.get(&handoff).await.unwrap();
    assert_eq!(waits["claimed_by"], "Ana", "who holds the conversation answers: {waits}");
    let assign = json!({"action": "assign", "to": "Luis", "from": "Ana"});
    house.api.post(&format!("{handoff}/actions"), &assign).await.unwrap();
    assert_eq!(show(&house, &id).await["held_by"], "Luis");
    let mine = json!({"action": "assign", "to": "Eva", "from": "Ana"});
    let (status, _) = house.raw("POST", &format!("{handoff}/actions"), mine.to_string()).await;
    assert_eq!((status, &show(&house, &id).await["held_by"]), (409, &json!("Luis")));
}

#[tokio::test(flavor = "multi_thread")]
async fn b02_whoever_takes_either_from_another_says_so_and_both_are_left_together() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let id = begun(&house, 0).await;
    house.event("conversation.escalated", json!({"conversation_id": id})).await;
    let handoff = format!("/api/v1/handoffs/{id}");
    let on_handoff = async |asked: Value| {
        house.raw("POST", &format!("{handoff}/actions"), asked.to_string()).await
    };
    let whose = async || {
        let talk = show(&house, &id).await["held_by"].clone();
        (talk, house.api.get(&handoff).await.unwrap()["claimed_by"].clone())
    };
    let take = |from: Option<&str>| match from {
        Some(from) => json!({"action": "take_over", "by": "Ana", "from": from}),
        None => json!({"action": "take_over", "by": "Ana"}),
    };
    let claim = |by: &str| json!({"action": "claim", "by": by});
    for leaves in ["release", "give_back"] {
        assert_eq!(on_handoff(claim("Mia")).await.0, 200);
        for from in [None, Some("Eva")] {
            let (status, answer) = act(&house, &id, take(from)).await;
            assert_eq!(status, 409, "{answer}");
        }
        assert_eq!(whose().await, (Value::Null, json!("Mia")), "and nothing came of it");
        let (_, answer) = act(&house, &id, take(None)).await;
        let detail = answer["detail"].as_str().unwrap();
        assert!(detail.starts_with("Mia has taken it, since "), "{answer}");
        assert_eq!(act(&house, &id, take(Some("Mia"))).await.0, 200);
        assert_eq!(whose().await, (json!("Ana"), json!("Ana")));
        assert_eq!(on_handoff(claim("Mia")).await.0, 409);
        let (status, _) = match leaves {
            "release" => on_handoff(json!({"action": leaves})).await,
            _ => act(&house, &id, json!({"action": leaves})).await,
        };
        assert_eq!((status, whose().await), (200, (Value::Null, Value::Null)), "{leaves}");
    }
    // Of several at once one has both.
    let asked = [(true, claim("Mia")), (false, take(None))];
    let all = asked.map(|(is_handoff, asked)| {
        let (house, id) = (&house, &id);
        async move {
            let kind = if is_handoff { "handoffs" } else { "conversations" };
            let path = format!("/api/v1/{kind}/{id}/actions");
            house.raw("POST", &path, asked.to_string()).await.0
        }
    });
    let done = futures_util::future::join_all(all).await;
    let (held, claimed) = whose().await;
    assert!(held.is_null() || held == claimed, "{held} {claimed} {done:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn b02_with_the_end_of_a_hold_its_handoff_is_nobodys() {
    let house = House::new().await;
    house.settle(json!({"conversations": {"hold_for": "1s"}})).await;
    for (id, ends) in [("c-1", "silence"), ("c-2", "conversation.ended")] {
        house.event("conversation.started", json!({"conversation_id": id, "channel": "web"})).await;
        house.event("handoff.opened", json!({"conversation_id": id})).await;
        assert_eq!(act(&house, id, json!({"action": "take_over", "by": "Ana"})).await.0, 200);
        if ends != "silence" {
            house.event(ends, json!({"conversation_id": id})).await;
        }
        house
            .eventually(&format!("/api/v1/conversations/{id}"), |talk| talk["held_by"].is_null())
            .await;
        let handoff = house.api.get(&format!("/api/v1/handoffs/{id}")).await.unwrap();
        assert_eq!((&handoff["claimed_by"], &handoff["status"]), (&Value::Null, &json!("open")));
        let told = format!("/api/v1/events?type=handoff.released&conversation_id={id}");
        let told = house.api.get(&told).await.unwrap();
        assert_eq!(told["items"][0]["data"]["claimed_from"], "Ana", "{told}");
        let path = format!("/api/v1/handoffs/{id}/actions");
        let claim = json!({"action": "claim", "by": "Luis"}).to_string();
        assert_eq!(house.raw("POST", &path, claim).await.0, 200, "{ends}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f01_a_hold_that_is_fired_by_hand_leaves_the_handoff_to_the_others() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let id = "c-1";
    house.event("conversation.started", json!({"conversation_id": id, "channel": "web"})).await;
    house.event("conversation.escalated", json!({"conversation_id": id})).await;
    assert_eq!(act(&house, id, json!({"action": "take_over", "by": "Ana"})).await.0, 200);
    let timers = house.api.get("/api/v1/timers").await.unwrap();
    let timers = timers["items"].as_array().unwrap();
    let hold = timers.iter().find(|timer| timer["kind"] == "hold").unwrap();
    let path = format!("/api/v1/timers/{}/fire", hold["id"].as_str().unwrap());
    let (status, answer) = house.raw("POST", &path, "").await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(show(&house, id).await["held_by"], Value::Null);
    let handoff = house.api.get(&format!("/api/v1/handoffs/{id}")).await.unwrap();
    assert_eq!((&handoff["claimed_by"], &handoff["status"]), (&Value::Null, &json!("open")));
}
