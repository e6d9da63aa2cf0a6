//! First in, first out: of each key one delivery at a time, the others parked behind it.
//!
//! ```text
//!            key is free                                  arrived, or given up
//!  queue ------------------> under way, or tried again ------------------------> the next one of its
//!        \                                                                       key goes to the queue
//!         \-- key is taken --> parked, by key and age -------------------------/
//! ```
//! Only the endpoint's own actor parks and brings back, and it waits until each of that is on disk before
//! it reads on, so that it never decides on what is about to change. A key is taken as long as a delivery of
//! it is under way here, or a row says which one is its head. That row goes in the commit in which the head
//! comes to its end; what is parked without a head after a crash is found at the first look after the start.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;
use sereno_workflows::id::{EndpointId, Sequence};
use sereno_workflows::order::{self, Ordering};

use super::{EndpointActor, EndpointState};
use crate::ledger::queue::Queued;
use crate::ledger::{Draft, LedgerError};
use crate::limits;
use crate::record::EventRecord;
use crate::view::TenantView;

/// Which keys have a delivery under way.
#[derive(Default)]
pub(super) struct Line {
    keys: HashMap<Sequence, String>,
    taken: HashSet<String>,
}

impl Line {
    /// A delivery does not go after all.
    pub(super) fn give_up(&mut self, delivery: Sequence) {
        if let Some(key) = self.keys.remove(&delivery) {
            self.taken.remove(&key);
        }
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
        let head = self.around.ledger.head(&self.tenant, self.id, &key)?;
        let other_head = head.is_some_and(|head| head != queued.delivery);
        if other_head || state.line.taken.contains(&key) {
            return Ok(Turn::Later { key });
        }
        state.line.taken.insert(key.clone());
        state.line.keys.insert(queued.delivery, key);
        Ok(Turn::Now(Some(Arc::new(event))))
    }

    /// A delivery that is tried again stays at the head of its key; one that came to its end leaves.
    pub(super) fn keep_place(
        &self,
        state: &mut EndpointState,
        draft: &mut Draft,
        delivery: Sequence,
        again: bool,
    ) {
        let Some(key) = state.line.keys.get(&delivery) else { return };
        if again {
            draft.head(self.id, key, delivery);
        } else {
            draft.no_head(self.id, key);
        }
    }

    /// What came of a delivery is durable: its key is free for the next one, unless it is tried again.
    pub(super) async fn free_place(
        &self,
        state: &mut EndpointState,
        delivery: Sequence,
    ) -> Result<(), LedgerError> {
        let Some(key) = state.line.keys.remove(&delivery) else { return Ok(()) };
        state.line.taken.remove(&key);
        self.bring_next(state, &key).await
    }

    /// Brings back the next of a key without a head.
    async fn bring_next(&self, state: &mut EndpointState, key: &str) -> Result<(), LedgerError> {
        let ledger = &self.around.ledger;
        if ledger.head(&self.tenant, self.id, key)?.is_some() {
            return Ok(());
        }
        let Some((delivery, record)) = ledger.first_parked(&self.tenant, self.id, key)? else {
            return Ok(());
        };
        let now = ledger.now().timestamp();
        let mut draft = Draft::new(&self.tenant);
        draft.unpark(self.id, key, delivery);
        draft.head(self.id, key, delivery);
        draft.enqueue(self.id, now, delivery, &record);
        ledger.commit_and_wait(draft).await;
        state.go_back_to(now);
        Ok(())
    }

    /// The first look since the start, or since the order was changed: brings back what is parked without
    /// a head; everything, where order no longer matters.
    pub(super) async fn tidy_line(
        &self,
        state: &mut EndpointState,
        view: &TenantView,
    ) -> Result<(), LedgerError> {
        if self.id == EndpointId::CUSTOMERS || !self.tidied.lock().insert(self.id) {
            return Ok(());
        }
        let ledger = &self.around.ledger;
        let ordered = self.is_ordered(view);
        let mut after: Option<String> = None;
        loop {
            let page = ledger.parked_keys(&self.tenant, self.id, after.as_deref())?;
            let Some(key) = page else { return Ok(()) };
            if ordered {
                self.bring_next(state, &key).await?;
            } else {
                self.bring_all(state, &key).await?;
            }
            after = Some(key);
        }
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

/// Parks a delivery behind the head of its key.
pub(super) fn park(draft: &mut Draft, endpoint: EndpointId, queued: &Queued, key: &str) {
    draft.dequeue(endpoint, queued.due, queued.delivery);
    draft.park(endpoint, key, queued.delivery, &queued.record);
}

fn key_of(event: &EventRecord) -> String {
    let body: Value = serde_json::from_slice(&event.body).unwrap_or_default();
    let data = body.get("data").and_then(Value::as_object).cloned().unwrap_or_default();
    order::key(event.entity.as_ref(), &data)
}
