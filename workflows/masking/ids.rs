//! Which ids give a person away, and which are nobody's.

use super::digits::holds_number;
use super::fields::{CALLED, PERSONS, is_one_or_more, plain};
use super::harmless::is_one_word;
use super::hide_in;
use super::numbers::is_written_number;
use crate::answer::words;
use crate::privacy::{HASH_LENGTH, PhoneHash};

/// What holds an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    /// A person, or a conversation with one.
    Person,
    /// A booking, which is numbered itself, or called by what leaves instead of a number.
    Booking,
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
            () if is_one_or_more(name, &BOOKINGS) => Self::Booking,
            () if is_thing(name) => Self::Thing,
            () => Self::Unknown,
        }
    }
}

pub(super) fn is_id(field: &str) -> bool {
    let endings = ["_id", "_ids", "_hash", "_hashes", "cursor", "_key", "_keys"];
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
    let mut words = words(field);
    let Some(last) = words.pop().filter(|last| IDS.contains(&last.as_str())) else {
        let plain = plain(field);
        let of = plain.strip_suffix("ids").or_else(|| plain.strip_suffix("id"));
        return of.is_some_and(|of| PERSONS.contains(&of) || CALLED.contains(&of));
    };
    let of = words.concat();
    if ["", "entity"].contains(&&*of) {
        return holder == Holder::Person || theirs && holder == Holder::Unknown;
    }
    let is_thing = || of == OUR_LINE || words.last().is_some_and(|of| is_thing(of));
    let is_person = PERSONS.contains(&&*of) || CALLED.contains(&&*of);
    is_person && last.starts_with("id") || theirs && !is_thing()
}

/// Whether a field names a booking, which is called by what leaves instead of a number where its teller calls it by that.
pub(super) fn names_booking(field: &str, holder: Holder) -> bool {
    let of = plain(field);
    let of = of.strip_suffix("ids").or_else(|| of.strip_suffix("id"));
    of.is_some_and(|of| {
        BOOKINGS.contains(&of) || ["", "entity"].contains(&of) && holder == Holder::Booking
    })
}

/// Whether it is the id of a timer that such a conversation or person set.
pub(super) fn is_timer_of_number(id: &str) -> bool {
    let mut parts = id.split(':');
    let (kind, id) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    PERSONS.contains(&kind) && may_be_of_person(id) || BOOKINGS.contains(&kind) && holds_hash(id)
}

/// Whether an id of a person, or of a conversation with one, may be their number, or is what leaves instead of it.
pub(super) fn may_be_of_person(id: &str) -> bool {
    holds_contact(id) || is_number(id) || holds_hash(id)
}

/// Whether an id holds a telephone number or a mail address.
pub(super) fn holds_contact(id: &str) -> bool {
    let clear = unquoted(&clear_id(id));
    // WhatsApp's own ids of messages hold the number in base 64.
    clear.contains('@') && hide_in(&clear) != clear
        || clear.contains("wamid.")
        || holds_number(&clear)
}

/// What stands there for letters that a URL quotes.
fn unquoted(id: &str) -> String {
    let mut parts = id.split('%');
    let mut clear = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let quoted = part.get(..2).and_then(|two| u8::from_str_radix(two, 16).ok());
        match quoted.filter(u8::is_ascii) {
            Some(byte) => {
                clear.push(char::from(byte));
                clear.push_str(part.get(2..).unwrap_or_default());
            }
            None => {
                clear.push('%');
                clear.push_str(part);
            }
        }
    }
    clear
}

/// Whether what leaves instead of a number stands in an id.
pub(super) fn holds_hash(id: &str) -> bool {
    PhoneHash::may_be_told(id)
}

/// Whether an id stands behind what it is of, and gives that away.
pub(super) fn is_of_number(of: &str, id: &str) -> bool {
    PERSONS.contains(&of) && is_one_word(id) && may_be_of_person(id)
        || BOOKINGS.contains(&of) && is_one_word(id) && holds_hash(id)
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

/// What such an id begins with where it is of a telephone.
const LINES: [&str; 5] = ["wa", "whatsapp", "tel", "phone", "sms"];

/// What a field ends with that holds an id, or what is made of one.
const IDS: [&str; 6] = ["id", "ids", "hash", "hashes", "key", "keys"];
/// The number by which Meta knows the house's own line.
const OUR_LINE: &str = "phonenumber";
/// Bookings.
const BOOKINGS: [&str; 3] = ["reservation", "reserva", "booking"];

/// Whether what is called so is numbered itself, so that an id of it that is nothing but digits is nobody's number.
fn is_thing(name: &str) -> bool {
    is_one_or_more(name, &BOOKINGS) || is_one_or_more(name, &NUMBERED_THINGS)
}

const NUMBERED_THINGS: [&str; 95] = [
    "message",
    "mensaje",
    "mensagem",
    "msg",
    "order",
    "pedido",
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
    "page",
    "app",
    "form",
    "flow",
    "integration",
    "timer",
    "batch",
    "run",
    "build",
    "commit",
    "version",
    "digest",
    "action",
    "intent",
    "service",
    "subscription",
    "suscripcion",
    "assinatura",
    "ticket",
    "room",
    "plan",
    "session",
    "notification",
    "portfolio",
    "offer",
    "promotion",
    "document",
    "device",
    "correlation",
    "idempotency",
    "tienda",
    "loja",
];
