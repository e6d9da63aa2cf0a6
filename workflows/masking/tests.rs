//! What is hidden, and what must not be.

use super::*;
use serde_json::json;

mod digits;
mod theirs;

fn masked(answer: Value, names_people: bool) -> Value {
    let alias = &|id: &str| format!("alias of {id}");
    super::masked(answer, Masks { names_people, hides_words: false, alias })
}

#[test]
fn f05_who_may_not_reveal_sees_no_words_in_which_a_name_may_stand() {
    let answer = json!({
        "cancelled_by_hand": {"by": {"name": "reception"}, "reason": "Ana called"},
        "job": {"task": "recover", "reason": "Ana called", "filter": {"q": "ana garcia"}},
        "reason": "the target is private",
    });
    let hidden = json!({
        "cancelled_by_hand": {"by": {"name": "reception"}, "reason": "•••"},
        "job": {"task": "recover", "reason": "•••", "filter": {"q": "•••"}},
        "reason": "the target is private",
    });
    let alias = &|id: &str| id.to_owned();
    let masks = |hides_words| Masks { names_people: false, hides_words, alias };
    assert_eq!(super::masked(answer.clone(), masks(true)), hidden);
    assert_eq!(super::masked(answer.clone(), masks(false)), answer);
    // Wherever a job stands, the same is seen of it.
    let job = json!({"ok": true, "job": {"task": "recover", "reason": "the till was replaced"}});
    assert_eq!(masked(job.clone(), true), job);
}

#[test]
fn e01_personal_data_is_hidden_wherever_it_stands() {
    let answer = json!({
        "ok": true,
        "items": [{
            "reservation_id": "R-1", "name": "Ana García", "email": "ana@mail.example",
            "notes": "allergic to nuts", "restaurant": "La Trattoria", "date_time": "2026-01-20T20:00:00.000Z",
            "reminders": [{"name": "24h", "due_at": "2026-01-19T20:00:00.000Z"}],
            "data": {"wa_number": "+34 600 000 012", "phone": 34_600_000_012_u64, "user": {"name": "Ana"},
                     "content": {"text": "my number is +34 600-000-012, or ana@mail.example"}},
        }],
        "next_cursor": null,
    });
    let shown = masked(answer, true);
    assert_eq!(
        shown,
        json!({
            "ok": true,
            "items": [{
                "reservation_id": "R-1", "name": "A•••", "email": "a•••@•••",
                "notes": "•••", "restaurant": "La Trattoria", "date_time": "2026-01-20T20:00:00.000Z",
                "reminders": [{"name": "24h", "due_at": "2026-01-19T20:00:00.000Z"}],
                "data": {"wa_number": "+34•••••12", "phone": "34•••••12", "user": {"name": "A•••"},
                         "content": {"text": "•••"}},
            }],
            "next_cursor": null,
        })
    );
}

#[test]
fn e01_fields_are_known_in_three_languages_and_however_they_are_written() {
    for (field, value, hidden) in [
        ("nombre", "Ana García", "A•••"),
        ("Apellidos", "García", "G•••"),
        ("firstName", "Ana", "A•••"),
        ("customers", "Ana García", "A•••"),
        ("huéspedes", "Ana", "A•••"),
        ("guests", "4", "4"),
        ("nomeCompleto", "Ana Souza", "A•••"),
        ("guest-name", "Ana", "A•••"),
        ("dirección", "Calle Mayor 1", "•••"),
        ("direccion", "Calle Mayor 1", "•••"),
        ("endereço", "Rua Direita 1", "•••"),
        ("Observações", "alergia a nozes", "•••"),
        ("mensaje", "hola", "•••"),
        ("special_requests", "a quiet table", "•••"),
        ("Teléfono", "600000012", "60•••••12"),
        ("restaurante", "Trattoria", "Trattoria"),
        ("restaurante", "La Trattoria", "La Trattoria"),
        ("restaurante", "the one by the sea", "•••"),
        ("estado", "confirmada", "confirmada"),
    ] {
        assert_eq!(masked(json!({"data": {field: value}}), true), json!({"data": {field: hidden}}));
    }
}

#[test]
fn e01_numbers_and_addresses_are_known_by_what_they_look_like() {
    for (text, hidden) in [
        ("call +34 600 000 012 now", "call +34•••••12 now"),
        ("(+34600000012)", "(+34•••••12)"),
        ("to+34600000012", "to+34•••••12"),
        ("34600000012", "34•••••12"),
        ("600 000 012", "60•••••12"),
        ("write to ana.g+x@mail.example.", "write to a•••@•••"),
        ("<ana@localhost>", "<a•••@•••>"),
        ("mailto:ñandú@mail.example", "mailto:ñ•••@•••"),
        ("+1 (555) 010-9999", "+15•••••99"),
        ("a,b@c,d", "a,b•••@•••,d"),
    ] {
        assert_eq!(hide_in(text), hidden, "{text}");
    }
}

