//! What is done behind the road of an event: writing the index and taking snapshots of it.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::disk::{Inside, Places};
use super::index::SledIndex;
use super::journal::{Journal as _, Position};
use super::overlay::Frozen;
use super::{StoreError, snapshot};
use crate::{fatal, limits};

/// What the threads behind the road have less of a processor, on the scale of nice(1).
const NICE: i32 = 10;
/// How long the index waits before it looks again whether there is space for it.
const SPACE_PAUSE: Duration = Duration::from_millis(500);

/// Moves what is in the overlay to the index, until the overlay is closed and empty.
pub(super) fn write_until_closed(inside: &Arc<Inside>) {
    give_way();
    let options = &inside.options;
    let mut taking: Option<JoinHandle<()>> = None;
    let mut last = newest_snapshot(inside);
    while let Some(frozen) =
        inside.overlay.freeze_when_due(options.index_after_bytes, options.index_after)
    {
        while !inside.space.suffices_for_index() {
            if inside.overlay.is_closing() {
                tracing::warn!("the disk is full, so the index stays behind the journal");
                return;
            }
            thread::sleep(SPACE_PAUSE);
        }
        if let Err(error) = write(inside, &frozen) {
            give_up(&error);
        }
        inside.overlay.drop_frozen();
        let grown = inside.journal.bytes_after(&last);
        let wanted = options.snapshot_after_bytes.max(inside.index().file_bytes() / 2);
        let busy = taking.as_ref().is_some_and(|taking| !taking.is_finished());
        if grown >= wanted && !busy && !inside.overlay.is_closing() {
            last = frozen.position.clone();
            taking = take_snapshot(inside, last.clone());
        }
    }
    if let Some(taking) = taking
        && taking.join().is_err()
    {
        tracing::error!("the thread that takes snapshots panicked");
    }
}

/// Writes frozen rows to the index; where it turns out to be damaged, to one that is built again.
fn write(inside: &Inside, frozen: &Frozen) -> Result<(), StoreError> {
    let index = inside.index();
    let mut left = frozen.rows.len();
    let mut written = |rows: usize| {
        inside.overlay.written(rows, left);
        left = left.saturating_sub(rows);
    };
    match write_to(&index, frozen, &mut written) {
        Err(StoreError::Index { doing, problem }) => {
            inside.heal(&index, doing, &problem)?;
            write_to(&inside.index(), frozen, &mut written)?;
        }
        result => result?,
    }
    // Not synced, and no reason to end: a mark that is too old only sees less.
    if let Err(error) = fs::write(mark(&inside.places), frozen.position.group.to_string()) {
        tracing::warn!(%error, "how far the index is could not be marked");
    }
    Ok(())
}

/// How far the index was said to be, outside of it: sled may open a file that lost its end, and then
/// has an older state.
pub(super) fn marked(places: &Places) -> u64 {
    let mark = fs::read_to_string(mark(places)).unwrap_or_default();
    mark.parse().unwrap_or_default()
}

fn mark(places: &Places) -> PathBuf {
    places.root.join("index.mark")
}

/// Writes frozen rows to an index; `written` hears how many after each batch.
pub(super) fn write_to(
    index: &SledIndex,
    frozen: &Frozen,
    written: &mut dyn FnMut(usize),
) -> Result<(), StoreError> {
    let mut rows = frozen.rows.iter().map(|(key, value)| (&key[..], value.as_deref())).peekable();
    while rows.peek().is_some() {
        index.apply(rows.by_ref().take(limits::INDEX_ROWS_PER_STEP), None)?;
        written(limits::INDEX_ROWS_PER_STEP);
    }
    // The position goes last: until then, the same rows would be replayed, which changes nothing.
    index.apply(std::iter::empty(), Some(&frozen.position))?;
    index.sync()
}

fn newest_snapshot(inside: &Inside) -> Position {
    let newest = snapshot::list(&inside.places.snapshots).unwrap_or_default().into_iter().next();
    newest.and_then(|path| snapshot::position(&path).ok()).unwrap_or_default()
}

fn take_snapshot(inside: &Arc<Inside>, position: Position) -> Option<JoinHandle<()>> {
    let inside = Arc::clone(inside);
    let thread = thread::Builder::new().name("sereno-snapshot".to_owned());
    let spawned = thread.spawn(move || {
        give_way();
        if let Err(error) = snapshot_and_tidy(&inside, &position) {
            tracing::error!(%error, "no snapshot could be taken; the journal is kept for longer");
        }
    });
    spawned.ok()
}

/// Takes a snapshot, keeps the last two and lets go of the journal before the older one.
pub(super) fn snapshot_and_tidy(inside: &Inside, position: &Position) -> Result<(), StoreError> {
    let directory = &inside.places.snapshots;
    snapshot::write(directory, position, |last| {
        if inside.overlay.is_closing() {
            return Err(StoreError::Closing);
        }
        inside.read(|index| index.rows_after(last, limits::SNAPSHOT_BLOCK_ROWS))
    })?;
    let kept = snapshot::list(directory)?;
    for outdated in kept.iter().skip(2) {
        fs::remove_file(outdated)?;
    }
    if let Some(older) = kept.get(1) {
        inside.journal.retain(&snapshot::position(older)?)?;
    }
    Ok(())
}

/// Lets the road of an event go first where both want the processor: what is done here can wait, until
/// the overlay is full.
fn give_way() {
    let this = rustix::thread::gettid();
    if let Err(error) = rustix::process::setpriority_process(Some(this), NICE) {
        tracing::debug!(%error, "this thread keeps its priority");
    }
}

fn give_up(error: &StoreError) -> ! {
    let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let words = format!(
        "the index cannot be written: {error}: {cause}; nothing is lost, it is in the journal: check \
         the disk, then start again"
    );
    fatal::end(fatal::DISK, &words)
}
