//! The real server as a process of its own, to be killed, starved and cut off.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::json;
use sereno::client::Client;
use tokio::task::JoinSet;

use crate::support::moment;

/// The real server as a process of its own; killed when it is dropped.
pub(crate) struct Process {
    pub(crate) child: Child,
    base: String,
}

impl Process {
    /// Starts the server and waits until it says where it listens.
    pub(crate) fn start(data: &Path, graph_url: &str) -> Self {
        Self::start_with(data, graph_url, &[])
    }

    /// The same with more arguments.
    pub(crate) fn start_with(data: &Path, graph_url: &str, more: &[&str]) -> Self {
        Self::try_start(data, graph_url, &[], more)
            .unwrap_or_else(|said| panic!("no address in {said:?}"))
    }

    /// The same with more in its environment; otherwise what it said instead.
    pub(crate) fn try_start(
        data: &Path,
        graph_url: &str,
        environment: &[(&str, &OsStr)],
        more: &[&str],
    ) -> Result<Self, String> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sereno"))
            .args(["serve", "--listen", "127.0.0.1:0", "--graph-url", graph_url, "--data"])
            .arg(data)
            .args(["--allow-private-targets", "127.0.0.0/8"])
            .args(more)
            .env("RUST_LOG", "error")
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let base = line.split_whitespace().find(|word| word.starts_with("http://"));
        match base.map(str::to_owned) {
            Some(base) => Ok(Self { child, base }),
            None => {
                child.kill().ok();
                child.wait().unwrap();
                Err(line)
            }
        }
    }

    /// A client with the key of the tenant `default`.
    pub(crate) fn client(&self, data: &Path) -> Client {
        let text = std::fs::read_to_string(data.join("credentials")).unwrap();
        let key = text.lines().find_map(|line| line.strip_prefix("api_key=")).unwrap();
        Client::new(&self.base, key)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        self.base.strip_prefix("http://").unwrap()
    }

    /// Ends it in good order.
    pub(crate) fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }

    /// Kills it, as kill -9 does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Whether the long form of the tests was asked for, with `tests/run --long`.
pub(crate) fn is_long() -> bool {
    std::env::var_os("SERENO_TESTS_LONG").is_some()
}

/// Eight clients book as fast as they can until the server is gone; each answers the bookings that
/// were acknowledged. An event and its booking have the same id.
pub(crate) fn book_until_it_ends(client: &Client, round: u64) -> JoinSet<Vec<String>> {
    let mut load = JoinSet::new();
    for worker in 0..8 {
        let client = client.clone();
        load.spawn(async move {
            let mut taken = Vec::new();
            for number in 0.. {
                let id = format!("{round}-{worker}-{number}");
                let event = json!({"event_id": id, "event_type": "reservation.created", "data": {
                    "reservation_id": id, "date_time": moment(3_600_000 + 1_500),
                    "wa_number": format!("+34{round:04}{worker}{number:05}")}});
                match client.post("/api/v1/events", &event).await {
                    Ok(_) => taken.push(id),
                    Err(_) => return taken,
                }
            }
            taken
        });
    }
    load
}

/// Asserts that all of these are there, whole.
pub(crate) async fn all_there<'a>(client: &Client, ids: impl Iterator<Item = &'a String>) {
    for id in ids {
        let event = client.get(&format!("/api/v1/events/{id}")).await;
        assert_eq!(event.unwrap_or_else(|error| panic!("{id} is lost: {error}"))["event_id"], **id);
        let booking = client.get(&format!("/api/v1/reservations/{id}")).await;
        assert!(booking.is_ok(), "{id} is half there");
    }
}
