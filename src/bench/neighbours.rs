//! `sereno bench neighbours`: what a healthy tenant feels of the tenants beside it.
//!
//! The healthy tenant sends at a calm pace by the clock, and its receiver answers at once. Its latency is
//! the time from just before an event's POST until the whole delivery is at the receiver. It is measured
//! alone, then on a fresh server beside each neighbour, then beside all of them together.

mod neighbour;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;

use self::neighbour::{Neighbour, Pace};
use super::load::{Departure, OpenLoop};
use super::measure::{PATIENCE, Times};
use super::plot::{Chart, Data};
use super::progress::Progress;
use super::report::{Bar, Figure, Report, Table, number};
use super::sink::{Arrival, Manner, Sink};
use super::subject::Subject;
use super::{ServerArgs, measure};
use crate::receiver::any_port;

/// The flags of `sereno bench neighbours`.
#[derive(Debug, Args)]
pub(crate) struct NeighboursArgs {
    /// Events a second of the healthy tenant, and of the broken ones beside it
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rate: u32,
    /// How many seconds are measured of each [default: 20]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: Option<u32>,
    /// Shorter times, for a first look: neighbours are there for 5 s before, and 5 s are measured
    #[arg(long)]
    quick: bool,
    /// Only beside this neighbour, beside being alone; may be given more than once
    #[arg(long, value_enum)]
    only: Vec<Scenario>,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

/// What the healthy tenant has beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Scenario {
    /// Nobody
    #[value(skip)]
    Alone,
    /// An endpoint that takes requests and never answers
    Hole,
    /// An endpoint that answers after 10 s
    Slow,
    /// An endpoint that refuses connections
    Refused,
    /// 5,000 events at once in the middle
    Burst,
    /// A tenant with a hundred times the load
    Greedy,
    /// All of these
    All,
}

impl Scenario {
    const ALL: [Self; 7] =
        [Self::Alone, Self::Hole, Self::Slow, Self::Refused, Self::Burst, Self::Greedy, Self::All];

    fn name(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Hole => "a black hole",
            Self::Slow => "answers after 10 s",
            Self::Refused => "refuses connections",
            Self::Burst => "a burst of 5,000",
            Self::Greedy => "100 times the load",
            Self::All => "all of them",
        }
    }

    fn neighbours(self) -> &'static [Neighbour] {
        match self {
            Self::Alone => &[],
            Self::Hole => &[Neighbour::Hole],
            Self::Slow => &[Neighbour::Slow],
            Self::Refused => &[Neighbour::Refused],
            Self::Burst => &[Neighbour::Burst],
            Self::Greedy => &[Neighbour::Greedy],
            Self::All => &Neighbour::ALL,
        }
    }
}

/// What the healthy tenant felt.
struct Felt {
    scenario: Scenario,
    latency: Times,
    accepting: Times,
    sent: usize,
    resident_mb: (Option<f64>, Option<f64>),
}

impl Felt {
    fn within_1s(&self) -> u64 {
        self.latency.within(Duration::from_secs(1))
    }

    fn percent_within_1s(&self) -> f64 {
        self.within_1s() as f64 * 100.0 / self.sent.max(1) as f64
    }
}

/// The tenant's p99 beside a neighbour, in times of its p99 alone.
const RATIO_MAX: f64 = 2.0;
/// Events of the healthy tenant before those that are measured.
const WARM_UP: Duration = Duration::from_secs(3);
const WARM_UP_QUICK: Duration = Duration::from_secs(1);
/// How often the memory is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Measures.
pub(super) async fn run(args: &NeighboursArgs, progress: &mut Progress) -> anyhow::Result<Report> {
    let usual = if args.quick { 5 } else { 20 };
    let span = Duration::from_secs(u64::from(args.seconds.unwrap_or(usual)));
    let pace = Pace { per_second: args.rate, span, quick: args.quick };
    progress.say(&format!(
        "bench neighbours: a healthy tenant at {} events a second for {} s, alone and beside others; each \
         on a fresh server\n  no tenant has a limit of deliveries a minute, so that it is the server's \
         fairness that is measured",
        args.rate,
        span.as_secs(),
    ));
    let wanted = |scenario: &Scenario| {
        args.only.is_empty() || *scenario == Scenario::Alone || args.only.contains(scenario)
    };
    let mut felt: Vec<Felt> = Vec::new();
    for scenario in Scenario::ALL.into_iter().filter(wanted) {
        let next = beside(args, scenario, pace, progress).await?;
        let p99 = next.latency.quantile(0.99).map_or_else(|| "never".to_owned(), number);
        progress.say(&format!("  {}: p99 {p99} ms", scenario.name()));
        felt.push(next);
    }
    Ok(report(args, &felt, pace))
}

