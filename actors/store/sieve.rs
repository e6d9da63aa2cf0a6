//! Which keys are not there, without a look: a Bloom filter (Bloom, CACM 1970) in memory.
//!
//! Whether an event's id is new is asked for each event, and almost always it is: the index would look for it from
//! the root down to the leaf in which it is not. A key that was noted may be there; one that was not is not. What
//! was there before the store was opened is noted behind the road, and until all of it is, every key may be there.
//! What is deleted stays noted: it costs a look, as every key did before.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;

use super::Partition;

const WORD_BITS: u64 = 64;
/// Bits for each key. Of a million keys that are not there one in a thousand costs a look where the sieve has a byte for
/// each, and of twice as many keys one in a hundred.
const BITS_EACH: u64 = 4;

/// What may be there.
pub(super) struct Sieve {
    words: RwLock<Vec<u64>>,
    is_whole: AtomicBool,
    hasher: RandomState,
}

impl Sieve {
    /// Nothing is noted yet, and everything may be there.
    pub(super) fn new(bytes: usize) -> Self {
        // Memory that nothing was written to takes no place.
        let words = RwLock::new(vec![0; bytes / size_of::<u64>()]);
        Self { words, is_whole: AtomicBool::new(false), hasher: RandomState::new() }
    }

    /// Notes keys of partitions, before anybody can read what is under them.
    pub(super) fn note<'a>(&self, keys: impl Iterator<Item = (Partition, &'a [u8])>) {
        let mut keys = keys.peekable();
        if keys.peek().is_none() {
            return;
        }
        let mut words = self.words.write();
        for (partition, key) in keys {
            for (word, bit) in self.places(&words, partition, key) {
                if let Some(word) = words.get_mut(word) {
                    *word |= bit;
                }
            }
        }
    }

    /// All that was there before is noted.
    pub(super) fn is_whole_now(&self) {
        self.is_whole.store(true, Ordering::Release);
    }

    /// Whether a key may be there; not so only if it is surely not.
    pub(super) fn may_have(&self, partition: Partition, key: &[u8]) -> bool {
        if !self.is_whole.load(Ordering::Acquire) {
            return true;
        }
        let words = self.words.read();
        self.places(&words, partition, key)
            .all(|(word, bit)| words.get(word).is_none_or(|word| word & bit != 0))
    }

    /// Where a key's bits are: by two hashes, as many as are wanted (Kirsch and Mitzenmacher, ESA 2006).
    fn places(
        &self,
        words: &[u64],
        partition: Partition,
        key: &[u8],
    ) -> impl Iterator<Item = (usize, u64)> + use<> {
        let hash = self.hasher.hash_one((partition.0, key));
        let (first, step) = (hash >> 32, (hash & 0xFFFF_FFFF) | 1);
        let bits = (words.len() as u64 * WORD_BITS).max(1);
        (0..BITS_EACH).map(move |number| {
            let place = first.wrapping_add(number.wrapping_mul(step)) % bits;
            (usize::try_from(place / WORD_BITS).unwrap_or(usize::MAX), 1 << (place % WORD_BITS))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Partition = Partition(7);

    fn key(number: u32) -> [u8; 4] {
        number.to_be_bytes()
    }

    #[test]
    fn b01_what_was_noted_may_be_there_and_hardly_anything_else() {
        let sieve = Sieve::new(1 << 18);
        let known: Vec<[u8; 4]> = (0..200_000).map(key).collect();
        sieve.note(known.iter().map(|key| (HERE, &key[..])));
        assert!(sieve.may_have(HERE, &key(1_000_000)), "something may have been there before");
        sieve.is_whole_now();
        assert!(known.iter().all(|key| sieve.may_have(HERE, key)));
        let others = (200_000..400_000).filter(|number| sieve.may_have(HERE, &key(*number)));
        assert!(others.count() < 4_000, "a hundredth is expected");
        let elsewhere = (0..10_000).filter(|number| sieve.may_have(Partition(8), &key(*number)));
        assert!(elsewhere.count() < 300, "another partition");
    }

    #[test]
    fn b01_the_first_hash_reaches_every_bit() {
        let sieve = Sieve::new(8 << 20);
        let words = sieve.words.read();
        assert!(words.len() as u64 * WORD_BITS <= 1 << 32);
        let places = (0..1_000).flat_map(|number| sieve.places(&words, HERE, &key(number)));
        assert!(places.map(|(word, _)| word).max().unwrap() > words.len() / 100 * 99);
    }
}
