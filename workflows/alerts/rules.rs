//! Rules: those that every tenant has, as the tenant changed them, and its own.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Metric, Unit};
use crate::dead_letters::ALERT_COUNT_MAX;
use crate::invalid::Invalid;
use crate::statistics::Window;
use crate::time::Span;

/// Rules of a tenant at most, with those that every tenant has.
pub(super) const RULES_MAX: usize = 50;
/// Characters of a rule's name at most.
const NAME_CHARS_MAX: usize = 64;
/// The longest hold time.
const HOLD_MAX: Span = Span::hours(24);
/// How many there must have been of what a rule takes a share of, where it does not say.
const AT_LEAST: u64 = 20;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Somebody should know.
    Info,
    /// Somebody should look.
    Warning,
    /// Somebody must act.
    Critical,
}

impl Severity {
    /// Its name outside.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// What a value must not be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Limit {
    /// Above this.
    Above(f64),
    /// Below this.
    Below(f64),
}

impl Limit {
    /// Whether a value is what it must not be.
    pub fn is_broken_by(self, value: f64) -> bool {
        match self {
            Self::Above(limit) => value > limit,
            Self::Below(limit) => value < limit,
        }
    }

    /// On which side of it a value must not be.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Above(_) => "above",
            Self::Below(_) => "below",
        }
    }

    /// The limit itself.
    pub fn threshold(self) -> f64 {
        match self {
            Self::Above(limit) | Self::Below(limit) => limit,
        }
    }
}

/// A rule. Alerts keep it as it was, so its fields are frozen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// What is measured.
    pub metric: Metric,
    /// What it must not be.
    pub limit: Limit,
    /// Over which window.
    pub window: Window,
    /// For how long it must be so, and no longer so, before people are told.
    pub hold: Span,
    /// How bad it is.
    pub severity: Severity,
    /// So many there must have been in the window for a share or a quantile to mean anything.
    pub at_least: u64,
}

impl Rule {
    /// Its window by its name, where what it measures has one: what lies there now has none.
    pub fn told_window(&self) -> Option<&'static str> {
        self.metric.has_window().then(|| self.window.as_str())
    }
}

/// A rule as a tenant writes it; what it leaves out is the built-in rule's of that name.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuleSetting {
    /// What is measured; a built-in rule's name says it too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<Metric>,
    /// Above this it is raised: a share from 0 to 1, milliseconds, or a count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub above: Option<f64>,
    /// Below this it is raised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
    /// `1m`, `5m`, `1h` or `1d`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<WindowName>,
    /// For how long it must be so.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub hold: Option<Span>,
    /// `info`, `warning` or `critical`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// So many there must have been in the window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<u64>,
    /// Whether it is held against anything at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// A window by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowName(pub Window);

impl Serialize for WindowName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for WindowName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let window = Window::from_name(&name);
        window.map(Self).ok_or_else(|| de::Error::custom("must be 1m, 5m, 1h or 1d"))
    }
}

/// A tenant's rules.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AlertRules(BTreeMap<String, RuleSetting>);

impl AlertRules {
    /// Whether the tenant says nothing of its own.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All rules that are enabled, by name.
    pub fn all(&self) -> BTreeMap<String, Rule> {
        let enabled = self.each().filter(|(_, (_, is_enabled))| *is_enabled);
        enabled.map(|(name, (rule, _))| (name, rule)).collect()
    }

    /// All rules by name, with whether they are enabled.
    pub(super) fn each(&self) -> impl Iterator<Item = (String, (Rule, bool))> {
        let own = self.0.iter().map(|(name, setting)| (name.as_str(), setting.clone()));
        let built_in = Metric::ALL.iter().map(|metric| (metric.as_str(), RuleSetting::default()));
        let settings: BTreeMap<&str, RuleSetting> = built_in.chain(own).collect();
        settings.into_iter().filter_map(|(name, setting)| {
            let rule = rule_of(name, &setting)?;
            Some((name.to_owned(), (rule, setting.enabled.unwrap_or(true))))
        })
    }

    /// A rule by its name, whether it is enabled or not.
    pub fn named(&self, name: &str) -> Option<Rule> {
        rule_of(name, &self.0.get(name).cloned().unwrap_or_default())
    }

    /// Refuses rules that cannot be meant.
    ///
    /// # Errors
    /// The rule's field, and what it must be.
    pub fn check(&self) -> Result<(), Invalid> {
        if self.0.len() > RULES_MAX {
            return Err(Invalid::new("alerts", format!("at most {RULES_MAX} rules")));
        }
        for (name, setting) in &self.0 {
            check_rule(name, setting).map_err(|(field, problem)| {
                Invalid::new(format!("alerts.{name}{field}"), problem)
            })?;
        }
        Ok(())
    }

