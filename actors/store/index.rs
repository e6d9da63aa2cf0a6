//! The index: one sled tree, written by one thread, behind the journal.
//!
//! sled 0.34.7 is an ordered index and is used as one. Its `flush()` leaves the file's size and extents
//! and the drive's cache behind, so each write also syncs the file itself; without that a power cut
//! empties the tree. `flush_async` can wait for itself and is never called. sled may panic on damaged
//! files: that is an error like any other here.
//!
//! Small rows of some tables stand together in [`pages`] or [`bunches`]; outside of this module nobody sees that.
//!
//! Reads wait for no write. Where a page's rows move to further ones, these are written from the last to the
//! first, so that at each moment every row is in one page or in both. A read upwards sees it in one of them; one
//! row that is looked for is found, or it is looked for again; only a read downwards could come past both, and
//! holds the writer off. A writer that gives way in everything must not be waited for: it may have to wait for
//! the very reader's processor.
//!
//! The tree says itself how far the journal is in it, after the rows. Values beyond
//! [`VALUE_BYTES_MAX`] go on in further rows, since sled keeps large ones in files that nobody syncs.
//! Keys are a partition and what the store was given, which never begins with 0: `partition 0` alone is
//! the position, and `partition, 0, key, piece` are the further pieces of a long value.

pub(super) mod bunches;
mod opening;
mod pages;
mod writing;

use std::collections::HashMap;
use std::fs::File;
use std::ops::Range;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::sync::{Arc, OnceLock};

use parking_lot::RwLock;

pub(super) use self::opening::Unopened;
use self::pages::Seen;
use super::journal::Position;
use super::sieve::Sieve;
use super::{Direction, Row, StoreError};
use crate::limits::VALUE_BYTES_MAX;

/// A sled tree with a second handle on its file.
pub(super) struct SledIndex {
    db: sled::Db,
    file: File,
    /// Keys whose value goes on in further rows, and in how many.
    long: RwLock<HashMap<Vec<u8>, u16>>,
    /// Held while rows move from a page to others, and by whoever could miss them then.
    paging: RwLock<()>,
    /// Counts when rows begin to move and when they have, for each table of pages.
    moves: [AtomicU64; pages::TABLES.len()],
    /// Which of this process's trees it is.
    number: u64,
    /// The stems of all bunches, where they are known.
    stems: OnceLock<Arc<Sieve>>,
}

/// A page as it stands in sled.
type Page = (sled::IVec, sled::IVec);

/// What becomes of a page whose value goes on in further rows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pieces {
    /// It is read, while nothing moves.
    Read,
    /// It may change between one and the next, so it is left.
    Refused,
}

/// How many were opened.
static TREES: AtomicU64 = AtomicU64::new(0);

const POSITION_KEY: &[u8] = &[0];
/// Before the position, so that another layout of the tree can be told apart; 4 had no letters
/// in pages.
const LAYOUT: u8 = 5;

impl SledIndex {
    /// Opens or creates the tree in `directory`, which must not be open elsewhere.
    ///
    /// `cache_bytes` is what sled aims at for its page cache; it may use twice as much.
    pub(super) fn open(directory: &Path, cache_bytes: u64) -> Result<Self, Unopened> {
        let db = opening::open(directory, cache_bytes)?;
        let io = |doing| move |source| Unopened::Store(StoreError::Io { doing, source });
        let file = File::open(directory.join("db")).map_err(io("open the index's file"))?;
        let (long, paging, moves, stems) = <_>::default();
        let number = TREES.fetch_add(1, Ordering::Relaxed);
        let index = Self { db, file, long, paging, moves, number, stems };
        let ready = index.sync().and_then(|()| index.find_long());
        ready.map_err(|error| match error {
            StoreError::Index { problem, .. } => Unopened::Damaged(problem),
            error => Unopened::Store(error),
        })?;
        for path in [directory, directory.parent().unwrap_or(directory)] {
            let handle = File::open(path).map_err(io("open its directory"))?;
            handle.sync_all().map_err(io("sync its directory"))?;
        }
        Ok(index)
    }

