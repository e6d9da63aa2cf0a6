//! An ISO week on a tenant's wall: from Monday 00:00 to the next, whatever its clocks do meanwhile.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, ISOWeekDate, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span as Days, ToSpan as _};
use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// A week of ISO 8601, such as `2026-W47`. Weeks are ordered as they follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Week {
    /// The year that its Thursday is in.
    year: i16,
    /// Its number in that year, from 1.
    number: i8,
}

/// How a week is written; said to whom writes it otherwise.
pub const FORM: &str = "must be a week such as 2026-W47 (ISO 8601, W01 to W53)";

impl Week {
    /// The week that a day is in.
    pub fn of_date(date: Date) -> Self {
        let week = date.iso_week_date();
        Self { year: week.year(), number: week.week() }
    }

    /// The week that a moment is in, on the wall of a zone.
    pub fn of(at: Timestamp, zone: &TimeZone) -> Self {
        Self::of_date(at.wall(zone).date())
    }

    /// The week that a day is in, written such as `2026-11-20`.
    ///
    /// # Errors
    /// How a day is written.
    pub fn of_day(text: &str) -> Result<Self, &'static str> {
        const FORM: &str = "must be a day such as 2026-11-20";
        let plain = text.len() == 10 && text.bytes().all(|c| c.is_ascii_digit() || c == b'-');
        text.parse::<Date>().ok().filter(|_| plain).map(Self::of_date).ok_or(FORM)
    }

    /// Its Monday.
    pub fn monday(self) -> Date {
        let monday = ISOWeekDate::new(self.year, self.number, Weekday::Monday);
        monday.map(ISOWeekDate::date).unwrap_or(Date::ZERO)
    }

    /// Its seven days.
    pub fn days(self) -> [Date; 7] {
        let monday = self.monday();
        [0, 1, 2, 3, 4, 5, 6].map(|days: i64| moved(monday, days.days()))
    }

    /// The week before it.
    #[must_use]
    pub fn before(self) -> Self {
        Self::of_date(moved(self.monday(), (-7).days()))
    }

    /// The week after it.
    #[must_use]
    pub fn after(self) -> Self {
        Self::of_date(moved(self.monday(), 7.days()))
    }

    /// When it begins: the first moment of its Monday.
    pub fn begins(self, zone: &TimeZone) -> Timestamp {
        moment(self.monday(), Time::midnight(), zone)
    }

    /// When it ends: when the next one begins.
    pub fn ends(self, zone: &TimeZone) -> Timestamp {
        self.after().begins(zone)
    }

    /// The last whole week at a moment: the one before that which the moment is in.
    pub fn last_whole(at: Timestamp, zone: &TimeZone) -> Self {
        Self::of(at, zone).before()
    }
}

impl fmt::Display for Week {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-W{:02}", self.year, self.number)
    }
}

impl FromStr for Week {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (year, number) = text.split_once("-W").ok_or(FORM)?;
        let digits = |text: &str, many: usize| {
            text.len() == many && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !digits(year, 4) || !digits(number, 2) {
            return Err(FORM);
        }
        let (year, number) = (year.parse().map_err(|_| FORM)?, number.parse().map_err(|_| FORM)?);
        // Years in which nobody counted anything, and those past all calendars.
        if !(1970..=9000).contains(&year) {
            return Err(FORM);
        }
        match ISOWeekDate::new(year, number, Weekday::Monday) {
            Ok(_) => Ok(Self { year, number }),
            Err(_) => Err(FORM),
        }
    }
}

/// A day and a time on the wall of a zone as a moment: where the clocks skip it, as much later as they
/// skip; where they show it twice, the first.
pub(super) fn moment(date: Date, time: Time, zone: &TimeZone) -> Timestamp {
    match zone.to_timestamp(date.to_datetime(time)) {
        Ok(moment) => Timestamp(moment.as_millisecond()),
        Err(_) => Timestamp(i64::MAX),
    }
}

/// So many days later; stays where it is at the end of all days.
pub(super) fn moved(date: Date, days: Days) -> Date {
    date.checked_add(days).unwrap_or(date)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time;

    fn week(text: &str) -> Week {
        text.parse().unwrap()
    }

    #[test]
    fn c04_weeks_are_read_as_iso_8601_writes_them_and_follow_one_another() {
        for (text, monday, before, after) in [
            ("2026-W47", "2026-11-16", "2026-W46", "2026-W48"),
            ("2026-W01", "2025-12-29", "2025-W52", "2026-W02"),
            ("2026-W53", "2026-12-28", "2026-W52", "2027-W01"),
            ("2027-W01", "2027-01-04", "2026-W53", "2027-W02"),
        ] {
            let week = week(text);
            assert_eq!(week.to_string(), text);
            assert_eq!(week.monday().to_string(), monday);
            assert_eq!(week.before().to_string(), before);
            assert_eq!(week.after().to_string(), after);
            assert!(week.before() < week && week < week.after());
            let [first, .., last] = week.days();
            assert_eq!((first.weekday(), last.weekday()), (Weekday::Monday, Weekday::Sunday));
        }
        for bad in [
            "",
            "2026",
            "2026-47",
            "2026W47",
            "2026-W7",
            "2026-W00",
            "2026-W54",
            "2025-W53",
            "2026-w47",
            "2026-W47-1",
            "-026-W47",
            "0001-W01",
            "9999-W01",
            "2026-W4７",
        ] {
            assert_eq!(bad.parse::<Week>(), Err(FORM), "{bad}");
        }
    }

    #[test]
    fn c04_a_week_is_an_hour_longer_or_shorter_where_the_clocks_change() {
        let madrid = time::zone("Europe/Madrid").unwrap();
        for (text, hours, begins) in [
            ("2026-W47", 168, "2026-11-15T23:00:00.000Z"),
            ("2026-W13", 167, "2026-03-22T23:00:00.000Z"),
            ("2026-W43", 169, "2026-10-18T22:00:00.000Z"),
        ] {
            let week = week(text);
            let (from, to) = (week.begins(&madrid), week.ends(&madrid));
            assert_eq!(from.to_rfc3339(), begins, "{text}");
            assert_eq!(to.since(from).0 / 3_600_000, hours, "{text}");
            assert_eq!(Week::of(from, &madrid), week);
            assert_eq!(Week::of(Timestamp(to.0 - 1), &madrid), week);
            assert_eq!(Week::last_whole(to, &madrid), week);
            assert_eq!(Week::last_whole(Timestamp(to.0 - 1), &madrid), week.before());
        }
    }

    #[test]
    fn c04_a_day_whose_midnight_is_skipped_begins_with_its_first_moment() {
        // Egypt's clocks go forward in the first moment of a Friday.
        let cairo = time::zone("Africa/Cairo").unwrap();
        let friday = jiff::civil::date(2026, 4, 24);
        let begins = moment(friday, Time::midnight(), &cairo);
        assert_eq!(begins.wall(&cairo).to_string(), "2026-04-24T01:00:00");
    }
}
