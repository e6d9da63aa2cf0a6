//! What a request with a key of its own came to, so that the same request has the same answer.

use serde::{Deserialize, Serialize};
use sereno_workflows::id::Sequence;

/// What a request came to that carried an `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdempotencyRecord {
    /// The SHA-256 of the request: another one with the same key is a mistake.
    pub fingerprint: [u8; 32],
    /// Where it stands in time; the ids of events that came without one begin here.
    pub place: Sequence,
    /// How many of its events were new.
    pub accepted: u32,
    /// How many of its events had been accepted before.
    pub duplicates: u32,
}
