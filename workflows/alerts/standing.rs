//! How one rule stands, what follows from what is measured of it, and what people are told of it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Figures, Rule, UNMEASURED_MAX};
use crate::effect::Effect;
use crate::statistics::whole;
use crate::time::{Span, Timestamp};

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
    /// The rule as it was when they were told: its end is told of as its beginning was, whatever became of the rule,
    /// and the quiet time after it is of what it measured.
    pub as_told: Option<Rule>,
    /// Since when what they were told of is watched no more, while a silence keeps them from being told so.
    pub unwatched_since: Option<Timestamp>,
}

impl Standing {
    /// What follows from whether the rule's condition holds now.
    pub(super) fn follow(
        &mut self,
        (name, rule): (&str, &Rule),
        figures: &Figures,
        quiet: Span,
        now: Timestamp,
    ) -> Option<Effect> {
        let value = figures.value(rule);
        let holds = value.is_some_and(|value| rule.limit.is_broken_by(value));
        self.silenced_until = self.silenced_until.filter(|until| *until > now);
        self.unwatched_since = None;
        // Before it is raised, what lasts is the trouble; afterwards, that it is over.
        let is_raised = self.raised_at.is_some();
        let told = self.as_told.as_ref().filter(|_| self.told).unwrap_or(rule);
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
            (Some(_), false) if self.quiet_until(Some(rule), quiet, now).is_some() => None,
            (Some(since), false) => {
                self.told = true;
                (self.told_since, self.told_at) = (Some(since), Some(now));
                self.as_told = Some(rule.clone());
                Some(emit("alert.raised", self.data((name, rule), self.value)))
            }
            (None, true) => {
                let by = self.over_by(rule, figures);
                let last = self.value.filter(|_| by == RULE_CHANGED);
                let told = self.as_told.as_ref().unwrap_or(rule);
                let measured = figures.value(told).map(millionths).or(last);
                Some(self.ended((name, Some(rule)), by, measured, now))
            }
            (Some(_), true) | (None, false) => None,
        }
    }

    /// What follows from that its rule is off, no longer there, or of something else than people were told of, whatever
    /// became of what they were told of: it ends, and they are told so unless it is silenced. Then that is told at the
    /// end of the silence, if the rule is not back by then.
    pub(super) fn unwatched(
        &mut self,
        (name, rule): (&str, Option<&Rule>),
        by: &'static str,
        figures: &Figures,
        now: Timestamp,
    ) -> Option<Effect> {
        self.since = None;
        self.silenced_until = self.silenced_until.filter(|until| *until > now);
        if self.told && self.unwatched_since.is_none() {
            self.unwatched_since = Some(now);
            let measured = self.as_told.as_ref().or(rule).and_then(|rule| figures.value(rule));
            self.value = measured.map(millionths).or(self.value);
        }
        if self.told && self.silenced_until.is_some() {
            return None;
        }
        self.raised_at = None;
        let (last, since) = (self.value.take(), self.unwatched_since.take());
        self.told.then(|| self.ended((name, rule), by, last, since.unwrap_or(now)))
    }

    /// Whether people were told of something else than this rule is about.
    pub(super) fn is_of_another(&self, rule: &Rule) -> bool {
        self.told && self.as_told.as_ref().is_some_and(|told| told.metric != rule.metric)
    }

    /// Whether something of it still counts once its rule is back.
    pub(super) fn is_remembered(&self, quiet: Span, now: Timestamp) -> bool {
        self.told || self.silenced_until.is_some() || self.quiet_until(None, quiet, now).is_some()
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

    /// Until when people are not told that it is raised, since they were told so a short time ago: of the same metric
    /// and limit as this rule's, where there is one.
    pub fn quiet_until(
        &self,
        rule: Option<&Rule>,
        quiet: Span,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let is_of = |rule: &Rule| {
            let told = self.as_told.as_ref();
            told.is_none_or(|told| (told.metric, told.limit) == (rule.metric, rule.limit))
        };
        let told_at = self.told_at.filter(|_| !self.told && rule.is_none_or(is_of));
        told_at.map(|at| at.after(quiet)).filter(|until| *until > now)
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

    /// That it is over since then, with all that was said of it. Of one that was told of before that was kept, what its
    /// rule says now is said; where that is gone too, only its name is known.
    fn ended(
        &mut self,
        (name, rule): (&str, Option<&Rule>),
        by: &'static str,
        measured: Option<u64>,
        since: Timestamp,
    ) -> Effect {
        self.told = false;
        let mut data = match self.as_told.as_ref().or(rule) {
            Some(rule) => self.data((name, rule), measured),
            None => json!({"alert": name, "measured": measured.map(plain),
                "since": self.told_since.map(Timestamp::to_rfc3339)}),
        };
        if let Some(data) = data.as_object_mut() {
            data.insert("resolved_at".to_owned(), Value::from(since.to_rfc3339()));
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
