//! Spans: what was done for whom, put together when it is over and handed to whoever exports them.
//!
//! ```text
//!  request (server) --> step (entity, transition) --> attempt (client) --> traceparent of the delivery
//!      |                      |                             ^
//!      +--- the event's record keeps the place in its trace +  so an attempt days later is part of it
//! ```
//! Where nothing is exported there is no [`Tracing`], and all of this costs a look whether there is. Where
//! there is one, nothing waits for it: a span for which there is no room is counted and gone. A span names
//! things by their ids and types; it never holds a body, a header, a number or a receiver's words.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sereno_workflows::id::{EntityKey, TenantId};
use sereno_workflows::trace::TraceContext;
use sereno_workflows::trace::sampler::Sampler;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use crate::announce::Announcement;
use crate::journey::Journey;
use crate::limits::SPANS_WAITING_MAX;
use crate::shown;
use crate::vault::Vault;

/// Where spans go.
pub struct Tracing {
    spans: mpsc::Sender<Span>,
    sampler: Sampler,
    dropped: AtomicU64,
}

/// Something that was done.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// Its own place: its trace and its id.
    pub context: TraceContext,
    /// The span that led to it.
    pub parent: Option<[u8; 8]>,
    /// Whether that was somebody else's.
    pub is_parent_remote: bool,
    /// What was done.
    pub name: Cow<'static, str>,
    /// On which side of a call.
    pub side: Side,
    /// When it began, in microseconds since 1970.
    pub began: u64,
    /// When it ended.
    pub ended: u64,
    /// What is known of it.
    pub facts: Vec<(&'static str, Fact)>,
    /// What went wrong, in a word of ours.
    pub failed: Option<&'static str>,
}

/// On which side of a call a span is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// It answers somebody.
    Server,
    /// It asks somebody.
    Client,
    /// Neither.
    Inside,
}

/// A fact about a span. A text that somebody else chose becomes one only by `Fact::named` and its like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// A word or an id.
    Text(Cow<'static, str>),
    /// A number.
    Number(i64),
}

