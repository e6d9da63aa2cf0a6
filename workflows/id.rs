//! Names of things: tenants, endpoints, entities and places in the tenant's log.
//!
//! Each is a type of its own, so that a tenant's name can never be passed where an event's belongs.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::time::Timestamp;

/// Longest id accepted from outside, in bytes.
pub const ID_BYTES_MAX: usize = 128;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct InvalidId(pub String);

/// A customer of the service: 1 to 63 of `a-z 0-9 - _`, beginning with a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TenantId(Arc<str>);

impl TenantId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TenantId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
        let begins_well = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        if text.len() <= 63 && begins_well && text.chars().all(allowed) {
            return Ok(Self(text.into()));
        }
        Err(InvalidId(
            "a tenant id is 1 to 63 of a-z, 0-9, '-' and '_', beginning with a letter or digit"
                .to_owned(),
        ))
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The caller's id of an event, unique within its tenant; a second event with it is a duplicate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventId(String);

impl EventId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EventId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        checked(text).map(Self)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A destination of notifications, numbered from 1 within its tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EndpointId(pub u32);

impl EndpointId {
    /// The tenant's own WhatsApp line, over which customers are reminded and answered.
    pub const CUSTOMERS: Self = Self(0);
    /// The tenant's mail server, over which its reports go to their readers.
    pub const READERS: Self = Self(u32::MAX);

    /// What its own road is called, where it is no endpoint that somebody made; its number says nothing then.
    pub fn own_road(self) -> Option<&'static str> {
        match self {
            Self::CUSTOMERS => Some("customers"),
            Self::READERS => Some("readers"),
            Self(_) => None,
        }
    }

    /// Whether it is a road of the tenant's own, which is always there, and no endpoint that somebody made.
    pub fn is_own(self) -> bool {
        self == Self::CUSTOMERS || self == Self::READERS
    }
}

impl fmt::Display for EndpointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.own_road() {
            Some(road) => f.write_str(road),
            None => write!(f, "{}", self.0),
        }
    }
}

/// A place in time order: microseconds since 1970 at which a thing was recorded, never given twice.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Sequence(pub u64);

const BASE32: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl Sequence {
    /// The first sequence of a moment: sequences count microseconds.
    pub fn at(moment: Timestamp) -> Self {
        Self(u64::try_from(moment.0).unwrap_or(0).saturating_mul(1_000))
    }

    /// The moment in which it was given.
    pub fn moment(self) -> Timestamp {
        Timestamp(i64::try_from(self.0 / 1_000).unwrap_or(i64::MAX))
    }

    /// The next one.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// 13 characters of Crockford base 32; their order is the sequence's order.
    pub fn to_text(self) -> String {
        let digit = |place: u32| BASE32.get(usize::try_from((self.0 >> (place * 5)) & 31).ok()?);
        let mut text = String::with_capacity(13);
        text.extend((0..13).rev().filter_map(digit).map(|&byte| char::from(byte)));
        text
    }

    /// Reads what [`Sequence::to_text`] wrote.
    pub fn from_text(text: &str) -> Option<Self> {
        if text.len() != 13 {
            return None;
        }
        let mut value = 0_u64;
        for byte in text.bytes() {
            let digit = BASE32.iter().position(|&b| b == byte)?;
            value = value.checked_mul(32)?.checked_add(u64::try_from(digit).ok()?)?;
        }
        Some(Self(value))
    }
}

/// What kind of thing lives as a persistent actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EntityKind {
    /// One booking.
    Reservation,
    /// One conversation that waits for a person.
    Handoff,
    /// The tenant as a whole: its breaches and incidents.
    Tenant,
    /// All dead letters of the tenant.
    DeadLetters,
    /// One endpoint, which its tenant looks after.
    Endpoint,
    /// One conversation with a customer.
    Conversation,
    /// One person who writes, calls or buys.
    Lead,
    /// One product that customers looked at.
    Product,
    /// All alerts of the tenant.
    Alerts,
    /// All reports of the tenant.
    Reports,
}

impl EntityKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Reservation,
        Self::Handoff,
        Self::Tenant,
        Self::DeadLetters,
        Self::Endpoint,
        Self::Conversation,
        Self::Lead,
        Self::Product,
        Self::Alerts,
        Self::Reports,
    ];

    /// The kind as it stands in paths and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reservation => "reservation",
            Self::Handoff => "handoff",
            Self::Tenant => "tenant",
            Self::DeadLetters => "dead-letters",
            Self::Endpoint => "endpoint",
            Self::Conversation => "conversation",
            Self::Lead => "lead",
            Self::Product => "product",
            Self::Alerts => "alerts",
            Self::Reports => "reports",
        }
    }

    /// The kind that is written so.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One persistent actor of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EntityKey {
    /// What it is.
    pub kind: EntityKind,
    /// The caller's id of it: a reservation's id, a conversation's id.
    pub id: String,
}

impl EntityKey {
    /// The reservation with this id.
    pub fn reservation(id: &str) -> Self {
        Self { kind: EntityKind::Reservation, id: id.to_owned() }
    }

    /// The handoff of this conversation.
    pub fn handoff(conversation_id: &str) -> Self {
        Self { kind: EntityKind::Handoff, id: conversation_id.to_owned() }
    }

