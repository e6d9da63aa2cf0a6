//! Traces: from whoever sent the event to whoever gets it, across retries and a restart, and nothing secret in
//! spans or logs.

use std::ffi::OsStr;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
pub(crate) use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use serde_json::{Value, json};
use sereno::client::Client;
use sereno::receiver::any_port;
use sereno::receiver::webhook::{Behaviour, Delivery, WebhookReceiver};

use crate::process::Process;
use crate::support::{ENDPOINTS, House, PATIENCE};

pub(crate) const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
pub(crate) const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// What a collector was sent.
#[derive(Default)]
pub(crate) struct Collected {
    pub(crate) spans: Vec<Span>,
    resource: Vec<(String, String)>,
    raw: Vec<u8>,
}

pub(crate) async fn collector() -> WebhookReceiver {
    WebhookReceiver::start(any_port(), Behaviour::default()).await.unwrap()
}

pub(crate) fn base_of(receiver: &WebhookReceiver) -> String {
    receiver.url().strip_suffix("/hook").unwrap().to_owned()
}

fn read(requests: &[Delivery]) -> Collected {
    let mut collected = Collected::default();
    for request in requests {
        assert_eq!(
            (&*request.path, request.header("content-type")),
            ("/v1/traces", "application/x-protobuf")
        );
        collected.raw.extend_from_slice(&request.body);
        let export = ExportTraceServiceRequest::decode(&request.body[..]).unwrap();
        for of_resource in export.resource_spans {
            for attribute in of_resource.resource.unwrap().attributes {
                let value = attribute.value.unwrap().value.unwrap();
                if let Any::StringValue(text) = value {
                    collected.resource.push((attribute.key, text));
                }
            }
            for of_scope in of_resource.scope_spans {
                collected.spans.extend(of_scope.spans);
            }
        }
    }
    collected
}

/// Waits until these spans came, by their names.
pub(crate) async fn spans(
    collector: &WebhookReceiver,
    fits: impl Fn(&[Span]) -> bool,
) -> Collected {
    let came = collector.inbox.wait(PATIENCE, |all| fits(&read(all).spans)).await;
    read(&came.unwrap_or_else(|all| panic!("not all spans came: {:#?}", read(&all).spans)))
}

pub(crate) fn named<'a>(spans: &'a [Span], name: &str) -> Vec<&'a Span> {
    spans.iter().filter(|span| span.name == name).collect()
}

