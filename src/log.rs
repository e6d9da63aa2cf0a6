//! The log as the environment wants it: `SERENO_LOG_FORMAT` and `RUST_LOG`.

use anyhow::{Context as _, bail};
use tracing_subscriber::EnvFilter;

use crate::config::variable;

/// How the log is written.
#[derive(Debug, Default)]
pub struct LogSettings {
    /// Whether each line is a JSON object.
    pub is_json: bool,
    /// What is written, where the environment says so.
    pub filter: Option<EnvFilter>,
}

impl LogSettings {
    /// What the environment says. What is not understood there is left out of the answer and named beside
    /// it: a server refuses to start with it, and a command that is no server does its work all the same.
    pub fn read() -> (Self, Vec<(&'static str, anyhow::Error)>) {
        let mut problems = Vec::new();
        let is_json = is_json().unwrap_or_else(|error| {
            problems.push(("SERENO_LOG_FORMAT", error));
            false
        });
        let filter = filter().unwrap_or_else(|error| {
            problems.push(("RUST_LOG", error));
            None
        });
        (Self { is_json, filter }, problems)
    }
}

fn is_json() -> anyhow::Result<bool> {
    match variable("SERENO_LOG_FORMAT")?.as_deref() {
        None | Some("text") => Ok(false),
        Some("json") => Ok(true),
        Some(other) => bail!("'{other}' is no format of the log: write text or json"),
    }
}

fn filter() -> anyhow::Result<Option<EnvFilter>> {
    let Some(text) = variable("RUST_LOG")? else { return Ok(None) };
    let filter = EnvFilter::builder().parse(&text);
    filter.map(Some).with_context(|| {
        format!("'{text}' says not what to log: write a level such as info, or sereno=debug,warn")
    })
}
