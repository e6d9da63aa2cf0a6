//! What an event's data says about a booking.

use std::ops::Range;

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::{PARTY_MAX, number, owned, required_id, text};
use crate::invalid::Invalid;
use crate::line::is_address;
use crate::locale::Locale;
use crate::time::Timestamp;

/// What an event says about a booking; what it leaves out stays as it was.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Booking {
    /// The caller's id of it.
    pub reservation_id: String,
    /// The slot.
    pub date_time: Option<Timestamp>,
    /// How many come.
    pub party_size: Option<u32>,
    /// Who booked.
    pub name: Option<String>,
    /// Their WhatsApp number with its `+`.
    pub wa_number: Option<String>,
    /// Their email address.
    pub email: Option<String>,
    /// Where.
    pub restaurant: Option<String>,
    /// What the customer wanted when this was said.
    pub intent: Option<String>,
    /// Their language.
    pub locale: Option<Locale>,
    /// Anything else.
    pub notes: Option<String>,
}

impl Booking {
    /// Reads what an event's data says about a booking.
    pub fn from_data(data: &Map<String, Value>, zone: &TimeZone) -> Result<Self, Invalid> {
        let booking = Self {
            reservation_id: required_id(data, "reservation_id")?,
            ..Self::changes(data, zone)?
        };
        Ok(booking)
    }

    /// Reads everything but the id.
    pub fn changes(data: &Map<String, Value>, zone: &TimeZone) -> Result<Self, Invalid> {
        let date_time = match text(data, "date_time", 64)? {
            Some(text) => {
                let moment = Timestamp::from_text(text, zone)
                    .map_err(|error| Invalid::new("date_time", error.to_string()))?;
                if !BOOKABLE.contains(&moment) {
                    return Err(Invalid::new("date_time", "must lie between 2000 and 2200"));
                }
                Some(moment)
            }
            None => None,
        };
        let locale = match text(data, "locale", 16)? {
            // A language that is not spoken here is no reason to refuse a booking.
            Some(text) if is_language_tag(text) => text.parse().ok(),
            Some(_) => {
                return Err(Invalid::new("locale", "must be a language such as es or pt-BR"));
            }
            None => None,
        };
        Ok(Self {
            reservation_id: String::new(),
            date_time,
            party_size: party_size(data)?,
            name: owned(data, "name")?,
            wa_number: number(data, "wa_number")?,
            email: email(data)?,
            restaurant: owned(data, "restaurant")?,
            intent: owned(data, "intent")?,
            locale,
            notes: owned(data, "notes")?,
        })
    }
}

fn party_size(data: &Map<String, Value>) -> Result<Option<u32>, Invalid> {
    let problem =
        || Invalid::new("party_size", format!("must be a whole number from 1 to {PARTY_MAX}"));
    match data.get("party_size") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let size = value.as_u64().filter(|size| (1..=PARTY_MAX).contains(size));
            let size = size.and_then(|size| u32::try_from(size).ok());
            size.map(Some).ok_or_else(problem)
        }
    }
}

/// 2000-01-01 to 2200-01-01, UTC: what lies outside is a slip of whoever wrote it.
const BOOKABLE: Range<Timestamp> = Timestamp(946_684_800_000)..Timestamp(7_258_118_400_000);

/// Whether a text has the form of a language tag (RFC 5646), with `_` for `-` as Meta writes it.
fn is_language_tag(text: &str) -> bool {
    let mut parts = text.split(['-', '_']);
    let language = parts.next().unwrap_or_default();
    (2..=3).contains(&language.len())
        && language.chars().all(|c| c.is_ascii_alphabetic())
        && parts.all(|part| {
            (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric())
        })
}

/// RFC 5321, section 4.5.3.1.3: a path of 256 with its brackets.
const EMAIL_BYTES_MAX: usize = 254;

fn email(data: &Map<String, Value>) -> Result<Option<String>, Invalid> {
    let Some(text) = text(data, "email", EMAIL_BYTES_MAX)?.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    if is_address(text) {
        return Ok(Some(text.to_owned()));
    }
    Err(Invalid::new("email", "must be an address such as ana@example.com"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_that_cannot_be_meant_is_refused_by_name() {
        let read = |field: &str, value: Value| {
            let mut data = json!({"reservation_id": "r"}).as_object().cloned().unwrap();
            data.insert(field.to_owned(), value);
            Booking::from_data(&data, &TimeZone::UTC).map_err(|invalid| invalid.field)
        };
        for (field, value) in [
            ("email", json!("x")),
            ("email", json!("a@")),
            ("email", json!("a@b.c\r\nBcc: x@y.z")),
            ("locale", json!("español")),
            ("locale", json!("e")),
            ("date_time", json!("0001-01-01T00:00:00")),
            ("date_time", json!("2200-01-01T00:00:00Z")),
        ] {
            assert_eq!(read(field, value), Err(field.to_owned()));
        }
        assert_eq!(read("locale", json!("pt_BR")).unwrap().locale, Some(Locale::Pt));
        assert_eq!(read("locale", json!("fr-CA")).unwrap().locale, None, "not spoken here");
        assert_eq!(read("email", json!("")).unwrap().email, None);
        assert!(read("email", json!("ana+1@example.com")).is_ok());
    }
}
