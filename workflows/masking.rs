//! What of an answer people see who may not see everything: personal data, masked.
//!
//! Names, telephone numbers, addresses and what somebody wrote are recognised by the name of their field and,
//! wherever they stand, numbers and mail addresses by what they look like. When in doubt it is hidden: who
//! needs it can ask for it by name, which is written down. So of a payload, and of a receiver's answer, the names
//! of all fields are shown, the numbers and words of those fields that are known to be harmless, and short numbers; no
//! other text, no sentence, and nothing in which as many digits stand as a number has, whatever parts them, but moments. What began as our own words do is theirs all the same: ours are known by the field in which they stand.
//!
//! Ids stay as they are, since everything is found by them, and messages, orders, bookings and products are
//! numbered. In the place of three kinds of ids stands an alias: of one that holds a mail address or a number with
//! its `+`, wherever it stands; of what leaves instead of a number, since all numbers can be tried; and of one that
//! holds as many digits as a number has (`digits`), where it names a person or a conversation with one. Which these are
//! is told by the field: `conversation_id`, `user_id`, `customer_id` and the like, `wa_id`, `chat_id`, the `id` of what stands under
//! `user`, `contact` and the like, and, beside an `entity` that is one of them, `entity_id` and the ids of its
//! timers; of all of them the plurals too. In a payload it is every id that is not known to name a thing.
//! Cursors hold such ids, so one stands for each of them too.
//!
//! | what | becomes |
//! |---|---|
//! | `+34600000012` | `+34•••••12` |
//! | `4111 1111 1111 1111`, a card's number | `•••1111` |
//! | `Ana García` | `A•••` |
//! | `ana@mail.example` | `a•••@•••` |
//! | what somebody wrote, and what a receiver answered | `•••` |
//! | what leaves instead of a number, `eb491b384e4fda42` | `•••` and an alias |
//! | what is secret in a URL | `•••`, see [`without_secrets`] |

mod answers;
mod digits;
mod fields;
mod harmless;
mod ids;
mod numbers;
mod traced;
mod urls;

use serde_json::{Map, Number, Value};

use self::answers::{is_code, is_told, mended, without_answer};
use self::digits::{holds_number, is_moments};
use self::fields::{
    ANSWERS, DEEDS, ERRORS, LABELLED, LABELS, NAMES, NUMBERS, OURS, OWN_SOURCE, PERSONS, SAID,
    THEIR_THINGS, THEIRS, THINGS, WORDS, is_birthday, is_one_or_more, parted, plain,
};
use self::harmless::{
    is_harmless, is_label, is_named_thing, is_number_of_somebody, is_one_word, is_time, shown_name,
};
use self::ids::{
    Holder, clear_id, holds_contact, holds_hash, is_hash, is_id, is_number, is_of_number,
    is_timer_of_number, may_be_of_person, names_booking, names_hash, names_person,
};
use self::numbers::{
    card_at, hidden_card, hidden_number, is_bare_number, is_card_field, is_number_field, number_at,
};
pub use self::traced::may_name_somebody;
pub use self::urls::without_secrets;
use crate::privacy::is_phone_field;

/// What stands for what is hidden.
pub const HIDDEN: &str = "•••";

/// How an answer is masked.
#[derive(Clone, Copy)]
pub struct Masks<'a> {
    /// Whether what is called a name is a person's, as in all that tells of what happened; the name of a
    /// tenant or an event type is not.
    pub names_people: bool,
    /// Whether why somebody did something is hidden as a whole, since a name in it is not known as one: from
    /// those who may not have it revealed.
    pub hides_words: bool,
    /// What stands for an id that holds personal data.
    pub alias: &'a dyn Fn(&str) -> String,
}

/// An answer with personal data masked.
pub fn masked(answer: Value, masks: Masks<'_>) -> Value {
    let Masks { names_people, hides_words, alias } = masks;
    let place = Place {
        names_people,
        words: names_people,
        top: true,
        theirs: false,
        holder: Holder::Unknown,
        own: false,
        labels: false,
        hides_words,
        by_hand: false,
        alias,
    };
    match answer {
        Value::Object(map) => Value::Object(masked_map(map, "", place)),
        other => masked_value(other, "", place),
    }
}

/// What somebody who has nothing revealed sees of what happened, with the mask in the place of ids that hold
/// personal data.
pub fn seen(answer: Value) -> Value {
    masked(answer, Masks { names_people: true, hides_words: true, alias: &masked_id })
}

/// A line of an answer that is no JSON, with what looks like personal data masked.
pub fn masked_text(text: &str) -> String {
    hide_in(text)
}

