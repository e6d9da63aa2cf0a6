//! Segments made ready beforehand, so that the road of an event never waits for a file to grow.
//!
//! Appending to a file makes the file system write its own journal at each sync; overwriting blocks
//! that exist does not, and takes half the time. So a segment is written full of zeros and synced before
//! it is used, by a thread of its own, and segments that are no longer needed are used again.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use parking_lot::{Condvar, Mutex};

use super::JournalError;
use crate::limits;

/// The segments that are ready.
pub(super) struct Spares {
    shared: Arc<Shared>,
    maker: Option<JoinHandle<()>>,
}

struct Shared {
    directory: PathBuf,
    segment_bytes: u64,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    ready: Vec<PathBuf>,
    made: u64,
    /// Why the last attempt failed; no other is made before somebody has asked again.
    failed: Option<JournalError>,
    closed: bool,
}

const PREFIX: &str = "spare-";

impl Spares {
    /// Takes over what lies ready in a directory, and keeps one more ready from now on.
    pub(super) fn open(directory: &Path, segment_bytes: u64) -> io::Result<Self> {
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            if name.is_some_and(|name| name.starts_with(PREFIX)) {
                // Whether it was filled to its end is not known.
                fs::remove_file(path)?;
            }
        }
        let state = State { ready: Vec::new(), made: 0, failed: None, closed: false };
        let shared = Arc::new(Shared {
            directory: directory.to_owned(),
            segment_bytes,
            state: Mutex::new(state),
            changed: Condvar::new(),
        });
        let its_own = Arc::clone(&shared);
        let maker = thread::Builder::new().name("sereno-segments".to_owned());
        let maker = maker.spawn(move || its_own.make_until_closed())?;
        Ok(Self { shared, maker: Some(maker) })
    }

    /// A segment of at least so many bytes, all of them on disk; waits until one is ready.
    pub(super) fn take(&self, bytes: u64) -> Result<PathBuf, JournalError> {
        if bytes > self.shared.segment_bytes {
            let name = self.shared.new_name();
            return self.shared.make(&name, bytes).map(|()| name);
        }
        let mut state = self.shared.state.lock();
        state.failed = None;
        loop {
            if let Some(ready) = state.ready.pop() {
                self.shared.changed.notify_all();
                return Ok(ready);
            }
            if let Some(error) = state.failed.take() {
                return Err(error);
            }
            self.shared.changed.notify_all();
            self.shared.changed.wait(&mut state);
        }
    }

    /// Keeps a segment that is no longer needed for later use, or removes it where enough are kept.
    pub(super) fn recycle(&self, segment: &Path) -> io::Result<()> {
        let fits = fs::metadata(segment)?.len() == self.shared.segment_bytes;
        let name = self.shared.new_name();
        let mut state = self.shared.state.lock();
        if !fits || state.ready.len() >= limits::SPARE_SEGMENTS_MAX {
            return fs::remove_file(segment);
        }
        fs::rename(segment, &name)?;
        state.ready.push(name);
        Ok(())
    }
}

impl Drop for Spares {
    fn drop(&mut self) {
        self.shared.state.lock().closed = true;
        self.shared.changed.notify_all();
        if let Some(maker) = self.maker.take()
            && maker.join().is_err()
        {
            tracing::error!("the thread that makes segments panicked");
        }
    }
}

impl Shared {
    fn make_until_closed(&self) {
        loop {
            {
                let mut state = self.state.lock();
                while !state.closed && (state.failed.is_some() || !state.ready.is_empty()) {
                    self.changed.wait(&mut state);
                }
                if state.closed {
                    return;
                }
            }
            let name = self.new_name();
            let made = self.make(&name, self.segment_bytes);
            let mut state = self.state.lock();
            match made {
                Ok(()) => state.ready.push(name),
                Err(error) => {
                    tracing::warn!(%error, "no segment could be made ready");
                    state.failed = Some(error);
                }
            }
            self.changed.notify_all();
        }
    }

    fn new_name(&self) -> PathBuf {
        let mut state = self.state.lock();
        state.made += 1;
        self.directory.join(format!("{PREFIX}{}", state.made))
    }

    /// Writes a file full of zeros; removes it again where the space does not suffice.
    fn make(&self, path: &Path, bytes: u64) -> Result<(), JournalError> {
        let fill = || -> io::Result<()> {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
            let zeros = vec![0; 1 << 20];
            let mut left = bytes;
            while left > 0 {
                let piece = usize::try_from(left).unwrap_or(usize::MAX).min(zeros.len());
                file.write_all(zeros.get(..piece).unwrap_or_default())?;
                left -= piece as u64;
            }
            file.sync_all()
        };
        let Err(source) = fill() else { return Ok(()) };
        // It is of no use; where even that fails, the next start removes it.
        fs::remove_file(path).ok();
        if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            return Err(JournalError::Full { directory: self.directory.clone() });
        }
        Err(JournalError::Io { doing: "fill", path: path.to_owned(), source })
    }
}

/// Makes the names in a directory durable.
pub(super) fn sync_directory(directory: &Path) -> Result<(), JournalError> {
    let io = |source| JournalError::Io { doing: "sync", path: directory.to_owned(), source };
    File::open(directory).and_then(|handle| handle.sync_all()).map_err(io)
}
