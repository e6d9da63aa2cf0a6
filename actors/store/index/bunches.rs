//! Bunches: rows of one table whose keys differ in their last byte alone, as one value of sled.
//!
//! What is named in sequence by others (`order-1041`, `order-1042`) comes in order and in great numbers, and each put costs
//! sled some ten microseconds. In [`super::pages`] a name that is not in sequence would have hundreds of others written
//! again; here it stands by itself and costs what it did. A bunch stands under what its rows' keys have in common,
//! their stem. A name's length stands before it, so that what lies between the first and the last row of a bunch
//! is in it too.

use std::collections::BTreeMap;

use super::{Row, pages};
use crate::store::{Batch, Partition, Write, frame};

/// The table that stands in bunches, by its sign: events by their ids. One that had
/// rows before would be another layout of the tree.
pub(in crate::store) const TABLE: u8 = b'1';

/// The rows of a bunch by the last byte of their keys.
pub(super) type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// How many bytes of a key are the stem of the bunch that it is in, or would be; `None` for what is in no bunch.
pub(super) fn stem(key: &[u8]) -> Option<usize> {
    let (_, of_partition) = key.split_first()?;
    stem_in_partition(of_partition).map(|length| 1 + length)
}

/// The same of a key without its partition: table, tenant and name, both after their length.
pub(in crate::store) fn stem_in_partition(key: &[u8]) -> Option<usize> {
    let [TABLE, tenant, rest @ ..] = key else { return None };
    let tenant = usize::from(*tenant);
    let (name, rest) = rest.get(tenant..)?.split_first()?;
    let before_last = usize::from(*name).checked_sub(1)?;
    (rest.len() > before_last).then_some(2 + tenant + 1 + before_last)
}

/// The rows of a bunch, each with its whole key.
pub(super) fn rows_at(stem: &[u8], bunch: &[u8]) -> Option<Vec<Row>> {
    let whole = |(last, value): (Vec<u8>, Vec<u8>)| ([stem, &last[..]].concat(), value);
    Some(frame::read_puts(bunch)?.into_iter().map(whole).collect())
}

/// The rows of a bunch.
pub(super) fn rows(bunch: &[u8]) -> Option<Rows> {
    Some(frame::read_puts(bunch)?.into_iter().collect())
}

/// The value of one row of a bunch.
pub(super) fn find(bunch: &[u8], last: &[u8]) -> Option<Option<Vec<u8>>> {
    pages::find_in(bunch, last)
}

/// Rows as a bunch.
pub(super) fn pack(rows: Rows) -> Vec<u8> {
    let writes = rows.into_iter().map(|(last, value)| Write::Put(last, value)).collect();
    let batch = Batch { partition: Partition(0), writes };
    let mut bunch = Vec::with_capacity(frame::room_for(&batch));
    frame::write(&mut bunch, &batch);
    bunch
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use rand::rngs::StdRng;
    use rand::{RngExt as _, SeedableRng as _};

    use super::*;
    use crate::limits::VALUE_BYTES_MAX;
    use crate::store::Direction;
    use crate::store::index::SledIndex;
    use crate::store::sieve::Sieve;

    fn key(name: &str) -> Vec<u8> {
        let length = u8::try_from(name.len()).unwrap();
        [&[7, TABLE, 3][..], b"abc", &[length], name.as_bytes()].concat()
    }

    fn open() -> (tempfile::TempDir, SledIndex) {
        let directory = tempfile::tempdir().unwrap();
        let Ok(index) = SledIndex::open(directory.path(), 1 << 20) else { panic!("not opened") };
        (directory, index)
    }

    #[test]
    fn b01_names_that_differ_in_their_last_byte_alone_stand_together() {
        assert_eq!(stem(&key("n-12")), Some(key("n-12").len() - 1));
        assert_eq!(stem(&[key("n-12"), vec![0]].concat()), Some(key("n-12").len() - 1));
        for no_row in
            [&key("n-12")[..key("n-12").len() - 1], &key("x")[..6], &[7, TABLE], b"\x07E\x03abc12"]
        {
            assert_eq!(stem(no_row), None, "{no_row:?}");
        }
        let (_kept, index) = open();
        let names: Vec<Vec<u8>> = (0..1_000).map(|number| key(&format!("n-{number}"))).collect();
        index.apply(names.iter().map(|name| (&name[..], Some(&b"12345678"[..]))), None).unwrap();
        assert_eq!(index.raw_after(&[7], usize::MAX).unwrap().len(), 1 + 9 + 90);
        let there = index.rows_after(&[7], usize::MAX).unwrap();
        let mut sorted = names;
        sorted.sort();
        assert!(there.iter().map(|(key, _)| key).eq(&sorted));
        index.apply(sorted.iter().map(|name| (&name[..], None)), None).unwrap();
        assert_eq!(index.raw_after(&[7], usize::MAX).unwrap(), []);
    }

    /// What a map does, with and without knowing which bunches are there, for names of all lengths beside other rows.
    #[test]
    fn b01_bunches_are_seen_as_their_rows_from_wherever_one_looks() {
        for with_stems in [false, true] {
            let mut dice = StdRng::seed_from_u64(41 + u64::from(with_stems));
            let (_kept, index) = open();
            if with_stems {
                let stems = Arc::new(Sieve::new(1 << 12));
                stems.is_whole_now();
                index.note_stems(&stems);
            }
            let name = |dice: &mut StdRng| {
                let letters = dice.random_range(1..5);
                let name: String = (0..letters).map(|_| dice.random_range('a'..'e')).collect();
                match dice.random_range(0..9) {
                    0 => [&[7, b'P', 3][..], b"abc", name.as_bytes()].concat(),
                    1 => [&[7, b'N', 3][..], b"abc", name.as_bytes()].concat(),
                    _ => key(&name),
                }
            };
            let mut model: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
            for round in 0..60 {
                let mut changes: BTreeMap<Vec<u8>, Option<Vec<u8>>> = BTreeMap::new();
                for _ in 0..dice.random_range(1..40) {
                    let long = if dice.random_range(0..50) == 0 { VALUE_BYTES_MAX } else { 0 };
                    let value = dice.random_bool(0.6).then(|| vec![round; long + 8]);
                    changes.insert(name(&mut dice), value);
                }
                let rows = changes.iter().map(|(key, value)| (&key[..], value.as_deref()));
                index.apply(rows, None).unwrap();
                for (key, value) in changes {
                    match value {
                        Some(value) => model.insert(key, value),
                        None => model.remove(&key),
                    };
                }
                for _ in 0..20 {
                    let looked_for = name(&mut dice);
                    assert_eq!(index.get(&looked_for).unwrap(), model.get(&looked_for).cloned());
                    let mut ends = [name(&mut dice), name(&mut dice)];
                    ends.sort();
                    let [from, until] = ends;
                    // Where a scan goes on after its last row, too.
                    let from = if dice.random_bool(0.5) { [from, vec![0]].concat() } else { from };
                    let range = from.clone()..until.max(from);
                    let limit = dice.random_range(1..9);
                    let rows =
                        model.range(range.clone()).map(|(key, value)| (key.clone(), value.clone()));
                    let up = index.page(&range, Direction::Ascending, limit).unwrap();
                    assert_eq!(up, rows.clone().take(limit).collect::<Vec<_>>());
                    let down = index.page(&range, Direction::Descending, limit).unwrap();
                    assert_eq!(down, rows.rev().take(limit).collect::<Vec<_>>());
                }
            }
            assert!(model.len() > 50);
        }
    }
}
