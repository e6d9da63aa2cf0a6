//! The trace of a request goes on whatever road it takes in: letters of providers, deeds of people, reports.

use std::process::Command;

use serde_json::{Value, json};
use sereno::client::Client;
use sereno::receiver::any_port;
use sereno::receiver::smtp::SmtpReceiver;
use sereno::receiver::webhook::{Behaviour, Delivery, WebhookReceiver};

use crate::process::Process;
use crate::sources_inbound::hmac;
use crate::support::{APP_SECRET, ENDPOINTS, House, PATIENCE, moment};
use crate::trace::{
    PARENT, Span, TRACE, base_of, collector, fact, hex, key_in, named, spans, telling,
};

/// Posts something as part of a trace.
async fn post(client: &Client, path: &str, key: &str, body: &Value, more: &[(&str, String)]) {
    let mut request = client.http.post(client.url(path)).bearer_auth(key);
    request = request.header("traceparent", PARENT).header("tracestate", "a=1");
    for (name, value) in more {
        request = request.header(*name, value);
    }
    let response = request.body(body.to_string()).send().await.unwrap();
    let status = response.status();
    assert!(status.is_success(), "{path}: {status} {}", response.text().await.unwrap());
}

fn signed(header: &'static str, body: &Value) -> [(&'static str, String); 1] {
    let signature = hmac(APP_SECRET.as_bytes(), body.to_string().as_bytes());
    [(header, format!("sha256={}", hex(&signature)))]
}

fn whatsapp(wamid: &str, text: &str) -> Value {
    let message = json!({"id": wamid, "from": "34600000001", "type": "text",
        "timestamp": "1769000000", "text": {"body": text}});
    let value = json!({"messaging_product": "whatsapp",
        "metadata": {"phone_number_id": "555000111"}, "messages": [message]});
    let changes = json!([{"field": "messages", "value": value}]);
    json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]})
}

