//! Where stands which deliveries of sources were taken, and until when that is remembered.

use sereno_workflows::id::{Sequence, TenantId};
use sereno_workflows::time::Timestamp;

use super::{moment, table, text};

/// A delivery of a source, by a digest of what tells it from others: by an earlier version, whenever it was
/// taken.
pub fn replay(tenant: &TenantId, source: &str, digest: &[u8; 16]) -> Vec<u8> {
    let mut key = table(b'r', tenant);
    text(&mut key, source);
    key.extend_from_slice(digest);
    key
}

/// The same, of one of the times that it was taken.
pub fn replay_at(tenant: &TenantId, source: &str, digest: &[u8; 16], letter: Sequence) -> Vec<u8> {
    let mut key = replay(tenant, source, digest);
    key.extend_from_slice(&letter.0.to_be_bytes());
    key
}

/// The place of a delivery in the order in which they are forgotten; the key of its row goes behind.
pub fn forgotten_at(tenant: &TenantId, until: Timestamp, replay: &[u8]) -> Vec<u8> {
    let mut key = forgotten_by(tenant, until);
    key.extend_from_slice(replay);
    key
}

/// The first place of a delivery that is remembered until then or longer.
pub fn forgotten_by(tenant: &TenantId, until: Timestamp) -> Vec<u8> {
    let mut key = table(b's', tenant);
    key.extend_from_slice(&moment(until));
    key
}

/// The row of the delivery at a place in that order.
pub fn of_forgotten<'a>(tenant: &TenantId, key: &'a [u8]) -> Option<&'a [u8]> {
    key.strip_prefix(&table(b's', tenant)[..])?.split_first_chunk::<8>().map(|(_, replay)| replay)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b05_deliveries_are_forgotten_in_the_order_of_their_times() {
        let tenant = "a".parse().unwrap();
        let row = replay(&tenant, "shop", &[7; 16]);
        let at = |until| forgotten_at(&tenant, Timestamp(until), &row);
        assert!(at(5) < at(300) && at(299) < forgotten_by(&tenant, Timestamp(300)));
        assert!(forgotten_by(&tenant, Timestamp(300)) < at(300));
        assert_eq!(of_forgotten(&tenant, &at(5)), Some(&row[..]));
        assert_ne!(replay(&tenant, "a", &[7; 16]), replay(&tenant, "b", &[7; 16]));
    }
}
