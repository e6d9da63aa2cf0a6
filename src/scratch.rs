//! A directory of one run alone, for commands that start a server of their own; gone at their end.

use std::path::PathBuf;

use anyhow::Context as _;

/// A fresh directory under the system's temporary one; removed with all that is in it when dropped.
pub struct Scratch {
    /// Where it is.
    pub path: PathBuf,
}

impl Scratch {
    /// Makes one; `what` is part of its name.
    pub fn new(what: &str) -> anyhow::Result<Self> {
        let name = format!("sereno-{what}-{}-{:08x}", std::process::id(), rand::random::<u32>());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).with_context(|| format!("cannot create {}", path.display()))?;
        Ok(Self { path })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            tracing::debug!(%error, "a temporary directory is left behind");
        }
    }
}
