//! The words of an event: of its id, its type, and every value in its data.

use std::borrow::Cow;

use serde_json::Value;

use super::query::Clause;

/// Bytes of an event's values that are looked at.
const BYTES_MAX: usize = 32 << 10;
/// Characters of a word; the rest of a longer one counts for nothing.
const WORD_CHARS_MAX: usize = 48;
/// Words of an event that are put into an index.
const TERMS_MAX: usize = 2_000;

/// An event as it is looked through.
#[derive(Debug, Clone, Copy)]
pub struct Searchable<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its type.
    pub event_type: &'a str,
    /// What it carries.
    pub data: &'a Value,
}

/// The id of this name in an event's data: a text, or a whole number as one writes it.
pub fn id_in<'a>(data: &'a Value, name: &str) -> Option<Cow<'a, str>> {
    as_id(data.get(name)?)
}

/// A value as an id: a text, or a whole number as one writes it.
pub fn as_id(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) if !number.is_f64() => Some(Cow::Owned(number.to_string())),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    }
}

impl Searchable<'_> {
    /// Every word by which the event can be found, in whatever field; some may come twice.
    pub fn each_word(&self, mut visit: impl FnMut(&str)) {
        let mut left = TERMS_MAX;
        let mut take = |text: &str| {
            for word in words(text).take(left) {
                left -= 1;
                visit(&word);
            }
        };
        take(self.id);
        take(self.event_type);
        walk(self.data, &mut String::new(), &mut { BYTES_MAX }, &mut |_, text| take(text));
    }

    /// Whether all that is asked for is there.
    pub(super) fn meets(&self, clauses: &[Clause]) -> bool {
        let mut found = vec![false; clauses.len()];
        let mut left = TERMS_MAX;
        self.each_value(&mut |path, text| {
            let words: Vec<String> = words(text).take(left).collect();
            left -= words.len();
            for (clause, found) in clauses.iter().zip(&mut found) {
                *found = *found || clause.stands_in(path, &words);
            }
        });
        found.into_iter().all(|found| found)
    }

    fn each_value(&self, visit: &mut dyn FnMut(&str, &str)) {
        for name in ["event_id", "id"] {
            visit(name, self.id);
        }
        for name in ["event_type", "type"] {
            visit(name, self.event_type);
        }
        let mut path = String::new();
        let mut left = BYTES_MAX;
        walk(self.data, &mut path, &mut left, visit);
    }
}

/// Values with the path of their names, joined by dots; the items of an array share their array's.
///
/// As deep as an event may be nested, which is bounded where events come in.
fn walk(value: &Value, path: &mut String, left: &mut usize, visit: &mut dyn FnMut(&str, &str)) {
    match value {
        Value::Null => {}
        Value::Bool(true) => visit(path, "true"),
        Value::Bool(false) => visit(path, "false"),
        Value::Number(number) => visit(path, &number.to_string()),
        Value::String(text) => {
            let end = (0..=(*left).min(text.len())).rev().find(|end| text.is_char_boundary(*end));
            let text = text.get(..end.unwrap_or_default()).unwrap_or_default();
            *left -= text.len();
            visit(path, text);
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, path, left, visit)),
        Value::Object(map) => {
            let length = path.len();
            for (name, value) in map {
                if length > 0 {
                    path.push('.');
                }
                path.push_str(name);
                walk(value, path, left, visit);
                path.truncate(length);
            }
        }
    }
}

/// The words of a text.
pub(super) fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    let is_mark = |c: char| ('\u{300}'..='\u{36f}').contains(&c);
    text.split(move |c: char| !c.is_alphanumeric() && !is_mark(c))
        .map(fold)
        .filter(|w| !w.is_empty())
}

/// A word in lower case and without accents.
pub(super) fn fold(word: &str) -> String {
    let mut folded = String::with_capacity(word.len());
    for c in word.chars().take(WORD_CHARS_MAX) {
        if c.is_ascii() {
            folded.push(c.to_ascii_lowercase());
        } else {
            c.to_lowercase().for_each(|c| match several(c) {
                Some(letters) => folded.push_str(letters),
                None => folded.extend(plain(c)),
            });
        }
    }
    folded
}

/// The letters that one stands for, where it stands for several.
fn several(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'ﬅ' | 'ﬆ' => "st",
        'æ' => "ae",
        'œ' => "oe",
        'ĳ' => "ij",
        'ﬀ' => "ff",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        'ﬃ' => "ffi",
        'ﬄ' => "ffl",
        _ => return None,
    })
}

/// A lower-case letter without its accent; `None` for a mark that stands for one.
fn plain(c: char) -> Option<char> {
    Some(match c {
        '\u{300}'..='\u{36f}' => return None,
        'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => 'c',
        'ď' | 'đ' => 'd',
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => 'e',
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => 'g',
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => 'i',
        'ĺ' | 'ļ' | 'ľ' | 'ł' => 'l',
        'ñ' | 'ń' | 'ņ' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' => 'o',
        'ŕ' | 'ŗ' | 'ř' => 'r',
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => 's',
        'ţ' | 'ť' | 'ț' => 't',
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => 'u',
        'ý' | 'ÿ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn b10_words_are_cut_and_folded() {
        for (text, expected) in [
            ("Ana García, mañana", "ana garcia manana"),
            ("ana@example.com +34 600-000", "ana example com 34 600 000"),
            ("  ¿Qué?  ", "que"),
            ("AÑO nin\u{303}o ÅÉÎ", "ano nino aei"),
            ("日本語 ok", "日本語 ok"),
            ("Straße STRASSE ﬁne Œuvre", "strasse strasse fine oeuvre"),
            ("...", ""),
        ] {
            assert_eq!(words(text).collect::<Vec<_>>().join(" "), expected, "{text}");
        }
        assert_eq!(fold(&"x".repeat(500)).len(), WORD_CHARS_MAX);
    }

    #[test]
    fn b10_an_event_is_found_by_every_value() {
        let data = json!({"user": {"name": "Ana Gil"}, "tags": ["VIP", {"Año": 7}], "ok": true, "no": null});
        let searchable = Searchable { id: "e-1", event_type: "client.created", data: &data };
        let mut found = Vec::new();
        searchable.each_word(|word| found.push(word.to_owned()));
        assert_eq!(found, ["e", "1", "client", "created", "true", "vip", "7", "ana", "gil"]);
    }

    #[test]
    fn b10_what_is_put_into_an_index_is_bounded() {
        let data = json!({"text": "a ".repeat(100_000)});
        let searchable = Searchable { id: "e", event_type: "a.b", data: &data };
        let mut count = 0;
        searchable.each_word(|_| count += 1);
        assert_eq!(count, TERMS_MAX);
    }
}
