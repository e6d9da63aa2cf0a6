//! What others made: payloads, whose fields are called as they please, and what receivers answer.

use serde_json::{Value, json};

use super::masked;
use crate::masking::{gives_away, masked_id};

#[test]
fn e01_of_a_payload_only_what_is_known_to_be_harmless_is_shown() {
    let payload = json!({
        "event_type": "reservation.created", "timestamp": "2026-01-20T20:00:00Z",
        "data": {
            "reservation_id": "R-1", "orderId": "O-1", "status": "booked", "restaurant": "Trattoria",
            "currency": "EUR", "total": 12.5, "vip": true, "price": "12.50", "start": "20:00",
            "product": {"sku": "S-1", "name": "Vestido"}, "tags": ["vip", 3],
            "notas_internas": "Ana García is back", "host": "Ana", "companion": {"called": "Luis"},
            "guest_ref": "call +34600000012", "table_id": "by the window of Ana",
            "status_text": "Ana called", "ana@mail.example": 1, "34600000012": "x", "paid": "Ana 1",
        },
    });
    let shown = json!({
        "event_type": "reservation.created", "timestamp": "2026-01-20T20:00:00Z",
        "data": {
            "reservation_id": "R-1", "orderId": "O-1", "status": "booked", "restaurant": "Trattoria",
            "currency": "EUR", "total": 12.5, "vip": true, "price": "12.50", "start": "20:00",
            "product": {"sku": "S-1", "name": "Vestido"}, "tags": ["•••", 3],
            "notas_internas": "•••", "host": "•••", "companion": {"called": "•••"},
            "guest_ref": "•••", "table_id": "•••",
            "status_text": "•••", "a•••@•••": 1, "34•••••12": "•••", "paid": "•••",
        },
    });
    for place in ["payload", "data"] {
        assert_eq!(
            masked(json!({"ok": true, "items": [{place: payload.clone()}]}), true),
            json!({"ok": true, "items": [{place: shown}]})
        );
    }
    let letter = |body: &Value| json!({"letter": {"body": body.to_string()}});
    let body = masked(letter(&payload), true).pointer("/letter/body").cloned().unwrap();
    assert_eq!(serde_json::from_str::<Value>(body.as_str().unwrap()).unwrap(), shown);
    // The tenant's own words and settings are no payload.
    let own = json!({"data": {"greeting": "Hello there"}});
    assert_eq!(masked(own.clone(), false), own);
}

#[test]
fn e01_a_long_text_is_no_word_whatever_its_field_is_called() {
    let long = "x ".repeat(40);
    assert_eq!(
        masked(json!({"data": {"status": long, "source": "web"}}), true),
        json!({"data": {"status": "•••", "source": "web"}})
    );
}

#[test]
fn a18_what_leaves_instead_of_a_number_is_hidden_like_the_number() {
    let hash = "eb491b384e4fda42";
    let alias = format!("alias of {hash}");
    let person = "alias of wa_eb491b384e4fda42";
    assert_eq!(
        masked(
            json!({"wa_number_hash": hash, "former_wa_number_hashes": [hash],
                   "data": {"phone_hash": hash, "conversation_id": format!("wa_{hash}")},
                   "conversation_id": "wa_34600000012", "commit_hash": "6f9619ff8b86"}),
            true
        ),
        json!({"wa_number_hash": alias, "former_wa_number_hashes": [alias],
               "data": {"phone_hash": alias, "conversation_id": person},
               "conversation_id": "alias of wa_34600000012", "commit_hash": "6f9619ff8b86"})
    );
    assert_eq!(
        masked(
            json!({"entity": "conversation:wa_34600000012", "subject": "wa_34600000012",
                   "items": [{"entity": format!("conversation/{hash}")}]}),
            false
        ),
        json!({"entity": "conversation:•••", "subject": "•••",
               "items": [{"entity": "conversation/•••"}]})
    );
    assert!(gives_away("wa_number_hash", hash) && gives_away("conversation_id", "wa_34600000012"));
    assert!(!gives_away("wa_number_hash", "keyed") && !gives_away("conversation_id", "wa_12"));
    assert_eq!((&*masked_id(hash), &*masked_id("wa_34600000012")), ("•••", "•••"));
    assert_eq!(masked_id("34600000012"), "34•••••12");
    let timer = masked_id(&format!("handoff:{hash}:sla:1769018400000"));
    assert_eq!(timer, "handoff:•••:sla:1769018400000");
}

