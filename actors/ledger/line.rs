//! What is parked behind the head of its key, for endpoints that want their deliveries in order.

use sereno_workflows::id::{EndpointId, Sequence, TenantId};

use super::{Draft, Ledger, LedgerError};
use crate::record::{self, DeliveryRecord, key};
use crate::store::Direction;

impl Ledger {
    /// The delivery at the head of a key, while others wait for it or it is tried again, and its event.
    pub fn head(
        &self,
        tenant: &TenantId,
        endpoint: EndpointId,
        order: &str,
    ) -> Result<Option<(Sequence, Sequence)>, LedgerError> {
        let row = self.store.get(key::partition(tenant), &key::head(tenant, endpoint, order))?;
        let Some(row) = row else { return Ok(None) };
        let (delivery, event) = row.split_at_checked(8).ok_or(LedgerError::Content("head"))?;
        Ok(key::sequence(delivery).zip(key::sequence(event)))
    }

    /// The next key of an endpoint that has a head.
    pub fn next_head(
        &self,
        tenant: &TenantId,
        endpoint: EndpointId,
        after: Option<&str>,
    ) -> Result<Option<String>, LedgerError> {
        let all = key::rows_of_endpoint(b'G', tenant, endpoint);
        let from = match after {
            Some(order) => key::after(&key::head(tenant, endpoint, order)),
            None => all.clone(),
        };
        let range = &from[..]..&key::after(&all)[..];
        let rows = self.store.scan(key::partition(tenant), range, Direction::Ascending, 1)?;
        Ok(rows.first().and_then(|(found, _)| key::order_of(&all, found)))
    }

    /// Whether anything of an endpoint is parked.
    pub fn has_parked(&self, tenant: &TenantId, endpoint: EndpointId) -> Result<bool, LedgerError> {
        Ok(self.parked_keys(tenant, endpoint, None)?.is_some())
    }

    /// Whether a delivery is parked under a key.
    pub fn is_parked(
        &self,
        tenant: &TenantId,
        endpoint: EndpointId,
        order: &str,
        delivery: Sequence,
    ) -> Result<bool, LedgerError> {
        let key = key::parked_delivery(tenant, endpoint, order, delivery);
        Ok(self.store.get(key::partition(tenant), &key)?.is_some())
    }

    /// The first deliveries that are parked under a key.
    pub fn parked(
        &self,
        tenant: &TenantId,
        endpoint: EndpointId,
        order: &str,
        limit: usize,
    ) -> Result<Vec<(Sequence, DeliveryRecord)>, LedgerError> {
        let prefix = key::parked_under(tenant, endpoint, order);
        let rows = self.under(key::partition(tenant), &prefix, limit)?;
        rows.into_iter()
            .map(|(key, value)| {
                let delivery = key::sequence(&key).ok_or(LedgerError::Content("parked key"))?;
                Ok((delivery, record::decode(&value)?))
            })
            .collect()
    }

    /// The first delivery that is parked under a key.
    pub fn first_parked(
        &self,
        tenant: &TenantId,
        endpoint: EndpointId,
        order: &str,
    ) -> Result<Option<(Sequence, DeliveryRecord)>, LedgerError> {
        Ok(self.parked(tenant, endpoint, order, 1)?.pop())
    }

    /// The next key of an endpoint under which something is parked.
    pub fn parked_keys(
        &self,
        tenant: &TenantId,
        endpoint: EndpointId,
        after: Option<&str>,
    ) -> Result<Option<String>, LedgerError> {
        let all = key::parked(tenant, endpoint);
        let from = match after {
            Some(order) => key::after(&key::parked_under(tenant, endpoint, order)),
            None => all.clone(),
        };
        let range = &from[..]..&key::after(&all)[..];
        let rows = self.store.scan(key::partition(tenant), range, Direction::Ascending, 1)?;
        Ok(rows.first().and_then(|(found, _)| key::order_of(&all, found)))
    }
}

impl Draft {
    /// Parks a delivery under a key.
    pub fn park(
        &mut self,
        endpoint: EndpointId,
        order: &str,
        delivery: Sequence,
        record: &DeliveryRecord,
    ) {
        let key = key::parked_delivery(self.tenant(), endpoint, order, delivery);
        self.batch().put(key, record::encode(record));
    }

    /// A parked delivery is brought back.
    pub fn unpark(&mut self, endpoint: EndpointId, order: &str, delivery: Sequence) {
        let key = key::parked_delivery(self.tenant(), endpoint, order, delivery);
        self.batch().delete(key);
    }

    /// Notes which delivery, of which event, is at the head of a key.
    pub fn head(
        &mut self,
        endpoint: EndpointId,
        order: &str,
        (delivery, event): (Sequence, Sequence),
    ) {
        let key = key::head(self.tenant(), endpoint, order);
        self.batch().put(key, [delivery.0.to_be_bytes(), event.0.to_be_bytes()].concat());
    }

    /// Nobody waits for the head of a key any more.
    pub fn no_head(&mut self, endpoint: EndpointId, order: &str) {
        let key = key::head(self.tenant(), endpoint, order);
        self.batch().delete(key);
    }
}
