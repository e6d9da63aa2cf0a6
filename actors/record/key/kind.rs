//! The letters by which keys name kinds of entities.

use sereno_workflows::id::EntityKind;

/// The letter of a kind.
pub(super) fn kind(kind: EntityKind) -> u8 {
    match kind {
        EntityKind::Reservation => b'r',
        EntityKind::Handoff => b'h',
        EntityKind::Tenant => b't',
        EntityKind::DeadLetters => b'x',
        EntityKind::Endpoint => b'e',
        EntityKind::Conversation => b'c',
        EntityKind::Lead => b'l',
        EntityKind::Product => b'p',
        EntityKind::Alerts => b'a',
        EntityKind::Reports => b'w',
    }
}

/// The kind of a letter.
pub(super) fn entity_kind(byte: u8) -> Option<EntityKind> {
    match byte {
        b'r' => Some(EntityKind::Reservation),
        b'h' => Some(EntityKind::Handoff),
        b't' => Some(EntityKind::Tenant),
        b'x' => Some(EntityKind::DeadLetters),
        b'e' => Some(EntityKind::Endpoint),
        b'c' => Some(EntityKind::Conversation),
        b'l' => Some(EntityKind::Lead),
        b'p' => Some(EntityKind::Product),
        b'a' => Some(EntityKind::Alerts),
        b'w' => Some(EntityKind::Reports),
        _ => None,
    }
}
