//! Where stands what requests with keys of their own came to.

use sereno_workflows::id::{Sequence, TenantId};

use super::{numbered, table};

/// What the request with this key came to.
pub fn answer(tenant: &TenantId, key: &str) -> Vec<u8> {
    let mut row = table(b'h', tenant);
    row.extend_from_slice(key.as_bytes());
    row
}

/// Which key came in at a place.
pub fn place(tenant: &TenantId, place: Sequence) -> Vec<u8> {
    numbered(b'f', tenant, place)
}
