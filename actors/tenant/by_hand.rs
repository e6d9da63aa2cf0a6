//! The timer of an endpoint's secret in the hands of a person; those of entities are their own matter.

use std::sync::Arc;

use ractor::ActorRef;
use sereno_workflows::effect::Rejected;
use sereno_workflows::endpoint::secret::Whose;
use sereno_workflows::id::EndpointId;
use sereno_workflows::timer::ByHand;
use sereno_workflows::trace::TraceContext;
use tokio::sync::oneshot;

use super::{Tenant, TenantMessage, TenantState};
use crate::endpoint::config::Endpoint;
use crate::gather::Refusal;
use crate::ledger::Draft;
use crate::view::TenantView;

/// What a person wants of the timer of an endpoint's secret.
pub(crate) struct OfEndpoint {
    /// Which endpoint.
    pub(crate) endpoint: EndpointId,
    /// What.
    pub(crate) asked: ByHand,
    /// In which trace.
    pub(crate) trace: Option<TraceContext>,
    /// Where the answer goes once it is durable.
    pub(crate) reply: oneshot::Sender<Result<(), Refusal>>,
}

impl Tenant {
    /// Fires or lifts an endpoint's alarm: the notice, the next alarm and the end of this one are one commit.
    pub(super) async fn by_hand(
        &self,
        myself: &ActorRef<TenantMessage>,
        state: &mut TenantState,
        OfEndpoint { endpoint: id, asked, trace, reply }: OfEndpoint,
    ) {
        let ledger = &self.around.ledger;
        let now = ledger.now().timestamp();
        let age_max = state.view.policy.settings.secret_max_age;
        let found = state.view.endpoints.get(&id).cloned();
        let decided = found.as_ref().ok_or_else(|| asked.gone()).and_then(|endpoint| {
            let whose = Whose { endpoint: id, kind: endpoint.config.kind.as_str() };
            endpoint.config.secret_age.by_hand(&asked, now, age_max, whose)
        });
        let (present, transition) = match (found, decided) {
            (Some(present), Ok(transition)) => (present, transition),
            (_, decided) => {
                let Rejected(reason) = decided.err().unwrap_or_else(|| asked.gone());
                // An error means that the caller has gone; nothing was done.
                drop(reply.send(Err(Refusal::Rejected(reason))));
                return;
            }
        };
        let mut draft = Draft::new(&state.view.id);
        let mut next = Endpoint::clone(&present);
        next.forget_expired(now);
        self.write_endpoint(&mut draft, Some(&present), &mut next, transition.next);
        self.announce_age(&mut draft, &state.view, id, transition.effects, (now, trace));
        let mut view = TenantView::clone(&state.view);
        view.endpoints.insert(Arc::new(next));
        self.show(myself, state, view);
        let (after, hints) = (draft.take_after(), Arc::clone(&self.around.hints));
        let tenant = state.view.id.clone();
        let then = Box::new(move || {
            hints.carry_out(&tenant, after);
            // As above; what was asked for is done all the same.
            drop(reply.send(Ok(())));
        });
        ledger.commit(draft, then).await;
    }
}
