//! That somebody knows of a cause for which deliveries are given up.

use serde::{Deserialize, Serialize};
use sereno_workflows::dead_letters::Fault;

use super::Signed;

/// A cause of dead letters that somebody has taken note of, with all that were given up for it until then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcknowledgedRecord {
    /// By whose fault.
    pub fault: Fault,
    /// For which cause.
    pub cause: String,
    /// Who takes note of it, when and why it may wait.
    pub signed: Signed,
}
