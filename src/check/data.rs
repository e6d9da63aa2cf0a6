//! What lies in the data directory: keys, store, and when it was last written to.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use sereno_actors::check::{Stored, Unread};
use sereno_actors::limits;
use sereno_actors::now::Now;
use sereno_actors::record;
use sereno_actors::store::check;
use sereno_workflows::check::{self as judge, Course, Finding, Part};
use sereno_workflows::time::Timestamp;

use crate::config::{Config, DataDirectory, guessable};

/// Looks at the keys; answers the master key too, where there is one.
pub(super) fn keys(data: &Path, config: &Config) -> (Vec<Finding>, Option<String>) {
    let directory = DataDirectory::at(data);
    let given = config.master_key.as_deref();
    let place = if given.is_some() { "SERENO_MASTER_KEY" } else { "master.key" };
    let mut way = Course::default();
    let key = directory.find_master_key(given);
    match &key {
        Ok(Some(_)) => way.pass("form", "32 bytes"),
        Ok(None) => way.skip("form", "none yet: the first start makes one"),
        Err(error) => {
            let advice = if directory.has_data() {
                "put it back: the key with which the data was written, for a new one cannot read it"
            } else {
                "write 32 bytes in base64 (openssl rand -base64 32), or unset it and the first start makes \
                 a key"
            };
            way.fail("form", format!("{error:#}"), advice);
        }
    }
    let mut findings = vec![way.finding(Part::Keys, place, None)];
    for (name, path, mode) in [
        ("data directory", data.to_owned(), 0o700),
        ("master.key", data.join("master.key"), 0o600),
        ("credentials", data.join("credentials"), 0o600),
    ] {
        findings.extend(private(name, &path, mode));
    }
    findings.extend(kept_token(&directory, config));
    (findings, key.ok().flatten())
}

/// Whether the admin token that is kept, and counts where none is set, may be guessed.
fn kept_token(directory: &DataDirectory, config: &Config) -> Option<Finding> {
    let kept = directory.credentials().admin_token.filter(|_| config.given_token().is_none())?;
    let mut way = Course::default();
    let advice = "set SERENO_ADMIN_TOKEN to 16 characters or more that nobody guesses, such as `openssl rand \
                  -hex 24` makes; or take admin_token out of DATA/credentials, and the next start makes one";
    way.warn("kept", guessable(&kept)?, advice);
    Some(way.finding(Part::Keys, "admin token", None))
}

/// Whether only its owner may look into something, if it is there.
fn private(name: &str, path: &Path, mode: u32) -> Option<Finding> {
    let found = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    let mut way = Course::default();
    let advice = format!("run: chmod {mode:o} {}", path.display());
    match (found & 0o077, path.is_dir()) {
        (0, _) => way.pass("mode", format!("mode {found:04o}: its owner's alone")),
        // What is secret in it has modes of its own.
        (_, true) => way.warn("mode", format!("mode {found:04o}: others may look inside"), advice),
        (_, false) => {
            way.fail(
                "mode",
                format!("mode {found:04o}: others on this machine may read it"),
                advice,
            );
        }
    }
    Some(way.finding(Part::Keys, format!("{name}'s mode"), None))
}

/// Reads the store from its first byte to its last. Blocks.
pub(super) fn store(data: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    if check::is_there(data) {
        for found in check::check(data, record::is_whole) {
            let mut way = Course::default();
            match (found.looked_at, found.passed) {
                (false, _) => way.skip("read", found.words),
                (true, true) => way.pass("read", found.words),
                (true, false) => {
                    let advice = "start the server, which mends what can be mended and says what it \
                                  did; restore a backup where it does not start";
                    way.fail("read", found.words, advice);
                }
            }
            findings.push(way.finding(Part::Store, found.part, None));
        }
    } else {
        let mut way = Course::default();
        way.skip(
            "read",
            format!("there is none in {} yet: the first start makes it", data.display()),
        );
        findings.push(way.finding(Part::Store, "store", None));
    }
    findings
}

/// Whether the directory can be opened or made, as the start does it.
pub(super) fn directory(data: &Path) -> Finding {
    let mut way = Course::default();
    match DataDirectory::at(data).can_open() {
        Ok(()) => way.pass("open", format!("{} can be written to", data.display())),
        Err(error) => way.fail(
            "open",
            format!("{error:#}"),
            "give another directory with SERENO_DATA, or make this one the user's who runs sereno",
        ),
    }
    way.finding(Part::Store, "data directory", None)
}

/// What is left of the disk on which the data is, or will be.
pub(super) fn disk_of(data: &Path) -> Finding {
    disk(data.ancestors().find(|path| path.exists()).unwrap_or(Path::new(".")))
}

/// What is left of the disk.
pub(crate) fn disk(data: &Path) -> Finding {
    let mut way = Course::default();
    way.judged("free", judge::disk(check::free_bytes(data), limits::DISK_RESERVE_BYTES));
    way.finding(Part::Store, "disk", None)
}

/// The clock, as the last record has it.
pub(crate) fn clock(last: Option<Timestamp>) -> Finding {
    let mut way = Course::default();
    way.judged("time", judge::clock(Now::System.timestamp(), last));
    match sereno_workflows::time::zone("Europe/Madrid") {
        Ok(_) => way.pass("zones", "are there"),
        Err(error) => way.fail("zones", error.to_string(), "use another build of sereno"),
    }
    way.finding(Part::Clock, "time", None)
}

/// The key fits the store, which opened.
pub(super) fn opened(stored: &Stored) -> Finding {
    let mut way = Course::default();
    let endpoints: usize = stored.tenants.iter().map(|tenant| tenant.endpoints.len()).sum();
    let tenants = stored.tenants.len();
    way.pass(
        "open",
        format!("opens with the master key: {tenants} tenants, {endpoints} endpoints"),
    );
    way.finding(Part::Store, "opened", None)
}

/// What keeps the store from being opened.
pub(super) fn unopened(error: &Unread) -> Finding {
    let mut way = Course::default();
    let (part, advice) = match error {
        Unread::Key(_) => (
            Part::Keys,
            "set SERENO_MASTER_KEY, or put back master.key, as the data was written with",
        ),
        Unread::Store(_) | Unread::Ledger(_) => {
            (Part::Store, "see what the server's start says of it; a backup can be restored")
        }
    };
    way.fail("open", error.to_string(), advice);
    way.finding(part, "opened", None)
}
