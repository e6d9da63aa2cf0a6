//! `sereno backup`, `sereno restore` and `sereno check --store`: the data directory from a shell.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::json;
use sereno_actors::record;
use sereno_actors::store::backup::{self, Copied};
use sereno_actors::store::check;

/// The flags of `sereno backup`.
#[derive(Debug, Args)]
#[command(after_help = "\
The server may be running; nobody waits for the copy. The copy holds the credentials and, unless it is
in SERENO_MASTER_KEY, the master key: keep it where only its owner can read it.

Example:
  sereno backup /mnt/backups/$(date +%F) --data /var/lib/sereno")]
pub struct BackupArgs {
    /// Where the copy goes: an empty directory, or a new one
    directory: PathBuf,
    /// The data directory of the server
    #[arg(long, env = "SERENO_DATA", default_value = "./sereno-data")]
    data: PathBuf,
}

/// The flags of `sereno restore`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sereno restore /mnt/backups/2026-12-24 --data /var/lib/sereno
  sereno serve --data /var/lib/sereno")]
pub struct RestoreArgs {
    /// The copy that `sereno backup` made
    directory: PathBuf,
    /// Where it goes: an empty directory, or a new one
    #[arg(long, env = "SERENO_DATA", default_value = "./sereno-data")]
    data: PathBuf,
}

/// What is kept beside the store and belongs to it.
const BESIDE: [&str; 2] = ["credentials", "master.key"];

/// Copies the data directory; answers what to tell.
pub fn backup(args: &BackupArgs) -> anyhow::Result<String> {
    let (data, target) = (&args.data, &args.directory);
    let copied = into_private(target, || {
        let inside = fs::canonicalize(data).ok().zip(fs::canonicalize(target).ok());
        if inside.is_some_and(|(data, target)| target.starts_with(data)) {
            bail!("{}: it is inside the data directory; name a place outside", target.display());
        }
        Ok(backup::backup(data, &BESIDE, target)?)
    })?;
    Ok(format!("backed up to {} and verified: {}", target.display(), told(copied)))
}

/// Puts a copy back; answers what to tell.
pub fn restore(args: &RestoreArgs) -> anyhow::Result<String> {
    let copied = into_private(&args.data, || Ok(backup::restore(&args.directory, &args.data)?))?;
    let data = args.data.display();
    Ok(format!(
        "restored to {data} and verified: {}\nstart with: sereno serve --data {data}",
        told(copied)
    ))
}

/// Checks the store; answers the findings as text and whether all passed.
pub fn check_store(data: &Path, as_json: bool) -> anyhow::Result<(String, bool)> {
    if !check::is_there(data) {
        bail!("{}: there is no store here; name its directory with --data", data.display());
    }
    let findings = check::check(data, record::is_whole);
    let passed = findings.iter().all(|finding| finding.passed);
    if as_json {
        let findings: Vec<_> = findings
            .iter()
            .map(|finding| {
                json!({"part": finding.part, "passed": finding.passed, "detail": finding.words})
            })
            .collect();
        return Ok((json!({"ok": passed, "findings": findings}).to_string(), passed));
    }
    let line = |finding: &check::Finding| {
        let verdict = if finding.passed { "pass" } else { "FAIL" };
        format!("{verdict}  {:<9}  {}", finding.part, finding.words)
    };
    Ok((findings.iter().map(line).collect::<Vec<_>>().join("\n"), passed))
}

fn told(copied: Copied) -> String {
    let mib = copied.bytes.div_ceil(1 << 20);
    format!("{} rows in the snapshot, {} frames after it, {mib} MiB", copied.rows, copied.frames)
}

/// Does something with a directory that only its owner may look into; one that was made for it goes again
/// if nothing came of it.
fn into_private(
    directory: &Path,
    fill: impl FnOnce() -> anyhow::Result<Copied>,
) -> anyhow::Result<Copied> {
    use std::os::unix::fs::DirBuilderExt as _;
    let there = directory.exists();
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(directory);
    made.with_context(|| format!("cannot create {}", directory.display()))?;
    let filled = fill();
    if filled.is_err() && !there {
        // It stays if it is not empty: then something of it may be of use.
        fs::remove_dir(directory).ok();
    }
    filled
}
