//! Meta's own payloads, and what is wrong with them.

mod hostile;

use serde_json::{Value, json};

use crate::inbound::{Heard, Letter, Meaning, Reading, Road, Status, What, read};
use crate::invalid::Invalid;
use crate::lead::Who;
use crate::policy::Settings;
use crate::provider::ProviderStatus;
use crate::time::Timestamp;

const NOW: Timestamp = Timestamp(1_760_001_000_000);
const NUMBER: &str = "34600000001";

fn settings() -> Settings {
    Settings::from_json(json!({"whatsapp": {"phone_number_id": "555000111"}})).unwrap()
}

fn read_bytes(body: &[u8]) -> Result<Reading, Invalid> {
    let letter =
        Letter { road: &Road::WhatsApp, headers: &[], content_type: None, body, received_at: NOW };
    read(letter, &settings())
}

fn read_json(body: &Value) -> Reading {
    read_bytes(body.to_string().as_bytes()).unwrap()
}

/// An envelope with one change.
fn envelope(field: &str, more: Value) -> Value {
    let mut value = json!({"messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "34910000001", "phone_number_id": "555000111"}});
    value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"object": "whatsapp_business_account",
        "entry": [{"id": "100200300400", "changes": [{"field": field, "value": value}]}]})
}

/// A message of Ana's, with these fields beside the usual ones.
fn message(more: Value) -> Value {
    let mut message = json!({"from": NUMBER, "id": "wamid.1", "timestamp": "1760000001"});
    message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let contact = json!({"profile": {"name": "Ana Gil"}, "wa_id": NUMBER});
    envelope("messages", json!({"contacts": [contact], "messages": [message]}))
}

fn heard(reading: &Reading) -> &Heard {
    match reading.meanings.as_slice() {
        [Meaning::Heard(heard)] => heard,
        other => panic!("one thing of a customer expected: {other:?} {reading:?}"),
    }
}

