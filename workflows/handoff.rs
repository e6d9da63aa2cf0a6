//! One conversation that waits for a person: answered in time, or breached.

mod by_hand;
mod claim;
mod priority;
mod snooze;
mod told;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::conversation::Held;
use crate::effect::{Effect, Rejected, Signal, Transition};
use crate::event::Escalation;
use crate::id::EntityKey;
use crate::policy::Policy;
use crate::time::Timestamp;

pub use self::claim::Claim;
pub use self::priority::Priority;
pub use self::snooze::SNOOZE_MAX;

/// Where a handoff stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// The customer waits.
    Open,
    /// A person answered.
    Replied,
    /// It is over.
    Closed,
}

impl Status {
    /// The status as the outside writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Replied => "replied",
            Self::Closed => "closed",
        }
    }
}

/// A handoff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handoff {
    /// The conversation.
    pub conversation_id: String,
    /// Where it stands.
    pub status: Status,
    /// Since when the customer waits, or waited last.
    pub opened_at: Timestamp,
    /// The customer's number with its `+`.
    pub wa_number: Option<String>,
    /// What the customer last wanted.
    pub last_intent: Option<String>,
    /// Why a person is needed.
    pub reason: Option<String>,
    /// When the wait becomes a breach; `None` once that can no longer happen.
    pub deadline: Option<Timestamp>,
    /// When it was breached, if it was.
    pub breached_at: Option<Timestamp>,
    /// When a person answered, if one did.
    pub replied_at: Option<Timestamp>,
    /// Rises each time the deadline or the end of a pause is set or lifted.
    pub generation: u32,
    /// Who has taken it, if somebody has.
    pub claim: Option<Claim>,
    /// How soon it is to be answered, beside others that wait.
    pub priority: Priority,
    /// Until when nobody need look at it, if somebody put it off; its deadline is not.
    pub snoozed_until: Option<Timestamp>,
    /// When somebody first took it, whoever has it now.
    pub first_claimed_at: Option<Timestamp>,
    /// When it was closed, if it was.
    pub closed_at: Option<Timestamp>,
}

/// What may be done to a handoff.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// A customer waits for a person.
    Open(Escalation),
    /// A conversation asks for a person: it is opened, and the endpoints are told, unless it is open.
    Escalate(Escalation),
    /// A person answered.
    Reply,
    /// It is over.
    Close,
    /// This person takes it on themselves; the customer still waits.
    Claim {
        /// Who.
        by: String,
        /// Who holds its conversation.
        held: Option<Held>,
    },
    /// Whoever has taken it leaves it to the others.
    Release,
    /// It is given to somebody.
    Assign {
        /// To whom.
        to: String,
        /// From whom, where somebody has it.
        from: Option<String>,
        /// Who holds its conversation.
        held: Option<Held>,
    },
    /// Nobody need look at it until then.
    Snooze(Timestamp),
    /// It is to be looked at again.
    Unsnooze,
    /// It is to be answered so soon.
    Prioritize(Priority),
    /// The customer wrote.
    Wrote,
    /// A person wrote to the customer, which is a reply if one is waited for.
    Answered,
    /// Whoever holds its conversation has it too unless it is over.
    HeldBy(Option<String>),
    /// Its conversation may have gone back from whoever held it, and with it the handoff, unless it is over.
    GivenBack {
        /// Whether it has.
        held: bool,
    },
    /// Its alarm rang; stale unless the generation is the present one.
    Wake {
        /// The generation for which the alarm was set.
        generation: u32,
    },
}

/// When and under which policy a step is taken.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The moment of the step.
    pub now: Timestamp,
    /// When the thing happened, as its teller says.
    pub at: Timestamp,
    /// The tenant's policy.
    pub policy: &'a Policy,
    /// Whether the endpoints must be told of a reply or an end, which nobody else tells them.
    pub announce: bool,
}

