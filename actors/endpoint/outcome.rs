//! What comes of an attempt, as one commit: done, later or dead, how the delivery stands, its line in the log
//! and what it says about the endpoint.

use std::sync::Arc;

use ractor::ActorRef;
use sereno_workflows::dead_letters::cause;
use sereno_workflows::id::{EndpointId, Sequence};
use sereno_workflows::retry::{Next, Outcome, RetryPolicy};
use sereno_workflows::statistics::{Count, Route, Sketch, is_reminder};
use sereno_workflows::time::Timestamp;

use super::attempt::Ended;
use super::ends::Ends;
use super::standing::channel;
use super::{EndpointActor, EndpointMessage, EndpointState, Standing};
use crate::fan_out::Share;
use crate::ledger::queue::Queued;
use crate::ledger::{Draft, LedgerError};
use crate::live::Live;
use crate::record::key::attempts::second_of;
use crate::record::{
    AttemptStatus, DeadLetterRecord, DeliveryRecord, DeliveryStatusRecord, LogRecord,
};
use crate::store::committer::Haste;
use crate::turnstile::Pass;

impl EndpointActor {
    /// Commits what came of an attempt: done, later or dead, with its line in the log.
    pub(super) fn record(
        &self,
        myself: &ActorRef<EndpointMessage>,
        state: &mut EndpointState,
        mut ended: Ended,
    ) -> Result<impl Future<Output = ()> + Send + use<'_>, LedgerError> {
        let ledger = &self.around.ledger;
        let now = ledger.now().timestamp();
        let mut draft = Draft::new(&self.tenant);
        self.hear_early_word(&mut draft, &mut ended)?;
        let Queued { due, delivery, record } = &*ended.queued;
        let line = ledger.sequence();
        let tried = record.attempted(line);
        let counted = tried.attempts - tried.forgiven;
        let next = self.retry(state).next(&ended.outcome, counted, now, delivery.0);

