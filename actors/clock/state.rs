//! What the clock knows: which timers it holds, which are under way, and when it rings next.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ractor::concurrency::JoinHandle;
use sereno_workflows::id::{EndpointId, TenantId};
use sereno_workflows::time::Timestamp;

use super::LEAD;
use super::window::Window;
use crate::limits;
use crate::record::TimerRecord;
use crate::record::key::TimerKey;

/// What the clock knows.
#[derive(Default)]
pub(crate) struct ClockState {
    /// Timers before the horizon that are not under way.
    pub(super) near: BTreeMap<TimerKey, TimerRecord>,
    /// Everything due before this is in `near` or under way.
    pub(super) horizon: Timestamp,
    /// The first timer at or after the horizon is due no earlier than this.
    pub(super) beyond: Option<Timestamp>,
    /// Timers that were rung and are not settled; with what each was set to meanwhile, if it was set again.
    under_way: HashMap<TimerKey, Option<TimerRecord>>,
    pub(super) deaths: HashMap<TimerKey, u32>,
    /// Wakes that came back, and when they are tried again.
    pub(super) again: Vec<(Timestamp, TimerKey, TimerRecord)>,
    pub(super) endpoints: BTreeSet<(Timestamp, TenantId, EndpointId)>,
    endpoint_due: HashMap<(TenantId, EndpointId), Timestamp>,
    pub(super) ring: Option<(Timestamp, JoinHandle<()>)>,
    pub(super) started: bool,
}

impl ClockState {
    pub(super) fn arm(&mut self, timer: TimerKey, what: TimerRecord) {
        if let Some(meanwhile) = self.under_way.get_mut(&timer) {
            // Set to the same moment as before: the wake that is under way is stale, and this one is not.
            *meanwhile = Some(what);
        } else if timer.due >= self.horizon {
            self.beyond = Some(self.beyond.map_or(timer.due, |beyond| beyond.min(timer.due)));
        } else {
            self.near.insert(timer, what);
        }
    }

    pub(super) fn arm_endpoint(&mut self, tenant: TenantId, endpoint: EndpointId, due: Timestamp) {
        let whose = (tenant.clone(), endpoint);
        match self.endpoint_due.get(&whose) {
            Some(&set) if set <= due => return,
            Some(&set) => {
                self.endpoints.remove(&(set, tenant.clone(), endpoint));
            }
            None => {}
        }
        self.endpoint_due.insert(whose, due);
        self.endpoints.insert((due, tenant, endpoint));
    }

    pub(super) fn disarm_endpoint(
        &mut self,
        tenant: &TenantId,
        endpoint: EndpointId,
        due: Timestamp,
    ) {
        self.endpoints.remove(&(due, tenant.clone(), endpoint));
        self.endpoint_due.remove(&(tenant.clone(), endpoint));
    }

    /// A wake begins; false if one of the same timer is under way.
    pub(super) fn begin(&mut self, timer: &TimerKey) -> bool {
        let is_new = !self.under_way.contains_key(timer);
        if is_new {
            self.under_way.insert(timer.clone(), None);
        }
        is_new
    }

    /// A wake came to its end without being settled; answers what its timer was set to meanwhile.
    pub(super) fn meanwhile(&mut self, timer: &TimerKey) -> Option<TimerRecord> {
        self.under_way.remove(timer).flatten()
    }

    pub(super) fn settle(&mut self, timer: &TimerKey) {
        self.deaths.remove(timer);
        if let Some(what) = self.meanwhile(timer) {
            self.near.insert(timer.clone(), what);
        }
    }

    /// What is under way comes back and is dropped then.
    pub(super) fn forget(&mut self, tenant: &TenantId) {
        self.near.retain(|timer, _| timer.tenant != *tenant);
        self.deaths.retain(|timer, _| timer.tenant != *tenant);
        self.again.retain(|(_, timer, _)| timer.tenant != *tenant);
        self.endpoints.retain(|(_, whose, _)| whose != tenant);
        self.endpoint_due.retain(|(whose, _), _| whose != tenant);
    }

    pub(super) fn look_at(&mut self, window: Window) {
        for (timer, what) in window.timers {
            if !self.under_way.contains_key(&timer) {
                self.near.insert(timer, what);
            }
        }
        self.horizon = window.horizon;
        self.beyond = window.beyond;
    }

    pub(super) fn bring_back(&mut self, now: Timestamp) {
        for (_, timer, what) in self.again.extract_if(.., |(at, _, _)| *at <= now) {
            // It may have been set again, and even rung, meanwhile.
            if !self.under_way.contains_key(&timer) {
                self.near.entry(timer).or_insert(what);
            }
        }
    }

    pub(super) fn has_room(&self) -> bool {
        self.under_way.len() < limits::WAKES_IN_FLIGHT_MAX
    }

    pub(super) fn next_ring(&self) -> Option<Timestamp> {
        let near = self.near.first_key_value().map(|(timer, _)| timer.due);
        let beyond = self.beyond.map(|beyond| beyond.before(LEAD));
        let waiting = [near, beyond].into_iter().flatten().filter(|_| self.has_room());
        let endpoint = self.endpoints.first().map(|(due, _, _)| *due);
        let again = self.again.iter().map(|(at, _, _)| *at).min();
        waiting.chain(endpoint).chain(again).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sereno_workflows::id::{EntityKey, Sequence};

    fn timer(due: i64) -> TimerKey {
        let (tenant, entity) = ("a".parse().unwrap(), EntityKey::reservation("r"));
        TimerKey { due: Timestamp(due), tenant, entity, slot: Sequence(0) }
    }

    fn alarm(generation: u32) -> TimerRecord {
        TimerRecord::Alarm { generation }
    }

    fn clock() -> ClockState {
        ClockState { horizon: Timestamp(1_000), ..ClockState::default() }
    }

    #[test]
    fn f01_a_timer_set_again_to_the_same_moment_while_its_wake_is_under_way_rings_again() {
        let mut clock = clock();
        assert!(clock.begin(&timer(5)) && !clock.begin(&timer(5)));
        clock.arm(timer(5), alarm(2));
        assert!(clock.near.is_empty(), "not two wakes of one timer at once");
        clock.settle(&timer(5));
        assert_eq!(clock.near.first_key_value(), Some((&timer(5), &alarm(2))));

        let mut clock = self::clock();
        clock.begin(&timer(5));
        clock.settle(&timer(5));
        assert!(clock.near.is_empty() && clock.begin(&timer(5)));
    }

    #[test]
    fn f01_a_wake_that_comes_back_does_not_undo_what_its_timer_was_set_to_meanwhile() {
        let mut clock = clock();
        clock.begin(&timer(5));
        clock.arm(timer(5), alarm(2));
        assert_eq!(clock.meanwhile(&timer(5)), Some(alarm(2)));
        clock.again.push((Timestamp(7), timer(5), alarm(2)));
        clock.arm(timer(5), alarm(3));
        clock.bring_back(Timestamp(8));
        assert_eq!(clock.near.first_key_value(), Some((&timer(5), &alarm(3))));
    }
}
