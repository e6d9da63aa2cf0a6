//! Receivers that cost little, so that what is measured is the server: each notes what came and when.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use sereno_actors::priority::let_others_go_first;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use super::measure::PATIENCE;
use super::progress::Progress;

/// How often it is looked whether all came; each arrival has its own time.
const LOOK: Duration = Duration::from_millis(5);
/// How long to wait where a connection cannot be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// How a receiver behaves.
#[derive(Debug, Clone, Copy)]
pub(super) enum Manner {
    /// Answers 200 at once.
    Answers,
    /// Answers 200 after so long.
    Slow(Duration),
    /// Reads and never answers.
    Hole,
}

/// A delivery that came: the number in its event's id, and when it was there as a whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    pub(super) number: u64,
    pub(super) at: Instant,
}

/// A receiver; ends when it is dropped.
pub(super) struct Sink {
    arrivals: Arc<Mutex<Vec<Arrival>>>,
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Sink {
    /// Starts one; port 0 takes a free one.
    pub(super) async fn start(address: SocketAddr, manner: Manner) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let arrivals = Arc::new(Mutex::new(Vec::new()));
        let task = tokio::spawn(serve(listener, manner, Arc::clone(&arrivals)));
        Ok(Self { arrivals, address, task })
    }

    /// Where deliveries go.
    pub(super) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// How many came.
    pub(super) fn count(&self) -> usize {
        self.arrivals.lock().len()
    }

    /// Waits until so many came, telling how far it is.
    pub(super) async fn wait(
        &self,
        expected: usize,
        progress: &mut Progress,
        words: impl Fn(usize) -> String,
    ) -> anyhow::Result<()> {
        let (mut came, mut moved) = (0, Instant::now());
        loop {
            let count = self.count();
            if count >= expected {
                return Ok(());
            }
            if count > came {
                (came, moved) = (count, Instant::now());
            }
            ensure!(
                moved.elapsed() < PATIENCE,
                "{came} of {expected} deliveries came, and then none for {} s",
                PATIENCE.as_secs()
            );
            progress.at(|| words(count));
            tokio::time::sleep(LOOK).await;
        }
    }

    /// All that came, which it then no longer holds.
    pub(super) fn take(&self) -> Vec<Arrival> {
        std::mem::take(&mut self.arrivals.lock())
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Takes connections until the task is aborted; they end with it.
async fn serve(listener: TcpListener, manner: Manner, arrivals: Arc<Mutex<Vec<Arrival>>>) {
    let mut open = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Too many open files: some of what is open must end first.
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // Without it a small answer may wait for the other side's acknowledgement.
        stream.set_nodelay(true).ok();
        let arrivals = Arc::clone(&arrivals);
        let service = service_fn(move |request| receive(request, manner, Arc::clone(&arrivals)));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        open.spawn(async move {
            // The server under test closes it in the middle when it gives up on an attempt.
            connection.await.ok();
        });
        while open.try_join_next().is_some() {}
    }
}

async fn receive(
    request: Request<Incoming>,
    manner: Manner,
    arrivals: Arc<Mutex<Vec<Arrival>>>,
) -> Result<Response<Empty<Bytes>>, Infallible> {
    // A body that breaks off did not arrive.
    if let Ok(body) = request.into_body().collect().await {
        let number = number_in(&body.to_bytes());
        arrivals.lock().push(Arrival { number, at: Instant::now() });
    }
    let_others_go_first();
    match manner {
        Manner::Answers => {}
        Manner::Slow(delay) => tokio::time::sleep(delay).await,
        Manner::Hole => std::future::pending().await,
    }
    Ok(Response::new(Empty::new()))
}

/// The number at the end of an event's id, as [`super::load::body`] makes them; 0 for other events.
fn number_in(body: &[u8]) -> u64 {
    const BEFORE: &[u8] = b"\"event_id\":\"";
    let place = body.windows(BEFORE.len()).position(|window| window == BEFORE);
    let id = place.and_then(|place| body.get(place + BEFORE.len()..)).unwrap_or_default();
    let id = id.split(|byte| *byte == b'"').next().unwrap_or_default();
    let digits = id.rsplit(|byte| *byte == b'-').next().unwrap_or_default();
    std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrival_knows_its_events_number() {
        let body = br#"{"data":{"n":1},"event_id":"bench-12","event_type":"bench.event"}"#;
        assert_eq!(number_in(body), 12);
        assert_eq!(number_in(br#"{"event_id":"other"}"#), 0);
        assert_eq!(number_in(b""), 0);
    }
}
