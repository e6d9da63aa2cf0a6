//! One live endpoint: takes what is due from its queue, attempts it, records what came of it.
//!
//! ```text
//!  Deliver (a hint) --> look at the queue --> attempts, at most 16 --> Ended --> commit --> Recorded
//!                            ^                                                                |
//!                            +----------------------------------------------------------------+
//! ```
//! The backlog is rows, not messages: a dead endpoint costs disk and nobody else's time. A row leaves
//! the queue in the commit that records the attempt's outcome; a crash in between repeats the attempt
//! under the same delivery id.

pub mod again;
mod attempt;
pub mod config;
mod health;
mod offer;
pub mod standing;

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use ractor::{Actor, ActorProcessingErr, ActorRef, SupervisionEvent};
use sereno_workflows::endpoint::{Health, Window};
use sereno_workflows::id::{EndpointId, Sequence, TenantId};
use sereno_workflows::rate::Rates;
use sereno_workflows::retry::{Next, Outcome, RetryPolicy};
use sereno_workflows::time::Timestamp;
use tokio::task::JoinSet;

use self::again::AgainRequest;
pub use self::attempt::delivery_id;
use self::attempt::{Ended, attempt};
use crate::fan_out::{Offer, Share};
use crate::ledger::queue::Queued;
use crate::ledger::{Draft, LedgerError};
use crate::limits;
use crate::record::{
    AttemptStatus, DeadLetterRecord, DeliveryRecord, DeliveryStatusRecord, EventRecord, LogRecord,
};
use crate::tenant::{Surroundings, TenantMessage};
use crate::view::TenantView;

/// One live endpoint.
pub(crate) struct EndpointActor {
    pub(crate) around: Surroundings,
    pub(crate) tenant: TenantId,
    pub(crate) parent: ActorRef<TenantMessage>,
    pub(crate) id: EndpointId,
    /// The attempts of the tenant's endpoints in the last minute; they outlive this actor.
    pub(crate) rates: Arc<Mutex<Rates>>,
}

/// What an endpoint is told.
pub(crate) enum EndpointMessage {
    /// Look at the queue: something is due at that time or later.
    Deliver(Arc<TenantView>, Timestamp),
    /// A delivery of an event for many.
    Offer(Arc<TenantView>, Offer),
    /// It was enabled again: what it did before is forgotten.
    Forgive,
    /// Somebody wants deliveries tried again.
    Again(Arc<TenantView>, AgainRequest),
    /// The attempt of an offered delivery takes its time.
    Slow(Queued),
    /// An attempt ended.
    Ended(Box<Ended>),
    /// What came of an attempt is durable.
    Recorded(Sequence),
    /// Nobody spoke to it for a while: it ends, unless it has work.
    Retire,
}

/// What a live endpoint remembers.
pub(crate) struct EndpointState {
    view: Option<Arc<TenantView>>,
    /// Deliveries whose attempt is under way or not recorded yet.
    under_way: HashMap<Sequence, Standing>,
    attempts: JoinSet<()>,
    /// Everything in the queue before this place is under way or gone. What was delivered leaves
    /// traces in the store for a while, and looking from the start would pass over all of them.
    from: (Timestamp, Sequence),
    health: Option<Health>,
    window: Window,
}

/// Where a delivery that is under way stands on disk.
enum Standing {
    /// In the queue.
    Queued,
    /// Only in the event's record; whoever offered it waits for word.
    Offered(Share),
}

impl Actor for EndpointActor {
    type Msg = EndpointMessage;
    type State = EndpointState;
    type Arguments = ();

    async fn pre_start(
        &self,
        _myself: ActorRef<EndpointMessage>,
        (): (),
    ) -> Result<EndpointState, ActorProcessingErr> {
        Ok(EndpointState {
            view: None,
            under_way: HashMap::new(),
            attempts: JoinSet::new(),
            from: (Timestamp(0), Sequence(0)),
            health: None,
            window: Window::default(),
        })
    }

