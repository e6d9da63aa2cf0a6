//! What every store promises, proved on each: the same cases, and random work against a model.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use proptest::prelude::*;

use super::damage::{copy_store, small};
use super::disk::{DiskOptions, DiskStore};
use super::memory::MemoryStore;
use super::{Batch, Direction, Partition, Store, Write};
use crate::limits::VALUE_BYTES_MAX;

const P: Partition = Partition(7);

fn batch(writes: &[(&str, Option<&str>)]) -> Batch {
    let mut batch = Batch::new(P);
    for (key, value) in writes {
        match value {
            Some(value) => batch.put(key.as_bytes().to_vec(), value.as_bytes().to_vec()),
            None => batch.delete(key.as_bytes().to_vec()),
        }
    }
    batch
}

fn keys(store: &dyn Store, from: &str, until: &str, direction: Direction, limit: usize) -> String {
    let rows = store.scan(P, from.as_bytes()..until.as_bytes(), direction, limit).unwrap();
    rows.iter()
        .map(|(key, _)| String::from_utf8_lossy(key).into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

fn keeps_its_promises(store: &dyn Store) {
    store.commit(vec![batch(&[("b", Some("2")), ("a", Some("1")), ("c", Some("3"))])]).unwrap();
    assert_eq!(store.get(P, b"b").unwrap().as_deref(), Some(&b"2"[..]));
    assert_eq!(store.get(P, b"x").unwrap(), None);
    assert_eq!(keys(store, "a", "z", Direction::Ascending, 9), "a b c");
    assert_eq!(keys(store, "a", "z", Direction::Descending, 9), "c b a");
    assert_eq!(keys(store, "a", "c", Direction::Ascending, 9), "a b", "the end is exclusive");
    assert_eq!(keys(store, "b", "z", Direction::Ascending, 1), "b", "the start is inclusive");
    assert_eq!(keys(store, "a", "z", Direction::Descending, 1), "c");
    assert_eq!(keys(store, "z", "a", Direction::Ascending, 9), "", "an empty range is empty");

    let in_order = vec![batch(&[("a", Some("new")), ("d", Some("4"))]), batch(&[("a", None)])];
    store.commit(in_order).unwrap();
    assert_eq!(store.get(P, b"a").unwrap(), None, "later batches win");
    let within = batch(&[("e", None), ("e", Some("5")), ("f", Some("6")), ("f", None)]);
    store.commit(vec![within]).unwrap();
    assert_eq!(keys(store, "a", "z", Direction::Ascending, 9), "b c d e", "later writes win");

    let other = Batch { partition: Partition(8), writes: batch(&[("b", Some("8"))]).writes };
    store.commit(vec![other]).unwrap();
    assert_eq!(store.get(P, b"b").unwrap().as_deref(), Some(&b"2"[..]));
    assert_eq!(keys(store, "a", "z", Direction::Ascending, 9), "b c d e", "partitions are apart");
    store.commit(Vec::new()).unwrap();
    store.commit(vec![Batch::new(P)]).unwrap();
}

#[test]
fn memory_keeps_its_promises() {
    keeps_its_promises(&MemoryStore::default());
}

fn open(directory: &Path) -> DiskStore {
    DiskStore::open(directory, small()).unwrap()
}

#[test]
fn the_disk_keeps_its_promises() {
    let directory = tempfile::tempdir().unwrap();
    keeps_its_promises(&open(directory.path()));
}

#[test]
fn f02_the_disk_has_after_reopening_what_it_committed() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let long = "x".repeat(3 * VALUE_BYTES_MAX + 5);
    store.commit(vec![batch(&[("a", Some("1")), ("long", Some(&long))])]).unwrap();
    for _ in 0..2 {
        let store = reopened(&store, directory.path());
        assert_eq!(store.get(P, b"a").unwrap().as_deref(), Some(&b"1"[..]));
        assert_eq!(store.get(P, b"long").unwrap().as_deref(), Some(long.as_bytes()));
        assert_eq!(keys(&store, "a", "z", Direction::Ascending, 9), "a long");
    }
    drop(store);
    let store = open(directory.path());
    store.commit(vec![batch(&[("long", Some("short"))])]).unwrap();
    drop(store);
    let store = open(directory.path());
    assert_eq!(store.get(P, b"long").unwrap().as_deref(), Some(&b"short"[..]));
}

/// Ids of events pass through a sieve, which knows of all of them only some time after the start.
#[test]
fn b01_whoever_opens_a_store_again_finds_all_of_its_ids_and_no_others() {
    let directory = tempfile::tempdir().unwrap();
    let now = |number: u32| [&b"1\x03abc\x04"[..], &number.to_be_bytes()].concat();
    let before = |number: u32| [&b"I\x03abc"[..], &number.to_be_bytes()].concat();
    let changed = |numbers: Range<u32>, write: fn(&mut Batch, Vec<u8>)| {
        let mut batch = Batch::new(P);
        let keys = numbers.flat_map(|number| [now(number), before(number)]);
        keys.for_each(|key| write(&mut batch, key));
        vec![batch]
    };
    let put = |batch: &mut Batch, key| batch.put(key, b"12345678".to_vec());
    let look = |store: &DiskStore, there: &dyn Fn(u32) -> bool| {
        for number in 0..4_000 {
            for key in [now(number), before(number)] {
                assert_eq!(store.get(P, &key).unwrap().is_some(), there(number), "{number}");
            }
        }
    };
    let store = open(directory.path());
    store.commit(changed(0..3_000, put)).unwrap();
    drop(store);

    let store = open(directory.path());
    store.commit(changed(3_000..3_100, put)).unwrap();
    look(&store, &|number| number < 3_100);
    while store.inside.ids.may_have(P, &now(9_999)) {
        thread::yield_now();
    }
    look(&store, &|number| number < 3_100);
    store.commit(changed(1_000..2_000, Batch::delete)).unwrap();
    store.commit(changed(1_500..1_600, put)).unwrap();
    let there = |number| {
        number < 1_000 || (2_000..3_100).contains(&number) || (1_500..1_600).contains(&number)
    };
    look(&store, &there);
    drop(store);
    look(&open(directory.path()), &there);
}

/// An id that is deleted goes from the index too, where the deletion was only in the journal when the store was opened.
#[test]
fn b01_an_id_that_was_deleted_before_a_kill_is_gone_after_it() {
    let directory = tempfile::tempdir().unwrap();
    let key = |number: u8| [&b"1\x03abc\x03o-"[..], &[number]].concat();
    let open = |directory: &Path| DiskStore::open(directory, DiskOptions::default()).unwrap();
    let store = open(directory.path());
    let mut batch = Batch::new(P);
    (0..200).for_each(|number| batch.put(key(number), b"12345678".to_vec()));
    store.commit(vec![batch]).unwrap();
    drop(store);

    let store = open(directory.path());
    let mut batch = Batch::new(P);
    (0..200).for_each(|number| batch.delete(key(number)));
    store.commit(vec![batch]).unwrap();
    let copy = tempfile::tempdir().unwrap();
    copy_store(directory.path(), copy.path());
    drop(store);
    for _ in 0..2 {
        let store = open(copy.path());
        while store.inside.ids.may_have(P, &key(200)) {
            thread::yield_now();
        }
        let range = &b"1\x03abc"[..]..&b"1\x03abd"[..];
        assert_eq!(store.scan(P, range, Direction::Ascending, 9).unwrap(), []);
        assert!((0..200).all(|number| store.get(P, &key(number)).unwrap().is_none()));
    }
}

#[test]
fn two_servers_cannot_share_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let _first = open(directory.path());
    let second = DiskStore::open(directory.path(), small());
    let problem = second.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(problem.contains("another sereno"), "{problem}");
}

