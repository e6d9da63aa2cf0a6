//! In which seconds an endpoint was tried, beside the log that tells of all of them in the order of time.

use sereno_workflows::id::{EndpointId, Sequence, TenantId};

use super::{of_endpoint, sequence};

/// As many places as a second has.
const SECOND: u64 = 1_000_000;

/// That an attempt for an endpoint, or for any with the number 0, stands in the log in the second of this place.
pub fn second(tenant: &TenantId, id: EndpointId, sequence: Sequence) -> Vec<u8> {
    let mut key = of_endpoint(b'o', tenant, id);
    key.extend_from_slice(&second_of(sequence).to_be_bytes());
    key
}

/// The second in which a place is.
pub fn second_of(sequence: Sequence) -> u64 {
    sequence.0 / SECOND
}

/// Where the second of such a key begins, and where it ends.
pub fn span(key: &[u8]) -> Option<(Sequence, Sequence)> {
    let second = sequence(key)?.0;
    let start = |second: u64| Sequence(second.saturating_mul(SECOND));
    Some((start(second), start(second.saturating_add(1))))
}
