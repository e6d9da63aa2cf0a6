//! The state of an entity as it stood before: the same kinds of entities, of which some were simpler.

use serde::Deserialize;
use sereno_workflows::alerts::Alerts;
use sereno_workflows::conversation::Conversation;
use sereno_workflows::dead_letters::Pile;
use sereno_workflows::handoff::Handoff;
use sereno_workflows::lead::Lead;
use sereno_workflows::product::Product;
use sereno_workflows::report::Reports;
use sereno_workflows::reservation::Reservation;
use sereno_workflows::tenant::Breaches;

use super::StateRecord;
use super::alerts::{AlertsV2, AlertsV5, AlertsV7};
use super::conversation::{ConversationV4, ConversationV5};
use super::handoff::{HandoffV3, HandoffV4};

/// [`StateRecord`] as it stood before version 8, with the handoffs, conversations and alerts of its version.
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
pub(super) type StateV6 = StateBefore<Handoff, ConversationV5, AlertsV7>;
/// Version 7 of it.
pub(super) type StateV7 = StateBefore<Handoff, Conversation, AlertsV7>;

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
