//! The figures of a week, as they go into an event, an answer and a mail.
//!
//! They are read back from an event when its mail is written, which may be days and a new version later: so
//! what is not there is empty. What was not counted is nothing, which is not zero. Names are those of `GET /api/v1/stats` where it has the same figure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::locale::Locale;
use crate::statistics::{Count, Route, Size, Sketch, Tally};

/// How much of a week, or of a day, was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coverage {
    /// All of it that has passed.
    #[default]
    Whole,
    /// A part of it: counting began within it, its beginning is no longer kept, or no server was there for a while.
    Partial,
    /// Nothing.
    None,
}

/// The report of a week.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// The week, such as `2026-W47`.
    pub week: String,
    /// Whose it is, by its name for people.
    pub tenant: String,
    /// In which zone its days are.
    pub timezone: String,
    /// In which language its sentences are.
    pub locale: Locale,
    /// Its Monday.
    pub first_day: String,
    /// Its Sunday.
    pub last_day: String,
    /// When it begins.
    pub from: String,
    /// When it ends.
    pub to: String,
    /// When the report was made.
    pub made_at: String,
    /// Whether the week is over.
    pub complete: bool,
    /// How much of it was counted.
    pub coverage: Coverage,
    /// From when on there are figures.
    pub counted_since: String,
    /// The figures of the week, of as much of it as was counted.
    pub totals: Option<Totals>,
    /// The figures of the week before, up to the same hour where the week is not over; nothing where
    /// they are not all there.
    pub week_before: Option<Totals>,
    /// Day by day, from Monday.
    pub days: Vec<DayFigures>,
    /// The types of event that came most often.
    pub top_events: Option<Vec<TypeFigures>>,
    /// Deliveries by channel.
    pub channels: Option<Vec<ChannelFigures>>,
    /// The endpoints at which most attempts failed.
    pub failing_endpoints: Option<Vec<EndpointFigures>>,
    /// Deliveries that were held by disabled endpoints and paused channels when the report was made; nothing where
    /// its week was long past.
    pub deliveries_held: Option<u64>,
    /// Why attempts failed, the most frequent first.
    pub causes: Option<Vec<CauseFigures>>,
    /// What somebody should look at.
    pub attention: Option<Vec<Remark>>,
    /// What must be known to read the figures.
    pub notes: Vec<Remark>,
}

/// A sentence, and the word by which programs know it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Remark {
    /// The word.
    pub code: String,
    /// The sentence.
    pub sentence: String,
}

/// The figures of a span of time.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are those of the counts and sizes that they are")]
pub struct Totals {
    pub events: u64,
    pub events_failed: u64,
    pub inbound_accepted: u64,
    pub inbound_refused: u64,
    pub conversations_started: u64,
    pub conversations_ended: u64,
    pub conversations_escalated: u64,
    pub conversions: u64,
    pub messages_received: u64,
    pub messages_sent: u64,
    pub calls: u64,
    pub reservations_created: u64,
    pub reservations_confirmed: u64,
    pub reservations_cancelled: u64,
    pub reservations_arrived: u64,
    pub reservations_completed: u64,
    pub no_shows: u64,
    pub no_show_rate: Option<f64>,
    pub reminders_sent: u64,
    pub reminders_confirmed: u64,
    pub handoffs_opened: u64,
    pub sla_breached: u64,
    pub alerts_raised: u64,
    pub dead_letters: u64,
    pub deliveries_cancelled: u64,
    pub deliveries_withdrawn: u64,
    pub ai_response_time: Quantiles,
    pub handoff_response_time: Quantiles,
    pub deliveries: Attempts,
}

/// How long something took, in milliseconds; nothing where it never happened.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "they say what they are")]
pub struct Quantiles {
    pub count: u64,
    pub p50_ms: Option<u64>,
    pub p95_ms: Option<u64>,
    pub p99_ms: Option<u64>,
}

/// Attempts at deliveries.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "they say what they are")]
pub struct Attempts {
    pub attempts: u64,
    pub sent: u64,
    pub failed: u64,
    pub retries: u64,
    pub dead_letters: u64,
    pub success_rate: Option<f64>,
    pub latency: Quantiles,
}

/// The figures of one day.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DayFigures {
    /// The day.
    pub date: String,
    /// Whether it has not begun.
    pub to_come: bool,
    /// How much of it was counted.
    pub coverage: Coverage,
    /// Events of all kinds.
    pub events: Option<u64>,
    /// The same a week earlier, where that is known.
    pub events_before: Option<u64>,
    /// Bookings that were made.
    pub reservations_created: Option<u64>,
    /// The same a week earlier, where that is known.
    pub reservations_before: Option<u64>,
    /// Customers who did not come.
    pub no_shows: Option<u64>,
    /// Conversations that began.
    pub conversations_started: Option<u64>,
    /// Attempts that arrived.
    pub deliveries_sent: Option<u64>,
    /// Attempts that failed.
    pub deliveries_failed: Option<u64>,
    /// How long 95 of 100 customers waited for an answer at most.
    pub answer_p95_ms: Option<u64>,
    /// The week's most frequent types on this day.
    pub by_type: Option<BTreeMap<String, u64>>,
}

