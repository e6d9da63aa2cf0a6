//! What has become durable since somebody last looked: for whoever follows the events from behind.
//!
//! A follower reads events in the order of their places, up to a frontier. Commits become durable nearly
//! in that order, not quite: an event may come to stand before the frontier. The writer sees that, since
//! it notes every event after it can be read, and puts it on a list of its own.
//!
//! Invariant: an event that can be read is behind the frontier, or on the list, or will be found by
//! reading on from the frontier.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use sereno_workflows::id::{Sequence, TenantId};
use tokio::sync::oneshot;

use crate::limits::{NEWS_FORGOTTEN_MAX, NEWS_LATE_MAX};

/// What has become durable.
#[derive(Default)]
pub(crate) struct News {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Whether anybody follows.
    followed: bool,
    closing: bool,
    /// The follower has read up to here.
    frontier: Sequence,
    /// The last event that is durable.
    highest: Sequence,
    /// Whose events lie beyond the frontier.
    tenants: HashSet<TenantId>,
    /// Events that came to stand before the frontier, and are not yet where the follower puts them.
    late: Vec<(TenantId, Sequence)>,
    /// How many of them the follower has heard of.
    handed_out: usize,
    /// Events that are gone.
    forgotten: Vec<Sequence>,
    /// Whether the follower is to look whether all is well.
    nudged: bool,
    /// Whether anybody is going to follow.
    expected: bool,
    /// Tenants of which nothing is left, and who waits until the follower has let go of them.
    erased: HashMap<TenantId, oneshot::Sender<()>>,
    /// Those of them that the follower has not heard of.
    newly_erased: Vec<TenantId>,
}

/// What a follower is to do next.
pub(crate) struct Round {
    /// Whose events are to be read.
    pub(crate) tenants: HashSet<TenantId>,
    /// They are to be read after this place ...
    pub(crate) from: Sequence,
    /// ... up to this one.
    pub(crate) to: Sequence,
    /// The last event that is durable.
    pub(crate) highest: Sequence,
    /// Events that came late; they stay on the list until they are [`News::settled`].
    pub(crate) late: Vec<(TenantId, Sequence)>,
    /// Events that are gone.
    pub(crate) forgotten: Vec<Sequence>,
    /// Tenants of which nothing is left; they stay on a list until they are [`News::let_go`].
    pub(crate) erased: Vec<TenantId>,
}

impl News {
    /// Somebody follows from now on; all events of these tenants are to be read that lie beyond a frontier.
    pub(crate) fn follow(&self, tenants: HashSet<TenantId>, frontier: Sequence, highest: Sequence) {
        let mut state = self.state.lock();
        state.followed = true;
        state.handed_out = 0;
        state.newly_erased = state.erased.keys().cloned().collect();
        state.frontier = frontier;
        state.highest = state.highest.max(highest);
        state.tenants.extend(tenants);
        self.changed.notify_all();
    }

    /// Events can be read, and others are gone.
    pub(super) fn note(&self, tenant: &TenantId, events: &[Sequence], forgotten: &[Sequence]) {
        let mut state = self.state.lock();
        if !state.followed {
            return;
        }
        let frontier = state.frontier;
        for &event in events {
            if event <= frontier {
                state.late.push((tenant.clone(), event));
            }
            state.highest = state.highest.max(event);
        }
        let has_new = events.iter().any(|event| *event > frontier);
        if has_new && !state.tenants.contains(tenant) {
            state.tenants.insert(tenant.clone());
        }
        // What is forgotten twice is only left over in the index, where nobody finds it.
        if state.forgotten.len() < NEWS_FORGOTTEN_MAX {
            state.forgotten.extend_from_slice(forgotten);
        }
        if state.late.len() > NEWS_LATE_MAX {
            // Too many to list: read again from the first of them on.
            let first = state.late.iter().map(|(_, event)| *event).min().unwrap_or_default();
            let tenants: Vec<TenantId> = state.late.drain(..).map(|(tenant, _)| tenant).collect();
            state.handed_out = 0;
            state.tenants.extend(tenants);
            state.frontier = Sequence(first.0.saturating_sub(1));
        }
        self.changed.notify_all();
    }

    /// Waits for news, at most until `until`, and moves the frontier by at most `window`; `None` once it
    /// is closing. What becomes readable before the new frontier from now on is late.
    pub(crate) fn wait(&self, until: Option<Instant>, window: u64) -> Option<Round> {
        let mut state = self.state.lock();
        while !state.closing && !state.has_news() {
            match until {
                Some(until) => {
                    if self.changed.wait_until(&mut state, until).timed_out() {
                        break;
                    }
                }
                None => self.changed.wait(&mut state),
            }
        }
        if state.closing {
            return None;
        }
        let (from, highest) = (state.frontier, state.highest);
        let to = Sequence(highest.0.min(from.0.saturating_add(window))).max(from);
        state.frontier = to;
        state.nudged = false;
        state.handed_out = state.late.len();
        let tenants = match to < highest {
            true => state.tenants.clone(),
            false => std::mem::take(&mut state.tenants),
        };
        let forgotten = std::mem::take(&mut state.forgotten);
        let erased = std::mem::take(&mut state.newly_erased);
        Some(Round { tenants, from, to, highest, late: state.late.clone(), forgotten, erased })
    }

