//! What becomes of deliveries as their senders document them.

use serde_json::json;

use super::*;
use crate::event::Event;

const NOW: Timestamp = Timestamp(1_768_820_400_000);

/// Type, id and time of the event of a delivery, and its data.
fn event(verifier: Verifier, headers: &[(&str, &str)], body: Value) -> Result<Event, Invalid> {
    let headers: Headers =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let delivery = Delivery {
        source: "shop",
        headers: &headers,
        body: &body,
        id: Some("in1"),
        received_at: NOW,
    };
    let envelope = events(verifier, &delivery)?.remove(0);
    Event::from_json(envelope, Timestamp(0))
}

#[test]
fn b08_each_sender_has_its_types_and_its_ids() {
    use Verifier::{Github, Header, Shopify, Slack, Standard, Stripe, Twilio};
    let shopify: &[_] = &[("x-shopify-topic", "orders/create"), ("x-shopify-webhook-id", "w1")];
    let push: &[_] = &[("x-github-event", "push"), ("x-github-delivery", "d1")];
    let issues: &[_] = &[("x-github-event", "issues"), ("x-github-delivery", "d2")];
    let odd: &[_] = &[("x-shopify-topic", "a b/ñ")];
    for (verifier, headers, body, event_type, id) in [
        (Shopify, shopify, json!({"id": 1}), "shopify.orders.create", "shopify-w1"),
        (Shopify, odd, json!({}), "shopify.a_b._", "shop-in1"),
        (Github, push, json!({}), "github.push", "github-d1"),
        (Github, issues, json!({"action": "opened"}), "github.issues.opened", "github-d2"),
        (
            Stripe,
            &[],
            json!({"id": "evt_1", "type": "invoice.paid"}),
            "stripe.invoice.paid",
            "stripe-evt_1",
        ),
        (
            Slack,
            &[],
            json!({"type": "event_callback", "event_id": "Ev1",
            "event": {"type": "app_mention"}}),
            "slack.app_mention",
            "slack-Ev1",
        ),
        (Slack, &[], json!({"command": "/x", "trigger_id": "1.2"}), "slack.command", "slack-1.2"),
        (
            Slack,
            &[],
            json!({"payload": "{\"type\": \"block_actions\"}"}),
            "slack.interaction",
            "shop-in1",
        ),
        (
            Twilio,
            &[],
            json!({"MessageSid": "SM1", "SmsStatus": "received"}),
            "twilio.message.received",
            "twilio-SM1-received",
        ),
        (
            Twilio,
            &[],
            json!({"CallSid": "CA1", "CallStatus": "no-answer"}),
            "twilio.call.no-answer",
            "twilio-CA1-no-answer",
        ),
        (Twilio, &[], json!({"Other": "x"}), "twilio.event", "shop-in1"),
        (
            Standard,
            &[],
            json!({"type": "user.created", "data": {"a": 1}}),
            "user.created",
            "shop-in1",
        ),
        (
            Standard,
            &[],
            json!({"event_type": "order.created", "event_id": "e1", "data": {}}),
            "order.created",
            "e1",
        ),
        (Header, &[], json!({"type": 7}), "shop.received", "shop-in1"),
        (Header, &[], json!([1, 2]), "shop.received", "shop-in1"),
    ] {
        let event = event(verifier, headers, body.clone()).unwrap();
        let got = (event.event_type.as_str(), event.id.as_ref().map(EventId::as_str));
        assert_eq!(got, (event_type, Some(id)), "{body}");
    }
}

#[test]
fn a18_numbers_of_twilios_are_known_as_such() {
    let body = json!({"MessageSid": "SM1", "SmsStatus": "received", "From": "whatsapp:+34600000001",
        "To": "+34910000001", "WaId": "34600000001", "Body": "hola", "ProfileName": "Ana"});
    let event = event(Verifier::Twilio, &[], body).unwrap();
    let number = |number: &str| json!({"wa_id": number});
    assert_eq!(event.data["From"], number("+34600000001"));
    assert_eq!(event.data["To"], number("+34910000001"));
    assert_eq!(event.data["WaId"], number("+34600000001"));
    assert_eq!((&event.data["Body"], &event.data["ProfileName"]), (&json!("hola"), &json!("Ana")));
    let body = json!({"MessageSid": "SM1", "From": "MyBrand", "To": "12345"});
    let event = super::tests::event(Verifier::Twilio, &[], body).unwrap();
    assert_eq!((&event.data["From"], &event.data["To"]), (&json!("MyBrand"), &json!("12345")));
}

