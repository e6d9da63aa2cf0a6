//! One attempt at a delivery, from its row in the queue to its outcome.

use std::sync::Arc;
use std::time::Instant;

use sereno_workflows::dead_letters::Fault;
use sereno_workflows::id::{EndpointId, Sequence};
use sereno_workflows::retry::Outcome;
use sereno_workflows::time::{Span, Timestamp};

use crate::channel::{Answer, Destination, Load};
use crate::ledger::LedgerError;
use crate::ledger::queue::Queued;
use crate::record::EventRecord;
use crate::tenant::Surroundings;
use crate::turnstile::Pass;
use crate::view::TenantView;

/// An attempt that came to its end.
pub(crate) struct Ended {
    /// What was attempted.
    pub(crate) queued: Queued,
    /// The type of the event that it carried or went with.
    pub(crate) event_type: String,
    /// What came of it.
    pub(crate) outcome: Outcome,
    /// The beginning of the answer's body.
    pub(crate) response: Vec<u8>,
    /// Whose fault it was, if it failed.
    pub(crate) fault: Fault,
    /// When it began.
    pub(crate) began_at: Timestamp,
    /// How long it took.
    pub(crate) duration_ms: u32,
    /// The room that it takes up until what came of it is durable.
    pub(crate) pass: Pass,
}

/// The id under which the receiver knows a delivery, the same on every attempt.
pub fn delivery_id(delivery: Sequence) -> String {
    format!("msg_{}", delivery.to_text())
}

/// Carries a delivery to its destination, as soon as the engine has room for one more; its event is read
/// from the ledger unless it was offered with the delivery.
pub(super) async fn attempt(
    around: &Surroundings,
    view: &TenantView,
    endpoint: EndpointId,
    queued: Queued,
    offered: Option<Arc<EventRecord>>,
) -> Ended {
    let pass = around.attempts.pass(&view.id, endpoint).await;
    let began_at = around.ledger.now().timestamp();
    let began = Instant::now();
    let (event_type, answer, fault) = match prepare(around, view, endpoint, &queued, offered) {
        Ok((destination, load)) => {
            let answer = around.channels.attempt(&destination, &load, began_at).await;
            let fault = Fault::of(&answer.outcome);
            (load.event_type, answer, fault)
        }
        Err(Unready::Ledger(error)) => {
            tracing::error!(%error, tenant = %view.id, "a delivery cannot be read");
            let error = error.to_string();
            let after = Some(Span::minutes(1));
            (String::new(), Outcome::Retry { code: -1, error, after }.into(), Fault::System)
        }
        Err(Unready::Never(error)) => {
            (String::new(), Outcome::Dead { code: -1, error }.into(), Fault::System)
        }
    };
    let Answer { outcome, response } = answer;
    let duration_ms = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
    Ended { queued, event_type, outcome, response, fault, began_at, duration_ms, pass }
}

enum Unready {
    Ledger(LedgerError),
    Never(String),
}

fn prepare(
    around: &Surroundings,
    view: &TenantView,
    id: EndpointId,
    queued: &Queued,
    offered: Option<Arc<EventRecord>>,
) -> Result<(Destination, Load), Unready> {
    let record = &queued.record;
    let event = match offered {
        Some(event) => Arc::unwrap_or_clone(event),
        None => {
            let event = around.ledger.event(&view.id, record.event).map_err(Unready::Ledger)?;
            event.ok_or_else(|| Unready::Never("its event is no longer kept".to_owned()))?
        }
    };
    let destination = match &record.tell {
        Some(tell) => Destination::WhatsApp {
            to: tell.to.clone(),
            line: view.policy.settings.whatsapp.clone(),
        },
        None => match view.endpoints.get(&id) {
            Some(endpoint) => {
                let now = around.ledger.now().timestamp();
                endpoint.destination(view, now).map_err(Unready::Never)?
            }
            None => return Err(Unready::Never("the endpoint was deleted".to_owned())),
        },
    };
    let own = view.endpoints.get(&id).and_then(|endpoint| endpoint.config.timeout);
    let load = Load {
        id: delivery_id(queued.delivery),
        attempt: record.attempts + 1,
        event_type: event.event_type,
        body: event.body,
        message: record.tell.as_ref().map(|tell| tell.message.clone()),
        locale: view.policy.settings.locale,
        zone: view.policy.zone.clone(),
        timeout: own.or(view.policy.settings.timeout).map(Into::into),
    };
    Ok((destination, load))
}
