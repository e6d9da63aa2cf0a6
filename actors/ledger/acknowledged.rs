//! Causes of dead letters that somebody has taken note of.

use sereno_workflows::dead_letters::Fault;
use sereno_workflows::id::TenantId;

use super::{Draft, Ledger, LedgerError};
use crate::limits::work::ACKNOWLEDGED_MAX;
use crate::record::{self, AcknowledgedRecord, key};

impl Ledger {
    /// All causes of a tenant that somebody has taken note of.
    pub fn acknowledged(&self, tenant: &TenantId) -> Result<Vec<AcknowledgedRecord>, LedgerError> {
        let all = key::letters::acknowledged(tenant);
        let rows = self.under(key::partition(tenant), &all, ACKNOWLEDGED_MAX)?;
        rows.into_iter().map(|(_, value)| Ok(record::decode(&value)?)).collect()
    }
}

impl Draft {
    /// Notes that somebody has taken note of a cause.
    pub(crate) fn acknowledge(&mut self, record: &AcknowledgedRecord) {
        let key = key::letters::acknowledged_cause(self.tenant(), record.fault, &record.cause);
        self.batch().put(key, record::encode(record));
    }

    /// Forgets that.
    pub(crate) fn forget_acknowledged(&mut self, fault: Fault, cause: &str) {
        let key = key::letters::acknowledged_cause(self.tenant(), fault, cause);
        self.batch().delete(key);
    }
}
