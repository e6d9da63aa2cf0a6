//! One tenant: accepts its events, wakes its entities and endpoints, brings them back when they die.
//!
//! ```text
//!  submit, hear, act -----> tenant --Apply--> entity  (one per live booking, handoff)
//!  clock: Wake -----------/    |  \--Deliver--> endpoint (one per destination with work)
//!  hints: Deliver --------/    +-- its own commits: events no workflow cares about, settings
//! ```
//! It is the only one that speaks to its children and the only one that changes its view, so each of
//! both has one order. It never waits for the disk on the road of an event.

mod by_hand;
mod called;
pub(crate) mod children;
mod configure;
mod direct;
mod halves;
mod handoffs;
mod hear;
mod heard;
mod involve;
mod lines;
mod merging;
mod on_line;
mod people;
mod recent;
pub(crate) mod recording;
mod reply;
mod reports;
mod secret_age;
mod set_aside;
mod submit;
mod telling;
mod watch;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SupervisionEvent};
use sereno_workflows::id::{EndpointId, EntityKey, Sequence};
use sereno_workflows::rate::Rates;
use sereno_workflows::time::{Span, Timestamp};

pub(crate) use self::by_hand::OfEndpoint;
use self::children::Children;
pub use self::configure::{Change, Changed, ConfigureError};
pub(crate) use self::direct::Direct;
pub(crate) use self::hear::Hearing;
use self::people::People;
use self::recording::Recordings;
pub(crate) use self::reply::Replying;
pub(crate) use self::set_aside::{Death, Hand};
pub use self::submit::Receipt;
pub(crate) use self::submit::{Act, Arrival, Batch, Submission};
use crate::channel::Channels;
use crate::endpoint::again::{AgainRequest, LetterRequest};
use crate::endpoint::cancel::CancelRequest;
use crate::endpoint::config::Endpoint;
use crate::endpoint::{EndpointMessage, Shape};
use crate::entity::EntityMessage;
use crate::fan_out::{FanOutMessage, Offer};
use crate::hints::Hints;
use crate::intake::refusals::Refusals;
use crate::intake::{IntakeMessage, Suspect};
use crate::jobs::JobsMessage;
use crate::ledger::{Draft, Ledger, LedgerError};
use crate::limits;
use crate::paces::Paces;
use crate::record::LogRecord;
use crate::shown;
use crate::throttle::Throttles;
use crate::ticket::Ticket;
use crate::trace::Tracing;
use crate::turnstile::Turnstile;
use crate::view::TenantView;
use tokio::sync::oneshot;

/// What every tenant needs of the engine.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) hints: Arc<Hints>,
    pub(crate) channels: Arc<Channels>,
    /// Attempts of all endpoints under way.
    pub(crate) attempts: Turnstile,
    /// How far ahead of its pace each place is.
    pub(crate) paces: Arc<Paces>,
    /// How much comes in.
    pub(crate) throttles: Arc<Throttles>,
    /// How many letters each tenant refuses.
    pub(crate) refusals: Arc<Refusals>,
    /// Where spans go, if they go anywhere.
    pub(crate) tracing: Option<Arc<Tracing>>,
}

/// One tenant.
pub(crate) struct Tenant {
    pub(crate) around: Surroundings,
}

