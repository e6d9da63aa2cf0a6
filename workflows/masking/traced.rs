//! What spans and logs do not show of what somebody else named: whatever may hold a telephone number or a mail address,
//! however it is written.
//!
//! Callers name what they like by numbers, and write them in more ways than anybody lists. So more digits in all than
//! harmless names have are a number here, whatever stands between them, and so is what looks like a text in base 64 or
//! 32. What is made by chance or of the time is known by its form and shown, and so are days: without them nothing would
//! be found by its trace.

use super::digits::{made_at, moment_at};

/// Whether an id, or another name that somebody chose, may hold a telephone number or a mail address.
pub fn may_name_somebody(text: &str) -> bool {
    if ADDRESSES.iter().any(|sign| text.contains(sign)) {
        return true;
    }
    let is_numeric = |letter: char| letter.is_numeric();
    if text.chars().filter(|letter| is_numeric(*letter)).count() <= DIGITS_MAX
        && !text.contains(|letter: char| letter.is_uppercase())
    {
        return false;
    }
    let letters: Vec<char> = text.chars().collect();
    let (mut at, mut digits) = (0, 0);
    while at < letters.len() {
        if let Some(length) = moment_at(&letters, at).or_else(|| made_at(&letters, at)) {
            at += length;
            continue;
        }
        let rest = letters.get(at..).unwrap_or_default();
        let length = rest.iter().take_while(|letter| letter.is_alphanumeric()).count();
        let word = rest.get(..length).unwrap_or_default();
        digits += word.iter().filter(|letter| is_numeric(**letter)).count();
        if digits > DIGITS_MAX || is_encoded(word) {
            return true;
        }
        at += length.max(1);
    }
    false
}

/// Whether a word may be a text in base 64 or 32: those have far more capitals in them than what people write, and digits
/// where they have nothing else.
fn is_encoded(word: &[char]) -> bool {
    let capitals = word.iter().filter(|letter| letter.is_uppercase()).count();
    word.len() >= ENCODED_MIN
        && 4 * capitals >= word.len()
        && !word.iter().all(|letter| letter.is_uppercase())
}

/// How the sign in a mail address is written, plainly, in a URL and in our own ids.
const ADDRESSES: [&str; 3] = ["@", "%40", "~40"];
/// Harmless names have no more digits in all; a telephone number has.
const DIGITS_MAX: usize = 6;
/// Seven digits in base 64 take as many letters.
const ENCODED_MIN: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a20_f05_what_holds_a_number_or_an_address_is_known_however_it_is_written() {
        for id in [
            "34600111888",
            "0034600111888",
            "600111888",
            "600-111-888",
            "600_111_888",
            "+34.600.111.888",
            "+34 (600) 111 888",
            "wa:34600111888",
            "msg_34600111888",
            "msg_0034600111888",
            "call-34600111888",
            "call-+34600111888:accepted",
            "34600111888:2026",
            "2026-11-27-600111888",
            "34600111888_34600111889",
            "shop:12345:67890",
            "conv34600111888",
            "x34600111888x",
            "tel%3A34600111888",
            "tel:%2B34600111888",
            "34600111888@s.whatsapp.net",
            "ana.perez%40mail.com",
            "ana.perez@mail.com:1",
            "ana~40mail.com",
            "wamid.HBgLMzQ2MDAxMTE4ODgVAgARGBI",
            "00000000-0000-0000-0000-034600111888",
            "٣٤٦٠٠١١١٨٨٨",
            "600/111/888",
            "6001-1188",
            "a6b0c0d1e1f1g8h8",
            "%36%30%30%31%31%31%38%38%38",
            "shop:12345:67890",
            "order.+34600111888.paid",
            "NjAwMTExODg4",
            "KzM0NjAwMTExODg4",
            "MTExMTExMQ==",
            "orders/dGVsOiszNDYwMDExMTg4OA",
            "GYYDAMJRGE4DQOA",
        ] {
            assert!(may_name_somebody(id), "{id}");
        }
    }

    #[test]
    fn a20_ids_that_are_made_days_and_short_numbers_are_shown() {
        let places = (0..200_000_u64).map(|step| {
            let place = crate::id::Sequence(1_795_000_000_000_000 + step * 7_654_321_987);
            format!("evt_{}", place.to_text())
        });
        let hidden = places.filter(|id| may_name_somebody(id)).count();
        assert!(hidden < 2_000, "{hidden} of 200,000 of our own");
        for id in [
            "evt_001j8x7k2m3n4",
            "inb_001j8x7k2m3n4:3",
            "conv_001jx2345678z",
            "github-550e8400-e29b-41d4-a716-446655440000",
            "550E8400-E29B-41D4-A716-446655440000:1",
            "01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "ce_0123456789abcdef0123456789abcdef",
            "order-5",
            "R-2026-11-27-00123",
            "2026-11-27T20:00:00",
            "shop:12345",
            "C-1",
            "PEDIDO-2026",
            "RESERVACIONES",
            "com.example.OrderShipped",
            "reservation.modified",
            "100%",
            "50%of",
        ] {
            assert!(!may_name_somebody(id), "{id}");
        }
    }
}
