//! The latest of many: what was put in longest ago goes first.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// At most so many values by their keys.
pub(super) struct Recent<K, V> {
    values: HashMap<K, (u64, V)>,
    /// Every time that something was put in; those of a key that came again count no more.
    order: VecDeque<(u64, K)>,
    latest: u64,
    most: usize,
}

impl<K: Clone + Eq + Hash, V> Recent<K, V> {
    /// None yet, and at most so many.
    pub(super) fn new(most: usize) -> Self {
        Self { values: HashMap::new(), order: VecDeque::new(), latest: 0, most }
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.values.get(key).map(|(_, value)| value)
    }

    /// Puts a value in, as the latest of all.
    pub(super) fn put(&mut self, key: K, value: V) {
        self.latest += 1;
        self.values.insert(key.clone(), (self.latest, value));
        self.order.push_back((self.latest, key));
        while self.values.len() > self.most || self.order.len() > 2 * self.most {
            let Some((put, key)) = self.order.pop_front() else { return };
            if self.values.get(&key).is_some_and(|(latest, _)| *latest == put) {
                self.values.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d05_what_was_put_in_longest_ago_goes_first() {
        let mut recent = Recent::new(2);
        for (key, value) in [("a", 1), ("b", 2), ("a", 3), ("c", 4)] {
            recent.put(key, value);
        }
        assert_eq!(
            (recent.get(&"a"), recent.get(&"b"), recent.get(&"c")),
            (Some(&3), None, Some(&4))
        );
        for value in 0..100 {
            recent.put("c", value);
        }
        assert!(recent.order.len() <= 4 && recent.get(&"c") == Some(&99));
    }
}
