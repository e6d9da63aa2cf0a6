//! Handoffs as they stood before anybody could take one, and before they could be put off.

use serde::Deserialize;
use sereno_workflows::alerts::Alerts;
use sereno_workflows::dead_letters::Pile;
use sereno_workflows::handoff::{Claim, Handoff, Priority, Status};
use sereno_workflows::lead::Lead;
use sereno_workflows::product::Product;
use sereno_workflows::report::Reports;
use sereno_workflows::reservation::Reservation;
use sereno_workflows::tenant::Breaches;
use sereno_workflows::time::Timestamp;

use super::StateRecord;
use super::conversation::ConversationV4;

/// Version 3 of [`StateRecord`].
#[derive(Deserialize)]
pub(super) enum StateV3 {
    Reservation(Reservation),
    Handoff(HandoffV3),
    Tenant(Breaches),
    DeadLetters(Pile),
    Conversation(ConversationV4),
    Lead(Lead),
    Product(Product),
    Alerts(Alerts),
    Reports(Reports),
}

/// Version 4 of [`StateRecord`].
#[derive(Deserialize)]
pub(super) enum StateV4 {
    Reservation(Reservation),
    Handoff(HandoffV4),
    Tenant(Breaches),
    DeadLetters(Pile),
    Conversation(ConversationV4),
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

/// A handoff as it stood in version 4.
#[derive(Deserialize)]
pub(super) struct HandoffV4 {
    before: HandoffV3,
    claim: Option<Claim>,
}

impl From<StateV3> for StateRecord {
    fn from(state: StateV3) -> Self {
        match state {
            StateV3::Reservation(booking) => Self::Reservation(booking),
            StateV3::Handoff(handoff) => Self::Handoff(handoff.into()),
            StateV3::Tenant(breaches) => Self::Tenant(breaches),
            StateV3::DeadLetters(pile) => Self::DeadLetters(pile),
            StateV3::Conversation(talk) => Self::Conversation(talk.into()),
            StateV3::Lead(lead) => Self::Lead(lead),
            StateV3::Product(product) => Self::Product(product),
            StateV3::Alerts(alerts) => Self::Alerts(alerts),
            StateV3::Reports(reports) => Self::Reports(reports),
        }
    }
}

impl From<StateV4> for StateRecord {
    fn from(state: StateV4) -> Self {
        match state {
            StateV4::Reservation(booking) => Self::Reservation(booking),
            StateV4::Handoff(handoff) => Self::Handoff(handoff.into()),
            StateV4::Tenant(breaches) => Self::Tenant(breaches),
            StateV4::DeadLetters(pile) => Self::DeadLetters(pile),
            StateV4::Conversation(talk) => Self::Conversation(talk.into()),
            StateV4::Lead(lead) => Self::Lead(lead),
            StateV4::Product(product) => Self::Product(product),
            StateV4::Alerts(alerts) => Self::Alerts(alerts),
            StateV4::Reports(reports) => Self::Reports(reports),
        }
    }
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
