//! `sereno bench deliver`: accepted, signed, delivered, recorded; how many a second and what one costs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Args;
use serde_json::json;
use tokio::task::JoinSet;

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
/// Bare POSTs under way at once, as many as an endpoint has deliveries at most.
const BARE_IN_FLIGHT: usize = 64;
/// The most bare POSTs that are made.
const BARE_MAX: usize = 30_000;
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
    let bare = bare(&sink, events.min(BARE_MAX), progress).await?;
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
        notes: vec![format!(
            "Physical limit: {BARE_IN_FLIGHT} POSTs at a time from one client to the same receiver, with \
             no server in between; client and receiver took {:.0} us of CPU for each.",
            bare.cpu_us
        )],
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

/// What the machine gives to the POSTs alone.
struct Bare {
    rate: f64,
    cpu_us: f64,
}

async fn bare(sink: &Sink, count: usize, progress: &mut Progress) -> anyhow::Result<Bare> {
    progress.at(|| format!("{count} POSTs without a server"));
    let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(BARE_IN_FLIGHT);
    let client = client.build()?;
    let next = Arc::new(AtomicUsize::new(0));
    let (cpu, began) = (measure::cpu_time(std::process::id()), Instant::now());
    let mut posting = JoinSet::new();
    for _ in 0..BARE_IN_FLIGHT {
        let (client, url, next) = (client.clone(), sink.url(), Arc::clone(&next));
        posting.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return anyhow::Ok(());
                }
                let request = client.post(&url).header("content-type", "application/json");
                let answer =
                    request.body(load::body(number)).timeout(measure::PATIENCE).send().await?;
                answer.bytes().await?;
            }
        });
    }
    while let Some(ended) = posting.join_next().await {
        ended??;
    }
    let took = began.elapsed();
    let cpu = measure::cpu_time(std::process::id()).zip(cpu).map(|(after, before)| after - before);
    sink.take();
    let cpu_us = cpu.unwrap_or_default().as_secs_f64() * 1e6 / f64::from(u32::try_from(count)?);
    Ok(Bare { rate: per_second(count, took), cpu_us })
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
