//! Reading a store from its first byte to its last, and comparing its parts.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::disk::Places;
use super::index::{SledIndex, Unopened};
use super::journal::reading::{self, Gaps};
use super::journal::{JournalError, Position};
use super::lock::lock_now;
use super::mark::Mark;
use super::space::Space;
use super::{StoreError, Write, frame, full_key, in_full, snapshot};
use crate::limits;

/// What was found of one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The part.
    pub part: &'static str,
    /// Whether it is as it should be.
    pub passed: bool,
    /// Whether it was looked at.
    pub looked_at: bool,
    /// What was looked at, or what is wrong.
    pub words: String,
}

/// Whether this process may put files into a directory.
pub fn may_write(directory: &Path) -> std::io::Result<()> {
    Ok(access(directory, Access::WRITE_OK | Access::EXEC_OK)?)
}

/// Checks the store in a directory: its journal, its snapshots and, unless a server is using it, its
/// index against the journal. `is_whole` judges a value of the index by its key. Changes nothing but what
/// sled changes when it is opened.
pub fn check(data: &Path, is_whole: impl Fn(&[u8], &[u8]) -> bool) -> Vec<Finding> {
    let places = Places::in_directory(data);
    let mut last = HashMap::new();
    let (snapshots, good) = check_snapshots(&places);
    let journal = check_journal(&places, good.as_ref(), &mut last);
    let index = match (lock_now(data), &journal) {
        (Some(_lock), Ok((_, end))) => {
            let truth = Truth { last: &last, end: *end, snapshot: good.as_ref() };
            finding("index", check_index(&places, Some(&truth), is_whole))
        }
        (Some(_lock), Err(_)) => finding("index", check_index(&places, None, is_whole)),
        (None, _) => Finding {
            part: "index",
            passed: true,
            looked_at: false,
            words: "not looked at: a server is using it; stop the server to have it compared"
                .to_owned(),
        },
    };
    vec![finding("journal", journal.map(|(words, _)| words)), snapshots, index]
}

/// What the index is compared with.
struct Truth<'a> {
    /// The journal's writes.
    last: &'a LastWrites,
    /// The journal's last group.
    end: u64,
    /// The newest snapshot that is good.
    snapshot: Option<&'a (PathBuf, Position)>,
}

/// The last write of a key in the journal: its partition's sequence, and the value's checksum.
type LastWrites = HashMap<Vec<u8>, (u64, Option<u32>)>;

/// Reads the journal, which must reach back to a good snapshot or to its own beginning; answers what was
/// read, and the last group.
fn check_journal(
    places: &Places,
    snapshot: Option<&(PathBuf, Position)>,
    last: &mut LastWrites,
) -> Result<(String, u64), StoreError> {
    // Read first, since a server may be going on meanwhile.
    let marked = Mark::read(places).journal;
    let segments = reading::list(&places.journal)?;
    let Some((start, path)) = segments.first() else {
        return Err(StoreError::Unusable {
            directory: places.root.clone(),
            problem: "there is no store with a journal in it".to_owned(),
        });
    };
    let needed_from = snapshot.map_or(0, |(_, position)| position.group);
    if start.group > needed_from {
        let (path, offset) = (path.clone(), 0);
        let (first, last) = (needed_from + 1, start.group);
        return Err(JournalError::Damaged { path, offset, first, last }.into());
    }
    let (mut frames, mut writes) = (0_u64, 0_usize);
    let end = reading::walk(&segments, None, start, Gaps::Refuse, &mut |read| {
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
    if marked > end.group {
        return Err(StoreError::Missing { first: end.group + 1, last: marked });
    }
    let (count, first) = (segments.len(), start.group + 1);
    let words = format!(
        "{count} segments, groups {first} to {}, {frames} frames, {writes} writes",
        end.group
    );
    Ok((words, end.group))
}

/// Reads the snapshots; answers what was found, and the newest good one.
fn check_snapshots(places: &Places) -> (Finding, Option<(PathBuf, Position)>) {
    let (mut words, mut passed, mut good) = (Vec::new(), true, None);
    let paths = match snapshot::list(&places.snapshots) {
        Ok(paths) => paths,
        Err(error) => return (finding("snapshots", Err(error.into())), None),
    };
    for path in paths {
        match snapshot::read(&path, |_| Ok(())) {
            Ok((position, rows)) => {
                words.push(format!("{rows} rows at group {}", position.group));
                good.get_or_insert((path, position));
            }
            Err(error) => {
                words.push(in_full(&error));
                passed = false;
            }
        }
    }
    let words = if words.is_empty() { "none yet".to_owned() } else { words.join("; ") };
    (Finding { part: "snapshots", passed, looked_at: true, words }, good)
}

fn check_index(
    places: &Places,
    truth: Option<&Truth<'_>>,
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
    let keep = "keep it: it has what the journal has not. Start the server, and take a backup";
    let Some(truth) = truth else {
        let words =
            format!("{broken} of {rows} rows are damaged; not compared, as the journal is; {keep}");
        return if broken == 0 { Ok(words) } else { Err(damaged(words)) };
    };
    if position.group > truth.end {
        let (index, journal) = (position.group, truth.end);
        let words = format!("it is of group {index}, but the journal ends at {journal}; {keep}");
        return Err(damaged(words));
    }
    let (compared, different) = compare(&index, &position, truth)?;
    let different = different + rows.abs_diff(compared.rows);
    let compared = compared.keys;
    if broken + different > 0 {
        return Err(damaged(format!(
            "{broken} of {rows} rows are damaged, {different} of {compared} differ from journal and \
             snapshot, which are whole; move {} away while the server is stopped, and the next start \
             builds it again",
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
    index: &SledIndex,
    position: &Position,
    truth: &Truth<'_>,
) -> Result<(Compared, u64), StoreError> {
    let last = truth.last;
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
    if let Some((path, _)) = truth.snapshot {
        snapshot::read(path, |rows| {
            let mut older = rows.iter().filter(|(key, _)| !last.contains_key(key));
            older.try_for_each(|(key, value)| look(key, Some(crc32fast::hash(value))))
        })?;
    }
    Ok((compared, different))
}

fn finding(part: &'static str, found: Result<String, StoreError>) -> Finding {
    match found {
        Ok(words) => Finding { part, passed: true, looked_at: true, words },
        Err(error) => Finding { part, passed: false, looked_at: true, words: in_full(&error) },
    }
}

/// Whether the data directory has a store at all.
pub fn is_there(data: &Path) -> bool {
    let places = Places::in_directory(data);
    [places.journal, places.index].iter().any(|part| fs::exists(part).unwrap_or_default())
}

/// Whether a server is using the store of a data directory that has one.
pub fn is_in_use(data: &Path) -> bool {
    is_there(data) && lock_now(data).is_none()
}

/// What is left of the disk, in bytes; as many as one likes where that cannot be told.
pub fn free_bytes(data: &Path) -> u64 {
    Space::of(data).free_bytes()
}
