//! Events that are put through the pipeline: again and again if actors die on them, up to a point.
//!
//! ```text
//!  validate, enrich --> tenant, entities, commit --> receipt
//!        ^                        | died on event n
//!        +--- pause, count <------+     three deaths on the same event: it goes aside, the others go on
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use sereno_workflows::event::Event;
use sereno_workflows::id::{Sequence, TenantId};
use sereno_workflows::invalid::Invalid;
use sereno_workflows::trace::TraceContext;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{Credit, Engine, EngineError};
use crate::gather::Refusal;
use crate::hints::Listing;
use crate::idempotency::Idempotency;
use crate::journey::Journey;
use crate::limits;
use crate::record::{EventRecord, Source, Stage};
use crate::tenant::recording::{Sign, all_durable};
use crate::tenant::{
    Arrival, Batch, Death, Hand, Receipt, Submission, Surroundings, TenantMessage,
};
use crate::view::TenantView;

/// Events to be put through, with what happened to them so far.
pub(crate) struct Trial {
    events: Arc<Vec<Event>>,
    /// When they were received, in microseconds.
    received: u64,
    /// Where they come from.
    source: Source,
    /// Whether the tenant's door is asked, which only lets through what its catalogue allows.
    through_door: bool,
    credit: Option<Arc<Credit>>,
    /// The event that stands aside and is put through again.
    again: Option<Sequence>,
    /// The key by which they are accepted once.
    request: Option<Arc<Idempotency>>,
    /// The place in the trace of whoever sent them.
    trace: Option<TraceContext>,
    /// So many deaths on an event and it goes aside.
    deaths_max: u32,
    deaths: BTreeMap<usize, Death>,
    /// How often the whole was lost without a fault of its own.
    lost: u32,
}

/// Events that their tenant has in hand.
pub(crate) struct OnItsWay {
    trial: Trial,
    hand: Arc<Hand>,
    answer: oneshot::Receiver<Result<(Receipt, Vec<Sign>), Refusal>>,
    deadline: Instant,
}

impl Engine {
    /// Accepts events, all or none; returns once they are durable.
    ///
    /// An event that does not fit is refused with its index in the error's field. One on which an actor
    /// dies again and again is accepted and set aside. They go on in the trace that is given. Whether a request with a key was answered before is to
    /// be asked first; see [`Engine::answered`].
    pub async fn submit(
        &self,
        tenant: &TenantId,
        events: Vec<Event>,
        request: Option<Idempotency>,
        trace: Option<TraceContext>,
    ) -> Result<Receipt, EngineError> {
        self.check_space()?;
        let received = self.around.ledger.now().micros();
        let count = u32::try_from(events.len()).map_err(|_| EngineError::Busy)?;
        let mut trial = Trial::new(events, received, Source::Api);
        trial.request = request.map(Arc::new);
        trial.trace = trace;
        let listing = self.listing(tenant)?;
        let arrivals = self.around.arrivals(&listing.view, &trial)?;
        trial.credit = Some(Arc::new(self.room.take(tenant, count).await?));
        let sent = self.around.send(trial, &listing, arrivals, None)?;
        let (receipt, aside) = self.around.arrive(tenant, sent).await?;
        let Receipt { accepted, duplicates, .. } = &receipt;
        tracing::debug!(%tenant, accepted, duplicates, aside, "events are durable");
        Ok(receipt)
    }

    /// Puts an event through again that stands aside, once; answers whether it went through.
    pub async fn reprocess(&self, tenant: &TenantId, place: Sequence) -> Result<bool, EngineError> {
        self.check_space()?;
        let listing = self.listing(tenant)?;
        let ledger = &self.around.ledger;
        let kept = ledger.set_aside(tenant, place)?;
        let record = ledger.event(tenant, place)?.ok_or(EngineError::NotFound("event"))?;
        let rejected = || EngineError::Rejected("the event is not set aside".to_owned());
        let before = kept.ok_or_else(rejected)?;
        let event = again(&record, &ledger.input(tenant, place)?).ok_or_else(rejected)?;
        let failed = record.story.and_then(|story| story.failed);
        let deaths = failed.map(|failed| {
            let (stage, reason) = (failed.stage, failed.reason);
            (0, Death { stage, reason, count: before.deaths })
        });
        let trial = Trial {
            again: Some(place),
            deaths_max: before.deaths.saturating_add(1),
            deaths: deaths.into_iter().collect(),
            trace: record.trace,
            ..Trial::new(vec![event], ledger.now().micros(), record.source)
        };
        let arrivals = self.around.arrivals(&listing.view, &trial)?;
        let sent = self.around.send(trial, &listing, arrivals, None)?;
        let (_, aside) = self.around.arrive(tenant, sent).await?;
        Ok(aside == 0)
    }
}

impl Surroundings {
    /// Hands events to their tenant, who has time until `deadline`, or as much as any call.
    pub(crate) fn send(
        &self,
        trial: Trial,
        listing: &Listing,
        arrivals: Vec<Arrival>,
        deadline: Option<Instant>,
    ) -> Result<OnItsWay, EngineError> {
        let (reply, answer) = oneshot::channel();
        let hand = Arc::default();
        let batch = Batch {
            events: Arc::clone(&trial.events),
            arrivals,
            again: trial.again,
            request: trial.request.clone(),
            hand: Arc::clone(&hand),
            source: trial.source,
        };
        let submission = Submission { batch, reply, credit: trial.credit.clone() };
        let cast = listing.actor.cast(TenantMessage::Submit(submission));
        cast.map_err(|_| EngineError::Busy)?;
        let patience = Duration::from_millis(limits::CALL_TIMEOUT_MS);
        let deadline = deadline.unwrap_or_else(|| Instant::now() + patience);
        Ok(OnItsWay { trial, hand, answer, deadline })
    }

