//! Alerts as they stood before it was kept when people were told of them.

use std::collections::BTreeMap;

use serde::Deserialize;
use sereno_workflows::alerts::{Alerts, Standing};
use sereno_workflows::dead_letters::Pile;
use sereno_workflows::lead::Lead;
use sereno_workflows::product::Product;
use sereno_workflows::report::Reports;
use sereno_workflows::reservation::Reservation;
use sereno_workflows::tenant::Breaches;
use sereno_workflows::time::Timestamp;

use super::StateRecord;
use super::conversation::ConversationV4;
use super::handoff::HandoffV3;

/// Version 2 of [`StateRecord`].
#[derive(Deserialize)]
pub(super) enum StateV2 {
    Reservation(Reservation),
    Handoff(HandoffV3),
    Tenant(Breaches),
    DeadLetters(Pile),
    Conversation(ConversationV4),
    Lead(Lead),
    Product(Product),
    Alerts(AlertsV2),
    Reports(Reports),
}

/// A tenant's alerts as they stood in it.
#[derive(Deserialize)]
pub(super) struct AlertsV2 {
    rules: BTreeMap<String, StandingV2>,
    look_at: Option<Timestamp>,
    generation: u32,
}

/// A rule as it stood in it.
#[derive(Deserialize)]
struct StandingV2 {
    since: Option<Timestamp>,
    raised_at: Option<Timestamp>,
    told: bool,
    silenced_until: Option<Timestamp>,
    value: Option<u64>,
}

impl From<StateV2> for StateRecord {
    fn from(state: StateV2) -> Self {
        match state {
            StateV2::Reservation(booking) => Self::Reservation(booking),
            StateV2::Handoff(handoff) => Self::Handoff(handoff.into()),
            StateV2::Tenant(breaches) => Self::Tenant(breaches),
            StateV2::DeadLetters(pile) => Self::DeadLetters(pile),
            StateV2::Conversation(talk) => Self::Conversation(talk.into()),
            StateV2::Lead(lead) => Self::Lead(lead),
            StateV2::Product(product) => Self::Product(product),
            StateV2::Alerts(alerts) => Self::Alerts(alerts.into()),
            StateV2::Reports(reports) => Self::Reports(reports),
        }
    }
}

impl From<AlertsV2> for Alerts {
    fn from(alerts: AlertsV2) -> Self {
        let AlertsV2 { rules, look_at, generation } = alerts;
        let rules = rules.into_iter().map(|(name, standing)| (name, standing.into()));
        Self { rules: rules.collect(), look_at, generation }
    }
}

impl From<StandingV2> for Standing {
    fn from(standing: StandingV2) -> Self {
        let StandingV2 { since, raised_at, told, silenced_until, value } = standing;
        let told_since = raised_at.filter(|_| told);
        Self { since, raised_at, told, silenced_until, value, told_since, told_at: None }
    }
}
