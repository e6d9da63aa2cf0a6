//! The server under test: a process of this same binary over a fresh directory, or one that is given.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::load::Connection;
use super::{ENDPOINTS, ServerArgs, measure};
use crate::client::Client;
use crate::config::DataDirectory;
use crate::scratch::Scratch;

/// A server under test.
pub(super) struct Subject {
    own: Option<Own>,
    base: String,
    admin: Client,
}

/// A server of this bench's own.
struct Own {
    child: Child,
    directory: Scratch,
}

/// A tenant of this bench's own.
#[derive(Clone)]
pub(super) struct Customer {
    id: String,
    client: Client,
    address: String,
    key: String,
}

impl Subject {
    /// Starts a server of its own, or takes the one that is given.
    pub(super) async fn start(args: &ServerArgs) -> anyhow::Result<Self> {
        if let (Some(base), Some(key)) = (&args.server, &args.key) {
            return Ok(Self { own: None, base: base.clone(), admin: Client::new(base, key) });
        }
        // It waits for the server's first line.
        tokio::task::spawn_blocking(Self::start_own).await.context("the start ended badly")?
    }

    fn start_own() -> anyhow::Result<Self> {
        let directory = Scratch::new("bench")?;
        let binary = std::env::current_exe().context("this program cannot find itself")?;
        let mut child = Command::new(binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(&directory.path)
            .args(["--allow-private-targets", "127.0.0.0/8"])
            .env("RUST_LOG", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("the server cannot be started")?;
        let out = child.stdout.take();
        // From here on dropping it ends the child.
        let own = Own { child, directory };
        let mut line = String::new();
        BufReader::new(out.context("the server has no output")?).read_line(&mut line)?;
        let base = line.split_whitespace().find(|word| word.starts_with("http://"));
        let base = base.context("the server did not start; what it said is above")?.to_owned();
        let token = DataDirectory::at(&own.directory.path).credentials().admin_token;
        let admin = Client::new(&base, &token.context("the server kept no admin token")?);
        Ok(Self { own: Some(own), base, admin })
    }

    /// Where it is, and whose it is.
    pub(super) fn told(&self) -> String {
        match &self.own {
            Some(own) => {
                format!(
                    "a server of its own at {}, data in {}",
                    self.base,
                    own.directory.path.display()
                )
            }
            None => format!("the server at {}", self.base),
        }
    }

    /// Makes a tenant with these settings beside no limit of deliveries a minute: a limit would be
    /// measured in place of what the server can do.
    pub(super) async fn tenant(&self, name: &str, settings: Value) -> anyhow::Result<Customer> {
        let id = format!("bench-{name}-{:08x}", rand::random::<u32>());
        let mut all = json!({"limits": {"deliveries_per_minute": 0}});
        if let (Some(all), Value::Object(settings)) = (all.as_object_mut(), settings) {
            all.extend(settings);
        }
        let body = json!({"id": id, "settings": all});
        let made = self.admin.post("/api/v1/admin/tenants", &body).await;
        let made = made.context("a tenant cannot be made; --key must be the admin token")?;
        let key = made.get("api_key").and_then(Value::as_str).context("no key in the answer")?;
        let address = self.base.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let client = Client::new(&self.base, key);
        Ok(Customer { id, client, address, key: key.to_owned() })
    }

    /// The process's user and system time so far; `None` if it is not ours.
    pub(super) fn cpu_time(&self) -> Option<Duration> {
        measure::cpu_time(self.own.as_ref()?.child.id())
    }

    /// The process's resident memory in bytes; `None` if it is not ours.
    pub(super) fn resident_bytes(&self) -> Option<u64> {
        measure::resident_bytes(self.own.as_ref()?.child.id())
    }

    /// Bytes on disk in its directory; `None` if it is not ours.
    pub(super) fn disk_bytes(&self) -> Option<u64> {
        self.own.as_ref().map(|own| disk_bytes(&own.directory.path))
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        // Both fail only for a child that has ended already; its directory goes after it.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Customer {
    /// A connection of its own for events.
    pub(super) async fn connect(&self) -> anyhow::Result<Connection> {
        Connection::open(&self.address, &self.key).await
    }

    /// The tenant's id.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// How many letters are in a condition, of the first page of those that are.
    pub(super) async fn letters(&self, state: &str) -> anyhow::Result<usize> {
        let page = self.client.get(&format!("/api/v1/inbound-log?limit=1&status={state}")).await?;
        Ok(page.get("items").and_then(Value::as_array).map_or(0, Vec::len))
    }

    /// Makes a webhook endpoint for every event; answers its number.
    pub(super) async fn subscribe(&self, target: &str) -> anyhow::Result<u64> {
        let body = json!({"kind": "webhook", "target": target});
        let made = self.client.post(ENDPOINTS, &body).await.with_context(|| {
            format!(
                "the endpoint {target} cannot be made; a given server must allow targets on this \
                 machine: SERENO_ALLOW_PRIVATE_TARGETS=127.0.0.0/8"
            )
        })?;
        made.get("id").and_then(Value::as_u64).context("no id in the answer")
    }

    /// Disables an endpoint and enables it again: what it did before is forgotten.
    pub(super) async fn toggle_twice(&self, endpoint: u64) -> anyhow::Result<()> {
        for _ in 0..2 {
            self.client.post(&format!("{ENDPOINTS}/{endpoint}/toggle"), &json!({})).await?;
        }
        Ok(())
    }

    /// How many attempts the log says arrived.
    pub(super) async fn sent_lines(&self) -> anyhow::Result<usize> {
        let mut sent = 0;
        let mut cursor = String::new();
        loop {
            let path = format!("/api/v1/admin/notify/logs?limit=500&status=sent{cursor}");
            let page = self.client.get(&path).await?;
            sent += page.get("items").and_then(Value::as_array).map_or(0, Vec::len);
            match page.get("next_cursor").and_then(Value::as_str) {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(sent),
            }
        }
    }

    /// Whether all deliveries of an event are recorded as sent.
    pub(super) async fn is_sent(&self, event_id: &str, deliveries: usize) -> anyhow::Result<bool> {
        let event = self.client.get(&format!("/api/v1/events/{event_id}")).await?;
        let counts = event.get("delivery_counts").and_then(Value::as_object);
        let count = |of: &Value| of.as_u64().and_then(|count| usize::try_from(count).ok());
        let counts = counts.context("an event without deliveries")?;
        let all: usize = counts.values().filter_map(count).sum();
        ensure!(all == deliveries, "{event_id} has {all} deliveries");
        Ok(counts.get("sent").and_then(count) == Some(deliveries))
    }
}

fn disk_bytes(directory: &Path) -> u64 {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let bytes = entries.map(|entry| match entry.metadata() {
        Ok(data) if data.is_dir() => disk_bytes(&entry.path()),
        Ok(data) => data.blocks() * 512,
        Err(_) => 0,
    });
    bytes.sum()
}
