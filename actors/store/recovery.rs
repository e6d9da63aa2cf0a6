//! Putting a store in order at its start: which index to trust, and what to replay into it.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::disk::{DiskOptions, Places};
use super::index::{SledIndex, Unopened};
use super::journal::file::FileJournal;
use super::journal::{Journal as _, JournalError, Position};
use super::lock::in_use;
use super::mark::{self, Mark};
use super::overlay::Overlay;
use super::{Batch, StoreError, behind, frame, in_full, snapshot};
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
    let mark = Mark::read(places);
    if places.index.is_file() {
        set_aside(&places.index)?;
    }
    let problem = match SledIndex::open(&places.index, options.cache_bytes) {
        Ok(index) => match index.position() {
            Ok(Some(position)) if position.group < mark.index => {
                "it has lost what it had".to_owned()
            }
            Ok(Some(position)) => {
                must_reach(&mark, position.group.max(journal.head().group), options, places)?;
                if position.group > journal.head().group {
                    go_on_after(places, journal, &index, &position)?;
                }
                forget_aside(&places.index);
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
    must_reach(&mark, journal.head().group, options, places)?;
    tracing::warn!(problem, "the index is damaged or gone; it is built again");
    let index = rebuild(places, options, journal)?;
    let position = index.position()?.unwrap_or_default();
    if position.group > journal.head().group {
        // Only where less than all was to be saved.
        journal.skip_to(&position)?;
    }
    Ok((index, position))
}

/// Index and journal together must come as far as they were said to be.
fn must_reach(
    mark: &Mark,
    reached: u64,
    options: &DiskOptions,
    places: &Places,
) -> Result<(), StoreError> {
    let (first, last) = (reached + 1, mark.index.max(mark.journal));
    if last < first {
        return Ok(());
    }
    if options.salvage {
        tracing::error!(first, last, "groups at the end of the journal are lost");
        return Ok(());
    }
    Err(StoreError::Open {
        directory: places.root.display().to_string(),
        problem: format!(
            "{}, says {}: restore a backup. To go on without what is missing, or if you put older \
             files here yourself, start with --salvage",
            StoreError::Missing { first, last },
            mark::path(places).display()
        ),
    })
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
    let salvage = options.salvage;
    let mut sources: Vec<_> = snapshot::list(&places.snapshots)?.into_iter().map(Some).collect();
    // Without any snapshot, or with none that is good, the journal may still have all of it.
    sources.push(None);
    for source in sources {
        set_aside(&places.index)?;
        let mark = Mark::read(places);
        let must_reach = (!salvage).then(|| mark.index.max(mark.journal));
        let opened = SledIndex::open(&places.index, options.cache_bytes);
        let index = opened.map_err(|problem| StoreError::Open {
            directory: places.index.display().to_string(),
            problem: format!("{problem:?}"),
        })?;
        match build(&index, source.as_deref(), journal, must_reach) {
            Ok(rows) => {
                let whole =
                    if salvage { "as far as it could be read" } else { "nothing is missing" };
                tracing::warn!(rows, "the index is built again; {whole}");
                if let Some(position) =
                    index.position()?.filter(|_| salvage || !problems.is_empty())
                {
                    // There are to be two good ones again.
                    first_snapshot(places, &index, &position)?;
                }
                return Ok(index);
            }
            Err(error @ (StoreError::Unusable { .. } | StoreError::Io { .. })) => {
                drop(index);
                put_back(&places.index);
                return Err(error);
            }
            Err(error) => {
                let words = in_full(&error);
                tracing::error!(error = words, "the index cannot be built from here");
                if let StoreError::Snapshot { path, .. } = &error {
                    let io = |source| StoreError::Io { doing: "set a snapshot aside", source };
                    snapshot::set_aside(path).map_err(io)?;
                }
                problems.push(words);
            }
        }
    }
    put_back(&places.index);
    Err(StoreError::Open {
        directory: places.root.display().to_string(),
        problem: format!(
            "the index is damaged and cannot be built again: {}; restore a backup with `sereno \
             restore`, or start with --salvage to go on with what can be read",
            problems.join("; ")
        ),
    })
}

fn build(
    index: &SledIndex,
    source: Option<&Path>,
    journal: &FileJournal,
    must_reach: Option<u64>,
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
    let head = journal.head().group;
    if head < from.group && must_reach.is_some() {
        let problem = format!(
            "it ends at group {head}, but a snapshot is of group {}, so what came after that is \
             missing: put the journal back, or restore a backup. To go on without what is missing, \
             start with --salvage",
            from.group
        );
        return Err(StoreError::Unusable { directory: journal.directory().to_owned(), problem });
    }
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
    if let Some(last) = must_reach.filter(|last| end.group < *last) {
        // A damaged last group looks like a torn one; but the mark says that it was whole.
        let first = end.group + 1;
        return Err(StoreError::Missing { first, last });
    }
    index.apply(std::iter::empty(), Some(&end))?;
    index.sync()?;
    Ok(progress.done)
}

fn write_out(index: &SledIndex, gathered: &Overlay) -> Result<(), StoreError> {
    let Some(frozen) = gathered.freeze() else { return Ok(()) };
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

/// Sets the damaged index aside, until another has taken its place. What is there beside one that was
/// set aside before is an attempt at another that did not come to its end.
fn set_aside(index: &Path) -> Result<(), StoreError> {
    let io = |source| StoreError::Io { doing: "set the damaged index aside", source };
    let aside = index.with_extension("damaged");
    match (index.exists(), aside.exists()) {
        (false, _) => Ok(()),
        (true, false) => fs::rename(index, &aside).map_err(io),
        (true, true) => remove(index).map_err(io),
    }
}

/// The index cannot be built again, so what is left of it stays where it was.
fn put_back(index: &Path) {
    let aside = index.with_extension("damaged");
    if aside.exists()
        && let Err(error) = remove(index).and_then(|()| fs::rename(&aside, index))
    {
        tracing::error!(%error, path = %aside.display(), "the damaged index stays set aside");
    }
}

/// There is a good index, so nobody needs the one that was set aside.
fn forget_aside(index: &Path) {
    let aside = index.with_extension("damaged");
    if aside.exists()
        && let Err(error) = remove(&aside)
    {
        tracing::warn!(%error, path = %aside.display(), "the damaged index could not be removed");
    }
}

fn remove(path: &Path) -> std::io::Result<()> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
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
