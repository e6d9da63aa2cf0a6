//! What waits for endpoints: their queues, and events on their way to many.

use sereno_workflows::id::{EndpointId, Sequence, TenantId};
use sereno_workflows::time::{Span, Timestamp};

use super::{Ledger, LedgerError};
use crate::limits::SCAN_PAGE_ROWS;
use crate::limits::work::QUEUE_SEARCHED_ROWS_MAX;
use crate::record::{self, DeliveryRecord, FanOutRecord, key};
use crate::store::Direction;

/// By so much at most a delivery is due before the moment that its number tells.
const MADE_BEFORE: Span = Span::seconds(5);

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

    /// When a delivery is due that waits in an endpoint's queue, as far as it is looked through: from when it was
    /// made on, and then what is due before.
    pub fn due_of(
        &self,
        tenant: &TenantId,
        endpoint: EndpointId,
        delivery: Sequence,
    ) -> Result<Option<Timestamp>, LedgerError> {
        let made = delivery.moment().before(MADE_BEFORE);
        let mut left = QUEUE_SEARCHED_ROWS_MAX;
        for (first, end) in [(made, Timestamp(i64::MAX)), (Timestamp(0), made)] {
            let mut from = (first, Sequence(0));
            loop {
                let most = SCAN_PAGE_ROWS.min(left);
                let page = self.queued_from(tenant, endpoint, from, most)?;
                left -= page.len();
                let before_end = |queued: &&Queued| queued.due < end;
                if let Some(found) =
                    page.iter().take_while(before_end).find(|queued| queued.delivery == delivery)
                {
                    return Ok(Some(found.due));
                }
                match page.last() {
                    Some(last) if page.len() == SCAN_PAGE_ROWS && last.due < end => {
                        from = (last.due, last.delivery.next());
                    }
                    Some(_) | None => break,
                }
            }
        }
        Ok(None)
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
