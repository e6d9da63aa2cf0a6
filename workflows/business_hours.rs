//! When a business is open, and what kind of day a moment falls on.
//!
//! Everything is read off the wall of the tenant's zone, so that nine in the morning stays nine in the
//! morning when the clocks change. Hours that end before they begin go on past midnight, and belong to
//! the day on which they began: they are not cut by a holiday on the next one.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::invalid::Invalid;
use crate::time::Timestamp;

/// The most openings of one day.
pub const OPENINGS_MAX: usize = 8;
/// The most holidays of a tenant.
pub const HOLIDAYS_MAX: usize = 400;
/// The most characters of a holiday's name.
const NAME_CHARS_MAX: usize = 100;
const MIDNIGHT: u16 = 24 * 60;

/// A day of the week, by its first three letters in English.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Day {
    /// Monday.
    #[default]
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

impl Day {
    /// The day's whole name, as events carry it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mon => "monday",
            Self::Tue => "tuesday",
            Self::Wed => "wednesday",
            Self::Thu => "thursday",
            Self::Fri => "friday",
            Self::Sat => "saturday",
            Self::Sun => "sunday",
        }
    }
}

impl<'de> Deserialize<'de> for Day {
    // As a text, so that whoever reads a map of days can name the one that does not fit.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "mon" => Ok(Self::Mon),
            "tue" => Ok(Self::Tue),
            "wed" => Ok(Self::Wed),
            "thu" => Ok(Self::Thu),
            "fri" => Ok(Self::Fri),
            "sat" => Ok(Self::Sat),
            "sun" => Ok(Self::Sun),
            _ => Err(de::Error::custom("a day is one of mon, tue, wed, thu, fri, sat, sun")),
        }
    }
}

impl From<Weekday> for Day {
    fn from(day: Weekday) -> Self {
        match day {
            Weekday::Monday => Self::Mon,
            Weekday::Tuesday => Self::Tue,
            Weekday::Wednesday => Self::Wed,
            Weekday::Thursday => Self::Thu,
            Weekday::Friday => Self::Fri,
            Weekday::Saturday => Self::Sat,
            Weekday::Sunday => Self::Sun,
        }
    }
}

/// From when until when a business is open, in minutes of the day; outside it is `["09:00","18:00"]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    from: u16,
    until: u16,
}

impl Opening {
    /// Whether it goes on past midnight.
    fn is_overnight(self) -> bool {
        self.until <= self.from
    }

    /// Whether it is open at that minute of the day on which it began.
    fn covers(self, minute: u16) -> bool {
        minute >= self.from && (self.is_overnight() || minute < self.until)
    }
}

impl Serialize for Opening {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        (text(self.from), text(self.until)).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Opening {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (from, until) = <(String, String)>::deserialize(deserializer)?;
        let minute = |text: &str| {
            minute(text).ok_or_else(|| {
                de::Error::custom("must be two times of day such as [\"09:00\",\"18:00\"]")
            })
        };
        let opening = Self { from: minute(&from)?, until: minute(&until)? };
        if opening.from == opening.until || opening.from == MIDNIGHT {
            let problem = "must begin before it ends; a whole day is [\"00:00\",\"24:00\"]";
            return Err(de::Error::custom(problem));
        }
        Ok(opening)
    }
}

/// When a business is open, by the day of the week; a day that is left out is closed, and without any
/// day nothing is known of it.
pub type BusinessHours = BTreeMap<Day, Vec<Opening>>;

/// A day on which a business is closed; outside it is `"2026-12-25"` or `{"date": …, "name": …}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holiday {
    /// The day.
    pub date: Date,
    /// What it is called.
    pub name: Option<String>,
}

impl Holiday {
    /// What it is called, or its date.
    pub fn label(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.date.to_string())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    date: String,
    #[serde(default)]
    name: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Bare(String),
    Named(Named),
}

