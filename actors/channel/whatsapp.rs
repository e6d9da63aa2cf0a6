//! WhatsApp: a message to a customer through Meta's Graph API.
//!
//! What became of it is told by the error's `code`; Meta advises against reading anything into its
//! HTTP statuses or texts. 200 only means accepted: what fails later comes back as a status with
//! our delivery id, which travels along as `biz_opaque_callback_data`. The API knows no idempotency
//! key, so a message whose answer was lost may come twice.

mod probe;

use std::time::Instant;

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use sereno_workflows::line::{WhatsApp, WhatsAppTemplate};
use sereno_workflows::message::{Button, Message};
use sereno_workflows::retry::Outcome;
use sereno_workflows::time::{Span, Timestamp};
use sereno_workflows::window::{Form, Purpose, Window};
use tokio::time::timeout;
use url::Url;

use super::reply::{Reply, snippet};
use super::wording::{Wording, line, shorten};
use super::{Answer, Channels, Load, Receipt, dead};
use crate::limits::{
    ACCOUNT_PAUSE_MINUTES, PROVIDER_ID_BYTES_MAX, WHATSAPP_BUTTON_CHARS_MAX, WHATSAPP_BUTTONS_MAX,
    WHATSAPP_INTERACTIVE_CHARS_MAX, WHATSAPP_PARAMETER_CHARS_MAX, WHATSAPP_TEXT_CHARS_MAX,
};

/// Meta's code for a message in our own words more than 24 hours after the customer's last.
pub(crate) const OUTSIDE_WINDOW: i32 = 131_047;

/// Why such a message is not taken.
const TOO_LATE: &str = "the customer last wrote more than 24 hours ago, and WhatsApp then takes \
                        approved templates alone";

/// Whether a message was not taken because its customer's 24 hours were over.
pub(crate) fn is_outside_window(code: i32, error: &str) -> bool {
    code == OUTSIDE_WINDOW || error.starts_with(TOO_LATE)
}

/// Meta's code for too many messages to one customer.
pub(crate) const TOO_MANY_TO_ONE: i32 = 131_056;

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
        window: Window,
        load: &Load,
        now: Timestamp,
    ) -> Answer {
        let Some(line) = line.filter(|line| !line.access_token.is_empty()) else {
            let problem = "no WhatsApp line is configured: set whatsapp.phone_number_id and \
                           whatsapp.access_token in the tenant's settings";
            return dead(problem).into();
        };
        let purpose = purpose(load);
        let chosen = load.message.as_ref().and_then(|message| message.template.as_deref());
        // What goes as a person's own choice does not go as another one.
        let template = line.templates.get(purpose).filter(|_| chosen.is_none());
        let form = chosen.map_or_else(|| line.form(purpose, window), Form::Template);
        if form == Form::None {
            return dead(format!("{TOO_LATE}: {}", advice(purpose))).into();
        }
        let began = Instant::now();
        let carried = self.post_whatsapp(line, &content(to, form, load), load, now).await;
        let too_late = matches!(
            &carried.outcome,
            Outcome::Retry { code: OUTSIDE_WINDOW, .. }
                | Outcome::Dead { code: OUTSIDE_WINDOW, .. }
        );
        let mut carried = match template.filter(|_| too_late && form == Form::Free) {
            // Meta knows better, and has taken nothing: what is left of the deadline is for the template.
            Some(template) => {
                let limit = load.timeout.unwrap_or(self.config.whatsapp_timeout);
                let left = limit.saturating_sub(began.elapsed());
                let content = content(to, Form::Template(template), load);
                let again = self.post_whatsapp(line, &content, load, now);
                timeout(left, again).await.unwrap_or(carried)
            }
            None => carried,
        };
        if let Outcome::Dead { code: OUTSIDE_WINDOW, error } = &mut carried.outcome {
            *error = snippet(&format!("{TOO_LATE}: {}. {error}", advice(purpose)));
        }
        if let Some(receipt) = &mut carried.receipt {
            receipt.has_template = template.is_some() && form == Form::Free;
        }
        carried
    }

    async fn post_whatsapp(
        &self,
        line: &WhatsApp,
        content: &Value,
        load: &Load,
        now: Timestamp,
    ) -> Answer {
        let Some(url) = messages_url(&self.config.graph_url, &line.phone_number_id) else {
            return dead("the Graph API's URL cannot be used: set SERENO_GRAPH_URL").into();
        };
        let request = self
            .trusted
            .post(url)
            .bearer_auth(&line.access_token)
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(content.to_string());
        let limit = load.timeout.unwrap_or(self.config.whatsapp_timeout);
        let (outcome, receipt) = match Reply::of(request, limit).await {
            Ok(mut reply) => {
                // Meta repeats a token that it cannot read.
                reply.mask(std::slice::from_ref(&line.access_token));
                (outcome(&reply, load.attempt, now), receipt(&reply))
            }
            Err(outcome) => (outcome, None),
        };
        Answer { receipt, ..outcome.into() }
    }
}

/// What a message is about.
fn purpose(load: &Load) -> Purpose {
    match &load.message {
        Some(_) => Purpose::of_message(&load.event_type),
        None => Purpose::Notice,
    }
}

