//! Room for what is on its way to the thread that indexes: its own queue is bounded by a count that would be
//! tens of megabytes of words.

use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

/// So many places, and a line for those who want one.
pub(super) struct Room {
    free: Mutex<usize>,
    freed: Condvar,
}

/// One place; free again once it is dropped.
pub(super) struct Taken(Arc<Room>);

impl Room {
    pub(super) fn new(places: usize) -> Self {
        Self { free: Mutex::new(places), freed: Condvar::new() }
    }

    /// Waits for a place.
    pub(super) fn take(self: &Arc<Self>) -> Taken {
        let mut free = self.free.lock();
        while *free == 0 {
            self.freed.wait(&mut free);
        }
        *free -= 1;
        Taken(Arc::clone(self))
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut free = self.0.free.lock();
        *free += 1;
        self.0.freed.notify_one();
    }
}