/// What a tenant is told.
pub(crate) enum TenantMessage {
    /// Accept these events.
    Submit(Submission),
    /// Something is heard of a customer.
    Hear(Box<Hearing>),
    /// Something of the letters that come in.
    Intake(IntakeMessage),
    /// A person asks something of an entity.
    Act(Act),
    /// A person replies in a conversation.
    Reply(Box<Replying>),
    /// A person asks something of the timer of an endpoint's secret.
    ByHand(OfEndpoint),
    /// Send an event to one endpoint.
    Direct(Direct),
    /// A timer rang.
    Wake(Ticket),
    /// A timer whose wake killed its actor again and again.
    Quarantine(Ticket),
    /// An endpoint has something due, at that time or later.
    Deliver(EndpointId, Timestamp),
    /// An endpoint does not work and is to be disabled, for this reason.
    Disable(EndpointId, String),
    /// Deliveries of an endpoint are to be tried again.
    Again(EndpointId, AgainRequest),
    /// A delivery of an endpoint is to end that still waits.
    Cancel(EndpointId, CancelRequest),
    /// Something is to become of a dead letter of an endpoint.
    Letter(EndpointId, LetterRequest),
    /// Something of a job.
    Job(JobsMessage),
    /// An event is to be handed to its many endpoints.
    FanOut(Sequence),
    /// There may be such events from before the start.
    ResumeFanOut,
    /// Deliveries of such events.
    Offers(Vec<Offer>),
    /// An endpoint that was asked to end still has work.
    Busy(EndpointId),
    /// Change settings or endpoints.
    Configure(Change, oneshot::Sender<Result<Changed, ConfigureError>>),
    /// Something was counted.
    Counted,
    /// Hold the rules for alerts against what was counted.
    Look,
    /// Set the alarm of the reports.
    ArmReports,
    /// Look for idle children.
    Sweep,
}

/// What a tenant knows.
pub(crate) struct TenantState {
    view: Arc<TenantView>,
    entities: Children<EntityKey, EntityMessage>,
    endpoints: Children<EndpointId, EndpointMessage>,
    fan_out: Option<ActorRef<FanOutMessage>>,
    jobs: Option<ActorRef<JobsMessage>>,
    intake: Option<ActorRef<IntakeMessage>>,
    /// The letter that the intake is at, should it die of it.
    suspect: Arc<Mutex<Suspect>>,
    /// The endpoints whose line was looked through.
    tidied: Arc<Mutex<HashMap<EndpointId, Shape>>>,
    recordings: Recordings,
    people: People,
    sweeping: bool,
}

impl Actor for Tenant {
    type Msg = TenantMessage;
    type State = TenantState;
    type Arguments = Arc<TenantView>;

    async fn pre_start(
        &self,
        myself: ActorRef<TenantMessage>,
        view: Arc<TenantView>,
    ) -> Result<TenantState, ActorProcessingErr> {
        // Endpoints from before there were alarms get theirs, and those whose setting had just changed.
        let view = Arc::new(self.set_secret_alarms(Arc::unwrap_or_clone(view)).await);
        self.around.hints.list(Arc::clone(&view), myself.clone());
        self.look_for_deliveries(&view)?;
        self.around.hints.clean(&view.id);
        myself.cast(TenantMessage::ResumeFanOut)?;
        myself.cast(TenantMessage::Counted)?;
        myself.cast(TenantMessage::ArmReports)?;
        view.live.recall(self.recall(&view)?);
        if !self.around.ledger.jobs(&view.id)?.is_empty() {
            myself.cast(TenantMessage::Job(JobsMessage::Resume))?;
        }
        if !self.around.ledger.letters_in_line(&view.id, 1)?.is_empty() {
            myself.cast(TenantMessage::Intake(IntakeMessage::Work))?;
        }
        Ok(TenantState {
            view,
            entities: Children::new(),
            endpoints: Children::new(),
            fan_out: None,
            jobs: None,
            intake: None,
            suspect: Arc::default(),
            tidied: Arc::default(),
            recordings: Recordings::default(),
            people: People::default(),
            sweeping: false,
        })
    }