impl Serialize for Holiday {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let date = self.date.to_string();
        let written = match &self.name {
            None => Written::Bare(date),
            Some(name) => Written::Named(Named { date, name: Some(name.clone()) }),
        };
        written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Holiday {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const PROBLEM: &str = "must be a date such as \"2026-12-25\", or {\"date\", \"name\"}";
        let written = Written::deserialize(deserializer).map_err(|_| de::Error::custom(PROBLEM))?;
        let (date, name) = match written {
            Written::Bare(date) => (date, None),
            Written::Named(named) => (named.date, named.name),
        };
        let parsed = date.parse().ok().filter(|_| date.len() == 10);
        let date = parsed.ok_or_else(|| de::Error::custom(PROBLEM))?;
        if name.as_ref().is_some_and(|name| name.chars().count() > NAME_CHARS_MAX) {
            let problem = format!("a name has at most {NAME_CHARS_MAX} characters");
            return Err(de::Error::custom(problem));
        }
        Ok(Self { date, name })
    }
}

/// Checks what types alone do not.
pub fn check(hours: &BusinessHours, holidays: &[Holiday]) -> Result<(), Invalid> {
    if hours.values().any(|openings| openings.len() > OPENINGS_MAX) {
        let problem = format!("at most {OPENINGS_MAX} openings a day");
        return Err(Invalid::new("business_hours", problem));
    }
    if holidays.len() > HOLIDAYS_MAX {
        return Err(Invalid::new("holidays", format!("at most {HOLIDAYS_MAX} holidays")));
    }
    Ok(())
}

/// What kind of day a moment falls on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DayFacts {
    /// The day of the week.
    pub weekday: Day,
    /// Whether the business is open; `None` where the tenant says nothing of it.
    pub is_business_hours: Option<bool>,
    /// The holiday that it is.
    pub holiday: Option<String>,
}

/// What kind of day a moment falls on in this zone.
pub fn facts(
    at: Timestamp,
    zone: &TimeZone,
    hours: &BusinessHours,
    holidays: &[Holiday],
) -> DayFacts {
    let wall = at.wall(zone);
    let holiday = holiday(wall.date(), holidays);
    let is_business_hours = match (hours.is_empty(), holiday) {
        (true, None) => None,
        (true, Some(_)) => Some(false),
        (false, _) => Some(is_open(wall, hours, holidays)),
    };
    let holiday = holiday.map(Holiday::label);
    DayFacts { weekday: wall.weekday().into(), is_business_hours, holiday }
}

fn is_open(wall: DateTime, hours: &BusinessHours, holidays: &[Holiday]) -> bool {
    let minute = minute_of(wall.time());
    let openings = |date: Date| {
        let closed = holiday(date, holidays).is_some();
        let found = hours.get(&date.weekday().into()).filter(|_| !closed);
        found.map(Vec::as_slice).unwrap_or_default()
    };
    let today = openings(wall.date()).iter().any(|opening| opening.covers(minute));
    let yesterday = wall.date().yesterday().ok();
    let mut last_night = yesterday.map(openings).unwrap_or_default().iter();
    today || last_night.any(|opening| opening.is_overnight() && minute < opening.until)
}

fn holiday(date: Date, holidays: &[Holiday]) -> Option<&Holiday> {
    holidays.iter().find(|holiday| holiday.date == date)
}

fn minute_of(time: Time) -> u16 {
    let hour = u16::try_from(time.hour()).unwrap_or_default();
    hour * 60 + u16::try_from(time.minute()).unwrap_or_default()
}

