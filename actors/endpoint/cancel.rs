//! A delivery that somebody wants to end while it still waits: in the queue, for others of its type, or behind
//! an earlier one of its key.
//!
//! Only the endpoint's own actor takes it away: it alone knows which are under way. The row that waits goes in
//! the commit that says who cancelled it, so that whoever finds the one never finds the other.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use ractor::ActorRef;
use sereno_workflows::id::{EndpointId, Sequence, TenantId};
use sereno_workflows::statistics::Count;
use sereno_workflows::time::Timestamp;
use tokio::sync::oneshot;

use super::order::key_of;
use super::{EndpointActor, EndpointMessage, EndpointState};
use crate::ledger::{Draft, Ledger, LedgerError};
use crate::record::{AttemptStatus, DeliveryStatusRecord, Hindrance, Signed};

/// What is said of a delivery that was cancelled, where there is room for no more.
const BY_HAND: &str = "cancelled by hand";

/// Deliveries of one endpoint that are to end, and where the answer goes once that is durable: for each in turn.
pub(crate) struct CancelRequest {
    pub(crate) sought: Vec<Sought>,
    pub(crate) cancelled: Signed,
    pub(crate) reply: oneshot::Sender<Vec<Result<(), Stays>>>,
}

/// A delivery that is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sought {
    pub(crate) event: Sequence,
    pub(crate) delivery: Sequence,
    /// Where it was found in the queue; it may have moved since.
    pub(crate) due: Option<Timestamp>,
}

impl Sought {
    /// A delivery that stands so, and where it waits; reads many rows, so it belongs on a thread that may block.
    pub(crate) fn of(
        ledger: &Ledger,
        tenant: &TenantId,
        endpoint: EndpointId,
        (event, delivery, status): (Sequence, Sequence, Option<&DeliveryStatusRecord>),
    ) -> Result<Self, LedgerError> {
        let may_wait = status.is_none_or(|status| status.status == AttemptStatus::Retrying);
        let next = status.and_then(|status| status.next_at);
        let is_there = match next {
            Some(due) => ledger.waiting(tenant, endpoint, due, delivery)?.is_some(),
            None => false,
        };
        let due = match (may_wait, is_there) {
            (true, false) => ledger.due_of(tenant, endpoint, delivery)?,
            (true, true) => next,
            (false, _) => None,
        };
        Ok(Self { event, delivery, due })
    }
}

/// Why a delivery does not end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stays {
    /// It is just moving from one place to another: it has to be looked for again.
    Moving,
    /// An attempt decides what comes of it.
    UnderWay,
    /// It was sent.
    Sent,
    /// It was given up.
    Dead,
    /// It went out in a digest.
    Collected,
    /// Somebody else was first.
    Cancelled,
    /// Its endpoint is not there any more.
    EndpointGone,
}

impl Stays {
    /// The same for people.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Moving => "it is just being handed on",
            Self::UnderWay => "an attempt is under way: wait for what comes of it",
            Self::Sent => "it was sent already",
            Self::Dead => "it was given up already: discard it among the dead letters",
            Self::Collected => "it went out together with others of its type",
            Self::Cancelled => "it was cancelled already",
            Self::EndpointGone => "it will not be delivered anyway: its endpoint was deleted",
        }
    }

    /// What a job says of it.
    pub(crate) fn hindrance(self) -> Hindrance {
        match self {
            Self::Moving => Hindrance::Ending,
            Self::UnderWay => Hindrance::UnderWay,
            Self::Sent | Self::Dead | Self::Collected | Self::Cancelled => Hindrance::Over,
            Self::EndpointGone => Hindrance::EndpointGone,
        }
    }
}

/// Where a delivery waits, and within which key its order is kept.
struct Waits {
    key: String,
    /// When it is due in the queue; otherwise it is behind another one of its key.
    due: Option<Timestamp>,
}

/// What a request has come to so far.
struct Ending {
    draft: Draft,
    /// Keys of which the draft changes what is parked, and whether the next one moves up: nobody can read that yet.
    touched: BTreeMap<String, bool>,
    /// The earliest place of the queue that changes.
    first: Option<Timestamp>,
}

impl Ending {
    /// Whether what the draft changes of a key has to be readable before this one is taken away: who leaves its
    /// place to the next one reads who that is.
    fn hides_from(&self, waits: &Waits) -> bool {
        let moved = self.touched.get(&waits.key);
        moved.is_some_and(|moved| *moved || waits.due.is_some())
    }
}

