//! A server and a world around it, for one test.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use sereno::client::Client;
use sereno::config::Config;
use sereno::receiver::any_port;
use sereno::receiver::graph::{GraphReceiver, Phone};
use sereno::receiver::slack::SlackReceiver;
use sereno::receiver::smtp::SmtpReceiver;
use sereno::receiver::webhook::{Behaviour, Delivery, WebhookReceiver};
use sereno::server::Server;
use sereno_workflows::time::Timestamp;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long anything that must come may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// The secret of [`House::webhook`].
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub(crate) const APP_SECRET: &str = "app-secret-of-the-test";
pub(crate) const ENDPOINTS: &str = "/api/v1/admin/notify/endpoints";

/// What a test changes of the configuration.
type Change = Box<dyn Fn(&mut Config) + Send + Sync>;

/// A server with the tenant `default`, and every receiver.
pub(crate) struct House {
    pub(crate) api: Client,
    pub(crate) admin: Client,
    pub(crate) base: String,
    pub(crate) data: TempDir,
    pub(crate) slack: SlackReceiver,
    pub(crate) mail: SmtpReceiver,
    pub(crate) graph: GraphReceiver,
    change: Change,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<anyhow::Result<()>>,
}

impl House {
    /// A server on a fresh directory.
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// The same, with something else in its configuration.
    pub(crate) async fn with(change: impl Fn(&mut Config) + Send + Sync + 'static) -> Self {
        let graph = GraphReceiver::start("token").await.unwrap();
        Self::over(tempfile::tempdir().unwrap(), graph, Box::new(change)).await
    }

    async fn over(data: TempDir, graph: GraphReceiver, change: Change) -> Self {
        let mut config = Config {
            listen: any_port(),
            data: data.path().to_owned(),
            allow_private_targets: vec!["127.0.0.0/8".into()],
            graph_url: graph.url().parse().unwrap(),
            ..Config::default()
        };
        change(&mut config);
        let server = Server::start(config).await.unwrap();
        let base = format!("http://{}", server.address());
        let credentials = server.credentials().clone();
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(server.serve(async {
            stopped.await.ok();
        }));
        Self {
            api: Client::new(&base, &credentials.api_key.unwrap()),
            admin: Client::new(&base, &credentials.admin_token.unwrap()),
            base,
            data,
            slack: SlackReceiver::start().await.unwrap(),
            mail: SmtpReceiver::start().unwrap(),
            graph,
            change,
            stop: Some(stop),
            serving,
        }
    }

    /// Stops the server in good order and starts it again on the same data.
    pub(crate) async fn restarted(self) -> Self {
        self.restarted_after(|_| {}).await
    }

    /// Stops the server in good order and starts it again with another mirror.
    pub(crate) async fn reconfigured(mut self, mirror: String) -> Self {
        self.change = Box::new(move |config| config.mirror = Some(mirror.clone()));
        self.restarted().await
    }

    /// Stops the server, lets something happen to its data, and starts it again.
    pub(crate) async fn restarted_after(mut self, happens: impl FnOnce(&Path)) -> Self {
        drop(self.stop.take());
        self.serving.await.unwrap().unwrap();
        happens(self.data.path());
        Self::over(self.data, self.graph, self.change).await
    }

    /// Short policies, the WhatsApp line, the mail server, and what else is given.
    pub(crate) async fn settle(&self, more: Value) {
        let mail = self.mail.address();
        let mut settings = json!({
            "timezone": "Europe/Madrid",
            "whatsapp": {"phone_number_id": "555000111", "access_token": "token",
                         "app_secret": APP_SECRET, "verify_token": "verify-me"},
            "smtp": {"host": mail.ip().to_string(), "port": mail.port(),
                     "from": "sereno@trattoria.example", "from_name": "La Trattoria"},
            "retry": {"first": "100ms", "attempts": 4},
        });
        let map = settings.as_object_mut().unwrap();
        map.extend(more.as_object().unwrap().clone());
        self.api.patch("/api/v1/admin/tenants/default", &settings).await.unwrap();
    }

    /// A webhook endpoint with [`SECRET`] and a receiver behind it.
    pub(crate) async fn webhook(&self, more: Value) -> WebhookReceiver {
        let behaviour = Behaviour { secret: Some(SECRET.into()), ..Behaviour::default() };
        let receiver = WebhookReceiver::start(any_port(), behaviour).await.unwrap();
        let mut body = json!({"kind": "webhook", "target": receiver.url(), "secret": SECRET});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.api.post(ENDPOINTS, &body).await.unwrap();
        receiver
    }

    /// An endpoint for one type that calls there, with more of its own; its id.
    pub(crate) async fn wanting(&self, event_type: &str, target: &str, more: &Value) -> u64 {
        let mut body = json!({"kind": "webhook", "target": target,
            "filters": {"events": [event_type]}});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.endpoint(body).await
    }

    /// The same with a receiver of its own, which must be kept: it answers so, one after the other, each with
    /// its Retry-After, and then 200.
    pub(crate) async fn answering(
        &self,
        event_type: &str,
        script: impl IntoIterator<Item = (u16, Option<u64>)>,
        more: &Value,
    ) -> (WebhookReceiver, u64) {
        let script = script.into_iter().collect();
        let behaviour = Behaviour { script, ..Behaviour::default() };
        let receiver = WebhookReceiver::start(any_port(), behaviour).await.unwrap();
        let id = self.wanting(event_type, &receiver.url(), more).await;
        (receiver, id)
    }

