//! What it took to store events and to tell of them: measured by the writer, written with a later commit.
//!
//! No frame can hold the time of its own sync. So the times of a tenant's latest events wait in memory,
//! and some commit that follows takes a page of them along: one row for [`TIMES_PER_PAGE`] events. A
//! process that is killed loses the times of the last few, never an event; one that ends in good order
//! writes them out.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use sereno_workflows::id::{Sequence, TenantId};

use super::{Draft, Ledger, LedgerError};
use crate::limits::{TIMES_HELD_MAX, TIMES_PAGES_LOOKED_AT, TIMES_PER_PAGE};
use crate::record::{self, TimeRecord, TimesRecord, key};
use crate::store::Direction;

/// What storing and triggering an event took, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time {
    /// The event.
    pub event: Sequence,
    /// When it was handed to the writer.
    pub handed_at: u64,
    /// From there until it was durable.
    pub stored: u32,
    /// From there until all had been told who act on it.
    pub triggered: u32,
}

/// The times that wait to be written.
#[derive(Default)]
pub(super) struct Times {
    waiting: Mutex<HashMap<TenantId, Vec<Time>>>,
    /// How many there are of all tenants.
    held: AtomicUsize,
    /// How many tenants have a page together.
    full: AtomicUsize,
}

/// When events were handed to the writer, were durable, and all had been told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moments {
    pub(super) handed: u64,
    pub(super) durable: u64,
    pub(super) told: u64,
}

