//! The names under which other systems know the settings of webhooks.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use sereno::client::Client;
use sereno::config::{Config, Length};
use sereno::receiver::any_port;
use sereno::receiver::verify::Verdict;
use sereno::receiver::webhook::{Behaviour, WebhookReceiver};
use sereno::server::Server;
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::support::{ENDPOINTS, PATIENCE, deliveries};

const SECRET: &str = "a-secret-of-thirty-two-characters-or-more";

/// Runs a server with these settings for as long as something lasts.
async fn with<T>(data: &TempDir, settings: Config, lasts: impl AsyncFnOnce(Client) -> T) -> T {
    let config = Config {
        listen: any_port(),
        data: data.path().to_owned(),
        allow_private_targets: vec!["127.0.0.0/8".into()],
        ..settings
    };
    let server = Server::start(config).await.unwrap();
    let key = server.credentials().api_key.clone().unwrap();
    let client = Client::new(&format!("http://{}", server.address()), &key);
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(server.serve(async {
        stopped.await.ok();
    }));
    let outcome = lasts(client).await;
    drop(stop);
    serving.await.unwrap().unwrap();
    outcome
}

async fn endpoints(api: &Client) -> Vec<Value> {
    api.get(ENDPOINTS).await.unwrap()["items"].as_array().unwrap().clone()
}

fn receiver(behaviour: Behaviour) -> impl Future<Output = std::io::Result<WebhookReceiver>> {
    WebhookReceiver::start(any_port(), behaviour)
}

