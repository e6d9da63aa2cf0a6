//! Spans to a collector, over OTLP: HTTP with protobuf, in batches, and nobody waits for it.
//!
//! The standard environment variables decide (OpenTelemetry, "OpenTelemetry Protocol Exporter"):
//!
//! | variable | means |
//! |---|---|
//! | `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` | where to; without either, nothing is exported |
//! | `OTEL_EXPORTER_OTLP_HEADERS`, `…_TRACES_HEADERS` | headers, such as a key |
//! | `OTEL_EXPORTER_OTLP_PROTOCOL` | `http/protobuf` alone is spoken |
//! | `OTEL_EXPORTER_OTLP_TIMEOUT`, `…_TRACES_TIMEOUT` | how long the collector may take for a batch, in milliseconds |
//! | `OTEL_BSP_…` | looked at and not followed, since the batches are our own |
//! | `OTEL_TRACES_SAMPLER`, `OTEL_TRACES_SAMPLER_ARG` | which traces; `parentbased_always_on` where it is not set |
//! | `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES` | who we are; `sereno` where it is not set |
//! | `OTEL_SDK_DISABLED=true`, `OTEL_TRACES_EXPORTER=none` | nothing is exported |
//!
//! One that does not fit is refused before anything starts: a collector that gets nothing says so to nobody.

mod settings;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use sereno_actors::trace::{Fact, Side, Span, Tracing};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

pub use self::settings::remarks;

/// Spans in one request.
const BATCH_SPANS_MAX: usize = 512;
/// How long the first span of a batch waits for others.
const BATCH_PATIENCE: Duration = Duration::from_secs(1);
/// How long the collector may take for a batch, where nothing is set.
const EXPORT_PATIENCE: Duration = Duration::from_secs(10);
/// How long it may take for the rest, when the server stops.
const LAST_PATIENCE: Duration = Duration::from_secs(2);

/// The exporter of a server.
pub struct Otlp {
    /// Where spans are put.
    pub tracing: Arc<Tracing>,
    stop: oneshot::Sender<()>,
    exporting: JoinHandle<()>,
}

/// Starts to export, if the environment says where to.
///
/// # Errors
/// A variable does not fit; it is named, with what to write.
pub fn start() -> anyhow::Result<Option<Otlp>> {
    settings::first_of(problems())?;
    if !settings::exports() {
        return Ok(None);
    }
    for (remark, advice) in remarks() {
        tracing::warn!("{remark}; {advice}");
    }
    let patience = settings::patience()?.unwrap_or(EXPORT_PATIENCE);
    let exporter = exporter(patience).context("OTEL_EXPORTER_OTLP_ENDPOINT")?;
    let (tracing, spans) = Tracing::new(settings::sampler()?);
    let (stop, stopped) = oneshot::channel();
    let exporting = Exporting { exporter, patience, tracing: Arc::clone(&tracing), spans };
    let exporting = tokio::spawn(exporting.run(stopped));
    Ok(Some(Otlp { tracing, stop, exporting }))
}

/// Every variable with which [`start`] would not, by its name, with what is wrong with it.
pub fn problems() -> Vec<(&'static str, anyhow::Error)> {
    let mut problems = settings::problems();
    if problems.is_empty() && settings::exports() {
        problems.extend(
            exporter(EXPORT_PATIENCE).err().map(|error| ("OTEL_EXPORTER_OTLP_ENDPOINT", error)),
        );
    }
    problems
}

impl Otlp {
    /// Exports what waits, as far as the collector takes it soon, and ends.
    pub async fn stop(self) {
        // An error means that it has ended by itself.
        self.stop.send(()).ok();
        if tokio::time::timeout(LAST_PATIENCE + LAST_PATIENCE, self.exporting).await.is_err() {
            tracing::warn!("the last spans were not exported in time");
        }
    }
}

