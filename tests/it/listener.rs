//! A client of the live stream, as small as can be.

use serde_json::Value;

use crate::support::{House, PATIENCE};

pub(crate) const STREAM: &str = "/api/v1/stream";

/// A message of a stream.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) event: String,
    pub(crate) data: Value,
}

/// A client of the stream.
pub(crate) struct Listener {
    pub(crate) response: reqwest::Response,
    pub(crate) text: String,
    /// The last id that it saw, as an `EventSource` keeps it.
    pub(crate) last_id: String,
}

impl Listener {
    /// Opens a stream and reads until its first id.
    pub(crate) async fn open(base: &str, key: &str, query: &str, last_id: Option<&str>) -> Self {
        let response = ask(base, key, query, last_id).await;
        assert_eq!(response.status(), 200, "{query}");
        let mut listener = Self { response, text: String::new(), last_id: String::new() };
        while listener.last_id.is_empty() {
            assert!(listener.read().await, "it ended at once");
            listener.skip();
        }
        listener
    }

    /// Whether more came.
    pub(crate) async fn read(&mut self) -> bool {
        let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await;
        match chunk.expect("nothing came") {
            Ok(Some(bytes)) => {
                self.text.push_str(std::str::from_utf8(&bytes).unwrap());
                true
            }
            Ok(None) | Err(_) => false,
        }
    }

    /// Takes in what is no message, but for its id.
    pub(crate) fn skip(&mut self) {
        while let Some(end) = self.text.find("\n\n")
            && !self.text[..end].contains("data: ")
        {
            self.take(end);
        }
    }

    fn take(&mut self, end: usize) -> Message {
        let text: String = self.text.drain(..end + 2).collect();
        let field = |name: &str| {
            text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned()
        };
        let id = field("id: ");
        if !id.is_empty() {
            self.last_id.clone_from(&id);
        }
        let data = serde_json::from_str(&field("data: ")).unwrap_or_default();
        Message { id, event: field("event: "), data }
    }

    /// The next message; none at the end.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        loop {
            self.skip();
            if let Some(end) = self.text.find("\n\n") {
                return Some(self.take(end));
            }
            if !self.read().await {
                return None;
            }
        }
    }

    /// The messages up to the first that is as wanted.
    pub(crate) async fn until(&mut self, fits: impl Fn(&Message) -> bool) -> Vec<Message> {
        let mut all = Vec::new();
        loop {
            let message = self.next().await.unwrap_or_else(|| panic!("it ended after {all:#?}"));
            let found = fits(&message);
            all.push(message);
            if found {
                return all;
            }
        }
    }
}

/// Asks for a stream.
pub(crate) async fn ask(
    base: &str,
    key: &str,
    query: &str,
    last_id: Option<&str>,
) -> reqwest::Response {
    let request = reqwest::Client::new().get(format!("{base}{STREAM}{query}")).bearer_auth(key);
    let request = match last_id {
        Some(id) => request.header("Last-Event-ID", id),
        None => request,
    };
    request.send().await.unwrap()
}

impl House {
    /// Opens a stream of the tenant `default`.
    pub(crate) async fn listen(&self, query: &str) -> Listener {
        Listener::open(&self.base, &self.key(), query, None).await
    }

    /// The same, behind a place.
    pub(crate) async fn listen_after(&self, query: &str, last_id: &str) -> Listener {
        Listener::open(&self.base, &self.key(), query, Some(last_id)).await
    }
}

/// A token that a data directory keeps.
pub(crate) fn token_in(data: &std::path::Path, name: &str) -> String {
    let text = std::fs::read_to_string(data.join("credentials")).unwrap();
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).unwrap().to_owned()
}
