//! Putting a store in order at its start: which index to trust, and what to replay into it.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::disk::{DiskOptions, Places, in_use};
use super::index::{SledIndex, Unopened};
use super::journal::file::FileJournal;
use super::journal::{Journal as _, JournalError, Position};
use super::overlay::Overlay;
use super::{Batch, StoreError, behind, frame, snapshot};
use crate::limits;

/// How often long work says how far it is.
const PROGRESS: Duration = Duration::from_secs(1);

/// Opens the index, or builds it again where it is damaged; answers it with its position.
pub(super) fn open_index(
    places: &Places,
    options: &DiskOptions,
    journal: &FileJournal,
) -> Result<(SledIndex, Position), StoreError> {
    let fresh = journal.is_new() && snapshot::list(&places.snapshots)?.is_empty();
    let problem = match SledIndex::open(&places.index, options.cache_bytes) {
        Ok(index) => match index.position() {
            Ok(Some(position)) if position.group < behind::marked(places) => {
                "it has lost what it had".to_owned()
            }
            Ok(Some(position)) => {
                if position.group > journal.head().group {
                    go_on_after(places, journal, &index, &position)?;
                }
                return Ok((index, position));
            }
            Ok(None) if fresh && index.raw_after(&[], 1)?.is_empty() => {
                let position = Position::default();
                index.apply(std::iter::empty(), Some(&position))?;
                index.sync()?;
                return Ok((index, position));
            }
            Ok(None) if fresh => {
                tracing::warn!(
                    "this directory is from before there was a journal; it is taken over"
                );
                let page = |last: &[u8]| index.raw_after(last, limits::SNAPSHOT_BLOCK_ROWS);
                snapshot::write(&places.snapshots, &Position::default(), page)?;
                drop(index);
                let index = rebuild(places, options, journal)?;
                let position = index.position()?.unwrap_or_default();
                return Ok((index, position));
            }
            Ok(None) => "it is empty or too old".to_owned(),
            Err(error) => error.to_string(),
        },
        Err(Unopened::Locked) => return Err(in_use(&places.root)),
        Err(Unopened::Store(error)) => return Err(error),
        Err(Unopened::Damaged(problem)) => problem,
    };
    if fresh {
        return Err(StoreError::Open {
            directory: places.index.display().to_string(),
            problem: format!(
                "{problem}; there is neither a journal nor a snapshot to build it from: restore a \
                 backup"
            ),
        });
    }
    tracing::warn!(problem, "the index is damaged or gone; it is built again");
    let index = rebuild(places, options, journal)?;
    let position = index.position()?.unwrap_or_default();
    Ok((index, position))
}

/// Applies to the overlay what the journal has after a position.
pub(super) fn replay(
    journal: &FileJournal,
    from: &Position,
    overlay: &Overlay,
) -> Result<(), StoreError> {
    let mut progress = Progress::new("replaying the journal");
    let mut position = from.clone();
    journal.read_from(from, &mut |read| {
        let batch = batch_of(&read)?;
        position.advance(read.partition, read.seq);
        progress.count(batch.writes.len());
        overlay.apply(vec![batch], position.clone(), usize::MAX);
        Ok(())
    })?;
    overlay.came_to(journal.head());
    Ok(())
}

/// Sets the index aside and builds another from the newest good snapshot and the journal after it.
pub(super) fn rebuild(
    places: &Places,
    options: &DiskOptions,
    journal: &FileJournal,
) -> Result<SledIndex, StoreError> {
    let mut problems = Vec::new();
    let mut sources: Vec<_> = snapshot::list(&places.snapshots)?.into_iter().map(Some).collect();
    // Without any snapshot, or with none that is good, the journal may still have all of it.
    sources.push(None);
    for source in sources {
        set_aside(&places.index)?;
        let opened = SledIndex::open(&places.index, options.cache_bytes);
        let index = opened.map_err(|problem| StoreError::Open {
            directory: places.index.display().to_string(),
            problem: format!("{problem:?}"),
        })?;
        match build(&index, source.as_deref(), journal, behind::marked(places)) {
            Ok(rows) => {
                tracing::warn!(rows, "the index is built again; nothing is missing");
                if let Some(position) = index.position()?.filter(|_| !problems.is_empty()) {
                    // There are to be two good ones again.
                    first_snapshot(places, &index, &position)?;
                }
                return Ok(index);
            }
            Err(error) => {
                tracing::error!(%error, "the index cannot be built from here; trying what is older");
                if let StoreError::Snapshot { path, .. } = &error {
                    let io = |source| StoreError::Io { doing: "set a snapshot aside", source };
                    fs::rename(path, path.with_extension("damaged")).map_err(io)?;
                }
                problems.push(error.to_string());
            }
        }
    }
    Err(StoreError::Open {
        directory: places.root.display().to_string(),
        problem: format!(
            "the index is damaged and cannot be built again: {}; restore a backup with `sereno \
             restore`",
            problems.join("; ")
        ),
    })
}

