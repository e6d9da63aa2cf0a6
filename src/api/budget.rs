//! Bytes in transit: of bodies that are still coming in, and of answers that are still going out.
//!
//! Whoever sends slowly, or reads slowly, keeps what is under way in memory for as long. So all of it
//! together has a bound, and one sender a share of what the others leave of that: the more there is under way, the
//! smaller the shares, so that whoever comes last finds room too. What is small goes without: there are never
//! more of those than connections.

use std::collections::{HashMap, HashSet, VecDeque};
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
use tokio::sync::oneshot;

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
}

#[derive(Default)]
struct Used {
    all: usize,
    of: HashMap<String, usize>,
    /// Who waits for room, in the order in which they came.
    waiting: VecDeque<Waiting>,
    /// When the log last said that somebody was refused.
    told: Option<Instant>,
}

/// Somebody who waits for room.
struct Waiting {
    sender: String,
    bytes: usize,
    /// What is given goes back by itself where nobody takes it any more.
    give: oneshot::Sender<Held>,
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

    /// Lets those in who have room now.
    fn let_in(&self) {
        let let_in = self.0.used.lock().let_in();
        for Waiting { sender, bytes, give } in let_in {
            // Whoever went meanwhile gives it back by dropping it.
            drop(give.send(Held { budget: self.clone(), sender, bytes }));
        }
    }
}

impl Held {
    /// Counts so many in all; refused where the sender, or all together, have too many already.
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), Problem> {
        let more = bytes.saturating_sub(self.bytes);
        if more == 0 {
            return Ok(());
        }
        if !self.budget.0.used.lock().take(&self.sender, more) {
            return Err(Problem::busy());
        }
        self.bytes = bytes;
        Ok(())
    }

    /// The same, after waiting for room where there is none, behind those of the same sender who wait
    /// already. Whoever waits should hold nothing yet: those who hold some and wait for more would wait for
    /// each other.
    pub async fn grow_when_free(&mut self, bytes: usize) -> Result<(), Problem> {
        let more = bytes.saturating_sub(self.bytes);
        let given = {
            let mut used = self.budget.0.used.lock();
            let is_first = !used.waiting.iter().any(|other| other.sender == self.sender);
            if more == 0 || is_first && used.take(&self.sender, more) {
                self.bytes = self.bytes.max(bytes);
                return Ok(());
            }
            let (give, given) = oneshot::channel();
            used.waiting.push_back(Waiting { sender: self.sender.clone(), bytes: more, give });
            given
        };
        let patience = Duration::from_millis(ROOM_PATIENCE_MS);
        if let Ok(Ok(mut given)) = tokio::time::timeout(patience, given).await {
            self.bytes += std::mem::take(&mut given.bytes);
            return Ok(());
        }
        // Those behind it need not wait for it any more.
        self.budget.let_in();
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

impl Used {
    /// Counts so many more of a sender's, if there is room for them.
    fn take(&mut self, sender: &str, more: usize) -> bool {
        let before = self.of.get(sender).copied().unwrap_or(0);
        let own = before + more;
        let fits = own <= share(self.all - before);
        if fits {
            self.all += more;
            self.of.insert(sender.to_owned(), own);
        }
        fits
    }

    fn give_back(&mut self, sender: &str, bytes: usize) {
        self.all -= bytes;
        let own = self.of.get(sender).copied().unwrap_or(0) - bytes;
        match own {
            0 => drop(self.of.remove(sender)),
            own => drop(self.of.insert(sender.to_owned(), own)),
        }
    }

    /// Those who have room now, each sender's in order; counted already.
    fn let_in(&mut self) -> Vec<Waiting> {
        let mut behind = HashSet::new();
        let mut let_in = Vec::new();
        for waiting in std::mem::take(&mut self.waiting) {
            if waiting.give.is_closed() {
                continue;
            }
            if !behind.contains(&waiting.sender) && self.take(&waiting.sender, waiting.bytes) {
                let_in.push(waiting);
            } else {
                behind.insert(waiting.sender.clone());
                self.waiting.push_back(waiting);
            }
        }
        let_in
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
        self.budget.0.used.lock().give_back(&self.sender, self.bytes);
        self.budget.let_in();
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

    #[tokio::test]
    async fn b12_who_waits_is_let_in_in_order_and_who_goes_leaves_nothing_behind() {
        let budget = Budget::default();
        let most = TRANSIT_BYTES_MAX / SHARE_OF_REST;
        let mut first = budget.hold(from(1));
        first.grow_to(most).unwrap();
        let wait = |bytes| {
            let budget = budget.clone();
            tokio::spawn(async move {
                let mut held = budget.hold(from(1));
                held.grow_when_free(bytes).await.map(|()| held)
            })
        };
        let waiting = async |count| {
            while budget.0.used.lock().waiting.len() < count {
                tokio::task::yield_now().await;
            }
        };
        let large = wait(most);
        waiting(1).await;
        let gone = wait(most);
        waiting(2).await;
        let small = wait(1_000);
        waiting(3).await;
        assert!(budget.hold(from(2)).grow_when_free(1_000).await.is_ok(), "another does not wait");
        gone.abort();
        assert!(gone.await.is_err());
        drop(first);
        let large = large.await.unwrap().unwrap();
        assert!(!small.is_finished(), "it came later");
        drop(large);
        drop(small.await.unwrap().unwrap());
        let used = budget.0.used.lock();
        assert_eq!((used.all, used.of.len(), used.waiting.len()), (0, 0, 0));
    }
}
