//! Personal data is masked in sessions, and shown to who asks for it by name, which is written down; and so
//! is everything that is done.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::browser::{AUDIT, Browser, KEYS, LINKS, SESSION, audit, token};
use crate::support::{ENDPOINTS, House};

const NUMBER: &str = "34600000012";

async fn booked() -> House {
    let house = House::new().await;
    house.endpoint(json!({"kind": "email", "target": "ops@trattoria.example"})).await;
    house.book("R-1", NUMBER, 86_400_000).await;
    let data = json!({"reservation_id": "R-1", "email": "ana@mail.example", "notes": "nuts"});
    house.event("reservation.modified", data).await;
    let data =
        json!({"conversation_id": "C-1", "wa_number": format!("+{NUMBER}"), "reason": "angry"});
    house.event("handoff.opened", data).await;
    let data = json!({"conversation_id": "T-1", "user": {"phone": format!("+{NUMBER}"), "name": "Ana"},
                      "content": {"text": "call me at ana@mail.example"}, "message_id": "m-1"});
    house.event("conversation.message.received", data).await;
    house
}

fn is_clear(answer: &Value) -> bool {
    let text = answer.to_string();
    ["600000012", "\"Ana\"", "ana@mail", "nuts", "angry", "call me", "ops@"]
        .iter()
        .any(|personal| text.contains(personal))
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_a_session_sees_no_personal_data_and_a_key_all_of_it() {
    let house = booked().await;
    let browser = Browser::with_role(&house, "admin").await;
    let event = house.api.get("/api/v1/events?type=reservation.created").await.unwrap();
    let event = event["items"][0]["event_id"].as_str().unwrap().to_owned();
    let mut clear = 0;
    for path in [
        "/api/v1/events",
        &format!("/api/v1/events/{event}"),
        "/api/v1/events?type=reservation.created",
        "/api/v1/reservations",
        "/api/v1/reservations/R-1",
        "/api/v1/handoffs",
        "/api/v1/handoffs/C-1",
        "/api/v1/conversations",
        "/api/v1/conversations/T-1",
        "/api/v1/leads",
        "/api/v1/deliveries",
        "/api/v1/dead-letters",
        "/api/v1/timers",
        "/api/v1/inbound-log",
        "/api/v1/admin/notify/logs",
        ENDPOINTS,
        "/api/v1/admin/tenants/default",
        AUDIT,
    ] {
        let (by_key, by_session) = (house.api.get(path).await.unwrap(), browser.get(path).await);
        clear += usize::from(is_clear(&by_key));
        assert!(!is_clear(&by_session), "{path}: {by_session}");
        // How a delivery stands may change in between.
        if ["reserv", "handoff", "conversation", "lead"].iter().any(|part| path.contains(part)) {
            assert_eq!(shape(&by_key), shape(&by_session), "{path}");
        }
    }
    assert!(clear >= 8, "with a key it is in the clear: {clear}");
    let shown = browser.get("/api/v1/reservations/R-1").await;
    assert_eq!((&shown["name"], &shown["email"]), (&json!("A•••"), &json!("a•••@•••")));
    assert_eq!(
        browser.get("/api/v1/event-types/reservation.created").await["name"],
        "reservation.created"
    );
    for path in ["/api/v1/events/export", "/api/v1/dead-letters/export"] {
        assert_eq!(browser.status(path).await, 403, "{path}");
    }
}

/// An answer without its texts and times.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            map.iter().map(|(name, value)| (name.clone(), shape(value))).collect()
        }
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => Value::Null,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_personal_data_is_shown_to_who_asks_and_that_is_written_down() {
    let house = booked().await;
    let path = "/api/v1/reservations/R-1?reveal=true";
    let viewer = Browser::with_role(&house, "viewer").await;
    assert_eq!(viewer.status(path).await, 403);
    let operator = Browser::with_role(&house, "operator").await;
    for list in ["/api/v1/reservations?reveal=true", "/api/v1/events?limit=1&reveal=true"] {
        assert_eq!(operator.status(list).await, 422, "{list}");
    }
    assert_eq!(operator.status("/api/v1/reservations/R-1?reveal=yes").await, 422);
    assert_eq!(operator.status("/api/v1/reservations/none?reveal=true").await, 404);
    assert_eq!(audit(&house, "?action=reveal").await, [] as [Value; 0]);
    let shown = operator.get(path).await;
    assert_eq!((&shown["name"], &shown["email"]), (&json!("Ana"), &json!("ana@mail.example")));
    assert!(!is_clear(&operator.get("/api/v1/reservations/R-1?reveal=false").await));
    let house = house.restarted().await;
    let entries = audit(&house, "?action=reveal").await;
    let [entry] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!((&entry["subject"], &entry["role"]), (&json!("R-1"), &json!("operator")));
    assert_eq!((&entry["who"]["kind"], &entry["who"]["name"]), (&json!("key"), &json!("operator")));
    assert_eq!((&entry["by"], &entry["address"]), (&json!("session"), &json!("127.0.0.1")));
    let (status, answer) = house.raw("GET", "/api/v1/reservations/R-1?reveal=true", "").await;
    assert_eq!((status, &answer["name"]), (200, &json!("Ana")), "a key sees it as it is");
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_what_was_hidden_is_not_taken_for_a_value() {
    let house = booked().await;
    let browser = Browser::with_role(&house, "admin").await;
    let path = format!("{ENDPOINTS}/1");
    let target = browser.get(&path).await["target"].clone();
    let (status, answer) = browser.ask("PATCH", &path, &json!({"target": target})).await;
    assert_eq!(status, 422, "{answer}");
    assert_eq!(house.api.get(&path).await.unwrap()["target"], "ops@trattoria.example");
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_what_is_called_by_a_number_is_found_by_what_stands_for_it() {
    let house = House::new().await;
    let (number, mail) = (format!("+{NUMBER}"), "ana@mail.example");
    for id in [&*number, mail, NUMBER] {
        let data = json!({"conversation_id": id, "reason": "angry"});
        house.event("conversation.message.received", data.clone()).await;
        house.event("handoff.opened", data).await;
    }
    let operator = Browser::with_role(&house, "operator").await;
    for list in ["/api/v1/conversations", "/api/v1/handoffs", "/api/v1/timers", "/api/v1/events"] {
        let answer = operator.get(list).await;
        assert!(!answer.to_string().contains("600000012"), "{list}: {answer}");
        assert!(!answer.to_string().contains("ana@mail"), "{list}: {answer}");
    }
    let handoffs = operator.get("/api/v1/handoffs").await;
    let handoffs = handoffs["items"].as_array().unwrap();
    let stand: BTreeSet<_> = handoffs.iter().map(|one| one["conversation_id"].as_str()).collect();
    assert_eq!(stand.len(), 3, "{handoffs:?}");
    for handoff in handoffs {
        let alias = handoff["conversation_id"].as_str().unwrap();
        let in_path = utf8_percent_encode(alias, NON_ALPHANUMERIC).to_string().replace("%7E", "~");
        let shown = operator.get(&format!("/api/v1/conversations/{in_path}")).await;
        assert_eq!(shown["status"], "open", "{alias}: {shown}");
        let found = operator.get(&format!("/api/v1/events?conversation_id={in_path}")).await;
        assert_eq!(found["items"].as_array().unwrap().len(), 2, "{alias}: {found}");
        let replied = json!({"action": "reply"});
        let path = format!("/api/v1/handoffs/{in_path}/actions");
        assert_eq!(operator.ask("POST", &path, &replied).await.0, 200, "{alias}");
        let data = json!({"event_type": "x.noted", "data": {"conversation_id": alias}});
        assert_eq!(operator.ask("POST", "/api/v1/events", &data).await.0, 202, "{alias}");
        assert_eq!(house.raw("GET", &format!("/api/v1/conversations/{in_path}"), "").await.0, 404);
    }
    let noted = house.api.get("/api/v1/events?type=x.noted").await.unwrap();
    let ids: Vec<_> = noted["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| &event["data"]["conversation_id"])
        .collect();
    assert_eq!(ids, [mail, NUMBER, &number]);
    assert_eq!(operator.status("/api/v1/conversations/+34%E2%80%A2~~AAAA").await, 404);

    // A cursor holds the last id.
    for list in ["/api/v1/conversations", "/api/v1/handoffs", "/api/v1/timers"] {
        let all = operator.get(list).await["items"].as_array().unwrap().len();
        let (mut cursor, mut seen) = (String::new(), 0);
        for _ in 0..=all {
            let page = operator.get(&format!("{list}?limit=1{cursor}")).await;
            seen += page["items"].as_array().unwrap().len();
            let Some(next) = page["next_cursor"].as_str() else { break };
            let plain = URL_SAFE_NO_PAD.decode(next).unwrap_or_default();
            assert!(!String::from_utf8_lossy(&plain).contains("600000012"), "{list}: {next}");
            cursor = format!("&cursor={}", utf8_percent_encode(next, NON_ALPHANUMERIC));
        }
        assert_eq!(seen, all, "{list}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_who_may_not_reveal_learns_nothing_by_guessing_numbers() {
    let house = House::new().await;
    let number = format!("+{NUMBER}");
    for id in [&*number, NUMBER, "ana@mail.example"] {
        let data = json!({"conversation_id": id, "user_id": id, "reason": "angry"});
        house.event("conversation.started", data.clone()).await;
        house.event("handoff.opened", data).await;
    }
    let viewer = Browser::with_role(&house, "viewer").await;
    let operator = Browser::with_role(&house, "operator").await;
    for id in [&*number, NUMBER, "ana@mail.example"] {
        let id = utf8_percent_encode(id, NON_ALPHANUMERIC);
        for path in ["conversations", "handoffs"].map(|kind| format!("/api/v1/{kind}/{id}")) {
            assert_eq!((viewer.status(&path).await, operator.status(&path).await), (404, 200));
        }
        for name in ["conversation_id", "user_id", "%75ser_id"] {
            let path = format!("/api/v1/events?{name}={id}");
            assert_eq!(viewer.get(&path).await["items"], json!([]), "{path}");
            assert_ne!(operator.get(&path).await["items"], json!([]), "{path}");
        }
        let timers = format!("/api/v1/timers?conversation_id={id}");
        assert_eq!(viewer.get(&timers).await["items"], json!([]));
    }
    // What stands in its lists opens, and works as a filter.
    for handoff in viewer.get("/api/v1/handoffs").await["items"].as_array().unwrap() {
        let alias = handoff["conversation_id"].as_str().unwrap();
        let alias = utf8_percent_encode(alias, NON_ALPHANUMERIC).to_string();
        for kind in ["conversations", "handoffs"] {
            assert_eq!(viewer.status(&format!("/api/v1/{kind}/{alias}")).await, 200, "{alias}");
        }
        let found = viewer.get(&format!("/api/v1/events?conversation_id={alias}")).await;
        assert_eq!(found["items"].as_array().unwrap().len(), 2, "{alias}");
    }
    for lead in viewer.get("/api/v1/leads").await["items"].as_array().unwrap() {
        let path = format!("/api/v1/leads/{}", lead["lead_id"].as_str().unwrap());
        assert_eq!(viewer.status(&path).await, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_people_who_are_called_by_their_number_are_not_told_by_their_lead() {
    let house = House::new().await;
    let data = json!({"conversation_id": NUMBER, "user_id": NUMBER});
    house.event("conversation.started", data).await;
    let viewer = Browser::with_role(&house, "viewer").await;
    let leads = viewer.get("/api/v1/leads").await;
    let lead = &leads["items"][0];
    assert_eq!(lead["user_ids"].as_array().unwrap().len(), 1, "{leads}");
    assert!(lead["user_ids"][0].as_str().unwrap().starts_with("34•••••12~~"), "{leads}");
    let shown = viewer.get(&format!("/api/v1/leads/{}", lead["lead_id"].as_str().unwrap())).await;
    for answer in [&leads, &shown] {
        assert!(!answer.to_string().contains(NUMBER), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_a_number_in_the_tenants_own_words_can_be_read_and_changed() {
    let house = House::new().await;
    let admin = Browser::with_role(&house, "admin").await;
    let words = json!({"reservation.created": {"slack": {"es": {"text": "Llama al +34 600 000 012: {{ name }}"}}}});
    let tenant = "/api/v1/admin/tenants/default";
    let (status, answer) = admin.ask("PATCH", tenant, &json!({"templates": words})).await;
    assert_eq!(status, 200, "{answer}");
    let shown = admin.get("/api/v1/admin/templates").await;
    assert!(shown.to_string().contains("+34 600 000 012"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn e01_what_is_done_is_written_down_with_who_did_it_and_no_secret() {
    let house = House::new().await;
    let operator = Browser::with_role(&house, "operator").await;
    let secret = "a-secret-of-the-users-own-choice-0123456789";
    let body = json!({"kind": "webhook", "target": "https://hooks.example/x", "secret": secret});
    let id = house.endpoint(body).await;
    house
        .api
        .patch("/api/v1/admin/tenants/default", &json!({"timezone": "Europe/Madrid"}))
        .await
        .unwrap();
    assert_eq!(house.raw("PATCH", &format!("{ENDPOINTS}/{id}"), r#"{"nothing": 1}"#).await.0, 422);
    house.book("R-1", NUMBER, 86_400_000).await;
    let confirm = json!({"action": "confirm"});
    assert_eq!(operator.ask("POST", "/api/v1/reservations/R-1/actions", &confirm).await.0, 200);
    let dry = json!({"dry_run": true});
    assert_eq!(operator.ask("POST", "/api/v1/deliveries/retry", &dry).await.0, 200);
    let link = house.admin.post(LINKS, &json!({"role": "viewer"})).await.unwrap();
    let guest = Browser::sign_in(&house.base, &token(&link)).await.unwrap();
    assert_eq!(guest.ask("POST", "/api/v1/admin/jobs/reminders", &json!({})).await.0, 403);
    assert_eq!(guest.ask("DELETE", SESSION, &json!({})).await.0, 200);

    let house = house.restarted().await;
    let entries = audit(&house, "").await;
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    let told: Vec<(String, String, String, String)> = entries
        .iter()
        .rev()
        .map(|entry| {
            let who = &entry["who"];
            let who = who["name"].as_str().or(who["kind"].as_str()).unwrap();
            (
                who.to_owned(),
                text(&entry["action"]),
                text(&entry["subject"]),
                text(&entry["detail"]),
            )
        })
        .collect();
    let link_id = text(&link["link"]["id"]);
    let key_id = text(&house.api.get(KEYS).await.unwrap()["items"][1]["id"]);
    let line = |who: &str, action: &str, subject: &str, detail: &str| {
        (who.to_owned(), action.to_owned(), subject.to_owned(), detail.to_owned())
    };
    assert_eq!(
        told,
        [
            line("first", "key.create", "default", "name, role: operator"),
            line("operator", "session.begin", "", ""),
            line("first", "endpoint.create", "1", "kind: webhook, secret, target"),
            line("first", "tenant.change", "default", "timezone"),
            line("operator", "reservation.act", "R-1", "action: confirm"),
            line("admin", "link.create", &link_id, "role: viewer"),
            line("link", "session.begin", "", ""),
            line("link", "session.end", "", ""),
        ]
    );
    assert!(
        !key_id.is_empty() && entries.iter().all(|entry| entry["status"].is_number()),
        "{entries:?}"
    );
    let all = Value::from(entries.clone()).to_string();
    assert!(!all.contains(secret) && !all.contains("sk_"), "{all}");

    assert_eq!(audit(&house, "?who=operator").await.len(), 2);
    assert_eq!(audit(&house, "?who=admin&action=link.*").await.len(), 1);
    let second = text(&entries[entries.len() - 2]["at"]).replace('+', "%2B");
    assert_eq!(audit(&house, &format!("?to={second}")).await.len(), 1);
    let mut paged = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = house.api.get(&format!("{AUDIT}?limit=3{cursor}")).await.unwrap();
        paged.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged, entries);
    assert_eq!(house.raw("GET", &format!("{AUDIT}?whom=x"), "").await.0, 422);
}
