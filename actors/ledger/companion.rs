//! What goes along with the commits on the writer's thread: what the mirror must hear of, what is counted, what blocks
//! of events are noted for, and a bell for those who listen.

use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use sereno_workflows::id::TenantId;

use super::lanes::Lanes;
use super::sequences::Sequences;
use crate::mirror::feed::Feed;
use crate::statistics::{Group, Statistics};
use crate::store::Batch;
use crate::store::committer::{self, Beside};
use crate::stream::Bell;

/// What goes along.
pub(super) struct Companion {
    pub(super) feed: Arc<OnceLock<Arc<Feed>>>,
    pub(super) statistics: Arc<Statistics>,
    pub(super) group: Group,
    pub(super) sequences: Sequences,
    pub(super) lanes: Arc<Mutex<Lanes>>,
    pub(super) watch: Arc<OnceLock<Watch>>,
    pub(super) bell: Arc<Bell>,
}

/// Who is told that a tenant has counted something; must not block.
pub(crate) type Watch = Box<dyn Fn(&TenantId) + Send + Sync>;

impl committer::Companion for Companion {
    fn inspect(&mut self, batch: &mut Batch, beside: Beside) {
        if let Some(feed) = self.feed.get() {
            feed.inspect(batch);
        }
        if let Some(counting) = beside.counting {
            self.group.add(counting);
        }
        if let Some(noted) = beside.noted {
            self.lanes.lock().note(batch, noted);
        }
    }

    fn close(&mut self) -> Vec<Batch> {
        let now = self.sequences.now.timestamp();
        self.statistics.close(&mut self.group, now, || self.sequences.next(1))
    }

    fn durable(&mut self) {
        self.bell.ring();
        let fresh = self.group.take_fresh();
        if let Some(watch) = self.watch.get() {
            fresh.iter().for_each(watch);
        }
    }
}
