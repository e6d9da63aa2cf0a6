//! What a letter from outside means: everything that is posted to a webhook of ours is one.
//!
//! A letter is kept as it came before anybody reads it, and read afterwards, perhaps more than once. So
//! reading it is pure, and the same letter always gives events with the same ids: one that is read again
//! after a crash finds that they are there. A new road is a variant of [`Road`] and an arm in [`read`].

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::invalid::Invalid;
use crate::lead::Who;
use crate::policy::Settings;
use crate::provider::ProviderStatus;
use crate::time::Timestamp;
use crate::whatsapp;

/// Things that one letter may tell of; what is beyond is left out, and the letter's note says so.
pub const MEANINGS_MAX: usize = 10_000;
/// Things left out of one letter that its note names.
const LEFT_OUT_NAMED_MAX: usize = 3;
/// Different kinds of things that one letter's record names.
const KINDS_MAX: usize = 12;
/// Bytes of the name of a kind.
const KIND_BYTES_MAX: usize = 40;

/// By which road a letter came.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Road {
    /// Meta's WhatsApp Cloud API.
    WhatsApp,
    /// Bird.
    Bird,
    /// A source of the tenant's own, by its name.
    Source(String),
}

impl Road {
    /// What to call it.
    pub fn name(&self) -> &str {
        match self {
            Self::WhatsApp => "whatsapp",
            Self::Bird => "bird",
            Self::Source(name) => name,
        }
    }
}

/// A letter, to be read.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    /// By which road it came.
    pub road: &'a Road,
    /// Its headers as they were kept: names in lower case, none that may hold a secret.
    pub headers: &'a [(String, String)],
    /// Its `Content-Type`.
    pub content_type: Option<&'a str>,
    /// Its body, byte for byte.
    pub body: &'a [u8],
    /// When it came.
    pub received_at: Timestamp,
}

/// What a letter means.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// The things that it tells of, in its order.
    pub meanings: Vec<Meaning>,
    /// Of what kinds they are, such as `message.text` or `status.read`.
    pub kinds: BTreeSet<String>,
    /// How many things in it are left out.
    pub left_out: usize,
    /// Why the first of these are.
    pub reasons: Vec<String>,
}

/// One thing that a letter tells of.
#[derive(Debug, Clone, PartialEq)]
pub enum Meaning {
    /// Something that a customer did, or that happened to them.
    Heard(Box<Heard>),
    /// What became of a message of ours.
    Status(Status),
    /// An event like those that come in through the API. Without an id it gets one made of the letter's.
    Event(Event),
}

/// Something that a customer did, or that happened to them.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// Who.
    pub who: Who,
    /// What.
    pub what: What,
    /// The same as an event, with an id that is always the same; its data has the phone number as
    /// `wa_number`, which does not leave the house.
    pub event: Event,
}

/// What a customer did, or what happened to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// They wrote.
    Message {
        /// The text, or what the pressed button says.
        text: Option<String>,
        /// The id of the button that was pressed.
        button: Option<String>,
    },
    /// Something of a call between them and the business.
    Call,
    /// They are known by this from now on.
    Changed(Who),
    /// They want no marketing any more, or want it again.
    Marketing {
        /// Whether they want it.
        wanted: bool,
    },
}

/// One thing that a provider says of a message that it had taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The provider's id of the message.
    pub message_id: String,
    /// The delivery's id, which the provider repeats.
    pub delivery_id: Option<String>,
    /// What it says.
    pub status: ProviderStatus,
    /// When it was so.
    pub at: Timestamp,
    /// The code of what went wrong; 0 where nothing did.
    pub code: i32,
    /// What went wrong.
    pub error: Option<String>,
}

/// Reads a letter. What it says that makes no sense is left out; an error means that nothing in it does.
pub fn read(letter: Letter<'_>, settings: &Settings) -> Result<Reading, Invalid> {
    match letter.road {
        Road::WhatsApp => whatsapp::read(letter, settings),
        Road::Bird | Road::Source(_) => {
            let problem = "nothing is configured that reads what comes by this road";
            Err(Invalid::new(letter.road.name(), problem))
        }
    }
}

impl Reading {
    /// Adds something of this kind, unless there is too much already.
    pub fn add(&mut self, kind: &str, meaning: Meaning) {
        self.note_kind(kind);
        if self.meanings.len() < MEANINGS_MAX {
            self.meanings.push(meaning);
        } else {
            self.leave_out(|| format!("there are more than {MEANINGS_MAX} things in it"));
        }
    }

    /// Notes that something of this kind is in it.
    pub fn note_kind(&mut self, kind: &str) {
        if self.kinds.len() < KINDS_MAX && !self.kinds.contains(kind) {
            self.kinds.insert(clipped(kind, KIND_BYTES_MAX).to_owned());
        }
    }

    /// Leaves something out, for this reason.
    pub fn leave_out(&mut self, reason: impl FnOnce() -> String) {
        self.left_out += 1;
        if self.reasons.len() < LEFT_OUT_NAMED_MAX {
            let reason = reason();
            if !self.reasons.contains(&reason) {
                self.reasons.push(reason);
            }
        }
    }

    /// What is left out of it and why, in a sentence; `None` where nothing is.
    pub fn note(&self) -> Option<String> {
        let reasons = self.reasons.join("; ");
        (self.left_out > 0).then(|| format!("{} left out: {reasons}", self.left_out))
    }
}

/// The beginning of a text, of at most so many bytes.
pub fn clipped(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_names_few_kinds_and_few_reasons_and_counts_all_that_is_left_out() {
        let mut reading = Reading::default();
        assert_eq!(reading.note(), None);
        for number in 0..50 {
            reading.note_kind(&format!("{number}{}", "ñ".repeat(100)));
            reading.leave_out(|| format!("reason {}", number / 2));
        }
        assert_eq!(reading.kinds.len(), KINDS_MAX);
        assert!(reading.kinds.iter().all(|kind| kind.len() <= KIND_BYTES_MAX));
        let note = "50 left out: reason 0; reason 1; reason 2";
        assert_eq!(reading.note().as_deref(), Some(note));
    }
}
