//! What providers say of messages after they had taken them, brought to the deliveries.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sereno_workflows::id::{EndpointId, Sequence, TenantId};
use sereno_workflows::inbound::Status;
use sereno_workflows::privacy;
use sereno_workflows::provider::ProviderStatus;
use sereno_workflows::time::Span;

use crate::announce::{Announcement, Audience, Context, announce};
use crate::channel::whatsapp::OUTSIDE_WINDOW;
use crate::endpoint::{delivery_id, of_delivery_id};
use crate::ledger::{Draft, Ledger, LedgerError};
use crate::limits;
use crate::record::{
    self, AttemptStatus, DeliveryRecord, DeliveryStatusRecord, ProviderStatusRecord, ReceiptRecord,
    Source,
};
use crate::view::TenantView;

/// A word may come before its receipt is written, but not weeks after the message.
const WITHOUT_RECEIPT: Span = Span::hours(24 * 14);

/// What was learned of deliveries, as a commit in the making.
pub(super) struct Learning {
    pub(super) draft: Draft,
    /// Deliveries that go again: once, however often their failure is told.
    going_again: BTreeSet<Sequence>,
    /// Deliveries of which it is told here that they failed.
    failed: BTreeSet<Sequence>,
}

/// The event that tells of a message which its provider had taken and could not deliver.
const FAILED: &str = "message.failed";
/// What of the event that a message went with its failure tells too.
const CARRIED: [&str; 5] =
    ["lead_id", "conversation_id", "reservation_id", "wa_number_hash", "product"];

impl Learning {
    pub(super) fn new(tenant: &TenantId) -> Self {
        let (going_again, failed) = (BTreeSet::new(), BTreeSet::new());
        Self { draft: Draft::new(tenant), going_again, failed }
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
            None => {
                if status == ProviderStatus::Failed {
                    self.tell_of_failure(ledger, view, (delivery, &receipt), &said)?;
                }
                self.draft.provider_said(delivery, status, &said);
            }
        }
        Ok(())
    }

    /// Tells whoever wants to know that a message did not arrive after all, once for each delivery. What is
    /// known to have arrived has.
    fn tell_of_failure(
        &mut self,
        ledger: &Ledger,
        view: &TenantView,
        (delivery, receipt): (Sequence, &ReceiptRecord),
        said: &ProviderStatusRecord,
    ) -> Result<(), LedgerError> {
        let word = ledger.provider_word(&view.id, delivery)?;
        if word.statuses.iter().any(|(status, _)| *status >= ProviderStatus::Failed) {
            return Ok(());
        }
        let event = ledger.event(&view.id, receipt.event)?;
        // Word of a failure that fails itself would go round and round between two phones of the staff.
        let is_word_of_it = event.as_ref().is_some_and(|event| event.event_type == FAILED);
        if is_word_of_it || !self.failed.insert(delivery) {
            return Ok(());
        }
        let body: Value = event
            .as_ref()
            .and_then(|event| serde_json::from_slice(&event.body).ok())
            .unwrap_or_default();
        let endpoint = EndpointId(receipt.endpoint);
        let is_customer = endpoint == EndpointId::CUSTOMERS;
        let facts = [
            ("delivery_id", json!(delivery_id(delivery))),
            ("endpoint_id", json!((!is_customer).then_some(endpoint.0))),
            ("channel", json!("whatsapp")),
            ("message_id", json!(said.message_id)),
            ("because_of", json!(event.as_ref().map(|event| &event.id))),
            ("because_of_type", json!(event.as_ref().map(|event| &event.event_type))),
            ("code", json!(said.code)),
            ("error", json!(said.error)),
        ];
        let data = body.get("data").unwrap_or(&Value::Null);
        let carried = CARRIED.map(|name| (name, data.get(name).cloned().unwrap_or_default()));
        let data = facts.into_iter().chain(carried).filter(|(_, value)| !value.is_null());
        let announcement = Announcement {
            id: None,
            event_type: FAILED.to_owned(),
            at: said.at,
            source: Source::Workflow,
            data: data.map(|(name, value)| (name.to_owned(), value)).collect(),
            audience: if is_customer { Audience::Subscribers } else { Audience::Others(endpoint) },
        };
        let context = Context { cause: Some(receipt.event), ..Context::default() };
        announce(&mut self.draft, ledger, view, announcement, context);
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
            cancelled: None,
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
