//! Deliveries that somebody wants tried again, or made after all.
//!
//! Only the endpoint's own actor puts them back into its queue: it alone knows which are under way.

use ractor::ActorRef;
use sereno_workflows::id::{EndpointId, Sequence};
use sereno_workflows::time::Timestamp;
use tokio::sync::oneshot;

use super::{EndpointActor, EndpointMessage, EndpointState};
use crate::gather::Refusal;
use crate::ledger::{Draft, LedgerError};
use crate::record::{
    AttemptStatus, DeadLetterRecord, DeliveryRecord, DeliveryStatusRecord, HandedOn, Hindrance,
};
use crate::tenant::Direct;
use crate::view::TenantView;

/// A delivery that is to be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Again {
    /// The event that it carries.
    pub event: Sequence,
    /// Which it is; without one, the event was never on its way to the endpoint.
    pub delivery: Option<Sequence>,
    /// Whether only as the dead letter that it is: nothing is done where somebody else was first.
    pub as_letter: bool,
}

/// Deliveries of one endpoint that are to be tried again, and where the answer goes once that is durable.
pub(crate) struct AgainRequest {
    pub(crate) deliveries: Vec<Again>,
    pub(crate) reply: oneshot::Sender<AgainAnswer>,
}

/// What came of asking for that.
#[derive(Debug, Default)]
pub(crate) struct AgainAnswer {
    /// Those that will be tried.
    pub(crate) done: Vec<Sequence>,
    /// The others, and why not.
    pub(crate) not_done: Vec<(Again, Hindrance)>,
}

/// What is to become of a dead letter, and where the answer goes once that is durable.
pub(crate) struct LetterRequest {
    pub(crate) delivery: Sequence,
    pub(crate) wish: LetterWish,
    pub(crate) reply: oneshot::Sender<Result<(), Refusal>>,
}

/// What somebody wants of a dead letter.
pub(crate) enum LetterWish {
    /// It is thrown away.
    Discard,
    /// It says to whom its event was sent in its place.
    HandedOn(Box<HandedOn>),
}

/// Why a delivery that stands so is not tried again, however its endpoint is, where it is no dead letter.
pub(crate) fn barred(endpoint: EndpointId, status: &DeliveryStatusRecord) -> Option<Hindrance> {
    match status.status {
        AttemptStatus::Withdrawn if status.cancelled.is_some() => Some(Hindrance::Cancelled),
        AttemptStatus::Withdrawn => Some(Hindrance::Untrue),
        AttemptStatus::Collected => Some(Hindrance::Collected),
        AttemptStatus::Sent | AttemptStatus::Dead => match endpoint {
            EndpointId::CUSTOMERS => Some(Hindrance::Unkept),
            EndpointId::READERS => Some(Hindrance::ReaderUnkept),
            EndpointId(_) => None,
        },
        AttemptStatus::Retrying => None,
    }
}

impl EndpointActor {
    /// Whoever asks next decides on what this has changed, so it is made durable first.
    pub(super) async fn try_again(
        &self,
        myself: &ActorRef<EndpointMessage>,
        state: &mut EndpointState,
        request: AgainRequest,
    ) -> Result<(), LedgerError> {
        let now = self.around.ledger.now().timestamp();
        let mut draft = Draft::new(&self.tenant);
        let mut answer = AgainAnswer::default();
        for again in request.deliveries {
            match self.once_more(state, &mut draft, again, now)? {
                Ok(delivery) => answer.done.push(delivery),
                Err(why) => answer.not_done.push((again, why)),
            }
        }
        self.commit_and_tell(draft).await;
        // An error means that the caller has gone; what it asked for is done all the same.
        drop(request.reply.send(answer));
        state.hear(now);
        self.look(myself, state).await
    }

    /// Sends an event in place of a dead letter, if that is still there.
    pub(super) async fn send_instead(
        &self,
        view: &TenantView,
        direct: Direct,
    ) -> Result<(), LedgerError> {
        let letter = match direct.instead_of {
            Some(delivery) => self.around.ledger.dead_letter(&self.tenant, delivery)?,
            None => None,
        };
        let answer = if letter.is_some() {
            let mut draft = Draft::new(&self.tenant);
            let (id, reply) = direct.announce(&mut draft, &self.around.ledger, view);
            self.commit_and_tell(draft).await;
            (reply, Ok(id))
        } else {
            let reason = "it is no dead letter any more".to_owned();
            (direct.reply, Err(Refusal::Rejected(reason)))
        };
        // As above.
        drop(answer.0.send(answer.1));
        Ok(())
    }

