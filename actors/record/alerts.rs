//! Alerts as they stood before it was kept when people were told of them, as what, and since when that is watched no more.

use std::collections::BTreeMap;

use serde::Deserialize;
use sereno_workflows::alerts::{Alerts, Rule, Standing};
use sereno_workflows::time::Timestamp;

/// A tenant's alerts as they stood in version 2 of [`super::StateRecord`].
pub(super) type AlertsV2 = AlertsBefore<StandingV2>;
/// As they stood in version 5, and in those since 3.
pub(super) type AlertsV5 = AlertsBefore<StandingV5>;
/// As they stood in version 7, and in the one before.
pub(super) type AlertsV7 = AlertsBefore<StandingV7>;

/// A tenant's alerts with the standings of their version.
#[derive(Deserialize)]
pub(super) struct AlertsBefore<S> {
    rules: BTreeMap<String, S>,
    look_at: Option<Timestamp>,
    generation: u32,
}

/// A rule as it stood in version 2.
#[derive(Deserialize)]
pub(super) struct StandingV2 {
    since: Option<Timestamp>,
    raised_at: Option<Timestamp>,
    told: bool,
    silenced_until: Option<Timestamp>,
    value: Option<u64>,
}

/// A rule as it stood in version 5.
#[derive(Deserialize)]
pub(super) struct StandingV5 {
    before: StandingV2,
    told_since: Option<Timestamp>,
    told_at: Option<Timestamp>,
}

/// A rule as it stood in version 7.
#[derive(Deserialize)]
pub(super) struct StandingV7 {
    before: StandingV5,
    as_told: Option<Rule>,
}

impl<S: Into<Standing>> From<AlertsBefore<S>> for Alerts {
    fn from(alerts: AlertsBefore<S>) -> Self {
        let AlertsBefore { rules, look_at, generation } = alerts;
        let rules = rules.into_iter().map(|(name, standing)| (name, standing.into()));
        Self { rules: rules.collect(), look_at, generation }
    }
}

impl From<StandingV2> for Standing {
    fn from(before: StandingV2) -> Self {
        let told_since = before.raised_at.filter(|_| before.told);
        StandingV5 { before, told_since, told_at: None }.into()
    }
}

impl From<StandingV5> for Standing {
    fn from(before: StandingV5) -> Self {
        StandingV7 { before, as_told: None }.into()
    }
}

impl From<StandingV7> for Standing {
    fn from(StandingV7 { before, as_told }: StandingV7) -> Self {
        let StandingV5 { before, told_since, told_at } = before;
        let StandingV2 { since, raised_at, told, silenced_until, value } = before;
        Self {
            since,
            raised_at,
            told,
            silenced_until,
            value,
            told_since,
            told_at,
            as_told,
            unwatched_since: None,
        }
    }
}