#[tokio::test(flavor = "multi_thread")]
async fn a20_what_comes_in_by_a_webhook_or_by_a_persons_deed_stays_in_the_trace_of_its_request() {
    let house = House::new().await;
    house.settle(json!({"sources": {"shop": {"verifier": "github", "secret": APP_SECRET}}})).await;
    let crm = house.webhook(json!({})).await;
    let key = house.key();
    let id = {
        let booking = json!({"reservation_id": "R-1", "date_time": moment(72 * 3_600_000),
            "name": "Ana", "wa_number": "+34600000009"});
        house.event("reservation.created", booking).await;
        let timers = house.api.get("/api/v1/timers?reservation_id=R-1").await.unwrap();
        timers["items"][0]["id"].as_str().unwrap().to_owned()
    };
    crm.inbox.wait(PATIENCE, |all| all.len() == 1).await.unwrap();
    let pushed = json!({"action": "opened"});
    let mut headers = signed("x-hub-signature-256", &pushed).to_vec();
    headers.push(("x-github-event", "issues".to_owned()));
    post(&house.api, "/webhooks/in/default/shop", &key, &pushed, &headers).await;
    let message = whatsapp("wamid.1", "hola");
    let headers = signed("x-hub-signature-256", &message);
    post(&house.api, "/webhooks/whatsapp/default", &key, &message, &headers).await;
    let none = json!({});
    post(&house.api, &format!("/api/v1/timers/{id}/fire"), &key, &none, &[]).await;
    let confirm = json!({"action": "confirm"});
    post(&house.api, "/api/v1/reservations/R-1/actions", &key, &confirm, &[]).await;
    post(&house.api, "/api/v1/admin/notify/test/1", &key, &none, &[]).await;
    let wanted = [
        "github.issues",
        "whatsapp.message.received",
        "reminder.24h.sent",
        "reservation.confirmed",
        "test.ping",
    ];
    let came = crm.inbox.wait(PATIENCE, |all| {
        wanted.iter().all(|wanted| all.iter().any(|one| one.event_type.starts_with(wanted)))
    });
    let came = came.await.unwrap_or_else(|all| {
        panic!("{:?}", all.iter().map(|one| &one.event_type).collect::<Vec<_>>())
    });
    for event_type in wanted {
        let one = came.iter().find(|one| one.event_type.starts_with(event_type)).unwrap();
        assert!(one.header("traceparent").contains(TRACE), "{event_type}: {one:?}");
        assert_eq!(one.header("tracestate"), "a=1", "{event_type}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a20_their_spans_hang_together_and_reports_name_their_readers_and_no_endpoint() {
    let collector = collector().await;
    let base = base_of(&collector);
    let crm = WebhookReceiver::start(any_port(), Behaviour::default()).await.unwrap();
    let mail = SmtpReceiver::start().unwrap();
    let home = tempfile::tempdir().unwrap();
    let (data, log) = (home.path().join("data"), home.path().join("log"));
    let environment = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*base), ("RUST_LOG", "sereno=debug")];
    let (mut child, address) = telling(&data, &log, &environment);
    let key = key_in(&data);
    let client = Client::new(&address, &key);
    let (host, port) = (mail.address().ip().to_string(), mail.address().port());
    let settings = json!({"sources": {"shop": {"verifier": "github", "secret": APP_SECRET}},
        "smtp": {"host": host, "port": port, "from": "sereno@trattoria.example"}});
    client.patch("/api/v1/admin/tenants/default", &settings).await.unwrap();
    let events = json!({"events": ["reservation.confirmed", "github.*"]});
    let endpoint = json!({"kind": "webhook", "target": crm.url(), "filters": events});
    client.post(ENDPOINTS, &endpoint).await.unwrap();
    let booking = json!({"reservation_id": "R-1", "date_time": moment(72 * 3_600_000)});
    let event = json!({"event_type": "reservation.created", "data": booking});
    client.post("/api/v1/events", &event).await.unwrap();

    let confirm = json!({"action": "confirm"});
    post(&client, "/api/v1/reservations/R-1/actions", &key, &confirm, &[]).await;
    let pushed = json!({"action": "opened"});
    let mut headers = signed("x-hub-signature-256", &pushed).to_vec();
    headers.push(("x-github-event", "issues".to_owned()));
    post(&client, "/webhooks/in/default/shop", &key, &pushed, &headers).await;
    let to = json!({"to": ["manager@trattoria.example"]});
    post(&client, "/api/v1/reports/weekly/send", &key, &to, &[]).await;

    let of_trace = |all: &[Span]| -> Vec<Span> {
        all.iter().filter(|span| hex(&span.trace_id) == TRACE).cloned().collect()
    };
    let collected = spans(&collector, |all| {
        let all = of_trace(all);
        named(&all, "attempt webhook").len() == 2 && named(&all, "attempt email").len() == 1
    })
    .await;
    let all = of_trace(&collected.spans);
    let one = |name: &str| match named(&all, name)[..] {
        [one] => one.clone(),
        _ => panic!("not one {name} in {all:#?}"),
    };
    for (request, step) in [
        ("POST /api/v1/reservations/{id}/actions", "step reservation"),
        ("POST /webhooks/in/{tenant}/{source}", "record"),
    ] {
        let (request, step) = (one(request), one(step));
        assert_eq!(hex(&request.parent_span_id), "00f067aa0ba902b7");
        assert_eq!(step.parent_span_id, request.span_id);
        let attempts = named(&all, "attempt webhook");
        let below = attempts.iter().filter(|attempt| attempt.parent_span_id == step.span_id);
        assert_eq!(below.count(), 1, "{all:#?}");
    }
    assert_eq!(fact(&one("step reservation"), "sereno.transition"), "booked -> confirmed");
    let report = one("attempt email");
    assert_eq!(fact(&report, "sereno.recipients"), "readers");
    assert!(report.attributes.iter().all(|attribute| attribute.key != "sereno.endpoint.id"));
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert!(tokio::task::spawn_blocking(move || child.wait()).await.unwrap().unwrap().success());
    let told = std::fs::read_to_string(&log).unwrap();
    assert!(told.contains("recipients=\"readers\""), "{told}");
    assert!(!told.contains("4294967295"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a20_what_one_entity_has_another_do_stays_in_the_trace_of_what_led_to_it() {
    let collector = collector().await;
    let base = base_of(&collector);
    let crm = WebhookReceiver::start(any_port(), Behaviour::default()).await.unwrap();
    let data = tempfile::tempdir().unwrap();
    let environment = [("OTEL_EXPORTER_OTLP_ENDPOINT", std::ffi::OsStr::new(&base))];
    let server = Process::try_start(data.path(), "http://127.0.0.1:9", &environment, &[]).unwrap();
    let client = server.client(data.path());
    let key = key_in(data.path());
    client.post(ENDPOINTS, &json!({"kind": "webhook", "target": crm.url()})).await.unwrap();
    for (event_type, data) in [
        ("conversation.started", json!({"conversation_id": "C-1", "wa_number": "+34600000001"})),
        ("conversation.escalated", json!({"conversation_id": "C-1", "reason": "asked"})),
    ] {
        let event = json!({"event_type": event_type, "data": data});
        post(&client, "/api/v1/events", &key, &event, &[]).await;
    }
    let wanted =
        ["conversation.started", "lead.created", "conversation.escalated", "handoff.opened"];
    let all_came = |all: &[Delivery]| {
        wanted.iter().all(|wanted| all.iter().any(|one| one.event_type == *wanted))
    };
    let came = crm.inbox.wait(PATIENCE, all_came).await.unwrap();
    for one in came {
        assert!(one.header("traceparent").contains(TRACE), "{}: {one:?}", one.event_type);
    }
    let collected = spans(&collector, |all| named(all, "attempt webhook").len() >= 4).await;
    let requests = named(&collected.spans, "POST /api/v1/events");
    for (step, event_type) in [("step handoff", "handoff.opened"), ("step lead", "lead.created")] {
        let steps = named(&collected.spans, step);
        let attempts = named(&collected.spans, "attempt webhook");
        let attempt = attempts.iter().find(|one| fact(one, "sereno.event.type") == event_type);
        let above = |id: &[u8]| steps.iter().find(|step| step.span_id == id);
        let step = above(&attempt.unwrap().parent_span_id).expect("its step");
        assert!(requests.iter().any(|one| one.span_id == step.parent_span_id), "{step:?}");
    }
    server.stop();
}
