//! Messages that nobody asked for, which may no longer go when their turn comes: those of quiet hours wait
//! without an attempt, and what is no longer true or wanted ends here.

use ractor::ActorRef;
use sereno_workflows::id::EntityKey;
use sereno_workflows::product::{Offer, Present, Still};
use sereno_workflows::reservation::still::Said;
use sereno_workflows::statistics::Count;

use super::attempt::Ended;
use super::{EndpointActor, EndpointMessage, EndpointState, Standing};
use crate::ledger::queue::Queued;
use crate::ledger::{Draft, LedgerError};
use crate::record::{AttemptStatus, DeliveryStatusRecord, EventRecord, StateRecord, Tell};
use crate::tenant::Surroundings;
use crate::view::TenantView;

/// Why a message waits that quiet hours hold.
pub(crate) const QUIET: &str = "these are quiet hours";

/// Whether a message to a customer may go now, as its event stands. Offers, and what is said of a booking, cost a
/// look for it.
pub(super) fn still(
    around: &Surroundings,
    view: &TenantView,
    tell: &Tell,
    event: &EventRecord,
) -> Result<Still, LedgerError> {
    let ledger = &around.ledger;
    if let Some(said) = Said::of(&event.event_type, &event.body) {
        let booking = ledger.state(&view.id, &EntityKey::reservation(&said.reservation))?;
        let booking = match &booking {
            Some(StateRecord::Reservation(booking)) => Some(booking),
            Some(_) | None => None,
        };
        return Ok(said.still(booking, ledger.now().timestamp()));
    }
    let Some(offer) = Offer::of(&event.event_type, &event.body) else { return Ok(Still::Holds) };
    let told = ledger.lead(&view.id, &offer.lead)?;
    let lead = match told.as_ref().filter(|lead| lead.merged_into.is_some()) {
        Some(merged) => ledger.lead_now(&view.id, &merged.id)?,
        None => told.clone(),
    };
    let product = ledger.product(&view.id, &offer.sku)?;
    Ok(offer.still(Present {
        to: &tell.to,
        told: told.as_ref(),
        lead: lead.as_ref(),
        product: product.as_ref(),
        now: ledger.now().timestamp(),
        policy: &view.policy,
    }))
}

impl EndpointActor {
    /// Commits that a message was not attempted: it waits, or it is over.
    pub(super) async fn withhold(
        &self,
        myself: &ActorRef<EndpointMessage>,
        state: &mut EndpointState,
        ended: Ended,
        still: Still,
    ) -> Result<(), LedgerError> {
        let mut draft = Draft::new(&self.tenant);
        let Queued { due, delivery, record } = &*ended.queued;
        if matches!(state.under_way.get(delivery), Some(Standing::Secured)) {
            draft.dequeue(self.id, *due, *delivery);
        }
        let (status, next_at, error) = match still {
            Still::Later(at) => (AttemptStatus::Retrying, Some(at), QUIET),
            Still::Not(reason) => {
                draft.tally().count(Count::DeliveriesWithdrawn);
                (AttemptStatus::Withdrawn, None, reason)
            }
            Still::Holds => return Ok(()),
        };
        if let Some(at) = next_at {
            draft.enqueue(self.id, at, *delivery, record);
            // It is heard of below.
            draft.take_after();
        }
        self.keep_place(state, &mut draft, (*delivery, record.event), next_at.is_some())?;
        let stands = DeliveryStatusRecord {
            endpoint: self.id.0,
            status,
            attempts: record.attempts,
            code: -1,
            error: Some(error.to_owned()),
            next_at,
            history: record.history.clone(),
            cancelled: None,
        };
        draft.status(record.event, *delivery, &stands);
        self.commit_end(myself, state, draft, (*delivery, next_at), ended.pass).await;
        Ok(())
    }
}
