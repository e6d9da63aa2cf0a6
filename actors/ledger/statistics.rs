//! What was counted, as it is on disk.

use std::ops::Range;

use sereno_workflows::id::{Sequence, TenantId};
use sereno_workflows::statistics::{Level, Slot};
use sereno_workflows::time::Timestamp;

use super::{Ledger, LedgerError};
use crate::limits::VALUE_BYTES_MAX;
use crate::record::key::{self, statistics as keys};
use crate::record::{self, SlotRecord};
use crate::store::{Batch, Direction};

/// Slots that are read at once.
const PAGE_ROWS: usize = 256;

impl Ledger {
    /// The slots of a level at these places of its ring, as they were written.
    pub(crate) fn slots(
        &self,
        tenant: &TenantId,
        level: Level,
        places: Range<u32>,
    ) -> Result<Vec<Slot>, LedgerError> {
        let partition = key::partition(tenant);
        let mut next = keys::slot(tenant, level, places.start);
        let end = keys::slot(tenant, level, places.end);
        let mut slots = Vec::new();
        loop {
            let range = &next[..]..&end[..];
            let rows = self.store.scan(partition, range, Direction::Ascending, PAGE_ROWS)?;
            let Some((last, _)) = rows.last() else { return Ok(slots) };
            next = [&last[..], &[0]].concat();
            for (key, value) in rows {
                let SlotRecord(slot) =
                    record::decode(&self.whole_slot(tenant, level, &key, value)?)?;
                slots.push(slot);
            }
        }
    }

    /// The hours of a span, in order; those in which nothing was counted are left out.
    pub(crate) fn hours(
        &self,
        tenant: &TenantId,
        span: Range<Timestamp>,
    ) -> Result<Vec<Slot>, LedgerError> {
        let first = Level::Hour.place(span.start);
        let last = Level::Hour.place(Timestamp(span.end.0 - 1));
        // The ring may begin anew within the span.
        let (until, more) = match first <= last {
            true => (last + 1, 0),
            false => (Level::Hour.slots(), last + 1),
        };
        let mut hours = self.slots(tenant, Level::Hour, first..until)?;
        hours.append(&mut self.slots(tenant, Level::Hour, 0..more)?);
        hours.retain(|slot| span.contains(&slot.from));
        hours.sort_by_key(|slot| slot.from);
        Ok(hours)
    }

    /// The hours that begin in a span, in order, up to this moment; those in which nothing was counted are
    /// left out.
    pub(crate) fn hours_counted(
        &self,
        tenant: &TenantId,
        span: Range<Timestamp>,
    ) -> Result<Vec<Slot>, LedgerError> {
        self.statistics.take_up(self, tenant)?;
        // Before the disk is read: what is written meanwhile is no longer held, and is found there.
        let held = self.statistics.slots(tenant, Level::Hour, span.start);
        let mut hours = match span.end > span.start {
            true => self.hours(tenant, span.clone())?,
            false => Vec::new(),
        };
        // Those that are held are on disk as they were some seconds ago.
        hours.retain(|slot| held.iter().all(|held| held.from != slot.from));
        hours.extend(held.into_iter().filter(|slot| span.contains(&slot.from)));
        hours.sort_by_key(|slot| slot.from);
        Ok(hours)
    }

    /// What was added since the slots were written, in order.
    pub(crate) fn added(&self, tenant: &TenantId) -> Result<Vec<(Sequence, Slot)>, LedgerError> {
        let table = key::table(b'd', tenant);
        let range = &table[..]..&key::after(&table)[..];
        let most = crate::limits::TALLY_ROWS_MAX * 2;
        let rows = self.store.scan(key::partition(tenant), range, Direction::Ascending, most)?;
        let read = |(key, value): (Vec<u8>, Vec<u8>)| {
            let SlotRecord(slot) = record::decode(&value)?;
            Ok((key::sequence(&key).unwrap_or_default(), slot))
        };
        rows.into_iter().map(read).collect()
    }

    fn whole_slot(
        &self,
        tenant: &TenantId,
        level: Level,
        key: &[u8],
        first: Vec<u8>,
    ) -> Result<Vec<u8>, LedgerError> {
        let place = key.last_chunk::<4>().map_or(0, |place| u32::from_be_bytes(*place));
        let mut whole = first;
        let mut number = 0;
        // A piece that is not full is the last.
        while whole.len() == VALUE_BYTES_MAX * (usize::from(number) + 1) {
            let key = keys::slot_piece(tenant, level, place, number);
            let Some(piece) = self.store.get(key::partition(tenant), &key)? else { break };
            whole.extend_from_slice(&piece);
            number += 1;
        }
        Ok(whole)
    }
}

/// Writes a slot over whatever stood at its place.
pub(crate) fn put_slot(batch: &mut Batch, tenant: &TenantId, level: Level, slot: Slot) {
    let place = level.place(slot.from);
    let mut first = record::encode(&SlotRecord(slot));
    let rest = first.split_off(first.len().min(VALUE_BYTES_MAX));
    let is_full = first.len() == VALUE_BYTES_MAX;
    batch.put(keys::slot(tenant, level, place), first);
    let mut number = 0;
    let mut last_is_full = is_full;
    for piece in rest.chunks(VALUE_BYTES_MAX) {
        batch.put(keys::slot_piece(tenant, level, place, number), piece.to_vec());
        last_is_full = piece.len() == VALUE_BYTES_MAX;
        number += 1;
    }
    if last_is_full {
        // Where an older one was longer, its next piece is not part of this one.
        batch.delete(keys::slot_piece(tenant, level, place, number));
    }
}
