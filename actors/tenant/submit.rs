//! What reaches a tenant from outside: events, people's actions, tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use ractor::ActorRef;
use sereno_workflows::event::{Event, Fact, HandoffFact};
use sereno_workflows::id::{EntityKey, EventId, Sequence};
use sereno_workflows::trace::TraceContext;
use tokio::sync::oneshot;

use super::handoffs::held_takes;
use super::involve::{Coming, Work};
use super::recording::{Recording, Sign};
use super::set_aside::{Death, Hand};
use super::{Tenant, TenantMessage, TenantState};
use crate::announce::{Announcement, Audience};
use crate::engine::Credit;
use crate::entity::{Command, Deed, EntityMessage, Origin};
use crate::gather::{Gather, Part, Refusal, Reply};
use crate::idempotency::{self, Idempotency};
use crate::journey::Journey;
use crate::ledger::Draft;
use crate::limits;
use crate::record::Source;

/// Events to accept.
pub(crate) struct Submission {
    /// The events and what is known of them.
    pub(crate) batch: Batch,
    /// Where the answer goes once it is durable, with what else must be.
    pub(crate) reply: oneshot::Sender<Result<(Receipt, Vec<Sign>), Refusal>>,
    /// The right to have so many events under way; not needed where something else bounds them.
    pub(crate) credit: Option<Arc<Credit>>,
}

/// Events that are accepted all or none.
pub(crate) struct Batch {
    /// The events, checked; their sender keeps them too, for another try if an actor dies on one.
    pub(crate) events: Arc<Vec<Event>>,
    /// What is known of each.
    pub(crate) arrivals: Vec<Arrival>,
    /// The event that stands aside and is put through again.
    pub(crate) again: Option<Sequence>,
    /// The key by which they are accepted once.
    pub(crate) request: Option<Arc<Idempotency>>,
    /// Says which event is worked on.
    pub(crate) hand: Arc<Hand>,
    /// Where they come from.
    pub(crate) source: Source,
}

/// What is known of an event that is to be accepted.
pub(crate) struct Arrival {
    /// What it means.
    pub(crate) fact: Fact,
    /// Its way so far.
    pub(crate) journey: Box<Journey>,
    /// Why it is to be set aside, if it is.
    pub(crate) death: Option<Death>,
}

/// What became of submitted events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The events' ids, in the order of submission.
    pub ids: Vec<EventId>,
    /// How many were new.
    pub accepted: usize,
    /// How many had been accepted before.
    pub duplicates: usize,
}

/// A person asks something of an entity.
pub(crate) struct Act {
    /// Of whom.
    pub(crate) key: EntityKey,
    /// What.
    pub(crate) command: Command,
    /// In which trace.
    pub(crate) trace: Option<TraceContext>,
    /// Where the answer goes once it is durable.
    pub(crate) reply: oneshot::Sender<Result<(), Refusal>>,
}

impl Tenant {
    /// Accepts events: new ones go to their entities, the others of the batch are recorded at once.
    pub(super) async fn submit(
        &self,
        myself: &ActorRef<TenantMessage>,
        state: &mut TenantState,
        submission: Submission,
    ) {
        let Submission { batch, reply, credit } = submission;
        let mut recording = state.recordings.begin();
        let mut work = Work::new(Draft::new(&state.view.id));
        let receipt = match self.accept(state, &mut recording, &mut work, batch).await {
            Ok(receipt) => receipt,
            Err(refusal) => {
                drop(reply.send(Err(refusal)));
                return;
            }
        };
        let first = std::mem::take(&mut recording.first);
        let answer: Reply = Box::new(move |result| {
            match &result {
                Ok(()) => recording.end(),
                Err(_) => drop(recording),
            }
            drop(credit);
            // An error means that the caller has gone; what it asked for is done all the same.
            drop(reply.send(result.map(|()| (receipt, first))));
        });
        self.spread(myself, state, work.draft, work.deeds, answer).await;
    }

