//! What the rules for alerts are held against.

use std::sync::Arc;

use sereno_workflows::alerts::Figures;
use sereno_workflows::id::EndpointId;
use sereno_workflows::statistics::{Tally, Window};

use super::{Ledger, LedgerError};
use crate::view::TenantView;

impl Ledger {
    /// What a tenant has counted up to now.
    pub(crate) fn figures(&self, view: &TenantView) -> Result<Arc<Figures>, LedgerError> {
        let tenant = &view.id;
        self.statistics.take_up(self, tenant)?;
        let now = self.now().timestamp();
        let windows = Window::ALL.map(|window| self.statistics.window(tenant, window, now));
        let dead_letters = self.dead_letters_at_sight(tenant)?.count as u64;
        let [.., day] = &windows;
        let still_fails = self.still_fails(view, day)?;
        Ok(Arc::new(Figures { windows, dead_letters, still_fails }))
    }

    /// Whether the latest attempt at one of these endpoints, or on one of the tenant's own roads, failed, and it is
    /// still to be tried.
    fn still_fails(&self, view: &TenantView, tally: &Tally) -> Result<bool, LedgerError> {
        let failed = tally.endpoints().iter().filter(|(_, route)| route.failed > 0);
        for (&id, _) in failed {
            let id = EndpointId(id);
            let is_enabled = || view.endpoints.get(&id).is_some_and(|found| found.config.enabled);
            let is_tried = id.is_own() || is_enabled();
            if is_tried && self.health(&view.id, id)?.failures_in_a_row > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
