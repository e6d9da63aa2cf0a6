//! What customers write, brought to their tenant.

use sereno_workflows::id::{EventId, TenantId};
use sereno_workflows::time::Timestamp;
use tokio::sync::oneshot;

use super::{Engine, EngineError, ask};
use crate::hints::Listing;
use crate::tenant::recording::all_durable;
use crate::tenant::{CustomerMessage, TenantMessage};

/// A customer's WhatsApp message, as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// Meta's id of it.
    pub id: EventId,
    /// The customer's number with its `+`.
    pub from: String,
    /// When it was written.
    pub at: Timestamp,
    /// What kind of message, as Meta calls it.
    pub kind: String,
    /// Its text.
    pub text: Option<String>,
    /// The id of the button that was pressed.
    pub button: Option<String>,
}

impl Engine {
    /// Takes a customer's message; returns once it and what follows from it are durable.
    pub async fn hear(&self, tenant: &TenantId, incoming: Incoming) -> Result<(), EngineError> {
        self.check_space()?;
        let Listing { actor, .. } = self.listing(tenant)?;
        let (reply, answer) = oneshot::channel();
        let Incoming { id, from, at, kind, text, button } = incoming;
        let message = CustomerMessage { id, from, at, kind, text, button, reply };
        let first = ask(&actor, TenantMessage::Hear(message), answer).await?;
        if all_durable(first).await { Ok(()) } else { Err(EngineError::Busy) }
    }
}
