//! How a tenant's endpoints are at this moment, in memory: what their latest attempts came to, how many there were
//! in the last minute, and which are under way.
//!
//! The ledger has of an endpoint's health what must survive a restart, and is not written at each attempt: whether
//! it fails and since when is always right there, how often in a row and when something last arrived may be old.
//! What is here is exact from the first attempt on that this process makes of a new row of failures or of
//! successes. It outlives the endpoints' actors, which end when they have nothing to do, and every view of the
//! tenant has the same.

use std::collections::{BTreeMap, BTreeSet};

use parking_lot::Mutex;
use sereno_workflows::endpoint::Health;
use sereno_workflows::id::{EndpointId, Sequence};
use sereno_workflows::rate::{Allowance, Rates};
use sereno_workflows::time::Timestamp;

/// How a tenant's endpoints are.
#[derive(Debug, Default)]
pub(crate) struct Live {
    all: Mutex<All>,
}

#[derive(Debug, Default)]
struct All {
    rates: Rates,
    latest: BTreeMap<EndpointId, Latest>,
    /// Deliveries whose attempt is counted already and not recorded yet, where attempts are limited.
    under_way: BTreeMap<EndpointId, BTreeSet<Sequence>>,
}

/// How one endpoint's latest attempt left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Latest {
    /// Its health.
    pub(crate) health: Health,
    /// What the latest attempt that failed was answered; -1 for nothing.
    pub(crate) code: Option<i32>,
    /// Whether all of the failures in a row were counted.
    pub(crate) is_whole: bool,
}

impl Live {
    /// How an endpoint's latest attempt left it, if one was made since the start.
    pub(crate) fn latest(&self, id: EndpointId) -> Option<Latest> {
        self.all.lock().latest.get(&id).cloned()
    }

    /// Notes how an attempt left an endpoint, and what it was answered where it failed.
    pub(crate) fn note(&self, id: EndpointId, before: &Health, after: &Health, code: Option<i32>) {
        let latest = &mut self.all.lock().latest;
        let known = latest.get(&id).is_some_and(|latest| latest.is_whole);
        // What begins here is known from its beginning.
        let is_whole = known || before.failures_in_a_row == 0 || after.failures_in_a_row == 0;
        latest.insert(id, Latest { health: after.clone(), code, is_whole });
    }

    /// Forgets what an endpoint did.
    pub(crate) fn forget(&self, id: EndpointId) {
        self.all.lock().latest.remove(&id);
    }

    /// Has the attempts of the last minute counted that were made before the start.
    pub(crate) fn recall(&self, rates: Rates) {
        self.all.lock().rates = rates;
    }

    /// Counts the attempt of a delivery that begins now, as [`Rates::take`] does.
    pub(crate) fn take(
        &self,
        (id, delivery): (EndpointId, Sequence),
        allowance: Allowance,
        now: Timestamp,
    ) -> Result<(), Timestamp> {
        if allowance == Allowance::default() {
            return Ok(());
        }
        let all = &mut *self.all.lock();
        all.rates.take(id, allowance, now)?;
        all.under_way.entry(id).or_default().insert(delivery);
        Ok(())
    }

    /// The attempt of a delivery came to its end.
    pub(crate) fn ended(&self, id: EndpointId, delivery: Sequence) {
        let under_way = &mut self.all.lock().under_way;
        if let Some(deliveries) = under_way.get_mut(&id) {
            deliveries.remove(&delivery);
            if deliveries.is_empty() {
                under_way.remove(&id);
            }
        }
    }

    /// An endpoint's actor came to its end, and its attempts with it.
    pub(crate) fn all_ended(&self, id: EndpointId) {
        self.all.lock().under_way.remove(&id);
    }

    /// The deliveries of an endpoint that are under way, as far as its attempts are limited.
    pub(crate) fn under_way(&self, id: EndpointId) -> BTreeSet<Sequence> {
        self.all.lock().under_way.get(&id).cloned().unwrap_or_default()
    }

    /// When the attempt behind so many others may be made, as [`Rates::turn`] says.
    pub(crate) fn turn(
        &self,
        id: EndpointId,
        allowance: Allowance,
        ahead: u64,
        now: Timestamp,
    ) -> Option<(Timestamp, u32)> {
        self.all.lock().rates.turn(id, allowance, ahead, now)
    }

    /// Forgets attempts that are a minute old, and endpoints that are no longer there.
    pub(crate) fn tidy(&self, is_there: impl Fn(EndpointId) -> bool, now: Timestamp) {
        let all = &mut *self.all.lock();
        all.rates.tidy(now);
        all.latest.retain(|id, _| is_there(*id));
    }
}
