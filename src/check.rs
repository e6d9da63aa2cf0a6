//! `sereno check`: looks at everything that a server needs, says what is wrong and what to do about it.
//!
//! ```text
//!  settings, keys ----------------------------------------------------.
//!  data that no server uses --> opened and read here --> looked at    +--> one list
//!  data in use, or --server --> that server is asked to look          |
//! ```
//! Nothing is changed. A store that is to be read is opened as the next start would open it, and closed before
//! anything else is looked at.

mod data;
mod remote;
mod report;
mod settings;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use futures_util::StreamExt as _;
use sereno_actors::check::{self as looks, Prober, Stored};
use sereno_actors::limits::CHECKS_AT_ONCE_MAX;
use sereno_actors::store;
use sereno_actors::view::TenantView;
use sereno_workflows::check::{Course, Finding, Part, Verdict};
use sereno_workflows::id::EndpointId;

pub(crate) use self::data::{clock, disk};
use crate::bench::progress::Progress;
use crate::config::{Config, DataDirectory};
use crate::keep;

/// The flags of `sereno check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Looks at the configuration, the keys, the store, the clock, each endpoint (guard, DNS, TCP, TLS), the mail
servers, the WhatsApp lines and the mirror's PostgreSQL. A server that uses the data is asked to look itself,
and goes on meanwhile. Nothing is sent, unless --ping is given.

Examples:
  sereno check --data /var/lib/sereno
  sereno check --data /var/lib/sereno -- --listen 0.0.0.0:8080   # as `sereno serve` would run
  sereno check --server https://sereno.example --key KEY --ping
  sereno check --store --data /var/lib/sereno

Exit code: 0 when nothing failed, 1 when something did, 2 when it could not look.")]
pub struct CheckArgs {
    /// Read the store alone, from its first byte to its last: journal, snapshots and, when no server is
    /// using it, the index against the journal
    #[arg(long)]
    store: bool,
    /// The data directory [default: as `sereno serve` has it]
    #[arg(long)]
    data: Option<PathBuf>,
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
    /// Send each endpoint a test.ping too, and show what it answers
    #[arg(long)]
    ping: bool,
    /// Ask this server, wherever it is, and look at nothing here
    #[arg(long, value_name = "URL", conflicts_with = "store")]
    server: Option<String>,
    /// Its admin token, or the key of one tenant [default: the admin token in DATA/credentials]
    #[arg(long, env = "SERENO_KEY", hide_env_values = true)]
    key: Option<String>,
    /// Flags of `sereno serve` to check with
    #[arg(last = true, value_name = "SERVE FLAGS")]
    serve: Vec<OsString>,
}

