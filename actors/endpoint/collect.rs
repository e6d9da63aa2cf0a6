//! Deliveries that wait for others of their type, and the digests that they become.
//!
//! They wait in the endpoint's queue like any other, due when the first may wait no longer. This actor
//! only remembers which of them there are, so that a digest goes out as soon as it is full. A digest is an event
//! of its own with one delivery: it is tried again, given up and replayed as any other, always with the same
//! events in it. The commit that makes it takes its members off the queue.

use std::collections::BTreeMap;

use serde_json::Value;
use sereno_workflows::digest::{self, Batch};
use sereno_workflows::id::Sequence;
use sereno_workflows::payload;
use sereno_workflows::time::Timestamp;

use super::{EndpointActor, EndpointState, delivery_id};
use crate::announce::own_id;
use crate::ledger::queue::Queued;
use crate::ledger::{Draft, LedgerError};
use crate::limits;
use crate::record::{
    AttemptStatus, Deliveries, DeliveryRecord, DeliveryStatusRecord, EventRecord, Source,
};
use crate::view::TenantView;

/// How a delivery says in which digest it went; its id follows.
pub(crate) const PART_OF: &str = "goes out as part of ";

/// What waits to go out together, by type.
#[derive(Default)]
pub(super) struct Collecting {
    types: BTreeMap<String, BTreeMap<(Timestamp, Sequence), Queued>>,
    /// Everything in the queue before this place was looked at.
    from: (Timestamp, Sequence),
}

impl Collecting {
    pub(super) fn go_back_to(&mut self, due: Timestamp) {
        self.from = self.from.min((due, Sequence(0)));
    }

    /// Takes one out that no longer waits for others.
    pub(super) fn take(&mut self, delivery: Sequence) -> Option<Queued> {
        let is_it = |queued: &Queued| queued.delivery == delivery;
        let waiting = self.types.values_mut().find(|waiting| waiting.values().any(is_it))?;
        let place = waiting.iter().find(|(_, queued)| is_it(queued)).map(|(place, _)| *place)?;
        waiting.remove(&place)
    }

    fn count(&self) -> usize {
        self.types.values().map(BTreeMap::len).sum()
    }

    fn add(&mut self, event_type: &str, queued: Queued) {
        let place = (queued.due, queued.delivery);
        self.types.entry(event_type.to_owned()).or_default().insert(place, queued);
    }

    /// Takes those of a type that go out now; where there are too many to remember, the largest lot.
    fn take_ready(&mut self, batch: Batch, now: Timestamp) -> Option<(String, Vec<Queued>)> {
        let first = |waiting: &BTreeMap<(Timestamp, Sequence), Queued>| {
            waiting.first_key_value().map_or(Timestamp(i64::MAX), |((due, _), _)| *due)
        };
        let is_ready = |(_, waiting): &(&String, &BTreeMap<_, _>)| {
            batch.is_ready(waiting.len(), first(waiting), now)
        };
        let full = self.count() >= limits::COLLECTING_MAX;
        let ready = self.types.iter().find(is_ready);
        let largest = || self.types.iter().max_by_key(|(_, waiting)| waiting.len());
        let ready = ready.or_else(|| full.then(largest).flatten());
        let event_type = ready.map(|(event_type, _)| event_type.clone())?;
        let waiting = self.types.get_mut(&event_type)?;
        let mut taken = Vec::new();
        while taken.len() < batch.max
            && let Some((_, queued)) = waiting.pop_first()
        {
            taken.push(queued);
        }
        if waiting.is_empty() {
            self.types.remove(&event_type);
        }
        Some((event_type, taken))
    }

    fn first_due(&self) -> Option<Timestamp> {
        self.types.values().filter_map(BTreeMap::first_key_value).map(|((due, _), _)| *due).min()
    }
}

impl EndpointActor {
    /// How the endpoint's notifications are batched, if they are.
    pub(super) fn batch(&self, view: &TenantView) -> Option<Batch> {
        view.endpoints.get(&self.id)?.config.batch
    }

