//! Deliveries that somebody wants tried again, or made after all.
//!
//! Only the endpoint's own actor puts them back into its queue: it alone knows which are under way.

use sereno_workflows::id::{EndpointId, Sequence};
use sereno_workflows::time::Timestamp;
use tokio::sync::oneshot;

use super::{EndpointActor, EndpointState};
use crate::gather::Refusal;
use crate::ledger::{Draft, LedgerError};
use crate::record::{AttemptStatus, DeliveryRecord, DeliveryStatusRecord};

/// A delivery that is to be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Again {
    /// The event that it carries.
    pub event: Sequence,
    /// Which it is; without one, the event was never on its way to the endpoint.
    pub delivery: Option<Sequence>,
}

/// Deliveries of one endpoint that are to be tried again, and where the answer goes once that is durable:
/// those that will be.
pub(crate) struct AgainRequest {
    pub(crate) deliveries: Vec<Again>,
    pub(crate) reply: oneshot::Sender<Result<Vec<Sequence>, Refusal>>,
}

impl EndpointActor {
    pub(super) async fn try_again(
        &self,
        state: &EndpointState,
        request: AgainRequest,
    ) -> Result<(), LedgerError> {
        let now = self.around.ledger.now().timestamp();
        let mut draft = Draft::new(&self.tenant);
        let (mut done, mut refusal) = (Vec::new(), None);
        for again in request.deliveries {
            match self.once_more(state, &mut draft, again, now)? {
                Ok(delivery) => done.push(delivery),
                Err(reason) => refusal = Some(Refusal::Rejected(reason.to_owned())),
            }
        }
        let answer = match refusal {
            Some(refusal) if done.is_empty() => Err(refusal),
            Some(_) | None => Ok(done),
        };
        let after = draft.take_after();
        let (hints, tenant) = (std::sync::Arc::clone(&self.around.hints), self.tenant.clone());
        let then = Box::new(move || {
            hints.carry_out(&tenant, after);
            // An error means that the caller has gone; what it asked for is done all the same.
            drop(request.reply.send(answer));
        });
        self.around.ledger.commit(draft, then).await;
        Ok(())
    }

    /// Puts one into the queue, due now; otherwise says why it stays where it is.
    fn once_more(
        &self,
        state: &EndpointState,
        draft: &mut Draft,
        Again { event, delivery }: Again,
        now: Timestamp,
    ) -> Result<Result<Sequence, &'static str>, LedgerError> {
        let ledger = &self.around.ledger;
        let Some(delivery) = delivery else {
            let delivery = ledger.sequence();
            draft.late(delivery, event);
            self.wait(draft, delivery, &DeliveryRecord::first(event), now);
            return Ok(Ok(delivery));
        };
        if state.under_way.contains_key(&delivery) {
            return Ok(Err("an attempt is under way"));
        }
        if let Some(letter) = ledger.dead_letter(&self.tenant, delivery)? {
            let forgiven = letter.delivery.attempts;
            draft.forget_dead_letter(delivery);
            self.wait(draft, delivery, &DeliveryRecord { forgiven, ..letter.delivery }, now);
            return Ok(Ok(delivery));
        }
        let Some(status) = ledger.status(&self.tenant, event, delivery)? else {
            // It waits for its first attempt, which is due.
            return Ok(Ok(delivery));
        };
        match status.status {
            AttemptStatus::Collected => Ok(Err("it went out together with others of its type")),
            AttemptStatus::Sent | AttemptStatus::Dead if self.id == EndpointId::CUSTOMERS => {
                Ok(Err("what was written to a customer is no longer kept"))
            }
            AttemptStatus::Sent | AttemptStatus::Dead => {
                let (attempts, history) = (status.attempts, status.history);
                let first = DeliveryRecord::first(event);
                let record = DeliveryRecord { attempts, forgiven: attempts, history, ..first };
                self.wait(draft, delivery, &record, now);
                Ok(Ok(delivery))
            }
            AttemptStatus::Retrying => {
                let due = status.next_at.unwrap_or(now);
                if due <= now {
                    // It waits for room, and may have been read ahead where it stands.
                    return Ok(Ok(delivery));
                }
                let waiting = ledger.waiting(&self.tenant, self.id, due, delivery)?;
                let Some(record) = waiting else { return Ok(Err("an attempt is just ending")) };
                draft.dequeue(self.id, due, delivery);
                self.wait(draft, delivery, &record, now);
                Ok(Ok(delivery))
            }
        }
    }

    fn wait(&self, draft: &mut Draft, delivery: Sequence, record: &DeliveryRecord, now: Timestamp) {
        draft.enqueue(self.id, now, delivery, record);
        let status = DeliveryStatusRecord {
            endpoint: self.id.0,
            status: AttemptStatus::Retrying,
            attempts: record.attempts,
            code: -1,
            error: None,
            next_at: Some(now),
            history: record.history.clone(),
        };
        draft.status(record.event, delivery, &status);
    }
}
