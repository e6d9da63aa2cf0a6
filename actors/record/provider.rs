//! What is kept of a message that a provider took: its receipt, its later words, the customer's window.

use serde::{Deserialize, Serialize};
use sereno_workflows::id::Sequence;
use sereno_workflows::time::Timestamp;

/// The receipt of a message that a provider took and says more about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptRecord {
    /// The event that was carried, or gone with.
    pub event: Sequence,
    /// The endpoint.
    pub endpoint: u32,
    /// The provider's id of the message; empty once the message was given up for another try.
    pub message_id: String,
    /// The delivery as a record of its own, where it could go again in another form; empty otherwise.
    pub again: Vec<u8>,
}

/// One thing that a provider said of a message after it had taken it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderStatusRecord {
    /// When it was so, as the provider says.
    pub at: Timestamp,
    /// The provider's id of the message.
    pub message_id: String,
    /// The provider's code of what went wrong; 0 where nothing did.
    pub code: i32,
    /// What went wrong.
    pub error: Option<String>,
}

/// Until when a customer may be written to freely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowRecord {
    /// The end of the window that their last message opened.
    pub open_until: Timestamp,
}
