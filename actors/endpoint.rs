//! One live endpoint: takes what is due from its queue, attempts it, records what came of it.
//!
//! ```text
//!  Deliver (a hint) --> look at the queue --> attempts, at most 16 --> Ended --> commit --> Recorded, or Room
//!                            ^                                                                |
//!                            +----------------------------------------------------------------+
//! ```
//! The backlog is rows, not messages: a dead endpoint costs disk and nobody else's time. A row leaves
//! the queue in the commit that records the attempt's outcome; a crash in between repeats the attempt
//! under the same delivery id.

pub mod again;
mod ahead;
mod attempt;
pub mod cancel;
mod collect;
pub mod config;
mod ends;
mod health;
mod offer;
mod order;
mod outcome;
mod pacing;
mod receipt;
pub mod standing;
mod traced;
mod withheld;

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use ractor::{Actor, ActorProcessingErr, ActorRef, SupervisionEvent};
use sereno_workflows::digest::Batch;
use sereno_workflows::endpoint::{Health, Window};
use sereno_workflows::id::{EndpointId, Sequence, TenantId};
use sereno_workflows::order::Ordering;
use sereno_workflows::time::Timestamp;
use tokio::task::JoinSet;

use self::again::{AgainRequest, LetterRequest};
use self::ahead::{Ahead, Head};
use self::attempt::{Ended, Start};
pub use self::attempt::{delivery_id, of_delivery_id};
use self::cancel::CancelRequest;
use self::collect::Collecting;
pub(crate) use self::collect::PART_OF;
use self::ends::Ends;
pub(crate) use self::order::key_of;
use self::order::{Line, Turn, park};
use self::pacing::Wait;
pub(crate) use self::withheld::QUIET;
use crate::fan_out::{Offer, Share};
use crate::ledger::queue::Queued;
use crate::ledger::{Draft, LedgerError};
use crate::limits;
use crate::live::Live;
use crate::tenant::{Direct, Surroundings, TenantMessage};
use crate::view::TenantView;
use crate::vitals::Alive;

/// One live endpoint.
pub(crate) struct EndpointActor {
    pub(crate) around: Surroundings,
    pub(crate) tenant: TenantId,
    pub(crate) parent: ActorRef<TenantMessage>,
    pub(crate) id: EndpointId,
    /// How the tenant's endpoints are; it outlives this actor.
    pub(crate) live: Arc<Live>,
    /// The endpoints whose line was looked through since the start, and in which shape.
    pub(crate) tidied: Arc<Mutex<HashMap<EndpointId, Shape>>>,
    pub(crate) _alive: Alive,
}

/// How an endpoint's queue is served.
pub(crate) type Shape = (Ordering, Option<Batch>);

/// What an endpoint is told.
pub(crate) enum EndpointMessage {
    /// Look at the queue: something is due at that time or later.
    Deliver(Arc<TenantView>, Timestamp),
    /// A delivery of an event for many.
    Offer(Arc<TenantView>, Offer),
    /// It was enabled again: what it did before is forgotten.
    Forgive,
    /// Somebody wants an event sent in place of a dead letter.
    Instead(Arc<TenantView>, Box<Direct>),
    /// Somebody wants something to become of a dead letter.
    Letter(LetterRequest),
    /// Somebody wants deliveries tried again.
    Again(Arc<TenantView>, AgainRequest),
    /// Somebody wants a delivery to end that still waits.
    Cancel(Arc<TenantView>, CancelRequest),
    /// The attempt of an offered delivery takes its time.
    Slow(Arc<Queued>),
    /// An attempt ended.
    Ended(Box<Ended>),
    /// What came of an attempt is durable, and when the delivery is due again.
    Recorded(Sequence, Option<Timestamp>),
    /// Deliveries came to their end for good, where there was no room for more.
    Room,
    /// Nobody spoke to it for a while: it ends, unless it has work.
    Retire,
}

