//! What the rules for alerts are held against.

use std::sync::Arc;

use sereno_workflows::alerts::Figures;
use sereno_workflows::id::TenantId;
use sereno_workflows::statistics::Window;

use super::{Ledger, LedgerError};

impl Ledger {
    /// What a tenant has counted up to now.
    pub(crate) fn figures(&self, tenant: &TenantId) -> Result<Arc<Figures>, LedgerError> {
        self.statistics.take_up(self, tenant)?;
        let now = self.now().timestamp();
        let windows = Window::ALL.map(|window| self.statistics.window(tenant, window, now));
        let dead_letters = self.dead_letters_at_sight(tenant)?.count as u64;
        Ok(Arc::new(Figures { windows, dead_letters }))
    }
}
