//! The journal: the truth of the store, an ordered log of frames that are durable before anything else.
//!
//! A frame is a physical batch (puts and deletes) of one partition, so replay never runs a rule again.
//! Each frame names the sequence that it must get and the epoch in which it was written: whoever lost
//! its partition to another writer is refused ([`JournalError::Fenced`]) instead of being mixed in.
//!
//! [`mod@file`] keeps it in segment files of this machine.

pub mod file;
pub(super) mod reading;
mod segment;
mod spares;
pub(crate) mod tail;

use std::path::PathBuf;

use thiserror::Error;

use super::Partition;

/// How many partitions there are; fixed for ever, since tenants are divided by their hash.
pub const PARTITIONS: usize = 256;

/// How far a journal goes: the last sequence of each partition, and how many groups were appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Groups appended before.
    pub group: u64,
    seqs: Box<[u64; PARTITIONS]>,
}

impl Default for Position {
    fn default() -> Self {
        Self { group: 0, seqs: Box::new([0; PARTITIONS]) }
    }
}

impl Position {
    /// Bytes of [`Position::to_bytes`].
    pub const BYTES: usize = 8 * (1 + PARTITIONS);

    /// The last sequence of a partition; 0 before its first frame.
    pub fn seq(&self, partition: Partition) -> u64 {
        self.seqs.get(usize::from(partition.0)).copied().unwrap_or_default()
    }

    /// Notes that a partition has come to `seq`.
    pub fn advance(&mut self, partition: Partition, seq: u64) {
        if let Some(last) = self.seqs.get_mut(usize::from(partition.0)) {
            *last = seq.max(*last);
        }
    }

    /// As little-endian numbers: the group, then the sequence of each partition.
    pub fn to_bytes(&self) -> Vec<u8> {
        let numbers = std::iter::once(&self.group).chain(self.seqs.iter());
        numbers.flat_map(|number| number.to_le_bytes()).collect()
    }

    /// The position that these bytes are.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (numbers, rest) = bytes.as_chunks::<8>();
        let (group, seqs) = numbers.split_first()?;
        if seqs.len() != PARTITIONS || !rest.is_empty() {
            return None;
        }
        let seqs: Vec<u64> = seqs.iter().map(|seq| u64::from_le_bytes(*seq)).collect();
        Some(Self { group: u64::from_le_bytes(*group), seqs: seqs.try_into().ok()? })
    }
}

/// A frame to append, or one that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Whose it is.
    pub partition: Partition,
    /// In which epoch it is written.
    pub epoch: u64,
    /// The sequence that it must get: one more than the partition's last.
    pub seq: u64,
    /// The batch, as `frame.rs` writes it.
    pub bytes: &'a [u8],
}

/// Why the journal could not do it.
#[derive(Debug, Error)]
pub enum JournalError {
    /// The disk failed; what is on it now is not known, and the process must end.
    #[error("the journal failed to {doing} {}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// There is no space for more. Nothing was written; the same call may succeed later.
    #[error("there is no space left for the journal in {}", directory.display())]
    Full {
        /// Where.
        directory: PathBuf,
    },
    /// Another writer has the partition, or this one has lost count.
    #[error("partition {} does not take sequence {seq} of epoch {epoch}", partition.0)]
    Fenced {
        /// The partition.
        partition: Partition,
        /// The sequence that was refused.
        seq: u64,
        /// The epoch that it came with.
        epoch: u64,
    },
    /// Groups in the middle cannot be read, and they are needed.
    #[error(
        "the journal is damaged: {} cannot be read at byte {offset}, so groups {first} to {last} \
         are missing", path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where in it.
        offset: u64,
        /// The first group that is missing.
        first: u64,
        /// The last one.
        last: u64,
    },
    /// A file is not one of ours, or was written by something newer.
    #[error("{} is not a journal that this sereno can read: {problem}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        problem: &'static str,
    },
    /// Whoever reads has asked to stop.
    #[error("the journal holds what cannot be applied: {0}")]
    Refused(String),
}

/// What is done with each frame that is read.
pub type Visit<'a> = &'a mut dyn FnMut(Frame<'_>) -> Result<(), JournalError>;

/// An ordered, durable log of frames; one process appends to a partition at a time.
pub trait Journal: Send + Sync + 'static {
    /// The epoch that frames must carry.
    fn epoch(&self) -> u64;

    /// How far it goes.
    fn head(&self) -> Position;

    /// Appends a group of frames, in order. When it returns `Ok` they survive a power cut, all of them;
    /// after a crash all of them are there or none.
    fn append(&self, frames: &[Frame<'_>]) -> Result<(), JournalError>;

    /// Reads what was appended after a position, in order; answers where reading ended.
    fn read_from(&self, from: &Position, visit: Visit<'_>) -> Result<Position, JournalError>;

    /// Lets go of what was appended up to a position, as far as that is possible in whole files.
    fn retain(&self, from: &Position) -> Result<(), JournalError>;

    /// Bytes appended after a position that are still kept, roughly.
    fn bytes_after(&self, from: &Position) -> u64;
}
