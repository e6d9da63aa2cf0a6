//! What is secret in a URL: whoever has it may post or read in somebody else's name.
//!
//! | a URL | is shown as |
//! |---|---|
//! | `https://hooks.slack.com/services/T0001/B0001/word` | `https://hooks.slack.com/services/T0001/•••` |
//! | `https://user:word@host.example/hook` | `https://•••@host.example/hook` |
//! | `https://host.example/hook?token=word&lang=es` | `https://host.example/hook?token=•••&lang=es` |
//! | `https://host.example/h/9f86d081884c7d659a2f` | `https://host.example/h/•••` |
//!
//! The address of a chat's hook is known by its form and not by its host, so that one behind a proxy is hidden
//! too. Beyond that a part is secret that is named so, or that is as long and as mixed as only a machine makes it.

use super::HIDDEN;
use crate::answer::words;

/// Words in the name of a value that is secret.
const SECRETS: [&str; 26] = [
    "token",
    "accesstoken",
    "authtoken",
    "key",
    "keys",
    "apikey",
    "accesskey",
    "secret",
    "clientsecret",
    "signature",
    "sig",
    "sign",
    "hmac",
    "jwt",
    "password",
    "passwd",
    "passphrase",
    "pass",
    "pwd",
    "auth",
    "authorization",
    "credential",
    "credentials",
    "session",
    "sid",
    "clave",
];

/// As many letters and digits in a row as names do not have.
const RANDOM_LENGTH: usize = 16;

/// A text whose URLs show nothing by which somebody could send in another's name.
pub fn without_secrets(text: &str) -> String {
    let ends = |letter: char| letter.is_whitespace() || "\"'<>`|\\".contains(letter);
    let mut parts = text.split("://");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (url, after) = part.split_at(part.find(ends).unwrap_or(part.len()));
        shown.push_str("://");
        shown.push_str(&shown_url(url));
        shown.push_str(after);
    }
    shown
}

/// A URL behind its scheme.
fn shown_url(url: &str) -> String {
    let (url, fragment) = url.split_once('#').map_or((url, None), |(url, rest)| (url, Some(rest)));
    let (place, query) = url.split_once('?').map_or((url, None), |(url, rest)| (url, Some(rest)));
    let (authority, path) = place.split_at(place.find('/').unwrap_or(place.len()));
    let mut shown = match authority.rsplit_once('@') {
        Some((_, host)) => format!("{HIDDEN}@{host}"),
        None => authority.to_owned(),
    };
    shown.push_str(&shown_path(path));
    for (mark, pairs) in [('?', query), ('#', fragment)] {
        if let Some(pairs) = pairs {
            shown.push(mark);
            shown.push_str(&pairs.split('&').map(shown_pair).collect::<Vec<_>>().join("&"));
        }
    }
    shown
}

fn shown_path(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').collect();
    if let Some(open) = open_parts(&parts) {
        let open = parts.get(..open).unwrap_or_default().join("/");
        return format!("{open}/{HIDDEN}");
    }
    let mut before = "";
    let shown = parts.iter().map(|part| {
        let is_secret = !part.is_empty() && (is_named_secret(before) || is_random(part));
        before = part;
        if is_secret { HIDDEN } else { part }
    });
    shown.collect::<Vec<_>>().join("/")
}

/// How many parts of a path are no secret where it is the address of a chat's or an automation's hook.
fn open_parts(parts: &[&str]) -> Option<usize> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_team = |text: &str| {
        let plain = text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        plain && text.starts_with(['T', 'E'])
    };
    match parts {
        // Slack.
        ["", "services" | "workflows" | "triggers", team, _, ..] if is_team(team) => Some(3),
        // Discord.
        ["", "api", "webhooks", id, _, ..] if is_number(id) => Some(4),
        ["", "api", _, "webhooks", id, _, ..] if is_number(id) => Some(5),
        // Teams.
        ["", "webhookb2", _, ..] => Some(2),
        ["", "webhook", id, ..] if id.contains('@') => Some(2),
        // Zapier.
        ["", "hooks", "catch", id, _, ..] if is_number(id) => Some(4),
        // Telegram, whose token is a number, a colon and a word.
        ["", bot, ..] if bot.starts_with("bot") && (bot.contains(':') || bot.contains('%')) => {
            Some(1)
        }
        _ => None,
    }
}

fn shown_pair(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, value)) if !value.is_empty() && (is_named_secret(name) || is_random(value)) => {
            format!("{name}={HIDDEN}")
        }
        Some(_) => pair.to_owned(),
        None if is_random(pair) => HIDDEN.to_owned(),
        None => pair.to_owned(),
    }
}

fn is_named_secret(name: &str) -> bool {
    let words = words(name);
    words == ["code"] || words.iter().any(|word| SECRETS.contains(&word.as_str()))
}

/// Whether a part looks as if a machine had made it so that nobody can guess it.
fn is_random(part: &str) -> bool {
    let has = |text: &str, is: fn(&u8) -> bool| text.bytes().any(|byte| is(&byte));
    let is_mixed = |text: &str| has(text, u8::is_ascii_digit) && has(text, u8::is_ascii_alphabetic);
    let mut runs = part.split(|letter: char| !letter.is_ascii_alphanumeric());
    let is_uuid = part.len() == 36
        && part.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
        && part.bytes().filter(|byte| *byte == b'-').count() == 4;
    let is_key = part.len() >= RANDOM_LENGTH + 4
        && is_mixed(part)
        && has(part, u8::is_ascii_uppercase)
        && has(part, u8::is_ascii_lowercase);
    is_uuid || is_key || runs.any(|run| run.len() >= RANDOM_LENGTH && is_mixed(run))
}