    /// Somebody is going to follow.
    pub(crate) fn expect(&self) {
        self.state.lock().expected = true;
    }

    /// Nothing is left of a tenant; answers where it is told that the follower has let go of it, if there is
    /// going to be one.
    pub(crate) fn erase(&self, tenant: &TenantId) -> Option<oneshot::Receiver<()>> {
        let mut state = self.state.lock();
        if !state.expected {
            return None;
        }
        let (told, let_go) = oneshot::channel();
        state.tenants.remove(tenant);
        state.late.retain(|(whose, _)| whose != tenant);
        state.handed_out = state.handed_out.min(state.late.len());
        state.erased.insert(tenant.clone(), told);
        state.newly_erased.push(tenant.clone());
        self.changed.notify_all();
        Some(let_go)
    }

    /// The follower has let go of these.
    pub(crate) fn let_go(&self, erased: &[TenantId]) {
        let mut state = self.state.lock();
        for told in erased.iter().filter_map(|tenant| state.erased.remove(tenant)) {
            // An error means that nobody waits any more.
            told.send(()).ok();
        }
    }

    /// Wakes the follower, to look whether all is well.
    pub(crate) fn nudge(&self) {
        self.state.lock().nudged = true;
        self.changed.notify_all();
    }

    /// Waits for a while, or until it is closing.
    pub(crate) fn rest(&self, pause: Duration) {
        let until = Instant::now() + pause;
        let mut state = self.state.lock();
        while !state.closing && !self.changed.wait_until(&mut state, until).timed_out() {}
    }

    /// How far the follower has read.
    #[cfg(test)]
    pub(crate) fn frontier(&self) -> Sequence {
        self.state.lock().frontier
    }

    /// Late events that are not yet where the follower puts them.
    pub(crate) fn late(&self, tenant: &TenantId) -> Vec<Sequence> {
        let state = self.state.lock();
        let own = state.late.iter().filter(|(whose, _)| whose == tenant);
        own.map(|(_, event)| *event).collect()
    }

    /// These late events are where they belong.
    pub(crate) fn settled(&self, late: &[(TenantId, Sequence)]) {
        if !late.is_empty() {
            let mut state = self.state.lock();
            let before = state.late.len();
            state.late.retain(|event| !late.contains(event));
            state.handed_out -= (before - state.late.len()).min(state.handed_out);
        }
    }

    /// Whether it is closing.
    pub(crate) fn is_closing(&self) -> bool {
        self.state.lock().closing
    }

    /// Ends whoever follows.
    pub(crate) fn close(&self) {
        self.state.lock().closing = true;
        self.changed.notify_all();
    }
}

impl State {
    fn has_news(&self) -> bool {
        self.nudged
            || !self.tenants.is_empty()
            || !self.forgotten.is_empty()
            || !self.newly_erased.is_empty()
            || self.late.len() > self.handed_out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b10_an_event_that_comes_to_stand_before_the_frontier_is_listed_until_it_is_settled() {
        let news = News::default();
        let tenant: TenantId = "a".parse().unwrap();
        news.note(&tenant, &[Sequence(1)], &[]);
        assert!(news.late(&tenant).is_empty(), "nobody follows");
        news.follow(HashSet::new(), Sequence(10), Sequence(10));
        news.note(&tenant, &[Sequence(12)], &[Sequence(3)]);
        let round = news.wait(None, u64::MAX).unwrap();
        assert_eq!((round.highest, &round.forgotten[..]), (Sequence(12), &[Sequence(3)][..]));
        assert!(round.tenants.contains(&tenant) && round.late.is_empty());
        news.note(&tenant, &[Sequence(11)], &[]);
        let round = news.wait(None, u64::MAX).unwrap();
        assert_eq!(round.late, [(tenant.clone(), Sequence(11))]);
        assert!(round.tenants.is_empty());
        assert_eq!(news.late(&tenant), [Sequence(11)]);
        assert!(!news.state.lock().has_news(), "the follower has heard of it");
        news.settled(&round.late);
        assert!(news.late(&tenant).is_empty());
        news.close();
        assert!(news.wait(None, 1).is_none());
    }

    #[test]
    fn b10_too_many_late_events_are_read_again_instead_of_listed() {
        let news = News::default();
        let tenant: TenantId = "a".parse().unwrap();
        news.follow(HashSet::new(), Sequence(1_000_000), Sequence(0));
        let late: Vec<Sequence> = (500..=500 + NEWS_LATE_MAX as u64).map(Sequence).collect();
        news.note(&tenant, &late, &[]);
        assert_eq!((news.frontier(), news.late(&tenant).len()), (Sequence(499), 0));
        assert!(news.wait(None, 1).unwrap().tenants.contains(&tenant));
    }
}