/// What to do about a message that only a template would carry.
pub(crate) fn advice(purpose: Purpose) -> String {
    let name = purpose.as_str();
    format!("set an approved template as whatsapp.templates.{name} in the tenant's settings")
}

/// Meta's id of a message that it took.
fn receipt(reply: &Reply) -> Option<Receipt> {
    if !reply.status.is_success() {
        return None;
    }
    let answer: Value = serde_json::from_slice(&reply.body).ok()?;
    let message_id = answer.pointer("/messages/0/id")?.as_str()?.to_owned();
    let fits = (1..=PROVIDER_ID_BYTES_MAX).contains(&message_id.len());
    fits.then_some(Receipt { message_id, has_template: false })
}

fn messages_url(base: &Url, phone_number_id: &str) -> Option<Url> {
    let mut url = base.clone();
    url.path_segments_mut().ok()?.pop_if_empty().push(phone_number_id).push("messages");
    Some(url)
}

/// The message as Meta wants it.
fn content(to: &str, form: Form<'_>, load: &Load) -> Value {
    let own = load.message.as_ref().map(|message| spoken(message, load));
    let (kind, payload) = match (form, &own) {
        (Form::Template(template), _) => ("template", from_template(load, template)),
        (Form::Free | Form::None, Some(message)) if !message.buttons.is_empty() => {
            ("interactive", with_buttons(message))
        }
        (Form::Free | Form::None, Some(message)) => ("text", text(&message.text)),
        (Form::Free | Form::None, None) => ("text", text(&plain(load))),
    };
    json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": to.chars().filter(char::is_ascii_digit).collect::<String>(),
        "type": kind,
        kind: payload,
        "biz_opaque_callback_data": load.id,
    })
}

/// A message to a customer, in the tenant's own words where it has some.
fn spoken(message: &Message, load: &Load) -> Message {
    let words = load.words.as_ref().map(|words| words.text.clone());
    Message { text: words.unwrap_or_else(|| message.text.clone()), ..message.clone() }
}

/// What a text says, the buttons under it left out.
pub(crate) fn plain(load: &Load) -> String {
    match (&load.words, &load.message) {
        (Some(words), _) => words.text.clone(),
        (None, Some(message)) => message.text.clone(),
        (None, None) => Wording::of(load).plain(),
    }
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

fn from_template(load: &Load, template: &WhatsAppTemplate) -> Value {
    // Meta refuses parameters with line breaks or many spaces in a row.
    let parameter =
        |text: &String| json!({"type": "text", "text": line(text, WHATSAPP_PARAMETER_CHARS_MAX)});
    let mut components = Vec::new();
    let parameters: Vec<Value> = parameters(load).iter().map(parameter).collect();
    if !parameters.is_empty() {
        components.push(json!({"type": "body", "parameters": parameters}));
    }
    let buttons = load.message.iter().flat_map(|message| &message.buttons);
    for (index, button) in buttons.take(WHATSAPP_BUTTONS_MAX).enumerate() {
        components.push(json!({
            "type": "button",
            "sub_type": "quick_reply",
            "index": index.to_string(),
            "parameters": [{"type": "payload", "payload": button.id}],
        }));
    }
    let mut template = json!({
        "name": template.name,
        "language": {"code": template.language},
    });
    if let Some(map) = template.as_object_mut().filter(|_| !components.is_empty()) {
        map.insert("components".to_owned(), components.into());
    }
    template
}

/// What fills a template's body.
fn parameters(load: &Load) -> Vec<String> {
    match (purpose(load), &load.message) {
        (_, Some(message)) if message.template.is_some() => message.parameters.clone(),
        (Purpose::Reminder | Purpose::Offer | Purpose::Stock, Some(message)) => {
            message.parameters.clone()
        }
        (Purpose::Thanks | Purpose::Cancelled, _) => Vec::new(),
        (Purpose::Notice, Some(message)) => vec![message.text.clone()],
        (Purpose::Notice | Purpose::Reminder | Purpose::Offer | Purpose::Stock, None) => {
            vec![Wording::of(load).headline()]
        }
    }
}

fn outcome(reply: &Reply, attempt: u32, now: Timestamp) -> Outcome {
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
        | 3
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
        // Meta asks for 4^x seconds after the x-th refusal.
        TOO_MANY_TO_ONE => {
            let pause = Span::seconds(4_u64.saturating_pow(attempt.saturating_sub(1)));
            Outcome::Retry { code, error, after: Some(pause.min(Span::hours(1))) }
        }
        // An error that Meta does not know itself is worth one more attempt.
        135_000 if attempt > 1 => Outcome::Dead { code, error },
        // Rates, and faults on Meta's side.
        1 | 2 | 4 | 80_007 | 130_429 | 131_000 | 131_016 | 131_057 | 133_004 | 135_000 => {
            Outcome::Retry { code, error, after: None }
        }
        // Who gets the messages has stopped or blocked them.
        130_403 | 131_050 => Outcome::Gone { code, error },
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

#[cfg(test)]
mod tests;
