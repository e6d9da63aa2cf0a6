//! Where letters from outside stand, with their bodies and their line.

use sereno_workflows::id::{Sequence, TenantId};
use sereno_workflows::time::Timestamp;

use super::{moment, numbered, table};

/// A letter.
pub fn letter(tenant: &TenantId, sequence: Sequence) -> Vec<u8> {
    numbered(b'i', tenant, sequence)
}

/// The body of a letter.
pub fn body(tenant: &TenantId, sequence: Sequence) -> Vec<u8> {
    numbered(b'c', tenant, sequence)
}

/// A piece of the body of a letter.
pub fn body_piece(tenant: &TenantId, sequence: Sequence, piece: u16) -> Vec<u8> {
    let mut key = body(tenant, sequence);
    key.extend_from_slice(&piece.to_be_bytes());
    key
}

/// All letters of a tenant that are in line, the one that is due first first.
pub fn line(tenant: &TenantId) -> Vec<u8> {
    table(b'j', tenant)
}

/// A letter's place in line.
pub fn in_line(tenant: &TenantId, due: Timestamp, sequence: Sequence) -> Vec<u8> {
    let mut key = line(tenant);
    key.extend_from_slice(&moment(due));
    key.extend_from_slice(&sequence.0.to_be_bytes());
    key
}
