//! Handoffs as they stood before anybody could take one, and before they could be put off.

use serde::Deserialize;
use sereno_workflows::handoff::{Claim, Handoff, Priority, Status};
use sereno_workflows::time::Timestamp;

/// A handoff as it stood in version 3, and in those before.
#[derive(Deserialize)]
pub(super) struct HandoffV3 {
    conversation_id: String,
    status: Status,
    opened_at: Timestamp,
    wa_number: Option<String>,
    last_intent: Option<String>,
    reason: Option<String>,
    deadline: Option<Timestamp>,
    breached_at: Option<Timestamp>,
    replied_at: Option<Timestamp>,
    generation: u32,
}

/// A handoff as it stood in version 4.
#[derive(Deserialize)]
pub(super) struct HandoffV4 {
    before: HandoffV3,
    claim: Option<Claim>,
}

impl From<HandoffV3> for Handoff {
    fn from(before: HandoffV3) -> Self {
        HandoffV4 { before, claim: None }.into()
    }
}

impl From<HandoffV4> for Handoff {
    fn from(HandoffV4 { before, claim }: HandoffV4) -> Self {
        Self {
            conversation_id: before.conversation_id,
            status: before.status,
            opened_at: before.opened_at,
            wa_number: before.wa_number,
            last_intent: before.last_intent,
            reason: before.reason,
            deadline: before.deadline,
            breached_at: before.breached_at,
            replied_at: before.replied_at,
            generation: before.generation,
            first_claimed_at: claim.as_ref().map(|claim| claim.at),
            claim,
            priority: Priority::default(),
            snoozed_until: None,
            closed_at: None,
        }
    }
}