/// A time of day from `00:00` to `24:00`, in minutes.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>().ok().filter(|_| digits)
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= MIDNIGHT).then_some(minutes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::zone;
    use serde_json::{Value, json};

    fn read(hours: Value) -> Result<BusinessHours, String> {
        serde_json::from_value(hours).map_err(|error| error.to_string())
    }

    fn days(holidays: Value) -> Vec<Holiday> {
        serde_json::from_value(holidays).unwrap()
    }

    #[test]
    fn b09_a_business_is_open_by_the_clock_on_its_own_wall() {
        let hours = read(json!({"mon": [["09:00", "14:00"], ["16:00", "24:00"]],
            "sat": [["20:00", "02:30"]], "sun": [["20:00", "02:30"]]}))
        .unwrap();
        let holidays = days(json!(["2026-12-21", {"date": "2026-10-25", "name": "La feria"}]));
        let madrid = zone("Europe/Madrid").unwrap();
        for (moment, weekday, open) in [
            ("2026-11-23T08:59:59", Day::Mon, false),
            ("2026-11-23T09:00:00", Day::Mon, true),
            ("2026-11-23T14:00:00", Day::Mon, false),
            ("2026-11-23T23:59:59", Day::Mon, true),
            ("2026-11-24T00:00:00", Day::Tue, false),
            ("2026-11-28T19:59:00", Day::Sat, false),
            ("2026-11-29T01:00:00", Day::Sun, true),
            ("2026-11-29T02:30:00", Day::Sun, false),
            // Closed on Monday the 21st, but for the night that began on Sunday.
            ("2026-12-21T10:00:00", Day::Mon, false),
            ("2026-12-21T02:00:00", Day::Mon, true),
            // The night in which 02:30 comes twice, after a Saturday; the Sunday is a holiday.
            ("2026-10-25T02:15:00", Day::Sun, true),
            ("2026-10-25T21:00:00", Day::Sun, false),
        ] {
            let at = Timestamp::from_text(moment, &madrid).unwrap();
            let found = facts(at, &madrid, &hours, &holidays);
            assert_eq!((found.weekday, found.is_business_hours), (weekday, Some(open)), "{moment}");
        }
        // Both quarters past two of the night when the clocks go back.
        for utc in ["2026-10-25T00:15:00Z", "2026-10-25T01:15:00Z"] {
            let at = Timestamp::from_rfc3339(utc).unwrap();
            let found = facts(at, &madrid, &hours, &holidays);
            assert_eq!(found.is_business_hours, Some(true), "{utc}");
            assert_eq!(found.holiday.as_deref(), Some("La feria"));
        }
        // Nine in the morning is another moment in summer.
        for (utc, open) in [("2026-07-06T06:59:59Z", false), ("2026-07-06T07:00:00Z", true)] {
            let at = Timestamp::from_rfc3339(utc).unwrap();
            assert_eq!(facts(at, &madrid, &hours, &[]).is_business_hours, Some(open), "{utc}");
        }
    }

    #[test]
    fn b09_without_hours_nothing_is_known_but_holidays() {
        let at = Timestamp::from_rfc3339("2026-12-25T12:00:00Z").unwrap();
        let none = BusinessHours::new();
        let utc = TimeZone::UTC;
        assert_eq!(facts(at, &utc, &none, &[]).is_business_hours, None);
        let found = facts(at, &utc, &none, &days(json!(["2026-12-25"])));
        assert_eq!(
            (found.is_business_hours, found.holiday),
            (Some(false), Some("2026-12-25".into()))
        );
    }

    #[test]
    fn b09_hours_are_written_as_they_are_read_and_what_makes_no_sense_is_refused() {
        let hours = json!({"mon": [["09:00", "18:00"]], "fri": [["20:00", "02:00"]]});
        assert_eq!(serde_json::to_value(read(hours.clone()).unwrap()).unwrap(), hours);
        let written = json!(["2026-12-25", {"date": "2026-01-06", "name": "Reyes"}]);
        assert_eq!(serde_json::to_value(days(written.clone())).unwrap(), written);
        for bad in [
            json!({"monday": []}),
            json!({"mon": [["9:00", "18:00"]]}),
            json!({"mon": [["09:00", "24:01"]]}),
            json!({"mon": [["09:60", "18:00"]]}),
            json!({"mon": [["09:00", "09:00"]]}),
            json!({"mon": [["24:00", "09:00"]]}),
            json!({"mon": [["09:00"]]}),
            json!({"mon": ["09:00", "18:00"]}),
            json!([]),
        ] {
            assert!(read(bad.clone()).is_err(), "{bad}");
        }
        for bad in [
            json!("25-12-2026"),
            json!("2026-02-30"),
            json!("20261225"),
            json!({"name": "x"}),
            json!(7),
        ] {
            assert!(serde_json::from_value::<Holiday>(bad.clone()).is_err(), "{bad}");
        }
    }
}
