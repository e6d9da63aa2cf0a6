//! Bytes in transit: of bodies that are still coming in, and of answers that are still going out.
//!
//! Whoever sends slowly, or reads slowly, keeps what is under way in memory for as long. So all of it
//! together has a bound, and one sender a share of what the others leave of that: the more there is under way, the
//! smaller the shares, so that whoever comes last finds room too. What is small goes without: there are never
//! more of those than connections.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use parking_lot::Mutex;
use sereno_actors::limits::answers::{
    FREE_BYTES, ROOM_PATIENCE_MS, SHARE_OF_REST, TRANSIT_BYTES_MAX,
};
use tokio::sync::Notify;

use super::App;
use super::address::counted_as;
use super::error::Problem;
use super::inbound::Sender;

/// How often the log says that somebody was refused, at most.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// A bound of bytes, with a share for each sender.
#[derive(Clone, Default)]
pub struct Budget(Arc<Shared>);

#[derive(Default)]
struct Shared {
    used: Mutex<Used>,
    freed: Notify,
}

#[derive(Default)]
struct Used {
    all: usize,
    of: HashMap<String, usize>,
    /// When the log last said that somebody was refused.
    told: Option<Instant>,
}

/// Bytes that count against a budget for as long as this lives.
pub struct Held {
    budget: Budget,
    sender: String,
    bytes: usize,
}

impl Budget {
    /// None yet, for this sender.
    pub fn hold(&self, Sender(sender): Sender) -> Held {
        let sender = sender.map(counted_as).unwrap_or_default();
        Held { budget: self.clone(), sender, bytes: 0 }
    }
}

impl Held {
    /// Counts so many in all; refused where the sender, or all together, have too many already.
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), Problem> {
        let more = bytes.saturating_sub(self.bytes);
        if more == 0 {
            return Ok(());
        }
        let mut used = self.budget.0.used.lock();
        let before = used.of.get(&self.sender).copied().unwrap_or(0);
        let own = before + more;
        if own > share(used.all - before) {
            return Err(Problem::busy());
        }
        used.all += more;
        used.of.insert(self.sender.clone(), own);
        self.bytes = bytes;
        Ok(())
    }

    /// The same, after waiting for room where there is none. Whoever waits should hold nothing yet: those
    /// who hold some and wait for more would wait for each other.
    pub async fn grow_when_free(&mut self, bytes: usize) -> Result<(), Problem> {
        let budget = self.budget.clone();
        let grown = async {
            loop {
                let mut freed = pin!(budget.0.freed.notified());
                freed.as_mut().enable();
                if self.grow_to(bytes).is_ok() {
                    return;
                }
                freed.await;
            }
        };
        let patience = Duration::from_millis(ROOM_PATIENCE_MS);
        if tokio::time::timeout(patience, grown).await.is_ok() {
            return Ok(());
        }
        let mut used = self.budget.0.used.lock();
        if used.told.is_none_or(|told| told.elapsed() >= TOLD_EVERY) {
            used.told = Some(Instant::now());
            tracing::warn!(
                sender = self.sender,
                "too much is coming in at once: large bodies are refused with 503; behind a proxy, set \
                 trusted_proxies, so that each sender has a share of its own"
            );
        }
        Err(Problem::busy())
    }

    /// These bytes, which count until the last of them is dropped.
    pub fn over(self, bytes: Vec<u8>) -> Bytes {
        if self.bytes == 0 {
            return bytes.into();
        }
        Bytes::from_owner(Owned { bytes: bytes.into(), _held: self })
    }
}

/// What one sender may have of what the others, who have so many bytes, leave.
fn share(of_others: usize) -> usize {
    TRANSIT_BYTES_MAX.saturating_sub(of_others) / SHARE_OF_REST
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.bytes == 0 {
            return;
        }
        let mut used = self.budget.0.used.lock();
        used.all -= self.bytes;
        let own = used.of.get(&self.sender).copied().unwrap_or(0) - self.bytes;
        match own {
            0 => drop(used.of.remove(&self.sender)),
            own => drop(used.of.insert(self.sender.clone(), own)),
        }
        drop(used);
        self.budget.0.freed.notify_waiters();
    }
}

struct Owned {
    bytes: Bytes,
    _held: Held,
}

impl AsRef<[u8]> for Owned {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Counts an answer until it has gone out; one that is too much is not given. What was done is told whatever
/// there is under way: only answers to questions are counted.
pub async fn count_answers(
    State(app): State<Arc<App>>,
    sender: Sender,
    request: Request,
    next: Next,
) -> Response {
    let is_question = request.method().is_safe();
    let response = next.run(request).await;
    if !is_question {
        return response;
    }
    let bytes = response.body().size_hint().exact().and_then(|bytes| usize::try_from(bytes).ok());
    let Some(bytes) = bytes.filter(|bytes| *bytes > FREE_BYTES) else { return response };
    let mut held = app.answers.hold(sender);
    if let Err(problem) = held.grow_to(bytes) {
        return problem.into_response();
    }
    let (parts, body) = response.into_parts();
    match axum::body::to_bytes(body, bytes).await {
        Ok(bytes) => {
            let body = Body::from(Bytes::from_owner(Owned { bytes, _held: held }));
            Response::from_parts(parts, body)
        }
        Err(_) => Problem::busy().into_response(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn from(last: u8) -> Sender {
        Sender(Some(IpAddr::V4(Ipv4Addr::new(10, 0, 0, last))))
    }

    #[test]
    fn b12_one_sender_has_a_share_and_it_counts_until_the_last_byte_is_gone() {
        let budget = Budget::default();
        let most = TRANSIT_BYTES_MAX / SHARE_OF_REST;
        let mut first = budget.hold(from(1));
        assert!(first.grow_to(most + 1).is_err());
        first.grow_to(most).unwrap();
        assert!(budget.hold(from(1)).grow_to(1).is_err(), "its share is used up");
        let bytes = first.over(vec![1; 8]);
        let again = bytes.clone();
        drop(bytes);
        assert!(budget.hold(from(1)).grow_to(1).is_err(), "somebody still has them");
        drop(again);
        let mut anew = budget.hold(from(1));
        anew.grow_to(most).unwrap();
        drop(anew);
        let used = budget.0.used.lock();
        assert_eq!((used.all, used.of.len()), (0, 0));
    }

    #[test]
    fn b12_however_many_take_all_that_they_may_a_newcomer_finds_room_and_the_bound_holds() {
        let budget = Budget::default();
        let mut held = Vec::new();
        for last in 1..=20 {
            let mut greedy = budget.hold(from(last));
            let rest = TRANSIT_BYTES_MAX - budget.0.used.lock().all;
            greedy.grow_to(rest / SHARE_OF_REST).unwrap();
            assert!(budget.hold(from(last)).grow_to(1 << 20).is_err(), "no more for {last}");
            held.push(greedy);
            // An honest body of 200 KB, as they are.
            budget.hold(from(99)).grow_to(200_000).unwrap_or_else(|_| panic!("after {last}"));
        }
        assert!(budget.0.used.lock().all < TRANSIT_BYTES_MAX);
        drop(held);
        assert_eq!(budget.0.used.lock().all, 0);
    }
}