#[test]
fn b08_what_is_missing_is_named_and_nothing_panics() {
    use Verifier::{Bird, Github, Header, Shopify, Slack, Stripe};
    let long = "x".repeat(200);
    let topic = &[("x-shopify-topic", &*long)];
    for (verifier, headers, body, field) in [
        (Shopify, &[] as &[(&str, &str)], json!({}), "X-Shopify-Topic"),
        (Shopify, topic, json!({}), "event_type"),
        (Github, &[], json!({}), "X-GitHub-Event"),
        (Stripe, &[], json!({"type": 7}), "type"),
        (Slack, &[], json!([]), "type"),
        (Slack, &[], json!({"payload": "{"}), "payload"),
        (Header, &[], json!({"event_type": 7}), "event_type"),
        (Header, &[], json!({"event_type": "a.b", "data": []}), "data"),
        (Bird, &[], json!({"event": "whatsapp.inbound"}), "payload"),
        (Bird, &[], json!("text"), "event"),
    ] {
        assert_eq!(event(verifier, headers, body.clone()).unwrap_err().field, field, "{body}");
    }
}

#[test]
fn b02_what_bird_says_of_messages_drives_conversations() {
    let payload = |status: &str| {
        json!({"id": "m1", "channelId": "ch1", "status": status, "createdAt": "2026-01-20T20:00:00Z",
            "sender": {"contact": {"id": "c1", "identifierKey": "phonenumber",
                "identifierValue": "+34600000001", "annotations": {"name": "Ana"}}},
            "receiver": {"contacts": [{"id": "c1", "identifierKey": "phonenumber",
                "identifierValue": "+34600000001"}]},
            "body": {"type": "text", "text": {"text": "Hola",
                "actions": [{"type": "postback", "postback": {"text": "Sí", "payload": "yes"}}]}},
            "meta": {"extraInformation": {"whatsappbsuid": "ES.1"}}})
    };
    let of = |name: &str, payload: Value| {
        event(
            Verifier::Bird,
            &[],
            json!({"service": "channels", "event": name, "payload": payload}),
        )
    };
    let came = of("whatsapp.inbound", payload("received")).unwrap();
    assert_eq!(came.event_type.as_str(), "conversation.message.received");
    assert_eq!(came.id.as_ref().map(EventId::as_str), Some("bird-m1"));
    assert_eq!(came.at.to_rfc3339(), "2026-01-20T20:00:00.000Z");
    for (name, value) in [
        ("conversation_id", json!("bird-ch1-c1")),
        ("message_id", json!("m1")),
        ("wa_number", json!("+34600000001")),
        ("text", json!("Hola")),
        ("content", json!({"type": "text", "text": "Hola", "button": "yes"})),
        ("user", json!({"id": "c1", "name": "Ana", "user_id": "ES.1"})),
    ] {
        assert_eq!(came.data.get(name), Some(&value), "{name}");
    }
    for (name, status, event_type, id) in [
        ("whatsapp.outbound", "sent", "conversation.message.sent", "bird-m1-sent"),
        ("whatsapp.outbound", "delivered", "bird.whatsapp.outbound", "bird-m1-delivered"),
        ("whatsapp.interaction", "", "bird.whatsapp.interaction", "shop-in1"),
    ] {
        let event = of(name, payload(status)).unwrap();
        let got = (event.event_type.as_str(), event.id.as_ref().map(EventId::as_str));
        assert_eq!(got, (event_type, Some(id)), "{name} {status}");
    }
    // Everything may be missing, and anything may stand where something else belongs.
    for odd in [json!({}), json!({"id": 7, "sender": [], "body": "x", "channelId": null})] {
        assert!(of("sms.inbound", odd.clone()).is_ok(), "{odd}");
    }
}

#[test]
fn moments_are_read_as_senders_write_them() {
    for (value, at) in [
        (json!(1_700_000_000), Some(1_700_000_000_000)),
        (json!("1700000000"), Some(1_700_000_000_000)),
        (json!(1_700_000_000_123_i64), Some(1_700_000_000_123)),
        (json!("2023-11-14T22:13:20Z"), Some(1_700_000_000_000)),
        (json!(-1), None),
        (json!(1e300), None),
        (json!(i64::MAX), None),
        (json!(i64::MIN), None),
        (json!("soon"), None),
        (json!([]), None),
    ] {
        assert_eq!(moment(&value), at.map(Timestamp), "{value}");
    }
}
