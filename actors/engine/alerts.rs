//! Alerts: how the rules stand, and silences.

use sereno_workflows::alerts::Alerts;
use sereno_workflows::id::{EntityKey, TenantId};
use sereno_workflows::time::Timestamp;
use tokio::sync::oneshot;

use super::{Engine, EngineError, ask};
use crate::entity::Command;
use crate::hints::Listing;
use crate::record::StateRecord;
use crate::tenant::{Act, TenantMessage};

impl Engine {
    /// How a tenant's rules stand.
    pub fn alerts(&self, tenant: &TenantId) -> Result<Alerts, EngineError> {
        match self.around.ledger.state(tenant, &EntityKey::alerts())? {
            Some(StateRecord::Alerts(alerts)) => Ok(alerts),
            Some(_) | None => Ok(Alerts::default()),
        }
    }

    /// Silences an alert until then, or lets it speak again; returns once that is durable.
    pub async fn silence(
        &self,
        tenant: &TenantId,
        alert: &str,
        until: Option<Timestamp>,
    ) -> Result<(), EngineError> {
        let Listing { actor, .. } = self.listing(tenant)?;
        let (reply, answer) = oneshot::channel();
        let command = Command::Silence(alert.to_owned(), until);
        let act = Act { key: EntityKey::alerts(), command, trace: None, reply };
        ask(&actor, TenantMessage::Act(act), answer).await
    }
}
