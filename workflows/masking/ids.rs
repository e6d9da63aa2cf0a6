//! Which ids give a person away, and which are nobody's.

use super::fields::{CALLED, PERSONS, plain};
use super::numbers::is_full_number;

pub(super) fn is_id(field: &str) -> bool {
    let endings = ["_id", "_ids", "_hash", "_hashes", "cursor", "_key"];
    let names = ["id", "ids", "key", "at", "digest", "csrf", "sku", "ean", "gtin", "barcode"];
    names.contains(&field) || endings.iter().any(|ending| field.ends_with(ending))
}

/// An id as it was given; inside the ids of timers `+` and `@` stand as `~2B` and `~40`.
pub(super) fn clear_id(id: &str) -> String {
    id.replace("~2B", "+").replace("~40", "@")
}

/// Whether an id of this field names a person or a conversation, which some call by its number.
pub(super) fn names_person(field: &str, of_person: bool) -> bool {
    let plain = plain(field);
    let Some(of) = plain.strip_suffix("ids").or_else(|| plain.strip_suffix("id")) else {
        return false;
    };
    PERSONS.contains(&of) || CALLED.contains(&of) || of_person && ["", "entity"].contains(&of)
}

/// Whether it is the id of a timer that such a conversation or person set.
pub(super) fn is_timer_of_number(id: &str) -> bool {
    let mut parts = id.split(':');
    parts.next().is_some_and(|kind| PERSONS.contains(&kind))
        && parts.next().is_some_and(|id| is_number(id) || is_hash(id))
}

/// Whether an id is a telephone number, or what leaves instead of one, with or without a word before it that says
/// so: `34600000012`, `wa_34600000012`, `wa_eb491b384e4fda42`.
pub(super) fn is_number(id: &str) -> bool {
    let bare = LINES.iter().find_map(|line| id.strip_prefix(line)?.strip_prefix(['_', '-', ':']));
    is_full_number(id) || bare.is_some_and(|bare| is_full_number(bare) || is_hash(bare))
}

/// Whether in a field of this name stands what leaves instead of a telephone number: all numbers that there are
/// can be tried, so it tells the number to whoever does.
pub(super) fn names_hash(field: &str) -> bool {
    field.ends_with("_hash") || field.ends_with("_hashes")
}

/// Whether a text has the form of it.
pub(super) fn is_hash(text: &str) -> bool {
    text.len() == HASH_LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// As long as [`crate::privacy::PhoneHash`] makes them.
const HASH_LENGTH: usize = 16;
/// What such an id begins with where it is of a telephone.
const LINES: [&str; 5] = ["wa", "whatsapp", "tel", "phone", "sms"];
