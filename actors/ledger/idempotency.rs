//! What requests with keys of their own came to: written with their events, forgotten after a day.
//!
//! Each use of a key has a row of its own, so that forgetting one cannot take away another that came meanwhile.

use sereno_workflows::id::{Sequence, TenantId};

use super::{Draft, Ledger, LedgerError};
use crate::record::key::{self, idempotency as keys};
use crate::record::{self, IdempotencyRecord};
use crate::store::Direction;

impl Ledger {
    /// What the latest request with this key came to, if there was one.
    pub(crate) fn idempotency(
        &self,
        tenant: &TenantId,
        name: &str,
    ) -> Result<Option<IdempotencyRecord>, LedgerError> {
        let range = &keys::answer(tenant, name)[..]..&keys::answers_end(tenant, name)[..];
        let partition = key::partition(tenant);
        let found = self.store.scan(partition, range, Direction::Descending, 1)?.pop();
        Ok(found.map(|(_, row)| record::decode(&row)).transpose()?)
    }

    /// The keys that came in before a place, the earliest first, each with its own place.
    pub(crate) fn idempotency_before(
        &self,
        tenant: &TenantId,
        before: Sequence,
        limit: usize,
    ) -> Result<Vec<(Sequence, String)>, LedgerError> {
        let range = &keys::place(tenant, Sequence(0))[..]..&keys::place(tenant, before)[..];
        let rows = self.store.scan(key::partition(tenant), range, Direction::Ascending, limit)?;
        let named = |(row, name): (Vec<u8>, Vec<u8>)| {
            let name = String::from_utf8(name).ok();
            key::sequence(&row).zip(name).ok_or(LedgerError::Content("idempotency key"))
        };
        rows.into_iter().map(named).collect()
    }
}

impl Draft {
    /// Keeps what the request with this key came to.
    pub(crate) fn idempotency(&mut self, name: &str, record: &IdempotencyRecord) {
        let tenant = self.tenant().clone();
        let row = keys::answer_at(&tenant, name, record.place);
        self.batch().put(row, record::encode(record));
        self.batch().put(keys::place(&tenant, record.place), name.as_bytes().to_vec());
    }

    /// Forgets that a key came in at a place, and what it came to. A row of an earlier version is no younger.
    pub(crate) fn forget_idempotency(&mut self, place: Sequence, name: &str) {
        let tenant = self.tenant().clone();
        self.batch().delete(keys::place(&tenant, place));
        self.batch().delete(keys::answer_at(&tenant, name, place));
        self.batch().delete(keys::answer(&tenant, name));
    }
}