/// What is shown of an id that holds personal data.
pub fn masked_id(id: &str) -> String {
    if let Some((kind, rest)) = id.split_once(':').filter(|_| is_timer_of_number(id))
        && let Some((of, timer)) = rest.split_once(':')
    {
        return format!("{kind}:{}:{timer}", masked_id(of));
    }
    let shown = hide_in(&clear_id(id));
    if may_be_of_person(&shown) { HIDDEN.to_owned() } else { shown }
}

/// Whether an id in a field of this name is a person's number or address: in an answer stands an alias for it.
pub fn gives_away(field: &str, id: &str) -> bool {
    is_id(field) && is_personal(field, id, (Holder::Unknown, false))
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
    /// Somebody else made it, and called its fields as they pleased.
    theirs: bool,
    /// What holds it.
    holder: Holder,
    /// It is an event of our own: some of its fields nobody else writes.
    own: bool,
    /// It is what somebody calls what was wanted, was done or came of it.
    labels: bool,
    /// As in [`Masks`].
    hides_words: bool,
    /// It is about what somebody did, and may say why.
    by_hand: bool,
    alias: &'a dyn Fn(&str) -> String,
}

fn masked_map(map: Map<String, Value>, called: &str, place: Place<'_>) -> Map<String, Value> {
    let entity = map.get("entity").and_then(Value::as_str).unwrap_or(called);
    let holder = Holder::called(entity);
    // A job says its task.
    let by_hand = place.by_hand || DEEDS.contains(&called) || map.contains_key("task");
    // What stands beside a payload is about it, and no word of ours.
    let top = place.top && !map.contains_key("payload");
    let source = map.get("source").and_then(Value::as_str);
    let own = place.own || !place.theirs && source == Some(OWN_SOURCE);
    let labels = place.words && LABELLED.contains(&called);
    let place = Place { holder, by_hand, top, own, labels, ..place };
    map.into_iter()
        .map(|(name, value)| {
            let masked = masked_value(value, &name, place);
            (if place.theirs { shown_name(name, hide_in) } else { name }, masked)
        })
        .collect()
}

fn masked_value(value: Value, field: &str, place: Place<'_>) -> Value {
    let lower = parted(field);
    let plain = plain(field);
    let is_in = |list: &[&str]| list.contains(&plain.as_str());
    let theirs = place.theirs || place.names_people && is_in(&THEIRS);
    let is_their_thing = || is_in(&THEIR_THINGS) || is_named_thing(&plain);
    let is_thing = if place.theirs { is_their_thing() } else { is_in(&THINGS) };
    // A thing may have somebody: the guest of a product, the owner of a shop.
    let is_person = place.theirs && is_one_or_more(&plain, &PERSONS);
    let inside = Place {
        names_people: is_person || place.names_people && !is_thing,
        words: place.words && !is_in(&OURS),
        top: false,
        theirs,
        ..place
    };
    match value {
        Value::Object(map) => Value::Object(masked_map(map, &plain, inside)),
        Value::Array(items) => {
            let item = |item| match item {
                Value::Object(map) => Value::Object(masked_map(map, &plain, inside)),
                other => masked_value(other, field, Place { top: false, ..inside }),
            };
            items.into_iter().map(item).collect()
        }
        Value::Number(number) => masked_number(number, (&lower, &plain), place),
        Value::String(text) => {
            let theirs = inside.theirs;
            Value::from(masked_string(text, (&lower, &plain), Place { theirs, ..place }))
        }
        Value::Null | Value::Bool(_) => value,
    }
}

/// `plain` is the name of the field as the lists have it.
fn masked_number(number: Number, (field, plain): (&str, &str), place: Place<'_>) -> Value {
    let text = number.to_string();
    if is_phone_field(field) || NUMBERS.contains(&plain) {
        return Value::from(hidden_number(&text));
    }
    if names_person(field, place.holder, place.theirs) && holds_contact(&text) {
        return Value::from((place.alias)(&text));
    }
    if is_id(field) {
        return Value::Number(number);
    }
    match text.len() {
        9..=15 if is_number_field(field) => Value::from(hidden_number(&text)),
        12..=19 if is_card_field(field) => Value::from(hidden_card(&text)),
        _ if place.theirs && is_number_of_somebody(field, &text) => Value::from(HIDDEN),
        _ => Value::Number(number),
    }
}

