//! The forms that a message takes at Meta.

use super::*;
use sereno_workflows::locale::Locale;
use sereno_workflows::message;

fn load(message: Option<Message>) -> Load {
    let body = json!({"data": {"name": "Ana"}, "event_id": "e1", "timestamp": "x"});
    Load {
        id: "d1".into(),
        attempt: 1,
        trace: crate::trace::of_delivery("d1", 1),
        event_type: if message.is_some() { "reminder.24h.sent" } else { "sla.breached" }.into(),
        body: body.to_string().into(),
        message,
        words: None,
        locale: Locale::En,
        zone: jiff::tz::TimeZone::UTC,
        timeout: None,
    }
}

fn reminder() -> Message {
    let visit = message::Visit {
        id: "R1",
        at: jiff::civil::date(2026, 1, 20).at(20, 0, 0, 0),
        name: Some("Ana\nMaría"),
        restaurant: None,
        party_size: Some(4),
    };
    message::reminder(visit, Locale::Es)
}

#[test]
fn a05_a_reminder_has_buttons_that_say_which_booking() {
    let content = content("+34600000001", Form::Free, &load(Some(reminder())));
    assert_eq!(content["to"], "34600000001");
    assert_eq!(content["biz_opaque_callback_data"], "d1");
    assert_eq!(content["type"], "interactive");
    let buttons = &content["interactive"]["action"]["buttons"];
    assert_eq!(
        buttons[0],
        json!({"type": "reply", "reply": {"id": "confirm:R1", "title": "1 · Confirmar"}})
    );
    assert_eq!(buttons.as_array().map(Vec::len), Some(2));
}

#[test]
fn a05_a_template_takes_the_parameters_and_the_payloads() {
    let template = WhatsAppTemplate { name: "reminder_v2".into(), language: "es_ES".into() };
    let content = content("34600000001", Form::Template(&template), &load(Some(reminder())));
    assert_eq!(
        content["template"],
        json!({
            "name": "reminder_v2",
            "language": {"code": "es_ES"},
            "components": [
                {"type": "body", "parameters": [
                    {"type": "text", "text": "Ana María"},
                    {"type": "text", "text": "martes 20 de enero, 20:00"},
                    {"type": "text", "text": "4"}]},
                {"type": "button", "sub_type": "quick_reply", "index": "0",
                 "parameters": [{"type": "payload", "payload": "confirm:R1"}]},
                {"type": "button", "sub_type": "quick_reply", "index": "1",
                 "parameters": [{"type": "payload", "payload": "cancel:R1"}]},
            ],
        })
    );
}

#[test]
fn a_message_without_buttons_and_an_event_are_texts() {
    let thanks = content("1", Form::Free, &load(Some(message::confirmed(Locale::En))));
    assert_eq!(thanks["text"]["body"], "✅ Confirmed. See you soon!");
    let event = content("1", Form::Free, &load(None));
    let body = event["text"]["body"].as_str().unwrap();
    assert!(body.starts_with("A customer has waited too long\n\nName: Ana"), "{body}");
}

#[test]
fn texts_and_buttons_keep_to_metas_limits() {
    let button = |id: &str| Button { id: id.into(), title: "x".repeat(30) };
    let long = Message {
        text: "é".repeat(5_000),
        buttons: ["a", "b", "c", "d"].map(button).into(),
        ..message::plain("")
    };
    let interactive = content("1", Form::Free, &load(Some(long.clone())));
    let chars = |value: &Value| value.as_str().unwrap().chars().count();
    assert_eq!(chars(&interactive["interactive"]["body"]["text"]), 1_024);
    let buttons = interactive["interactive"]["action"]["buttons"].as_array().unwrap();
    assert_eq!(buttons.len(), 3);
    assert_eq!(chars(&buttons[0]["reply"]["title"]), 20);
    let text = content("1", Form::Free, &load(Some(Message { buttons: Vec::new(), ..long })));
    assert_eq!(chars(&text["text"]["body"]), 4_096);
}

#[test]
fn the_base_keeps_its_path_with_or_without_a_slash() {
    for base in ["https://graph.facebook.com/v23.0", "https://graph.facebook.com/v23.0/"] {
        let url = messages_url(&Url::parse(base).unwrap(), "1").unwrap();
        assert_eq!(url.as_str(), "https://graph.facebook.com/v23.0/1/messages");
    }
}
