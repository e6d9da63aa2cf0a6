//! Tenants that were deleted: nothing is written for them any more, and their rows go a little at a time.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::RwLock;
use sereno_workflows::id::TenantId;

use super::{Ledger, LedgerError};
use crate::limits::erasing::{ERASED_PER_STEP_MAX, TIMERS_LOOKED_AT};
use crate::record::key::{self, HOME, TimerKey};
use crate::record::{self, DeletedRecord};
use crate::store::Batch;

/// The tenants whose rows are going, as everyone asks for them who writes.
#[derive(Default)]
pub(super) struct Deleted {
    /// How many there are: nearly always none, which costs one look.
    count: AtomicUsize,
    tenants: RwLock<BTreeSet<TenantId>>,
}

impl Deleted {
    fn add(&self, tenant: TenantId) {
        let mut tenants = self.tenants.write();
        tenants.insert(tenant);
        self.count.store(tenants.len(), Ordering::SeqCst);
    }

    fn remove(&self, tenant: &TenantId) {
        let mut tenants = self.tenants.write();
        tenants.remove(tenant);
        self.count.store(tenants.len(), Ordering::SeqCst);
    }
}

impl Ledger {
    /// Whether a tenant was deleted and some of its rows may still be there.
    pub fn is_deleted(&self, tenant: &TenantId) -> bool {
        self.deleted.count.load(Ordering::SeqCst) > 0
            && self.deleted.tenants.read().contains(tenant)
    }

    /// The tenants that were deleted and of which rows may still be there.
    pub fn deleted_tenants(&self) -> Vec<TenantId> {
        self.deleted.tenants.read().iter().cloned().collect()
    }

    /// Recalls at the start whose rows were going.
    pub(super) fn recall_deleted(&self) -> Result<(), LedgerError> {
        for (key, value) in self.under(HOME, b"e", crate::limits::TENANTS_MAX)? {
            record::decode::<DeletedRecord>(&value)?;
            let id = std::str::from_utf8(key.get(1..).unwrap_or_default()).ok();
            let id = id.and_then(|id| id.parse().ok()).ok_or(LedgerError::Content("tenant id"))?;
            self.deleted.add(id);
        }
        Ok(())
    }

    /// Deletes a tenant with its keys: from now on nothing of it is written, and once this returns it is gone
    /// for good.
    pub(crate) async fn delete_tenant(&self, tenant: &TenantId, keys: &[[u8; 32]]) {
        self.deleted.add(tenant.clone());
        let mut batch = Batch::new(HOME);
        batch.delete(key::tenant(tenant));
        for hash in keys {
            batch.delete(key::api_key(hash));
        }
        let record = DeletedRecord { at: self.now().timestamp() };
        batch.put(key::deleted(tenant), record::encode(&record));
        self.commit_home(batch).await;
    }

    /// Removes some rows of a deleted tenant and waits until that is durable; answers whether there may be more.
    /// `letter` is the table at which it is.
    pub(crate) async fn erase_rows(
        &self,
        tenant: &TenantId,
        letter: &mut u8,
    ) -> Result<bool, LedgerError> {
        let mut batch = Batch::new(key::partition(tenant));
        while batch.writes.len() < ERASED_PER_STEP_MAX {
            let Some(table) = key::table_of_tenant(*letter, tenant) else {
                let Some(next) = letter.checked_add(1) else { break };
                *letter = next;
                continue;
            };
            let room = ERASED_PER_STEP_MAX - batch.writes.len();
            let end = key::after(&table);
            let found = self.keys_from(tenant, &table[..]..&end[..], room)?;
            let full = found.len() == room;
            found.into_iter().for_each(|key| batch.delete(key));
            if full {
                // What is left stands behind these, which are gone by then.
                break;
            }
            let Some(next) = letter.checked_add(1) else { break };
            *letter = next;
        }
        let more = batch.writes.len() >= ERASED_PER_STEP_MAX;
        self.erase(batch).await;
        Ok(more)
    }

    /// The same for its timers, which stand among those of others; `from` is where it goes on.
    pub(crate) async fn erase_timers(
        &self,
        tenant: &TenantId,
        from: &mut Vec<u8>,
    ) -> Result<bool, LedgerError> {
        let end = key::after(b"T");
        let found = self.keys_from(tenant, &from[..]..&end[..], TIMERS_LOOKED_AT)?;
        let more = found.len() == TIMERS_LOOKED_AT;
        if let Some(last) = found.last() {
            *from = [&last[..], &[0]].concat();
        }
        let mut batch = Batch::new(key::partition(tenant));
        for key in found {
            if TimerKey::from_bytes(&key).is_some_and(|timer| timer.tenant == *tenant) {
                batch.delete(key);
            }
        }
        self.erase(batch).await;
        Ok(more)
    }

    /// The last row of a deleted tenant is gone: another may have its id.
    pub(crate) async fn end_deletion(&self, tenant: &TenantId) {
        self.statistics.forget(tenant);
        self.times.forget(tenant);
        self.lanes.lock().forget(tenant);
        let mut batch = Batch::new(HOME);
        batch.delete(key::deleted(tenant));
        self.commit_home(batch).await;
        self.deleted.remove(tenant);
    }

    async fn erase(&self, batch: Batch) {
        if !batch.writes.is_empty() {
            self.committer.make_durable(batch).await;
        }
    }
}
