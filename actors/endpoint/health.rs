//! How an endpoint is judged by its attempts, and how many of them it gets.

use serde_json::{Value, json};
use sereno_workflows::dead_letters::Fault;
use sereno_workflows::endpoint::{Condition, Health, Notice, Patience, Room};
use sereno_workflows::id::Sequence;
use sereno_workflows::time::Timestamp;
use sereno_workflows::why::failure;

use super::attempt::Ended;
use super::outcome::told;
use super::pacing::Wait;
use super::{EndpointActor, EndpointState};
use crate::announce::{Announcement, Audience, Context, announce};
use crate::ledger::{Draft, LedgerError};
use crate::live::Held;
use crate::record::{DeliveryRecord, Source};
use crate::tenant::TenantMessage;
use crate::view::TenantView;

impl EndpointActor {
    /// How many attempts may be under way now; has the clock tell when there may be more.
    pub(super) fn room(
        &self,
        state: &mut EndpointState,
        view: &TenantView,
        now: Timestamp,
    ) -> Result<usize, LedgerError> {
        if !self.may_deliver(view) {
            return Ok(0);
        }
        let room = self.health(state)?.room(now);
        Ok(match room {
            Room::Window => state.window.size(self.is_crowded()),
            Room::Probe => 1,
            Room::Not(until) => {
                self.around.hints.deliver_at(&self.tenant, self.id, until);
                0
            }
        })
    }

    /// Whether tenants wait for one another at the one writer.
    fn is_crowded(&self) -> bool {
        self.around.ledger.is_crowded() && self.around.attempts.is_shared()
    }

    /// Takes one of the attempts that the tenant and the endpoint have in a minute, and that the other side
    /// takes in its time; otherwise answers why there is none.
    pub(super) fn take_turn(
        &self,
        view: &TenantView,
        (delivery, record): (Sequence, &DeliveryRecord),
        now: Timestamp,
    ) -> Result<(), Wait> {
        let paces = &self.around.paces;
        let (of_all, of_customer) = (self.pace_of_all(view), self.pace_of_customer(view, record));
        if let Some(paced) = of_customer {
            paces.ready(paced, now).map_err(|at| Wait::Customer { paced, at })?;
        }
        if let Some((paced, whose, per_second)) = of_all
            && let Err(until) = paces.ready(paced, now)
        {
            let pace = paced.pace();
            self.live.hold(self.id, Held { until, pace, per_second, whose });
            return Err(Wait::All(until));
        }
        let allowance = view.allowance(self.id);
        self.live.take((self.id, delivery), allowance, now).map_err(Wait::All)?;
        for paced in [of_all.map(|(paced, ..)| paced), of_customer].into_iter().flatten() {
            paces.take(paced, now);
        }
        Ok(())
    }

    /// Steps the endpoint's health; writes it down where it must survive a restart, and announces what
    /// people should hear.
    pub(super) fn judge(
        &self,
        state: &mut EndpointState,
        draft: &mut Draft,
        ended: &Ended,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        state.window = state.window.step(&ended.outcome, ended.began_at, now);
        let before = self.health(state)?.clone();
        let (after, notices) = before.step(&ended.outcome, now, self.patience(state));
        if !after.stands_like(&before) {
            draft.health(self.id, &after);
        }
        let (tenant, endpoint) = (&self.tenant, self.id);
        match (before.condition(), after.condition()) {
            (Condition::Failing, Condition::Failing) => {}
            (_, Condition::Failing) => {
                tracing::warn!(%tenant, %endpoint, "an endpoint is failing");
            }
            (Condition::Failing | Condition::Unknown, Condition::Healthy) => {
                tracing::info!(%tenant, %endpoint, "an endpoint is healthy");
            }
            (_, Condition::Healthy | Condition::Degraded | Condition::Unknown) => {}
        }
        let (code, error) = told(&ended.outcome);
        let is_unsent = Fault::of(&ended.outcome) == Fault::Configuration;
        let failure = error.map(|error| failure(code, &error, is_unsent));
        self.live.note(self.id, &before, &after, failure);
        state.health = Some(after);
        if !self.id.is_own() {
            for notice in notices {
                self.tell(state, draft, notice, ended, now);
            }
        }
        Ok(())
    }

    fn tell(
        &self,
        state: &EndpointState,
        draft: &mut Draft,
        notice: Notice,
        ended: &Ended,
        now: Timestamp,
    ) {
        let (event_type, more) = match notice {
            Notice::Failing { percent, since, disabled_at } => {
                let more = json!({"percent": percent, "failing_since": since.to_rfc3339(),
                    "disabled_at": disabled_at.to_rfc3339(), "error": told(&ended.outcome).1});
                ("endpoint.failing", more)
            }
            Notice::Recovered { since } => {
                ("endpoint.recovered", json!({"failing_since": since.to_rfc3339()}))
            }
            Notice::Disable { reason } => {
                // An error means that the tenant is gone; the next failure says it again.
                drop(self.parent.cast(TenantMessage::Disable(self.id, reason)));
                return;
            }
        };
        let Some(view) = &state.view else { return };
        let kind = view.endpoints.get(&self.id).map(|endpoint| endpoint.config.kind);
        let mut data = json!({"endpoint_id": self.id.0, "kind": kind});
        if let (Some(data), Value::Object(more)) = (data.as_object_mut(), more) {
            data.extend(more);
        }
        let announcement = Announcement {
            id: None,
            event_type: event_type.to_owned(),
            at: now,
            source: Source::Workflow,
            data: data.as_object().cloned().unwrap_or_default(),
            audience: Audience::Others(self.id),
        };
        announce(draft, &self.around.ledger, view, announcement, Context::default());
    }

    fn health<'a>(&self, state: &'a mut EndpointState) -> Result<&'a Health, LedgerError> {
        let health = match state.health.take() {
            Some(health) => health,
            None => match self.live.latest(self.id) {
                Some(latest) => latest.health,
                None => self.around.ledger.health(&self.tenant, self.id)?,
            },
        };
        Ok(state.health.insert(health))
    }

    fn patience(&self, state: &EndpointState) -> Patience {
        let view = state.view.as_ref();
        let own = view.and_then(|view| view.endpoints.get(&self.id)?.config.disable_after);
        let tenants = view.map(|view| view.policy.settings.disable_after);
        Patience { disable_after: own.or(tenants).unwrap_or_default() }
    }
}
