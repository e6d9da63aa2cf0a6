//! Numbers in payloads, whatever parts their digits and whatever they stand under, and what is none.

use serde_json::{Value, json};

use super::masked;

const NUMBER: &str = "34655741073";
/// echo -n +34600000001 | sha256sum
const HASH: &str = "eb491b384e4fda42";

/// What is seen of a field of a payload.
fn seen(field: &str, value: &Value) -> Value {
    masked(json!({"data": {field: value}}), true)["data"][field].clone()
}

#[test]
fn e01_nine_digits_are_hidden_whatever_parts_them_and_whatever_they_stand_under() {
    for parting in [",", ":", "; ", "*", "·", "~", "+", "|", "=", "#", "_", "/", " / ", "."] {
        let text = ["655", "741", "073"].join(parting);
        for field in ["status", "table", "code", "type", "zone", "version", "x_key"] {
            let seen = seen(field, &json!(text));
            let seen = seen.as_str().unwrap();
            assert!(seen.contains("•") || seen.starts_with("alias of "), "{field}: {text}: {seen}");
        }
        let id = seen("user_id", &json!(text));
        assert_eq!(
            id,
            if parting.contains(' ') {
                json!("•••")
            } else {
                json!(format!("alias of {text}"))
            }
        );
    }
    for text in
        ["93.123.45.67", "91.23.45 67 89", "tel93123456789", "655741073ES", "2034-60-01-1888"]
    {
        for field in ["status", "table", "date", "price", "ip"] {
            assert!(seen(field, &json!(text)).as_str().unwrap().contains("•"), "{field}: {text}");
        }
    }
    for field in ["table", "status", "error_code"] {
        assert_eq!(seen(field, &json!(655_741_073)), "•••", "{field}");
    }
    for name in [NUMBER, "655,741,073", "conv_34655741073", "655:741:073 "] {
        let seen = masked(json!({"data": {name: {"a": 1}, "by": {name: 1}}}), true).to_string();
        assert!(!seen.contains("741"), "{name}: {seen}");
    }
}

#[test]
fn e01_an_id_that_is_a_number_is_an_alias_unless_it_is_known_to_name_a_thing() {
    let alias = json!(format!("alias of {NUMBER}"));
    for field in [
        "customer_hash",
        "client_key",
        "number_key",
        "customerId",
        "key",
        "call_id",
        "line_id",
        "channel_id",
    ] {
        assert_eq!(seen(field, &json!(NUMBER)), alias, "{field}");
    }
    for field in ["number", "line", "call", "channel", "customer"] {
        assert_eq!(seen(field, &json!({"id": NUMBER})), json!({"id": alias}), "{field}");
    }
    for thing in [
        "subscription",
        "ticket",
        "room",
        "plan",
        "session",
        "notification",
        "invoice",
        "order",
        "portfolio",
    ] {
        let id = json!(123_456_789);
        assert_eq!(seen(&format!("{thing}_id"), &id), id, "{thing}");
        assert_eq!(seen(thing, &json!({"id": "123456789"})), json!({"id": "123456789"}), "{thing}");
    }
}

#[test]
fn a18_a_booking_that_is_called_by_what_leaves_instead_of_a_number_has_an_alias() {
    let alias = format!("alias of {HASH}");
    let timer = format!("reservation:{HASH}:reminder.24h:1769018400000");
    let answer = json!({"reservation_id": HASH, "items": [
        {"id": timer, "entity": "reservation", "entity_id": HASH}, {"entity": format!("reservation/{HASH}")},
    ], "reservation": {"id": HASH}, "data": {"reservation_id": format!("wa_{HASH}")}});
    assert_eq!(
        masked(answer, true),
        json!({"reservation_id": alias, "items": [
        {"id": format!("alias of {timer}"), "entity": "reservation", "entity_id": alias},
        {"entity": "reservation/•••"},
    ], "reservation": {"id": alias}, "data": {"reservation_id": format!("alias of wa_{HASH}")}})
    );
}

#[test]
fn e01_moments_and_what_things_are_called_are_shown() {
    for (field, value) in [
        ("at", "20:00 - 22:00"),
        ("anything", "2026-01-20/2026-01-27"),
        ("period", "2026-01-20 - 2026-01-27"),
        ("date", "20/01/2026 20:00"),
        ("timestamp", "1769018400000"),
        ("restaurant", "La Trattoria"),
        ("restaurant_name", "La Trattoria"),
        ("plan", "Plan Pro"),
        ("area", "terraza norte"),
        ("campaign", "Black Friday"),
        ("amount", "1.234,50 EUR"),
    ] {
        assert_eq!(seen(field, &json!(value)), value, "{field}");
    }
    let place = json!({"name": "La Trattoria", "id": "123456789"});
    assert_eq!(seen("restaurant", &place), place);
    for (field, value) in
        [("plan", "the one of Ana"), ("status", "Ana García"), ("called", "La Trattoria")]
    {
        assert_eq!(seen(field, &json!(value)), "•••", "{field}");
    }
}
