//! Stands for Slack's incoming webhooks: takes what Slack would take, refuses what it would refuse.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use serde_json::Value;

use super::{Inbox, Service, any_port};

/// A receiver of Slack messages.
#[derive(Debug)]
pub struct SlackReceiver {
    /// What came.
    pub inbox: Arc<Inbox<Value>>,
    service: Service,
}

impl SlackReceiver {
    /// Starts one.
    pub async fn start() -> std::io::Result<Self> {
        let inbox = Inbox::new();
        let router =
            Router::new().route("/services/{*rest}", post(take)).with_state(Arc::clone(&inbox));
        let service = Service::start(any_port(), router).await?;
        Ok(Self { inbox, service })
    }

    /// The incoming webhook's URL.
    pub fn url(&self) -> String {
        self.service.url("/services/T000/B000/XXXXXXXX")
    }
}

async fn take(
    State(inbox): State<Arc<Inbox<Value>>>,
    body: Bytes,
) -> Result<&'static str, (StatusCode, &'static str)> {
    let Ok(message) = serde_json::from_slice::<Value>(&body) else {
        return Err((StatusCode::BAD_REQUEST, "invalid_payload"));
    };
    check(&message).map_err(|word| (StatusCode::BAD_REQUEST, word))?;
    inbox.put(message);
    Ok("ok")
}

/// Block Kit's limits, as far as the blocks are used here.
fn check(message: &Value) -> Result<(), &'static str> {
    let text = message.get("text").and_then(Value::as_str).unwrap_or_default();
    if text.is_empty() {
        return Err("no_text");
    }
    let blocks = message.get("blocks").and_then(Value::as_array).ok_or("invalid_blocks")?;
    let fits = |block: &Value| {
        let text = |path: &str| block.pointer(path).and_then(Value::as_str).unwrap_or_default();
        match block.get("type").and_then(Value::as_str) {
            Some("header") => (1..=150).contains(&text("/text/text").chars().count()),
            Some("section") => {
                let fields = block.get("fields").and_then(Value::as_array);
                fields.is_some_and(|fields| {
                    let short = |field: &Value| {
                        let text = field.get("text").and_then(Value::as_str).unwrap_or_default();
                        (1..=2_000).contains(&text.chars().count())
                    };
                    (1..=10).contains(&fields.len()) && fields.iter().all(short)
                })
            }
            Some("context") => {
                let elements = block.get("elements").and_then(Value::as_array);
                elements.is_some_and(|elements| (1..=10).contains(&elements.len()))
            }
            Some(_) | None => false,
        }
    };
    if (1..=50).contains(&blocks.len()) && blocks.iter().all(fits) {
        Ok(())
    } else {
        Err("invalid_blocks")
    }
}
