//! Which deliveries of sources were taken before.
//!
//! A delivery has one row under what tells it from others, in the same commit as itself, and one in the
//! order in which they are forgotten, which the cleaner walks along. Taken anew it has rows of its own again, so
//! that what is forgotten cannot take away what came meanwhile.

use sereno_workflows::id::{Sequence, TenantId};
use sereno_workflows::time::Timestamp;

use super::{Draft, Ledger, LedgerError};
use crate::record::key::{self, source as keys};
use crate::record::{self, ReplayRecord};
use crate::store::Direction;
use crate::verifier::Mark;

impl Ledger {
    /// Where a delivery is kept that was taken before and is still remembered.
    pub fn taken_before(
        &self,
        tenant: &TenantId,
        source: &str,
        mark: &Mark,
    ) -> Result<Option<Sequence>, LedgerError> {
        let now = self.now().timestamp();
        let all = keys::replay(tenant, source, &mark.digest);
        let range = &all[..]..&key::after(&all)[..];
        let partition = key::partition(tenant);
        let found = self.store.scan(partition, range, Direction::Descending, 1)?.pop();
        let found: Option<ReplayRecord> = found.map(|(_, row)| record::decode(&row)).transpose()?;
        Ok(found.filter(|found| found.until > now).map(|found| found.letter))
    }

    /// Rows of deliveries that are no longer remembered, with their places in the order of forgetting.
    pub(crate) fn forgettable(
        &self,
        tenant: &TenantId,
        now: Timestamp,
        count_max: usize,
    ) -> Result<Vec<Vec<u8>>, LedgerError> {
        let from = keys::forgotten_by(tenant, Timestamp(0));
        let to = keys::forgotten_by(tenant, now);
        let range = &from[..]..&to[..];
        let partition = key::partition(tenant);
        let rows = self.store.scan(partition, range, Direction::Ascending, count_max)?;
        Ok(rows.into_iter().map(|(place, _)| place).collect())
    }

    /// Whether the row of a delivery may go with its place: one that was taken anew has a later place.
    pub(crate) fn is_forgotten(
        &self,
        tenant: &TenantId,
        row: &[u8],
        now: Timestamp,
    ) -> Result<bool, LedgerError> {
        let found: Option<ReplayRecord> = self.get(key::partition(tenant), row)?;
        Ok(found.is_some_and(|found| found.until < now))
    }
}

impl Draft {
    /// Remembers a delivery.
    pub fn taken(&mut self, source: &str, mark: &Mark, letter: Sequence) {
        let tenant = self.tenant().clone();
        let row = keys::replay_at(&tenant, source, &mark.digest, letter);
        let record = ReplayRecord { letter, until: mark.until };
        self.batch().put(keys::forgotten_at(&tenant, mark.until, &row), Vec::new());
        self.batch().put(row, record::encode(&record));
    }
}
