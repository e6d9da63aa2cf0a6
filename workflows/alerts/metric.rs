//! What rules are held against.

use serde::{Deserialize, Serialize};

use super::Rule;
use crate::statistics::{Count, Size, Sketch, Tally, Window};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Attempts that failed, among all.
    DeliveryFailureRate,
    /// How long 95 of 100 attempts took at most, in milliseconds.
    DeliveryLatencyP95,
    /// Attempts that were not the first of their delivery, among all.
    RetryRate,
    /// Deliveries that arrived, among those that came to an end.
    Availability,
    /// Dead letters that lie there.
    DeadLetters,
    /// How long 95 of 100 events took until their last stage, in milliseconds.
    ProcessingP95,
    /// Events that were set aside, among all.
    ErrorRate,
    /// Requests of providers without a valid signature, among all.
    SignatureFailureRate,
    /// How long 95 of 100 customers waited for an answer, in milliseconds.
    ResponseTimeP95,
    /// Customers who did not come.
    NoShows,
    /// Handoffs that waited too long.
    SlaBreaches,
}

impl Metric {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::DeliveryFailureRate,
        Self::DeliveryLatencyP95,
        Self::RetryRate,
        Self::Availability,
        Self::DeadLetters,
        Self::ProcessingP95,
        Self::ErrorRate,
        Self::SignatureFailureRate,
        Self::ResponseTimeP95,
        Self::NoShows,
        Self::SlaBreaches,
    ];

    /// The metric with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.as_str() == name)
    }

    /// In what it is measured.
    pub fn unit(self) -> Unit {
        match self {
            Self::DeliveryFailureRate
            | Self::RetryRate
            | Self::Availability
            | Self::ErrorRate
            | Self::SignatureFailureRate => Unit::Share,
            Self::DeliveryLatencyP95 | Self::ProcessingP95 | Self::ResponseTimeP95 => {
                Unit::Milliseconds
            }
            Self::DeadLetters | Self::NoShows | Self::SlaBreaches => Unit::Count,
        }
    }

    /// Whether it is of attempts at deliveries, which grow rare where a receiver stays dead.
    pub(super) fn is_of_attempts(self) -> bool {
        match self {
            Self::DeliveryFailureRate
            | Self::DeliveryLatencyP95
            | Self::RetryRate
            | Self::Availability => true,
            Self::DeadLetters
            | Self::ProcessingP95
            | Self::ErrorRate
            | Self::SignatureFailureRate
            | Self::ResponseTimeP95
            | Self::NoShows
            | Self::SlaBreaches => false,
        }
    }

    /// Whether it is of what happened in a window, rather than of what there is now.
    pub fn has_window(self) -> bool {
        match self {
            Self::DeadLetters => false,
            Self::DeliveryFailureRate
            | Self::DeliveryLatencyP95
            | Self::RetryRate
            | Self::Availability
            | Self::ProcessingP95
            | Self::ErrorRate
            | Self::SignatureFailureRate
            | Self::ResponseTimeP95
            | Self::NoShows
            | Self::SlaBreaches => true,
        }
    }

    /// Its name outside.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DeliveryFailureRate => "delivery_failure_rate",
            Self::DeliveryLatencyP95 => "delivery_latency_p95",
            Self::RetryRate => "retry_rate",
            Self::Availability => "availability",
            Self::DeadLetters => "dead_letters",
            Self::ProcessingP95 => "processing_p95",
            Self::ErrorRate => "error_rate",
            Self::SignatureFailureRate => "signature_failure_rate",
            Self::ResponseTimeP95 => "response_time_p95",
            Self::NoShows => "no_shows",
            Self::SlaBreaches => "sla_breaches",
        }
    }
}

/// In what a metric is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A share from 0 to 1.
    Share,
    /// Milliseconds.
    Milliseconds,
    /// A number of them.
    Count,
}

/// What was counted, as the rules see it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Figures {
    /// What was counted in each window, in the order of [`Window::ALL`].
    pub windows: [Tally; 4],
    /// Dead letters that lie there, as far as they were counted.
    pub dead_letters: u64,
    /// Whether the latest attempt at an endpoint that is enabled, and was tried within a day, failed.
    pub still_fails: bool,
    /// How long the slowest of the latest attempts took at those where the latest failed, in milliseconds.
    pub failing_took: Option<u64>,
}

impl Figures {
    /// Whether what a rule measures may still be as bad as it was, though there is too little of it to tell: a receiver
    /// still fails, which for a rule of how long attempts take is one that takes as long.
    pub(super) fn may_still_break(&self, rule: &Rule) -> bool {
        let takes_long =
            || self.failing_took.is_some_and(|millis| rule.limit.is_broken_by(millis as f64));
        rule.metric.is_of_attempts()
            && self.still_fails
            && (rule.metric != Metric::DeliveryLatencyP95 || takes_long())
    }

    /// What a rule measures; `None` where there was too little to tell.
    pub(super) fn value(&self, rule: &Rule) -> Option<f64> {
        let place = Window::ALL.iter().position(|window| *window == rule.window)?;
        let tally = self.windows.get(place)?;
        let attempts = tally.attempts();
        let least = rule.at_least;
        let share =
            |part: u64, whole: u64| (whole >= least.max(1)).then(|| part as f64 / whole as f64);
        let p95 = |sketch: &Sketch| {
            let enough = sketch.count() >= least.max(1);
            sketch.quantile(0.95).filter(|_| enough).map(|value| value as f64)
        };
        let size = |what: Size| {
            let value = p95(tally.size(what)?.as_ref())?;
            Some(value / what.per_millisecond() as f64)
        };
        match rule.metric {
            Metric::DeliveryFailureRate => share(attempts.failed.into(), attempts.attempts()),
            Metric::DeliveryLatencyP95 => p95(&attempts.took),
            Metric::RetryRate => share(attempts.retries.into(), attempts.attempts()),
            Metric::Availability => {
                let (sent, dead) = (u64::from(attempts.sent), u64::from(attempts.dead));
                share(sent, sent + dead)
            }
            Metric::DeadLetters => Some(self.dead_letters as f64),
            Metric::ProcessingP95 => size(Size::ProcessingTime),
            Metric::ErrorRate => share(tally.of(Count::EventsFailed), tally.of(Count::Events)),
            Metric::SignatureFailureRate => {
                let refused = tally.of(Count::LettersRefused);
                share(refused, refused + tally.of(Count::LettersTaken))
            }
            Metric::ResponseTimeP95 => size(Size::AnswerTime),
            Metric::NoShows => Some(tally.of(Count::NoShows) as f64),
            Metric::SlaBreaches => Some(tally.of(Count::SlaBreached) as f64),
        }
    }
}
