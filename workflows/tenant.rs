//! The tenant as a whole: many breaches inside a window are one incident.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::effect::{Effect, Transition};
use crate::policy::SlaCluster;
use crate::time::Timestamp;

/// What a tenant remembers of its breaches.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Breaches {
    /// When the latest happened, oldest first; at most [`BREACHES_MAX`].
    pub recent: Vec<Timestamp>,
    /// When the latest incident was raised.
    pub incident_at: Option<Timestamp>,
}

/// So many breaches are remembered at most; more inside one window do not make it worse.
pub const BREACHES_MAX: usize = 1_000;

impl Breaches {
    /// Decides whether one more breach makes an incident: `count` breaches inside the window, and no
    /// incident was raised within it.
    pub fn step(&self, at: Timestamp, rule: &SlaCluster) -> Transition<Self> {
        let start = at.before(rule.window);
        let mut recent: Vec<Timestamp> =
            self.recent.iter().copied().filter(|&earlier| earlier > start).collect();
        recent.push(at);
        recent.sort_unstable();
        let surplus = recent.len().saturating_sub(BREACHES_MAX);
        recent.drain(..surplus);

        let raised = self.incident_at.is_some_and(|raised| raised > start);
        let many = u32::try_from(recent.len()).is_ok_and(|count| count >= rule.count);
        if raised || !many {
            let next = Self { recent, incident_at: self.incident_at };
            return Transition { next, effects: Vec::new() };
        }
        let data = json!({"count": recent.len(), "escalation_needed": true});
        let effects = vec![Effect::Emit {
            event_type: "incident.sla_cluster".to_owned(),
            data: data.as_object().cloned().unwrap_or_default(),
        }];
        Transition { next: Self { recent, incident_at: Some(at) }, effects }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn incidents(minutes: &[i64]) -> Vec<i64> {
        let rule = SlaCluster::default();
        let mut state = Breaches::default();
        let mut raised = Vec::new();
        for &minute in minutes {
            let transition = state.step(Timestamp(minute * MINUTE), &rule);
            if !transition.effects.is_empty() {
                raised.push(minute);
            }
            state = transition.next;
        }
        raised
    }

    #[test]
    fn a11_the_fifth_breach_inside_the_window_raises_one_incident() {
        assert_eq!(incidents(&[0, 1, 2, 3]), [0; 0]);
        assert_eq!(incidents(&[0, 1, 2, 3, 4, 5, 6]), [4]);
        assert_eq!(incidents(&[0, 4, 8, 12, 16, 20]), [0; 0], "never five inside 15 minutes");
        assert_eq!(incidents(&[0, 0, 0, 0, 0, 16, 16, 16, 16, 16]), [0, 16], "a window each");
    }

    #[test]
    fn a11_the_incident_counts_its_breaches() {
        let rule = SlaCluster { count: 2, ..SlaCluster::default() };
        let first = Breaches::default().step(Timestamp(0), &rule).next;
        let effects = first.step(Timestamp(1), &rule).effects;
        let [Effect::Emit { event_type, data }] = &effects[..] else { panic!("{effects:?}") };
        assert_eq!(event_type, "incident.sla_cluster");
        assert_eq!(json!(data), json!({"count": 2, "escalation_needed": true}));
    }

    #[test]
    fn memory_of_breaches_is_bounded() {
        let rule = SlaCluster::default();
        let state = (0..3_000).fold(Breaches::default(), |s, i| s.step(Timestamp(i), &rule).next);
        assert_eq!(state.recent.len(), BREACHES_MAX);
    }
}
