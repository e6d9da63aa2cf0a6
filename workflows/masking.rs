//! What of an answer people see who may not see everything: personal data, masked.
//!
//! Names, telephone numbers, addresses and what somebody wrote are recognised by the name of their field and,
//! wherever they stand, numbers and mail addresses by what they look like. When in doubt it is hidden: who
//! needs it can ask for it by name, which is written down. Ids stay as they are, since everything is found by
//! them; in the place of one that holds a mail address or a number with its `+` stands an alias.
//!
//! | what | becomes |
//! |---|---|
//! | `+34600000012` | `+34•••••12` |
//! | `Ana García` | `A•••` |
//! | `ana@mail.example` | `a•••@•••` |
//! | what somebody wrote | `•••` |

mod fields;

use serde_json::{Map, Value};

use self::fields::{ANSWERS, NAMES, NUMBERS, OURS, THINGS, WORDS, plain};
use crate::privacy::is_phone_field;

/// What stands for what is hidden.
pub const HIDDEN: &str = "•••";

/// How an answer is masked.
#[derive(Clone, Copy)]
pub struct Masks<'a> {
    /// Whether what is called a name is a person's, as in all that tells of what happened; the name of a
    /// tenant or an event type is not.
    pub names_people: bool,
    /// What stands for an id that holds personal data.
    pub alias: &'a dyn Fn(&str) -> String,
}

/// An answer with personal data masked.
pub fn masked(answer: Value, masks: Masks<'_>) -> Value {
    let Masks { names_people, alias } = masks;
    let place = Place { names_people, words: names_people, top: true, alias };
    match answer {
        Value::Object(map) => Value::Object(masked_map(map, place)),
        other => masked_value(other, "", place),
    }
}

/// A line of an answer that is no JSON, with what looks like personal data masked.
pub fn masked_text(text: &str) -> String {
    hide_in(text)
}

/// What is shown of an id that holds personal data.
pub fn masked_id(id: &str) -> String {
    hide_in(&clear_id(id))
}

/// An id as it was given; inside the ids of timers `+` and `@` stand as `~2B` and `~40`.
fn clear_id(id: &str) -> String {
    id.replace("~2B", "+").replace("~40", "@")
}

/// Whether a value that somebody sends holds what stands for something hidden.
pub fn holds_hidden(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(HIDDEN),
        Value::Array(items) => items.iter().any(holds_hidden),
        Value::Object(map) => map.values().any(holds_hidden),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Where a value stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// A name is a person's.
    names_people: bool,
    /// A text may be what somebody wrote.
    words: bool,
    /// The outermost object.
    top: bool,
    alias: &'a dyn Fn(&str) -> String,
}

fn masked_map(map: Map<String, Value>, place: Place<'_>) -> Map<String, Value> {
    map.into_iter()
        .map(|(name, value)| {
            let masked = masked_value(value, &name, place);
            (name, masked)
        })
        .collect()
}

