//! How the running server is, for its metrics.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use sereno_workflows::time::Span;

use super::{Engine, EngineError};
use crate::endpoint::standing::road;
use crate::ledger::waiting::Road;
use crate::vitals::{StoreVitals, Vitals};

impl Engine {
    /// How the server is: reads the disk, and counts what waits up to a bound.
    pub fn vitals(&self) -> Result<Vitals, EngineError> {
        let ledger = &self.around.ledger;
        let gauges = &ledger.statistics().gauges;
        let views = self.views();
        let tenants: Vec<_> = views.iter().map(|view| view.id.clone()).collect();
        let views: HashMap<_, _> = views.iter().map(|view| (&view.id, view)).collect();
        let waiting = ledger.all_waiting(&tenants, |tenant, endpoint| {
            views.get(tenant).map_or(Road::Gone, |view| road(view, endpoint))
        })?;
        Ok(Vitals {
            tally: ledger.statistics().server(),
            tenants: tenants.len(),
            entities_alive: gauges.entities.load(Ordering::Relaxed),
            endpoints_alive: gauges.endpoints.load(Ordering::Relaxed),
            attempts: self.around.attempts.credits(),
            events: self.room.credits(),
            waiting: waiting.count,
            held: waiting.held,
            waiting_for: waiting.longest,
            timers: ledger.timers_set()?,
            timer_lateness: gauges.timer_lateness(),
            store: ledger.store_vitals(),
        })
    }

    /// How the store is.
    pub fn store_vitals(&self) -> StoreVitals {
        self.around.ledger.store_vitals()
    }

    /// How many timers should have rung so long ago, counted up to a bound, and since when the first of them
    /// should have.
    pub fn timers_late(&self, by: Span) -> Result<(usize, Span), EngineError> {
        Ok(self.around.ledger.timers_late(by)?)
    }
}
