//! Event ids on their way to the disk: too new for the ledger to know, and taken all the same.
//!
//! A second submission of such an id is a duplicate, but it must not be answered before the first is
//! durable: whoever sent it would take the event for kept. So it gets a [`Sign`] to wait for. A second
//! request with the key of one that is under way is refused.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use parking_lot::Mutex;
use sereno_workflows::id::EventId;
use tokio::sync::watch;

/// Tells whether a submission became durable; closed without a word if it was given up.
pub(crate) type Sign = watch::Receiver<bool>;

/// All ids of a tenant that are being recorded.
#[derive(Clone, Default)]
pub(super) struct Recordings {
    ids: Arc<Mutex<HashMap<EventId, Sign>>>,
    keys: Arc<Mutex<HashSet<String>>>,
}

/// The ids of one submission; forgotten when it is dropped, durable or not.
pub(super) struct Recording {
    own: HashSet<EventId>,
    key: Option<String>,
    all: Recordings,
    durable: watch::Sender<bool>,
    /// Submissions that had some of its ids first.
    pub(super) first: Vec<Sign>,
}

impl Recordings {
    /// A new submission.
    pub(super) fn begin(&self) -> Recording {
        let (durable, _) = watch::channel(false);
        Recording { own: HashSet::new(), key: None, all: self.clone(), durable, first: Vec::new() }
    }
}

impl Recording {
    /// Whether an id is being recorded, by this submission or by one before it.
    pub(super) fn has(&mut self, id: &EventId) -> bool {
        if self.own.contains(id) {
            return true;
        }
        match self.all.ids.lock().get(id) {
            Some(sign) => {
                self.first.push(sign.clone());
                true
            }
            None => false,
        }
    }

    /// Takes the key of a request; false if another has it.
    pub(super) fn take_key(&mut self, key: &str) -> bool {
        let is_free = self.all.keys.lock().insert(key.to_owned());
        if is_free {
            self.key = Some(key.to_owned());
        }
        is_free
    }

    /// Takes an id that nobody has.
    pub(super) fn take(&mut self, id: &EventId) {
        self.all.ids.lock().insert(id.clone(), self.durable.subscribe());
        self.own.insert(id.clone());
    }

    /// The submission is durable, and the ledger knows its ids.
    pub(super) fn end(self) {
        self.durable.send_replace(true);
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let mut all = self.all.ids.lock();
        for id in &self.own {
            all.remove(id);
        }
        if let Some(key) = &self.key {
            self.all.keys.lock().remove(key);
        }
    }
}

/// Waits until every sign says that its submission is durable; false if one was given up.
pub(crate) async fn all_durable(signs: Vec<Sign>) -> bool {
    for mut sign in signs {
        if sign.wait_for(|durable| *durable).await.is_err() {
            return false;
        }
    }
    true
}
