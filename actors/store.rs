//! The ordered store under the ledger: atomic batches, point reads and paged scans over bytes.
//!
//! Two implementations pass one contract suite: [`disk`], and [`memory`] for tests. Nothing above this
//! module knows which one it has. A [`Committer`](committer::Committer) owns all writes.

pub mod backup;
mod behind;
pub mod check;
pub mod committer;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod damage;
pub mod disk;
mod frame;
mod index;
pub mod journal;
mod lock;
mod mark;
pub mod memory;
mod overlay;
mod recovery;
mod sieve;
mod snapshot;
mod space;

use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

use self::journal::JournalError;
use self::journal::file::FileJournal;
use crate::vitals::StoreVitals;

/// One of the 256 parts into which tenants are divided by their hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition(pub u8);

/// A change to one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Set it.
    Put(Vec<u8>, Vec<u8>),
    /// Remove it, if it is there.
    Delete(Vec<u8>),
}

/// Changes to one partition that become durable together or not at all; later ones win.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Where.
    pub partition: Partition,
    /// What.
    pub writes: Vec<Write>,
}

impl Batch {
    /// An empty batch.
    pub fn new(partition: Partition) -> Self {
        Self { partition, writes: Vec::new() }
    }

    /// Sets a key.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.writes.push(Write::Put(key, value));
    }

    /// Removes a key.
    pub fn delete(&mut self, key: Vec<u8>) {
        self.writes.push(Write::Delete(key));
    }

    /// Bytes of all keys and values.
    pub fn bytes(&self) -> usize {
        let bytes = |write: &Write| match write {
            Write::Put(key, value) => key.len() + value.len(),
            Write::Delete(key) => key.len(),
        };
        self.writes.iter().map(bytes).sum()
    }
}

/// Which way a scan goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the smallest key up.
    Ascending,
    /// From the largest key down.
    Descending,
}

/// A key and its value.
pub type Row = (Vec<u8>, Vec<u8>);

/// Why the store could not do it.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The disk or the file system refused.
    #[error("the store failed to {doing}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The journal failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The index failed or is damaged.
    #[error("the index failed to {doing}: {problem}")]
    Index {
        /// What was being done.
        doing: &'static str,
        /// What it said.
        problem: String,
    },
    /// A snapshot is damaged.
    #[error("the snapshot {} is damaged: {problem}", path.display())]
    Snapshot {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        problem: &'static str,
    },
    /// Groups at the end of the journal that were durable are gone.
    #[error("groups {first} to {last} at the end of the journal are missing")]
    Missing {
        /// The first of them.
        first: u64,
        /// The last.
        last: u64,
    },
    /// A directory is not what it should be.
    #[error("{}: {problem}", directory.display())]
    Unusable {
        /// The directory.
        directory: PathBuf,
        /// What to do about it.
        problem: String,
    },
    /// The disk has too little space for what can wait.
    #[error("the disk is nearly full")]
    Full,
    /// The store is closing.
    #[error("the store is closing")]
    Closing,
    /// It cannot be opened at all.
    #[error("the store in {directory} cannot be opened: {problem}")]
    Open {
        /// The directory.
        directory: String,
        /// Why.
        problem: String,
    },
}

/// An error with everything that caused it.
fn in_full(error: &StoreError) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(present) = cause {
        words = format!("{words}: {present}");
        cause = present.source();
    }
    words
}

/// An ordered map of bytes with durable atomic batches. Keys begin with a byte other than 0.
pub trait Store: Send + Sync + 'static {
    /// Makes batches durable, in order. When it returns `Ok`, they survive a power cut; after an error
    /// nothing is known about them, and the process must end.
    fn commit(&self, batches: Vec<Batch>) -> Result<(), StoreError>;

    /// The value of a key.
    fn get(&self, partition: Partition, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Rows from `from` (inclusive) to `until` (exclusive) in key order, at most `limit`. A batch that
    /// is committed meanwhile may be seen in part.
    fn scan(
        &self,
        partition: Partition,
        range: std::ops::Range<&[u8]>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError>;

    /// The journal in front of it, for whoever reads on what is committed; `None` where there is none.
    fn journal(&self) -> Option<Arc<FileJournal>> {
        None
    }

    /// How it is, as far as it can tell.
    fn vitals(&self) -> StoreVitals {
        StoreVitals::default()
    }

    /// Whether there is space for new work. Commits of what is under way are taken all the same.
    fn has_room(&self) -> bool {
        true
    }

    /// Whether more comes in than the index takes at once.
    fn is_busy(&self) -> bool {
        false
    }

    /// Writes out what would otherwise be read again from the journal at the next start; commits that
    /// wait for space are given up.
    fn close(&self) {}
}

/// A key with its partition in front.
fn full_key(partition: Partition, key: &[u8]) -> Vec<u8> {
    let mut full = Vec::with_capacity(1 + key.len());
    full.push(partition.0);
    full.extend_from_slice(key);
    full
}
