//! People as WhatsApp tells of them: by user id with and without a number, under new numbers, in calls.

use serde_json::{Value, json};

use crate::support::{APP_SECRET, House, moment};

const ANA: &str = "34600000001";
const NEW: &str = "34600000002";

/// What WhatsApp posts of one field.
fn envelope(field: &str, mut value: Value) -> Value {
    value["messaging_product"] = json!("whatsapp");
    value["metadata"] =
        json!({"display_phone_number": "34910000001", "phone_number_id": "555000111"});
    json!({"object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": field, "value": value}]}]})
}

async fn post(house: &House, field: &str, value: Value) {
    let sent = house.phone(ANA).send(&house.api.http, &envelope(field, value)).await.unwrap();
    assert_eq!(sent, 200);
    house.read().await;
}

/// The present time as Meta writes it.
fn now() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    now.as_secs().to_string()
}

/// After whatever ended in this second: times of messages have no fractions.
fn next_second() -> String {
    (now().parse::<u64>().unwrap() + 1).to_string()
}

fn message(id: &str, from: Option<&str>, user_id: Option<&str>, more: Value) -> Value {
    let mut message = json!({"id": id, "timestamp": "1760000001", "type": "text",
        "text": {"body": format!("soy {id}")}});
    let mut contact = json!({"profile": {"name": "Ana Gil"}});
    if let Some(from) = from {
        (message["from"], contact["wa_id"]) = (json!(from), json!(from));
    }
    if let Some(user_id) = user_id {
        (message["from_user_id"], contact["user_id"]) = (json!(user_id), json!(user_id));
    }
    message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"contacts": [contact], "messages": [message]})
}

