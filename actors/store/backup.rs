//! A copy of a store, taken from its files while it is in use or not, and put back.
//!
//! A backup is the newest snapshot and the journal after it, which together are all of the store; the
//! index is built from them at the first start. Files that are complete do not change, and the segment
//! that is written to is copied up to its last whole group, so nobody has to wait. A copy counts only
//! after it has been read from its first byte to its last.

use std::fs;
use std::path::Path;

use super::disk::Places;
use super::journal::{JournalError, Position, reading};
use super::{StoreError, frame, snapshot};

/// What a copy holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// Rows of its snapshot.
    pub rows: u64,
    /// Frames of its journal after the snapshot.
    pub frames: u64,
    /// Bytes of all files.
    pub bytes: u64,
}

/// How often a copy is begun anew because the store has moved on and let go of a file in the middle.
const TRIES: usize = 5;

/// Copies the store in `data` into `target`, which must be empty or not exist.
pub fn backup(data: &Path, target: &Path) -> Result<Copied, StoreError> {
    let from = Places::in_directory(data);
    if reading::list(&from.journal).unwrap_or_default().is_empty() {
        return Err(unusable(data, "there is no store with a journal in it"));
    }
    must_be_empty(target)?;
    let mut last = None;
    for _ in 0..TRIES {
        match copy(&from, target).and_then(|()| verify(target)) {
            Ok(copied) => return Ok(copied),
            Err(error) => {
                tracing::debug!(%error, "the store moved on while it was copied; once more");
                last = Some(error);
                clear(target)?;
            }
        }
    }
    Err(last.unwrap_or(StoreError::Closing))
}

/// Copies a backup into `data`, which must be empty or not exist.
pub fn restore(backup: &Path, data: &Path) -> Result<Copied, StoreError> {
    verify(backup)?;
    must_be_empty(data)?;
    copy(&Places::in_directory(backup), data)?;
    verify(data)
}

/// Reads a backup to its end.
pub fn verify(backup: &Path) -> Result<Copied, StoreError> {
    let places = Places::in_directory(backup);
    let segments = reading::list(&places.journal)?;
    if segments.is_empty() {
        return Err(unusable(backup, "it is no backup: it has no journal"));
    }
    let mut copied = Copied { rows: 0, frames: 0, bytes: 0 };
    let mut from = Position::default();
    if let Some(newest) = snapshot::list(&places.snapshots)?.first() {
        (from, copied.rows) = snapshot::read(newest, |_| Ok(()))?;
    }
    reading::walk(&segments, None, &from, &mut |read| {
        copied.frames += 1;
        let whole = frame::read(read.partition, read.bytes).is_some();
        let broken = || JournalError::Refused("a frame that is no batch".to_owned());
        if whole { Ok(()) } else { Err(broken()) }
    })?;
    for directory in [&places.journal, &places.snapshots] {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            copied.bytes += entry.metadata().map_or(0, |data| data.len());
        }
    }
    Ok(copied)
}

fn copy(from: &Places, target: &Path) -> Result<(), StoreError> {
    let io = |doing| move |source| StoreError::Io { doing, source };
    let to = Places::in_directory(target);
    fs::create_dir_all(&to.journal).map_err(io("create a directory of the copy"))?;
    fs::create_dir_all(&to.snapshots).map_err(io("create a directory of the copy"))?;
    let mut position = Position::default();
    // The newest one that is good: a damaged one is no reason to have no backup.
    for path in snapshot::list(&from.snapshots)? {
        let Ok((good_for, _)) = snapshot::read(&path, |_| Ok(())) else { continue };
        let name = path.file_name().unwrap_or_default();
        let copied = to.snapshots.join(name);
        fs::copy(&path, &copied).map_err(io("copy a snapshot"))?;
        let synced = fs::File::open(&copied).and_then(|file| file.sync_all());
        synced.map_err(io("sync a snapshot's copy"))?;
        position = good_for;
        break;
    }
    let segments = reading::list(&from.journal)?;
    let first = segments.partition_point(|(start, _)| start.group <= position.group);
    for (_, path) in segments.iter().skip(first.saturating_sub(1)) {
        reading::copy(path, &to.journal.join(path.file_name().unwrap_or_default()))?;
    }
    for directory in [&to.journal, &to.snapshots, &to.root] {
        let synced = fs::File::open(directory).and_then(|handle| handle.sync_all());
        synced.map_err(io("sync a directory of the copy"))?;
    }
    Ok(())
}

fn must_be_empty(directory: &Path) -> Result<(), StoreError> {
    match fs::read_dir(directory) {
        Ok(entries) => match entries.count() {
            0 => Ok(()),
            _ => Err(unusable(directory, "it is not empty; name one that is, or a new one")),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(StoreError::Io { doing: "look into the directory", source }),
    }
}

fn clear(target: &Path) -> Result<(), StoreError> {
    let io = |source| StoreError::Io { doing: "clear an unfinished copy", source };
    let places = Places::in_directory(target);
    fs::remove_dir_all(places.journal).map_err(io)?;
    fs::remove_dir_all(places.snapshots).map_err(io)
}

fn unusable(directory: &Path, problem: &str) -> StoreError {
    StoreError::Unusable { directory: directory.to_owned(), problem: problem.to_owned() }
}
