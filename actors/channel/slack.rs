//! Slack incoming webhooks: the event as Block Kit blocks, and Slack's words for what went wrong.

use serde_json::{Value, json};
use sereno_workflows::retry::Outcome;
use sereno_workflows::time::{Span, Timestamp};
use url::Url;

use super::reply::{Reply, failed, retry_after};
use super::wording::Wording;
use super::{Channels, Load};

// Block Kit's limits: https://docs.slack.dev/reference/block-kit/blocks
const HEADER_CHARS_MAX: usize = 150;
const FIELDS_MAX: usize = 10;
const FIELD_CHARS_MAX: usize = 2_000;
/// Slack takes one message a second; without a word from it, that is how long to wait.
const PAUSE: Span = Span::seconds(1);

impl Channels {
    pub(super) async fn slack(&self, url: &Url, load: &Load) -> Outcome {
        if let Err(error) = self.guard.check_url(url) {
            return Outcome::Dead { code: -1, error };
        }
        let request = self.outside.post(url.clone());
        let request = request.header("content-type", "application/json");
        let response = match request.body(body(load).to_string()).send().await {
            Ok(response) => response,
            Err(error) => return failed(&error),
        };
        match Reply::read(response).await {
            Ok(reply) => outcome(&reply),
            Err(error) => failed(&error),
        }
    }
}

/// Only 429 and 5xx may pass. Every other refusal is a word in the body, such as `no_service`, that
/// stays true until somebody connects Slack anew.
fn outcome(reply: &Reply) -> Outcome {
    let code = i32::from(reply.status.as_u16());
    match reply.status.as_u16() {
        200 => Outcome::Done { code },
        429 | 500..=599 => {
            let after = retry_after(&reply.headers, Timestamp(0));
            let after = if code == 429 { after.or(Some(PAUSE)) } else { after };
            Outcome::Retry { code, error: reply.quoted(), after }
        }
        _ => Outcome::Dead { code, error: reply.quoted() },
    }
}

fn body(load: &Load) -> Value {
    let wording = Wording::of(load);
    let header: String = wording.title.chars().take(HEADER_CHARS_MAX).collect();
    let fields: Vec<Value> = wording
        .lines
        .iter()
        .take(FIELDS_MAX)
        .map(|(name, value)| {
            let text = format!("*{}*\n{}", escaped(name), escaped(value));
            let text: String = text.chars().take(FIELD_CHARS_MAX).collect();
            json!({"type": "mrkdwn", "text": text})
        })
        .collect();
    let mut blocks = vec![json!({
        "type": "header", "text": {"type": "plain_text", "text": header, "emoji": true},
    })];
    if !fields.is_empty() {
        blocks.push(json!({"type": "section", "fields": fields}));
    }
    let foot = format!("{} · {} · `{}`", load.event_type, wording.at, wording.event_id);
    blocks.push(json!({
        "type": "context", "elements": [{"type": "mrkdwn", "text": escaped(&foot)}],
    }));
    json!({"text": escaped(&wording.plain()), "blocks": blocks})
}

/// The three characters that Slack gives a meaning.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
