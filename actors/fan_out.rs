//! Hands a tenant's events to their many endpoints, a bounded number at a time.
//!
//! ```text
//!  FanOut (a hint) --> event + how far it came --> Offers --> tenant --> endpoint: attempts it, or queues it
//!                             ^                                                    |
//!                             +------------- Secured (or Lost, if it died) --------+
//! ```
//! An event for ten thousand endpoints is one record with a cursor, not ten thousand rows. Before the
//! cursor every delivery is secured: it was attempted, or it waits in its endpoint's queue. After a crash
//! those behind the cursor are offered again, and each endpoint knows by its rows which it has had.

mod words;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use ractor::{Actor, ActorProcessingErr, ActorRef, SupervisionEvent};
use sereno_workflows::id::{EndpointId, Sequence, TenantId};
use sereno_workflows::time::Timestamp;

pub(crate) use self::words::Share;
use self::words::{Word, Words};
use crate::hints::Hints;
use crate::ledger::{Draft, Ledger, LedgerError};
use crate::limits;
use crate::record::{Deliveries, DeliveryRecord, EventRecord, FanOutRecord};
use crate::store::committer::Haste;
use crate::tenant::TenantMessage;

/// Hands on the events of one tenant.
pub(crate) struct FanOut {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) hints: Arc<Hints>,
    pub(crate) tenant: TenantId,
    pub(crate) parent: ActorRef<TenantMessage>,
}

/// What it is told.
pub(crate) enum FanOutMessage {
    /// This event is to be handed on.
    Begin(Sequence),
    /// There may be events from before the start.
    Resume,
    /// Words came of what was offered.
    Heard,
}

/// A delivery for an endpoint to attempt or to queue.
pub(crate) struct Offer {
    pub(crate) endpoint: EndpointId,
    pub(crate) delivery: Sequence,
    /// Where the event is, and the event without its deliveries.
    pub(crate) event: (Sequence, Arc<EventRecord>),
    pub(crate) due: Timestamp,
    /// Whether it may have been offered before.
    pub(crate) again: bool,
    pub(crate) share: Share,
}

/// What it knows.
pub(crate) struct FanOutState {
    words: Arc<Words>,
    active: BTreeMap<Sequence, Progress>,
    /// The events with deliveries to offer, in turn.
    turns: VecDeque<Sequence>,
    in_flight: usize,
    /// From here on there may be events that are not active.
    unread: Option<Sequence>,
}

impl Actor for FanOut {
    type Msg = FanOutMessage;
    type State = FanOutState;
    type Arguments = ();

    async fn pre_start(
        &self,
        myself: ActorRef<FanOutMessage>,
        (): (),
    ) -> Result<FanOutState, ActorProcessingErr> {
        Ok(FanOutState {
            words: Words::to(myself),
            active: BTreeMap::new(),
            turns: VecDeque::new(),
            in_flight: 0,
            unread: None,
        })
    }

    async fn handle(
        &self,
        _myself: ActorRef<FanOutMessage>,
        message: FanOutMessage,
        state: &mut FanOutState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            FanOutMessage::Begin(event) if state.active.len() < limits::FAN_OUTS_MAX => {
                self.begin(state, event, false).await;
            }
            FanOutMessage::Begin(event) => state.read_from(event),
            FanOutMessage::Resume => state.read_from(Sequence(0)),
            FanOutMessage::Heard => self.hear(state).await?,
        }
        self.read(state).await?;
        self.offer(state);
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _myself: ActorRef<FanOutMessage>,
        _event: SupervisionEvent,
        _state: &mut FanOutState,
    ) -> Result<(), ActorProcessingErr> {
        Ok(())
    }
}

impl FanOut {
    /// Takes up what waits as rows, as far as there is room.
    async fn read(&self, state: &mut FanOutState) -> Result<(), LedgerError> {
        while let Some(from) = state.unread
            && state.active.len() < limits::FAN_OUTS_MAX
        {
            let room = limits::FAN_OUTS_MAX - state.active.len();
            let found = self.ledger.fan_outs_from(&self.tenant, from, room)?;
            state.unread = found.last().map(|last| last.next());
            for event in found {
                self.begin(state, event, true).await;
            }
        }
        Ok(())
    }