fn masked_value(value: Value, field: &str, place: Place<'_>) -> Value {
    let lower = field.to_ascii_lowercase();
    let plain = plain(field);
    let is_in = |list: &[&str]| list.contains(&plain.as_str());
    let inside = Place {
        names_people: place.names_people && !is_in(&THINGS),
        words: place.words && !is_in(&OURS),
        top: false,
        ..place
    };
    match value {
        Value::Object(map) => Value::Object(masked_map(map, inside)),
        Value::Array(items) => {
            let item = |item| match item {
                Value::Object(map) => Value::Object(masked_map(map, inside)),
                other => masked_value(other, field, Place { top: false, ..place }),
            };
            items.into_iter().map(item).collect()
        }
        Value::Number(number) if is_phone_field(&lower) || is_in(&NUMBERS) => {
            Value::from(hidden_number(&number.to_string()))
        }
        Value::String(text) => Value::from(masked_string(text, &lower, place)),
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

fn masked_string(text: String, field: &str, place: Place<'_>) -> String {
    let plain = plain(field);
    let is_in = |list: &[&str]| list.contains(&plain.as_str());
    if text.is_empty() || text == HIDDEN {
        return text;
    }
    if is_phone_field(field) {
        return hidden_number(&text);
    }
    if is_in(&NUMBERS) && is_bare_number(&text) {
        return hidden_number(&text);
    }
    if place.names_people && is_in(&NAMES) {
        return hidden_name(&text);
    }
    // Beside `ok`, a message is ours.
    if place.words && is_in(&WORDS) && !(place.top && field == "message") {
        return masked_json(&text, place).unwrap_or_else(|| HIDDEN.to_owned());
    }
    if is_in(&ANSWERS) {
        return masked_json(&text, place).unwrap_or_else(|| hide_in(&text));
    }
    if is_moment(&text) {
        return text;
    }
    if is_id(field) {
        let clear = clear_id(&text);
        let is_personal = clear.contains(['@', '+']) && hide_in(&clear) != clear;
        return if is_personal { (place.alias)(&text) } else { text };
    }
    hide_in(&text)
}

/// A text that is JSON, such as a body as it came, keeps its form.
fn masked_json(text: &str, place: Place<'_>) -> Option<String> {
    let begins = text.trim_start().starts_with(['{', '[']);
    let value: Value = serde_json::from_str(text).ok().filter(|_| begins)?;
    Some(masked_value(value, "", place).to_string())
}

fn is_id(field: &str) -> bool {
    let endings = ["_id", "_ids", "_hash", "_hashes", "cursor", "_key"];
    let names = ["id", "ids", "key", "at", "digest", "csrf", "sku", "ean", "gtin", "barcode"];
    names.contains(&field) || endings.iter().any(|ending| field.ends_with(ending))
}

/// Whether a text is a moment, with or without its time: all digits, yet nobody's number.
fn is_moment(text: &str) -> bool {
    let mut bytes = text.bytes();
    let shape = *b"dddd-dd-dd";
    shape.iter().all(|wanted| {
        bytes.next().is_some_and(|byte| match wanted {
            b'd' => byte.is_ascii_digit(),
            other => byte == *other,
        })
    }) && bytes.all(|byte| byte.is_ascii_digit() || b"T:.Z+- ".contains(&byte))
        && text.len() <= 35
}

/// Digits and nothing else, as many as a telephone number has.
fn is_bare_number(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (7..=15).contains(&digits)
        && text.chars().all(|letter| letter.is_ascii_digit() || " .-()+".contains(letter))
}

/// The country and the last two digits stay.
fn hidden_number(text: &str) -> String {
    let plain: Vec<char> =
        text.chars().filter(|letter| letter.is_ascii_digit() || *letter == '+').collect();
    if plain.len() < 7 {
        return HIDDEN.to_owned();
    }
    let shown = if plain.first() == Some(&'+') { 3 } else { 2 };
    let start: String = plain.iter().take(shown).collect();
    let end: String = plain.iter().skip(plain.len() - 2).collect();
    format!("{start}•••••{end}")
}

fn hidden_name(text: &str) -> String {
    let first: String = text.trim_start().chars().take(1).collect();
    format!("{first}{HIDDEN}")
}

/// A text with what looks like a mail address or a telephone number masked.
fn hide_in(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        let before = at.checked_sub(1).and_then(|before| letters.get(before)).copied();
        let begins = !before.is_some_and(is_in_word);
        if begins && let Some(length) = mail_at(&letters, at) {
            shown.push(letter);
            shown.push_str("•••@•••");
            at += length;
        } else if (begins || letter == '+')
            && let Some(length) = number_at(&letters, at)
        {
            let number: String = letters.iter().skip(at).take(length).collect();
            shown.push_str(&hidden_number(&number));
            at += length;
        } else {
            shown.push(letter);
            at += 1;
        }
    }
    shown
}

fn is_in_word(letter: char) -> bool {
    letter.is_alphanumeric() || "_.%+-".contains(letter)
}

/// How long the mail address is that begins there.
fn mail_at(letters: &[char], from: usize) -> Option<usize> {
    let run = |from: usize, more: &str| {
        let part = |letter: &&char| letter.is_alphanumeric() || more.contains(**letter);
        letters.iter().skip(from).take_while(part).count()
    };
    let local = run(from, "_.%+-'");
    let has_at = letters.get(from + local) == Some(&'@');
    let domain = run(from + local + 1, ".-");
    (local > 0 && has_at && domain > 0).then_some(local + 1 + domain)
}

/// How long the telephone number is that begins there: with a `+` and perhaps parted by blanks, dashes, dots
/// or brackets, or so many digits in a row, or parted by single blanks.
fn number_at(letters: &[char], from: usize) -> Option<usize> {
    let has_plus = letters.get(from) == Some(&'+');
    let between = if has_plus { " -.()\u{a0}" } else { " " };
    let (mut digits, mut length, mut last_digit) = (0, usize::from(has_plus), 0);
    let mut gap = 0;
    while let Some(letter) = letters.get(from + length) {
        if letter.is_ascii_digit() {
            digits += 1;
            gap = 0;
            last_digit = length + 1;
        } else if between.contains(*letter) && digits + usize::from(has_plus) > 0 && gap < 2 {
            gap += 1;
        } else {
            break;
        }
        length += 1;
    }
    let goes_on = letters.get(from + last_digit).is_some_and(|next| next.is_alphanumeric());
    let least = if has_plus { 7 } else { 9 };
    let most = if has_plus { usize::MAX } else { 15 };
    let is_number = digits >= least && digits <= most && (has_plus || !goes_on);
    is_number.then_some(last_digit)
}

#[cfg(test)]
mod tests;
