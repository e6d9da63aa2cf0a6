//! A delivery that somebody wants to end while it still waits: in the queue, for others of its type, or behind
//! an earlier one of its key.
//!
//! Only the endpoint's own actor takes it away: it alone knows which are under way. The row that waits goes in
//! the commit that says who cancelled it, so that whoever finds the one never finds the other.

use ractor::ActorRef;
use sereno_workflows::id::Sequence;
use sereno_workflows::statistics::Count;
use sereno_workflows::time::Timestamp;
use tokio::sync::oneshot;

use super::order::key_of;
use super::{EndpointActor, EndpointMessage, EndpointState};
use crate::gather::Refusal;
use crate::ledger::{Draft, LedgerError};
use crate::record::{AttemptStatus, Cancelled, DeliveryStatusRecord};

/// What is said of a delivery that was cancelled, where there is room for no more.
const BY_HAND: &str = "cancelled by hand";

/// A delivery that is to end, and where the answer goes once that is durable.
pub(crate) struct CancelRequest {
    pub(crate) event: Sequence,
    pub(crate) delivery: Sequence,
    /// Where it was found in the queue; it may have moved since.
    pub(crate) due: Option<Timestamp>,
    pub(crate) cancelled: Cancelled,
    pub(crate) reply: oneshot::Sender<Result<(), Refusal>>,
}

/// Where a delivery waits, and within which key its order is kept.
struct Waits {
    key: String,
    /// When it is due in the queue; otherwise it is behind another one of its key.
    due: Option<Timestamp>,
}

impl EndpointActor {
    /// Has a delivery end that waits; one that is under way or over is refused, and of one that is just moving
    /// it is said to try again.
    pub(super) async fn cancel(
        &self,
        myself: &ActorRef<EndpointMessage>,
        state: &mut EndpointState,
        request: CancelRequest,
    ) -> Result<(), LedgerError> {
        let now = self.around.ledger.now().timestamp();
        let CancelRequest { event, delivery, due, cancelled, reply } = request;
        let status = self.around.ledger.status(&self.tenant, event, delivery)?;
        let answer = match self.hindered(state, delivery, status.as_ref()) {
            Some(reason) => Err(Refusal::Rejected(reason.to_owned())),
            None => match self.find(state, (event, delivery), (status.as_ref(), due))? {
                None => Err(Refusal::Again),
                Some(waits) => {
                    let mut draft = Draft::new(&self.tenant);
                    self.take_away(&mut draft, delivery, &waits)?;
                    let stands = self.cancelled(status, cancelled);
                    draft.status(event, delivery, &stands);
                    draft.tally().count(Count::DeliveriesCancelled);
                    self.commit_and_tell(draft).await;
                    // It may have been read ahead.
                    if let Some(due) = waits.due {
                        state.go_back_to(due);
                    }
                    Ok(())
                }
            },
        };
        // An error means that the caller has gone; what it asked for is done all the same.
        drop(reply.send(answer));
        state.hear(now);
        self.look(myself, state).await
    }

    /// Why a delivery cannot end: it is over, or an attempt decides what comes of it.
    fn hindered(
        &self,
        state: &EndpointState,
        delivery: Sequence,
        status: Option<&DeliveryStatusRecord>,
    ) -> Option<&'static str> {
        if state.under_way.contains_key(&delivery) {
            return Some("an attempt is under way: wait for what comes of it");
        }
        match status.map(|status| status.status) {
            None | Some(AttemptStatus::Retrying) => None,
            Some(AttemptStatus::Sent) => Some("it was sent already"),
            Some(AttemptStatus::Dead) => {
                Some("it was given up already: discard it among the dead letters")
            }
            Some(AttemptStatus::Collected) => Some("it went out together with others of its type"),
            Some(AttemptStatus::Withdrawn) => Some("it was cancelled already"),
        }
    }

    /// Where a delivery waits. Nowhere, where it is just moving from one place to another.
    fn find(
        &self,
        state: &mut EndpointState,
        (event, delivery): (Sequence, Sequence),
        (status, due): (Option<&DeliveryStatusRecord>, Option<Timestamp>),
    ) -> Result<Option<Waits>, LedgerError> {
        let ledger = &self.around.ledger;
        let Some(record) = ledger.event(&self.tenant, event)? else { return Ok(None) };
        let key = key_of(&record);
        if state.line.is_next(&key, delivery) {
            return Ok(None);
        }
        let collected = state.collecting.take(delivery).map(|queued| queued.due);
        let known = status.and_then(|status| status.next_at);
        for due in [collected, due, known].into_iter().flatten() {
            if ledger.waiting(&self.tenant, self.id, due, delivery)?.is_some() {
                return Ok(Some(Waits { key, due: Some(due) }));
            }
        }
        let is_parked = ledger.is_parked(&self.tenant, self.id, &key, delivery)?;
        Ok(is_parked.then_some(Waits { key, due: None }))
    }

    /// Takes it from where it waits. The head of a key leaves its place to the next one.
    fn take_away(
        &self,
        draft: &mut Draft,
        delivery: Sequence,
        Waits { key, due }: &Waits,
    ) -> Result<(), LedgerError> {
        let Some(due) = due else {
            draft.unpark(self.id, key, delivery);
            return Ok(());
        };
        draft.dequeue(self.id, *due, delivery);
        let head = self.around.ledger.head(&self.tenant, self.id, key)?;
        if head.is_some_and(|(head, _)| head == delivery) {
            self.bring_next(draft, key)?;
        }
        Ok(())
    }

    /// How it stands from now on: what was tried stays known.
    fn cancelled(
        &self,
        status: Option<DeliveryStatusRecord>,
        cancelled: Cancelled,
    ) -> DeliveryStatusRecord {
        let (attempts, code, history) = match status {
            Some(status) => (status.attempts, status.code, status.history),
            None => (0, -1, Vec::new()),
        };
        DeliveryStatusRecord {
            endpoint: self.id.0,
            status: AttemptStatus::Withdrawn,
            attempts,
            code,
            error: Some(BY_HAND.to_owned()),
            next_at: None,
            history,
            cancelled: Some(Box::new(cancelled)),
        }
    }
}
