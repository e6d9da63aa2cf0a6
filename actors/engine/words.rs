//! What people are told, shown before it is sent.

use sereno_workflows::id::TenantId;
use sereno_workflows::locale::Locale;
use sereno_workflows::template::Channel;

use super::{Engine, EngineError};
use crate::source;
use crate::template::mapping::Mapped;
use crate::template::preview::{self, Preview, Request};

impl Engine {
    /// Shows what a tenant's people or customers would be told.
    pub fn preview(&self, tenant: &TenantId, request: Request) -> Result<Preview, EngineError> {
        let now = self.around.ledger.now().timestamp();
        Ok(preview::preview(&*self.view(tenant)?, request, now)?)
    }

    /// Shows what a payload of a source would come to; changes nothing.
    pub fn preview_source(
        &self,
        tenant: &TenantId,
        request: source::Request,
    ) -> Result<Mapped, EngineError> {
        let now = self.around.ledger.now().timestamp();
        Ok(source::preview(&*self.view(tenant)?, request, now)?)
    }

    /// Shows the built-in words for something, whatever the tenant's own are.
    pub fn built_in_words(
        &self,
        tenant: &TenantId,
        what: (&str, Channel, Locale),
    ) -> Result<Preview, EngineError> {
        let now = self.around.ledger.now().timestamp();
        Ok(preview::example(&*self.view(tenant)?, what, now)?)
    }
}
