//! Where stands who may in, and what was done by whom.

use sereno_workflows::id::{Sequence, TenantId};

use super::{numbered, table};

/// All one-time links, in the partition of what belongs to no tenant.
pub const LINKS: &[u8] = b"U";

/// All sessions that ended before their time, in the same partition.
pub const ENDED_SESSIONS: &[u8] = b"Y";

/// A one-time link, by its token's hash.
pub fn link(hash: &[u8; 32]) -> Vec<u8> {
    [LINKS, hash].concat()
}

/// A session that ended before its time.
pub fn ended_session(id: &[u8; 16]) -> Vec<u8> {
    [ENDED_SESSIONS, id].concat()
}

/// A tenant's audit log.
pub fn audit_log(tenant: &TenantId) -> Vec<u8> {
    table(b'z', tenant)
}

/// An entry of it.
pub fn audit(tenant: &TenantId, sequence: Sequence) -> Vec<u8> {
    numbered(b'z', tenant, sequence)
}
