//! Receivers on this machine, for people who try things out: what a delivery would reach elsewhere.
//!
//! `sereno listen`, the demo and the tests use them. They speak the real protocols over real sockets
//! and judge what they get: a webhook's signatures, Slack's blocks, a mail's conversation, the Graph
//! API's fields. None of them shares code with the channels that send.

pub mod graph;
mod mime;
pub mod slack;
pub mod smtp;
pub mod verify;
pub mod webhook;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What a receiver got, in the order of arrival; whoever waits for more is woken.
#[derive(Debug)]
pub struct Inbox<T> {
    items: Mutex<Vec<T>>,
    count: watch::Sender<usize>,
}

impl<T: Clone> Inbox<T> {
    /// An empty inbox.
    pub fn new() -> Arc<Self> {
        Arc::new(Self { items: Mutex::default(), count: watch::Sender::new(0) })
    }

    /// Adds one.
    pub fn put(&self, item: T) {
        self.items.lock().push(item);
        self.count.send_modify(|count| *count += 1);
    }

    /// Everything that came so far, which it then no longer holds.
    pub fn take(&self) -> Vec<T> {
        std::mem::take(&mut self.items.lock())
    }

    /// Everything that came so far.
    pub fn all(&self) -> Vec<T> {
        self.items.lock().clone()
    }

    /// Waits until what came so far satisfies `enough`; answers with it, or after `patience` with
    /// what had come by then as the error.
    pub async fn wait(
        &self,
        patience: Duration,
        enough: impl Fn(&[T]) -> bool,
    ) -> Result<Vec<T>, Vec<T>> {
        let mut count = self.count.subscribe();
        let satisfied = async {
            loop {
                count.borrow_and_update();
                let items = self.all();
                if enough(&items) {
                    return items;
                }
                if count.changed().await.is_err() {
                    return items;
                }
            }
        };
        tokio::time::timeout(patience, satisfied).await.map_err(|_| self.all())
    }

    /// A watch that changes with each arrival.
    pub fn watch(&self) -> watch::Receiver<usize> {
        self.count.subscribe()
    }
}

/// A small HTTP server that ends when it is dropped.
#[derive(Debug)]
pub struct Service {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Service {
    /// Serves a router on an address; port 0 takes a free one.
    pub async fn start(address: SocketAddr, router: Router) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::warn!(%error, "a receiver ended");
            }
        });
        Ok(Self { address, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A URL under it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A free port of this machine's own address.
pub fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_waits_is_woken_by_the_arrival_that_is_enough_or_by_the_end_of_patience() {
        let inbox = Inbox::new();
        let (patience, other) = (Duration::from_secs(5), Arc::clone(&inbox));
        let (found, ()) = tokio::join!(inbox.wait(patience, |all| all.len() >= 2), async move {
            other.put("a");
            tokio::task::yield_now().await;
            other.put("b");
        });
        assert_eq!(found, Ok(vec!["a", "b"]));
        let patience = Duration::from_millis(20);
        assert_eq!(inbox.wait(patience, |all| all.len() > 2).await, Err(vec!["a", "b"]));
    }
}
