//! An entity's steps in the trace of what led to them.

use sereno_workflows::trace::TraceContext;

use super::{Deed, Entity};
use crate::record::StateRecord;
use crate::trace::{Fact, Side, Span, Step, put_step};

impl Entity {
    /// Puts what an entity decided on an event into that event's trace.
    pub(super) fn put_step(
        &self,
        deed: &mut Deed,
        (before, after): (Option<&StateRecord>, Option<&StateRecord>),
        is_ignored: bool,
    ) {
        if self.tracing.is_none() {
            return;
        }
        let (Some(event), Some(journey)) = (&deed.event, &mut deed.journey) else { return };
        let entity = Some((self.key.to_string(), status(before), status(after)));
        let (tenant, ended) = (&self.tenant, self.ledger.now().micros());
        let step = Step { tenant, event, entity, is_ignored, ended };
        put_step(self.tracing.as_ref(), journey, step);
    }

    /// Begins a trace with a timer that rang; what comes of it goes on below.
    pub(super) fn put_wake(
        &self,
        before: Option<&StateRecord>,
        after: Option<&StateRecord>,
    ) -> Option<TraceContext> {
        let tracing = self.tracing.as_ref()?;
        let context = tracing.begin(None);
        if !context.is_sampled() {
            return Some(context);
        }
        let now = self.ledger.now().micros();
        let transition = format!("{} -> {}", status(before), status(after));
        let facts = vec![
            ("sereno.tenant", Fact::from(self.tenant.as_str().to_owned())),
            ("sereno.workflow.kind", Fact::from(self.key.kind.as_str())),
            ("sereno.workflow.key", Fact::from(self.key.to_string())),
            ("sereno.transition", Fact::from(transition)),
        ];
        tracing.put(Span {
            context: context.clone(),
            parent: None,
            is_parent_remote: false,
            name: format!("wake {}", self.key.kind.as_str()).into(),
            side: Side::Inside,
            began: now,
            ended: now,
            facts,
            failed: None,
        });
        Some(context)
    }
}

/// Where an entity stands, in a word.
fn status(state: Option<&StateRecord>) -> &'static str {
    match state {
        None => "none",
        Some(StateRecord::Reservation(booking)) => booking.status.as_str(),
        Some(StateRecord::Handoff(handoff)) => handoff.status.as_str(),
        Some(StateRecord::Conversation(talk)) => talk.status.as_str(),
        Some(
            StateRecord::Tenant(_)
            | StateRecord::DeadLetters(_)
            | StateRecord::Lead(_)
            | StateRecord::Product(_)
            | StateRecord::Reports(_)
            | StateRecord::Alerts(_),
        ) => "there",
    }
}
