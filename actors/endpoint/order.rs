//! First in, first out: of each key one delivery at a time, the others parked behind it.
//!
//! ```text
//!            key is free                                  arrived, or given up
//!  queue ------------------> under way, or tried again ------------------------> the next one of its
//!        \                                                                       key goes to the queue
//!         \-- key is taken --> parked, by key and age -------------------------/
//! ```
//! Only the endpoint's own actor parks and brings back, and it waits until what it parks is on disk before
//! it reads on. Invariant: where something is parked under a key, a row says which delivery is its head, unless
//! that one is just ending. The commit in which a head comes to its end brings the next one back; what is parked
//! meanwhile is brought back once that commit is durable, or at the first look after a start.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use sereno_workflows::id::{EndpointId, Sequence};
use sereno_workflows::order::{self, Ordering};

use super::{EndpointActor, EndpointState};
use crate::ledger::queue::Queued;
use crate::ledger::{Draft, LedgerError};
use crate::limits;
use crate::record::{AttemptStatus, EventRecord};
use crate::view::TenantView;

/// Which keys have a delivery under way.
#[derive(Default)]
pub(super) struct Line {
    /// The key of each, and its event.
    keys: HashMap<Sequence, (String, Sequence)>,
    holders: HashMap<String, Holder>,
}

/// Who has a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holder {
    /// This delivery, which is under way.
    UnderWay(Sequence),
    /// This one, which is on its way back to the queue.
    Next(Sequence),
    /// Nobody, once the end of this one is durable.
    Ending(Sequence),
}

impl Line {
    /// A delivery does not go after all.
    pub(super) fn give_up(&mut self, delivery: Sequence) {
        if let Some((key, _)) = self.keys.remove(&delivery) {
            self.holders.remove(&key);
        }
    }

    /// Whether a delivery is on its way back to the queue, as the next one of its key.
    pub(super) fn is_next(&self, key: &str, delivery: Sequence) -> bool {
        matches!(self.holders.get(key), Some(Holder::Next(next)) if *next == delivery)
    }

    /// The event of a delivery that is under way.
    pub(super) fn event_of(&self, delivery: Sequence) -> Option<Sequence> {
        self.keys.get(&delivery).map(|(_, event)| *event)
    }
}

/// Where a delivery stands in its line.
pub(super) enum Turn {
    /// It goes; with its event, which had to be read.
    Now(Option<Arc<EventRecord>>),
    /// Another one of its key comes first.
    Later {
        /// Of which key.
        key: String,
        /// Which one, where no row says so yet.
        head: Option<Sequence>,
    },
}

impl EndpointActor {
    /// Whether the endpoint wants its deliveries in order.
    pub(super) fn is_ordered(&self, view: &TenantView) -> bool {
        let config = view.endpoints.get(&self.id).map(|endpoint| &endpoint.config);
        config.is_some_and(|config| config.ordering == Ordering::Fifo)
    }

    /// Whose turn it is; a delivery that goes takes its key.
    pub(super) fn take_place(
        &self,
        state: &mut EndpointState,
        queued: &Queued,
    ) -> Result<Turn, LedgerError> {
        let Some(event) = self.around.ledger.event(&self.tenant, queued.record.event)? else {
            return Ok(Turn::Now(None));
        };
        let key = key_of(&event);
        let head = match state.line.holders.get(&key) {
            Some(Holder::UnderWay(other)) => return Ok(Turn::Later { key, head: Some(*other) }),
            Some(Holder::Ending(_)) => return Ok(Turn::Later { key, head: None }),
            Some(Holder::Next(next)) => Some(*next),
            None => self.around.ledger.head(&self.tenant, self.id, &key)?.map(|(head, _)| head),
        };
        if head.is_some_and(|head| head != queued.delivery) {
            return Ok(Turn::Later { key, head: None });
        }
        state.line.holders.insert(key.clone(), Holder::UnderWay(queued.delivery));
        state.line.keys.insert(queued.delivery, (key, queued.record.event));
        Ok(Turn::Now(Some(Arc::new(event))))
    }

    /// Notes in the commit of an attempt what becomes of its key: one that is tried again stays its head, and
    /// one that comes to its end brings the next one back.
    pub(super) fn keep_place(
        &self,
        state: &mut EndpointState,
        draft: &mut Draft,
        (delivery, event): (Sequence, Sequence),
        again: bool,
    ) -> Result<(), LedgerError> {
        let Some((key, _)) = state.line.keys.get(&delivery).cloned() else { return Ok(()) };
        if again {
            draft.head(self.id, &key, (delivery, event));
            return Ok(());
        }
        let next = self.bring_next(draft, &key)?;
        let holder = next.map_or(Holder::Ending(delivery), Holder::Next);
        state.line.holders.insert(key, holder);
        Ok(())
    }

    /// What came of a delivery is durable: rows say who is next.
    pub(super) async fn free_place(
        &self,
        state: &mut EndpointState,
        delivery: Sequence,
    ) -> Result<(), LedgerError> {
        let Some((key, _)) = state.line.keys.remove(&delivery) else { return Ok(()) };
        match state.line.holders.get(&key) {
            Some(Holder::UnderWay(other)) if *other != delivery => {}
            Some(Holder::Ending(_)) => {
                state.line.holders.remove(&key);
                // Somebody may have come while it was ending.
                let mut draft = Draft::new(&self.tenant);
                if self.bring_next(&mut draft, &key)?.is_some() {
                    self.around.ledger.commit_and_wait(draft).await;
                    state.go_back_to(self.around.ledger.now().timestamp());
                }
            }
            Some(Holder::UnderWay(_) | Holder::Next(_)) | None => {
                state.line.holders.remove(&key);
            }
        }
        Ok(())
    }

