//! The index: one sled tree, written by one thread, behind the journal.
//!
//! sled 0.34.7 is an ordered index and is used as one. Its `flush()` leaves the file's size and extents
//! and the drive's cache behind, so each write also syncs the file itself; without that a power cut
//! empties the tree. `flush_async` can wait for itself and is never called. A crash inside `open`
//! leaves a half-written snapshot that a later `open` refuses, so those are removed first. sled may
//! panic on damaged files, in `open` and later: that is an error like any other here.
//!
//! The tree says itself how far the journal is in it, after the rows. Values beyond
//! [`VALUE_BYTES_MAX`] go on in further rows, since sled keeps large ones in files that nobody syncs.
//! Keys are a partition and what the store was given, which never begins with 0: `partition 0` alone is
//! the position, and `partition, 0, key, piece` are the further pieces of a long value.

use std::collections::HashMap;
use std::fs::{self, File};
use std::ops::Range;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::RwLock;

use super::journal::Position;
use super::{Direction, Row, StoreError};
use crate::limits::VALUE_BYTES_MAX;

/// A sled tree with a second handle on its file.
pub(super) struct SledIndex {
    db: sled::Db,
    file: File,
    /// Keys whose value goes on in further rows, and in how many.
    long: RwLock<HashMap<Vec<u8>, u16>>,
}

/// Why an index does not open.
#[derive(Debug)]
pub(super) enum Unopened {
    /// Another process has it.
    Locked,
    /// It is damaged.
    Damaged(String),
    /// The file system refused.
    Store(StoreError),
}

const LOCK_PATIENCE: Duration = Duration::from_secs(2);
const POSITION_KEY: &[u8] = &[0];
/// Before the position, so that another layout of the tree can be told apart.
const LAYOUT: u8 = 1;

impl SledIndex {
    /// Opens or creates the tree in `directory`, which must not be open elsewhere.
    ///
    /// `cache_bytes` is what sled aims at for its page cache; it may use twice as much.
    pub(super) fn open(directory: &Path, cache_bytes: u64) -> Result<Self, Unopened> {
        let io = |doing| move |source| Unopened::Store(StoreError::Io { doing, source });
        fs::create_dir_all(directory).map_err(io("create the index's directory"))?;
        for snapshot in snapshots(directory).filter(|path| is_unfinished(path)) {
            fs::remove_file(&snapshot).map_err(io("remove an unfinished snapshot"))?;
        }
        let opened = open_unlocked(directory, cache_bytes).or_else(|first| {
            if is_locked(&first) {
                return Err(Unopened::Locked);
            }
            tracing::warn!(problem = first, "the index does not open; trying its log alone");
            for snapshot in snapshots(directory) {
                fs::rename(&snapshot, aside(&snapshot)).map_err(io("set a snapshot aside"))?;
            }
            open_guarded(directory, cache_bytes).map_err(Unopened::Damaged)
        });
        let db = opened?;
        let file = File::open(directory.join("db")).map_err(io("open the index's file"))?;
        let index = Self { db, file, long: RwLock::default() };
        let ready = index.sync().and_then(|()| index.find_long());
        ready.map_err(|error| match error {
            StoreError::Index { problem, .. } => Unopened::Damaged(problem),
            error => Unopened::Store(error),
        })?;
        for path in [directory, directory.parent().unwrap_or(directory)] {
            let handle = File::open(path).map_err(io("open its directory"))?;
            handle.sync_all().map_err(io("sync its directory"))?;
        }
        Ok(index)
    }

    /// How far the journal is in it; `None` if nobody ever said.
    pub(super) fn position(&self) -> Result<Option<Position>, StoreError> {
        let Some(bytes) = guarded("read", || self.db.get(POSITION_KEY))? else { return Ok(None) };
        let position = match bytes.split_first() {
            Some((&LAYOUT, position)) => Position::from_bytes(position),
            _ => None,
        };
        let unreadable = || "its position is not readable".to_owned();
        position.map(Some).ok_or_else(|| StoreError::Index { doing: "read", problem: unreadable() })
    }

