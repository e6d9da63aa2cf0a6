//! When people must hear that something is wrong: rules over what is counted, each raised and resolved once.
//!
//! ```text
//!           above its threshold        for as long as it says
//!   quiet ----------------------> due ------------------------> raised --> alert.raised
//!     ^                            | below again                  |
//!     +----------------------------+   <--- below for as long ----+ --> alert.resolved
//! ```
//! The hold time works both ways, so what swings around its threshold is told of once. What swings more slowly
//! than that is told of as raised so often and no more: within the quiet time after people were told, what is
//! raised anew waits, and is told at its end if it is still raised. While a rule is silenced nothing is told of
//! it; what is still raised at the end of the silence is told then. Both outlast that the rule is switched off and on
//! again: what was raised ends as it is switched off; if it is silenced, that is told at the end of the silence. The
//! quiet time is of what people were told: a rule that measures something else since, or against another limit, speaks.
//!
//! What is raised and has too little left to be measured is not well for that: attempts grow rare exactly where
//! a receiver stays dead. It stays raised while a receiver that was tried within a day still fails, or, where it is
//! about how long attempts take, one at which they take so long; where there is none, it ends after [`UNMEASURED_MAX`] as what it is, measured no more.

mod metric;
mod rules;
mod standing;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::metric::{Figures, Metric, Unit};
pub use self::rules::{AlertRules, Limit, Rule, RuleSetting, Severity, WindowName};
pub use self::standing::{
    RECOVERED, RULE_CHANGED, RULE_DISABLED, RULE_REMOVED, Standing, UNMEASURED, plain,
};
use crate::effect::{Rejected, Transition};
use crate::time::{Span, Timestamp};
use crate::timer::{ByHand, Wish};

/// How often a rule that is due or raised is looked at, where nothing else brings it up.
const LOOK_AGAIN: Span = Span::seconds(15);

/// How long what is raised stays so without anything to measure it by.
pub const UNMEASURED_MAX: Span = Span::hours(1);

/// Of so many rules that are no longer there it is remembered how they stood.
const UNWATCHED_MAX: usize = 2 * rules::RULES_MAX;

/// What a tenant's figures are held against.
#[derive(Debug, Clone, Copy)]
pub struct Watch<'a> {
    /// The rules.
    pub rules: &'a AlertRules,
    /// The shortest time from when people are told that a rule is raised until they are told so again.
    pub quiet: Span,
}

/// How the rules of a tenant stand.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Alerts {
    /// Each rule of which there is something to say, by its name.
    pub rules: BTreeMap<String, Standing>,
    /// When they are looked at again.
    pub look_at: Option<Timestamp>,
    /// Under which the alarm is set.
    pub generation: u32,
}

impl Alerts {
    /// Holds the rules against what was counted.
    pub fn step(&self, figures: &Figures, watch: Watch<'_>, now: Timestamp) -> Transition<Self> {
        let mut next = self.clone();
        let mut effects = Vec::new();
        let known = watch.rules.all();
        let mut unwatched = 0;
        next.rules.retain(|name, standing| {
            if known.contains_key(name) {
                return true;
            }
            unwatched += 1;
            let rule = watch.rules.named(name);
            // What is gone needs no silence but for its end.
            if unwatched > UNWATCHED_MAX || (rule.is_none() && !standing.told) {
                standing.silenced_until = None;
            }
            let by = if rule.is_some() { RULE_DISABLED } else { RULE_REMOVED };
            effects.extend(standing.unwatched((name, rule.as_ref()), by, figures, now));
            unwatched <= UNWATCHED_MAX && standing.is_remembered(watch.quiet, now)
        });
        for (name, rule) in &known {
            let standing = next.rules.entry(name.clone()).or_default();
            if standing.is_of_another(rule) {
                effects.extend(standing.unwatched((name, Some(rule)), RULE_CHANGED, figures, now));
                if standing.told {
                    // Its silence keeps that from being told: what is watched now begins after it.
                    continue;
                }
            }
            effects.extend(standing.follow((name, rule), figures, watch.quiet, now));
        }
        next.rules.retain(|_, standing| *standing != Standing::default());
        next.set_alarm(now);
        Transition { next, effects }
    }

    /// Each rule that there is, with whether it is on; and those that are gone while their end waits to be told.
    pub fn listed(&self, rules: &AlertRules) -> BTreeMap<String, (Rule, bool)> {
        let gone = self.rules.iter().filter(|(_, standing)| standing.told);
        let gone =
            gone.filter_map(|(name, one)| Some((name.clone(), (one.as_told.clone()?, false))));
        gone.chain(rules.each()).collect()
    }

    /// Silences a rule until then, or lets it speak again; one that is off too.
    ///
    /// # Errors
    /// There is no such rule.
    pub fn silence(
        &self,
        name: &str,
        until: Option<Timestamp>,
        rules: &AlertRules,
        now: Timestamp,
    ) -> Result<Transition<Self>, Rejected> {
        if !self.listed(rules).contains_key(name) {
            return Err(Rejected::because(format!("there is no alert named {name}")));
        }
        let mut next = self.clone();
        next.rules.entry(name.to_owned()).or_default().silenced_until = until;
        next.set_alarm(now);
        Ok(Transition { next, effects: Vec::new() })
    }

    /// Does with its alarm what a person wants: the figures are looked at now.
    ///
    /// # Errors
    /// The alarm is not set (any more), or is no more than the end of a silence; or it is to be cancelled,
    /// which makes no alert quiet.
    pub fn by_hand(
        &self,
        asked: &ByHand,
        figures: &Figures,
        watch: Watch<'_>,
        now: Timestamp,
    ) -> Result<Transition<Self>, Rejected> {
        if !self.look_at.is_some_and(|due| asked.means("alerts", due)) {
            return Err(asked.gone());
        }
        match asked.wish {
            Wish::Cancel => Err(Rejected::because(
                "this timer has the figures looked at again, and tells nobody by itself: to hear nothing of an \
                 alert, silence it with POST /api/v1/alerts/{name}/silence",
            )),
            Wish::MoveTo(_) => Err(asked.fixed(
                "it has the figures looked at again; POST /api/v1/alerts/{name}/silence says until when one is silent",
            )),
            Wish::Fire if !self.is_busy() => Err(Rejected::because(
                "this timer is the end of a silence: to end it now, use DELETE /api/v1/alerts/{name}/silence",
            )),
            Wish::Fire => Ok(Self { look_at: None, ..self.clone() }.step(figures, watch, now)),
        }
    }

    /// Whether a rule is due or raised, or its end is still to be told.
    fn is_busy(&self) -> bool {
        self.rules.values().any(|one| {
            let is_to_be_told = one.told && one.silenced_until.is_none();
            is_to_be_told || one.since.is_some() || one.raised_at.is_some()
        })
    }

    /// When its alarm rings.
    pub fn alarm(&self) -> Option<Timestamp> {
        self.look_at
    }

    fn set_alarm(&mut self, now: Timestamp) {
        let busy = self.is_busy();
        let ends = self.rules.values().filter_map(|one| one.silenced_until).min();
        let look_at = [busy.then(|| now.after(LOOK_AGAIN)), ends].into_iter().flatten().min();
        let stays = self.look_at.is_some_and(|at| at > now && Some(at) <= look_at);
        if !stays && self.look_at != look_at {
            self.look_at = look_at;
            self.generation = self.generation.wrapping_add(1);
        }
    }
}

#[cfg(test)]
mod tests;
