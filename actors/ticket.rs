//! A wake on its way to an entity: it is settled by a durable commit, or it comes back.
//!
//! Whoever holds a ticket and dies drops it, and a dropped ticket returns to the clock. So a wake is
//! never lost in a mailbox, whatever happens to the actor behind it.

use std::sync::Arc;

use parking_lot::Mutex;
use ractor::ActorRef;
use tokio::sync::mpsc;

use crate::clock::ClockMessage;
use crate::record::TimerRecord;
use crate::record::key::TimerKey;

/// Where the wakes of one request to fire report; it ends when the last of them has.
#[derive(Clone)]
pub(crate) struct Tally {
    /// The types of the events that the wakes emitted.
    pub(crate) emitted: Arc<Mutex<Vec<String>>>,
    /// Dropped, never sent to: the channel closes when every wake has come to its end.
    pub(crate) _open: mpsc::Sender<()>,
}

/// A wake on its way.
pub(crate) struct Ticket {
    body: Option<Body>,
}

struct Body {
    timer: TimerKey,
    what: TimerRecord,
    clock: ActorRef<ClockMessage>,
    tally: Option<Tally>,
    in_hand: bool,
}

impl Ticket {
    pub(crate) fn new(
        timer: TimerKey,
        what: TimerRecord,
        clock: ActorRef<ClockMessage>,
        tally: Option<Tally>,
    ) -> Self {
        Self { body: Some(Body { timer, what, clock, tally, in_hand: false }) }
    }

    /// The timer that rang, and what for.
    pub(crate) fn timer(&self) -> (&TimerKey, &TimerRecord) {
        let body = self.body.as_ref().expect("a ticket has its body until it is settled");
        (&body.timer, &body.what)
    }

    /// Marks that an actor is at work on it: if it is dropped from now on, it killed that actor.
    pub(crate) fn take_in_hand(&mut self) {
        if let Some(body) = &mut self.body {
            body.in_hand = true;
        }
    }

    /// Notes what the wake emitted, for whoever asked for it to be fired.
    pub(crate) fn report(&self, emitted: impl IntoIterator<Item = String>) {
        if let Some(tally) = self.body.as_ref().and_then(|body| body.tally.as_ref()) {
            tally.emitted.lock().extend(emitted);
        }
    }

    /// The commit that removes the timer's row is durable.
    pub(crate) fn settle(mut self) {
        if let Some(Body { timer, clock, .. }) = self.body.take() {
            // An error means that the clock is gone; its successor reads the rows that are left.
            drop(clock.cast(ClockMessage::Settled(timer)));
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(Body { timer, what, clock, in_hand, .. }) = self.body.take() {
            // As in `settle`.
            drop(clock.cast(ClockMessage::Lost { timer, what, deadly: in_hand }));
        }
    }
}
