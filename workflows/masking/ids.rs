//! Which ids give a person away, and which are nobody's.

use super::fields::{CALLED, PERSONS, is_one_or_more, plain};
use super::numbers::is_written_number;
use crate::answer::words;

/// What holds an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    /// A person, or a conversation with one.
    Person,
    /// Something that is numbered itself.
    Thing,
    /// Nobody knows.
    Unknown,
}

impl Holder {
    /// What is called so.
    pub(super) fn called(name: &str) -> Self {
        match () {
            () if is_one_or_more(name, &PERSONS) => Self::Person,
            () if is_one_or_more(name, &NUMBERED_THINGS) => Self::Thing,
            () => Self::Unknown,
        }
    }
}

pub(super) fn is_id(field: &str) -> bool {
    let endings = ["_id", "_ids", "_hash", "_hashes", "cursor", "_key"];
    let names = ["id", "ids", "key", "at", "digest", "csrf", "sku", "ean", "gtin", "barcode"];
    names.contains(&field) || endings.iter().any(|ending| field.ends_with(ending))
}

/// An id as it was given; inside the ids of timers `+` and `@` stand as `~2B` and `~40`.
pub(super) fn clear_id(id: &str) -> String {
    id.replace("~2B", "+").replace("~40", "@")
}

/// Whether an id of this field names a person or a conversation, which some call by its number. Of what somebody else made
/// it is one unless it is known to name a thing.
pub(super) fn names_person(field: &str, holder: Holder, theirs: bool) -> bool {
    let plain = plain(field);
    let Some(of) = plain.strip_suffix("ids").or_else(|| plain.strip_suffix("id")) else {
        return false;
    };
    if ["", "entity"].contains(&of) {
        return holder == Holder::Person || theirs && holder == Holder::Unknown;
    }
    let last = || {
        words(field)
            .iter()
            .rev()
            .nth(1)
            .is_some_and(|word| NUMBERED_THINGS.contains(&word.as_str()))
    };
    PERSONS.contains(&of) || CALLED.contains(&of) || theirs && is_id(field) && !last()
}

/// Whether it is the id of a timer that such a conversation or person set.
pub(super) fn is_timer_of_number(id: &str) -> bool {
    let mut parts = id.split(':');
    parts.next().is_some_and(|kind| PERSONS.contains(&kind))
        && parts.next().is_some_and(|id| is_number(id) || is_hash(id))
}

/// Whether an id is a telephone number however it is written, or what leaves instead of one, with or without a word before it
/// that says so: `34600000012`, `0034 600 000 012`, `wa_34600000012`, `wa_eb491b384e4fda42`.
pub(super) fn is_number(id: &str) -> bool {
    let bare = LINES.iter().find_map(|line| id.strip_prefix(line)?.strip_prefix(['_', '-', ':']));
    let abroad = id.strip_prefix("00").or_else(|| id.strip_prefix('+'));
    is_written_number(id)
        || bare.is_some_and(|bare| is_written_number(bare) || is_hash(bare))
        || abroad.is_some_and(is_hash)
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

/// What is numbered itself, so that an id of it that is nothing but digits is nobody's number.
const NUMBERED_THINGS: [&str; 90] = [
    "message",
    "messages",
    "mensaje",
    "mensagem",
    "msg",
    "order",
    "pedido",
    "reservation",
    "reserva",
    "booking",
    "appointment",
    "cita",
    "product",
    "producto",
    "produto",
    "item",
    "variant",
    "sku",
    "cart",
    "checkout",
    "payment",
    "pago",
    "pagamento",
    "transaction",
    "invoice",
    "factura",
    "fatura",
    "charge",
    "refund",
    "shipment",
    "return",
    "campaign",
    "campana",
    "campanha",
    "ad",
    "template",
    "plantilla",
    "event",
    "evento",
    "delivery",
    "endpoint",
    "webhook",
    "trace",
    "span",
    "request",
    "response",
    "table",
    "mesa",
    "restaurant",
    "restaurante",
    "store",
    "tienda",
    "loja",
    "venue",
    "branch",
    "location",
    "place",
    "shop",
    "tenant",
    "menu",
    "dish",
    "category",
    "coupon",
    "job",
    "task",
    "file",
    "media",
    "image",
    "catalog",
    "catalogue",
    "page",
    "app",
    "form",
    "flow",
    "number",
    "line",
    "integration",
    "channel",
    "timer",
    "batch",
    "run",
    "build",
    "commit",
    "version",
    "digest",
    "call",
    "action",
    "intent",
    "source",
    "service",
];
