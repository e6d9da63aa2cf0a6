//! The store on disk: a journal for the truth, an overlay for what is new, an index for the rest.
//!
//! ```text
//!  commit --> [ journal ] one write, one sync --> [ overlay ] --written behind--> [ index ]
//!                 ^                                    |                              |
//!                 |  replayed at the start             +------- reads, newest first --+
//!                 +--- kept back to the older of the last two [ snapshots ] <---------+
//! ```
//! Invariants:
//! - What was committed is in the journal, so the index may be lost at any moment: it is then set aside
//!   and built again from a snapshot and the journal, at the start or in the middle of the work.
//! - The index says itself how far the journal is in it; what follows is replayed into the overlay.
//! - The journal is kept back to the older of the last two snapshots, so that one may be damaged too.

mod merge;

use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};

use super::index::{SledIndex, bunches};
use super::journal::file::FileJournal;
use super::journal::{Frame, Journal as _, JournalError, Position};
use super::lock::lock;
use super::mark::Mark;
use super::overlay::Overlay;
use super::sieve::Sieve;
use super::space::Space;
use super::{
    Batch, Direction, Partition, Row, Store, StoreError, Write, behind, frame, full_key, recovery,
    snapshot, space,
};
use crate::limits;
use crate::vitals::StoreVitals;

/// The sizes by which a store works; the defaults are right but for tests.
#[derive(Debug, Clone)]
pub struct DiskOptions {
    /// What the index aims at for its cache, in bytes; it may use twice as much.
    pub cache_bytes: u64,
    /// Bytes of a segment of the journal.
    pub segment_bytes: u64,
    /// Bytes in the overlay beyond which commits wait for the index.
    pub overlay_bytes_max: usize,
    /// Bytes in the overlay from which the index is written.
    pub index_after_bytes: usize,
    /// How long something may be in the overlay alone.
    pub index_after: Duration,
    /// Bytes of journal after which a snapshot is taken, or half the index where that is more.
    pub snapshot_after_bytes: u64,
    /// How long after the beginning of one snapshot the next may begin.
    pub snapshot_pause: Duration,
    /// Whether to go on without what is damaged and in no other place, instead of not starting.
    pub salvage: bool,
}

impl Default for DiskOptions {
    fn default() -> Self {
        Self {
            cache_bytes: limits::INDEX_CACHE_BYTES,
            segment_bytes: limits::SEGMENT_BYTES,
            overlay_bytes_max: limits::OVERLAY_BYTES_MAX,
            index_after_bytes: limits::INDEX_AFTER_BYTES,
            index_after: Duration::from_millis(limits::INDEX_AFTER_MS),
            snapshot_after_bytes: limits::SNAPSHOT_AFTER_BYTES,
            snapshot_pause: Duration::from_millis(limits::SNAPSHOT_PAUSE_MS),
            salvage: false,
        }
    }
}

/// The directories of a store.
#[derive(Debug, Clone)]
pub(super) struct Places {
    /// All of it.
    pub(super) root: PathBuf,
    /// The journal's segments.
    pub(super) journal: PathBuf,
    /// The index.
    pub(super) index: PathBuf,
    /// The snapshots.
    pub(super) snapshots: PathBuf,
}

impl Places {
    pub(super) fn in_directory(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            journal: root.join("journal"),
            index: root.join("index"),
            snapshots: root.join("snapshots"),
        }
    }
}

/// A store in a directory.
pub struct DiskStore {
    pub(super) inside: Arc<Inside>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    _lock: File,
}

pub(super) struct Inside {
    pub(super) places: Places,
    pub(super) options: DiskOptions,
    pub(super) journal: Arc<FileJournal>,
    pub(super) overlay: Overlay,
    /// The ids of all events, those that are only in the overlay too.
    pub(super) ids: Sieve,
    /// The stems under which the index has ids.
    pub(super) stems: Arc<Sieve>,
    pub(super) space: Space,
    /// Changed only when the index is built again.
    index: RwLock<Arc<SledIndex>>,
    healing: Mutex<()>,
    /// How far the newest snapshot goes.
    pub(super) snapshot: Mutex<Position>,
    /// Held while a snapshot is taken and the journal let go, and by whoever needs it to stay.
    pub(super) tidying: Mutex<()>,
}

