//! The data directory as a person knows it: what lies beside the store, and who may read it.

use std::fs;
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use sereno_actors::store::check;
use sereno_actors::vault::{self, Vault};

/// The files beside the store that hold what a person may need again.
pub struct DataDirectory {
    path: PathBuf,
}

impl DataDirectory {
    /// Opens or creates it; only its owner may look inside.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.with_context(|| format!("cannot create the data directory {}", path.display()))?;
        Ok(Self { path: path.to_owned() })
    }

    /// One that is there already, or not: only to read what it keeps.
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Whether anything was ever kept here.
    pub fn has_data(&self) -> bool {
        ["journal", "snapshots", "index"].iter().any(|part| self.path.join(part).exists())
    }

    /// Whether it can be opened, or made: what [`DataDirectory::open`] would find. Changes nothing.
    pub fn can_open(&self) -> anyhow::Result<()> {
        let path = &self.path;
        let Some(there) = path.ancestors().find(|part| part.exists()) else {
            // A path like `data` begins in the working directory.
            return check::may_write(Path::new(".")).context("cannot write into .");
        };
        let cannot = || format!("cannot create or write into {}", there.display());
        if !there.is_dir() {
            bail!("{}: it is no directory", cannot());
        }
        check::may_write(there).with_context(cannot)
    }

    /// The master key: the given one, or the one that is kept here; `None` where there is neither, and no
    /// data that would have been encrypted with one.
    pub fn find_master_key(&self, given: Option<&str>) -> anyhow::Result<Option<String>> {
        let path = self.path.join("master.key");
        let (place, key) = match (given, fs::read_to_string(&path)) {
            (Some(given), _) if given.trim().is_empty() => bail!(
                "SERENO_MASTER_KEY is set and empty: give it the 32 bytes in base64 with which the data is \
                 encrypted, or unset it"
            ),
            (Some(given), _) => ("SERENO_MASTER_KEY".to_owned(), given.to_owned()),
            (None, Ok(kept)) => (path.display().to_string(), kept.trim().to_owned()),
            (None, Err(error)) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
            (None, Err(_)) if self.has_data() => bail!(
                "{} is missing, and the data was encrypted with it: put it back, or set SERENO_MASTER_KEY",
                path.display()
            ),
            (None, Err(_)) => return Ok(None),
        };
        Vault::new(&key).context(place)?;
        Ok(Some(key))
    }

    /// The same, with a new one made and kept where there is none.
    pub fn master_key(&self, given: Option<&str>) -> anyhow::Result<String> {
        if let Some(key) = self.find_master_key(given)? {
            return Ok(key);
        }
        let (path, key) = (self.path.join("master.key"), vault::generate_key());
        write_private(&path, format!("{key}\n").as_bytes())?;
        tracing::warn!(path = %path.display(),
            "SERENO_MASTER_KEY is not set; a key was made and is kept beside the data");
        Ok(key)
    }

    /// Keeps where the server listens, for commands on this machine.
    pub fn keep_address(&self, address: SocketAddr) -> anyhow::Result<()> {
        write_private(&self.path.join("address"), format!("{address}\n").as_bytes())
    }

    /// Where a server that uses the directory can be asked from this machine.
    pub fn address(&self) -> Option<String> {
        let text = fs::read_to_string(self.path.join("address")).ok()?;
        let mut address: SocketAddr = text.trim().parse().ok()?;
        if address.ip().is_unspecified() {
            address.set_ip(match address.ip() {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        Some(format!("http://{address}"))
    }

    /// What a person logs in with, from the file `credentials`.
    pub fn credentials(&self) -> Credentials {
        let text = fs::read_to_string(self.path.join("credentials")).unwrap_or_default();
        let find = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            line.map(|value| value.trim().to_owned())
        };
        Credentials { api_key: find("api_key"), admin_token: find("admin_token") }
    }

    /// Keeps what a person logs in with.
    pub fn keep(&self, credentials: &Credentials) -> anyhow::Result<()> {
        let mut text = String::new();
        for (name, value) in
            [("api_key", &credentials.api_key), ("admin_token", &credentials.admin_token)]
        {
            if let Some(value) = value {
                text.push_str(&format!("{name}={value}\n"));
            }
        }
        write_private(&self.path.join("credentials"), text.as_bytes())
    }
}

/// What a person logs in with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// The key of the tenant `default`.
    pub api_key: Option<String>,
    /// The admin token.
    pub admin_token: Option<String>,
}

/// An admin token of fewer characters may be found by trying.
const ADMIN_TOKEN_CHARS: usize = 16;

/// What is to be said of an admin token that somebody may guess.
pub fn guessable(token: &str) -> Option<&'static str> {
    let is_short = token.chars().count() < ADMIN_TOKEN_CHARS;
    is_short.then_some("the admin token has fewer than 16 characters, and may be guessed")
}

/// Writes a file that only its owner can read, whole or not at all.
pub fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let written = || -> io::Result<()> {
        let unfinished = path.with_extension("new");
        let mut options = fs::OpenOptions::new();
        let mut file =
            options.write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        fs::File::open(path.parent().unwrap_or(path))?.sync_all()
    };
    written().with_context(|| format!("cannot write {}", path.display()))
}
