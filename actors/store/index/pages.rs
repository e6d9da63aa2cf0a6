//! Pages: many small rows of one table as one value of sled.
//!
//! A put costs sled some ten microseconds whatever its size, and a key some hundreds of bytes of memory.
//! Events, lines of the log, states of deliveries and what waits in queues are written in the order of
//! their keys, and are small; so they go in together, up to [`PAGE_BYTES`] of them compressed (LZ4, after their length in
//! 4 bytes) as one page. A page stands under its first row's key and holds every row of its table from
//! there up to the next page.

use std::cell::RefCell;
use std::cmp::Ordering;

use sled::IVec;

use crate::limits;
use crate::store::{Batch, Partition, Write, frame};

/// Rows are added to a page as long as they have no more bytes than this; compressed, JSON has less than
/// half of it.
const PAGE_BYTES: usize = 8_000;
/// A longer page was not written by us.
const PAGE_BYTES_MAX: usize = limits::RECORD_BYTES_MAX;
/// Pages that a thread keeps unpacked.
const UNPACKED_MAX: usize = 4;

thread_local! {
    /// What was asked for last is the first.
    static UNPACKED: RefCell<Vec<Unpacked>> = const { RefCell::new(Vec::new()) };
}

/// A page that a thread keeps.
struct Unpacked {
    /// What it was unpacked from: what is held here cannot become another page at the same place.
    packed: IVec,
    /// Whose it is: the beginning of its rows' keys.
    prefix: Vec<u8>,
    /// When it was last found in a tree.
    seen: Seen,
    rows: Vec<u8>,
}

/// A tree, after so many moves of rows in a table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) tree: u64,
    pub(super) moves: u64,
}

/// The tables that stand in pages, by their letters: events, the log, how deliveries stand, queues, letters
/// and their bodies. Another set is another layout of the tree.
pub(super) const TABLES: [u8; 6] = [b'E', b'L', b'D', b'Q', b'i', b'c'];

/// How many bytes of a key say whose page it may be in: partition, table and tenant. `None` for a row that
/// stands by itself.
pub(super) fn prefix(key: &[u8]) -> Option<usize> {
    let [_, table, length, rest @ ..] = key else { return None };
    let length = usize::from(*length);
    (TABLES.contains(table) && rest.len() > length).then_some(3 + length)
}

/// The rows of a page, each with the rest of its key.
pub(super) fn rows(page: &[u8]) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    frame::read_puts(&unpacked(page)?)
}

/// The value of a row, where this thread has its page from the tree as it is seen now.
pub(super) fn find_kept(seen: Seen, prefix: &[u8], rest: &[u8]) -> Option<Vec<u8>> {
    UNPACKED.with_borrow_mut(|kept| {
        let is_its = |page: &Unpacked| page.seen == seen && page.prefix == prefix;
        let found = kept.iter().enumerate().filter(|(_, page)| is_its(page));
        let mut found = found.map(|(place, page)| (place, find_in(&page.rows, rest).flatten()));
        let (place, value) = found.find_map(|(place, value)| Some((place, value?)))?;
        kept.swap(0, place);
        Some(value)
    })
}

/// The value of one row of a page that was found in a tree, where this thread has that page.
pub(super) fn find_again(seen: Seen, page: &IVec, rest: &[u8]) -> Option<Option<Vec<u8>>> {
    UNPACKED.with_borrow_mut(|kept| {
        let place = kept.iter().position(|known| std::ptr::eq(&known.packed[..], &page[..]))?;
        kept.swap(0, place);
        let page = kept.first_mut()?;
        page.seen = seen;
        find_in(&page.rows, rest)
    })
}

/// The value of one row of a page that was found in a tree, of which it has the rows up to the next one's `end`.
/// Rows of a page are often asked for one after the other, so a thread keeps the pages that it unpacked last.
pub(super) fn find(
    seen: Seen,
    prefix: &[u8],
    (page, end): (&IVec, Option<&[u8]>),
    rest: &[u8],
) -> Option<Option<Vec<u8>>> {
    let mut rows = unpacked(page)?;
    if let Some(end) = end {
        cut(&mut rows, end)?;
    }
    let value = find_in(&rows, rest)?;
    UNPACKED.with_borrow_mut(|kept| {
        kept.truncate(UNPACKED_MAX - 1);
        let (packed, prefix) = (page.clone(), prefix.to_vec());
        kept.insert(0, Unpacked { packed, prefix, seen, rows });
    });
    Some(value)
}

/// The same of a page that is not kept.
pub(super) fn find_once(page: &[u8], rest: &[u8]) -> Option<Option<Vec<u8>>> {
    find_in(&unpacked(page)?, rest)
}

/// Leaves the rows before a key alone; where a crash fell into the writing of pages, there are others.
fn cut(rows: &mut Vec<u8>, end: &[u8]) -> Option<()> {
    let mut left = &rows[..];
    let mut length = 0;
    while !left.is_empty() && frame::read_put(&mut left)?.0 < end {
        length = rows.len() - left.len();
    }
    rows.truncate(length);
    Some(())
}