/// What a live endpoint remembers.
pub(crate) struct EndpointState {
    view: Option<Arc<TenantView>>,
    /// Deliveries whose attempt is under way or not recorded yet.
    under_way: HashMap<Sequence, Standing>,
    /// Those of them that came to their end since.
    ends: Arc<Ends>,
    attempts: JoinSet<()>,
    queue: Ahead,
    health: Option<Health>,
    window: Window,
    line: Line,
    collecting: Collecting,
    /// The last second of which it is noted that the log has attempts for this endpoint.
    noted: Option<u64>,
}

/// Where a delivery that is under way stands on disk.
enum Standing {
    /// In the queue, or what came of it is on its way there.
    Secured,
    /// Only in the event's record; whoever offered it waits for word.
    Offered(Share),
}

impl Actor for EndpointActor {
    type Msg = EndpointMessage;
    type State = EndpointState;
    type Arguments = ();

    async fn pre_start(
        &self,
        myself: ActorRef<EndpointMessage>,
        (): (),
    ) -> Result<EndpointState, ActorProcessingErr> {
        Ok(EndpointState {
            view: None,
            under_way: HashMap::new(),
            ends: Arc::new(Ends::to(myself)),
            attempts: JoinSet::new(),
            queue: Ahead::new(),
            health: None,
            window: Window::default(),
            line: Line::default(),
            collecting: Collecting::default(),
            noted: None,
        })
    }

