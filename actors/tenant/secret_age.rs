//! The alarms of endpoints' secrets: set with the endpoint, rung by the one clock, told as an event.
//!
//! An endpoint's age stands in its own record, so a rotation and its alarm are one commit, and so are a
//! notice, the next alarm and the end of the present one: no age is told twice, whenever the server dies.

use std::sync::Arc;

use ractor::ActorRef;
use sereno_workflows::effect::{Effect, Transition};
use sereno_workflows::endpoint::secret::{SecretAge, Whose};
use sereno_workflows::id::{EndpointId, EntityKey, Sequence, TenantId};
use sereno_workflows::time::Timestamp;
use sereno_workflows::trace::TraceContext;

use super::{Tenant, TenantMessage, TenantState};
use crate::announce::{Announcement, Audience, Context, announce};
use crate::endpoint::config::Endpoint;
use crate::ledger::Draft;
use crate::limits;
use crate::record::key::{self, TimerKey};
use crate::record::{self, EndpointRecord, Source, TimerRecord};
use crate::ticket::Ticket;
use crate::view::TenantView;

/// The alarm of an endpoint's secret.
pub(super) fn alarm(tenant: &TenantId, id: EndpointId, due: Timestamp) -> TimerKey {
    let (tenant, entity) = (tenant.clone(), EntityKey::endpoint(id));
    TimerKey { due, tenant, entity, slot: Sequence(0) }
}

impl Tenant {
    /// Adds an endpoint to a draft, with its secret's alarm as `age` has it.
    pub(super) fn write_endpoint(
        &self,
        draft: &mut Draft,
        before: Option<&Endpoint>,
        endpoint: &mut Endpoint,
        age: SecretAge,
    ) {
        let (tenant, id) = (draft.tenant().clone(), endpoint.id);
        let armed = before.and_then(|before| before.config.secret_age.alarm);
        endpoint.config.secret_age = age;
        let record: EndpointRecord = endpoint.to_record(&tenant, self.around.ledger.vault());
        draft.batch().put(key::endpoint(&tenant, id), record::encode(&record));
        if armed == age.alarm {
            return;
        }
        if let Some(due) = armed {
            draft.disarm(&alarm(&tenant, id, due));
        }
        if let Some(due) = age.alarm {
            let generation = age.generation;
            draft.arm(alarm(&tenant, id, due), TimerRecord::Alarm { generation });
        }
    }

    /// A view whose endpoints all have the alarms that its settings ask for, which are durable.
    pub(super) async fn set_secret_alarms(&self, mut view: TenantView) -> TenantView {
        let age_max = view.policy.settings.secret_max_age;
        let wrong = |endpoint: &Endpoint| {
            let age = endpoint.config.secret_age.under(age_max);
            (age != endpoint.config.secret_age).then_some((endpoint.id, age))
        };
        let wrong: Vec<_> =
            view.endpoints.values().filter_map(|endpoint| wrong(endpoint)).collect();
        for step in wrong.chunks(limits::SECRET_ALARMS_PER_STEP) {
            let mut draft = Draft::new(&view.id);
            for &(id, age) in step {
                let Some(endpoint) = view.endpoints.get_mut(&id) else { continue };
                let mut next = Endpoint::clone(endpoint);
                next.forget_expired(self.around.ledger.now().timestamp());
                self.write_endpoint(&mut draft, Some(endpoint), &mut next, age);
                *endpoint = Arc::new(next);
            }
            let after = draft.take_after();
            self.around.ledger.commit_and_wait(draft).await;
            self.around.hints.carry_out(&view.id, after);
        }
        view
    }

    /// An endpoint's alarm rang.
    pub(super) async fn wake_endpoint(
        &self,
        myself: &ActorRef<TenantMessage>,
        state: &mut TenantState,
        mut ticket: Ticket,
        id: EndpointId,
    ) {
        ticket.take_in_hand();
        let ledger = &self.around.ledger;
        let now = ledger.now().timestamp();
        let timer = ticket.timer().0.clone();
        let found = state.view.endpoints.get(&id).cloned();
        let mut draft = Draft::new(&state.view.id);
        let mut changed = None;
        match self.told(state, ticket.timer().1, found.as_deref(), now) {
            Some((present, Transition { next: age, effects })) => {
                draft.disarm(&timer);
                let mut next = Endpoint::clone(present);
                next.forget_expired(now);
                self.write_endpoint(&mut draft, Some(present), &mut next, age);
                ticket.report(self.announce_age(&mut draft, &state.view, id, effects, (now, None)));
                changed = Some(Arc::new(next));
            }
            None => {
                tracing::debug!(endpoint = %id, tenant = %state.view.id, "a wake was stale");
                // The row may already be the alarm of a newer generation for the same moment.
                let armed = found.and_then(|endpoint| endpoint.config.secret_age.alarm);
                if armed != Some(timer.due) {
                    draft.disarm(&timer);
                }
            }
        }
        if let Some(endpoint) = changed {
            let mut view = TenantView::clone(&state.view);
            view.endpoints.insert(endpoint);
            self.show(myself, state, view);
        }
        let (after, hints) = (draft.take_after(), Arc::clone(&self.around.hints));
        let tenant = state.view.id.clone();
        let then = Box::new(move || {
            ticket.settle();
            hints.carry_out(&tenant, after);
        });
        ledger.commit(draft, then).await;
    }

    /// What a wake leads to; nothing where it is stale.
    fn told<'a>(
        &self,
        state: &TenantState,
        what: &TimerRecord,
        found: Option<&'a Endpoint>,
        now: Timestamp,
    ) -> Option<(&'a Endpoint, Transition<SecretAge>)> {
        let (TimerRecord::Alarm { generation }, Some(endpoint)) = (what, found) else {
            return None;
        };
        let whose = Whose { endpoint: endpoint.id, kind: endpoint.config.kind.as_str() };
        let age_max = state.view.policy.settings.secret_max_age;
        let told = endpoint.config.secret_age.wake(*generation, now, age_max, whose);
        Some((endpoint, told.ok()?))
    }

    /// Records the notice; answers with the types of what was recorded.
    pub(super) fn announce_age(
        &self,
        draft: &mut Draft,
        view: &TenantView,
        id: EndpointId,
        effects: Vec<Effect>,
        (now, trace): (Timestamp, Option<TraceContext>),
    ) -> Vec<String> {
        let mut types = Vec::new();
        for effect in effects {
            match effect {
                Effect::Emit { event_type, data } => {
                    types.push(event_type.clone());
                    let announcement = Announcement {
                        id: None,
                        event_type,
                        at: now,
                        source: Source::Workflow,
                        data,
                        audience: Audience::Others(id),
                    };
                    let context = Context { trace: trace.clone(), ..Context::default() };
                    announce(draft, &self.around.ledger, view, announcement, context);
                }
                Effect::Mail { .. }
                | Effect::Tell { .. }
                | Effect::Signal { .. }
                | Effect::Note(_) => {}
            }
        }
        types
    }
}
