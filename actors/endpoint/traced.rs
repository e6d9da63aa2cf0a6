//! An attempt in the trace of its event.

use std::sync::Arc;

use sereno_workflows::id::EndpointId;
use sereno_workflows::retry::Outcome;
use sereno_workflows::trace::TraceContext;

use super::attempt::Ended;
use super::delivery_id;
use crate::channel::Destination;
use crate::record::EventRecord;
use crate::trace::{Fact, Side, Span, Tracing, of_delivery};

/// An attempt that goes into a trace, before it is made.
pub(super) struct Traced {
    context: TraceContext,
    parent: Option<[u8; 8]>,
    channel: &'static str,
    host: Option<String>,
    event_id: String,
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
        event: (&str, Option<&TraceContext>),
        destination: &Destination,
    ) -> Self {
        let host = |url: &url::Url| url.host_str().map(str::to_owned);
        let (channel, host) = match destination {
            Destination::Webhook { url, .. } => ("webhook", host(url)),
            Destination::Slack { url } => ("slack", host(url)),
            Destination::Email { .. } => ("email", None),
            Destination::WhatsApp { .. } => ("whatsapp", None),
        };
        let parent = event.1.map(|trace| trace.span);
        Self { context: context.clone(), parent, channel, host, event_id: event.0.to_owned() }
    }

    /// Puts the attempt into its trace.
    pub(super) fn put(self, tracing: &Tracing, tenant: &str, endpoint: EndpointId, ended: &Ended) {
        let Self { context, parent, channel, host, event_id } = self;
        let (code, outcome, failed) = match &ended.outcome {
            Outcome::Done { code } => (*code, "done", None),
            Outcome::Retry { code, .. } => (*code, "retry", Some("it is tried again")),
            Outcome::Dead { code, .. } => (*code, "dead", Some("it is given up")),
            Outcome::Gone { code, .. } => (*code, "gone", Some("the receiver is gone")),
        };
        let attempt = i64::from(ended.queued.record.attempts) + 1;
        let mut facts = vec![
            ("sereno.tenant", Fact::from(tenant.to_owned())),
            match endpoint.own_road() {
                Some(road) => ("sereno.recipients", Fact::from(road)),
                None => ("sereno.endpoint.id", Fact::Number(endpoint.0.into())),
            },
            ("sereno.delivery.id", Fact::from(delivery_id(ended.queued.delivery))),
            ("sereno.event.id", Fact::from(event_id)),
            ("sereno.event.type", Fact::from(ended.event_type.clone())),
            ("sereno.attempt", Fact::Number(attempt)),
            ("sereno.outcome", Fact::from(outcome)),
        ];
        if code > 0 {
            facts.push(("http.response.status_code", Fact::Number(code.into())));
        }
        facts.extend(host.map(|host| ("server.address", Fact::from(host))));
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
