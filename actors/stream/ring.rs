//! What happened lately to a tenant to which somebody listens: for all who do, once.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use sereno_workflows::id::TenantId;
use tokio::sync::watch;

use super::happening::Happening;
use crate::limits::stream::RING_BYTES_MAX;

/// What a group of commits did to a tenant.
#[derive(Debug)]
pub struct Page {
    /// What happened, in order; at least one thing.
    pub happenings: Vec<Happening>,
    /// The group of the journal.
    pub(super) group: u64,
    /// When it was read.
    pub(super) read_at: Instant,
}

/// One tenant's.
pub(super) struct Channel {
    pub(super) tenant: TenantId,
    ring: Mutex<Ring>,
    /// Changes when there is more; [`CLOSED`] at the end.
    news: watch::Sender<u64>,
}

/// Said when the server stops.
const CLOSED: u64 = u64::MAX;

struct Ring {
    pages: VecDeque<Arc<Page>>,
    bytes: usize,
    /// Whatever came after this group is here, as far as it was read.
    from: u64,
    /// The last sequence of the tenant's partition that was read.
    reached: u64,
}

/// What a ring has for a client.
pub(super) enum Found {
    /// The next page.
    Page(Arc<Page>),
    /// Nothing yet, up to this sequence of its partition.
    Nothing(u64),
    /// It is further back than the ring goes.
    Behind,
}

impl Channel {
    /// Everything after a group will be put into it.
    pub(super) fn new(tenant: &TenantId, from: u64) -> Self {
        let ring = Ring { pages: VecDeque::new(), bytes: 0, from, reached: 0 };
        Self { tenant: tenant.clone(), ring: Mutex::new(ring), news: watch::Sender::new(0) }
    }

    /// Hears of news.
    pub(super) fn listen(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// What follows a group.
    pub(super) fn after(&self, group: u64) -> Found {
        let ring = self.ring.lock();
        if group < ring.from {
            return Found::Behind;
        }
        let next = ring.pages.partition_point(|page| page.group <= group);
        match ring.pages.get(next) {
            Some(page) => Found::Page(Arc::clone(page)),
            None => Found::Nothing(ring.reached),
        }
    }

    /// A group was read, up to a sequence of the tenant's partition.
    pub(super) fn put(&self, group: u64, reached: u64, happenings: Vec<Happening>) {
        let mut ring = self.ring.lock();
        ring.reached = reached;
        if happenings.is_empty() {
            return;
        }
        let page = Page { happenings, group, read_at: Instant::now() };
        ring.bytes += page.bytes();
        ring.pages.push_back(Arc::new(page));
        while ring.bytes > RING_BYTES_MAX && ring.pages.len() > 1 {
            let Some(oldest) = ring.pages.pop_front() else { break };
            ring.bytes -= oldest.bytes();
            ring.from = oldest.group;
        }
        drop(ring);
        self.news.send_replace(group);
    }

    /// What came before a group and is not here yet will not come: whoever listens reads the journal.
    pub(super) fn skip_to(&self, group: u64) {
        let mut ring = self.ring.lock();
        ring.pages.clear();
        (ring.bytes, ring.from) = (0, group);
        drop(ring);
        self.news.send_replace(group);
    }

    /// Nothing more comes.
    pub(super) fn close(&self) {
        self.news.send_replace(CLOSED);
    }
}

/// Whether nothing more comes.
pub(super) fn is_closed(news: &mut watch::Receiver<u64>) -> bool {
    *news.borrow_and_update() == CLOSED
}

impl Page {
    fn bytes(&self) -> usize {
        self.happenings.iter().map(Happening::bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use sereno_workflows::id::EntityKey;
    use sereno_workflows::time::Timestamp;

    use super::super::happening::What;
    use super::super::place::Place;
    use super::*;

    fn happenings(count: usize) -> Vec<Happening> {
        let timer = || Happening {
            place: Place::after(1, Timestamp(0)),
            at: Timestamp(0),
            what: What::Timer {
                entity: EntityKey::handoff("c"),
                kind: None,
                due: Timestamp(0),
                is_set: true,
                left: Vec::new(),
            },
            told: OnceLock::new(),
        };
        std::iter::repeat_with(timer).take(count).collect()
    }

    #[test]
    fn f07_a_ring_is_bounded_and_says_who_is_behind_it() {
        let channel = Channel::new(&"a".parse().unwrap(), 10);
        let mut news = channel.listen();
        assert!(matches!(channel.after(9), Found::Behind));
        channel.put(11, 3, Vec::new());
        assert!(matches!(channel.after(10), Found::Nothing(3)));
        assert!(!news.has_changed().unwrap());
        let each = RING_BYTES_MAX / 512 / 4;
        for group in 12..32 {
            channel.put(group, group, happenings(each));
        }
        let from = channel.ring.lock().from;
        assert!((27..30).contains(&from) && channel.ring.lock().bytes <= RING_BYTES_MAX, "{from}");
        assert!(matches!(channel.after(from - 1), Found::Behind));
        assert!(matches!(channel.after(from), Found::Page(page) if page.group == from + 1));
        assert!(matches!(channel.after(31), Found::Nothing(31)));
        assert!(news.has_changed().unwrap() && !is_closed(&mut news));
        // What is larger than all of it is there until something else comes.
        channel.put(32, 32, happenings(8 * each));
        assert!(matches!(channel.after(31), Found::Page(_)));
        channel.close();
        assert!(is_closed(&mut news));
    }
}
