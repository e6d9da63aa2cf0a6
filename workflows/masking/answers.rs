//! What receivers answered: of which only the beginning was kept, or which stands behind its status.

use serde_json::Value;

use super::HIDDEN;
use crate::why::TOKEN_ENDPOINT;

/// JSON that breaks off, as far as it is whole: up to the last comma between two values.
pub(super) fn mended(text: &str) -> Option<Value> {
    let (mut open, mut is_text, mut is_escaped) = (Vec::new(), false, false);
    let mut whole = None;
    for (at, letter) in text.char_indices() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' if is_text => is_escaped = true,
            '"' => is_text = !is_text,
            _ if is_text => {}
            '{' => open.push('}'),
            '[' => open.push(']'),
            '}' | ']' => {
                open.pop();
            }
            ',' => whole = Some((at, open.clone())),
            _ => {}
        }
        if open.len() > DEPTH_MAX {
            return None;
        }
    }
    let (at, open) = whole?;
    let closed: String = open.into_iter().rev().collect();
    serde_json::from_str(&format!("{}{closed}", text.get(..at)?)).ok()
}

/// What went wrong without what the receiver said of it: `answered 503 Service Unavailable: •••`, and
/// `mail server: permanent error (550): 5.1.1 •••`. The words of providers stay, which are nobody's.
pub(super) fn without_answer(text: String) -> String {
    let mut is_redirect = false;
    let said = text.split_once(ANSWERED).and_then(|(_, answer)| {
        let (status, said) = answer.split_once(": ")?;
        let is_status = status.len() >= 3 && status.bytes().take(3).all(|b| b.is_ascii_digit());
        is_redirect = status.starts_with('3');
        is_status.then_some(said)
    });
    let said = said.or_else(|| {
        let (_, refusal) = text.split_once(MAIL_SERVER)?;
        let (code, said) = refusal.split_once("): ")?;
        let is_code = code.bytes().rev().take(3).filter(u8::is_ascii_digit).count() == 3;
        is_code.then(|| said.trim_start_matches(is_of_code))
    });
    let is_ours = |said: &str| OURS.iter().any(|ours| said.starts_with(ours));
    let hidden = said.filter(|said| !(is_redirect && is_ours(said)));
    match hidden.filter(|said| !said.is_empty() && !is_code(said)) {
        Some(said) => {
            let before = text.strip_suffix(said).unwrap_or_default();
            format!("{before}{HIDDEN}")
        }
        None => text,
    }
}

/// Whether a text is a word that a chat's machine is known to say.
pub(super) fn is_code(text: &str) -> bool {
    CODES.contains(&text)
}

/// Whether a text is what we say went wrong, in which an answer is known as one.
pub(super) fn is_told(text: &str) -> bool {
    TOLD.iter().any(|opening| text.starts_with(opening))
}

/// A letter of an enhanced code such as `5.1.1`, or what stands behind it (RFC 3463).
fn is_of_code(letter: char) -> bool {
    letter.is_ascii_digit() || ['.', ' '].contains(&letter)
}

/// How we begin to tell of an answer, ...
const ANSWERED: &str = "answered ";
const MAIL_SERVER: &str = "mail server: ";
/// ... what we say of one ourselves, ...
const OURS: [&str; 2] = ["redirects to ", "a redirect, which "];
/// ... and how the sentences begin in which we tell what went wrong.
const TOLD: [&str; 9] = [
    ANSWERED,
    MAIL_SERVER,
    "no answer within ",
    "no connection: ",
    "the connection broke: ",
    TOKEN_ENDPOINT,
    "not Slack's answer: ",
    "Slack says ",
    "Meta says ",
];

/// What Slack and Meta's and OAuth's machines say (RFC 6749, 5.2); what anybody else says may be a name.
const CODES: [&str; 36] = [
    "ok",
    "access_denied",
    "account_inactive",
    "action_prohibited",
    "channel_is_archived",
    "channel_not_found",
    "fatal_error",
    "internal_error",
    "invalid_arguments",
    "invalid_attachments",
    "invalid_auth",
    "invalid_blocks",
    "invalid_client",
    "invalid_grant",
    "invalid_payload",
    "invalid_request",
    "invalid_scope",
    "invalid_token",
    "is_archived",
    "message_limit_exceeded",
    "missing_scope",
    "msg_too_long",
    "no_active_hooks",
    "no_permission",
    "no_service",
    "no_service_id",
    "no_team",
    "no_text",
    "not_allowed_token_type",
    "not_authed",
    "not_in_channel",
    "rate_limited",
    "ratelimited",
    "team_disabled",
    "token_expired",
    "token_revoked",
];

/// Beyond this it is not read as JSON either.
const DEPTH_MAX: usize = 128;