    /// Hands out those events of a batch that are new, and adds to the work what is kept of all of it.
    async fn accept(
        &self,
        state: &mut TenantState,
        recording: &mut Recording,
        work: &mut Work,
        batch: Batch,
    ) -> Result<Receipt, Refusal> {
        let Batch { events, arrivals, again, request, hand, source } = batch;
        let total = events.len();
        let once = request.map(|request| self.enter(state, recording, request, total));
        let once = once.transpose()?;
        let mut ids = Vec::with_capacity(total);
        let mut accepted = 0;
        for (place, (event, arrival)) in events.iter().zip(arrivals).enumerate() {
            give_way(place).await;
            hand.take(place);
            let Arrival { mut fact, mut journey, death } = arrival;
            journey.begin(self.around.ledger.now().micros());
            let claimed = match again {
                Some(before) => self.reclaim(state, recording, &mut work.draft, before),
                None => {
                    let own = || once.as_ref().map(|(_, from)| idempotency::id_of(*from, place));
                    self.claim(state, recording, event.id.clone().or_else(own))
                }
            };
            let id = match claimed? {
                Claim::New(id) => id,
                Claim::Known(id) => {
                    ids.push(id);
                    continue;
                }
            };
            accepted += 1;
            let announcement = Announcement {
                id: Some(id.clone()),
                event_type: event.event_type.as_str().to_owned(),
                at: event.at,
                source,
                data: self.telling_of((state, work), event, &mut fact)?,
                audience: Audience::Subscribers,
            };
            ids.push(id);
            if let Some(death) = death {
                let draft = &mut work.draft;
                self.set_aside(&state.view, draft, (event, announcement), *journey, death);
                continue;
            }
            journey.end(self.around.ledger.now().micros());
            let coming = Coming { event: announcement, place, journey };
            self.hand_out(state, work, coming, fact)?;
        }
        hand.release();
        let receipt = Receipt { ids, accepted, duplicates: total - accepted };
        if let Some((request, place)) = once {
            work.draft.idempotency(request.key(), &request.record(place, &receipt));
        }
        Ok(receipt)
    }

    /// Begins a request that is carried out once, unless it is under way or was answered meanwhile; with
    /// the place from which on its events without an id have theirs.
    pub(super) fn enter(
        &self,
        state: &TenantState,
        recording: &mut Recording,
        request: Arc<Idempotency>,
        events: usize,
    ) -> Result<(Arc<Idempotency>, Sequence), Refusal> {
        let ledger = &self.around.ledger;
        // First: what is let go of by then is durable, and found below.
        let is_free = recording.take_key(request.key());
        let kept = ledger.idempotency(&state.view.id, request.key()).map_err(|error| {
            tracing::error!(%error, tenant = %state.view.id, "an idempotency key cannot be looked up");
            Refusal::Again
        })?;
        let now = ledger.now().timestamp();
        let is_new = kept.is_none_or(|kept| !idempotency::is_kept(&kept, now));
        if is_free && is_new {
            return Ok((request, ledger.sequences(events)));
        }
        let problem = "a request with this Idempotency-Key is under way: send it again once that one was \
                       answered";
        Err(Refusal::Rejected(problem.to_owned()))
    }

    /// Hands an event to the entity that it is about, or to all whom it concerns; what no workflow cares
    /// about is recorded at once.
    fn hand_out(
        &self,
        state: &mut TenantState,
        work: &mut Work,
        coming: Coming,
        mut fact: Fact,
    ) -> Result<(), Refusal> {
        work.place = Some(coming.place);
        work.trace.clone_from(&coming.journey.trace);
        let mut holder = None;
        match fact {
            Fact::Talk(_) | Fact::Commerce(_) | Fact::Preference(_) => {
                return self.involve(state, work, coming, fact);
            }
            Fact::Handoff(HandoffFact::Opened, ref mut escalation) => {
                holder = self.hand_over(state, work, escalation, coming.event.at)?;
            }
            Fact::Handoff(HandoffFact::Closed, ref escalation) => {
                self.hand_back(state, work, &escalation.conversation_id, coming.event.at)?;
            }
            Fact::Handoff(..) | Fact::Reservation(..) | Fact::Other => {}
        }
        let at = coming.event.at;
        let Some((key, command)) = Command::from_fact(fact) else {
            self.say(state, work, coming, None);
            return Ok(());
        };
        let id = key.id.clone();
        work.add(key, coming.deed(command, None));
        if let Some(hears) = holder {
            held_takes(work, &id, hears, at);
        }
        Ok(())
    }

