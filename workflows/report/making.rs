//! A report out of hours that were counted.
//!
//! An hour belongs to the day on the tenant's wall in which it begins. Where a zone is not whole hours from
//! UTC, midnight lies within an hour, and that hour counts to the day that ends.

use std::collections::BTreeMap;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::figures::{
    Attempts, CauseFigures, ChannelFigures, Coverage, DayFigures, EndpointFigures, Quantiles,
    Report, Totals, TypeFigures,
};
use super::remarks;
use super::week::{Week, moment, moved};
use crate::locale::Locale;
use crate::statistics::{Count, Level, Route, Size, Slot, Tally};
use crate::time::{Span, Timestamp};

/// Types, endpoints and causes that a report names.
const NAMED_MAX: usize = 10;

/// For so long after its week a report tells what is held at present.
const HELD_MATTERS: Span = Span::hours(7 * 24);

/// What a report needs beside the counts.
#[derive(Debug, Clone)]
pub struct About<'a> {
    /// The tenant's name for people.
    pub tenant: &'a str,
    /// The zone's name.
    pub timezone: &'a str,
    /// The zone.
    pub zone: &'a TimeZone,
    /// The language of its sentences.
    pub locale: Locale,
    /// The present moment.
    pub now: Timestamp,
    /// When the tenant was made.
    pub since: Timestamp,
    /// From when until when no server was there that counted, in order.
    pub absences: Vec<(Timestamp, Timestamp)>,
    /// Deliveries that are held at this moment.
    pub held: u64,
    /// Kind and host of the endpoints that are there.
    pub endpoints: BTreeMap<u32, (String, Option<String>)>,
}

/// The span of hours that a report is made of: those of its week and of the week before.
pub fn span(week: Week, zone: &TimeZone) -> (Timestamp, Timestamp) {
    let from = Level::Hour.slot(week.before().begins(zone));
    (from, week.ends(zone))
}

/// The report of a week, made of the hours of its [`span`].
pub fn make(week: Week, hours: &[Slot], about: &About<'_>) -> Report {
    let zone = about.zone;
    let (from, to) = (week.begins(zone), week.ends(zone));
    let complete = about.now >= to;
    let kept_from = about.now.before(Span::hours(u64::from(Level::Hour.slots())));
    let counted_since = about.since.max(kept_from);
    let this = Sums::of(hours, zone, |at, date| Week::of_date(date) == week && at <= about.now);
    let coverage = coverage((from, to), counted_since, &this.all, about);
    let is_counted = coverage != Coverage::None;
    // A week that is not over is compared with as much of the one before.
    let elapsed = about.now.min(to).since(from);
    let (earlier, until) = (week.before(), week.before().begins(zone).after(elapsed));
    let whole = (earlier.begins(zone), earlier.ends(zone));
    let none = Tally::default();
    let is_known = self::coverage(whole, counted_since, &none, about) == Coverage::Whole;
    let before = Sums::of(hours, zone, |at, date| {
        Week::of_date(date) == earlier && (complete || at < until)
    });
    let before = is_known.then_some(before);
    let top_events = top_events(&this, before.as_ref());
    let mut report = Report {
        week: week.to_string(),
        tenant: about.tenant.to_owned(),
        timezone: about.timezone.to_owned(),
        locale: about.locale,
        first_day: week.monday().to_string(),
        last_day: moved(week.monday(), jiff::Span::new().days(6)).to_string(),
        from: from.to_rfc3339(),
        to: to.to_rfc3339(),
        made_at: about.now.to_rfc3339(),
        complete,
        coverage,
        counted_since: counted_since.to_rfc3339(),
        totals: is_counted.then(|| this.totals()),
        week_before: before.as_ref().map(Sums::totals),
        days: days((week, counted_since), (&this, before.as_ref()), &top_events, about),
        channels: is_counted.then(|| channels(&this.all)),
        failing_endpoints: is_counted.then(|| failing(&this, about)),
        deliveries_held: (about.now < to.after(HELD_MATTERS)).then_some(about.held),
        causes: is_counted.then(|| causes(&this)),
        top_events: is_counted.then_some(top_events),
        attention: None,
        notes: Vec::new(),
    };
    report.notes = remarks::notes(&report, about);
    report.attention = remarks::attention(&report);
    report
}

/// How much was counted of what has passed of a span, and came to this.
fn coverage(
    (from, to): (Timestamp, Timestamp),
    counted_since: Timestamp,
    tally: &Tally,
    about: &About<'_>,
) -> Coverage {
    if counted_since >= to {
        return Coverage::None;
    }
    let (begins, until) = (from.max(counted_since), to.min(about.now));
    let missed =
        about.absences.iter().map(|(from, to)| (*to).min(until).since((*from).max(begins)));
    let missed: u64 = missed.map(|span| span.0).sum();
    // A server that was there to say so said it some minutes before the end.
    let is_over = to <= about.now && *tally == Tally::default();
    if is_over && missed >= until.since(begins).0 {
        Coverage::None
    } else if counted_since > from || missed > 0 {
        Coverage::Partial
    } else {
        Coverage::Whole
    }
}

