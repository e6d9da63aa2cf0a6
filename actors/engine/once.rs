//! Letters that may come again: each is taken once, however often and at once it is brought.

use std::sync::Arc;

use sereno_workflows::id::{Sequence, TenantId};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::{Engine, EngineError, Letter};
use crate::limits::ARRIVAL_LANES;
use crate::verifier::Mark;

/// What became of a letter that may have come before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It is kept there.
    Kept(Sequence),
    /// It came before, and is kept there since.
    Before(Sequence),
}

/// Where letters go through one behind the other, so that of two that are the same the second waits until
/// the first is durable. Those of different lanes do not wait for each other.
pub(crate) struct Lanes(Vec<Arc<Mutex<()>>>);

/// A letter to be remembered, alone in its lane until it is durable.
pub(super) struct Once {
    pub(super) mark: Mark,
    _lane: OwnedMutexGuard<()>,
}

impl Lanes {
    pub(crate) fn new() -> Self {
        Self((0..ARRIVAL_LANES).map(|_| Arc::default()).collect())
    }

    async fn enter(&self, mark: &Mark) -> OwnedMutexGuard<()> {
        let [first, second, ..] = mark.digest;
        let number = usize::from(u16::from_be_bytes([first, second]));
        let lane = self.0.get(number % ARRIVAL_LANES).map(Arc::clone);
        lane.unwrap_or_default().lock_owned().await
    }
}

impl Engine {
    /// Keeps a genuine letter, as [`Engine::receive`] does, unless the same came before from the same source:
    /// that it came is in the same commit as itself. Without a mark nothing tells it from others.
    pub async fn receive_once(
        &self,
        tenant: &TenantId,
        letter: Letter<'_>,
        mark: Option<Mark>,
    ) -> Result<Arrival, EngineError> {
        let once = match mark {
            None => None,
            Some(mark) => {
                let lane = self.lanes.enter(&mark).await;
                if let Some(place) =
                    self.ledger().taken_before(tenant, letter.road.name(), &mark)?
                {
                    return Ok(Arrival::Before(place));
                }
                Some(Once { mark, _lane: lane })
            }
        };
        let kept = self.keep(tenant, letter, once).await?;
        kept.map(Arrival::Kept).ok_or(EngineError::Busy)
    }
}
