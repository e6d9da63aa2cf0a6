//! How far a tenant's rows have reached the mirror.

use serde::{Deserialize, Serialize};
use sereno_workflows::id::Sequence;

/// How far a tenant was mirrored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MirroredRecord {
    /// Events before this are in the mirror, but for those that are noted.
    pub events: Sequence,
    /// Where the look through what there was at the beginning goes on; empty once it is over.
    pub rest: Vec<u8>,
    /// Events that are in the mirror.
    pub count: u64,
    /// Rows that the mirror can never take.
    pub refused: u64,
}
