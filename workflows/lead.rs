//! One person who writes, calls or buys: known by a user id first, by a number where there is none.
//!
//! Since 2026 WhatsApp tells a customer's business-scoped user id (`ES.1349120865`) with every message and
//! the number only sometimes; a platform has user ids of its own. A number may pass to somebody else, and
//! then comes with another user id of WhatsApp's: that is another lead, and the number is theirs from then.
//!
//! Two leads may turn out to be one person: one of them becomes part of the other, with its names, its figures,
//! its history and what was wished, and stands there only to say where it went.
//!
//! ```text
//!  tenant --Absorb--> survivor      what they wished of the other counts from this commit on
//!         --Merge---> the other     its names are the survivor's; nothing happens to it any more
//!                        |
//!                        +--signal--> survivor --Join--> figures, names, history; lead.merged
//! ```
//! Whoever says STOP hears nothing unasked any more: no offers, no words of stock. A reminder of their own
//! booking is no such thing and still comes.

mod id;
mod steps;
mod who;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub use self::id::LeadKey;
pub(crate) use self::who::short;
pub use self::who::{Name, Who};
use crate::effect::{Effect, Rejected, Transition};
use crate::locale::Locale;
use crate::policy::Policy;
use crate::time::Timestamp;

/// Names by which one person is known at most; the oldest goes.
pub const NAMES_MAX: usize = 8;
/// Leads that turned out to be one person at most; the history of what is beyond is no longer shown.
pub const MERGED_MAX: usize = 50;

/// A number, and when it was this person's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The number with its `+`.
    pub number: String,
    /// From when on, where somebody else had it before.
    pub from: Option<Timestamp>,
    /// Until when; `None` while it is theirs.
    pub until: Option<Timestamp>,
}

/// That somebody wants to hear nothing unasked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptOut {
    /// Since when.
    pub at: Timestamp,
    /// How they said so: the word, or the setting.
    pub how: String,
}

/// What somebody said of being written to unasked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Whether they want it.
    pub wanted: bool,
    /// How they said so.
    pub how: String,
    /// When.
    pub at: Timestamp,
}

impl Wish {
    /// Whether something said later is known.
    pub fn is_outdone_by(&self, known: &Self) -> bool {
        is_earlier(self.at, known.at)
    }
}

/// Meta counts whole seconds: what was said within one has the order in which it came.
fn is_earlier(one: Timestamp, other: Timestamp) -> bool {
    one.0.div_euclid(1_000) < other.0.div_euclid(1_000)
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lead {
    /// The lead's id.
    pub id: String,
    /// What they call themselves.
    pub name: Option<String>,
    /// Their language, where known.
    pub locale: Option<String>,
    /// Their user ids, the latest last.
    pub user_ids: Vec<String>,
    /// Their numbers, the latest last.
    pub phones: Vec<Held>,
    /// When they were first heard of.
    pub first_seen: Timestamp,
    /// When they were last heard of.
    pub last_seen: Timestamp,
    /// Where they came from: the channel.
    pub source: Option<String>,
    /// The campaign that brought them.
    pub campaign: Option<String>,
    /// Whether and since when they want to hear nothing unasked.
    pub opted_out: Option<OptOut>,
    /// Their latest conversation.
    pub conversation: Option<String>,
    /// Messages that they wrote.
    pub messages: u32,
    /// Conversations that they began.
    pub conversations: u32,
    /// Calls that they made or got.
    pub calls: u32,
    /// Orders that they completed.
    pub orders: u32,
    /// Leads that turned out to be this person.
    pub merged: Vec<String>,
    /// The lead that this person turned out to be.
    pub merged_into: Option<String>,
    /// When they last said whether they want to hear things unasked.
    pub wished_at: Option<Timestamp>,
}

/// In what way a person was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// They wrote.
    Message,
    /// They were written to, or are named by an event.
    Mention,
    /// A conversation began.
    Conversation,
    /// They called or were called.
    Call,
    /// They completed an order.
    Order,
}

/// A person was met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meeting {
    /// Who.
    pub who: Who,
    /// How.
    pub way: Way,
    /// Whether it begins a conversation as well.
    pub begins: bool,
    /// Whether the number was somebody else's until now.
    pub taken: bool,
    /// Where.
    pub channel: Option<String>,
    /// What brought them.
    pub campaign: Option<String>,
    /// In which conversation.
    pub conversation: Option<String>,
}

