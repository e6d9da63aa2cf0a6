//! A tenant is deleted: at once for everybody who asks, and from the disk in the time that it takes.

use sereno_workflows::id::TenantId;
use tokio::sync::oneshot;

use super::{Engine, EngineError};
use crate::root::RootMessage;

impl Engine {
    /// Deletes a tenant. Once this returns it is gone for good: its keys open nothing, its actors have ended, and
    /// its rows go from the disk by work that a restart resumes. Until they are gone no tenant of its id is made.
    /// Of one that is being deleted already nothing more is to be done.
    ///
    /// # Errors
    /// There is no such tenant.
    pub async fn delete_tenant(&self, id: &TenantId) -> Result<(), EngineError> {
        let _alone = self.gate.lock().await;
        if self.around.ledger.is_deleted(id) {
            return Ok(());
        }
        let keys: Vec<[u8; 32]> = {
            let keys = self.keys.read();
            let own = keys.iter().filter(|(_, key)| key.tenant == id.as_str());
            own.map(|(hash, _)| *hash).collect()
        };
        let (reply, answer) = oneshot::channel();
        let cast = self.root.cast(RootMessage::Delete(id.clone(), keys, reply));
        cast.map_err(|_| EngineError::Busy)?;
        // The root always answers, and must have the last word: nobody is told that it failed while it goes on.
        let deleted = answer.await.map_err(|_| EngineError::Busy)?;
        if !deleted {
            return Err(EngineError::NotFound("tenant"));
        }
        self.forget_keys(id);
        Ok(())
    }

    /// Keys that nobody has any more; they open nothing as it is, since there is no such tenant.
    pub(super) fn forget_keys(&self, id: &TenantId) {
        self.keys.write().retain(|_, key| key.tenant != id.as_str());
        self.streams.look_again();
    }

    /// The tenants that were deleted and of which rows are still there.
    pub fn deleted_tenants(&self) -> Vec<TenantId> {
        self.around.ledger.deleted_tenants()
    }
}