/// The healthy tenant in one scenario.
async fn beside(
    args: &NeighboursArgs,
    scenario: Scenario,
    pace: Pace,
    progress: &mut Progress,
) -> anyhow::Result<Felt> {
    let name = scenario.name();
    let subject = Subject::start(&args.server).await?;
    let sink = Sink::start(any_port(), Manner::Answers).await?;
    let customer = subject.tenant("healthy", json!({})).await?;
    customer.subscribe(&sink.url()).await?;
    let healthy = OpenLoop::new(customer);
    let warm_up = if pace.quick { WARM_UP_QUICK } else { WARM_UP };
    progress.at(|| format!("{name}: warming up"));
    let warm = healthy.run(pace.per_second, warm_up, 1).await?;
    sink.wait(warm.len(), progress, |_| format!("{name}: warming up")).await?;
    sink.take();
    let start = measure::megabytes(subject.resident_bytes());

    let lead = scenario.neighbours().iter().map(|neighbour| neighbour.lead(pace)).max();
    let lead = lead.unwrap_or_default();
    let mut beside = neighbour::start(&subject, scenario.neighbours(), pace, lead).await?;
    let first = warm.len() + 1;
    let measured = async {
        tokio::time::sleep(lead).await;
        let departures = healthy.run(pace.per_second, pace.span, first).await?;
        let patience = Instant::now() + PATIENCE;
        while sink.count() < departures.len() && Instant::now() < patience {
            tokio::time::sleep(LOOK).await;
        }
        anyhow::Ok(departures)
    };
    tokio::pin!(measured);
    let (mut peak, began) = (start, Instant::now());
    let mut look = tokio::time::interval(LOOK);
    let departures = loop {
        tokio::select! {
            departures = &mut measured => break departures?,
            Some(ended) = beside.tasks.join_next() => ended??,
            _ = look.tick() => {
                let present = measure::megabytes(subject.resident_bytes());
                peak = peak.zip(present).map(|(peak, present)| peak.max(present));
                progress.at(|| {
                    let (at, of) = (began.elapsed().as_secs(), (lead + pace.span).as_secs());
                    format!("{name}: {at} of {of} s, {} of the healthy arrived", sink.count())
                });
            }
        }
    };
    felt(scenario, &departures, &sink.take(), (start, peak))
}

fn felt(
    scenario: Scenario,
    departures: &[Departure],
    arrivals: &[Arrival],
    resident_mb: (Option<f64>, Option<f64>),
) -> anyhow::Result<Felt> {
    let mut arrived: HashMap<u64, Instant> = HashMap::new();
    for arrival in arrivals {
        arrived.entry(arrival.number).or_insert(arrival.at);
    }
    let latency = departures.iter().map(|departure| {
        let at = arrived.get(&u64::try_from(departure.number).ok()?)?;
        Some(at.saturating_duration_since(departure.at))
    });
    let accepting = departures.iter().map(|departure| Some(departure.taken? - departure.at));
    Ok(Felt {
        scenario,
        latency: Times::of(latency)?,
        accepting: Times::of(accepting)?,
        sent: departures.len(),
        resident_mb,
    })
}

