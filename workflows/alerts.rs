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
//! again: what was raised ends as it is switched off, or, if it is silenced, at the end of the silence.
//!
//! What is raised and has too little left to be measured is not well for that: attempts grow rare exactly where
//! a receiver stays dead. It stays raised while a receiver that was tried within a day still fails, or, where it is
//! about how long attempts take, one at which they take so long; where there is none, it ends after [`UNMEASURED_MAX`] as what it is, measured no more.

mod metric;
mod rules;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub use self::metric::{Figures, Metric, Unit};
pub use self::rules::{AlertRules, Limit, Rule, RuleSetting, Severity, WindowName};
use crate::effect::{Effect, Rejected, Transition};
use crate::statistics::whole;
use crate::time::{Span, Timestamp};
use crate::timer::{ByHand, Wish};

/// How often a rule that is due or raised is looked at, where nothing else brings it up.
const LOOK_AGAIN: Span = Span::seconds(15);

/// How long what is raised stays so without anything to measure it by.
pub const UNMEASURED_MAX: Span = Span::hours(1);

/// Of so many rules that are no longer there it is remembered how they stood.
const UNWATCHED_MAX: usize = 2 * rules::RULES_MAX;

/// How one rule stands.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Standing {
    /// Since when its condition holds; or once it is raised, since when it holds no more, or cannot be measured
    /// where the last value is none.
    pub since: Option<Timestamp>,
    /// Since when it is raised.
    pub raised_at: Option<Timestamp>,
    /// Whether people were told that it is.
    pub told: bool,
    /// Nothing is told of it before that.
    pub silenced_until: Option<Timestamp>,
    /// What was measured last, in millionths.
    pub value: Option<u64>,
    /// Since when it was raised, as people were told last.
    pub told_since: Option<Timestamp>,
    /// When they were told that.
    pub told_at: Option<Timestamp>,
    /// The rule as it was when they were told, while that is not over: its end is told of as its beginning was,
    /// whatever became of the rule.
    pub as_told: Option<Rule>,
}

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
            if unwatched > UNWATCHED_MAX {
                standing.silenced_until = None;
            }
            let rule = watch.rules.named(name);
            effects.extend(standing.unwatched((name, rule.as_ref()), figures, now));
            unwatched <= UNWATCHED_MAX && standing.is_remembered(watch.quiet, now)
        });
        for (name, rule) in &known {
            let standing = next.rules.entry(name.clone()).or_default();
            if standing.told
                && standing.as_told.as_ref().is_some_and(|told| told.metric != rule.metric)
            {
                effects.push(standing.ended((name, Some(rule)), RULE_CHANGED, figures, now));
                // Nothing of what was measured is of what is watched now.
                let silenced_until = standing.silenced_until;
                *standing = Standing { silenced_until, ..Standing::default() };
            }
            effects.extend(standing.follow((name, rule), figures, watch.quiet, now));
        }
        next.rules.retain(|_, standing| *standing != Standing::default());
        next.set_alarm(now);
        Transition { next, effects }
    }

    /// Silences a rule until then, or lets it speak again.
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
        if !rules.all().contains_key(name) {
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

    /// Whether a rule is due or raised.
    fn is_busy(&self) -> bool {
        self.rules.values().any(|one| one.since.is_some() || one.raised_at.is_some())
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

impl Standing {
    /// What follows from whether the rule's condition holds now.
    fn follow(
        &mut self,
        (name, rule): (&str, &Rule),
        figures: &Figures,
        quiet: Span,
        now: Timestamp,
    ) -> Option<Effect> {
        let value = figures.value(rule);
        let holds = value.is_some_and(|value| rule.limit.is_broken_by(value));
        if self.silenced_until.is_some_and(|until| until <= now) {
            self.silenced_until = None;
        }
        // Before it is raised, what lasts is the trouble; afterwards, that it is over.
        let is_raised = self.raised_at.is_some();
        let told = self.as_told.as_ref().unwrap_or(rule);
        let is_unknown = is_raised && value.is_none() && figures.value(told).is_none();
        let still_fails = is_unknown && figures.may_still_break(told);
        self.value = value.map(millionths);
        if holds == is_raised || still_fails {
            self.since = None;
        } else {
            let since = *self.since.get_or_insert(now);
            let lasts = if is_unknown { rule.hold.max(UNMEASURED_MAX) } else { rule.hold };
            if now.since(since) >= lasts {
                self.since = None;
                self.raised_at = holds.then_some(since);
            }
        }
        if self.silenced_until.is_some() {
            // What came and went meanwhile is told of at the end, as it stands then.
            return None;
        }
        match (self.raised_at, self.told) {
            (Some(_), false) if self.quiet_until(quiet, now).is_some() => None,
            (Some(since), false) => {
                self.told = true;
                (self.told_since, self.told_at) = (Some(since), Some(now));
                self.as_told = Some(rule.clone());
                Some(emit("alert.raised", self.data((name, rule), self.value)))
            }
            (None, true) => {
                let by = self.over_by(rule, figures);
                Some(self.ended((name, Some(rule)), by, figures, now))
            }
            (Some(_), true) | (None, false) => None,
        }
    }

    /// What follows from that its rule is no longer there, however what it watched is: it ends, and people are told
    /// so unless it is silenced. Then that is told at the end of the silence, if the rule is not there again by then.
    fn unwatched(
        &mut self,
        (name, rule): (&str, Option<&Rule>),
        figures: &Figures,
        now: Timestamp,
    ) -> Option<Effect> {
        (self.since, self.silenced_until) =
            (None, self.silenced_until.filter(|until| *until > now));
        if self.told && self.silenced_until.is_some() {
            return None;
        }
        self.raised_at = None;
        let by = if rule.is_some() { RULE_DISABLED } else { RULE_REMOVED };
        let over = self.told.then(|| self.ended((name, rule), by, figures, now));
        self.value = None;
        over
    }

    /// Whether something of it still counts once its rule is back.
    fn is_remembered(&self, quiet: Span, now: Timestamp) -> bool {
        self.told || self.silenced_until.is_some() || self.quiet_until(quiet, now).is_some()
    }

    /// Why it is over, though its rule is still there: by the rule of which people were told, it might go on.
    fn over_by(&self, rule: &Rule, figures: &Figures) -> &'static str {
        let told = self.as_told.as_ref().unwrap_or(rule);
        match figures.value(told) {
            Some(value) if told.limit.is_broken_by(value) => RULE_CHANGED,
            Some(_) => RECOVERED,
            None if self.value.is_some() => RULE_CHANGED,
            None => UNMEASURED,
        }
    }

    /// Until when people are not told that it is raised, since they were told so a short time ago.
    pub fn quiet_until(&self, quiet: Span, now: Timestamp) -> Option<Timestamp> {
        self.told_at.filter(|_| !self.told).map(|at| at.after(quiet)).filter(|until| *until > now)
    }

    fn data(&self, (name, rule): (&str, &Rule), measured: Option<u64>) -> Value {
        let mut data = json!({
            "alert": name,
            "metric": rule.metric.as_str(),
            "severity": rule.severity.as_str(),
            "measured": measured.map(plain),
            "threshold": rule.limit.threshold(),
            "comparison": rule.limit.as_str(),
            "since": self.told_since.map(Timestamp::to_rfc3339),
        });
        if let (Some(window), Some(data)) = (rule.told_window(), data.as_object_mut()) {
            data.insert("window".to_owned(), Value::from(window));
        }
        data
    }

    /// That it is over, with all that was said of it. Of one that was told of before that was kept, what its rule
    /// says now is said; where that is gone too, only its name is known.
    fn ended(
        &mut self,
        (name, rule): (&str, Option<&Rule>),
        by: &'static str,
        figures: &Figures,
        now: Timestamp,
    ) -> Effect {
        self.told = false;
        let told = self.as_told.take();
        let mut data = match told.as_ref().or(rule) {
            Some(rule) => {
                let measured = figures.value(rule).map(millionths);
                let last = self.value.filter(|_| by != RECOVERED && by != UNMEASURED);
                self.data((name, rule), measured.or(last))
            }
            None => json!({"alert": name, "measured": self.value.map(plain),
                "since": self.told_since.map(Timestamp::to_rfc3339)}),
        };
        if let Some(data) = data.as_object_mut() {
            data.insert("resolved_at".to_owned(), Value::from(now.to_rfc3339()));
            data.insert("ended_by".to_owned(), Value::from(by));
        }
        emit("alert.resolved", data)
    }
}

/// Why an alert is over: what it watches is as it should be; or nobody watches it any more.
pub const RECOVERED: &str = "recovered";
/// There was too little to measure for [`UNMEASURED_MAX`], and nothing that still fails: nobody knows whether it
/// is better.
pub const UNMEASURED: &str = "unmeasured";
/// Its rule was disabled.
pub const RULE_DISABLED: &str = "rule_disabled";
/// Its rule was taken away.
pub const RULE_REMOVED: &str = "rule_removed";
/// Its rule was changed: as it was, it would still be raised, or it watched something else.
pub const RULE_CHANGED: &str = "rule_changed";

fn emit(event_type: &str, data: Value) -> Effect {
    let data: Map<String, Value> = data.as_object().cloned().unwrap_or_default();
    Effect::Emit { event_type: event_type.to_owned(), data }
}

fn millionths(value: f64) -> u64 {
    whole(value * 1e6)
}

/// A value as people read it.
pub fn plain(value: u64) -> f64 {
    value as f64 / 1e6
}

#[cfg(test)]
mod tests;
