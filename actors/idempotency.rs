//! Requests that are carried out once, however often they are sent: by a key that their sender gives them.
//!
//! The first answer stands with what the request brought about, in the same commit, and is given again for a
//! day. The same key on another request is a mistake of the sender's, and is refused; while the first is under
//! way, so are all others (draft-ietf-httpapi-idempotency-key-header, 2.6 and 2.7).

use sereno_workflows::event::Event;
use sereno_workflows::id::{EventId, Sequence, TenantId};
use sereno_workflows::invalid::Invalid;
use sereno_workflows::time::{Span, Timestamp};

use crate::announce::own_id;
use crate::engine::{Engine, EngineError};
use crate::limits::answers::{IDEMPOTENCY_KEPT_MS, IDEMPOTENCY_KEY_BYTES_MAX};
use crate::record::IdempotencyRecord;
use crate::tenant::Receipt;

/// The name of the header that carries the key.
const HEADER: &str = "Idempotency-Key";

/// A request with a key of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    key: String,
    fingerprint: [u8; 32],
}

impl Idempotency {
    /// A key as it came, and the SHA-256 of all that makes the request what it is.
    pub fn new(key: &[u8], fingerprint: [u8; 32]) -> Result<Self, Invalid> {
        let is_visible = key.iter().all(|byte| (b' '..=b'~').contains(byte));
        if key.is_empty() || key.len() > IDEMPOTENCY_KEY_BYTES_MAX || !is_visible {
            let most = IDEMPOTENCY_KEY_BYTES_MAX;
            let problem = format!("must be 1 to {most} visible ASCII characters");
            return Err(Invalid::new(HEADER, problem));
        }
        Ok(Self { key: String::from_utf8_lossy(key).into_owned(), fingerprint })
    }

    /// The key.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// What is kept of it, with what its events came to.
    pub(crate) fn record(&self, place: Sequence, receipt: &Receipt) -> IdempotencyRecord {
        let count = |events: usize| u32::try_from(events).unwrap_or(u32::MAX);
        let (accepted, duplicates) = (count(receipt.accepted), count(receipt.duplicates));
        IdempotencyRecord { fingerprint: self.fingerprint, place, accepted, duplicates }
    }
}

/// Whether what is kept of a request still counts.
pub(crate) fn is_kept(record: &IdempotencyRecord, now: Timestamp) -> bool {
    record.place >= cutoff(now)
}

/// What came in before this is forgotten.
pub(crate) fn cutoff(now: Timestamp) -> Sequence {
    Sequence::at(now.before(Span::millis(IDEMPOTENCY_KEPT_MS)))
}

/// The id of an event that came without one in a request with a key.
pub(crate) fn id_of(place: Sequence, index: usize) -> EventId {
    own_id(Sequence(place.0.saturating_add(index as u64)))
}

impl Engine {
    /// The first answer to the same request, if there was one; refuses another request with its key.
    pub fn answered(
        &self,
        tenant: &TenantId,
        events: &[Event],
        request: &Idempotency,
    ) -> Result<Option<Receipt>, EngineError> {
        let ledger = self.ledger();
        let found = ledger.idempotency(tenant, &request.key)?;
        let now = ledger.now().timestamp();
        let Some(record) = found.filter(|record| is_kept(record, now)) else { return Ok(None) };
        if record.fingerprint != request.fingerprint {
            let problem = "was used for another request within the last 24 hours: send that one as it was, \
                           or this one with a key of its own";
            return Err(Invalid::new(HEADER, problem).into());
        }
        let id = |(index, event): (usize, &Event)| {
            event.id.clone().unwrap_or_else(|| id_of(record.place, index))
        };
        let count = |events: u32| usize::try_from(events).unwrap_or(usize::MAX);
        Ok(Some(Receipt {
            ids: events.iter().enumerate().map(id).collect(),
            accepted: count(record.accepted),
            duplicates: count(record.duplicates),
        }))
    }
}

#[cfg(test)]
mod tests;