    /// From now on it notes the stems of bunches there, and looks for none that is surely not there.
    pub(super) fn note_stems(&self, stems: &Arc<Sieve>) {
        // They are set once.
        self.stems.set(Arc::clone(stems)).ok();
    }

    /// How far the journal is in it; `None` if nobody ever said, or in an older layout.
    pub(super) fn position(&self) -> Result<Option<Position>, StoreError> {
        let Some(bytes) = guarded("read", || self.db.get(POSITION_KEY))? else { return Ok(None) };
        let position = match bytes.split_first() {
            Some((&LAYOUT, position)) => Position::from_bytes(position),
            Some((layout, _)) if *layout < LAYOUT => return Ok(None),
            _ => None,
        };
        let unreadable = || "its position is not readable".to_owned();
        position.map(Some).ok_or_else(|| StoreError::Index { doing: "read", problem: unreadable() })
    }

    /// The page that a row of a table is in, or would be: its key and its value, which may go on in pieces.
    fn page_of(&self, key: &[u8], length: usize) -> Result<Option<Page>, StoreError> {
        let table = key.get(..length).unwrap_or_default();
        guarded("read", || self.db.range(table..=key).next_back().transpose())
    }

    /// The key of the next page of the table.
    fn page_after(&self, key: &[u8], length: usize) -> Result<Option<Vec<u8>>, StoreError> {
        let from = [key, &[0]].concat();
        let found = guarded("read", || self.db.range(from..).next().transpose())?;
        let table = key.get(..length).unwrap_or_default();
        Ok(found.map(|(key, _)| key.to_vec()).filter(|key| key.starts_with(table)))
    }

