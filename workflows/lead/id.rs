//! The id of a lead: 16 hex digits that a number or a user id gives under the tenant's own key.
//!
//! A number gives the same id whenever it is asked for, and only who has the key can tell one from the
//! other: the id is the number itself, encrypted (a Feistel network of eight rounds over its 64 bits, each
//! an HMAC-SHA256). So a person of whom nothing but a booking is known has an id, and is found by it,
//! without a row that says so: the road of bookings is long and a row on it is dear.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What the ids of a tenant's leads are made with.
#[derive(Clone)]
pub struct LeadKey(Vec<u8>);

const PREFIX: &str = "lead_";
const ROUNDS: u8 = 8;
/// The smallest and the first too large number with its country code (E.164: 7 to 15 digits).
const NUMBERS: std::ops::Range<u64> = 1_000_000..1_000_000_000_000_000;

impl LeadKey {
    /// The key of a tenant.
    pub fn new(key: &[u8]) -> Self {
        Self(key.to_vec())
    }

    /// The id that a number gives, `+` and digits.
    pub fn of_number(&self, number: &str) -> Option<String> {
        let value: u64 = number.strip_prefix('+')?.parse().ok()?;
        let mut halves = split(Some(value).filter(|value| NUMBERS.contains(value))?);
        for round in 0..ROUNDS {
            halves = (halves.1, halves.0 ^ self.round(round, halves.1));
        }
        Some(format!("{PREFIX}{:016x}", joined(halves)))
    }

    /// The number that gives this id, if one does.
    pub fn number_of(&self, id: &str) -> Option<String> {
        let hex = id.strip_prefix(PREFIX).filter(|hex| hex.len() == 16)?;
        let mut halves = split(u64::from_str_radix(hex, 16).ok()?);
        for round in (0..ROUNDS).rev() {
            halves = (halves.1 ^ self.round(round, halves.0), halves.0);
        }
        let value = joined(halves);
        NUMBERS.contains(&value).then(|| format!("+{value}"))
    }

    /// The id that a user id gives, or another name of a person whose first id is taken.
    pub fn of_name(&self, name: &str) -> String {
        let digest = self.digest(&[b"name", name.as_bytes()]);
        let hex: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        format!("{PREFIX}{hex}")
    }

    fn round(&self, round: u8, half: u32) -> u32 {
        let digest = self.digest(&[b"number", &[round], &half.to_be_bytes()]);
        digest.first_chunk::<4>().map_or(0, |bytes| u32::from_be_bytes(*bytes))
    }

    fn digest(&self, parts: &[&[u8]]) -> [u8; 32] {
        match Hmac::<Sha256>::new_from_slice(&self.0) {
            Ok(mac) => {
                let mac = parts.iter().fold(mac, |mac, part| mac.chain_update(part));
                mac.finalize().into_bytes().into()
            }
            Err(_) => [0; 32],
        }
    }
}

impl std::fmt::Debug for LeadKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LeadKey")
    }
}

fn split(value: u64) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = value.to_be_bytes();
    (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]))
}

fn joined((high, low): (u32, u32)) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d05_an_id_hides_its_number_and_gives_it_back_under_the_key_alone() {
        let (one, two) = (LeadKey::new(&[1; 32]), LeadKey::new(&[2; 32]));
        let mut seen = std::collections::BTreeSet::new();
        for number in ["+1000000", "+34600000001", "+34600000002", "+999999999999999"] {
            let id = one.of_number(number).unwrap();
            assert_eq!(id.len(), 21);
            assert_eq!(one.number_of(&id).as_deref(), Some(number));
            assert_ne!(two.of_number(number), Some(id.clone()));
            assert_eq!(two.number_of(&id), None, "out of nowhere no number comes");
            assert!(!id.contains("600000001") && seen.insert(id));
        }
        for none in ["34600000001", "+1", "+1000000000000000", "+x"] {
            assert_eq!(one.of_number(none), None, "{none}");
        }
        assert_eq!(one.number_of("lead_1"), None);
        assert_eq!(one.number_of(&one.of_name("ES.1349120865")), None);
        assert_ne!(one.of_name("a"), one.of_name("b"));
    }
}
