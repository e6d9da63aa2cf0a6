//! The store on disk: one sled tree, written by one thread.
//!
//! sled 0.34.7 is an ordered index and is used as one. Its `flush()` leaves the file's size and extents
//! and the drive's cache behind, so each commit also syncs the file itself; without that a power cut
//! empties the tree. `flush_async` can wait for itself and is never called. A crash inside `open`
//! leaves a half-written snapshot that a later `open` refuses, so those are removed first; where open
//! still fails, all snapshots are moved aside and sled rebuilds from its log.

use std::fs::{self, File};
use std::ops::Range;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::{Batch, Direction, Partition, Row, Store, StoreError, Write};

/// A sled tree with a second handle on its file.
pub struct SledStore {
    db: sled::Db,
    file: File,
}

const LOCK_PATIENCE: Duration = Duration::from_secs(2);

impl SledStore {
    /// Opens or creates the tree in `directory`, which must not be open elsewhere.
    ///
    /// `cache_bytes` is what sled aims at for its page cache; it may use twice as much.
    pub fn open(directory: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        let io = |doing| move |source| StoreError::Io { doing, source };
        fs::create_dir_all(directory).map_err(io("create its directory"))?;
        for snapshot in snapshots(directory).filter(|path| is_unfinished(path)) {
            fs::remove_file(&snapshot).map_err(io("remove an unfinished snapshot"))?;
        }
        let db = open_unlocked(directory, cache_bytes).or_else(|first| {
            if is_locked(&first) {
                return Err("another sereno is using it; stop that one first".to_owned());
            }
            tracing::warn!(problem = first, "the index does not open; rebuilding it from its log");
            for snapshot in snapshots(directory) {
                fs::rename(&snapshot, aside(&snapshot)).map_err(|error| error.to_string())?;
            }
            open_guarded(directory, cache_bytes)
        });
        let db = db.map_err(|problem| StoreError::Open {
            directory: directory.display().to_string(),
            problem,
        })?;
        db.flush().map_err(|source| StoreError::Index { doing: "flush", source })?;
        let file = File::open(directory.join("db")).map_err(io("open its file"))?;
        file.sync_all().map_err(io("sync its file"))?;
        for path in [directory, directory.parent().unwrap_or(directory)] {
            let handle = File::open(path).map_err(io("open its directory"))?;
            handle.sync_all().map_err(io("sync its directory"))?;
        }
        Ok(Self { db, file })
    }
}

impl Store for SledStore {
    fn commit(&self, batches: &[Batch]) -> Result<(), StoreError> {
        // All batches of a group go in as one: atomic together is stronger than atomic each, and sled
        // takes a process-wide lock for each batch.
        let mut group = sled::Batch::default();
        for batch in batches {
            for write in &batch.writes {
                match write {
                    Write::Put(key, value) => {
                        group.insert(prefixed(batch.partition, key), value.as_slice());
                    }
                    Write::Delete(key) => group.remove(prefixed(batch.partition, key)),
                }
            }
        }
        let index = |doing| move |source| StoreError::Index { doing, source };
        self.db.apply_batch(group).map_err(index("apply a batch"))?;
        self.db.flush().map_err(index("flush"))?;
        self.file.sync_data().map_err(|source| StoreError::Io { doing: "sync its file", source })
    }

    fn get(&self, partition: Partition, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let value = self.db.get(prefixed(partition, key));
        let value = value.map_err(|source| StoreError::Index { doing: "read", source })?;
        Ok(value.map(|value| value.to_vec()))
    }

    fn scan(
        &self,
        partition: Partition,
        range: Range<&[u8]>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        if range.start >= range.end {
            return Ok(Vec::new());
        }
        let bounds = prefixed(partition, range.start)..prefixed(partition, range.end);
        let mut rows = self.db.range(bounds);
        let mut found = Vec::new();
        while found.len() < limit {
            let row = match direction {
                Direction::Ascending => rows.next(),
                Direction::Descending => rows.next_back(),
            };
            let Some(row) = row else { break };
            let (key, value) = row.map_err(|source| StoreError::Index { doing: "scan", source })?;
            found.push((key.get(1..).unwrap_or_default().to_vec(), value.to_vec()));
        }
        Ok(found)
    }
}

fn prefixed(partition: Partition, key: &[u8]) -> Vec<u8> {
    let mut full = Vec::with_capacity(1 + key.len());
    full.push(partition.0);
    full.extend_from_slice(key);
    full
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

/// sled may panic inside `open` where its files are damaged; that is an error like any other here.
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
