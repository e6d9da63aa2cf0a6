//! A copy of a store, taken from its files while it is in use or not, and put back.
//!
//! A backup is the newest snapshot and the journal after it, which together are all of the store; the
//! index is built from them at the first start. Files that are complete do not change, and the segment
//! that is written to is copied up to its last whole group, so nobody has to wait. A copy counts only
//! after it has been read from its first byte to its last, and a manifest says what belongs to it.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::disk::Places;
use super::journal::reading::{self, Gaps};
use super::journal::{JournalError, Position};
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

/// What a copy consists of; written last, so that a copy without it is not whole.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    version: u32,
    files: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    path: PathBuf,
    bytes: u64,
    crc32: u32,
}

const MANIFEST: &str = "manifest.json";
const VERSION: u32 = 1;

/// Copies the store in `data`, and the files `beside` it that are there, into `target`, which must be
/// empty or not exist.
pub fn backup(data: &Path, beside: &[&str], target: &Path) -> Result<Copied, StoreError> {
    let from = Places::in_directory(data);
    if reading::list(&from.journal).unwrap_or_default().is_empty() {
        return Err(unusable(data, "there is no store with a journal in it"));
    }
    must_be_empty(target)?;
    let mut last = None;
    for _ in 0..TRIES {
        match copy(&from, beside, target).and_then(|()| verify(target)) {
            Ok(copied) => return Ok(copied),
            Err(error) => {
                tracing::debug!(%error, "the store moved on while it was copied; once more");
                last = Some(error);
                clear(target, beside)?;
            }
        }
    }
    Err(last.unwrap_or(StoreError::Closing))
}

/// Copies a backup into `data`, which must be empty or not exist.
pub fn restore(backup: &Path, data: &Path) -> Result<Copied, StoreError> {
    verify(backup)?;
    must_be_empty(data)?;
    for Entry { path, .. } in manifest(backup)?.files {
        copy_file(&backup.join(&path), &data.join(&path))?;
    }
    sync_directories(&Places::in_directory(data))?;
    read_through(data)
}

/// Reads a backup to its end; it must be as it was when it was made.
pub fn verify(backup: &Path) -> Result<Copied, StoreError> {
    for entry in manifest(backup)?.files {
        let path = backup.join(&entry.path);
        let now = self::entry(backup, &entry.path).ok();
        if now.is_none_or(|now| (now.bytes, now.crc32) != (entry.bytes, entry.crc32)) {
            return Err(unusable(&path, "it is not as it was when the backup was made"));
        }
    }
    read_through(backup)
}

