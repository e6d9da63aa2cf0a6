//! A look at a WhatsApp line: what Meta says of the number to the token that would write from it.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use sereno_workflows::check::Course;
use sereno_workflows::line::WhatsApp;
use sereno_workflows::retry::Outcome;

use super::Refusal;
use crate::channel::Channels;
use crate::channel::reply::{Reply, snippet};
use crate::limits::CHECK_PROBE_MS;

impl Channels {
    /// Asks Meta for the number; nothing is sent to anybody.
    pub(crate) async fn probe_whatsapp(&self, line: &WhatsApp, way: &mut Course) {
        if line.access_token.is_empty() {
            let advice =
                "set whatsapp.access_token in the tenant's settings: messages cannot go out";
            way.warn("token", "there is none", advice);
            return;
        }
        if line.app_secret.is_empty() || line.verify_token.is_empty() {
            way.warn(
                "inbound",
                "Meta's webhooks are refused",
                "set whatsapp.app_secret and whatsapp.verify_token in the tenant's settings",
            );
        }
        let mut url = self.config.graph_url.clone();
        match url.path_segments_mut() {
            Ok(mut path) => drop(path.pop_if_empty().push(&line.phone_number_id)),
            Err(()) => {
                way.fail("graph", "its URL takes no path", "set SERENO_GRAPH_URL");
                return;
            }
        }
        url.set_query(Some("fields=verified_name,quality_rating"));
        let request = self.trusted.get(url).bearer_auth(&line.access_token);
        match Reply::of(request, Duration::from_millis(CHECK_PROBE_MS)).await {
            Ok(mut reply) => {
                reply.mask(std::slice::from_ref(&line.access_token));
                judge(&reply, way);
            }
            Err(outcome) => way.fail(
                "graph",
                told(outcome),
                "see that this machine reaches the Graph API, and what SERENO_GRAPH_URL says",
            ),
        }
    }
}

fn judge(reply: &Reply, way: &mut Course) {
    let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let text = |field: &str| answer.get(field).and_then(Value::as_str).unwrap_or("not told");
    if reply.status.is_success() && answer.get("error").is_none() && answer.is_object() {
        let (name, quality) = (snippet(text("verified_name")), text("quality_rating"));
        way.pass("graph", format!("the token is taken; the number's name is {name}"));
        match quality {
            "RED" => way.warn(
                "quality",
                "RED",
                "see in WhatsApp Manager why customers block or report the number: Meta limits it",
            ),
            "not told" => {}
            quality => way.pass("quality", snippet(quality)),
        }
        return;
    }
    let refusal = answer.get("error").and_then(|error| Refusal::deserialize(error).ok());
    let Some(Refusal { code, message, .. }) = refusal else {
        let advice = "see what SERENO_GRAPH_URL says: this is not Meta's answer";
        way.fail("graph", reply.refused(), advice);
        return;
    };
    let advice = match code {
        0 | 102 | 190 => {
            "set whatsapp.access_token to a system user's token that is valid; those of the App \
             Dashboard end after a day"
        }
        3 | 10 | 200..=299 => {
            "give the system user whatsapp_business_messaging and access to this account"
        }
        100 | 803 => {
            "set whatsapp.phone_number_id to Meta's id of the number, which is not the number itself"
        }
        368 | 130_497 | 131_031 => "see in WhatsApp Manager why the account is restricted",
        _ => "see Meta's list of error codes, and try again later",
    };
    way.fail("graph", snippet(&format!("Meta says {code}: {message}")), advice);
}

fn told(outcome: Outcome) -> String {
    match outcome {
        Outcome::Done { code } => format!("answered {code}"),
        Outcome::Retry { error, .. }
        | Outcome::Dead { error, .. }
        | Outcome::Gone { error, .. } => error,
    }
}
