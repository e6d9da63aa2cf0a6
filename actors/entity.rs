//! One live entity: a booking, a handoff or the tenant as a whole, as an actor over its ledger row.
//!
//! It reads its state at the first message, lets the workflow decide on each, and hands what changes
//! to the commit. It goes on with the next message once its commit is submitted, not when it is
//! durable: commits keep their order, and a commit that fails ends the process.

mod by_hand;
mod carry;
mod count;
mod decide;
mod halves;
mod people;
mod report;
mod traced;

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

use ractor::{Actor, ActorProcessingErr, ActorRef, SupervisionEvent};
use sereno_workflows::effect::{Effect, Rejected, Transition};
use sereno_workflows::id::{EntityKey, EntityKind, Sequence, TenantId};
use sereno_workflows::policy::Policy;
use sereno_workflows::time::Timestamp;

pub(crate) use self::by_hand::Asked;
use self::carry::After;
pub(crate) use self::decide::{Command, Deed, Origin, alarm, bare};
use self::halves::Had;
pub(crate) use self::halves::Halves;
use self::people::Happened;
use crate::announce::{Context, announce};
use crate::gather::{Part, Refusal};
use crate::hints::Hints;
use crate::ledger::draft::blank;
use crate::ledger::{Draft, Ledger, LedgerError};
use crate::limits;
use crate::record::key::TimerKey;
use crate::record::{StateRecord, TimerRecord};
use crate::shown;
use crate::ticket::Ticket;
use crate::trace::Tracing;
use crate::view::TenantView;
use crate::vitals::Alive;

/// One live entity.
pub(crate) struct Entity {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) hints: Arc<Hints>,
    pub(crate) tenant: TenantId,
    pub(crate) key: EntityKey,
    /// Where spans go, if they go anywhere.
    pub(crate) tracing: Option<Arc<Tracing>>,
    pub(crate) _alive: Alive,
}

/// What an entity is told.
pub(crate) enum EntityMessage {
    /// These things happened or are asked for, in this order; their changes are one part of a commit.
    Apply {
        /// The things.
        deeds: Vec<Deed>,
        /// The part.
        part: Part,
        /// The tenant, as it is now.
        view: Arc<TenantView>,
    },
    /// A timer rang.
    Wake {
        /// The timer.
        ticket: Ticket,
        /// The tenant, as it is now.
        view: Arc<TenantView>,
        /// The part of a commit that it is, where another half hears of it.
        shared: Option<(Part, Halves)>,
    },
    /// Nobody spoke to it for a while: it writes out what it has and ends.
    Retire,
}

/// What a live entity remembers.
pub(crate) enum EntityState {
    /// Nothing yet: the ledger was not read.
    Unread,
    /// This, or that there is no such thing.
    Read(Option<Box<StateRecord>>),
}

impl Actor for Entity {
    type Msg = EntityMessage;
    type State = EntityState;
    type Arguments = ();

    async fn pre_start(
        &self,
        _myself: ActorRef<EntityMessage>,
        (): (),
    ) -> Result<EntityState, ActorProcessingErr> {
        Ok(EntityState::Unread)
    }

