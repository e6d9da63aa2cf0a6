//! The audit log: what was done through the API, by whom.
//!
//! An entry is durable before the thing is done, without an outcome; its outcome follows before the answer.
//! So nothing is done without an entry, whenever the server ends, and one without an outcome says that it may
//! have been done or not.

use std::collections::HashMap;

use parking_lot::Mutex;
use sereno_workflows::id::{Sequence, TenantId};
use sereno_workflows::time::{Span, Timestamp};

use super::{Engine, EngineError};
use crate::ledger::Draft;
use crate::limits::access as limits;
use crate::record::AuditRecord;

/// How many entries each tenant has, at most: what is cleaned away since is not taken off.
pub(super) type Counts = Mutex<HashMap<TenantId, usize>>;

impl Engine {
    /// Writes down that something is being done, or was; returns its place once it is durable.
    pub async fn audit(
        &self,
        tenant: &TenantId,
        entry: &AuditRecord,
    ) -> Result<Sequence, EngineError> {
        let ledger = &self.around.ledger;
        let place = ledger.sequence();
        let mut draft = Draft::new(tenant);
        for old in self.too_many(tenant)? {
            draft.forget_audit(old);
        }
        draft.audit(place, entry);
        ledger.commit_and_wait(draft).await;
        Ok(place)
    }

    /// Writes down what came of it; an entry of nothing is taken back.
    pub async fn audited(&self, tenant: &TenantId, place: Sequence, entry: Option<&AuditRecord>) {
        let mut draft = Draft::new(tenant);
        match entry {
            Some(entry) => draft.audit(place, entry),
            None => draft.forget_audit(place),
        }
        self.around.ledger.commit_and_wait(draft).await;
    }

    /// Since when entries are kept.
    pub fn audited_since(&self) -> Timestamp {
        self.around.ledger.now().timestamp().before(Span::millis(limits::AUDIT_KEPT_MS))
    }

    /// Counts one more entry; answers which old ones go for it.
    fn too_many(&self, tenant: &TenantId) -> Result<Vec<Sequence>, EngineError> {
        let ledger = &self.around.ledger;
        let mut counts = self.audits.lock();
        let count = match counts.get(tenant) {
            Some(count) if *count < limits::AUDIT_ROWS_MAX => *count,
            Some(_) | None => ledger.audit_count(tenant)?,
        };
        let old = match count < limits::AUDIT_ROWS_MAX {
            true => Vec::new(),
            false => {
                ledger.audit_before(tenant, Sequence(u64::MAX), limits::AUDIT_ROWS_FORGOTTEN)?
            }
        };
        counts.insert(tenant.clone(), count + 1 - old.len());
        Ok(old)
    }
}
