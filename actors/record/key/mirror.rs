//! Where stands how far a tenant was mirrored, and what the mirror must be told besides.

use sereno_workflows::id::{EntityKey, EntityKind, Sequence, TenantId};

use super::kind::entity_kind;
use super::{split_text, table};

/// How far a tenant was mirrored.
pub fn mirrored(tenant: &TenantId) -> Vec<u8> {
    place(&table(b'w', tenant), b'm')
}

/// All that is noted for the mirror.
pub fn notes(tenant: &TenantId) -> Vec<u8> {
    place(&table(b'w', tenant), b'n')
}

/// How many events went before they were mirrored.
pub fn lost(tenant: &TenantId) -> Vec<u8> {
    place(&table(b'w', tenant), b'l')
}

/// One thing that is noted for the mirror, in the table of whom another row's key belongs to.
pub fn note_beside(row: &[u8], number: Sequence) -> Option<Vec<u8>> {
    let mut key = place(&beside(row)?, b'n');
    key.extend_from_slice(&number.0.to_be_bytes());
    Some(key)
}

/// How many events went before they were mirrored, of whom another row's key belongs to.
pub fn lost_beside(row: &[u8]) -> Option<Vec<u8>> {
    Some(place(&beside(row)?, b'l'))
}

/// The tenant's part of a row's key: what follows the letter, and belongs to nobody else.
pub fn owner(row: &[u8]) -> Option<&[u8]> {
    let length = usize::from(*row.get(1)?);
    row.get(1..2 + length)
}

/// The tenant's part of all its keys.
pub fn owner_of(tenant: &TenantId) -> Vec<u8> {
    table(b'w', tenant).split_off(1)
}

/// The tenant whose part of a key this is.
pub fn tenant_of(owner: &[u8]) -> Option<TenantId> {
    std::str::from_utf8(owner.get(1..)?).ok()?.parse().ok()
}

/// Whether the state at this key has a row in the mirror.
pub(crate) fn is_mirrored_state(key: &[u8]) -> bool {
    let length = usize::from(key.get(1).copied().unwrap_or_default());
    let kind = key.get(2 + length).and_then(|&byte| entity_kind(byte));
    let has_row = |kind| match kind {
        EntityKind::Reservation
        | EntityKind::Handoff
        | EntityKind::Conversation
        | EntityKind::Lead => true,
        EntityKind::Tenant
        | EntityKind::DeadLetters
        | EntityKind::Alerts
        | EntityKind::Reports
        | EntityKind::Endpoint
        | EntityKind::Product => false,
    };
    kind.is_some_and(has_row)
}

/// The entity whose state is at this key.
pub(crate) fn of_state(key: &[u8]) -> Option<EntityKey> {
    let (_, rest) = split_text(key.strip_prefix(b"S")?)?;
    let (&kind, id) = rest.split_first()?;
    Some(EntityKey { kind: entity_kind(kind)?, id: std::str::from_utf8(id).ok()?.to_owned() })
}

fn beside(row: &[u8]) -> Option<Vec<u8>> {
    Some([&b"w"[..], owner(row)?].concat())
}

fn place(table: &[u8], what: u8) -> Vec<u8> {
    [table, &[what]].concat()
}

#[cfg(test)]
mod tests {
    use super::super::{event, table};
    use super::*;

    #[test]
    fn d08_notes_lie_in_the_table_of_their_tenant_alone() {
        let (a, ab): (TenantId, TenantId) = ("a".parse().unwrap(), "ab".parse().unwrap());
        let note = note_beside(&event(&ab, Sequence(1)), Sequence(7)).unwrap();
        assert!(note.starts_with(&notes(&ab)) && !note.starts_with(&table(b'w', &a)));
        assert_eq!(lost_beside(&event(&a, Sequence(1))), Some(lost(&a)));
        assert_eq!(owner(&event(&ab, Sequence(1))), Some(&owner_of(&ab)[..]));
        assert_eq!(tenant_of(&owner_of(&ab)), Some(ab));
        assert_eq!(note_beside(b"M", Sequence(1)), None);
    }
}
