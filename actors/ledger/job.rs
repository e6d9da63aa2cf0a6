//! Jobs, as they stand.

use sereno_workflows::id::{Sequence, TenantId};

use super::{Ledger, LedgerError};
use crate::limits;
use crate::record::{self, JobRecord, key};

impl Ledger {
    /// A job.
    pub fn job(&self, tenant: &TenantId, id: Sequence) -> Result<Option<JobRecord>, LedgerError> {
        self.get(key::partition(tenant), &key::job(tenant, id))
    }

    /// All jobs of a tenant, the oldest first.
    pub fn jobs(&self, tenant: &TenantId) -> Result<Vec<(Sequence, JobRecord)>, LedgerError> {
        let rows = self.table(b'J', tenant, limits::JOBS_MAX)?;
        rows.into_iter()
            .map(|(key, value)| {
                let id = key::sequence(&key).ok_or(LedgerError::Content("job's key"))?;
                Ok((id, record::decode(&value)?))
            })
            .collect()
    }
}
