//! What a server refuses to start with, and what does nothing: looked at by its start and by `sereno check`.

use anyhow::{Context as _, Result, bail, ensure};
use sereno_actors::check::Prober;

use super::{CACHE_MB, Config, N8N};

impl Config {
    /// Every setting that does not fit, by its name, with what is wrong with it.
    pub fn problems(&self) -> Vec<(&'static str, anyhow::Error)> {
        let looked_at: [(&'static str, Result<()>); 10] = [
            ("cache_mb", self.cache()),
            ("SERENO_JOURNAL", self.no_cluster()),
            ("SERENO_ALLOW_PRIVATE_TARGETS", self.private_targets().map(drop)),
            ("SERENO_TRUSTED_PROXIES", self.proxies().map(drop)),
            ("SERENO_GRAPH_URL", self.graph()),
            ("SERENO_PUBLIC_URL", self.public(self.listen).map(drop)),
            ("webhook retries", self.webhook_retry().map(drop)),
            ("WEBHOOK_TIMEOUT", self.webhook_timeout().map(drop)),
            (N8N, self.kept()),
            ("SERENO_MIRROR", self.mirror().map(drop)),
        ];
        let failed = |(name, looked): (_, Result<()>)| looked.err().map(|error| (name, error));
        looked_at.into_iter().filter_map(failed).collect()
    }

    /// Refuses what can be read and does not fit; the first of it is named.
    pub fn check(&self) -> Result<()> {
        self.problems().into_iter().next().map_or(Ok(()), |(_, error)| Err(error))
    }

    fn cache(&self) -> Result<()> {
        let (least, most) = (CACHE_MB.start(), CACHE_MB.end());
        ensure!(
            CACHE_MB.contains(&self.cache_mb),
            "cache_mb: {} is not from {least} to {most}",
            self.cache_mb
        );
        Ok(())
    }

    fn no_cluster(&self) -> Result<()> {
        ensure!(
            self.journal.is_empty(),
            "SERENO_JOURNAL: only the embedded journal is there in this version; leave it empty"
        );
        Ok(())
    }

    /// The endpoint that a setting keeps is refused as one that a person makes.
    fn kept(&self) -> Result<()> {
        let Some(body) = self.n8n()? else { return Ok(()) };
        Prober::new(self.channels()?)?.would_save(body).context(N8N)
    }

    fn graph(&self) -> Result<()> {
        match self.graph_url.scheme() {
            "http" | "https" => Ok(()),
            other => bail!("SERENO_GRAPH_URL: must be http or https, not {other}"),
        }
    }
}
