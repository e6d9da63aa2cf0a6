//! The eraser: takes the rows of one deleted tenant away, a little at a time, and ends.
//!
//! ```text
//!  deleted (durable) --> rows, slice by slice --> nobody holds the tenant any more --> what came in between
//!        --> the search index has let go of it --> the mark of the deletion goes: its id is free again
//! ```
//! What was removed needs no place to be kept: after a kill it begins again, and finds less. It waits for whoever
//! began before the deletion, so that nothing of the old tenant is written once another may have its id. While the
//! mark stands the ledger writes nothing for the tenant anyhow.

use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef, SupervisionEvent};
use sereno_workflows::id::TenantId;
use tokio::sync::{Semaphore, mpsc};

use crate::ledger::{Ledger, LedgerError};
use crate::limits::erasing::{AGAIN_MS, PATIENCE_MS};
use crate::mirror::feed::Feed;

/// The eraser of one tenant.
pub(crate) struct Eraser {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) feed: Option<Arc<Feed>>,
    pub(crate) tenant: TenantId,
    /// Whose turn it is, of all erasers.
    pub(crate) turns: Arc<Semaphore>,
}

/// That it is to begin, or to begin again.
pub(crate) struct Erase;

/// Closes when nobody holds the tenant any more; nothing where the server was started since.
pub(crate) type Holders = Option<mpsc::Receiver<()>>;

impl Actor for Eraser {
    type Msg = Erase;
    type State = Holders;
    type Arguments = Holders;

    async fn pre_start(
        &self,
        myself: ActorRef<Erase>,
        holders: Holders,
    ) -> Result<Holders, ActorProcessingErr> {
        myself.cast(Erase)?;
        Ok(holders)
    }

    async fn handle(
        &self,
        myself: ActorRef<Erase>,
        Erase: Erase,
        holders: &mut Holders,
    ) -> Result<(), ActorProcessingErr> {
        match self.erase(holders).await {
            Ok(()) => {
                tracing::info!(tenant = %self.tenant, "nothing is left of a deleted tenant");
                myself.stop(None);
            }
            Err(error) => {
                tracing::error!(%error, tenant = %self.tenant, again_in_ms = AGAIN_MS,
                    "the rows of a deleted tenant cannot all be read; it is tried again");
                // The handle is not kept: the task ends by itself.
                drop(myself.send_after(Duration::from_millis(AGAIN_MS), || Erase));
            }
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _myself: ActorRef<Erase>,
        _event: SupervisionEvent,
        _state: &mut Holders,
    ) -> Result<(), ActorProcessingErr> {
        Ok(())
    }
}

impl Eraser {
    async fn erase(&self, holders: &mut Holders) -> Result<(), LedgerError> {
        if let Some(feed) = &self.feed {
            feed.begin_erasing(&self.tenant);
        }
        // What was handed over before the deletion is on its way to the disk.
        self.ledger.settled().await;
        self.rows().await?;
        let patience = Duration::from_millis(PATIENCE_MS);
        if let Some(holders) = holders {
            // Nothing is ever sent. Whoever holds on for longer reads what is gone, and writes nothing yet.
            drop(tokio::time::timeout(patience, holders.recv()).await);
        }
        self.ledger.settled().await;
        self.rows().await?;
        if let Some(let_go) = self.ledger.news().erase(&self.tenant) {
            // An index that fails is built again, without the tenant.
            drop(tokio::time::timeout(patience, let_go).await);
        }
        if let Some(feed) = &self.feed {
            feed.forget(&self.tenant);
        }
        self.ledger.end_deletion(&self.tenant).await;
        Ok(())
    }

    async fn rows(&self) -> Result<(), LedgerError> {
        let mut letter = 1;
        let mut from = crate::record::key::timers_from(sereno_workflows::time::Timestamp(0));
        let (mut rows, mut timers) = (true, true);
        while rows || timers {
            // Never closed.
            let _turn = self.turns.acquire().await;
            if timers {
                timers = self.ledger.erase_timers(&self.tenant, &mut from).await?;
            } else {
                rows = self.ledger.erase_rows(&self.tenant, &mut letter).await?;
            }
            tokio::task::yield_now().await;
        }
        Ok(())
    }
}
