//! The one writer: takes commits from a bounded queue and makes them durable in groups.
//!
//! ```text
//!  entity, tenant, endpoint --submit--> [ queue ] --> store.commit(group)
//!                                                       |
//!                               teller <--[told of]-----+
//!                                  +--> then() of each
//! ```
//! A group is whatever waits when the disk is free again. Where somebody waits for a commit it is not delayed;
//! what nobody waits for gathers for a moment, since a group costs the disk and the processor the same however
//! little is in it. `then` runs only after the group is durable, so nothing that depends on a commit can leave before it. It runs in a
//! task among those that it wakes: a thread that wakes others one by one loses its processor to them, and
//! the next group would wait for that.
//!
//! Invariant: commits become durable in the order of their submission. A failed commit ends the
//! process: what the disk then holds is not known, and memory must not go on as if it were.

mod queue;

use std::sync::Arc;
use std::thread;

use futures_util::FutureExt;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use self::queue::Queue;
use super::{Batch, Store};
use crate::ledger::lanes::Noted;
use crate::statistics::Counting;
use crate::{fatal, limits};

/// What to do once a commit is durable; runs among the tasks of the runtime and must not block.
pub type Then = Box<dyn FnOnce() + Send>;

/// Whether a commit may wait a moment for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Haste {
    /// Somebody waits for it.
    Awaited,
    /// Nobody waits for it: it may gather with others for [`limits::commits::COMMIT_GATHERS_US`].
    Gathered,
}

/// Goes along with the commits, on the committer's thread and in their order; must not block.
pub(crate) trait Companion: Send {
    /// Looks at a commit before it is written, with what goes beside it, and may add to it.
    fn inspect(&mut self, batch: &mut Batch, beside: Beside);

    /// The group is complete; answers what is to be written with it.
    fn close(&mut self) -> Vec<Batch>;

    /// The group is durable.
    fn durable(&mut self);
}

/// What goes beside a commit.
#[derive(Default)]
pub(crate) struct Beside {
    /// What it counts.
    pub(crate) counting: Option<Counting>,
    /// What the blocks of its events are to be noted for.
    pub(crate) noted: Option<Noted>,
}

/// The queue to the writing thread.
pub struct Committer {
    queue: Arc<Queue>,
    thread: Mutex<Option<thread::JoinHandle<()>>>,
    /// Ends by itself once the thread has ended and all were told.
    _teller: JoinHandle<()>,
}

/// What is to be done once a commit is durable, for somebody who waits for that.
pub(crate) fn awaited() -> (Then, impl Future<Output = ()> + Send) {
    let (done, durable) = oneshot::channel();
    let then = Box::new(move || {
        // An error means that nobody waits any more.
        done.send(()).ok();
    });
    // An error means that the committer has stopped, and so that its queue was written out.
    (then, durable.map(drop))
}

struct Request {
    batch: Batch,
    beside: Beside,
    haste: Haste,
    then: Then,
}

impl Committer {
    /// Starts the writing thread over a store, within a runtime.
    pub(crate) fn start(
        store: Arc<dyn Store>,
        companion: Box<dyn Companion>,
    ) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::new());
        let requests = Arc::clone(&queue);
        let (tell, durable) = mpsc::channel(limits::commits::GROUPS_UNTOLD_MAX);
        let teller = Handle::current().spawn(tell_until_closed(durable));
        let thread =
            thread::Builder::new().name("sereno-committer".to_owned()).spawn(move || {
                let _guard = fatal::EndOnPanic("the writing thread");
                write_until_closed(store.as_ref(), &requests, companion, &tell);
            })?;
        Ok(Self { queue, thread: Mutex::new(Some(thread)), _teller: teller })
    }

    /// Hands a batch over; what is answered waits only for a place in the queue. After [`Committer::stop`] the
    /// batch and its `then` are dropped: nobody can be told any more.
    pub(crate) fn submit(
        &self,
        batch: Batch,
        beside: Beside,
        haste: Haste,
        then: Then,
    ) -> impl Future<Output = ()> + Send + use<'_> {
        self.queue.push(Request { batch, beside, haste, then }).map(|is_taken| {
            if !is_taken {
                tracing::debug!("a commit came after the committer had stopped");
            }
        })
    }

    /// Hands a batch over; what is answered waits until it, and everything submitted before, is durable.
    pub fn make_durable(&self, batch: Batch) -> impl Future<Output = ()> + Send + use<'_> {
        let (then, durable) = awaited();
        self.submit(batch, Beside::default(), Haste::Awaited, then).then(|()| durable)
    }

    /// Whether more comes in than is written: whoever can should bring less at once.
    pub(crate) fn is_crowded(&self) -> bool {
        self.queue.is_crowded()
    }

    /// Writes out what waits and ends the thread.
    pub fn stop(&self) {
        self.queue.close();
        if let Some(thread) = self.thread.lock().take()
            && thread.join().is_err()
        {
            tracing::error!("the committer's thread panicked");
        }
    }
}

fn write_until_closed(
    store: &dyn Store,
    requests: &Queue,
    mut companion: Box<dyn Companion>,
    tell: &mpsc::Sender<Vec<Then>>,
) {
    while let Some(group) = requests.next_group() {
        let mut batches = Vec::with_capacity(group.len());
        let mut thens = Vec::with_capacity(group.len());
        for Request { mut batch, beside, then, .. } in group {
            companion.inspect(&mut batch, beside);
            if !batch.writes.is_empty() {
                batches.push(batch);
            }
            thens.push(then);
        }
        batches.extend(companion.close());
        if !batches.is_empty()
            && let Err(error) = store.commit(batches)
        {
            end_the_process(&error);
        }
        // An error means that the runtime has ended, and with it everybody who could be told.
        tell.blocking_send(thens).ok();
        companion.durable();
    }
}

/// Tells of each group that it is durable, in the order of the groups.
async fn tell_until_closed(mut durable: mpsc::Receiver<Vec<Then>>) {
    let guard = fatal::EndOnPanic("the task that tells what is durable");
    while let Some(thens) = durable.recv().await {
        for then in thens {
            then();
        }
    }
    drop(guard);
}

fn end_the_process(error: &dyn std::error::Error) -> ! {
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    let words = format!(
        "{error}: {cause}; stopping, since what is on disk is not known: check the disk, then start \
         again"
    );
    fatal::end(fatal::DISK, &words)
}
