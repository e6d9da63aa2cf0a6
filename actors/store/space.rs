//! How much space the disk has left, looked at no more often than needed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::limits;

/// The free space of one file system.
pub(super) struct Space {
    directory: PathBuf,
    last: Mutex<Option<(Instant, u64)>>,
}

/// A look this old is good enough: nobody fills the reserve in that time.
const FRESH: Duration = Duration::from_millis(250);

impl Space {
    pub(super) fn of(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), last: Mutex::new(None) }
    }

    /// Whether there is space for new work: more than the reserve that is kept for what is accepted.
    pub(super) fn suffices_for_new(&self) -> bool {
        self.free_bytes() >= limits::DISK_RESERVE_BYTES
    }

    /// Whether the index may be written to: it must not be the one that hits the end of the disk.
    pub(super) fn suffices_for_index(&self) -> bool {
        self.free_bytes() >= limits::DISK_RESERVE_BYTES / 2
    }

    /// Whether there is enough to put things in order at the start.
    pub(super) fn suffices_to_start(&self) -> bool {
        self.free_bytes() >= limits::DISK_START_BYTES_MIN
    }

    /// Free bytes; where they cannot be told, as many as one likes, since writes will tell.
    pub(super) fn free_bytes(&self) -> u64 {
        let mut last = self.last.lock();
        if let Some((at, free)) = *last
            && at.elapsed() < FRESH
        {
            return free;
        }
        let free = match rustix::fs::statvfs(&self.directory) {
            Ok(found) => found.f_bavail.saturating_mul(found.f_frsize),
            Err(error) => {
                tracing::warn!(%error, "the free space of the disk cannot be told");
                u64::MAX
            }
        };
        *last = Some((Instant::now(), free));
        free
    }
}

/// Bytes of the files in a directory and below; what goes meanwhile counts for nothing.
pub(super) fn bytes_in(directory: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(directory) else { return 0 };
    let bytes = |entry: fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => bytes_in(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    };
    entries.flatten().map(bytes).sum()
}
