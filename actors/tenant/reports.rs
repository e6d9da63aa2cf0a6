//! Has the alarm of the tenant's reports set as its settings have it, once it is up.

use std::collections::BTreeMap;

use ractor::ActorRef;
use sereno_workflows::id::EntityKey;
use sereno_workflows::report;

use super::{Tenant, TenantMessage, TenantState};
use crate::entity::{Command, Deed, Origin};
use crate::ledger::{Draft, LedgerError};

impl Tenant {
    /// Sets the alarm; for a tenant without reports, past or to come, nothing is done.
    pub(super) async fn arm_reports(
        &self,
        myself: &ActorRef<TenantMessage>,
        state: &mut TenantState,
    ) -> Result<(), LedgerError> {
        let (ledger, key) = (&self.around.ledger, EntityKey::reports());
        let is_on = state.view.policy.settings.reports.weekly.is_on();
        if !is_on && ledger.state(&state.view.id, &key)?.is_none() {
            return Ok(());
        }
        let command = Command::Report(report::Command::Arm);
        let deed = Deed::unprompted(command, Origin::Clock, ledger.now().timestamp());
        let (draft, deeds) = (Draft::new(&state.view.id), BTreeMap::from([(key, vec![deed])]));
        self.spread(myself, state, draft, deeds, Box::new(|_| ())).await;
        Ok(())
    }
}
