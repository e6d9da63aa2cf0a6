//! API keys: made, listed, revoked, recognised. Only their hashes are kept.

use std::sync::Arc;

use sereno_workflows::access::Role;
use sereno_workflows::id::TenantId;

use super::{Engine, EngineError};
use crate::limits;
use crate::record::key::{self, HOME};
use crate::record::{self, KeyRecord};
use crate::store::Batch;
use crate::vault;
use crate::view::TenantView;

impl Engine {
    /// Makes an API key; returns its token, which is not kept, and what is.
    pub async fn create_key(
        &self,
        tenant: &TenantId,
        name: &str,
        role: Role,
    ) -> Result<(String, Arc<KeyRecord>), EngineError> {
        // A tenant that is being deleted gets no key any more.
        let _alone = self.gate.lock().await;
        let view = self.view(tenant)?;
        let count = self.keys.read().values().filter(|key| key.tenant == view.id.as_str()).count();
        if count >= limits::access::KEYS_PER_TENANT_MAX {
            let count = limits::access::KEYS_PER_TENANT_MAX;
            return Err(EngineError::TooMany { count, what: "keys for one tenant" });
        }
        let token = vault::generate_token("sk");
        let hash = vault::hash_token(&token);
        let key = Arc::new(KeyRecord {
            id: format!("key_{}", self.around.ledger.sequence().to_text()),
            tenant: view.id.as_str().to_owned(),
            name: name.to_owned(),
            created_at: self.around.ledger.now().timestamp(),
            role,
        });
        let mut batch = Batch::new(HOME);
        batch.put(key::api_key(&hash), record::encode(&*key));
        self.around.ledger.commit_home(batch).await;
        self.keys.write().insert(hash, Arc::clone(&key));
        Ok((token, key))
    }

    /// Revokes a key by its id.
    pub async fn revoke_key(&self, tenant: &TenantId, id: &str) -> Result<(), EngineError> {
        let _alone = self.gate.lock().await;
        let found = self
            .keys
            .read()
            .iter()
            .find(|(_, key)| key.id == id && key.tenant == tenant.as_str())
            .map(|(hash, _)| *hash);
        let hash = found.ok_or(EngineError::NotFound("key"))?;
        let mut batch = Batch::new(HOME);
        batch.delete(key::api_key(&hash));
        self.around.ledger.commit_home(batch).await;
        self.keys.write().remove(&hash);
        self.streams.look_again();
        Ok(())
    }

    /// A tenant's keys, without their tokens.
    pub fn keys(&self, tenant: &TenantId) -> Vec<Arc<KeyRecord>> {
        let keys = self.keys.read();
        let mut keys: Vec<_> =
            keys.values().filter(|key| key.tenant == tenant.as_str()).cloned().collect();
        keys.sort_by_key(|key| key.created_at);
        keys
    }

    /// The key whose token has this hash, and the tenant that it opens, as it is now.
    pub fn key(&self, hash: &[u8; 32]) -> Option<(Arc<TenantView>, Arc<KeyRecord>)> {
        let key = self.keys.read().get(hash).cloned()?;
        let tenant = key.tenant.parse().ok()?;
        Some((self.view(&tenant).ok()?, key))
    }
}
