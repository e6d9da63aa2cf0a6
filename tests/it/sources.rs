//! Sources of signed deliveries: how they are set, and what their payloads come to.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::sources_inbound::{TENANT, event_there, hmac, letters, post, with};
use crate::support::House;

const PREVIEW: &str = "/api/v1/admin/sources/preview";

async fn preview(house: &House, body: &Value) -> (u16, Value) {
    house.raw("POST", PREVIEW, body.to_string()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn b05_a_sources_secrets_are_written_and_nowhere_shown() {
    let house = House::new().await;
    house
        .settle(json!({"sources": {"shop": {"verifier": "shopify", "secret": "SECRET-OF-SHOP"},
            "old": {"verifier": "none", "allow_unsigned": true}}}))
        .await;
    let shown = house.api.get(TENANT).await.unwrap();
    assert_eq!(
        shown["settings"]["sources"]["shop"],
        json!({"verifier": "shopify", "enabled": true})
    );
    assert!(!shown.to_string().contains("SECRET-OF-SHOP"));
    let change = json!({"sources": {"shop": {"enabled": false}, "old": null}});
    let changed = house.api.patch(TENANT, &change).await.unwrap();
    assert_eq!(
        changed["settings"]["sources"],
        json!({"shop": {"verifier": "shopify", "enabled": false}})
    );
    for (source, field) in [
        (json!({"verifier": "none"}), "sources.bad.verifier"),
        (json!({"verifier": "github"}), "sources.bad.secret"),
        (
            json!({"verifier": "github", "secret": "s", "map": {"event_type": "{{ a"}}),
            "sources.bad.map.event_type",
        ),
        (
            json!({"verifier": "github", "secret": "s", "map": {"event_type": "a b"}}),
            "sources.bad.map.event_type",
        ),
        (json!({"verifier": "standard", "secret": "whpk_!!!"}), "sources.bad.secrets[0]"),
        (json!({"verifier": "standard", "secret": "whpk_AAAA"}), "sources.bad.secrets[0]"),
        (json!({"verifier": "standard", "secret": "whsec_!!!"}), "sources.bad.secrets[0]"),
    ] {
        let change = json!({"sources": {"bad": source}}).to_string();
        let (status, answer) = house.raw("PATCH", TENANT, change).await;
        assert_eq!((status, answer["field"].as_str()), (422, Some(field)), "{answer}");
    }
    let after = house.api.get(TENANT).await.unwrap();
    assert_eq!(after["settings"]["sources"], changed["settings"]["sources"]);
    crate::support::nowhere_on_disk(house.data.path(), "SECRET-OF-SHOP");
    let house = house.restarted().await;
    let again = house.api.get(TENANT).await.unwrap();
    assert_eq!(again["settings"]["sources"], changed["settings"]["sources"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn b08_a_preview_shows_the_events_that_would_come_out_and_changes_nothing() {
    let house = House::new().await;
    let map = json!({"event_type": "order.completed", "event_id": "shopify-{{ id }}",
        "timestamp": "{{ processed_at }}",
        "data": {"order_id": "{{ id }}", "amount": "{{ total }}", "note": "{{ note.text }}"}});
    house
        .settle(json!({"sources": {"shop": {"verifier": "shopify", "secret": "s", "map": map}}}))
        .await;
    let payload = json!({"id": 7, "total": 12.5, "processed_at": "2026-01-20T20:00:00Z"});
    let expected = json!({"event_id": "shopify-7", "event_type": "order.completed",
        "timestamp": "2026-01-20T20:00:00.000Z",
        "data": {"order_id": 7, "amount": 12.5, "note": null}});
    let saved = json!({"source": "shop", "payload": payload});
    let (status, answer) = preview(&house, &saved).await;
    assert_eq!((status, &answer["events"][0]), (200, &expected), "{answer}");
    assert_eq!((&answer["from"], &answer["missing"]), (&json!("map"), &json!(["note.text"])));
    let unsaved = json!({"map": map, "payload": payload});
    assert_eq!(preview(&house, &unsaved).await.1["events"][0], expected);
    let topic = json!({"X-Shopify-Topic": "orders/paid"});
    let built_in = json!({"verifier": "shopify", "headers": topic, "payload": payload});
    let (status, answer) = preview(&house, &built_in).await;
    assert_eq!((status, &answer["from"]), (200, &json!("built-in")));
    assert_eq!(answer["events"][0]["event_type"], "shopify.orders.paid");
    let listed = house.api.get("/api/v1/events").await.unwrap();
    assert_eq!(listed["items"], json!([]), "nothing came of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn b08_what_makes_no_event_is_named_with_its_place() {
    let house = House::new().await;
    house.settle(json!({"catalogue": {"enforce": "known"}})).await;
    let deep: Value =
        serde_json::from_str(&format!("{}1{}", "[".repeat(90), "]".repeat(90))).unwrap();
    for (body, status, field) in [
        (json!({"payload": {}}), 422, "source"),
        (json!({"source": "none", "payload": {}}), 422, "source"),
        (json!({"verifier": "shopify"}), 422, ""),
        (json!({"verifier": "magic", "payload": {}}), 422, "verifier"),
        (json!({"verifier": "github", "payload": {}}), 422, "X-GitHub-Event"),
        (json!({"map": {"event_type": "{{ a"}, "payload": {}}), 422, "map.event_type"),
        (json!({"map": {"event_type": "{{ a }}"}, "payload": {}}), 422, "map.event_type"),
        (
            json!({"map": [{"event_type": "order.completed"}, {"event_type": "a", "data": {"x":
            "{{ 1|nothing }}"}}], "payload": {}}),
            422,
            "map[1].data.x",
        ),
        (json!({"map": {"event_type": "not.known"}, "payload": {}}), 422, "events[0].event_type"),
        (
            json!({"map": {"event_type": "reservation.created"}, "payload": {}}),
            422,
            "events[0].data.reservation_id",
        ),
        (json!({"map": {"event_type": "order.completed"}, "payload": deep}), 422, "events[0].data"),
        (json!({"map": {"event_type": "a"}, "payload": {}, "colour": 1}), 422, "colour"),
    ] {
        let (got, answer) = preview(&house, &body).await;
        let place = answer["field"].as_str().unwrap_or_default();
        assert_eq!((got, place), (status, field), "{body} -> {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b12_more_events_than_the_tenant_may_send_in_a_minute_get_429_and_when_to_come_again() {
    let house = House::new().await;
    house.settle(json!({"limits": {"events_per_minute": 5}})).await;
    let event = json!({"event_type": "client.created"});
    let send = |count: usize| {
        let body = json!(vec![event.clone(); count]).to_string();
        house
            .api
            .http
            .post(format!("{}/api/v1/events", house.base))
            .bearer_auth(house.key())
            .body(body)
            .send()
    };
    assert_eq!(send(6).await.unwrap().status(), 422, "they would never fit");
    assert_eq!(send(4).await.unwrap().status(), 202);
    let refused = send(2).await.unwrap();
    assert_eq!(refused.status(), 429);
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    let problem: Value = serde_json::from_slice(&refused.bytes().await.unwrap()).unwrap();
    assert_eq!((&problem["ok"], &problem["status"]), (&json!(false), &json!(429)));
    assert_eq!(send(1).await.unwrap().status(), 202, "what fits is taken");
    house.settle(json!({"limits": null})).await;
    assert_eq!(send(100).await.unwrap().status(), 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn d06_what_a_wrong_map_made_nothing_of_is_read_again_with_the_right_one() {
    let map = |id: &str| {
        json!({"shop": {"verifier": "shopify", "secret": "shpss",
            "map": {"event_type": "reservation.created", "event_id": format!("shop-{{{{ {id} }}}}"),
                "data": {"reservation_id": format!("{{{{ {id} }}}}"), "name": "{{ who }}",
                    "party_size": "{{ seats }}", "date_time": "{{ at }}"}}}})
    };
    let house = with(map("number")).await;
    let mut ids = Vec::new();
    for number in 1..=3 {
        let body = json!({"id": format!("N{number}"), "who": "Ana", "seats": 2,
            "at": "2100-01-20T20:00:00"});
        let body = body.to_string().into_bytes();
        let headers = vec![("X-Shopify-Hmac-SHA256", STANDARD.encode(hmac(b"shpss", &body)))];
        let (status, _, answer) = post(&house, "/webhooks/in/default/shop", &headers, &body).await;
        assert_eq!(status, 200, "what its map makes of it is nothing to the sender: {answer}");
        ids.push(answer["id"].as_str().unwrap().to_owned());
    }
    house.read().await;
    for letter in letters(&house).await {
        assert_eq!(letter["status"], "invalid");
        assert!(letter["error"].as_str().unwrap().contains("reservation_id"), "{letter}");
    }
    house.api.patch(TENANT, &json!({ "sources": map("id") })).await.unwrap();
    let one = format!("/api/v1/inbound-log/{}/reprocess", ids[0]);
    house.api.post(&one, &json!({})).await.unwrap();
    let many = json!({"source": "shop", "status": "invalid"});
    house.api.post("/api/v1/inbound-log/reprocess", &many).await.unwrap();
    for id in ["shop-N1", "shop-N2", "shop-N3"] {
        assert_eq!(event_there(&house, id).await["event_type"], "reservation.created");
    }
    assert_eq!(house.booking("N3").await["name"], "Ana");
}

#[tokio::test(flavor = "multi_thread")]
async fn b05_another_verifier_takes_over_nothing_that_was_only_the_first_ones() {
    let house = House::new().await;
    let set = async |source: Value| {
        let change = json!({"sources": {"shop": source}}).to_string();
        let (status, answer) = house.raw("PATCH", TENANT, change).await;
        (status, answer["field"].clone(), answer["settings"]["sources"]["shop"].clone())
    };
    let ok = |source: &Value| (200, Value::Null, source.clone());
    let standard = json!({"verifier": "standard", "enabled": true});
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    assert_eq!(set(json!({"verifier": "standard", "secret": secret})).await, ok(&standard));
    // What is not named stays, as it did.
    assert_eq!(set(json!({"verifier": "standard"})).await, ok(&standard));
    let (status, field, _) = set(json!({"verifier": "github"})).await;
    assert_eq!((status, field), (422, json!("sources.shop.secret")), "its secret is another's");
    let (status, field, _) = set(json!({"secret": null})).await;
    assert_eq!((status, field), (422, json!("sources.shop.secret")));
    let none = json!({"verifier": "none", "allow_unsigned": true, "enabled": true});
    assert_eq!(set(json!({"verifier": "none", "allow_unsigned": true})).await, ok(&none));
    let hmac = json!({"verifier": "hmac", "secret": "secret-of-the-shop", "header": "X-S",
        "timestamp_header": "X-T", "id_header": "X-I", "signed": "{timestamp}{id}{body}"});
    assert_eq!(set(hmac).await.0, 200);
    let header = json!({"verifier": "header", "secret": "secret-of-the-shop"});
    let shown = json!({"verifier": "header", "enabled": true, "header": "X-S", "id_header": "X-I"});
    assert_eq!(set(header).await, ok(&shown), "both know these");
    let with_secret = json!({"verifier": "none", "allow_unsigned": true, "secret": "abcdefgh"});
    let (status, field, _) = set(with_secret).await;
    assert_eq!((status, field), (422, json!("sources.shop.secrets")), "this one was meant");
}

#[tokio::test(flavor = "multi_thread")]
async fn b08_a_map_of_which_no_event_could_ever_come_is_refused() {
    let house = House::new().await;
    let mut map = json!({"event_type": "a.b", "event_id": "x", "timestamp": "1760000000"});
    let mut set = async |name: &str, text: &str| {
        let before = map[name].take();
        map[name] = json!(text);
        let source = json!({"verifier": "github", "secret": "s", "map": map});
        map[name] = before;
        let change = json!({"sources": {"shop": source}}).to_string();
        let (status, answer) = house.raw("PATCH", TENANT, change).await;
        let field = answer["field"].as_str().unwrap_or_default().to_owned();
        (status, field.trim_start_matches("sources.shop.map.").to_owned())
    };
    for (name, text) in [
        ("timestamp", "yesterday"),
        ("timestamp", "{{ 'yesterday' }}"),
        ("event_id", "  "),
        ("event_id", "{{ '' }}"),
        ("event_type", "{{ \"a b\" }}"),
        ("event_type", "{{ 'a' ~ ' b' }}"),
        ("data", "{{ 5 }}"),
    ] {
        assert_eq!(set(name, text).await, (422, name.to_owned()), "{name}: {text}");
    }
    for (name, text) in [
        ("timestamp", "2026-01-20T20:00:00Z"),
        ("timestamp", "{{ at or 0 }}"),
        ("event_id", "{{ id }}"),
        ("event_type", "{{ type | default('a.b') }}"),
        ("event_type", "shop.{{ 'paid' }}"),
        ("data", "{{ body }}"),
    ] {
        assert_eq!(set(name, text).await, (200, String::new()), "{name}: {text}");
    }
    for (data, field) in [
        (json!({}), "data.reservation_id"),
        (json!({"reservation_id": "R-1"}), "data.date_time"),
        (json!({"reservation_id": "R-{{ 1 }}"}), "data.date_time"),
    ] {
        let map = json!({"event_type": "reservation.created", "data": data});
        let source = json!({"verifier": "github", "secret": "s", "map": map});
        let change = json!({"sources": {"shop": source}}).to_string();
        let (status, answer) = house.raw("PATCH", TENANT, change).await;
        assert_eq!((status, &answer["field"]), (422, &json!(format!("sources.shop.map.{field}"))));
    }
}
