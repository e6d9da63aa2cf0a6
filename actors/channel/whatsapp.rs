//! WhatsApp: a message to a customer through Meta's Graph API.
//!
//! What became of it is told by the error's `code`; Meta advises against reading anything into its
//! HTTP statuses or texts. 200 only means accepted: what fails later comes back as a status with
//! our delivery id, which travels along as `biz_opaque_callback_data`. The API knows no idempotency
//! key, so a message whose answer was lost may come twice.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use sereno_workflows::line::{WhatsApp, WhatsAppTemplate};
use sereno_workflows::message::{Button, Message};
use sereno_workflows::retry::Outcome;
use sereno_workflows::time::{Span, Timestamp};
use url::Url;

use super::reply::{Reply, snippet};
use super::wording::{Wording, line, shorten};
use super::{Channels, Load, dead};
use crate::limits::{
    ACCOUNT_PAUSE_MINUTES, WHATSAPP_BUTTON_CHARS_MAX, WHATSAPP_BUTTONS_MAX,
    WHATSAPP_INTERACTIVE_CHARS_MAX, WHATSAPP_PARAMETER_CHARS_MAX, WHATSAPP_TEXT_CHARS_MAX,
};

/// What Meta says of a message that it did not take.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Refusal {
    code: i32,
    message: String,
    is_transient: bool,
    error_data: Details,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Details {
    details: String,
}

impl Channels {
    pub(crate) async fn send_whatsapp(
        &self,
        to: &str,
        line: Option<&WhatsApp>,
        load: &Load,
        now: Timestamp,
    ) -> Outcome {
        let Some(line) = line.filter(|line| !line.access_token.is_empty()) else {
            return dead(
                "no WhatsApp line is configured: set whatsapp.phone_number_id and \
                 whatsapp.access_token in the tenant's settings",
            );
        };
        let Some(url) = messages_url(&self.config.graph_url, &line.phone_number_id) else {
            return dead("the Graph API's URL cannot be used: set SERENO_GRAPH_URL");
        };
        let body = content(to, line.reminder_template.as_ref(), load).to_string();
        let request = self
            .trusted
            .post(url)
            .bearer_auth(&line.access_token)
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(body);
        let outcome =
            match Reply::of(request, load.timeout.unwrap_or(self.config.whatsapp_timeout)).await {
                Ok(reply) => outcome(&reply, now),
                Err(outcome) => outcome,
            };
        // Meta repeats a token that it cannot read.
        without(outcome, &line.access_token)
    }
}

fn messages_url(base: &Url, phone_number_id: &str) -> Option<Url> {
    let mut url = base.clone();
    url.path_segments_mut().ok()?.pop_if_empty().push(phone_number_id).push("messages");
    Some(url)
}

/// The message as Meta wants it.
fn content(to: &str, template: Option<&WhatsAppTemplate>, load: &Load) -> Value {
    let (kind, payload) = match (&load.message, template) {
        (Some(message), Some(template)) if !message.parameters.is_empty() => {
            ("template", from_template(message, template))
        }
        (Some(message), _) if !message.buttons.is_empty() => ("interactive", with_buttons(message)),
        (Some(message), _) => ("text", text(&message.text)),
        (None, _) => ("text", text(&Wording::of(load).plain())),
    };
    json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": to.trim_start_matches('+'),
        "type": kind,
        kind: payload,
        "biz_opaque_callback_data": load.id,
    })
}

fn text(text: &str) -> Value {
    json!({"preview_url": false, "body": shorten(text, WHATSAPP_TEXT_CHARS_MAX)})
}

fn with_buttons(message: &Message) -> Value {
    let reply = |button: &Button| {
        let title = line(&button.title, WHATSAPP_BUTTON_CHARS_MAX);
        json!({"type": "reply", "reply": {"id": button.id, "title": title}})
    };
    let buttons: Vec<Value> =
        message.buttons.iter().take(WHATSAPP_BUTTONS_MAX).map(reply).collect();
    json!({
        "type": "button",
        "body": {"text": shorten(&message.text, WHATSAPP_INTERACTIVE_CHARS_MAX)},
        "action": {"buttons": buttons},
    })
}

fn from_template(message: &Message, template: &WhatsAppTemplate) -> Value {
    // Meta refuses parameters with line breaks or many spaces in a row.
    let parameter =
        |text: &String| json!({"type": "text", "text": line(text, WHATSAPP_PARAMETER_CHARS_MAX)});
    let parameters: Vec<Value> = message.parameters.iter().map(parameter).collect();
    let mut components = vec![json!({"type": "body", "parameters": parameters})];
    for (index, button) in message.buttons.iter().take(WHATSAPP_BUTTONS_MAX).enumerate() {
        components.push(json!({
            "type": "button",
            "sub_type": "quick_reply",
            "index": index.to_string(),
            "parameters": [{"type": "payload", "payload": button.id}],
        }));
    }
    json!({
        "name": template.name,
        "language": {"code": template.language},
        "components": components,
    })
}