    async fn handle(
        &self,
        myself: ActorRef<TenantMessage>,
        message: TenantMessage,
        state: &mut TenantState,
    ) -> Result<(), ActorProcessingErr> {
        // This future is moved for each message, as large as its largest part: all that is large stands in a box.
        match message {
            TenantMessage::Submit(submission) => {
                Box::pin(self.submit(&myself, state, submission)).await;
            }
            TenantMessage::Hear(hearing) => Box::pin(self.hear(&myself, state, *hearing)).await,
            TenantMessage::Intake(message) => self.tell_intake(&myself, state, message),
            TenantMessage::Act(act) => Box::pin(self.act(&myself, state, act)).await,
            TenantMessage::Reply(asked) => Box::pin(self.reply(&myself, state, *asked)).await,
            TenantMessage::ByHand(asked) => Box::pin(self.by_hand(&myself, state, asked)).await,
            TenantMessage::Direct(direct) => Box::pin(self.direct(&myself, state, direct)).await,
            TenantMessage::Letter(endpoint, request) => {
                let message = EndpointMessage::Letter(request);
                self.tell_endpoint(&myself, state, endpoint, message);
            }
            TenantMessage::Wake(ticket) => match ticket.timer().0.entity.as_endpoint() {
                Some(id) => Box::pin(self.wake_endpoint(&myself, state, ticket, id)).await,
                None => self.wake(&myself, state, ticket),
            },
            TenantMessage::Quarantine(ticket) => Box::pin(self.quarantine(ticket)).await,
            TenantMessage::Deliver(endpoint, due) => self.deliver(&myself, state, endpoint, due),
            TenantMessage::Disable(endpoint, reason) => {
                let change = Change::DisableEndpoint(endpoint, reason);
                if let Err(error) = Box::pin(self.configure(&myself, state, change)).await {
                    tracing::debug!(%error, %endpoint, "an endpoint is gone before it is disabled");
                }
            }
            TenantMessage::Again(endpoint, request) => {
                self.again(&myself, state, endpoint, request);
            }
            TenantMessage::Cancel(endpoint, request) => {
                self.cancel(&myself, state, endpoint, request);
            }
            TenantMessage::Job(message) => self.tell_jobs(&myself, state, message),
            TenantMessage::FanOut(event) => {
                self.tell_fan_out(&myself, state, FanOutMessage::Begin(event));
            }
            TenantMessage::ResumeFanOut => self.resume_fan_out(&myself, state)?,
            TenantMessage::Offers(offers) => {
                offers.into_iter().for_each(|offer| self.offer(&myself, state, offer));
            }
            TenantMessage::Busy(endpoint) => state.endpoints.stay(&endpoint),
            TenantMessage::Configure(change, reply) => {
                let changed = Box::pin(self.configure(&myself, state, change)).await;
                reply.send(changed).ok();
            }
            TenantMessage::Counted => Self::counted(&myself),
            TenantMessage::Look => Box::pin(self.look(&myself, state)).await?,
            TenantMessage::ArmReports => Box::pin(self.arm_reports(&myself, state)).await?,
            TenantMessage::Sweep => self.sweep(state),
        }
        Self::keep_sweeping(&myself, state);
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<TenantMessage>,
        event: SupervisionEvent,
        state: &mut TenantState,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorTerminated(child, _, _) => self.ended(&myself, state, &child),
            SupervisionEvent::ActorFailed(child, error) => {
                tracing::error!(tenant = %state.view.id, %error, "an actor died; it starts anew \
                    from the ledger");
                // What it had submitted must be readable before its successor reads.
                self.around.ledger.settled().await;
                state.tidied.lock().clear();
                self.ended(&myself, state, &child);
            }
            SupervisionEvent::ActorStarted(_) | SupervisionEvent::ProcessGroupChanged(_) => {}
        }
        Ok(())
    }
}

impl Tenant {
    async fn quarantine(&self, ticket: Ticket) {
        let (timer, _) = ticket.timer();
        let ledger = &self.around.ledger;
        tracing::error!(workflow.key = %shown::key(ledger.vault(), &timer.entity), tenant = %timer.tenant,
            "a wake killed its actor {} times and is set aside; the rest goes on",
            limits::DEATHS_MAX);
        let mut draft = Draft::new(&timer.tenant);
        draft.quarantine(ledger.sequence(), timer, ledger.now().timestamp());
        ledger.commit(draft, Box::new(move || ticket.settle())).await;
    }

