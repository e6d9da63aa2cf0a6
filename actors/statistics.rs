//! What is counted of every tenant, as its commits pass; nothing is looked for later.
//!
//! ```text
//!  Draft.tally() --> committer's group --> series of the tenant (memory) --> questions
//!                        |
//!                        +-- in the same group: one row with what it adds; now and then the slots
//!                            themselves, and the rows that they contain go
//! ```
//! What a commit adds is durable with it, once: a row that is still there was not yet in a slot when the
//! slots were written. So counts are exact after a kill, and cost one small row for a group of commits.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use sereno_workflows::id::{EndpointId, Sequence, TenantId};
use sereno_workflows::statistics::{Level, Series, Slot, Tally, Window};
use sereno_workflows::time::{Span, Timestamp};

use crate::ledger::statistics::put_slot;
use crate::ledger::{Ledger, LedgerError};
use crate::limits;
use crate::record::key::{self, statistics as keys};
use crate::record::{self, SlotRecord};
use crate::store::Batch;
use crate::vitals::Gauges;

/// The counts of all tenants.
#[derive(Default)]
pub(crate) struct Statistics {
    tenants: Mutex<HashMap<TenantId, Counted>>,
    /// Everything since the process began, for metrics.
    server: Mutex<Tally>,
    /// What the server's parts measure of themselves.
    pub(crate) gauges: Gauges,
    stopped: AtomicBool,
}

/// One tenant's counts.
#[derive(Default)]
struct Counted {
    series: Series,
    /// Rows that are not in the slots on disk.
    rows: Vec<Sequence>,
    /// When the slots were written last.
    written: Timestamp,
    /// When something was counted last.
    latest: Timestamp,
    /// Whether somebody was told to look at it.
    told: bool,
}

/// What a commit counts.
#[derive(Debug)]
pub(crate) struct Counting {
    pub(crate) tenant: TenantId,
    pub(crate) tally: Box<Tally>,
}

/// What a group of commits adds, by tenant.
#[derive(Default)]
pub(crate) struct Group {
    tallies: BTreeMap<TenantId, Box<Tally>>,
    /// Tenants whose counts somebody should look at.
    fresh: Vec<TenantId>,
}

impl Group {
    /// Adds what a commit counts.
    pub(crate) fn add(&mut self, counting: Counting) {
        let Counting { tenant, tally } = counting;
        match self.tallies.get_mut(&tenant) {
            Some(sum) => sum.gather(&tally),
            None => drop(self.tallies.insert(tenant, tally)),
        }
    }

    /// Tenants whose counts somebody should look at, once what was counted is durable.
    pub(crate) fn take_fresh(&mut self) -> Vec<TenantId> {
        std::mem::take(&mut self.fresh)
    }
}

