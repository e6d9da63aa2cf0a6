//! The report of each week: when it is due, that it is made once, and what it says.
//!
//! ```text
//!  settings --Arm--> due: Monday 09:00 on the tenant's wall --Wake--> report of the last whole week
//!                          ^                                            |      report.weekly.ready,
//!                          +------------- the week after that ----------+      and a mail to each reader
//! ```
//! Late policy: a report that could not be made in its time is made as soon as it can be, of the last whole
//! week at that moment. Weeks that were missed altogether are not sent after it; they can be asked for. No
//! week is told twice, whatever becomes of the settings, since the latest one told is part of the state.

pub mod chart;
mod document;
pub mod figures;
mod html;
mod making;
mod remarks;
pub mod settings;
#[cfg(test)]
mod tests;
mod text;
pub mod week;
mod words;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::document::subject;
pub use self::figures::Report;
pub use self::html::html;
pub use self::making::{About, make, span};
pub use self::text::text;
pub use self::week::Week;
use crate::effect::{Effect, Rejected, Transition};
use crate::policy::Policy;
use crate::time::Timestamp;
use crate::timer::{ByHand, Wish};

/// What the alarm is called among the timers.
pub const ALARM: &str = "weekly_report";
/// The event that a week's report is.
pub const READY: &str = "report.weekly.ready";
/// The event that a report is which somebody asked for.
pub const REQUESTED: &str = "report.weekly.requested";

/// Whether an event's data are a report.
pub fn is_report(event_type: &str) -> bool {
    [READY, REQUESTED].contains(&event_type)
}

/// What a tenant remembers of its reports.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reports {
    /// The latest week that was told.
    pub last: Option<Week>,
    /// When the next one is due.
    pub due: Option<Timestamp>,
    /// Under which the alarm is set.
    pub generation: u32,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// The settings are as they are now: the alarm is set by them.
    Arm,
    /// The alarm rang; the report is that of the last whole week.
    Wake {
        /// The generation for which it was set.
        generation: u32,
        /// The week.
        week: Week,
        /// Its report.
        report: Arc<Report>,
    },
    /// Somebody wants a report now.
    Send {
        /// Who gets it.
        to: Vec<String>,
        /// The report.
        report: Arc<Report>,
    },
}

impl Reports {
    /// Decides.
    ///
    /// # Errors
    /// The alarm was set under settings that are no longer so.
    pub fn step(
        &self,
        command: Command,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Transition<Self>, Rejected> {
        let mut next = self.clone();
        let mut effects = Vec::new();
        let weekly = &policy.settings.reports.weekly;
        match command {
            Command::Arm => {
                // One that is overdue rings as soon as the clock comes to it: nothing may move it away.
                let overdue = self.due.is_some_and(|due| due <= now);
                if !(overdue && weekly.is_on()) {
                    next.arm(policy, now);
                }
            }
            Command::Wake { generation, .. } if generation != self.generation => {
                return Err(Rejected::because("the alarm is not the present one"));
            }
            Command::Wake { week, report, .. } => {
                if weekly.is_on() && self.last.is_none_or(|last| last < week) {
                    next.last = Some(week);
                    effects = told(READY, &report, weekly.to.clone());
                }
                // Rung before its time or not, the alarm is gone: a new one takes its place.
                next.due = None;
                next.arm(policy, now);
            }
            Command::Send { to, report } => effects = told(REQUESTED, &report, to),
        }
        Ok(Transition { next, effects })
    }

    /// Says what a person does who wants something of the alarm, which is no one's to move by hand.
    pub fn by_hand(&self, asked: &ByHand) -> Rejected {
        if !self.due.is_some_and(|due| asked.means(ALARM, due)) {
            return asked.gone();
        }
        Rejected::because(match asked.wish {
            Wish::Fire => {
                "its week has to be over first: to send a report now, use POST /api/v1/reports/weekly/send"
            }
            Wish::Cancel => {
                "to get no more reports, set reports.weekly.enabled to false in the tenant's settings"
            }
            Wish::MoveTo(_) => "its day and hour are reports.weekly in the tenant's settings",
        })
    }

    fn arm(&mut self, policy: &Policy, now: Timestamp) {
        let weekly = &policy.settings.reports.weekly;
        let due = weekly.is_on().then(|| weekly.next(now, self.last, &policy.zone));
        if due != self.due {
            self.due = due;
            self.generation = self.generation.wrapping_add(1);
        }
    }
}

fn told(event_type: &str, report: &Report, to: Vec<String>) -> Vec<Effect> {
    let emit = Effect::Emit { event_type: event_type.to_owned(), data: data(report) };
    vec![emit, Effect::Mail { to }]
}

/// A report as the data of an event.
pub fn data(report: &Report) -> Map<String, Value> {
    match serde_json::to_value(report) {
        Ok(Value::Object(data)) => data,
        Ok(_) | Err(_) => Map::new(),
    }
}

/// The report that an event carries, by its whole body; nothing where its data are something else.
pub fn of_body(body: &[u8]) -> Option<Report> {
    #[derive(Deserialize)]
    struct Body {
        data: Report,
    }
    let report = serde_json::from_slice::<Body>(body).ok()?.data;
    (!report.week.is_empty()).then_some(report)
}

/// A report in a few facts, for channels that have room for no more.
pub fn summary(report: &Report) -> Vec<(String, String)> {
    let document = document::Document::of(report);
    let tiles = document.tiles.into_iter().map(|[name, value, change]| {
        let change = if change.is_empty() { change } else { format!(" ({change})") };
        (name, format!("{value}{change}"))
    });
    let attention = words::pick(report.locale, words::ATTENTION);
    let attention = document.attention.into_iter().take(4).enumerate().map(|(place, sentence)| {
        let name =
            if place == 0 { attention.to_owned() } else { format!("{attention} ({})", place + 1) };
        (name, sentence)
    });
    tiles.chain(attention).collect()
}
