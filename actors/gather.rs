//! One commit out of the parts of several actors: a batch of events is accepted whole or not at all.
//!
//! ```text
//!  tenant --Part--> entity A --fill(draft)--\
//!         --Part--> entity B --fill(draft)---> one Draft --> committer --> hints, reply
//! ```
//! Each actor steps its own state and hands in what it changes; the last one to do so submits the
//! commit. An actor adopts its new state only when [`Part::fill`] says that the commit was submitted,
//! and takes no further message before, so its commits keep their order. Parts are handed out by one
//! tenant actor in one order, so two batches never wait for each other.
//!
//! A part that is dropped unfilled (its actor died) abandons the batch: nothing of it is stored, and
//! the caller is told to try again.

use std::sync::Arc;

use parking_lot::Mutex;
use thiserror::Error;
use tokio::sync::oneshot;

use crate::hints::Hints;
use crate::ledger::{Draft, Ledger};
use crate::record::Stage;

/// Why a request was not carried out; nothing of it was stored.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Refusal {
    /// The rules refuse it.
    #[error("{0}")]
    Rejected(String),
    /// An actor died or the server is stopping; the same request may succeed later.
    #[error("not accepted now; try again")]
    Again,
    /// An actor died on one of the events.
    #[error("{reason}")]
    Died {
        /// Which of the submission.
        place: usize,
        /// In which stage.
        stage: Stage,
        /// Why, as far as it is known.
        reason: String,
    },
}

/// What is told the caller once the commit is durable or refused.
pub(crate) type Reply = Box<dyn FnOnce(Result<(), Refusal>) + Send>;

/// A commit that waits for its parts.
pub(crate) struct Gather {
    ledger: Arc<Ledger>,
    hints: Arc<Hints>,
    open: Mutex<Option<Open>>,
}

struct Open {
    draft: Draft,
    missing: usize,
    waiting: Vec<oneshot::Sender<bool>>,
    reply: Reply,
}

/// The right and duty to fill one part of a commit.
pub(crate) struct Part {
    gather: Option<Arc<Gather>>,
    /// The event of the submission that is being worked on.
    in_hand: Option<usize>,
}

enum Turn {
    Submit(Open),
    Wait(oneshot::Receiver<bool>),
    Refused,
}

impl Gather {
    /// A commit of so many parts, beginning with what `draft` holds already.
    pub(crate) fn parts(
        ledger: &Arc<Ledger>,
        hints: &Arc<Hints>,
        draft: Draft,
        count: usize,
        reply: Reply,
    ) -> Vec<Part> {
        let open = Open { draft, missing: count, waiting: Vec::new(), reply };
        let gather = Arc::new(Self {
            ledger: Arc::clone(ledger),
            hints: Arc::clone(hints),
            open: Mutex::new(Some(open)),
        });
        (0..count).map(|_| Part { gather: Some(Arc::clone(&gather)), in_hand: None }).collect()
    }

    fn take_turn(&self, draft: Draft) -> Turn {
        let mut slot = self.open.lock();
        let Some(mut open) = slot.take() else { return Turn::Refused };
        open.draft.append(draft);
        open.missing -= 1;
        if open.missing == 0 {
            return Turn::Submit(open);
        }
        let (submitted, turn) = oneshot::channel();
        open.waiting.push(submitted);
        *slot = Some(open);
        Turn::Wait(turn)
    }

    async fn submit(&self, open: Open) {
        let Open { mut draft, waiting, reply, .. } = open;
        let tenant = draft.tenant().clone();
        let after = draft.take_after();
        let hints = Arc::clone(&self.hints);
        let then = Box::new(move || {
            hints.carry_out(&tenant, after);
            reply(Ok(()));
        });
        self.ledger.commit(draft, then).await;
        for submitted in waiting {
            // An actor that died while it waited has nothing to adopt.
            submitted.send(true).ok();
        }
    }

    fn refuse(&self, refusal: Refusal) {
        let open = self.open.lock().take();
        if let Some(open) = open {
            (open.reply)(Err(refusal));
        }
    }
}

impl Part {
    /// Hands in what this actor changes; answers whether the commit was submitted, in which case the
    /// actor must adopt its new state.
    pub(crate) async fn fill(mut self, draft: Draft) -> bool {
        let Some(gather) = self.gather.take() else { return false };
        match gather.take_turn(draft) {
            Turn::Submit(open) => {
                gather.submit(open).await;
                true
            }
            Turn::Wait(submitted) => submitted.await.unwrap_or(false),
            Turn::Refused => false,
        }
    }

    /// Lets go of the commit, which another part of it has refused or refuses.
    pub(crate) fn abandon(mut self) {
        self.gather = None;
    }

    /// Marks the event that is worked on: if the part is dropped from now on, that event killed the actor.
    pub(crate) fn take_in_hand(&mut self, place: Option<usize>) {
        self.in_hand = place;
    }

    /// The actor is about to die on the event in its hands, for this reason.
    pub(crate) fn blame(&mut self, reason: String) {
        let (Some(place), Some(gather)) = (self.in_hand, self.gather.take()) else { return };
        gather.refuse(Refusal::Died { place, stage: Stage::Process, reason });
    }

    /// Refuses the whole commit.
    pub(crate) fn refuse(mut self, refusal: Refusal) {
        if let Some(gather) = self.gather.take() {
            gather.refuse(refusal);
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if let Some(gather) = self.gather.take() {
            gather.refuse(match self.in_hand {
                Some(place) => {
                    let reason = "the actor died on it".to_owned();
                    Refusal::Died { place, stage: Stage::Process, reason }
                }
                None => Refusal::Again,
            });
        }
    }
}
