//! The heaviest of many in bounded memory: space-saving counts (Metwally, Agrawal and El Abbadi, ICDT 2005), which
//! add up (Cafaro, Pulimeno and Tempesta, 2016).
//!
//! Who comes new where there is no room takes the place of the lightest and is held for as heavy as that was, so
//! that whoever is heavy stays, however late it came. What it is held for beyond what was seen of it is kept
//! apart: what is told of each is never more than there was, and with the rest it is exactly all.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Route;

/// What is added up.
pub(super) trait Amount: Default {
    /// Adds another.
    fn add(&mut self, other: &Self);
    /// How heavy it is.
    fn weight(&self) -> u64;
}

impl Amount for u64 {
    fn add(&mut self, other: &Self) {
        *self = self.saturating_add(*other);
    }

    fn weight(&self) -> u64 {
        *self
    }
}

/// Failed attempts weigh more than others, since they are what is looked for.
const FAILURE_WEIGHS: u64 = 100;

impl Amount for Route {
    fn add(&mut self, other: &Self) {
        self.merge(other);
    }

    fn weight(&self) -> u64 {
        u64::from(self.sent) + FAILURE_WEIGHS * u64::from(self.failed)
    }
}

/// The heaviest, each under its own key, and all others together under the key that is nobody's: the default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Heavy<K: Ord, V> {
    seen: BTreeMap<K, V>,
    /// What each may weigh beyond what was seen of it, where it may.
    unseen: BTreeMap<K, u64>,
}

impl<K: Ord, V> From<BTreeMap<K, V>> for Heavy<K, V> {
    fn from(seen: BTreeMap<K, V>) -> Self {
        Self { seen, unseen: BTreeMap::new() }
    }
}

impl<K: Ord + Clone + Default, V: Amount> Heavy<K, V> {
    /// What was seen of each.
    pub(super) fn seen(&self) -> &BTreeMap<K, V> {
        &self.seen
    }

    /// Adds something of one; so many are told apart at most.
    pub(super) fn add(&mut self, key: K, amount: &V, most: usize) {
        let unseen = if self.seen.contains_key(&key) { 0 } else { self.of_unknown(most) };
        self.put(key, amount, unseen);
        self.bound(most);
    }

    /// Adds everything of another.
    pub(super) fn merge(&mut self, other: &Self, most: usize) {
        let (here, there) = (self.of_unknown(most), other.of_unknown(most));
        if there > 0 {
            for key in self.seen.keys().filter(|key| !other.seen.contains_key(key)) {
                let unseen = self.unseen.entry(key.clone()).or_default();
                *unseen = unseen.saturating_add(there);
            }
        }
        for (key, amount) in &other.seen {
            let known = self.seen.contains_key(key);
            let unseen = other.unseen.get(key).copied().unwrap_or_default();
            let unseen = if known { unseen } else { unseen.saturating_add(here) };
            self.put(key.clone(), amount, unseen);
        }
        self.bound(most);
    }

    fn put(&mut self, key: K, amount: &V, unseen: u64) {
        if unseen > 0 && key != K::default() {
            let known = self.unseen.entry(key.clone()).or_default();
            *known = known.saturating_add(unseen);
        }
        self.seen.entry(key).or_default().add(amount);
    }

    /// What one that is not known may weigh at most: as much as the lightest, where there is no room.
    fn of_unknown(&self, most: usize) -> u64 {
        if self.known() < most && !self.seen.contains_key(&K::default()) {
            return 0;
        }
        self.named().map(|(weight, _)| weight).min().unwrap_or_default()
    }

    /// How many have a key of their own.
    fn known(&self) -> usize {
        self.seen.len() - usize::from(self.seen.contains_key(&K::default()))
    }

    /// Each that has a key of its own, with what it may weigh.
    fn named(&self) -> impl Iterator<Item = (u64, &K)> {
        let rest = K::default();
        self.seen.iter().filter(move |(key, _)| **key != rest).map(|(key, amount)| {
            let unseen = self.unseen.get(key).copied().unwrap_or_default();
            (amount.weight().saturating_add(unseen), key)
        })
    }

    /// Has the lightest count with the others until there are no more than so many.
    pub(super) fn bound(&mut self, most: usize) {
        let over = self.known().saturating_sub(most);
        if over == 0 {
            return;
        }
        let lightest: Vec<K> = match over {
            1 => self.named().min().map(|(_, key)| key.clone()).into_iter().collect(),
            _ => {
                let mut all: Vec<(u64, &K)> = self.named().collect();
                all.sort_unstable();
                all.into_iter().take(over).map(|(_, key)| key.clone()).collect()
            }
        };
        for key in lightest {
            self.unseen.remove(&key);
            if let Some(amount) = self.seen.remove(&key) {
                self.seen.entry(K::default()).or_default().add(&amount);
            }
        }
        self.unseen.remove(&K::default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 60;

    fn top(heavy: &Heavy<String, u64>) -> (&str, u64) {
        let named = heavy.seen().iter().filter(|(key, _)| !key.is_empty());
        named.max_by_key(|(_, count)| **count).map(|(key, count)| (key.as_str(), *count)).unwrap()
    }

    #[test]
    fn b11_what_comes_late_and_often_is_among_the_heaviest() {
        let mut heavy = Heavy::default();
        for number in 0..60 {
            heavy.add(format!("rare.{number}"), &1, MOST);
        }
        for number in 0..5_400 {
            heavy.add("order.heavy".to_owned(), &1, MOST);
            heavy.add(format!("rare.{}", number % 700), &1, MOST);
        }
        let (name, count) = top(&heavy);
        assert_eq!(name, "order.heavy");
        assert!((5_300..=5_400).contains(&count), "{count}");
        assert_eq!(heavy.seen().len(), MOST + 1);
        assert_eq!(heavy.seen().values().sum::<u64>(), 60 + 2 * 5_400, "with the rest it is all");
        assert!(heavy.unseen.len() <= MOST);
    }

    #[test]
    fn b11_sums_of_slots_keep_the_heaviest_of_each() {
        let slot = |minute: u64| {
            let mut slot = Heavy::default();
            for number in 0..60 {
                slot.add(format!("rare.{minute}.{number}"), &1, MOST);
            }
            for _ in 0..100 {
                slot.add("order.heavy".to_owned(), &1, MOST);
            }
            slot
        };
        let mut day = Heavy::default();
        (0..200).for_each(|minute| day.merge(&slot(minute), MOST));
        assert_eq!(top(&day), ("order.heavy", 20_000));
        assert_eq!(day.seen().len(), MOST + 1);
        assert_eq!(day.seen().values().sum::<u64>(), 200 * 160);
    }

    #[test]
    fn b11_who_fails_is_told_apart_among_many_that_do_not() {
        let mut routes: Heavy<u32, Route> = Heavy::default();
        for round in 0..20 {
            for endpoint in 1..=1_000 {
                let is_bad = endpoint == 777;
                let (sent, failed) = (u32::from(!is_bad), u32::from(is_bad));
                routes.add(endpoint, &Route { sent, failed, ..Route::default() }, MOST);
            }
            assert!(round == 0 || routes.seen().contains_key(&777), "{round}");
        }
        assert!(routes.seen()[&777].failed >= 15, "{:?}", routes.seen()[&777]);
        let attempts: u64 = routes.seen().values().map(Route::attempts).sum();
        assert_eq!(attempts, 20_000);
    }
}