/// How often a type came.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TypeFigures {
    /// The type.
    pub event_type: String,
    /// How often.
    pub count: u64,
    /// How often the week before, where that is known.
    pub before: Option<u64>,
}

/// Attempts over one channel.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChannelFigures {
    /// The channel.
    pub channel: String,
    /// Its attempts.
    #[serde(flatten)]
    pub attempts: Attempts,
}

/// Attempts at one endpoint.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EndpointFigures {
    /// The endpoint.
    pub endpoint_id: u32,
    /// What kind it is, as long as it is there.
    pub kind: Option<String>,
    /// The host of its target, as long as it is there.
    pub host: Option<String>,
    /// Attempts that failed.
    pub failed: u64,
    /// Attempts in all.
    pub attempts: u64,
    /// Deliveries that were given up.
    pub dead_letters: u64,
}

/// How often attempts failed for one cause.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CauseFigures {
    /// The answer's code, or what happened in few words.
    pub cause: String,
    /// How often.
    pub count: u64,
}

impl Report {
    /// The figures of the week, if anything of it was counted. Reports of earlier versions have zeros where nothing
    /// was.
    pub(super) fn counted(&self) -> Option<&Totals> {
        self.totals.as_ref().filter(|_| self.coverage != Coverage::None)
    }
}

impl Totals {
    /// The figures that a tally has.
    pub(super) fn of(tally: &Tally) -> Self {
        let of = |what| tally.of(what);
        let came = of(Count::ReservationsArrived).max(of(Count::ReservationsCompleted));
        let no_shows = of(Count::NoShows);
        Self {
            events: of(Count::Events),
            events_failed: of(Count::EventsFailed),
            inbound_accepted: of(Count::LettersTaken),
            inbound_refused: of(Count::LettersRefused),
            conversations_started: of(Count::ConversationsStarted),
            conversations_ended: of(Count::ConversationsEnded),
            conversations_escalated: of(Count::ConversationsEscalated),
            conversions: of(Count::ConversationsConverted),
            messages_received: of(Count::MessagesReceived),
            messages_sent: of(Count::MessagesSent),
            calls: of(Count::Calls),
            reservations_created: of(Count::ReservationsCreated),
            reservations_confirmed: of(Count::ReservationsConfirmed),
            reservations_cancelled: of(Count::ReservationsCancelled),
            reservations_arrived: of(Count::ReservationsArrived),
            reservations_completed: of(Count::ReservationsCompleted),
            no_shows,
            no_show_rate: share(no_shows, no_shows + came),
            reminders_sent: of(Count::RemindersSent),
            reminders_confirmed: of(Count::RemindersConfirmed),
            handoffs_opened: of(Count::HandoffsOpened),
            sla_breached: of(Count::SlaBreached),
            alerts_raised: 0,
            dead_letters: of(Count::DeadLetters),
            deliveries_cancelled: of(Count::DeliveriesCancelled),
            deliveries_withdrawn: of(Count::DeliveriesWithdrawn),
            ai_response_time: Quantiles::of(tally.size(Size::AnswerTime).as_deref()),
            handoff_response_time: Quantiles::of(tally.size(Size::HandoffTime).as_deref()),
            deliveries: Attempts::of(&tally.attempts()),
        }
    }
}

impl Quantiles {
    /// The quantiles that a sketch has.
    pub(super) fn of(sketch: Option<&Sketch>) -> Self {
        let quantile = |share| sketch.and_then(|sketch| sketch.quantile(share));
        Self {
            count: sketch.map_or(0, Sketch::count),
            p50_ms: quantile(0.5),
            p95_ms: quantile(0.95),
            p99_ms: quantile(0.99),
        }
    }
}

impl Attempts {
    /// The attempts on a road.
    pub(super) fn of(route: &Route) -> Self {
        Self {
            attempts: route.attempts(),
            sent: route.sent.into(),
            failed: route.failed.into(),
            retries: route.retries.into(),
            dead_letters: route.dead.into(),
            success_rate: share(route.sent.into(), route.attempts()),
            latency: Quantiles::of(Some(&route.took)),
        }
    }
}

/// A share of a whole to four places; nothing where there is no whole.
pub(super) fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| (part as f64 / whole as f64 * 10_000.0).round() / 10_000.0)
}