    async fn begin(&self, state: &mut FanOutState, event: Sequence, again: bool) {
        if state.active.contains_key(&event) {
            return;
        }
        match self.progress(event, again) {
            Ok(Some(progress)) => {
                state.active.insert(event, progress);
                state.turns.push_back(event);
            }
            Ok(None) => {
                let mut draft = Draft::new(&self.tenant);
                draft.end_fan_out(event);
                self.ledger.commit_in(Haste::Gathered, draft, Box::new(|| {})).await;
            }
            Err(error) => {
                tracing::error!(%error, tenant = %self.tenant, event = %event.to_text(),
                    "an event cannot be handed to its endpoints");
            }
        }
    }

    /// How far an event came; nothing if it is no longer kept, or on its way.
    fn progress(&self, event: Sequence, again: bool) -> Result<Option<Progress>, LedgerError> {
        let Some(how_far) = self.ledger.fan_out(&self.tenant, event)? else { return Ok(None) };
        let Some(mut record) = self.ledger.event(&self.tenant, event)? else { return Ok(None) };
        let deliveries = std::mem::replace(&mut record.deliveries, Deliveries::NONE).to_vec();
        Ok(Some(Progress::new(record, deliveries, how_far, again)))
    }

    /// Offers deliveries of all events in turn, as many as may be under way.
    fn offer(&self, state: &mut FanOutState) {
        let mut offers = Vec::new();
        while state.in_flight < limits::FAN_OUT_IN_FLIGHT_MAX
            && let Some(event) = state.turns.pop_front()
        {
            let Some(progress) = state.active.get_mut(&event) else { continue };
            let Some((index, endpoint, delivery)) = progress.next() else { continue };
            let share = state.words.share(event, index);
            let (due, again) = (progress.due, progress.again);
            let event_record = (event, Arc::clone(&progress.event));
            offers.push(Offer { endpoint, delivery, event: event_record, due, again, share });
            state.in_flight += 1;
            state.turns.push_back(event);
        }
        if !offers.is_empty() && self.parent.cast(TenantMessage::Offers(offers)).is_err() {
            tracing::debug!(tenant = %self.tenant, "a fan-out outlived its tenant");
        }
    }

    async fn hear(&self, state: &mut FanOutState) -> Result<(), LedgerError> {
        for word in state.words.take() {
            match word {
                Word::Secured(event, index) => self.secured(state, event, index).await,
                Word::Lost(event, index) => self.queue(state, event, index).await?,
            }
        }
        Ok(())
    }

    async fn secured(&self, state: &mut FanOutState, event: Sequence, index: u32) {
        state.in_flight -= 1;
        let Some(progress) = state.active.get_mut(&event) else { return };
        progress.secure(index);
        let mut draft = Draft::new(&self.tenant);
        if progress.is_over() {
            state.active.remove(&event);
            draft.end_fan_out(event);
        } else if let Some(how_far) = progress.step() {
            draft.fan_out(event, &how_far);
        } else {
            return;
        }
        self.ledger.commit_in(Haste::Gathered, draft, Box::new(|| {})).await;
    }

    /// Puts a delivery whose endpoint died into that endpoint's queue, unless it got there or further.
    async fn queue(
        &self,
        state: &FanOutState,
        event: Sequence,
        index: u32,
    ) -> Result<(), LedgerError> {
        let Some(progress) = state.active.get(&event) else { return Ok(()) };
        let Some((endpoint, delivery)) = progress.delivery(index) else { return Ok(()) };
        // What the endpoint had submitted must be readable first.
        self.ledger.settled().await;
        let (whose, due) = ((event, delivery), progress.due);
        let mut draft = Draft::new(&self.tenant);
        if !self.ledger.is_secured(&self.tenant, whose, (endpoint, due))? {
            draft.enqueue(endpoint, due, delivery, &DeliveryRecord::first(event));
        }
        let (after, hints) = (draft.take_after(), Arc::clone(&self.hints));
        let (tenant, words) = (self.tenant.clone(), Arc::clone(&state.words));
        let then = Box::new(move || {
            hints.carry_out(&tenant, after);
            words.say(Word::Secured(event, index));
        });
        self.ledger.commit(draft, then).await;
        Ok(())
    }
}

