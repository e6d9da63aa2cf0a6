//! The overlay: what is in the journal and not yet in the index, as the last value of each key.
//!
//! ```text
//!  commit --apply--> [ active ] --freeze--> [ frozen ] --written behind--> index, then dropped
//!  read ------------> first here ---------> then here --------------------> then there
//! ```
//! What is written and deleted again before it is frozen costs the index nothing but a look. Its size is
//! bounded: [`Overlay::wait_for_room`] holds the writer back until the index has caught up.

use std::collections::BTreeMap;
use std::ops::{Bound, Range};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, RwLock};
use smallvec::SmallVec;

use super::journal::Position;
use super::{Batch, Direction, Partition, Write};

/// A key with its partition in front. It stands in the tree itself: to find one, some fifteen others are looked at.
pub(super) type Key = SmallVec<[u8; KEY_BYTES]>;

/// As long as most keys are; a longer one has a place of its own.
const KEY_BYTES: usize = 40;

/// The last value of each key; `None` where it was deleted.
pub(super) type Rows = BTreeMap<Key, Option<Vec<u8>>>;

/// Rows that change no more, on their way to the index.
pub(super) struct Frozen {
    /// The rows.
    pub(super) rows: Rows,
    /// How far the journal had come when they were frozen.
    pub(super) position: Position,
}

/// The overlay.
pub(super) struct Overlay {
    layers: RwLock<Layers>,
    gate: Mutex<Gate>,
    changed: Condvar,
}

struct Layers {
    active: Rows,
    active_bytes: usize,
    position: Position,
    frozen: Option<Arc<Frozen>>,
}

struct Gate {
    active_bytes: usize,
    frozen_bytes: usize,
    /// Since when there is something to write behind.
    dirty_since: Option<Instant>,
    closing: bool,
}

/// What a row costs beside its value and a key that has a place of its own: the tree's nodes are half full where rows come
/// in order.
const ROW_BYTES: usize = 2 * size_of::<(Key, Option<Vec<u8>>)>();

impl Overlay {
    /// An empty overlay above an index that has everything up to `position`.
    pub(super) fn new(position: Position) -> Self {
        let layers = Layers { active: Rows::new(), active_bytes: 0, position, frozen: None };
        let gate = Gate { active_bytes: 0, frozen_bytes: 0, dirty_since: None, closing: false };
        Self { layers: RwLock::new(layers), gate: Mutex::new(gate), changed: Condvar::new() }
    }

    /// Waits until there is less than `bytes_max` in it.
    pub(super) fn wait_for_room(&self, bytes_max: usize) {
        let mut gate = self.gate.lock();
        while gate.active_bytes + gate.frozen_bytes >= bytes_max && !gate.closing {
            self.changed.wait(&mut gate);
        }
    }

    /// Takes over batches that are in the journal; `position` is how far that has come with them.
    /// Tells the index when there is more than `wanted_bytes` for it.
    pub(super) fn apply(&self, batches: Vec<Batch>, position: Position, wanted_bytes: usize) {
        let mut layers = self.layers.write();
        for batch in batches {
            for write in batch.writes {
                let (key, value) = match write {
                    Write::Put(key, value) => (key, Some(value)),
                    Write::Delete(key) => (key, None),
                };
                layers.put(full(batch.partition, &key), value);
            }
        }
        layers.position = position;
        // Before anybody can freeze it: what is counted is what is there.
        let mut gate = self.gate.lock();
        gate.active_bytes = layers.active_bytes;
        let first = gate.dirty_since.is_none();
        gate.dirty_since.get_or_insert_with(Instant::now);
        if first || gate.active_bytes >= wanted_bytes {
            self.changed.notify_all();
        }
    }

    /// The journal has come to `position`, which may be further than the last batch.
    pub(super) fn came_to(&self, position: Position) {
        self.layers.write().position = position;
    }

    /// Bytes in it, but for what is frozen.
    pub(super) fn bytes(&self) -> usize {
        self.gate.lock().active_bytes
    }

    /// Bytes in it with what is frozen.
    pub(super) fn bytes_in_all(&self) -> usize {
        let gate = self.gate.lock();
        gate.active_bytes + gate.frozen_bytes
    }

    /// What it knows of a key: nothing, that it is deleted, or its value.
    pub(super) fn get(&self, key: &[u8]) -> Option<Option<Vec<u8>>> {
        let layers = self.layers.read();
        let found = layers.active.get(key);
        found.or_else(|| layers.frozen.as_ref()?.rows.get(key)).cloned()
    }

