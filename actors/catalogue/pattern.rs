//! What a schema's patterns may ask for: the time that one takes grows with its length and its counts.

use serde_json::Value;

use crate::limits::{PATTERN_CHARS_MAX, PATTERN_NESTED_REPEATS_MAX, PATTERN_REPEATS_MAX};

/// How many patterns a schema has itself, each small enough.
pub(super) fn count(schema: &Value) -> Result<usize, String> {
    let own = schema.get("pattern").and_then(Value::as_str);
    let named = schema.get("patternProperties").and_then(Value::as_object);
    let named = named.into_iter().flatten().map(|(pattern, _)| pattern.as_str());
    let mut count = 0;
    for pattern in own.into_iter().chain(named) {
        check(pattern)?;
        count += 1;
    }
    Ok(count)
}

fn check(pattern: &str) -> Result<(), String> {
    if pattern.chars().count() > PATTERN_CHARS_MAX {
        return Err(format!("a pattern must have at most {PATTERN_CHARS_MAX} characters"));
    }
    // Counts after one character or class stand beside each other; any other may hold those.
    let (mut largest, mut nested) = (1, 1_usize);
    for (at, _) in pattern.match_indices('{') {
        let (before, after) = pattern.split_at(at);
        let Some(times) = times(after) else { continue };
        if times > PATTERN_REPEATS_MAX {
            return Err(format!(
                "a part of a pattern repeats more than {PATTERN_REPEATS_MAX} times"
            ));
        }
        match before.chars().next_back() {
            Some(last) if last.is_alphanumeric() || "].".contains(last) => {
                largest = largest.max(times);
            }
            Some(_) | None => nested = nested.saturating_mul(times.max(1)),
        }
    }
    match nested.saturating_mul(largest) > PATTERN_NESTED_REPEATS_MAX {
        true => Err(format!(
            "the counts of a pattern, one inside the other, come to more than \
             {PATTERN_NESTED_REPEATS_MAX} times"
        )),
        false => Ok(()),
    }
}

/// The larger count of `{2}`, `{2,}` or `{2,5}`; `None` where that is no count.
fn times(text: &str) -> Option<usize> {
    let (inside, _) = text.strip_prefix('{')?.split_once('}')?;
    let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
    // Digits that are too many for a number are too many times.
    let number = |text: &str| {
        let text = text.trim();
        let digits = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
        digits.then(|| text.parse().unwrap_or(usize::MAX))
    };
    number(least).max(number(most))
}
