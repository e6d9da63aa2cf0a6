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
/// Bits that are set for each key.
const BITS_EACH: u64 = 4;
/// Bits of a layer for each of the keys that it has room for: of a hundred keys that are not there, one costs a look.
const ROOM_EACH: u64 = 10;
/// Bytes of the first layer; each further one has so many times the bytes of the one before.
const LAYER_BYTES: usize = 128 << 10;
const LAYER_GROWS: usize = 4;

/// What may be there: few keys take little memory, since a layer that is full gets a larger one behind it (Almeida,
/// Baquero, Preguiça and Hutchison, 2007).
pub(super) struct Sieve {
    layers: RwLock<Vec<Layer>>,
    /// The largest layer takes all the keys that there are, for which it then is of less and less use.
    layer_bytes_max: usize,
    is_whole: AtomicBool,
    hasher: RandomState,
}

struct Layer {
    words: Vec<u64>,
    /// How many keys more it has room for.
    room: u64,
}

impl Sieve {
    /// Nothing is noted yet, and everything may be there. No layer gets more bytes than these.
    pub(super) fn new(layer_bytes_max: usize) -> Self {
        let layers = RwLock::new(vec![Layer::new(LAYER_BYTES.min(layer_bytes_max))]);
        let (is_whole, hasher) = (AtomicBool::new(false), RandomState::new());
        Self { layers, layer_bytes_max, is_whole, hasher }
    }

    /// Notes keys of partitions, before anybody can read what is under them.
    pub(super) fn note<'a>(&self, keys: impl Iterator<Item = (Partition, &'a [u8])>) {
        let mut keys = keys.peekable();
        if keys.peek().is_none() {
            return;
        }
        let mut layers = self.layers.write();
        for (partition, key) in keys {
            let hash = self.hasher.hash_one((partition.0, key));
            if layers.iter().any(|layer| layer.has(hash)) {
                continue;
            }
            let bytes = layers.last().map_or(0, Layer::bytes);
            let next = (bytes * LAYER_GROWS).min(self.layer_bytes_max);
            if next > bytes && layers.last().is_none_or(|layer| layer.room == 0) {
                layers.push(Layer::new(next));
            }
            if let Some(layer) = layers.last_mut() {
                layer.put(hash);
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
        let hash = self.hasher.hash_one((partition.0, key));
        self.layers.read().iter().any(|layer| layer.has(hash))
    }
}

impl Layer {
    fn new(bytes: usize) -> Self {
        let words = vec![0; bytes / size_of::<u64>()];
        let room = words.len() as u64 * WORD_BITS / ROOM_EACH;
        Self { words, room }
    }

    fn bytes(&self) -> usize {
        self.words.len() * size_of::<u64>()
    }

    fn has(&self, hash: u64) -> bool {
        self.places(hash)
            .all(|(word, bit)| self.words.get(word).is_some_and(|word| word & bit != 0))
    }

    fn put(&mut self, hash: u64) {
        for (word, bit) in self.places(hash) {
            if let Some(word) = self.words.get_mut(word) {
                *word |= bit;
            }
        }
        self.room = self.room.saturating_sub(1);
    }

    /// Where the bits of a key are, by the two halves of its hash (Kirsch and Mitzenmacher, ESA 2006).
    fn places(&self, hash: u64) -> impl Iterator<Item = (usize, u64)> + use<> {
        let (first, step) = (hash >> 32, (hash & 0xFFFF_FFFF) | 1);
        let bits = (self.words.len() as u64 * WORD_BITS).max(1);
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

    fn note(sieve: &Sieve, count: u32) {
        let keys: Vec<[u8; 4]> = (0..count).map(key).collect();
        sieve.note(keys.iter().map(|key| (HERE, &key[..])));
    }

    fn bytes(sieve: &Sieve) -> usize {
        sieve.layers.read().iter().map(Layer::bytes).sum()
    }

    #[test]
    fn b01_what_was_noted_may_be_there_and_hardly_anything_else() {
        let sieve = Sieve::new(2 << 20);
        note(&sieve, 400_000);
        assert!(sieve.may_have(HERE, &key(1_000_000)), "something may have been there before");
        sieve.is_whole_now();
        assert!((0..400_000).all(|number| sieve.may_have(HERE, &key(number))));
        let others = (400_000..600_000).filter(|number| sieve.may_have(HERE, &key(*number)));
        assert!(others.count() < 8_000, "some hundredths are expected");
        let elsewhere = (0..10_000).filter(|number| sieve.may_have(Partition(8), &key(*number)));
        assert!(elsewhere.count() < 400, "another partition");
    }

    #[test]
    fn b01_it_takes_memory_as_it_is_used_and_no_more_than_it_may() {
        let sieve = Sieve::new(1 << 20);
        assert_eq!(bytes(&sieve), 128 << 10);
        (0..3).for_each(|_| note(&sieve, 200_000));
        assert_eq!(bytes(&sieve), (128 << 10) + (512 << 10), "what is known needs no room again");
        note(&sieve, 2_000_000);
        assert_eq!(bytes(&sieve), (128 << 10) + (512 << 10) + (1 << 20));
        sieve.is_whole_now();
        assert!((0..2_000_000).all(|number| sieve.may_have(HERE, &key(number))));
        assert_eq!(bytes(&Sieve::new(1 << 10)), 1 << 10);
    }

    #[test]
    fn b01_the_first_hash_reaches_every_bit() {
        let layer = Layer::new(8 << 20);
        assert!(layer.words.len() as u64 * WORD_BITS <= 1 << 32);
        let hasher = RandomState::new();
        let places = (0..1_000).flat_map(|number| layer.places(hasher.hash_one(number)));
        assert!(places.map(|(word, _)| word).max().unwrap() > layer.words.len() / 100 * 99);
    }
}