impl Statistics {
    /// From now on nothing is counted.
    pub(crate) fn stop_counting(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether what happens is counted.
    pub(crate) fn counts(&self) -> bool {
        !self.stopped.load(Ordering::Relaxed)
    }

    /// Reads a tenant's counts, unless they are in memory.
    pub(crate) fn take_up(&self, ledger: &Ledger, tenant: &TenantId) -> Result<(), LedgerError> {
        if self.tenants.lock().contains_key(tenant) {
            return Ok(());
        }
        let now = ledger.now().timestamp();
        let mut read = Counted { written: now, latest: now, ..Counted::default() };
        for level in Level::ALL {
            let places = match level {
                // Of the hours, only those are held to which something may be added; see below.
                Level::Hour => continue,
                _ => 0..level.slots(),
            };
            for slot in ledger.slots(tenant, level, places)? {
                read.series.restore(level, slot, now);
            }
        }
        let added = ledger.added(tenant)?;
        // What was added before the end may belong to an hour long past: it goes on where it was, or the
        // next writing would put a part of it in the place of the whole.
        let moments = added.iter().map(|(_, slot)| slot.from).chain([now]);
        let hours: BTreeSet<_> = moments.map(|at| Level::Hour.slot(at)).collect();
        for hour in hours {
            let place = Level::Hour.place(hour);
            let found = ledger.slots(tenant, Level::Hour, place..place + 1)?;
            found.into_iter().filter(|slot| slot.from == hour).for_each(|slot| {
                read.series.resume(slot);
            });
        }
        for (number, slot) in added {
            read.series.add(slot.from, &slot.tally);
            read.rows.push(number);
        }
        let mut tenants = self.tenants.lock();
        if tenants.len() >= limits::TALLIED_TENANTS_MAX {
            // Whoever was quiet for so long has everything on disk.
            let quiet = Span::millis(limits::TALLIED_QUIET_MS);
            tenants.retain(|_, counted| now.since(counted.latest) < quiet);
        }
        tenants.entry(tenant.clone()).or_insert(read);
        Ok(())
    }

    /// Counts what a group of commits adds, at a moment; answers what is to be written with the group.
    pub(crate) fn close(
        &self,
        group: &mut Group,
        now: Timestamp,
        mut number: impl FnMut() -> Sequence,
    ) -> Vec<Batch> {
        if group.tallies.is_empty() {
            return Vec::new();
        }
        let mut tenants = self.tenants.lock();
        let mut server = self.server.lock();
        let mut batches = Vec::with_capacity(group.tallies.len());
        for (tenant, tally) in std::mem::take(&mut group.tallies) {
            server.gather(&tally);
            if server.is_wide() {
                server.settle();
            }
            let counted = tenants.entry(tenant.clone()).or_default();
            if !std::mem::replace(&mut counted.told, true) {
                group.fresh.push(tenant.clone());
            }
            batches.push(counted.add(&tenant, *tally, now, number()));
        }
        batches
    }

    /// Somebody looks at a tenant's counts now; what is counted from here on is told of again.
    pub(crate) fn look(&self, tenant: &TenantId) {
        if let Some(counted) = self.tenants.lock().get_mut(tenant) {
            counted.told = false;
        }
    }

    /// What a tenant has counted in a window that ends now.
    pub(crate) fn window(&self, tenant: &TenantId, window: Window, now: Timestamp) -> Tally {
        let mut tenants = self.tenants.lock();
        tenants
            .get_mut(tenant)
            .map(|counted| counted.series.window(window, now))
            .unwrap_or_default()
    }

    /// How long the slowest of the latest attempts at these endpoints of a tenant took, in milliseconds.
    pub(crate) fn slowest_lately(
        &self,
        tenant: &TenantId,
        endpoints: &[EndpointId],
        now: Timestamp,
    ) -> Option<u64> {
        let mut tenants = self.tenants.lock();
        let series = &mut tenants.get_mut(tenant)?.series;
        let took = |id: &EndpointId| series.latest_attempts(id.0, now)?.took.quantile(1.0);
        endpoints.iter().filter_map(took).max()
    }

    /// What a tenant has counted since the beginning.
    pub(crate) fn ever(&self, tenant: &TenantId) -> Tally {
        self.tenants.lock().get_mut(tenant).map(|counted| counted.series.ever()).unwrap_or_default()
    }

    /// The slots of a level from a moment on.
    pub(crate) fn slots(&self, tenant: &TenantId, level: Level, from: Timestamp) -> Vec<Slot> {
        let mut tenants = self.tenants.lock();
        let Some(counted) = tenants.get_mut(tenant) else { return Vec::new() };
        let slots = counted.series.from(level, from);
        slots.map(|(from, tally)| Slot { from, tally: tally.clone() }).collect()
    }

    /// A tenant is gone.
    pub(crate) fn forget(&self, tenant: &TenantId) {
        self.tenants.lock().remove(tenant);
    }

    /// Everything that was counted of all tenants since the process began.
    pub(crate) fn server(&self) -> Tally {
        let mut server = self.server.lock();
        server.settle();
        server.clone()
    }
}

impl Counted {
    fn add(
        &mut self,
        tenant: &TenantId,
        mut tally: Tally,
        now: Timestamp,
        number: Sequence,
    ) -> Batch {
        self.series.add(now, &tally);
        tally.settle();
        self.latest = now;
        let mut batch = Batch::new(key::partition(tenant));
        let row = record::encode(&SlotRecord(Slot { from: now, tally }));
        let old = now.since(self.written) >= Span::millis(limits::TALLY_MS_MAX);
        let many = self.rows.len() >= limits::TALLY_ROWS_MAX;
        if !old && !many && row.len() <= limits::VALUE_BYTES_MAX {
            self.rows.push(number);
            batch.put(keys::added(tenant, number), row);
            return batch;
        }
        for (level, slot) in self.series.take_changed(now) {
            put_slot(&mut batch, tenant, level, slot);
        }
        for row in self.rows.drain(..) {
            batch.delete(keys::added(tenant, row));
        }
        self.written = now;
        batch
    }
}
