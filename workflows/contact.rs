//! When people may be written to unasked: settings of conversations and commerce, quiet hours, opt-out words.

use std::fmt;
use std::str::FromStr;

use jiff::civil;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::answer;
use crate::invalid::Invalid;
use crate::time::{Span, Timestamp};

/// How conversations are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Conversations {
    /// A conversation in which nobody has written for so long is over. Half an hour is what web analytics
    /// count as one visit; whoever writes later begins a new conversation.
    pub idle_after: Span,
    /// A conversation that a person holds goes back after so long without a word, since they may have forgotten it.
    /// WhatsApp takes their own words for as long after the customer's last one.
    pub hold_for: Span,
}

impl Default for Conversations {
    fn default() -> Self {
        Self { idle_after: Span::minutes(30), hold_for: Span::hours(24) }
    }
}

/// What is made of stock and prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Commerce {
    /// Fewer than so many left are worth a word (row B06).
    pub low_stock_below: u32,
    /// For so long after a person looked at a product its price interests them.
    pub interest: Span,
}

impl Default for Commerce {
    fn default() -> Self {
        Self { low_stock_below: 5, interest: Span::hours(30 * 24) }
    }
}

/// A time of day, as `22:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeOfDay(civil::Time);

impl FromStr for TimeOfDay {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let problem = "must be a time of day such as 22:00";
        let (hour, minute) = text.split_once(':').ok_or(problem)?;
        let number = |part: &str| match part.len() {
            2 if part.bytes().all(|byte| byte.is_ascii_digit()) => part.parse::<i8>().ok(),
            _ => None,
        };
        let (Some(hour), Some(minute)) = (number(hour), number(minute)) else {
            return Err(problem);
        };
        civil::Time::new(hour, minute, 0, 0).map(Self).map_err(|_| problem)
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0.hour(), self.0.minute())
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// When nobody is written to unasked, on the tenant's wall; it may go over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// From this time on …
    pub from: TimeOfDay,
    /// … until this one.
    pub to: TimeOfDay,
}

impl QuietHours {
    /// The end of the quiet hours in which this moment lies, if it lies in some.
    ///
    /// An end that the clocks skip is an hour later on the wall. Where the hour of the end comes twice, its
    /// first coming counts, unless that is past.
    pub fn end(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let wall = now.wall(zone);
        let (from, to, time) = (self.from.0, self.to.0, wall.time());
        let over_midnight = from > to;
        let quiet = match over_midnight {
            true => time >= from || time < to,
            false => time >= from && time < to,
        };
        if !quiet {
            return None;
        }
        let tomorrow = over_midnight && time >= from;
        let date = if tomorrow { wall.date().tomorrow().ok()? } else { wall.date() };
        let ambiguous = || zone.to_ambiguous_timestamp(date.to_datetime(to));
        [ambiguous().compatible(), ambiguous().later()]
            .into_iter()
            .filter_map(|end| Some(Timestamp(end.ok()?.as_millisecond())))
            .find(|&end| end > now)
    }

    pub(crate) fn check(&self) -> Result<(), Invalid> {
        if self.from == self.to {
            return Err(Invalid::new("to", "must differ from 'from'; null takes quiet hours away"));
        }
        Ok(())
    }
}

/// Words of a tenant's own beside the built-in ones with which a customer wants no more messages.
pub type OptOutWords = Vec<String>;
/// How many of them.
pub const OPT_OUT_WORDS_MAX: usize = 50;
const OPT_OUT_WORD_BYTES_MAX: usize = 60;

pub(crate) fn check_words(own: &OptOutWords) -> Result<(), Invalid> {
    if own.len() > OPT_OUT_WORDS_MAX {
        return Err(Invalid::new("", format!("at most {OPT_OUT_WORDS_MAX} words")));
    }
    for (index, word) in own.iter().enumerate() {
        if word.len() > OPT_OUT_WORD_BYTES_MAX || answer::words(word).is_empty() {
            let problem =
                format!("must be a word or a few, at most {OPT_OUT_WORD_BYTES_MAX} bytes");
            return Err(Invalid::new(format!("[{index}]"), problem));
        }
        // They would never be understood as what they mean elsewhere, or say two things at once.
        let said = answer::words(word).join(" ");
        let taken = match (answer::from_text(word), IN.contains(&said.as_str())) {
            (Some(_), _) => "it answers a reminder",
            (None, true) => "it brings messages back",
            (None, false) => continue,
        };
        let problem = format!("'{word}' cannot mean that somebody wants no more messages: {taken}");
        return Err(Invalid::new(format!("[{index}]"), problem));
    }
    Ok(())
}

const OUT: [&str; 22] = [
    "stop",
    "stop all",
    "stopall",
    "unsubscribe",
    "opt out",
    "optout",
    "baja",
    "darme de baja",
    "dame de baja",
    "dar de baja",
    "quiero darme de baja",
    "no quiero mas mensajes",
    "no quiero recibir mas mensajes",
    "no enviar mas mensajes",
    "stop promotions",
    "nao quero mais mensagens",
    "parar",
    "no mas mensajes",
    "sair",
    "parem",
    "descadastrar",
    "cancelar suscripcion",
];
const IN: [&str; 8] =
    ["start", "unstop", "subscribe", "opt in", "alta", "darme de alta", "voltar", "suscribirme"];