    /// The path of an event's only delivery, once it is there.
    pub(crate) async fn delivery_of(&self, event: &str) -> String {
        let path = format!("/api/v1/deliveries?event_id={event}");
        let listed = self.eventually(&path, |page| page["items"][0]["id"].is_string()).await;
        format!("/api/v1/deliveries/{}", listed["items"][0]["id"].as_str().unwrap())
    }

    /// An endpoint of another kind; its number.
    pub(crate) async fn endpoint(&self, body: Value) -> u64 {
        self.api.post(ENDPOINTS, &body).await.unwrap()["id"].as_u64().unwrap()
    }

    /// Sends an event.
    pub(crate) async fn event(&self, event_type: &str, data: Value) -> Value {
        let event = json!({"event_type": event_type, "data": data});
        self.api.post("/api/v1/events", &event).await.unwrap()
    }

    /// Books a slot so many milliseconds from now.
    pub(crate) async fn book(&self, id: &str, number: &str, in_ms: i64) {
        let data = json!({"reservation_id": id, "date_time": moment(in_ms), "name": "Ana",
            "wa_number": format!("+{number}"), "party_size": 2, "restaurant": "La Trattoria"});
        self.event("reservation.created", data).await;
    }

    /// A booking, as the API shows it.
    pub(crate) async fn booking(&self, id: &str) -> Value {
        self.api.get(&format!("/api/v1/reservations/{id}")).await.unwrap()
    }

    /// A customer's phone.
    pub(crate) fn phone(&self, number: &str) -> Phone {
        Phone {
            number: number.into(),
            webhook: format!("{}/webhooks/whatsapp/default", self.base),
            app_secret: APP_SECRET.into(),
        }
    }

    /// Waits until every letter that came in was read.
    pub(crate) async fn read(&self) {
        let none = |log: &Value| log["items"] == json!([]);
        self.eventually("/api/v1/inbound-log?status=pending", none).await;
    }

    /// Waits until the customers' WhatsApp got so many messages.
    pub(crate) async fn told(&self, count: usize) -> Vec<sereno::receiver::graph::Sent> {
        let told = self.graph.inbox.wait(PATIENCE, |all| all.len() >= count).await;
        told.unwrap_or_else(|got| panic!("{count} messages expected, these came: {got:#?}"))
    }

    /// The log, newest first, with a query.
    pub(crate) async fn log(&self, query: &str) -> Vec<Value> {
        let path = format!("/api/v1/admin/notify/logs?limit=500{query}");
        self.api.get(&path).await.unwrap()["items"].as_array().unwrap().clone()
    }

    /// Asks again and again until the answer is as it must become.
    pub(crate) async fn eventually(&self, path: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let asked = async {
            loop {
                let answer = self.api.get(path).await.unwrap();
                if fits(&answer) {
                    return answer;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let answer = tokio::time::timeout(PATIENCE, asked).await;
        match answer {
            Ok(answer) => answer,
            Err(_) => panic!("{path} stayed {}", self.api.get(path).await.unwrap()),
        }
    }

    /// The log, newest first, once it has so many lines.
    pub(crate) async fn logged(&self, count: usize) -> Vec<Value> {
        let lines = |answer: &Value| answer["items"].as_array().unwrap().len() >= count;
        let answer = self.eventually("/api/v1/admin/notify/logs?limit=500", lines).await;
        answer["items"].as_array().unwrap().clone()
    }

    /// A raw request with the tenant's key: status and answer.
    pub(crate) async fn raw(
        &self,
        method: &str,
        path: &str,
        body: impl Into<Vec<u8>>,
    ) -> (u16, Value) {
        let key = self.key();
        let method = method.parse().unwrap();
        let request = self.api.http.request(method, format!("{}{path}", self.base));
        let response = request.bearer_auth(key).body(body.into()).send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
    }

    /// The tenant's key.
    pub(crate) fn key(&self) -> String {
        let text = std::fs::read_to_string(self.data.path().join("credentials")).unwrap();
        text.lines().find_map(|line| line.strip_prefix("api_key=")).unwrap().to_owned()
    }
}

/// So many milliseconds from now, as RFC 3339.
pub(crate) fn moment(in_ms: i64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp(i64::try_from(now.as_millis()).unwrap() + in_ms).to_rfc3339()
}

/// Waits until deliveries of these types came, in any order and among others.
pub(crate) async fn deliveries(receiver: &WebhookReceiver, types: &[&str]) -> Vec<Delivery> {
    let came = |all: &[Delivery]| {
        let mut missing = types.to_vec();
        for delivery in all.iter().filter(|delivery| delivery.answered.is_success()) {
            if let Some(place) = missing.iter().position(|kind| *kind == delivery.event_type) {
                missing.swap_remove(place);
            }
        }
        missing.is_empty()
    };
    let came = receiver.inbox.wait(PATIENCE, came).await;
    came.unwrap_or_else(|got| {
        let got: Vec<_> = got.iter().map(|delivery| delivery.event_type.as_str()).collect();
        panic!("expected {types:?}, got {got:?}")
    })
}

/// Asserts that a text stands nowhere in a data directory's store in the clear.
pub(crate) fn nowhere_on_disk(data: &Path, text: &str) {
    for part in ["journal", "index", "snapshots"] {
        for entry in std::fs::read_dir(data.join(part)).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let bytes = std::fs::read(&path).unwrap();
                let found = bytes.windows(text.len()).any(|window| window == text.as_bytes());
                assert!(!found, "a secret stands in the clear in {}", path.display());
            }
        }
    }
}