/// Decides what follows a command; refuses what does not fit the handoff's status.
pub fn step(
    present: Option<&Handoff>,
    command: Command,
    ctx: Context<'_>,
) -> Result<Transition<Handoff>, Rejected> {
    let command = match command {
        Command::Open(escalation) => return open(present, escalation, ctx),
        Command::Escalate(escalation) => return escalate(present, escalation, ctx),
        other => other,
    };
    let present = present.ok_or_else(|| Rejected::because("no such handoff"))?;
    match command {
        Command::Open(escalation) | Command::Escalate(escalation) => {
            open(Some(present), escalation, ctx)
        }
        Command::Reply => reply(present, ctx),
        Command::Close => close(present, ctx),
        Command::Claim { by, held } => claim::claim(present, by, held.as_ref(), ctx),
        Command::Release => claim::release(present, ctx),
        Command::Assign { to, from, held } => {
            claim::assign(present, to, (from.as_deref(), held.as_ref()), ctx)
        }
        Command::Snooze(until) => snooze::snooze(present, until, ctx),
        Command::Unsnooze => snooze::unsnooze(present, ctx),
        Command::Prioritize(priority) => priority::prioritize(present, priority, ctx),
        Command::Wrote => Ok(snooze::wrote(present, ctx)),
        Command::HeldBy(by) => Ok(claim::held_by(present, by, ctx)),
        Command::GivenBack { held: true } => claim::given_back(present, ctx),
        Command::GivenBack { held: false } => {
            Ok(Transition { next: present.clone(), effects: Vec::new() })
        }
        Command::Answered => match present.status {
            Status::Open => reply(present, ctx),
            Status::Replied | Status::Closed => {
                Ok(Transition { next: present.clone(), effects: Vec::new() })
            }
        },
        Command::Wake { generation } => wake(present, generation, ctx),
    }
}

impl Handoff {
    /// Who has it, unless it is over.
    pub fn owner(&self) -> Option<&Claim> {
        self.claim.as_ref().filter(|_| self.status != Status::Closed)
    }

    /// When the handoff must be looked at next, if ever.
    pub fn alarm(&self) -> Option<Timestamp> {
        self.deadline.into_iter().chain(self.snoozed_until).min()
    }

    fn data(&self, policy: &Policy) -> Map<String, Value> {
        let mut data = Map::new();
        data.insert("conversation_id".to_owned(), json!(self.conversation_id));
        data.insert("last_intent".to_owned(), json!(self.last_intent));
        if let Some(number) = &self.wa_number {
            data.insert("wa_number".to_owned(), json!(number));
        }
        policy.phone_hash.redact(&data)
    }
}

fn open(
    present: Option<&Handoff>,
    escalation: Escalation,
    ctx: Context<'_>,
) -> Result<Transition<Handoff>, Rejected> {
    if present.is_some_and(|present| present.status == Status::Open) {
        return Err(Rejected::because("the handoff is already open"));
    }
    // The customer's wait began when the caller says, unless that is still to come. A wait told so
    // late that it is long over its limit is breached at once, with its true length.
    let opened_at = ctx.at.min(ctx.now);
    let next = Handoff {
        conversation_id: escalation.conversation_id,
        status: Status::Open,
        opened_at,
        wa_number: escalation.wa_number,
        last_intent: escalation.last_intent,
        reason: escalation.reason,
        deadline: Some(opened_at.after(ctx.policy.settings.sla_after)),
        breached_at: None,
        replied_at: None,
        generation: present.map_or(0, |present| present.generation).wrapping_add(1),
        // It is another wait, which nobody has taken yet.
        claim: None,
        priority: Priority::default(),
        snoozed_until: None,
        first_claimed_at: None,
        closed_at: None,
    };
    Ok(Transition { next, effects: Vec::new() })
}

