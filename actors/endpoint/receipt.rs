//! What is kept of a message that a provider took, so that its later word finds the delivery.

use sereno_workflows::privacy;
use sereno_workflows::retry::Outcome;

use super::EndpointActor;
use super::attempt::Ended;
use crate::channel::whatsapp::OUTSIDE_WINDOW;
use crate::ledger::Draft;
use crate::record::{self, DeliveryRecord, ReceiptRecord};

impl EndpointActor {
    /// Keeps the receipt; forgets the customer's window where the provider knows better.
    pub(super) fn keep_receipt(&self, draft: &mut Draft, ended: &Ended, tried: &DeliveryRecord) {
        let delivery = &ended.queued.record;
        if let Outcome::Dead { code: OUTSIDE_WINDOW, .. } = &ended.outcome
            && let Some(to) = self.to(delivery)
        {
            draft.forget_window(&privacy::phone(&to).unwrap_or(to));
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

    /// The number to which a delivery goes, or the endpoint's target.
    fn to(&self, delivery: &DeliveryRecord) -> Option<String> {
        if let Some(tell) = &delivery.tell {
            return Some(tell.to.clone());
        }
        let tenant = self.around.hints.tenant(&self.tenant)?;
        Some(tenant.view.endpoints.get(&self.id)?.config.target.clone())
    }
}