/// What may happen to a lead. Nothing of it is ever refused: it is part of what others decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// They were met.
    Meet(Box<Meeting>),
    /// They go by another number or user id from now on.
    Rename {
        /// The names that they leave.
        old: Who,
        /// The names that they take.
        new: Who,
    },
    /// Somebody else has this number now.
    Lose(String),
    /// Another lead is this person as well, with what they wished there.
    Absorb {
        /// The other lead.
        lead: String,
        /// What they wished there, if anything.
        wish: Option<Wish>,
    },
    /// They turned out to be another lead.
    Merge {
        /// The other lead.
        into: String,
    },
    /// A lead that turned out to be this person, as it stood when nothing happened to it any more.
    Join(Box<Lead>),
    /// They want to be written to unasked, or no longer.
    Wish {
        /// What they said.
        wish: Wish,
        /// Whether they are told that they were understood.
        answer: bool,
    },
}

/// When and under which policy a step is taken, and whose it is.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The lead's id.
    pub id: &'a str,
    /// The moment of the step.
    pub now: Timestamp,
    /// The tenant's policy.
    pub policy: &'a Policy,
}

/// Whether a user id is one of WhatsApp's, of which a person has one at a time: a country, a dot and more.
fn is_of_whatsapp(user_id: &str) -> bool {
    let country = user_id.split('.').next().unwrap_or_default();
    country.len() == 2
        && country.len() < user_id.len()
        && country.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Whether WhatsApp knows those with these user ids and those with the others as different people.
pub fn are_two(some: &[String], others: &[String]) -> bool {
    let of_whatsapp = |ids: &[String]| ids.iter().any(|id| is_of_whatsapp(id));
    let common = || some.iter().any(|id| is_of_whatsapp(id) && others.contains(id));
    of_whatsapp(some) && of_whatsapp(others) && !common()
}

impl Lead {
    /// The number under which they are written to; whoever turned out to be somebody else has none.
    pub fn phone(&self) -> Option<&str> {
        self.numbers().next_back().filter(|_| self.merged_into.is_none())
    }

    /// The numbers that are theirs.
    pub fn numbers(&self) -> impl DoubleEndedIterator<Item = &str> {
        let open = self.phones.iter().filter(|held| held.until.is_none());
        open.map(|held| held.number.as_str())
    }

    /// What they last said of being written to unasked.
    pub fn wish(&self) -> Option<Wish> {
        let how = self.opted_out.as_ref().map(|out| out.how.clone());
        let (wanted, how) = (how.is_none(), how.unwrap_or_default());
        self.wished_at.map(|at| Wish { wanted, how, at })
    }

    /// The language in which they are written to.
    pub fn locale(&self, policy: &Policy) -> Locale {
        let own = self.locale.as_deref().and_then(|locale| locale.parse().ok());
        own.unwrap_or(policy.settings.locale)
    }

    fn new(ctx: Context<'_>) -> Self {
        Self {
            id: ctx.id.to_owned(),
            name: None,
            locale: None,
            user_ids: Vec::new(),
            phones: Vec::new(),
            first_seen: ctx.now,
            last_seen: ctx.now,
            source: None,
            campaign: None,
            opted_out: None,
            conversation: None,
            messages: 0,
            conversations: 0,
            calls: 0,
            orders: 0,
            merged: Vec::new(),
            merged_into: None,
            wished_at: None,
        }
    }

    /// What others are told of them, without the number.
    pub fn data(&self, policy: &Policy) -> Map<String, Value> {
        let mut data = Map::new();
        let mut put = |key: &str, value: Value| {
            if !value.is_null() {
                data.insert(key.to_owned(), value);
            }
        };
        put("lead_id", json!(self.id));
        put("name", json!(self.name));
        put("user_id", json!(self.user_ids.last()));
        put("channel", json!(self.source));
        put("campaign", json!(self.campaign));
        put("locale", json!(self.locale(policy).as_str()));
        put("wa_number", json!(self.phone()));
        policy.phone_hash.redact(&data)
    }
}

/// Decides what follows.
pub fn step(
    present: Option<&Lead>,
    command: Command,
    ctx: Context<'_>,
) -> Result<Transition<Lead>, Rejected> {
    let mut next = present.cloned().unwrap_or_else(|| Lead::new(ctx));
    let mut effects = steps::happen(&mut next, command, ctx);
    if present.is_none() {
        let data = next.data(ctx.policy);
        effects.insert(0, Effect::Emit { event_type: "lead.created".to_owned(), data });
    }
    Ok(Transition { next, effects })
}

#[cfg(test)]
mod tests;
