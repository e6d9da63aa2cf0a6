//! `sereno bench backlog`: very many deliveries that wait for a dead endpoint.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use tokio::net::TcpListener;

use super::load::batches;
use super::measure::per_second;
use super::plot::{Chart, Data};
use super::progress::Progress;
use super::report::{Bar, Figure, Report, number};
use super::sink::{Manner, Sink};
use super::subject::{Customer, Subject};
use super::{ServerArgs, measure};

/// The flags of `sereno bench backlog`.
#[derive(Debug, Args)]
pub(crate) struct BacklogArgs {
    /// How many events wait in the end
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..=20_000_000))]
    events: u32,
    /// Then let the endpoint come back, and show how the backlog drains
    #[arg(long)]
    drain: bool,
    /// How many seconds to go on watching the memory once all events are accepted
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=3_600))]
    seconds: u32,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

/// Megabytes of memory that may be resident.
const RESIDENT_MB_MAX: f64 = 350.0;
/// Connections that bring events.
const CONNECTIONS: usize = 4;
/// How often the memory is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// Connections are made from 127.0.0.1, so that a port of this address stays free until it is taken again.
const DEAD: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// How the memory was over time.
struct Watch {
    began: Instant,
    megabytes: Vec<(f64, f64)>,
}

impl Watch {
    fn look(&mut self, subject: &Subject) {
        if let Some(megabytes) = measure::megabytes(subject.resident_bytes()) {
            self.megabytes.push((self.began.elapsed().as_secs_f64(), megabytes));
        }
    }

    fn peak(&self) -> Option<f64> {
        self.megabytes.iter().map(|(_, megabytes)| *megabytes).reduce(f64::max)
    }
}

/// Measures.
pub(super) async fn run(args: &BacklogArgs, progress: &mut Progress) -> anyhow::Result<Report> {
    let events = usize::try_from(args.events)?;
    progress.say(&format!(
        "bench backlog: {} events to a webhook endpoint that refuses connections{}",
        number(f64::from(args.events)),
        if args.drain { ", until it comes back" } else { "" }
    ));
    let subject = Subject::start(&args.server).await?;
    progress.say(&format!("  {}", subject.told()));
    // What was attempted while it was dead is tried again soon, so that the drain has an end.
    let retry = json!({"retry": {"first": "1s", "factor": 1, "attempts": 100}});
    let customer = subject.tenant("backlog", retry).await?;
    let address = free_address().await?;
    let endpoint = customer.subscribe(&format!("http://{address}/hook")).await?;
    let disk = subject.disk_bytes();
    let mut watch = Watch { began: Instant::now(), megabytes: Vec::new() };
    watch.look(&subject);
    let start = watch.peak();
    let filling = fill(&subject, &customer, events, &mut watch, progress).await?;
    let until = Instant::now() + Duration::from_secs(u64::from(args.seconds));
    while Instant::now() < until {
        watch.look(&subject);
        progress.at(|| format!("all accepted; {} MB resident", resident(&watch)));
        tokio::time::sleep(LOOK).await;
    }
    watch.look(&subject);
    let (peak, settled) = (watch.peak(), watch.megabytes.last().map(|(_, megabytes)| *megabytes));
    let disk = subject.disk_bytes().zip(disk).map(|(after, before)| after.saturating_sub(before));
    let at_peak = Figure::new("server memory at its peak, all pending", peak, " MB")
        .bar(Bar::AtMost(RESIDENT_MB_MAX));
    let mut figures = vec![
        // It cannot be less than with nothing pending.
        Figure { limit: start, ..at_peak },
        Figure::new("server memory once it settled", settled, " MB"),
        Figure::new("server memory before", start, " MB"),
        Figure::new("events accepted", Some(per_second(events, filling)), "/s"),
        Figure::new("disk", measure::megabytes(disk), " MB"),
        Figure::new("disk for an event", bytes_each(disk, args.events), " bytes"),
    ];
    if args.drain {
        let dead = (endpoint, address);
        let took = drain(&subject, &customer, dead, events, &mut watch, progress).await?;
        figures.push(Figure::new("drained", Some(per_second(events, took)), "/s"));
        figures.push(Figure::new("server memory at its peak, drain too", watch.peak(), " MB"));
    }
    Ok(report(args, figures, watch))
}

fn report(args: &BacklogArgs, figures: Vec<Figure>, watch: Watch) -> Report {
    let events = number(f64::from(args.events));
    Report {
        bench: "backlog",
        title: format!("{events} deliveries of about 500 bytes that wait for a dead endpoint"),
        figures,
        table: None,
        notes: Vec::new(),
        details: json!({
            "events": args.events, "drained": args.drain,
            "resident_mb_over_seconds": watch.megabytes,
        }),
        chart: Chart {
            title: "Memory of the server while its backlog grows".to_owned(),
            values: "resident memory, MB".to_owned(),
            mark: Some((format!("bar {RESIDENT_MB_MAX} MB"), RESIDENT_MB_MAX)),
            data: Data::Lines(
                "seconds since the first event left".to_owned(),
                vec![("server".to_owned(), watch.megabytes)],
            ),
        },
    }
}

/// Hands all events over; answers how long that took.
async fn fill(
    subject: &Subject,
    customer: &Customer,
    events: usize,
    watch: &mut Watch,
    progress: &mut Progress,
) -> anyhow::Result<Duration> {
    let accepted: Arc<AtomicUsize> = Arc::default();
    let began = Instant::now();
    let load = batches(customer, 1..events + 1, CONNECTIONS, &accepted);
    tokio::pin!(load);
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            loaded = &mut load => return loaded.map(|()| began.elapsed()),
            _ = look.tick() => {
                watch.look(subject);
                progress.at(|| {
                    let accepted = accepted.load(Ordering::Relaxed);
                    format!("{accepted} of {events} accepted; {} MB resident", resident(watch))
                });
            }
        }
    }
}

/// Lets the endpoint come back; answers how long it took until everything had arrived.
async fn drain(
    subject: &Subject,
    customer: &Customer,
    (endpoint, address): (u64, SocketAddr),
    events: usize,
    watch: &mut Watch,
    progress: &mut Progress,
) -> anyhow::Result<Duration> {
    let sink = Sink::start(address, Manner::Answers).await?;
    let began = Instant::now();
    // Otherwise it is tried again by and by, up to five minutes from now.
    customer.toggle_twice(endpoint).await?;
    let watching = async {
        let mut look = tokio::time::interval(LOOK);
        loop {
            look.tick().await;
            watch.look(subject);
        }
    };
    let told = |arrived| format!("{arrived} of {events} delivered");
    tokio::select! {
        drained = sink.wait(events, progress, told) => drained?,
        () = watching => {}
    }
    let arrivals = sink.take();
    Ok(measure::last(&arrivals).context("nothing came")?.at - began)
}

/// An address where nothing listens.
async fn free_address() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((DEAD, 0)).await.context("127.0.0.2 cannot be had")?;
    Ok(listener.local_addr()?)
}

fn resident(watch: &Watch) -> String {
    watch.megabytes.last().map_or_else(|| "?".to_owned(), |(_, megabytes)| number(*megabytes))
}

fn bytes_each(bytes: Option<u64>, events: u32) -> Option<f64> {
    Some(measure::megabytes(bytes)? * f64::from(1_u32 << 20) / f64::from(events))
}
