//! How much waits: counted up to a bound, for metrics.

use std::collections::BTreeSet;

use sereno_workflows::id::{EndpointId, Sequence, TenantId};
use sereno_workflows::time::{Span, Timestamp};

use super::{Ledger, LedgerError};
use crate::limits::work::OLDEST_ROWS;
use crate::limits::{QUEUES_LOOKED_AT, WAITING_COUNTED_MAX};
use crate::live::UnderWay;
use crate::record::{self, DeliveryRecord, key};
use crate::store::{Direction, Partition};
use crate::vitals::StoreVitals;

/// What becomes of what waits for an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Road {
    /// It goes in its turn.
    Open,
    /// It waits until somebody enables the endpoint or resumes its channel, but for what was under way before.
    Held(UnderWay),
    /// The endpoint is no longer there.
    Gone,
}

/// What waits, counted up to a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Waiting {
    /// Deliveries, in the queues and behind others of their keys.
    pub(crate) count: usize,
    /// Of those, the ones that are held.
    pub(crate) held: usize,
    /// How long ago the first was due of those that go.
    pub(crate) longest: Span,
}

/// What waits in its endpoint's queue, and behind another of its key.
const TABLES: [u8; 2] = [b'Q', b'P'];

impl Ledger {
    /// What waits of these tenants.
    pub(crate) fn all_waiting(
        &self,
        tenants: &[TenantId],
        road: impl Fn(&TenantId, EndpointId) -> Road,
    ) -> Result<Waiting, LedgerError> {
        let (mut waiting, mut looks) = (Waiting::default(), 0);
        for tenant in tenants {
            for letter in TABLES {
                let mut next = self.first_with_rows(letter, tenant, EndpointId(0))?;
                while let Some(endpoint) = next.filter(|_| looks < QUEUES_LOOKED_AT) {
                    looks += 1;
                    let road = road(tenant, endpoint);
                    self.add_queue(&mut waiting, (letter, tenant, endpoint), &road)?;
                    next = self.next_with_rows(letter, tenant, endpoint)?;
                }
                let (table, left) =
                    (key::table(letter, tenant), WAITING_COUNTED_MAX - waiting.count);
                let range = &table[..]..&key::after(&table)[..];
                let rows =
                    self.store.scan(key::partition(tenant), range, Direction::Ascending, left)?;
                waiting.count += rows.len();
            }
        }
        Ok(waiting)
    }

    /// Adds what is held of what waits for one endpoint, and since when the first waits that goes.
    fn add_queue(
        &self,
        waiting: &mut Waiting,
        (letter, tenant, endpoint): (u8, &TenantId, EndpointId),
        road: &Road,
    ) -> Result<(), LedgerError> {
        match road {
            // The head of the queue says it; what is parked is younger than what it waits for.
            Road::Open if letter == b'Q' => {
                if let Some(head) = self.queued(tenant, endpoint, 1)?.first() {
                    let since = self.now().timestamp().since(head.due);
                    waiting.longest = waiting.longest.max(since);
                }
            }
            Road::Held(under_way) => {
                let left = WAITING_COUNTED_MAX - waiting.held;
                let keys = self.keys_of_endpoint(letter, tenant, endpoint, left)?;
                let goes = |key: &&Vec<u8>| {
                    key::sequence(key).is_some_and(|one| under_way.contains_key(&one))
                };
                waiting.held += keys.len() - keys.iter().filter(goes).count();
            }
            Road::Open | Road::Gone => {}
        }
        Ok(())
    }

