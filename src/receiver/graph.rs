//! Stands for Meta: takes messages as the Cloud API does, and sends what customers answer.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::{get, post};
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
    delay: Arc<Mutex<Duration>>,
    service: Service,
}

#[derive(Clone)]
struct Shared {
    inbox: Arc<Inbox<Sent>>,
    refusals: Arc<Mutex<VecDeque<(u16, i64)>>>,
    delay: Arc<Mutex<Duration>>,
    access_token: String,
}

impl GraphReceiver {
    /// Starts one that knows this token.
    pub async fn start(access_token: &str) -> std::io::Result<Self> {
        let inbox = Inbox::new();
        let refusals: Arc<Mutex<VecDeque<(u16, i64)>>> = Arc::default();
        let delay: Arc<Mutex<Duration>> = Arc::default();
        let shared = Shared {
            inbox: Arc::clone(&inbox),
            delay: Arc::clone(&delay),
            refusals: Arc::clone(&refusals),
            access_token: access_token.to_owned(),
        };
        let router = Router::new()
            .route("/{number}", get(tell))
            .route("/{number}/messages", post(take))
            .with_state(shared);
        let service = Service::start(any_port(), router).await?;
        Ok(Self { inbox, refusals, delay, service })
    }

    /// The API's base URL.
    pub fn url(&self) -> String {
        self.service.url("")
    }

    /// Takes so long over each answer from now on; a message is there before.
    pub fn take_time(&self, delay: Duration) {
        *self.delay.lock() = delay;
    }

    /// Refuses the next messages with a status and one of Meta's error codes.
    pub fn refuse(&self, answers: impl IntoIterator<Item = (u16, i64)>) {
        self.refusals.lock().extend(answers);
    }

    /// Refuses nothing any more.
    pub fn relent(&self) {
        self.refusals.lock().clear();
    }
}

/// What Meta says of a number to who may know.
async fn tell(
    State(shared): State<Shared>,
    Path(number): Path<String>,
    headers: HeaderMap,
) -> (StatusCode, Json<Value>) {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if token != Some(&format!("Bearer {}", shared.access_token)) {
        return refusal(StatusCode::UNAUTHORIZED, 190);
    }
    let told = json!({"id": number, "verified_name": "La Trattoria", "quality_rating": "GREEN"});
    (StatusCode::OK, Json(told))
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
    let delay = *shared.delay.lock();
    tokio::time::sleep(delay).await;
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

#[cfg(test)]
mod tests {
    use super::*;

    async fn post(receiver: &GraphReceiver, token: &str, body: &Value) -> (u16, Value) {
        let request = reqwest::Client::new()
            .post(format!("{}/555000111/messages", receiver.url()))
            .bearer_auth(token)
            .body(body.to_string());
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
    }

    #[tokio::test]
    async fn meta_takes_what_is_whole_and_answers_with_a_wamid() {
        let receiver = GraphReceiver::start("token").await.unwrap();
        let buttons = json!([{"type": "reply", "reply": {"id": "confirm:R-1", "title": "1"}}]);
        let whole = json!({
            "messaging_product": "whatsapp", "to": "34600000001", "type": "interactive",
            "interactive": {"type": "button", "body": {"text": "hola"}, "action": {"buttons": buttons}},
            "biz_opaque_callback_data": "d1",
        });
        let without = |name: &str| {
            let mut message = whole.clone();
            message.as_object_mut().unwrap().remove(name);
            message
        };
        for (token, message, status, code) in [
            ("other", whole.clone(), 401, 190),
            ("token", without("messaging_product"), 400, 100),
            ("token", without("to"), 400, 100),
            ("token", without("type"), 400, 100),
        ] {
            let (got, answer) = post(&receiver, token, &message).await;
            assert_eq!((got, answer["error"]["code"].as_i64()), (status, Some(code)), "{message}");
        }
        receiver.refuse([(429, 130_429)]);
        let (status, answer) = post(&receiver, "token", &whole).await;
        assert_eq!((status, answer["error"]["code"].as_i64()), (429, Some(130_429)));
        let (status, answer) = post(&receiver, "token", &whole).await;
        assert_eq!(status, 200);
        assert!(answer["messages"][0]["id"].as_str().unwrap().starts_with("wamid."), "{answer}");
        let sent = receiver.inbox.all();
        assert_eq!(sent.len(), 1, "what is refused did not arrive");
        assert_eq!((sent[0].to.as_str(), sent[0].text.as_str()), ("34600000001", "hola"));
        assert_eq!(sent[0].buttons, ["confirm:R-1"]);
        assert_eq!(sent[0].delivery_id, "d1");
    }

    #[tokio::test]
    async fn a_customers_message_is_escaped_as_metas_and_signed_over_those_bytes() {
        type Got = (HeaderMap, Bytes);
        let inbox: Arc<Inbox<Got>> = Inbox::new();
        let hear = |State(inbox): State<Arc<Inbox<Got>>>, headers: HeaderMap, body: Bytes| async move {
            inbox.put((headers, body));
        };
        let router =
            Router::new().route("/w", axum::routing::post(hear)).with_state(Arc::clone(&inbox));
        let service = Service::start(any_port(), router).await.unwrap();
        let phone = Phone {
            number: "34600000001".to_owned(),
            webhook: service.url("/w"),
            app_secret: "app_secret_demo".to_owned(),
        };
        assert_eq!(phone.say(&reqwest::Client::new(), "¡Ya llegué! 👍").await.unwrap(), 200);
        let (headers, body) = inbox.all().remove(0);
        assert!(body.is_ascii() && body.windows(6).any(|six| six == b"\\u00e9"), "{body:?}");
        let envelope: Value = serde_json::from_slice(&body).unwrap();
        let message = &envelope["entry"][0]["changes"][0]["value"]["messages"][0];
        assert_eq!(message["text"]["body"], "¡Ya llegué! 👍");
        assert_eq!(message["from"], "34600000001");
        let digest = super::super::verify::digest(b"app_secret_demo", &body);
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(headers["x-hub-signature-256"], format!("sha256={hex}"));
    }

    #[test]
    fn metas_own_signature_is_reproduced() {
        let body = escaped(r#"{"id":"evt_1","text":"café"}"#);
        let digest = super::super::verify::digest(b"app_secret_demo", body.as_bytes());
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "61036e503c6c9f23de275560125b412cc7369078ea252304650115a30974b860");
    }
}