    async fn handle(
        &self,
        myself: ActorRef<EndpointMessage>,
        message: EndpointMessage,
        state: &mut EndpointState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            EndpointMessage::Deliver(view, due) => {
                state.view = Some(view);
                state.go_back_to(due);
                self.look(&myself, state)?;
            }
            EndpointMessage::Offer(view, offer) => {
                self.consider(&myself, state, view, offer).await?;
            }
            EndpointMessage::Forgive => {
                (state.health, state.window) = (None, Window::default());
                state.go_back_to(Timestamp(0));
                self.look(&myself, state)?;
            }
            EndpointMessage::Again(view, request) => {
                state.view = Some(view);
                self.try_again(state, request).await?;
            }
            EndpointMessage::Slow(queued) => self.set_aside(state, &queued).await,
            EndpointMessage::Ended(ended) => self.record(&myself, state, *ended).await?,
            EndpointMessage::Recorded(delivery) => {
                if let Some(Standing::Offered(share)) = state.under_way.remove(&delivery) {
                    share.secured();
                }
                self.look(&myself, state)?;
            }
            EndpointMessage::Retire => self.retire(&myself, state),
        }
        Self::reap(state)
    }

    async fn handle_supervisor_evt(
        &self,
        _myself: ActorRef<EndpointMessage>,
        _event: SupervisionEvent,
        _state: &mut EndpointState,
    ) -> Result<(), ActorProcessingErr> {
        Ok(())
    }
}

impl EndpointActor {
    /// Starts what is due, as far as there is room; asks the clock for what is due later.
    fn look(
        &self,
        myself: &ActorRef<EndpointMessage>,
        state: &mut EndpointState,
    ) -> Result<(), LedgerError> {
        let Some(view) = state.view.clone() else { return Ok(()) };
        let ledger = &self.around.ledger;
        let now = ledger.now().timestamp();
        let room = self.room(state, &view, now)?;
        if state.under_way.len() >= room {
            return Ok(());
        }
        // What is under way may still be at the head of the queue: look past it.
        let limit = state.under_way.len() + room;
        for queued in ledger.queued_from(&self.tenant, self.id, state.from, limit)? {
            state.from = (queued.due, queued.delivery);
            if queued.due > now {
                self.around.hints.deliver_at(&self.tenant, self.id, queued.due);
                break;
            }
            if state.under_way.contains_key(&queued.delivery) {
                continue;
            }
            if state.under_way.len() >= room {
                break;
            }
            if let Err(at) = self.take_turn(&view, now) {
                self.around.hints.deliver_at(&self.tenant, self.id, at);
                break;
            }
            state.from = (queued.due, queued.delivery.next());
            state.under_way.insert(queued.delivery, Standing::Queued);
            self.begin(myself, state, &view, queued, None);
        }
        Ok(())
    }

    fn begin(
        &self,
        myself: &ActorRef<EndpointMessage>,
        state: &mut EndpointState,
        view: &Arc<TenantView>,
        queued: Queued,
        offered: Option<Arc<EventRecord>>,
    ) {
        let (around, view, id) = (self.around.clone(), Arc::clone(view), self.id);
        let myself = myself.clone();
        state.attempts.spawn(async move {
            let slow = offered.is_some().then(|| queued.clone());
            let mut attempt = pin!(attempt(&around, &view, id, queued, offered));
            let patience = Duration::from_millis(limits::FAN_OUT_PATIENCE_MS);
            let ended = match slow {
                None => attempt.await,
                Some(slow) => match tokio::time::timeout(patience, &mut attempt).await {
                    Ok(ended) => ended,
                    Err(_) => {
                        // As below.
                        drop(myself.cast(EndpointMessage::Slow(slow)));
                        attempt.await
                    }
                },
            };
            // An error means that this actor is gone; its successor finds the delivery on disk.
            drop(myself.cast(EndpointMessage::Ended(Box::new(ended))));
        });
    }

    /// Commits what came of an attempt: done, later or dead, with its line in the log.
    async fn record(
        &self,
        myself: &ActorRef<EndpointMessage>,
        state: &mut EndpointState,
        ended: Ended,
    ) -> Result<(), LedgerError> {
        let ledger = &self.around.ledger;
        let now = ledger.now().timestamp();
        let Queued { due, delivery, record } = &ended.queued;
        let line = ledger.sequence();
        let tried = record.attempted(line);
        let counted = tried.attempts - tried.forgiven;
        let next = self.retry(state).next(&ended.outcome, counted, now, delivery.0);

        let mut draft = Draft::new(&self.tenant);
        if matches!(state.under_way.get(delivery), Some(Standing::Queued)) {
            draft.dequeue(self.id, *due, *delivery);
        }
        match next {
            Next::Done => {}
            // What is left for an endpoint that was deleted meanwhile would lie in its queue for ever.
            Next::Later(_) if !self.is_there() => {}
            Next::Later(at) => {
                draft.enqueue(self.id, at, *delivery, &tried);
                draft.take_after();
                state.go_back_to(at);
            }
            Next::Dead => draft.dead_letter(
                *delivery,
                &DeadLetterRecord {
                    endpoint: self.id.0,
                    delivery: tried.clone(),
                    at: now,
                    error: told(&ended.outcome).1.unwrap_or_default(),
                    event_type: ended.event_type.clone(),
                    code: told(&ended.outcome).0,
                    fault: ended.fault,
                },
            ),
        }
        self.note(&mut draft, &ended, &tried, next);
        self.judge(state, &mut draft, &ended, now)?;

        let (after, hints, tenant) =
            (draft.take_after(), Arc::clone(&self.around.hints), self.tenant.clone());
        let (myself, delivery, pass) = (myself.clone(), *delivery, ended.pass);
        let then = Box::new(move || {
            drop(pass);
            hints.carry_out(&tenant, after);
            // An error means that this actor is gone; its successor reads the queue.
            drop(myself.cast(EndpointMessage::Recorded(delivery)));
        });
        ledger.commit(draft, then).await;
        Ok(())
    }

