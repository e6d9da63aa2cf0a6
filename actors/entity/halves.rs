//! What a conversation and its handoff, which have one owner, tell each other within one commit.
//!
//! ```text
//!  tenant --part--> the one:   decides, tells whose it was ---\
//!         --part--> the other: listens, decides, fills  <-----/    one commit, or none
//! ```
//! What is on disk may lag behind both. Each takes up the commits that it has a part in as the tenant handed them out,
//! so what one says is how it stands by then for the other too. Invariant: of two, only one listens in a commit, and
//! what it listens to was handed out with it, so they never wait for each other.

use sereno_workflows::conversation::{Held, What};
use sereno_workflows::handoff::{self, Claim};
use sereno_workflows::time::Timestamp;
use tokio::sync::oneshot;

use super::decide::{Command, Deed};
use crate::record::StateRecord;

/// Where one half says whose it was; a deed may do so or listen, or neither.
#[derive(Default)]
pub(crate) struct Halves {
    /// Says it once it has decided.
    pub(crate) tell: Option<oneshot::Sender<Option<Had>>>,
    /// Hears it before it decides.
    pub(crate) hear: Option<oneshot::Receiver<Option<Had>>>,
}

/// Who had one half.
pub(crate) struct Had {
    by: String,
    at: Timestamp,
    /// Whether nobody has it from now on.
    is_left: bool,
}

impl Halves {
    /// For the one that tells and the one that hears it.
    pub(crate) fn pair() -> (Self, Self) {
        let (tell, hear) = oneshot::channel();
        (Self { tell: Some(tell), hear: None }, Self { tell: None, hear: Some(hear) })
    }

    /// Says who had it before it decided, and whether that is over.
    pub(super) fn say(&mut self, had: Option<Had>, after: Option<&StateRecord>) {
        if let Some(tell) = self.tell.take() {
            let is_left = after.and_then(Had::of).is_none();
            // An error means that the other has died, and nothing comes of the commit.
            tell.send(had.map(|had| Had { is_left, ..had })).ok();
        }
    }
}

impl Had {
    /// Who has a conversation or a handoff.
    pub(super) fn of(state: &StateRecord) -> Option<Self> {
        let (by, at) = match state {
            StateRecord::Conversation(talk) => talk.held.as_ref().map(|held| (&held.by, held.at)),
            StateRecord::Handoff(handoff) => handoff.owner().map(|claim| (&claim.by, claim.at)),
            StateRecord::Reservation(_)
            | StateRecord::Tenant(_)
            | StateRecord::DeadLetters(_)
            | StateRecord::Lead(_)
            | StateRecord::Product(_)
            | StateRecord::Alerts(_)
            | StateRecord::Reports(_) => None,
        }?;
        Some(Self { by: by.clone(), at, is_left: false })
    }
}

impl Deed {
    /// Waits for what the other half says, if it is to; `None` if nothing comes of the commit.
    pub(super) async fn heard(mut self) -> Option<Self> {
        if let Some(hear) = self.halves.hear.take() {
            let had = hear.await.ok()?;
            take_in(&mut self.command, had);
        }
        Some(self)
    }
}

fn take_in(command: &mut Command, had: Option<Had>) {
    match command {
        Command::Conversation(command) => {
            if let What::TakeOver { claimed, .. } = &mut command.what {
                *claimed = had.map(|Had { by, at, .. }| Claim { by, at });
            }
        }
        Command::Handoff(
            handoff::Command::Claim { held, .. } | handoff::Command::Assign { held, .. },
        ) => *held = had.map(|Had { by, at, .. }| Held { by, at }),
        Command::Handoff(handoff::Command::HeldBy(by)) => *by = had.map(|had| had.by),
        Command::Handoff(handoff::Command::GivenBack { held }) => {
            *held = had.is_some_and(|had| had.is_left);
        }
        _ => {}
    }
}