fn report(args: &NeighboursArgs, felt: &[Felt], pace: Pace) -> Report {
    let p99 = |felt: &Felt| felt.latency.quantile(0.99);
    let alone = felt.first().and_then(p99);
    let ratio = |felt: &Felt| Some(p99(felt)? / alone?.max(1e-3));
    let beside = || felt.iter().skip(1);
    // One that is beyond measure is the worst.
    let known: Option<Vec<f64>> = beside().map(ratio).collect();
    let worst = known.map_or(f64::INFINITY, |all| all.into_iter().fold(1.0, f64::max));
    let fewest = felt.iter().map(Felt::percent_within_1s).reduce(f64::min);
    let head = [
        "beside",
        "p50 ms",
        "p99 ms",
        "max ms",
        "within 1 s",
        "arrived",
        "accept p50",
        "accept p99",
        "MB before / peak",
        "p99 / alone",
    ];
    let table = Table {
        head: head.map(str::to_owned).to_vec(),
        rows: felt.iter().map(|felt| row(felt, ratio(felt))).collect(),
    };
    let details: Vec<_> = felt.iter().map(|felt| details(felt, ratio(felt))).collect();
    let bars = felt.iter().map(|felt| (felt.scenario.name().to_owned(), p99(felt))).collect();
    let worst = Figure::new("worst p99, in times of the p99 alone", Some(worst), "x");
    Report {
        bench: "neighbours",
        title: format!(
            "a healthy tenant at {} events a second for {} s: from just before the POST until the whole \
             delivery arrived",
            args.rate,
            pace.span.as_secs()
        ),
        figures: vec![
            worst.bar(Bar::AtMost(RATIO_MAX)).limit(1.0),
            Figure::new("arrived within 1 s, where the fewest did", fewest, "%")
                .bar(Bar::AtLeast(100.0))
                .limit(100.0),
        ],
        table: Some(table),
        notes: vec![
            "No tenant has a limit of deliveries a minute (limits.deliveries_per_minute is 0): the limit \
             would hide what fairness does."
                .to_owned(),
            "What did not arrive counts as slower than all that did; a quantile among it is \"never\"."
                .to_owned(),
        ],
        chart: Chart {
            title: "A healthy tenant's p99 latency beside others".to_owned(),
            values: "p99 from POST to delivery, ms".to_owned(),
            mark: alone.map(|alone| (format!("alone {} ms", number(alone)), alone)),
            data: Data::Bars(bars),
        },
        details: json!({"rate": args.rate, "seconds": pace.span.as_secs(), "scenarios": details}),
    }
}

fn row(felt: &Felt, ratio: Option<f64>) -> Vec<String> {
    let ms = |value: Option<f64>| value.map_or_else(|| "never".to_owned(), number);
    let mb = |value: Option<f64>| value.map_or_else(|| "?".to_owned(), number);
    let (before, peak) = felt.resident_mb;
    vec![
        felt.scenario.name().to_owned(),
        ms(felt.latency.quantile(0.5)),
        ms(felt.latency.quantile(0.99)),
        ms(felt.latency.quantile(1.0)),
        felt.within_1s().to_string(),
        format!("{} of {}", felt.latency.came(), felt.sent),
        ms(felt.accepting.quantile(0.5)),
        ms(felt.accepting.quantile(0.99)),
        format!("{} / {}", mb(before), mb(peak)),
        ratio.map_or_else(|| "never".to_owned(), |ratio| format!("{}x", number(ratio))),
    ]
}

fn details(felt: &Felt, ratio: Option<f64>) -> serde_json::Value {
    json!({
        "beside": felt.scenario.name(),
        "sent": felt.sent,
        "arrived": felt.latency.came(),
        "accepted": felt.accepting.came(),
        "within_1s": felt.within_1s(),
        "p50_ms": felt.latency.quantile(0.5),
        "p99_ms": felt.latency.quantile(0.99),
        "max_ms": felt.latency.quantile(1.0),
        "accept_p50_ms": felt.accepting.quantile(0.5),
        "accept_p99_ms": felt.accepting.quantile(0.99),
        "resident_mb_before": felt.resident_mb.0,
        "resident_mb_peak": felt.resident_mb.1,
        "p99_to_alone": ratio,
    })
}
