//! In which condition a delivery is, in one word.

use sereno_workflows::id::EndpointId;

use crate::record::{AttemptStatus, DeliveryStatusRecord};
use crate::view::TenantView;

/// All the words, for those who ask by them.
pub const STANDINGS: [&str; 7] =
    ["pending", "retrying", "sent", "dead", "collected", "held", "cancelled"];

/// The condition of a delivery: its word, and why it does not go on where that is not its own doing.
pub fn standing(
    view: &TenantView,
    endpoint: EndpointId,
    status: Option<&DeliveryStatusRecord>,
) -> (&'static str, Option<&'static str>) {
    match status.map(|status| (status.status, status.attempts)) {
        Some((AttemptStatus::Sent, _)) => ("sent", None),
        Some((AttemptStatus::Dead, _)) => ("dead", None),
        Some((AttemptStatus::Collected, _)) => ("collected", None),
        Some((AttemptStatus::Withdrawn, _)) => ("cancelled", None),
        Some((AttemptStatus::Retrying, attempts)) => waiting(view, endpoint, attempts),
        None => waiting(view, endpoint, 0),
    }
}

fn waiting(
    view: &TenantView,
    endpoint: EndpointId,
    attempts: u32,
) -> (&'static str, Option<&'static str>) {
    match view.endpoints.get(&endpoint) {
        Some(found) if !found.config.enabled => ("held", Some("the endpoint is disabled")),
        None if !endpoint.is_own() => ("cancelled", Some("the endpoint was deleted")),
        Some(_) | None if attempts == 0 => ("pending", None),
        Some(_) | None => ("retrying", None),
    }
}
