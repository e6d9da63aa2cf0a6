//! What people do with deliveries: try them again, edit and throw away those that were given up, and have
//! the same done to many by a job.

use std::sync::Arc;

use ractor::ActorRef;
use serde_json::{Map, Value};
use sereno_workflows::event::Event;
use sereno_workflows::id::{EndpointId, EventId, Sequence, TenantId};
use sereno_workflows::trace::TraceContext;
use tokio::sync::oneshot;

use super::{Engine, EngineError, ask, within_call_timeout};
use crate::endpoint::again::{Again, AgainRequest, LetterRequest, LetterWish};
use crate::endpoint::cancel::{CancelRequest, Sought, Stays};
use crate::hints::Listing;
use crate::jobs::JobsMessage;
use crate::jobs::walk::{self, Count};
use crate::ledger::delivery::Found;
use crate::record::{Actor, HandedOn, JobRecord, JobState, JobTask, Selection, Signed, Source};
use crate::tenant::{Direct, TenantMessage};

/// What came of replaying an event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replayed {
    /// The deliveries that will be made.
    pub deliveries: Vec<Sequence>,
    /// Endpoints that do not get it now, and why.
    pub refused: Vec<(EndpointId, String)>,
}

/// An event that was sent to another endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    /// To whom it was on its way.
    pub from: EndpointId,
    /// To whom it goes.
    pub to: EndpointId,
    /// By which delivery.
    pub delivery: Sequence,
}

/// A delivery as it was found by somebody who wants it to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whereabouts {
    endpoint: EndpointId,
    sought: Sought,
}

/// Who asks for a job, and why: nothing where none is told.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Who.
    pub by: Option<Actor>,
    /// Why, in their words.
    pub reason: String,
}

impl Engine {
    /// Where a delivery is that may wait; reads many rows, so it belongs on a thread that may block.
    pub fn whereabouts(
        &self,
        tenant: &TenantId,
        delivery: Sequence,
    ) -> Result<Whereabouts, EngineError> {
        self.listing(tenant)?;
        let ledger = self.ledger();
        let found = ledger.find_delivery(tenant, delivery)?;
        let found = found.ok_or(EngineError::NotFound("delivery"))?;
        let Found { place, endpoint, status, .. } = found;
        let sought = Sought::of(ledger, tenant, endpoint, (place, delivery, status.as_ref()))?;
        Ok(Whereabouts { endpoint, sought })
    }

    /// Has a delivery end that waits; returns once that is durable. Answers `false` where it has moved since it
    /// was looked for, so that it has to be looked for again.
    pub async fn cancel_delivery(
        &self,
        tenant: &TenantId,
        Whereabouts { endpoint, sought }: Whereabouts,
        cancelled: Signed,
    ) -> Result<bool, EngineError> {
        let Listing { actor, .. } = self.listing(tenant)?;
        let (reply, answer) = oneshot::channel();
        let request = CancelRequest { sought: vec![sought], cancelled, reply };
        let cast = actor.cast(TenantMessage::Cancel(endpoint, request));
        cast.map_err(|_| EngineError::Busy)?;
        match within_call_timeout(answer).await?.first() {
            Some(Ok(())) => Ok(true),
            Some(Err(Stays::Moving)) => Ok(false),
            Some(Err(stays)) => Err(EngineError::Rejected(stays.text().to_owned())),
            None => Err(EngineError::Busy),
        }
    }

    /// Has a delivery tried again now, whether it arrived, waits or was given up; returns once that is
    /// durable.
    pub async fn retry(&self, tenant: &TenantId, delivery: Sequence) -> Result<(), EngineError> {
        let Listing { actor, .. } = self.listing(tenant)?;
        let found = self.ledger().find_delivery(tenant, delivery)?;
        let found = found.ok_or(EngineError::NotFound("delivery"))?;
        let again = Again { event: found.place, delivery: Some(delivery), as_letter: false };
        try_again(&actor, found.endpoint, again).await.map(drop)
    }

    /// Has a dead letter tried again now; returns once that is durable. It is, once, whoever else asks for that or
    /// discards it at the same time.
    pub async fn retry_letter(
        &self,
        tenant: &TenantId,
        delivery: Sequence,
    ) -> Result<(), EngineError> {
        let Listing { actor, .. } = self.listing(tenant)?;
        let letter = self.ledger().dead_letter(tenant, delivery)?;
        let letter = letter.ok_or(EngineError::NotFound("dead letter"))?;
        let event = letter.delivery.event;
        let again = Again { event, delivery: Some(delivery), as_letter: true };
        try_again(&actor, EndpointId(letter.endpoint), again).await.map(drop)
    }

