//! WhatsApp messages through Meta's Cloud API.
//!
//! The API has no idempotency key. Our delivery's id travels as `biz_opaque_callback_data`, which comes
//! back with each status, so a message whose answer was lost can be recognised.

use serde_json::{Value, json};
use sereno_workflows::line::{WhatsApp, WhatsAppTemplate};
use sereno_workflows::message::Message;
use sereno_workflows::retry::Outcome;
use sereno_workflows::time::{Span, Timestamp};

use super::reply::{Reply, failed};
use super::wording::Wording;
use super::{Channels, Load};

// https://developers.facebook.com/docs/whatsapp/cloud-api/messages
const TEXT_CHARS_MAX: usize = 4_096;
const INTERACTIVE_CHARS_MAX: usize = 1_024;
const TITLE_CHARS_MAX: usize = 20;
const BUTTONS_MAX: usize = 3;
/// Trouble with the line itself, which a person must mend: the message waits for that.
const LINE_PAUSE: Span = Span::minutes(15);

impl Channels {
    pub(super) async fn whatsapp(&self, to: &str, line: Option<&WhatsApp>, load: &Load) -> Outcome {
        let Some(line) = line else {
            let error = "no WhatsApp line: set whatsapp in the tenant's settings";
            return Outcome::Dead { code: -1, error: error.to_owned() };
        };
        let base = self.config.graph_url.as_str().trim_end_matches('/');
        let request = self
            .graph
            .post(format!("{base}/{}/messages", line.phone_number_id))
            .bearer_auth(&line.access_token)
            .header("content-type", "application/json")
            .body(body(to, line, load).to_string());
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return failed(&error),
        };
        match Reply::read(response).await {
            Ok(reply) => outcome(&reply),
            Err(error) => failed(&error),
        }
    }
}

/// What Meta's answer means: by its error code where it has one, since statuses and titles vary.
fn outcome(reply: &Reply) -> Outcome {
    if reply.status.is_success() {
        return Outcome::Done { code: i32::from(reply.status.as_u16()) };
    }
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let Some(code) = body.pointer("/error/code").and_then(Value::as_i64) else {
        return reply.by_status(Timestamp(0));
    };
    let status = i32::from(reply.status.as_u16());
    let text = |path: &str| body.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let error = format!("{code}: {} {}", text("/error/message"), text("/error/error_data/details"));
    let transient = body.pointer("/error/is_transient") == Some(&Value::Bool(true));
    match code {
        // Throughput, service trouble, the pair limit: it passes.
        1 | 2 | 4 | 80_007 | 130_429 | 131_000 | 131_016 | 131_056 | 131_057 | 133_004
        | 135_000 => Outcome::Retry { code: status, error, after: None },
        // Token, permission, payment, policy, quality: the line is stopped until a person acts.
        0 | 10 | 190 | 200 | 368 | 130_497 | 131_005 | 131_031 | 131_042 | 131_048 | 131_049
        | 131_064 => Outcome::Retry { code: status, error, after: Some(LINE_PAUSE) },
        _ if transient || reply.status.is_server_error() => {
            Outcome::Retry { code: status, error, after: None }
        }
        _ => Outcome::Dead { code: status, error },
    }
}

fn body(to: &str, line: &WhatsApp, load: &Load) -> Value {
    let mut body = match (&load.message, &line.reminder_template) {
        (Some(message), Some(template)) if !message.parameters.is_empty() => {
            json!({"type": "template", "template": templated(message, template)})
        }
        (Some(message), _) if !message.buttons.is_empty() => {
            json!({"type": "interactive", "interactive": interactive(message)})
        }
        (Some(message), _) => text(&message.text),
        (None, _) => text(&Wording::of(load).plain()),
    };
    if let Some(map) = body.as_object_mut() {
        map.insert("messaging_product".to_owned(), "whatsapp".into());
        map.insert("recipient_type".to_owned(), "individual".into());
        map.insert("to".to_owned(), to.trim_start_matches('+').into());
        map.insert("biz_opaque_callback_data".to_owned(), load.id.as_str().into());
    }
    body
}

fn text(text: &str) -> Value {
    json!({"type": "text", "text": {"preview_url": false, "body": cut(text, TEXT_CHARS_MAX)}})
}

fn interactive(message: &Message) -> Value {
    let buttons: Vec<Value> = message
        .buttons
        .iter()
        .take(BUTTONS_MAX)
        .map(|button| {
            let title = cut(&button.title, TITLE_CHARS_MAX);
            json!({"type": "reply", "reply": {"id": button.id, "title": title}})
        })
        .collect();
    json!({
        "type": "button",
        "body": {"text": cut(&message.text, INTERACTIVE_CHARS_MAX)},
        "action": {"buttons": buttons},
    })
}

fn templated(message: &Message, template: &WhatsAppTemplate) -> Value {
    let parameters: Vec<Value> = message
        .parameters
        .iter()
        .map(|parameter| json!({"type": "text", "text": parameter}))
        .collect();
    let mut components = vec![json!({"type": "body", "parameters": parameters})];
    for (index, button) in message.buttons.iter().enumerate() {
        components.push(json!({
            "type": "button", "sub_type": "quick_reply", "index": index.to_string(),
            "parameters": [{"type": "payload", "payload": button.id}],
        }));
    }
    json!({
        "name": template.name, "language": {"code": template.language}, "components": components,
    })
}

fn cut(text: &str, chars_max: usize) -> String {
    text.chars().take(chars_max).collect()
}