    /// Writes rows, then the position that the index has come to with them.
    ///
    /// A batch would be atomic, but sled lets nobody read while it applies one. Rows one by one may be
    /// newer than the position after a crash; they are then replayed, which changes nothing.
    pub(super) fn apply<'a>(
        &self,
        rows: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>,
        position: Option<&Position>,
    ) -> Result<(), StoreError> {
        for (key, value) in rows {
            let further = self.long.write().remove(key).unwrap_or_default();
            match value {
                Some(value) if value.len() <= VALUE_BYTES_MAX && further == 0 => {
                    guarded("insert", || self.db.insert(key, value))?;
                }
                Some(value) => self.replace_long(key, Some(value), further)?,
                None if further > 0 => self.replace_long(key, None, further)?,
                // What was put and deleted while it was in the overlay is not here.
                None => {
                    guarded("remove", || match self.db.contains_key(key)? {
                        true => self.db.remove(key).map(drop),
                        false => Ok(()),
                    })?;
                }
            }
        }
        let Some(position) = position else { return Ok(()) };
        let position = [&[LAYOUT][..], &position.to_bytes()].concat();
        guarded("insert", || self.db.insert(POSITION_KEY, position)).map(drop)
    }

    /// Writes rows as they stand in another index, with their further pieces among them.
    pub(super) fn import(&self, rows: Vec<Row>) -> Result<(), StoreError> {
        for (key, value) in rows {
            self.note_piece(&key);
            guarded("insert", || self.db.insert(key, value))?;
        }
        Ok(())
    }

    /// Makes everything that was applied survive a power cut.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        guarded("flush", || self.db.flush())?;
        let synced = self.file.sync_data();
        synced.map_err(|source| StoreError::Io { doing: "sync the index's file", source })
    }

    /// Bytes of its file.
    pub(super) fn file_bytes(&self) -> u64 {
        self.file.metadata().map_or(0, |data| data.len())
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(value) = guarded("read", || self.db.get(key))? else { return Ok(None) };
        self.whole(key, value.to_vec()).map(Some)
    }

    /// The first rows of a range, at most `limit`.
    pub(super) fn page(
        &self,
        range: &Range<Vec<u8>>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let rows = self.raw_page(range, direction, limit)?;
        rows.into_iter().map(|(key, value)| Ok((key.clone(), self.whole(&key, value)?))).collect()
    }

    /// The first rows after a key as they stand, further pieces and all; not the position.
    pub(super) fn raw_after(&self, key: &[u8], limit: usize) -> Result<Vec<Row>, StoreError> {
        let from = if key.is_empty() { vec![0, 0] } else { [key, &[0]].concat() };
        self.raw_page(&(from..vec![u8::MAX; 300]), Direction::Ascending, limit)
    }

    fn raw_page(
        &self,
        range: &Range<Vec<u8>>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        guarded("scan", || {
            let mut rows = self.db.range(range.clone());
            let mut found = Vec::new();
            while found.len() < limit {
                let row = match direction {
                    Direction::Ascending => rows.next(),
                    Direction::Descending => rows.next_back(),
                };
                let Some(row) = row else { break };
                let (key, value) = row?;
                found.push((key.to_vec(), value.to_vec()));
            }
            Ok(found)
        })
    }

    /// Sets or removes a value that had `old` further pieces, or will have some, all at once.
    fn replace_long(&self, key: &[u8], value: Option<&[u8]>, old: u16) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        for piece in 0..old {
            batch.remove(piece_key(key, piece));
        }
        let mut pieces = value.unwrap_or_default().chunks(VALUE_BYTES_MAX);
        match value {
            Some(_) => batch.insert(key, pieces.next().unwrap_or_default()),
            None => batch.remove(key),
        }
        let mut further = 0;
        for piece in pieces {
            batch.insert(piece_key(key, further), piece);
            further += 1;
        }
        if further > 0 {
            self.long.write().insert(key.to_vec(), further);
        }
        guarded("apply a batch", || self.db.apply_batch(batch))
    }

    fn whole(&self, key: &[u8], mut value: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        if value.len() < VALUE_BYTES_MAX {
            return Ok(value);
        }
        let further = self.long.read().get(key).copied().unwrap_or_default();
        for piece in 0..further {
            let piece = guarded("read", || self.db.get(piece_key(key, piece)))?;
            value.extend_from_slice(&piece.unwrap_or_default());
        }
        Ok(value)
    }

    fn find_long(&self) -> Result<(), StoreError> {
        for partition in 0..=u8::MAX {
            let mut from = vec![partition, 0, 0];
            loop {
                let range = from..vec![partition, 1];
                let rows = self.raw_page(&range, Direction::Ascending, 1_000)?;
                for (key, _) in &rows {
                    self.note_piece(key);
                }
                let Some((last, _)) = rows.last() else { break };
                from = [&last[..], &[0]].concat();
            }
        }
        Ok(())
    }

    fn note_piece(&self, key: &[u8]) {
        let Some((&[partition, 0], rest)) = key.split_first_chunk::<2>() else { return };
        let Some((rest, piece)) = rest.split_last_chunk::<2>() else { return };
        let key = [&[partition], rest].concat();
        let mut long = self.long.write();
        let further = long.entry(key).or_default();
        *further = (*further).max(u16::from_be_bytes(*piece) + 1);
    }
}

fn piece_key(key: &[u8], piece: u16) -> Vec<u8> {
    let (partition, rest) = key.split_at(key.len().min(1));
    [partition, &[0], rest, &piece.to_be_bytes()].concat()
}

/// Runs what may fail or panic where the tree is damaged.
fn guarded<T>(doing: &'static str, run: impl FnOnce() -> sled::Result<T>) -> Result<T, StoreError> {
    let problem = match panic::catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "its files are damaged".to_owned(),
    };
    Err(StoreError::Index { doing, problem })
}

/// Waits a moment for a server that is just stopping, whose lock goes last.
fn open_unlocked(directory: &Path, cache_bytes: u64) -> Result<sled::Db, String> {
    let deadline = Instant::now() + LOCK_PATIENCE;
    loop {
        match open_guarded(directory, cache_bytes) {
            Err(problem) if is_locked(&problem) && Instant::now() < deadline => {
                thread::sleep(LOCK_PATIENCE / 40);
            }
            opened => return opened,
        }
    }
}

fn is_locked(problem: &str) -> bool {
    problem.contains("lock")
}

fn open_guarded(directory: &Path, cache_bytes: u64) -> Result<sled::Db, String> {
    let config = sled::Config::new().path(directory).cache_capacity(cache_bytes);
    match panic::catch_unwind(AssertUnwindSafe(|| config.open())) {
        Ok(opened) => opened.map_err(|error| error.to_string()),
        Err(_) => Err("its files are damaged".to_owned()),
    }
}

fn snapshots(directory: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        name.is_some_and(|name| name.starts_with("snap."))
    })
}

/// A name that sled does not take for a snapshot.
fn aside(snapshot: &Path) -> PathBuf {
    let name = snapshot.file_name().unwrap_or_default().to_string_lossy().into_owned();
    snapshot.with_file_name(format!("aside.{name}"))
}

fn is_unfinished(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "generating")
}