/// Hours added up: all together, by day, and what is told apart without the bounds of one slot.
#[derive(Default)]
struct Sums {
    all: Tally,
    days: BTreeMap<Date, Tally>,
    types: BTreeMap<String, u64>,
    endpoints: BTreeMap<u32, Route>,
    causes: BTreeMap<String, u64>,
}

impl Sums {
    fn of(hours: &[Slot], zone: &TimeZone, is_meant: impl Fn(Timestamp, Date) -> bool) -> Self {
        let mut sums = Self::default();
        for Slot { from, tally } in hours {
            let date = from.wall(zone).date();
            if !is_meant(*from, date) {
                continue;
            }
            sums.all.merge(tally);
            sums.days.entry(date).or_default().merge(tally);
            for (name, count) in tally.types() {
                *sums.types.entry(name.clone()).or_default() += count;
            }
            for (cause, count) in tally.causes() {
                *sums.causes.entry(cause.clone()).or_default() += count;
            }
            for (&endpoint, route) in tally.endpoints() {
                sums.endpoints.entry(endpoint).or_default().merge(route);
            }
        }
        sums
    }

    fn totals(&self) -> Totals {
        let alerts_raised = self.types.get("alert.raised").copied().unwrap_or_default();
        Totals { alerts_raised, ..Totals::of(&self.all) }
    }
}

fn top_events(this: &Sums, before: Option<&Sums>) -> Vec<TypeFigures> {
    let mut types: Vec<_> = this.types.iter().filter(|(name, _)| !name.is_empty()).collect();
    types.sort_by(|(a, x), (b, y)| y.cmp(x).then(a.cmp(b)));
    let figures = |(name, count): (&String, &u64)| TypeFigures {
        event_type: name.clone(),
        count: *count,
        before: before.map(|before| before.types.get(name).copied().unwrap_or_default()),
    };
    types.into_iter().take(NAMED_MAX).map(figures).collect()
}

fn days(
    (week, counted_since): (Week, Timestamp),
    (this, before): (&Sums, Option<&Sums>),
    top: &[TypeFigures],
    about: &About<'_>,
) -> Vec<DayFigures> {
    let today = about.now.wall(about.zone).date();
    let none = Tally::default();
    let day = |date: Date| {
        let to_come = date > today;
        let [begins, ends] = [date, moved(date, jiff::Span::new().days(1))]
            .map(|date| moment(date, Time::midnight(), about.zone));
        let tally = this.days.get(&date).unwrap_or(&none);
        let coverage = match to_come {
            true => Coverage::None,
            false => coverage((begins, ends), counted_since, tally, about),
        };
        let is_counted = coverage != Coverage::None;
        let known = |value: u64| is_counted.then_some(value);
        let earlier = moved(date, jiff::Span::new().days(-7));
        let before_of = |what| {
            before.map(|sums| sums.days.get(&earlier).map_or(0, |tally: &Tally| tally.of(what)))
        };
        let attempts = tally.attempts();
        let of_type = |named: &TypeFigures| {
            let count = *tally.types().get(&named.event_type)?;
            Some((named.event_type.clone(), count))
        };
        let by_type = is_counted.then(|| top.iter().filter_map(of_type).collect());
        DayFigures {
            date: date.to_string(),
            to_come,
            coverage,
            events: known(tally.of(Count::Events)),
            events_before: before_of(Count::Events),
            reservations_created: known(tally.of(Count::ReservationsCreated)),
            reservations_before: before_of(Count::ReservationsCreated),
            no_shows: known(tally.of(Count::NoShows)),
            conversations_started: known(tally.of(Count::ConversationsStarted)),
            deliveries_sent: known(attempts.sent.into()),
            deliveries_failed: known(attempts.failed.into()),
            answer_p95_ms: Quantiles::of(tally.size(Size::AnswerTime).as_deref()).p95_ms,
            by_type,
        }
    };
    week.days().map(day).to_vec()
}

fn channels(tally: &Tally) -> Vec<ChannelFigures> {
    let figures = tally.channels().iter().map(|(channel, route)| ChannelFigures {
        channel: channel.as_str().to_owned(),
        attempts: Attempts::of(route),
    });
    figures.collect()
}

fn failing(this: &Sums, about: &About<'_>) -> Vec<EndpointFigures> {
    let mut failing: Vec<_> =
        this.endpoints.iter().filter(|(id, route)| **id > 0 && route.failed > 0).collect();
    failing.sort_by_key(|(id, route)| (std::cmp::Reverse(route.failed), **id));
    let figures = |(&endpoint_id, route): (&u32, &Route)| {
        let known = about.endpoints.get(&endpoint_id);
        EndpointFigures {
            endpoint_id,
            kind: known.map(|(kind, _)| kind.clone()),
            host: known.and_then(|(_, host)| host.clone()),
            failed: route.failed.into(),
            attempts: route.attempts(),
            dead_letters: route.dead.into(),
        }
    };
    failing.into_iter().take(NAMED_MAX).map(figures).collect()
}

fn causes(this: &Sums) -> Vec<CauseFigures> {
    let mut causes: Vec<_> = this.causes.iter().collect();
    causes.sort_by(|(a, x), (b, y)| y.cmp(x).then(a.cmp(b)));
    let figures =
        |(cause, count): (&String, &u64)| CauseFigures { cause: cause.clone(), count: *count };
    causes.into_iter().take(NAMED_MAX).map(figures).collect()
}