#[test]
fn e01_what_is_nobodys_stays() {
    let same = json!({
        "id": "evt_01j8x7k2m3n4p", "conversation_id": "C-1", "commit_hash": "eb491b38",
        "message_id": "34600000012", "order_id": "34600000012", "reservation_id": "34600000012", "sku": "8412345678905",
        "phone_number_id": "106540352242922", "sequence": 34_600_000_012_u64, "order": {"id": "34600000012"},
        "at": "2026-01-20T20:00:00.000+01:00", "created_at": "2026-01-20T20:00:00.123Z", "version": "1.2.3",
        "event_type": "reservation.created", "target": "https://hooks.example/a?b=1", "status": "sent",
        "count": 1_234_567_890, "duration_ms": 12, "error_message": "connection refused (os error 111)",
        "day": "2026-01-20", "code": "131047", "from": "1f.2.19ac", "to": "2026-01-20T20:00:00Z",
        "intents": [{"name": "reservar"}], "products": [{"sku": "S-1", "name": "Vestido"}],
        "why": {"code": "later", "text": "It was not tried yet; it goes: 2026-01-20 20:00."},
    });
    assert_eq!(masked(same.clone(), true), same);
}

#[test]
fn e01_names_of_things_stay_and_what_we_say_of_ourselves() {
    let settings = json!({
        "ok": true, "message": "endpoint deleted", "items": [{"name": "reservation.created"}],
        "settings": {"templates": {"text": "Hello"}, "smtp": {"from": "me@mail.example"}},
    });
    let shown = masked(settings.clone(), false);
    assert_eq!(shown.pointer("/settings/smtp/from"), Some(&json!("m•••@•••")));
    assert_eq!(shown.pointer("/settings/templates/text"), Some(&json!("Hello")));
    assert_eq!(shown.get("items"), settings.get("items"));
    let ours = json!({"ok": true, "message": "done", "endpoints": [{"endpoint_id": 1, "reason": "disabled"}],
                      "why": {"text": "it waits"}});
    assert_eq!(masked(ours.clone(), true), ours);
    let theirs = masked(
        json!({"ok": true, "notes": "nuts", "reason": "angry", "message": {"body": "hi"}}),
        true,
    );
    assert_eq!(
        theirs,
        json!({"ok": true, "notes": "•••", "reason": "•••", "message": {"body": "•••"}})
    );
}

