//! What providers say of messages after they had taken them, brought to the deliveries.

use std::collections::BTreeSet;

use sereno_workflows::id::{EndpointId, Sequence, TenantId};
use sereno_workflows::inbound::Status;
use sereno_workflows::privacy;
use sereno_workflows::provider::ProviderStatus;
use sereno_workflows::time::Span;

use crate::channel::whatsapp::OUTSIDE_WINDOW;
use crate::endpoint::of_delivery_id;
use crate::ledger::{Draft, Ledger, LedgerError};
use crate::limits;
use crate::record::{
    self, AttemptStatus, DeliveryRecord, DeliveryStatusRecord, ProviderStatusRecord, ReceiptRecord,
};
use crate::view::TenantView;

/// A word may come before its receipt is written, but not weeks after the message.
const WITHOUT_RECEIPT: Span = Span::hours(24 * 14);

/// What was learned of deliveries, as a commit in the making.
pub(super) struct Learning {
    pub(super) draft: Draft,
    /// Deliveries that go again: once, however often their failure is told.
    going_again: BTreeSet<Sequence>,
}

impl Learning {
    pub(super) fn new(tenant: &TenantId) -> Self {
        Self { draft: Draft::new(tenant), going_again: BTreeSet::new() }
    }

    /// Keeps what a provider says of a message with its delivery. What is said of a message that was not
    /// sent from here is left out.
    pub(super) fn note(
        &mut self,
        ledger: &Ledger,
        view: &TenantView,
        update: Status,
    ) -> Result<(), LedgerError> {
        let own = update.delivery_id.as_deref().and_then(of_delivery_id);
        let found = match own {
            Some(delivery) => Some(delivery),
            None => ledger.find_message(&view.id, &update.message_id)?,
        };
        let Some(delivery) = found else {
            tracing::debug!(tenant = %view.id, "a status is of a message that was not sent here");
            return Ok(());
        };
        let too_late = is_too_late(&update);
        let Status { message_id, status, at, code, error, .. } = update;
        let said = ProviderStatusRecord { at, message_id, code, error };
        let Some(receipt) = ledger.receipt(&view.id, delivery)? else {
            let (moment, now) = (delivery.moment(), ledger.now().timestamp());
            if moment <= now && now.since(moment) <= WITHOUT_RECEIPT {
                self.draft.provider_said(delivery, status, &said);
            }
            return Ok(());
        };
        // Of a message that was given up for another try, nothing counts; of one that was sent twice since
        // its answer was lost, only the later failure does.
        let other = receipt.message_id != said.message_id;
        let given_up = receipt.message_id.is_empty() || self.going_again.contains(&delivery);
        if given_up || (other && status == ProviderStatus::Failed) {
            return Ok(());
        }
        match again(&receipt, view).filter(|_| too_late) {
            Some(record) => {
                self.going_again.insert(delivery);
                if let Some(number) = number_of(&receipt, &record, view) {
                    self.draft.forget_window(&number);
                }
                self.send_again(ledger, (delivery, receipt), record, &said);
            }
            None => self.draft.provider_said(delivery, status, &said),
        }
        Ok(())
    }

    /// Queues a delivery again that its provider found too late to take only as a template.
    fn send_again(
        &mut self,
        ledger: &Ledger,
        (delivery, receipt): (Sequence, ReceiptRecord),
        record: DeliveryRecord,
        said: &ProviderStatusRecord,
    ) {
        let now = ledger.now().timestamp();
        let draft = &mut self.draft;
        let endpoint = EndpointId(receipt.endpoint);
        draft.enqueue(endpoint, now, delivery, &record);
        let stands = DeliveryStatusRecord {
            endpoint: receipt.endpoint,
            status: AttemptStatus::Retrying,
            attempts: record.attempts,
            code: said.code,
            error: said.error.clone(),
            next_at: Some(now),
            history: record.history.clone(),
        };
        draft.status(receipt.event, delivery, &stands);
        draft.forget_words(delivery);
        let superseded = ReceiptRecord { message_id: String::new(), again: Vec::new(), ..receipt };
        draft.receipt(delivery, &superseded);
    }
}

/// Whether the provider found that only a template would have been taken.
pub(super) fn is_too_late(update: &Status) -> bool {
    update.status == ProviderStatus::Failed && update.code == OUTSIDE_WINDOW
}

/// The number to which a delivery went.
fn number_of(
    receipt: &ReceiptRecord,
    record: &DeliveryRecord,
    view: &TenantView,
) -> Option<String> {
    let to = match &record.tell {
        Some(tell) => &tell.to,
        None => &view.endpoints.get(&EndpointId(receipt.endpoint))?.config.target,
    };
    Some(privacy::phone_or_text(to))
}

/// The delivery that can go again as a template, if there is still somewhere to go.
fn again(receipt: &ReceiptRecord, view: &TenantView) -> Option<DeliveryRecord> {
    let id = EndpointId(receipt.endpoint);
    let there = id == EndpointId::CUSTOMERS || view.endpoints.contains_key(&id);
    if !there || receipt.again.is_empty() {
        return None;
    }
    match record::decode::<DeliveryRecord>(&receipt.again) {
        // Whoever still finds it too late does so for another reason.
        Ok(record) => Some(record).filter(|record| record.attempts < limits::TEMPLATE_ATTEMPTS_MAX),
        Err(error) => {
            tracing::error!(%error, tenant = %view.id, "a delivery cannot go again");
            None
        }
    }
}
