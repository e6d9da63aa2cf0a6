//! The timers of the next minute, read from the ledger.

use std::collections::BTreeSet;

use sereno_workflows::time::Timestamp;

use crate::ledger::{Ledger, LedgerError};
use crate::limits;
use crate::record::TimerRecord;
use crate::record::key::{self, TimerKey};
use crate::store::Partition;

/// What was read.
pub(super) struct Window {
    /// The timers before the horizon.
    pub(super) timers: Vec<(TimerKey, TimerRecord)>,
    /// All that are due before this were read.
    pub(super) horizon: Timestamp,
    /// When the first of the others is due.
    pub(super) beyond: Option<Timestamp>,
}

/// Reads the timers from `from` until `until` of all partitions. Where there are more than memory
/// should hold, the window ends earlier, at a whole millisecond that is read to its end.
pub(super) fn read_window(
    ledger: &Ledger,
    partitions: &BTreeSet<Partition>,
    from: Timestamp,
    until: Timestamp,
) -> Result<Window, LedgerError> {
    const PAGE: usize = 4_096;
    let mut horizon = until;
    let mut timers = Vec::new();
    let share = limits::TIMERS_IN_MEMORY_MAX / partitions.len().max(1) + PAGE;
    for &partition in partitions {
        let mut next = key::timers_from(from);
        let mut read = 0;
        loop {
            let page = ledger.timers(partition, &next, horizon, PAGE)?;
            let full = page.len() == PAGE;
            read += page.len();
            let last = page.last().map(|(timer, _)| timer.clone());
            timers.extend(page);
            let Some(last) = last.filter(|_| full) else { break };
            next = [&last.to_bytes()[..], &[0]].concat();
            if read >= share {
                horizon = horizon.min(Timestamp(last.due.0 + 1));
            }
        }
    }
    timers.retain(|(timer, _)| timer.due < horizon && !ledger.is_deleted(&timer.tenant));
    let mut beyond: Option<Timestamp> = None;
    for &partition in partitions {
        let first = ledger.timers(partition, &key::timers_from(horizon), Timestamp(i64::MAX), 1)?;
        let due = first.first().map(|(timer, _)| timer.due);
        beyond = [beyond, due].into_iter().flatten().min();
    }
    Ok(Window { timers, horizon, beyond })
}