async fn leads(house: &House) -> Vec<Value> {
    let list = house.api.get("/api/v1/leads").await.unwrap();
    list["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn d05_one_person_is_one_lead_by_user_id_by_number_and_after_a_change_of_number() {
    let house = House::new().await;
    house.settle(json!({})).await;
    post(&house, "messages", message("m1", Some(ANA), Some("ES.1"), json!({}))).await;
    post(&house, "messages", message("m2", None, Some("ES.1"), json!({}))).await;
    post(&house, "messages", message("m3", Some(ANA), None, json!({}))).await;
    let all = leads(&house).await;
    assert_eq!((all.len(), &all[0]["messages"]), (1, &json!(3)), "{all:?}");
    assert_eq!(all[0]["name"], "Ana Gil");
    let id = all[0]["lead_id"].as_str().unwrap();

    let changed = json!({"messages": [{"from": ANA, "from_user_id": "ES.1", "id": "s1",
        "timestamp": "1760000002", "type": "system", "system": {"body": "changed",
        "wa_id": NEW, "user_id": "ES.2", "type": "user_changed_number"}}]});
    post(&house, "messages", changed).await;
    post(&house, "messages", message("m4", Some(NEW), Some("ES.2"), json!({}))).await;
    // Somebody else gets the old number.
    post(&house, "messages", message("m5", Some(ANA), Some("ES.9"), json!({}))).await;
    let all = leads(&house).await;
    assert_eq!(all.len(), 2, "{all:?}");
    let ana = house.api.get(&format!("/api/v1/leads/{id}")).await.unwrap();
    assert_eq!((&ana["messages"], &ana["user_ids"]), (&json!(4), &json!(["ES.2"])));
    assert_eq!(ana["former_wa_number_hashes"], json!(["eb491b384e4fda42"]));
    let history = house.api.get(&format!("/api/v1/leads/{id}/history")).await.unwrap();
    let texts: Vec<_> = history["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item["kind"] == "message_received")
        .map(|item| item["text"].clone())
        .collect();
    assert_eq!(texts, ["soy m4", "soy m3", "soy m2", "soy m1"]);
    let house = house.restarted().await;
    post(&house, "messages", message("m6", None, Some("ES.2"), json!({}))).await;
    let ana = house.api.get(&format!("/api/v1/leads/{id}")).await.unwrap();
    assert_eq!(ana["messages"], 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn d05_calls_preferences_campaigns_and_products_of_the_line_are_tied_to_the_lead() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let more = json!({"timestamp": now(), "referral": {"source_id": "ad-7", "headline": "Verano"},
        "context": {"from": "34910000001", "id": "wamid.OUT",
            "referred_product": {"catalog_id": "1", "product_retailer_id": "V-1"}}});
    post(&house, "messages", message("m1", Some(ANA), None, more)).await;
    let lead = leads(&house).await.remove(0);
    assert_eq!(lead["campaign"], "ad-7");
    let talk = format!("/api/v1/conversations/{}", lead["conversation_id"].as_str().unwrap());
    let shown = house.api.get(&talk).await.unwrap();
    assert_eq!((&shown["products"][0]["sku"], &shown["campaign"]), (&json!("V-1"), &json!("ad-7")));
    house.event("inventory.updated", json!({"sku": "V-1", "new_stock": 1})).await;
    assert_eq!(house.told(1).await[0].text, "¡Queda solo 1 unidad de V-1! ⚡");

    for (event, more) in [
        ("connect", json!({})),
        (
            "terminate",
            json!({"status": "COMPLETED", "start_time": now(), "end_time": now(), "duration": 60}),
        ),
    ] {
        let mut call = json!({"id": "wacid.1", "from": ANA, "to": "34910000001", "event": event,
            "timestamp": now(), "direction": "USER_INITIATED"});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        post(&house, "calls", json!({"calls": [call]})).await;
    }
    let shown = house.api.get(&talk).await.unwrap();
    let calls: Vec<_> =
        shown["calls"].as_array().unwrap().iter().map(|call| call["text"].clone()).collect();
    assert_eq!(
        (calls, &shown["metrics"]["calls"]),
        (vec![json!("started"), json!("ended")], &json!(1))
    );
    let wish = json!({"user_preferences": [{"wa_id": ANA, "category": "marketing_messages",
        "value": "stop", "timestamp": now().parse::<u64>().unwrap()}]});
    post(&house, "user_preferences", wish).await;
    let lead = leads(&house).await.remove(0);
    assert_eq!(
        (&lead["calls"], &lead["opted_out"]["how"]),
        (&json!(1), &json!("whatsapp preference"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a07_who_answers_under_a_user_id_alone_answers_for_the_number_that_is_known() {
    let house = House::new().await;
    let line = json!({"phone_number_id": "555000111", "access_token": "token",
        "app_secret": APP_SECRET, "templates": {"reminder": {"name": "r", "language": "es"}}});
    house.settle(json!({"reminders": ["1h"], "whatsapp": line})).await;
    // They wrote long ago, so nothing goes to them freely.
    post(&house, "messages", message("m1", Some(ANA), Some("ES.1"), json!({}))).await;
    house.book("R-1", ANA, 3_600_000 + 500).await;
    assert_eq!(house.told(1).await[0].kind, "template");
    let nobody = json!({"text": {"body": "1"}, "timestamp": now()});
    post(&house, "messages", message("m2", None, Some("ES.2"), nobody.clone())).await;
    assert_eq!(house.booking("R-1").await["status"], "booked", "somebody else");
    post(&house, "messages", message("m3", None, Some("ES.1"), nobody)).await;
    assert_eq!(house.booking("R-1").await["status"], "confirmed");
    let thanks = house.told(2).await.remove(1);
    assert_eq!((&*thanks.to, &*thanks.kind), (ANA, "text"), "what they wrote opened the line");
    let event = house.api.get("/api/v1/events/m3").await.unwrap();
    assert!(!event.to_string().contains(ANA), "the number stays in the house");
}

#[tokio::test(flavor = "multi_thread")]
async fn d02_who_answers_an_offer_or_a_campaign_is_tied_to_what_they_answer() {
    let house = House::new().await;
    house.settle(json!({})).await;
    // It ended a while ago: what is written now opens another.
    for (event_type, ago_ms, more) in [
        ("message.received", 20_000, json!([{"sku": "V-1", "name": "Vestido"}])),
        ("ended", 10_000, json!([])),
    ] {
        let event = json!({"event_type": format!("conversation.{event_type}"),
            "timestamp": moment(-ago_ms), "data": {"conversation_id": "c-1",
            "wa_number": format!("+{ANA}"), "products": more}});
        house.api.post("/api/v1/events", &event).await.unwrap();
    }
    let drop =
        json!({"product": {"sku": "V-1", "name": "Vestido"}, "old_price": 100, "new_price": 80});
    house.event("price.changed", drop).await;
    let staff = json!({"kind": "whatsapp", "target": format!("+{NEW}"),
        "filters": {"events": ["campaign.started"]}});
    house.endpoint(staff).await;
    house.event("campaign.started", json!({"campaign_id": "summer", "name": "Verano"})).await;
    house.told(2).await;
    let answer = async |event_type: &str, id: &str, from: &str| {
        let path = format!("/api/v1/deliveries?event_type={event_type}&status=sent");
        let sent = house.eventually(&path, |all| all["items"][0]["id"].is_string()).await;
        let delivery = format!("/api/v1/deliveries/{}", sent["items"][0]["id"].as_str().unwrap());
        let delivery = house.api.get(&delivery).await.unwrap();
        let context = json!({"from": "34910000001", "id": delivery["provider_message_id"]});
        let more = json!({"context": context, "timestamp": next_second()});
        post(&house, "messages", message(id, Some(from), None, more)).await;
        let data = house.api.get(&format!("/api/v1/events/{id}")).await.unwrap()["data"].clone();
        let answers = &data["answers"];
        assert_eq!(
            (&answers["delivery_id"], &answers["event_id"], &answers["event_type"]),
            (&delivery["id"], &delivery["event_id"], &json!(event_type)),
        );
        data
    };
    let data = answer("lead.price_drop.sent", "m1", ANA).await;
    let talk = format!("/api/v1/conversations/{}", data["conversation_id"].as_str().unwrap());
    let talk = house.api.get(&talk).await.unwrap();
    assert_ne!(talk["conversation_id"], "c-1");
    assert_eq!(talk["products"][0]["sku"], "V-1", "whoever answers looks at it again");
    house.event("inventory.updated", json!({"sku": "V-1", "new_stock": 0})).await;
    assert_eq!(house.told(3).await[2].to, ANA);

    let data = answer("campaign.started", "m2", NEW).await;
    let lead = format!("/api/v1/leads/{}", data["lead_id"].as_str().unwrap());
    assert_eq!(house.api.get(&lead).await.unwrap()["campaign"], "summer");
    // What nobody here sent answers nothing.
    let context = json!({"context": {"from": "34910000001", "id": "wamid.OTHER"}});
    post(&house, "messages", message("m3", Some(ANA), None, context)).await;
    let event = house.api.get("/api/v1/events/m3").await.unwrap();
    assert_eq!(
        (&event["data"]["reply_to"], &event["data"]["answers"]),
        (&json!("wamid.OTHER"), &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn d05_what_is_written_on_whatsapp_stands_in_a_conversation_on_whatsapp_and_in_the_one_held()
{
    let house = House::new().await;
    house.settle(json!({})).await;
    let say = async |text: &str| {
        house.phone(ANA).say(&house.api.http, text).await.unwrap();
        house.read().await;
    };
    let at = |id: &str| format!("/api/v1/conversations/{id}");
    let heard = async |id: &str| {
        house.api.get(&at(id)).await.unwrap()["metrics"]["user_messages"].as_u64().unwrap()
    };
    let told = async |event_type: &str, id: &str, channel: Value| {
        let data =
            json!({"conversation_id": id, "channel": channel, "wa_number": format!("+{ANA}")});
        house.event(event_type, data).await;
    };
    say("hola").await;
    let talks = house.api.get("/api/v1/conversations").await.unwrap();
    let line = talks["items"][0]["conversation_id"].as_str().unwrap().to_owned();
    told("conversation.started", "web-1", json!("web")).await;
    told("conversation.message.received", "web-1", Value::Null).await;
    say("¿seguís ahí?").await;
    assert_eq!((heard(&line).await, heard("web-1").await), (2, 1));
    let hold = json!({"action": "take_over", "by": "Eva"});
    house.api.post(&format!("{}/actions", at(&line)), &hold).await.unwrap();
    // What a platform tells of on WhatsApp does not take it from who holds it.
    told("conversation.started", "wa-2", json!("whatsapp")).await;
    say("¿Eva?").await;
    told("conversation.ended", "web-1", json!("web")).await;
    // Nor does a restart, after which nobody remembers anything but the disk.
    let house = house.restarted().await;
    house.phone(ANA).say(&house.api.http, "hola, Eva").await.unwrap();
    house.read().await;
    let heard = house.api.get(&at(&line)).await.unwrap()["metrics"]["user_messages"].clone();
    assert_eq!(heard, 4);
    let talks = house.api.get("/api/v1/conversations").await.unwrap();
    assert_eq!(talks["items"].as_array().unwrap().len(), 3, "{talks}");
}
