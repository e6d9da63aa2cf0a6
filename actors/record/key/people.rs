//! Where stands who is who, what happened to them, and what they looked at.

use sereno_workflows::id::{Sequence, TenantId};
use sereno_workflows::lead::Name;

use super::{split_text, table, text};

/// The lead that goes by this name.
pub fn name(tenant: &TenantId, name: &Name) -> Vec<u8> {
    let mut key = table(b'l', tenant);
    let (letter, name) = match name {
        Name::User(id) => (b'u', id),
        Name::Phone(number) => (b'p', number),
    };
    key.push(letter);
    key.extend_from_slice(name.as_bytes());
    key
}

/// The booking, or the conversation and its handoff, that is told of by this name.
pub fn told(tenant: &TenantId, is_booking: bool, name: &str) -> Vec<u8> {
    let mut key = table(b'l', tenant);
    key.push(if is_booking { b'b' } else { b'c' });
    key.extend_from_slice(name.as_bytes());
    key
}

/// All lines of the history of a lead, a number or a conversation without a lead.
pub fn history(tenant: &TenantId, owner: &str) -> Vec<u8> {
    let mut key = table(b'm', tenant);
    text(&mut key, owner);
    key
}

/// One line.
pub fn history_line(tenant: &TenantId, owner: &str, line: Sequence) -> Vec<u8> {
    let mut key = history(tenant, owner);
    key.extend_from_slice(&line.0.to_be_bytes());
    key
}

/// Whose a row is that begins with a length and a text, as lines of histories and bookings of numbers do.
pub fn owner(table: &[u8], key: &[u8]) -> Option<String> {
    split_text(key.strip_prefix(table)?).map(|(owner, _)| owner.to_owned())
}

/// All rows of such a table that are this one's.
pub fn owner_prefix(table: &[u8], owner: &str) -> Vec<u8> {
    let mut key = table.to_vec();
    text(&mut key, owner);
    key
}

/// All who looked at a product, in the order of their leads.
pub fn viewers(tenant: &TenantId, sku: &str) -> Vec<u8> {
    let mut key = table(b'p', tenant);
    text(&mut key, sku);
    key
}

/// One who looked at a product.
pub fn viewer(tenant: &TenantId, sku: &str, lead: &str) -> Vec<u8> {
    let mut key = viewers(tenant, sku);
    key.extend_from_slice(lead.as_bytes());
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d05_no_ones_history_lies_inside_anothers() {
        let tenant = "a".parse().unwrap();
        let line = history_line(&tenant, "+346000000012", Sequence(1));
        let prefix = history(&tenant, "+34600000001");
        assert!(!line.starts_with(&prefix));
        assert_eq!(owner(&table(b'm', &tenant), &line).as_deref(), Some("+346000000012"));
        let (user, phone) = (Name::User("+34".into()), Name::Phone("+34".into()));
        assert_ne!(name(&tenant, &user), name(&tenant, &phone));
    }
}
