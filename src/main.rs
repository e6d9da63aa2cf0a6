//! The command `sereno`.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use sereno::bench::{self, BenchArgs};
use sereno::check::{self, CheckArgs};
use sereno::commands::{
    self, DeadLettersArgs, DeliveriesArgs, EndpointsArgs, TenantsArgs, TimersArgs,
};
use sereno::config::{Config, ServeArgs};
use sereno::demo::{self, DemoArgs};
use sereno::keep::{self, BackupArgs, RestoreArgs};
use sereno::listen::{self, ListenArgs};
use sereno::log::LogSettings;
use sereno::send::{self, SendArgs};
use sereno::server::{self, Server};
use tokio::runtime::Builder;
use tracing::{Level, Metadata};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Sereno: events in, durable workflows, reminders and signed notifications out.
///
/// Try `sereno demo` first: it shows the whole product in half a minute, on this machine alone.
#[derive(Parser)]
#[command(version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server
    #[command(after_help = SERVE_HELP)]
    Serve(Box<ServeArgs>),
    /// Show the whole product: a server, receivers for every channel and a restaurant's evening
    Demo(DemoArgs),
    /// Send one event to a server
    Send(SendArgs),
    /// Receive webhooks on a port, verify their signatures and print them
    Listen(ListenArgs),
    /// Endpoints: list, make, change, test, recover, delete
    Endpoints(Box<EndpointsArgs>),
    /// Deliveries: list, show, try again
    Deliveries(DeliveriesArgs),
    /// What was given up: list, show, try again, discard, export
    DeadLetters(DeadLettersArgs),
    /// Timers: list, fire now, cancel
    Timers(TimersArgs),
    /// Tenants, their settings and their keys
    Tenants(TenantsArgs),
    /// Copy the data directory, of a running server too, and verify the copy
    Backup(BackupArgs),
    /// Put a copy back into an empty data directory
    Restore(RestoreArgs),
    /// Check configuration, keys, store, clock, endpoints, mail, WhatsApp and PostgreSQL, and say what to do
    Check(CheckArgs),
    /// Put load on a server and show what it bears, beside what it must bear
    Bench(Box<BenchArgs>),
}

const SERVE_HELP: &str = "\
The first start prints the API key of the tenant 'default' and the admin token, and keeps both in
DATA/credentials. Settings come from flags, then environment, then sereno.toml, then defaults.

Example:
  sereno serve --listen 0.0.0.0:8080 --data /var/lib/sereno";

/// After so many tasks a busy worker looks whether a socket has something. With tokio's 61 a request lay for
/// milliseconds while tasks of 50 us were to be done; a look costs less than a microsecond.
const TASKS_PER_LOOK: u32 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(error) = start_log(&cli.command) {
        return failed(&error);
    }
    use_small_pages();
    let runtime = Builder::new_multi_thread().enable_all().event_interval(TASKS_PER_LOOK).build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return failed(&anyhow::Error::from(error)),
    };
    let ended = runtime.block_on(async {
        match cli.command {
            Command::Serve(args) => serve(&args).await,
            Command::Demo(args) => demo::run(args).await,
            Command::Send(args) => send(args).await,
            Command::Listen(args) => {
                listen::run(args, server::asked_to_stop()?).await.map(|()| ExitCode::SUCCESS)
            }
            Command::Endpoints(args) => Ok(commands::exit(commands::endpoints::run(*args).await)),
            Command::Deliveries(args) => Ok(commands::exit(commands::deliveries::run(args).await)),
            Command::DeadLetters(args) => {
                Ok(commands::exit(commands::dead_letters::run(args).await))
            }
            Command::Timers(args) => Ok(commands::exit(commands::timers::run(args).await)),
            Command::Tenants(args) => Ok(commands::exit(commands::tenants::run(args).await)),
            Command::Backup(args) => keep::backup(&args).map(|said| told(&said, true)),
            Command::Restore(args) => keep::restore(&args).map(|said| told(&said, true)),
            Command::Check(args) => Ok(check::run(args).await),
            Command::Bench(args) => bench::run(*args, server::asked_to_stop()?).await,
        }
    });
    match ended {
        Ok(code) => code,
        Err(error) => failed(&error),
    }
}

/// Keeps memory in pages of the usual size. Of a huge page, two megabytes, all is resident once a byte of it
/// is used, which doubles what an idle server takes, and whoever touches it first waits until it is cleared.
fn use_small_pages() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        tracing::debug!(%error, "huge pages stay in use, so the server takes more memory");
    }
}

#[expect(clippy::print_stdout, reason = "the address and the first key are the command's output")]
async fn serve(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let stop = server::asked_to_stop()?;
    let server = Server::start(Config::load(args)?).await?;
    let mut line =
        format!("sereno {} listening on http://{}", env!("CARGO_PKG_VERSION"), server.address());
    if server.first_start() {
        let credentials = server.credentials();
        for (name, value) in
            [("api key", &credentials.api_key), ("admin token", &credentials.admin_token)]
        {
            if let Some(value) = value {
                line.push_str(&format!(" · {name} {value}"));
            }
        }
    }
    println!("{line}");
    server.serve(stop).await?;
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::print_stdout, reason = "the server's answer is the command's output")]
async fn send(args: SendArgs) -> anyhow::Result<ExitCode> {
    let answer = send::run(args).await?;
    println!("{answer}");
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::print_stdout, reason = "it is the command's output")]
fn told(said: &str, well: bool) -> ExitCode {
    println!("{said}");
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Starts the log. What is not understood in its settings ends a server, and nothing else.
fn start_log(command: &Command) -> anyhow::Result<()> {
    let usual = match command {
        Command::Serve(_) => "info",
        // Their output is for people, and would be torn apart by the log.
        Command::Demo(_)
        | Command::Send(_)
        | Command::Listen(_)
        | Command::Endpoints(_)
        | Command::Deliveries(_)
        | Command::DeadLetters(_)
        | Command::Timers(_)
        | Command::Tenants(_) => "error",
        // What they find is their output; the log would say it twice.
        Command::Backup(_) | Command::Restore(_) | Command::Check(_) => "off",
        // Its output is a line that is written over.
        Command::Bench(_) => "off",
    };
    let (settings, problems) = LogSettings::read();
    let filter = settings.filter.unwrap_or_else(|| EnvFilter::new(usual));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let log = log.with_ansi(std::io::stderr().is_terminal());
    if settings.is_json {
        log.json().finish().with(filter_fn(is_safe)).init();
    } else {
        log.with_target(false).finish().with(filter_fn(is_safe)).init();
    }
    match problems.into_iter().next() {
        Some((name, error)) if matches!(command, Command::Serve(_)) => Err(error).context(name),
        Some(_) | None => Ok(()),
    }
}

/// Libraries write what they send and store where they are asked for every detail; that holds secrets,
/// numbers and bodies, so their details stay out of the log whatever is asked.
fn is_safe(metadata: &Metadata<'_>) -> bool {
    metadata.target().starts_with("sereno") || *metadata.level() <= Level::INFO
}

#[expect(clippy::print_stderr, reason = "a command's failure goes to standard error")]
fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("sereno: {error:#}");
    ExitCode::FAILURE
}
