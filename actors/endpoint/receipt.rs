//! What is kept of a message that a provider took, so that its later word finds the delivery.

use sereno_workflows::privacy;
use sereno_workflows::provider::ProviderStatus;
use sereno_workflows::retry::Outcome;
use sereno_workflows::time::Span;

use super::EndpointActor;
use super::attempt::Ended;
use crate::channel::whatsapp::OUTSIDE_WINDOW;
use crate::ledger::{Draft, LedgerError};
use crate::record::{self, DeliveryRecord, ReceiptRecord};

impl EndpointActor {
    /// Keeps the receipt; forgets the customer's window where the provider knows better.
    pub(super) fn keep_receipt(&self, draft: &mut Draft, ended: &Ended, tried: &DeliveryRecord) {
        let delivery = &ended.queued.record;
        if let Outcome::Dead { code: OUTSIDE_WINDOW, .. } = &ended.outcome
            && let Some(to) = self.to(delivery)
        {
            draft.forget_window(&privacy::phone_or_text(&to));
        }
        let Some(receipt) = &ended.receipt else { return };
        let receipt = ReceiptRecord {
            event: delivery.event,
            endpoint: self.id.0,
            message_id: receipt.message_id.clone(),
            again: if receipt.has_template { record::encode(tried) } else { Vec::new() },
        };
        draft.receipt(ended.queued.delivery, &receipt);
    }

    /// A provider's word that only a template would do may be quicker than its answer: the delivery goes again
    /// as one, as it does when the word comes later.
    pub(super) fn hear_early_word(
        &self,
        draft: &mut Draft,
        ended: &mut Ended,
    ) -> Result<(), LedgerError> {
        let Some(receipt) = ended.receipt.as_ref().filter(|receipt| receipt.has_template) else {
            return Ok(());
        };
        let delivery = ended.queued.delivery;
        let word = self.around.ledger.provider_word(&self.tenant, delivery)?;
        let too_late = word.statuses.into_iter().find(|(status, said)| {
            *status == ProviderStatus::Failed
                && said.code == OUTSIDE_WINDOW
                && said.message_id == receipt.message_id
        });
        let Some((_, said)) = too_late else { return Ok(()) };
        if let Some(to) = self.to(&ended.queued.record) {
            draft.forget_window(&privacy::phone_or_text(&to));
        }
        draft.forget_words(delivery);
        let error = said.error.unwrap_or_default();
        let after = Some(Span::millis(1));
        ended.outcome = Outcome::Retry { code: OUTSIDE_WINDOW, error, after };
        ended.receipt = None;
        Ok(())
    }

    /// The number to which a delivery goes, or the endpoint's target.
    fn to(&self, delivery: &DeliveryRecord) -> Option<String> {
        if let Some(tell) = &delivery.tell {
            return Some(tell.to.clone());
        }
        let tenant = self.around.hints.tenant(&self.tenant)?;
        Some(tenant.view.endpoints.get(&self.id)?.config.target.clone())
    }
}
