//! `/metrics`: how the server is, in the text format of OpenMetrics, which Prometheus reads, or in the older
//! one of Prometheus, which everybody reads.
//!
//! What a series can be about is known before anything happens, so all of them are there from the start, with
//! zero: otherwise the first increase would be none. Totals of the whole server, without tenants' names: their number has no bound. What is told of one tenant
//! stands at `/api/v1/stats`. Counters begin with the process.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};
use sereno_actors::vitals::Vitals;
use sereno_workflows::statistics::{Channel, Count, Route, Size, Sketch};

/// In which form the metrics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// The text format 0.0.4 of Prometheus ("Exposition formats").
    Plain,
}

impl Format {
    /// The media types without their parameters, what is answered to who likes both alike first.
    pub const KINDS: [&str; 2] = ["application/openmetrics-text", "text/plain"];

    /// The content type of what [`render`] answers.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Plain => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// Upper bounds of the buckets of what takes microseconds up to a minute.
const PROCESSING: [u64; 14] = [
    64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192, 16_384, 65_536, 262_144, 1_048_576, 8_388_608,
    67_108_864,
];
/// Upper bounds of the buckets of what takes milliseconds: powers of two, so that they are exact.
const MILLISECONDS: [u64; 13] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 8_192, 65_536];
/// The same for what takes microseconds.
const MICROSECONDS: [u64; 12] =
    [64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192, 16_384, 65_536, 262_144, 1_048_576];

/// The metrics as text.
pub fn render(vitals: Vitals, format: Format) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("sereno");
    registry.register_collector(Box::new(Snapshot(vitals)));
    let mut text = String::new();
    text::encode(&mut text, &registry)?;
    match format {
        Format::OpenMetrics => Ok(text),
        Format::Plain => Ok(plain(&text)),
    }
}

/// OpenMetrics in the older form: there a counter's family has the name of its series, and neither units nor
/// an end are told.
fn plain(text: &str) -> String {
    let mut counters = Vec::new();
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    counters.extend(types.filter(|(_, kind)| *kind == "counter").map(|(name, _)| name));
    let mut plain = String::with_capacity(text.len());
    for line in text.lines() {
        let about = line.strip_prefix("# HELP ").or_else(|| line.strip_prefix("# TYPE "));
        match about.and_then(|rest| rest.split_once(' ')) {
            Some((name, said)) => {
                let what = line.get(..7).unwrap_or_default();
                let total = if counters.contains(&name) { "_total" } else { "" };
                plain.push_str(&format!("{what}{name}{total} {said}\n"));
            }
            None if line.starts_with('#') => {}
            None => {
                plain.push_str(line);
                plain.push('\n');
            }
        }
    }
    plain
}

#[derive(Debug)]
struct Snapshot(Vitals);

impl Collector for Snapshot {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page(encoder);
        let vitals = &self.0;
        self.events(&mut page)?;
        self.deliveries(&mut page)?;
        // What is counted anew for each reading is counted up to a bound, and says so.
        page.gauge("queue_deliveries", "Deliveries that wait (20000: or more)", vitals.waiting)?;
        let held = "Of those, held by disabled endpoints or pauses (20000: or more)";
        page.gauge("queue_held", held, vitals.held)?;
        page.gauge("timers_pending", "Timers that are set (20000: or more)", vitals.timers)?;
        page.seconds_gauge(
            "queue_oldest",
            "How long ago the delivery was due that waits for longest, of the first 2000 queues",
            vitals.waiting_for.0 as f64 / 1_000.0,
        )?;
        page.histogram(
            "timer_lateness",
            "How late timers rang",
            (&vitals.timer_lateness, &MILLISECONDS, 1_000.0),
        )?;
        self.server(&mut page)
    }
}

impl Snapshot {
    fn events(&self, page: &mut Page<'_>) -> fmt::Result {
        let tally = &self.0.tally;
        for (name, help, what) in [
            ("events", "Events that were recorded", Count::Events),
            ("events_failed", "Events that were set aside", Count::EventsFailed),
            ("messages_received", "Messages of customers", Count::MessagesReceived),
            ("reminders_sent", "Reminders that were sent", Count::RemindersSent),
            ("deliveries_cancelled", "Deliveries cancelled by hand", Count::DeliveriesCancelled),
            ("deliveries_withdrawn", "Messages that were true no more", Count::DeliveriesWithdrawn),
            ("no_shows", "Customers who did not come", Count::NoShows),
            ("sla_breaches", "Handoffs that waited too long", Count::SlaBreached),
        ] {
            page.counter(name, help, tally.of(what))?;
        }
        let letters = [("accepted", Count::LettersTaken), ("refused", Count::LettersRefused)];
        page.counters(
            "inbound_letters",
            "Requests of providers, by whether their signature was valid",
            letters.map(|(verdict, what)| ([("verdict", verdict)], tally.of(what))),
        )?;
        let took = tally.size(Size::ProcessingTime).unwrap_or_default();
        page.histogram(
            "event_processing",
            "From the receipt of an event to the end of its last stage before the disk",
            (&*took, &PROCESSING, 1_000_000.0),
        )
    }

