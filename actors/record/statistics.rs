//! What was counted, on disk.

use serde::{Deserialize, Serialize};
use sereno_workflows::statistics::{Slot, TallyBefore};
use sereno_workflows::time::Timestamp;

use super::envelope::{Record, fields};

/// A slot of time, or what one group of commits added to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotRecord(pub Slot);

impl Record for SlotRecord {
    const KIND: u16 = 80;
    /// 1: without the causes of failures.
    const VERSION: u16 = 2;
    const NAME: &'static str = "slot";

    fn upcast(version: u16, payload: &[u8]) -> Option<Self> {
        if version != 1 {
            return None;
        }
        let (from, tally) = fields::<(Timestamp, TallyBefore)>(payload)?;
        Some(Self(Slot { from, tally: tally.into() }))
    }
}
