//! Receives webhooks, verifies them, and misbehaves when asked to.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use parking_lot::Mutex;
use rand::RngExt as _;
use serde_json::Value;

use super::verify::{self, Signed, Verdict};
use super::{Inbox, Service};

/// A delivery as it came.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The path that it came to.
    pub path: String,
    /// `webhook-id`.
    pub id: String,
    /// The event's type, from the body.
    pub event_type: String,
    /// `X-Sereno-Attempt`.
    pub attempt: u32,
    /// All headers.
    pub headers: HeaderMap,
    /// The body's bytes.
    pub body: Bytes,
    /// Whether it is genuine.
    pub verdict: Verdict,
    /// What it was answered.
    pub answered: StatusCode,
    /// When it came.
    pub at: Instant,
}

impl Delivery {
    /// The body as JSON; null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// How a receiver behaves.
#[derive(Debug, Clone, Default)]
pub struct Behaviour {
    /// What deliveries are verified with.
    pub secret: Option<String>,
    /// The share of deliveries that are answered 500, from 0 to 1.
    pub fail_rate: f64,
    /// How long each answer takes.
    pub delay: Duration,
    /// The answers to the first deliveries: a status, and `Retry-After` in seconds.
    pub script: VecDeque<(u16, Option<u64>)>,
}

/// A receiver of webhooks.
#[derive(Debug)]
pub struct WebhookReceiver {
    /// What came.
    pub inbox: Arc<Inbox<Delivery>>,
    behaviour: Arc<Mutex<Behaviour>>,
    service: Service,
}

#[derive(Clone)]
struct Shared {
    inbox: Arc<Inbox<Delivery>>,
    behaviour: Arc<Mutex<Behaviour>>,
}

impl WebhookReceiver {
    /// Starts one; every path takes deliveries.
    pub async fn start(address: SocketAddr, behaviour: Behaviour) -> std::io::Result<Self> {
        let inbox = Inbox::new();
        let behaviour = Arc::new(Mutex::new(behaviour));
        let shared = Shared { inbox: Arc::clone(&inbox), behaviour: Arc::clone(&behaviour) };
        let router = Router::new().fallback(receive).with_state(shared);
        let service = Service::start(address, router).await?;
        Ok(Self { inbox, behaviour, service })
    }

    /// Where to send deliveries.
    pub fn url(&self) -> String {
        self.service.url("/hook")
    }

    /// Changes how it behaves from now on.
    pub fn behave(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.behaviour.lock());
    }
}

async fn receive(
    State(shared): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (secret, delay, (status, retry_after)) = {
        let mut behaviour = shared.behaviour.lock();
        let failing = rand::rng().random::<f64>() < behaviour.fail_rate;
        let usual = if failing { (500, None) } else { (200, None) };
        let answer = behaviour.script.pop_front().unwrap_or(usual);
        (behaviour.secret.clone(), behaviour.delay, answer)
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let signed = Signed {
        id: text("webhook-id"),
        timestamp: text("webhook-timestamp"),
        signature: text("webhook-signature"),
        x_signature: text("x-signature"),
        body: &body,
    };
    let verdict = match secret {
        Some(secret) => verify::verdict(signed, &secret, now_s()),
        None => Verdict::Unchecked,
    };
    let event: Value = serde_json::from_slice(&body).unwrap_or_default();
    let event_type = event.get("event_type").and_then(Value::as_str).unwrap_or_default();
    let delivery = Delivery {
        path: uri.path().to_owned(),
        id: text("webhook-id").to_owned(),
        event_type: event_type.to_owned(),
        attempt: text("x-sereno-attempt").parse().unwrap_or(0),
        headers: headers.clone(),
        body,
        verdict,
        answered: status,
        at: Instant::now(),
    };
    shared.inbox.put(delivery);
    tokio::time::sleep(delay).await;
    let mut response = (status, if status.is_success() { "ok" } else { "no" }).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

fn now_s() -> i64 {
    let elapsed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::any_port;
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[tokio::test]
    async fn a_delivery_is_recorded_and_judged_and_the_script_is_followed() {
        let script = VecDeque::from([(500, None), (429, Some(7))]);
        let behaviour =
            Behaviour { secret: Some(SECRET.to_owned()), script, ..Behaviour::default() };
        let receiver = WebhookReceiver::start(any_port(), behaviour).await.unwrap();
        // The signing side is another's: the reference library of Standard Webhooks.
        let signer = standardwebhooks::Webhook::new(SECRET).unwrap();
        let body = r#"{"event_type":"a.b"}"#;
        let client = reqwest::Client::new();
        let mut answers = Vec::new();
        for attempt in 1..=3 {
            let signature = signer.sign("d1", now_s(), body.as_bytes()).unwrap();
            let digest = verify::digest(SECRET.as_bytes(), body.as_bytes());
            let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            let request = client
                .post(receiver.url())
                .header("webhook-id", "d1")
                .header("webhook-timestamp", now_s().to_string())
                .header("webhook-signature", signature)
                .header("x-signature", format!("sha256={hex}"))
                .header("x-sereno-attempt", attempt.to_string());
            let answer = request.body(body).send().await.unwrap();
            let after = answer.headers().get("retry-after").map(|v| v.to_str().unwrap().to_owned());
            answers.push((answer.status().as_u16(), after));
        }
        assert_eq!(answers, [(500, None), (429, Some("7".to_owned())), (200, None)]);
        let all = receiver.inbox.wait(Duration::from_secs(5), |all| all.len() == 3).await.unwrap();
        assert!(all.iter().all(|delivery| delivery.verdict == Verdict::Valid), "{all:?}");
        let last = all.last().unwrap();
        assert_eq!((last.id.as_str(), last.event_type.as_str(), last.attempt), ("d1", "a.b", 3));
    }

    #[tokio::test]
    async fn without_a_secret_nothing_is_judged_and_with_the_full_rate_all_fail() {
        let behaviour = Behaviour { fail_rate: 1.0, ..Behaviour::default() };
        let receiver = WebhookReceiver::start(any_port(), behaviour).await.unwrap();
        let answer = reqwest::Client::new().post(receiver.url()).body("x").send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 500);
        assert_eq!(receiver.inbox.all()[0].verdict, Verdict::Unchecked);
        receiver.behave(|behaviour| behaviour.secret = Some(SECRET.to_owned()));
        reqwest::Client::new().post(receiver.url()).body("x").send().await.unwrap();
        assert!(matches!(receiver.inbox.all()[1].verdict, Verdict::Invalid(_)));
    }
}
