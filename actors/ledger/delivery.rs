//! Deliveries, found by their own ids.

use sereno_workflows::id::{EndpointId, Sequence, TenantId};
use sereno_workflows::time::Timestamp;

use super::{Ledger, LedgerError};
use crate::limits;
use crate::record::{DeliveryRecord, DeliveryStatusRecord, EventRecord, LogRecord, key};

/// A delivery with its event, and how it stands once it was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where the event stands.
    pub place: Sequence,
    /// The event.
    pub event: EventRecord,
    /// To whom it goes.
    pub endpoint: EndpointId,
    /// Which delivery it is.
    pub delivery: Sequence,
    /// How it stands; nothing before the first attempt of one that its event names.
    pub status: Option<DeliveryStatusRecord>,
}

impl Ledger {
    /// Whether a delivery was made long after its event, for an endpoint that had not got it.
    pub fn is_late(&self, tenant: &TenantId, delivery: Sequence) -> Result<bool, LedgerError> {
        Ok(self.late_event(tenant, delivery)?.is_some())
    }

    fn late_event(
        &self,
        tenant: &TenantId,
        delivery: Sequence,
    ) -> Result<Option<Sequence>, LedgerError> {
        let late = self.store.get(key::partition(tenant), &key::late(tenant, delivery))?;
        Ok(late.as_deref().and_then(key::sequence))
    }

    /// A delivery by its own place, which says when it was made: right after its event, except for
    /// those that are noted as late.
    pub fn find_delivery(
        &self,
        tenant: &TenantId,
        delivery: Sequence,
    ) -> Result<Option<Found>, LedgerError> {
        if let Some(place) = self.late_event(tenant, delivery)? {
            let Some(event) = self.event(tenant, place)? else { return Ok(None) };
            return self.delivery_of(tenant, (place, event), delivery);
        }
        let (mut before, mut looked_at) = (delivery.next(), 0);
        while looked_at < limits::EVENTS_BESIDE_MAX {
            let most = limits::EVENTS_BESIDE_MAX - looked_at;
            let events = self.events(tenant, before, Sequence(0), most)?;
            if events.is_empty() {
                break;
            }
            looked_at += events.len();
            for (place, event) in events {
                before = place;
                if let Some(found) = self.delivery_of(tenant, (place, event), delivery)? {
                    return Ok(Some(found));
                }
            }
        }
        Ok(None)
    }

    /// A delivery, if it is this event's.
    fn delivery_of(
        &self,
        tenant: &TenantId,
        (place, event): (Sequence, EventRecord),
        delivery: Sequence,
    ) -> Result<Option<Found>, LedgerError> {
        let status = self.status(tenant, place, delivery)?;
        let own = event.deliveries.to_vec().into_iter().find(|(_, own)| *own == delivery);
        let endpoint = own.map(|(endpoint, _)| endpoint);
        let known = status.as_ref().map(|status| EndpointId(status.endpoint));
        let endpoint = endpoint.or(known);
        Ok(endpoint.map(|endpoint| Found { place, event, endpoint, delivery, status }))
    }

    /// All deliveries of an event: those to endpoints that it names, then those that were made later and what goes
    /// with it to customers and readers, tried or not.
    pub fn deliveries_of(
        &self,
        tenant: &TenantId,
        place: Sequence,
        event: &EventRecord,
    ) -> Result<Vec<Delivered>, LedgerError> {
        let statuses = self.statuses(tenant, place, limits::DELIVERIES_PER_EVENT_MAX)?;
        let mut statuses: std::collections::BTreeMap<_, _> = statuses.into_iter().collect();
        let mut all: Vec<Delivered> = Vec::new();
        for (endpoint, delivery) in event.deliveries.to_vec() {
            all.push((endpoint, delivery, statuses.remove(&delivery)));
        }
        for (delivery, status) in statuses {
            all.push((EndpointId(status.endpoint), delivery, Some(status)));
        }
        Ok(all)
    }

    /// How a delivery stands, if it was tried.
    pub fn status(
        &self,
        tenant: &TenantId,
        event: Sequence,
        delivery: Sequence,
    ) -> Result<Option<DeliveryStatusRecord>, LedgerError> {
        self.get(key::partition(tenant), &key::status(tenant, event, delivery))
    }

    /// A delivery that waits in a queue, by its place there.
    pub fn waiting(
        &self,
        tenant: &TenantId,
        endpoint: EndpointId,
        due: Timestamp,
        delivery: Sequence,
    ) -> Result<Option<DeliveryRecord>, LedgerError> {
        self.get(key::partition(tenant), &key::queued(tenant, endpoint, due, delivery))
    }

    /// A line of the log, if it is still kept.
    pub fn log_line(
        &self,
        tenant: &TenantId,
        line: Sequence,
    ) -> Result<Option<LogRecord>, LedgerError> {
        self.get(key::partition(tenant), &key::log(tenant, line))
    }
}

/// To whom, which, and how it stands.
pub type Delivered = (EndpointId, Sequence, Option<DeliveryStatusRecord>);