/// The value of one row among unpacked ones.
pub(super) fn find_in(rows: &[u8], rest: &[u8]) -> Option<Option<Vec<u8>>> {
    let mut left = rows;
    while !left.is_empty() {
        let (key, value) = frame::read_put(&mut left)?;
        match key.cmp(rest) {
            Ordering::Less => {}
            Ordering::Equal => return Some(Some(value.to_vec())),
            Ordering::Greater => break,
        }
    }
    Some(None)
}

/// Rows in order as pages in order, each with its first row's key.
pub(super) fn pack(rows: impl Iterator<Item = (Vec<u8>, Vec<u8>)>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut pages: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    for (key, value) in rows {
        let more = key.len() + value.len();
        let fits = |(_, page): &(Vec<u8>, Vec<u8>)| page.len() + more <= PAGE_BYTES;
        if !pages.last().is_some_and(fits) {
            pages.push((key.clone(), Vec::with_capacity(PAGE_BYTES)));
        }
        if let Some((_, page)) = pages.last_mut() {
            let writes = vec![Write::Put(key, value)];
            frame::write(page, &Batch { partition: Partition(0), writes });
        }
    }
    for (_, page) in &mut pages {
        *page = lz4_flex::block::compress_prepend_size(page);
    }
    pages
}

fn unpacked(page: &[u8]) -> Option<Vec<u8>> {
    let (length, compressed) = page.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    if length > PAGE_BYTES_MAX {
        return None;
    }
    lz4_flex::block::decompress(compressed, length).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_holds_its_rows_and_no_more_than_fits() {
        let row = |number: u8| (vec![number], vec![number; 200]);
        let pages = pack((0..100).map(row));
        assert_eq!(pages.len(), 3);
        assert!(pages.iter().all(|(_, page)| unpacked(page).unwrap().len() <= PAGE_BYTES + 8));
        let all: Vec<_> = pages.iter().flat_map(|(_, page)| rows(page).unwrap()).collect();
        assert_eq!(all, (0..100).map(row).collect::<Vec<_>>());
        let (first, page) = &pages[1];
        let packed = IVec::from(&page[..]);
        let seen = Seen { tree: 1, moves: 0 };
        let find = |page: &IVec, row| find(seen, b"abc", (page, None), &[row]);
        for row in [first[0], first[0] + 1, first[0]] {
            assert_eq!(find(&packed, row), Some(Some(vec![row; 200])));
        }
        assert_eq!(find(&packed, 0), Some(None));
        assert_eq!(find(&page[..page.len() - 1].into(), 255), None, "cut short");
        let packed = IVec::from(&pages[0].1[..]);
        assert_eq!(find_again(seen, &packed, &[0]), None, "nobody has it yet");
        assert_eq!(find(&packed, 0), Some(Some(vec![0; 200])));
        assert_eq!(find_again(seen, &packed, &[1]), Some(Some(vec![1; 200])));
    }

    #[test]
    fn what_a_crash_left_behind_the_beginning_of_the_next_page_is_not_seen() {
        let page = IVec::from(&pack((0..9).map(|row| (vec![row], vec![row]))).remove(0).1[..]);
        let seen = Seen { tree: 4, moves: 0 };
        for (end, first, last) in [(4, Some(vec![3]), None), (9, Some(vec![3]), Some(vec![4]))] {
            assert_eq!(find(seen, b"abc", (&page, Some(&[end])), &[3]), Some(first));
            assert_eq!(find_again(seen, &page, &[4]), Some(last.clone()));
            assert_eq!(find_kept(seen, b"abc", &[4]), last);
        }
        assert_eq!(find(seen, b"abc", (&page, Some(&[0])), &[0]), Some(None));
    }

    #[test]
    fn a_page_is_kept_for_its_owner_until_rows_move() {
        let value: Vec<u8> = (0..99).collect();
        let page = pack([(vec![7], value.clone())].into_iter()).remove(0).1;
        let page = IVec::from(&page[..]);
        let seen = Seen { tree: 2, moves: 4 };
        assert_eq!(find_kept(seen, b"abc", &[7]), None, "nothing was found yet");
        find(seen, b"abc", (&page, None), &[7]);
        assert_eq!(find_kept(seen, b"abc", &[7]), Some(value.clone()));
        assert_eq!(find_kept(seen, b"abc", &[8]), None);
        assert_eq!(find_kept(seen, b"abd", &[7]), None, "another tenant's");
        assert_eq!(find_kept(Seen { tree: 3, ..seen }, b"abc", &[7]), None, "another tree's");
        let later = Seen { moves: 6, ..seen };
        assert_eq!(find_kept(later, b"abc", &[7]), None, "it may have moved");
        find_again(later, &page, &[7]);
        assert_eq!(find_kept(later, b"abc", &[7]), Some(value), "it had not");
    }

    #[test]
    fn a_length_from_nowhere_asks_for_no_memory() {
        assert_eq!(rows(&[0xFF; 12]), None);
    }

    #[test]
    fn only_rows_of_some_tables_stand_in_pages() {
        assert_eq!(prefix(b"\x07L\x03abc12345678"), Some(6));
        assert_eq!(prefix(b"\x07L\x03abc"), None, "the table itself is no row");
        assert_eq!(prefix(b"\x07S\x03abcr1"), None);
        assert_eq!(prefix(b"\x07"), None);
    }
}
