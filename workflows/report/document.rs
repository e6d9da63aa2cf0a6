//! A report as headings, sentences, tables and charts: what text, HTML and the other channels have in common.

use super::chart::{Chart, charts};
use super::figures::{CauseFigures, Coverage, EndpointFigures, Report, Totals};
use super::words::{self, Words, change, day, number, percent, pick, time};
use crate::locale::Locale;

/// Types that are told apart day by day.
const TYPES_BY_DAY: usize = 6;

/// A report, ready to be written in any form.
pub(super) struct Document {
    /// What it is, whose and of which week, on one line.
    pub(super) subject: String,
    /// What it is and whose.
    pub(super) title: String,
    /// Its days.
    pub(super) span: String,
    /// What must be known to read it.
    pub(super) notes: Vec<String>,
    /// What somebody should look at; a sentence that there is nothing where there is not.
    pub(super) attention: Vec<String>,
    /// The figures that people look for first, each with its change.
    pub(super) tiles: Vec<[String; 3]>,
    /// Everything else.
    pub(super) sections: Vec<Section>,
}

/// Figures under one heading.
pub(super) struct Section {
    pub(super) title: String,
    pub(super) chart: Option<Chart>,
    pub(super) tables: Vec<Table>,
}

/// A table; its first column is names, the others are numbers.
pub(super) struct Table {
    pub(super) head: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

/// The subject of a report: what it is, of which week, and whose.
pub fn subject(report: &Report) -> String {
    let title = pick(report.locale, words::TITLE);
    let so_far = match report.complete {
        true => String::new(),
        false => format!(" ({})", pick(report.locale, words::SO_FAR)),
    };
    format!("{title} {}{so_far} · {}", report.week, report.tenant)
}

/// An endpoint as people know it: `#3 webhook hooks.example.com`.
pub(super) fn endpoint(figures: &EndpointFigures) -> String {
    let parts = [figures.kind.as_deref(), figures.host.as_deref()].into_iter().flatten();
    parts.fold(format!("#{}", figures.endpoint_id), |name, part| format!("{name} {part}"))
}

impl Document {
    /// The document of a report.
    pub(super) fn of(report: &Report) -> Self {
        let locale = report.locale;
        let week = pick(locale, words::WEEK);
        let days = words::days(&report.first_day, &report.last_day, locale);
        // Of a week of which nothing is known there is nothing more to say.
        let sections = report.counted().map_or_else(Vec::new, |totals| {
            vec![
                events(report, totals),
                talks(report, totals),
                bookings(report, totals),
                handoffs(report, totals),
                deliveries(report, totals),
            ]
        });
        let mut document = Self {
            subject: subject(report),
            title: format!("{} · {}", pick(locale, words::TITLE), report.tenant),
            span: format!("{days} ({week} {}, {})", report.week, report.timezone),
            notes: report.notes.iter().map(sentence).collect(),
            attention: attention(report),
            tiles: tiles(report),
            sections,
        };
        for chart in charts(report) {
            let at = match chart.name {
                "events" => words::EVENTS,
                "reservations" => words::BOOKINGS,
                "answers" => words::TALKS,
                _ => words::DELIVERIES,
            };
            let at = pick(locale, at);
            if let Some(section) = document.sections.iter_mut().find(|one| one.title == at) {
                section.chart = Some(chart);
            }
        }
        document
    }
}

fn attention(report: &Report) -> Vec<String> {
    let all: Vec<String> = report.attention.iter().flatten().map(sentence).collect();
    let nothing = match (report.counted(), report.coverage) {
        (None, _) => words::NOTHING_COUNTED,
        (Some(_), Coverage::Whole) => words::NOTHING,
        (Some(_), Coverage::Partial | Coverage::None) => words::NOTHING_IN_PART,
    };
    if all.is_empty() { vec![pick(report.locale, nothing).to_owned()] } else { all }
}

fn sentence(remark: &super::figures::Remark) -> String {
    remark.sentence.clone()
}

fn tiles(report: &Report) -> Vec<[String; 3]> {
    let (now, before) = (report.counted(), report.week_before.as_ref());
    let locale = report.locale;
    let tile = |words: Words, value: String, compared: Option<(f64, f64)>| {
        let change = compared.map(|(now, before)| change(now, before, locale));
        [pick(locale, words).to_owned(), value, change.unwrap_or_default()]
    };
    let count = |words: Words, of: fn(&Totals) -> u64| {
        let compared = now.zip(before).map(|(now, before)| (of(now) as f64, of(before) as f64));
        tile(words, said(now.map(|now| number(of(now), locale))), compared)
    };
    let success = now.and_then(|now| now.deliveries.success_rate);
    vec![
        count(words::EVENTS, |one| one.events),
        count(words::TALKS, |one| one.conversations_started),
        count(words::BOOKINGS, |one| one.reservations_created),
        tile(words::ARRIVING, said(success.map(|share| percent(share, locale))), None),
    ]
}

/// Rows of figures, each beside what it was the week before.
struct Rows<'a> {
    now: &'a Totals,
    before: Option<&'a Totals>,
    locale: Locale,
    rows: Vec<Vec<String>>,
}