#[tokio::test(flavor = "multi_thread")]
async fn c02_n8n_gets_signed_events_with_its_account_and_the_endpoint_follows_the_setting() {
    let data = tempfile::tempdir().unwrap();
    let signed = || Behaviour { secret: Some(SECRET.into()), ..Behaviour::default() };
    let (one, two) = (receiver(signed()).await.unwrap(), receiver(signed()).await.unwrap());
    let settings = |target: Option<String>| Config {
        n8n_webhook_url: target,
        n8n_user: Some("admin".into()),
        n8n_password: Some("secure-${password".into()),
        webhook_secret: Some(SECRET.into()),
        ..Config::default()
    };
    let event = json!({"event_type": "client.created", "data": {"client_id": 1}});
    let made = with(&data, settings(Some(one.url())), async |api: Client| {
        api.post("/api/v1/events", &event).await.unwrap();
        let got = deliveries(&one, &["client.created"]).await.remove(0);
        assert_eq!(got.header("authorization"), "Basic YWRtaW46c2VjdXJlLSR7cGFzc3dvcmQ=");
        assert!(matches!(got.verdict, Verdict::Valid), "{:?}", got.verdict);
        endpoints(&api).await
    })
    .await;
    assert_eq!((made.len(), &made[0]["kept_by"]), (1, &json!("N8N_WEBHOOK_URL")));
    let again = with(&data, settings(Some(one.url())), async |api: Client| endpoints(&api).await);
    let again = again.await;
    assert_eq!(again.len(), 1);
    assert_eq!(again[0]["updated_at"], made[0]["updated_at"], "the same setting changes nothing");
    with(&data, settings(Some(two.url())), async |api: Client| {
        api.post("/api/v1/events", &event).await.unwrap();
        deliveries(&two, &["client.created"]).await;
        assert_eq!(endpoints(&api).await.len(), 1);
    })
    .await;
    let unset = with(&data, settings(None), async |api: Client| endpoints(&api).await).await;
    assert_eq!(unset[0]["enabled"], false);
    assert_eq!(unset[0]["disabled_reason"], "N8N_WEBHOOK_URL is no longer set");
    with(&data, settings(Some(two.url())), async |api: Client| {
        assert_eq!(endpoints(&api).await[0]["enabled"], true);
        let key_pair = json!({"signature": "ed25519", "headers": {"X-Own": "1"}});
        api.patch(&format!("{ENDPOINTS}/1"), &key_pair).await.unwrap();
        api.post(&format!("{ENDPOINTS}/1/toggle"), &json!({})).await.unwrap();
    })
    .await;
    let off = with(&data, settings(Some(two.url())), async |api: Client| endpoints(&api).await);
    let off = off.await;
    assert_eq!(off[0]["enabled"], false, "what a person disabled stays so");
    assert_eq!(
        (&off[0]["signature"], &off[0]["headers"]["X-Own"]),
        (&json!("ed25519"), &json!("1"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn c02_e08_attempts_delay_and_deadline_hold_where_nobody_else_says() {
    let data = tempfile::tempdir().unwrap();
    let settings = Config {
        webhook_max_retries: Some(2),
        webhook_retry_delay: Some(Length::Text("50".into())),
        webhook_timeout: Some(Length::Text("1".into())),
        ..Config::default()
    };
    with(&data, settings, async |api: Client| {
        let slow = Behaviour { delay: Duration::from_secs(4), ..Behaviour::default() };
        let slow = receiver(slow).await.unwrap();
        let hook = json!({"kind": "webhook", "target": slow.url()});
        api.post(ENDPOINTS, &hook).await.unwrap();
        api.post("/api/v1/events", &json!({"event_type": "a.b"})).await.unwrap();
        let lines = logged(&api, 2).await;
        assert!(lines[0]["error_message"].as_str().unwrap().contains("1 s"), "{lines:#?}");
        let shown = api.get("/api/v1/events").await.unwrap();
        let id = shown["items"][0]["event_id"].as_str().unwrap().to_owned();
        let shown = api.get(&format!("/api/v1/events/{id}")).await.unwrap();
        assert_eq!(
            (&shown["deliveries"][0]["status"], &shown["deliveries"][0]["attempts"]),
            (&json!("dead"), &json!(2))
        );
        // What the tenant says goes before, and what the endpoint says before that.
        let tenants = json!({"retry": {"first": "20ms", "attempts": 3}});
        api.patch("/api/v1/admin/tenants/default", &tenants).await.unwrap();
        api.post("/api/v1/events", &json!({"event_type": "a.c"})).await.unwrap();
        logged(&api, 5).await;
        let own = json!({"retry": {"attempts": 1}});
        api.patch(&format!("{ENDPOINTS}/1"), &own).await.unwrap();
        api.post("/api/v1/events", &json!({"event_type": "a.d"})).await.unwrap();
        let lines = logged(&api, 6).await;
        assert_eq!((lines.len(), &lines[0]["event"]), (6, &json!("a.d")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e08_what_is_done_is_cleaned_after_the_time_that_the_tenant_says() {
    let data = tempfile::tempdir().unwrap();
    with(&data, Config::default(), async |api: Client| {
        let hook = receiver(Behaviour::default()).await.unwrap();
        api.post(ENDPOINTS, &json!({"kind": "webhook", "target": hook.url()})).await.unwrap();
        let day = json!({"retention": {"attempts": "24h"}});
        let shown = api.patch("/api/v1/admin/tenants/default", &day).await.unwrap();
        assert_eq!(shown["settings"]["retention"]["attempts"], "24h");
        api.post("/api/v1/events", &json!({"event_type": "a.b"})).await.unwrap();
        logged(&api, 1).await;
        let short = json!({"retention": {"attempts": "1s"}});
        api.patch("/api/v1/admin/tenants/default", &short).await.unwrap();
        let gone = async { while !log(&api).await.is_empty() {} };
        tokio::time::timeout(PATIENCE, gone).await.unwrap();
    })
    .await;
}

#[test]
fn c02_e08_the_names_are_in_the_help_and_a_weak_secret_is_refused_with_a_way_out() {
    let sereno = || Command::new(env!("CARGO_BIN_EXE_sereno"));
    let help = sereno().args(["serve", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for name in [
        "WEBHOOK_RETRY_COUNT",
        "WEBHOOK_MAX_RETRIES",
        "WEBHOOK_RETRY_DELAY",
        "WEBHOOK_TIMEOUT",
        "WEBHOOK_SECRET",
        "N8N_WEBHOOK_URL",
        "N8N_USER",
        "N8N_PASSWORD",
    ] {
        assert!(help.contains(name), "{name} is not in the help");
    }
    let data = tempfile::tempdir().unwrap();
    let mut serve = sereno();
    serve.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data.path());
    // What an environment's template leaves empty is not set.
    serve.env("WEBHOOK_RETRY_COUNT", "").env("WEBHOOK_MAX_RETRIES", "");
    let ended = serve.env("WEBHOOK_SECRET", "short").stdout(Stdio::null()).output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(!ended.status.success());
    assert!(said.contains("WEBHOOK_SECRET") && said.contains("openssl rand -hex 32"), "{said}");
    let file = data.path().join("sereno.toml");
    std::fs::write(
        &file,
        "webhook_timeout = 30\nwebhook_retry_delay = \"1m\"\nwebhook_max_retries = 0\n",
    )
    .unwrap();
    let mut serve = sereno();
    serve.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data.path());
    let ended = serve.current_dir(data.path()).stdout(Stdio::null()).output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(said.contains("WEBHOOK_MAX_RETRIES: must be from 1"), "{said}");
}

async fn log(api: &Client) -> Vec<Value> {
    let answer = api.get("/api/v1/admin/notify/logs?limit=500").await.unwrap();
    answer["items"].as_array().unwrap().clone()
}

/// The log, newest first, once it has so many lines.
async fn logged(api: &Client, count: usize) -> Vec<Value> {
    let asked = async {
        loop {
            let lines = log(api).await;
            if lines.len() >= count {
                return lines;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.unwrap()
}
