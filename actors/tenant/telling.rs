//! How a tenant speaks to its children: each is woken by what it is told.

use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorCell, ActorRef, ActorRuntime};
use sereno_workflows::id::{EndpointId, EntityKey, Sequence};
use sereno_workflows::time::Timestamp;

use super::{Tenant, TenantMessage, TenantState};
use crate::endpoint::again::{AgainAnswer, AgainRequest};
use crate::endpoint::cancel::{CancelRequest, Stays};
use crate::endpoint::{EndpointActor, EndpointMessage};
use crate::entity::{Entity, EntityMessage};
use crate::fan_out::{FanOut, FanOutMessage, Offer};
use crate::intake::{Intake, IntakeMessage};
use crate::jobs::{Jobs, JobsMessage};
use crate::ledger::LedgerError;
use crate::limits;
use crate::record::Hindrance;
use crate::vitals::Alive;

impl Tenant {
    pub(super) fn deliver(
        &self,
        myself: &ActorRef<TenantMessage>,
        state: &mut TenantState,
        endpoint: EndpointId,
        due: Timestamp,
    ) {
        let message = EndpointMessage::Deliver(Arc::clone(&state.view), due);
        self.tell_endpoint(myself, state, endpoint, message);
    }

    pub(super) fn offer(
        &self,
        myself: &ActorRef<TenantMessage>,
        state: &mut TenantState,
        offer: Offer,
    ) {
        if !state.view.endpoints.contains_key(&offer.endpoint) {
            offer.share.secured();
            return;
        }
        let endpoint = offer.endpoint;
        let message = EndpointMessage::Offer(Arc::clone(&state.view), offer);
        self.tell_endpoint(myself, state, endpoint, message);
    }

    pub(super) fn again(
        &self,
        myself: &ActorRef<TenantMessage>,
        state: &mut TenantState,
        endpoint: EndpointId,
        request: AgainRequest,
    ) {
        if !endpoint.is_own() && !state.view.endpoints.contains_key(&endpoint) {
            let all = request.deliveries.into_iter();
            let not_done = all.map(|again| (again, Hindrance::EndpointGone)).collect();
            // An error means that the caller has gone.
            drop(request.reply.send(AgainAnswer { not_done, ..AgainAnswer::default() }));
            return;
        }
        let message = EndpointMessage::Again(Arc::clone(&state.view), request);
        self.tell_endpoint(myself, state, endpoint, message);
    }

    pub(super) fn cancel(
        &self,
        myself: &ActorRef<TenantMessage>,
        state: &mut TenantState,
        endpoint: EndpointId,
        request: CancelRequest,
    ) {
        if !endpoint.is_own() && !state.view.endpoints.contains_key(&endpoint) {
            let answers = vec![Err(Stays::EndpointGone); request.sought.len()];
            // As above.
            drop(request.reply.send(answers));
            return;
        }
        let message = EndpointMessage::Cancel(Arc::clone(&state.view), request);
        self.tell_endpoint(myself, state, endpoint, message);
    }

    pub(super) fn tell_jobs(
        &self,
        myself: &ActorRef<TenantMessage>,
        state: &mut TenantState,
        message: JobsMessage,
    ) {
        let actor = || Jobs {
            ledger: Arc::clone(&self.around.ledger),
            hints: Arc::clone(&self.around.hints),
            tenant: state.view.id.clone(),
            parent: myself.clone(),
        };
        let wake = || started(actor(), myself.get_cell());
        // One that has just died drops the message: the caller is told to try again.
        drop(state.jobs.get_or_insert_with(wake).cast(message));
    }

    pub(super) fn tell_intake(
        &self,
        myself: &ActorRef<TenantMessage>,
        state: &mut TenantState,
        message: IntakeMessage,
    ) {
        let actor = || Intake {
            around: self.around.clone(),
            tenant: state.view.id.clone(),
            parent: myself.clone(),
            suspect: Arc::clone(&state.suspect),
        };
        let wake = || started(actor(), myself.get_cell());
        // One that has just died drops the message; its successor reads the rows.
        drop(state.intake.get_or_insert_with(wake).cast(message));
    }

    pub(super) fn resume_fan_out(
        &self,
        myself: &ActorRef<TenantMessage>,
        state: &mut TenantState,
    ) -> Result<(), LedgerError> {
        let first = self.around.ledger.fan_outs_from(&state.view.id, Sequence(0), 1)?;
        if !first.is_empty() {
            self.tell_fan_out(myself, state, FanOutMessage::Resume);
        }
        Ok(())
    }

    pub(super) fn tell_fan_out(
        &self,
        myself: &ActorRef<TenantMessage>,
        state: &mut TenantState,
        message: FanOutMessage,
    ) {
        let actor = || FanOut {
            ledger: Arc::clone(&self.around.ledger),
            hints: Arc::clone(&self.around.hints),
            tenant: state.view.id.clone(),
            parent: myself.clone(),
        };
        let wake = || started(actor(), myself.get_cell());
        // One that has just died drops the message; its successor reads the rows.
        drop(state.fan_out.get_or_insert_with(wake).cast(message));
    }

    pub(super) fn tell_entity(
        &self,
        myself: &ActorRef<TenantMessage>,
        state: &mut TenantState,
        key: EntityKey,
        message: EntityMessage,
    ) {
        if state.entities.len() >= limits::ENTITIES_ALIVE_MAX {
            state.entities.retire(Duration::from_millis(50), || EntityMessage::Retire);
        }
        let entity = || Entity {
            ledger: Arc::clone(&self.around.ledger),
            hints: Arc::clone(&self.around.hints),
            tenant: state.view.id.clone(),
            key: key.clone(),
            tracing: self.around.tracing.clone(),
            _alive: Alive::among(&self.around.ledger.statistics().gauges.entities),
        };
        let wake = || started(entity(), myself.get_cell());
        state.entities.tell(key.clone(), message, wake);
    }

    pub(super) fn tell_endpoint(
        &self,
        myself: &ActorRef<TenantMessage>,
        state: &mut TenantState,
        id: EndpointId,
        message: EndpointMessage,
    ) {
        let actor = || EndpointActor {
            around: self.around.clone(),
            tenant: state.view.id.clone(),
            parent: myself.clone(),
            id,
            live: Arc::clone(&state.view.live),
            tidied: Arc::clone(&state.tidied),
            _alive: Alive::among(&self.around.ledger.statistics().gauges.endpoints),
        };
        let wake = || started(actor(), myself.get_cell());
        state.endpoints.tell(id, message, wake);
    }
}

/// Starts a child without waiting for it. Its `pre_start` cannot fail: it does nothing but exist.
fn started<A>(actor: A, supervisor: ActorCell) -> ActorRef<A::Msg>
where
    A: Actor<Arguments = ()>,
{
    let spawned = ActorRuntime::<A>::spawn_linked_instant(None, actor, (), supervisor);
    let (actor, _) = spawned.expect("an actor without a name cannot collide with another");
    actor
}
