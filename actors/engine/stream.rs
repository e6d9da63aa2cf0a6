//! What happens, live.

use std::sync::Arc;

use sereno_workflows::id::TenantId;

use super::{Engine, EngineError};
use crate::stream::{Place, Refused, Stream};

impl Engine {
    /// Opens a stream of what happens to a tenant: behind a place that a client has seen, or from now on.
    pub async fn stream(
        &self,
        tenant: &TenantId,
        from: Option<Place>,
    ) -> Result<Result<Stream, Refused>, EngineError> {
        self.listing(tenant)?;
        let (streams, tenant) = (Arc::clone(&self.streams), tenant.clone());
        let opened = tokio::task::spawn_blocking(move || streams.open(&tenant, from));
        match opened.await {
            Ok(opened) => Ok(opened),
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
    }

    /// Ends every stream, and opens no more: the server is about to stop.
    pub fn end_streams(&self) {
        self.streams.close();
    }
}
