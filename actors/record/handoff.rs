//! Handoffs as they stood before anybody could take one, and before they could be put off.

use serde::Deserialize;
use sereno_workflows::alerts::Alerts;
use sereno_workflows::conversation::Conversation;
use sereno_workflows::dead_letters::Pile;
use sereno_workflows::handoff::{Claim, Handoff, Priority, Status};
use sereno_workflows::lead::Lead;
use sereno_workflows::product::Product;
use sereno_workflows::report::Reports;
use sereno_workflows::reservation::Reservation;
use sereno_workflows::tenant::Breaches;
use sereno_workflows::time::Timestamp;

use super::StateRecord;
use super::alerts::{AlertsV2, AlertsV5};
use super::conversation::{ConversationV4, ConversationV5};

/// [`StateRecord`] as it stood before version 7, with the handoffs, conversations and alerts of its version.
#[derive(Deserialize)]
pub(super) enum StateBefore<H, C, A> {
    Reservation(Reservation),
    Handoff(H),
    Tenant(Breaches),
    DeadLetters(Pile),
    Conversation(C),
    Lead(Lead),
    Product(Product),
    Alerts(A),
    Reports(Reports),
}

/// Version 2 of it.
pub(super) type StateV2 = StateBefore<HandoffV3, ConversationV4, AlertsV2>;
/// Version 3 of it.
pub(super) type StateV3 = StateBefore<HandoffV3, ConversationV4, AlertsV5>;
/// Version 4 of it.
pub(super) type StateV4 = StateBefore<HandoffV4, ConversationV4, AlertsV5>;
/// Version 5 of it.
pub(super) type StateV5 = StateBefore<Handoff, ConversationV5, AlertsV5>;
/// Version 6 of it.
pub(super) type StateV6 = StateBefore<Handoff, ConversationV5, Alerts>;

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

impl<H, C, A> From<StateBefore<H, C, A>> for StateRecord
where
    H: Into<Handoff>,
    C: Into<Conversation>,
    A: Into<Alerts>,
{
    fn from(state: StateBefore<H, C, A>) -> Self {
        match state {
            StateBefore::Reservation(booking) => Self::Reservation(booking),
            StateBefore::Handoff(handoff) => Self::Handoff(handoff.into()),
            StateBefore::Tenant(breaches) => Self::Tenant(breaches),
            StateBefore::DeadLetters(pile) => Self::DeadLetters(pile),
            StateBefore::Conversation(talk) => Self::Conversation(talk.into()),
            StateBefore::Lead(lead) => Self::Lead(lead),
            StateBefore::Product(product) => Self::Product(product),
            StateBefore::Alerts(alerts) => Self::Alerts(alerts.into()),
            StateBefore::Reports(reports) => Self::Reports(reports),
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
