//! `sereno bench fanout`: one event to very many endpoints.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Args;
use serde_json::json;
use tokio::task::JoinSet;

use super::bare::{self, Bare};
use super::load;
use super::measure::per_second;
use super::plot::{Chart, Data};
use super::progress::Progress;
use super::report::{Bar, Figure, Report, number};
use super::sink::{Arrival, Manner, Sink};
use super::subject::{Customer, Subject};
use super::{ServerArgs, measure};
use crate::receiver::any_port;

/// The flags of `sereno bench fanout`.
#[derive(Debug, Args)]
pub(crate) struct FanoutArgs {
    /// How many endpoints get the event
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    endpoints: u32,
    /// How many events are measured, one after the other; the middle one counts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

/// Deliveries a second that must be.
const RATE_MIN: f64 = 25_000.0;
/// Endpoints that are made at once.
const MAKING: usize = 32;
/// Events before those that are measured, so that the endpoints are awake and their connections warm.
const WARM_UP: usize = 2;

/// One event's way.
struct Round {
    delivering: Duration,
    recording: Duration,
    cpu: Option<Duration>,
    arrivals: Vec<Arrival>,
    began: Instant,
}

/// Measures.
pub(super) async fn run(args: &FanoutArgs, progress: &mut Progress) -> anyhow::Result<Report> {
    let (endpoints, rounds) = (usize::try_from(args.endpoints)?, usize::try_from(args.rounds)?);
    progress.say(&format!(
        "bench fanout: one event to {} warm webhook endpoints, {rounds} times, after {WARM_UP} to warm up",
        number(f64::from(args.endpoints))
    ));
    let subject = Subject::start(&args.server).await?;
    progress.say(&format!("  {}", subject.told()));
    let sink = Sink::start(any_port(), Manner::Answers).await?;
    let customer = subject.tenant("fanout", json!({})).await?;
    let bare = Bare::measure(&sink, bare::COUNT_MAX, progress).await?;
    let customer = make(customer, endpoints, &sink, progress).await?;
    let mut measured = Vec::new();
    for number in 1..=WARM_UP + rounds {
        let round = one(&subject, &customer, &sink, (number, endpoints), progress).await?;
        if number > WARM_UP {
            measured.push(round);
        }
    }
    let sent = customer.sent_lines().await?;
    let all = endpoints * (rounds + WARM_UP);
    ensure!(sent == all, "{all} deliveries came, but the log has {sent}");
    measured.sort_by_key(|round| round.recording);
    let each: Vec<f64> = measured.iter().map(|r| per_second(endpoints, r.recording)).collect();
    let middle = measured.into_iter().nth(rounds / 2).context("there is no round")?;
    let cpu_us = middle.cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / f64::from(args.endpoints));
    let delivered = per_second(endpoints, middle.delivering);
    let recorded = per_second(endpoints, middle.recording);
    Ok(Report {
        bench: "fanout",
        title: format!(
            "one event of about 500 bytes to {} endpoints, the middle one of {rounds}",
            number(f64::from(args.endpoints))
        ),
        figures: vec![
            Figure::new("deliveries, until all are recorded", Some(recorded), "/s")
                .bar(Bar::AtLeast(RATE_MIN))
                .limit(bare.rate),
            Figure::new("deliveries, until all arrived", Some(delivered), "/s").limit(bare.rate),
            Figure::new("until all are recorded", Some(measure::millis(middle.recording)), " ms"),
            Figure::new("server CPU for a delivery", cpu_us, " us"),
            Figure::new("server memory", measure::megabytes(subject.resident_bytes()), " MB"),
        ],
        table: None,
        notes: vec![
            "All endpoints are paths of one receiver. Whether all is recorded is asked of the API, over \
             and over: the time has that answer in it."
                .to_owned(),
            bare.told(),
        ],
        chart: chart(&middle),
        details: json!({
            "endpoints": endpoints, "rounds": rounds, "delivered": endpoints * rounds,
            "recorded": sent - endpoints * WARM_UP, "recorded_per_second_each_round": each,
        }),
    })
}

/// Makes the endpoints, some at a time.
async fn make(
    customer: Customer,
    endpoints: usize,
    sink: &Sink,
    progress: &mut Progress,
) -> anyhow::Result<Customer> {
    let mut making = JoinSet::new();
    let mut made = 0;
    for number in 0..endpoints {
        let (customer, target) = (customer.clone(), format!("{}/{number}", sink.url()));
        making.spawn(async move { customer.subscribe(&target).await });
        if making.len() >= MAKING
            && let Some(ended) = making.join_next().await
        {
            ended??;
            made += 1;
            progress.at(|| format!("{made} of {endpoints} endpoints made"));
        }
    }
    while let Some(ended) = making.join_next().await {
        ended??;
    }
    Ok(customer)
}

/// Sends one event and waits until all of its deliveries arrived and are recorded.
async fn one(
    subject: &Subject,
    customer: &Customer,
    sink: &Sink,
    (number, endpoints): (usize, usize),
    progress: &mut Progress,
) -> anyhow::Result<Round> {
    let mut connection = customer.connect().await?;
    let (cpu, began) = (subject.cpu_time(), Instant::now());
    let status = connection.post(&load::body(number)).await?;
    ensure!(status == 202, "the server refused the event with {status}");
    let told = |arrived| format!("event {number}: {arrived} of {endpoints} delivered");
    sink.wait(endpoints, progress, told).await?;
    let cpu = subject.cpu_time().zip(cpu).map(|(after, before)| after - before);
    let arrivals = sink.take();
    let delivering = measure::last(&arrivals).context("nothing came")?.at - began;
    let patience = Instant::now() + measure::PATIENCE;
    while !customer.is_sent(&format!("bench-{number}"), endpoints).await? {
        ensure!(Instant::now() < patience, "event bench-{number} is not recorded as sent to all");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(Round { delivering, recording: began.elapsed(), cpu, arrivals, began })
}

fn chart(round: &Round) -> Chart {
    let seconds = |arrival: &Arrival| (arrival.at - round.began).as_secs_f64() * 1e3;
    let step = round.arrivals.len().div_ceil(400).max(1);
    let arrived = round.arrivals.iter().zip(1_u32..).step_by(step);
    let points = arrived.map(|(arrival, count)| (seconds(arrival), f64::from(count))).collect();
    Chart {
        title: "One event: deliveries that arrived".to_owned(),
        values: "deliveries".to_owned(),
        mark: None,
        data: Data::Lines(
            "milliseconds since the event left".to_owned(),
            vec![("arrived".to_owned(), points)],
        ),
    }
}
