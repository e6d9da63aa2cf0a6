//! Who is meant: what an event or a message tells of a person.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::invalid::Invalid;
use crate::locale::Locale;
use crate::privacy;

const TEXT_BYTES_MAX: usize = 200;

/// Who wrote, called or bought, as they are told of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Who {
    /// WhatsApp's business-scoped user id, or a platform's own.
    pub user_id: Option<String>,
    /// The number with its `+`.
    pub phone: Option<String>,
    /// What they call themselves.
    pub name: Option<String>,
    /// Their language.
    pub locale: Option<Locale>,
}

/// What makes a person found again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Name {
    /// A user id.
    User(String),
    /// A number with its `+`.
    Phone(String),
}

impl Who {
    /// Reads who an event's data is about: `user: {id, phone, name, language}`, or `user_id` and
    /// `wa_number` beside it.
    pub fn of(data: &Map<String, Value>) -> Result<Self, Invalid> {
        let empty = Map::new();
        let user = match data.get("user") {
            None | Some(Value::Null) => &empty,
            Some(Value::Object(user)) => user,
            Some(_) => return Err(Invalid::new("user", "must be an object")),
        };
        let inside = |invalid: Invalid| invalid.inside("user");
        let user_id = match name(user, "id").map_err(inside)? {
            Some(id) => Some(id),
            None => name(data, "user_id")?,
        };
        let phone = match phone(user, "phone").map_err(inside)? {
            Some(phone) => Some(phone),
            None => phone(data, "wa_number")?,
        };
        let text = |field: &str| user.get(field).and_then(Value::as_str);
        let locale = text("locale").or(text("language")).and_then(|text| text.parse().ok());
        Ok(Self { user_id, phone, name: text("name").and_then(short), locale })
    }

    /// Whether there is anything by which to find them again.
    pub fn is_known(&self) -> bool {
        self.user_id.is_some() || self.phone.is_some()
    }

    /// What makes them found again, the best first.
    pub fn names(&self) -> impl Iterator<Item = Name> {
        let user = self.user_id.clone().map(Name::User);
        user.into_iter().chain(self.phone.clone().map(Name::Phone))
    }
}

/// A text of at most so many bytes, cut between characters; `None` where nothing is left.
pub(crate) fn short(text: &str) -> Option<String> {
    let text = text.trim();
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn name(data: &Map<String, Value>, field: &str) -> Result<Option<String>, Invalid> {
    match data.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => crate::id::checked(text)
            .map(Some)
            .map_err(|error| Invalid::new(field, error.to_string())),
        Some(_) => Err(Invalid::new(field, "must be a text or a number")),
    }
}

fn phone(data: &Map<String, Value>, field: &str) -> Result<Option<String>, Invalid> {
    let text = match data.get(field) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) if text.is_empty() => return Ok(None),
        Some(Value::String(text)) if text.len() <= 64 => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(_) => return Err(Invalid::new(field, "must be a text")),
    };
    privacy::phone(&text).map(Some).map_err(|error| Invalid::new(field, error.to_string()))
}
