//! What we sent and nobody should read, hidden in what the other side says: it may repeat a request as it came, as JSON,
//! HTML, a form or an address writes it or in base64, and only its beginning, where an answer broke off or was cut.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use url::form_urlencoded;

/// Shorter ones would be found in any text.
pub(super) const SENSITIVE_BYTES_MIN: usize = 8;

/// What stands in its place.
pub(super) const HIDDEN: &str = "[hidden]";

/// Characters with what is written in their place.
type Escapes = &'static [(char, &'static str)];

/// How JSON is written that may stand in HTML: Go's.
const JSON_FOR_HTML: Escapes = &[('&', "\\u0026"), ('<', "\\u003c"), ('>', "\\u003e")];

/// How HTML is written: by Python, by Go and by PHP.
const HTML: [Escapes; 3] = [
    &[('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;"), ('\'', "&#x27;")],
    &[('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&#34;"), ('\'', "&#39;")],
    &[('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;"), ('\'', "&#039;")],
];

/// What a form escapes and JavaScript's `encodeURIComponent` does not.
const PLAIN_IN_ADDRESSES: [(&str, &str); 5] =
    [("%21", "!"), ("%27", "'"), ("%28", "("), ("%29", ")"), ("%7E", "~")];

/// A text without a secret, if that is in it, or begins at its end.
pub(super) fn without(secret: &str, text: &[u8]) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    let text = String::from_utf8_lossy(text);
    let forms = forms(secret);
    let mut hidden: Option<String> = None;
    for form in &forms {
        let present = hidden.as_deref().unwrap_or(&text);
        if present.contains(form.as_str()) {
            hidden = Some(present.replace(form.as_str(), HIDDEN));
        }
    }
    // A character may be cut too.
    let present = hidden.as_deref().unwrap_or(&text);
    let present = present.trim_end_matches(char::REPLACEMENT_CHARACTER);
    let begins = forms.iter().filter_map(|form| begun(form, present)).min();
    begins.map(|at| format!("{}{HIDDEN}", &present[..at])).or(hidden)
}

/// A secret as texts hold it.
fn forms(secret: &str) -> BTreeSet<String> {
    let json = in_json(secret);
    // As PHP writes it.
    let slashed = json.replace('/', "\\/");
    let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let in_path = form.replace('+', "%20");
    let plain = |text: String, (escaped, plain): &(&str, &str)| text.replace(escaped, plain);
    let in_address = PLAIN_IN_ADDRESSES.iter().fold(in_path.clone(), plain);
    let percent = [form, in_path, in_address];
    let small = percent.each_ref().map(|text| with_small_digits(text));
    let html = HTML.map(|escapes| escaped(secret, escapes));
    let base64 = [STANDARD_NO_PAD.encode(secret), URL_SAFE_NO_PAD.encode(secret)];
    let json = [escaped(&json, JSON_FOR_HTML), in_json(&json), slashed, json];
    let all = percent.into_iter().chain(small).chain(html).chain(base64).chain(json);
    all.chain([secret.to_owned()]).collect()
}

fn in_json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn escaped(text: &str, escapes: Escapes) -> String {
    let mut written = String::with_capacity(text.len());
    for character in text.chars() {
        match escapes.iter().find(|(plain, _)| *plain == character) {
            Some((_, escape)) => written.push_str(escape),
            None => written.push(character),
        }
    }
    written
}

/// The same percent encoding with the other case of digits.
fn with_small_digits(percent: &str) -> String {
    let mut digits = 0;
    let small = percent.chars().map(|character| {
        let is_digit = digits > 0;
        digits = if character == '%' { 2 } else { i32::max(digits - 1, 0) };
        if is_digit { character.to_ascii_lowercase() } else { character }
    });
    small.collect()
}

/// Where a text's end begins that is the beginning of a secret.
fn begun(secret: &str, text: &str) -> Option<usize> {
    let ends = secret.char_indices().map(|(at, _)| at).rev();
    let found = ends.take_while(|end| *end >= SENSITIVE_BYTES_MIN);
    let mut beginnings = found.map(|end| &secret[..end]);
    beginnings.find(|beginning| text.ends_with(beginning)).map(|found| text.len() - found.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "a\"b/c+d=e f/12345";

    #[test]
    fn a19_a_secret_is_hidden_as_it_is_and_as_texts_write_it() {
        for (text, shown) in [
            (SECRET.to_owned(), "[hidden]"),
            (format!("x {SECRET} y {SECRET}"), "x [hidden] y [hidden]"),
            (serde_json::json!({"h": SECRET}).to_string(), r#"{"h":"[hidden]"}"#),
            (r#"{"h":"a\"b\/c+d=e f\/12345"}"#.to_owned(), r#"{"h":"[hidden]"}"#),
            (r#"{"h":"a\\\"b/c+d=e f/12345"}"#.to_owned(), r#"{"h":"[hidden]"}"#),
            ("h=a%22b%2Fc%2Bd%3De+f%2F12345&i=1".to_owned(), "h=[hidden]&i=1"),
            ("h=a%22b%2fc%2bd%3de%20f%2f12345&i=1".to_owned(), "h=[hidden]&i=1"),
            ("<b>a&quot;b/c+d=e f/12345</b>".to_owned(), "<b>[hidden]</b>"),
            ("h: YSJiL2MrZD1lIGYvMTIzNDU=".to_owned(), "h: [hidden]="),
        ] {
            assert_eq!(without(SECRET, text.as_bytes()).as_deref(), Some(shown), "{text}");
        }
        assert_eq!(without(SECRET, b"nothing of it"), None);
    }

    #[test]
    fn a19_signs_that_are_escaped_here_and_not_there_are_hidden_in_each() {
        let secret = "~k<e>y&'(12345)'!";
        for text in [
            r"~k\u003ce\u003ey\u0026'(12345)'!",
            "~k%3Ce%3Ey%26'(12345)'!",
            "%7ek%3ce%3ey%26%27%2812345%29%27%21",
            "~k&lt;e&gt;y&amp;&#x27;(12345)&#x27;!",
            "~k&lt;e&gt;y&amp;&#39;(12345)&#39;!",
            "~k&lt;e&gt;y&amp;&#039;(12345)&#039;!",
        ] {
            assert_eq!(without(secret, text.as_bytes()).as_deref(), Some("[hidden]"), "{text}");
        }
    }

    #[test]
    fn a19_the_beginning_of_a_secret_is_hidden_where_an_answer_ends() {
        for (text, shown) in [
            ("x a\"b/c+d=", Some("x [hidden]")),
            ("x a\"b/c+d=e f/1234", Some("x [hidden]")),
            (r#"x a\"b\/c+d"#, Some("x [hidden]")),
            ("x a%22b%2Fc", Some("x [hidden]")),
            ("x a\"b/c", None),
            ("x a\"b/c+d=e f/1234 and more", None),
        ] {
            assert_eq!(without(SECRET, text.as_bytes()).as_deref(), shown, "{text}");
        }
        // A character that was cut in two.
        let text = "x contraseñas".as_bytes();
        let cut = without("contraseñas", &text[..11]);
        assert_eq!(cut.as_deref(), Some("x [hidden]"));
    }
}