#[test]
fn a10_of_a_handoff_that_changes_hands_it_is_shown_how_and_not_whose_it_is() {
    let data = json!({"claimed_by": "Luis", "claimed_from": "Ana", "woken_by": "person",
        "priority": "high", "snoozed_until": "2026-11-20T19:30:00.000Z"});
    assert_eq!(
        masked(json!({"event_type": "handoff.assigned", "data": data}), true)["data"],
        json!({"claimed_by": "•••", "claimed_from": "•••", "woken_by": "person",
            "priority": "high", "snoozed_until": "2026-11-20T19:30:00.000Z"})
    );
}

#[test]
fn d05_of_a_persons_reply_neither_who_wrote_nor_to_whom_is_shown() {
    let data = json!({"by": "Luis", "sent_by": "person", "text": "Hola Ana",
        "template": {"name": "hola", "language": "es", "parameters": ["Ana", "hoy a las nueve"]}});
    let seen = masked(json!({"event_type": "conversation.message.sent", "data": data}), true);
    for word in ["Luis", "Ana", "nueve"] {
        assert!(!seen.to_string().contains(word), "{word} in {seen}");
    }
}

#[test]
fn e01_of_a_receivers_answer_stays_what_a_machine_reads() {
    let shown = |body: &str| {
        let answer = masked(json!({"history": [{"response_body": body}]}), true);
        answer.pointer("/history/0/response_body").and_then(Value::as_str).unwrap().to_owned()
    };
    for (body, seen) in [
        (
            r#"{"code":"no_user","customer":{"name":"Ana"},"detail":"Ana García","n":3,"ok":false}"#,
            r#"{"code":"no_user","customer":{"name":"A•••"},"detail":"•••","n":3,"ok":false}"#,
        ),
        (
            r#"{"name":"Ana, B","x":[1,{"y":"z"},{"note":"ca"#,
            r#"{"name":"A•••","x":[1,{"y":"•••"}]} …"#,
        ),
        (r#"{"error":"user Ana is unknown"}"#, r#"{"error":"•••"}"#),
        (r#"{"error":"invalid_client"}"#, r#"{"error":"invalid_client"}"#),
        ("invalid_blocks", "invalid_blocks"),
        ("ok", "ok"),
        ("user Ana is unknown", "•••"),
        ("<p>Ana</p>", "•••"),
    ] {
        assert_eq!(shown(body), seen, "{body}");
    }
    for cut in [r#"{"name":"Ana"#, "[[[", r#"{"a\":1}}},"b"#, "{no, json"] {
        assert_eq!(shown(cut), "•••", "{cut}");
    }
}

#[test]
fn e01_what_went_wrong_is_told_without_the_receivers_words() {
    for (told, seen) in [
        ("answered 503 Busy: user Ana", "answered 503 Busy: •••"),
        (
            "the token endpoint: answered 503 Busy: for Ana",
            "the token endpoint: answered 503 Busy: •••",
        ),
        ("answered 400 Bad Request: invalid_blocks", "answered 400 Bad Request: invalid_blocks"),
        (
            "mail server: permanent error (550): 5.1.1 Ana García is unknown",
            "mail server: permanent error (550): 5.1.1 •••",
        ),
        ("mail server: transient error (450): Ana", "mail server: transient error (450): •••"),
    ] {
        for place in [
            json!({"error_message": told}),
            json!({"event_type": "endpoint.failing", "source": "workflow", "data": {"error": told}}),
        ] {
            let text = masked(place.clone(), true).to_string();
            let wanted = place.to_string().replace(told, seen);
            assert_eq!(text, wanted);
        }
    }
    let ours = json!({"items": [
        {"error_message": "answered 302 Found: redirects to https://b.example, which is not followed"},
        {"error_message": "the token endpoint answered 302 Found: a redirect, which is not followed"},
        {"error_message": "no answer within 15 s"},
        {"error_message": "mail server: Connection error: connection refused"},
        {"error_message": "Slack says no_service: connect the channel again and set its new URL"},
        {"error_message": "Meta says 131047: Re-engagement message"},
        {"provider_error": {"code": 131_047, "message": "Re-engagement message"}},
    ]});
    assert_eq!(masked(ours.clone(), true), ours);
}

#[test]
fn e01_what_a_dead_letter_was_to_say_is_somebodys() {
    let letter = json!({"ok": true, "message": "Hello Ana", "payload": {"data": {"n": 1}}});
    let shown = json!({"ok": true, "message": "•••", "payload": {"data": {"n": 1}}});
    assert_eq!(masked(letter, true), shown);
}

#[test]
fn e01_what_begins_as_our_own_words_do_is_somebodys_where_we_do_not_write() {
    for told in [
        "answered by Zoila Secreta, Calle 5",
        "no connection: Zoila Secreta",
        "Meta says Zoila Secreta",
        "zoila_secreta_garcia",
    ] {
        for name in ["error", "error_message", "last_error"] {
            let data = json!({"source": "api", "data": {name: told, "source": "workflow"}});
            let shown = masked(data, true);
            assert_eq!(shown.pointer(&format!("/data/{name}")), Some(&json!("•••")), "{told}");
        }
        let answer = json!({"response_body": json!({"error": told}).to_string()});
        let hidden = json!({"response_body": "{\"error\":\"•••\"}"});
        assert_eq!(masked(answer, true), hidden);
    }
    let body = json!({"response_body": "zoila_secreta_garcia"});
    assert_eq!(masked(body, true), json!({"response_body": "•••"}));
    let said = json!({"error_message": "answered 503 Busy: redirects to Zoila Secreta"});
    assert_eq!(masked(said, true), json!({"error_message": "answered 503 Busy: •••"}));
    let own = json!({"source": "workflow", "data": {"because": "handoff_closed", "by": "Zoila"}});
    let seen = json!({"source": "workflow", "data": {"because": "handoff_closed", "by": "Z•••"}});
    assert_eq!(masked(own, true), seen);
}

#[test]
fn e01_what_a_customer_wanted_is_shown_where_a_program_called_it_and_not_in_words() {
    let said = "Zoila Secreta vive en Calle Secreta 5";
    let answer = |said: &str| {
        json!({"last_intent": said, "intent": said, "channel": said, "intents": [{"name": said, "confidence": 0.5}],
            "actions": [{"name": said, "success": true}], "resolution": {"status": said, "outcome": said},
            "data": {"intent": {"name": said}, "action": said}})
    };
    assert_eq!(masked(answer(said), true), answer("•••"));
    assert_eq!(masked(answer("Zoila"), true), answer("•••"));
    assert_eq!(masked(answer("reservar_mesa"), true), answer("reservar_mesa"));
}

#[test]
fn e01_numbers_and_names_of_a_payload_are_hidden_whatever_its_fields_are_called() {
    let payload = json!({"data": {
        "contact_number": 34_600_111_222_u64, "numero": 600_111_222, "tel1": 600_111_222, "dni": 12_345_678,
        "birth_date": "1985-03-12", "fecha_nacimiento": "1985-03-12", "ref": "3460-01-11222",
        "template": {"name": "Zoila"}, "endpoint": {"name": "Zoila"}, "headers": {"name": "Zoila"},
        "why": {"name": "Zoila"}, "actions": [{"name": "Zoila Secreta"}],
        "order_total": 12_345_678, "duration_ms": 12_345_678, "created_at": 1_760_000_001_000_u64, "party": 4,
        "date": "2026-01-20", "slot": "2026-01-20T20:00",
    }});
    let shown = json!({"data": {
        "contact_number": "•••", "numero": "•••", "tel1": "•••", "dni": "•••",
        "birth_date": "•••", "fecha_nacimiento": "•••", "ref": "•••",
        "template": {"name": "Z•••"}, "endpoint": {"name": "Z•••"}, "headers": {"name": "Z•••"},
        "why": {"name": "Z•••"}, "actions": [{"name": "•••"}],
        "order_total": 12_345_678, "duration_ms": 12_345_678, "created_at": 1_760_000_001_000_u64, "party": 4,
        "date": "2026-01-20", "slot": "2026-01-20T20:00",
    }});
    assert_eq!(masked(payload, true), shown);
    for (said, seen) in [
        ("Meta says 100: 600-111-222 is no user", "Meta says 100: 60•••••22 is no user"),
        ("call 600.111.222 or 91-123-45-67.", "call 60•••••22 or 91•••••67."),
        ("from 2026-01-20-15 of 192.168.100.200", "from 2026-01-20-15 of 192.168.100.200"),
    ] {
        assert_eq!(masked(json!({"error_message": said}), true), json!({"error_message": seen}));
    }
}

#[test]
fn d05_who_wrote_of_the_house_is_told_as_who_holds_it_is() {
    let lines = json!({"messages": [
        {"kind": "message_received", "by": "customer"}, {"kind": "message_sent", "by": "assistant"},
        {"kind": "message_sent", "by": "Eva"},
    ]});
    let shown = masked(lines, true);
    let writers =
        ["/messages/0/by", "/messages/1/by", "/messages/2/by"].map(|at| shown.pointer(at).unwrap());
    assert_eq!(writers, [&json!("customer"), &json!("assistant"), &json!("Eva")]);
}

#[test]
fn e01_a_number_that_is_an_id_is_an_alias_whoever_it_is_of_and_however_it_is_written() {
    let number = "34600000012";
    let alias = "alias of 34600000012";
    for field in [
        "person_id",
        "member_id",
        "owner_id",
        "author_id",
        "account_id",
        "subscriber_id",
        "visitor_id",
        "peer_id",
        "from_id",
        "to_id",
        "entity_id",
        "external_id",
        "cid_id",
        "id",
    ] {
        let shown =
            masked(json!({"data": {field: number, "n": {field: 34_600_000_012_u64}}}), true);
        assert_eq!(shown, json!({"data": {field: alias, "n": {field: alias}}}), "{field}");
    }
    for field in
        ["chat", "recipient", "participant", "member", "patient", "party", "thread", "whatever"]
    {
        for (id, shown) in [(number, alias), ("eb491b384e4fda42", "alias of eb491b384e4fda42")] {
            let seen = masked(json!({"data": {field: {"id": id}}}), true);
            assert_eq!(seen, json!({"data": {field: {"id": shown}}}), "{field}");
        }
    }
    for id in [
        "0034600000012",
        "0346000000121",
        "123456789",
        "600-000-012",
        "655/741/073",
        "655_741073",
        "(655)741073",
        "00eb491b384e4fda42",
        "٣٤٦٠٠٠٠٠٠٠١٢",
        "３４６０００００００１２",
    ] {
        assert!(gives_away("conversation_id", id), "{id}");
        let shown = masked(json!({"conversation_id": id, "data": {"user_id": id}}), true);
        let alias = format!("alias of {id}");
        assert_eq!(shown, json!({"conversation_id": alias, "data": {"user_id": alias}}), "{id}");
        let seen = masked_id(id);
        assert!(seen.contains('•') && !seen.contains("000012") && !seen.contains("741"), "{seen}");
    }
    let same = json!({"data": {"order_id": number, "external_order_id": number, "message_id": number,
        "phone_number_id": number, "order": {"id": number}, "products": [{"id": number}],
        "span_id": "eb491b384e4fda42", "user_id": "u-12",
        "session_id": "3f2b8c1e-0d4a-4c55-9a77-123456789012", "at": "2026-01-20", "id": "e-1"}});
    assert_eq!(masked(same.clone(), true), same);
    let of = |entity: &str| json!({"data": {"entity": entity, "entity_id": number}});
    assert_eq!(masked(of("reservation"), true)["data"]["entity_id"], number);
    assert_eq!(masked(of("somebody"), true)["data"]["entity_id"], alias);
}

#[test]
fn e01_of_fields_that_are_harmless_a_word_is_shown_and_no_sentence() {
    for (field, text, seen) in [
        ("place", "calle Mayor 4", "•••"),
        ("table", "mesa de Zoila", "•••"),
        ("table", "T-12", "T-12"),
        ("result", "Zoila Secreta booked", "•••"),
        ("status", "Zoila\u{a0}Secreta", "•••"),
        ("status", "no_show", "no_show"),
        ("campaign", "summer-2026", "summer-2026"),
        ("price", "12.50 EUR", "12.50 EUR"),
        ("duration", "2 h", "2 h"),
        ("date", "20/01/2026 20:00", "20/01/2026 20:00"),
        ("date", "2026-01-20 20:00:00", "2026-01-20 20:00:00"),
        ("source", "192.168.100.100", "•••"),
        ("state", "(655) 741073", "•••"),
        ("state", "(655)741073", "•••"),
        ("status", "655/741/073", "•••"),
        ("code", "655_741073", "•••"),
        ("intent", "655_741073", "•••"),
        ("zone", "tel:655/741/073", "•••"),
        ("place", "655\u{a0}741073", "•••"),
        ("table", "٣٤٦٥٥٧٤١٠٧٣", "•••"),
        ("campaign", "３４６５５７４１０７３", "•••"),
        ("channel", "34655741073", "34•••••73"),
    ] {
        let shown = masked(json!({"data": {field: text}}), true);
        assert_eq!(shown, json!({"data": {field: seen}}), "{field} {text}");
    }
    let product =
        json!({"data": {"product": {"name": "Vestido rojo largo", "category": "vestidos"}}});
    assert_eq!(masked(product.clone(), true), product);
}

#[test]
fn e01_whoever_is_named_inside_of_a_thing_is_a_person() {
    let data = json!({
        "product": {"name": "Vestido", "guest": {"name": "Zoila"}, "owners": [{"name": "Luis"}]},
        "birth_year": 1990, "fecha_nac": "1990-05-06", "otp": "482913",
    });
    let seen = json!({
        "product": {"name": "Vestido", "guest": {"name": "Z•••"}, "owners": [{"name": "L•••"}]},
        "birth_year": "•••", "fecha_nac": "•••", "otp": "•••",
    });
    assert_eq!(masked(json!({"data": data}), true), json!({"data": seen}));
}