    /// Does with a dead letter what somebody wants, if it is still there.
    pub(super) async fn treat(
        &self,
        LetterRequest { delivery, wish, reply }: LetterRequest,
    ) -> Result<(), LedgerError> {
        let ledger = &self.around.ledger;
        let answer = if let Some(letter) = ledger.dead_letter(&self.tenant, delivery)? {
            let mut draft = Draft::new(&self.tenant);
            match wish {
                LetterWish::Discard => {
                    draft.forget_dead_letter((self.id, delivery), ledger.now().timestamp());
                }
                LetterWish::HandedOn(to) => {
                    let handed_on = Some(to);
                    draft.dead_letter(delivery, &DeadLetterRecord { handed_on, ..letter });
                }
            }
            self.commit_and_tell(draft).await;
            Ok(())
        } else {
            Err(Refusal::Rejected("it is no dead letter any more".to_owned()))
        };
        // As above.
        drop(reply.send(answer));
        Ok(())
    }

    pub(super) async fn commit_and_tell(&self, mut draft: Draft) {
        let after = draft.take_after();
        self.around.ledger.commit_and_wait(draft).await;
        self.around.hints.carry_out(&self.tenant, after);
    }

    /// Puts one into the queue, due now; otherwise says why it stays where it is.
    fn once_more(
        &self,
        state: &mut EndpointState,
        draft: &mut Draft,
        Again { event, delivery, as_letter }: Again,
        now: Timestamp,
    ) -> Result<Result<Sequence, Hindrance>, LedgerError> {
        let ledger = &self.around.ledger;
        let delivery = match delivery {
            Some(delivery) => Some(delivery),
            None => self.known(event)?,
        };
        let Some(delivery) = delivery else {
            let delivery = ledger.sequence();
            draft.late(self.id, delivery, event);
            self.wait(draft, delivery, &DeliveryRecord::first(event), now);
            return Ok(Ok(delivery));
        };
        if state.under_way.contains_key(&delivery) {
            return Ok(Err(Hindrance::UnderWay));
        }
        if let Some(letter) = ledger.dead_letter(&self.tenant, delivery)? {
            let forgiven = letter.delivery.attempts;
            draft.forget_dead_letter((self.id, delivery), now);
            self.wait(draft, delivery, &DeliveryRecord { forgiven, ..letter.delivery }, now);
            return Ok(Ok(delivery));
        }
        if as_letter {
            return Ok(Err(Hindrance::Gone));
        }
        let Some(status) = ledger.status(&self.tenant, event, delivery)? else {
            return self.hasten(state, draft, (event, delivery), now);
        };
        if let Some(why) = barred(self.id, &status) {
            return Ok(Err(why));
        }
        match status.status {
            AttemptStatus::Sent
            | AttemptStatus::Dead
            | AttemptStatus::Collected
            | AttemptStatus::Withdrawn => {
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
                let Some(record) = waiting else {
                    let parked = self.is_parked(event, delivery)?;
                    return Ok(Err(if parked { Hindrance::Behind } else { Hindrance::Ending }));
                };
                draft.dequeue(self.id, due, delivery);
                self.wait(draft, delivery, &record, now);
                Ok(Ok(delivery))
            }
        }
    }

    /// One that was never tried is due, unless it waits for others of its type, or its turn.
    fn hasten(
        &self,
        state: &mut EndpointState,
        draft: &mut Draft,
        (event, delivery): (Sequence, Sequence),
        now: Timestamp,
    ) -> Result<Result<Sequence, Hindrance>, LedgerError> {
        if let Some(queued) = state.collecting.take(delivery) {
            draft.dequeue(self.id, queued.due, delivery);
            let record = DeliveryRecord { collect: None, ..queued.record };
            draft.enqueue(self.id, now, delivery, &record);
        } else if self.is_parked(event, delivery)? {
            return Ok(Err(Hindrance::Behind));
        }
        Ok(Ok(delivery))
    }

    /// The delivery of an event to this endpoint, if there is one.
    fn known(&self, event: Sequence) -> Result<Option<Sequence>, LedgerError> {
        let ledger = &self.around.ledger;
        let Some(record) = ledger.event(&self.tenant, event)? else { return Ok(None) };
        let all = ledger.deliveries_of(&self.tenant, event, &record)?;
        Ok(all.into_iter().find(|(to, ..)| *to == self.id).map(|(_, delivery, _)| delivery))
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
            cancelled: None,
        };
        draft.status(record.event, delivery, &status);
    }
}