    /// Brings the first that is parked under a key back to the queue, as its head; without one, the key has
    /// no head.
    pub(super) fn bring_next(
        &self,
        draft: &mut Draft,
        key: &str,
    ) -> Result<Option<Sequence>, LedgerError> {
        let ledger = &self.around.ledger;
        let Some((delivery, record)) = ledger.first_parked(&self.tenant, self.id, key)? else {
            draft.no_head(self.id, key);
            return Ok(None);
        };
        draft.unpark(self.id, key, delivery);
        draft.head(self.id, key, (delivery, record.event));
        draft.enqueue(self.id, ledger.now().timestamp(), delivery, &record);
        Ok(Some(delivery))
    }

    /// Whether this is the first look since the start, or since the endpoint was changed; the next one is not.
    pub(super) fn is_first_look(&self, view: &TenantView) -> bool {
        let Some(endpoint) = view.endpoints.get(&self.id) else { return false };
        // A look under the view from before a change must not count for the one after it.
        let shape = (endpoint.config.ordering, endpoint.config.batch);
        self.tidied.lock().insert(self.id, shape) != Some(shape)
    }

    /// Puts right what waits in order or for others of its type.
    pub(super) async fn tidy_line(
        &self,
        state: &mut EndpointState,
        view: &TenantView,
    ) -> Result<(), LedgerError> {
        if self.is_ordered(view) {
            self.mend_line(state).await?;
        } else {
            self.leave_line(state).await?;
        }
        self.stop_collecting(state, view).await
    }

    /// Forgets heads that came to their end, and brings back what is parked without one.
    async fn mend_line(&self, state: &mut EndpointState) -> Result<(), LedgerError> {
        let ledger = &self.around.ledger;
        let mut after: Option<String> = None;
        while let Some(key) = ledger.next_head(&self.tenant, self.id, after.as_deref())? {
            if !self.is_awaited(state, &key)? {
                let mut draft = Draft::new(&self.tenant);
                draft.no_head(self.id, &key);
                ledger.commit_and_wait(draft).await;
            }
            after = Some(key);
        }
        let mut after: Option<String> = None;
        while let Some(key) = ledger.parked_keys(&self.tenant, self.id, after.as_deref())? {
            if !self.is_awaited(state, &key)? {
                let mut draft = Draft::new(&self.tenant);
                self.bring_next(&mut draft, &key)?;
                ledger.commit_and_wait(draft).await;
                state.go_back_to(ledger.now().timestamp());
            }
            after = Some(key);
        }
        Ok(())
    }

    /// Whether a key has somebody who will free it: under way here, or a head that has not come to its end.
    fn is_awaited(&self, state: &EndpointState, key: &str) -> Result<bool, LedgerError> {
        if state.line.holders.contains_key(key) {
            return Ok(true);
        }
        let ledger = &self.around.ledger;
        let Some((head, event)) = ledger.head(&self.tenant, self.id, key)? else {
            return Ok(false);
        };
        let status = ledger.status(&self.tenant, event, head)?;
        Ok(status.is_none_or(|status| status.status == AttemptStatus::Retrying))
    }

    /// Order no longer matters: everything that is parked comes back, and nobody is a head.
    async fn leave_line(&self, state: &mut EndpointState) -> Result<(), LedgerError> {
        let ledger = &self.around.ledger;
        while let Some(key) = ledger.parked_keys(&self.tenant, self.id, None)? {
            self.bring_all(state, &key).await?;
        }
        while let Some(key) = ledger.next_head(&self.tenant, self.id, None)? {
            let mut draft = Draft::new(&self.tenant);
            draft.no_head(self.id, &key);
            ledger.commit_and_wait(draft).await;
        }
        state.line = Line::default();
        Ok(())
    }

    /// Whether a delivery waits behind another one of its key.
    pub(super) fn is_parked(
        &self,
        event: Sequence,
        delivery: Sequence,
    ) -> Result<bool, LedgerError> {
        let ledger = &self.around.ledger;
        let Some(event) = ledger.event(&self.tenant, event)? else { return Ok(false) };
        ledger.is_parked(&self.tenant, self.id, &key_of(&event), delivery)
    }

    async fn bring_all(&self, state: &mut EndpointState, key: &str) -> Result<(), LedgerError> {
        let ledger = &self.around.ledger;
        loop {
            let page = ledger.parked(&self.tenant, self.id, key, limits::JOB_STEP_ROWS)?;
            let now = ledger.now().timestamp();
            let mut draft = Draft::new(&self.tenant);
            draft.no_head(self.id, key);
            for (delivery, record) in &page {
                draft.unpark(self.id, key, *delivery);
                draft.enqueue(self.id, now, *delivery, record);
            }
            ledger.commit_and_wait(draft).await;
            state.go_back_to(now);
            if page.len() < limits::JOB_STEP_ROWS {
                return Ok(());
            }
        }
    }
}

/// Parks a delivery behind the head of its key, which a row must name.
pub(super) fn park(
    draft: &mut Draft,
    endpoint: EndpointId,
    queued: &Queued,
    (key, head): (&str, Option<(Sequence, Sequence)>),
) {
    if let Some(head) = head {
        draft.head(endpoint, key, head);
    }
    draft.dequeue(endpoint, queued.due, queued.delivery);
    draft.park(endpoint, key, queued.delivery, &queued.record);
}

/// The key within which an event's order is kept.
pub(crate) fn key_of(event: &EventRecord) -> String {
    let body: Value = serde_json::from_slice(&event.body).unwrap_or_default();
    let data = body.get("data").and_then(Value::as_object).cloned().unwrap_or_default();
    order::key(event.entity.as_ref(), &data)
}
