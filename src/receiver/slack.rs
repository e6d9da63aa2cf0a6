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

/// Block Kit's limits (<https://docs.slack.dev/reference/block-kit/blocks>), as far as the blocks are
/// used here.
fn check(message: &Value) -> Result<(), &'static str> {
    if !chars(message.get("text"), 40_000) {
        return Err("no_text");
    }
    let blocks = message.get("blocks").and_then(Value::as_array).ok_or("invalid_blocks")?;
    if (1..=50).contains(&blocks.len()) && blocks.iter().all(fits) {
        Ok(())
    } else {
        Err("invalid_blocks")
    }
}

fn fits(block: &Value) -> bool {
    match block.get("type").and_then(Value::as_str) {
        Some("header") => chars(block.pointer("/text/text"), 150),
        Some("section") => {
            let (text, fields) = (block.pointer("/text/text"), block.get("fields"));
            (text.is_some() || fields.is_some())
                && text.is_none_or(|_| chars(text, 3_000))
                && fields.is_none_or(|_| texts(fields, 2_000))
        }
        Some("context") => texts(block.get("elements"), 2_000),
        Some("divider") => true,
        Some(_) | None => false,
    }
}

/// One to ten texts, each of one to so many characters.
fn texts(list: Option<&Value>, chars_max: usize) -> bool {
    list.and_then(Value::as_array).is_some_and(|list| {
        (1..=10).contains(&list.len()) && list.iter().all(|item| chars(item.get("text"), chars_max))
    })
}

/// A text of one to so many characters.
fn chars(text: Option<&Value>, chars_max: usize) -> bool {
    let text = text.and_then(Value::as_str).unwrap_or_default();
    (1..=chars_max).contains(&text.chars().count())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn slack_takes_what_fits_block_kit_and_says_what_does_not() {
        let receiver = SlackReceiver::start().await.unwrap();
        let client = reqwest::Client::new();
        let field = json!({"type": "mrkdwn", "text": "*a*"});
        let section = json!({"type": "section", "text": field});
        for (message, status, word) in [
            (json!({"text": "t", "blocks": [section]}), 200, "ok"),
            (json!({"text": "t", "blocks": [{"type": "section", "fields": [field]}]}), 200, "ok"),
            (json!({"text": "t", "blocks": "none"}), 400, "invalid_blocks"),
            (json!({"text": "t", "blocks": vec![section.clone(); 51]}), 400, "invalid_blocks"),
            (json!({"text": "t", "blocks": [{"type": "section"}]}), 400, "invalid_blocks"),
            (
                json!({"text": "t", "blocks": [{"type": "section", "fields": vec![field; 11]}]}),
                400,
                "invalid_blocks",
            ),
            (
                json!({"text": "t", "blocks": [{"type": "header", "text": {"text": "x".repeat(151)}}]}),
                400,
                "invalid_blocks",
            ),
            (json!({"blocks": [section]}), 400, "no_text"),
        ] {
            let sent = client.post(receiver.url()).body(message.to_string()).send().await.unwrap();
            assert_eq!(sent.status().as_u16(), status, "{message}");
            assert_eq!(sent.text().await.unwrap(), word, "{message}");
        }
        assert_eq!(receiver.inbox.all().len(), 2, "what is refused did not arrive");
    }
}
