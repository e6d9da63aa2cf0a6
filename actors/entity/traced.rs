//! An entity's steps in the trace of what led to them.

use sereno_workflows::trace::TraceContext;

use super::{Deed, Entity};
use crate::record::StateRecord;
use crate::trace::{Fact, Side, Span, Step, put_step, span_id};

impl Entity {
    /// Puts what an entity decided into the trace of the event that tells of it, or of whoever asked for it.
    pub(super) fn put_step(
        &self,
        deed: &mut Deed,
        (before, after): (Option<&StateRecord>, Option<&StateRecord>),
        is_ignored: bool,
    ) {
        if self.tracing.is_none() {
            return;
        }
        let (Some(event), Some(journey)) = (&deed.event, &mut deed.journey) else {
            if let Some(trace) = deed.trace.as_mut().filter(|trace| trace.is_sampled()) {
                let parent = Some(trace.span);
                *trace = trace.below(span_id());
                self.put_alone("step", (&*trace, parent), before, after);
            }
            return;
        };
        let entity = Some((&self.key, status(before), status(after)));
        let (tenant, vault) = (&self.tenant, self.ledger.vault());
        let ended = self.ledger.now().micros();
        let step = Step { tenant, vault, event, entity, is_ignored, ended };
        put_step(self.tracing.as_ref(), journey, step);
    }

    /// Begins a trace with a timer that rang; what comes of it goes on below.
    pub(super) fn put_wake(
        &self,
        before: Option<&StateRecord>,
        after: Option<&StateRecord>,
    ) -> Option<TraceContext> {
        let context = self.tracing.as_ref()?.begin(None);
        self.put_alone("wake", (&context, None), before, after);
        Some(context)
    }

    /// Puts a step of which no event tells, where it is recorded.
    fn put_alone(
        &self,
        word: &str,
        (context, parent): (&TraceContext, Option<[u8; 8]>),
        before: Option<&StateRecord>,
        after: Option<&StateRecord>,
    ) {
        let Some(tracing) = self.tracing.as_ref().filter(|_| context.is_sampled()) else { return };
        let now = self.ledger.now().micros();
        let transition = format!("{} -> {}", status(before), status(after));
        let vault = self.ledger.vault();
        let facts = vec![
            ("sereno.tenant", Fact::named(vault, self.tenant.as_str())),
            ("sereno.workflow.kind", Fact::from(self.key.kind.as_str())),
            ("sereno.workflow.key", Fact::key(vault, &self.key)),
            ("sereno.transition", Fact::ours(transition)),
        ];
        tracing.put(Span {
            context: context.clone(),
            parent,
            is_parent_remote: false,
            name: format!("{word} {}", self.key.kind.as_str()).into(),
            side: Side::Inside,
            began: now,
            ended: now,
            facts,
            failed: None,
        });
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
