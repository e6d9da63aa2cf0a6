//! The log of one endpoint, found without those of others.
//!
//! The log stands in the order of its time. Beside it stands for each endpoint in which seconds it was tried, so that one
//! that is tried once a day is found beside one that is tried all the time. Lines from before that was noted are looked
//! through as they are.

use sereno_workflows::id::{EndpointId, Sequence, TenantId};

use super::{Ledger, LedgerError};
use crate::limits::SCAN_ROWS_MAX;
use crate::record::{LogRecord, key};
use crate::store::Direction;

/// Seconds of an endpoint, and lines of a second, that are read at once.
const ROWS_AT_ONCE: usize = 200;

/// Lines of an endpoint, the newest first.
#[derive(Debug)]
pub struct LinesOf {
    /// The lines with their places.
    pub lines: Vec<(Sequence, LogRecord)>,
    /// Before which place there may be more.
    pub next: Option<Sequence>,
}

/// A look through the log for the lines of an endpoint.
struct Walk<'a, F> {
    ledger: &'a Ledger,
    tenant: &'a TenantId,
    wanted: F,
    limit: usize,
    /// All from here on was looked at.
    before: Sequence,
    looked_at: usize,
    lines: Vec<(Sequence, LogRecord)>,
}

impl Ledger {
    /// The attempts for an endpoint before a place that are wanted, the newest first: at most `limit`, and as far as one
    /// request may look.
    pub fn attempts_of(
        &self,
        tenant: &TenantId,
        endpoint: EndpointId,
        (before, limit): (Sequence, usize),
        wanted: impl Fn(&LogRecord) -> bool,
    ) -> Result<LinesOf, LedgerError> {
        let is_of = |line: &LogRecord| matches!(line, LogRecord::Attempt { endpoint: of, .. } if *of == endpoint.0);
        let wanted = |line: &LogRecord| is_of(line) && wanted(line);
        let mut walk =
            Walk { ledger: self, tenant, wanted, limit, before, looked_at: 0, lines: Vec::new() };
        loop {
            let seconds = self.seconds_of(tenant, endpoint, walk.before)?;
            let is_last = seconds.len() < ROWS_AT_ONCE;
            for (start, end) in seconds {
                walk.before = walk.before.min(end);
                if !walk.through(start)? {
                    return Ok(walk.ended(true));
                }
            }
            if is_last {
                break;
            }
        }
        // What was logged before the first second that was noted of any.
        if let Some(end) = self.first_second(tenant)? {
            walk.before = walk.before.min(end);
        }
        let is_over = walk.through(Sequence(0))?;
        Ok(walk.ended(!is_over))
    }

    /// The keys of the seconds, the oldest first, that are over before a place, at most so many: of the first endpoint
    /// that has any.
    pub fn seconds_before(
        &self,
        tenant: &TenantId,
        before: Sequence,
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, LedgerError> {
        let mut from = EndpointId(0);
        while let Some(id) = self.first_with_rows(b'o', tenant, from)? {
            let start = key::attempts::second(tenant, id, Sequence(0));
            let range = &start[..]..&key::attempts::second(tenant, id, before)[..];
            let partition = key::partition(tenant);
            let rows = self.store.scan(partition, range, Direction::Ascending, limit)?;
            if !rows.is_empty() {
                return Ok(rows.into_iter().map(|(key, _)| key).collect());
            }
            let Some(next) = id.0.checked_add(1) else { break };
            from = EndpointId(next);
        }
        Ok(Vec::new())
    }

    /// The latest seconds before a place in which an endpoint was tried, the newest first.
    fn seconds_of(
        &self,
        tenant: &TenantId,
        endpoint: EndpointId,
        before: Sequence,
    ) -> Result<Vec<(Sequence, Sequence)>, LedgerError> {
        let Some(last) = before.0.checked_sub(1) else { return Ok(Vec::new()) };
        let start = key::attempts::second(tenant, endpoint, Sequence(0));
        let end = key::after(&key::attempts::second(tenant, endpoint, Sequence(last)));
        let (partition, range) = (key::partition(tenant), &start[..]..&end[..]);
        let rows = self.store.scan(partition, range, Direction::Descending, ROWS_AT_ONCE)?;
        Ok(rows.iter().filter_map(|(key, _)| key::attempts::span(key)).collect())
    }

    /// The end of the first second in which any endpoint is known to have been tried.
    fn first_second(&self, tenant: &TenantId) -> Result<Option<Sequence>, LedgerError> {
        let keys = self.keys_of_endpoint(b'o', tenant, EndpointId(0), 1)?;
        Ok(keys.first().and_then(|key| key::attempts::span(key)).map(|(_, end)| end))
    }
}

impl<F: Fn(&LogRecord) -> bool> Walk<'_, F> {
    /// Looks through all from a place on; answers whether it came there.
    fn through(&mut self, start: Sequence) -> Result<bool, LedgerError> {
        while self.before > start {
            if self.looked_at >= SCAN_ROWS_MAX {
                return Ok(false);
            }
            let rows = self.ledger.log_between(self.tenant, start..self.before, ROWS_AT_ONCE)?;
            let is_last = rows.len() < ROWS_AT_ONCE;
            for (place, line) in rows {
                self.looked_at += 1;
                self.before = place;
                if (self.wanted)(&line) {
                    self.lines.push((place, line));
                    if self.lines.len() >= self.limit {
                        return Ok(false);
                    }
                }
            }
            if is_last {
                self.before = start;
            }
        }
        Ok(true)
    }

    fn ended(self, more: bool) -> LinesOf {
        LinesOf { lines: self.lines, next: Some(self.before).filter(|_| more) }
    }
}

#[cfg(test)]
mod tests;