/// The tables of events by their ids: now, and in stores of before.
pub(super) const ID_TABLES: [u8; 2] = [bunches::TABLE, b'I'];
/// How long the writer waits before it looks again whether there is space.
const SPACE_PAUSE: Duration = Duration::from_millis(500);

impl DiskStore {
    /// Opens or creates the store in `directory`, which must not be open elsewhere. What a crash left
    /// behind is put in order first; where that takes long, it says how far it is.
    pub fn open(directory: &Path, options: DiskOptions) -> Result<Self, StoreError> {
        let io = |doing| move |source| StoreError::Io { doing, source };
        fs::create_dir_all(directory).map_err(io("create its directory"))?;
        let lock = lock(directory)?;
        let places = Places::in_directory(directory);
        snapshot::sweep(&places.snapshots).map_err(io("remove unfinished snapshots"))?;
        let space = Space::of(directory);
        if !space.suffices_to_start() {
            return Err(StoreError::Open {
                directory: directory.display().to_string(),
                problem: format!(
                    "its disk is full; free at least {} MiB, then start again",
                    limits::DISK_START_BYTES_MIN >> 20
                ),
            });
        }
        let journal = FileJournal::open(&places.journal, options.segment_bytes, options.salvage)?;
        let (index, position) = recovery::open_index(&places, &options, &journal)?;
        let overlay = Overlay::new(position.clone());
        recovery::replay(&journal, &position, &overlay)?;
        Mark { index: position.group, journal: journal.head().group }.write(&places);
        let stems = Arc::new(Sieve::new(limits::sieve::STEMS_BYTES));
        index.note_stems(&stems);
        let snapshot = Mutex::new(behind::newest_snapshot(&places));
        let inside = Arc::new(Inside {
            space,
            places,
            options,
            journal: Arc::new(journal),
            overlay,
            ids: Sieve::new(limits::sieve::IDS_BYTES),
            stems,
            index: RwLock::new(Arc::new(index)),
            healing: Mutex::new(()),
            snapshot,
            tidying: Mutex::new(()),
        });
        let its_own = Arc::clone(&inside);
        let indexer = thread::Builder::new().name("sereno-indexer".to_owned());
        let indexer = indexer.spawn(move || behind::write_until_closed(&its_own));
        let its_own = Arc::clone(&inside);
        let reader = thread::Builder::new().name("sereno-reader".to_owned());
        let reader = reader.spawn(move || behind::read_journal_through(&its_own));
        let its_own = Arc::clone(&inside);
        let noting = thread::Builder::new().name("sereno-ids".to_owned());
        let noting = noting.spawn(move || behind::note_ids(&its_own));
        let threads =
            [indexer, reader, noting].map(|thread| thread.map_err(io("start its thread")));
        let threads = Mutex::new(threads.into_iter().collect::<Result<_, _>>()?);
        Ok(Self { inside, threads, _lock: lock })
    }
}

impl Store for DiskStore {
    fn commit(&self, batches: Vec<Batch>) -> Result<(), StoreError> {
        let batches: Vec<Batch> =
            batches.into_iter().filter(|batch| !batch.writes.is_empty()).collect();
        if batches.is_empty() {
            return Ok(());
        }
        let inside = &self.inside;
        inside.overlay.wait_for_room(inside.options.overlay_bytes_max);
        let position = inside.journal(&batches)?;
        inside.ids.note(ids_in(&batches));
        inside.overlay.apply(batches, position, inside.options.index_after_bytes);
        Ok(())
    }

    fn get(
        &self,
        partition: Partition,
        of_partition: &[u8],
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let key = full_key(partition, of_partition);
        match self.inside.overlay.get(&key) {
            Some(known) => Ok(known),
            None if is_id(of_partition) && !self.inside.ids.may_have(partition, of_partition) => {
                Ok(None)
            }
            None => self.inside.read(|index| index.get(&key)),
        }
    }

    fn scan(
        &self,
        partition: Partition,
        range: Range<&[u8]>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.inside.scan(partition, range, direction, limit)
    }

    fn journal(&self) -> Option<Arc<FileJournal>> {
        Some(Arc::clone(&self.inside.journal))
    }

