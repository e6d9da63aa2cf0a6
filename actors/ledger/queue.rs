//! What waits for endpoints: their queues, and events on their way to many.

use sereno_workflows::id::{EndpointId, Sequence, TenantId};
use sereno_workflows::time::Timestamp;

use super::{Ledger, LedgerError};
use crate::record::{self, DeliveryRecord, FanOutRecord, key};
use crate::store::Direction;

/// A delivery that waits: when it is due, which it is, and what it carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// When it is due.
    pub due: Timestamp,
    /// Which it is.
    pub delivery: Sequence,
    /// What it carries.
    pub record: DeliveryRecord,
}

impl Ledger {
    /// The first deliveries that wait for an endpoint, the earliest first.
    pub fn queued(
        &self,
        tenant: &TenantId,
        endpoint: EndpointId,
        limit: usize,
    ) -> Result<Vec<Queued>, LedgerError> {
        self.queued_from(tenant, endpoint, (Timestamp(0), Sequence(0)), limit)
    }

    /// The first deliveries that wait for an endpoint from a place of its queue on.
    pub fn queued_from(
        &self,
        tenant: &TenantId,
        endpoint: EndpointId,
        (due, delivery): (Timestamp, Sequence),
        limit: usize,
    ) -> Result<Vec<Queued>, LedgerError> {
        let end = key::after(&key::queue(tenant, endpoint));
        let range = &key::queued(tenant, endpoint, due, delivery)[..]..&end[..];
        let rows = self.store.scan(key::partition(tenant), range, Direction::Ascending, limit)?;
        rows.into_iter()
            .map(|(key, value)| {
                let (due, delivery) =
                    key::of_queued(&key).ok_or(LedgerError::Content("queue key"))?;
                Ok(Queued { due, delivery, record: record::decode(&value)? })
            })
            .collect()
    }

    /// The first endpoint from one on that has rows in a table, whether there is such an endpoint or not.
    pub fn first_with_rows(
        &self,
        letter: u8,
        tenant: &TenantId,
        from: EndpointId,
    ) -> Result<Option<EndpointId>, LedgerError> {
        let end = key::after(&key::table(letter, tenant));
        let range = &key::rows_of_endpoint(letter, tenant, from)[..]..&end[..];
        let rows = self.store.scan(key::partition(tenant), range, Direction::Ascending, 1)?;
        Ok(rows.first().and_then(|(key, _)| key::endpoint_of(letter, tenant, key)))
    }

    /// The keys of the first rows of an endpoint in a table.
    pub fn keys_of_endpoint(
        &self,
        letter: u8,
        tenant: &TenantId,
        endpoint: EndpointId,
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, LedgerError> {
        let prefix = key::rows_of_endpoint(letter, tenant, endpoint);
        let rows = self.under(key::partition(tenant), &prefix, limit)?;
        Ok(rows.into_iter().map(|(key, _)| key).collect())
    }

    /// How far an event was handed to its many endpoints, unless all of them have it.
    pub fn fan_out(
        &self,
        tenant: &TenantId,
        event: Sequence,
    ) -> Result<Option<FanOutRecord>, LedgerError> {
        self.get(key::partition(tenant), &key::fan_out(tenant, event))
    }

    /// Events on their way to many endpoints, from one on.
    pub fn fan_outs_from(
        &self,
        tenant: &TenantId,
        from: Sequence,
        limit: usize,
    ) -> Result<Vec<Sequence>, LedgerError> {
        let end = key::after(&key::table(b'F', tenant));
        let range = &key::fan_out(tenant, from)[..]..&end[..];
        let rows = self.store.scan(key::partition(tenant), range, Direction::Ascending, limit)?;
        Ok(rows.iter().filter_map(|(key, _)| key::sequence(key)).collect())
    }

    /// Whether a delivery of an event for many was attempted or waits in its endpoint's queue; `due` is
    /// when it was due first.
    pub fn is_secured(
        &self,
        tenant: &TenantId,
        (event, delivery): (Sequence, Sequence),
        (endpoint, due): (EndpointId, Timestamp),
    ) -> Result<bool, LedgerError> {
        let partition = key::partition(tenant);
        let attempted = self.store.get(partition, &key::status(tenant, event, delivery))?;
        if attempted.is_some() {
            return Ok(true);
        }
        let queued = self.store.get(partition, &key::queued(tenant, endpoint, due, delivery))?;
        Ok(queued.is_some())
    }
}
