//! Who takes a handoff: one of those who reach for it, until they leave it to the others.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::browser::{Browser, KEYS, LINKS, audit, token};
use crate::support::House;

const HANDOFFS: &str = "/api/v1/handoffs";

async fn open(house: &House, id: &str) {
    house.event("handoff.opened", json!({"conversation_id": id, "reason": "asks"})).await;
}

async fn act(house: &House, id: &str, body: Value) -> (u16, Value) {
    house.raw("POST", &format!("{HANDOFFS}/{id}/actions"), body.to_string()).await
}

/// The conversations of the handoffs that a query finds.
async fn found(house: &House, query: &str) -> Vec<String> {
    let listed = house.api.get(&format!("{HANDOFFS}?{query}")).await.unwrap();
    let items = listed["items"].as_array().unwrap().iter();
    items.map(|item| item["conversation_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a10_of_all_who_take_a_handoff_at_once_one_has_it_and_its_clock_goes_on() {
    let house = House::new().await;
    open(&house, "C-1").await;
    let before = house.api.get(&format!("{HANDOFFS}/C-1")).await.unwrap();
    assert_eq!((&before["claimed_by"], &before["claimed_at"]), (&Value::Null, &Value::Null));
    let names: Vec<String> = (0..8).map(|number| format!("Agent {number}")).collect();
    let taken = join_all(names.iter().map(|name| {
        let (house, body) = (&house, json!({"action": "claim", "by": name}));
        async move { act(house, "C-1", body).await }
    }))
    .await;
    let won: Vec<&Value> =
        taken.iter().filter(|(status, _)| *status == 200).map(|(_, answer)| answer).collect();
    assert_eq!(won.len(), 1, "{taken:#?}");
    let winner = won[0]["claimed_by"].as_str().unwrap();
    for (_, answer) in taken.iter().filter(|(status, _)| *status == 409) {
        let detail = answer["detail"].as_str().unwrap();
        assert!(detail.starts_with(&format!("{winner} has taken it")), "{answer}");
    }
    let house = house.restarted().await;
    let after = house.api.get(&format!("{HANDOFFS}/C-1")).await.unwrap();
    assert_eq!(after["claimed_by"], winner, "durably");
    assert_eq!((&after["timers"], &after["status"]), (&before["timers"], &json!("open")));
    assert!(after["claimed_at"].is_string(), "{after}");
    assert_eq!(act(&house, "C-1", json!({"action": "claim", "by": winner})).await.0, 409, "again");
    assert_eq!(act(&house, "C-1", json!({"action": "release"})).await.1["claimed_by"], Value::Null);
    assert_eq!(act(&house, "C-1", json!({"action": "release"})).await.0, 409);
    for body in [json!({"action": "close"}), json!({"action": "claim", "by": "Ana"})] {
        let wanted = if body["action"] == "close" { 200 } else { 409 };
        assert_eq!(act(&house, "C-1", body).await.0, wanted);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a10_handoffs_are_found_by_who_has_taken_them() {
    let house = House::new().await;
    for id in ["C-1", "C-2", "C-3", "C-4"] {
        open(&house, id).await;
    }
    for (id, by) in [("C-1", "Ana"), ("C-2", "Luis"), ("C-4", " Ana ")] {
        let (status, taken) = act(&house, id, json!({"action": "claim", "by": by})).await;
        assert_eq!((status, &taken["claimed_by"]), (200, &json!(by.trim())));
    }
    assert_eq!(found(&house, "claimed_by=Ana").await, ["C-1", "C-4"]);
    assert_eq!(found(&house, "claimed=false").await, ["C-3"]);
    assert_eq!(found(&house, "claimed=true&status=open").await, ["C-1", "C-2", "C-4"]);
    assert!(found(&house, "claimed=false&claimed_by=Ana").await.is_empty());
    assert_eq!(house.raw("GET", &format!("{HANDOFFS}?claimed=maybe"), "").await.0, 422);
    assert_eq!(house.raw("GET", "/api/v1/reservations?claimed=true", "").await.0, 422);
    for by in [json!(""), json!("  "), json!("x".repeat(101)), json!("a\nb"), json!(7)] {
        let (status, answer) = act(&house, "C-3", json!({"action": "claim", "by": by})).await;
        assert_eq!((status, &answer["field"]), (422, &json!("by")), "{by}: {answer}");
    }
    assert_eq!(act(&house, "C-3", json!({"action": "reply", "by": "Ana"})).await.0, 422);
    assert_eq!(found(&house, "claimed=false").await, ["C-3"], "nothing of that changed it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a10_who_names_nobody_takes_it_as_what_they_are_called() {
    let house = House::new().await;
    for id in ["C-1", "C-2", "C-3"] {
        open(&house, id).await;
    }
    let path = |id: &str| format!("{HANDOFFS}/{id}/actions");
    let claim = json!({"action": "claim"});
    let made = house.api.post(KEYS, &json!({"name": "reception", "role": "operator"})).await;
    let key = made.unwrap()["api_key"].clone();
    let reception = Browser::sign_in(&house.base, &json!({"key": key})).await.unwrap();
    assert_eq!(reception.session["name"], "reception");
    assert_eq!(reception.session["timezone"], "UTC");
    let (status, taken) = reception.ask("POST", &path("C-1"), &claim).await;
    assert_eq!((status, &taken["claimed_by"]), (200, &json!("reception")), "shown in a session");
    // Somebody else at another till, with the same key: one name, and yet one of them has it.
    let second = Browser::sign_in(&house.base, &json!({"key": key})).await.unwrap();
    let (status, answer) = second.ask("POST", &path("C-1"), &claim).await;
    let told = answer["detail"].as_str().unwrap();
    assert!(status == 409 && told.starts_with("reception has taken it, since "), "{answer}");

    let link = house.api.post(LINKS, &json!({"role": "operator"})).await.unwrap();
    let by_link = Browser::sign_in(&house.base, &token(&link)).await.unwrap();
    let (_, taken) = by_link.ask("POST", &path("C-2"), &claim).await;
    let by = taken["claimed_by"].as_str().unwrap();
    assert!(by.strip_prefix("operator ").is_some_and(|end| end.len() == 4), "{by}");
    let viewer = Browser::with_role(&house, "viewer").await;
    assert_eq!(viewer.ask("POST", &path("C-3"), &claim).await.0, 403);
    let entries = audit(&house, "?action=handoff.act").await;
    assert_eq!(entries.len(), 2, "{entries:?}");
    assert_eq!(entries[1]["who"]["name"], "reception");
    assert_eq!(entries[1]["detail"], "action: claim, by: reception");
}

#[tokio::test(flavor = "multi_thread")]
async fn e01_the_audit_log_says_who_took_a_handoff_and_why_it_was_left() {
    let house = House::new().await;
    open(&house, "C-1").await;
    for body in [
        json!({"action": "claim", "by": "Ana"}),
        json!({"action": "release", "reason": "her shift is over"}),
        json!({"action": "reply"}),
    ] {
        assert_eq!(act(&house, "C-1", body.clone()).await.0, 200, "{body}");
    }
    let long = json!({"action": "close", "reason": "x".repeat(501)});
    let (status, answer) = act(&house, "C-1", long).await;
    assert_eq!((status, &answer["field"]), (422, &json!("reason")));
    let entries = audit(&house, "?action=handoff.act").await;
    let told = |entry: &Value| (entry["detail"].clone(), entry["reason"].clone());
    assert_eq!(
        entries.iter().map(told).collect::<Vec<_>>(),
        [
            (json!("action: reply"), Value::Null),
            (json!("action: release"), json!("her shift is over")),
            (json!("action: claim, by: Ana"), Value::Null),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn e01_the_audit_log_says_which_channel_was_paused_and_why() {
    let house = House::new().await;
    let tenant = "/api/v1/admin/tenants/default";
    let pause = |paused: bool| json!({"channels": {"email": {"paused": paused}}});
    let body = json!({"settings": pause(true), "reason": "the mail server is renewed"});
    assert_eq!(house.raw("PATCH", tenant, body.to_string()).await.0, 200);
    assert_eq!(house.raw("PATCH", tenant, pause(false).to_string()).await.0, 200);
    let beside = json!({"channels": {}, "reason": "x"});
    assert_eq!(house.raw("PATCH", tenant, beside.to_string()).await.0, 422, "it is no setting");
    let entries = audit(&house, "?action=tenant.change").await;
    assert_eq!(entries[1]["detail"], "channels.email.paused: true");
    assert_eq!(entries[1]["reason"], "the mail server is renewed");
    assert_eq!(entries[0]["detail"], "channels.email.paused: false");
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_a_handoff_that_somebody_has_taken_says_who_and_since_when() {
    let house = House::new().await;
    house.settle(json!({"sla_after": "1h"})).await;
    open(&house, "C-1").await;
    let path = format!("{HANDOFFS}/C-1");
    let why = async |lang: &str| {
        let shown = house.api.get(&format!("{path}?lang={lang}")).await.unwrap();
        let words = ["what", "because", "next"].map(|word| shown["why"][word].clone());
        (words, shown["why"].clone())
    };
    let free = why("en").await.1;
    let claim = json!({"action": "claim", "by": "Ana {at} Ruiz"});
    assert_eq!(act(&house, "C-1", claim.clone()).await.0, 200);
    for (lang, said) in [
        ("en", "and Ana {at} Ruiz has taken it, since: "),
        ("es", "y lo atiende Ana {at} Ruiz, desde: "),
        ("pt", "e quem o atende é Ana {at} Ruiz, desde: "),
    ] {
        let (words, why) = why(lang).await;
        assert_eq!(words, ["open", "claimed", "sla_breached"]);
        assert_eq!(why["next_at"], free["next_at"], "its clock goes on");
        let sentence = why["sentence"].as_str().unwrap();
        assert!(sentence.contains(said), "{sentence}");
    }
    assert_eq!(act(&house, "C-1", json!({"action": "release"})).await.0, 200);
    assert_eq!(why("en").await.1, free, "it is nobody's again");

    // Whether its time was lifted, is over or it was answered: somebody has it.
    act(&house, "C-1", claim.clone()).await;
    let sla = async |id: &str| {
        let listed = house.api.get(&format!("/api/v1/timers?conversation_id={id}")).await.unwrap();
        let all = listed["items"].as_array().unwrap();
        let sla = all.iter().find(|timer| timer["kind"] == "sla").unwrap();
        sla["id"].as_str().unwrap().to_owned()
    };
    let due = sla("C-1").await;
    let (status, answer) = house.raw("POST", &format!("/api/v1/timers/{due}/fire"), "").await;
    assert_eq!(status, 200, "{answer}");
    let (words, told) = why("en").await;
    assert_eq!(words, ["breached", "nobody_replied", "reply"]);
    assert!(told["sentence"].as_str().unwrap().contains("Ana {at} Ruiz has taken it"), "{told}");
    act(&house, "C-1", json!({"action": "reply"})).await;
    let (words, told) = why("en").await;
    assert_eq!(words, ["replied", "person_replied", "close"]);
    assert!(told["sentence"].as_str().unwrap().contains("Ana {at} Ruiz has taken it"), "{told}");

    open(&house, "C-2").await;
    let due = sla("C-2").await;
    assert_eq!(house.raw("POST", &format!("/api/v1/timers/{due}/cancel"), "").await.0, 200);
    act(&house, "C-2", json!({"action": "claim", "by": "Luis"})).await;
    let shown = house.api.get(&format!("{HANDOFFS}/C-2?lang=en")).await.unwrap();
    assert_eq!(shown["why"]["because"], "claimed", "{shown}");
    let sentence = shown["why"]["sentence"].as_str().unwrap();
    assert!(sentence.contains("Luis has taken it") && sentence.contains("cancelled"), "{sentence}");
}

#[tokio::test(flavor = "multi_thread")]
async fn d05_who_leaves_a_handoff_to_the_others_leaves_its_conversation_to_the_assistant() {
    let house = House::new().await;
    house.settle(json!({})).await;
    house.event("conversation.started", json!({"conversation_id": "c-5"})).await;
    house.event("handoff.opened", json!({"conversation_id": "c-5"})).await;
    let act = async |of: &str, body: Value| {
        let path = format!("/api/v1/{of}/c-5/actions");
        house.raw("POST", &path, body.to_string()).await.0
    };
    let held_by =
        async || house.api.get("/api/v1/conversations/c-5").await.unwrap()["held_by"].clone();
    assert_eq!(act("conversations", json!({"action": "take_over", "by": "Eva"})).await, 200);
    assert_eq!(held_by().await, "Eva");
    assert_eq!(act("handoffs", json!({"action": "release"})).await, 200);
    assert_eq!(held_by().await, Value::Null);
    let given = |page: &Value| {
        let data = &page["items"][0]["data"];
        data["because"] == "handoff_released" && data["by"] == "Eva"
    };
    let path = "/api/v1/events?type=conversation.given_back&conversation_id=c-5";
    house.eventually(path, given).await;

    // Both are somebody else's from here on, and what they already have is not told again.
    assert_eq!(act("conversations", json!({"action": "take_over", "by": "Luis"})).await, 200);
    let again = json!({"action": "take_over", "by": "Luis", "from": "Luis"});
    assert_eq!(act("conversations", again).await, 200);
    let taken = "/api/v1/events?type=conversation.taken_over&conversation_id=c-5";
    let told = house.eventually(taken, |page| page["items"][1].is_object()).await;
    assert_eq!(told["items"].as_array().unwrap().len(), 2, "{told}");
    let handoff = house.api.get("/api/v1/handoffs/c-5").await.unwrap();
    assert_eq!(handoff["claimed_by"], "Luis");
}
