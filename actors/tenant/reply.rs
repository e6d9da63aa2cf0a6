//! A person replies in a conversation: what they write, and the handoff that waited for it, in one commit.

use std::sync::Arc;

use ractor::ActorRef;
use sereno_workflows::conversation::{self, What, Words};
use sereno_workflows::handoff;
use sereno_workflows::id::EntityKey;
use sereno_workflows::trace::TraceContext;
use sereno_workflows::window::Window;
use tokio::sync::oneshot;

use super::involve::Work;
use super::people::unreadable;
use super::recording::Recording;
use super::{Receipt, Tenant, TenantMessage, TenantState};
use crate::entity::{Command, Deed, Origin, bare};
use crate::gather::{Refusal, Reply};
use crate::idempotency::Idempotency;
use crate::ledger::Draft;

/// A reply, on its way to its conversation.
pub(crate) struct Replying {
    /// In which conversation.
    pub(crate) conversation: String,
    /// The name of who replies.
    pub(crate) by: String,
    /// What they say.
    pub(crate) words: Words,
    /// The key by which it goes once.
    pub(crate) request: Option<Arc<Idempotency>>,
    /// In which trace.
    pub(crate) trace: Option<TraceContext>,
    /// Where the answer goes once it is durable.
    pub(crate) reply: oneshot::Sender<Result<(), Refusal>>,
}

impl Tenant {
    /// Lets a conversation decide on what a person writes there.
    pub(super) async fn reply(
        &self,
        myself: &ActorRef<TenantMessage>,
        state: &mut TenantState,
        replying: Replying,
    ) {
        let Replying { conversation, by, words, request, trace, reply } = replying;
        let mut recording = state.recordings.begin();
        let mut work = Work::new(Draft::new(&state.view.id));
        let prepared = self
            .take_request(state, &mut recording, &mut work, request)
            .and_then(|()| self.addressed(state, &conversation, by, words));
        let command = match prepared {
            Ok(command) => command,
            Err(refusal) => {
                drop(reply.send(Err(refusal)));
                return;
            }
        };
        let at = self.around.ledger.now().timestamp();
        let asked = |command, talk| {
            let deed = Deed::unprompted(command, Origin::Operator, at);
            Deed { trace: trace.clone(), talk, ..deed }
        };
        work.add(
            EntityKey::conversation(&conversation),
            asked(command, Some(conversation.clone())),
        );
        match self.has_handoff(state, &conversation) {
            Ok(true) => {
                let command = Command::Handoff(handoff::Command::Answered);
                work.add(EntityKey::handoff(&conversation), asked(command, None));
            }
            Ok(false) => {}
            Err(refusal) => {
                drop(reply.send(Err(refusal)));
                return;
            }
        }
        let answer: Reply = Box::new(move |result| {
            match &result {
                Ok(()) => recording.end(),
                Err(_) => drop(recording),
            }
            // An error means that the caller has gone; what it asked for is done all the same.
            drop(reply.send(result));
        });
        self.spread(myself, state, work.draft, work.deeds, answer).await;
    }

    /// Notes a request that is carried out once, unless it was or is.
    fn take_request(
        &self,
        state: &TenantState,
        recording: &mut Recording,
        work: &mut Work,
        request: Option<Arc<Idempotency>>,
    ) -> Result<(), Refusal> {
        let Some(request) = request else { return Ok(()) };
        let (request, place) = self.enter(state, recording, request, 1)?;
        let receipt = Receipt { ids: Vec::new(), accepted: 1, duplicates: 0 };
        work.draft.idempotency(request.key(), &request.record(place, &receipt));
        Ok(())
    }

    /// The reply with whom it goes to, and whether they may be written to freely.
    fn addressed(
        &self,
        state: &mut TenantState,
        conversation: &str,
        by: String,
        words: Words,
    ) -> Result<Command, Refusal> {
        let to = match self.who_talks(state, conversation)?.flatten() {
            Some(lead) => self.phone_of(state, &lead)?,
            None => None,
        };
        let ledger = self.ledger();
        let window = match &to {
            Some(number) => {
                let found = ledger.window(&state.view.id, number, ledger.now().timestamp());
                found.map_err(|error| unreadable(&error, &state.view.id))?
            }
            None => Window::Unknown,
        };
        let what = What::Reply(Box::new(conversation::Reply { by, to, window, words }));
        Ok(Command::Conversation(bare(what)))
    }
}