/// What another process would find if this one were killed now: a copy of the directory, opened.
fn reopened(_running: &DiskStore, directory: &Path) -> DiskStore {
    let copy = tempfile::tempdir().unwrap().keep();
    copy_store(directory, &copy);
    open(&copy)
}

fn writes() -> impl Strategy<Value = Vec<Write>> {
    let key = prop::collection::vec(1_u8..5, 1..4);
    let value = prop::collection::vec(any::<u8>(), 0..40);
    let write = prop_oneof![
        3 => (key.clone(), value).prop_map(|(key, value)| Write::Put(key, value)),
        1 => key.prop_map(Write::Delete),
    ];
    prop::collection::vec(write, 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(
        if std::env::var_os("SERENO_TESTS_LONG").is_some() { 400 } else { 48 }
    ))]

    #[test]
    fn random_work_leaves_what_the_model_has(
        commits in prop::collection::vec(writes(), 1..12),
        (from, until) in (1_u8..5, 1_u8..6),
        limit in 0_usize..20,
    ) {
        let directory = tempfile::tempdir().unwrap();
        let stores: [Arc<dyn Store>; 2] = [
            Arc::new(MemoryStore::default()),
            Arc::new(open(directory.path())),
        ];
        let mut model = BTreeMap::new();
        for writes in commits {
            for write in &writes {
                match write {
                    Write::Put(key, value) => drop(model.insert(key.clone(), value.clone())),
                    Write::Delete(key) => drop(model.remove(key)),
                }
            }
            for store in &stores {
                store.commit(vec![Batch { partition: P, writes: writes.clone() }]).unwrap();
            }
        }
        let range = if from < until { vec![from]..vec![until] } else { vec![9]..vec![9] };
        let wanted: Vec<_> =
            model.range(range).take(limit).map(|(k, v)| (k.clone(), v.clone())).collect();
        for store in &stores {
            let found = store.scan(P, &[from]..&[until], Direction::Ascending, limit).unwrap();
            prop_assert_eq!(&found, &wanted);
            for key in model.keys() {
                prop_assert_eq!(store.get(P, key).unwrap(), model.get(key).cloned());
            }
        }
    }
}
