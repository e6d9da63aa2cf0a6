//! One conversation with a customer: what was said, wanted, done and seen in it, until it is over.
//!
//! ```text
//!   the first of it          conversation.ended, or nobody wrote for a while
//!  -----------------> Open -------------------------------------------------> Ended
//!                      ^                                                        |
//!                      +---- a message later than the end --------------------- +
//! ```
//! Conversations come by two roads. A platform tells of its own by events, which go to the endpoints as they
//! came; here they only step the state. A customer who writes on WhatsApp begins one that nobody tells of, so
//! this workflow does. Either way it is this workflow that ends one in which nobody writes any more.
//!
//! The alarm is moved only when it rings: a message that moved it each time would write two timers more.

mod by_hand;
mod held;
mod reply;
mod steps;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::effect::{Rejected, Transition};
use crate::handoff::Claim;
use crate::policy::Policy;
use crate::time::Timestamp;

pub use self::held::Held;
pub use self::reply::{
    PARAMETER_CHARS_MAX, PARAMETERS_MAX, Reply, SENT, TEXT_CHARS_MAX, WHATSAPP, Words,
};

/// Intents, and actions, that are kept with a conversation at most; the oldest go.
pub const REMEMBERED_MAX: usize = 20;
/// Products that are kept with a conversation at most; those seen longest ago go.
pub const PRODUCTS_MAX: usize = 50;
/// Bytes of all these lists together, so that a conversation stays one small row.
pub const LISTS_BYTES_MAX: usize = 2_000;

/// Why a conversation ended: it was told, or nobody wrote.
pub(crate) const TOLD: &str = "told";
pub(crate) const IDLE: &str = "idle";

/// Where a conversation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// It goes on.
    Open,
    /// It is over.
    Ended,
}

impl Status {
    /// The status as the outside writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Ended => "ended",
        }
    }
}

/// Something that the customer wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Its name.
    pub name: String,
    /// How sure the assistant was, in hundredths of a percent; `None` where it did not say.
    pub confidence: Option<u16>,
    /// When.
    pub at: Timestamp,
}

/// Something that an assistant did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// Its name.
    pub name: String,
    /// Whether it worked, where it was said.
    pub success: Option<bool>,
    /// When.
    pub at: Timestamp,
}

/// A product that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Its number in the shop.
    pub sku: String,
    /// Its name, where known.
    pub name: Option<String>,
    /// When it was seen last.
    pub at: Timestamp,
}

/// How a conversation ended.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Resolution {
    /// What its teller calls it, such as `resolved`.
    pub status: Option<String>,
    /// What came of it, such as `purchase_completed`.
    pub outcome: Option<String>,
    /// How content the customer was, in hundredths.
    pub satisfaction: Option<u32>,
}

/// A conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub status: Status,
    /// On which channel.
    pub channel: Option<String>,
    /// With whom.
    pub lead: Option<String>,
    /// What brought it about.
    pub campaign: Option<String>,
    /// Where it began, such as `qr_code`.
    pub entry_point: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// When anything of it was last heard here. Its teller's clock may be months behind, so silence is
    /// measured on ours.
    pub heard_at: Timestamp,
    /// When the customer last wrote or called.
    pub last_received_at: Option<Timestamp>,
    /// When the customer was last written to.
    pub last_sent_at: Option<Timestamp>,
    /// Messages of the customer.
    pub received: u32,
    /// Messages to the customer that no person wrote.
    pub sent: u32,
    /// Calls.
    pub calls: u32,
    /// What the customer wanted, the latest last.
    pub intents: Vec<Intent>,
    /// What an assistant did, the latest last.
    pub actions: Vec<Action>,
    /// How much an assistant did in all.
    pub actions_executed: u32,
    /// What the customer saw, the latest last.
    pub products: Vec<Seen>,
    /// How many products the customer was shown in all.
    pub products_shown: u32,
    /// When it was handed to a person, if it was.
    pub escalated_at: Option<Timestamp>,
    /// Why.
    pub escalated_because: Option<String>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why: `told`, or `idle`.
    pub ended_by: Option<String>,
    /// How it ended.
    pub resolution: Resolution,
    /// The order that was completed in it.
    pub order: Option<String>,
    /// When its alarm rings.
    pub alarm_at: Option<Timestamp>,
    /// Rises each time the alarm is set.
    pub generation: u32,
    /// Which person holds it, if one does.
    pub held: Option<Held>,
    /// Messages to the customer that a person wrote; they are none of `sent`.
    pub answered: u32,
}

/// What happens in a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// It begins.
    Start {
        /// What brought it about.
        campaign: Option<String>,
        /// Where.
        entry_point: Option<String>,
    },
    /// The customer wrote, perhaps about a product, perhaps since a campaign had brought them.
    Receive {
        /// What they spoke of.
        products: Vec<(String, Option<String>)>,
        /// What brought them.
        campaign: Option<String>,
    },
    /// The customer was written to, by no person.
    Send,
    /// A person's words are on their way to the customer.
    Answer,
    /// There was a call.
    Call,
    /// An assistant understood what the customer wants.
    Understand(String, Option<u16>),
    /// An assistant did something, and the customer may have seen products of it.
    Act {
        /// What.
        name: String,
        /// Whether it worked.
        success: Option<bool>,
        /// What the customer saw of it.
        products: Vec<(String, Option<String>)>,
    },
    /// The customer was shown these.
    Show(Vec<(String, Option<String>)>),
    /// It needs a person, for this reason.
    Escalate(Option<String>),
    /// An order came of it.
    Order(String),
    /// It is over.
    End(Resolution),
    /// Its lead turned out to be this one.
    Belong(String),
    /// Its handoff is this person's, who holds it from now on if anybody does.
    Handed(String),
    /// A person writes to the customer.
    Reply(Box<Reply>),
    /// A person holds it from now on.
    TakeOver {
        /// Who.
        by: String,
        /// From whom, where somebody holds it.
        from: Option<String>,
        /// Who has its handoff.
        claimed: Option<Claim>,
    },
    /// Nobody holds it any more.
    GiveBack,
    /// Its handoff is over.
    HandoffClosed,
    /// Whoever had its handoff left it to the others.
    HandoffReleased,
    /// Its alarm rang; stale unless the generation is the present one.
    Wake {
        /// The generation for which the alarm was set.
        generation: u32,
    },
}