    /// Brings an event once more to every endpoint that wants it now, or to this one alone.
    pub async fn replay(
        &self,
        tenant: &TenantId,
        place: Sequence,
        only: Option<EndpointId>,
    ) -> Result<Replayed, EngineError> {
        let Listing { actor, view } = self.listing(tenant)?;
        let event = self.ledger().event(tenant, place)?.ok_or(EngineError::NotFound("event"))?;
        let before = self.ledger().deliveries_of(tenant, place, &event)?;
        let chosen: Vec<EndpointId> = match only {
            Some(id) if view.endpoints.contains_key(&id) => vec![id],
            Some(_) => return Err(EngineError::NotFound("endpoint")),
            None => {
                let wants = |endpoint: &&Arc<_>| walk::wants(endpoint, &event);
                let enabled = view.endpoints.values().filter(|endpoint| endpoint.config.enabled);
                enabled.filter(wants).map(|endpoint| endpoint.id).collect()
            }
        };
        let mut replayed = Replayed::default();
        for endpoint in chosen {
            let known = before.iter().find(|(to, ..)| *to == endpoint);
            let delivery = known.map(|(_, delivery, _)| *delivery);
            let again = Again { event: place, delivery, as_letter: false };
            match try_again(&actor, endpoint, again).await {
                Ok(deliveries) => replayed.deliveries.extend(deliveries),
                Err(EngineError::Rejected(reason)) => replayed.refused.push((endpoint, reason)),
                Err(other) => return Err(other),
            }
        }
        Ok(replayed)
    }

    /// Sends a dead letter's event again with other data, as a new event for its endpoint alone, and throws
    /// the letter away; returns the new event's id once both are durable.
    pub async fn retry_edited(
        &self,
        tenant: &TenantId,
        delivery: Sequence,
        data: Map<String, Value>,
        trace: Option<TraceContext>,
    ) -> Result<EventId, EngineError> {
        let Listing { actor, view } = self.listing(tenant)?;
        let letter = self.ledger().dead_letter(tenant, delivery)?;
        let letter = letter.ok_or(EngineError::NotFound("dead letter"))?;
        if letter.delivery.tell.is_some() {
            let reason = "a message to a customer has no data to edit";
            return Err(EngineError::Rejected(reason.to_owned()));
        }
        let endpoint = EndpointId(letter.endpoint);
        if !view.endpoints.contains_key(&endpoint) {
            return Err(EngineError::Rejected("the endpoint was deleted".to_owned()));
        }
        let place = letter.delivery.event;
        let event = self.ledger().event(tenant, place)?.ok_or(EngineError::NotFound("event"))?;
        let edited = serde_json::json!({"event_type": event.event_type, "data": data});
        let edited = Event::from_json(edited, self.ledger().now().timestamp())?;
        let (reply, answer) = oneshot::channel();
        let direct = Direct {
            endpoint,
            event_type: event.event_type,
            data: edited.data,
            source: Source::Edited,
            cause: Some(place),
            instead_of: Some(delivery),
            trace,
            reply,
        };
        ask(&actor, TenantMessage::Direct(direct), answer).await
    }

    /// Throws a dead letter away; returns once that is durable.
    pub async fn discard(&self, tenant: &TenantId, delivery: Sequence) -> Result<(), EngineError> {
        let Listing { actor, .. } = self.listing(tenant)?;
        let letter = self.ledger().dead_letter(tenant, delivery)?;
        let letter = letter.ok_or(EngineError::NotFound("dead letter"))?;
        let (reply, answer) = oneshot::channel();
        let request = LetterRequest { delivery, wish: LetterWish::Discard, reply };
        let message = TenantMessage::Letter(EndpointId(letter.endpoint), request);
        ask(&actor, message, answer).await
    }