    fn ended(&self, myself: &ActorRef<TenantMessage>, state: &mut TenantState, child: &ActorCell) {
        if let Some((key, kept)) = state.entities.ended(child) {
            for message in kept {
                self.tell_entity(myself, state, key.clone(), message);
            }
        } else if let Some((id, kept)) = state.endpoints.ended(child) {
            state.view.live.all_ended(id);
            for message in kept {
                match message {
                    EndpointMessage::Offer(_, offer) => self.offer(myself, state, offer),
                    EndpointMessage::Again(_, request) => self.again(myself, state, id, request),
                    EndpointMessage::Cancel(_, request) => self.cancel(myself, state, id, request),
                    _ => {}
                }
            }
            // The others that were kept are hints; one look at the queue serves them all, and finds what an
            // endpoint that died had left.
            if self.has_queue(&state.view, id) {
                self.deliver(myself, state, id, Timestamp(0));
            }
        } else if state.fan_out.take_if(|actor| actor.get_id() == child.get_id()).is_some() {
            // An error means that this tenant is ending itself.
            drop(myself.cast(TenantMessage::ResumeFanOut));
        } else if state.jobs.take_if(|actor| actor.get_id() == child.get_id()).is_some() {
            // As above.
            drop(myself.cast(TenantMessage::Job(JobsMessage::Resume)));
        } else if state.intake.take_if(|actor| actor.get_id() == child.get_id()).is_some() {
            // As above.
            drop(myself.cast(TenantMessage::Intake(IntakeMessage::Work)));
        }
    }

    /// The attempts of the last minute, as the log has them: a restart is no reason for more.
    fn recall(&self, view: &TenantView) -> Result<Rates, LedgerError> {
        let mut rates = Rates::default();
        let limited = |endpoint: &Arc<Endpoint>| endpoint.config.rate_limit.is_some();
        let of_tenant = view.policy.settings.limits.deliveries_per_minute > 0;
        if !of_tenant && !view.endpoints.values().any(limited) {
            return Ok(rates);
        }
        let since = self.around.ledger.now().timestamp().before(Span::minutes(1));
        let range = Sequence::at(since)..Sequence(u64::MAX);
        for line in self.around.ledger.log_from(&view.id, range, limits::SCAN_ROWS_MAX)? {
            if let Some(LogRecord::Attempt { endpoint, began_at, .. }) =
                self.around.ledger.log_line(&view.id, line)?
            {
                rates.recall(EndpointId(endpoint), began_at);
            }
        }
        Ok(rates)
    }

    /// Tells endpoints and the clock of what waits since before the start.
    fn look_for_deliveries(&self, view: &TenantView) -> Result<(), ActorProcessingErr> {
        let ids = view.endpoints.ids().chain([EndpointId::CUSTOMERS, EndpointId::READERS]);
        for id in ids {
            let first = self.around.ledger.queued(&view.id, id, 1)?;
            if let Some(first) = first.first() {
                self.around.hints.deliver_at(&view.id, id, first.due);
            }
            if self.around.ledger.has_parked(&view.id, id)? {
                self.around.hints.deliver_at(&view.id, id, Timestamp(0));
            }
        }
        Ok(())
    }

    fn has_queue(&self, view: &TenantView, id: EndpointId) -> bool {
        let ledger = &self.around.ledger;
        ledger.queued(&view.id, id, 1).is_ok_and(|first| !first.is_empty())
            || ledger.has_parked(&view.id, id).unwrap_or_default()
    }

    fn sweep(&self, state: &mut TenantState) {
        state.sweeping = false;
        state
            .view
            .live
            .tidy(|id| state.view.has_endpoint(id), self.around.ledger.now().timestamp());
        let idle = Duration::from_millis(limits::IDLE_MS);
        state.entities.retire(idle, || EntityMessage::Retire);
        state.endpoints.retire(idle, || EndpointMessage::Retire);
    }

    /// Sets the next look for idle children, as long as there are any.
    fn keep_sweeping(myself: &ActorRef<TenantMessage>, state: &mut TenantState) {
        if state.sweeping || state.entities.len() + state.endpoints.len() == 0 {
            return;
        }
        state.sweeping = true;
        // The handle is not kept: the task ends by itself, and a late Sweep does no harm.
        drop(myself.send_after(Duration::from_millis(limits::SWEEP_MS), || TenantMessage::Sweep));
    }
}
