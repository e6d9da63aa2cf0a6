//! `sereno bench deliver`: accepted, signed, delivered, recorded; how many a second and what one costs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Args;
use serde_json::json;

use super::bare::{self, Bare};
use super::load::{self, batches};
use super::measure::per_second;
use super::plot::{Chart, Data};
use super::progress::Progress;
use super::report::{Bar, Figure, Report, number};
use super::sink::{Arrival, Manner, Sink};
use super::subject::{Customer, Subject};
use super::{ServerArgs, measure};
use crate::receiver::any_port;

/// The flags of `sereno bench deliver`.
#[derive(Debug, Args)]
pub(crate) struct DeliverArgs {
    /// How many events
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(1..=5_000_000))]
    events: u32,
    /// How many endpoints get each of them
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    endpoints: u32,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

/// Deliveries a second that must be, and microseconds of the server's CPU for one.
const RATE_MIN: f64 = 12_000.0;
const CPU_US_MAX: f64 = 80.0;
/// Connections that bring events.
const CONNECTIONS: usize = 4;
/// Events before those that are measured, so that connections and caches are warm.
const WARM_UP: usize = 500;
/// As many of the last arrivals are looked up as can be under way at once, and some more.
const LAST: usize = 128;

/// Measures.
pub(super) async fn run(args: &DeliverArgs, progress: &mut Progress) -> anyhow::Result<Report> {
    let (events, endpoints) = (usize::try_from(args.events)?, usize::try_from(args.endpoints)?);
    progress.say(&format!(
        "bench deliver: {} events to {endpoints} webhook endpoint(s), in batches of {}; first the same \
         receiver without a server",
        number(f64::from(args.events)),
        load::PER_REQUEST
    ));
    let subject = Subject::start(&args.server).await?;
    progress.say(&format!("  {}", subject.told()));
    let customer = subject.tenant("deliver", json!({})).await?;
    let sink = Sink::start(any_port(), Manner::Answers).await?;
    let bare = Bare::measure(&sink, events.min(bare::COUNT_MAX), progress).await?;
    for _ in 0..endpoints {
        customer.subscribe(&sink.url()).await?;
    }
    batches(&customer, 1..WARM_UP + 1, CONNECTIONS, &Arc::default()).await?;
    sink.wait(WARM_UP * endpoints, progress, |_| "warming up".to_owned()).await?;
    recorded(&customer, &sink.take(), endpoints).await?;

    let (cpu, began) = (subject.cpu_time(), Instant::now());
    let accepted: Arc<AtomicUsize> = Arc::default();
    let load = async {
        batches(&customer, WARM_UP + 1..WARM_UP + events + 1, CONNECTIONS, &accepted).await?;
        anyhow::Ok(began.elapsed())
    };
    let expected = events * endpoints;
    let told = |arrived| {
        let accepted = accepted.load(Ordering::Relaxed);
        format!("{accepted} of {events} events accepted, {arrived} of {expected} delivered")
    };
    let (accepting, ()) = tokio::try_join!(load, sink.wait(expected, progress, told))?;
    let arrivals = sink.take();
    let delivering = measure::last(&arrivals).context("nothing came")?.at - began;
    recorded(&customer, &arrivals, endpoints).await?;
    let recording = began.elapsed();
    let cpu = subject.cpu_time().zip(cpu).map(|(after, before)| after - before);
    progress.clear();
    progress.at(|| "counting what the log says".to_owned());
    let sent = customer.sent_lines().await?;
    let all = arrivals.len() + WARM_UP * endpoints;
    ensure!(sent == all, "{all} deliveries came, but the log has {sent}");

    let found = Found { accepting, delivering, recording, cpu, arrivals, began };
    Ok(report(args, &found, &bare, subject.resident_bytes()))
}

/// What was measured.
struct Found {
    accepting: Duration,
    delivering: Duration,
    recording: Duration,
    cpu: Option<Duration>,
    arrivals: Vec<Arrival>,
    began: Instant,
}

fn report(args: &DeliverArgs, found: &Found, bare: &Bare, resident_bytes: Option<u64>) -> Report {
    let (events, endpoints) = (f64::from(args.events), f64::from(args.endpoints));
    let expected = found.arrivals.len();
    let cpu_us = found.cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / events);
    let rate = |took| Some(per_second(expected, took));
    let accepted = events / found.accepting.as_secs_f64();
    Report {
        bench: "deliver",
        title: format!(
            "{} events of about 500 bytes to {endpoints} endpoint(s): accepted, signed, delivered, \
             recorded",
            number(events)
        ),
        figures: vec![
            Figure::new("deliveries, until recorded", rate(found.recording), "/s")
                .bar(Bar::AtLeast(RATE_MIN))
                .limit(bare.rate),
            Figure::new("deliveries, until they arrived", rate(found.delivering), "/s")
                .limit(bare.rate),
            Figure::new("events accepted", Some(accepted), "/s"),
            Figure::new("server CPU for an event", cpu_us, " us")
                .bar(Bar::AtMost(CPU_US_MAX * endpoints)),
            Figure::new("server memory", measure::megabytes(resident_bytes), " MB"),
        ],
        table: None,
        notes: vec![bare.told()],
        chart: chart(&found.arrivals, found.began, found.recording),
        details: json!({
            "events": args.events, "endpoints": args.endpoints, "delivered": expected,
            "recorded": expected, "warm_up_events": WARM_UP,
            "seconds": found.recording.as_secs_f64(),
        }),
    }
}

/// Waits until what arrived last is recorded as sent: outcomes become durable in the order in which
/// attempts end, and no more can be missing than are under way at once.
async fn recorded(
    customer: &Customer,
    arrivals: &[Arrival],
    endpoints: usize,
) -> anyhow::Result<()> {
    let mut numbers: Vec<u64> =
        arrivals.iter().rev().take(LAST * endpoints).map(|arrival| arrival.number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let patience = Instant::now() + measure::PATIENCE;
    for number in numbers {
        while !customer.is_sent(&format!("bench-{number}"), endpoints).await? {
            ensure!(Instant::now() < patience, "event bench-{number} is not recorded as sent");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    Ok(())
}

fn chart(arrivals: &[Arrival], began: Instant, took: Duration) -> Chart {
    Chart {
        title: "Deliveries that arrived, per second".to_owned(),
        values: "deliveries per second".to_owned(),
        mark: Some((format!("bar {}/s", number(RATE_MIN)), RATE_MIN)),
        data: Data::Lines(
            "seconds since the first event left".to_owned(),
            vec![("delivered".to_owned(), measure::rates(arrivals, began, took))],
        ),
    }
}