impl<'a> Rows<'a> {
    fn of(report: &'a Report, now: &'a Totals) -> Self {
        let before = report.week_before.as_ref();
        Self { now, before, locale: report.locale, rows: Vec::new() }
    }

    fn count(self, words: Words, of: fn(&Totals) -> u64) -> Self {
        let locale = self.locale;
        let value = move |one: &Totals| Some(of(one) as f64);
        self.row(words, value, move |one| number(of(one), locale))
    }

    fn share(self, words: Words, of: fn(&Totals) -> Option<f64>) -> Self {
        let locale = self.locale;
        self.row(words, of, move |one| said(of(one).map(|share| percent(share, locale))))
    }

    fn time(self, words: Words, of: fn(&Totals) -> Option<u64>) -> Self {
        let locale = self.locale;
        let value = move |one: &Totals| of(one).map(|millis| millis as f64);
        self.row(words, value, move |one| said(of(one).map(|millis| time(millis, locale))))
    }

    fn row(
        mut self,
        words: Words,
        value: impl Fn(&Totals) -> Option<f64>,
        written: impl Fn(&Totals) -> String,
    ) -> Self {
        let mut row = vec![pick(self.locale, words).to_owned(), written(self.now)];
        if let Some(before) = self.before {
            row.push(written(before));
            let both = value(self.now).zip(value(before));
            row.push(said(both.map(|(now, before)| change(now, before, self.locale))));
        }
        self.rows.push(row);
        self
    }

    fn table(self) -> Table {
        let head = [words::NAME, words::THIS_WEEK, words::BEFORE, words::CHANGE];
        let columns = if self.before.is_some() { 4 } else { 2 };
        let head = head.into_iter().take(columns).map(|words| pick(self.locale, words).to_owned());
        Table { head: head.collect(), rows: self.rows }
    }
}

fn said(value: Option<String>) -> String {
    value.unwrap_or_else(|| "—".to_owned())
}

fn section(report: &Report, title: Words, tables: Vec<Table>) -> Section {
    let tables = tables.into_iter().filter(|table| !table.rows.is_empty()).collect();
    Section { title: pick(report.locale, title).to_owned(), chart: None, tables }
}

fn events(report: &Report, totals: &Totals) -> Section {
    let locale = report.locale;
    let figures = Rows::of(report, totals)
        .count(words::EVENTS, |one| one.events)
        .count(words::ASIDE, |one| one.events_failed)
        .count(words::REFUSED, |one| one.inbound_refused)
        .count(words::ALERTS, |one| one.alerts_raised)
        .table();
    let mut head = vec![pick(locale, words::TYPE).to_owned()];
    head.extend(report.days.iter().take(7).map(|one| day(&one.date, locale)));
    head.push("Σ".to_owned());
    let row = |named: &super::figures::TypeFigures| {
        let count = |one: &super::figures::DayFigures| match (&one.by_type, one.to_come) {
            (_, true) => "·".to_owned(),
            (None, false) => "—".to_owned(),
            (Some(types), false) => {
                number(types.get(&named.event_type).copied().unwrap_or_default(), locale)
            }
        };
        let mut row = vec![named.event_type.clone()];
        row.extend(report.days.iter().take(7).map(count));
        row.push(number(named.count, locale));
        row
    };
    let shown: Vec<_> = report.top_events.iter().flatten().take(TYPES_BY_DAY).collect();
    let mut rows: Vec<_> = shown.iter().copied().map(row).collect();
    let named = shown.iter().map(|one| one.count).sum();
    let rest = totals.events.saturating_sub(named);
    if rest > 0 {
        let of_day = |one: &super::figures::DayFigures| match (&one.by_type, one.events) {
            _ if one.to_come => "·".to_owned(),
            (Some(types), Some(events)) => {
                let counts = shown.iter().filter_map(|named| types.get(&named.event_type));
                number(events.saturating_sub(counts.sum()), locale)
            }
            (_, _) => "—".to_owned(),
        };
        let mut row = vec![pick(locale, words::OTHERS).to_owned()];
        row.extend(report.days.iter().take(7).map(of_day));
        row.push(number(rest, locale));
        rows.push(row);
    }
    section(report, words::EVENTS, vec![figures, Table { head, rows }])
}

