//! Writing to the index, row by row and page by page.
//!
//! What the log of sled has after a crash is a beginning of what was written. So the order of writes is what
//! keeps the index right, and not batches: each of those costs sled two writes that wait for the disk, and
//! wakes all of its threads twice.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use super::{
    LAYOUT, POSITION_KEY, Position, Row, SledIndex, StoreError, VALUE_BYTES_MAX, bunches, guarded,
    pages, piece_key, unreadable_page,
};
use crate::priority::let_others_go_first;
use crate::store::Partition;

/// A change of a row: its key, and its new value unless it goes.
type Change<'a> = (&'a [u8], Option<&'a [u8]>);

/// Rows of a table that go into its pages at once, before others have their turn.
const RUN_ROWS_MAX: usize = 128;

impl SledIndex {
    /// Writes rows, then the position that the index has come to with them.
    ///
    /// Rows may be newer than the position after a crash; they are then replayed, which changes nothing.
    pub(in crate::store) fn apply<'a>(
        &self,
        rows: impl Iterator<Item = Change<'a>>,
        position: Option<&Position>,
    ) -> Result<(), StoreError> {
        let mut run: Vec<Change<'a>> = Vec::new();
        for (key, value) in rows {
            let together = bunches::stem(key).or_else(|| pages::prefix(key));
            let together = together.and_then(|length| key.get(..length));
            let goes_on = match (run.first(), together) {
                (Some((first, _)), Some(beginning)) => {
                    run.len() < RUN_ROWS_MAX && first.starts_with(beginning)
                }
                (Some(_), None) => false,
                (None, _) => true,
            };
            if !goes_on {
                self.change_together(&std::mem::take(&mut run))?;
                let_others_go_first();
            }
            match together {
                Some(_) => run.push((key, value)),
                None => self.change_row(key, value)?,
            }
        }
        self.change_together(&run)?;
        let Some(position) = position else { return Ok(()) };
        let position = [&[LAYOUT][..], &position.to_bytes()].concat();
        guarded("insert", || self.db.insert(POSITION_KEY, position)).map(drop)
    }

    fn change_row(&self, key: &[u8], value: Option<&[u8]>) -> Result<(), StoreError> {
        let further = self.long.read().get(key).copied().unwrap_or_default();
        match value {
            Some(value) if value.len() <= VALUE_BYTES_MAX && further == 0 => {
                guarded("insert", || self.db.insert(key, value)).map(drop)
            }
            None if further == 0 => guarded("remove", || match self.db.contains_key(key)? {
                true => self.db.remove(key).map(drop),
                // It was put and deleted while it was in the overlay.
                false => Ok(()),
            }),
            Some(_) | None => {
                let mut batch = sled::Batch::default();
                self.replace(&mut batch, key, value);
                guarded("apply a batch", || self.db.apply_batch(batch))
            }
        }
    }

    /// Changes rows of one bunch, or of the pages of one table.
    fn change_together(&self, changes: &[Change<'_>]) -> Result<(), StoreError> {
        let Some((first, _)) = changes.first() else { return Ok(()) };
        match bunches::stem(first) {
            Some(length) => self.change_bunch(first.split_at(length).0, changes),
            None => self.change_pages(changes),
        }
    }

    /// Changes rows of the bunch under a stem.
    fn change_bunch(&self, stem: &[u8], changes: &[Change<'_>]) -> Result<(), StoreError> {
        // Stems are known of bunches that have rows which are not deleted in the overlay: what is deleted is looked for.
        let only_puts = changes.iter().all(|(_, value)| value.is_some());
        let is_new = only_puts && !self.may_have_bunch(stem);
        let bunch = if is_new { None } else { self.bunch(stem)? };
        let rows = bunch.as_deref().map_or_else(|| Some(bunches::Rows::new()), bunches::rows);
        let mut rows = rows.ok_or_else(unreadable_page)?;
        let mut changed = false;
        for (key, value) in changes {
            let last = key.get(stem.len()..).unwrap_or_default();
            changed |= change(&mut rows, last, *value);
        }
        match (changed, rows.is_empty()) {
            // As below.
            (false, _) => Ok(()),
            (true, true) => self.change_row(stem, None),
            (true, false) => {
                self.note_bunch(stem);
                self.change_row(stem, Some(&bunches::pack(rows)))
            }
        }
    }

    /// Whether a bunch may be there that has rows.
    fn may_have_bunch(&self, stem: &[u8]) -> bool {
        let known = self.stems.get().zip(stem.split_first());
        known.is_none_or(|(stems, (place, stem))| stems.may_have(Partition(*place), stem))
    }

    /// From now on a bunch may be there.
    fn note_bunch(&self, stem: &[u8]) {
        if let (Some(stems), Some((place, stem))) = (self.stems.get(), stem.split_first()) {
            stems.note([(Partition(*place), stem)].into_iter());
        }
    }

    /// Changes rows of one table, in the order of their keys, in the pages that they belong to.
    fn change_pages(&self, changes: &[Change<'_>]) -> Result<(), StoreError> {
        let Some((first, _)) = changes.first() else { return Ok(()) };
        let length = pages::prefix(first).unwrap_or_default();
        let (prefix, _) = first.split_at(length);
        let mut left = changes;
        while let Some((first, _)) = left.first() {
            let page = match self.page_of(first, length)? {
                Some((key, bytes)) => Some((key.to_vec(), self.whole(&key, bytes.to_vec())?)),
                None => None,
            };
            let end = self.page_after(page.as_ref().map_or(first, |(key, _)| key), length)?;
            let here =
                left.partition_point(|(key, _)| end.as_ref().is_none_or(|end| *key < &end[..]));
            let (now, later) = left.split_at(here);
            left = later;
            let mut rows: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
            if let Some((_, bytes)) = &page {
                rows.extend(pages::rows(bytes).ok_or_else(unreadable_page)?);
            }
            if let Some(end) = &end {
                // A page of which a crash left both what was there and what took a part of its place.
                rows.split_off(end.get(length..).unwrap_or_default());
            }
            let mut changed = false;
            for (key, value) in now {
                let rest = key.get(length..).unwrap_or_default();
                changed |= change(&mut rows, rest, *value);
            }
            if !changed {
                // What was put and deleted while it was in the overlay was never here.
                continue;
            }
            let packed = pages::pack(rows.into_iter()).into_iter();
            let packed: Vec<Row> =
                packed.map(|(rest, bytes)| ([prefix, &rest].concat(), bytes)).collect();
            self.change_page(page.as_ref().map(|(key, _)| &key[..]), &packed)?;
        }
        Ok(())
    }

    /// Puts pages, in the order of their keys, in the place of one.
    ///
    /// The last goes first and the old one last, so that wherever a crash cuts this short each page holds its
    /// rows up to the next: what the log of sled has is a beginning of what was written. A batch would be
    /// whole, but costs two writes to the disk that wait for it and wakes all of sled's threads twice.
    fn change_page(&self, old: Option<&[u8]>, new: &[Row]) -> Result<(), StoreError> {
        let _alone = self.paging.write();
        let moves = old.or(new.first().map(|(key, _)| &key[..])).map(|key| self.moves(key));
        let count = || moves.map(|moves| moves.fetch_add(1, Ordering::AcqRel));
        count();
        let changed = self.put_page(old, new);
        count();
        changed
    }

    fn put_page(&self, old: Option<&[u8]>, new: &[Row]) -> Result<(), StoreError> {
        let gone = old.filter(|old| new.first().is_none_or(|(key, _)| key != old));
        let in_pieces = |key: &[u8]| self.long.read().contains_key(key);
        let is_long = |(key, bytes): &Row| bytes.len() > VALUE_BYTES_MAX || in_pieces(key);
        if new.iter().any(is_long) || gone.is_some_and(in_pieces) {
            let mut batch = sled::Batch::default();
            if let Some(old) = gone {
                self.replace(&mut batch, old, None);
            }
            for (key, bytes) in new {
                self.replace(&mut batch, key, Some(bytes));
            }
            return guarded("apply a batch", || self.db.apply_batch(batch));
        }
        for (key, bytes) in new.iter().rev() {
            guarded("insert", || self.db.insert(key, &bytes[..]))?;
        }
        gone.map_or(Ok(()), |old| guarded("remove", || self.db.remove(old)).map(drop))
    }

    /// Sets or removes a value with all its pieces.
    fn replace(&self, batch: &mut sled::Batch, key: &[u8], value: Option<&[u8]>) {
        let mut long = self.long.write();
        for piece in 0..long.remove(key).unwrap_or_default() {
            batch.remove(piece_key(key, piece));
        }
        let Some(value) = value else { return batch.remove(key) };
        let mut pieces = value.chunks(VALUE_BYTES_MAX);
        batch.insert(key, pieces.next().unwrap_or_default());
        for (number, piece) in (0_u16..).zip(pieces) {
            batch.insert(piece_key(key, number), piece);
            long.insert(key.to_vec(), number + 1);
        }
    }
}

/// Sets or removes a row; answers whether it was otherwise.
fn change(rows: &mut BTreeMap<Vec<u8>, Vec<u8>>, key: &[u8], value: Option<&[u8]>) -> bool {
    match value {
        Some(value) => rows.insert(key.to_vec(), value.to_vec()).as_deref() != Some(value),
        None => rows.remove(key).is_some(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::time::Duration;

    use super::*;
    use crate::store::Direction;

    fn key(number: u16) -> Vec<u8> {
        [b"\x07L\x03abc", &number.to_be_bytes()[..]].concat()
    }

    fn all(index: &SledIndex, direction: Direction) -> Vec<Row> {
        let range = key(0)..key(u16::MAX);
        index.page(&range, direction, usize::MAX).unwrap()
    }

    fn open(rows: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> (tempfile::TempDir, SledIndex) {
        let directory = tempfile::tempdir().unwrap();
        let Ok(index) = SledIndex::open(directory.path(), 1 << 20) else { panic!("not opened") };
        for (key, value) in rows {
            index.db.insert(key, value).unwrap();
        }
        (directory, index)
    }

    /// Every place at which a crash can cut the writing of pages short.
    #[test]
    fn a_crash_among_pages_shows_no_row_twice_and_replaying_heals_it() {
        let (_kept, index) = open([]);
        let old = |number: u16| (key(number), vec![b'o'; 200]);
        let before: Vec<Row> = (0..120).map(|number| old(2 * number)).collect();
        index.apply(before.iter().map(|(key, value)| (&key[..], Some(&value[..]))), None).unwrap();
        let stored: Vec<_> = index.raw_page(&(key(0)..key(u16::MAX)), usize::MAX).unwrap();
        assert!(stored.len() > 2, "{} pages", stored.len());

        let mut writes = index.db.watch_prefix([]);
        // The first rows of pages go, others change, and there are more of them.
        let changes: Vec<(Vec<u8>, Option<Vec<u8>>)> = (0..240)
            .map(|number| match number % 5 {
                0 => (key(number), None),
                _ => (key(number), Some(vec![b'n'; 250])),
            })
            .collect();
        let again = |index: &SledIndex| {
            let changes = changes.iter().map(|(key, value)| (&key[..], value.as_deref()));
            index.apply(changes, None).unwrap();
        };
        again(&index);
        let after = all(&index, Direction::Ascending);
        assert_eq!(after.len(), 192);

        let mut done = Vec::new();
        while let Ok(write) = writes.next_timeout(Duration::from_millis(50)) {
            done.push(write);
        }
        assert!(done.len() > 6, "{} writes", done.len());
        for cut in 0..=done.len() {
            let (_kept, index) = open(stored.iter().cloned());
            for write in done.iter().take(cut) {
                match write {
                    sled::Event::Insert { key, value } => index.db.insert(key, value).unwrap(),
                    sled::Event::Remove { key } => index.db.remove(key).unwrap(),
                };
            }
            let rows = all(&index, Direction::Ascending);
            assert!(rows.is_sorted_by(|(one, _), (next, _)| one < next), "twice, cut at {cut}");
            for (key, value) in &rows {
                assert_eq!(index.get(key).unwrap().as_ref(), Some(value), "cut at {cut}");
                let is_known =
                    before.iter().chain(&after).any(|row| row.0 == *key && row.1 == *value);
                assert!(is_known, "cut at {cut}");
            }
            let is_there = |key: &Vec<u8>| rows.iter().any(|row| row.0 == *key);
            let lost = before
                .iter()
                .find(|(key, _)| !is_there(key) && after.iter().any(|row| row.0 == *key));
            assert_eq!(lost, None, "cut at {cut}");
            let mut back = all(&index, Direction::Descending);
            back.reverse();
            assert_eq!(back, rows, "cut at {cut}");
            again(&index);
            assert_eq!(all(&index, Direction::Ascending), after, "cut at {cut}");
        }
    }

    /// Rows that stay are seen by everybody while others come and go around them and pages fall apart.
    #[test]
    fn nobody_misses_a_row_while_rows_move() {
        // With the first, pages stay small; with the second they go on in pieces.
        let flat = |number: u16, round: usize| number.to_be_bytes().repeat(50 + 31 * round % 400);
        let noise = |number: u16, round: usize| {
            let next =
                |state: &u32| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
            let seed = u32::from(number) * 7_919 + u32::try_from(round).unwrap();
            let bytes = std::iter::successors(Some(seed), next).map(|state| state.to_be_bytes()[0]);
            bytes.take(100 + 37 * round % 900).collect()
        };
        move_rows(400, flat);
        move_rows(40, noise);
    }

    fn move_rows(rounds: usize, value: impl Fn(u16, usize) -> Vec<u8>) {
        let stays = |number: u16| number % 5 == 2;
        let staying: Vec<u16> = (0..200).filter(|number| stays(*number)).collect();
        let (_kept, index) = open([]);
        let write = |numbers: &[u16], round: usize| {
            let goes =
                |number: u16| !stays(number) && (usize::from(number) / 3 + round).is_multiple_of(3);
            let change =
                |&number: &u16| (key(number), (!goes(number)).then(|| value(number, round)));
            let changes: Vec<_> = numbers.iter().map(change).collect();
            let changes = changes.iter().map(|(key, value)| (&key[..], value.as_deref()));
            index.apply(changes, None).unwrap();
        };
        write(&staying, 0);
        let over = AtomicBool::new(false);
        std::thread::scope(|threads| {
            for direction in [Direction::Ascending, Direction::Descending] {
                let (index, over, staying) = (&index, &over, &staying);
                threads.spawn(move || {
                    while !over.load(Ordering::Relaxed) {
                        let there = all(index, direction);
                        for &number in staying {
                            let key = key(number);
                            assert!(
                                there.iter().any(|(at, _)| *at == key),
                                "{direction:?} {number}"
                            );
                            assert!(index.get(&key).unwrap().is_some(), "{number}");
                        }
                    }
                });
            }
            let numbers: Vec<u16> = (0..200).collect();
            (1..=rounds).for_each(|round| write(&numbers, round));
            over.store(true, Ordering::Relaxed);
        });
    }
}
