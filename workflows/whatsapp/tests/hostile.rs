//! Repeated, broken, hostile: what a genuine sender, or its bug, may still send.

use serde_json::{Value, json};

use super::{NOW, NUMBER, call, data, envelope, heard, message, read_bytes, read_json};
use crate::inbound::{Letter, MEANINGS_MAX, Meaning, Road, read};
use crate::policy::Settings;

#[test]
fn d07_the_same_update_always_has_the_same_id() {
    let ids = |body: &Value| -> Vec<String> {
        let id = |meaning: &Meaning| match meaning {
            Meaning::Heard(heard) => heard.event.id.clone().unwrap().to_string(),
            Meaning::Event(event) => event.id.clone().unwrap().to_string(),
            Meaning::Status(status) => status.message_id.clone(),
        };
        read_json(body).meanings.iter().map(id).collect()
    };
    let long = "w".repeat(300);
    let bodies = [
        message(json!({"type": "text"})),
        message(json!({"id": long})),
        message(json!({"id": null, "text": {"body": "a"}})),
        message(json!({"id": null, "text": {"body": "b"}})),
        call(json!({"event": "connect"})),
        call(json!({})),
        call(json!({"id": null})),
        envelope("account_update", json!({"event": "A"})),
        envelope("account_update", json!({"event": "B"})),
        envelope("user_preferences", json!({"user_preferences": [{"wa_id": NUMBER}]})),
        envelope("messages", json!({"errors": [{"code": 1}, {"code": 2}]})),
    ];
    let mut all: Vec<String> = Vec::new();
    for body in &bodies {
        let first = ids(body);
        assert!(!first.is_empty() && first == ids(body), "{body}");
        all.extend(first);
    }
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!((all.len(), count), (12, 12), "and no other has it: {all:?}");
}

