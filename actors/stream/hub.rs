//! Who listens, and the thread that reads the journal for all of them.
//!
//! ```text
//!  committer --durable: a bell--> reading thread --group by group--> a ring for each tenant --> clients
//!     |                               ^                                                            |
//!     +--> journal -------------------+------------ whoever is behind its ring reads here --------+
//! ```
//! Invariant: what is in the journal after a ring's beginning is in the ring, or will be. A ring's beginning is set under
//! the lock under which the next group is taken, so no group is between a client's catching up and its ring.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;

use parking_lot::Mutex;
use sereno_workflows::id::TenantId;

use super::reading::Reader;
use super::ring::Channel;
use crate::ledger::Ledger;
use crate::limits::stream::{KNOWN_EVENTS_BYTES_MAX, STREAMS_MAX, STREAMS_PER_TENANT_MAX};
use crate::priority::give_way;
use crate::record::key;
use crate::store::Partition;
use crate::store::journal::Position;
use crate::store::journal::file::FileJournal;
use crate::store::journal::tail::{Group, Tail};

/// What the reading thread has less of a processor, on the scale of nice(1).
const NICE: i32 = 10;
/// How long it waits before it goes on behind what it could not read.
const PAUSE: Duration = Duration::from_millis(100);

/// Tells the reading thread that something is durable; costs nothing where nobody listens.
#[derive(Default)]
pub(crate) struct Bell {
    listeners: AtomicUsize,
    thread: OnceLock<Thread>,
}

impl Bell {
    /// Something is durable.
    pub(crate) fn ring(&self) {
        if self.listeners.load(Ordering::SeqCst) > 0 {
            self.wake();
        }
    }

    fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }
}

/// All who listen.
pub(super) struct Hub {
    bell: Arc<Bell>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// None once it is closed.
    journal: Option<Arc<FileJournal>>,
    /// By partition. Changed as a whole, so that the reading thread need not hold the lock.
    channels: Arc<Channels>,
    clients: BTreeMap<TenantId, usize>,
    /// Where the reading thread is, while somebody listens.
    tail: Option<Tail>,
}

type Channels = BTreeMap<u8, Vec<Arc<Channel>>>;

/// Why nobody more may listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The tenant has as many streams as it may.
    TenantFull,
    /// The server has as many streams as it can.
    Full,
    /// It stops, or keeps no journal.
    Closed,
}

/// A right to listen, and where it begins.
pub(super) struct Subscription {
    pub(super) hub: Arc<Hub>,
    pub(super) journal: Arc<FileJournal>,
    pub(super) channel: Arc<Channel>,
    /// How far the journal goes.
    pub(super) head: Position,
}

impl Hub {
    /// Over a store's journal, if it has one.
    pub(super) fn new(journal: Option<Arc<FileJournal>>, bell: &Arc<Bell>) -> Arc<Self> {
        let state = State { journal, ..State::default() };
        Arc::new(Self { bell: Arc::clone(bell), state: Mutex::new(state) })
    }

    /// Starts the reading thread.
    pub(super) fn follow(
        self: &Arc<Self>,
        ledger: &Arc<Ledger>,
    ) -> std::io::Result<JoinHandle<()>> {
        let (hub, mut reader) = (Arc::clone(self), Reader::new(ledger, KNOWN_EVENTS_BYTES_MAX));
        let thread = thread::Builder::new().name("sereno-stream".to_owned());
        let thread = thread.spawn(move || hub.run(&mut reader))?;
        // Set once: the hub is started once.
        self.bell.thread.set(thread.thread().clone()).ok();
        Ok(thread)
    }

