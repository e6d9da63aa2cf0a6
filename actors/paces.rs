//! How far ahead of its pace each Slack webhook, WhatsApp number and customer is.
//!
//! One table for the whole process, since two endpoints, and two tenants, may write to the same place. It
//! is not kept over a restart: the other side then says itself when it is too much, and is obeyed.

use parking_lot::Mutex;
use sereno_workflows::pace::{Pace, Pacers};
use sereno_workflows::time::Timestamp;
use sha2::{Digest, Sha256};

use crate::limits::PACES_MAX;

/// The table.
pub(crate) struct Paces {
    pacers: Mutex<Pacers<[u8; 32]>>,
}

/// A place that sets a pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paced {
    /// A digest, since the place may be a secret.
    place: [u8; 32],
    pace: Pace,
}

impl Paced {
    /// The place with these names, of which no other kind of place has as many in this order.
    pub(crate) fn new(names: &[&str], pace: Pace) -> Self {
        let mut digest = Sha256::new();
        for name in names {
            digest.update(name.len().to_be_bytes());
            digest.update(name.as_bytes());
        }
        Self { place: digest.finalize().into(), pace }
    }

    /// Its pace.
    pub(crate) fn pace(self) -> Pace {
        self.pace
    }
}

impl Paces {
    pub(crate) fn new() -> Self {
        Self { pacers: Mutex::new(Pacers::new(PACES_MAX)) }
    }

    /// Whether something may go there now; otherwise when it may.
    pub(crate) fn ready(&self, paced: Paced, now: Timestamp) -> Result<(), Timestamp> {
        match self.pacers.lock().of(paced.place, now) {
            Some(pacer) => pacer.ready(paced.pace, now),
            None => Ok(()),
        }
    }

    /// Counts something that goes there now.
    pub(crate) fn take(&self, paced: Paced, now: Timestamp) {
        if let Some(pacer) = self.pacers.lock().of(paced.place, now) {
            pacer.take(paced.pace, now);
        }
    }

    /// A moment of its own for something that has to wait.
    pub(crate) fn line_up(&self, paced: Paced, now: Timestamp) -> Timestamp {
        match self.pacers.lock().of(paced.place, now) {
            Some(pacer) => pacer.line_up(paced.pace, now),
            None => now,
        }
    }

    /// Lets nothing go there before a moment.
    pub(crate) fn hold(&self, paced: Paced, until: Timestamp, now: Timestamp) {
        if let Some(pacer) = self.pacers.lock().of(paced.place, now) {
            pacer.hold(paced.pace, until);
        }
    }
}
