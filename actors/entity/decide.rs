//! Which workflow decides: the one match between an entity's kind and its rules.

mod people;

pub(crate) use self::people::bare;

use std::sync::Arc;

use sereno_workflows::alerts::{Figures, Watch};
use sereno_workflows::dead_letters::Sight;
use sereno_workflows::effect::{Effect, Rejected, Signal, Transition};
use sereno_workflows::event::{Fact, HandoffFact, ReservationFact};
use sereno_workflows::policy::Policy;
use sereno_workflows::reservation::Status;
use sereno_workflows::time::Timestamp;
use sereno_workflows::trace::TraceContext;
use sereno_workflows::{conversation, handoff, lead, product, report, reservation};

pub(crate) use sereno_workflows::reservation::Origin;

use super::by_hand::{self, Asked};
use super::halves::Halves;
use crate::announce::Announcement;
use crate::journey::Journey;
use crate::limits::alerts::QUIET;
use crate::record::StateRecord;

/// One thing that happened to an entity or is asked of it.
pub(crate) struct Deed {
    /// The event that tells of it; without one, a refusal by the rules refuses the deed.
    pub(crate) event: Option<Announcement>,
    /// What is to be done.
    pub(crate) command: Command,
    /// Who asks.
    pub(crate) origin: Origin,
    /// When it happened, as its teller says.
    pub(crate) at: Timestamp,
    /// In which conversation.
    pub(crate) talk: Option<String>,
    /// Which event of its submission led to it.
    pub(crate) place: Option<usize>,
    /// The event's way so far.
    pub(crate) journey: Option<Box<Journey>>,
    /// The place in the trace of whoever asks, where no event tells of it.
    pub(crate) trace: Option<TraceContext>,
    /// What it says to the other half of a customer, or hears from it.
    pub(crate) halves: Halves,
}

impl Deed {
    /// Something that no submitted event led to.
    pub(crate) fn unprompted(command: Command, origin: Origin, at: Timestamp) -> Self {
        let (event, talk, place, journey, trace) = (None, None, None, None, None);
        let halves = Halves::default();
        Self { event, command, origin, at, talk, place, journey, trace, halves }
    }
}

/// What is to be done to an entity.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Command {
    /// To a booking.
    Reservation(reservation::Command),
    /// To a handoff.
    Handoff(handoff::Command),
    /// To a conversation.
    Conversation(conversation::Command),
    /// To a lead.
    Lead(lead::Command),
    /// To a product.
    Product(product::Command),
    /// Its alarm rang.
    Wake {
        /// The generation for which it was set.
        generation: u32,
    },
    /// Another entity told it something.
    Signal(Signal),
    /// The dead letters are as they are seen here.
    Look(Sight),
    /// So much was counted.
    Measure(Arc<Figures>),
    /// An alert is silenced until then, or no longer.
    Silence(String, Option<Timestamp>),
    /// To the reports.
    Report(report::Command),
    /// A person wants something of one of its timers.
    ByHand(Box<Asked>),
}

impl Command {
    /// What an event's fact asks for, and of which entity; `None` where no workflow cares.
    pub(crate) fn from_fact(fact: Fact) -> Option<(sereno_workflows::id::EntityKey, Self)> {
        use sereno_workflows::id::EntityKey;
        match fact {
            // These are the matter of several entities at once.
            Fact::Other | Fact::Talk(_) | Fact::Commerce(_) | Fact::Preference(_) => None,
            Fact::Reservation(what, booking) => {
                let key = EntityKey::reservation(&booking.reservation_id);
                let command = match what {
                    ReservationFact::Created => reservation::Command::Book(booking),
                    ReservationFact::Modified => reservation::Command::Change(booking),
                    ReservationFact::Cancelled => reservation::Command::Cancel,
                    ReservationFact::Confirmed => reservation::Command::Confirm,
                    ReservationFact::Arrived => reservation::Command::Arrive,
                    ReservationFact::Completed => reservation::Command::Complete,
                };
                Some((key, Self::Reservation(command)))
            }
            Fact::Handoff(what, escalation) => {
                let key = EntityKey::handoff(&escalation.conversation_id);
                let command = match what {
                    HandoffFact::Opened => handoff::Command::Open(escalation),
                    HandoffFact::Replied => handoff::Command::Reply,
                    HandoffFact::Closed => handoff::Command::Close,
                };
                Some((key, Self::Handoff(command)))
            }
        }
    }
}

