//! Dead letters by their endpoints, beside those of all in the order in which they were made; and what of their causes
//! somebody has taken note of.

use sereno_workflows::dead_letters::Fault;
use sereno_workflows::id::{EndpointId, Sequence, TenantId};

use super::{of_endpoint, table, text};

/// That a dead letter is this endpoint's.
pub fn of(tenant: &TenantId, id: EndpointId, delivery: Sequence) -> Vec<u8> {
    let mut key = of_endpoint(b'x', tenant, id);
    key.extend_from_slice(&delivery.0.to_be_bytes());
    key
}

/// That this is said of every dead letter: of those too that were there before it was said of any.
pub fn are_all_noted(tenant: &TenantId) -> Vec<u8> {
    of_endpoint(b'x', tenant, EndpointId(0))
}

/// All causes of dead letters that somebody has taken note of.
pub fn acknowledged(tenant: &TenantId) -> Vec<u8> {
    table(b'k', tenant)
}

/// One of them.
pub fn acknowledged_cause(tenant: &TenantId, fault: Fault, cause: &str) -> Vec<u8> {
    let mut key = acknowledged(tenant);
    text(&mut key, fault.as_str());
    key.extend_from_slice(cause.as_bytes());
    key
}
