//! The load: events over keep-alive connections that cost little, in closed loops or open ones.
//!
//! In an open loop events leave by the clock, however long the answers take: a server that stalls is
//! seen to stall, where a loop that waits for answers would politely send less.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use parking_lot::Mutex;
use sereno_actors::priority::let_others_go_first;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::measure::PATIENCE;
use super::subject::Customer;

/// Events in one request of a batch.
pub(super) const PER_REQUEST: usize = 100;
/// How long to wait before what was refused for want of room is sent again.
const ROOM_PAUSE: Duration = Duration::from_millis(5);
/// How much of an answer is read.
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// Characters that make an event's body about 500 bytes, as peers were measured with.
const FILLING: usize = 330;

/// One event as JSON; its id ends in its number.
pub(super) fn body(number: usize) -> String {
    format!(
        r#"{{"event_id":"bench-{number}","event_type":"bench.event","data":{{"n":{number},"note":"{:x<FILLING$}"}}}}"#,
        ""
    )
}

/// Events as a JSON array.
fn bodies(numbers: Range<usize>) -> String {
    let events: Vec<String> = numbers.map(body).collect();
    format!("[{}]", events.join(","))
}

/// One POST.
pub(super) struct Post {
    pub(super) path: String,
    /// Headers of its own, each with the end of its line.
    pub(super) headers: String,
    pub(super) body: String,
}

/// Makes the POST with a number.
pub(super) type MakePost = Box<dyn Fn(usize) -> anyhow::Result<Post> + Send + Sync>;

/// One connection for events and other POSTs.
pub(super) struct Connection {
    stream: TcpStream,
    address: String,
    /// The headers of an event's POST.
    headers: String,
    buffer: Vec<u8>,
}

impl Connection {
    pub(super) async fn open(address: &str, key: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await;
        let stream = stream.with_context(|| format!("no server at {address}"))?;
        stream.set_nodelay(true)?;
        let headers = format!("authorization: Bearer {key}\r\n");
        let address = address.to_owned();
        Ok(Self { stream, address, headers, buffer: Vec::with_capacity(4_096) })
    }

    /// Posts events and waits for the answer's status.
    pub(super) async fn post(&mut self, body: &str) -> anyhow::Result<u16> {
        let headers = self.headers.clone();
        self.post_to("/api/v1/events", &headers, body).await
    }

    /// Posts anything and waits for the answer's status.
    async fn post_to(&mut self, path: &str, headers: &str, body: &str) -> anyhow::Result<u16> {
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\n{headers}content-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        let answered = tokio::time::timeout(PATIENCE, self.exchange(&request)).await;
        answered.context("the server did not answer in time")?
    }

    async fn exchange(&mut self, request: &str) -> anyhow::Result<u16> {
        self.stream.write_all(request.as_bytes()).await?;
        self.buffer.clear();
        loop {
            ensure!(self.buffer.len() < ANSWER_BYTES_MAX, "the server's answer has no end");
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the server closed the connection");
            }
            let text = std::str::from_utf8(&self.buffer).context("the answer is not text")?;
            let Some((head, rest)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length = length.context("the server's answer has no length")?;
            if rest.len() >= length.trim().parse::<usize>()? {
                let status = head.split(' ').nth(1).context("the answer has no status")?;
                return Ok(status.parse()?);
            }
        }
    }

    /// Posts until it is taken: waits where there is no room for it.
    async fn hand_over(&mut self, body: &str) -> anyhow::Result<()> {
        loop {
            match self.post(body).await? {
                202 => return Ok(()),
                429 | 503 => tokio::time::sleep(ROOM_PAUSE).await,
                status => bail!("the server refused events with {status}"),
            }
        }
    }
}

/// Hands over events with these numbers in batches, as fast as the server takes them; `taken`
/// counts them.
pub(super) async fn batches(
    customer: &Customer,
    numbers: Range<usize>,
    connections: usize,
    taken: &Arc<AtomicUsize>,
) -> anyhow::Result<()> {
    let next = Arc::new(AtomicUsize::new(numbers.start));
    let mut load = JoinSet::new();
    for _ in 0..connections {
        let mut connection = customer.connect().await?;
        let (next, taken, end) = (Arc::clone(&next), Arc::clone(taken), numbers.end);
        load.spawn(async move {
            loop {
                let first = next.fetch_add(PER_REQUEST, Ordering::Relaxed);
                let numbers = first..(first + PER_REQUEST).min(end);
                if numbers.is_empty() {
                    return anyhow::Ok(());
                }
                connection.hand_over(&bodies(numbers.clone())).await?;
                let_others_go_first();
                taken.fetch_add(numbers.len(), Ordering::Relaxed);
            }
        });
    }
    while let Some(ended) = load.join_next().await {
        ended??;
    }
    Ok(())
}

