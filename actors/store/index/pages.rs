//! Pages: many small rows of one table as one value of sled.
//!
//! A put costs sled some ten microseconds whatever its size, and a key some hundreds of bytes of memory.
//! Events, lines of the log, states of deliveries and what waits in queues are written in the order of
//! their keys, and are small; so they go in together, up to [`PAGE_BYTES`] of them compressed (LZ4, after their length in
//! 4 bytes) as one page. A page stands under its first row's key and holds every row of its table from
//! there up to the next page.

use std::cell::RefCell;

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
    /// Each with what it was unpacked from; what was asked for last is the first.
    static UNPACKED: RefCell<Vec<(IVec, Vec<u8>)>> = const { RefCell::new(Vec::new()) };
}

/// The tables that stand in pages, by their letters: events, the log, how deliveries stand, queues, letters
/// and their bodies. Another set is another layout of the tree.
const TABLES: [u8; 6] = [b'E', b'L', b'D', b'Q', b'i', b'c'];

/// How many bytes of a key say whose page it may be in: partition, table and tenant. `None` for a row that
/// stands by itself.
pub(super) fn prefix(key: &[u8]) -> Option<usize> {
    let [_, table, length, rest @ ..] = key else { return None };
    let length = usize::from(*length);
    (TABLES.contains(table) && rest.len() > length).then_some(3 + length)
}

/// The rows of a page, each with the rest of its key.
pub(super) fn rows(page: &[u8]) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let row = |write| match write {
        Write::Put(key, value) => Some((key, value)),
        Write::Delete(_) => None,
    };
    frame::read(Partition(0), &unpacked(page)?)?.writes.into_iter().map(row).collect()
}

/// The value of one row of a page. Rows of a page are often asked for one after the other, so a thread keeps the
/// pages that it unpacked last.
pub(super) fn find(page: &IVec, rest: &[u8]) -> Option<Option<Vec<u8>>> {
    UNPACKED.with_borrow_mut(|kept| {
        // What is held here cannot become another page at the same place.
        let is_it = |(packed, _): &(IVec, Vec<u8>)| std::ptr::eq(&packed[..], &page[..]);
        match kept.iter().position(is_it) {
            Some(place) => kept.swap(0, place),
            None => {
                let unpacked = unpacked(page)?;
                kept.truncate(UNPACKED_MAX - 1);
                kept.insert(0, (page.clone(), unpacked));
            }
        }
        let (_, page) = kept.first()?;
        find_in(page, rest)
    })
}

fn find_in(page: &[u8], rest: &[u8]) -> Option<Option<Vec<u8>>> {
    let mut left = page;
    while !left.is_empty() {
        let (key, value) = frame::read_put(&mut left)?;
        if key == rest {
            return Some(Some(value.to_vec()));
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
            pages.push((key.clone(), Vec::new()));
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
        for row in [first[0], first[0] + 1, first[0]] {
            assert_eq!(find(&packed, &[row]), Some(Some(vec![row; 200])));
        }
        assert_eq!(find(&packed, &[0]), Some(None));
        assert_eq!(find(&page[..page.len() - 1].into(), &[255]), None, "cut short");
        assert_eq!(find(&IVec::from(&pages[0].1[..]), &[0]), Some(Some(vec![0; 200])));
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