fn data(reading: &Reading) -> Value {
    Value::Object(heard(reading).event.data.clone())
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of every kind")]
fn d02_a_message_of_every_kind_says_who_wrote_what() {
    let media = |more: Value| {
        let mut media = json!({"id": "7001", "mime_type": "x/y", "sha256": "4654+8g="});
        media.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        media
    };
    let table: [(Value, Value); 19] = [
        (
            json!({"type": "text", "text": {"body": "Buenos d\u{ed}as"}}),
            json!({"text": "Buenos días"}),
        ),
        (
            json!({"type": "interactive", "context": {"from": "34910000001", "id": "wamid.OUT1"},
                "interactive": {"type": "button_reply",
                    "button_reply": {"id": "confirm:rsv_9", "title": "Confirmar"}}}),
            json!({"text": "Confirmar", "button": "confirm:rsv_9", "reply_to": "wamid.OUT1"}),
        ),
        (
            json!({"type": "interactive", "interactive": {"type": "list_reply", "list_reply":
                {"id": "slot:1100", "title": "11:00", "description": "Martes 14"}}}),
            json!({"text": "11:00", "button": "slot:1100"}),
        ),
        (
            json!({"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply":
                {"name": "flow", "body": "Sent", "response_json": "{\"flow_token\":\"t\",\"n\":2}"}}}),
            json!({"text": "Sent", "form": {"flow_token": "t", "n": 2}}),
        ),
        (
            json!({"type": "interactive", "interactive": {"type": "call_permission_reply",
                "call_permission_reply": {"response": "accept", "is_permanent": false,
                    "expiration_timestamp": 1_760_604_833, "response_source": "user_action"}}}),
            json!({"interactive": {"type": "call_permission_reply", "call_permission_reply":
                {"response": "accept", "is_permanent": false, "expiration_timestamp": 1_760_604_833,
                 "response_source": "user_action"}}}),
        ),
        (json!({"type": "interactive"}), json!({"type": "interactive"})),
        (
            json!({"type": "button", "button": {"text": "Cancelar", "payload": "cancel:rsv_9"}}),
            json!({"text": "Cancelar", "button": "cancel:rsv_9"}),
        ),
        (
            json!({"type": "image", "image": media(json!({"caption": "mi coche"}))}),
            json!({"text": "mi coche", "media": media(json!({"caption": "mi coche"}))}),
        ),
        (
            json!({"type": "audio", "audio": media(json!({"voice": true}))}),
            json!({"media": media(json!({"voice": true}))}),
        ),
        (json!({"type": "video", "video": media(json!({}))}), json!({"media": media(json!({}))})),
        (
            json!({"type": "document", "document": media(json!({"filename": "a.pdf"}))}),
            json!({"media": media(json!({"filename": "a.pdf"}))}),
        ),
        (
            json!({"type": "sticker", "sticker": media(json!({"animated": false}))}),
            json!({"media": media(json!({"animated": false}))}),
        ),
        (
            json!({"type": "location", "location": {"latitude": 40.4, "longitude": -3.7}}),
            json!({"location": {"latitude": 40.4, "longitude": -3.7}}),
        ),
        (
            json!({"type": "contacts", "contacts": [{"vcard": "TEL:+34611111111",
                "phones": [{"phone": "+34611111111"}], "name": {"first_name": "Eva"}}]}),
            json!({"contacts": [{"phones": [{"phone": "+34611111111"}],
                "name": {"first_name": "Eva"}}]}),
        ),
        (
            json!({"type": "reaction", "reaction": {"message_id": "wamid.OUT1", "emoji": "👍"}}),
            json!({"reaction": {"message_id": "wamid.OUT1", "emoji": "👍", "removed": false}}),
        ),
        (
            json!({"type": "reaction", "reaction": {"message_id": "wamid.OUT1", "emoji": ""}}),
            json!({"reaction": {"message_id": "wamid.OUT1", "emoji": null, "removed": true}}),
        ),
        (
            json!({"type": "order", "order": {"catalog_id": "35416", "text": "para hoy",
                "product_items": [{"product_retailer_id": "OIL", "quantity": 2}]}}),
            json!({"text": "para hoy", "order": {"catalog_id": "35416", "text": "para hoy",
                "product_items": [{"product_retailer_id": "OIL", "quantity": 2}]}}),
        ),
        (
            json!({"type": "unsupported", "unsupported": {"type": "poll"},
                "errors": [{"code": 131_051, "title": "Message type unknown"}]}),
            json!({"unsupported": {"type": "poll"},
                "errors": [{"code": 131_051, "title": "Message type unknown"}]}),
        ),
        (
            json!({"type": "hologram", "hologram": {"size": 3}}),
            json!({"type": "hologram", "content": {"size": 3}}),
        ),
    ];
    for (sent, expected) in table {
        let reading = read_json(&message(sent.clone()));
        let data = data(&reading);
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(data.get(name), Some(value), "{name} of {sent} in {data}");
        }
        assert_eq!(data["type"], sent["type"]);
        assert_eq!(
            (&data["wa_number"], &data["name"], &data["message_id"]),
            (&json!("+34600000001"), &json!("Ana Gil"), &json!("wamid.1"))
        );
        let heard = heard(&reading);
        assert_eq!(heard.event.event_type.as_str(), "whatsapp.message.received");
        assert_eq!(heard.event.at, Timestamp(1_760_000_001_000));
        let kind = format!("message.{}", sent["type"].as_str().unwrap());
        assert!(reading.kinds.contains(&kind), "{:?}", reading.kinds);
    }
}

#[test]
fn d02_a_reply_to_an_advertisement_and_a_forwarded_message_say_so() {
    let referral = json!({"source_id": "120", "source_type": "ad", "ctwa_clid": "Aff"});
    let product = json!({"catalog_id": "1", "product_retailer_id": "P"});
    let sent = json!({"type": "text", "text": {"body": "hola"}, "referral": referral,
        "context": {"frequently_forwarded": true, "referred_product": product}});
    let data = data(&read_json(&message(sent)));
    assert_eq!((&data["referral"], &data["product"]), (&referral, &product));
    assert_eq!(data["forwarded"], true);
}

#[test]
fn d02_a_person_is_known_by_the_user_id_first_and_by_the_number_where_there_is_one() {
    let who = |user_id: Option<&str>, phone: Option<&str>, name: Option<&str>| {
        let text = |text: Option<&str>| text.map(str::to_owned);
        Who { user_id: text(user_id), phone: text(phone), name: text(name), ..Who::default() }
    };
    let contact = json!({"profile": {"name": "Ana"}, "wa_id": NUMBER, "user_id": "ES.13"});
    let stranger = json!({"profile": {"name": "Eva"}, "wa_id": "34600000002", "user_id": "ES.14"});
    let username = json!({"profile": {"username": "@ana"}, "user_id": "ES.13"});
    for (contacts, from, user_id, expected) in [
        (
            json!([contact]),
            json!(NUMBER),
            json!("ES.13"),
            who(Some("ES.13"), Some("+34600000001"), Some("Ana")),
        ),
        (
            json!([stranger, contact]),
            json!(null),
            json!("ES.13"),
            who(Some("ES.13"), Some("+34600000001"), Some("Ana")),
        ),
        (json!([username]), json!(null), json!("ES.13"), who(Some("ES.13"), None, Some("@ana"))),
        (json!([username]), json!(null), json!(null), who(Some("ES.13"), None, Some("@ana"))),
        (json!([]), json!(34_600_000_001_u64), json!(null), who(None, Some("+34600000001"), None)),
        (json!([stranger]), json!(NUMBER), json!(null), who(None, Some("+34600000001"), None)),
        (
            json!(contact),
            json!(NUMBER),
            json!(null),
            who(Some("ES.13"), Some("+34600000001"), Some("Ana")),
        ),
        (json!([contact]), json!("not a number"), json!(null), who(None, None, None)),
    ] {
        let message =
            json!({"id": "wamid.1", "from": from, "from_user_id": user_id, "type": "text"});
        let body = envelope("messages", json!({"contacts": contacts, "messages": [message]}));
        assert_eq!(heard(&read_json(&body)).who, expected, "{body}");
    }
}

