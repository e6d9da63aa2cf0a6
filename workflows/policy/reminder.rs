//! One reminder of a booking, as a tenant writes it.

use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::time::{self, Span};

/// One reminder: how long before the slot, under the name that the tenant wrote (`24h`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminder {
    /// The offset as written; the event is `reminder.<name>.sent`.
    pub name: String,
    /// The offset.
    pub before: Span,
}

impl FromStr for Reminder {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let before: Span = text.parse().map_err(|error: time::InvalidTime| error.to_string())?;
        if before.0 == 0 {
            return Err("must be longer than zero".to_owned());
        }
        Ok(Self { name: text.to_owned(), before })
    }
}

impl Serialize for Reminder {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }
}

impl<'de> Deserialize<'de> for Reminder {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