    /// The delivery of a tenant that was made first of those that wait and go, among the first of each queue:
    /// which, and to whom it goes.
    pub(crate) fn oldest_waiting(
        &self,
        tenant: &TenantId,
        road: impl Fn(EndpointId) -> Road,
    ) -> Result<Option<(Sequence, EndpointId)>, LedgerError> {
        let (mut oldest, mut looks) = (None, 0);
        let mut next = self.first_with_rows(b'Q', tenant, EndpointId(0))?;
        while let Some(endpoint) = next.filter(|_| looks < QUEUES_LOOKED_AT) {
            looks += 1;
            let only = match road(endpoint) {
                Road::Open => None,
                Road::Held(under_way) => Some(under_way),
                Road::Gone => Some(UnderWay::default()),
            };
            if only.as_ref().is_none_or(|only| !only.is_empty()) {
                let rows = self.queued(tenant, endpoint, OLDEST_ROWS)?;
                let all = rows.iter().map(|queued| queued.delivery);
                let goes = |one: &Sequence| only.as_ref().is_none_or(|only| only.contains_key(one));
                let first = all.filter(goes).min().map(|delivery| (delivery, endpoint));
                oldest = [oldest, first].into_iter().flatten().min();
            }
            next = self.next_with_rows(b'Q', tenant, endpoint)?;
        }
        Ok(oldest)
    }

    /// For which endpoints anything waits, unless they are more than so many.
    pub(crate) fn waited_for(
        &self,
        tenant: &TenantId,
        most: usize,
    ) -> Result<Option<BTreeSet<EndpointId>>, LedgerError> {
        let mut all = BTreeSet::new();
        for letter in TABLES {
            let mut next = self.first_with_rows(letter, tenant, EndpointId(0))?;
            while let Some(endpoint) = next {
                all.insert(endpoint);
                if all.len() > most {
                    return Ok(None);
                }
                next = self.next_with_rows(letter, tenant, endpoint)?;
            }
        }
        Ok(Some(all))
    }

    /// The events of what waits for these endpoints, and of what is on its way to many; whether that is all, or only so
    /// much of it.
    pub(crate) fn awaited_events(
        &self,
        tenant: &TenantId,
        endpoints: &[EndpointId],
        most: usize,
    ) -> Result<(Vec<Sequence>, bool), LedgerError> {
        let mut all = self.fan_outs_from(tenant, Sequence(0), most)?;
        let tables = TABLES.into_iter();
        for (letter, endpoint) in
            tables.flat_map(|letter| endpoints.iter().map(move |id| (letter, *id)))
        {
            if all.len() >= most {
                return Ok((all, false));
            }
            let prefix = key::rows_of_endpoint(letter, tenant, endpoint);
            for (_, value) in self.under(key::partition(tenant), &prefix, most - all.len())? {
                all.push(record::decode::<DeliveryRecord>(&value)?.event);
            }
        }
        let is_all = all.len() < most;
        Ok((all, is_all))
    }

    /// The next endpoint behind one that has rows in a table.
    fn next_with_rows(
        &self,
        letter: u8,
        tenant: &TenantId,
        endpoint: EndpointId,
    ) -> Result<Option<EndpointId>, LedgerError> {
        // The readers' own is the last of all.
        match endpoint.0.checked_add(1) {
            Some(after) => self.first_with_rows(letter, tenant, EndpointId(after)),
            None => Ok(None),
        }
    }

    /// How many timers are set.
    pub(crate) fn timers_set(&self) -> Result<usize, LedgerError> {
        let (from, until) = (key::timers_from(Timestamp(0)), key::after(b"T"));
        let mut count = 0;
        for partition in 0..=u8::MAX {
            let left = WAITING_COUNTED_MAX - count;
            let range = &from[..]..&until[..];
            let rows = self.store.scan(Partition(partition), range, Direction::Ascending, left)?;
            count += rows.len();
        }
        Ok(count)
    }

    /// How many timers are due for longer than this, and for how long the first of them is.
    pub(crate) fn timers_late(&self, by: Span) -> Result<(usize, Span), LedgerError> {
        let now = self.now().timestamp();
        let (from, until) = (key::timers_from(Timestamp(0)), now.before(by));
        let (mut count, mut longest) = (0, Span(0));
        for partition in 0..=u8::MAX {
            let left = WAITING_COUNTED_MAX - count;
            let page = self.timers(Partition(partition), &from, until, left)?;
            if let Some((first, _)) = page.first() {
                longest = longest.max(now.since(first.due));
            }
            count += page.len();
        }
        Ok((count, longest))
    }

    /// How the store is.
    pub(crate) fn store_vitals(&self) -> StoreVitals {
        self.store.vitals()
    }
}