    /// What it knows of the first keys of a range, at most `limit` of them, deleted ones too.
    pub(super) fn page(
        &self,
        range: &Range<Vec<u8>>,
        direction: Direction,
        limit: usize,
    ) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        let bounds = (Bound::Included(&range.start[..]), Bound::Excluded(&range.end[..]));
        let layers = self.layers.read();
        let active = layers.active.range::<[u8], _>(bounds);
        let none = Rows::new();
        let frozen = layers.frozen.as_ref().map_or(&none, |frozen| &frozen.rows);
        let frozen = frozen.range::<[u8], _>(bounds);
        match direction {
            Direction::Ascending => merged(active, frozen, |a, b| a <= b, limit),
            Direction::Descending => merged(active.rev(), frozen.rev(), |a, b| a >= b, limit),
        }
    }

    /// Waits until there is enough to write behind, or something has waited for `patience`, or the
    /// overlay is closing; then freezes what there is. `None` once it is closing and empty.
    pub(super) fn freeze_when_due(
        &self,
        wanted_bytes: usize,
        patience: Duration,
    ) -> Option<Arc<Frozen>> {
        loop {
            self.wait_until_due(wanted_bytes, patience);
            // In this order: what comes before the end is still taken.
            let is_closing = self.is_closing();
            let frozen = self.freeze();
            if frozen.is_some() || is_closing {
                return frozen;
            }
        }
    }

    /// Freezes what there is, or finds what is frozen; `None` where there is nothing.
    pub(super) fn freeze(&self) -> Option<Arc<Frozen>> {
        let mut layers = self.layers.write();
        if let Some(left) = &layers.frozen {
            return Some(Arc::clone(left));
        }
        let mut gate = self.gate.lock();
        (gate.active_bytes, gate.dirty_since) = (0, None);
        if layers.active.is_empty() {
            return None;
        }
        let rows = std::mem::take(&mut layers.active);
        gate.frozen_bytes = std::mem::take(&mut layers.active_bytes);
        let frozen = Arc::new(Frozen { rows, position: layers.position.clone() });
        layers.frozen = Some(Arc::clone(&frozen));
        Some(frozen)
    }

    fn wait_until_due(&self, wanted_bytes: usize, patience: Duration) {
        let mut gate = self.gate.lock();
        while gate.active_bytes < wanted_bytes && !gate.closing {
            match gate.dirty_since.map(|since| since + patience) {
                Some(due) if due <= Instant::now() => break,
                Some(due) => drop(self.changed.wait_until(&mut gate, due)),
                None => self.changed.wait(&mut gate),
            }
        }
    }

    /// So many rows of the frozen ones are in the index, of `all`: whoever waits for room goes on at the
    /// pace of the index, not in leaps.
    pub(super) fn written(&self, rows: usize, all: usize) {
        let mut gate = self.gate.lock();
        gate.frozen_bytes -= (gate.frozen_bytes / all.max(1) * rows).min(gate.frozen_bytes);
        self.changed.notify_all();
    }

    /// Forgets the frozen rows: they are in the index.
    pub(super) fn drop_frozen(&self) {
        let dropped = self.layers.write().frozen.take();
        self.gate.lock().frozen_bytes = 0;
        self.changed.notify_all();
        // Outside the locks: it may be large.
        drop(dropped);
    }

    /// Wakes everyone who waits; nobody waits from now on.
    pub(super) fn close(&self) {
        self.gate.lock().closing = true;
        self.changed.notify_all();
    }

    /// Whether it was closed.
    pub(super) fn is_closing(&self) -> bool {
        self.gate.lock().closing
    }
}

impl Layers {
    fn put(&mut self, key: Key, value: Option<Vec<u8>>) {
        let value_bytes = value.as_ref().map_or(0, Vec::len);
        let row_bytes = ROW_BYTES + if key.spilled() { key.len() } else { 0 };
        match self.active.insert(key, value) {
            Some(old) => {
                self.active_bytes += value_bytes;
                self.active_bytes -= old.map_or(0, |old| old.len());
            }
            None => self.active_bytes += row_bytes + value_bytes,
        }
    }
}

fn full(partition: Partition, key: &[u8]) -> Key {
    let mut full = Key::with_capacity(1 + key.len());
    full.push(partition.0);
    full.extend_from_slice(key);
    full
}

/// Two ordered runs as one; where both have a key, the first one's row counts.
fn merged<'a>(
    first: impl Iterator<Item = (&'a Key, &'a Option<Vec<u8>>)>,
    second: impl Iterator<Item = (&'a Key, &'a Option<Vec<u8>>)>,
    goes_first: impl Fn(&[u8], &[u8]) -> bool,
    limit: usize,
) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
    let (mut first, mut second) = (first.peekable(), second.peekable());
    let mut rows = Vec::new();
    while rows.len() < limit {
        let row = match (first.peek(), second.peek()) {
            (Some((a, _)), Some((b, _))) => {
                if a == b {
                    second.next();
                    first.next()
                } else if goes_first(a, b) {
                    first.next()
                } else {
                    second.next()
                }
            }
            (Some(_), None) => first.next(),
            (None, _) => second.next(),
        };
        let Some((key, value)) = row else { break };
        rows.push((key.to_vec(), value.clone()));
    }
    rows
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const PLACE: Partition = Partition(1);

    fn batch(rows: u64) -> Batch {
        let mut batch = Batch::new(PLACE);
        for row in 0..rows {
            batch.put(row.to_be_bytes().to_vec(), Vec::new());
        }
        batch
    }

    #[test]
    fn f02_whoever_writes_behind_stays_until_the_overlay_is_closed_though_there_is_nothing_to_write()
     {
        let overlay = Overlay::new(Position::default());
        thread::scope(|scope| {
            let behind = || overlay.freeze_when_due(1, Duration::ZERO).map(|it| it.rows.len());
            // Word of something, and nothing there: it was taken already.
            overlay.apply(vec![batch(0)], Position::default(), 1);
            let writing = scope.spawn(behind);
            while overlay.gate.lock().dirty_since.is_some() {
                thread::yield_now();
            }
            overlay.apply(vec![batch(3)], Position::default(), 1);
            assert_eq!(writing.join().unwrap(), Some(3));
            overlay.drop_frozen();
            overlay.close();
            assert_eq!(scope.spawn(behind).join().unwrap(), None);
        });
    }

    #[test]
    fn f02_what_is_counted_is_what_is_there_however_writing_and_freezing_meet() {
        let overlay = Overlay::new(Position::default());
        thread::scope(|scope| {
            let writing = scope.spawn(|| {
                for _ in 0..20_000 {
                    overlay.apply(vec![batch(1)], Position::default(), 1);
                }
                overlay.close();
            });
            while overlay.freeze_when_due(1, Duration::ZERO).is_some() {
                overlay.drop_frozen();
            }
            writing.join().unwrap();
        });
        assert!(overlay.is_closing());
        assert_eq!(overlay.bytes_in_all(), 0);
    }
}