    /// Waits until they are durable; tries again until it is done, refused, or takes too long. Answers how
    /// many were set aside too.
    pub(crate) async fn arrive(
        &self,
        tenant: &TenantId,
        mut sent: OnItsWay,
    ) -> Result<(Receipt, usize), EngineError> {
        loop {
            let OnItsWay { mut trial, hand, answer, deadline } = sent;
            let answer = tokio::time::timeout_at(deadline, answer).await;
            let refusal = match answer.map_err(|_| EngineError::Busy)? {
                Ok(Ok((receipt, first))) => {
                    let durable = all_durable(first).await;
                    let aside = trial.set_aside();
                    return if durable { Ok((receipt, aside)) } else { Err(EngineError::Busy) };
                }
                Ok(Err(Refusal::Rejected(reason))) => return Err(EngineError::Rejected(reason)),
                Ok(Err(refusal)) => refusal,
                // The tenant is gone with the submission in its mailbox, or in its hands.
                Err(_) => hand.place().map_or(Refusal::Again, |place| Refusal::Died {
                    place,
                    stage: Stage::Route,
                    reason: "the tenant's actor died on it".to_owned(),
                }),
            };
            let pause = trial.note(refusal).ok_or(EngineError::Busy)?;
            if Instant::now() + pause >= deadline {
                return Err(EngineError::Busy);
            }
            tokio::time::sleep(pause).await;
            let listing = self.hints.tenant(tenant).ok_or(EngineError::NotFound("tenant"))?;
            let arrivals = self.arrivals(&listing.view, &trial)?;
            sent = self.send(trial, &listing, arrivals, Some(deadline))?;
        }
    }

    /// Validates and enriches.
    pub(crate) fn arrivals(
        &self,
        view: &TenantView,
        trial: &Trial,
    ) -> Result<Vec<Arrival>, Invalid> {
        let now = self.ledger.now();
        let policy = &view.policy;
        let mut arrivals = Vec::with_capacity(trial.events.len());
        let mut moment = trial.received;
        for (index, event) in trial.events.iter().enumerate() {
            let mut journey = Box::new(Journey::received(trial.received));
            journey.trace.clone_from(&trial.trace);
            journey.begin(moment);
            let door = view.door.as_ref().filter(|_| trial.through_door);
            let admitted = match (door, trial.again) {
                (Some(door), None) => door.admit(event),
                // What was admitted once is not refused because the door has changed.
                (Some(_), Some(_)) | (None, _) => Ok(()),
            };
            let fact = admitted
                .and_then(|()| event.fact(&policy.zone))
                .map_err(|invalid| invalid.inside(&format!("[{index}]")))?;
            journey.end(now.micros());
            journey.enrich(event.at, policy);
            moment = now.micros();
            journey.end(moment);
            let death = trial.deaths.get(&index);
            let death = death.filter(|death| death.count >= trial.deaths_max).cloned();
            arrivals.push(Arrival { fact, journey, death });
        }
        Ok(arrivals)
    }
}

impl Trial {
    /// Events that were received then, in microseconds.
    pub(crate) fn new(events: Vec<Event>, received: u64, source: Source) -> Self {
        Self {
            events: Arc::new(events),
            received,
            source,
            through_door: true,
            credit: None,
            again: None,
            request: None,
            trace: None,
            deaths_max: limits::DEATHS_MAX,
            deaths: BTreeMap::new(),
            lost: 0,
        }
    }

    /// The same, in this trace.
    pub(crate) fn in_trace(self, trace: Option<TraceContext>) -> Self {
        Self { trace, ..self }
    }

    /// The same, past the tenant's door: what we name ourselves.
    pub(crate) fn past_the_door(self) -> Self {
        Self { through_door: false, ..self }
    }

    /// Counts what happened; answers how long to wait before the next try, if there is to be one.
    fn note(&mut self, refusal: Refusal) -> Option<Duration> {
        let Refusal::Died { place, stage, reason } = refusal else {
            self.lost += 1;
            let pause = Duration::from_millis(limits::DEATH_PAUSE_MS);
            return (self.lost < limits::LOST_MAX).then_some(pause);
        };
        let others = self.set_aside();
        let before = self.deaths.get(&place).map_or(0, |death| death.count);
        if before >= self.deaths_max {
            // Even to set it aside is more than its tenant survives.
            return None;
        }
        self.deaths.insert(place, Death { stage, reason, count: before + 1 });
        // What kills may pass; but where one event was set aside already, it has had its time.
        let patient = before + 1 < self.deaths_max && others == 0;
        let factor = if patient { 4_u64.saturating_pow(before) } else { 0 };
        Some(Duration::from_millis(limits::DEATH_PAUSE_MS * factor))
    }

    /// How many are set aside.
    fn set_aside(&self) -> usize {
        self.deaths.values().filter(|death| death.count >= self.deaths_max).count()
    }
}

/// An event that stands aside, as it came in.
fn again(record: &EventRecord, input: &[u8]) -> Option<Event> {
    let data: Map<String, Value> = serde_json::from_slice(input).ok()?;
    let (id, event_type) = (record.id.parse().ok()?, record.event_type.parse().ok()?);
    Some(Event { id: Some(id), event_type, at: record.at, data, cloud: None })
}
