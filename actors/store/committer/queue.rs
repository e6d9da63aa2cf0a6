//! What waits to be written, in the order of its submission, with a bound.
//!
//! The writer is woken by what somebody waits for. What nobody waits for does not wake it one by one: it goes
//! with the next that is awaited, or when enough of it has gathered, or after a moment. Where several wait at once
//! others are about to, so that groups then begin at a pace: more of them would cost the processor that everybody
//! waits for, and bring nobody's commit to the disk much sooner.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::{self, BoxFuture, Either};
use parking_lot::{Condvar, Mutex};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{Haste, Request};
use crate::limits::commits::{
    COMMIT_GATHERS_US, COMMITS_GATHERED_MAX, COMMITS_PER_GROUP_MAX, COMMITS_QUEUED_MAX, CROWDED_US,
    GROUP_BYTES_MAX, GROUP_CROWDED, GROUP_PACE_US,
};

/// The queue between everybody who commits and the one writer.
pub(super) struct Queue {
    places: Semaphore,
    inside: Mutex<Inside>,
    changed: Condvar,
    began: Instant,
    /// Until when there is a crowd, in microseconds since it began.
    crowded_until_us: AtomicU64,
}

#[derive(Default)]
struct Inside {
    waiting: VecDeque<(Request, Instant)>,
    /// How many of those that wait are awaited by somebody.
    awaited: usize,
    closed: bool,
    writer: Writer,
    /// Until when the next group waits for more, where several waited for the last.
    paced_until: Option<Instant>,
}

/// What the writer does.
#[derive(Default, Clone, Copy)]
enum Writer {
    #[default]
    Works,
    /// Until then, or until something comes where nothing waits.
    Sleeps(Option<Instant>),
}

impl Queue {
    pub(super) fn new() -> Self {
        Self {
            places: Semaphore::new(COMMITS_QUEUED_MAX),
            inside: Mutex::default(),
            changed: Condvar::new(),
            began: Instant::now(),
            crowded_until_us: AtomicU64::new(0),
        }
    }

    /// Whether many have lately come in while few were written.
    pub(super) fn is_crowded(&self) -> bool {
        self.now_us() < self.crowded_until_us.load(Ordering::Relaxed)
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Adds a request: at once, or when there is a place for it; false, and it is dropped, if the queue is closed.
    ///
    /// What is answered is small where there was a place, for it stands in the task of each actor that commits.
    pub(super) fn push(&self, request: Request) -> impl Future<Output = bool> + Send + use<'_> {
        match self.places.try_acquire() {
            Ok(place) => Either::Left(future::ready(self.put(place, request))),
            Err(_) => Either::Right(self.push_later(request)),
        }
    }

    fn push_later(&self, request: Request) -> BoxFuture<'_, bool> {
        async move {
            let Ok(place) = self.places.acquire().await else { return false };
            self.put(place, request)
        }
        .boxed()
    }

    fn put(&self, place: SemaphorePermit<'_>, request: Request) -> bool {
        let mut inside = self.inside.lock();
        if inside.closed {
            return false;
        }
        place.forget();
        inside.awaited += usize::from(request.haste == Haste::Awaited);
        inside.waiting.push_back((request, Instant::now()));
        let wakes = match inside.writer {
            Writer::Works => false,
            Writer::Sleeps(until) => {
                until.is_none_or(|until| inside.next_at().is_some_and(|next| next < until))
            }
        };
        if wakes {
            inside.writer = Writer::Works;
            drop(inside);
            self.changed.notify_one();
        }
        true
    }

    /// The requests of the next group, once there is one; nothing when the queue is closed and empty.
    pub(super) fn next_group(&self) -> Option<Vec<Request>> {
        let mut inside = self.inside.lock();
        loop {
            let next = inside.next_at();
            match next {
                None if inside.closed => return None,
                Some(next) if next <= Instant::now() => break,
                None | Some(_) => inside.writer = Writer::Sleeps(next),
            }
            match next {
                None => self.changed.wait(&mut inside),
                Some(next) => drop(self.changed.wait_until(&mut inside, next)),
            }
        }
        inside.writer = Writer::Works;
        let several = inside.awaited > 1;
        inside.paced_until = several.then(|| Instant::now() + Duration::from_micros(GROUP_PACE_US));
        let group = inside.take_group();
        drop(inside);
        if group.len() > GROUP_CROWDED {
            self.crowded_until_us.store(self.now_us() + CROWDED_US, Ordering::Relaxed);
        }
        self.places.add_permits(group.len());
        Some(group)
    }

    /// Takes nothing more; what waits is still handed out.
    pub(super) fn close(&self) {
        self.inside.lock().closed = true;
        self.places.close();
        self.changed.notify_one();
    }
}

impl Inside {
    /// When the next group is to begin, if anything waits for it.
    fn next_at(&self) -> Option<Instant> {
        let &(_, since) = self.waiting.front()?;
        if self.closed || self.waiting.len() >= COMMITS_GATHERED_MAX {
            return Some(since);
        }
        let gathered = since + Duration::from_micros(COMMIT_GATHERS_US);
        if self.awaited == 0 {
            return Some(gathered);
        }
        Some(self.paced_until.unwrap_or(since).min(gathered))
    }

