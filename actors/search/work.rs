//! The index while it is followed: what was read, what waits for a commit, what the commit says of itself.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sereno_workflows::id::{Sequence, TenantId};

use super::index::{EventIndex, IndexError};
use crate::limits;

/// The first window of places that is read, in microseconds; it grows where little is found.
const WINDOW: u64 = 1_000_000;
/// The layout of the index; another one is built anew.
const LAYOUT: u32 = 3;

/// What the last commit of an index says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    layout: u32,
    /// The index's own id, which the ledger knows too: an index of another ledger does not fit.
    pub(super) id: String,
    pub(super) indexed_to: u64,
    /// Up to which place some may be in it.
    pub(super) reaches: u64,
}

impl Cursor {
    /// Whether it is of this layout, and of the ledger that knows an index by this id.
    pub(super) fn fits(&self, known: Option<&str>) -> bool {
        self.layout == LAYOUT && Some(&*self.id) == known
    }
}

/// An index in the making.
pub(super) struct Work {
    pub(super) index: EventIndex,
    pub(super) id: String,
    /// Up to here some events may be in it that are read again.
    pub(super) known_to: Sequence,
    /// Up to here all events were read.
    pub(super) read_to: Sequence,
    /// Up to here they are being read.
    pub(super) reading_to: Sequence,
    /// Events since the last commit, and when the first of them came.
    pub(super) waiting: usize,
    pub(super) since: Option<Instant>,
    /// Late events that are in, but not committed.
    pub(super) late: Vec<(TenantId, Sequence)>,
    /// How far the next step goes, in microseconds.
    pub(super) window: u64,
    /// When its progress was last told of.
    pub(super) told: Instant,
    /// Whether the server stopped in the middle of a step.
    pub(super) is_amid: bool,
}

impl Work {
    pub(super) fn new(
        index: EventIndex,
        id: String,
        (read_to, known_to): (Sequence, Sequence),
    ) -> Self {
        Self {
            index,
            id,
            known_to,
            read_to,
            reading_to: read_to,
            waiting: 0,
            since: None,
            late: Vec::new(),
            window: WINDOW,
            told: Instant::now(),
            is_amid: false,
        }
    }

    pub(super) fn note(&mut self, count: usize) {
        self.waiting += count;
        if count > 0 {
            self.since.get_or_insert_with(Instant::now);
        }
    }

    /// When what waits is to be committed.
    pub(super) fn due(&self) -> Option<Instant> {
        let patience = match self.waiting {
            0..limits::SEARCH_COMMIT_EVENTS_MIN => limits::SEARCH_COMMIT_MS_MAX,
            _ => limits::SEARCH_COMMIT_MS_MIN,
        };
        self.since.map(|since| since + Duration::from_millis(patience))
    }

    pub(super) fn is_due(&self) -> bool {
        self.waiting >= limits::SEARCH_COMMIT_EVENTS_MAX
            || self.due().is_some_and(|due| due <= Instant::now())
    }

    pub(super) fn commit(&mut self, indexed_to: Sequence) -> Result<(), IndexError> {
        let reaches = self.known_to.max(self.reading_to).0;
        let (id, indexed_to) = (self.id.clone(), indexed_to.0);
        let cursor = Cursor { layout: LAYOUT, id, indexed_to, reaches };
        let says = serde_json::to_string(&cursor).unwrap_or_default();
        self.index.commit(&says)?;
        (self.waiting, self.since) = (0, None);
        Ok(())
    }
}
