//! The reports of a tenant: made of what was counted when they are due, and mailed as deliveries like any other.

use std::sync::Arc;

use sereno_workflows::id::{EndpointId, Sequence};
use sereno_workflows::message;
use sereno_workflows::report::{self, Week};
use sereno_workflows::time::Timestamp;
use tokio::sync::Semaphore;

use super::Entity;
use super::decide::Command;
use crate::ledger::{Draft, Ledger, LedgerError};
use crate::limits;
use crate::record::{DeliveryRecord, Tell};
use crate::view::TenantView;

/// Whose turn it is to make one. The threads that do it are the process's, and so is this.
static TURNS: Semaphore = Semaphore::const_new(limits::answers::REPORTS_AT_ONCE_MAX);

impl Entity {
    /// What an alarm means: the report of the last whole week is due. It is made away from the threads that
    /// everything else needs.
    pub(super) async fn report(
        &self,
        command: Command,
        view: &TenantView,
        now: Timestamp,
    ) -> Result<Command, LedgerError> {
        let Command::Wake { generation } = command else { return Ok(command) };
        // Kept until it is made; an error would mean that somebody closed it, which nobody does.
        let _turn = TURNS.acquire().await;
        let week = Week::last_whole(now, &view.policy.zone);
        let (ledger, view) = (Arc::clone(&self.ledger), view.clone());
        let made = tokio::task::spawn_blocking(move || ledger.report(&view, week, None)).await;
        let report = match made {
            Ok(report) => Arc::new(report?),
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        };
        Ok(Command::Report(report::Command::Wake { generation, week, report }))
    }
}

/// Queues a mail of an event for each of these addresses.
pub(super) fn mail(
    draft: &mut Draft,
    ledger: &Ledger,
    (event, now): (Sequence, Timestamp),
    to: Vec<String>,
) {
    for to in to {
        // What it says is made of its event, attempt by attempt.
        let message = message::plain("");
        let record = DeliveryRecord::to_customer(event, Tell { to, message });
        draft.tell(EndpointId::READERS, now, ledger.sequence(), &record);
    }
}
