//! Letters from outside are read here, after they are kept: one actor for each tenant that gets any.
//!
//! ```text
//!  POST --> Engine::receive: letter + body + a place in line, one commit --> 200
//!                                    | (a hint; losing it costs latency only)
//!  intake: the first in line --> read --> tenant: Hear, Submit --> their commits
//!             ^                      \--> statuses, and what became of the letters --> one commit
//!             +---- a later place in line, where something failed
//! ```
//! The line is rows on disk, read a window at a time, in the order in which they are due. What a letter
//! leads to has ids that do not change, so one that is read twice after a crash leads to nothing twice. A
//! letter that fails is tried again three times and then set aside, with an event that says so.

mod learn;
pub mod refusals;
mod window;
mod work;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use ractor::concurrency::JoinHandle;
use ractor::{Actor, ActorProcessingErr, ActorRef, SupervisionEvent};
use sereno_workflows::id::{Sequence, TenantId};
use sereno_workflows::time::Timestamp;
use tokio::sync::oneshot;

use crate::ledger::{Draft, LedgerError};
use crate::record::{Hindrance, InboundState, NotDone, Verdict};
use crate::tenant::{Surroundings, TenantMessage};

/// The id of a letter, as it is shown.
pub fn inbound_id(sequence: Sequence) -> String {
    format!("inb_{}", sequence.to_text())
}

/// The letter that has this id.
pub fn of_inbound_id(id: &str) -> Option<Sequence> {
    Sequence::from_text(id.strip_prefix("inb_")?)
}

/// Reads the letters of one tenant.
pub(crate) struct Intake {
    pub(crate) around: Surroundings,
    pub(crate) tenant: TenantId,
    pub(crate) parent: ActorRef<TenantMessage>,
    /// Outlives this actor, so that its successor knows what it died of.
    pub(crate) suspect: Arc<Mutex<Suspect>>,
}

/// The letter at which an intake is, and how many died at it.
#[derive(Debug, Default)]
pub(crate) struct Suspect {
    under_way: Option<Sequence>,
    deaths: u32,
}

/// What the intake is told.
pub(crate) enum IntakeMessage {
    /// There may be letters that are due.
    Work,
    /// These letters are to be read again; answered, once that is durable, with those that are not.
    Again(Vec<Sequence>, oneshot::Sender<Vec<NotDone>>),
    /// Letters are refused that are not kept: their count is to be.
    Count,
}

/// What it knows.
#[derive(Default)]
pub(crate) struct IntakeState {
    /// Whether a word to go on is on its way.
    going_on: bool,
    alarm: Option<(Timestamp, JoinHandle<()>)>,
}

impl Actor for Intake {
    type Msg = IntakeMessage;
    type State = IntakeState;
    type Arguments = ();

    async fn pre_start(
        &self,
        _myself: ActorRef<IntakeMessage>,
        (): (),
    ) -> Result<IntakeState, ActorProcessingErr> {
        let mut suspect = self.suspect.lock();
        if suspect.under_way.take().is_some() {
            suspect.deaths += 1;
        }
        Ok(IntakeState::default())
    }

    async fn handle(
        &self,
        myself: ActorRef<IntakeMessage>,
        message: IntakeMessage,
        state: &mut IntakeState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            IntakeMessage::Work => {
                state.going_on = false;
                // Large, and moved for each message otherwise.
                let next = Box::pin(self.work()).await?;
                self.go_on_at(&myself, state, next);
            }
            IntakeMessage::Again(letters, reply) => {
                let answer = Box::pin(self.again(&letters)).await?;
                if letters.len() > 1 {
                    Box::pin(self.read_until_now()).await?;
                }
                // An error means that the caller has gone; they are in line all the same.
                drop(reply.send(answer));
            }
            IntakeMessage::Count => Box::pin(self.count(&myself)).await?,
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _myself: ActorRef<IntakeMessage>,
        _event: SupervisionEvent,
        _state: &mut IntakeState,
    ) -> Result<(), ActorProcessingErr> {
        Ok(())
    }
}

impl Intake {
    /// Goes on when the first in line is due: at once, or then.
    fn go_on_at(
        &self,
        myself: &ActorRef<IntakeMessage>,
        state: &mut IntakeState,
        next: Option<Timestamp>,
    ) {
        let Some(next) = next else { return };
        let now = self.around.ledger.now().timestamp();
        if next <= now {
            if !state.going_on {
                // An error means that it is ending itself.
                state.going_on = myself.cast(IntakeMessage::Work).is_ok();
            }
            return;
        }
        match &state.alarm {
            Some((set, sleeper)) if *set <= next && !sleeper.is_finished() => return,
            Some((_, sleeper)) => sleeper.abort(),
            None => {}
        }
        let (sleep, myself) = (Duration::from(next.since(now)), myself.clone());
        let sleeper = ractor::concurrency::spawn(async move {
            tokio::time::sleep(sleep).await;
            // As above.
            myself.cast(IntakeMessage::Work).ok();
        });
        state.alarm = Some((next, sleeper));
    }

    /// Reads what is due by now. Who puts many letters in line waits for them, so that what comes in
    /// meanwhile stands behind no more than these.
    async fn read_until_now(&self) -> Result<(), LedgerError> {
        let now = self.around.ledger.now().timestamp();
        while self.first_due().is_some_and(|due| due <= now) {
            self.work().await?;
        }
        Ok(())
    }

    /// Puts letters in line again; answers those that cannot be read again, and why.
    async fn again(&self, letters: &[Sequence]) -> Result<Vec<NotDone>, LedgerError> {
        let ledger = &self.around.ledger;
        let mut draft = Draft::new(&self.tenant);
        let mut not_done = Vec::new();
        for &sequence in letters {
            let Some(mut letter) = ledger.letter(&self.tenant, sequence)? else {
                not_done.push(NotDone { item: Some(sequence), why: Hindrance::Gone });
                continue;
            };
            let refused = match &letter.verdict {
                Verdict::Genuine => letter.fate.state == InboundState::Refused,
                Verdict::Refused(_) | Verdict::Uncounted(_) => true,
            };
            if refused {
                not_done.push(NotDone { item: Some(sequence), why: Hindrance::NotGenuine });
                continue;
            }
            if let Some(due) = letter.fate.next_at {
                draft.out_of_line(due, sequence);
            }
            letter.fate = letter.fate.again(ledger.now().timestamp());
            draft.fate(sequence, &letter);
        }
        self.commit(draft).await;
        Ok(not_done)
    }

    /// Makes a draft durable, waits for it, and carries its hints out.
    async fn commit(&self, mut draft: Draft) {
        let after = draft.take_after();
        self.around.ledger.commit_and_wait(draft).await;
        self.around.hints.carry_out(&self.tenant, after);
    }
}

#[cfg(test)]
pub(crate) mod tests;
