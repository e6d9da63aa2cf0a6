//! A tenant that was deleted, until the last of its rows is gone.

use serde::{Deserialize, Serialize};
use sereno_workflows::time::Timestamp;

/// A tenant that was deleted and whose rows are going. While this stands, nothing is written for it, and no
/// tenant of its id is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletedRecord {
    /// When it was deleted.
    pub at: Timestamp,
}
