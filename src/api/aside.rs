//! Whose turn it is to read many rows: away from the threads that serve requests, so many at once, and of
//! one tenant no more than its share.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use parking_lot::Mutex;
use sereno_actors::limits::CALL_TIMEOUT_MS;
use sereno_actors::limits::answers::{READS_AT_ONCE_MAX, READS_PER_TENANT_MAX};
use sereno_workflows::id::TenantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::Problem;

/// The turns of all. The threads that read are the process's, and so is this.
static READERS: LazyLock<Arc<Semaphore>> =
    LazyLock::new(|| Arc::new(Semaphore::new(READS_AT_ONCE_MAX)));
/// The turns of each that reads now.
static SHARES: LazyLock<Mutex<HashMap<Whose, Arc<Semaphore>>>> = LazyLock::new(Mutex::default);

/// A tenant, or nobody in particular.
type Whose = Option<TenantId>;

/// A turn; it ends when this is dropped, its parts in this order.
struct Turn {
    _common: OwnedSemaphorePermit,
    _own: OwnedSemaphorePermit,
    _share: Share,
}

/// The turns of one, for as long as somebody has or awaits one of them.
struct Share {
    whose: Whose,
    turns: Option<Arc<Semaphore>>,
}

impl Share {
    fn of(whose: Whose) -> Self {
        let mut shares = SHARES.lock();
        let turns = shares.entry(whose.clone());
        let turns = turns.or_insert_with(|| Arc::new(Semaphore::new(READS_PER_TENANT_MAX)));
        let turns = Some(Arc::clone(turns));
        Self { whose, turns }
    }

    /// Waits for the tenant's own turn first, so that those who wait for another's are none of its own.
    async fn turn(self) -> Option<Turn> {
        let own = Arc::clone(self.turns.as_ref()?).acquire_owned().await.ok()?;
        let common = Arc::clone(&READERS).acquire_owned().await.ok()?;
        Some(Turn { _common: common, _own: own, _share: self })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut shares = SHARES.lock();
        drop(self.turns.take());
        // Only the table has it still.
        if shares.get(&self.whose).is_some_and(|turns| Arc::strong_count(turns) == 1) {
            shares.remove(&self.whose);
        }
    }
}

/// Runs work of a tenant, or of nobody in particular, that reads many rows.
pub(super) async fn aside<T: Send + 'static>(
    whose: impl Into<Option<TenantId>>,
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let turn = Share::of(whose.into()).turn();
    let turn = tokio::time::timeout(Duration::from_millis(CALL_TIMEOUT_MS), turn).await;
    let turn = turn.ok().flatten().ok_or_else(Problem::busy)?;
    // Kept until the work has ended, even if nobody waits for it any more.
    let work = move || {
        let _turn = turn;
        work()
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn f04_one_tenants_questions_leave_others_their_turn() {
        let [noisy, calm] = ["noisy", "calm"].map(|id| id.parse::<TenantId>().unwrap());
        let (end, ended) = mpsc::channel::<()>();
        let ended = Arc::new(Mutex::new(ended));
        let waiting: Vec<_> = (0..READS_AT_ONCE_MAX * 2)
            .map(|_| {
                let (ended, noisy) = (Arc::clone(&ended), noisy.clone());
                tokio::spawn(
                    async move { aside(noisy, move || Ok(ended.lock().recv().is_ok())).await },
                )
            })
            .collect();
        while READERS.available_permits() > READS_AT_ONCE_MAX - READS_PER_TENANT_MAX {
            tokio::task::yield_now().await;
        }
        assert!(aside(calm.clone(), || Ok(true)).await.unwrap());
        assert_eq!(READERS.available_permits(), READS_AT_ONCE_MAX - READS_PER_TENANT_MAX);
        drop(end);
        for waits in waiting {
            assert!(!waits.await.unwrap().unwrap());
        }
        assert!(!SHARES.lock().contains_key(&Some(calm)), "nobody of it reads");
        assert!(!SHARES.lock().contains_key(&Some(noisy)), "nor of the other");
    }
}