    fn take_group(&mut self) -> Vec<Request> {
        let mut bytes = 0;
        let mut group = Vec::with_capacity(self.waiting.len().min(COMMITS_PER_GROUP_MAX));
        while group.len() < COMMITS_PER_GROUP_MAX
            && bytes < GROUP_BYTES_MAX
            && let Some((request, _)) = self.waiting.pop_front()
        {
            bytes += request.batch.bytes();
            self.awaited -= usize::from(request.haste == Haste::Awaited);
            group.push(request);
        }
        group
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::Beside;
    use super::*;
    use crate::store::{Batch, Partition};

    fn request(haste: Haste, bytes: usize) -> Request {
        let mut batch = Batch::new(Partition(0));
        batch.put(vec![0; bytes], Vec::new());
        Request { batch, beside: Beside::default(), haste, then: Box::new(|| {}) }
    }

    #[tokio::test]
    async fn a01_what_is_awaited_takes_along_what_came_before_it_in_its_order() {
        let queue = Queue::new();
        for (haste, bytes) in [(Haste::Gathered, 1), (Haste::Awaited, 2), (Haste::Gathered, 3)] {
            assert!(queue.push(request(haste, bytes)).await);
        }
        let sizes: Vec<_> =
            queue.next_group().unwrap().iter().map(|request| request.batch.bytes()).collect();
        assert_eq!(sizes, [1, 2, 3]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a01_what_nobody_awaits_is_written_after_a_moment() {
        let queue = Arc::new(Queue::new());
        let began = Instant::now();
        assert!(queue.push(request(Haste::Gathered, 1)).await);
        let writer = Arc::clone(&queue);
        let group = tokio::task::spawn_blocking(move || writer.next_group()).await.unwrap();
        assert_eq!(group.unwrap().len(), 1);
        assert!(began.elapsed() >= Duration::from_micros(COMMIT_GATHERS_US));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a01_where_several_wait_groups_begin_at_a_pace() {
        let pace = Duration::from_micros(GROUP_PACE_US);
        let queue = Arc::new(Queue::new());
        let next = || {
            let writer = Arc::clone(&queue);
            async move { tokio::task::spawn_blocking(move || writer.next_group()).await.unwrap() }
        };
        for _ in 0..2 {
            assert!(queue.push(request(Haste::Awaited, 1)).await);
        }
        let began = Instant::now();
        assert_eq!(next().await.unwrap().len(), 2);
        assert!(queue.push(request(Haste::Awaited, 1)).await);
        assert_eq!(next().await.unwrap().len(), 1);
        assert!(began.elapsed() >= pace, "{:?}", began.elapsed());
        assert!(queue.inside.lock().paced_until.is_none(), "one alone sets no pace");
        for count in [2, COMMITS_GATHERED_MAX] {
            for _ in 0..count {
                assert!(queue.push(request(Haste::Awaited, 1)).await);
            }
            queue.inside.lock().paced_until =
                (count > 2).then(|| Instant::now() + Duration::from_secs(3_600));
            assert_eq!(next().await.unwrap().len(), count);
        }
    }

    #[tokio::test]
    async fn a01_enough_of_what_nobody_awaits_is_a_group_and_a_group_has_a_bound() {
        let queue = Queue::new();
        for _ in 0..COMMITS_PER_GROUP_MAX + 1 {
            assert!(queue.push(request(Haste::Gathered, 1)).await);
        }
        assert!(!queue.is_crowded());
        assert_eq!(queue.next_group().unwrap().len(), COMMITS_PER_GROUP_MAX);
        assert!(queue.is_crowded());
        queue.close();
        assert_eq!(queue.next_group().unwrap().len(), 1);
        assert!(queue.next_group().is_none());
        for _ in 0..2 {
            assert!(!queue.push(request(Haste::Awaited, 1)).await, "it takes more after its end");
        }
    }

    #[tokio::test]
    async fn a01_what_finds_no_place_waits_for_one_in_its_turn() {
        let queue = Queue::new();
        for _ in 0..COMMITS_QUEUED_MAX {
            assert_eq!(queue.push(request(Haste::Gathered, 1)).now_or_never(), Some(true));
        }
        let mut late = Box::pin(queue.push(request(Haste::Awaited, 2)));
        assert_eq!((&mut late).now_or_never(), None);
        let mut taken = queue.next_group().unwrap();
        assert!(late.await);
        while taken.len() <= COMMITS_QUEUED_MAX {
            taken.extend(queue.next_group().unwrap());
        }
        let sizes: Vec<_> = taken.iter().map(|request| request.batch.bytes()).collect();
        assert_eq!((sizes.len(), sizes.last()), (COMMITS_QUEUED_MAX + 1, Some(&2)));
    }

    #[tokio::test]
    async fn a01_what_waits_for_a_place_is_dropped_when_the_queue_is_closed() {
        let queue = Queue::new();
        for _ in 0..COMMITS_QUEUED_MAX {
            assert!(queue.push(request(Haste::Gathered, 1)).await);
        }
        let mut late = Box::pin(queue.push(request(Haste::Awaited, 2)));
        assert_eq!((&mut late).now_or_never(), None);
        queue.close();
        assert!(!late.await);
    }

    #[tokio::test]
    async fn a01_a_group_ends_where_its_bytes_do() {
        let queue = Queue::new();
        for _ in 0..3 {
            assert!(queue.push(request(Haste::Awaited, GROUP_BYTES_MAX / 2)).await);
        }
        assert_eq!(queue.next_group().unwrap().len(), 2);
        assert_eq!(queue.next_group().unwrap().len(), 1);
    }
}
