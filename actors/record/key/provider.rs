//! Where stands what a provider says of a delivery after it has taken it, and a customer's window.

use sereno_workflows::id::{Sequence, TenantId};
use sereno_workflows::provider::ProviderStatus;

use super::{numbered, table};

/// Everything of a delivery that comes from its provider.
pub fn words(tenant: &TenantId, delivery: Sequence) -> Vec<u8> {
    numbered(b'u', tenant, delivery)
}

/// A provider's receipt of a delivery.
pub fn receipt(tenant: &TenantId, delivery: Sequence) -> Vec<u8> {
    let mut key = words(tenant, delivery);
    key.push(0);
    key
}

/// One thing that a provider said of a delivery.
pub fn word(tenant: &TenantId, delivery: Sequence, status: ProviderStatus) -> Vec<u8> {
    let mut key = words(tenant, delivery);
    key.push(match status {
        ProviderStatus::Sent => 1,
        ProviderStatus::Failed => 2,
        ProviderStatus::Delivered => 3,
        ProviderStatus::Read => 4,
        ProviderStatus::Played => 5,
    });
    key
}

/// What a provider said, by the last byte of its key; `None` for the receipt.
pub fn provider_status(byte: u8) -> Option<ProviderStatus> {
    let index = usize::from(byte).checked_sub(1)?;
    ProviderStatus::ALL.get(index).copied()
}

/// The delivery whose message a provider calls so.
pub fn message(tenant: &TenantId, message_id: &str) -> Vec<u8> {
    [&table(b'y', tenant), message_id.as_bytes()].concat()
}

/// Until when a customer may be written to freely.
pub fn window(tenant: &TenantId, number: &str) -> Vec<u8> {
    [&table(b'v', tenant), number.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d03_the_words_of_a_provider_sort_by_what_says_more() {
        let tenant = "a".parse().unwrap();
        let keys = ProviderStatus::ALL.map(|status| word(&tenant, Sequence(1), status));
        assert!(keys.is_sorted() && receipt(&tenant, Sequence(1)) < keys[0]);
        let read_back = keys.map(|key| provider_status(*key.last().unwrap()));
        assert_eq!(read_back, ProviderStatus::ALL.map(Some));
    }
}
