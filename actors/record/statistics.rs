//! What was counted, on disk.

use serde::{Deserialize, Serialize};
use sereno_workflows::statistics::{Slot, TallyBefore, TallyOfFirst};
use sereno_workflows::time::Timestamp;

use super::envelope::{Record, fields};

/// A slot of time, or what one group of commits added to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotRecord(pub Slot);

impl Record for SlotRecord {
    const KIND: u16 = 80;
    /// 1: without the causes of failures. 2: with the first types and endpoints rather than the heaviest.
    const VERSION: u16 = 3;
    const NAME: &'static str = "slot";

    fn upcast(version: u16, payload: &[u8]) -> Option<Self> {
        let (from, tally) = match version {
            1 => {
                let (from, tally) = fields::<(Timestamp, TallyOfFirst)>(payload)?;
                (from, tally.into())
            }
            2 => {
                let (from, tally) = fields::<(Timestamp, TallyBefore)>(payload)?;
                (from, tally.into())
            }
            _ => return None,
        };
        Some(Self(Slot { from, tally }))
    }
}