impl Times {
    /// Notes what a commit took; what is too much for memory is forgotten.
    pub(super) fn note(&self, tenant: &TenantId, events: &[Sequence], at: Moments) {
        if events.is_empty() || self.held.load(Ordering::Relaxed) >= TIMES_HELD_MAX {
            return;
        }
        let mut waiting = self.waiting.lock();
        if !waiting.contains_key(tenant) {
            waiting.insert(tenant.clone(), Vec::with_capacity(TIMES_PER_PAGE));
        }
        let Some(times) = waiting.get_mut(tenant) else { return };
        let before = times.len();
        let (stored, triggered) = (span(at.handed, at.durable), span(at.durable, at.told));
        let time = |&event| Time { event, handed_at: at.handed, stored, triggered };
        times.extend(events.iter().map(time));
        self.held.fetch_add(events.len(), Ordering::Relaxed);
        if before < TIMES_PER_PAGE && times.len() >= TIMES_PER_PAGE {
            self.full.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Adds the tenant's page to a draft, if one is full.
    pub(super) fn add_page(&self, draft: &mut Draft) {
        if self.full.load(Ordering::Relaxed) == 0 {
            return;
        }
        let full = {
            let mut waiting = self.waiting.lock();
            let found = waiting.get_mut(draft.tenant());
            found.filter(|times| times.len() >= TIMES_PER_PAGE).map(std::mem::take)
        };
        if let Some(times) = full {
            self.full.fetch_sub(1, Ordering::Relaxed);
            self.held.fetch_sub(times.len(), Ordering::Relaxed);
            write(draft, times);
        }
    }

    /// What waits of a tenant is of no use to anybody.
    pub(super) fn forget(&self, tenant: &TenantId) {
        let Some(times) = self.waiting.lock().remove(tenant) else { return };
        self.held.fetch_sub(times.len(), Ordering::Relaxed);
        if times.len() >= TIMES_PER_PAGE {
            self.full.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Everything that waits, as drafts.
    pub(super) fn take_all(&self) -> Vec<Draft> {
        let waiting = std::mem::take(&mut *self.waiting.lock());
        let with_times = waiting.into_iter().filter(|(_, times)| !times.is_empty());
        let draft = |(tenant, times): (TenantId, Vec<Time>)| {
            let mut draft = Draft::new(&tenant);
            write(&mut draft, times);
            draft
        };
        with_times.map(draft).collect()
    }

    fn find(&self, tenant: &TenantId, event: Sequence) -> Option<Time> {
        let waiting = self.waiting.lock();
        waiting.get(tenant)?.iter().find(|time| time.event == event).copied()
    }
}

impl Ledger {
    /// What storing and triggering an event took; `None` where the process was killed before that was
    /// written, or where it is no longer kept.
    pub fn time(&self, tenant: &TenantId, event: Sequence) -> Result<Option<Time>, LedgerError> {
        if let Some(time) = self.times.find(tenant, event) {
            return Ok(Some(time));
        }
        // Commits become durable nearly in the order of their events: it is in the first pages that end
        // after it.
        let end = key::after(&key::table(b'g', tenant));
        let range = &key::story::times(tenant, event)[..]..&end[..];
        let (partition, most) = (key::partition(tenant), TIMES_PAGES_LOOKED_AT);
        for (_, value) in self.store.scan(partition, range, Direction::Ascending, most)? {
            let found = read(record::decode(&value)?).find(|time| time.event == event);
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The places under which times are kept that lie before one of them.
    pub(crate) fn times_before(
        &self,
        tenant: &TenantId,
        before: Sequence,
        limit: usize,
    ) -> Result<Vec<Sequence>, LedgerError> {
        let range =
            &key::story::times(tenant, Sequence(0))[..]..&key::story::times(tenant, before)[..];
        let rows = self.store.scan(key::partition(tenant), range, Direction::Ascending, limit)?;
        Ok(rows.iter().filter_map(|(key, _)| key::sequence(key)).collect())
    }
}

impl Draft {
    /// Forgets the times of events up to this one.
    pub(crate) fn forget_times(&mut self, last: Sequence) {
        let key = key::story::times(self.tenant(), last);
        self.batch().delete(key);
    }
}

fn span(from: u64, until: u64) -> u32 {
    u32::try_from(until.saturating_sub(from)).unwrap_or(u32::MAX)
}

fn write(draft: &mut Draft, mut times: Vec<Time>) {
    times.sort_unstable_by_key(|time| time.event);
    for page in times.chunks(2 * TIMES_PER_PAGE) {
        let Some(last) = page.last() else { return };
        let mut before = 0;
        let record = |time: &Time| {
            let step = time.event.0 - before;
            before = time.event.0;
            let handed_after = span(time.event.0, time.handed_at);
            let (stored, triggered) = (time.stored, time.triggered);
            TimeRecord { step, handed_after, stored, triggered }
        };
        let records = TimesRecord(page.iter().map(record).collect());
        let key = key::story::times(draft.tenant(), last.event);
        draft.batch().put(key, record::encode(&records));
    }
}

fn read(TimesRecord(records): TimesRecord) -> impl Iterator<Item = Time> {
    records.into_iter().scan(0_u64, |place, record| {
        *place = place.saturating_add(record.step);
        Some(Time {
            event: Sequence(*place),
            handed_at: place.saturating_add(u64::from(record.handed_after)),
            stored: record.stored,
            triggered: record.triggered,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b09_times_are_written_in_pages_and_read_back_by_their_event() {
        let tenant: TenantId = "a".parse().unwrap();
        let times = Times::default();
        let mut draft = Draft::new(&tenant);
        let count = TIMES_PER_PAGE as u64;
        for number in 0..count {
            times.add_page(&mut draft);
            assert!(draft.is_empty(), "a page is written when it is full");
            let at = 1_000_000 + 10 * number;
            let moments = Moments { handed: at + 3, durable: at + 500, told: at + 502 };
            times.note(&tenant, &[Sequence(at)], moments);
        }
        let known = times.find(&tenant, Sequence(1_000_010)).unwrap();
        assert_eq!((known.handed_at, known.stored, known.triggered), (1_000_013, 497, 2));
        times.add_page(&mut draft);
        assert_eq!(times.find(&tenant, Sequence(1_000_010)), None);
        let [crate::store::Write::Put(_, value)] = &draft.batch().writes[..] else {
            panic!("one row for all of them")
        };
        assert!(value.len() < 10 * TIMES_PER_PAGE, "{} bytes", value.len());
        assert!(read(record::decode(value).unwrap()).any(|time| time == known));
    }
}
