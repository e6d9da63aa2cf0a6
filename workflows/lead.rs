//! One person who writes, calls or buys: known by a user id first, by a number where there is none.
//!
//! Since 2026 WhatsApp tells a customer's business-scoped user id (`ES.1349120865`) with every message and
//! the number only sometimes; a platform has user ids of its own. A number may pass to somebody else, and
//! then comes with another user id of WhatsApp's: that is another lead, and the number is theirs from then.
//!
//! Whoever says STOP hears nothing unasked any more: no offers, no words of stock. A reminder of their own
//! booking is no such thing and still comes.

mod id;
mod who;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub use self::id::LeadKey;
pub(crate) use self::who::short;
pub use self::who::{Name, Who};
use crate::effect::{Effect, Note, Rejected, Transition};
use crate::locale::Locale;
use crate::message;
use crate::policy::Policy;
use crate::time::Timestamp;

/// Names by which one person is known at most; the oldest goes.
pub const NAMES_MAX: usize = 8;

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
        /// Whether they want to hear nothing unasked.
        opted_out: Option<OptOut>,
    },
    /// They turned out to be another lead, who has this number now.
    Merge {
        /// The other lead.
        into: String,
        /// The number.
        number: String,
    },
    /// They want to be written to unasked, or no longer.
    Wish {
        /// Whether they want it.
        wanted: bool,
        /// How they said so.
        how: String,
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

/// Whether somebody who comes with this user id and a number of a lead with those is somebody else.
pub fn is_another(known: &[String], user_id: &str) -> bool {
    let mut own = known.iter().filter(|own| is_of_whatsapp(own)).peekable();
    is_of_whatsapp(user_id) && own.peek().is_some() && own.all(|own| own != user_id)
}

impl Lead {
    /// The number under which they are written to.
    pub fn phone(&self) -> Option<&str> {
        self.phones.iter().rfind(|held| held.until.is_none()).map(|held| held.number.as_str())
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

    fn take(&mut self, who: &Who, from: Option<Timestamp>, effects: &mut Vec<Effect>) {
        for name in who.names() {
            let new = match &name {
                Name::User(id) => {
                    let known = self.user_ids.contains(id);
                    if self.user_ids.last() != Some(id) {
                        self.user_ids.retain(|own| own != id);
                        self.user_ids.push(id.clone());
                    }
                    !known
                }
                Name::Phone(number) => {
                    let open = |held: &Held| held.number == *number && held.until.is_none();
                    let known = self.phones.iter().any(open);
                    if !known {
                        self.phones.push(Held { number: number.clone(), from, until: None });
                    }
                    !known
                }
            };
            if new {
                effects.push(Effect::Note(Note::Name { name, lead: self.id.clone() }));
            }
        }
        if self.user_ids.len() > NAMES_MAX {
            let gone = self.user_ids.remove(0);
            effects.push(Effect::Note(Note::Forget { name: Name::User(gone) }));
        }
        if self.phones.len() > NAMES_MAX {
            self.phones.remove(0);
        }
        if let Some(name) = who.name.as_deref().and_then(short) {
            self.name = Some(name);
        }
        if let Some(locale) = who.locale {
            self.locale = Some(locale.to_string());
        }
    }
}

/// Decides what follows.
pub fn step(
    present: Option<&Lead>,
    command: Command,
    ctx: Context<'_>,
) -> Result<Transition<Lead>, Rejected> {
    let mut next = present.cloned().unwrap_or_else(|| Lead::new(ctx));
    let mut effects = Vec::new();
    match command {
        Command::Meet(meeting) => meet(&mut next, *meeting, &mut effects, ctx),
        Command::Rename { old, new } => rename(&mut next, &old, &new, &mut effects, ctx),
        Command::Lose(number) => leave(&mut next, &number, ctx.now),
        Command::Absorb { lead, opted_out } => {
            next.opted_out = next.opted_out.take().or(opted_out);
            if !next.merged.contains(&lead) && next.merged.len() < NAMES_MAX {
                next.merged.push(lead);
            }
        }
        Command::Merge { into, number } => {
            leave(&mut next, &number, ctx.now);
            next.merged_into = Some(into);
        }
        Command::Wish { wanted, how, answer } => {
            wish(&mut next, wanted, how, answer, &mut effects, ctx);
        }
    }
    if present.is_none() {
        let data = next.data(ctx.policy);
        effects.insert(0, Effect::Emit { event_type: "lead.created".to_owned(), data });
    }
    Ok(Transition { next, effects })
}

fn meet(lead: &mut Lead, meeting: Meeting, effects: &mut Vec<Effect>, ctx: Context<'_>) {
    let Meeting { who, way, begins, taken, channel, campaign, conversation } = meeting;
    // What came under a person's first number before they were met was theirs, unless it was another's.
    let from = (taken || !lead.phones.is_empty()).then_some(ctx.now);
    lead.take(&who, from, effects);
    lead.last_seen = lead.last_seen.max(ctx.now);
    match way {
        Way::Message => lead.messages = lead.messages.saturating_add(1),
        Way::Call => lead.calls = lead.calls.saturating_add(1),
        Way::Order => lead.orders = lead.orders.saturating_add(1),
        Way::Mention | Way::Conversation => {}
    }
    if begins {
        lead.conversations = lead.conversations.saturating_add(1);
    }
    lead.source = lead.source.take().or(channel.as_deref().and_then(short));
    lead.campaign = campaign.as_deref().and_then(short).or(lead.campaign.take());
    lead.conversation = conversation.or(lead.conversation.take());
}

fn rename(lead: &mut Lead, old: &Who, new: &Who, effects: &mut Vec<Effect>, ctx: Context<'_>) {
    lead.take(new, Some(ctx.now), effects);
    if let Some(number) =
        old.phone.as_ref().filter(|_| new.phone.is_some() && old.phone != new.phone)
    {
        leave(lead, number, ctx.now);
        effects.push(Effect::Note(Note::Forget { name: Name::Phone(number.clone()) }));
    }
    if let Some(id) =
        old.user_id.as_ref().filter(|_| new.user_id.is_some() && old.user_id != new.user_id)
    {
        lead.user_ids.retain(|own| own != id);
        effects.push(Effect::Note(Note::Forget { name: Name::User(id.clone()) }));
    }
}

fn leave(lead: &mut Lead, number: &str, now: Timestamp) {
    for held in &mut lead.phones {
        if held.number == number && held.until.is_none() {
            held.until = Some(now);
        }
    }
}

fn wish(
    lead: &mut Lead,
    wanted: bool,
    how: String,
    answer: bool,
    effects: &mut Vec<Effect>,
    ctx: Context<'_>,
) {
    if lead.opted_out.is_none() == wanted {
        return;
    }
    let how = short(&how).unwrap_or_default();
    lead.opted_out = (!wanted).then(|| OptOut { at: ctx.now, how: how.clone() });
    let mut data = lead.data(ctx.policy);
    data.insert("how".to_owned(), json!(how));
    let event_type = if wanted { "lead.opted_in" } else { "lead.opted_out" };
    effects.push(Effect::Emit { event_type: event_type.to_owned(), data });
    let to = lead.phone().filter(|_| answer && ctx.policy.settings.whatsapp.is_some());
    if let Some(to) = to {
        let locale = lead.locale(ctx.policy);
        let words = if wanted { message::opted_in(locale) } else { message::opted_out(locale) };
        effects.push(Effect::Tell { to: to.to_owned(), message: words });
    }
}

#[cfg(test)]
mod tests;
