//! Alerts as they stood before it was kept when people were told of them.

use std::collections::BTreeMap;

use serde::Deserialize;
use sereno_workflows::alerts::{Alerts, Standing};
use sereno_workflows::time::Timestamp;

use super::conversation::ConversationV4;
use super::handoff::{HandoffV3, StateBefore};

/// Version 2 of [`super::StateRecord`].
pub(super) type StateV2 = StateBefore<HandoffV3, AlertsV2, ConversationV4>;

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
