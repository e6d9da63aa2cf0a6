//! How a tenant's endpoints are at this moment, in memory: what their latest attempts came to, how many there were
//! in the last minute, and which are under way.
//!
//! The ledger has of an endpoint's health what must survive a restart, and is not written at each attempt: whether
//! it fails and since when is always right there, how often in a row and when something last arrived may be old.
//! What is here is exact from the first attempt on that this process makes of a new row of failures or of
//! successes. It outlives the endpoints' actors, which end when they have nothing to do, and every view of the
//! tenant has the same.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use sereno_workflows::endpoint::Health;
use sereno_workflows::id::{EndpointId, Sequence};
use sereno_workflows::pace::Pace;
use sereno_workflows::rate::{Allowance, Rates, Turn, Whose};
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
    under_way: BTreeMap<EndpointId, UnderWay>,
    held: BTreeMap<EndpointId, Held>,
}

/// A pace that holds up all that waits for an endpoint.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    /// Until when.
    pub(crate) until: Timestamp,
    /// At which pace what waits goes on.
    pub(crate) pace: Pace,
    /// How many go in a second at most.
    pub(crate) per_second: u32,
    /// Whose pace it is.
    pub(crate) whose: Whose,
}

/// Deliveries whose attempt has its turn and is not recorded yet: since when it is made, unless it still waits
/// for room among those of all tenants.
pub(crate) type UnderWay = BTreeMap<Sequence, Option<Begun>>;

/// An attempt that has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Begun {
    /// When.
    pub(crate) at: Timestamp,
    /// Its number among those of its delivery, from 1.
    pub(crate) attempt: u32,
    /// The event that it carries or goes with.
    pub(crate) event: Sequence,
}

/// How one endpoint's latest attempt left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Latest {
    /// Its health.
    pub(crate) health: Health,
    /// What the latest attempt that failed was answered, as [`sereno_workflows::why::failure`] has it.
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

    /// Notes that the attempt of a delivery is under way, and counts it as [`Rates::take`] does.
    pub(crate) fn take(
        &self,
        (id, delivery): (EndpointId, Sequence),
        allowance: Allowance,
        now: Timestamp,
    ) -> Result<(), Timestamp> {
        let all = &mut *self.all.lock();
        if allowance != Allowance::default() {
            all.rates.take(id, allowance, now)?;
        }
        all.under_way.entry(id).or_default().insert(delivery, None);
        Ok(())
    }

    /// An attempt that is under way has room and begins. One whose actor came to its end meanwhile does not.
    pub(crate) fn began(&self, id: EndpointId, delivery: Sequence, begun: Begun) {
        let under_way = &mut self.all.lock().under_way;
        if let Some(place) = under_way.get_mut(&id).and_then(|all| all.get_mut(&delivery)) {
            *place = Some(begun);
        }
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

    /// The deliveries of an endpoint that are under way.
    pub(crate) fn under_way(&self, id: EndpointId) -> UnderWay {
        self.all.lock().under_way.get(&id).cloned().unwrap_or_default()
    }

    /// The endpoints and events of all attempts that have begun.
    pub(crate) fn begun(&self) -> Vec<(EndpointId, Sequence)> {
        let under_way = &self.all.lock().under_way;
        let begun = under_way
            .iter()
            .flat_map(|(id, all)| all.values().flatten().map(move |begun| (*id, begun.event)));
        begun.collect()
    }

    /// Whether the attempt of a delivery is under way, or waits for room alone.
    pub(crate) fn is_under_way(&self, id: EndpointId, delivery: Sequence) -> bool {
        self.all.lock().under_way.get(&id).is_some_and(|all| all.contains_key(&delivery))
    }

    /// Whether the attempt of a delivery has begun and did not come to its end.
    pub(crate) fn has_begun(&self, id: EndpointId, delivery: Sequence) -> bool {
        let under_way = &self.all.lock().under_way;
        under_way.get(&id).and_then(|all| all.get(&delivery)).is_some_and(Option::is_some)
    }

    /// Notes that a pace holds up an endpoint.
    pub(crate) fn hold(&self, id: EndpointId, held: Held) {
        self.all.lock().held.insert(id, held);
    }

    /// Whether a pace holds up an endpoint now.
    pub(crate) fn is_held(&self, id: EndpointId, now: Timestamp) -> bool {
        self.all.lock().held.get(&id).is_some_and(|held| held.until > now)
    }

    /// When the attempt behind so many others may be made, as [`Rates::turn`] says, or the pace that holds it up.
    pub(crate) fn turn(
        &self,
        id: EndpointId,
        allowance: Allowance,
        ahead: u64,
        now: Timestamp,
    ) -> Option<Turn> {
        let all = self.all.lock();
        let held = all.held.get(&id).filter(|held| held.until > now).map(|held| Turn {
            at: held.until.after(held.pace.of(ahead)),
            most: held.per_second,
            whose: held.whose,
        });
        let limited = all.rates.turn(id, allowance, ahead, now);
        [limited, held].into_iter().flatten().max_by_key(|turn| turn.at)
    }

    /// Forgets attempts that are a minute old, and endpoints that are no longer there.
    pub(crate) fn tidy(&self, is_there: impl Fn(EndpointId) -> bool, now: Timestamp) {
        let all = &mut *self.all.lock();
        all.rates.tidy(now);
        all.held.retain(|_, held| held.until > now);
        all.latest.retain(|id, _| is_there(*id));
    }
}