fn outcome(reply: &Reply, now: Timestamp) -> Outcome {
    let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let Some(error) = answer.get("error") else {
        if matches!(reply.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            let code = i32::from(reply.status.as_u16());
            return Outcome::Retry { code, error: reply.refused(), after: Some(pause()) };
        }
        return reply.outcome(now);
    };
    let refusal = Refusal::deserialize(error).unwrap_or_default();
    let code = refusal.code;
    let said = [refusal.message.as_str(), refusal.error_data.details.as_str()]
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect::<Vec<_>>()
        .join(": ");
    let error = snippet(&format!("Meta says {code}: {said}"));
    let broken = reply.status.is_server_error() || reply.status == StatusCode::TOO_MANY_REQUESTS;
    match code {
        // Meta holds back what this customer would get today.
        131_049 => Outcome::Retry { code, error, after: Some(Span::hours(24)) },
        // Token, permission, policy, payment, quality: the whole line waits until someone acts.
        0
        | 10
        | 190
        | 200..=299
        | 368
        | 130_497
        | 131_005
        | 131_031
        | 131_042
        | 131_048
        | 131_064 => Outcome::Retry { code, error, after: Some(pause()) },
        // Rates, and faults on Meta's side.
        1 | 2 | 4 | 80_007 | 130_429 | 131_000 | 131_016 | 131_056 | 131_057 | 133_004
        | 135_000 => Outcome::Retry { code, error, after: None },
        _ if refusal.is_transient || broken => {
            Outcome::Retry { code, error, after: reply.retry_after(now) }
        }
        // The customer, the window, the template or the message itself: it will not change.
        _ => Outcome::Dead { code, error },
    }
}

fn pause() -> Span {
    Span::minutes(ACCOUNT_PAUSE_MINUTES)
}

fn without(mut outcome: Outcome, secret: &str) -> Outcome {
    match &mut outcome {
        Outcome::Done { .. } => {}
        Outcome::Retry { error, .. }
        | Outcome::Dead { error, .. }
        | Outcome::Gone { error, .. } => {
            *error = error.replace(secret, "[token]");
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use sereno_workflows::locale::Locale;
    use sereno_workflows::message;

    fn load(message: Option<Message>) -> Load {
        let body = json!({"data": {"name": "Ana"}, "event_id": "e1", "timestamp": "x"});
        Load {
            id: "d1".into(),
            attempt: 1,
            event_type: "sla.breached".into(),
            body: body.to_string().into_bytes(),
            message,
            locale: Locale::En,
            zone: jiff::tz::TimeZone::UTC,
            timeout: None,
        }
    }

    fn reminder() -> Message {
        let visit = message::Visit {
            id: "R1",
            at: jiff::civil::date(2026, 1, 20).at(20, 0, 0, 0),
            name: Some("Ana\nMaría"),
            restaurant: None,
            party_size: Some(4),
        };
        message::reminder(visit, Locale::Es)
    }

    #[test]
    fn a05_a_reminder_has_buttons_that_say_which_booking() {
        let content = content("+34600000001", None, &load(Some(reminder())));
        assert_eq!(content["to"], "34600000001");
        assert_eq!(content["biz_opaque_callback_data"], "d1");
        assert_eq!(content["type"], "interactive");
        let buttons = &content["interactive"]["action"]["buttons"];
        assert_eq!(
            buttons[0],
            json!({"type": "reply", "reply": {"id": "confirm:R1", "title": "1 · Confirmar"}})
        );
        assert_eq!(buttons.as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn a05_a_template_takes_the_parameters_and_the_payloads() {
        let template = WhatsAppTemplate { name: "reminder_v2".into(), language: "es_ES".into() };
        let content = content("34600000001", Some(&template), &load(Some(reminder())));
        assert_eq!(
            content["template"],
            json!({
                "name": "reminder_v2",
                "language": {"code": "es_ES"},
                "components": [
                    {"type": "body", "parameters": [
                        {"type": "text", "text": "Ana María"},
                        {"type": "text", "text": "martes 20 de enero, 20:00"},
                        {"type": "text", "text": "4"}]},
                    {"type": "button", "sub_type": "quick_reply", "index": "0",
                     "parameters": [{"type": "payload", "payload": "confirm:R1"}]},
                    {"type": "button", "sub_type": "quick_reply", "index": "1",
                     "parameters": [{"type": "payload", "payload": "cancel:R1"}]},
                ],
            })
        );
        let plain = Message { parameters: Vec::new(), ..reminder() };
        assert_eq!(super::content("1", Some(&template), &load(Some(plain)))["type"], "interactive");
    }

    #[test]
    fn a_message_without_buttons_and_an_event_are_texts() {
        let thanks = content("1", None, &load(Some(message::confirmed(Locale::En))));
        assert_eq!(thanks["text"]["body"], "✅ Confirmed. See you soon!");
        let event = content("1", None, &load(None));
        let body = event["text"]["body"].as_str().unwrap();
        assert!(body.starts_with("A customer has waited too long\n\nName: Ana"), "{body}");
    }

    #[test]
    fn texts_and_buttons_keep_to_metas_limits() {
        let button = |id: &str| Button { id: id.into(), title: "x".repeat(30) };
        let long = Message {
            text: "é".repeat(5_000),
            buttons: ["a", "b", "c", "d"].map(button).into(),
            parameters: Vec::new(),
        };
        let interactive = content("1", None, &load(Some(long.clone())));
        let chars = |value: &Value| value.as_str().unwrap().chars().count();
        assert_eq!(chars(&interactive["interactive"]["body"]["text"]), 1_024);
        let buttons = interactive["interactive"]["action"]["buttons"].as_array().unwrap();
        assert_eq!(buttons.len(), 3);
        assert_eq!(chars(&buttons[0]["reply"]["title"]), 20);
        let text = content("1", None, &load(Some(Message { buttons: Vec::new(), ..long })));
        assert_eq!(chars(&text["text"]["body"]), 4_096);
    }

    #[test]
    fn the_base_keeps_its_path_with_or_without_a_slash() {
        for base in ["https://graph.facebook.com/v23.0", "https://graph.facebook.com/v23.0/"] {
            let url = messages_url(&Url::parse(base).unwrap(), "1").unwrap();
            assert_eq!(url.as_str(), "https://graph.facebook.com/v23.0/1/messages");
        }
    }
}
