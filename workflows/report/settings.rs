//! What a tenant says of its reports: to whom, and when.

use std::str::FromStr;

use jiff::ToSpan as _;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value};

use super::week::{Week, moment, moved};
use crate::invalid::{self, Invalid};
use crate::locale::Locale;
use crate::time::Timestamp;

/// Mailboxes that get one report.
pub const READERS_MAX: usize = 20;
/// Bytes of a mail address (RFC 5321, section 4.5.3.1.3, without the brackets).
const ADDRESS_BYTES_MAX: usize = 254;
/// Bytes of what stands before its `@`.
const LOCAL_BYTES_MAX: usize = 64;

/// A tenant's reports.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReportSettings {
    /// The report of each week.
    pub weekly: Weekly,
}

/// The weekly report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Weekly {
    /// Whether it is made; where left out, it is as soon as somebody gets it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// The mailboxes that get it.
    pub to: Vec<String>,
    /// On which day of the week after.
    pub day: Day,
    /// At which time of that day, on the tenant's wall.
    pub at: At,
    /// In which language; the tenant's where left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
}

impl Default for Weekly {
    fn default() -> Self {
        let at = At(jiff::civil::time(9, 0, 0, 0));
        Self { enabled: None, to: Vec::new(), day: Day(Weekday::Monday), at, locale: None }
    }
}

/// A day of the week by its English name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day(pub Weekday);

const DAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

impl Day {
    /// The day as the outside writes it.
    pub fn as_str(self) -> &'static str {
        DAYS.iter().find(|(_, day)| *day == self.0).map_or("monday", |(name, _)| name)
    }
}

impl FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = DAYS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
        found.map(|(_, day)| Self(*day)).ok_or_else(|| {
            let known = DAYS.map(|(name, _)| name).join(", ");
            format!("must be one of {known}")
        })
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A time of day, to the minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At(pub Time);

impl FromStr for At {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "must be a time of day such as 09:00, from 00:00 to 23:59";
        let (hour, minute) = text.split_once(':').ok_or(FORM)?;
        let number = |text: &str| {
            let plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| text.parse::<i8>().ok()).flatten()
        };
        let (hour, minute) = number(hour).zip(number(minute)).ok_or(FORM)?;
        Time::new(hour, minute, 0, 0).map(Self).map_err(|_| FORM)
    }
}

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.strftime("%H:%M"))
    }
}

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl ReportSettings {
    /// Whether the tenant says nothing of its own.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn check(&self) -> Result<(), Invalid> {
        let weekly = &self.weekly;
        check_readers("weekly.to", &weekly.to)
    }
}

impl Weekly {
    /// Whether it is made at all.
    pub fn is_on(&self) -> bool {
        self.enabled.unwrap_or(!self.to.is_empty())
    }

    /// When it is due next after a moment, for a week later than `last`, which was told already.
    pub fn next(&self, now: Timestamp, last: Option<Week>, zone: &TimeZone) -> Timestamp {
        let mut week = Week::of(now, zone);
        // What is due in a week tells of the week before it.
        if let Some(last) = last {
            week = week.max(last.after().after());
        }
        let offset = i64::from(self.day.0.to_monday_zero_offset());
        let mut due = moment(moved(week.monday(), offset.days()), self.at.0, zone);
        while due <= now {
            week = week.after();
            due = moment(moved(week.monday(), offset.days()), self.at.0, zone);
        }
        due
    }
}

/// Refuses a change that would pass for an object and is none.
pub(crate) fn must_be_objects(patch: &Map<String, Value>) -> Result<(), Invalid> {
    match patch.get("reports").and_then(Value::as_object) {
        Some(reports) => {
            let checked = invalid::must_be_objects(reports, &["weekly"]);
            checked.map_err(|invalid| invalid.inside("reports"))
        }
        None => Ok(()),
    }
}

