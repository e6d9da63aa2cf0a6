//! Events as CloudEvents, in each of the three modes, over real requests.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::support::{House, deliveries};

const STRUCTURED: &str = "application/cloudevents+json; charset=UTF-8";
const BATCH: &str = "application/cloudevents-batch+json";
const EVENTS: &str = "/api/v1/events";

/// Sends a body with these headers and the tenant's key.
async fn send(house: &House, headers: &[(&str, &[u8])], body: impl Into<Vec<u8>>) -> Response {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name: HeaderName = name.parse().unwrap();
        map.append(name, HeaderValue::from_bytes(value).unwrap());
    }
    let request = house.api.http.post(format!("{}{EVENTS}", house.base)).headers(map);
    request.bearer_auth(house.key()).body(body.into()).send().await.unwrap()
}

async fn said(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap())
}

async fn structured(house: &House, kind: &str, body: &Value) -> (u16, Value) {
    said(send(house, &[("content-type", kind.as_bytes())], body.to_string()).await).await
}

fn someevent(id: &str, more: Value) -> Value {
    let mut event = json!({"specversion": "1.0", "type": "com.example.someevent", "id": id,
        "source": "/mycontext/subcontext", "time": "2018-04-05T03:56:24Z"});
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

async fn shown(house: &House, answer: &Value) -> Value {
    let id = answer["ids"][0].as_str().unwrap();
    house.api.get(&format!("{EVENTS}/{id}")).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn f03_a_structured_cloud_event_is_an_event_like_any_other() {
    let house = House::new().await;
    let receiver = house.webhook(json!({})).await;
    let event = someevent(
        "1234-1234-1234",
        json!({"subject": "orders/7", "comexampleextension1": "value", "nothing": null,
            "datacontenttype": "application/json", "data": {"appinfoA": "abc", "appinfoB": 123}}),
    );
    let (status, answer) = structured(&house, STRUCTURED, &event).await;
    assert_eq!((status, answer["accepted"].as_u64()), (202, Some(1)), "{answer}");
    assert!(answer["ids"][0].as_str().unwrap().starts_with("ce_"));
    let body = deliveries(&receiver, &["com.example.someevent"]).await[0].json();
    assert_eq!(
        body["data"],
        json!({"appinfoA": "abc", "appinfoB": 123, "cloudevent": {"id": "1234-1234-1234",
            "specversion": "1.0", "type": "com.example.someevent",
            "source": "/mycontext/subcontext", "time": "2018-04-05T03:56:24Z", "subject": "orders/7",
            "comexampleextension1": "value", "datacontenttype": "application/json"}})
    );
    assert_eq!(body["timestamp"], "2018-04-05T03:56:24.000Z");
    assert_eq!(body["event_id"], answer["ids"][0]);
    assert_eq!(shown(&house, &answer).await["data"], body["data"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn f03_an_attribute_that_stands_there_twice_is_refused() {
    let house = House::new().await;
    let twice =
        r#"{"specversion":"1.0","type":"a.b","source":"/s","id":"1","id":"2","data":{"id":1}}"#;
    for (kind, body) in [(STRUCTURED, twice.to_owned()), (BATCH, format!("[{twice}]"))] {
        let headers = [("content-type", kind.as_bytes())];
        let (status, problem) = said(send(&house, &headers, body).await).await;
        assert_eq!((status, &problem["field"]), (422, &json!("id")), "{problem}");
    }
    let once = twice.replace(r#""id":"2","#, "");
    let headers = [("content-type", STRUCTURED.as_bytes())];
    assert_eq!(said(send(&house, &headers, once).await).await.0, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn f03_source_and_id_make_a_duplicate_in_whatever_mode_and_after_a_restart() {
    let house = House::new().await;
    let event = someevent("1", json!({"data": {"x": 1}}));
    let (_, first) = structured(&house, STRUCTURED, &event).await;
    let headers = |source: &'static [u8]| {
        [
            ("ce-specversion", &b"1.0"[..]),
            ("ce-id", b"1"),
            ("ce-source", source),
            ("ce-type", b"a.b"),
        ]
    };
    let same = said(send(&house, &headers(b"%2Fmycontext/subcontext"), "{}").await).await.1;
    assert_eq!((&same["duplicates"], &same["ids"]), (&json!(1), &first["ids"]));
    let other = said(send(&house, &headers(b"/elsewhere"), "{}").await).await.1;
    assert_eq!(other["accepted"], 1, "the same id of another source");
    let batch = json!([event, someevent("2", json!({})), event]);
    let (status, answer) = structured(&house, BATCH, &batch).await;
    assert_eq!((status, &answer["accepted"], &answer["duplicates"]), (202, &json!(1), &json!(2)));
    let house = house.restarted().await;
    let (_, again) = structured(&house, STRUCTURED, &event).await;
    assert_eq!(again["duplicates"], 1, "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f03_the_binary_mode_has_its_attributes_in_headers_and_its_data_in_the_body() {
    let house = House::new().await;
    let required = [
        ("ce-specversion", &b"1.0"[..]),
        ("ce-type", b"com.example.someevent"),
        ("ce-time", b"2018-04-05T03:56:24Z"),
        ("CE-Source", b"/mycontext/subcontext"),
    ];
    let kinds: [(&[u8], &[u8], Value); 4] = [
        (b"application/json; charset=utf-8", b"{\"x\":1}", json!({"x": 1})),
        (b"text/plain", "añejo".as_bytes(), json!({"value": "añejo"})),
        (b"image/png", b"\x89PNG", json!({"base64": "iVBORw=="})),
        (b"application/json", b"[1,2]", json!({"value": [1, 2]})),
    ];
    for (number, (kind, body, data)) in kinds.into_iter().enumerate() {
        let id = number.to_string();
        let mut headers = required.to_vec();
        headers.extend([("ce-id", id.as_bytes()), ("content-type", kind)]);
        headers.push(("ce-subject", b"Euro%20%E2%82%AC%20%F0%9F%98%80"));
        let (status, answer) = said(send(&house, &headers, body).await).await;
        assert_eq!(status, 202, "{answer}");
        let mut kept = shown(&house, &answer).await["data"].clone();
        let cloud = kept.as_object_mut().unwrap().remove("cloudevent").unwrap();
        assert_eq!(kept, data);
        assert_eq!(cloud["subject"], "Euro € 😀");
        assert_eq!(cloud["datacontenttype"], String::from_utf8(kind.to_vec()).unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f03_a_batch_is_taken_whole_or_not_at_all_and_may_be_empty() {
    let house = House::new().await;
    let (status, answer) = structured(&house, BATCH, &json!([])).await;
    assert_eq!(status, 202);
    assert_eq!(answer, json!({"ok": true, "accepted": 0, "duplicates": 0, "ids": []}));
    let bad = json!([someevent("1", json!({})), someevent("2", json!({"type": "no type"}))]);
    let (status, problem) = structured(&house, BATCH, &bad).await;
    assert_eq!((status, problem["field"].as_str()), (422, Some("[1].type")), "{problem}");
    let good = json!([someevent("1", json!({})), someevent("2", json!({}))]);
    let (_, answer) = structured(&house, BATCH, &good).await;
    assert_eq!(answer["accepted"], 2, "the refused batch left nothing: {answer}");
    let large = json!({"text": "x".repeat(300_000)});
    for (mode, body) in [
        (BATCH, json!([someevent("3", json!({"data": large}))])),
        (STRUCTURED, someevent("3", json!({"data": large}))),
    ] {
        assert_eq!(structured(&house, mode, &body).await.0, 413);
    }
    let fits = someevent("4", json!({"data": {"text": "x".repeat(64 << 10)}}));
    assert_eq!(structured(&house, STRUCTURED, &fits).await.0, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn f03_a_cloud_event_books_a_table() {
    let house = House::new().await;
    let data = json!({"reservation_id": "R-1", "date_time": "2030-01-20T20:00:00Z", "wa_number": "+34600000001"});
    let event = someevent("b-1", json!({"type": "reservation.created", "data": data}));
    let (status, answer) = structured(&house, STRUCTURED, &event).await;
    assert_eq!(status, 202, "{answer}");
    assert_eq!(house.booking("R-1").await["status"], "booked");
    assert!(!shown(&house, &answer).await.to_string().contains("34600000001"));
    let event = someevent("b-2", json!({"type": "reservation.created", "data": {}}));
    let (status, problem) = structured(&house, STRUCTURED, &event).await;
    assert_eq!((status, &problem["field"]), (422, &json!("data.reservation_id")), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f03_what_is_no_cloud_event_gets_a_clear_answer_and_stores_nothing() {
    let house = House::new().await;
    let without = |name: &str| {
        let mut event = someevent("1", json!({}));
        event.as_object_mut().unwrap().remove(name);
        event
    };
    for (kind, body, status, field) in [
        (STRUCTURED, without("id"), 422, "id"),
        (STRUCTURED, without("source"), 422, "source"),
        (STRUCTURED, without("type"), 422, "type"),
        (STRUCTURED, without("specversion"), 422, "specversion"),
        (STRUCTURED, someevent("1", json!({"specversion": "0.3"})), 422, "specversion"),
        (STRUCTURED, someevent("1", json!({"time": 5})), 422, "time"),
        (STRUCTURED, someevent("1", json!({"Bad": "x"})), 422, "Bad"),
        (STRUCTURED, someevent("1", json!({"data": 1, "data_base64": ""})), 422, "data_base64"),
        (STRUCTURED, json!([someevent("1", json!({}))]), 422, ""),
        (BATCH, someevent("1", json!({})), 422, ""),
        (BATCH, json!([1]), 422, "[0]"),
        ("application/cloudevents+avro", someevent("1", json!({})), 415, ""),
        ("application/cloudevents+json; charset=utf-16", someevent("1", json!({})), 415, ""),
    ] {
        let (got, problem) = structured(&house, kind, &body).await;
        let named = problem["field"].as_str().unwrap_or_default();
        assert_eq!((got, named), (status, field), "{kind} {body} -> {problem}");
        assert_eq!(problem["ok"], false);
    }
    let base = [("ce-specversion", &b"1.0"[..]), ("ce-type", b"a.b"), ("ce-source", b"/s")];
    for (more, body, field) in [
        (&[][..], "{}", "id"),
        (&[("ce-id", &b"%C0%A0"[..])], "{}", "id"),
        (&[("ce-id", b"1"), ("ce-id", b"2")], "{}", "id"),
        (&[("ce-id", b"\xff\xfe")], "{}", "id"),
        (&[("ce-id", b"1"), ("ce-my-extension", b"1")], "{}", "my-extension"),
        (&[("ce-id", b"1"), ("ce-datacontenttype", b"a/b")], "{}", "ce-datacontenttype"),
        (&[("ce-id", b"1"), ("content-type", b"application/json")], "{", "data"),
    ] {
        let headers = [&base[..], more].concat();
        let (status, problem) = said(send(&house, &headers, body).await).await;
        assert_eq!((status, problem["field"].as_str()), (422, Some(field)), "{problem}");
    }
    let (status, _) =
        said(send(&house, &[("content-type", STRUCTURED.as_bytes())], "{").await).await;
    assert_eq!(status, 400);
    assert_eq!(house.api.get(EVENTS).await.unwrap()["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn f03_the_handshake_of_their_webhooks_is_answered_and_opens_nothing() {
    let house = House::new().await;
    let url = format!("{}{EVENTS}", house.base);
    let ask = house.api.http.request(Method::OPTIONS, &url);
    let asked = ask
        .header("WebHook-Request-Origin", "eventemitter.example.com")
        .header("WebHook-Request-Rate", "120")
        .header("WebHook-Request-Callback", "https://127.0.0.1:1/confirm");
    let answer = asked.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["webhook-allowed-origin"], "eventemitter.example.com");
    assert_eq!(answer.headers()["webhook-allowed-rate"], "*");
    assert!(answer.headers()["allow"].to_str().unwrap().contains("POST"));
    let plain = house.api.http.request(Method::OPTIONS, &url).send().await.unwrap();
    assert!(plain.headers().get("webhook-allowed-origin").is_none());

    let event = someevent("1", json!({})).to_string();
    let post = |url: String| {
        let request = house.api.http.post(url).header("content-type", STRUCTURED);
        let request = request.header("WebHook-Request-Origin", "eventemitter.example.com");
        request.body(event.clone()).send()
    };
    assert_eq!(post(url.clone()).await.unwrap().status(), 401);
    assert_eq!(post(format!("{url}?access_token=wrong")).await.unwrap().status(), 401);
    let with_key = format!("{url}?x=1&access_token={}", house.key());
    assert_eq!(post(with_key.clone()).await.unwrap().status(), 202);
    let reading = house.api.http.get(with_key).send().await.unwrap();
    assert_eq!(reading.status(), 401, "a key in the query brings events and opens nothing else");
}

#[tokio::test(flavor = "multi_thread")]
async fn c01_our_own_envelope_is_read_as_before_whatever_its_content_type() {
    let house = House::new().await;
    for kind in ["application/json", "text/plain", "application/x-www-form-urlencoded"] {
        let body = json!({"event_type": "client.created", "data": {"id": 7}});
        let (status, answer) = structured(&house, kind, &body).await;
        assert_eq!(status, 202, "{answer}");
        assert_eq!(shown(&house, &answer).await["data"], json!({"id": 7}));
    }
    assert_eq!(structured(&house, "application/json", &json!([])).await.0, 422);
}
