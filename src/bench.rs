//! `sereno bench`: load on a server, with a table of what it bore beside what it must bear.
//!
//! Each bench starts a server of its own as another process, on a fresh directory, and brings its own
//! load and its own receivers over real sockets. All share this machine, so rates depend on it; the
//! server's CPU time for an event does so least. Beside a value stands what the machine gave to the bare
//! work without a server in between, in the same run, where that can be measured.
//!
//! | module | is |
//! |---|---|
//! | `deliver`, `fanout`, `neighbours`, `backlog`, `inbound` | the benches |
//! | `subject` | the server under test |
//! | `load`, `sink` | what goes in and what comes out |
//! | `bare` | the same work without a server |
//! | `measure` | figures from it |
//! | `progress`, `report`, `plot` | what is shown |

mod backlog;
mod bare;
mod deliver;
mod fanout;
mod inbound;
mod load;
mod measure;
mod neighbours;
mod plot;
pub(crate) mod progress;
mod report;
mod sink;
mod subject;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use url::Url;

use self::backlog::BacklogArgs;
use self::deliver::DeliverArgs;
use self::fanout::FanoutArgs;
use self::inbound::InboundArgs;
use self::neighbours::NeighboursArgs;
use self::progress::Progress;
use self::report::Report;

/// Where endpoints are made.
const ENDPOINTS: &str = "/api/v1/admin/notify/endpoints";
/// The exit code of a process that Ctrl-C ended, as shells have it.
const INTERRUPTED: u8 = 130;

/// The flags of `sereno bench`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sereno bench deliver                         # how many deliveries a second, and what one costs
  sereno bench fanout --endpoints 10000        # one event to ten thousand endpoints
  sereno bench neighbours --svg p99.svg        # what a broken neighbour does to a healthy tenant
  sereno bench backlog --drain                 # a million deliveries for an endpoint that is dead
  sereno bench inbound --rate 500              # WhatsApp letters in: how soon each is answered

The server is a process of its own on a fresh directory, which is removed at the end; TMPDIR says on
which disk. With --server it is one that runs already: it must allow targets on this machine
(SERENO_ALLOW_PRIVATE_TARGETS=127.0.0.0/8), and the tenants that are made there stay.")]
pub struct BenchArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Events in, signed deliveries out, outcomes recorded: the rate, and the server's CPU time for one
    Deliver(DeliverArgs),
    /// One event to very many endpoints
    Fanout(FanoutArgs),
    /// A healthy tenant beside dead, slow, refusing, bursting and greedy ones: what it feels of them
    Neighbours(NeighboursArgs),
    /// Very many deliveries that wait for a dead endpoint: memory, disk, and how they drain
    Backlog(BacklogArgs),
    /// Signed WhatsApp letters at a steady pace: how soon each is answered, and read
    Inbound(InboundArgs),
}

/// Which server, and where the figures go.
#[derive(Debug, Args)]
pub(crate) struct ServerArgs {
    /// A server that runs already [default: one of its own]
    #[arg(long, requires = "key")]
    server: Option<String>,
    /// Its admin token
    #[arg(long, requires = "server", env = "SERENO_ADMIN_TOKEN", hide_env_values = true)]
    key: Option<String>,
    /// Write the figures to this file as JSON
    #[arg(long)]
    json: Option<PathBuf>,
    /// Write a plot to this file as SVG
    #[arg(long)]
    svg: Option<PathBuf>,
}

/// Measures and tells, until `stop` is ready; then everything of its own is taken away again.
pub async fn run(args: BenchArgs, stop: impl Future<Output = ()>) -> anyhow::Result<ExitCode> {
    let mut progress = Progress::new();
    let server = match &args.what {
        What::Deliver(args) => &args.server,
        What::Fanout(args) => &args.server,
        What::Neighbours(args) => &args.server,
        What::Backlog(args) => &args.server,
        What::Inbound(args) => &args.server,
    };
    server.server.as_deref().map_or(Ok(()), check_plain)?;
    for path in [&server.json, &server.svg].into_iter().flatten() {
        must_be_writable(path)?;
    }
    let measured = async {
        match &args.what {
            What::Deliver(args) => deliver::run(args, &mut progress).await,
            What::Fanout(args) => fanout::run(args, &mut progress).await,
            What::Neighbours(args) => neighbours::run(args, &mut progress).await,
            What::Backlog(args) => backlog::run(args, &mut progress).await,
            What::Inbound(args) => inbound::run(args, &mut progress).await,
        }
    };
    let report = tokio::select! {
        report = measured => report?,
        () = stop => return Ok(ExitCode::from(INTERRUPTED)),
    };
    progress.clear();
    tell(&report, server)?;
    Ok(ExitCode::SUCCESS)
}

fn tell(report: &Report, server: &ServerArgs) -> anyhow::Result<()> {
    let written = std::io::stdout().write_all(report.text().as_bytes());
    written.context("the table cannot be written")?;
    if let Some(path) = &server.json {
        write(path, &format!("{:#}\n", report.json()))?;
    }
    if let Some(path) = &server.svg {
        write(path, &report.chart.svg())?;
    }
    Ok(())
}

/// Better to know before a bench of minutes than after it.
fn must_be_writable(path: &Path) -> anyhow::Result<()> {
    let opened = fs::OpenOptions::new().create(true).append(true).open(path);
    opened.map(drop).with_context(|| format!("cannot write {}", path.display()))
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// Refuses what the load is not sent to. What it was is not repeated: it may hold a password.
fn check_plain(address: &str) -> anyhow::Result<()> {
    let is_plain = Url::parse(address).is_ok_and(|url| {
        let is_bare = url.path() == "/" && url.username().is_empty() && url.password().is_none();
        url.scheme() == "http" && url.port().is_some() && is_bare
    });
    anyhow::ensure!(is_plain, "--server: must be a URL such as http://127.0.0.1:8080");
    Ok(())
}