/// Refuses what are no mail addresses, or too many.
pub fn check_readers(field: &str, readers: &[String]) -> Result<(), Invalid> {
    if readers.len() > READERS_MAX {
        return Err(Invalid::new(field, format!("at most {READERS_MAX} addresses")));
    }
    for (index, address) in readers.iter().enumerate() {
        let field = || format!("{field}[{index}]");
        if !is_address(address) {
            let problem = "must be an email address such as manager@example.com";
            return Err(Invalid::new(field(), problem));
        }
        let mut earlier = readers.iter().take(index);
        if earlier.any(|other| other.eq_ignore_ascii_case(address)) {
            return Err(Invalid::new(field(), "stands there twice"));
        }
    }
    Ok(())
}

/// Whether a text is an address as mailboxes have it in practice: no quotes, comments or literals.
fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let in_local = |c: char| c.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c);
    let is_label = |label: &str| {
        let inside = |c: char| c.is_ascii_alphanumeric() || c == '-';
        (1..=63).contains(&label.len())
            && label.chars().all(inside)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= ADDRESS_BYTES_MAX
        && (1..=LOCAL_BYTES_MAX).contains(&local.len())
        && local.chars().all(in_local)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && domain.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::Settings;
    use crate::time;

    fn weekly(more: Value) -> Weekly {
        let settings = Settings::from_json(json!({"reports": {"weekly": more}})).unwrap();
        settings.reports.weekly
    }

    /// The wall times of the reports that are due after a moment, one after the other.
    fn dues(weekly: &Weekly, zone: &str, from: &str, count: usize) -> Vec<String> {
        let zone = time::zone(zone).unwrap();
        let mut now = Timestamp::from_rfc3339(from).unwrap();
        let mut all = Vec::new();
        for _ in 0..count {
            now = weekly.next(now, None, &zone);
            all.push(format!("{} {}", now.to_rfc3339(), now.wall(&zone)));
        }
        all
    }

    #[test]
    fn c04_it_is_due_at_the_same_wall_time_across_changes_of_the_clocks() {
        let nine = weekly(json!({"to": ["a@x.example"]}));
        assert_eq!(
            dues(&nine, "Europe/Madrid", "2026-10-20T00:00:00Z", 2),
            [
                "2026-10-26T08:00:00.000Z 2026-10-26T09:00:00",
                "2026-11-02T08:00:00.000Z 2026-11-02T09:00:00"
            ]
        );
        assert_eq!(
            dues(&nine, "Europe/Madrid", "2026-10-18T00:00:00Z", 1),
            ["2026-10-19T07:00:00.000Z 2026-10-19T09:00:00"]
        );
        assert_eq!(
            dues(&nine, "America/Mexico_City", "2026-11-26T00:00:00Z", 1),
            ["2026-11-30T15:00:00.000Z 2026-11-30T09:00:00"]
        );
    }

    #[test]
    fn c04_a_wall_time_that_is_skipped_comes_an_hour_later_and_one_that_is_doubled_once() {
        let night = weekly(json!({"to": ["a@x.example"], "day": "sunday", "at": "02:30"}));
        assert_eq!(
            dues(&night, "Europe/Madrid", "2026-03-24T00:00:00Z", 2),
            [
                "2026-03-29T01:30:00.000Z 2026-03-29T03:30:00",
                "2026-04-05T00:30:00.000Z 2026-04-05T02:30:00"
            ]
        );
        assert_eq!(
            dues(&night, "Europe/Madrid", "2026-10-20T00:00:00Z", 2),
            [
                "2026-10-25T00:30:00.000Z 2026-10-25T02:30:00",
                "2026-11-01T01:30:00.000Z 2026-11-01T02:30:00"
            ]
        );
    }

    #[test]
    fn c04_no_week_that_was_told_is_due_again_when_the_day_changes() {
        let zone = time::zone("Europe/Madrid").unwrap();
        // On Monday the 23rd week 47 was told; then somebody chooses Wednesdays.
        let now = Timestamp::from_rfc3339("2026-11-23T12:00:00Z").unwrap();
        let told = "2026-W47".parse().ok();
        let wednesday = weekly(json!({"to": ["a@x.example"], "day": "wednesday"}));
        let next = |last| wednesday.next(now, last, &zone).wall(&zone).to_string();
        assert_eq!(next(told), "2026-12-02T09:00:00");
        assert_eq!(next(None), "2026-11-25T09:00:00");
    }

    #[test]
    fn c04_it_is_off_until_somebody_gets_it_or_says_otherwise() {
        assert!(!weekly(json!({})).is_on());
        assert!(weekly(json!({"to": ["a@x.example"]})).is_on());
        assert!(weekly(json!({"enabled": true})).is_on());
        assert!(!weekly(json!({"enabled": false, "to": ["a@x.example"]})).is_on());
    }

    #[test]
    fn c04_settings_that_cannot_be_meant_are_refused_in_plain_words() {
        let many: Vec<String> = (0..=READERS_MAX).map(|n| format!("a{n}@x.example")).collect();
        for (settings, field, said) in [
            (json!({"weekly": {"day": "lunes"}}), "reports.weekly.day", "monday, tuesday"),
            (json!({"weekly": {"at": "9:00"}}), "reports.weekly.at", "such as 09:00"),
            (json!({"weekly": {"at": "24:00"}}), "reports.weekly.at", "such as 09:00"),
            (json!({"weekly": {"locale": "fr"}}), "reports.weekly.locale", "es, en, pt"),
            (json!({"weekly": {"to": "a@x.example"}}), "reports.weekly.to", "a list"),
            (json!({"weekly": {"to": ["no"]}}), "reports.weekly.to[0]", "email address"),
            (json!({"weekly": {"to": ["a@x", "A@X"]}}), "reports.weekly.to[1]", "twice"),
            (json!({"weekly": {"to": many}}), "reports.weekly.to", "at most 20"),
            (json!({"weekly": {"hour": 9}}), "reports.weekly.hour", "unknown field"),
            (json!({"monthly": {}}), "reports.monthly", "unknown field"),
        ] {
            let error = Settings::from_json(json!({"reports": settings})).unwrap_err();
            assert_eq!(error.field, field, "{error}");
            assert!(error.problem.contains(said), "{error}");
        }
    }

    #[test]
    fn c04_addresses_are_those_of_mailboxes() {
        for good in ["a@x", "ana.perez+w@mail.trattoria.example", "o'neil@x-y.example"] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "@x",
            "a@",
            "a b@x",
            "a@x y",
            "a@-x",
            "a@x-",
            "a@x..y",
            ".a@x",
            "a.@x",
            "a..b@x",
            "ñ@x",
            "a@ñ",
            "<a@x>",
            "a@x,b@x",
            "a@b@x",
            "a@x\r\nBcc: b@x",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }

    #[test]
    fn c04_settings_change_by_what_a_patch_names() {
        let patch = |value: Value| value.as_object().unwrap().clone();
        let one = json!({"reports": {"weekly": {"to": ["a@x.example"], "at": "07:30"}}});
        let settings = Settings::default().patched(patch(one)).unwrap();
        let two = json!({"reports": {"weekly": {"day": "Friday", "locale": "pt"}}});
        let settings = settings.patched(patch(two)).unwrap();
        let shown = settings.shown();
        assert_eq!(
            shown["reports"]["weekly"],
            json!({"to": ["a@x.example"], "day": "friday", "at": "07:30", "locale": "pt"})
        );
        let none = settings.patched(patch(json!({"reports": null}))).unwrap();
        assert!(none.reports.is_default() && none.shown().get("reports").is_none());
        let error = none.patched(patch(json!({"reports": []}))).unwrap_err();
        assert_eq!(error.to_string(), "reports: must be an object");
        let error = none.patched(patch(json!({"reports": {"weekly": []}}))).unwrap_err();
        assert_eq!(error.to_string(), "reports.weekly: must be an object");
    }
}
