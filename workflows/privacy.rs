//! What leaves the house instead of a phone number.
//!
//! Outgoing events carry `wa_number_hash`: the first 16 hex digits of SHA-256 over the number with
//! its `+`. Phone numbers can be enumerated, so a plain hash can be guessed; with a key (HMAC-SHA256)
//! it cannot, and a tenant may choose that.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Fields whose value is a phone number, and the field that leaves in their place.
const PHONE_FIELDS: [(&str, &str); 5] = [
    ("wa_number", "wa_number_hash"),
    ("wa_id", "wa_id_hash"),
    ("phone", "phone_hash"),
    ("phone_number", "phone_number_hash"),
    ("customer_phone", "customer_phone_hash"),
];

/// Whether what stands under this name is hidden as a number by [`PhoneHash::redact`].
pub(crate) fn is_phone_field(name: &str) -> bool {
    PHONE_FIELDS.iter().any(|(field, _)| *field == name)
}

/// As many digits as a telephone number has (E.164).
const DIGITS_MIN: usize = 7;
const DIGITS_MAX: usize = 15;
/// As many hex digits leave instead of one.
pub(crate) const HASH_LENGTH: usize = 16;

/// Why a text is not a phone number.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("must be a phone number with its country code, such as +34600000001")]
pub struct InvalidPhone;

/// How a tenant's phone numbers are hashed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum PhoneHash {
    /// SHA-256: anyone who knows the number can compute it.
    #[default]
    Plain,
    /// HMAC-SHA256 with the tenant's key.
    Keyed(Vec<u8>),
}

impl PhoneHash {
    /// The first 16 hex digits that stand for a number.
    pub fn of(&self, number: &str) -> String {
        let number = phone_or_text(number);
        let digest = match self {
            Self::Plain => Sha256::digest(number.as_bytes()),
            Self::Keyed(key) => match Hmac::<Sha256>::new_from_slice(key) {
                Ok(mac) => mac.chain_update(number.as_bytes()).finalize().into_bytes(),
                Err(_) => Sha256::digest(key),
            },
        };
        digest.iter().take(HASH_LENGTH / 2).map(|byte| format!("{byte:02x}")).collect()
    }

    /// The data as it may leave: every phone field, however deep, replaced by its hash.
    ///
    /// Where the data names a `wa_number`, that number is also replaced inside every other text, so
    /// that an id or a note made of it does not give it away.
    pub fn redact(&self, data: &Map<String, Value>) -> Map<String, Value> {
        self.redact_of(data, None)
    }

    /// The same where the data may not name the number of whom it is about.
    pub fn redact_of(&self, data: &Map<String, Value>, number: Option<&str>) -> Map<String, Value> {
        let named = data.get("wa_number").and_then(Value::as_str);
        let known = named.and_then(|n| phone(n).ok()).or(number.and_then(|n| phone(n).ok()));
        let known =
            known.map(|number| (number.trim_start_matches('+').to_owned(), self.of(&number)));
        self.redact_map(data, known.as_ref())
    }

    /// What leaves instead of an id that may be made of a telephone number, and that number: `34600000001` and
    /// `wa_34600000001` may be. It is what [`PhoneHash::redact`] makes of it once the number is known.
    pub fn without_number(&self, id: &str) -> Option<(String, String)> {
        let is_number = |run: &&str| (DIGITS_MIN..=DIGITS_MAX).contains(&run.len());
        let mut runs = id.split(|letter: char| !letter.is_ascii_digit());
        let digits = runs.find(is_number).filter(|run| !run.starts_with('0'))?;
        let (number, hash) = (format!("+{digits}"), self.of(digits));
        Some((id.replace(&number, &hash).replace(digits, &hash), number))
    }

    /// By what names something may go that is called so: its own and, where that may be made of a telephone number, what
    /// leaves instead of it, now or before there was a key.
    pub fn names_of(&self, id: &str) -> Vec<String> {
        let hidden = [self, &Self::Plain].into_iter().filter_map(|hash| hash.without_number(id));
        let mut names = vec![id.to_owned()];
        for (alias, _) in hidden {
            if !names.contains(&alias) {
                names.push(alias);
            }
        }
        names
    }