        if matches!(state.under_way.get(delivery), Some(Standing::Secured)) {
            draft.dequeue(self.id, *due, *delivery);
        }
        match next {
            Next::Done => {}
            // What is left for an endpoint that was deleted meanwhile would lie in its queue for ever.
            Next::Later(_) if !self.is_there() => {}
            Next::Later(at) => {
                draft.enqueue(self.id, at, *delivery, &tried);
                // It is heard of below.
                draft.take_after();
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
                    handed_on: None,
                },
            ),
        }
        self.slow_down(state, &ended, now);
        self.keep_receipt(&mut draft, &ended, &tried);
        let again = matches!(next, Next::Later(_));
        self.keep_place(state, &mut draft, (*delivery, record.event), again)?;
        self.note(state, &mut draft, (&ended, &tried), next);
        self.count(state, &mut draft, &ended, &tried, next)?;
        self.judge(state, &mut draft, &ended, now)?;

        let again = match next {
            Next::Later(at) => Some(at),
            Next::Done | Next::Dead => None,
        };
        Ok(self.commit_end(myself, state, draft, (*delivery, again), ended.pass))
    }

    /// Commits what came of a delivery, and has this actor told once it is durable, if more follows from it.
    pub(super) fn commit_end(
        &self,
        myself: &ActorRef<EndpointMessage>,
        state: &mut EndpointState,
        mut draft: Draft,
        (delivery, again): (Sequence, Option<Timestamp>),
        pass: Pass,
    ) -> impl Future<Output = ()> + Send + use<'_> {
        let (after, hints, tenant) =
            (draft.take_after(), Arc::clone(&self.around.hints), self.tenant.clone());
        let view = state.view.as_ref();
        let is_ordered = view.is_some_and(|view| self.is_ordered(view));
        let is_batched = view.is_some_and(|view| self.batch(view).is_some());
        let is_followed =
            again.is_some() || is_ordered || is_batched || state.line.event_of(delivery).is_some();
        let end = match is_followed {
            true => End::Followed(myself.clone(), again),
            false => End::ForGood {
                ends: Arc::clone(&state.ends),
                live: Arc::clone(&self.live),
                share: state.secure(delivery),
            },
        };
        let id = self.id;
        let then = Box::new(move || {
            drop(pass);
            hints.carry_out(&tenant, after);
            end.tell(id, delivery);
        });
        // In order, the next one goes only after this.
        let haste = if is_ordered { Haste::Awaited } else { Haste::Gathered };
        self.around.ledger.commit_in(haste, draft, then)
    }

    /// Notes with the event how its delivery stands, and the attempt in the log.
    fn note(
        &self,
        state: &mut EndpointState,
        draft: &mut Draft,
        (ended, tried): (&Ended, &DeliveryRecord),
        next: Next,
    ) {
        let Queued { delivery, record, .. } = &*ended.queued;
        let attempts = tried.attempts;
        let (status, next_at) = match next {
            Next::Done => (AttemptStatus::Sent, None),
            Next::Dead => (AttemptStatus::Dead, None),
            Next::Later(at) => (AttemptStatus::Retrying, Some(at)),
        };
        let (code, error) = told(&ended.outcome);
        let all: Vec<String> = error.into_iter().chain(ended.remark.clone()).collect();
        let error = (!all.is_empty()).then(|| all.join("; "));
        let stands = DeliveryStatusRecord {
            endpoint: self.id.0,
            status,
            attempts,
            code,
            error: error.clone(),
            next_at,
            history: tried.history.clone(),
            cancelled: None,
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
            message: record
                .tell
                .as_ref()
                .map(|tell| ended.text.as_ref().unwrap_or(&tell.message.text).clone()),
            response: ended.response.clone(),
        };
        if let Some(place) = tried.history.last() {
            draft.log(*place, &line);
            let second = Some(second_of(*place));
            if state.noted != second {
                draft.tried(self.id, *place);
                state.noted = second;
            }
        }
    }

    /// Counts the attempt by its channel and endpoint.
    fn count(
        &self,
        state: &EndpointState,
        draft: &mut Draft,
        ended: &Ended,
        tried: &DeliveryRecord,
        next: Next,
    ) -> Result<(), LedgerError> {
        let channel = state.view.as_ref().and_then(|view| channel(view, self.id));
        // Without one it was deleted while this was under way.
        let Some(channel) = channel else { return Ok(()) };
        let arrived = matches!(ended.outcome, Outcome::Done { .. });
        let mut attempt = Route {
            sent: arrived.into(),
            failed: (!arrived).into(),
            retries: (tried.attempts > 1).into(),
            dead: matches!(next, Next::Dead).into(),
            took: Sketch::default(),
        };
        attempt.took.add(ended.duration_ms.into());
        if let (code, Some(error)) = told(&ended.outcome) {
            draft.tally().cause(&cause(code, &error));
        }
        let reminds = self.id == EndpointId::CUSTOMERS && is_reminder(&ended.event_type);
        if arrived && reminds && !self.went_before(&ended.queued.record)? {
            draft.tally().count(Count::RemindersSent);
        }
        // The tenant's own roads are no endpoints.
        let endpoint = if self.id.is_own() { 0 } else { self.id.0 };
        draft.tally().attempt(channel, endpoint, &attempt);
        Ok(())
    }

    /// Whether an earlier attempt of a message was taken: one that goes again as a template is still the same.
    fn went_before(&self, record: &DeliveryRecord) -> Result<bool, LedgerError> {
        for line in &record.history {
            let line = self.around.ledger.log_line(&self.tenant, *line)?;
            if let Some(LogRecord::Attempt { status: AttemptStatus::Sent, .. }) = line {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn retry(&self, state: &EndpointState) -> RetryPolicy {
        state.view.as_ref().map(|view| view.retry(self.id).clone()).unwrap_or_default()
    }
}

/// Who is to know that the end of an attempt is durable.
enum End {
    /// The actor, as it has something to do then.
    Followed(ActorRef<EndpointMessage>, Option<Timestamp>),
    /// Nobody but who counts what is under way, and who offered the delivery.
    ForGood { ends: Arc<Ends>, live: Arc<Live>, share: Option<Share> },
}

impl End {
    fn tell(self, endpoint: EndpointId, delivery: Sequence) {
        match self {
            // An error means that this actor is gone; its successor reads the queue.
            Self::Followed(actor, again) => {
                drop(actor.cast(EndpointMessage::Recorded(delivery, again)));
            }
            Self::ForGood { ends, live, share } => {
                live.ended(endpoint, delivery);
                if let Some(share) = share {
                    share.secured();
                }
                ends.say(delivery);
            }
        }
    }
}

/// The code and the error of an outcome.
pub(super) fn told(outcome: &Outcome) -> (i32, Option<String>) {
    match outcome {
        Outcome::Done { code } => (*code, None),
        Outcome::Retry { code, error, .. }
        | Outcome::Dead { code, error }
        | Outcome::Gone { code, error } => (*code, Some(error.clone())),
    }
}