    fn vitals(&self) -> StoreVitals {
        let inside = &self.inside;
        StoreVitals {
            sync_times: inside.journal.sync_times(),
            journal_bytes: space::bytes_in(&inside.places.journal),
            index_bytes: space::bytes_in(&inside.places.index),
            overlay_bytes: inside.overlay.bytes() as u64,
            free_bytes: inside.space.free_bytes(),
        }
    }

    fn has_room(&self) -> bool {
        self.inside.space.suffices_for_new()
    }

    fn is_busy(&self) -> bool {
        self.inside.overlay.bytes_in_all() > self.inside.options.index_after_bytes
    }

    fn close(&self) {
        self.inside.overlay.close();
        for thread in self.threads.lock().drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the store panicked");
            }
        }
    }
}

impl Drop for DiskStore {
    fn drop(&mut self) {
        self.close();
    }
}

impl Inside {
    /// Makes batches durable: one frame for each partition, all of them one group.
    fn journal(&self, batches: &[Batch]) -> Result<Position, StoreError> {
        let mut position = self.journal.head();
        let mut order: Vec<&Batch> = batches.iter().collect();
        // Stable: within a partition the order stays, and later writes win.
        order.sort_by_key(|batch| batch.partition);
        let of_each = order.chunk_by(|one, next| one.partition == next.partition);
        let bytes: Vec<(Partition, Vec<u8>)> = of_each.filter_map(framed).collect();
        let epoch = self.journal.epoch();
        let mut frames = Vec::with_capacity(bytes.len());
        for (partition, bytes) in &bytes {
            let seq = position.seq(*partition) + 1;
            position.advance(*partition, seq);
            frames.push(Frame { partition: *partition, epoch, seq, bytes });
        }
        position.group += 1;
        let mut told = false;
        loop {
            match self.journal.append(&frames) {
                Ok(()) => return Ok(position),
                Err(JournalError::Full { .. }) if !self.overlay.is_closing() => {
                    if !told {
                        tracing::error!(directory = %self.places.root.display(),
                            "the disk is full; what is under way waits until there is space");
                        told = true;
                    }
                    thread::sleep(SPACE_PAUSE);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The index as it is now.
    pub(super) fn index(&self) -> Arc<SledIndex> {
        Arc::clone(&self.index.read())
    }

    /// Reads from the index; where that shows that it is damaged, builds it again and reads once more.
    pub(super) fn read<T>(
        &self,
        read: impl Fn(&SledIndex) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let index = self.index();
        match read(&index) {
            Err(StoreError::Index { doing, problem }) => {
                self.heal(&index, doing, &problem)?;
                read(&self.index())
            }
            result => result,
        }
    }

    /// Builds the index again, unless somebody else did since `damaged` was got.
    pub(super) fn heal(
        &self,
        damaged: &Arc<SledIndex>,
        doing: &'static str,
        problem: &str,
    ) -> Result<(), StoreError> {
        let _one = self.healing.lock();
        if !Arc::ptr_eq(damaged, &self.index()) {
            return Ok(());
        }
        tracing::error!(doing, problem, "the index is damaged; it is built again while all waits");
        let rebuilt = recovery::rebuild(&self.places, &self.options, &self.journal)?;
        let old = std::mem::replace(&mut *self.index.write(), Arc::new(rebuilt));
        // Closing it would write to damaged files, and may never end.
        std::mem::forget(old);
        Ok(())
    }
}

fn is_id(key: &[u8]) -> bool {
    key.first().is_some_and(|table| ID_TABLES.contains(table))
}

/// The ids of events that batches record.
fn ids_in(batches: &[Batch]) -> impl Iterator<Item = (Partition, &[u8])> {
    batches.iter().flat_map(|batch| {
        batch.writes.iter().filter_map(|write| match write {
            Write::Put(key, _) if is_id(key) => Some((batch.partition, &key[..])),
            Write::Put(..) | Write::Delete(_) => None,
        })
    })
}

/// Batches of one partition as one frame.
fn framed(batches: &[&Batch]) -> Option<(Partition, Vec<u8>)> {
    let partition = batches.first()?.partition;
    let mut bytes = Vec::with_capacity(batches.iter().map(|batch| frame::room_for(batch)).sum());
    batches.iter().for_each(|batch| frame::write(&mut bytes, batch));
    Some((partition, bytes))
}

impl From<io::Error> for StoreError {
    fn from(source: io::Error) -> Self {
        Self::Io { doing: "read its directory", source }
    }
}
