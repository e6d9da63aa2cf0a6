//! How soon a handoff is to be answered, beside others that wait: it says who comes first, and moves no clock.

use serde::{Deserialize, Serialize};

use super::claim::must_go_on;
use super::told::told;
use super::{Context, Handoff};
use crate::effect::{Rejected, Transition};

/// How soon a handoff is to be answered. On disk by its place: new ones come at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Priority {
    /// After all others.
    Low,
    /// In its turn.
    #[default]
    Normal,
    /// Before others.
    High,
    /// Before all others.
    Urgent,
}

impl Priority {
    /// All of them, the last to be answered first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Normal, Self::High, Self::Urgent];

    /// The priority as the outside writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }

    /// The priority of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|priority| priority.as_str() == name)
    }

    /// How many kinds come before it.
    pub fn rank(self) -> u8 {
        match self {
            Self::Urgent => 0,
            Self::High => 1,
            Self::Normal => 2,
            Self::Low => 3,
        }
    }
}

pub(super) fn prioritize(
    present: &Handoff,
    priority: Priority,
    ctx: Context<'_>,
) -> Result<Transition<Handoff>, Rejected> {
    must_go_on(present)?;
    let next = Handoff { priority, ..present.clone() };
    let is_new = priority != present.priority;
    let effects =
        is_new.then(|| told(&next, "handoff.prioritized", &[], ctx)).into_iter().collect();
    Ok(Transition { next, effects })
}
