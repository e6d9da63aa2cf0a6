//! Handoffs as they stood before anybody could take one.

use serde::Deserialize;
use sereno_workflows::alerts::Alerts;
use sereno_workflows::conversation::Conversation;
use sereno_workflows::dead_letters::Pile;
use sereno_workflows::handoff::{Handoff, Status};
use sereno_workflows::lead::Lead;
use sereno_workflows::product::Product;
use sereno_workflows::report::Reports;
use sereno_workflows::reservation::Reservation;
use sereno_workflows::tenant::Breaches;
use sereno_workflows::time::Timestamp;

use super::StateRecord;

/// Version 3 of [`StateRecord`].
#[derive(Deserialize)]
pub(super) enum StateV3 {
    Reservation(Reservation),
    Handoff(HandoffV3),
    Tenant(Breaches),
    DeadLetters(Pile),
    Conversation(Conversation),
    Lead(Lead),
    Product(Product),
    Alerts(Alerts),
    Reports(Reports),
}

/// A handoff as it stood in it, and in those before.
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

impl From<StateV3> for StateRecord {
    fn from(state: StateV3) -> Self {
        match state {
            StateV3::Reservation(booking) => Self::Reservation(booking),
            StateV3::Handoff(handoff) => Self::Handoff(handoff.into()),
            StateV3::Tenant(breaches) => Self::Tenant(breaches),
            StateV3::DeadLetters(pile) => Self::DeadLetters(pile),
            StateV3::Conversation(talk) => Self::Conversation(talk),
            StateV3::Lead(lead) => Self::Lead(lead),
            StateV3::Product(product) => Self::Product(product),
            StateV3::Alerts(alerts) => Self::Alerts(alerts),
            StateV3::Reports(reports) => Self::Reports(reports),
        }
    }
}

impl From<HandoffV3> for Handoff {
    fn from(handoff: HandoffV3) -> Self {
        Self {
            conversation_id: handoff.conversation_id,
            status: handoff.status,
            opened_at: handoff.opened_at,
            wa_number: handoff.wa_number,
            last_intent: handoff.last_intent,
            reason: handoff.reason,
            deadline: handoff.deadline,
            breached_at: handoff.breached_at,
            replied_at: handoff.replied_at,
            generation: handoff.generation,
            claim: None,
        }
    }
}