fn masked_string(text: String, (field, plain): (&str, &str), place: Place<'_>) -> String {
    let is_in = |list: &[&str]| list.contains(&plain);
    if text.is_empty() || text == HIDDEN {
        return text;
    }
    if place.by_hand && is_in(&SAID) {
        return if place.hides_words { HIDDEN.to_owned() } else { hide_in(&text) };
    }
    if is_phone_field(field) {
        return hidden_number(&text);
    }
    // It may hold an id, encoded.
    if place.top && field == "next_cursor" {
        return (place.alias)(&text);
    }
    if is_in(&NUMBERS) && is_bare_number(&text) {
        return hidden_number(&text);
    }
    // `guests` may be how many.
    let is_name = is_in(&NAMES)
        || is_one_or_more(plain, &NAMES) && text.contains(|letter: char| letter.is_alphabetic());
    if place.own && plain == "because" && is_label(&text) {
        return text;
    }
    let is_writer = place.own && plain == "by";
    if place.names_people && (is_name || is_writer) {
        return hidden_name(&text);
    }
    // Beside `ok`, a message is ours.
    if place.words && is_in(&WORDS) && !(place.top && field == "message") {
        let inside = Place { theirs: true, ..place };
        return masked_json(&text, inside).unwrap_or_else(|| HIDDEN.to_owned());
    }
    if is_in(&ANSWERS) {
        let answer = Place { names_people: true, words: true, theirs: true, ..place };
        return masked_answer(&text, answer);
    }
    if place.theirs && is_birthday(field) {
        return HIDDEN.to_owned();
    }
    if is_moments(&text) || place.theirs && is_time(field, &text) {
        return text;
    }
    let is_label_field = is_in(&LABELS) || place.labels && !is_id(field);
    if place.words && is_label_field {
        return if is_label(&text) { hidden_or_shown(&text) } else { HIDDEN.to_owned() };
    }
    masked_other(text, (field, plain), place)
}

/// A text whose field is not called as what is personal is.
fn masked_other(text: String, (field, plain): (&str, &str), place: Place<'_>) -> String {
    if is_id(field) && (!place.theirs || is_one_word(&text)) {
        let hides = is_personal(field, &text, (place.holder, place.theirs));
        return if hides { (place.alias)(&text) } else { text };
    }
    if is_number_field(field) && is_bare_number(&text) {
        return hidden_number(&text);
    }
    if is_card_field(field) && text.bytes().filter(u8::is_ascii_digit).count() >= 12 {
        return hidden_card(&text);
    }
    let is_ours = is_code(&text) || place.own && is_told(&text);
    let is_told_of = ERRORS.contains(&plain) && is_ours;
    if place.theirs && !is_told_of && !is_harmless((field, plain), &text, !place.names_people) {
        return HIDDEN.to_owned();
    }
    // An id by itself, or behind what it is of.
    let (of, id) = text.rsplit_once([':', '/']).unwrap_or(("", &text));
    if of.is_empty() && is_number(id) || is_of_number(of, id) {
        let before = text.strip_suffix(id).unwrap_or_default();
        return format!("{before}{}", masked_id(id));
    }
    if place.theirs { hidden_or_shown(&text) } else { without_answer(hide_in(&text)) }
}

/// A word of somebody's with what looks like a number or an address masked; hidden where as many digits stand in it as a
/// number has.
fn hidden_or_shown(text: &str) -> String {
    let shown = without_answer(hide_in(text));
    if holds_number(&shown) { HIDDEN.to_owned() } else { shown }
}

/// Whether an id in this field is a person's number or address.
fn is_personal(field: &str, id: &str, (holder, theirs): (Holder, bool)) -> bool {
    let clear = clear_id(id);
    clear.contains(['@', '+']) && hide_in(&clear) != clear
        || names_person(field, holder, theirs) && may_be_of_person(id)
        || names_booking(field, holder) && holds_hash(id)
        || names_hash(field) && is_hash(id)
        || is_timer_of_number(id)
}

/// What somebody answered: JSON is masked as such, also where only its beginning was kept; of all else a word
/// that a machine says is shown.
fn masked_answer(text: &str, place: Place<'_>) -> String {
    if let Some(masked) = masked_json(text, place) {
        return masked;
    }
    if !text.trim_start().starts_with(['{', '[']) {
        return if is_code(text.trim()) { text.to_owned() } else { HIDDEN.to_owned() };
    }
    match mended(text) {
        Some(value) => format!("{} …", masked_value(value, "", place)),
        None => HIDDEN.to_owned(),
    }
}

/// A text that is JSON, such as a body as it came, keeps its form.
fn masked_json(text: &str, place: Place<'_>) -> Option<String> {
    let begins = text.trim_start().starts_with(['{', '[']);
    let value: Value = serde_json::from_str(text).ok().filter(|_| begins)?;
    Some(masked_value(value, "", place).to_string())
}

fn hidden_name(text: &str) -> String {
    let first: String = text.trim_start().chars().take(1).collect();
    format!("{first}{HIDDEN}")
}

/// A text with what looks like a mail address, a telephone number or a card's masked, and what is secret in URLs.
fn hide_in(text: &str) -> String {
    let text = without_secrets(text);
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
        } else if begins && let Some(length) = card_at(&letters, at) {
            let number: String = letters.iter().skip(at).take(length).collect();
            shown.push_str(&hidden_card(&number));
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

#[cfg(test)]
mod tests;
