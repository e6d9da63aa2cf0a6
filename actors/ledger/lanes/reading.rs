//! The stretches of a tenant's events in which something can be found, from the newest down.

use std::ops::Range;

use sereno_workflows::id::{EndpointId, Sequence, TenantId};

use super::super::{Ledger, LedgerError};
use crate::record::key;
use crate::record::key::lanes::{self as keys, Lane};
use crate::store::Direction;

/// Where the events are that may be what somebody looks for.
pub struct Stretches<'a> {
    ledger: &'a Ledger,
    tenant: &'a TenantId,
    all: All,
    /// The stretch that was found last.
    found: Option<Range<Sequence>>,
}

enum All {
    /// Anywhere.
    Anywhere,
    /// At these places, which ascend.
    Places(Vec<Sequence>),
    /// Where one of these lanes says so; each with the newest block that is not behind.
    Lanes(Vec<(Lane, Option<Sequence>)>, Sequence),
}

impl<'a> Stretches<'a> {
    /// Anywhere.
    pub fn anywhere(ledger: &'a Ledger, tenant: &'a TenantId) -> Self {
        Self { ledger, tenant, all: All::Anywhere, found: None }
    }

    /// At these places.
    pub fn at(ledger: &'a Ledger, tenant: &'a TenantId, mut places: Vec<Sequence>) -> Self {
        places.sort_unstable();
        places.dedup();
        Self { ledger, tenant, all: All::Places(places), found: None }
    }

    /// In blocks that are noted for one of these, and before the first block of all.
    pub fn of(
        ledger: &'a Ledger,
        tenant: &'a TenantId,
        lanes: impl IntoIterator<Item = Lane>,
    ) -> Result<Self, LedgerError> {
        let first = ledger.block_from(tenant, Sequence(0))?.unwrap_or(Sequence(u64::MAX));
        let unread = Some(Sequence(u64::MAX));
        let lanes = lanes.into_iter().map(|lane| (lane, unread)).collect();
        Ok(Self { ledger, tenant, all: All::Lanes(lanes, first), found: None })
    }

    /// The newest stretch before a place.
    pub fn before(&mut self, place: Sequence) -> Result<Option<Range<Sequence>>, LedgerError> {
        if let Some(found) = self.found.as_ref().filter(|found| found.start < place) {
            // Places only go down, so nothing newer is left out.
            return Ok(Some(found.start..found.end.min(place)));
        }
        self.found = match &mut self.all {
            _ if place == Sequence(0) => None,
            All::Anywhere => Some(Sequence(0)..place),
            All::Places(places) => {
                let count = places.partition_point(|at| *at < place);
                count.checked_sub(1).and_then(|last| places.get(last)).map(|at| *at..at.next())
            }
            All::Lanes(lanes, first) => {
                let mut newest = None;
                for (lane, next) in lanes {
                    if next.is_some_and(|next| next >= place) {
                        *next = self.ledger.block_before(self.tenant, *lane, place)?;
                    }
                    newest = newest.max(next.filter(|next| next >= first));
                }
                match newest {
                    Some(start) => {
                        let end = self.ledger.block_from(self.tenant, start.next())?;
                        Some(start..end.map_or(place, |end| end.min(place)))
                    }
                    None => Some(Sequence(0)..place.min(*first)),
                }
            }
        };
        Ok(self.found.clone())
    }

    /// Whether a place is in one of them; asked of places that only go down.
    pub fn has(&mut self, place: Sequence) -> Result<bool, LedgerError> {
        let stretch = self.before(place.next())?;
        Ok(stretch.is_some_and(|stretch| stretch.contains(&place)))
    }
}

impl Ledger {
    /// Where the first block begins from a place on.
    fn block_from(
        &self,
        tenant: &TenantId,
        from: Sequence,
    ) -> Result<Option<Sequence>, LedgerError> {
        let end = key::after(&keys::block(tenant, Lane::Blocks, Sequence(u64::MAX)));
        let range = &keys::block(tenant, Lane::Blocks, from)[..]..&end[..];
        let rows = self.store.scan(key::partition(tenant), range, Direction::Ascending, 1)?;
        Ok(rows.first().and_then(|(key, _)| keys::start(key)))
    }

    /// The last block before a place that is noted for something.
    fn block_before(
        &self,
        tenant: &TenantId,
        lane: Lane,
        before: Sequence,
    ) -> Result<Option<Sequence>, LedgerError> {
        let range =
            &keys::block(tenant, lane, Sequence(0))[..]..&keys::block(tenant, lane, before)[..];
        let rows = self.store.scan(key::partition(tenant), range, Direction::Descending, 1)?;
        Ok(rows.first().and_then(|(key, _)| keys::start(key)))
    }

    /// The endpoints of which any event is noted, at most so many.
    pub(crate) fn endpoints_noted(
        &self,
        tenant: &TenantId,
        limit: usize,
    ) -> Result<Vec<EndpointId>, LedgerError> {
        let mut all = Vec::new();
        let mut next = Some(EndpointId(0));
        let end = keys::block(tenant, Lane::ToMany, Sequence(0));
        while let Some(from) = next.filter(|_| all.len() < limit) {
            let range = &keys::block(tenant, Lane::To(from), Sequence(0))[..]..&end[..];
            let rows = self.store.scan(key::partition(tenant), range, Direction::Ascending, 1)?;
            let found = rows.first().and_then(|(key, _)| keys::endpoint(key));
            all.extend(found);
            next = found.and_then(|id| id.0.checked_add(1)).map(EndpointId);
        }
        Ok(all)
    }

    /// The keys of blocks that begin before a place, at most so many: of the first lane that has any. Where blocks begin
    /// goes first, so that what is left of them is looked through as it is.
    pub(crate) fn blocks_before(
        &self,
        tenant: &TenantId,
        before: Sequence,
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, LedgerError> {
        let partition = key::partition(tenant);
        let mut from = key::table(b'n', tenant);
        let end = key::after(&from);
        loop {
            let range = &from[..]..&end[..];
            let first = self.store.scan(partition, range, Direction::Ascending, 1)?;
            let Some((first, _)) = first.first() else { return Ok(Vec::new()) };
            let (Some(before), Some(last)) =
                (keys::beside(first, before), keys::beside(first, Sequence(u64::MAX)))
            else {
                return Err(LedgerError::Content("block key"));
            };
            if *first < before {
                let range = &first[..]..&before[..];
                let rows = self.store.scan(partition, range, Direction::Ascending, limit)?;
                return Ok(rows.into_iter().map(|(key, _)| key).collect());
            }
            from = key::after(&last);
        }
    }
}
