//! "Why?", asked of everything on a real server, in each language.

use std::iter::repeat_n;

use serde_json::{Value, json};

use crate::support::{ENDPOINTS, House};

/// Asserts the words of an answer's `why`, and that its sentence is one and names no number of a phone.
fn says(answer: &Value, words: [&str; 3]) {
    let why = &answer["why"];
    assert_eq!([&why["what"], &why["because"], &why["next"]], words, "{answer:#}");
    let sentence = why["sentence"].as_str().unwrap();
    assert!(sentence.ends_with('.') && !sentence.contains(['{', '+']), "{sentence}");
    assert!(!sentence.contains("600000"), "{sentence}");
    assert_eq!(why.as_object().unwrap().len(), 5, "{why}");
}

async fn event(house: &House, event_type: &str, data: Value) -> String {
    let answer = house.event(event_type, data).await;
    answer["ids"][0].as_str().unwrap().to_owned()
}

/// What stands at a path once its `why` says so.
async fn once(house: &House, path: &str, words: [&str; 3]) -> Value {
    let [what, because, next] = words;
    let is_so =
        |why: &Value| [&why["what"], &why["because"], &why["next"]] == [what, because, next];
    let shown = house.eventually(path, |shown| is_so(&shown["why"])).await;
    says(&shown, words);
    shown
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_a_delivery_says_why_it_waits_or_was_given_up() {
    let house = House::new().await;
    house.settle(json!({"retry": {"first": "1h", "factor": 1, "attempts": 3}})).await;
    let refused = house.answering("a.refused", repeat_n((404, None), 200), &json!({})).await;
    let failing = house.answering("a.failing", repeat_n((500, None), 200), &json!({})).await;
    let asking = house.answering("a.asking", repeat_n((503, Some(3_000)), 200), &json!({})).await;
    let gone = house.answering("a.gone", repeat_n((410, None), 200), &json!({})).await;
    let batch = json!({"batch": {"max": 10, "wait": "1h"}});
    let together = house.answering("a.together", repeat_n((200, None), 200), &batch).await;
    let fifo = json!({"ordering": "fifo"});
    let in_line = house.answering("a.line", repeat_n((500, None), 200), &fifo).await;
    let slow = json!({"rate_limit": {"per_minute": 1}});
    let limited = house.answering("a.limited", repeat_n((200, None), 200), &slow).await;

    let id = event(&house, "a.refused", json!({})).await;
    let path = house.delivery_of(&id).await;
    once(&house, &path, ["given_up", "receiver_refused", "expires"]).await;
    let letter = path.replace("/deliveries/", "/dead-letters/");
    let shown = once(&house, &letter, ["given_up", "receiver_refused", "expires"]).await;
    assert!(shown["why"]["next_at"].is_string());
    once(
        &house,
        &format!("/api/v1/events/{id}"),
        ["delivered_in_part", "deliveries_given_up", "retry_by_hand"],
    )
    .await;
    let (status, _) = house.raw("DELETE", &letter, "").await;
    assert_eq!(status, 200);
    once(&house, &path, ["given_up", "receiver_refused", "retry_by_hand"]).await;

    let id = event(&house, "a.failing", json!({})).await;
    let path = house.delivery_of(&id).await;
    let shown = once(&house, &path, ["failed", "receiver_refused", "retry"]).await;
    assert_eq!(shown["why"]["next_at"], shown["next_attempt_at"]);
    let mut sentences = Vec::new();
    for (lang, word) in
        [("es", "siguiente intento"), ("en", "next attempt"), ("pt", "próxima tentativa")]
    {
        let shown = house.api.get(&format!("{path}?lang={lang}")).await.unwrap();
        let sentence = shown["why"]["sentence"].as_str().unwrap().to_owned();
        assert!(sentence.contains(word) && sentence.contains("500"), "{sentence}");
        sentences.push(sentence);
    }
    assert_eq!(
        shown["why"]["sentence"], sentences[0],
        "the tenant's language where none is asked for"
    );
    once(&house, &format!("/api/v1/events/{id}"), ["recorded", "deliveries_under_way", "attempt"])
        .await;
    let toggle = format!("{ENDPOINTS}/{}/toggle", failing.1);
    house.api.post(&toggle, &json!({})).await.unwrap();
    once(&house, &path, ["held", "endpoint_disabled", "enable"]).await;

    let id = event(&house, "a.asking", json!({})).await;
    once(&house, &house.delivery_of(&id).await, ["waiting", "retry_after", "attempt"]).await;
    let asked = format!("{ENDPOINTS}/{}", asking.1);
    once(&house, &asked, ["slowed", "retry_after", "attempt"]).await;

    let id = event(&house, "a.gone", json!({})).await;
    once(&house, &house.delivery_of(&id).await, ["given_up", "receiver_gone", "expires"]).await;
    once(&house, &format!("{ENDPOINTS}/{}", gone.1), ["disabled", "receiver_gone", "enable"]).await;

    let id = event(&house, "a.together", json!({})).await;
    let shown = once(&house, &house.delivery_of(&id).await, ["waiting", "batch", "digest"]).await;
    assert!(shown["why"]["next_at"].is_string(), "{shown}");

    let talk = json!({"conversation_id": "c-1"});
    let first = event(&house, "a.line", talk.clone()).await;
    once(&house, &house.delivery_of(&first).await, ["failed", "receiver_refused", "retry"]).await;
    let second = event(&house, "a.line", talk).await;
    once(&house, &house.delivery_of(&second).await, ["waiting", "order", "attempt"]).await;

    let first = event(&house, "a.limited", json!({})).await;
    once(&house, &house.delivery_of(&first).await, ["arrived", "receiver_took_it", "nothing"])
        .await;
    let second = event(&house, "a.limited", json!({})).await;
    let path = house.delivery_of(&second).await;
    let shown = once(&house, &path, ["waiting", "rate_limit", "attempt"]).await;
    assert!(shown["why"]["next_at"].is_string(), "{shown}");

    house.graph.refuse([(400, 131_047)]);
    let body =
        json!({"kind": "whatsapp", "target": "+34600000009", "filters": {"events": ["a.late"]}});
    house.endpoint(body).await;
    let id = event(&house, "a.late", json!({})).await;
    let path = house.delivery_of(&id).await;
    once(&house, &path, ["given_up", "outside_window", "expires"]).await;
    drop((refused, together, in_line, limited));
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_an_event_says_who_did_not_want_it() {
    let house = House::new().await;
    let ask = async |event_type: &str, data: Value, words: [&str; 3]| {
        let id = event(&house, event_type, data).await;
        once(&house, &format!("/api/v1/events/{id}"), words).await;
    };
    ask("b.x", json!({}), ["recorded", "no_endpoint", "nothing"]).await;
    let (_receiver, id) = house.answering("other.*", repeat_n((200, None), 200), &json!({})).await;
    let path = format!("{ENDPOINTS}/{id}");
    says(&house.api.get(&path).await.unwrap(), ["enabled", "nothing_arrived_yet", "nothing"]);
    ask("b.x", json!({}), ["filtered", "type_not_listed", "nothing"]).await;
    let intents = json!({"filters": {"events": ["b.*", "reservation.*"], "intents": ["buy"]}});
    house.api.patch(&path, &intents).await.unwrap();
    ask("b.x", json!({"intent": "sell"}), ["filtered", "intent_not_listed", "nothing"]).await;
    let open = json!({"filters": {"events": ["b.*", "reservation.*"]}});
    house.api.patch(&path, &open).await.unwrap();
    ask("b.x", json!({}), ["delivered", "receivers_took_it", "nothing"]).await;
    let unknown = json!({"reservation_id": "nobody"});
    ask("reservation.confirmed", unknown, ["recorded", "rules_refused", "nothing"]).await;
    once(&house, &path, ["healthy", "latest_arrived", "nothing"]).await;
    house.api.post(&format!("{path}/toggle"), &json!({})).await.unwrap();
    ask("b.x", json!({}), ["filtered", "endpoint_disabled", "nothing"]).await;
    says(&house.api.get(&path).await.unwrap(), ["disabled", "by_person", "enable"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_bookings_handoffs_conversations_and_timers_say_what_is_next() {
    const HOUR: i64 = 3_600_000;
    let house = House::new().await;
    house.settle(json!({})).await;
    for (id, hours) in [("R-far", 48), ("R-near", 20), ("R-now", 1)] {
        house.book(id, "34600000001", hours * HOUR).await;
    }
    let booking = async |id: &str| house.booking(id).await;
    says(&booking("R-far").await, ["booked", "unconfirmed", "send_reminder"]);
    let near = booking("R-near").await;
    says(&near, ["booked", "made_late", "send_reminder"]);
    assert_eq!(near["why"]["next_at"], near["timers"][0]["due_at"], "{near}");
    says(&booking("R-now").await, ["booked", "made_late", "no_show"]);
    let act = async |id: &str, action: &str| {
        let path = format!("/api/v1/reservations/{id}/actions");
        house.api.post(&path, &json!({"action": action})).await.unwrap()
    };
    says(&act("R-far", "confirm").await, ["confirmed", "customer_confirmed", "no_show"]);
    says(&act("R-near", "cancel").await, ["cancelled", "called_off", "nothing"]);
    says(&act("R-now", "no_show").await, ["no_show", "not_arrived", "nothing"]);
    says(&act("R-now", "arrive").await, ["arrived", "customer_came", "complete"]);
    says(&act("R-now", "complete").await, ["completed", "visit_over", "nothing"]);

    let opened = json!({"conversation_id": "c-1", "wa_number": "+34600000002"});
    house.event("handoff.opened", opened).await;
    let handoff = house.api.get("/api/v1/handoffs/c-1").await.unwrap();
    says(&handoff, ["open", "customer_waits", "sla_breached"]);
    let path = "/api/v1/handoffs/c-1/actions";
    let replied = house.api.post(path, &json!({"action": "reply"})).await.unwrap();
    says(&replied, ["replied", "person_replied", "close"]);

    let started = json!({"conversation_id": "c-2", "channel": "whatsapp"});
    house.event("conversation.started", started).await;
    let path = "/api/v1/conversations/c-2";
    let talk = house.api.get(path).await.unwrap();
    says(&talk, ["open", "customer_writes", "end_conversation"]);
    assert_eq!(talk["why"]["next_at"], talk["ends_if_idle_at"]);
    house.event("conversation.ended", json!({"conversation_id": "c-2"})).await;
    says(&house.api.get(path).await.unwrap(), ["ended", "told", "nothing"]);

    house.book("R-2", "34600000003", 48 * HOUR).await;
    let timers = house.api.get("/api/v1/timers?reservation_id=R-2&lang=pt").await.unwrap();
    let first = &timers["items"][0];
    says(first, ["set", "still_unconfirmed", "send_reminder"]);
    assert!(first["why"]["sentence"].as_str().unwrap().contains("lembrete 24h"), "{first}");
    assert_eq!(first["why"]["next_at"], first["due_at"]);
    let all = house.api.get("/api/v1/timers").await.unwrap();
    assert!(all["items"].as_array().unwrap().iter().all(|timer| timer["why"]["what"] == "set"));

    let liked = house.api.http.get(format!("{}/api/v1/reservations/R-2", house.base));
    let liked =
        liked.bearer_auth(house.key()).header("accept-language", "fr, en-GB;q=0.8, es;q=0.1");
    let liked: Value =
        serde_json::from_slice(&liked.send().await.unwrap().bytes().await.unwrap()).unwrap();
    assert!(liked["why"]["sentence"].as_str().unwrap().starts_with("It is booked"), "{liked}");
    let (status, problem) = house.raw("GET", "/api/v1/reservations/R-2?lang=fr", "").await;
    assert_eq!((status, &problem["field"]), (422, &json!("lang")), "{problem}");
}