    /// The conversation with this id.
    pub fn conversation(id: &str) -> Self {
        Self { kind: EntityKind::Conversation, id: id.to_owned() }
    }

    /// The lead with this id.
    pub fn lead(id: &str) -> Self {
        Self { kind: EntityKind::Lead, id: id.to_owned() }
    }

    /// The product with this number in the shop.
    pub fn product(sku: &str) -> Self {
        Self { kind: EntityKind::Product, id: sku.to_owned() }
    }

    /// The one entity that watches its tenant as a whole.
    pub fn tenant() -> Self {
        Self { kind: EntityKind::Tenant, id: "tenant".to_owned() }
    }

    /// The one entity that watches its tenant's dead letters.
    pub fn dead_letters() -> Self {
        Self { kind: EntityKind::DeadLetters, id: "dead-letters".to_owned() }
    }

    /// The one entity that watches what its tenant counts.
    pub fn alerts() -> Self {
        Self { kind: EntityKind::Alerts, id: "alerts".to_owned() }
    }

    /// The one entity that makes its tenant's reports.
    pub fn reports() -> Self {
        Self { kind: EntityKind::Reports, id: "reports".to_owned() }
    }

    /// An endpoint.
    pub fn endpoint(id: EndpointId) -> Self {
        Self { kind: EntityKind::Endpoint, id: id.to_string() }
    }

    /// The endpoint that this is, if it is one.
    pub fn as_endpoint(&self) -> Option<EndpointId> {
        match self.kind {
            EntityKind::Endpoint => self.id.parse().ok().map(EndpointId),
            EntityKind::Reservation
            | EntityKind::Handoff
            | EntityKind::Tenant
            | EntityKind::DeadLetters
            | EntityKind::Alerts
            | EntityKind::Reports
            | EntityKind::Conversation
            | EntityKind::Lead
            | EntityKind::Product => None,
        }
    }
}

impl fmt::Display for EntityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.as_str(), self.id)
    }
}

/// Accepts a text as an id from outside: 1 to [`ID_BYTES_MAX`] bytes without control characters.
pub fn checked(text: &str) -> Result<String, InvalidId> {
    if text.is_empty() {
        return Err(InvalidId("must not be empty".to_owned()));
    }
    if text.len() > ID_BYTES_MAX {
        return Err(InvalidId(format!("must have at most {ID_BYTES_MAX} bytes")));
    }
    if text.chars().any(is_unseen) {
        return Err(InvalidId(
            "must not contain control characters, nor any that turn a text around".to_owned(),
        ));
    }
    if [".", ".."].contains(&text) {
        return Err(InvalidId("must not be '.' or '..', which no address can hold".to_owned()));
    }
    Ok(text.to_owned())
}

/// Whether a letter is not seen itself, so that two texts look alike that are not, or changes how those around it are:
/// control characters, those by which a text turns around (Unicode's Bidi_Control), and what takes no room. What joins the
/// letters of a word, as Persian and emoji need it, is neither.
pub fn is_unseen(letter: char) -> bool {
    let turns = matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_empty = matches!(letter, '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
        | '\u{200b}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}');
    letter.is_control() || turns || is_empty
}

#[cfg(test)]
mod tests {
    use serde::de::IntoDeserializer;
    use serde::de::value::Error;

    use super::*;

    #[test]
    fn f01_every_kind_that_can_be_written_down_is_among_all_and_found_by_its_word() {
        // What serde numbers is what there is: a new kind cannot be left out of the list.
        let read = |number: u32| {
            EntityKind::deserialize(IntoDeserializer::<Error>::into_deserializer(number))
        };
        let written: Vec<EntityKind> = (0..).map_while(|number| read(number).ok()).collect();
        assert_eq!(written, EntityKind::ALL);
        for kind in EntityKind::ALL {
            assert_eq!(EntityKind::named(kind.as_str()), Some(kind));
        }
    }

    #[test]
    fn tenant_ids_are_plain_slugs() {
        for good in ["a", "default", "la-trattoria_2", "9lives"] {
            assert!(good.parse::<TenantId>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "A", "a b", "a/b", "ñ", &"x".repeat(64)] {
            assert!(bad.parse::<TenantId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn sequence_text_keeps_value_and_order() {
        let (low, high) = (Sequence(1_763_900_000_000_000), Sequence(u64::MAX));
        assert_eq!(Sequence::from_text(&low.to_text()), Some(low));
        assert_eq!(Sequence::from_text(&high.to_text()), Some(high));
        assert!(low.to_text() < high.to_text());
        assert_eq!(Sequence::from_text("zzzzzzzzzzzzz"), None, "more than 64 bits");
        assert_eq!(Sequence::from_text("short"), None);
    }

    #[test]
    fn b01_an_id_that_no_address_holds_or_that_turns_a_text_around_is_none() {
        for id in [
            "..",
            ".",
            "R-1\u{202e}",
            "R-1\u{200b}",
            "\u{feff}R",
            "R\u{2060}1",
            "R\u{ad}1",
            "\u{2066}x",
            "a\nb",
            "",
        ] {
            assert!(checked(id).is_err(), "{id:?}");
        }
        for id in ["...", "R-1", "año", "..a"] {
            assert!(checked(id).is_ok(), "{id}");
        }
    }
}