fn talks(report: &Report, totals: &Totals) -> Section {
    let table = Rows::of(report, totals)
        .count(words::STARTED, |one| one.conversations_started)
        .count(words::ENDED, |one| one.conversations_ended)
        .count(words::CONVERTED, |one| one.conversions)
        .count(words::ESCALATED, |one| one.conversations_escalated)
        .count(words::RECEIVED, |one| one.messages_received)
        .count(words::SENT_MESSAGES, |one| one.messages_sent)
        .count(words::CALLS, |one| one.calls)
        .time(words::ANSWER_HALF, |one| one.ai_response_time.p50_ms)
        .time(words::ANSWER_MOST, |one| one.ai_response_time.p95_ms)
        .table();
    section(report, words::TALKS, vec![table])
}

fn bookings(report: &Report, totals: &Totals) -> Section {
    let table = Rows::of(report, totals)
        .count(words::MADE, |one| one.reservations_created)
        .count(words::CONFIRMED, |one| one.reservations_confirmed)
        .count(words::CANCELLED, |one| one.reservations_cancelled)
        .count(words::ARRIVED, |one| one.reservations_arrived.max(one.reservations_completed))
        .count(words::NO_SHOWS, |one| one.no_shows)
        .share(words::NO_SHOW_RATE, |one| one.no_show_rate)
        .count(words::REMINDERS, |one| one.reminders_sent)
        .count(words::REMINDERS_CONFIRMED, |one| one.reminders_confirmed)
        .table();
    section(report, words::BOOKINGS, vec![table])
}

fn handoffs(report: &Report, totals: &Totals) -> Section {
    let table = Rows::of(report, totals)
        .count(words::OPENED, |one| one.handoffs_opened)
        .count(words::BREACHED, |one| one.sla_breached)
        .time(words::REPLY_HALF, |one| one.handoff_response_time.p50_ms)
        .time(words::REPLY_MOST, |one| one.handoff_response_time.p95_ms)
        .table();
    section(report, words::HANDOFFS, vec![table])
}

fn deliveries(report: &Report, totals: &Totals) -> Section {
    let locale = report.locale;
    let figures = Rows::of(report, totals)
        .count(words::ATTEMPTS, |one| one.deliveries.attempts)
        .count(words::ARRIVED_ATTEMPTS, |one| one.deliveries.sent)
        .count(words::FAILED, |one| one.deliveries.failed)
        .share(words::SUCCESS, |one| one.deliveries.success_rate)
        .count(words::DEAD, |one| one.dead_letters)
        .count(words::CANCELLED_BY_HAND, |one| one.deliveries_cancelled)
        .count(words::WITHDRAWN, |one| one.deliveries_withdrawn)
        .table();
    let name = |words: Words| pick(locale, words).to_owned();
    let mut head: Vec<String> =
        [words::CHANNEL, words::ARRIVED_ATTEMPTS, words::FAILED, words::SUCCESS].map(name).into();
    head.extend(["p50", "p95", "p99"].map(str::to_owned));
    let millis = |value: Option<u64>| said(value.map(|millis| time(millis, locale)));
    let channels = report.channels.iter().flatten().map(|one| {
        let attempts = &one.attempts;
        let latency = &attempts.latency;
        vec![
            one.channel.clone(),
            number(attempts.sent, locale),
            number(attempts.failed, locale),
            said(attempts.success_rate.map(|share| percent(share, locale))),
            millis(latency.p50_ms),
            millis(latency.p95_ms),
            millis(latency.p99_ms),
        ]
    });
    let channels = Table { head, rows: channels.collect() };
    let failing = report.failing_endpoints.iter().flatten().map(|one| {
        let counts = [one.failed, one.attempts, one.dead_letters].map(|one| number(one, locale));
        [endpoint(one)].into_iter().chain(counts).collect()
    });
    let head = [words::FAILING, words::FAILED, words::ATTEMPTS, words::DEAD].map(name).into();
    let failing = Table { head, rows: failing.collect() };
    let cause = |one: &CauseFigures| vec![one.cause.clone(), number(one.count, locale)];
    let causes = report.causes.iter().flatten().map(cause);
    let head = [words::CAUSES, words::COUNT].map(name).into();
    let causes = Table { head, rows: causes.collect() };
    section(report, words::DELIVERIES, vec![figures, channels, failing, causes])
}
