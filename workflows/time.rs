//! Moments and lengths of time, as the rules and the outside write them.
//!
//! A moment is milliseconds since 1970 in UTC; a wall time without an offset is read in the tenant's
//! zone. Where the clocks go forward and the wall time does not exist, the moment an hour later on
//! the clock is taken; where it exists twice, the first (RFC 5545, section 3.3.5).

use std::fmt;
use std::str::FromStr;

use jiff::civil;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// Why a text is not a time.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct InvalidTime(pub String);

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This much later; stays at the end of time rather than wrap.
    pub fn after(self, span: Span) -> Self {
        Self(self.0.saturating_add_unsigned(span.0))
    }

    /// This much earlier.
    pub fn before(self, span: Span) -> Self {
        Self(self.0.saturating_sub_unsigned(span.0))
    }

    /// How long ago `earlier` was; zero if it is still to come.
    pub fn since(self, earlier: Self) -> Span {
        Span(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The moment as RFC 3339 in UTC with milliseconds, such as `2026-01-20T19:00:00.000Z`.
    pub fn to_rfc3339(self) -> String {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(moment) => format!("{moment:.3}"),
            Err(_) => String::from("-009999-01-02T01:59:59.000Z"),
        }
    }

    /// The moment on the wall of `zone`.
    pub fn wall(self, zone: &TimeZone) -> civil::DateTime {
        let moment = jiff::Timestamp::from_millisecond(self.0).unwrap_or_default();
        zone.to_datetime(moment)
    }

    /// Reads RFC 3339 with an offset.
    pub fn from_rfc3339(text: &str) -> Result<Self, InvalidTime> {
        bounded(text)?
            .parse::<jiff::Timestamp>()
            .map(|moment| Self(moment.as_millisecond()))
            .map_err(|_| {
                InvalidTime("must be RFC 3339 with an offset, such as 2026-01-20T20:00:00Z".into())
            })
    }

    /// Reads RFC 3339, or a wall time without an offset in `zone`.
    pub fn from_text(text: &str, zone: &TimeZone) -> Result<Self, InvalidTime> {
        if let Ok(moment) = Self::from_rfc3339(text) {
            return Ok(moment);
        }
        let wall: civil::DateTime = bounded(text)?.parse().map_err(|_| not_a_time())?;
        if !text.contains(':') || text.contains(['[', '+']) || text.ends_with(['Z', 'z']) {
            return Err(not_a_time());
        }
        let moment = zone.to_timestamp(wall).map_err(|_| not_a_time())?;
        Ok(Self(moment.as_millisecond()))
    }
}

/// A length of time, in milliseconds; outside it is a text such as `500ms`, `30s`, `5m`, `24h`, `7d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(pub u64);

impl Span {
    /// The longest span that is accepted from outside: ten years.
    pub const MAX: Self = Self::hours(24 * 3660);

    /// So many milliseconds.
    pub const fn millis(count: u64) -> Self {
        Self(count)
    }

    /// So many seconds.
    pub const fn seconds(count: u64) -> Self {
        Self(count * 1_000)
    }

    /// So many minutes.
    pub const fn minutes(count: u64) -> Self {
        Self::seconds(count * 60)
    }

    /// So many hours.
    pub const fn hours(count: u64) -> Self {
        Self::minutes(count * 60)
    }
}

impl From<Span> for std::time::Duration {
    fn from(span: Span) -> Self {
        Self::from_millis(span.0)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("0s"),
            ms if ms % 3_600_000 == 0 => write!(f, "{}h", ms / 3_600_000),
            ms if ms % 60_000 == 0 => write!(f, "{}m", ms / 60_000),
            ms if ms % 1_000 == 0 => write!(f, "{}s", ms / 1_000),
            ms => write!(f, "{ms}ms"),
        }
    }
}

impl FromStr for Span {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (count, unit) = text.split_at(digits);
        let unit_ms: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(not_a_span()),
        };
        let count: u64 = count.parse().map_err(|_| not_a_span())?;
        let ms = count.checked_mul(unit_ms).filter(|&ms| ms <= Self::MAX.0);
        ms.map(Self).ok_or_else(|| InvalidTime("must be at most ten years".into()))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serializer.collect_str(self);
        }
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            return text.parse().map_err(de::Error::custom);
        }
        u64::deserialize(deserializer).map(Self)
    }
}

/// Finds a zone by its IANA name, such as `Europe/Madrid`.
pub fn zone(name: &str) -> Result<TimeZone, InvalidTime> {
    TimeZone::get(name).map_err(|_| {
        InvalidTime(format!("'{name}' is not an IANA time zone such as Europe/Madrid"))
    })
}

fn bounded(text: &str) -> Result<&str, InvalidTime> {
    if text.len() > 64 { Err(not_a_time()) } else { Ok(text) }
}

fn not_a_time() -> InvalidTime {
    InvalidTime(
        "must be RFC 3339 (2026-01-20T20:00:00+01:00) or local time (2026-01-20T20:00:00)".into(),
    )
}

fn not_a_span() -> InvalidTime {
    InvalidTime("must be a number and a unit, such as 500ms, 30s, 5m, 24h or 7d".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wall_times_are_read_in_the_zone_and_offsets_are_obeyed() {
        let madrid = zone("Europe/Madrid").unwrap();
        for (text, utc) in [
            ("2026-01-20T20:00:00", "2026-01-20T19:00:00.000Z"),
            ("2026-01-20 20:00", "2026-01-20T19:00:00.000Z"),
            ("2026-07-20T20:00:00", "2026-07-20T18:00:00.000Z"),
            ("2026-07-20T20:00:00Z", "2026-07-20T20:00:00.000Z"),
            ("2026-07-20T20:00:00-05:00", "2026-07-21T01:00:00.000Z"),
            ("2026-03-29T02:30:00", "2026-03-29T01:30:00.000Z"),
            ("2026-10-25T02:30:00", "2026-10-25T00:30:00.000Z"),
        ] {
            let read = Timestamp::from_text(text, &madrid).map(Timestamp::to_rfc3339);
            assert_eq!(read.as_deref(), Ok(utc), "{text}");
        }
        for bad in ["", "tomorrow", "2026-02-30T20:00:00", "2026-01-20", "20:00", "1760000000"] {
            assert!(Timestamp::from_text(bad, &madrid).is_err(), "{bad}");
        }
    }

    #[test]
    fn spans_are_written_as_they_are_read() {
        for text in ["500ms", "30s", "5m", "24h", "0s"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        assert_eq!("7d".parse(), Ok(Span::hours(168)));
        for bad in ["", "s", "5", "-5s", "1.5h", "5 m", "99999999999999999999s", "4000d"] {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
    }

    #[test]
    fn zones_go_by_their_iana_names() {
        assert!(zone("America/Mexico_City").is_ok());
        assert!(zone("Madrid").is_err());
    }
}
