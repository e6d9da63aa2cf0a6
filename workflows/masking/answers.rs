//! Answers of which only the beginning was kept.

use serde_json::Value;

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

/// Beyond this it is not read as JSON either.
const DEPTH_MAX: usize = 128;
