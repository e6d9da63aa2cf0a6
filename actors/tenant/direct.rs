//! An event for one endpoint alone: a test, or what replaces a dead letter.

use std::sync::Arc;

use ractor::ActorRef;
use serde_json::{Map, Value};
use sereno_workflows::id::{EndpointId, EventId, Sequence};
use sereno_workflows::trace::TraceContext;
use tokio::sync::oneshot;

use super::{Tenant, TenantMessage, TenantState};
use crate::announce::{Announcement, Audience, Context, announce};
use crate::endpoint::EndpointMessage;
use crate::gather::{Refusal, Reply};
use crate::ledger::{Draft, Ledger};
use crate::record::Source;
use crate::view::TenantView;

/// An event for one endpoint.
pub(crate) struct Direct {
    /// Which.
    pub(crate) endpoint: EndpointId,
    /// The event's type.
    pub(crate) event_type: String,
    /// What it carries.
    pub(crate) data: Map<String, Value>,
    /// Where it came from.
    pub(crate) source: Source,
    /// The event that led to it.
    pub(crate) cause: Option<Sequence>,
    /// The dead letter that it replaces.
    pub(crate) instead_of: Option<Sequence>,
    /// In which trace.
    pub(crate) trace: Option<TraceContext>,
    /// Where the answer goes once it is durable.
    pub(crate) reply: oneshot::Sender<Result<EventId, Refusal>>,
}

impl Direct {
    /// Adds the event to a draft, and takes the dead letter away that it replaces; answers its id and who
    /// wants to know.
    pub(crate) fn announce(
        self,
        draft: &mut Draft,
        ledger: &Ledger,
        view: &TenantView,
    ) -> (EventId, oneshot::Sender<Result<EventId, Refusal>>) {
        let now = ledger.now().timestamp();
        if let Some(letter) = self.instead_of {
            draft.forget_dead_letter((self.endpoint, letter), now);
        }
        let announcement = Announcement {
            id: None,
            event_type: self.event_type,
            at: now,
            source: self.source,
            data: view.policy.phone_hash.redact(&self.data),
            audience: Audience::Only(self.endpoint),
        };
        let context = Context { cause: self.cause, trace: self.trace, ..Context::default() };
        let sequence = announce(draft, ledger, view, announcement, context);
        (crate::announce::own_id(sequence), self.reply)
    }
}

impl Tenant {
    /// Queues an event for one endpoint. Where it replaces a dead letter, that endpoint's own actor does:
    /// it alone knows whether the letter is still one.
    pub(super) async fn direct(
        &self,
        myself: &ActorRef<TenantMessage>,
        state: &mut TenantState,
        direct: Direct,
    ) {
        if direct.instead_of.is_some() {
            let endpoint = direct.endpoint;
            let message = EndpointMessage::Instead(Arc::clone(&state.view), Box::new(direct));
            self.tell_endpoint(myself, state, endpoint, message);
            return;
        }
        let mut draft = Draft::new(&state.view.id);
        let (id, reply) = direct.announce(&mut draft, &self.around.ledger, &state.view);
        // As in `submit`.
        let answer: Reply = Box::new(move |result| drop(reply.send(result.map(|()| id))));
        for part in self.parts(draft, 1, answer) {
            part.fill(Draft::new(&state.view.id)).await;
        }
    }
}