    /// Whether something that is called so may be told of by what leaves instead of a number.
    pub fn may_be_told(id: &str) -> bool {
        let mut words = id.split(|letter: char| !letter.is_ascii_alphanumeric());
        words.any(|word| {
            word.len() == HASH_LENGTH && word.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    }

    fn redact_map(
        &self,
        data: &Map<String, Value>,
        known: Option<&(String, String)>,
    ) -> Map<String, Value> {
        data.iter()
            .map(|(key, value)| {
                let hidden = PHONE_FIELDS.iter().find(|(name, _)| name == key);
                match (hidden, value) {
                    (Some((_, hashed)), Value::String(number)) => {
                        ((*hashed).to_owned(), Value::from(self.of(number)))
                    }
                    (Some((_, hashed)), Value::Number(number)) => {
                        ((*hashed).to_owned(), Value::from(self.of(&number.to_string())))
                    }
                    (Some(_) | None, _) => (key.clone(), self.redact_value(value, known)),
                }
            })
            .collect()
    }

    fn redact_value(&self, value: &Value, known: Option<&(String, String)>) -> Value {
        match (value, known) {
            (Value::Object(map), _) => Value::Object(self.redact_map(map, known)),
            (Value::Array(items), _) => {
                items.iter().map(|item| self.redact_value(item, known)).collect()
            }
            (Value::String(text), Some((digits, hash))) if text.contains(digits.as_str()) => {
                Value::from(text.replace(&format!("+{digits}"), hash).replace(digits, hash))
            }
            (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_), _) => {
                value.clone()
            }
        }
    }
}

/// A phone number in one form, or the text as it is where it is none.
pub fn phone_or_text(text: &str) -> String {
    phone(text).unwrap_or_else(|InvalidPhone| text.to_owned())
}

/// A phone number in one form: `+` and 7 to 15 digits (E.164). Spaces, dots, dashes and brackets are
/// dropped; a leading `00` becomes `+`, and a number without either gets its `+`.
pub fn phone(text: &str) -> Result<String, InvalidPhone> {
    let plain: String = text.chars().filter(|c| !" .-()\u{a0}".contains(*c)).collect();
    let digits = plain.strip_prefix('+').or(plain.strip_prefix("00")).unwrap_or(&plain);
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    if all_digits && (DIGITS_MIN..=DIGITS_MAX).contains(&digits.len()) && !digits.starts_with('0') {
        return Ok(format!("+{digits}"));
    }
    Err(InvalidPhone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a18_the_plain_hash_is_sha256_of_the_number_with_its_plus() {
        // echo -n +34600000001 | sha256sum
        assert_eq!(PhoneHash::Plain.of("+34600000001"), "eb491b384e4fda42");
        assert_eq!(PhoneHash::Plain.of("34 600-000.001"), "eb491b384e4fda42");
    }

    #[test]
    fn a18_a_key_makes_the_hash_unguessable() {
        let (one, two) = (PhoneHash::Keyed(vec![1; 32]), PhoneHash::Keyed(vec![2; 32]));
        assert_ne!(one.of("+34600000001"), PhoneHash::Plain.of("+34600000001"));
        assert_ne!(one.of("+34600000001"), two.of("+34600000001"));
        assert_eq!(one.of("+34600000001").len(), 16);
    }

    #[test]
    fn a18_no_text_of_the_data_gives_the_number_away() {
        let data = json!({
            "wa_number": "+34 600 000 001", "conversation_id": "wa_34600000001",
            "nested": [{"phone": 34600000001_u64, "note": "call +34600000001"}], "party_size": 2,
        });
        let out = PhoneHash::Plain.redact(data.as_object().unwrap());
        let text = Value::Object(out.clone()).to_string();
        assert!(!text.contains("600000001") && !text.contains("600 000 001"), "{text}");
        assert_eq!(out.get("wa_number_hash"), Some(&json!("eb491b384e4fda42")));
        assert_eq!(out.get("party_size"), Some(&json!(2)));
    }

    #[test]
    fn a18_an_id_made_of_a_number_has_one_alias_whether_the_number_is_named_beside_it_or_not() {
        let data = |id: &str| json!({"conversation_id": id, "wa_number": "+34600000001"});
        for id in ["34600000001", "wa_34600000001", "+34600000001"] {
            let redacted = PhoneHash::Plain.redact(data(id).as_object().unwrap());
            let (alias, number) = PhoneHash::Plain.without_number(id).unwrap();
            assert_eq!(
                (redacted.get("conversation_id"), &*number),
                (Some(&json!(alias)), "+34600000001")
            );
            let alone = json!({"conversation_id": id});
            let alone = PhoneHash::Plain.redact_of(alone.as_object().unwrap(), Some(&number));
            assert_eq!(alone.get("conversation_id"), Some(&json!(alias)));
        }
        let keyed = PhoneHash::Keyed(vec![1; 32]);
        let alias = |hash: &PhoneHash| hash.without_number("34600000001").unwrap().0;
        let names = ["34600000001".to_owned(), alias(&keyed), alias(&PhoneHash::Plain)];
        assert_eq!(keyed.names_of("34600000001"), names);
        assert_eq!(keyed.names_of("conv_1"), ["conv_1"]);
        for id in ["conv_1", "c-123456", "0034600000001", "1234567890123456"] {
            assert_eq!(PhoneHash::Plain.without_number(id), None, "{id}");
        }
        for id in ["34600000001", "wa_34600000001"] {
            assert!(PhoneHash::may_be_told(&PhoneHash::Plain.without_number(id).unwrap().0));
            assert!(!PhoneHash::may_be_told(id));
        }
    }

    #[test]
    fn phones_come_in_many_writings_and_leave_in_one() {
        for text in ["+34600000001", "0034600000001", "34 600 000 001", "(+34)600-000-001"] {
            assert_eq!(phone(text).as_deref(), Ok("+34600000001"), "{text}");
        }
        for bad in ["", "+", "12345", "+34 6000 0000 0000 0001", "six", "+0034600", "+34600000a01"]
        {
            assert_eq!(phone(bad), Err(InvalidPhone), "{bad}");
        }
    }
}
