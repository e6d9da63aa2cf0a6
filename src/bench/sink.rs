//! Receivers that cost little, so that what is measured is the server: each notes what came and when.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use httparse::Status;
use memchr::memmem;
use parking_lot::Mutex;
use sereno_actors::priority::let_others_go_first;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::measure::PATIENCE;
use super::progress::Progress;

/// How often it is looked whether all came; each arrival has its own time.
const LOOK: Duration = Duration::from_millis(5);
/// How long to wait where a connection cannot be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);
/// The headers of a delivery, with room for some more.
const HEADERS_MAX: usize = 32;
/// A request that is longer is none of the deliveries that are measured.
const REQUEST_BYTES_MAX: usize = 64 << 10;
/// Room for the request of a usual delivery.
const REQUEST_BYTES: usize = 2 << 10;
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

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

    /// Where connections go.
    pub(super) fn address(&self) -> String {
        self.address.to_string()
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
        open.spawn(async move {
            // The server under test closes it in the middle when it gives up on an attempt.
            converse(stream, manner, &arrivals).await.ok();
        });
        while open.try_join_next().is_some() {}
    }
}

/// Takes requests from a connection and answers each, until the other side closes it.
async fn converse(
    mut stream: TcpStream,
    manner: Manner,
    arrivals: &Mutex<Vec<Arrival>>,
) -> anyhow::Result<()> {
    let mut buffer = Vec::with_capacity(REQUEST_BYTES);
    loop {
        let length = loop {
            if let Some(length) = length_of(&buffer)? {
                break length;
            }
            ensure!(buffer.len() < REQUEST_BYTES_MAX, "a request has no end");
            if stream.read_buf(&mut buffer).await? == 0 {
                // A request that breaks off did not arrive.
                return Ok(());
            }
        };
        let number = number_in(buffer.get(..length).unwrap_or_default());
        arrivals.lock().push(Arrival { number, at: Instant::now() });
        buffer.drain(..length);
        let_others_go_first();
        match manner {
            Manner::Answers => {}
            Manner::Slow(delay) => tokio::time::sleep(delay).await,
            Manner::Hole => {
                // Until the other side has had enough.
                buffer.clear();
                while stream.read_buf(&mut buffer).await? > 0 {
                    buffer.clear();
                }
                return Ok(());
            }
        }
        stream.write_all(ANSWER).await?;
    }
}

/// How many bytes the request at the beginning has; `None` while it is not there as a whole.
fn length_of(bytes: &[u8]) -> anyhow::Result<Option<usize>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut request = httparse::Request::new(&mut headers);
    let Status::Complete(head) = request.parse(bytes)? else { return Ok(None) };
    let length = request.headers.iter().find(|h| h.name.eq_ignore_ascii_case("content-length"));
    let Some(length) = length else { bail!("a delivery has no length") };
    let body: usize = std::str::from_utf8(length.value)?.parse().context("not a length")?;
    ensure!(body < REQUEST_BYTES_MAX, "a delivery is too long");
    Ok(Some(head + body).filter(|whole| *whole <= bytes.len()))
}

/// The number at the end of an event's id, as [`super::load::body`] makes them; 0 for other events.
fn number_in(request: &[u8]) -> u64 {
    const BEFORE: &[u8] = b"\"event_id\":\"";
    let place = memmem::find(request, BEFORE);
    let id = place.and_then(|place| request.get(place + BEFORE.len()..)).unwrap_or_default();
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

    #[test]
    fn a_request_is_whole_once_its_body_is() {
        let request = b"POST /hook HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
        assert_eq!(length_of(&request[..30]).unwrap(), None, "in the middle of the head");
        assert_eq!(length_of(&request[..request.len() - 1]).unwrap(), None, "a byte is missing");
        assert_eq!(length_of(request).unwrap(), Some(request.len()));
        let two = [&request[..], b"POST"].concat();
        assert_eq!(length_of(&two).unwrap(), Some(request.len()), "the next one has begun");
        assert!(length_of(b"POST /hook HTTP/1.1\r\n\r\n").is_err(), "no length");
        assert!(length_of(b"SSH-2.0-OpenSSH\r\n\r\n").is_err());
    }
}
