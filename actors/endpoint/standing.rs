//! In which condition a delivery is, in one word.

use sereno_workflows::id::{EndpointId, Sequence};
use sereno_workflows::statistics::Channel;

use super::config::Kind;
use crate::ledger::waiting::Road;
use crate::record::{AttemptStatus, DeliveryStatusRecord};
use crate::view::TenantView;

/// All the words, for those who ask by them.
pub const STANDINGS: [&str; 7] =
    ["pending", "retrying", "sent", "dead", "collected", "held", "cancelled"];

/// Those of them in which it waits, so that it can be cancelled.
pub const WAITING: [&str; 3] = ["pending", "retrying", "held"];

/// Why a delivery waits whose channel is paused.
pub(crate) const PAUSED: &str = "the channel is paused";

/// The condition of a delivery: its word, and why it does not go on where that is not its own doing. One that is
/// being tried is neither held nor cancelled, whatever happened to its endpoint meanwhile.
pub fn standing(
    view: &TenantView,
    place: (EndpointId, Sequence),
    status: Option<&DeliveryStatusRecord>,
) -> (&'static str, Option<&'static str>) {
    match status.map(|status| (status.status, status.attempts)) {
        Some((AttemptStatus::Sent, _)) => ("sent", None),
        Some((AttemptStatus::Dead, _)) => ("dead", None),
        Some((AttemptStatus::Collected, _)) => ("collected", None),
        Some((AttemptStatus::Withdrawn, _)) => ("cancelled", None),
        Some((AttemptStatus::Retrying, attempts)) => waiting(view, place, attempts),
        None => waiting(view, place, 0),
    }
}

fn waiting(
    view: &TenantView,
    (endpoint, delivery): (EndpointId, Sequence),
    attempts: u32,
) -> (&'static str, Option<&'static str>) {
    let goes_on = (if attempts == 0 { "pending" } else { "retrying" }, None);
    if view.live.is_under_way(endpoint, delivery) {
        return goes_on;
    }
    match view.endpoints.get(&endpoint) {
        Some(found) if !found.config.enabled => ("held", Some("the endpoint is disabled")),
        None if !endpoint.is_own() => ("cancelled", Some("the endpoint was deleted")),
        Some(_) | None if is_paused(view, endpoint) => ("held", Some(PAUSED)),
        Some(_) | None => goes_on,
    }
}

/// Whether nothing goes out for now by the channel of an endpoint.
pub(crate) fn is_paused(view: &TenantView, endpoint: EndpointId) -> bool {
    let channels = &view.policy.settings.channels;
    channel(view, endpoint).is_some_and(|channel| channels.is_paused(channel))
}

/// Whether what waits for an endpoint goes out: what is for disabled ones and paused channels is held, and waits
/// for nothing.
pub(crate) fn gets_any(view: &TenantView, endpoint: EndpointId) -> bool {
    let enabled = |id| view.endpoints.get(&id).is_some_and(|found| found.config.enabled);
    (endpoint.is_own() || enabled(endpoint)) && !is_paused(view, endpoint)
}

/// What becomes of what waits for an endpoint; of what is held, what is being tried all the same goes on.
pub(crate) fn road(view: &TenantView, endpoint: EndpointId) -> Road {
    match gets_any(view, endpoint) {
        true => Road::Open,
        false if view.has_endpoint(endpoint) => Road::Held(view.live.under_way(endpoint)),
        false => Road::Gone,
    }
}

/// By which channel the deliveries to an endpoint go out; nobody knows of one that was deleted.
pub fn channel(view: &TenantView, endpoint: EndpointId) -> Option<Channel> {
    match view.endpoints.get(&endpoint).map(|found| found.config.kind) {
        Some(Kind::Webhook) => Some(Channel::Webhook),
        Some(Kind::Slack) => Some(Channel::Slack),
        Some(Kind::Email) => Some(Channel::Email),
        Some(Kind::Whatsapp) => Some(Channel::Whatsapp),
        None if endpoint == EndpointId::CUSTOMERS => Some(Channel::Whatsapp),
        None if endpoint == EndpointId::READERS => Some(Channel::Email),
        None => None,
    }
}