    fn deliveries(&self, page: &mut Page<'_>) -> fmt::Result {
        let known = self.0.tally.channels();
        let none = Route::default();
        let channels = Channel::ALL.map(|channel| (channel, known.get(&channel).unwrap_or(&none)));
        let attempts = channels.iter().flat_map(|(channel, route)| {
            [("sent", route.sent), ("failed", route.failed)].map(|(outcome, count)| {
                ([("channel", channel.as_str()), ("outcome", outcome)], u64::from(count))
            })
        });
        page.counters(
            "delivery_attempts",
            "Attempts at deliveries, by what came of them",
            attempts,
        )?;
        for (name, help, count) in [
            (
                "delivery_retries",
                "Attempts that were not the first of their delivery",
                (|route| route.retries) as fn(&Route) -> u32,
            ),
            ("dead_letters", "Deliveries that were given up", |route| route.dead),
        ] {
            let of = channels
                .iter()
                .map(|(channel, route)| ([("channel", channel.as_str())], count(route).into()));
            page.counters(name, help, of)?;
        }
        let mut family = page.family(
            "delivery_duration",
            "How long attempts took",
            Some(&Unit::Seconds),
            MetricType::Histogram,
        )?;
        for (channel, route) in channels {
            let label = [("channel", channel.as_str())];
            write_histogram(family.encode_family(&label)?, (&route.took, &MILLISECONDS, 1_000.0))?;
        }
        Ok(())
    }

    fn server(&self, page: &mut Page<'_>) -> fmt::Result {
        let Vitals { store, .. } = &self.0;
        page.histogram(
            "journal_sync",
            "How long each sync of the journal took",
            (&store.sync_times, &MICROSECONDS, 1_000_000.0),
        )?;
        page.gauges(
            "store_bytes",
            "Bytes of the store",
            [
                ([("part", "journal")], store.journal_bytes),
                ([("part", "index")], store.index_bytes),
                ([("part", "overlay")], store.overlay_bytes),
            ],
        )?;
        page.gauge("disk_free_bytes", "Free bytes of the disk", clamped(store.free_bytes))?;
        page.gauges(
            "actors",
            "Live actors",
            [
                ([("kind", "tenant")], self.0.tenants as u64),
                ([("kind", "entity")], self.0.entities_alive as u64),
                ([("kind", "endpoint")], self.0.endpoints_alive as u64),
            ],
        )?;
        let credits = [("attempts", self.0.attempts), ("events", self.0.events)];
        page.gauges(
            "credits_in_use",
            "How much of the room for work under way is in use",
            credits.map(|(kind, credits)| ([("kind", kind)], credits.used as u64)),
        )?;
        page.gauges(
            "credits",
            "The room for work under way",
            credits.map(|(kind, credits)| ([("kind", kind)], credits.most as u64)),
        )?;
        let build = [([("version", env!("CARGO_PKG_VERSION"))], 1)];
        page.gauges("build_info", "Which version runs", build)
    }
}

type Histogram<'a> = (&'a Sketch, &'a [u64], f64);

/// What is written so far.
struct Page<'a>(DescriptorEncoder<'a>);

impl Page<'_> {
    fn family(
        &mut self,
        name: &'static str,
        help: &'static str,
        unit: Option<&'static Unit>,
        kind: MetricType,
    ) -> Result<MetricEncoder<'_>, fmt::Error> {
        self.0.encode_descriptor(name, help, unit, kind)
    }

    fn counter(&mut self, name: &'static str, help: &'static str, count: u64) -> fmt::Result {
        let mut metric = self.family(name, help, None, MetricType::Counter)?;
        metric.encode_counter::<NoLabelSet, _, u64>(&count, None)
    }

    fn counters<const N: usize>(
        &mut self,
        name: &'static str,
        help: &'static str,
        counts: impl IntoIterator<Item = ([(&'static str, &'static str); N], u64)>,
    ) -> fmt::Result {
        let mut family = self.family(name, help, None, MetricType::Counter)?;
        for (labels, count) in counts {
            let mut metric = family.encode_family(&labels)?;
            metric.encode_counter::<NoLabelSet, _, u64>(&count, None)?;
        }
        Ok(())
    }

    fn gauge(&mut self, name: &'static str, help: &'static str, value: usize) -> fmt::Result {
        let mut metric = self.family(name, help, None, MetricType::Gauge)?;
        metric.encode_gauge(&(value as u64))
    }

    fn seconds_gauge(&mut self, name: &'static str, help: &'static str, value: f64) -> fmt::Result {
        let mut metric = self.family(name, help, Some(&Unit::Seconds), MetricType::Gauge)?;
        metric.encode_gauge(&value)
    }

    fn gauges<const N: usize>(
        &mut self,
        name: &'static str,
        help: &'static str,
        values: impl IntoIterator<Item = ([(&'static str, &'static str); N], u64)>,
    ) -> fmt::Result {
        let mut family = self.family(name, help, None, MetricType::Gauge)?;
        for (labels, value) in values {
            family.encode_family(&labels)?.encode_gauge(&value)?;
        }
        Ok(())
    }

    fn histogram(
        &mut self,
        name: &'static str,
        help: &'static str,
        values: Histogram<'_>,
    ) -> fmt::Result {
        let unit = Some(&Unit::Seconds);
        let metric = self.family(name, help, unit, MetricType::Histogram)?;
        write_histogram(metric, values)
    }
}

