//! What a crash or a bad disk may leave behind, and that the store comes back from it: one store is
//! carried through many crashes, and bits are flipped in each of its files.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;

use super::disk::{DiskOptions, DiskStore};
use super::index::SledIndex;
use super::{Batch, Direction, Partition, Store, StoreError, check};

/// Everything happens often: segments fill, the index is written, snapshots are taken.
pub(super) fn small() -> DiskOptions {
    DiskOptions {
        cache_bytes: 8 << 20,
        segment_bytes: 16 << 10,
        overlay_bytes_max: 64 << 10,
        index_after_bytes: 4 << 10,
        index_after: Duration::from_millis(20),
        snapshot_after_bytes: 32 << 10,
        snapshot_pause: Duration::ZERO,
        salvage: false,
    }
}

/// What another process would find if this one were killed now. The truth is copied first, as no crash
/// leaves an index that is ahead of its journal.
pub(super) fn copy_store(from: &Path, to: &Path) {
    // Never ahead of what it is about.
    fs::copy(from.join("index.mark"), to.join("index.mark")).ok();
    for part in ["journal", "index", "snapshots"] {
        let (from, to) = (from.join(part), to.join(part));
        fs::create_dir_all(&to).unwrap();
        for entry in fs::read_dir(from).into_iter().flatten() {
            let path = entry.unwrap().path();
            match fs::copy(&path, to.join(path.file_name().unwrap())) {
                // Recycled, or named anew, in this moment.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                copied => assert!(copied.is_ok() || path.is_dir(), "{copied:?}"),
            }
        }
    }
}

type Model = BTreeMap<(u8, Vec<u8>), Vec<u8>>;

fn commit(store: &DiskStore, model: &mut Model, (partition, salt): (u8, u64), rows: u8) {
    let mut batch = Batch::new(Partition(partition));
    for row in 0..rows {
        let number = [b'a' + row % 23, (salt % 50) as u8, row];
        // Every other row is one of a table that stands in pages.
        let table: &[u8] = if row.is_multiple_of(2) { b"L\x03abc" } else { b"" };
        let key = [table, &number].concat();
        if (salt + u64::from(row)).is_multiple_of(3) {
            model.remove(&(partition, key.clone()));
            batch.delete(key);
        } else {
            let value = salt.to_be_bytes().repeat(1 + usize::from(row % 40));
            model.insert((partition, key.clone()), value.clone());
            batch.put(key, value);
        }
    }
    store.commit(vec![batch]).unwrap();
}

fn contents(store: &DiskStore) -> Result<Model, StoreError> {
    let mut found = Model::new();
    for partition in 0..4 {
        let range = &[1][..]..&[255][..];
        let rows =
            store.scan(Partition(partition), range.clone(), Direction::Ascending, usize::MAX)?;
        let mut backwards =
            store.scan(Partition(partition), range, Direction::Descending, usize::MAX)?;
        backwards.reverse();
        assert_eq!(rows, backwards);
        found.extend(rows.into_iter().map(|(key, value)| ((partition, key), value)));
    }
    Ok(found)
}

fn files(directory: &Path, suffix: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(directory)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(suffix))
        .collect();
    files.sort();
    files
}

/// The ways in which a crash, or worse, may hit the index.
fn harm(directory: &Path, how: u8) {
    let index = directory.join("index");
    let db = index.join("db");
    let size = fs::metadata(&db).map_or(0, |data| data.len());
    match how {
        0 => {}
        1 => fs::remove_dir_all(&index).unwrap(),
        2 => fs::OpenOptions::new().write(true).open(&db).unwrap().set_len(size / 2).unwrap(),
        3 => fs::write(&db, vec![0xA5; usize::try_from(size).unwrap()]).unwrap(),
        4 => fs::write(&db, []).unwrap(),
        5 => fs::write(index.join("snap.00000000000000FF.generating"), b"half").unwrap(),
        6 => fs::write(index.join("snap.00000000000000FF"), b"noise").unwrap(),
        7 => SledIndex::grow_old(&index),
        _ => {
            let newest = files(&directory.join("snapshots"), ".snapshot").pop();
            newest.into_iter().for_each(|newest| fs::write(newest, b"serenos1 noise").unwrap());
            fs::remove_dir_all(&index).unwrap();
        }
    }
}

