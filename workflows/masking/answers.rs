//! What receivers answered: of which only the beginning was kept, or which stands behind its status.

use serde_json::Value;

use super::HIDDEN;

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

/// What went wrong without what the receiver said of it: `answered 503 Service Unavailable: •••`.
pub(super) fn without_answer(text: String) -> String {
    let parts = text.split_once(ANSWERED).and_then(|(before, answer)| {
        let (status, said) = answer.split_once(": ")?;
        let is_status = status.len() >= 3 && status.bytes().take(3).all(|b| b.is_ascii_digit());
        (is_status && !said.starts_with(OURS)).then_some((before, status))
    });
    match parts {
        Some((before, status)) => format!("{before}{ANSWERED}{status}: {HIDDEN}"),
        None => text,
    }
}

/// How we begin to tell of an answer, and what we say of one ourselves.
const ANSWERED: &str = "answered ";
const OURS: &str = "redirects to ";

/// Beyond this it is not read as JSON either.
const DEPTH_MAX: usize = 128;
