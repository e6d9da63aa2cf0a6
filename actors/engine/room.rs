//! The room for events under way: what is more is refused at once, so that the caller knows.
//!
//! ```text
//!  submit --> room of all and of the tenant (else "busy") --> the tenant's turn --> actors --> durable
//! ```
//! A tenant has half of all room at most, so there is always some for the others. Of what it has, only a part is
//! at work: a tenant that sends much waits in a line of its own, not as a long row of commits before
//! everybody else's.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use sereno_workflows::id::TenantId;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, TryAcquireError};

use super::{Engine, EngineError};
use crate::limits;
use crate::vitals::Credits;

/// The room.
pub(super) struct Room {
    all: Arc<Semaphore>,
    shares: Mutex<HashMap<TenantId, Arc<Share>>>,
}

/// What one tenant may have of it.
struct Share {
    under_way: Arc<Semaphore>,
    at_work: Arc<Semaphore>,
    exports: Arc<Semaphore>,
}

/// The right to have so many events under way; given back when it is dropped.
pub(crate) struct Credit {
    _of_all: OwnedSemaphorePermit,
    _of_tenant: OwnedSemaphorePermit,
    _at_work: OwnedSemaphorePermit,
}

/// The right to one export; given back when it is dropped.
pub struct Export {
    _of_tenant: OwnedSemaphorePermit,
}

impl Engine {
    /// Begins an export of a tenant; `None` where as many as may be are under way.
    pub fn begin_export(&self, tenant: &TenantId) -> Option<Export> {
        let share = self.room.share(tenant);
        let of_tenant = Arc::clone(&share.exports).try_acquire_owned().ok()?;
        Some(Export { _of_tenant: of_tenant })
    }
}

impl Room {
    /// All of it free.
    pub(super) fn new() -> Self {
        Self { all: full(limits::EVENTS_IN_FLIGHT_MAX), shares: Mutex::default() }
    }

    /// Takes room for so many events, then waits for the tenant's turn.
    pub(super) async fn take(&self, tenant: &TenantId, count: u32) -> Result<Credit, EngineError> {
        let share = self.share(tenant);
        let none = |_: TryAcquireError| EngineError::Busy;
        let of_tenant = Arc::clone(&share.under_way).try_acquire_many_owned(count).map_err(none)?;
        let of_all = Arc::clone(&self.all).try_acquire_many_owned(count).map_err(none)?;
        let most = u32::try_from(limits::EVENTS_AT_WORK_PER_TENANT_MAX).unwrap_or(u32::MAX);
        let at_work = Arc::clone(&share.at_work).acquire_many_owned(count.min(most)).await;
        let at_work = at_work.map_err(|_: AcquireError| EngineError::Busy)?;
        Ok(Credit { _of_all: of_all, _of_tenant: of_tenant, _at_work: at_work })
    }

    /// How much of it is taken.
    pub(super) fn credits(&self) -> Credits {
        let most = limits::EVENTS_IN_FLIGHT_MAX;
        Credits { used: most.saturating_sub(self.all.available_permits()), most }
    }

    fn share(&self, tenant: &TenantId) -> Arc<Share> {
        let mut shares = self.shares.lock();
        let new = || Share {
            under_way: full(limits::EVENTS_IN_FLIGHT_PER_TENANT_MAX),
            at_work: full(limits::EVENTS_AT_WORK_PER_TENANT_MAX),
            exports: full(limits::answers::EXPORTS_PER_TENANT_MAX),
        };
        Arc::clone(shares.entry(tenant.clone()).or_insert_with(|| Arc::new(new())))
    }

    /// Whether there is any left.
    pub(super) fn is_there(&self) -> bool {
        self.all.available_permits() > 0
    }

    /// Lets nobody in any more.
    pub(super) fn close(&self) {
        self.all.close();
    }
}

fn full(room: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(room))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn e01_whoever_sends_much_waits_in_a_line_of_its_own() {
        let room = Room::new();
        let (busy, well) = ("busy".parse().unwrap(), "well".parse().unwrap());
        let whole = u32::try_from(limits::EVENTS_AT_WORK_PER_TENANT_MAX).unwrap();
        let first = room.take(&busy, whole).await.unwrap();
        let mut second = Box::pin(room.take(&busy, 1));
        let patience = Duration::from_millis(50);
        assert!(tokio::time::timeout(patience, &mut second).await.is_err(), "it waits");
        assert!(room.take(&well, whole + 1).await.is_ok(), "more than all is as good as all");
        drop(first);
        assert!(second.await.is_ok());
    }

    #[tokio::test]
    async fn e01_there_is_room_for_others_when_one_has_all_it_may() {
        let room = Room::new();
        let (busy, well) = ("busy".parse().unwrap(), "well".parse().unwrap());
        let most = u32::try_from(limits::EVENTS_IN_FLIGHT_PER_TENANT_MAX).unwrap();
        let _held = room.take(&busy, most).await.unwrap();
        assert!(matches!(room.take(&busy, 1).await, Err(EngineError::Busy)));
        assert!(room.take(&well, 1).await.is_ok());
    }
}