/// Writes a sketch in seconds, with what a bucket has beyond the one before it.
fn write_histogram(
    mut metric: MetricEncoder<'_>,
    (sketch, bounds, per_second): Histogram<'_>,
) -> fmt::Result {
    let mut below = 0;
    let mut buckets: Vec<(f64, u64)> = Vec::with_capacity(bounds.len() + 1);
    for &bound in bounds {
        let up_to = sketch.at_most(bound);
        buckets.push((bound as f64 / per_second, up_to - below));
        below = up_to;
    }
    buckets.push((f64::MAX, sketch.count() - below));
    let sum = sketch.sum() as f64 / per_second;
    metric.encode_histogram::<NoLabelSet>(sum, sketch.count(), &buckets, None)
}

fn clamped(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a20_metrics_have_units_totals_and_buckets_that_add_up() {
        let mut vitals = Vitals::default();
        let mut route = Route { sent: 2, failed: 1, ..Route::default() };
        [3, 70, 100_000].into_iter().for_each(|took| route.took.add(took));
        vitals.tally.attempt(Channel::Slack, 1, &route);
        for micros in [250, 312, 900] {
            vitals.tally.measure(Size::ProcessingTime, micros);
        }
        let text = render(vitals, Format::OpenMetrics).unwrap();
        for line in [
            "sereno_delivery_attempts_total{channel=\"slack\",outcome=\"sent\"} 2",
            "sereno_delivery_duration_seconds_bucket{le=\"0.004\",channel=\"slack\"} 1",
            "sereno_delivery_duration_seconds_bucket{le=\"65.536\",channel=\"slack\"} 2",
            "sereno_delivery_duration_seconds_bucket{le=\"+Inf\",channel=\"slack\"} 3",
            "sereno_delivery_duration_seconds_count{channel=\"slack\"} 3",
            "sereno_event_processing_seconds_bucket{le=\"0.000256\"} 1",
            "sereno_event_processing_seconds_bucket{le=\"0.001024\"} 3",
            "sereno_event_processing_seconds_sum 0.001462",
            "sereno_events_total 0",
            "sereno_actors{kind=\"entity\"} 0",
            "# EOF",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
    }

    #[test]
    fn a20_the_older_text_format_names_counters_by_their_series_and_tells_no_units() {
        let text = render(Vitals::default(), Format::Plain).unwrap();
        let mut families = Vec::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap();
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
                families.push(name);
            } else if !line.starts_with('#') {
                let name = line.split(['{', ' ']).next().unwrap();
                let family = families.last().unwrap();
                let rest =
                    name.strip_prefix(family).unwrap_or_else(|| panic!("{line} in {family}"));
                assert!(["", "_bucket", "_sum", "_count"].contains(&rest), "{line}");
            } else {
                assert!(line.starts_with("# HELP "), "{line}");
            }
        }
        assert!(families.len() > 20, "{families:?}");
    }

    #[test]
    fn a20_every_series_is_there_before_anything_happens() {
        let text = render(Vitals::default(), Format::OpenMetrics).unwrap();
        let bound = format!("({}: or more)", sereno_actors::limits::WAITING_COUNTED_MAX);
        assert_eq!(text.lines().filter(|line| line.contains(&bound)).count(), 3);
        for channel in Channel::ALL.map(Channel::as_str) {
            for line in [
                format!(
                    "sereno_delivery_attempts_total{{channel=\"{channel}\",outcome=\"sent\"}} 0"
                ),
                format!(
                    "sereno_delivery_attempts_total{{channel=\"{channel}\",outcome=\"failed\"}} 0"
                ),
                format!("sereno_delivery_retries_total{{channel=\"{channel}\"}} 0"),
                format!("sereno_dead_letters_total{{channel=\"{channel}\"}} 0"),
                format!("sereno_delivery_duration_seconds_count{{channel=\"{channel}\"}} 0"),
                format!(
                    "sereno_delivery_duration_seconds_bucket{{le=\"+Inf\",channel=\"{channel}\"}} 0"
                ),
            ] {
                assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
            }
        }
    }
}