    /// Lets an entity decide on what a person asks.
    pub(super) async fn act(
        &self,
        myself: &ActorRef<TenantMessage>,
        state: &mut TenantState,
        act: Act,
    ) {
        let Act { key, command, trace, reply } = act;
        let at = self.around.ledger.now().timestamp();
        let mut work = Work::new(Draft::new(&state.view.id));
        work.trace = trace;
        let halves = match self.act_beside(state, &mut work, (&key, &command), at) {
            Ok(halves) => halves,
            Err(refusal) => {
                drop(reply.send(Err(refusal)));
                return;
            }
        };
        work.add(key, Deed { halves, ..Deed::unprompted(command, Origin::Operator, at) });
        // As in `submit`.
        let answer: Reply = Box::new(move |result| drop(reply.send(result)));
        self.spread(myself, state, work.draft, work.deeds, answer).await;
    }

    pub(super) fn parts(&self, draft: Draft, count: usize, answer: Reply) -> Vec<Part> {
        Gather::parts(&self.around.ledger, &self.around.hints, draft, count, answer)
    }

    /// Hands each entity its deeds as one part of a commit that begins with `draft`. Without any
    /// deed, and even with an empty draft, the commit is made: its answer follows all before it.
    pub(super) async fn spread(
        &self,
        myself: &ActorRef<TenantMessage>,
        state: &mut TenantState,
        draft: Draft,
        deeds: BTreeMap<EntityKey, Vec<Deed>>,
        answer: Reply,
    ) {
        let empty = Draft::new(&state.view.id);
        let mut parts = self.parts(draft, deeds.len().max(1), answer);
        self.hand(myself, state, deeds, &mut parts);
        if let Some(part) = parts.pop() {
            part.fill(empty).await;
        }
    }

    /// Hands each entity its deeds, with one of the parts.
    pub(super) fn hand(
        &self,
        myself: &ActorRef<TenantMessage>,
        state: &mut TenantState,
        deeds: BTreeMap<EntityKey, Vec<Deed>>,
        parts: &mut Vec<Part>,
    ) {
        for (key, deeds) in deeds {
            let Some(part) = parts.pop() else { return };
            let view = Arc::clone(&state.view);
            self.tell_entity(myself, state, key, EntityMessage::Apply { deeds, part, view });
        }
    }

    pub(super) fn claim(
        &self,
        state: &TenantState,
        recording: &mut Recording,
        id: Option<EventId>,
    ) -> Result<Claim, Refusal> {
        let Some(id) = id else {
            return Ok(Claim::New(crate::announce::own_id(self.around.ledger.sequence())));
        };
        if recording.has(&id) {
            return Ok(Claim::Known(id));
        }
        match self.around.ledger.find_event(&state.view.id, &id) {
            Ok(Some(_)) => Ok(Claim::Known(id)),
            Ok(None) => {
                recording.take(&id);
                Ok(Claim::New(id))
            }
            Err(error) => {
                tracing::error!(%error, tenant = %state.view.id, "an event id cannot be looked up");
                Err(Refusal::Again)
            }
        }
    }
}

/// In the middle of a large batch others have their turn on this thread.
async fn give_way(place: usize) {
    if place % limits::EVENTS_PER_SLICE == limits::EVENTS_PER_SLICE - 1 {
        tokio::task::yield_now().await;
    }
}

/// Whether an event id is new.
pub(super) enum Claim {
    New(EventId),
    Known(EventId),
}