#[test]
fn e01_a_text_that_is_json_is_masked_inside() {
    let letter =
        json!({"body": r#"{"contacts":[{"profile":{"name":"Ana"},"wa_id":"34600000012"}],"n":1}"#});
    let shown = masked(
        json!({"letter": letter, "x": {"payload_snippet": "{\"name\":\"Ana\",\"cut"}}),
        true,
    );
    let body = shown.pointer("/letter/body").and_then(Value::as_str).unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(body).unwrap(),
        json!({"contacts": [{"profile": {"name": "A•••"}, "wa_id": "34•••••12"}], "n": 1})
    );
    assert_eq!(shown.pointer("/x/payload_snippet"), Some(&json!("•••")));
    assert_eq!(
        masked(json!([["ana@mail.example"], {"name": "Ana"}]), true),
        json!([["a•••@•••"], {"name": "A•••"}])
    );
}

#[test]
fn e01_what_is_hidden_is_known_when_it_comes_back() {
    let shown = masked(json!({"data": {"target": "ops@mail.example"}}), false);
    assert!(holds_hidden(&shown));
    assert!(!holds_hidden(&json!({"a": ["b", {"c": "•"}], "d": 1})));
}

#[test]
fn e01_an_id_that_is_a_persons_number_is_an_alias() {
    let number = "34600000012";
    let alias = "alias of 34600000012";
    for field in [
        "conversation_id",
        "user_id",
        "lead_id",
        "contact_id",
        "chat_id",
        "customer_id",
        "wa_ids",
        "conversation_ids",
        "user_ids",
        "lead_ids",
        "contact_ids",
        "chat_ids",
        "guest_ids",
    ] {
        let shown = masked(json!({"items": [{field: number}, {field: [number]}]}), true);
        assert_eq!(shown, json!({"items": [{field: alias}, {field: [alias]}]}), "{field}");
    }
    let shown =
        masked(json!({"user": {"id": number}, "data": {"user_id": 34_600_000_012_u64}}), true);
    assert_eq!(shown, json!({"user": {"id": alias}, "data": {"user_id": alias}}));
    for many in ["users", "contacts", "conversaciones"] {
        let shown = masked(json!({many: [{"id": number}], "data": {"ids": [number]}}), true);
        assert_eq!(shown, json!({many: [{"id": alias}], "data": {"ids": [alias]}}), "{many}");
    }
    let timer = |id: &str| format!("conversation:{id}:idle:1769018400000");
    let timers = json!({"items": [
        {"id": timer(number), "entity": "conversation", "entity_id": number},
        {"id": format!("reservation:{number}:reminder.24h:1769018400000"), "entity": "reservation", "entity_id": number},
    ]});
    let shown = masked(timers.clone(), true);
    let timer = json!({
        "id": format!("alias of {}", timer(number)), "entity": "conversation", "entity_id": alias,
    });
    assert_eq!(shown.pointer("/items/0"), Some(&timer));
    assert_eq!(shown.pointer("/items/1"), timers.pointer("/items/1"));
    let short =
        json!({"conversation_id": "12345678", "user_id": "u-34600000", "lead_id": "lead_1"});
    assert_eq!(masked(short.clone(), true), short);
}

#[test]
fn e01_numbers_that_are_json_numbers_are_hidden_by_their_fields_name() {
    for (field, value, hidden) in [
        ("teléfono", json!(34_600_000_012_u64), json!("34•••••12")),
        ("telefono_contacto", json!(600_000_012), json!("60•••••12")),
        ("guestPhone", json!("600.000.012"), json!("60•••••12")),
        ("celular", json!(5_511_999_990_000_u64), json!("55•••••00")),
        ("tarjeta", json!(4_111_111_111_111_111_u64), json!("•••1111")),
        ("card_number", json!("4111111111111112"), json!("•••1112")),
        ("phone_calls", json!(12_345), json!(12_345)),
        ("total", json!(34_600_000_012_u64), json!(34_600_000_012_u64)),
        ("phone_number_id", json!(106_540_352_242_922_u64), json!(106_540_352_242_922_u64)),
    ] {
        assert_eq!(masked(json!({"data": {field: value}}), true), json!({"data": {field: hidden}}));
    }
}

#[test]
fn e01_cards_are_hidden_wherever_they_stand() {
    for (text, hidden) in [
        ("paid with 4111 1111 1111 1111.", "paid with •••1111."),
        ("4111-1111-1111-1111", "•••1111"),
        ("(5500005555555559)", "(•••5559)"),
        ("3782 822463 10005", "•••0005"),
        ("6304000000000000000", "•••0000"),
        ("4111111111111112", "4111111111111112"),
        ("from 2026-01-20 2026-01-21", "from 2026-01-20 2026-01-21"),
        ("x4111111111111111", "x4111111111111111"),
    ] {
        assert_eq!(hide_in(text), hidden, "{text}");
    }
}

#[test]
fn e01_what_is_secret_in_an_address_is_hidden() {
    for (url, shown) in [
        (
            "https://hooks.slack.com/services/T0001/B0001/aBcDeF",
            "https://hooks.slack.com/services/T0001/•••",
        ),
        (
            "http://127.0.0.1:9/services/T0001/B0001/x?a=1",
            "http://127.0.0.1:9/services/T0001/•••?a=1",
        ),
        ("https://discord.com/api/webhooks/123/abc", "https://discord.com/api/webhooks/123/•••"),
        ("https://api.telegram.org/bot12:abc/sendMessage", "https://api.telegram.org/•••"),
        (
            "https://hooks.zapier.com/hooks/catch/12/abc/",
            "https://hooks.zapier.com/hooks/catch/12/•••",
        ),
        (
            "https://x.webhook.office.com/webhookb2/a@b/c/d",
            "https://x.webhook.office.com/webhookb2/•••",
        ),
        ("https://user:w0rd@a.example/b", "https://•••@a.example/b"),
        (
            "https://a.example/b?token=x&lang=es&X-Amz-Signature=y",
            "https://a.example/b?token=•••&lang=es&X-Amz-Signature=•••",
        ),
        (
            "https://a.example/b?api_key=&key=1#access_token=2",
            "https://a.example/b?api_key=&key=•••#access_token=•••",
        ),
        (
            "https://a.example/b?code=x&country_code=es",
            "https://a.example/b?code=•••&country_code=es",
        ),
        ("https://a.example/h/9f86d081884c7d659a2f/in", "https://a.example/h/•••/in"),
        ("https://a.example/6f9619ff-8b86-d011-b42d-00c04fc964ff", "https://a.example/•••"),
        ("https://a.example/with/key/x", "https://a.example/with/key/•••"),
        (
            "see <https://a:b@c.example/>, or postgres://u:p@d/e",
            "see <https://•••@c.example/>, or postgres://•••@d/e",
        ),
        (
            "https://a.example/hooks/reservations-2026/created?version=2",
            "https://a.example/hooks/reservations-2026/created?version=2",
        ),
        (
            "https://hooks.slack.com/services/Tours/created/x",
            "https://hooks.slack.com/services/Tours/created/x",
        ),
        ("sala@trattoria.example", "sala@trattoria.example"),
    ] {
        assert_eq!(without_secrets(url), shown, "{url}");
        assert_eq!(without_secrets(shown), shown, "it stays");
    }
    let shown = masked(json!({"target": "https://user:word@a.example/b?sig=c"}), false);
    assert_eq!(shown, json!({"target": "https://•••@a.example/b?sig=•••"}));
}

#[test]
fn e01_why_a_delivery_was_cancelled_is_shown_but_for_numbers() {
    let by = json!({"kind": "key", "id": "k1", "name": "till"});
    let answer = |reason: &str| json!({"cancelled_by_hand": {"by": by, "reason": reason}});
    let shown = masked(answer("they called +34600000012"), true);
    assert_eq!(shown, answer("they called +34•••••12"));
}
