//! Places in the log: the present microsecond, each given once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sereno_workflows::id::Sequence;

use crate::now::Now;

/// Sequences of one commit lie within a second of each other: so far after the last one that is found
/// at the start, none was given yet.
const MARGIN: u64 = 1_000_000;

/// Gives sequences out.
#[derive(Clone)]
pub(super) struct Sequences {
    pub(super) now: Now,
    last: Arc<AtomicU64>,
}

impl Sequences {
    pub(super) fn new(now: Now) -> Self {
        Self { now, last: Arc::default() }
    }

    /// Nothing up to this one is given out any more.
    pub(super) fn begin_after(&self, last: u64) {
        if last > 0 {
            self.last.store(last + MARGIN, Ordering::Relaxed);
        }
    }

    /// The first of so many new ones without a gap.
    pub(super) fn next(&self, count: usize) -> Sequence {
        let now = self.now.micros();
        let more = count.saturating_sub(1) as u64;
        let next = |last: u64| Some(now.max(last + 1) + more);
        let last = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        Sequence(now.max(last.unwrap_or(0) + 1))
    }
}
