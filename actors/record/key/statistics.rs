//! Where stands what was counted: slots in rings, so that their number is bounded without anybody cleaning,
//! and what was added since they were written.

use sereno_workflows::id::{Sequence, TenantId};
use sereno_workflows::statistics::Level;

use super::{numbered, table};

/// The slot at a place of a ring.
pub fn slot(tenant: &TenantId, level: Level, place: u32) -> Vec<u8> {
    at(b'a', tenant, level, place)
}

/// A further piece of a long slot.
pub fn slot_piece(tenant: &TenantId, level: Level, place: u32, piece: u8) -> Vec<u8> {
    let mut key = at(b'b', tenant, level, place);
    key.push(piece);
    key
}

/// What a group of commits added.
pub fn added(tenant: &TenantId, number: Sequence) -> Vec<u8> {
    numbered(b'd', tenant, number)
}

fn at(letter: u8, tenant: &TenantId, level: Level, place: u32) -> Vec<u8> {
    let mut key = table(letter, tenant);
    key.push(match level {
        Level::Seconds => 0,
        Level::Minute => 1,
        Level::Minutes => 2,
        Level::Hour => 3,
        Level::Ever => 4,
    });
    key.extend_from_slice(&place.to_be_bytes());
    key
}
