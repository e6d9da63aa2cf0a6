//! How a running server is: what its parts measure of themselves, and how much waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use sereno_workflows::statistics::{Sketch, Tally};
use sereno_workflows::time::Span;

/// What the parts of a running server measure of themselves, since it began.
#[derive(Default)]
pub(crate) struct Gauges {
    pub(crate) entities: Arc<AtomicUsize>,
    pub(crate) endpoints: Arc<AtomicUsize>,
    timer_lateness: Mutex<Sketch>,
}

impl Gauges {
    /// A timer rang so long after it was due.
    pub(crate) fn rang_after(&self, late: Span) {
        self.timer_lateness.lock().add(late.0);
    }

    pub(crate) fn timer_lateness(&self) -> Sketch {
        self.timer_lateness.lock().clone()
    }
}

/// Counts an actor for as long as it lives.
pub(crate) struct Alive(Arc<AtomicUsize>);

impl Alive {
    pub(crate) fn among(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How the store is.
#[derive(Debug, Clone, Default)]
pub struct StoreVitals {
    /// How long each sync of the journal took, in microseconds, since the process began.
    pub sync_times: Sketch,
    /// Bytes of the journal's segments.
    pub journal_bytes: u64,
    /// Bytes of the index's files.
    pub index_bytes: u64,
    /// Bytes that are not in the index yet.
    pub overlay_bytes: u64,
    /// Free bytes of the disk.
    pub free_bytes: u64,
}

/// Something of which there is a bounded number, and how much of it is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Credits {
    /// In use.
    pub used: usize,
    /// In all.
    pub most: usize,
}

/// How a running server is.
#[derive(Debug, Clone, Default)]
pub struct Vitals {
    /// Everything that was counted of all tenants since the process began.
    pub tally: Tally,
    /// Tenants.
    pub tenants: usize,
    /// Live actors of bookings, handoffs, conversations and people.
    pub entities_alive: usize,
    /// Live actors of endpoints.
    pub endpoints_alive: usize,
    /// Attempts at deliveries under way.
    pub attempts: Credits,
    /// Events that are accepted and not yet answered.
    pub events: Credits,
    /// Deliveries that wait; counted up to [`WAITING_COUNTED_MAX`](crate::limits::WAITING_COUNTED_MAX).
    pub waiting: usize,
    /// Of those, the ones that are held by disabled endpoints and paused channels; counted up to the same number.
    pub held: usize,
    /// Since when the delivery waits that is due for longest; zero where none is overdue.
    pub waiting_for: Span,
    /// Timers that are set; counted up to the same number.
    pub timers: usize,
    /// How late timers rang, in milliseconds, since the process began.
    pub timer_lateness: Sketch,
    /// The store.
    pub store: StoreVitals,
}
