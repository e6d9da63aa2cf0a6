//! What was counted, on disk.

use serde::{Deserialize, Serialize};
use sereno_workflows::statistics::Slot;

/// A slot of time, or what one group of commits added to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotRecord(pub Slot);