impl EndpointActor {
    /// Has deliveries end that wait; those that are under way or over stay, and of those that are just moving
    /// it is said so.
    pub(super) async fn cancel(
        &self,
        myself: &ActorRef<EndpointMessage>,
        state: &mut EndpointState,
        CancelRequest { sought, cancelled, reply }: CancelRequest,
    ) -> Result<(), LedgerError> {
        let now = self.around.ledger.now().timestamp();
        let (draft, touched) = (Draft::new(&self.tenant), BTreeMap::new());
        let mut ending = Ending { draft, touched, first: None };
        // The latest first: what waits behind another of its key goes before that, so that it does not move up.
        let mut turns: Vec<usize> = (0..sought.len()).collect();
        turns.sort_by_key(|&turn| Reverse(sought.get(turn).map(|one| one.delivery)));
        let mut answers = vec![Ok(()); sought.len()];
        for turn in turns {
            if let (Some(one), Some(answer)) = (sought.get(turn), answers.get_mut(turn)) {
                *answer = self.end(state, &mut ending, *one, &cancelled).await?;
            }
        }
        self.commit_and_tell(ending.draft).await;
        // They may have been read ahead.
        if let Some(first) = ending.first {
            state.go_back_to(first);
        }
        // An error means that the caller has gone; what it asked for is done all the same.
        drop(reply.send(answers));
        state.hear(now);
        self.look(myself, state).await
    }

    /// Has one end.
    async fn end(
        &self,
        state: &mut EndpointState,
        ending: &mut Ending,
        Sought { event, delivery, due }: Sought,
        cancelled: &Signed,
    ) -> Result<Result<(), Stays>, LedgerError> {
        let status = self.around.ledger.status(&self.tenant, event, delivery)?;
        if let Some(why) = hindered(state, delivery, status.as_ref()) {
            return Ok(Err(why));
        }
        let place = (status.as_ref(), due);
        let mut waits = self.find(state, (event, delivery), place)?;
        if waits.as_ref().is_some_and(|waits| ending.hides_from(waits)) {
            let draft = std::mem::replace(&mut ending.draft, Draft::new(&self.tenant));
            self.commit_and_tell(draft).await;
            ending.touched.clear();
            waits = self.find(state, (event, delivery), place)?;
        }
        let Some(waits) = waits else { return Ok(Err(Stays::Moving)) };
        self.take_away(ending, delivery, &waits)?;
        let stands = self.cancelled(status, cancelled.clone());
        ending.draft.status(event, delivery, &stands);
        ending.draft.tally().count(Count::DeliveriesCancelled);
        ending.first = [ending.first, waits.due].into_iter().flatten().min();
        Ok(Ok(()))
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
        ending: &mut Ending,
        delivery: Sequence,
        Waits { key, due }: &Waits,
    ) -> Result<(), LedgerError> {
        let draft = &mut ending.draft;
        let Some(due) = due else {
            draft.unpark(self.id, key, delivery);
            ending.touched.entry(key.clone()).or_default();
            return Ok(());
        };
        draft.dequeue(self.id, *due, delivery);
        let head = self.around.ledger.head(&self.tenant, self.id, key)?;
        if head.is_some_and(|(head, _)| head == delivery) {
            self.bring_next(draft, key)?;
            ending.touched.insert(key.clone(), true);
        }
        Ok(())
    }

    /// How it stands from now on: what was tried stays known.
    fn cancelled(
        &self,
        status: Option<DeliveryStatusRecord>,
        cancelled: Signed,
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

/// Why a delivery cannot end: it is over, or an attempt decides what comes of it.
fn hindered(
    state: &EndpointState,
    delivery: Sequence,
    status: Option<&DeliveryStatusRecord>,
) -> Option<Stays> {
    if state.under_way.contains_key(&delivery) {
        return Some(Stays::UnderWay);
    }
    match status.map(|status| status.status) {
        None | Some(AttemptStatus::Retrying) => None,
        Some(AttemptStatus::Sent) => Some(Stays::Sent),
        Some(AttemptStatus::Dead) => Some(Stays::Dead),
        Some(AttemptStatus::Collected) => Some(Stays::Collected),
        Some(AttemptStatus::Withdrawn) => Some(Stays::Cancelled),
    }
}
