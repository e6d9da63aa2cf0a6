//! Reads a journal that is being written: group after group, as far as they are durable.
//!
//! It keeps one segment open and remembers where it is in it, and asks the journal's lock only when it
//! goes on to the next one: the writer never waits for it. A segment that was let go of meanwhile is read
//! on as long as its bytes last; once they are written over, numbers and checksums no longer fit, and what
//! followed is [`Lost`].

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use super::Position;
use super::file::FileJournal;
use super::reading::path_of;
use super::segment::{self, GROUP_HEAD_BYTES, HEADER_BYTES};
use crate::store::{Partition, frame};

/// A place in a journal, from which on it is read.
pub(crate) struct Tail {
    journal: Arc<FileJournal>,
    open: Option<Open>,
    /// The last group that was read, or passed.
    group: u64,
}

/// What would come next is no longer kept, or cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lost;

/// A group that was read.
pub(crate) struct Group {
    /// Its number.
    pub(crate) number: u64,
    bytes: Vec<u8>,
}

/// A key, and its value unless it is deleted.
pub(crate) type Written<'a> = (&'a [u8], Option<&'a [u8]>);

struct Open {
    file: File,
    number: u64,
    offset: u64,
    end: u64,
}

impl Tail {
    /// Begins behind all that is durable; with how far that goes.
    pub(crate) fn at_head(journal: &Arc<FileJournal>) -> (Self, Position) {
        let (head, place) = journal.end();
        let open = place.and_then(|(number, offset)| Open::at(journal, number, offset));
        let tail = Self { journal: Arc::clone(journal), open, group: head.group };
        (tail, head)
    }

    /// Begins before whatever followed a sequence of a partition; with the sequence from which on nothing
    /// is missing, which is a later one where the journal is not kept back so far.
    pub(crate) fn after(journal: &Arc<FileJournal>, partition: Partition, seq: u64) -> (Self, u64) {
        let before = |start: &Position| start.seq(partition) <= seq;
        let (group, complete) = match journal.segment_at(before) {
            Some((_, start)) => (start.group, seq),
            None => match journal.oldest() {
                Some((_, start)) => (start.group, start.seq(partition)),
                None => (0, seq),
            },
        };
        (Self { journal: Arc::clone(journal), open: None, group }, complete)
    }

    /// The last group that was read, or passed.
    pub(crate) fn group(&self) -> u64 {
        self.group
    }

    /// The next group that is durable; none where there is none yet.
    pub(crate) fn next(&mut self) -> Result<Option<Group>, Lost> {
        if self.group >= self.journal.durable() {
            return Ok(None);
        }
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.begin()?,
        };
        loop {
            if let Some((group, end)) = open.read(self.group + 1) {
                open.offset = end;
                self.open = Some(open);
                self.group = group.number;
                return Ok(Some(group));
            }
            let (number, start) = self.journal.segment_after(open.number).ok_or(Lost)?;
            // A segment that begins later would leave out what is between.
            if start.group != self.group {
                return Err(Lost);
            }
            open = Open::at(&self.journal, number, HEADER_BYTES as u64).ok_or(Lost)?;
        }
    }

    /// Opens the segment that begins here.
    fn begin(&self) -> Result<Open, Lost> {
        let here = self.journal.segment_at(|start| start.group <= self.group);
        let (number, _) = here.filter(|(_, start)| start.group == self.group).ok_or(Lost)?;
        Open::at(&self.journal, number, HEADER_BYTES as u64).ok_or(Lost)
    }
}

impl Open {
    fn at(journal: &FileJournal, number: u64, offset: u64) -> Option<Self> {
        let file = File::open(path_of(journal.directory(), number)).ok()?;
        let end = file.metadata().ok()?.len();
        Some(Self { file, number, offset, end })
    }

    /// The group with this number, if it stands here, and where the next one begins.
    fn read(&self, number: u64) -> Option<(Group, u64)> {
        let mut head = [0; GROUP_HEAD_BYTES];
        self.file.read_exact_at(&mut head, self.offset).ok()?;
        if !segment::is_begun(&head, self.number, 0) {
            return None;
        }
        let (_, rest) = head.split_first_chunk::<4>()?;
        let size = u64::from(u32::from_le_bytes(*rest.first_chunk::<4>()?));
        if self.offset + size > self.end {
            return None;
        }
        let mut whole = vec![0; GROUP_HEAD_BYTES + usize::try_from(size).ok()?];
        self.file.read_exact_at(&mut whole, self.offset).ok()?;
        let found = segment::group_at(&whole, self.number, 0)?;
        if found.number != number {
            return None;
        }
        let end = self.offset + (whole.len() as u64).next_multiple_of(8);
        let bytes = found.unpack()?.into_owned();
        Some((Group { number, bytes }, end))
    }
}

impl Group {
    /// What it changes in a partition, with the sequence under which it does.
    pub(crate) fn of(
        &self,
        partition: Partition,
    ) -> Option<(u64, impl Iterator<Item = Written<'_>>)> {
        let mut frames = segment::frames(&self.bytes).flatten();
        let frame = frames.find(|frame| frame.partition == partition)?;
        let mut rest = frame.bytes;
        Some((frame.seq, std::iter::from_fn(move || frame::take_write(&mut rest))))
    }
}
