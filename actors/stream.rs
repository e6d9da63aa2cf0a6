//! What happens, live: a client's way through the journal, from where it left off to the present and on.
//!
//! The journal is the one place in which everything stands in the order in which it became durable, each
//! thing once, and it outlives the process. So a stream is nothing but a place in it: the part that is read
//! again after a reconnect and the part that is live are the same rows read by the same code. Nothing is
//! written for it, and the writer does no more than ring a bell when somebody listens.
//!
//! Whoever keeps up takes pages out of a ring that is shared by all clients of the tenant; whoever does not,
//! or comes back, reads the journal for itself, one group at a time. So a client costs what it is about to
//! be sent, however slow it is, and nobody waits for it. The journal is kept back to the older of two
//! snapshots: what lies further back is told as a [`Step::Gap`].

mod happening;
mod hub;
mod place;
mod reading;
mod ring;
mod timers;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sereno_workflows::id::TenantId;
use tokio::sync::{Semaphore, watch};

pub use self::happening::{Attempted, Happening, Recorded, Stands, Subject, What};
pub(crate) use self::hub::Bell;
pub use self::hub::Refused;
use self::hub::{Hub, Subscription};
pub use self::place::Place;
use self::reading::Reader;
pub use self::ring::Page;
use self::ring::{Found, is_closed};
use crate::ledger::Ledger;
use crate::limits::stream::{
    BEHIND_MS, GROUPS_PER_TURN_MAX, JOURNAL_READS_AT_ONCE_MAX, KNOWN_EVENTS_BYTES_MAX, LIVE_MS,
};
use crate::record::key;
use crate::store::journal::file::FileJournal;
use crate::store::journal::tail::{Lost, Tail};

/// All streams of a server.
pub(crate) struct Streams {
    ledger: Arc<Ledger>,
    hub: Arc<Hub>,
    turns: Arc<Semaphore>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Tells every client's stream that somebody is no longer let in.
    doors: watch::Sender<()>,
}

impl Streams {
    /// Begins to read on whenever somebody listens.
    pub(crate) fn start(ledger: &Arc<Ledger>) -> std::io::Result<Self> {
        let hub = Hub::new(ledger.journal(), ledger.bell());
        let thread = Mutex::new(Some(hub.follow(ledger)?));
        let turns = Arc::new(Semaphore::new(JOURNAL_READS_AT_ONCE_MAX));
        let doors = watch::Sender::new(());
        Ok(Self { ledger: Arc::clone(ledger), hub, turns, thread, doors })
    }

    /// Opens a stream of a tenant behind a place, or now. May wait for the disk.
    pub(crate) fn open(&self, tenant: &TenantId, from: Option<Place>) -> Result<Stream, Refused> {
        let subscription = self.hub.subscribe(tenant)?;
        let now = self.ledger.now().timestamp();
        let head = Place::after(subscription.head_seq(), now);
        let mut stream = Stream {
            news: subscription.channel.listen(),
            group: subscription.head.group,
            place: head,
            catching: None,
            told: None,
            live: Some(Instant::now()),
            ledger: Arc::clone(&self.ledger),
            turns: Arc::clone(&self.turns),
            doors: self.doors.subscribe(),
            subscription,
        };
        match from {
            // A place that does not exist yet is of another history, as after a restore.
            Some(from) if from.seq > head.seq => stream.told = Some(Step::Gap { from, to: head }),
            Some(from) if from.seq < head.seq || from.seen != Place::ALL => {
                (stream.live, stream.place) = (None, from);
                stream.catching = Some(stream.catching());
            }
            Some(_) | None => {}
        }
        Ok(stream)
    }

    /// Somebody is no longer let in: whoever holds a stream looks whether it is theirs.
    pub(crate) fn look_again(&self) {
        self.doors.send_replace(());
    }

    /// Ends every stream.
    pub(crate) fn close(&self) {
        self.hub.close();
    }

    /// Ends every stream and the thread that reads for them.
    pub(crate) fn stop(&self) {
        self.close();
        if let Some(thread) = self.thread.lock().take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that reads for the streams panicked");
        }
    }
}

/// One client's stream.
pub struct Stream {
    subscription: Subscription,
    news: watch::Receiver<u64>,
    /// Everything up to this group was handed out.
    group: u64,
    place: Place,
    /// Where it reads the journal, while it is behind.
    catching: Option<Catching>,
    /// What is to be said first.
    told: Option<Step>,
    /// When it last had what had just happened; none before it first came that far.
    live: Option<Instant>,
    ledger: Arc<Ledger>,
    turns: Arc<Semaphore>,
    doors: watch::Receiver<()>,
}

/// What a stream says next.
#[derive(Debug)]
pub enum Step {
    /// This happened.
    Page(Arc<Page>),
    /// What happened between these places is no longer known here.
    Gap {
        /// Up to here the client has everything.
        from: Place,
        /// Behind this it goes on.
        to: Place,
    },
    /// Nothing happened for a while.
    Quiet,
    /// Somebody is no longer let in, see [`Stream::must_look`].
    Doors,
    /// The client did not keep up: it may come back with its last place.
    Dropped,
    /// The server stops.
    Ended,
}

impl Stream {
    /// Up to where everything was handed out.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Whether somebody was shut out since this was last asked, perhaps the client.
    pub fn must_look(&mut self) -> bool {
        let has_changed = self.doors.has_changed().unwrap_or(false);
        self.doors.mark_unchanged();
        has_changed
    }