/// Something that happens in a conversation, and with whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// With whom, where known.
    pub lead: Option<String>,
    /// On which channel, where it is said.
    pub channel: Option<String>,
    /// What.
    pub what: What,
}

/// When and under which policy a step is taken, and whose it is.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The conversation's id.
    pub id: &'a str,
    /// The moment of the step.
    pub now: Timestamp,
    /// When the thing happened, as its teller says.
    pub at: Timestamp,
    /// The tenant's policy.
    pub policy: &'a Policy,
    /// Whether nobody told the endpoints that it began.
    pub announce: bool,
}

/// Decides what follows; refuses what does not fit.
pub fn step(
    present: Option<&Conversation>,
    command: Command,
    ctx: Context<'_>,
) -> Result<Transition<Conversation>, Rejected> {
    let there = || present.ok_or_else(|| Rejected::because("no such conversation"));
    match &command.what {
        What::Wake { generation } => steps::wake(there()?, *generation, ctx),
        What::Reply(reply) => reply::reply(there()?, reply, ctx),
        What::TakeOver { by, from, claimed } => {
            held::take_over(there()?, by, (from.as_deref(), claimed.as_ref()), ctx)
        }
        What::GiveBack => held::give_back(there()?, ctx),
        What::Handed(to) => Ok(held::handed(there()?, to, ctx)),
        What::HandoffClosed => Ok(held::handoff_closed(there()?, ctx)),
        What::HandoffReleased => Ok(held::handoff_released(there()?, ctx)),
        What::Start { .. }
        | What::Receive { .. }
        | What::Send
        | What::Answer
        | What::Call
        | What::Understand(..)
        | What::Act { .. }
        | What::Show(_)
        | What::Escalate(_)
        | What::Order(_)
        | What::End(_)
        | What::Belong(_) => steps::happen(present, command, ctx),
    }
}

impl Conversation {
    /// When the conversation must be looked at next, if ever.
    pub fn alarm(&self) -> Option<Timestamp> {
        self.alarm_at
    }

    /// When anything last happened in it.
    pub fn last_at(&self) -> Timestamp {
        let last = self.last_received_at.max(self.last_sent_at);
        last.map_or(self.started_at, |last| last.max(self.started_at))
    }

    /// When it is over if nobody writes.
    pub fn idle_at(&self, policy: &Policy) -> Timestamp {
        self.heard_at.after(policy.settings.conversations.idle_after)
    }

    /// Whether a message that comes now, written then, belongs to it.
    pub fn takes(&self, now: Timestamp, at: Timestamp, policy: &Policy) -> bool {
        match self.status {
            Status::Open => {
                self.held.is_some() || self.is_kept_open() || now < self.idle_at(policy)
            }
            // What a platform ends may still have had a word on its way; what silence ended had none.
            Status::Ended => {
                self.ended_by.as_deref() == Some(TOLD) && self.ended_at.is_some_and(|end| at <= end)
            }
        }
    }

    /// Whether the customer saw this product in it.
    pub fn has_seen(&self, sku: &str) -> bool {
        self.products.iter().any(|seen| seen.sku == sku)
    }

    /// Messages in it, whoever wrote them.
    pub fn message_count(&self) -> u32 {
        self.received.saturating_add(self.sent).saturating_add(self.answered)
    }

    /// What the customer last wanted.
    pub fn last_intent(&self) -> Option<&str> {
        self.intents.last().map(|intent| intent.name.as_str())
    }

    /// How long it lasted or has lasted, in whole seconds.
    pub fn duration_seconds(&self) -> u64 {
        self.last_at().since(self.started_at).0 / 1_000
    }

    /// How it went, in figures.
    pub fn metrics(&self) -> Value {
        json!({
            "user_messages": self.received,
            "ai_messages": self.sent,
            "person_messages": self.answered,
            "calls": self.calls,
            "actions_executed": self.actions_executed,
            "products_shown": self.products_shown,
            "escalated": self.escalated_at.is_some(),
        })
    }

    /// How it ended, as it is told and shown.
    pub fn resolution(&self) -> Value {
        let score = self.resolution.satisfaction.map(|hundredths| f64::from(hundredths) / 100.0);
        json!({
            "status": self.resolution.status,
            "outcome": self.resolution.outcome,
            "satisfaction_score": score,
        })
    }

    fn data(&self) -> Map<String, Value> {
        let mut data = Map::new();
        data.insert("conversation_id".to_owned(), json!(self.id));
        data.insert("channel".to_owned(), json!(self.channel));
        for (name, value) in [("lead_id", &self.lead), ("campaign", &self.campaign)] {
            if let Some(value) = value {
                data.insert(name.to_owned(), json!(value));
            }
        }
        data
    }
}

#[cfg(test)]
mod tests;