    async fn handle(
        &self,
        myself: ActorRef<EntityMessage>,
        message: EntityMessage,
        state: &mut EntityState,
    ) -> Result<(), ActorProcessingErr> {
        // A live entity takes the room of this future while it waits too: what is large stands in a box.
        match message {
            EntityMessage::Apply { deeds, part, view } => {
                Box::pin(self.apply(state, deeds, part, &view)).await?;
            }
            EntityMessage::Wake { mut ticket, view, shared } => {
                ticket.take_in_hand();
                Box::pin(self.wake(state, ticket, &view, shared)).await?;
            }
            EntityMessage::Retire => {
                self.ledger.settled().await;
                myself.stop(None);
            }
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _myself: ActorRef<EntityMessage>,
        _event: SupervisionEvent,
        _state: &mut EntityState,
    ) -> Result<(), ActorProcessingErr> {
        Ok(())
    }
}

impl Entity {
    async fn apply(
        &self,
        state: &mut EntityState,
        deeds: Vec<Deed>,
        mut part: Part,
        view: &TenantView,
    ) -> Result<(), LedgerError> {
        part.take_in_hand(deeds.first().and_then(|deed| deed.place));
        let before = match self.present(state) {
            Ok(present) => present.cloned(),
            Err(error) => {
                part.blame(format!("the state of {} cannot be read: {error}", self.key));
                return Err(error);
            }
        };
        let mut draft = Draft::new(&self.tenant);
        let mut present = before.clone();
        for deed in deeds {
            let Some(mut deed) = deed.heard().await else {
                part.abandon();
                return Ok(());
            };
            part.take_in_hand(deed.place);
            let had = present.as_ref().filter(|_| deed.halves.tell.is_some()).and_then(Had::of);
            self.look_up(&mut deed.command, present.as_ref())?;
            let now = self.ledger.now().timestamp();
            if let Some(journey) = &mut deed.journey {
                journey.begin(self.ledger.now().micros());
            }
            deed.command = self.with_sight(deed.command, present.as_ref(), view)?;
            let decided =
                decided((&self.key.id, present.as_ref()), &deed, now, &view.policy, &mut part);
            if let Some(journey) = &mut deed.journey {
                journey.end(self.ledger.now().micros());
            }
            let earlier = self.tracing.as_ref().and_then(|_| present.clone());
            // A booking that is made stands under its number already.
            let has_line = present.is_some() || self.key.kind != EntityKind::Reservation;
            let (effects, ignored) = match decided {
                Ok(transition) => {
                    self.remember_by_hand(&mut draft, &deed.command, &transition.next, now);
                    let was = present.replace(transition.next);
                    self.keep_number(&mut draft, was.as_ref(), present.as_ref());
                    (transition.effects, None)
                }
                Err(rejected) if deed.event.is_none() && deed.origin == Origin::Operator => {
                    part.refuse(Refusal::Rejected(rejected.0));
                    return Ok(());
                }
                Err(rejected) => (Vec::new(), Some(rejected.0)),
            };
            deed.halves.say(had, present.as_ref());
            self.put_step(&mut deed, (earlier.as_ref(), present.as_ref()), ignored.is_some());
            let journey = deed.journey;
            let trace = journey.as_ref().and_then(|journey| journey.trace.clone()).or(deed.trace);
            let cause = deed.event.map(|event| {
                if let Some(state) = present.as_ref().filter(|_| has_line) {
                    let (id, event_type) = (event.id.clone(), &event.event_type);
                    let happened = Happened { id, event_type, at: event.at, own: false };
                    self.remember(&mut draft, state, happened);
                }
                let entity = Some(self.key.clone());
                let context = Context { entity, ignored, journey, ..Context::default() };
                announce(&mut draft, &self.ledger, view, event, context)
            });
            let (state, talk) = (present.as_ref(), deed.talk);
            let after = After { state, cause, talk, now, trace };
            self.carry(&mut draft, view, effects, after);
        }
        self.persist(&mut draft, view, before.as_ref(), present.as_ref())?;
        part.take_in_hand(None);
        if part.fill(draft).await {
            *state = EntityState::Read(present.map(Box::new));
        }
        Ok(())
    }

    async fn wake(
        &self,
        state: &mut EntityState,
        ticket: Ticket,
        view: &TenantView,
        shared: Option<(Part, Halves)>,
    ) -> Result<(), LedgerError> {
        let (timer, what) = ticket.timer();
        let (timer, what) = (timer.clone(), what.clone());
        let before = self.present(state)?.cloned();
        let now = self.ledger.now().timestamp();
        let mut draft = Draft::new(&self.tenant);
        let command = match what {
            TimerRecord::Alarm { generation } => Command::Wake { generation },
            TimerRecord::Signal(signal) => Command::Signal(signal),
        };
        let is_signal = matches!(command, Command::Signal(_));
        if is_signal && self.already_heard(&timer).await? {
            ticket.settle();
            return Ok(());
        }
        let command = match self.key.kind {
            EntityKind::DeadLetters => {
                Command::Look(self.ledger.dead_letters_at_sight(&self.tenant)?)
            }
            EntityKind::Alerts => Command::Measure(self.ledger.figures(view)?),
            EntityKind::Reports => self.report(command, view, now).await?,
            EntityKind::Product => self.walk(before.as_ref(), command, view)?,
            EntityKind::Lead => self.joined(command)?,
            EntityKind::Reservation
            | EntityKind::Handoff
            | EntityKind::Tenant
            | EntityKind::Endpoint
            | EntityKind::Conversation => command,
        };
        let deed = Deed::unprompted(command, Origin::Clock, now);
        let mut after = None;
        match decide::decide(&self.key.id, before.as_ref(), &deed, now, &view.policy) {
            Ok(transition) => {
                ticket.report(transition.effects.iter().filter_map(|effect| match effect {
                    Effect::Emit { event_type, .. } => Some(event_type.clone()),
                    Effect::Mail { .. }
                    | Effect::Tell { .. }
                    | Effect::Signal { .. }
                    | Effect::Note(_) => None,
                }));
                draft.disarm(&timer);
                let next = Some(&transition.next);
                let trace = self.put_wake(before.as_ref(), next);
                let came = After { state: next, cause: None, talk: None, now, trace };
                self.carry(&mut draft, view, transition.effects, came);
                self.persist(&mut draft, view, before.as_ref(), next)?;
                after = Some(transition.next);
            }
            Err(rejected) => {
                tracing::debug!(workflow.key = %shown::key(self.ledger.vault(), &self.key),
                    %rejected, "a wake was stale");
                // The row may already be the alarm of a newer generation for the same moment.
                let armed = before.as_ref().and_then(decide::alarm).map(|(due, _)| due);
                if armed != Some(timer.due) {
                    draft.disarm(&timer);
                }
            }
        }
        let shared = shared.map(|(part, mut halves)| {
            let had = before.as_ref().and_then(Had::of);
            halves.say(had, after.as_ref().or(before.as_ref()));
            part
        });
        if self.settle(draft, ticket, shared).await && after.is_some() {
            *state = EntityState::Read(after.map(Box::new));
        }
        Ok(())
    }