#[test]
fn d02_a_changed_number_or_id_and_a_wish_about_marketing_are_understood() {
    let system = |system: Value| {
        let body = message(json!({"type": "system", "from_user_id": "ES.13", "system": system}));
        let reading = read_json(&body);
        let heard = heard(&reading).clone();
        assert_eq!(heard.event.event_type.as_str(), "whatsapp.user.changed");
        assert_eq!(heard.who.phone.as_deref(), Some("+34600000001"));
        let What::Changed(now) = heard.what else { panic!("{heard:?}") };
        now
    };
    let now = system(json!({"type": "user_changed_number", "wa_id": "34600000002"}));
    assert_eq!(now.phone.as_deref(), Some("+34600000002"));
    let now = system(json!({"type": "user_changed_user_id", "user_id": "ES.99"}));
    assert_eq!((now.user_id.as_deref(), now.phone), (Some("ES.99"), None));

    let update = json!({"user_id_update": [{"wa_id": NUMBER, "detail": "moved",
        "user_id": {"previous": "ES.13", "current": "ES.99"}, "timestamp": "1760000001"}]});
    let reading = read_json(&envelope("user_id_update", update));
    let told = heard(&reading);
    assert_eq!(told.who.user_id.as_deref(), Some("ES.13"));
    let now = Who { user_id: Some("ES.99".into()), ..told.who.clone() };
    assert_eq!(told.what, What::Changed(now));

    for (value, wanted) in [(json!("stop"), false), (json!("resume"), true), (json!(null), false)] {
        let wish = json!({"user_preferences": [{"wa_id": NUMBER, "value": value,
            "category": "marketing_messages", "timestamp": 1_760_000_001}]});
        let reading = read_json(&envelope("user_preferences", wish));
        let told = heard(&reading);
        assert_eq!(told.event.event_type.as_str(), "whatsapp.preferences.changed");
        assert_eq!(told.what, What::Marketing { wanted });
        assert_eq!(told.event.data["category"], "marketing_messages");
    }
}

fn call(more: Value) -> Value {
    let mut call = json!({"id": "wacid.1", "from": NUMBER, "to": "34910000001",
        "event": "terminate", "timestamp": "1760000160", "direction": "USER_INITIATED"});
    call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    envelope("calls", json!({"calls": [call]}))
}

