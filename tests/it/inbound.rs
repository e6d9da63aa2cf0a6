//! Everything that comes in is kept as it came, answered at once, read afterwards, and can be read again.

use serde_json::{Value, json};
use sereno_workflows::privacy::PhoneHash;

use crate::support::{House, deliveries};

const ANA: &str = "34600000001";
const LOG: &str = "/api/v1/inbound-log";
const WEBHOOK: &str = "/webhooks/whatsapp/default";
const LINE: &str = "/api/v1/admin/tenants/default";

fn text(body: &str) -> Value {
    json!({"type": "text", "text": {"body": body}})
}

/// An envelope with one change of the line.
fn envelope(field: &str, more: &Value) -> Value {
    let mut value = json!({"messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "34910000001", "phone_number_id": "555000111"}});
    value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"object": "whatsapp_business_account",
        "entry": [{"id": "100200300400", "changes": [{"field": field, "value": value}]}]})
}

/// Sends bytes as Meta would, with these headers beside its own; the status.
async fn post(house: &House, body: &[u8], signed: bool) -> u16 {
    let secret = if signed { crate::support::APP_SECRET } else { "another" };
    let signature = sereno_actors::signature::hex(body, secret);
    let request = house.api.http.post(format!("{}{WEBHOOK}", house.base));
    let request = request
        .header("content-type", "application/json")
        .header("user-agent", "facebookexternalua")
        .header("cookie", "session=secret")
        .header("x-api-key", "key-of-somebody")
        .header("x-hub-signature-256", signature);
    request.body(body.to_vec()).send().await.unwrap().status().as_u16()
}

async fn items(house: &House, query: &str) -> Vec<Value> {
    house.read().await;
    let log = house.api.get(&format!("{LOG}{query}")).await.unwrap();
    log["items"].as_array().unwrap().clone()
}

