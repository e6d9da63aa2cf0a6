//! What we sent and nobody should read, hidden in what the other side says: it may repeat a request as it came, as JSON or
//! a form writes it, and only its beginning, where an answer broke off or was cut.

use std::collections::BTreeSet;

use url::form_urlencoded;

/// Shorter ones would be found in any text.
pub(super) const SENSITIVE_BYTES_MIN: usize = 8;

/// What stands in its place.
pub(super) const HIDDEN: &str = "[hidden]";

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
    let quoted = serde_json::Value::from(secret).to_string();
    let json = quoted[1..quoted.len() - 1].to_owned();
    // As PHP writes it.
    let slashed = json.replace('/', "\\/");
    let form = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    [secret.to_owned(), json, slashed, form].into()
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
            ("h=a%22b%2Fc%2Bd%3De+f%2F12345&i=1".to_owned(), "h=[hidden]&i=1"),
        ] {
            assert_eq!(without(SECRET, text.as_bytes()).as_deref(), Some(shown), "{text}");
        }
        assert_eq!(without(SECRET, b"nothing of it"), None);
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
