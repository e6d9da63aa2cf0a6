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
        && parts.next().is_some_and(is_full_number)
}