    /// Waits for what comes next, but not for longer than `patience`.
    pub async fn next(&mut self, patience: Duration) -> Step {
        loop {
            if self.doors.has_changed().unwrap_or(false) {
                return Step::Doors;
            }
            if let Some(step) = self.told.take() {
                return step;
            }
            if is_closed(&mut self.news) {
                return Step::Ended;
            }
            if let Some(catching) = self.catching.take() {
                if self.is_too_late() {
                    return Step::Dropped;
                }
                match self.catch_up(catching).await {
                    Some(step) => return step,
                    None => continue,
                }
            }
            match self.subscription.channel.after(self.group) {
                Found::Page(page) => {
                    self.group = page.group;
                    if page.read_at.elapsed() < Duration::from_millis(LIVE_MS) {
                        self.live = Some(Instant::now());
                    }
                    self.advance(&page);
                    return Step::Page(page);
                }
                Found::Nothing(reached) => {
                    self.live = Some(Instant::now());
                    if reached > self.place.seq {
                        self.place = Place::after(reached, self.ledger.now().timestamp());
                    }
                    // The copy is what sees the change: the client is yet to ask.
                    let mut doors = self.doors.clone();
                    tokio::select! {
                        news = self.news.changed() => {
                            if news.is_err() {
                                return Step::Ended;
                            }
                        }
                        Ok(()) = doors.changed() => return Step::Doors,
                        () = tokio::time::sleep(patience) => return Step::Quiet,
                    }
                }
                Found::Behind => self.catching = Some(self.catching()),
            }
        }
    }

    /// Whether it once kept up, and has not for too long.
    fn is_too_late(&self) -> bool {
        self.live.is_some_and(|live| live.elapsed() > Duration::from_millis(BEHIND_MS))
    }

    /// Reads the journal for itself from here on.
    fn catching(&self) -> Catching {
        let journal = Arc::clone(&self.subscription.journal);
        let reader = Reader::new(&self.ledger, KNOWN_EVENTS_BYTES_MAX / 16);
        Catching { journal, tail: None, reader, has_passed: false, again: false }
    }

    fn advance(&mut self, page: &Page) {
        if let Some(last) = page.happenings.last() {
            self.place = last.place;
        }
    }

    /// Reads on in the journal until there is something, or the ring has what follows.
    async fn catch_up(&mut self, mut catching: Catching) -> Option<Step> {
        // The semaphore is never closed.
        let turn = Arc::clone(&self.turns).acquire_owned().await.ok();
        let (tenant, place) = (self.subscription.channel.tenant.clone(), self.place);
        let read = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let found = catching.read(&tenant, place);
            (catching, found)
        });
        let (catching, found) = match read.await {
            Ok(done) => done,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        };
        let mut is_behind = true;
        if let Some(tail) = catching.tail.as_ref().filter(|_| catching.has_passed) {
            self.group = tail.group();
            // The ring may have what follows by now.
            is_behind = matches!(self.subscription.channel.after(self.group), Found::Behind);
        }
        self.catching = is_behind.then_some(catching);
        match found {
            Read::Page(page) => {
                self.advance(&page);
                Some(Step::Page(Arc::new(page)))
            }
            Read::Nothing => None,
            Read::Gap(seq) => {
                let from = self.place;
                self.place = Place::after(seq, self.ledger.now().timestamp());
                Some(Step::Gap { from, to: self.place })
            }
        }
    }
}

/// A client that reads the journal for itself.
struct Catching {
    journal: Arc<FileJournal>,
    /// None before it is known where to begin.
    tail: Option<Tail>,
    reader: Reader,
    /// Whether it has come to what follows the client's place: a segment begins before it.
    has_passed: bool,
    /// Whether it had to begin once more, and has found nothing since.
    again: bool,
}

enum Read {
    Page(Page),
    /// Nothing of this tenant for a turn, or no more at all.
    Nothing,
    /// Nothing is kept that is not behind this sequence.
    Gap(u64),
}

impl Catching {
    /// The next page behind a place, as far as a turn goes.
    fn read(&mut self, tenant: &TenantId, place: Place) -> Read {
        let partition = key::partition(tenant);
        let mut tail = match self.tail.take() {
            Some(tail) => tail,
            None => {
                let (tail, complete) = Tail::after(&self.journal, partition, place.complete());
                self.tail = Some(tail);
                if complete > place.complete() {
                    return Read::Gap(complete);
                }
                return Read::Nothing;
            }
        };
        for _ in 0..GROUPS_PER_TURN_MAX {
            let group = match tail.next() {
                Ok(Some(group)) => group,
                Ok(None) => {
                    self.has_passed = true;
                    break;
                }
                Err(Lost) if self.again => {
                    // It is kept, and cannot be read.
                    let (tail, head) = Tail::at_head(&self.journal);
                    (self.tail, self.has_passed) = (Some(tail), true);
                    return Read::Gap(head.seq(partition));
                }
                Err(Lost) => {
                    // It was let go of meanwhile: begin once more with what is left.
                    (self.has_passed, self.again) = (false, true);
                    return Read::Nothing;
                }
            };
            let Some((seq, writes)) = group.of(partition) else { continue };
            if seq <= place.complete() {
                continue;
            }
            self.has_passed = true;
            let mut happenings = self.reader.read(tenant, seq, writes);
            if seq == place.seq {
                let seen = usize::try_from(place.seen).unwrap_or(usize::MAX);
                happenings.drain(..seen.min(happenings.len()));
            }
            if !happenings.is_empty() {
                (self.tail, self.again) = (Some(tail), false);
                return Read::Page(Page {
                    happenings,
                    group: group.number,
                    read_at: Instant::now(),
                });
            }
        }
        self.tail = Some(tail);
        Read::Nothing
    }
}

#[cfg(test)]
mod tests;
