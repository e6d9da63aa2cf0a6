//! Where stands what requests with keys of their own came to.

use sereno_workflows::id::{Sequence, TenantId};

use super::{numbered, table};

/// What the request with this key came to, by an earlier version: at whatever place.
pub fn answer(tenant: &TenantId, key: &str) -> Vec<u8> {
    let mut row = table(b'h', tenant);
    row.extend_from_slice(key.as_bytes());
    row
}

/// What the request with this key came to that came in at a place. A key is visible ASCII, so what follows it
/// belongs to no other.
pub fn answer_at(tenant: &TenantId, key: &str, place: Sequence) -> Vec<u8> {
    let mut row = answer(tenant, key);
    row.push(0);
    row.extend_from_slice(&place.0.to_be_bytes());
    row
}

/// The end of all rows of this key, the latest of which is the last.
pub fn answers_end(tenant: &TenantId, key: &str) -> Vec<u8> {
    let mut row = answer(tenant, key);
    row.push(1);
    row
}

/// Which key came in at a place.
pub fn place(tenant: &TenantId, place: Sequence) -> Vec<u8> {
    numbered(b'f', tenant, place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b01_the_rows_of_a_key_are_its_own_and_the_latest_is_the_last() {
        let tenant = "a".parse().unwrap();
        let (first, end) = (answer(&tenant, "key"), answers_end(&tenant, "key"));
        let at = |name, place| answer_at(&tenant, name, Sequence(place));
        assert!(first < at("key", 0) && at("key", 255) < at("key", 256));
        assert!(at("key", u64::MAX) < end);
        for other in ["key ", "key2", "kez", "ke"] {
            for row in [answer(&tenant, other), at(other, 0), at(other, u64::MAX)] {
                assert!(row < first || row > end, "{other}");
            }
        }
    }
}