#[test]
fn d07_what_cannot_be_read_is_an_error_in_words_and_never_more() {
    let deep = |count: usize| format!("{}1{}", "[".repeat(count), "]".repeat(count));
    for body in [
        "".to_owned(),
        "{".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        "7".to_owned(),
        "{}".to_owned(),
        r#"{"entry": 7}"#.to_owned(),
        r#"{"entry": []}"#.to_owned(),
        deep(100_000),
        format!(r#"{{"entry": [{{"changes": {}}}]}}"#, deep(1_500_000)),
        message(json!({"type": "text"})).to_string().trim_end_matches('}').to_owned(),
    ] {
        let error = read_bytes(body.as_bytes()).unwrap_err();
        assert!(!error.problem.is_empty() && error.to_string().len() < 300, "{error}");
    }
    assert!(read_bytes(&[0xff, 0xfe, 0x00]).is_err());
    let no_line = read(
        Letter {
            road: &Road::WhatsApp,
            headers: &[],
            content_type: None,
            body: b"{}",
            received_at: NOW,
        },
        &Settings::default(),
    );
    assert_eq!(no_line.unwrap_err().field, "settings.whatsapp");
}

#[test]
fn d07_wrong_types_in_every_place_leave_out_no_more_than_they_must() {
    let strange =
        [json!(null), json!(7), json!(-1.5), json!("x"), json!([]), json!({}), json!([[1]])];
    let whole = message(json!({"type": "text", "text": {"body": "1"}, "context": {"id": "w"}}));
    let places = [
        "/entry",
        "/entry/0",
        "/entry/0/id",
        "/entry/0/changes",
        "/entry/0/changes/0",
        "/entry/0/changes/0/field",
        "/entry/0/changes/0/value",
        "/entry/0/changes/0/value/metadata",
        "/entry/0/changes/0/value/contacts",
        "/entry/0/changes/0/value/contacts/0",
        "/entry/0/changes/0/value/contacts/0/profile",
        "/entry/0/changes/0/value/messages",
        "/entry/0/changes/0/value/messages/0",
        "/entry/0/changes/0/value/messages/0/from",
        "/entry/0/changes/0/value/messages/0/id",
        "/entry/0/changes/0/value/messages/0/timestamp",
        "/entry/0/changes/0/value/messages/0/type",
        "/entry/0/changes/0/value/messages/0/text",
        "/entry/0/changes/0/value/messages/0/text/body",
        "/entry/0/changes/0/value/messages/0/context",
    ];
    for place in places {
        for value in &strange {
            let mut body = whole.clone();
            *body.pointer_mut(place).unwrap() = value.clone();
            // It may be an error, but never a panic; and where it is read, something is said of it.
            if let Ok(reading) = read_bytes(body.to_string().as_bytes()) {
                assert!(!reading.meanings.is_empty() || reading.note().is_some(), "{body}");
            }
        }
    }
    let mut message = whole.clone();
    message["entry"][0]["changes"][0]["value"]["messages"][0]["timestamp"] = json!("soon");
    assert_eq!(heard(&read_json(&message)).event.at, NOW, "it cannot have been written later");
}

#[test]
fn d07_a_thousand_updates_of_several_numbers_are_sorted_apart() {
    let message = |n: usize| json!({"from": NUMBER, "id": format!("w{n}"), "type": "text", "text": {"body": "x"}});
    let ours: Vec<Value> = (0..1_000).map(message).collect();
    let mut body = envelope("messages", json!({"messages": ours}));
    let mut other = envelope("messages", json!({"messages": [message(7)]}));
    other["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = json!("999");
    body["entry"].as_array_mut().unwrap().push(other["entry"][0].clone());
    let reading = read_json(&body);
    assert_eq!((reading.meanings.len(), reading.left_out), (1_000, 1));
    assert!(reading.note().unwrap().contains("999"), "{:?}", reading.note());
    let many = json!({"messages": vec![message(1); MEANINGS_MAX + 5]});
    let reading = read_json(&envelope("messages", many));
    assert_eq!((reading.meanings.len(), reading.left_out), (MEANINGS_MAX, 5));
}

#[test]
fn d02_one_broken_thing_costs_no_other_thing_of_its_letter() {
    let one = |id: u32, body: &str| {
        format!(r#"{{"from":"{NUMBER}","id":"wamid.{id}","type":"text","text":{{"body":{body}}}}}"#)
    };
    let deep = format!("{}1{}", "[".repeat(300), "]".repeat(300));
    for (broken, said) in
        [(r#""hola \ud83d""#, Some("hola \u{fffd}")), ("1e400", None), (deep.as_str(), None)]
    {
        let messages = [one(1, r#""BAJA""#), one(2, broken), one(3, r#""hola \ud83d\ude00""#)];
        let body = format!(
            r#"{{"entry":[{{"changes":[{{"field":"messages","value":{{"messages":[{}]}}}}]}}]}}"#,
            messages.join(",")
        );
        let reading = read_bytes(body.as_bytes()).unwrap();
        let texts = reading.meanings.iter().map(|meaning| match meaning {
            Meaning::Heard(heard) => heard.event.data.get("text").and_then(Value::as_str),
            Meaning::Status(_) | Meaning::Event(_) => panic!("a message: {meaning:?}"),
        });
        let texts: Vec<_> = texts.collect();
        assert_eq!(texts, [Some("BAJA"), said, Some("hola 😀")], "{broken}");
        assert!(reading.note().is_some(), "{broken}");
    }
}

#[test]
fn d04_times_of_a_call_that_cannot_be_are_not_told() {
    let call = |more: Value| {
        let mut call = json!({"id": "wacid.1", "from": NUMBER, "event": "terminate",
            "direction": "USER_INITIATED", "timestamp": "1760000100", "status": "COMPLETED"});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        data(&read_json(&envelope("calls", json!({"calls": [call]}))))
    };
    for bad in ["9223372036854775807", "-5", "99999999999", "253402300800000"] {
        let told = call(json!({"start_time": bad, "end_time": bad, "duration": -1}));
        for name in ["started_at", "ended_at", "duration_seconds"] {
            assert_eq!(told.get(name), None, "{bad} {told}");
        }
    }
    let told = call(json!({"start_time": "1760000000", "end_time": "1760000060"}));
    assert_eq!(told["duration_seconds"], 60);
    let back =
        call(json!({"start_time": "1760000060", "end_time": "1760000000", "duration": 1e15}));
    assert_eq!((back.get("ended_at"), back.get("duration_seconds")), (None, None), "{back}");
}
