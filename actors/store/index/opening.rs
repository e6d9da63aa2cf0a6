//! Opening sled: with patience for a lock, and with distrust of its files.

use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::store::StoreError;

/// Why an index does not open.
#[derive(Debug)]
pub(in crate::store) enum Unopened {
    /// Another process has it.
    Locked,
    /// It is damaged.
    Damaged(String),
    /// The file system refused.
    Store(StoreError),
}

const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// Opens or creates the tree in `directory`.
///
/// A crash inside `open` leaves a half-written snapshot that a later `open` refuses, so those are removed
/// first; where it still fails, all of sled's snapshots are set aside and it reads its log alone.
pub(super) fn open(directory: &Path, cache_bytes: u64) -> Result<sled::Db, Unopened> {
    let io = |doing| move |source| Unopened::Store(StoreError::Io { doing, source });
    fs::create_dir_all(directory).map_err(io("create the index's directory"))?;
    for snapshot in snapshots(directory).filter(|path| is_unfinished(path)) {
        fs::remove_file(&snapshot).map_err(io("remove an unfinished snapshot"))?;
    }
    open_unlocked(directory, cache_bytes).or_else(|first| {
        if is_locked(&first) {
            return Err(Unopened::Locked);
        }
        tracing::warn!(problem = first, "the index does not open; trying its log alone");
        for snapshot in snapshots(directory) {
            fs::rename(&snapshot, aside(&snapshot)).map_err(io("set a snapshot aside"))?;
        }
        open_guarded(directory, cache_bytes).map_err(Unopened::Damaged)
    })
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
