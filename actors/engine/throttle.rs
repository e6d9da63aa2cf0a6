//! What of the outside's wishes there is room for.

use sereno_workflows::id::TenantId;
use sereno_workflows::invalid::Invalid;
use sereno_workflows::source::SourceLimit;
use sereno_workflows::time::Span;

use super::{Engine, EngineError};

/// A request is one too many; another would be taken after this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Later(pub Span);

impl Engine {
    /// Counts a genuine request to one of a tenant's addresses for inbound webhooks: against what its sender
    /// may send there, where the source says, and against what all may, where the source or the tenant says.
    pub fn allow_request(
        &self,
        tenant: &TenantId,
        (road, limit): (&str, Option<SourceLimit>),
        sender: &str,
    ) -> Result<(), Later> {
        let now = self.around.ledger.now().timestamp();
        let throttles = &self.around.throttles;
        if let Some(each) = limit.and_then(SourceLimit::of_each) {
            let names = ["sender", tenant.as_str(), road, sender];
            throttles.request(&names, each, now).map_err(Later)?;
        }
        let all = limit.and_then(SourceLimit::of_all);
        let all = match (all, self.view(tenant)) {
            (Some(all), _) => all,
            (None, Ok(view)) => view.policy.settings.limits.inbound(),
            (None, Err(_)) => return Ok(()),
        };
        throttles.request(&["road", tenant.as_str(), road], all, now).map_err(Later)
    }

    /// Counts a request that is refused; answers how long its sender is to wait, where that was one too
    /// many. `tenant` is whose limits hold.
    pub fn allow_refusal(&self, tenant: &TenantId, sender: &str) -> Result<(), Later> {
        let now = self.around.ledger.now().timestamp();
        let Ok(view) = self.view(tenant) else { return Ok(()) };
        let allowed = view.policy.settings.limits.refused();
        let names = ["refused", tenant.as_str(), sender];
        self.around.throttles.request(&names, allowed, now).map_err(Later)
    }

    /// Counts events that are about to be submitted; refuses all where they are too many.
    pub fn allow_events(&self, tenant: &TenantId, count: usize) -> Result<(), EngineError> {
        let view = self.view(tenant)?;
        let most = view.policy.settings.limits.events_per_minute;
        if most == 0 {
            return Ok(());
        }
        let now = self.around.ledger.now().timestamp();
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        if count > most {
            let problem = format!(
                "{count} events at once are more than limits.events_per_minute, which is {most}: send \
                 fewer in one request"
            );
            return Err(Invalid::new("", problem).into());
        }
        let taken = self.around.throttles.events(tenant, count, most, now);
        taken.map_err(|wait| EngineError::Limited { what: "limits.events_per_minute", wait })
    }
}
