//! Maps that make events, and payloads that make none.

use sereno_workflows::event::Event;
use sereno_workflows::invalid::read;
use sereno_workflows::source::map::Headers;
use sereno_workflows::time::Timestamp;

use super::*;

fn mapped(map: Value, body: &Value) -> Result<Mapped, Invalid> {
    let map: Map = read(map)?;
    check(&map)?;
    let headers = Headers::from([("x-shopify-topic".to_owned(), "orders/paid".to_owned())]);
    let delivery = Delivery {
        source: "shop",
        headers: &headers,
        body,
        id: Some("w1"),
        received_at: Timestamp(1_768_820_400_000),
    };
    apply(&map, &delivery, &Policy::default())
}

fn order() -> Value {
    json!({"id": 820_982, "total": 1_234.5, "paid": true, "customer": {"name": "Ana", "tags": ["a", "b"]},
        "created": 1_700_000_000, "note": null})
}

#[test]
fn b08_a_map_makes_events_and_values_keep_their_kind() {
    let map = json!({
        "event_type": "order.completed",
        "event_id": "shopify-{{ id }}",
        "when": "{{ created }}",
        "data": {
            "order_id": "{{ id }}", "amount": "{{ total }}", "paid": "{{- paid -}}",
            "products": "{{ customer.tags }}", "note": "{{ note }}", "none": "{{ nowhere.at.all }}",
            "currency": "EUR", "fixed": 7, "text": "{{ id }} of {{ customer.name|upper }}",
            "nested": [{"topic": "{{ headers['x-shopify-topic'] }}"}],
            "all": "{{ body.customer }}", "shown": "{{ total|money('EUR') }}",
        },
    });
    let events = mapped(map, &order()).unwrap().events;
    assert_eq!(
        events,
        [json!({
            "event_id": "shopify-820982",
            "event_type": "order.completed",
            "timestamp": "2023-11-14T22:13:20.000Z",
            "data": {
                "order_id": 820_982, "amount": 1_234.5, "paid": true, "products": ["a", "b"], "note": null,
                "none": null, "currency": "EUR", "fixed": 7, "text": "820982 of ANA",
                "nested": [{"topic": "orders/paid"}], "all": {"name": "Ana", "tags": ["a", "b"]},
                "shown": "1.234,50\u{a0}EUR",
            },
        })]
    );
    assert!(Event::from_json(events[0].clone(), Timestamp(0)).is_ok());
}

#[test]
fn b08_every_rule_that_holds_makes_an_event_and_what_is_left_out_is_filled_in() {
    let map = json!([
        {"event_type": "a.b", "match": {"header": {"X-Shopify-Topic": "orders/paid"}}},
        {"event_type": "c.d", "match": {"body": {"customer.name": "Eva"}}},
        {"event_type": "e.{{ customer.name|lower }}", "data": "{{ customer }}"},
    ]);
    let Mapped { events, missing, .. } = mapped(map, &order()).unwrap();
    let types: Vec<_> = events.iter().map(|event| event["event_type"].as_str().unwrap()).collect();
    assert_eq!(types, ["a.b", "e.ana"]);
    let ids: Vec<_> = events.iter().map(|event| event["event_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["shop-w1", "shop-w1-2"]);
    assert_eq!(events[0]["data"], order());
    assert_eq!(events[1]["data"]["name"], "Ana");
    assert!(missing.is_empty());
    let map = json!({"event_type": "a.b", "data": {"x": "{{ customer.age }} {{ nowhere }}"}});
    let missing: Vec<_> = mapped(map, &order()).unwrap().missing.into_iter().collect();
    assert_eq!(missing, ["customer.age", "nowhere"]);
    let none = json!({"event_type": "a.b", "match": {"body": {"kind": "x"}}});
    assert!(mapped(none, &order()).unwrap().events.is_empty());
}

#[test]
fn b08_what_makes_no_event_is_named_with_its_place() {
    let rule = json!({"event_type": "a.b"});
    for (map, field) in [
        (json!({"event_type": "{{ nowhere }}"}), "event_type"),
        (json!({"event_type": "a", "event_id": "{{ customer }}"}), "event_id"),
        (json!({"event_type": "a", "timestamp": "{{ customer.name }}"}), "timestamp"),
        (json!({"event_type": "a", "data": "{{ id }}"}), "data"),
        (json!([rule, {"event_type": "a", "data": {"x": ["{{ id"]}}]), "[1].data.x[0]"),
        (json!({"event_type": "a", "data": {"x": {"y": "{% set a %}b{% endset %}"}}}), "data.x.y"),
        (json!({"event_type": "a", "data": {"x": "{{ range(9) }}"}}), "data.x"),
        (json!({"event_type": "a", "data": {"x": "{{ id|nothing }}"}}), "data.x"),
        (json!({"event_type": "a", "data": {"x": "{{ customer.name - 1 }}"}}), "data.x"),
    ] {
        assert_eq!(mapped(map.clone(), &order()).unwrap_err().field, field, "{map}");
    }
}

#[test]
fn b08_what_a_map_may_take_is_bounded() {
    let long = json!({"text": "x".repeat(EVENT_BYTES_MAX)});
    let map = json!({"event_type": "a.b", "data": {"a": "{{ text }}"}});
    assert_eq!(mapped(map, &long).unwrap_err().field, "payload");
    let half = json!({"text": "x".repeat(EVENT_BYTES_MAX / 2)});
    let twice = json!({"event_type": "a.b", "data": {"a": "{{ text }}", "b": "{{ text }}"}});
    assert_eq!(mapped(twice, &half).unwrap_err().field, "data.b");
    let items = json!({"items": vec![1; 20_000]});
    let steps = json!({"event_type": "a.b", "data": {"a": "{% for x in items %}{% endfor %}."}});
    let error = mapped(steps, &items).unwrap_err();
    assert!(error.problem.contains("steps"), "{error}");
    let deep: Value =
        serde_json::from_str(&format!("{}1{}", "[".repeat(120), "]".repeat(120))).unwrap();
    let map = json!({"event_type": "a.b", "data": {"a": "{{ body }}"}});
    let event = mapped(map, &deep).unwrap().events.remove(0);
    assert_eq!(Event::from_json(event, Timestamp(0)).unwrap_err().field, "data");
}

#[test]
fn b08_anything_may_be_the_payload() {
    let map = json!({"event_type": "a.b", "data": {"a": "{{ body }}", "b": "{{ x.y[3].z }}"}});
    for body in [json!(null), json!([]), json!("text"), json!(1e300), json!({"body": 1, "x": "y"})]
    {
        assert!(mapped(map.clone(), &body).is_ok(), "{body}");
    }
}