    /// Hands in what a wake changes; answers whether the commit was submitted.
    async fn settle(&self, mut draft: Draft, ticket: Ticket, part: Option<Part>) -> bool {
        if let Some(part) = part {
            let is_submitted = part.fill(draft).await;
            if is_submitted {
                self.ledger.settled().await;
                ticket.settle();
            }
            return is_submitted;
        }
        let after = draft.take_after();
        let (hints, tenant) = (Arc::clone(&self.hints), self.tenant.clone());
        let then = Box::new(move || {
            ticket.settle();
            hints.carry_out(&tenant, after);
        });
        self.ledger.commit(draft, then).await;
        true
    }

    fn present<'a>(
        &self,
        state: &'a mut EntityState,
    ) -> Result<Option<&'a StateRecord>, LedgerError> {
        if matches!(state, EntityState::Unread) {
            let found = self.ledger.state(&self.tenant, &self.key)?;
            let present = found.or_else(|| blank(self.key.kind));
            *state = EntityState::Read(present.map(Box::new));
        }
        match state {
            EntityState::Read(present) => Ok(present.as_deref()),
            EntityState::Unread => Err(LedgerError::Content("state")),
        }
    }

    /// A signal counts once: the commit that heard it removed its row.
    async fn already_heard(&self, timer: &TimerKey) -> Result<bool, LedgerError> {
        self.ledger.settled().await;
        Ok(!self.ledger.has_timer(timer)?)
    }

    /// Adds the new state to the commit, with its alarm and, for a booking, whose it is.
    fn persist(
        &self,
        draft: &mut Draft,
        view: &TenantView,
        before: Option<&StateRecord>,
        after: Option<&StateRecord>,
    ) -> Result<(), LedgerError> {
        let Some(after) = after.filter(|&after| before != Some(after)) else { return Ok(()) };
        draft.state(&self.key, after);
        let asked = count::was_asked(&self.ledger, view, before, after)?;
        count::count(draft.tally(), before, after, asked);
        let (old, new) = (before.and_then(decide::alarm), decide::alarm(after));
        if old != new {
            if let Some((due, _)) = old {
                draft.disarm(&self.alarm(due));
            }
            if let Some((due, generation)) = new {
                draft.arm(self.alarm(due), TimerRecord::Alarm { generation });
            }
        }
        self.tell_as(draft, view, after);
        let (old, new) = (before.and_then(decide::customer), decide::customer(after));
        if old != new {
            if let Some(number) = old {
                draft.no_booking_of(number, &self.key.id);
                people::keep_booking(draft, number, after);
            }
            if let Some(number) = new {
                draft.booking_of(number, &self.key.id);
            }
        }
        Ok(())
    }

    fn alarm(&self, due: Timestamp) -> TimerKey {
        let (tenant, entity) = (self.tenant.clone(), self.key.clone());
        TimerKey { due, tenant, entity, slot: Sequence(0) }
    }
}

/// What the workflow decides; a rule that breaks kills the actor, and the event that broke it is named.
fn decided(
    (id, present): (&str, Option<&StateRecord>),
    deed: &Deed,
    now: Timestamp,
    policy: &Policy,
    part: &mut Part,
) -> Result<Transition<StateRecord>, Rejected> {
    let decide = || decide::decide(id, present, deed, now, policy);
    match panic::catch_unwind(AssertUnwindSafe(decide)) {
        Ok(decided) => decided,
        Err(cause) => {
            let words = cause.downcast_ref::<String>().map(String::as_str);
            let words = words.or(cause.downcast_ref::<&str>().copied()).unwrap_or("a rule broke");
            part.blame(words.chars().take(limits::SNIPPET_CHARS_MAX).collect());
            panic::resume_unwind(cause)
        }
    }
}

#[cfg(test)]
mod tests;
