//! The same for conversations, people and products.

use sereno_workflows::effect::{Rejected, Signal, Transition};
use sereno_workflows::policy::Policy;
use sereno_workflows::reservation::Origin;
use sereno_workflows::time::Timestamp;
use sereno_workflows::{conversation, lead, product};

use super::{Command, Deed, wrapped};
use crate::record::StateRecord;

/// When a step is taken, and under which policy.
type Moment<'a> = (Timestamp, &'a Policy);

/// Something of a conversation.
pub(super) fn converse(
    id: &str,
    present: Option<&StateRecord>,
    deed: &Deed,
    now: Timestamp,
    policy: &Policy,
) -> Result<Transition<StateRecord>, Rejected> {
    let present = match present {
        Some(StateRecord::Conversation(talk)) => Some(talk),
        Some(_) | None => None,
    };
    let (command, at) = match deed.command.clone() {
        Command::Conversation(command) => (command, deed.at),
        Command::Wake { generation } => (bare(conversation::What::Wake { generation }), deed.at),
        Command::Signal(Signal::Told { at }) => (bare(conversation::What::Send), at),
        Command::Signal(Signal::Answered { at }) => (bare(conversation::What::Answer), at),
        other => return Err(Rejected::because(format!("{other:?} is not for a conversation"))),
    };
    let announce = deed.origin == Origin::Customer;
    let ctx = conversation::Context { id, now, at, policy, announce };
    let transition = conversation::step(present, command, ctx)?;
    Ok(wrapped(transition, StateRecord::Conversation))
}

/// Something of a person.
pub(super) fn meet(
    id: &str,
    present: Option<&StateRecord>,
    command: lead::Command,
    (now, policy): Moment<'_>,
) -> Result<Transition<StateRecord>, Rejected> {
    let present = match present {
        Some(StateRecord::Lead(lead)) => Some(lead),
        Some(_) | None => None,
    };
    let transition = lead::step(present, command, lead::Context { id, now, policy })?;
    Ok(wrapped(transition, StateRecord::Lead))
}

/// Something of a product.
pub(super) fn trade(
    id: &str,
    present: Option<&StateRecord>,
    command: product::Command,
    at: Timestamp,
    (now, policy): Moment<'_>,
) -> Result<Transition<StateRecord>, Rejected> {
    let present = match present {
        Some(StateRecord::Product(product)) => Some(product),
        Some(_) | None => None,
    };
    let transition = product::step(present, command, product::Context { id, now, at, policy })?;
    Ok(wrapped(transition, StateRecord::Product))
}

/// Something that happens in a conversation, of which no more is known.
pub(crate) fn bare(what: conversation::What) -> conversation::Command {
    conversation::Command { lead: None, channel: None, what }
}
