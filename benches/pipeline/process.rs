//! The server as a process of its own, and what it costs.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use sereno::client::Client;
use tempfile::TempDir;

/// A server over a fresh directory; killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    /// Its address, such as `127.0.0.1:8080`.
    pub(crate) address: String,
    /// The default tenant's key.
    pub(crate) key: String,
    pub(crate) client: Client,
    data: TempDir,
}

impl Process {
    pub(crate) fn start() -> anyhow::Result<Self> {
        Self::over(tempfile::tempdir()?)
    }

    fn over(data: TempDir) -> anyhow::Result<Self> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sereno"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data.path())
            .args(["--allow-private-targets", "127.0.0.0/8"])
            .env("RUST_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let out = child.stdout.take().context("the server has no output")?;
        BufReader::new(out).read_line(&mut line)?;
        let base = line.split_whitespace().find(|word| word.starts_with("http://"));
        let base = base.context("the server did not start")?.to_owned();
        let text = std::fs::read_to_string(data.path().join("credentials"))?;
        let key = text.lines().find_map(|line| line.strip_prefix("api_key=")).context("no key")?;
        Ok(Self {
            child,
            address: base.trim_start_matches("http://").to_owned(),
            key: key.to_owned(),
            client: Client::new(&base, key),
            data,
        })
    }

    /// Kills it and starts another on the same directory; answers how long that took to be ready.
    pub(crate) fn killed_and_started(mut self) -> anyhow::Result<(Self, Duration)> {
        self.child.kill()?;
        self.child.wait()?;
        let data = std::mem::replace(&mut self.data, tempfile::tempdir()?);
        let began = Instant::now();
        let started = Self::over(data)?;
        Ok((started, began.elapsed()))
    }

    /// Bytes on disk in its directory.
    pub(crate) fn disk_bytes(&self) -> u64 {
        fn sum(directory: &Path) -> u64 {
            let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
            entries
                .map(|entry| match entry.metadata() {
                    Ok(data) if data.is_dir() => sum(&entry.path()),
                    Ok(data) => data.blocks() * 512,
                    Err(_) => 0,
                })
                .sum()
        }
        sum(self.data.path())
    }

    /// User and system time so far, as the kernel counts it (in hundredths of a second).
    pub(crate) fn cpu_time(&self) -> anyhow::Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields = stat.rsplit(')').next().context("no fields in stat")?;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
        let ticks = ticks.sum::<Result<u64, _>>()?;
        Ok(Duration::from_millis(ticks * 10))
    }

    /// Resident memory, in bytes.
    pub(crate) fn resident_bytes(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()).context("no VmRSS")?;
        Ok(kilobytes.parse::<u64>()? << 10)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