impl FanOutState {
    fn read_from(&mut self, event: Sequence) {
        self.unread = Some(self.unread.map_or(event, |unread| unread.min(event)));
    }
}

/// How far one event came.
struct Progress {
    event: Arc<EventRecord>,
    deliveries: Vec<(EndpointId, Sequence)>,
    due: Timestamp,
    again: bool,
    /// The first that was not offered.
    offered: u32,
    /// All before this are secured.
    secured: u32,
    /// Those beyond that are secured too.
    ahead: BTreeSet<u32>,
    /// What stands on disk of `secured`.
    written: u32,
}

impl Progress {
    fn new(
        event: EventRecord,
        deliveries: Vec<(EndpointId, Sequence)>,
        FanOutRecord { due, secured }: FanOutRecord,
        again: bool,
    ) -> Self {
        let event = Arc::new(event);
        let (offered, written, ahead) = (secured, secured, BTreeSet::new());
        Self { event, deliveries, due, again, offered, secured, ahead, written }
    }

    fn delivery(&self, index: u32) -> Option<(EndpointId, Sequence)> {
        self.deliveries.get(usize::try_from(index).ok()?).copied()
    }

    /// The next delivery to offer, with its index.
    fn next(&mut self) -> Option<(u32, EndpointId, Sequence)> {
        let index = self.offered;
        let (endpoint, delivery) = self.delivery(index)?;
        self.offered += 1;
        Some((index, endpoint, delivery))
    }

    fn secure(&mut self, index: u32) {
        self.ahead.insert(index);
        while self.ahead.remove(&self.secured) {
            self.secured += 1;
        }
    }

    fn is_over(&self) -> bool {
        self.delivery(self.secured).is_none()
    }

    /// How far it came, where that is to be written down.
    fn step(&mut self) -> Option<FanOutRecord> {
        if self.secured - self.written < limits::FAN_OUT_STEP {
            return None;
        }
        self.written = self.secured;
        Some(FanOutRecord { due: self.due, secured: self.secured })
    }
}

#[cfg(test)]
mod tests {
    use sereno_workflows::time::Timestamp;

    use super::*;
    use crate::record::Source;

    fn progress(endpoints: u32, secured: u32) -> Progress {
        let event = EventRecord {
            id: "e1".into(),
            event_type: "a.b".into(),
            at: Timestamp(0),
            source: Source::Api,
            entity: None,
            ignored: None,
            cause: None,
            deliveries: Deliveries::NONE,
            body: "".into(),
            story: None,
            trace: None,
        };
        let deliveries = (0..endpoints).map(|id| (EndpointId(id + 1), Sequence(u64::from(id))));
        let how_far = FanOutRecord { due: Timestamp(5), secured };
        Progress::new(event, deliveries.collect(), how_far, true)
    }

    #[test]
    fn the_cursor_waits_for_the_slowest() {
        let mut progress = progress(3, 0);
        assert_eq!(progress.next(), Some((0, EndpointId(1), Sequence(0))));
        for index in [1, 2] {
            progress.secure(index);
            assert!(progress.secured == 0 && !progress.is_over(), "0 is not secured");
        }
        progress.secure(0);
        assert!(progress.secured == 3 && progress.is_over());
    }

    #[test]
    fn it_goes_on_from_where_it_was_written_down() {
        let mut progress = progress(2 * limits::FAN_OUT_STEP, 7);
        assert_eq!(progress.next().map(|(index, ..)| index), Some(7));
        (7..limits::FAN_OUT_STEP).for_each(|index| progress.secure(index));
        assert_eq!(progress.step(), None, "not yet");
        (limits::FAN_OUT_STEP..limits::FAN_OUT_STEP + 7).for_each(|index| progress.secure(index));
        let secured = limits::FAN_OUT_STEP + 7;
        assert_eq!(progress.step(), Some(FanOutRecord { due: Timestamp(5), secured }));
        assert_eq!(progress.step(), None, "once");
    }
}