pub(crate) fn fact(span: &Span, key: &str) -> String {
    let found = span.attributes.iter().find(|attribute| attribute.key == key);
    match found.and_then(|attribute| attribute.value.clone()?.value) {
        Some(Any::StringValue(text)) => text,
        Some(Any::IntValue(number)) => number.to_string(),
        other => panic!("{key} of {span:?} is {other:?}"),
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Sends an event as part of a trace.
async fn send(client: &Client, event: &Value, headers: &[(&str, &str)], key: &str) {
    let mut request = client.http.post(client.url("/api/v1/events")).bearer_auth(key);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.body(event.to_string()).send().await.unwrap();
    assert_eq!(response.status(), 202, "{}", response.text().await.unwrap());
}

pub(crate) fn key_in(data: &Path) -> String {
    crate::listener::token_in(data, "api_key")
}

#[tokio::test(flavor = "multi_thread")]
async fn a20_a_trace_goes_from_the_request_through_the_step_to_each_attempt_and_past_a_kill() {
    let collector = collector().await;
    let base = base_of(&collector);
    let behaviour = Behaviour { script: [(503, None)].into(), ..Behaviour::default() };
    let crm = WebhookReceiver::start(any_port(), behaviour).await.unwrap();
    let data = tempfile::tempdir().unwrap();
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", OsStr::new(&base)),
        ("OTEL_EXPORTER_OTLP_HEADERS", OsStr::new("x-collector-key=its-own-key")),
        ("OTEL_SERVICE_NAME", OsStr::new("night-watch")),
    ];
    let start =
        || Process::try_start(data.path(), "http://127.0.0.1:9", &environment, &[]).unwrap();
    let server = start();
    let client = server.client(data.path());
    let endpoint = json!({"kind": "webhook", "target": crm.url(), "retry": {"first": "3s"}});
    client.post(ENDPOINTS, &endpoint).await.unwrap();
    let event = json!({"event_id": "book-1", "event_type": "reservation.created", "data":
        {"reservation_id": "R-1", "date_time": "2100-01-20T20:00:00", "wa_number": "+34600000001"}});
    let headers = [("traceparent", PARENT), ("tracestate", "rojo=00f067aa0ba902b7,congo=t61")];
    send(&client, &event, &headers, &key_in(data.path())).await;
    crm.inbox.wait(PATIENCE, |all| all.len() == 1).await.unwrap();
    let has = |name: &'static str| move |all: &[Span]| !named(all, name).is_empty();
    spans(&collector, has("attempt webhook")).await;
    server.kill();
    let server = start();
    let got = crm.inbox.wait(PATIENCE, |all| all.len() == 2).await.unwrap();
    let collected = spans(&collector, |all| named(all, "attempt webhook").len() == 2).await;

    let spans: Vec<Span> =
        collected.spans.into_iter().filter(|span| hex(&span.trace_id) == TRACE).collect();
    let [request] = named(&spans, "POST /api/v1/events")[..] else { panic!("{spans:#?}") };
    let [step] = named(&spans, "step reservation")[..] else { panic!("{spans:#?}") };
    let attempts = named(&spans, "attempt webhook");
    assert_eq!(hex(&request.parent_span_id), "00f067aa0ba902b7");
    assert_eq!(step.parent_span_id, request.span_id);
    assert!(request.start_time_unix_nano <= step.start_time_unix_nano);
    assert!(step.end_time_unix_nano <= request.end_time_unix_nano);
    assert_eq!(fact(step, "sereno.event.id"), "book-1");
    assert_eq!(fact(step, "sereno.workflow.key"), "reservation/R-1");
    assert_eq!(fact(step, "sereno.transition"), "none -> booked");
    assert_eq!(fact(request, "http.response.status_code"), "202");
    for (index, (attempt, delivery)) in attempts.iter().zip(&got).enumerate() {
        assert_eq!(attempt.parent_span_id, step.span_id);
        assert_eq!(fact(attempt, "sereno.delivery.id"), delivery.id);
        assert_eq!(fact(attempt, "sereno.event.id"), "book-1");
        assert_eq!(fact(attempt, "sereno.attempt"), (index + 1).to_string());
        let out = format!("00-{TRACE}-{}-01", hex(&attempt.span_id));
        assert_eq!(delivery.header("traceparent"), out);
        assert_eq!(delivery.header("tracestate"), "rojo=00f067aa0ba902b7,congo=t61");
    }
    assert_eq!(fact(attempts[0], "http.response.status_code"), "503");
    assert_eq!(attempts[0].status.as_ref().unwrap().code, 2, "an error");
    assert!(collected.resource.contains(&("service.name".into(), "night-watch".into())));
    assert!(collector.inbox.all().iter().all(|r| r.header("x-collector-key") == "its-own-key"));

    // What nobody began is begun here; what is not sampled there is not here, and passed on so.
    let client = server.client(data.path());
    let unsampled = "00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbb-00";
    for (id, parent) in [("e-new", "00-nonsense"), ("e-not", unsampled)] {
        let event = json!({"event_id": id, "event_type": "client.created"});
        send(&client, &event, &[("traceparent", parent)], &key_in(data.path())).await;
    }
    let got = crm.inbox.wait(PATIENCE, |all| all.len() == 4).await.unwrap();
    let parent_of = |id: &str| {
        let found = got.iter().find(|delivery| delivery.json()["event_id"] == id).unwrap();
        found.header("traceparent").to_owned()
    };
    assert!(parent_of("e-not").starts_with("00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-"));
    assert!(parent_of("e-not").ends_with("-00"), "{}", parent_of("e-not"));
    let new = parent_of("e-new");
    assert!(new.len() == 55 && !new.contains(TRACE), "{new}");
    server.stop();
    let all = read(&collector.inbox.all()).spans;
    assert!(
        all.iter().any(|span| hex(&span.trace_id) == new[3..35] && span.name == "record"),
        "the rest is exported at the end"
    );
    assert!(!all.iter().any(|span| hex(&span.trace_id).starts_with("aaaa")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a20_without_a_collector_a_trace_is_passed_on_all_the_same() {
    let house = House::new().await;
    let crm = house.webhook(json!({})).await;
    let bad = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
    for (id, headers) in [
        ("e-1", &[("traceparent", PARENT), ("tracestate", "a=1"), ("tracestate", "b=2")][..]),
        ("e-2", &[("traceparent", bad), ("tracestate", "a=1")]),
        ("e-3", &[("traceparent", PARENT), ("traceparent", PARENT)]),
        ("e-4", &[]),
    ] {
        let event = json!({"event_id": id, "event_type": "client.created"});
        send(&house.api, &event, headers, &house.key()).await;
    }
    let got = crm.inbox.wait(PATIENCE, |all| all.len() == 4).await.unwrap();
    for delivery in got {
        let id = delivery.json()["event_id"].as_str().unwrap().to_owned();
        let out = delivery.header("traceparent");
        let is_followed = out.contains(TRACE);
        assert_eq!(is_followed, id == "e-1", "{id}: {out}");
        assert!(
            out.len() == 55 && out.ends_with("-01") && !out.contains("00f067aa0ba902b7"),
            "{out}"
        );
        assert_eq!(delivery.header("tracestate"), if is_followed { "a=1,b=2" } else { "" });
    }
}

/// A server that tells everything it can, to a file.
pub(crate) fn telling(data: &Path, log: &Path, environment: &[(&str, &str)]) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sereno"))
        .args(["serve", "--listen", "127.0.0.1:0", "--graph-url", "http://127.0.0.1:9", "--data"])
        .arg(data)
        .args(["--allow-private-targets", "127.0.0.0/8"])
        .env("RUST_LOG", "trace")
        .envs(environment.iter().copied())
        .stdout(Stdio::piped())
        .stderr(File::create(log).unwrap())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let said = child.stdout.take().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(said), &mut line).unwrap();
    let base = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
    (child, base.to_owned())
}

/// A number with a stroke after every three digits.
fn parted(number: &str) -> String {
    number.as_bytes().chunks(3).map(String::from_utf8_lossy).collect::<Vec<_>>().join("/")
}

/// Sends events whose ids, and those of what they are about, are a telephone number.
async fn call_by_number(client: &Client, number: &str) {
    for (event_type, id, conversation) in [
        ("conversation.started", format!("call-+{number}"), format!("+{number}")),
        ("handoff.opened", "opened-1".to_owned(), format!("{number}@c.us")),
        ("conversation.started", format!("{number}@c.us"), number.to_owned()),
        ("conversation.started", format!("msg_{number}"), format!("00{number}")),
        ("handoff.opened", format!("wa:{number}"), format!("{number}:2026")),
        ("handoff.opened", number[2..].to_owned(), "ana.perez%40marker.example".to_owned()),
        ("conversation.started", parted(number), parted(number)),
        ("conversation.started", number[3..].to_owned(), number[3..].to_owned()),
    ] {
        let event = json!({"event_id": id, "event_type": event_type,
            "data": {"conversation_id": conversation}});
        client.post("/api/v1/events", &event).await.unwrap();
    }
    let event = json!({"event_type": format!("order.of_{number}")});
    client.post("/api/v1/events", &event).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a20_f05_no_secret_body_or_number_is_in_logs_or_spans() {
    let collector = collector().await;
    let base = base_of(&collector);
    let crm = WebhookReceiver::start(any_port(), Behaviour::default()).await.unwrap();
    crm.behave(|behaviour| behaviour.script = [(500, None)].into());
    for format in ["text", "json"] {
        let data = tempfile::tempdir().unwrap();
        let log = data.path().join("log");
        let environment = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*base), ("SERENO_LOG_FORMAT", format)];
        let (mut child, address) = telling(&data.path().join("data"), &log, &environment);
        let key = key_in(&data.path().join("data"));
        let client = Client::new(&address, &key);
        let secret = "whsec_c2VjcmV0LW1hcmtlci1zZWNyZXQtbWFya2Vy";
        let endpoint = json!({"kind": "webhook", "target": crm.url(), "secret": secret,
            "headers": {"X-Own": "HEADER-MARKER-1234"}, "retry": {"first": "100ms"},
            "auth": {"kind": "bearer", "token": "BEARER-MARKER-1234"}});
        client.post(ENDPOINTS, &endpoint).await.unwrap();
        let event = json!({"event_id": "book-1", "event_type": "reservation.created", "data":
            {"reservation_id": "R-1", "date_time": "2100-01-20T20:00:00", "notes": "BODY-MARKER",
             "wa_number": "+34611222333", "email": "ana@marker.example"}});
        client.post("/api/v1/events", &event).await.unwrap();
        client.get("/api/v1/reservations/R-1").await.unwrap();
        call_by_number(&client, "34611222333").await;
        assert!(
            client
                .post("/api/v1/events", &json!({"event_type": "BODY-MARKER no type"}))
                .await
                .is_err()
        );
        let before = crm.inbox.all().len();
        crm.inbox.wait(PATIENCE, |all| all.len() > before).await.ok();
        tokio::time::sleep(Duration::from_millis(300)).await;
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(
            tokio::task::spawn_blocking(move || child.wait()).await.unwrap().unwrap().success()
        );
        let told = std::fs::read_to_string(&log).unwrap();
        assert!(told.contains("an attempt ended") && told.contains("delivery.id"), "{told}");
        if format == "json" {
            for line in told.lines() {
                let line: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
                assert!(line["level"].is_string() && line["timestamp"].is_string(), "{line}");
            }
        }
        let exported = read(&collector.inbox.all());
        assert!(!exported.spans.is_empty());
        let exported = String::from_utf8_lossy(&exported.raw).into_owned();
        let admin = crate::listener::token_in(&data.path().join("data"), "admin_token");
        for hidden in [
            "MARKER",
            "c2VjcmV0LW1hcmtlci1zZWNyZXQtbWFya2Vy",
            "11222333",
            "346/112/223/33",
            "marker.example",
            &key,
            &admin,
        ] {
            for (place, text) in [("the log", &told), ("the spans", &exported)] {
                let found = text.find(hidden).map(|at| &text[at.saturating_sub(200)..at]);
                assert_eq!(found, None, "{hidden} is in {place}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a20_a_collector_that_is_down_costs_nothing_but_spans() {
    let data = tempfile::tempdir().unwrap();
    let log = data.path().join("log");
    let environment = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"), ("RUST_LOG", "warn")];
    let (mut child, address) = telling(&data.path().join("data"), &log, &environment);
    let client = Client::new(&address, &key_in(&data.path().join("data")));
    for number in 0..20 {
        let event = json!({"event_type": "client.created", "data": {"n": number}});
        client.post("/api/v1/events", &event).await.unwrap();
    }
    let told = async {
        while !std::fs::read_to_string(&log).unwrap().contains("spans are dropped") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, told).await.unwrap();
    client.post("/api/v1/events", &json!({"event_type": "client.created"})).await.unwrap();
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert!(tokio::task::spawn_blocking(move || child.wait()).await.unwrap().unwrap().success());
    let told = std::fs::read_to_string(&log).unwrap();
    assert!(told.matches("spans are dropped").count() < 5, "{told}");
}
