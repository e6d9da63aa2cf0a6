//! Where stands how events came through the pipeline, and what stands aside.

use sereno_workflows::id::{Sequence, TenantId};

use super::{numbered, table};

/// What storing and triggering took, for events up to this one.
pub fn times(tenant: &TenantId, last: Sequence) -> Vec<u8> {
    numbered(b'g', tenant, last)
}

/// An event that stands aside.
pub fn set_aside(tenant: &TenantId, event: Sequence) -> Vec<u8> {
    of_kind(0, tenant, event)
}

/// All pieces of the data of an event that stands aside.
pub fn input_pieces(tenant: &TenantId, event: Sequence) -> Vec<u8> {
    of_kind(1, tenant, event)
}

/// A piece of the data of an event that stands aside.
pub fn input_piece(tenant: &TenantId, event: Sequence, piece: u16) -> Vec<u8> {
    let mut key = input_pieces(tenant, event);
    key.extend_from_slice(&piece.to_be_bytes());
    key
}

/// The search index that was built from this ledger.
pub fn search() -> Vec<u8> {
    vec![b't']
}

fn of_kind(kind: u8, tenant: &TenantId, event: Sequence) -> Vec<u8> {
    let mut key = table(b'q', tenant);
    key.push(kind);
    key.extend_from_slice(&event.0.to_be_bytes());
    key
}