    /// Notes with the event how its delivery stands, and the attempt in the log.
    fn note(&self, draft: &mut Draft, ended: &Ended, tried: &DeliveryRecord, next: Next) {
        let Queued { delivery, record, .. } = &ended.queued;
        let attempts = tried.attempts;
        let (status, next_at) = match next {
            Next::Done => (AttemptStatus::Sent, None),
            Next::Dead => (AttemptStatus::Dead, None),
            Next::Later(at) => (AttemptStatus::Retrying, Some(at)),
        };
        let (code, error) = told(&ended.outcome);
        let stands = DeliveryStatusRecord {
            endpoint: self.id.0,
            status,
            attempts,
            code,
            error: error.clone(),
            next_at,
            history: tried.history.clone(),
        };
        draft.status(record.event, *delivery, &stands);
        let line = LogRecord::Attempt {
            endpoint: self.id.0,
            delivery: *delivery,
            event: record.event,
            event_type: ended.event_type.clone(),
            status,
            code,
            error,
            attempt: attempts,
            duration_ms: ended.duration_ms,
            began_at: ended.began_at,
            message: record.tell.as_ref().map(|tell| tell.message.text.clone()),
            response: ended.response.clone(),
        };
        if let Some(place) = tried.history.last() {
            draft.log(*place, &line);
        }
    }

    fn retry(&self, state: &EndpointState) -> RetryPolicy {
        let Some(view) = &state.view else { return RetryPolicy::default() };
        let own = view.endpoints.get(&self.id).and_then(|endpoint| endpoint.config.retry.clone());
        own.unwrap_or_else(|| view.policy.settings.retry.clone())
    }

    /// Customers are always written to; an endpoint must be there and enabled.
    fn may_deliver(&self, view: &TenantView) -> bool {
        let enabled = |id| view.endpoints.get(&id).is_some_and(|found| found.config.enabled);
        self.id == EndpointId::CUSTOMERS || enabled(self.id)
    }

    /// Whether the endpoint was not deleted since the view that this actor has.
    fn is_there(&self) -> bool {
        let tenant = self.around.hints.tenant(&self.tenant);
        let listed = |view: &TenantView| view.endpoints.contains_key(&self.id);
        self.id == EndpointId::CUSTOMERS || tenant.is_none_or(|tenant| listed(&tenant.view))
    }

    fn retire(&self, myself: &ActorRef<EndpointMessage>, state: &EndpointState) {
        if state.under_way.is_empty() {
            myself.stop(None);
        } else if self.parent.cast(TenantMessage::Busy(self.id)).is_err() {
            tracing::debug!(tenant = %self.tenant, "an endpoint outlived its tenant");
        }
    }

    /// An attempt that panicked takes the actor with it: its delivery would stay under way for ever.
    fn reap(state: &mut EndpointState) -> Result<(), ActorProcessingErr> {
        while let Some(ended) = state.attempts.try_join_next() {
            ended?;
        }
        Ok(())
    }
}

impl EndpointState {
    /// There may be something in the queue at `due` or later that was not looked at.
    fn go_back_to(&mut self, due: Timestamp) {
        self.from = self.from.min((due, Sequence(0)));
    }
}

/// The code and the error of an outcome.
fn told(outcome: &Outcome) -> (i32, Option<String>) {
    match outcome {
        Outcome::Done { code } => (*code, None),
        Outcome::Retry { code, error, .. }
        | Outcome::Dead { code, error }
        | Outcome::Gone { code, error } => (*code, Some(error.clone())),
    }
}