    /// Refuses limits that nothing reaches: of shares, and of dead letters beyond those that are counted. Only what
    /// is written now over the rules of before is refused for that: what was stored before this was looked at stays
    /// as it is, and is never raised.
    ///
    /// # Errors
    /// The limit's field, and what it must be.
    pub fn check_reach(&self, before: &Self) -> Result<(), Invalid> {
        let reached = |rule: &Rule| (rule.metric, rule.limit);
        for (name, setting) in &self.0 {
            let Some(rule) = rule_of(name, setting) else { continue };
            let stored = before.0.get(name).and_then(|setting| rule_of(name, setting));
            if stored.as_ref().map(reached) == Some(reached(&rule)) {
                continue;
            }
            let limit = rule.limit.threshold();
            let problem = if rule.metric.unit() == Unit::Share && limit > 1.0 {
                SHARE.to_owned()
            } else if rule.metric == Metric::DeadLetters && limit > ALERT_COUNT_MAX as f64 {
                format!(
                    "must be at most {ALERT_COUNT_MAX}: so many dead letters are counted for alerts"
                )
            } else {
                continue;
            };
            let field = format!("alerts.{name}.{}", rule.limit.as_str());
            return Err(Invalid::new(field, problem));
        }
        Ok(())
    }
}

/// What a limit of a share must be.
const SHARE: &str = "must be a share from 0 to 1: 0.05 means 5 %";

fn check_rule(name: &str, setting: &RuleSetting) -> Result<(), (&'static str, String)> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || name.len() > NAME_CHARS_MAX || !name.chars().all(allowed) {
        let problem = format!("a rule's name is 1 to {NAME_CHARS_MAX} of a-z, 0-9 and _");
        return Err(("", problem));
    }
    if setting.above.is_some() && setting.below.is_some() {
        return Err((".below", "give above or below, not both".to_owned()));
    }
    let limits = [(".above", setting.above), (".below", setting.below)];
    for (field, limit) in limits {
        if limit.is_some_and(|limit| !limit.is_finite() || limit < 0.0) {
            let metric = setting.metric.or(Metric::from_name(name));
            let is_share = metric.is_some_and(|metric| metric.unit() == Unit::Share);
            let problem = if is_share { SHARE } else { "must be a number of 0 or more" };
            return Err((field, problem.to_owned()));
        }
    }
    if setting.hold.is_some_and(|hold| hold > HOLD_MAX) {
        return Err((".for", format!("must be at most {HOLD_MAX}")));
    }
    if rule_of(name, setting).is_none() {
        let metrics = Metric::ALL.map(Metric::as_str).join(", ");
        let problem = format!("say metric (one of {metrics}) and above or below");
        return Err(("", problem));
    }
    Ok(())
}

/// A setting over the built-in rule of its name, or of its metric.
fn rule_of(name: &str, setting: &RuleSetting) -> Option<Rule> {
    let metric = setting.metric.or(Metric::from_name(name))?;
    let built_in = built_in(metric);
    let own = setting.above.map(Limit::Above).or(setting.below.map(Limit::Below));
    let limit = own.or(built_in.as_ref().map(|rule| rule.limit))?;
    let base = built_in.unwrap_or(Rule {
        metric,
        limit,
        window: Window::FiveMinutes,
        hold: Span::minutes(1),
        severity: Severity::Warning,
        at_least: AT_LEAST,
    });
    Some(Rule {
        metric,
        limit,
        window: setting.window.map_or(base.window, |name| name.0),
        hold: setting.hold.unwrap_or(base.hold),
        severity: setting.severity.unwrap_or(base.severity),
        at_least: setting.at_least.unwrap_or(base.at_least),
    })
}

/// The rules that every tenant has (rows B15, E06, E07); none for what only a tenant can judge.
fn built_in(metric: Metric) -> Option<Rule> {
    use Severity::{Critical, Warning};
    let (limit, window, hold, severity) = match metric {
        Metric::DeliveryFailureRate => (Limit::Above(0.05), Window::FiveMinutes, 1, Critical),
        Metric::DeliveryLatencyP95 => (Limit::Above(2_000.0), Window::FiveMinutes, 1, Warning),
        Metric::RetryRate => (Limit::Above(0.10), Window::FiveMinutes, 1, Warning),
        Metric::Availability => (Limit::Below(0.999), Window::Day, 1, Critical),
        Metric::DeadLetters => (Limit::Above(100.0), Window::FiveMinutes, 0, Critical),
        Metric::ProcessingP95 => (Limit::Above(1_000.0), Window::FiveMinutes, 1, Warning),
        Metric::ErrorRate => (Limit::Above(0.01), Window::FiveMinutes, 1, Critical),
        Metric::SignatureFailureRate => (Limit::Above(0.01), Window::FiveMinutes, 1, Warning),
        Metric::ResponseTimeP95 | Metric::NoShows | Metric::SlaBreaches => return None,
    };
    let at_least = if metric == Metric::DeadLetters { 0 } else { AT_LEAST };
    Some(Rule { metric, limit, window, hold: Span::minutes(hold), severity, at_least })
}
