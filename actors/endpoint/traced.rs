//! An attempt in the trace of its event.

use std::sync::Arc;

use sereno_workflows::id::{EndpointId, TenantId};
use sereno_workflows::retry::Outcome;
use sereno_workflows::trace::TraceContext;

use super::attempt::Ended;
use super::delivery_id;
use crate::channel::Destination;
use crate::channel::address::Address;
use crate::record::EventRecord;
use crate::trace::{Fact, Side, Span, Tracing, of_delivery};
use crate::vault::Vault;

/// An attempt that goes into a trace, before it is made.
pub(super) struct Traced {
    context: TraceContext,
    parent: Option<[u8; 8]>,
    channel: &'static str,
    /// What is known of it by then.
    facts: Vec<(&'static str, Fact)>,
}

/// The place of an attempt: below what led to its event, or in a trace that its delivery's id names.
pub(super) fn place(
    tracing: Option<&Arc<Tracing>>,
    event: &EventRecord,
    delivery: &str,
    attempt: u32,
) -> TraceContext {
    let own = of_delivery(delivery, attempt);
    match &event.trace {
        Some(trace) => trace.below(own.span),
        None => {
            let is_sampled = tracing.is_none_or(|tracing| tracing.samples(&own.trace));
            own.sampled(is_sampled)
        }
    }
}

impl Traced {
    pub(super) fn new(
        context: &TraceContext,
        vault: &Vault,
        (tenant, event): (&TenantId, &EventRecord),
        destination: &Destination,
    ) -> Self {
        let host = |to: &Address| to.url().host_str().map(|host| Fact::host(vault, host));
        let (channel, host) = match destination {
            Destination::Webhook { to, .. } => ("webhook", host(to)),
            Destination::Slack { to } => ("slack", host(to)),
            Destination::Email { .. } => ("email", None),
            Destination::WhatsApp { .. } => ("whatsapp", None),
        };
        let mut facts = vec![
            ("sereno.tenant", Fact::named(vault, tenant.as_str())),
            ("sereno.event.id", Fact::named(vault, &event.id)),
            ("sereno.event.type", Fact::named(vault, &event.event_type)),
        ];
        facts.extend(host.map(|host| ("server.address", host)));
        let parent = event.trace.as_ref().map(|trace| trace.span);
        Self { context: context.clone(), parent, channel, facts }
    }

    /// Puts the attempt into its trace.
    pub(super) fn put(self, tracing: &Tracing, endpoint: EndpointId, ended: &Ended) {
        let Self { context, parent, channel, mut facts } = self;
        let (code, outcome, failed) = match &ended.outcome {
            Outcome::Done { code } => (*code, "done", None),
            Outcome::Retry { code, .. } => (*code, "retry", Some("it is tried again")),
            Outcome::Dead { code, .. } => (*code, "dead", Some("it is given up")),
            Outcome::Gone { code, .. } => (*code, "gone", Some("the receiver is gone")),
        };
        let attempt = i64::from(ended.queued.record.attempts) + 1;
        facts.extend([
            match endpoint.own_road() {
                Some(road) => ("sereno.recipients", Fact::from(road)),
                None => ("sereno.endpoint.id", Fact::Number(endpoint.0.into())),
            },
            ("sereno.delivery.id", Fact::ours(delivery_id(ended.queued.delivery))),
            ("sereno.attempt", Fact::Number(attempt)),
            ("sereno.outcome", Fact::from(outcome)),
        ]);
        if code > 0 {
            facts.push(("http.response.status_code", Fact::Number(code.into())));
        }
        let began = u64::try_from(ended.began_at.0).unwrap_or_default() * 1_000;
        tracing.put(Span {
            context,
            parent,
            is_parent_remote: false,
            name: format!("attempt {channel}").into(),
            side: Side::Client,
            began,
            ended: began + u64::from(ended.duration_ms) * 1_000,
            facts,
            failed,
        });
    }
}
