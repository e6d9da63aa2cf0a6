//! What was counted: questions about it.

use sereno_workflows::id::{EndpointId, Sequence, TenantId};
use sereno_workflows::statistics::{Level, Slot, Tally, Window};
use sereno_workflows::time::{Span, Timestamp};

use super::{Engine, EngineError};
use crate::endpoint::standing::road;

/// What a tenant has counted in a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowCounts {
    /// When it begins.
    pub from: Timestamp,
    /// When it ends: now.
    pub to: Timestamp,
    /// What was counted.
    pub tally: Tally,
}

impl Engine {
    /// What a tenant has counted in a window that ends now.
    pub fn counts(&self, tenant: &TenantId, window: Window) -> Result<WindowCounts, EngineError> {
        let ledger = &self.around.ledger;
        ledger.statistics().take_up(ledger, tenant)?;
        let to = ledger.now().timestamp();
        let tally = ledger.statistics().window(tenant, window, to);
        Ok(WindowCounts { from: window.from(to), to, tally })
    }

    /// What a tenant has counted since the beginning.
    pub fn counts_ever(&self, tenant: &TenantId) -> Result<Tally, EngineError> {
        let ledger = &self.around.ledger;
        ledger.statistics().take_up(ledger, tenant)?;
        Ok(ledger.statistics().ever(tenant))
    }

    /// The slots of a level over a span that ends now, each with its beginning, in order; those in which
    /// nothing was counted are empty. Hours are read from the disk; narrower slots go back as far as their
    /// windows do.
    pub fn series(
        &self,
        tenant: &TenantId,
        level: Level,
        span: Span,
    ) -> Result<Vec<Slot>, EngineError> {
        let ledger = &self.around.ledger;
        let to = ledger.now().timestamp();
        let from = level.slot(to.before(span));
        let mut found = match level {
            Level::Hour => self.hours(tenant, from, to)?,
            Level::Seconds | Level::Minute | Level::Minutes | Level::Ever => {
                ledger.statistics().take_up(ledger, tenant)?;
                ledger.statistics().slots(tenant, level, from)
            }
        };
        let mut slots = Vec::new();
        let mut next = from;
        found.reverse();
        while next <= to {
            let here = found.pop_if(|slot| slot.from <= next);
            slots.push(here.unwrap_or(Slot { from: next, tally: Tally::default() }));
            next = next.after(level.width());
        }
        Ok(slots)
    }

    /// The hours that begin in a span, in order, without those in which nothing was counted.
    pub fn hours(
        &self,
        tenant: &TenantId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Slot>, EngineError> {
        Ok(self.around.ledger.hours_counted(tenant, from..to)?)
    }

    /// The delivery that waits for longest, and for whom, among the first of each queue; those of disabled
    /// endpoints and paused channels are held, and wait for nothing, unless they are being tried already.
    pub fn oldest_waiting(
        &self,
        tenant: &TenantId,
    ) -> Result<Option<(Sequence, EndpointId)>, EngineError> {
        let view = self.view(tenant)?;
        Ok(self.around.ledger.oldest_waiting(tenant, |id| road(&view, id))?)
    }

    /// Everything that was counted of all tenants since the process began.
    pub fn counts_of_server(&self) -> Tally {
        self.around.ledger.statistics().server()
    }
}

#[cfg(test)]
pub(super) mod tests;
