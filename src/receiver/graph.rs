//! Stands for Meta: takes messages as the Cloud API does, and sends what customers answer.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::post;
use axum::{Json, Router};
use hmac::{Hmac, KeyInit as _, Mac as _};
use parking_lot::Mutex;
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Inbox, Service, any_port};

/// A message to a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The customer's number, without `+`.
    pub to: String,
    /// What it says.
    pub text: String,
    /// The ids of its buttons.
    pub buttons: Vec<String>,
    /// `text`, `interactive` or `template`.
    pub kind: String,
    /// `biz_opaque_callback_data`: the delivery's id.
    pub delivery_id: String,
}

/// A receiver of WhatsApp messages.
#[derive(Debug)]
pub struct GraphReceiver {
    /// What came.
    pub inbox: Arc<Inbox<Sent>>,
    refusals: Arc<Mutex<VecDeque<(u16, i64)>>>,
    service: Service,
}

#[derive(Clone)]
struct Shared {
    inbox: Arc<Inbox<Sent>>,
    refusals: Arc<Mutex<VecDeque<(u16, i64)>>>,
    access_token: String,
}

impl GraphReceiver {
    /// Starts one that knows this token.
    pub async fn start(access_token: &str) -> std::io::Result<Self> {
        let inbox = Inbox::new();
        let refusals: Arc<Mutex<VecDeque<(u16, i64)>>> = Arc::default();
        let shared = Shared {
            inbox: Arc::clone(&inbox),
            refusals: Arc::clone(&refusals),
            access_token: access_token.to_owned(),
        };
        let router = Router::new().route("/{number}/messages", post(take)).with_state(shared);
        let service = Service::start(any_port(), router).await?;
        Ok(Self { inbox, refusals, service })
    }

    /// The API's base URL.
    pub fn url(&self) -> String {
        self.service.url("")
    }

    /// Refuses the next messages with a status and one of Meta's error codes.
    pub fn refuse(&self, answers: impl IntoIterator<Item = (u16, i64)>) {
        self.refusals.lock().extend(answers);
    }
}

async fn take(
    State(shared): State<Shared>,
    Path(_number): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, Json<Value>) {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if token != Some(&format!("Bearer {}", shared.access_token)) {
        return refusal(StatusCode::UNAUTHORIZED, 190);
    }
    if let Some((status, code)) = shared.refusals.lock().pop_front() {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        return refusal(status, code);
    }
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    let Some(sent) = understood(&message) else {
        return refusal(StatusCode::BAD_REQUEST, 100);
    };
    let answer = json!({
        "messaging_product": "whatsapp",
        "contacts": [{"input": sent.to, "wa_id": sent.to}],
        "messages": [{"id": format!("wamid.{}", sent.delivery_id), "message_status": "accepted"}],
    });
    shared.inbox.put(sent);
    (StatusCode::OK, Json(answer))
}

fn refusal(status: StatusCode, code: i64) -> (StatusCode, Json<Value>) {
    let error =
        json!({"message": format!("(#{code}) refused"), "type": "OAuthException", "code": code});
    (status, Json(json!({"error": error})))
}

fn understood(message: &Value) -> Option<Sent> {
    let text = |path: &str| Some(message.pointer(path)?.as_str()?.to_owned());
    if text("/messaging_product")? != "whatsapp" {
        return None;
    }
    let kind = text("/type")?;
    let said = match kind.as_str() {
        "text" => text("/text/body")?,
        "interactive" => text("/interactive/body/text")?,
        "template" => text("/template/name")?,
        _ => return None,
    };
    let buttons = message.pointer("/interactive/action/buttons").and_then(Value::as_array);
    let buttons: Vec<String> = buttons
        .into_iter()
        .flatten()
        .filter_map(|button| Some(button.pointer("/reply/id")?.as_str()?.to_owned()))
        .collect();
    let to = text("/to")?;
    let digits = !to.is_empty() && to.bytes().all(|byte| byte.is_ascii_digit());
    let delivery_id = text("/biz_opaque_callback_data").unwrap_or_default();
    digits.then_some(Sent { to, text: said, buttons, kind, delivery_id })
}

/// A customer's phone: what is written on it reaches the server as Meta would bring it.
#[derive(Debug, Clone)]
pub struct Phone {
    /// Its number, without `+`.
    pub number: String,
    /// The server's webhook for the tenant.
    pub webhook: String,
    /// What Meta signs with.
    pub app_secret: String,
}

static MESSAGES: AtomicU64 = AtomicU64::new(0);

impl Phone {
    /// Writes a text; answers with the status of the webhook.
    pub async fn say(&self, client: &reqwest::Client, text: &str) -> reqwest::Result<u16> {
        self.send(client, &self.message(json!({"type": "text", "text": {"body": text}}))).await
    }

    /// Presses a button.
    pub async fn press(&self, client: &reqwest::Client, button: &str) -> reqwest::Result<u16> {
        let reply = json!({"id": button, "title": "button"});
        let interactive = json!({"type": "button_reply", "button_reply": reply});
        let kind = json!({"type": "interactive", "interactive": interactive});
        self.send(client, &self.message(kind)).await
    }

    /// A message in Meta's envelope, with an id of its own.
    pub fn message(&self, mut kind: Value) -> Value {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let number = MESSAGES.fetch_add(1, Ordering::Relaxed);
        if let Some(map) = kind.as_object_mut() {
            map.insert("from".into(), self.number.as_str().into());
            map.insert("id".into(), format!("wamid.{}.{number}", now.as_nanos()).into());
            map.insert("timestamp".into(), now.as_secs().to_string().into());
        }
        let value = json!({
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "34910000001", "phone_number_id": "555000111"},
            "contacts": [{"profile": {"name": "Customer"}, "wa_id": self.number}],
            "messages": [kind],
        });
        json!({
            "object": "whatsapp_business_account",
            "entry": [{"id": "100200300400", "changes": [{"field": "messages", "value": value}]}],
        })
    }

    /// Sends an envelope, signed as Meta signs: non-ASCII escaped, then HMAC over those bytes.
    pub async fn send(&self, client: &reqwest::Client, envelope: &Value) -> reqwest::Result<u16> {
        let body = escaped(&envelope.to_string());
        let mac = Hmac::<Sha256>::new_from_slice(self.app_secret.as_bytes())
            .expect("HMAC takes keys of any length");
        let digest = mac.chain_update(body.as_bytes()).finalize().into_bytes();
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let request = client
            .post(&self.webhook)
            .header("content-type", "application/json")
            .header("x-hub-signature-256", format!("sha256={hex}"))
            .body(body);
        Ok(request.send().await?.status().as_u16())
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => out.push(char::from(byte)),
            Ok(_) | Err(_) => out.push_str(&format!("\\u{unit:04x}")),
        }
    }
    out
}
