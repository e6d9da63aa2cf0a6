//! Which ids spans and logs do not show: what may hold a telephone number or a mail address, however it is written.
//!
//! Callers name what they like by numbers, so what holds as many digits as one is one here too. What we make ourselves is
//! known by its form and shown, and so are days: without them nothing would be found by its trace.

use super::digits::holds_number;
use super::hide_in;
use super::ids::clear_id;

/// Whether an id may hold a telephone number or a mail address.
pub fn may_name_somebody(id: &str) -> bool {
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
            "shop:1234:5678",
            "C-1",
            "100%",
            "50%of",
        ] {
            assert!(!may_name_somebody(id), "{id}");
        }
    }
}
