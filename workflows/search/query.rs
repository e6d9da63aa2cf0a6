//! A question in words: `mesa "junto a la ventana" name:ana type:reservation.created`.
//!
//! Every word, phrase and field must be there, in any order. Nothing that people write is an error: a
//! sign that means nothing here parts words, and a quotation that is not closed ends with the text.

use super::Searchable;
use super::words::{fold, words};
use crate::invalid::Invalid;

/// Characters of a question.
const CHARS_MAX: usize = 500;
/// Words, phrases and fields of a question.
const CLAUSES_MAX: usize = 32;

/// What is asked for; every clause of it must be met.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    clauses: Vec<Clause>,
}

/// Words that must follow each other, anywhere or in one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// The field, by its path or its last names.
    field: Option<String>,
    words: Vec<String>,
}

impl Query {
    /// Reads a question; only one that is too long is refused.
    pub fn read(text: &str) -> Result<Self, Invalid> {
        if text.chars().count() > CHARS_MAX {
            return Err(Invalid::new("q", format!("at most {CHARS_MAX} characters")));
        }
        let mut clauses = Vec::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (field, after) = split_field(rest);
            let (value, after) = split_value(after);
            let words: Vec<String> = words(value).collect();
            if !words.is_empty() {
                clauses.push(Clause { field: field.map(folded_path), words });
            }
            rest = after.trim_start();
        }
        if clauses.len() > CLAUSES_MAX {
            let problem = format!("at most {CLAUSES_MAX} words, phrases and fields");
            return Err(Invalid::new("q", problem));
        }
        Ok(Self { clauses })
    }

    /// Whether an event is what is asked for; nothing is, where no word is asked for.
    pub fn finds(&self, event: &Searchable<'_>) -> bool {
        !self.clauses.is_empty() && event.meets(&self.clauses)
    }

    /// Its clauses.
    pub fn clauses(&self) -> &[Clause] {
        &self.clauses
    }
}

impl Clause {
    /// Its words.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    pub(super) fn stands_in(&self, path: &str, words: &[String]) -> bool {
        let in_field = self.field.as_ref().is_none_or(|field| {
            let path = folded_path(path);
            let before = path.strip_suffix(field.as_str());
            before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
        });
        in_field && words.windows(self.words.len()).any(|window| window == self.words)
    }
}

/// The name of a field that stands before a colon, bare or in quotes, and what follows it.
fn split_field(text: &str) -> (Option<&str>, &str) {
    let (name, after) = match text.strip_prefix('"') {
        Some(quoted) => match quoted.split_once('"') {
            Some(parts) => parts,
            None => return (None, text),
        },
        None => {
            let end = text.find(|c: char| !c.is_alphanumeric() && !"_-.".contains(c));
            text.split_at(end.unwrap_or(text.len()))
        }
    };
    let value = after.strip_prefix(':').filter(|value| !value.is_empty());
    // `20:30` and `https://…` are no fields.
    let named = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    match value {
        Some(value)
            if named && !value.starts_with("//") && !value.starts_with(char::is_whitespace) =>
        {
            (Some(name), value)
        }
        Some(_) | None => (None, text),
    }
}

/// A phrase in quotes, or all up to the next space.
fn split_value(text: &str) -> (&str, &str) {
    match text.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
        None => text.split_at(text.find(char::is_whitespace).unwrap_or(text.len())),
    }
}

fn folded_path(path: &str) -> String {
    path.split('.').map(fold).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn b10_words_phrases_and_fields_must_all_be_there() {
        let data = json!({"n": 5, "user": {"name": "María José García"}, "note": "mesa junto a la ventana, 20:30",
            "tags": ["vip", "alérgica"], "url": "https://example.com/a_b", "conversation_id": "conv-7"});
        let event = Searchable { id: "wamid.X", event_type: "reservation.created", data: &data };
        for (question, found) in [
            ("mesa", true),
            ("MESA ventana", true),
            ("mesa terraza", false),
            ("maria jose", true),
            ("María José", true),
            ("\"junto a la ventana\"", true),
            ("\"ventana junto\"", false),
            ("\"junto a la", true),
            ("name:garcia", true),
            ("user.name:garcia", true),
            ("name:\"jose garcia\"", true),
            ("name:\"garcia jose\"", false),
            ("other.name:garcia", false),
            ("ame:garcia", false),
            ("note:garcia", false),
            ("\"n\":5", true),
            ("n:6", false),
            ("tags:ALERGICA vip", true),
            ("type:reservation.created", true),
            ("type:reservation.*", true),
            ("type:client.created", false),
            ("event_id:wamid.X", true),
            ("reservation", true),
            ("20:30", true),
            ("https://example.com/a_b", true),
            ("conversation_id:conv-7", true),
            ("a_b", true),
        ] {
            assert_eq!(Query::read(question).unwrap().finds(&event), found, "{question}");
        }
    }

    #[test]
    fn b10_odd_questions_are_no_errors_and_find_nothing() {
        let data = json!({"a": "b"});
        let event = Searchable { id: "1", event_type: "x", data: &data };
        for odd in [
            "", " ", "\"", "\"\"", ":", "::", "a:", "(", "AND", "* ?", "\\", "\u{0}", "a:\"", "-",
            "~^[", "😀",
        ] {
            let query = Query::read(odd).unwrap();
            assert!(!query.finds(&event) || odd == "a:", "{odd:?} {query:?}");
        }
        assert_eq!(Query::read(&"x".repeat(501)).unwrap_err().field, "q");
        assert_eq!(Query::read(&"x ".repeat(40)).unwrap_err().field, "q");
    }
}