fn escalate(
    present: Option<&Handoff>,
    escalation: Escalation,
    ctx: Context<'_>,
) -> Result<Transition<Handoff>, Rejected> {
    if let Some(present) = present.filter(|present| present.status == Status::Open) {
        return Ok(Transition { next: present.clone(), effects: Vec::new() });
    }
    let Transition { next, .. } = open(present, escalation, ctx)?;
    let mut data = next.data(ctx.policy);
    data.insert("reason".to_owned(), json!(next.reason));
    let effects = vec![Effect::Emit { event_type: "handoff.opened".to_owned(), data }];
    Ok(Transition { next, effects })
}

fn reply(present: &Handoff, ctx: Context<'_>) -> Result<Transition<Handoff>, Rejected> {
    match present.status {
        Status::Open => {}
        Status::Replied => return Err(Rejected::because("the handoff is already replied to")),
        Status::Closed => return Err(Rejected::because("the handoff is closed")),
    }
    let next = Handoff {
        status: Status::Replied,
        deadline: None,
        snoozed_until: None,
        replied_at: Some(ctx.now),
        generation: present.generation.wrapping_add(1),
        ..present.clone()
    };
    let effects = announce(&next, "handoff.replied", ctx);
    Ok(Transition { next, effects })
}

fn close(present: &Handoff, ctx: Context<'_>) -> Result<Transition<Handoff>, Rejected> {
    if present.status == Status::Closed {
        return Err(Rejected::because("the handoff is closed"));
    }
    let next = Handoff {
        status: Status::Closed,
        deadline: None,
        snoozed_until: None,
        closed_at: Some(ctx.now),
        generation: present.generation.wrapping_add(1),
        ..present.clone()
    };
    let effects = announce(&next, "handoff.closed", ctx);
    Ok(Transition { next, effects })
}

fn wake(
    present: &Handoff,
    generation: u32,
    ctx: Context<'_>,
) -> Result<Transition<Handoff>, Rejected> {
    let is_due = |moment: Option<Timestamp>| moment.is_some_and(|due| due <= ctx.now);
    let (is_late, is_back) = (is_due(present.deadline), is_due(present.snoozed_until));
    if generation != present.generation || !(is_late || is_back) {
        return Err(Rejected::because("stale wake"));
    }
    let none = Transition { next: present.clone(), effects: Vec::new() };
    let Transition { next, mut effects } = if is_late { breach(present, ctx) } else { none };
    if !is_back {
        return Ok(Transition { next, effects });
    }
    // Both at once: an alarm that stayed for the same moment would not ring again.
    let back = snooze::end(&next, snooze::TIME, ctx);
    effects.extend(back.effects);
    Ok(Transition { next: back.next, effects })
}

/// The customer has waited for too long.
fn breach(present: &Handoff, ctx: Context<'_>) -> Transition<Handoff> {
    let next = Handoff { deadline: None, breached_at: Some(ctx.now), ..present.clone() };
    let mut data = next.data(ctx.policy);
    data.insert("elapsed_minutes".to_owned(), minutes(ctx.now.since(next.opened_at).0));
    data.entry("wa_number_hash").or_insert(Value::Null);
    let effects = vec![
        Effect::Emit { event_type: "sla.breached".to_owned(), data },
        Effect::Signal { to: EntityKey::tenant(), signal: Signal::Breached { at: ctx.now } },
    ];
    Transition { next, effects }
}

fn announce(next: &Handoff, event_type: &str, ctx: Context<'_>) -> Vec<Effect> {
    if !ctx.announce {
        return Vec::new();
    }
    vec![Effect::Emit { event_type: event_type.to_owned(), data: next.data(ctx.policy) }]
}

/// Minutes to the hundredth; a whole number where it is one.
#[expect(clippy::cast_precision_loss, reason = "a wait is far below 2^53 hundredths of a minute")]
fn minutes(ms: u64) -> Value {
    let hundredths = ms / 600;
    if hundredths.is_multiple_of(100) {
        json!(hundredths / 100)
    } else {
        json!(hundredths as f64 / 100.0)
    }
}

#[cfg(test)]
mod tests;