    /// Makes everything that was applied survive a power cut.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        guarded("flush", || self.db.flush())?;
        let synced = self.file.sync_data();
        synced.map_err(|source| StoreError::Io { doing: "sync the index's file", source })
    }

    /// Bytes of its file.
    pub(super) fn file_bytes(&self) -> u64 {
        self.file.metadata().map_or(0, |data| data.len())
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(length) = bunches::stem(key) {
            let (stem, last) = key.split_at(length);
            let Some(bunch) = self.bunch(stem)? else { return Ok(None) };
            return bunches::find(&bunch, last).ok_or_else(unreadable_page);
        }
        let Some(length) = pages::prefix(key) else {
            let Some(value) = guarded("read", || self.db.get(key))? else { return Ok(None) };
            return self.whole(key, value.to_vec()).map(Some);
        };
        let (prefix, rest) = key.split_at(length);
        let moves = self.moves(key);
        let seen = Seen { tree: self.number, moves: moves.load(Ordering::Acquire) };
        if is_still(seen.moves)
            && let Some(value) = pages::find_kept(seen, prefix, rest)
        {
            return Ok(Some(value));
        }
        let found = self.page_of(key, length)?;
        let in_pieces = found.as_ref().is_some_and(|(_, page)| page.len() >= VALUE_BYTES_MAX);
        if !in_pieces {
            let find = |page| self.find_in(seen, page, (prefix, rest));
            let value = found.as_ref().map(find).transpose()?.flatten();
            // What is missing may have moved while it was looked for.
            fence(Ordering::Acquire);
            let is_still = is_still(seen.moves) && moves.load(Ordering::Relaxed) == seen.moves;
            if value.is_some() || is_still {
                return Ok(value);
            }
        }
        let _still = self.paging.read();
        let Some((key, page)) = self.page_of(key, length)? else { return Ok(None) };
        let page = self.whole(&key, page.to_vec())?;
        pages::find_once(&page, rest).ok_or_else(unreadable_page)
    }

    /// The bunch that stands under a stem.
    fn bunch(&self, stem: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(bunch) = guarded("read", || self.db.get(stem))? else { return Ok(None) };
        self.whole(stem, bunch.to_vec()).map(Some)
    }

    fn find_in(
        &self,
        seen: Seen,
        (first, page): &Page,
        (prefix, rest): (&[u8], &[u8]),
    ) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(value) = pages::find_again(seen, page, rest) {
            return Ok(value);
        }
        let end = self.page_after(first, prefix.len())?;
        let end = end.as_ref().and_then(|end| end.get(prefix.len()..));
        pages::find(seen, prefix, (page, end), rest).ok_or_else(unreadable_page)
    }

    /// The count of moves in the table of a key.
    fn moves(&self, key: &[u8]) -> &AtomicU64 {
        let [first, ..] = &self.moves;
        let mut all = pages::TABLES.iter().zip(&self.moves);
        all.find(|(table, _)| key.get(1) == Some(table)).map_or(first, |(_, moves)| moves)
    }

    /// The first rows of a range, at most `limit`.
    pub(super) fn page(
        &self,
        range: &Range<Vec<u8>>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        if direction == Direction::Ascending
            && let Some(rows) = self.scan(range, direction, limit, Pieces::Refused)?
        {
            return Ok(rows);
        }
        let _still = self.paging.read();
        Ok(self.scan(range, direction, limit, Pieces::Read)?.unwrap_or_default())
    }

    /// The first rows of a range; `None` where one of its pages is in pieces and these are refused.
    fn scan(
        &self,
        range: &Range<Vec<u8>>,
        direction: Direction,
        limit: usize,
        pieces: Pieces,
    ) -> Result<Option<Vec<Row>>, StoreError> {
        let from = self.first_of(&range.start)?;
        let mut stored = self.db.range(from..range.end.clone());
        let mut next = || {
            guarded("scan", || match direction {
                Direction::Ascending => stored.next().transpose(),
                Direction::Descending => stored.next_back().transpose(),
            })
        };
        let mut found = Vec::new();
        let mut before: Option<sled::IVec> = None;
        let mut ahead = next()?;
        while found.len() < limit
            && let Some((key, value)) = ahead.take()
        {
            let is_long = value.len() >= VALUE_BYTES_MAX && pages::prefix(&key).is_some();
            if is_long && pieces == Pieces::Refused {
                return Ok(None);
            }
            ahead = next()?;
            // Rows are in a page up to where the next one begins.
            let after = match direction {
                Direction::Ascending => ahead.as_ref().map(|(key, _)| key),
                Direction::Descending => before.as_ref(),
            };
            let mut rows = self.rows_at(&key, value.to_vec())?;
            rows.retain(|(key, _)| {
                range.contains(key) && after.is_none_or(|after| key[..] < after[..])
            });
            if direction == Direction::Descending {
                rows.reverse();
            }
            found.extend(rows.into_iter().take(limit - found.len()));
            before = Some(key);
        }
        Ok(Some(found))
    }

    /// Where in sled the row with this key is, or the rows that follow it: in a page or a bunch that begins before it, or at
    /// the key itself.
    fn first_of(&self, key: &[u8]) -> Result<Vec<u8>, StoreError> {
        if let Some(stem) = bunches::stem(key).and_then(|length| key.get(..length)) {
            return Ok(stem.to_vec());
        }
        let page = match pages::prefix(key) {
            Some(length) => self.page_of(key, length)?,
            None => None,
        };
        Ok(page.map_or_else(|| key.to_vec(), |(first, _)| first.to_vec()))
    }

    /// The first rows after a key, of all partitions.
    pub(super) fn rows_after(&self, key: &[u8], limit: usize) -> Result<Vec<Row>, StoreError> {
        let mut from = [key, &[0]].concat();
        loop {
            // What begins with a partition and 0 are pieces of long values and the position.
            let partition = from.first().copied().unwrap_or_default();
            from = from.max(vec![partition, 1]);
            let end =
                partition.checked_add(1).map_or_else(|| vec![u8::MAX; 300], |next| vec![next]);
            let rows = self.page(&(from..end.clone()), Direction::Ascending, limit)?;
            if !rows.is_empty() || partition == u8::MAX {
                return Ok(rows);
            }
            from = end;
        }
    }

    /// What stands in sled after a key, as it is; for a tree from before there were pages.
    pub(super) fn raw_after(&self, key: &[u8], limit: usize) -> Result<Vec<Row>, StoreError> {
        self.raw_page(&([key, &[0]].concat()..vec![u8::MAX; 300]), limit)
    }

    /// The rows that a row of sled stands for.
    fn rows_at(&self, key: &[u8], value: Vec<u8>) -> Result<Vec<Row>, StoreError> {
        let value = self.whole(key, value)?;
        if key.get(1) == Some(&bunches::TABLE) {
            return bunches::rows_at(key, &value).ok_or_else(unreadable_page);
        }
        let Some(length) = pages::prefix(key) else { return Ok(vec![(key.to_vec(), value)]) };
        let (prefix, _) = key.split_at(length);
        let rows = pages::rows(&value).ok_or_else(unreadable_page)?;
        Ok(rows.into_iter().map(|(rest, value)| ([prefix, &rest].concat(), value)).collect())
    }

    fn raw_page(&self, range: &Range<Vec<u8>>, limit: usize) -> Result<Vec<Row>, StoreError> {
        guarded("scan", || {
            let rows = self.db.range(range.clone()).take(limit);
            rows.map(|row| row.map(|(key, value)| (key.to_vec(), value.to_vec()))).collect()
        })
    }

    fn whole(&self, key: &[u8], mut value: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        if value.len() < VALUE_BYTES_MAX {
            return Ok(value);
        }
        let further = self.long.read().get(key).copied().unwrap_or_default();
        for piece in 0..further {
            let piece = guarded("read", || self.db.get(piece_key(key, piece)))?;
            value.extend_from_slice(&piece.unwrap_or_default());
        }
        Ok(value)
    }

    fn find_long(&self) -> Result<(), StoreError> {
        for partition in 0..=u8::MAX {
            let mut from = vec![partition, 0, 0];
            loop {
                let range = from..vec![partition, 1];
                let rows = self.raw_page(&range, 1_000)?;
                for (key, _) in &rows {
                    self.note_piece(key);
                }
                let Some((last, _)) = rows.last() else { break };
                from = [&last[..], &[0]].concat();
            }
        }
        Ok(())
    }

    /// Makes the tree in `directory` look like one of an older layout.
    #[cfg(test)]
    pub(super) fn grow_old(directory: &Path) {
        let Ok(db) = opening::open(directory, 1 << 20) else { return };
        if let Some(position) = db.get(POSITION_KEY).unwrap() {
            let older = [&[LAYOUT - 1], position.split_at(1).1].concat();
            db.insert(POSITION_KEY, older).unwrap();
        }
    }

    fn note_piece(&self, key: &[u8]) {
        let Some((&[partition, 0], rest)) = key.split_first_chunk::<2>() else { return };
        let Some((rest, piece)) = rest.split_last_chunk::<2>() else { return };
        let key = [&[partition], rest].concat();
        let mut long = self.long.write();
        let further = long.entry(key).or_default();
        *further = (*further).max(u16::from_be_bytes(*piece) + 1);
    }
}

/// Whether no rows move at this count.
fn is_still(moves: u64) -> bool {
    moves.is_multiple_of(2)
}

fn piece_key(key: &[u8], piece: u16) -> Vec<u8> {
    let (partition, rest) = key.split_at(key.len().min(1));
    [partition, &[0], rest, &piece.to_be_bytes()].concat()
}

fn unreadable_page() -> StoreError {
    StoreError::Index { doing: "read", problem: "a page is not readable".to_owned() }
}

/// Runs what may fail or panic where the tree is damaged.
fn guarded<T>(doing: &'static str, run: impl FnOnce() -> sled::Result<T>) -> Result<T, StoreError> {
    let problem = match panic::catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "its files are damaged".to_owned(),
    };
    Err(StoreError::Index { doing, problem })
}
