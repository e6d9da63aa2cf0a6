//! What requests with keys of their own came to: written with their events, forgotten after a day.

use sereno_workflows::id::{Sequence, TenantId};

use super::{Draft, Ledger, LedgerError};
use crate::record::key::{self, idempotency as keys};
use crate::record::{self, IdempotencyRecord};
use crate::store::Direction;

impl Ledger {
    /// What the request with this key came to, if there was one.
    pub(crate) fn idempotency(
        &self,
        tenant: &TenantId,
        name: &str,
    ) -> Result<Option<IdempotencyRecord>, LedgerError> {
        self.get(key::partition(tenant), &keys::answer(tenant, name))
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
        self.batch().put(keys::answer(&tenant, name), record::encode(record));
        self.batch().put(keys::place(&tenant, record.place), name.as_bytes().to_vec());
    }

    /// Forgets a key that came in at a place; what it came to as well, unless it was used anew since.
    pub(crate) fn forget_idempotency(&mut self, place: Sequence, name: &str, is_latest: bool) {
        let tenant = self.tenant().clone();
        self.batch().delete(keys::place(&tenant, place));
        if is_latest {
            self.batch().delete(keys::answer(&tenant, name));
        }
    }
}
