//! Slack: the event as blocks, posted to an incoming webhook.
//!
//! Slack says what went wrong with a word in the body, and the word counts for more than the
//! status. The URL holds the only credential, so neither it nor a redirect's target is ever in an
//! error.

use http::header;
use serde_json::{Value, json};
use sereno_workflows::retry::Outcome;
use sereno_workflows::time::Timestamp;
use url::Url;

use super::reply::{Reply, snippet};
use super::wording::{Fact, Wording, escape_slack as escape, shorten};
use super::{Channels, Load, dead};
use crate::limits::SLACK_SECTION_CHARS_MAX;

/// Words for a destination that is gone: someone must connect the channel again.
const GONE: [&str; 10] = [
    "no_service",
    "no_service_id",
    "no_active_hooks",
    "no_team",
    "team_disabled",
    "invalid_token",
    "channel_not_found",
    "channel_is_archived",
    "action_prohibited",
    "posting_to_general_channel_denied",
];

impl Channels {
    pub(crate) async fn send_slack(&self, url: &Url, load: &Load, now: Timestamp) -> Outcome {
        if let Err(error) = self.guard.check_url(url) {
            return dead(error);
        }
        let body = message(load).to_string();
        let request = self
            .guarded
            .asking
            .post(url.clone())
            .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
            .body(body);
        match Reply::of(request, load.timeout.unwrap_or(self.config.slack_timeout)).await {
            Ok(reply) => outcome(reply, now),
            Err(outcome) => outcome,
        }
    }
}

fn outcome(mut reply: Reply, now: Timestamp) -> Outcome {
    let code = i32::from(reply.status.as_u16());
    let word = snippet(&String::from_utf8_lossy(&reply.body));
    if !word.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
        // Not one of Slack's words but a page, and pages like to repeat the path they were asked
        // for.
        reply.body.clear();
    }
    if GONE.contains(&word.as_str()) {
        let error = format!("Slack says {word}: connect the channel again and set its new URL");
        return Outcome::Dead { code, error };
    }
    if reply.status.is_success() && word != "ok" {
        // Something else answers there: a page for signing in, a proxy.
        return Outcome::Dead { code, error: format!("not Slack's answer: {}", reply.refused()) };
    }
    if reply.status.is_redirection() {
        return Outcome::Dead { code, error: format!("answered {}, a redirect", reply.status) };
    }
    reply.outcome(now)
}

/// What Slack gets: the tenant's own words in one section, or ours in blocks.
pub(crate) fn message(load: &Load) -> Value {
    let wording = Wording::of(load);
    let Some(words) = &load.words else { return blocks(&wording) };
    let text = section(&words.text);
    json!({"text": text, "blocks": [
        {"type": "section", "text": {"type": "mrkdwn", "text": text}},
        context(&wording),
    ]})
}

/// As much of a text as a section takes, without half an entity at its end.
fn section(text: &str) -> String {
    let mut short = shorten(text, SLACK_SECTION_CHARS_MAX);
    if short.len() < text.len() {
        let tail =
            short.rfind('&').filter(|&at| !short.get(at..).unwrap_or_default().contains(';'));
        if let Some(at) = tail.filter(|at| short.len() - at < 9) {
            short.truncate(at);
            short.push('…');
        }
    }
    short
}

fn context(wording: &Wording) -> Value {
    let origin = escape(&wording.origin());
    json!({"type": "context", "elements": [{"type": "mrkdwn", "text": origin}]})
}

/// The message in Block Kit.
fn blocks(wording: &Wording) -> Value {
    let mut blocks = vec![json!({
        "type": "header",
        "text": {"type": "plain_text", "text": wording.title, "emoji": false},
    })];
    if !wording.facts.is_empty() {
        let field = |fact: &Fact| {
            let text = format!("*{}*\n{}", escape(&fact.label), escape(&fact.value));
            json!({"type": "mrkdwn", "text": text})
        };
        let fields: Vec<Value> = wording.facts.iter().map(field).collect();
        blocks.push(json!({"type": "section", "fields": fields}));
    }
    blocks.push(context(wording));
    json!({"text": escape(&wording.headline()), "blocks": blocks})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a15_the_message_has_a_header_fields_and_its_origin() {
        let wording = Wording {
            title: "New <booking>".into(),
            subject: Some("Ana".into()),
            facts: vec![Fact { label: "Notes".into(), value: "<!channel> a & b".into() }],
            at: "Tuesday 20 January, 20:00".into(),
            event_type: "x.y".into(),
            event_id: "e1".into(),
        };
        assert_eq!(
            blocks(&wording),
            json!({
                "text": "New &lt;booking&gt; · Ana",
                "blocks": [
                    {"type": "header",
                     "text": {"type": "plain_text", "text": "New <booking>", "emoji": false}},
                    {"type": "section", "fields": [
                        {"type": "mrkdwn", "text": "*Notes*\n&lt;!channel&gt; a &amp; b"}]},
                    {"type": "context", "elements": [
                        {"type": "mrkdwn", "text": "x.y · e1 · Tuesday 20 January, 20:00"}]},
                ]
            })
        );
    }

    #[test]
    fn f08_a_text_of_the_tenants_own_fits_a_section_and_ends_with_a_whole_entity() {
        for spaces in 0..6 {
            let text = format!("{}{}", "x".repeat(spaces), "&amp;".repeat(1_000));
            let short = section(&text);
            assert!(short.chars().count() <= SLACK_SECTION_CHARS_MAX);
            assert!(short.ends_with(";…"), "{}", &short[short.len() - 20..]);
        }
        let whole = "<https://example.com|R&amp;D>";
        assert_eq!(section(whole), whole);
    }

    #[test]
    fn a15_the_largest_message_stays_below_slacks_caps() {
        let fact = Fact {
            label: "&".repeat(crate::limits::LABEL_CHARS_MAX),
            value: "&".repeat(crate::limits::FACT_CHARS_MAX),
        };
        let wording = Wording {
            title: "x".repeat(crate::limits::TITLE_CHARS_MAX),
            subject: None,
            facts: vec![fact; crate::limits::FACTS_MAX],
            at: String::new(),
            event_type: "t".repeat(100),
            event_id: "e".repeat(crate::limits::FACT_CHARS_MAX),
        };
        let message = blocks(&wording);
        assert!(message.to_string().chars().count() < 14_000);
        let fields = message.pointer("/blocks/1/fields").and_then(Value::as_array).unwrap();
        assert!(fields.len() <= 10);
        for field in fields {
            assert!(field.pointer("/text").and_then(Value::as_str).unwrap().len() <= 2_000);
        }
    }
}