const COURTESY: [&str; 7] = ["please", "por", "favor", "porfa", "porfavor", "gracias", "thanks"];

/// Whether a customer's message says that they want to be written to unasked, or no longer; most say
/// neither. The message must be the word alone: "stop by at eight" is none.
pub fn wish(text: &str, own: &OptOutWords) -> Option<bool> {
    if text.len() > 2 * OPT_OUT_WORD_BYTES_MAX {
        return None;
    }
    let mut words = answer::words(text);
    words.retain(|word| !COURTESY.contains(&word.as_str()));
    let said = words.join(" ");
    let is_own = |word: &String| answer::words(word).join(" ") == said;
    if OUT.contains(&said.as_str()) || own.iter().any(is_own) {
        return Some(false);
    }
    IN.contains(&said.as_str()).then_some(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time;

    fn quiet(from: &str, to: &str) -> QuietHours {
        QuietHours { from: from.parse().unwrap(), to: to.parse().unwrap() }
    }

    #[test]
    fn b07_quiet_hours_end_on_the_tenants_wall_over_midnight_and_when_clocks_change() {
        let zone = time::zone("Europe/Madrid").unwrap();
        let night = quiet("22:00", "09:00");
        for (hours, now, end) in [
            (night, "2026-01-20T21:59:59", None),
            (night, "2026-01-20T22:00:00", Some("2026-01-21T08:00:00.000Z")),
            (night, "2026-01-21T03:00:00", Some("2026-01-21T08:00:00.000Z")),
            (night, "2026-01-21T09:00:00", None),
            // The night in which the clocks go forward, and the one in which they go back.
            (night, "2026-03-28T23:00:00", Some("2026-03-29T07:00:00.000Z")),
            (night, "2026-10-24T23:00:00", Some("2026-10-25T08:00:00.000Z")),
            (quiet("14:00", "16:00"), "2026-07-20T15:00:00", Some("2026-07-20T14:00:00.000Z")),
            (quiet("14:00", "16:00"), "2026-07-20T16:00:00", None),
            // An end that does not exist is an hour later on the wall.
            (quiet("22:00", "02:30"), "2026-03-29T01:00:00", Some("2026-03-29T01:30:00.000Z")),
            // An end that comes twice: the first.
            (quiet("22:00", "02:30"), "2026-10-25T01:00:00", Some("2026-10-25T00:30:00.000Z")),
        ] {
            let now = Timestamp::from_text(now, &zone).unwrap();
            let found = hours.end(now, &zone).map(Timestamp::to_rfc3339);
            assert_eq!(found.as_deref(), end, "{hours:?} {}", now.to_rfc3339());
        }
        // The second 02:10 of that night: the first 02:30 is past, the second is not.
        let second = Timestamp::from_rfc3339("2026-10-25T01:10:00Z").unwrap();
        let end = quiet("22:00", "02:30").end(second, &zone).map(Timestamp::to_rfc3339);
        assert_eq!(end.as_deref(), Some("2026-10-25T01:30:00.000Z"));
    }

    #[test]
    fn times_of_day_are_written_as_they_are_read() {
        for text in ["00:00", "09:05", "23:59"] {
            assert_eq!(text.parse::<TimeOfDay>().unwrap().to_string(), text);
        }
        for bad in ["", "9:00", "24:00", "12:60", "12", "-1:00", "+1:00", "12:00:00"] {
            assert!(bad.parse::<TimeOfDay>().is_err(), "{bad}");
        }
        assert!(quiet("22:00", "22:00").check().is_err());
    }

    #[test]
    fn b07_a_word_alone_stops_messages_and_a_word_alone_brings_them_back() {
        let own = vec!["ya está".to_owned()];
        for (text, wanted) in [
            ("STOP", Some(false)),
            ("Stop, please!", Some(false)),
            ("baja", Some(false)),
            ("Quiero darme de baja", Some(false)),
            ("Stop promotions", Some(false)),
            ("dar de baja", Some(false)),
            ("¡No quiero más mensajes!", Some(false)),
            ("darme de baja por favor", Some(false)),
            ("PARAR", Some(false)),
            ("sair", Some(false)),
            ("YA ESTA", Some(false)),
            ("START", Some(true)),
            ("Alta", Some(true)),
            ("stop by at eight", None),
            ("no", None),
            ("", None),
        ] {
            assert_eq!(wish(text, &own), wanted, "{text}");
        }
        assert!(check_words(&vec!["…".to_owned()]).is_err());
        for taken in ["1", "no", "START", "confirmar", "Alta"] {
            let problem = check_words(&vec!["fuera".to_owned(), taken.to_owned()]).unwrap_err();
            assert!(problem.field == "[1]" && problem.problem.contains(taken), "{problem}");
        }
        assert!(check_words(&vec!["ya está".to_owned(), "fuera de aquí".to_owned()]).is_err());
        assert!(check_words(&vec!["ya está".to_owned(), "fuera".to_owned()]).is_ok());
        assert!(check_words(&vec!["x".to_owned(); OPT_OUT_WORDS_MAX + 1]).is_err());
    }
}