fn read_through(copy: &Path) -> Result<Copied, StoreError> {
    let places = Places::in_directory(copy);
    let mut copied = Copied { rows: 0, frames: 0, bytes: 0 };
    let mut from = Position::default();
    if let Some(newest) = snapshot::list(&places.snapshots)?.first() {
        (from, copied.rows) = snapshot::read(newest, |_| Ok(()))?;
    }
    let segments = reading::list(&places.journal)?;
    reading::walk(&segments, None, &from, Gaps::Refuse, &mut |read| {
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

/// The manifest of a backup.
fn manifest(backup: &Path) -> Result<Manifest, StoreError> {
    let none = "it is no backup, or one that did not come to its end: it has no manifest";
    let bytes = fs::read(backup.join(MANIFEST)).map_err(|_| unusable(backup, none))?;
    let manifest: Manifest = serde_json::from_slice(&bytes)
        .map_err(|_| unusable(&backup.join(MANIFEST), "it cannot be read"))?;
    if manifest.version > VERSION {
        return Err(unusable(backup, "it was made by a newer sereno; use that one"));
    }
    Ok(manifest)
}

fn write_manifest(target: &Path, files: &[PathBuf]) -> Result<(), StoreError> {
    let io = |source| StoreError::Io { doing: "write the copy's manifest", source };
    let files: std::io::Result<Vec<Entry>> = files.iter().map(|path| entry(target, path)).collect();
    let manifest = Manifest { version: VERSION, files: files.map_err(io)? };
    let bytes = serde_json::to_vec_pretty(&manifest).map_err(|error| io(error.into()))?;
    let path = target.join(MANIFEST);
    fs::write(&path, bytes).and_then(|()| fs::File::open(&path)?.sync_all()).map_err(io)
}

fn entry(root: &Path, path: &Path) -> std::io::Result<Entry> {
    let mut file = fs::File::open(root.join(path))?;
    let (mut hasher, mut bytes) = (crc32fast::Hasher::new(), 0);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = std::io::Read::read(&mut file, &mut buffer)?;
        let Some(chunk) = buffer.get(..read).filter(|chunk| !chunk.is_empty()) else { break };
        hasher.update(chunk);
        bytes += chunk.len() as u64;
    }
    Ok(Entry { path: path.to_owned(), bytes, crc32: hasher.finalize() })
}

fn copy_file(from: &Path, to: &Path) -> Result<(), StoreError> {
    let io = |source| StoreError::Io { doing: "copy a file", source };
    fs::create_dir_all(to.parent().unwrap_or(to)).map_err(io)?;
    fs::copy(from, to).map_err(io)?;
    fs::File::open(to).and_then(|file| file.sync_all()).map_err(io)
}

fn copy(from: &Places, beside: &[&str], target: &Path) -> Result<(), StoreError> {
    let io = |doing| move |source| StoreError::Io { doing, source };
    let to = Places::in_directory(target);
    fs::create_dir_all(&to.journal).map_err(io("create a directory of the copy"))?;
    fs::create_dir_all(&to.snapshots).map_err(io("create a directory of the copy"))?;
    let mut files = Vec::new();
    let mut position = Position::default();
    // The newest one that is good: a damaged one is no reason to have no backup.
    for path in snapshot::list(&from.snapshots)? {
        let Ok((good_for, _)) = snapshot::read(&path, |_| Ok(())) else { continue };
        let relative = relative(&from.root, &path);
        copy_file(&path, &target.join(&relative))?;
        files.push(relative);
        position = good_for;
        break;
    }
    let segments = reading::list(&from.journal)?;
    let first = segments.partition_point(|(start, _)| start.group <= position.group);
    for (_, path) in segments.iter().skip(first.saturating_sub(1)) {
        let relative = relative(&from.root, path);
        reading::copy(path, &target.join(&relative))?;
        files.push(relative);
    }
    for name in beside {
        if from.root.join(name).exists() {
            copy_file(&from.root.join(name), &target.join(name))?;
            files.push(PathBuf::from(name));
        }
    }
    write_manifest(target, &files)?;
    sync_directories(&to)
}

fn relative(root: &Path, path: &Path) -> PathBuf {
    path.strip_prefix(root).unwrap_or(path).to_owned()
}

fn sync_directories(places: &Places) -> Result<(), StoreError> {
    let io = |source| StoreError::Io { doing: "sync a directory of the copy", source };
    for directory in [&places.journal, &places.snapshots, &places.root] {
        if directory.exists() {
            fs::File::open(directory).and_then(|handle| handle.sync_all()).map_err(io)?;
        }
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

fn clear(target: &Path, beside: &[&str]) -> Result<(), StoreError> {
    let io = |source| StoreError::Io { doing: "clear an unfinished copy", source };
    let places = Places::in_directory(target);
    for directory in [&places.journal, &places.snapshots] {
        if directory.exists() {
            fs::remove_dir_all(directory).map_err(io)?;
        }
    }
    for name in beside.iter().chain([&MANIFEST]) {
        if target.join(name).exists() {
            fs::remove_file(target.join(name)).map_err(io)?;
        }
    }
    Ok(())
}

fn unusable(directory: &Path, problem: &str) -> StoreError {
    StoreError::Unusable { directory: directory.to_owned(), problem: problem.to_owned() }
}
