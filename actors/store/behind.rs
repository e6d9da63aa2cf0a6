//! What is done behind the road of an event: writing the index and taking snapshots of it.

use std::fs;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::disk::{ID_TABLES, Inside, Places};
use super::index::SledIndex;
use super::index::bunches::stem_in_partition;
use super::journal::{Journal as _, JournalError, Position};
use super::mark::Mark;
use super::overlay::Frozen;
use super::{Direction, Partition, StoreError, in_full, snapshot};
use crate::priority::{give_way, let_others_go_first};
use crate::{fatal, limits};

/// What the threads behind the road have less of a processor, on the scale of nice(1).
const NICE: i32 = 10;
/// How long the index waits before it looks again whether there is space for it.
const SPACE_PAUSE: Duration = Duration::from_millis(500);

/// Moves what is in the overlay to the index, until the overlay is closed and empty.
pub(super) fn write_until_closed(inside: &Arc<Inside>) {
    let _end = fatal::EndOnPanic("the thread that writes the index");
    give_way(NICE);
    let options = &inside.options;
    let mut taking: Option<JoinHandle<()>> = None;
    let mut begun: Option<Instant> = None;
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
        let grown = inside.journal.bytes_after(&inside.snapshot.lock());
        let wanted = options.snapshot_after_bytes.max(inside.index().file_bytes() / 2);
        let busy = taking.as_ref().is_some_and(|taking| !taking.is_finished());
        // One that failed is not tried again at once.
        let rested = begun.is_none_or(|begun| begun.elapsed() >= options.snapshot_pause);
        if grown >= wanted && !busy && rested && !inside.overlay.is_closing() {
            begun = Some(Instant::now());
            taking = take_snapshot(inside, frozen.position.clone());
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
    let journal = inside.journal.head().group;
    Mark { index: frozen.position.group, journal }.write(&inside.places);
    Ok(())
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

/// The position of the newest snapshot, as its header says.
pub(super) fn newest_snapshot(places: &Places) -> Position {
    let newest = snapshot::list(&places.snapshots).unwrap_or_default().into_iter().next();
    newest.and_then(|path| snapshot::position(&path).ok()).unwrap_or_default()
}

/// Reads the journal once from end to end. While the index is whole nobody else does, and damage there
/// would show only when it is too late: where there is any, a snapshot takes the journal's place.
pub(super) fn read_journal_through(inside: &Inside) {
    give_way(NICE);
    let staying = inside.tidying.lock();
    let oldest = snapshot::list(&inside.places.snapshots).unwrap_or_default().pop();
    let from = oldest.and_then(|path| snapshot::position(&path).ok()).unwrap_or_default();
    let read = inside.journal.read_from(&from, &mut |_| match inside.overlay.is_closing() {
        true => Err(JournalError::Refused("the store is closing".to_owned())),
        false => Ok(()),
    });
    drop(staying);
    let error = match read {
        Err(error) if !inside.overlay.is_closing() => error,
        Err(_) | Ok(_) => return,
    };
    tracing::error!(
        error = in_full(&error.into()),
        "the index has all of it, so nothing is lost; a \
        snapshot is taken, so that what is damaged is not needed any more"
    );
    let position = inside.index().position().ok().flatten().unwrap_or_default();
    if let Err(error) = snapshot_and_tidy(inside, &position) {
        report(inside, &error);
    }
}

/// Has the sieves know of all ids of events that the store has.
pub(super) fn note_ids(inside: &Inside) {
    give_way(NICE);
    match note_old_ids(inside) {
        Ok(true) => [&inside.ids, &inside.stems].into_iter().for_each(|sieve| sieve.is_whole_now()),
        Ok(false) => {}
        Err(error) => {
            let error = in_full(&error);
            tracing::warn!(error, "ids of events are looked for in the index, new ones too");
        }
    }
}

/// Notes the ids that were there before; answers whether those were all of them, and not too many.
fn note_old_ids(inside: &Inside) -> Result<bool, StoreError> {
    let mut left = limits::sieve::IDS_MAX;
    let tables = (0..=u8::MAX).flat_map(|place| ID_TABLES.map(|table| (Partition(place), table)));
    for (partition, table) in tables {
        let mut from = vec![table];
        loop {
            let (range, page) = (&from[..]..&[table + 1][..], limits::SCAN_PAGE_ROWS);
            let rows = inside.scan(partition, range, Direction::Ascending, page)?;
            let keys = || rows.iter().map(|(key, _)| &key[..]);
            inside.ids.note(keys().map(|key| (partition, key)));
            let stems = keys().filter_map(|key| key.get(..stem_in_partition(key)?));
            inside.stems.note(stems.map(|stem| (partition, stem)));
            let Some((last, _)) = rows.last() else { break };
            if rows.len() > left || inside.overlay.is_closing() {
                return Ok(false);
            }
            left -= rows.len();
            from = [&last[..], &[0]].concat();
            let_others_go_first();
        }
    }
    Ok(true)
}

fn take_snapshot(inside: &Arc<Inside>, position: Position) -> Option<JoinHandle<()>> {
    let inside = Arc::clone(inside);
    let thread = thread::Builder::new().name("sereno-snapshot".to_owned());
    let spawned = thread.spawn(move || {
        give_way(NICE);
        if let Err(error) = snapshot_and_tidy(&inside, &position) {
            report(&inside, &error);
        }
    });
    spawned.ok()
}

fn report(inside: &Inside, error: &StoreError) {
    if !inside.overlay.is_closing() {
        let error = in_full(error);
        tracing::error!(error, "no snapshot could be taken; the journal is kept for longer");
    }
}

/// Takes a snapshot, keeps the last two and lets go of the journal before the older one.
pub(super) fn snapshot_and_tidy(inside: &Inside, position: &Position) -> Result<(), StoreError> {
    let directory = &inside.places.snapshots;
    let _one = inside.tidying.lock();
    snapshot::write(directory, position, |last| {
        if inside.overlay.is_closing() {
            return Err(StoreError::Closing);
        }
        if !inside.space.suffices_for_new() {
            return Err(StoreError::Full);
        }
        inside.read(|index| index.rows_after(last, limits::SNAPSHOT_BLOCK_ROWS))
    })?;
    let kept = snapshot::list(directory)?;
    for outdated in kept.iter().skip(2) {
        fs::remove_file(outdated)?;
    }
    snapshot::forget_damaged(directory)?;
    *inside.snapshot.lock() = position.clone();
    if let Some(older) = kept.get(1) {
        inside.journal.retain(&snapshot::position(older)?)?;
    }
    Ok(())
}

fn give_up(error: &StoreError) -> ! {
    let words = format!(
        "the index cannot be written: {}; nothing is lost, it is in the journal: check \
         the disk, then start again",
        in_full(error)
    );
    fatal::end(fatal::DISK, &words)
}
