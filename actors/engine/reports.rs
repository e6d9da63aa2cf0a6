//! Reports: asked for, armed and sent.

use std::sync::Arc;

use sereno_workflows::id::{EntityKey, TenantId};
use sereno_workflows::report::{self, Report, Reports, Week};
use sereno_workflows::trace::TraceContext;
use tokio::sync::oneshot;

use super::{Engine, EngineError, ask};
use crate::entity::Command;
use crate::hints::Listing;
use crate::record::StateRecord;
use crate::tenant::{Act, TenantMessage};

impl Engine {
    /// How a tenant's reports stand.
    pub fn reports(&self, tenant: &TenantId) -> Result<Reports, EngineError> {
        match self.around.ledger.state(tenant, &EntityKey::reports())? {
            Some(StateRecord::Reports(reports)) => Ok(reports),
            Some(_) | None => Ok(Reports::default()),
        }
    }

    /// Mails a report to these addresses; returns once that is durable.
    pub async fn send_report(
        &self,
        tenant: &TenantId,
        to: Vec<String>,
        report: Arc<Report>,
        trace: Option<TraceContext>,
    ) -> Result<(), EngineError> {
        self.tell_reports(tenant, report::Command::Send { to, report }, trace).await
    }

    /// Sets the alarm of the reports as new settings have it; returns once that is durable. What a crash
    /// leaves undone is done at the next start.
    pub(super) async fn settle_reports(&self, tenant: &TenantId) -> Result<(), EngineError> {
        let is_on = self.view(tenant)?.policy.settings.reports.weekly.is_on();
        match is_on || self.reports(tenant)?.due.is_some() {
            true => self.tell_reports(tenant, report::Command::Arm, None).await,
            false => Ok(()),
        }
    }

    async fn tell_reports(
        &self,
        tenant: &TenantId,
        command: report::Command,
        trace: Option<TraceContext>,
    ) -> Result<(), EngineError> {
        let Listing { actor, .. } = self.listing(tenant)?;
        let (reply, answer) = oneshot::channel();
        let (key, command) = (EntityKey::reports(), Command::Report(command));
        let act = Act { key, command, trace, reply };
        ask(&actor, TenantMessage::Act(act), answer).await
    }

    /// The week that a tenant's report is of where nobody says which: the last whole one, or the present
    /// one for a tenant that is younger than that.
    pub fn week_of_report(&self, tenant: &TenantId) -> Result<Week, EngineError> {
        let view = self.view(tenant)?;
        let zone = &view.policy.zone;
        let now = self.around.ledger.now().timestamp();
        let last = Week::last_whole(now, zone);
        Ok(if view.created_at >= last.ends(zone) { last.after() } else { last })
    }
}

#[cfg(test)]
mod tests;