    /// Sends a delivery's event to another endpoint too, whatever that listens for, and has the dead letter say so
    /// where it is one; returns once both are durable. A server that ends in between has sent it and says nothing:
    /// whoever asks again has it said, and nothing is sent twice.
    pub async fn hand_on(
        &self,
        tenant: &TenantId,
        delivery: Sequence,
        (to, signed): (EndpointId, Signed),
    ) -> Result<Passed, EngineError> {
        let Listing { actor, view } = self.listing(tenant)?;
        let rejected = |reason: &str| Err(EngineError::Rejected(reason.to_owned()));
        let found = self.ledger().find_delivery(tenant, delivery)?;
        let Found { place, event, endpoint: from, .. } =
            found.ok_or(EngineError::NotFound("delivery"))?;
        let target = view.endpoints.get(&to).ok_or(EngineError::NotFound("endpoint"))?;
        if !target.config.enabled {
            return rejected("that endpoint is disabled: enable it first");
        }
        let all = self.ledger().deliveries_of(tenant, place, &event)?;
        let there = all.iter().find(|(other, ..)| *other == to).map(|(_, made, _)| *made);
        let letter = self.ledger().dead_letter(tenant, delivery)?;
        let is_silent = letter.as_ref().is_some_and(|letter| letter.handed_on.is_none());
        let made = match there {
            None => {
                let again = Again { event: place, delivery: None, as_letter: false };
                let made = try_again(&actor, to, again).await?;
                made.first().copied().ok_or(EngineError::Busy)?
            }
            Some(made) if from != to && is_silent && self.ledger().is_late(tenant, made)? => made,
            Some(_) => {
                let reason = "that endpoint has a delivery of this event already: try that again";
                return rejected(reason);
            }
        };
        if letter.is_some() {
            let (reply, answer) = oneshot::channel();
            let handed_on = HandedOn { signed, endpoint: to.0, delivery: made };
            let wish = LetterWish::HandedOn(Box::new(handed_on));
            let request = LetterRequest { delivery, wish, reply };
            let marked = ask(&actor, TenantMessage::Letter(from, request), answer).await;
            if let Err(error) = marked {
                tracing::debug!(%error, "a dead letter is gone before it says to whom it was handed on");
            }
        }
        Ok(Passed { from, to, delivery: made })
    }

    /// Counts the deliveries that a job would be about; reads many rows, so it belongs on a thread that
    /// may block.
    pub fn count(
        &self,
        tenant: &TenantId,
        task: JobTask,
        selection: Selection,
    ) -> Result<Count, EngineError> {
        let Listing { view, .. } = self.listing(tenant)?;
        let asked = Asked { by: None, reason: String::new() };
        Ok(walk::count(self.ledger(), &view, &self.job(task, selection, asked))?)
    }

    /// Starts a job; returns its id once it is durable.
    pub async fn begin_job(
        &self,
        tenant: &TenantId,
        task: JobTask,
        selection: Selection,
        asked: Asked,
    ) -> Result<Sequence, EngineError> {
        let Listing { actor, .. } = self.listing(tenant)?;
        let (reply, answer) = oneshot::channel();
        let begin = JobsMessage::Begin(Box::new(self.job(task, selection, asked)), reply);
        ask(&actor, TenantMessage::Job(begin), answer).await
    }

    /// Ends a job where it is; returns once that is durable.
    pub async fn cancel_job(&self, tenant: &TenantId, id: Sequence) -> Result<(), EngineError> {
        let Listing { actor, .. } = self.listing(tenant)?;
        self.ledger().job(tenant, id)?.ok_or(EngineError::NotFound("job"))?;
        let (reply, answer) = oneshot::channel();
        ask(&actor, TenantMessage::Job(JobsMessage::Cancel(id, reply)), answer).await
    }

    fn job(&self, task: JobTask, selection: Selection, Asked { by, reason }: Asked) -> JobRecord {
        JobRecord {
            task,
            place: selection.from,
            selection,
            state: JobState::Running,
            created_at: self.ledger().now().timestamp(),
            began: self.ledger().sequence(),
            ended_at: None,
            examined: 0,
            matched: 0,
            done: 0,
            error: None,
            reason,
            skipped: 0,
            refused: 0,
            not_done: Vec::new(),
            by,
        }
    }
}

async fn try_again(
    tenant: &ActorRef<TenantMessage>,
    endpoint: EndpointId,
    again: Again,
) -> Result<Vec<Sequence>, EngineError> {
    let (reply, answer) = oneshot::channel();
    let request = AgainRequest { deliveries: vec![again], reply };
    let cast = tenant.cast(TenantMessage::Again(endpoint, request));
    cast.map_err(|_| EngineError::Busy)?;
    let answer = within_call_timeout(answer).await?;
    match answer.not_done.first() {
        Some((_, why)) if answer.done.is_empty() => {
            Err(EngineError::Rejected(why.text().to_owned()))
        }
        Some(_) | None => Ok(answer.done),
    }
}