fn build(
    index: &SledIndex,
    source: Option<&Path>,
    journal: &FileJournal,
    marked: u64,
) -> Result<u64, StoreError> {
    let mut progress = Progress::new("building the index");
    let from = match source {
        Some(path) => {
            tracing::info!(path = %path.display(), "reading a snapshot");
            let read = snapshot::read(path, |rows| {
                progress.count(rows.len());
                let rows = rows.iter().map(|(key, value)| (&key[..], Some(&value[..])));
                index.apply(rows, None)
            });
            read?.0
        }
        None => Position::default(),
    };
    // What dies young is not written here either.
    let gathered = Overlay::new(from.clone());
    let mut position = from.clone();
    let mut failed = None;
    let end = journal.read_from(&from, &mut |read| {
        let batch = batch_of(&read)?;
        progress.count(batch.writes.len());
        position.advance(read.partition, read.seq);
        gathered.apply(vec![batch], position.clone(), usize::MAX);
        if gathered.bytes() < limits::INDEX_AFTER_BYTES {
            return Ok(());
        }
        write_out(index, &gathered).map_err(|error| {
            let words = error.to_string();
            failed = Some(error);
            JournalError::Refused(words)
        })
    });
    if let Some(error) = failed {
        return Err(error);
    }
    write_out(index, &gathered)?;
    let end = end?;
    if end.group < marked {
        // A damaged last group looks like a torn one; but the index that is gone had it.
        let (first, last) = (end.group + 1, marked);
        return Err(StoreError::Missing { first, last });
    }
    index.apply(std::iter::empty(), Some(&end))?;
    index.sync()?;
    Ok(progress.done)
}

fn write_out(index: &SledIndex, gathered: &Overlay) -> Result<(), StoreError> {
    let Some(frozen) = gathered.freeze_when_due(0, Duration::ZERO) else { return Ok(()) };
    behind::write_to(index, &frozen, &mut |_| {})?;
    gathered.drop_frozen();
    Ok(())
}

fn batch_of(read: &super::journal::Frame<'_>) -> Result<Batch, JournalError> {
    let unreadable = || JournalError::Refused("a frame that is no batch".to_owned());
    frame::read(read.partition, read.bytes).ok_or_else(unreadable)
}

/// The index is ahead: the end of the journal was damaged after it had been read. The index has what is
/// missing, so work goes on after it, once a snapshot has it too.
fn go_on_after(
    places: &Places,
    journal: &FileJournal,
    index: &SledIndex,
    position: &Position,
) -> Result<(), StoreError> {
    tracing::error!(
        journal = journal.head().group,
        index = position.group,
        "the end of the journal is damaged; the index has what is missing, so nothing is lost"
    );
    first_snapshot(places, index, position)?;
    Ok(journal.skip_to(position)?)
}

fn first_snapshot(
    places: &Places,
    index: &SledIndex,
    position: &Position,
) -> Result<(), StoreError> {
    if index.rows_after(&[], 1)?.is_empty() {
        return Ok(());
    }
    let page = |last: &[u8]| index.rows_after(last, limits::SNAPSHOT_BLOCK_ROWS);
    snapshot::write(&places.snapshots, position, page).map(drop)
}

/// Keeps what is there for a person to look at; only the latest.
fn set_aside(index: &Path) -> Result<(), StoreError> {
    let io = |source| StoreError::Io { doing: "set the damaged index aside", source };
    let aside = index.with_extension("damaged");
    if !index.exists() {
        return Ok(());
    }
    if aside.exists() {
        fs::remove_dir_all(&aside).map_err(io)?;
    }
    fs::rename(index, &aside).map_err(io)
}

/// Says every second how far long work is.
struct Progress {
    what: &'static str,
    done: u64,
    told: Instant,
}

impl Progress {
    fn new(what: &'static str) -> Self {
        Self { what, done: 0, told: Instant::now() }
    }

    fn count(&mut self, rows: usize) {
        self.done += rows as u64;
        if self.told.elapsed() >= PROGRESS {
            tracing::warn!(rows = self.done, "{}", self.what);
            self.told = Instant::now();
        }
    }
}