/// Looks, tells, and answers how it went.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the list is the command's output")]
pub async fn run(args: CheckArgs) -> ExitCode {
    let told = if args.store {
        let data = args.data.clone().unwrap_or_else(|| settings::load(&args).1.data);
        keep::check_store(&data, args.json)
    } else {
        look(&args).await.map(|findings| report::told(&findings, args.json))
    };
    match told {
        Ok((text, passed)) => {
            println!("{text}");
            if passed { ExitCode::SUCCESS } else { ExitCode::from(1) }
        }
        Err(error) => {
            if args.json {
                println!("{}", report::not_looked(&error));
            }
            eprintln!("sereno: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn look(args: &CheckArgs) -> anyhow::Result<Vec<Finding>> {
    let mut progress = Progress::new();
    if let Some(server) = &args.server {
        let key = args.key.clone().or_else(|| std::env::var("SERENO_API_KEY").ok()).or_else(|| {
            DataDirectory::at(args.data.as_deref().unwrap_or(Path::new("./sereno-data")))
                .credentials()
                .admin_token
        });
        let key = key.context(
            "no key: give --key or SERENO_API_KEY, the server's admin token or a tenant's key",
        )?;
        return remote::look(server, &key, args.ping, &mut progress).await;
    }
    let (mut findings, config) = settings::load(args);
    let fits = findings.iter().all(|finding| finding.verdict != Verdict::Fail);
    let data = config.data.clone();
    let (keys, master_key) = data::keys(&data, &config);
    findings.extend(keys);
    findings.push(data::directory(&data));
    let used = store::check::is_in_use(&data);
    progress.at(|| "reading the store".to_owned());
    let place = data.clone();
    findings.extend(tokio::task::spawn_blocking(move || data::store(&place)).await?);
    if used {
        let told = ask_the_server(args, &data, &mut progress).await;
        // A server that answers has looked at its own disk.
        if told.iter().all(|finding| finding.part != Part::Store) {
            findings.push(data::disk_of(&data));
        }
        findings.extend(told);
        return Ok(findings);
    }
    findings.push(data::disk_of(&data));
    if fits {
        findings.push(settings::listen(&config));
    }
    let whole = !findings.iter().any(|finding| {
        finding.verdict == Verdict::Fail && matches!(finding.part, Part::Store | Part::Keys)
    });
    let mut stored = Stored { tenants: Vec::new(), last_recorded: None };
    if let Some(key) = master_key.filter(|_| whole && store::check::is_there(&data)) {
        let (place, smtp) = (data.clone(), config.smtp());
        let read = tokio::task::spawn_blocking(move || looks::read(&place, &key, smtp.as_ref()));
        match read.await? {
            Ok(read) => {
                findings.push(data::opened(&read));
                stored = read;
            }
            Err(error) => findings.push(data::unopened(&error)),
        }
    }
    findings.push(data::clock(stored.last_recorded));
    if fits {
        findings.extend(outside(&config, &stored.tenants, args.ping, &mut progress).await?);
    } else {
        let mut way = Course::default();
        way.skip("all", "not looked at, since the configuration does not fit");
        findings.push(way.finding(Part::Endpoints, "all tenants", None));
    }
    Ok(findings)
}

/// Has the server that uses the data look.
async fn ask_the_server(args: &CheckArgs, data: &Path, progress: &mut Progress) -> Vec<Finding> {
    let mut way = Course::default();
    let directory = DataDirectory::at(data);
    let key = args.key.clone().or_else(|| directory.credentials().admin_token);
    let asked = match (directory.address(), key) {
        (Some(url), Some(key)) => remote::look(&url, &key, args.ping, progress).await,
        (None, _) => Err(anyhow::anyhow!("where it listens is not known")),
        (_, None) => Err(anyhow::anyhow!("its admin token is not in DATA/credentials")),
    };
    match asked {
        Ok(findings) => findings,
        Err(error) => {
            let advice = "name it with --server URL and --key, or stop it";
            way.fail(
                "ask",
                format!("a server uses the data and cannot be asked: {error:#}"),
                advice,
            );
            vec![way.finding(Part::Server, "running", None)]
        }
    }
}

/// What is outside: endpoints, lines, the mirror.
async fn outside(
    config: &Config,
    tenants: &[TenantView],
    test: bool,
    progress: &mut Progress,
) -> anyhow::Result<Vec<Finding>> {
    let prober = Prober::new(config.channels()?)?;
    let mirror = config.mirror()?;
    let smtp = config.smtp();
    let (mail, mirror) =
        tokio::join!(prober.server_mail(smtp.as_ref()), looks::mirror(mirror.as_ref()));
    let mut findings = vec![mail, mirror];
    let of_tenant = |view| all_of(&prober, view, test);
    let mut looked =
        futures_util::stream::iter(tenants).map(of_tenant).buffered(CHECKS_AT_ONCE_MAX);
    let mut done = 0;
    while let Some(found) = looked.next().await {
        done += 1;
        progress.at(|| format!("tenant {done} of {}", tenants.len()));
        findings.extend(found);
    }
    Ok(findings)
}

async fn all_of(prober: &Prober, view: &TenantView, test: bool) -> Vec<Finding> {
    let (mut findings, mut after) = (Vec::new(), Some(EndpointId(0)));
    while let Some(place) = after {
        let looked = prober.tenant(view, place, test).await;
        findings.extend(looked.findings);
        after = looked.more_after;
    }
    findings
}