    /// What waits for longer than the endpoint now wants goes earlier: at once, where nothing goes together.
    pub(super) async fn stop_collecting(
        &self,
        state: &mut EndpointState,
        view: &TenantView,
    ) -> Result<(), LedgerError> {
        let ledger = &self.around.ledger;
        let now = ledger.now().timestamp();
        let latest = self.batch(view).map_or(now, |batch| now.after(batch.wait));
        let mut from = (Timestamp(latest.0 + 1), Sequence(0));
        loop {
            let page =
                ledger.queued_from(&self.tenant, self.id, from, limits::COLLECT_PAGE_ROWS)?;
            let full = page.len() == limits::COLLECT_PAGE_ROWS;
            let mut draft = Draft::new(&self.tenant);
            for queued in page {
                from = (queued.due, queued.delivery.next());
                if queued.record.collect.is_some() {
                    draft.dequeue(self.id, queued.due, queued.delivery);
                    draft.enqueue(self.id, latest, queued.delivery, &queued.record);
                }
            }
            if !draft.is_empty() {
                draft.take_after();
                ledger.commit_and_wait(draft).await;
                state.collecting = Collecting::default();
                state.go_back_to(now);
            }
            if !full {
                return Ok(());
            }
        }
    }

    /// Sends on what is ready; asks the clock for what is ready later.
    pub(super) async fn collect(
        &self,
        state: &mut EndpointState,
        batch: Batch,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let ledger = &self.around.ledger;
        loop {
            let from = state.collecting.from;
            let page =
                ledger.queued_from(&self.tenant, self.id, from, limits::COLLECT_PAGE_ROWS)?;
            let full = page.len() == limits::COLLECT_PAGE_ROWS;
            for queued in page {
                state.collecting.from = (queued.due, queued.delivery.next());
                let is_under_way = state.under_way.contains_key(&queued.delivery);
                if let Some(event_type) = queued.record.collect.clone().filter(|_| !is_under_way) {
                    state.collecting.add(&event_type, queued);
                }
            }
            while let Some((event_type, lot)) = state.collecting.take_ready(batch, now) {
                self.send_together(state, &event_type, lot, now).await?;
            }
            if !full {
                break;
            }
        }
        if let Some(due) = state.collecting.first_due() {
            self.around.hints.deliver_at(&self.tenant, self.id, due);
        }
        Ok(())
    }

    /// Makes digests of a lot, each within the bytes of one event; one that stays alone goes as it is.
    async fn send_together(
        &self,
        state: &mut EndpointState,
        event_type: &str,
        lot: Vec<Queued>,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let ledger = &self.around.ledger;
        let mut draft = Draft::new(&self.tenant);
        let (mut members, mut events, mut bytes) = (Vec::new(), Vec::new(), 0);
        for queued in lot {
            let event = ledger.event(&self.tenant, queued.record.event)?;
            let body = event.map(|event| event.body).unwrap_or_default();
            if bytes + body.len() > limits::EVENT_BYTES_MAX {
                self.digest(
                    &mut draft,
                    event_type,
                    std::mem::take(&mut members),
                    std::mem::take(&mut events),
                    now,
                );
                bytes = 0;
            }
            bytes += body.len();
            events.push(serde_json::from_slice(&body).unwrap_or_default());
            members.push(queued);
        }
        self.digest(&mut draft, event_type, members, events, now);
        draft.take_after();
        ledger.commit_and_wait(draft).await;
        state.go_back_to(now);
        Ok(())
    }

    fn digest(
        &self,
        draft: &mut Draft,
        event_type: &str,
        members: Vec<Queued>,
        events: Vec<Value>,
        now: Timestamp,
    ) {
        for queued in &members {
            draft.dequeue(self.id, queued.due, queued.delivery);
        }
        if let [alone] = &members[..] {
            let record = DeliveryRecord { collect: None, ..alone.record.clone() };
            draft.enqueue(self.id, now, alone.delivery, &record);
            return;
        }
        let ledger = &self.around.ledger;
        let place = ledger.sequence();
        let delivery = ledger.sequence();
        let id = own_id(place);
        let event_type = format!("{event_type}{}", digest::SUFFIX);
        let of_type = event_type.strip_suffix(digest::SUFFIX).unwrap_or_default();
        let data = digest::data(of_type, events);
        let event = EventRecord {
            body: payload::body(&id, &event_type, now, &data).into(),
            id: id.as_str().to_owned(),
            event_type,
            at: now,
            source: Source::Digest,
            entity: None,
            ignored: None,
            cause: None,
            deliveries: Deliveries::run(delivery, &[self.id]),
            story: None,
            trace: None,
        };
        draft.event(place, &event, None);
        draft.enqueue(self.id, now, delivery, &DeliveryRecord::first(place));
        for queued in &members {
            let status = DeliveryStatusRecord {
                endpoint: self.id.0,
                status: AttemptStatus::Collected,
                attempts: queued.record.attempts,
                code: -1,
                error: Some(format!("{PART_OF}{}", delivery_id(delivery))),
                next_at: None,
                history: Vec::new(),
                cancelled: None,
            };
            draft.status(queued.record.event, queued.delivery, &status);
        }
    }
}
