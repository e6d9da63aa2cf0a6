//! What is remembered of a delivery of a source, so that it is taken once.

use serde::{Deserialize, Serialize};
use sereno_workflows::id::Sequence;
use sereno_workflows::time::Timestamp;

/// A delivery that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayRecord {
    /// Where it is kept.
    pub letter: Sequence,
    /// Until when it is remembered.
    pub until: Timestamp,
}