fn exporter(patience: Duration) -> anyhow::Result<SpanExporter> {
    let client = reqwest::Client::builder()
        .timeout(patience)
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let builder = SpanExporter::builder().with_http().with_http_client(client);
    let builder = builder.with_protocol(Protocol::HttpBinary).with_timeout(patience);
    let mut exporter = builder.build()?;
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let mut resource = Resource::builder().with_attribute(version);
    let named =
        settings::text("OTEL_RESOURCE_ATTRIBUTES").is_some_and(|all| all.contains("service.name="));
    match settings::text("OTEL_SERVICE_NAME") {
        Some(name) => resource = resource.with_service_name(name),
        None if !named => resource = resource.with_service_name("sereno"),
        None => {}
    }
    exporter.set_resource(&resource.build());
    Ok(exporter)
}

/// Takes spans and sends them on.
struct Exporting {
    exporter: SpanExporter,
    /// How long the collector may take for a batch.
    patience: Duration,
    tracing: Arc<Tracing>,
    spans: mpsc::Receiver<Span>,
}

impl Exporting {
    async fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        let scope =
            InstrumentationScope::builder("sereno").with_version(env!("CARGO_PKG_VERSION")).build();
        let mut batch = Vec::new();
        loop {
            let gathered = tokio::select! {
                _ = &mut stopped => break,
                gathered = gather(&mut self.spans, &mut batch) => gathered,
            };
            if !gathered {
                return;
            }
            self.export(&mut batch, &scope, self.patience).await;
        }
        let deadline = tokio::time::Instant::now() + LAST_PATIENCE;
        loop {
            while batch.len() < BATCH_SPANS_MAX
                && let Ok(span) = self.spans.try_recv()
            {
                batch.push(span);
            }
            if batch.is_empty() || tokio::time::Instant::now() >= deadline {
                return;
            }
            self.export(&mut batch, &scope, LAST_PATIENCE.min(self.patience)).await;
        }
    }

    async fn export(
        &self,
        batch: &mut Vec<Span>,
        scope: &InstrumentationScope,
        patience: Duration,
    ) {
        let spans: Vec<SpanData> = batch.drain(..).map(|span| data(span, scope)).collect();
        let count = spans.len() as u64;
        let exported = tokio::time::timeout(patience, self.exporter.export(spans)).await;
        if !matches!(exported, Ok(Ok(()))) {
            // What is said of it may repeat its address, and with it a key.
            self.tracing.dropped(count);
        }
    }
}

/// Gathers a batch; false once no more spans come.
async fn gather(spans: &mut mpsc::Receiver<Span>, batch: &mut Vec<Span>) -> bool {
    if batch.is_empty() {
        let Some(first) = spans.recv().await else { return false };
        batch.push(first);
    }
    let until = tokio::time::Instant::now() + BATCH_PATIENCE;
    while batch.len() < BATCH_SPANS_MAX {
        match tokio::time::timeout_at(until, spans.recv()).await {
            Ok(Some(span)) => batch.push(span),
            Ok(None) | Err(_) => break,
        }
    }
    true
}

/// A span as the exporter takes it.
fn data(span: Span, scope: &InstrumentationScope) -> SpanData {
    let Span { context, parent, is_parent_remote, name, side, began, ended, facts, failed } = span;
    let state = context.state.as_deref().and_then(|state| state.parse::<TraceState>().ok());
    let span_context = SpanContext::new(
        TraceId::from_bytes(context.trace),
        SpanId::from_bytes(context.span),
        TraceFlags::new(context.flags),
        false,
        state.unwrap_or_default(),
    );
    let attribute = |(name, fact)| match fact {
        Fact::Text(text) => KeyValue::new(name, text),
        Fact::Number(number) => KeyValue::new(name, number),
    };
    SpanData {
        span_context,
        parent_span_id: parent.map_or(SpanId::INVALID, SpanId::from_bytes),
        parent_span_is_remote: is_parent_remote,
        span_kind: match side {
            Side::Server => SpanKind::Server,
            Side::Client => SpanKind::Client,
            Side::Inside => SpanKind::Internal,
        },
        name,
        start_time: SystemTime::UNIX_EPOCH + Duration::from_micros(began),
        end_time: SystemTime::UNIX_EPOCH + Duration::from_micros(ended.max(began)),
        attributes: facts.into_iter().map(attribute).collect(),
        dropped_attributes_count: 0,
        events: Default::default(),
        links: Default::default(),
        status: failed.map_or(Status::Unset, Status::error),
        instrumentation_scope: scope.clone(),
    }
}
