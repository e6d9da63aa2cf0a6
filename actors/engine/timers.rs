//! Timers in the hands of a person: fired before their time, moved or taken away, by the road that they take anyhow.
//!
//! An entity's own timer is a decision of its workflow: its row goes in the commit that holds what came of it. What
//! one entity tells another, and what is left over, is woken by the clock a little earlier than it would be.

use std::time::Duration;

use sereno_workflows::id::{EntityKind, TenantId};
use sereno_workflows::timer::{ByHand, TimerName, Wish};
use sereno_workflows::trace::TraceContext;
use tokio::sync::{mpsc, oneshot};

use super::{Engine, EngineError, ask};
use crate::clock::ClockMessage;
use crate::entity::{Asked, Command, alarm};
use crate::hints::Listing;
use crate::ledger::{Draft, Ledger};
use crate::limits;
use crate::record::StateRecord;
use crate::record::key::TimerKey;
use crate::shown;
use crate::tenant::{Act, OfEndpoint, TenantMessage};
use crate::ticket::Tally;

/// The word for what one entity tells another.
pub const SIGNAL: &str = "signal";
/// The word for a timer whose entity cannot be read.
pub const UNREADABLE: &str = "unreadable";
/// The word for a timer for which nothing waits.
pub const STALE: &str = "alarm";

impl Engine {
    /// Does with a timer what a person wants, in the trace that is given; returns once it is durable.
    ///
    /// # Errors
    /// There is no such timer; or it has fired meanwhile, or cannot be cancelled or moved, and why.
    pub async fn by_hand(
        &self,
        tenant: &TenantId,
        name: &TimerName,
        wish: Wish,
        trace: Option<TraceContext>,
    ) -> Result<(), EngineError> {
        let Listing { actor, view } = self.listing(tenant)?;
        let none = EngineError::NotFound("timer");
        let TimerName { entity, kind, due, .. } = name;
        let asked = ByHand { wish, kind: kind.clone(), due: *due };
        if matches!(kind.as_str(), SIGNAL | UNREADABLE | STALE) {
            return self.rouse(tenant, name, wish).await;
        }
        let (reply, answer) = oneshot::channel();
        if entity.kind == EntityKind::Endpoint {
            let endpoint = entity.as_endpoint().filter(|id| view.endpoints.contains_key(id));
            let endpoint = endpoint.ok_or(none)?;
            let message = TenantMessage::ByHand(OfEndpoint { endpoint, asked, trace, reply });
            return ask(&actor, message, answer).await;
        }
        match self.around.ledger.state(tenant, entity) {
            Ok(Some(StateRecord::Tenant(_) | StateRecord::Lead(_)) | None) => return Err(none),
            Ok(Some(_)) => {}
            Err(error) => {
                let entity = shown::key(self.around.ledger.vault(), entity);
                tracing::error!(%error, entity, "a timer was asked for whose entity cannot be read");
                return Err(unreadable());
            }
        }
        let command = Command::ByHand(Box::new(Asked::new(asked)));
        let act = Act { key: entity.clone(), command, trace, reply };
        ask(&actor, TenantMessage::Act(act), answer).await
    }

    /// A timer that is no decision of its entity's.
    async fn rouse(
        &self,
        tenant: &TenantId,
        name: &TimerName,
        wish: Wish,
    ) -> Result<(), EngineError> {
        let TimerName { entity, kind, due, slot } = name.clone();
        let timer = TimerKey { due, tenant: tenant.clone(), entity, slot };
        let ledger = &self.around.ledger;
        let Some(what) = ledger.timer(&timer)? else { return Err(EngineError::NotFound("timer")) };
        // The word stands in the name, and a name may be made up.
        if kind != word(ledger, &timer) {
            return Err(EngineError::NotFound("timer"));
        }
        match (kind.as_str(), wish) {
            (_, Wish::MoveTo(_)) => {
                let reason = "this timer is no decision of what it is about: it cannot be moved; fire or cancel it";
                return Err(EngineError::Rejected(reason.to_owned()));
            }
            (SIGNAL, Wish::Cancel) => {
                let reason = "this is what one part of the tenant tells another, and comes at once: it cannot \
                              be cancelled; fire it, or act on what it is about";
                return Err(EngineError::Rejected(reason.to_owned()));
            }
            (UNREADABLE, Wish::Fire) => return Err(unreadable()),
            (UNREADABLE, Wish::Cancel) => {
                let mut draft = Draft::new(tenant);
                draft.disarm(&timer);
                ledger.commit_and_wait(draft).await;
                return Ok(());
            }
            // A stale one does nothing when it rings but go.
            _ => {}
        }
        let (_open, mut ended) = mpsc::channel(1);
        let tally = Tally { emitted: Default::default(), _open };
        let clock = self.around.hints.clock().ok_or(EngineError::Busy)?;
        let message = ClockMessage::Fire { timer: timer.clone(), what, tally };
        clock.cast(message).map_err(|_| EngineError::Busy)?;
        // Nothing is ever sent: the channel closes when the wake has ended.
        let timeout = Duration::from_millis(limits::CALL_TIMEOUT_MS);
        if tokio::time::timeout(timeout, ended.recv()).await.is_err() {
            return Err(EngineError::Busy);
        }
        if self.around.ledger.has_timer(&timer)? {
            let reason = "it is being fired at this moment; list the timers again";
            return Err(EngineError::Rejected(reason.to_owned()));
        }
        Ok(())
    }
}

/// What such a timer is called; nothing where it is a decision of its entity's after all.
fn word(ledger: &Ledger, timer: &TimerKey) -> &'static str {
    if timer.slot.0 > 0 {
        return SIGNAL;
    }
    if timer.entity.kind == EntityKind::Endpoint {
        return "";
    }
    match ledger.state(&timer.tenant, &timer.entity) {
        Ok(Some(state)) if alarm(&state).is_some_and(|(due, _)| due == timer.due) => "",
        Ok(_) => STALE,
        Err(_) => UNREADABLE,
    }
}

fn unreadable() -> EngineError {
    let reason = "its record is damaged and cannot be read: run `sereno check --store`; cancelling the timer takes \
                  it away";
    EngineError::Rejected(reason.to_owned())
}
