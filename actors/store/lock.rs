//! A store belongs to one process at a time.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::StoreError;

/// How long a start waits for a server that is just stopping.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// Takes the directory for this process; waits a moment for one that is just stopping.
pub(super) fn lock(directory: &Path) -> Result<File, StoreError> {
    let io = |source| StoreError::Io { doing: "lock its directory", source };
    let file = File::create(directory.join("lock")).map_err(io)?;
    let tries = 40;
    for _ in 0..tries {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_PATIENCE / tries),
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
    }
    Err(in_use(directory))
}

/// Takes the directory if nobody has it.
pub(super) fn lock_now(directory: &Path) -> Option<File> {
    let file = File::create(directory.join("lock")).ok()?;
    file.try_lock().is_ok().then_some(file)
}

/// Another process has it.
pub(super) fn in_use(directory: &Path) -> StoreError {
    StoreError::Open {
        directory: directory.display().to_string(),
        problem: "another sereno is using it; stop that one first".to_owned(),
    }
}
