//! How receivers know us: tokens, secrets of the tenant's by name, and deadlines of an endpoint's own.

use serde_json::{Value, json};
use sereno::receiver::webhook::WebhookReceiver;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::support::{ENDPOINTS, House, deliveries};

const TENANT: &str = "/api/v1/admin/tenants/default";

/// A token endpoint that gives out t1, t2 and so on; one request to a connection.
async fn token_endpoint() -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        for number in 1.. {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut read = Vec::new();
            while !read.ends_with(b"grant_type=client_credentials") {
                stream.read_buf(&mut read).await.unwrap();
            }
            let body = format!(r#"{{"access_token":"t{number}","token_type":"bearer"}}"#);
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (url, task)
}

fn sent(receiver: &WebhookReceiver, header: &str) -> Vec<String> {
    receiver.inbox.all().iter().map(|delivery| delivery.header(header).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn e04_a_401_renews_the_token_inside_the_attempt() {
    let house = House::new().await;
    let (token_url, tokens) = token_endpoint().await;
    house.api.patch(TENANT, &json!({"secrets": {"CRM": "s3cret-of-the-crm"}})).await.unwrap();
    let auth = json!({"kind": "oauth2", "token_url": token_url, "client_id": "sereno",
        "client_secret": "${CRM}"});
    let receiver = house.webhook(json!({"auth": auth})).await;
    receiver.behave(|behaviour| behaviour.script.extend([(200, None), (401, None), (200, None)]));
    for event_type in ["a.one", "a.two", "a.three"] {
        house.event(event_type, json!({})).await;
        deliveries(&receiver, &[event_type]).await;
    }
    let bearers = ["Bearer t1", "Bearer t1", "Bearer t2", "Bearer t2"];
    assert_eq!(sent(&receiver, "authorization"), bearers);
    let log = house.logged(3).await;
    assert!(log.iter().all(|line| line["status"] == "sent" && line["attempt"] == 1), "{log:?}");
    assert_eq!(house.api.get(&format!("{ENDPOINTS}/1")).await.unwrap()["auth"], "oauth2");
    tokens.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn e04_a_token_endpoint_that_is_down_is_said_in_the_log_and_tried_again() {
    let house = House::new().await;
    house.settle(json!({})).await;
    let auth = json!({"kind": "oauth2", "token_url": "http://127.0.0.1:9/token",
        "client_id": "sereno", "client_secret": "s3cret-of-the-crm"});
    let receiver = house.webhook(json!({"auth": auth})).await;
    house.event("a.one", json!({})).await;
    let line = house.logged(2).await.remove(0);
    let error = line["error_message"].as_str().unwrap();
    assert!(error.starts_with("the token endpoint: no connection"), "{line}");
    assert!(!line.to_string().contains("s3cret"), "{line}");
    let good = json!({"auth": {"kind": "bearer", "token": "plain"}});
    house.api.patch(&format!("{ENDPOINTS}/1"), &good).await.unwrap();
    deliveries(&receiver, &["a.one"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b03_headers_and_credentials_ask_for_the_tenants_secrets_by_name() {
    let house = House::new().await;
    let settings = json!({"secrets": {"KEY": "k-1", "USER_2": "ana", "OLD": "x"}});
    let shown = house.api.patch(TENANT, &settings).await.unwrap();
    assert_eq!(shown["settings"]["secrets"], json!(["KEY", "OLD", "USER_2"]), "names alone");
    let basic = json!({"kind": "basic", "user": "${USER_2}", "password": "p${KEY}"});
    let headers = json!({"X-Key": "key ${KEY}", "X-Plain": "$${KEY} costs 5$"});
    let receiver = house.webhook(json!({"auth": basic, "headers": headers})).await;
    let path = format!("{ENDPOINTS}/1");
    house.event("a.one", json!({})).await;
    let got = deliveries(&receiver, &["a.one"]).await;
    assert_eq!(got[0].header("x-key"), "key k-1");
    assert_eq!(got[0].header("x-plain"), "${KEY} costs 5$");
    assert_eq!(got[0].header("authorization"), "Basic YW5hOnBrLTE=", "ana:pk-1");
    let shown = house.api.get(&path).await.unwrap();
    assert_eq!(shown["headers"]["X-Key"], "key ${KEY}", "shown as it was written");

    house.api.patch(TENANT, &json!({"secrets": {"KEY": "k-2", "OLD": null}})).await.unwrap();
    house.event("a.two", json!({})).await;
    let got = deliveries(&receiver, &["a.two"]).await;
    assert_eq!(got[1].header("x-key"), "key k-2", "looked up at each attempt");

    for (body, field, word) in [
        (json!({"headers": {"X-A": "${OLD}"}}), "headers.X-A", "secrets.OLD"),
        (json!({"headers": {"X-A": "${old}"}}), "headers.X-A", "stands for ${"),
        (json!({"auth": {"kind": "bearer", "token": "${NOPE}"}}), "auth", "secrets.NOPE"),
    ] {
        let (status, problem) = house.raw("PATCH", &path, body.to_string()).await;
        assert_eq!((status, problem["field"].as_str()), (422, Some(field)), "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(word), "{problem}");
    }
    house.api.patch(TENANT, &json!({"secrets": {"KEY": null}})).await.unwrap();
    house.event("a.three", json!({})).await;
    let dead = |log: &Value| log["items"][0]["outcome"] == "dead";
    let log = house.eventually("/api/v1/admin/notify/logs", dead).await;
    let error = log["items"][0]["error_message"].as_str().unwrap();
    assert_eq!(
        error,
        "header X-Key asks for ${KEY}, which is not among the tenant's secrets; set secrets.KEY"
    );
    assert_eq!(receiver.inbox.all().len(), 2, "nothing went out");
    let renamed = json!({"enabled": true, "timeout": "9s"});
    house.api.patch(&path, &renamed).await.expect("a change of something else is not held up");
}

#[tokio::test(flavor = "multi_thread")]
async fn b13_a_timeout_is_the_endpoints_then_the_tenants_and_null_takes_it_back() {
    let house = House::new().await;
    house.settle(json!({"timeout": "1s"})).await;
    let receiver = house.webhook(json!({})).await;
    receiver.behave(|behaviour| behaviour.delay = std::time::Duration::from_millis(1_500));
    house.event("a.one", json!({})).await;
    let late = |line: &Value| line["error_message"] == "no answer within 1 s";
    assert!(late(&house.logged(1).await.remove(0)));
    let path = format!("{ENDPOINTS}/1");
    let shown = house.api.patch(&path, &json!({"timeout": "5s"})).await.unwrap();
    assert_eq!(shown["timeout"], "5s");
    let sent = |log: &Value| log["items"][0]["status"] == "sent";
    house.eventually("/api/v1/admin/notify/logs", sent).await;
    for timeout in ["999ms", "61s", "soon"] {
        let body = json!({"timeout": timeout}).to_string();
        let (status, problem) = house.raw("PATCH", &path, body).await;
        assert_eq!((status, problem["field"].as_str()), (422, Some("timeout")), "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_be_left_out_is_taken_back_by_null() {
    let house = House::new().await;
    let everything = json!({
        "timeout": "5s", "retry": {"attempts": 2}, "rate_limit": {"per_minute": 6},
        "disable_after": "9h", "signature": "bird", "headers": {"X-A": "b"},
        "filters": {"events": ["a.*"]}, "auth": {"kind": "bearer", "token": "t"},
    });
    house.webhook(everything.clone()).await;
    let path = format!("{ENDPOINTS}/1");
    for field in everything.as_object().unwrap().keys() {
        let before = house.api.get(&path).await.unwrap();
        assert!(!before[field].is_null(), "{field}: {before}");
        let mut patch = serde_json::Map::new();
        patch.insert(field.clone(), Value::Null);
        let after = house.api.patch(&path, &Value::Object(patch)).await.unwrap();
        let default = match field.as_str() {
            "signature" => json!("standard"),
            "headers" => json!({}),
            "filters" => json!({"events": null, "intents": null}),
            _ => Value::Null,
        };
        assert_eq!(after[field], default, "{field}");
    }
    let (status, problem) = house
        .raw("PATCH", &path, r#"{"auth":{"kind":"header","name":"webhook-id","value":"x"}}"#)
        .await;
    assert_eq!((status, problem["field"].as_str()), (422, Some("auth.name")), "{problem}");
    let bad = json!({"auth": {"kind": "oauth2", "token_url": "http://10.0.0.1/t",
        "client_id": "a", "client_secret": "b"}});
    let (status, problem) = house.raw("PATCH", &path, bad.to_string()).await;
    assert_eq!((status, problem["field"].as_str()), (422, Some("auth.token_url")), "{problem}");
}
