//! Where signed deliveries come in from: how each source proves itself, and what becomes of what it sends.
//!
//! A source is one sender under one address, `/webhooks/in/{tenant}/{source}`. Exactly one verifier counts
//! for it, the one that is configured: what other headers a request carries changes nothing.

mod bird;
pub mod built_in;
mod check;
pub mod map;
mod scheme;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map as Object, Value};

pub use self::check::check;
use self::map::Map;
pub use self::scheme::{Algorithm, Encoding, Verifier};
use crate::invalid::Invalid;
use crate::throttle::Allowed;

/// The most sources of one tenant.
pub const SOURCES_MAX: usize = 50;
/// The most secrets of one source: the present one, and those that it is being rotated from.
pub const SECRETS_MAX: usize = 4;
/// The longest secret, in bytes.
pub const SECRET_BYTES_MAX: usize = 1_024;
/// The fewest bytes of a secret that people choose themselves; providers give their own.
pub const SECRET_BYTES_MIN: usize = 8;
/// The longest name of a source, and of a header.
pub const NAME_BYTES_MAX: usize = 63;
/// The longest address, in bytes.
pub const URL_BYTES_MAX: usize = 2_048;

/// A tenant's sources by their names.
pub type Sources = BTreeMap<String, Source>;

/// One source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// How it proves itself.
    pub verifier: Verifier,
    /// What it proves itself with; several while one is being replaced, any of which will do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
    /// Whether anything is taken from it.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// The address as the sender has it, where that is signed too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What becomes of what it sends; the built-in way of its verifier where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<Map>,
    /// How much it may send; the tenant's way where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<SourceLimit>,
    /// `basic`: the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// `hmac` and `header`: where the signature or the secret stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// `hmac`: the hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<Algorithm>,
    /// `hmac`: how the signature is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// `hmac`: what stands before the signature, such as `sha256=`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// `hmac`: where the time of sending stands, in seconds since 1970; it must be signed too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp_header: Option<String>,
    /// Where the delivery's own id stands, the same when it is sent again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_header: Option<String>,
    /// `hmac`: what is signed, of `{body}`, `{timestamp}` and `{id}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<String>,
    /// `sereno`: whether types that are not in the catalogue are taken.
    #[serde(default, skip_serializing_if = "UnknownTypes::is_refuse")]
    pub unknown_types: UnknownTypes,
    /// `none`: that anybody may send, and this is meant.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_unsigned: bool,
}

/// What becomes of an event whose type is not in the catalogue (row B08).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownTypes {
    /// It is refused with 400.
    #[default]
    Refuse,
    /// It is taken as any other.
    Store,
}

impl UnknownTypes {
    fn is_refuse(&self) -> bool {
        *self == Self::Refuse
    }
}

/// How much one source may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceLimit {
    /// Requests in a minute, in the long run; 0 for any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_minute: Option<u32>,
    /// Requests in a minute from one address, in the long run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_ip_per_minute: Option<u32>,
    /// So many at once after a rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<u32>,
}

impl SourceLimit {
    /// What all of the source's senders may send together, where this says.
    pub fn of_all(self) -> Option<Allowed> {
        self.per_minute.map(|most| Allowed { per_minute: most, burst: self.burst.unwrap_or(most) })
    }

    /// What one address may send, where this says.
    pub fn of_each(self) -> Option<Allowed> {
        let most = self.per_ip_per_minute.filter(|most| *most > 0)?;
        Some(Allowed { per_minute: most, burst: self.burst.unwrap_or(most) })
    }
}

fn yes() -> bool {
    true
}

/// What is signed, where a source does not say.
const SIGNED: &str = "{body}";
const SIGNED_WITH_TIME: &str = "{timestamp}.{body}";

impl Source {
    /// What an `hmac` source signs.
    pub fn signed(&self) -> &str {
        match (&self.signed, &self.timestamp_header) {
            (Some(signed), _) => signed,
            (None, Some(_)) => SIGNED_WITH_TIME,
            (None, None) => SIGNED,
        }
    }

    /// The source as it is shown, without its secrets.
    pub fn shown(&self) -> Value {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        if let Some(map) = value.as_object_mut() {
            map.remove("secrets");
        }
        value
    }
}

/// All sources as they are shown.
pub fn shown(sources: &Sources) -> Value {
    sources.iter().map(|(name, source)| (name.clone(), source.shown())).collect()
}

/// Puts the short ways to write a source of a change in their long form: `secret` is `secrets` of one, and another
/// verifier takes nothing over that it would not use, and no secret.
pub fn spell_out(patch: &mut Object<String, Value>, present: &Sources) -> Result<(), Invalid> {
    let Some(Value::Object(sources)) = patch.get_mut("sources") else { return Ok(()) };
    for (name, source) in sources {
        match source {
            Value::Null => {}
            Value::Object(source) => {
                let place = || format!("sources.{name}");
                spell_out_one(source).map_err(|invalid| invalid.inside(&place()))?;
                if let Some(present) = present.get(name) {
                    let_go(source, present.verifier);
                }
            }
            _ => return Err(Invalid::new(format!("sources.{name}"), "must be an object")),
        }
    }
    Ok(())
}

/// Where a change names another verifier: has what only the present one used go, unless the change says it anew.
fn let_go(change: &mut Object<String, Value>, present: Verifier) {
    let named = change.get("verifier").and_then(|name| Verifier::deserialize(name).ok());
    let Some(other) = named.filter(|other| *other != present) else { return };
    let gone = present.options().iter().filter(|name| !other.options().contains(*name));
    for name in gone.copied().chain(["secrets"]) {
        change.entry(name).or_insert(Value::Null);
    }
}

/// The same for one source.
fn spell_out_one(source: &mut Object<String, Value>) -> Result<(), Invalid> {
    match (source.remove("secret"), source.contains_key("secrets")) {
        (None, _) | (Some(Value::Null), true) => Ok(()),
        (Some(Value::Null), false) => {
            source.insert("secrets".to_owned(), Value::Null);
            Ok(())
        }
        (Some(_), true) => Err(Invalid::new("secret", "stands beside secrets; give one of both")),
        (Some(Value::String(secret)), false) => {
            source.insert("secrets".to_owned(), Value::from(vec![secret]));
            Ok(())
        }
        (Some(_), false) => Err(Invalid::new("secret", "must be a text")),
    }
}

#[cfg(test)]
mod tests;