/// Puts the beginning of a group behind the last one, as a cut in the middle of a write does.
fn tear(directory: &Path, bytes: usize) {
    let Some(last) = files(&directory.join("journal"), ".journal").pop() else { return };
    let mut segment = fs::read(&last).unwrap();
    let magic = [0xF5, 0xC1, 0xFE, 0xFA];
    let end = segment.windows(4).rposition(|window| window == magic).unwrap_or(8_192);
    let group = segment[end..].to_vec();
    let size = group.get(4..8).map_or(0, |size| u32::from_le_bytes(size.try_into().unwrap()));
    let next = end + (32 + size as usize).next_multiple_of(8);
    let torn = group.len().min(bytes.min(24 + size as usize / 2));
    if end > 8_192 && next + torn <= segment.len() {
        segment[next..next + torn].copy_from_slice(&group[..torn]);
        // The next group's number, so that it does not look like the one that was copied.
        if torn > 16 {
            segment[next + 16] = segment[next + 16].wrapping_add(1);
        }
        fs::write(&last, segment).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(
        if std::env::var_os("SERENO_TESTS_LONG").is_some() { 100 } else { 12 }
    ))]

    #[test]
    fn f02_one_store_carried_through_many_crashes_loses_nothing(
        lives in prop::collection::vec(
            (prop::collection::vec(((0_u8..4, any::<u64>()), 1_u8..60), 0..60), 0_u8..9, 0_usize..500),
            1..6),
    ) {
        let mut home = tempfile::tempdir().unwrap();
        let mut model = Model::new();
        for (commits, how, torn) in lives {
            let store = DiskStore::open(home.path(), small()).unwrap();
            prop_assert_eq!(&contents(&store).unwrap(), &model);
            for (place, rows) in commits {
                commit(&store, &mut model, place, rows);
            }
            let next = tempfile::tempdir().unwrap();
            copy_store(home.path(), next.path());
            // What the copy is of goes on and ends well; nothing of that is in the copy.
            drop(store);
            harm(next.path(), if model.is_empty() { 0 } else { how });
            tear(next.path(), torn);
            home = next;
        }
        let store = DiskStore::open(home.path(), small()).unwrap();
        prop_assert_eq!(contents(&store).unwrap(), model);
    }

    #[test]
    fn a_flipped_bit_is_made_good_or_reported_and_never_served(
        commits in prop::collection::vec(((0_u8..4, any::<u64>()), 1_u8..60), 60..120),
        flips in prop::collection::vec((0_usize..3, any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0_u8..8), 6),
    ) {
        let home = tempfile::tempdir().unwrap();
        let mut model = Model::new();
        let store = DiskStore::open(home.path(), small()).unwrap();
        for (place, rows) in commits {
            commit(&store, &mut model, place, rows);
        }
        drop(store);
        for (which, file, byte, bit) in flips {
            let copy = tempfile::tempdir().unwrap();
            copy_store(home.path(), copy.path());
            let (folder, suffix) =
                [("journal", ".journal"), ("snapshots", ".snapshot"), ("index", "db")][which];
            let found = files(&copy.path().join(folder), suffix);
            if found.is_empty() {
                continue;
            }
            let path = file.get(&found);
            let mut bytes = fs::read(path).unwrap();
            *byte.get_mut(&mut bytes) ^= 1 << bit;
            fs::write(path, bytes).unwrap();
            // With the index whole nothing is missing, whatever happened to the journal. sled does not
            // notice every flip in its own file, but the check does.
            let findings = check::check(copy.path(), |_, _| true);
            let noticed = findings.iter().any(|finding| !finding.passed);
            let store = DiskStore::open(copy.path(), small()).unwrap();
            let found = contents(&store).unwrap();
            prop_assert!(found == model || (which == 2 && noticed), "{:?} {:?}", path, findings);
            if which < 2 {
                let copied = tempfile::tempdir().unwrap();
                copy_store(home.path(), copied.path());
                fs::copy(path, copied.path().join(path.strip_prefix(copy.path()).unwrap())).unwrap();
                fs::remove_dir_all(copied.path().join("index")).unwrap();
                match DiskStore::open(copied.path(), small()).and_then(|store| contents(&store)) {
                    Ok(found) => prop_assert_eq!(&found, &model),
                    Err(error) => prop_assert!(!error.to_string().is_empty()),
                }
            }
        }
    }
}