#[test]
fn d04_a_call_starts_ends_is_missed_or_fails() {
    let out = json!({"direction": "BUSINESS_INITIATED", "from": "34910000001", "to": NUMBER});
    let with = |more: Value| {
        let mut call = out.clone();
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        call
    };
    let error = json!([{"code": 138_007, "title": "Call connection timeout"}]);
    let times = json!({"start_time": "1760000040", "end_time": "1760000160"});
    for (sent, expected) in [
        (json!({"event": "connect", "cta_payload": "rsv_9"}), "whatsapp.call.started"),
        (json!({"event": "call_created"}), "whatsapp.call.started"),
        (json!({"event": "connect", "direction": null}), "whatsapp.call.started"),
        (json!({"start_time": "1760000040", "end_time": "1760000160"}), "whatsapp.call.ended"),
        (json!({"status": "COMPLETED"}), "whatsapp.call.missed"),
        (json!({"status": "FAILED", "errors": error}), "whatsapp.call.missed"),
        (with(json!({"status": "FAILED"})), "whatsapp.call.failed"),
        (with(json!({"errors": error})), "whatsapp.call.failed"),
        (with(json!({"status": "COMPLETED"})), "whatsapp.call.missed"),
        (with(times.clone()), "whatsapp.call.ended"),
        (json!({"start_time": 1_760_000_040, "errors": error}), "whatsapp.call.failed"),
        (json!({"event": "call_recording_available"}), "whatsapp.call.call_recording_available"),
        (json!({"event": "what is this?"}), "whatsapp.call.what_is_this_"),
    ] {
        let reading = read_json(&call(sent.clone()));
        let heard = heard(&reading);
        assert_eq!(heard.event.event_type.as_str(), expected, "{sent}");
        assert_eq!(heard.who.phone.as_deref(), Some("+34600000001"), "{sent}");
        assert_eq!(heard.what, What::Call);
    }
    let data = data(&read_json(&call(times)));
    assert_eq!(data["duration_seconds"], 120, "worked out where it is not said");
    assert_eq!(data["started_at"], "2025-10-09T08:54:00.000Z");
    let mut of_value = call(json!({"status": "FAILED"}));
    of_value["entry"][0]["changes"][0]["value"]["errors"] = error;
    let reading = read_json(&of_value);
    assert_eq!(heard(&reading).event.data["error"]["code"], 138_007);

    let ringing = json!({"statuses": [{"id": "wacid.2", "timestamp": "1760000031", "type": "call",
        "status": "RINGING", "recipient_id": NUMBER}]});
    let reading = read_json(&envelope("calls", ringing));
    let told = heard(&reading);
    assert_eq!(told.event.event_type.as_str(), "whatsapp.call.status");
    assert_eq!(
        (&told.event.data["status"], &told.event.data["call_id"]),
        (&json!("ringing"), &json!("wacid.2"))
    );
}

#[test]
fn d03_statuses_are_read_one_by_one_and_what_is_none_is_left_out() {
    let statuses = json!({"statuses": [
        {"id": "wamid.O", "status": "sent", "timestamp": "1760000020", "recipient_id": NUMBER,
         "biz_opaque_callback_data": "dlv_01", "conversation": {"id": "c0ffee"}},
        {"id": "wamid.O", "status": "played", "timestamp": 1_760_000_021},
        {"id": "wamid.O", "status": "failed", "timestamp": "9999999999", "errors": [{"code": "131047",
         "title": "Re-engagement message", "error_data": {"details": "more than 24 hours"}}]},
        {"id": "wamid.O", "status": "deleted"},
        {"status": "read"},
        "read", 7, null,
    ]});
    let reading = read_json(&envelope("messages", statuses));
    let status = |status, at, delivery: Option<&str>| Status {
        message_id: "wamid.O".into(),
        delivery_id: delivery.map(str::to_owned),
        status,
        at: Timestamp(at),
        code: 0,
        error: None,
    };
    let failed = Status {
        code: 131_047,
        error: Some("more than 24 hours".into()),
        ..status(ProviderStatus::Failed, NOW.0, None)
    };
    let expected = [
        status(ProviderStatus::Sent, 1_760_000_020_000, Some("dlv_01")),
        status(ProviderStatus::Played, 1_760_000_021_000, None),
        failed,
    ];
    assert_eq!(reading.meanings, expected.map(Meaning::Status));
    assert_eq!(reading.left_out, 5);
    assert!(reading.note().unwrap().contains("'deleted' is not known"), "{:?}", reading.note());
}

#[test]
fn d02_every_other_field_is_handed_on_under_its_name_without_anybodys_number() {
    let update = json!({"event": "PARTNER_REMOVED", "phone_number": "34910000001",
        "messages": [{"from": NUMBER, "to": "34910000001", "text": {"body": "x"}}]});
    let reading = read_json(&envelope("smb_message_echoes", update));
    let [Meaning::Event(event)] = reading.meanings.as_slice() else { panic!("{reading:?}") };
    assert_eq!(event.event_type.as_str(), "whatsapp.smb_message_echoes");
    let echo = &event.data["value"]["messages"][0];
    assert_eq!(echo["from"], json!({"wa_id": NUMBER}), "where it is hashed when it leaves");
    assert_eq!(event.data["account_id"], "100200300400");

    let odd = read_json(&envelope("Ñ odd field!", json!({})));
    let [Meaning::Event(odd)] = odd.meanings.as_slice() else { panic!("{odd:?}") };
    assert_eq!(odd.event_type.as_str(), "whatsapp.__odd_field_");

    let error = json!({"errors": [{"code": 130_429, "title": "Rate limit hit"}]});
    let reading = read_json(&envelope("messages", error));
    let [Meaning::Event(event)] = reading.meanings.as_slice() else { panic!("{reading:?}") };
    assert_eq!(event.event_type.as_str(), "whatsapp.error");
    assert_eq!(event.data["code"], 130_429);
}