/// An event of an open loop: when it left, and when the server had taken it, if it did.
#[derive(Debug, Clone, Copy)]
pub(super) struct Departure {
    pub(super) number: usize,
    pub(super) at: Instant,
    pub(super) taken: Option<Instant>,
}

/// An open loop of single events, or of other POSTs.
pub(super) struct OpenLoop {
    customer: Arc<Customer>,
    idle: Arc<Mutex<Vec<Connection>>>,
    make: Option<Arc<MakePost>>,
}

impl OpenLoop {
    pub(super) fn new(customer: Customer) -> Self {
        Self { customer: Arc::new(customer), idle: Arc::default(), make: None }
    }

    /// A loop of what `make` makes of each number.
    pub(super) fn posting(customer: Customer, make: MakePost) -> Self {
        Self { make: Some(Arc::new(make)), ..Self::new(customer) }
    }

    /// Sends so many events a second for `span`, with numbers from `first` on; answers once every answer
    /// has come or was given up.
    pub(super) async fn run(
        &self,
        per_second: u32,
        span: Duration,
        first: usize,
    ) -> anyhow::Result<Vec<Departure>> {
        let began = Instant::now();
        let mut tick = tokio::time::interval(Duration::from_millis(1).max(span / 100_000));
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let total = due(span, per_second);
        let mut sent = 0;
        let mut under_way = JoinSet::new();
        let mut departures = Vec::with_capacity(total);
        while sent < total {
            tick.tick().await;
            // The one at the start, and one for each part of a second that is over.
            let by_now = (due(began.elapsed(), per_second) + 1).min(total);
            for number in first + sent..first + by_now {
                let (customer, idle) = (Arc::clone(&self.customer), Arc::clone(&self.idle));
                let post = self.make.as_ref().map(|make| make(number)).transpose()?;
                under_way.spawn(send(customer, idle, number, post));
            }
            sent = by_now;
            while let Some(ended) = under_way.try_join_next() {
                departures.push(ended??);
            }
        }
        while let Some(ended) = under_way.join_next().await {
            departures.push(ended??);
        }
        departures.sort_by_key(|departure| departure.number);
        Ok(departures)
    }
}

/// Sends one event, or another POST, on an idle connection, or on a new one where none is idle.
async fn send(
    customer: Arc<Customer>,
    idle: Arc<Mutex<Vec<Connection>>>,
    number: usize,
    post: Option<Post>,
) -> anyhow::Result<Departure> {
    let at = Instant::now();
    let waiting = idle.lock().pop();
    let mut connection = match waiting {
        Some(connection) => connection,
        None => customer.connect().await?,
    };
    let taken = match post {
        Some(Post { path, headers, body }) => {
            connection.post_to(&path, &headers, &body).await? == 200
        }
        None => connection.post(&body(number)).await? == 202,
    };
    let taken = taken.then(Instant::now);
    idle.lock().push(connection);
    let_others_go_first();
    Ok(Departure { number, at, taken })
}

/// How many events are due after so long.
fn due(elapsed: Duration, per_second: u32) -> usize {
    let due = elapsed.as_micros() * u128::from(per_second) / 1_000_000;
    usize::try_from(due).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_loop_sends_what_its_rate_says() {
        assert_eq!(due(Duration::from_secs(20), 50), 1_000);
        assert_eq!(due(Duration::from_micros(19_999), 50), 0);
        assert_eq!(due(Duration::from_millis(20), 50), 1);
    }

    #[test]
    fn a_batch_is_an_array_of_events_of_about_five_hundred_bytes() {
        let events: serde_json::Value = serde_json::from_str(&bodies(7..9)).unwrap();
        assert_eq!(events[1]["event_id"], "bench-8");
        assert!((400..600).contains(&body(1_000_000).len()), "{}", body(1_000_000).len());
    }
}
