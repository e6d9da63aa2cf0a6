//! Why something is as it is: what happened, why, what comes next and when, as data and as one plain sentence.
//!
//! ```text
//!  facts of a thing --> [delivery, entity, endpoint] --> Reason: a code and its values --> Why
//!                                                              sentences: one table, three languages
//! ```
//! Every answer comes from one closed list, so that programs can rely on its words and people on its sentences.
//! No value of a sentence comes from outside but the names of reminders and stages, of who has taken a handoff
//! or a conversation, and a receiver's numeric code: what others wrote may hold what nobody should read.

mod delivery;
mod endpoint;
mod entity;
mod failure;
mod sentences;
#[cfg(test)]
mod tests;

use jiff::tz::TimeZone;
use serde::Serialize;

pub use self::delivery::{
    Counts, DeliveryFacts, Filtered, Letter, Place, Standing, Word, delivery, event,
};
pub(crate) use self::endpoint::FAILED_SINCE;
pub use self::endpoint::{EndpointFacts, endpoint};
pub use self::entity::{Asked, Due, conversation, handoff, reservation, timer};
pub(crate) use self::failure::opening;
pub use self::failure::{
    NAME_UNKNOWN, NOT_HTTP, REFUSED, TLS_FAILED, TOKEN_ENDPOINT, failure, unanswered,
};
pub use self::sentences::Code;
use crate::calendar;
use crate::locale::Locale;
use crate::time::Timestamp;

/// A reason: one of the list, with its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Which.
    pub code: Code,
    /// When the next thing happens.
    pub at: Option<Timestamp>,
    /// Since when it is so.
    pub since: Option<Timestamp>,
    /// How many.
    pub count: u64,
    /// Whether there may be more than that.
    pub at_least: bool,
    /// Of how many.
    pub of: u64,
    /// The receiver's code; 0 where that is not known, and what [`failure`] says where it did not answer.
    pub answer: i32,
    /// A name of ours, or of who has taken something.
    pub name: String,
    /// Until when a dead letter can be tried again.
    pub letter: Letter,
}

/// The answer to "why?".
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Why {
    /// What happened.
    pub what: &'static str,
    /// Why.
    pub because: &'static str,
    /// What comes next.
    pub next: &'static str,
    /// When, where that is known, as RFC 3339.
    pub next_at: Option<String>,
    /// All of it as a sentence.
    pub sentence: String,
}

impl Reason {
    /// A reason without values.
    pub(crate) fn plain(code: Code) -> Self {
        Self {
            code,
            at: None,
            since: None,
            count: 0,
            at_least: false,
            of: 0,
            answer: 0,
            name: String::new(),
            letter: Letter::None,
        }
    }

    pub(crate) fn at(self, at: Timestamp) -> Self {
        Self { at: Some(at), ..self }
    }

    pub(crate) fn since(self, since: Timestamp) -> Self {
        Self { since: Some(since), ..self }
    }

    pub(crate) fn count(self, count: u64) -> Self {
        Self { count, ..self }
    }

    pub(crate) fn of(self, of: u64) -> Self {
        Self { of, ..self }
    }

    /// The answer for who reads this language and lives in this zone.
    pub fn told(&self, locale: Locale, zone: &TimeZone) -> Why {
        let row = sentences::row(self.code);
        let moment = |at: Option<Timestamp>| match at {
            Some(at) => calendar::when(at.wall(zone), locale),
            None => String::new(),
        };
        let count = match self.at_least {
            true => sentences::at_least(self.count, locale),
            false => self.count.to_string(),
        };
        let values = [
            ("{at}", moment(self.at)),
            ("{since}", moment(self.since)),
            ("{answered}", sentences::answered(self.answer, locale)),
            ("{count}", count),
            ("{of}", self.of.to_string()),
            ("{code}", self.answer.to_string()),
            ("{name}", self.name.clone()),
        ];
        let mut sentence = sentences::text(row, (self.count, self.of), locale).to_owned();
        for (place, value) in values {
            sentence = sentence.replace(place, &value);
        }
        let (next, next_at) = match self.letter {
            Letter::None | Letter::Discarded => (row.next, self.at),
            Letter::Until(at) => ("expires", Some(at)),
            Letter::Gone | Letter::Orphan => ("nothing", None),
        };
        if let Some(ending) = sentences::ending(self.letter, locale) {
            let ending = ending.replace("{at}", &moment(next_at));
            sentence = format!("{}; {ending}.", sentence.trim_end_matches('.'));
        }
        let next_at = next_at.map(Timestamp::to_rfc3339);
        Why { what: row.what, because: row.because, next, next_at, sentence }
    }
}