/// Lets the entity's workflow decide.
pub(crate) fn decide(
    id: &str,
    present: Option<&StateRecord>,
    deed: &Deed,
    now: Timestamp,
    policy: &Policy,
) -> Result<Transition<StateRecord>, Rejected> {
    let command = deed.command.clone();
    match (present, command) {
        (Some(present), Command::ByHand(asked)) => {
            by_hand::decide(id, present, &asked, deed, (now, policy))
        }
        (None, Command::ByHand(asked)) => Err(asked.asked.gone()),
        (Some(StateRecord::Conversation(_)), Command::Wake { .. } | Command::Signal(_))
        | (None | Some(StateRecord::Conversation(_)), Command::Conversation(_)) => {
            people::converse(id, present, deed, now, policy)
        }
        (None | Some(StateRecord::Lead(_)), Command::Lead(command)) => {
            people::meet(id, present, command, (now, policy))
        }
        (None | Some(StateRecord::Product(_)), Command::Product(command)) => {
            people::trade(id, present, command, deed.at, (now, policy))
        }
        (Some(StateRecord::Reservation(booking)), Command::Wake { generation }) => {
            let command = reservation::Command::Wake { generation };
            reserve(Some(booking), command, deed, now, policy)
        }
        (Some(StateRecord::Reservation(booking)), Command::Reservation(command)) => {
            reserve(Some(booking), command, deed, now, policy)
        }
        (None, Command::Reservation(command)) => reserve(None, command, deed, now, policy),
        (Some(StateRecord::Handoff(handoff)), Command::Wake { generation }) => {
            let command = handoff::Command::Wake { generation };
            hand_off(Some(handoff), command, deed, now, policy)
        }
        (Some(StateRecord::Handoff(handoff)), Command::Handoff(command)) => {
            hand_off(Some(handoff), command, deed, now, policy)
        }
        (None, Command::Handoff(command)) => hand_off(None, command, deed, now, policy),
        (Some(StateRecord::Tenant(breaches)), Command::Signal(Signal::Breached { at })) => {
            let transition = breaches.step(at, &policy.settings.sla_cluster);
            Ok(wrapped(transition, StateRecord::Tenant))
        }
        (Some(StateRecord::DeadLetters(pile)), Command::Look(sight)) => {
            let transition = pile.step(sight, &policy.settings.dead_letters, now);
            Ok(wrapped(transition, StateRecord::DeadLetters))
        }
        (Some(StateRecord::Alerts(alerts)), Command::Measure(figures)) => {
            let watch = Watch { rules: &policy.settings.alerts, quiet: QUIET };
            let transition = alerts.step(&figures, watch, now);
            Ok(wrapped(transition, StateRecord::Alerts))
        }
        (Some(StateRecord::Alerts(alerts)), Command::Silence(name, until)) => {
            let transition = alerts.silence(&name, until, &policy.settings.alerts, now)?;
            Ok(wrapped(transition, StateRecord::Alerts))
        }
        (Some(StateRecord::Reports(reports)), Command::Report(command)) => {
            Ok(wrapped(reports.step(command, policy, now)?, StateRecord::Reports))
        }
        (None, Command::Wake { .. }) => Err(Rejected::because("there is nothing to wake")),
        (_, command) => Err(Rejected::because(format!("{command:?} is not for this entity"))),
    }
}

/// When an entity must be woken next, and under which generation.
pub(crate) fn alarm(state: &StateRecord) -> Option<(Timestamp, u32)> {
    match state {
        StateRecord::Reservation(booking) => booking.alarm().map(|due| (due, booking.generation)),
        StateRecord::Handoff(handoff) => handoff.alarm().map(|due| (due, handoff.generation)),
        StateRecord::DeadLetters(pile) => pile.look_at.map(|due| (due, pile.generation)),
        StateRecord::Conversation(talk) => talk.alarm().map(|due| (due, talk.generation)),
        StateRecord::Product(product) => product.alarm().map(|due| (due, product.generation)),
        StateRecord::Alerts(alerts) => alerts.alarm().map(|due| (due, alerts.generation)),
        StateRecord::Reports(reports) => reports.due.map(|due| (due, reports.generation)),
        StateRecord::Tenant(_) | StateRecord::Lead(_) => None,
    }
}

/// Whose answers may be about this entity, as long as they may.
pub(crate) fn customer(state: &StateRecord) -> Option<&str> {
    match state {
        StateRecord::Reservation(booking) => match booking.status {
            // A customer who comes late may still say so.
            Status::Booked | Status::Confirmed | Status::NoShow => booking.wa_number.as_deref(),
            Status::Cancelled | Status::Arrived | Status::Completed => None,
        },
        StateRecord::Handoff(_)
        | StateRecord::Tenant(_)
        | StateRecord::DeadLetters(_)
        | StateRecord::Conversation(_)
        | StateRecord::Lead(_)
        | StateRecord::Product(_)
        | StateRecord::Alerts(_)
        | StateRecord::Reports(_) => None,
    }
}

/// The number of the customer whom this entity is about.
pub(crate) fn number(state: &StateRecord) -> Option<&str> {
    match state {
        StateRecord::Reservation(booking) => booking.wa_number.as_deref(),
        StateRecord::Handoff(handoff) => handoff.wa_number.as_deref(),
        StateRecord::Tenant(_)
        | StateRecord::DeadLetters(_)
        | StateRecord::Conversation(_)
        | StateRecord::Lead(_)
        | StateRecord::Product(_)
        | StateRecord::Alerts(_)
        | StateRecord::Reports(_) => None,
    }
}

fn reserve(
    present: Option<&reservation::Reservation>,
    command: reservation::Command,
    deed: &Deed,
    now: Timestamp,
    policy: &Policy,
) -> Result<Transition<StateRecord>, Rejected> {
    let ctx = reservation::Context { now, policy, origin: deed.origin };
    let transition = reservation::step(present, command, ctx)?;
    Ok(wrapped(transition, StateRecord::Reservation))
}

fn hand_off(
    present: Option<&handoff::Handoff>,
    command: handoff::Command,
    deed: &Deed,
    now: Timestamp,
    policy: &Policy,
) -> Result<Transition<StateRecord>, Rejected> {
    let announce = matches!(deed.origin, Origin::Operator);
    let ctx = handoff::Context { now, at: deed.at, policy, announce };
    let transition = handoff::step(present, command, ctx)?;
    Ok(wrapped(transition, StateRecord::Handoff))
}

pub(super) fn wrapped<S>(
    transition: Transition<S>,
    wrap: impl FnOnce(S) -> StateRecord,
) -> Transition<StateRecord> {
    let Transition { next, effects } = transition;
    let effects: Vec<Effect> = effects;
    Transition { next: wrap(next), effects }
}