async fn letter(house: &House, item: &Value) -> Value {
    house.api.get(&format!("{LOG}/{}", item["id"].as_str().unwrap())).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn d06_everything_that_comes_in_is_logged_as_it_came_and_refused_letters_with_the_reason() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let body = house.phone(ANA).message(text("¿Tenéis mesa para 4?"));
    let bytes = serde_json::to_vec_pretty(&body).unwrap();
    assert_eq!(post(&house, &bytes, true).await, 200);
    assert_eq!(post(&house, &bytes, false).await, 401);
    assert_eq!(house.raw("POST", WEBHOOK, "{}").await.0, 401, "unsigned");

    let all = items(&house, "").await;
    assert_eq!(all.len(), 3);
    let (unsigned, forged, genuine) = (&all[0], &all[1], &all[2]);
    assert!(unsigned["error"].as_str().unwrap().contains("X-Hub-Signature-256 is missing"));
    assert_eq!((&forged["refused"], &forged["status"]), (&json!(true), &json!("refused")));
    assert_eq!((&genuine["source"], &genuine["processed"]), (&json!("whatsapp"), &json!(true)));
    assert_eq!(genuine["types"], json!(["message.text"]));
    let wamid = &body["entry"][0]["changes"][0]["value"]["messages"][0]["id"];
    assert_eq!(genuine["event_ids"], json!([wamid]));

    let shown = letter(&house, genuine).await;
    assert_eq!(shown["body"].as_str().unwrap().as_bytes(), bytes, "byte for byte");
    assert_eq!(shown["payload"], body);
    assert_eq!(shown["headers"]["user-agent"], "facebookexternalua");
    assert!(!shown.to_string().contains("secret") && !shown.to_string().contains("key-of"));
    assert_eq!(shown["content_type"], "application/json");
    assert_eq!(shown["peer"], "127.0.0.1");

    for (query, expected) in [
        ("?source=whatsapp", 3),
        ("?source=bird", 0),
        ("?processed=true", 1),
        ("?processed=false", 2),
        ("?refused=true&limit=1", 1),
        ("?type=message.*", 1),
        ("?type=message.image", 0),
        ("?status=refused", 2),
        ("?q=MESA%20para", 2),
        ("?to=2020-01-01T00:00:00Z", 0),
        ("?from=2020-01-01T00:00:00Z", 3),
    ] {
        assert_eq!(items(&house, query).await.len(), expected, "{query}");
    }
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = house.api.get(&format!("{LOG}?limit=1{cursor}")).await.unwrap();
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].clone()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, all.iter().map(|item| item["id"].clone()).collect::<Vec<_>>());
    for (path, status) in [
        (format!("{LOG}?colour=red"), 422),
        (format!("{LOG}?processed=maybe"), 422),
        (format!("{LOG}?cursor=zz"), 422),
        (format!("{LOG}/inb_0000000000000"), 404),
        (format!("{LOG}/nonsense"), 404),
    ] {
        assert_eq!(house.raw("GET", &path, "").await.0, status, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d06_a_letter_that_is_too_large_is_logged_with_the_reason() {
    let house = House::new().await;
    house.settle(json!({})).await;
    assert_eq!(post(&house, &vec![b' '; 5 << 20], true).await, 413);
    let refused = items(&house, "?refused=true").await;
    let [letter] = &refused[..] else { panic!("{refused:?}") };
    assert!(letter["error"].as_str().unwrap().contains("at most 4 MiB"), "{letter}");
}

#[tokio::test(flavor = "multi_thread")]
async fn d06_a_stranger_cannot_fill_the_log_and_what_is_not_kept_is_counted() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let receiver = house.webhook(json!({"filters": {"events": ["inbound.*"]}})).await;
    let large = vec![b'x'; 100_000];
    for _ in 0..150 {
        // Whoever goes on and on is told to wait.
        assert!([401, 429].contains(&post(&house, &large, false).await));
    }
    let counted = |log: &Value| {
        let count = |item: &Value| item["count"].as_u64().unwrap();
        log["items"].as_array().unwrap().iter().map(count).sum::<u64>() == 150
    };
    let log = house.eventually(&format!("{LOG}?limit=500"), counted).await;
    let lines = log["items"].as_array().unwrap();
    assert!(lines.len() <= 102, "{} lines", lines.len());
    let kept = letter(&house, lines.last().unwrap()).await;
    assert_eq!(kept["body_bytes"], 100_000);
    assert_eq!(kept["body"].as_str().unwrap().len(), 4_096);
    let alerts = deliveries(&receiver, &["inbound.refused"]).await;
    assert_eq!(alerts[0].json()["data"]["source"], "whatsapp");
    let id = lines.last().unwrap()["id"].as_str().unwrap();
    let (status, problem) = house.raw("POST", &format!("{LOG}/{id}/reprocess"), "").await;
    assert_eq!(status, 409, "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn d07_genuine_nonsense_is_answered_200_and_kept_with_its_error() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let deep = format!(r#"{{"entry":{}}}"#, "[".repeat(3 << 20));
    let cut = r#"{"object":"whatsapp_business_account","entry":[{"id":"1","changes":["#;
    for body in [deep.as_bytes(), cut.as_bytes(), b"", b"[]", b"\xff\xfe", b"{}", b"nu\0l"] {
        assert_eq!(post(&house, body, true).await, 200);
    }
    let all = items(&house, "").await;
    assert_eq!(all.len(), 7);
    for item in &all {
        assert_eq!(item["status"], "invalid", "{item}");
        assert!(!item["error"].as_str().unwrap().is_empty(), "{item}");
    }
    assert_eq!(letter(&house, &all[2]).await["body_base64"], "//4=");
    assert_eq!(letter(&house, &all[6]).await["body"].as_str().unwrap(), deep);
    let odd = envelope(
        "messages",
        &json!({"contacts": 7, "messages": [
        {"id": "wamid.odd", "from": 34_600_000_001_u64, "type": "text", "text": {"body": 5}},
        {}, 7, null, {"id": [], "from": {}}]}),
    );
    assert_eq!(post(&house, odd.to_string().as_bytes(), true).await, 200);
    let all = items(&house, "?processed=true").await;
    assert_eq!(all[0]["events"], 1);
    assert!(all[0]["note"].as_str().unwrap().contains("neither an id nor a sender"), "{}", all[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn d07_a_thousand_duplicates_and_a_thousand_updates_lead_to_each_thing_once() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let receiver = house.webhook(json!({"filters": {"events": ["whatsapp.*"]}})).await;
    let message = |n: usize| {
        json!({"id": format!("wamid.{n}"), "from": ANA,
        "timestamp": "1760000001", "type": "text", "text": {"body": "hola"}})
    };
    let same: Vec<Value> = vec![message(0); 1_000];
    let many: Vec<Value> = (0..1_000).map(message).collect();
    for messages in [&same, &many, &many] {
        let body = envelope("messages", &json!({"messages": messages}));
        assert_eq!(post(&house, body.to_string().as_bytes(), true).await, 200);
    }
    let all = items(&house, "").await;
    assert_eq!(all.iter().filter(|item| item["processed"] == true).count(), 3, "{all:?}");
    assert_eq!(all[0]["events"], 1_000);
    let expected = vec!["whatsapp.message.received"; 1_000];
    deliveries(&receiver, &expected).await;
    assert_eq!(receiver.inbox.all().len(), 1_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn d02_a_customers_message_reaches_subscribers_and_its_number_does_not() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let receiver = house.webhook(json!({"filters": {"events": ["whatsapp.*"]}})).await;
    let filters = json!({"events": ["client.*", "whatsapp.*"]});
    let target = format!("+{ANA}");
    house.endpoint(json!({"kind": "whatsapp", "target": target, "filters": filters})).await;
    let caption = json!({"type": "image", "image": {"id": "7001", "mime_type": "image/jpeg",
        "caption": format!("soy {ANA}")}});
    let envelope = house.phone(ANA).message(caption);
    house.phone(ANA).send(&house.api.http, &envelope).await.unwrap();
    let got = deliveries(&receiver, &["whatsapp.message.received"]).await;
    let data = &got[0].json()["data"];
    let hash = PhoneHash::Plain.of(&format!("+{ANA}"));
    assert_eq!((&data["type"], &data["wa_number_hash"]), (&json!("image"), &json!(hash)));
    assert_eq!(data["media"]["mime_type"], "image/jpeg");
    assert!(!got[0].json().to_string().contains(ANA), "{data}");
    house.event("client.created", json!({})).await;
    assert_eq!(house.told(1).await.len(), 1, "her own words are not sent back to her");
    assert!(house.told(1).await[0].text.contains("client.created"));
}

#[tokio::test(flavor = "multi_thread")]
async fn d04_d09_calls_changes_wishes_and_account_news_become_events() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let receiver = house.webhook(json!({"filters": {"events": ["whatsapp.*"]}})).await;
    let call = |event: &str, more: Value| {
        let mut call = json!({"id": "wacid.1", "from": ANA, "to": "34910000001", "event": event,
            "timestamp": "1760000160", "direction": "USER_INITIATED"});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"calls": [call]})
    };
    let ended = json!({"start_time": "1760000040", "end_time": "1760000160", "duration": 120});
    let missed = json!({"id": "wacid.2"});
    let moved = json!({"messages": [{"id": "wamid.S", "from": ANA, "type": "system",
        "system": {"type": "user_changed_number", "wa_id": "34600000002"}}]});
    let wish = json!({"user_preferences": [{"wa_id": ANA, "value": "stop",
        "category": "marketing_messages", "timestamp": 1_760_000_001}]});
    for (field, value) in [
        ("calls", call("connect", json!({}))),
        ("calls", call("terminate", ended)),
        ("calls", call("terminate", missed)),
        ("messages", moved),
        ("user_preferences", wish),
        ("account_update", json!({"event": "DISABLED_UPDATE"})),
    ] {
        let body = envelope(field, &value).to_string();
        for _ in 0..2 {
            assert_eq!(post(&house, body.as_bytes(), true).await, 200);
        }
    }
    let types = [
        "call.started",
        "call.ended",
        "call.missed",
        "user.changed",
        "preferences.changed",
        "account_update",
    ];
    let types = types.map(|name| format!("whatsapp.{name}"));
    let expected: Vec<&str> = types.iter().map(String::as_str).collect();
    let got = deliveries(&receiver, &expected).await;
    house.read().await;
    assert_eq!(receiver.inbox.all().len(), 6, "each once, though each came twice");
    let of = |name: &str| got.iter().find(|d| d.event_type == name).unwrap().json()["data"].clone();
    assert_eq!(of("whatsapp.call.ended")["duration_seconds"], 120);
    let new = PhoneHash::Plain.of("+34600000002");
    assert_eq!(of("whatsapp.user.changed")["new"]["wa_number_hash"], json!(new));
    assert_eq!(of("whatsapp.preferences.changed")["value"], "stop");
    assert!(got.iter().all(|delivery| !delivery.json().to_string().contains("6000000")));
}

#[tokio::test(flavor = "multi_thread")]
async fn d06_a_letter_is_read_again_alone_or_with_others() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let receiver = house.webhook(json!({"filters": {"events": ["whatsapp.*"]}})).await;
    for number in 0..3 {
        let mut body = house.phone(ANA).message(text(&number.to_string()));
        body["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = json!("999");
        assert_eq!(post(&house, body.to_string().as_bytes(), true).await, 200);
    }
    assert_eq!(post(&house, b"{}", false).await, 401);
    let all = items(&house, "?refused=false").await;
    assert!(all.iter().all(|item| item["events"] == 0), "{all:?}");
    assert!(all[0]["note"].as_str().unwrap().contains("phone_number_id 999"), "{}", all[0]);

    house.api.patch(LINE, &json!({"whatsapp": {"phone_number_id": "999"}})).await.unwrap();
    let path = format!("{LOG}/{}/reprocess", all[2]["id"].as_str().unwrap());
    let (status, answer) = house.raw("POST", &path, "").await;
    assert_eq!((status, &answer["status"]), (202, &json!("pending")));
    deliveries(&receiver, &["whatsapp.message.received"]).await;

    let filter = |dry: bool| json!({"source": "whatsapp", "status": "processed", "dry_run": dry});
    let many = format!("{LOG}/reprocess");
    house.read().await;
    let counted = house.api.post(&many, &filter(true)).await.unwrap();
    assert_eq!((&counted["count"], &counted["complete"]), (&json!(3), &json!(true)), "{counted}");
    let begun = house.api.post(&many, &filter(false)).await.unwrap();
    let job = format!("/api/v1/jobs/{}", begun["job_id"].as_str().unwrap());
    let job = house.eventually(&job, |job| job["state"] == "done").await;
    assert_eq!((&job["task"], &job["done"]), (&json!("reprocess_inbound"), &json!(3)), "{job}");
    deliveries(&receiver, &["whatsapp.message.received"; 3]).await;
    house.read().await;
    assert_eq!(receiver.inbox.all().len(), 3, "the first one again leads to nothing new");
    for (body, field) in [(json!({"status": "odd"}), "status"), (json!({"colour": 1}), "colour")] {
        let (status, problem) = house.raw("POST", &many, body.to_string()).await;
        assert_eq!((status, &problem["field"]), (422, &json!(field)), "{problem}");
    }
    let nothing = house.raw("POST", &format!("{LOG}/inb_0000000000000/reprocess"), "").await;
    assert_eq!(nothing.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn d06_letters_stay_for_ever_unless_the_tenant_says_otherwise() {
    let house = House::new().await;
    house.settle(json!({"retention": {"events": "1s", "attempts": "1s"}})).await;
    let body = house.phone(ANA).message(text(&"x".repeat(9_000)));
    assert_eq!(post(&house, body.to_string().as_bytes(), true).await, 200);
    assert_eq!(post(&house, b"no", false).await, 401);
    house.event("a.b", json!({})).await;
    house.eventually("/api/v1/events?type=a.b", |events| events["items"] == json!([])).await;
    assert_eq!(items(&house, "").await.len(), 2);
    let house = house.restarted().await;
    assert_eq!(letter(&house, &items(&house, "?refused=false").await[0]).await["payload"], body);
    house.api.patch(LINE, &json!({"retention": {"inbound": "1s"}})).await.unwrap();
    house.eventually(LOG, |log| log["items"] == json!([])).await;
}