    async fn handle(
        &self,
        myself: ActorRef<EndpointMessage>,
        message: EndpointMessage,
        state: &mut EndpointState,
    ) -> Result<(), ActorProcessingErr> {
        state.settle();
        // This future is moved for each message, as large as its largest part: what is rare stands in a box.
        match message {
            EndpointMessage::Deliver(view, due) => {
                state.view = Some(view);
                state.hear(due);
                self.look(&myself, state).await?;
            }
            EndpointMessage::Offer(view, offer) => {
                if let Some(queued) = self.consider(&myself, state, view, offer)? {
                    queued.await;
                }
            }
            EndpointMessage::Forgive => {
                self.live.forget(self.id);
                (state.health, state.window) = (None, Window::default());
                state.go_back_to(Timestamp(0));
                self.look(&myself, state).await?;
            }
            EndpointMessage::Again(view, request) => {
                state.view = Some(view);
                Box::pin(self.try_again(&myself, state, request)).await?;
            }
            EndpointMessage::Cancel(view, request) => {
                state.view = Some(view);
                Box::pin(self.cancel(&myself, state, request)).await?;
            }
            EndpointMessage::Instead(view, direct) => {
                Box::pin(self.send_instead(&view, *direct)).await?;
            }
            EndpointMessage::Letter(request) => Box::pin(self.treat(request)).await?,
            EndpointMessage::Slow(queued) => {
                if let Some(queued) = self.set_aside(state, &queued) {
                    queued.await;
                }
            }
            EndpointMessage::Ended(mut ended) => match ended.withheld.take() {
                Some(still) => Box::pin(self.withhold(&myself, state, *ended, still)).await?,
                None => self.record(&myself, state, *ended)?.await,
            },
            EndpointMessage::Recorded(delivery, again) => {
                self.live.ended(self.id, delivery);
                if let Some(Standing::Offered(share)) = state.under_way.remove(&delivery) {
                    share.secured();
                }
                if let Some(due) = again {
                    state.hear(due);
                }
                if state.line.event_of(delivery).is_some() {
                    Box::pin(self.free_place(state, delivery)).await?;
                }
                self.look(&myself, state).await?;
            }
            EndpointMessage::Room => self.look(&myself, state).await?,
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
    async fn look(
        &self,
        myself: &ActorRef<EndpointMessage>,
        state: &mut EndpointState,
    ) -> Result<(), LedgerError> {
        let Some(view) = state.view.clone() else { return Ok(()) };
        if self.is_first_look(&view) {
            Box::pin(self.tidy_line(state, &view)).await?;
        }
        let now = self.around.ledger.now().timestamp();
        match self.batch(&view) {
            Some(batch) if self.may_deliver(&view) => {
                Box::pin(self.collect(state, batch, now)).await?;
            }
            Some(_) | None => state.collecting = Collecting::default(),
        }
        let room = self.room(state, &view, now)?;
        loop {
            let mut parked = Draft::new(&self.tenant);
            let more = self.start_some(myself, state, &view, (now, room), &mut parked)?;
            if !parked.is_empty() {
                self.around.ledger.commit_and_wait(parked).await;
            }
            if !more {
                return Ok(());
            }
        }
    }

    /// Starts what is due of some rows of the queue, and parks what must wait for its turn; answers whether
    /// there may be more to start.
    fn start_some(
        &self,
        myself: &ActorRef<EndpointMessage>,
        state: &mut EndpointState,
        view: &Arc<TenantView>,
        (now, room): (Timestamp, usize),
        parked: &mut Draft,
    ) -> Result<bool, LedgerError> {
        let ledger = &self.around.ledger;
        let (ordered, batched) = (self.is_ordered(view), self.batch(view).is_some());
        for _ in 0..limits::QUEUE_READ_AHEAD {
            while state.under_way.len() >= room {
                if state.ends.is_to_wait() {
                    return Ok(false);
                }
                state.settle();
            }
            let read = |from, limit| ledger.queued_from(&self.tenant, self.id, from, limit);
            let queued = match state.queue.take(now, read)? {
                Head::Due(queued) => queued,
                Head::NotBefore(due) => {
                    self.around.hints.deliver_at(&self.tenant, self.id, due);
                    return Ok(false);
                }
                Head::Nothing => return Ok(false),
            };
            // What is under way is still in the queue, and so is what waits to go out with others.
            let collected = batched && queued.record.collect.is_some();
            if collected || state.under_way.contains_key(&queued.delivery) {
                continue;
            }
            let mut event = None;
            if ordered {
                match self.take_place(state, &queued)? {
                    Turn::Now(read) => event = read,
                    Turn::Later { key, head } => {
                        let head = head.and_then(|head| state.with_event(head));
                        park(parked, self.id, &queued, (&key, head));
                        continue;
                    }
                }
            }
            match self.take_turn(view, (queued.delivery, &queued.record), now) {
                Ok(()) => {}
                Err(Wait::Customer { paced, .. }) if !ordered => {
                    self.postpone(parked, &queued, paced, now);
                    continue;
                }
                Err(Wait::Customer { at, .. } | Wait::All(at)) => {
                    state.line.give_up(queued.delivery);
                    state.queue.put_back(queued);
                    self.around.hints.deliver_at(&self.tenant, self.id, at);
                    return Ok(false);
                }
            }
            state.under_way.insert(queued.delivery, Standing::Secured);
            self.begin(myself, state, view, Start { queued, event, offered: false });
        }
        Ok(true)
    }

    /// An endpoint must be there and enabled, unless it is one of the tenant's own roads, and its channel must
    /// not be paused.
    fn may_deliver(&self, view: &TenantView) -> bool {
        standing::gets_any(view, self.id)
    }

    /// Whether the endpoint was not deleted since the view that this actor has.
    fn is_there(&self) -> bool {
        let tenant = self.around.hints.tenant(&self.tenant);
        tenant.is_none_or(|tenant| tenant.view.has_endpoint(self.id))
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
    /// What came to its end is no longer under way.
    fn settle(&mut self) {
        for delivery in self.ends.take() {
            self.under_way.remove(&delivery);
        }
    }

    /// What a delivery came to is on its way to the disk; answers what is owed to whoever offered it.
    fn secure(&mut self, delivery: Sequence) -> Option<Share> {
        match std::mem::replace(self.under_way.get_mut(&delivery)?, Standing::Secured) {
            Standing::Offered(share) => Some(share),
            Standing::Secured => None,
        }
    }

    /// A delivery that is under way, with its event.
    fn with_event(&self, delivery: Sequence) -> Option<(Sequence, Sequence)> {
        let event = self.line.event_of(delivery)?;
        Some((delivery, event))
    }

    /// A row was added to the queue that is due then.
    fn hear(&mut self, due: Timestamp) {
        self.queue.hear(due);
        self.collecting.go_back_to(due);
    }

    /// Rows of the queue at `due` or later may have changed, those that were read too.
    fn go_back_to(&mut self, due: Timestamp) {
        self.queue.go_back_to(due);
        self.collecting.go_back_to(due);
    }
}
