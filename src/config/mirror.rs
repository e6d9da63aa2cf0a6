//! The user's own PostgreSQL, to which rows go as well.

use anyhow::Context as _;
use clap::Args;
use serde::Serialize;
use sereno_actors::mirror::MirrorConfig;

use super::Config;

/// The schema of the mirror's tables where none is named.
pub(super) const SCHEMA: &str = "sereno";

/// The flags about the mirror; each has its environment variable.
#[derive(Debug, Clone, Default, Args, Serialize)]
pub struct MirrorArgs {
    /// PostgreSQL that gets events, leads, messages, calls, reservations and more as rows:
    /// postgres://user:password@host/database?sslmode=verify-full
    #[arg(long, env = "SERENO_MIRROR", hide_env_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror: Option<String>,
    /// Schema of its tables [default: sereno]
    #[arg(long, env = "SERENO_MIRROR_SCHEMA")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror_schema: Option<String>,
    /// Write phone numbers there in the clear, beside their hashes
    #[arg(long, env = "SERENO_MIRROR_PHONES", num_args = 0..=1, default_missing_value = "true")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror_phones: Option<bool>,
}

impl Config {
    /// The mirror, if there is to be one.
    pub fn mirror(&self) -> anyhow::Result<Option<MirrorConfig>> {
        let Some(url) = self.mirror.as_deref().filter(|url| !url.is_empty()) else {
            return Ok(None);
        };
        let config = MirrorConfig::new(url, &self.mirror_schema, self.mirror_phones);
        config.map(Some).context("SERENO_MIRROR")
    }
}
