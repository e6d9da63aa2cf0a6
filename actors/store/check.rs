//! Reading a store from its first byte to its last, and comparing its parts.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use super::disk::{Places, lock_now};
use super::index::{SledIndex, Unopened};
use super::journal::{JournalError, Position, reading};
use super::{StoreError, Write, frame, full_key, snapshot};
use crate::limits;

/// What was found of one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The part.
    pub part: &'static str,
    /// Whether it is as it should be.
    pub passed: bool,
    /// What was looked at, or what is wrong.
    pub words: String,
}

/// Checks the store in a directory: its journal, its snapshots and, unless a server is using it, its
/// index against the journal. `is_whole` judges a value of the index by its key. Changes nothing but what
/// sled changes when it is opened.
pub fn check(data: &Path, is_whole: impl Fn(&[u8], &[u8]) -> bool) -> Vec<Finding> {
    let places = Places::in_directory(data);
    let mut last = HashMap::new();
    let mut findings = vec![finding("journal", check_journal(&places, &mut last))];
    findings.push(finding("snapshots", check_snapshots(&places)));
    findings.push(match lock_now(data) {
        Some(_lock) => finding("index", check_index(&places, &last, is_whole)),
        None => Finding {
            part: "index",
            passed: true,
            words: "not looked at: a server is using it; stop the server to have it compared"
                .to_owned(),
        },
    });
    findings
}

/// The last write of a key in the journal: its partition's sequence, and the value's checksum.
type LastWrites = HashMap<Vec<u8>, (u64, Option<u32>)>;

fn check_journal(places: &Places, last: &mut LastWrites) -> Result<String, StoreError> {
    let segments = reading::list(&places.journal)?;
    let Some((start, _)) = segments.first() else {
        return Err(StoreError::Unusable {
            directory: places.root.clone(),
            problem: "there is no store with a journal in it".to_owned(),
        });
    };
    let (mut frames, mut writes) = (0_u64, 0_usize);
    let end = reading::walk(&segments, None, start, &mut |read| {
        let batch = frame::read(read.partition, read.bytes);
        let broken = || JournalError::Refused("a frame that is no batch".to_owned());
        let batch = batch.ok_or_else(broken)?;
        frames += 1;
        writes += batch.writes.len();
        for write in batch.writes {
            let (key, sum) = match write {
                Write::Put(key, value) => (key, Some(crc32fast::hash(&value))),
                Write::Delete(key) => (key, None),
            };
            last.insert(full_key(read.partition, &key), (read.seq, sum));
        }
        Ok(())
    })?;
    let (count, first) = (segments.len(), start.group + 1);
    Ok(format!(
        "{count} segments, groups {first} to {}, {frames} frames, {writes} writes",
        end.group
    ))
}

fn check_snapshots(places: &Places) -> Result<String, StoreError> {
    let mut words = Vec::new();
    for path in snapshot::list(&places.snapshots)? {
        let (position, rows) = snapshot::read(&path, |_| Ok(()))?;
        words.push(format!("{rows} rows at group {}", position.group));
    }
    Ok(if words.is_empty() { "none yet".to_owned() } else { words.join("; ") })
}

fn check_index(
    places: &Places,
    last: &LastWrites,
    is_whole: impl Fn(&[u8], &[u8]) -> bool,
) -> Result<String, StoreError> {
    let damaged = |problem: String| StoreError::Index { doing: "read", problem };
    if !places.index.exists() {
        return Ok("none; the next start builds it".to_owned());
    }
    let index = SledIndex::open(&places.index, limits::INDEX_CACHE_BYTES);
    let index = index.map_err(|problem| match problem {
        Unopened::Store(error) => error,
        Unopened::Damaged(problem) => damaged(problem),
        Unopened::Locked => damaged("another process is using it".to_owned()),
    })?;
    let position = index.position()?.ok_or_else(|| damaged("it has no position".to_owned()))?;
    let mut after = Vec::new();
    let (mut rows, mut broken) = (0_u64, 0_u64);
    loop {
        let page = index.rows_after(&after, limits::SNAPSHOT_BLOCK_ROWS)?;
        let Some((key, _)) = page.last() else { break };
        after.clone_from(key);
        rows += page.len() as u64;
        let bad = page.iter().filter(|(key, value)| !is_whole(key.get(1..).unwrap_or(&[]), value));
        broken += bad.count() as u64;
    }
    let (compared, different) = compare(places, &index, &position, last)?;
    let different = different + rows.abs_diff(compared.rows);
    let compared = compared.keys;
    if broken + different > 0 {
        return Err(damaged(format!(
            "{broken} of {rows} rows are damaged, {different} of {compared} differ from journal and \
             snapshot; remove {} while the server is stopped, and the next start builds it again",
            places.index.display()
        )));
    }
    Ok(format!(
        "{rows} rows at group {}; {compared} compared with journal and snapshot",
        position.group
    ))
}

struct Compared {
    /// Keys that were looked up.
    keys: u64,
    /// Rows that the index should have.
    rows: u64,
}

/// Compares the index with the journal and, for what is older, with the newest snapshot; answers what was
/// compared, and how many keys differ.
fn compare(
    places: &Places,
    index: &SledIndex,
    position: &Position,
    last: &LastWrites,
) -> Result<(Compared, u64), StoreError> {
    let mut compared = Compared { keys: 0, rows: 0 };
    let mut different = 0;
    let mut look = |key: &[u8], sum: Option<u32>| -> Result<(), StoreError> {
        compared.keys += 1;
        compared.rows += u64::from(sum.is_some());
        let found = index.get(key)?.map(|value| crc32fast::hash(&value));
        different += u64::from(found != sum);
        Ok(())
    };
    // What the index has not come to yet is not its fault; the journal is read again at the start.
    let ahead = |key: &[u8], seq: u64| {
        seq > position.seq(super::Partition(key.first().copied().unwrap_or_default()))
    };
    for (key, (seq, sum)) in last {
        if ahead(key, *seq) {
            let found = index.get(key)?.map(|value| crc32fast::hash(&value));
            look(key, found)?;
        } else {
            look(key, *sum)?;
        }
    }
    if let Some(newest) = snapshot::list(&places.snapshots)?.first() {
        snapshot::read(newest, |rows| {
            let mut older = rows.iter().filter(|(key, _)| !last.contains_key(key));
            older.try_for_each(|(key, value)| look(key, Some(crc32fast::hash(value))))
        })?;
    }
    Ok((compared, different))
}

fn finding(part: &'static str, found: Result<String, StoreError>) -> Finding {
    match found {
        Ok(words) => Finding { part, passed: true, words },
        Err(error) => Finding { part, passed: false, words: error.to_string() },
    }
}

/// Whether the data directory has a store at all.
pub fn is_there(data: &Path) -> bool {
    let places = Places::in_directory(data);
    [places.journal, places.index].iter().any(|part| fs::exists(part).unwrap_or_default())
}