    /// Lets one more listen. May wait for the disk.
    pub(super) fn subscribe(self: &Arc<Self>, tenant: &TenantId) -> Result<Subscription, Refused> {
        let mut state = self.state.lock();
        let journal = state.journal.clone().ok_or(Refused::Closed)?;
        let own = state.clients.get(tenant).copied().unwrap_or_default();
        if own >= STREAMS_PER_TENANT_MAX {
            return Err(Refused::TenantFull);
        }
        // From here on the committer rings: what it does not ring for is before the head that is read next.
        if self.bell.listeners.fetch_add(1, Ordering::SeqCst) >= STREAMS_MAX {
            self.bell.listeners.fetch_sub(1, Ordering::SeqCst);
            return Err(Refused::Full);
        }
        let (begun, head) = Tail::at_head(&journal);
        let read = state.tail.get_or_insert(begun).group();
        state.clients.insert(tenant.clone(), own + 1);
        let place = key::partition(tenant).0;
        let known =
            state.channels.get(&place).and_then(|all| all.iter().find(|c| c.tenant == *tenant));
        let channel = known.cloned().unwrap_or_else(|| {
            let channel = Arc::new(Channel::new(tenant, read));
            let mut channels = Channels::clone(&state.channels);
            channels.entry(place).or_default().push(Arc::clone(&channel));
            state.channels = Arc::new(channels);
            channel
        });
        drop(state);
        self.bell.wake();
        Ok(Subscription { hub: Arc::clone(self), journal, channel, head })
    }

    fn leave(&self, tenant: &TenantId) {
        let mut state = self.state.lock();
        self.bell.listeners.fetch_sub(1, Ordering::SeqCst);
        let left = state.clients.get(tenant).copied().unwrap_or_default().saturating_sub(1);
        if left > 0 {
            state.clients.insert(tenant.clone(), left);
            return;
        }
        state.clients.remove(tenant);
        let mut channels = Channels::clone(&state.channels);
        channels.retain(|_, all| {
            all.retain(|channel| channel.tenant != *tenant);
            !all.is_empty()
        });
        if channels.is_empty() {
            state.tail = None;
        }
        state.channels = Arc::new(channels);
    }

    /// Ends every stream; nobody listens any more.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        (state.journal, state.tail) = (None, None);
        state.channels.values().flatten().for_each(|channel| channel.close());
        drop(state);
        self.bell.wake();
    }

    fn run(&self, reader: &mut Reader) {
        give_way(NICE);
        loop {
            match self.take() {
                Taken::Group(group, channels) => hand_out(reader, &group, &channels),
                Taken::Nothing => thread::park(),
                Taken::Hole => thread::park_timeout(PAUSE),
                Taken::Closed => return,
            }
        }
    }

    /// The next group, with all who listen now.
    fn take(&self) -> Taken {
        let mut state = self.state.lock();
        let Some(journal) = state.journal.clone() else { return Taken::Closed };
        let channels = Arc::clone(&state.channels);
        let Some(tail) = &mut state.tail else { return Taken::Nothing };
        match tail.next() {
            Ok(Some(group)) => Taken::Group(group, channels),
            Ok(None) => Taken::Nothing,
            Err(_) => {
                let (begun, head) = Tail::at_head(&journal);
                tracing::warn!(
                    from = tail.group(),
                    to = head.group,
                    "the journal could not be read for the streams; they go on behind this"
                );
                channels.values().flatten().for_each(|channel| channel.skip_to(begun.group()));
                state.tail = Some(begun);
                Taken::Hole
            }
        }
    }
}

enum Taken {
    Group(Group, Arc<Channels>),
    Nothing,
    /// What came next cannot be read.
    Hole,
    Closed,
}

/// Puts what a group did to each tenant into its ring.
fn hand_out(reader: &mut Reader, group: &Group, channels: &Channels) {
    for (partition, all) in channels {
        for channel in all {
            if let Some((seq, writes)) = group.of(Partition(*partition)) {
                let happenings = reader.read(&channel.tenant, seq, writes);
                channel.put(group.number, seq, happenings);
            }
        }
    }
}

impl Subscription {
    /// The last sequence of the tenant's partition, when it began to listen.
    pub(super) fn head_seq(&self) -> u64 {
        self.head.seq(key::partition(&self.channel.tenant))
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.hub.leave(&self.channel.tenant);
    }
}