impl From<&'static str> for Fact {
    fn from(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl Fact {
    /// What we made ourselves.
    pub fn ours(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }

    /// An event's id or type, or a tenant's.
    pub(crate) fn named(vault: &Vault, name: &str) -> Self {
        Self::ours(shown::name(vault, name).into_owned())
    }

    /// A host.
    pub(crate) fn host(vault: &Vault, host: &str) -> Self {
        Self::ours(shown::host(vault, host).into_owned())
    }

    /// What an entity is found by.
    pub(crate) fn key(vault: &Vault, key: &EntityKey) -> Self {
        Self::ours(shown::key(vault, key))
    }
}

impl Tracing {
    /// Takes spans of the traces that are sampled; they come out of the other end.
    pub fn new(sampler: Sampler) -> (Arc<Self>, mpsc::Receiver<Span>) {
        let (spans, waiting) = mpsc::channel(SPANS_WAITING_MAX);
        (Arc::new(Self { spans, sampler, dropped: AtomicU64::new(0) }), waiting)
    }

    /// The place of a new span: below a parent, or at the beginning of a trace of its own.
    pub fn begin(&self, parent: Option<&TraceContext>) -> TraceContext {
        match parent {
            Some(parent) => {
                let is_sampled = self.sampler.samples(&parent.trace, Some(parent.is_sampled()));
                parent.below(span_id()).sampled(is_sampled)
            }
            None => {
                let trace = rand::random();
                TraceContext::begin(trace, span_id(), self.sampler.samples(&trace, None))
            }
        }
    }

    /// Whether a trace that nobody has begun is sampled.
    pub fn samples(&self, trace: &[u8; 16]) -> bool {
        self.sampler.samples(trace, None)
    }

    /// Hands a span over, unless its trace is not sampled or there is no room.
    pub fn put(&self, span: Span) {
        if span.context.is_sampled() && self.spans.try_send(span).is_err() {
            self.dropped(1);
        }
    }

    /// Counts spans that nobody will see; the first of them is told of, and then fewer and fewer.
    pub fn dropped(&self, count: u64) {
        let before = self.dropped.fetch_add(count, Ordering::Relaxed);
        if (before + count).ilog2() > before.checked_ilog2().unwrap_or_default() || before == 0 {
            let dropped = before + count;
            tracing::warn!(dropped, "spans are dropped: the collector takes none, or not as fast");
        }
    }
}

/// An id for a span.
pub fn span_id() -> [u8; 8] {
    // An id of zeros is none.
    rand::random::<u64>().max(1).to_be_bytes()
}

/// The place of an attempt of which no trace is known: one trace for a delivery, one span for each attempt,
/// derived rather than drawn so that all that know the delivery's id find the trace.
pub(crate) fn of_delivery(id: &str, attempt: u32) -> TraceContext {
    let digest = Sha256::digest(id.as_bytes());
    let trace = digest.first_chunk().copied().unwrap_or([1; 16]);
    let attempt = attempt.to_string();
    let digest = Sha256::new().chain_update(id).chain_update(".").chain_update(attempt).finalize();
    let span = digest.first_chunk().copied().unwrap_or([1; 8]);
    TraceContext { trace, span, flags: 1, state: None }
}

/// A step of the engine that decides on an event.
pub(crate) struct Step<'a> {
    pub(crate) tenant: &'a TenantId,
    /// What hides the names that may be numbers.
    pub(crate) vault: &'a Vault,
    pub(crate) event: &'a Announcement,
    /// Who decided, and from which status to which.
    pub(crate) entity: Option<(&'a EntityKey, &'static str, &'static str)>,
    /// Whether the rules had it ignored.
    pub(crate) is_ignored: bool,
    /// When the decision was over, in microseconds.
    pub(crate) ended: u64,
}

/// Puts a step into the trace of its event, which goes on below it.
pub(crate) fn put_step(tracing: Option<&Arc<Tracing>>, journey: &mut Journey, step: Step<'_>) {
    let (Some(tracing), Some(trace)) = (tracing, &mut journey.trace) else { return };
    if !trace.is_sampled() {
        return;
    }
    let parent = trace.span;
    *trace = trace.below(span_id());
    let context = trace.clone();
    let began = journey.last_began();
    let Step { tenant, vault, event, entity, is_ignored, ended } = step;
    let mut facts = vec![
        ("sereno.tenant", Fact::named(vault, tenant.as_str())),
        ("sereno.event.type", Fact::named(vault, &event.event_type)),
    ];
    let id = event.id.as_ref().map(|id| Fact::named(vault, id.as_str()));
    facts.extend(id.map(|id| ("sereno.event.id", id)));
    let mut name = Cow::Borrowed("record");
    if let Some((key, before, after)) = entity {
        let kind = key.kind.as_str();
        name = Cow::Owned(format!("step {kind}"));
        facts.push(("sereno.workflow.kind", kind.into()));
        facts.push(("sereno.workflow.key", Fact::key(vault, key)));
        facts.push(("sereno.transition", Fact::ours(format!("{before} -> {after}"))));
    }
    if is_ignored {
        facts.push(("sereno.ignored", Fact::Text("true".into())));
    }
    tracing.put(Span {
        context,
        parent: Some(parent),
        is_parent_remote: false,
        name,
        side: Side::Inside,
        began,
        ended,
        facts,
        failed: None,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(context: TraceContext) -> Span {
        let (name, side, facts) = ("a".into(), Side::Inside, Vec::new());
        let (parent, is_parent_remote, failed) = (None, false, None);
        Span { context, parent, is_parent_remote, name, side, began: 1, ended: 2, facts, failed }
    }

    #[test]
    fn a20_spans_of_sampled_traces_are_taken_as_far_as_there_is_room() {
        let (tracing, mut waiting) = Tracing::new(Sampler::default());
        let root = tracing.begin(None);
        let below = tracing.begin(Some(&root));
        assert_eq!(below.trace, root.trace);
        assert!(below.span != root.span && below.is_sampled());
        let elsewhere = TraceContext::begin([1; 16], [2; 8], false);
        let unsampled = tracing.begin(Some(&elsewhere));
        assert!(!unsampled.is_sampled());
        tracing.put(span(unsampled));
        assert!(waiting.try_recv().is_err());
        for _ in 0..SPANS_WAITING_MAX + 5 {
            tracing.put(span(root.clone()));
        }
        assert_eq!(tracing.dropped.load(Ordering::Relaxed), 5);
        assert!(waiting.try_recv().is_ok());
    }
}
