//! Events by how one of their deliveries stands.

use sereno_workflows::id::{Sequence, TenantId};

use super::Reader;
use crate::ledger::LedgerError;
use crate::record::{AttemptStatus, EventRecord, Selection};

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It was not tried yet.
    Pending,
    /// It arrived.
    Sent,
    /// It failed and will be tried again.
    Failed,
    /// It was given up.
    Dead,
}

impl Standing {
    /// Among which deliveries one that stands so is.
    pub(super) fn among(self) -> Selection {
        let status = match self {
            // One that is held is pending, or has failed, and stands among those that are not.
            Self::Pending => "pending",
            Self::Failed => "retrying",
            Self::Sent => "sent",
            Self::Dead => "dead",
        };
        Selection { status: Some(status.to_owned()), ..Selection::default() }
    }
}

impl Reader<'_> {
    /// Whether one of an event's deliveries stands so.
    pub(super) fn has_delivery(
        &self,
        tenant: &TenantId,
        place: Sequence,
        event: &EventRecord,
        standing: Standing,
    ) -> Result<bool, LedgerError> {
        let deliveries = self.ledger.deliveries_of(tenant, place, event)?;
        Ok(deliveries.into_iter().any(|(endpoint, _, status)| {
            let is_there = self.tenant.has_endpoint(endpoint);
            match status.map(|status| (status.status, status.attempts)) {
                None | Some((AttemptStatus::Retrying, 0)) => {
                    standing == Standing::Pending && is_there
                }
                Some((AttemptStatus::Retrying, _)) => standing == Standing::Failed && is_there,
                Some((AttemptStatus::Sent | AttemptStatus::Collected, _)) => {
                    standing == Standing::Sent
                }
                Some((AttemptStatus::Dead, _)) => standing == Standing::Dead,
                Some((AttemptStatus::Withdrawn, _)) => false,
            }
        }))
    }
}
