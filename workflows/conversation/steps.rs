//! What happens to a conversation with each thing that happens in it.

use serde_json::json;

use super::{
    Action, Command, Context, Conversation, IDLE, Intent, LISTS_BYTES_MAX, PRODUCTS_MAX,
    REMEMBERED_MAX, Resolution, Seen, Status, TOLD, What, held,
};
use crate::effect::{Effect, Rejected, Transition};
use crate::lead::short;
use crate::time::Timestamp;

pub(super) fn happen(
    present: Option<&Conversation>,
    command: Command,
    ctx: Context<'_>,
) -> Result<Transition<Conversation>, Rejected> {
    let Command { lead, channel, what } = command;
    if let (What::Belong(_), None) = (&what, present) {
        return Err(Rejected::because("no such conversation"));
    }
    let mut effects = Vec::new();
    let at = ctx.at.min(ctx.now);
    let mut next = match present {
        None => begin(at, ctx),
        Some(present) => present.clone(),
    };
    next.lead = next.lead.take().or(lead);
    next.channel = next.channel.take().or(channel.as_deref().and_then(short));
    let over = next.status == Status::Ended && present.is_some();
    // What was overtaken by the end still counts, and does not undo it.
    let reopens = over && speaks(&what) && next.ended_at.is_some_and(|end| at > end);
    if reopens {
        next.status = Status::Open;
        (next.ended_at, next.ended_by) = (None, None);
    }
    if speaks(&what) {
        next.heard_at = next.heard_at.max(ctx.now);
    }
    apply(&mut next, what, at)?;
    fit(&mut next);
    if (present.is_none() || reopens) && ctx.announce {
        let data = next.data();
        effects.push(Effect::Emit { event_type: "conversation.started".to_owned(), data });
    }
    match next.status {
        Status::Open if next.alarm_at.is_none() => set_alarm(&mut next, ctx),
        Status::Ended if next.alarm_at.is_some() => {
            next.alarm_at = None;
            next.generation = next.generation.wrapping_add(1);
        }
        Status::Open | Status::Ended => {}
    }
    Ok(Transition { next, effects })
}

pub(super) fn wake(
    present: &Conversation,
    generation: u32,
    ctx: Context<'_>,
) -> Result<Transition<Conversation>, Rejected> {
    if generation != present.generation || present.alarm_at.is_none_or(|due| due > ctx.now) {
        return Err(Rejected::because("stale wake"));
    }
    let mut next = present.clone();
    if next.quiet_at(ctx.policy) > ctx.now {
        set_alarm(&mut next, ctx);
        return Ok(Transition { next, effects: Vec::new() });
    }
    Ok(held::forgotten(present, ctx).unwrap_or_else(|| fall_silent(present, ctx)))
}

/// It is over, since nobody writes.
pub(super) fn fall_silent(present: &Conversation, ctx: Context<'_>) -> Transition<Conversation> {
    let mut next = present.clone();
    next.status = Status::Ended;
    next.ended_at = Some(ctx.now);
    next.ended_by = Some(IDLE.to_owned());
    next.alarm_at = None;
    next.generation = next.generation.wrapping_add(1);
    let mut data = next.data();
    data.insert("reason".to_owned(), json!(IDLE));
    data.insert("duration".to_owned(), json!(next.duration_seconds()));
    data.insert("message_count".to_owned(), json!(next.message_count()));
    data.insert("resolution".to_owned(), next.resolution());
    data.insert("metrics".to_owned(), next.metrics());
    data.insert("last_intent".to_owned(), json!(next.last_intent()));
    let ended = Effect::Emit { event_type: "conversation.ended".to_owned(), data };
    Transition { next, effects: vec![ended] }
}

fn begin(at: Timestamp, ctx: Context<'_>) -> Conversation {
    Conversation {
        id: ctx.id.to_owned(),
        status: Status::Open,
        channel: None,
        lead: None,
        campaign: None,
        entry_point: None,
        started_at: at,
        heard_at: ctx.now,
        last_received_at: None,
        last_sent_at: None,
        received: 0,
        sent: 0,
        calls: 0,
        intents: Vec::new(),
        actions: Vec::new(),
        actions_executed: 0,
        products: Vec::new(),
        products_shown: 0,
        escalated_at: None,
        escalated_because: None,
        ended_at: None,
        ended_by: None,
        resolution: Resolution::default(),
        order: None,
        alarm_at: None,
        generation: 0,
        held: None,
        answered: 0,
    }
}

/// Whether something is said, which makes a conversation that was over go on.
fn speaks(what: &What) -> bool {
    match what {
        What::Start { .. } | What::Receive { .. } | What::Send | What::Answer | What::Call => true,
        What::Understand(..)
        | What::Act { .. }
        | What::Show(_)
        | What::Escalate(_)
        | What::Order(_)
        | What::End(_)
        | What::Belong(_)
        | What::Handed(_)
        | What::Reply(_)
        | What::TakeOver { .. }
        | What::GiveBack
        | What::HandoffClosed
        | What::HandoffReleased
        | What::Wake { .. } => false,
    }
}

fn apply(next: &mut Conversation, what: What, at: Timestamp) -> Result<(), Rejected> {
    match what {
        What::Start { campaign, entry_point } => {
            next.started_at = next.started_at.min(at);
            next.campaign = campaign.as_deref().and_then(short).or(next.campaign.take());
            next.entry_point = entry_point.as_deref().and_then(short).or(next.entry_point.take());
        }
        What::Receive { products, campaign } => {
            next.received = next.received.saturating_add(1);
            next.last_received_at = next.last_received_at.max(Some(at));
            next.campaign = next.campaign.take().or(campaign.as_deref().and_then(short));
            see(next, products, at);
        }
        What::Send => {
            next.sent = next.sent.saturating_add(1);
            next.last_sent_at = next.last_sent_at.max(Some(at));
        }
        What::Answer => {
            next.answered = next.answered.saturating_add(1);
            next.last_sent_at = next.last_sent_at.max(Some(at));
        }
        What::Call => {
            next.calls = next.calls.saturating_add(1);
            next.last_received_at = next.last_received_at.max(Some(at));
        }
        What::Understand(name, confidence) => {
            let name = short(&name).unwrap_or_default();
            next.intents.push(Intent { name, confidence, at });
            keep_latest(&mut next.intents, REMEMBERED_MAX);
        }
        What::Act { name, success, products } => {
            let name = short(&name).unwrap_or_default();
            next.actions.push(Action { name, success, at });
            next.actions_executed = next.actions_executed.saturating_add(1);
            keep_latest(&mut next.actions, REMEMBERED_MAX);
            show(next, products, at);
        }
        What::Show(products) => show(next, products, at),
        What::Escalate(reason) => {
            next.escalated_at = next.escalated_at.or(Some(at));
            next.escalated_because = reason.as_deref().and_then(short);
        }
        What::Order(order) => {
            next.order = short(&order);
            next.resolution.outcome = Some("purchase_completed".to_owned());
        }
        What::End(resolution) => end(next, resolution, at),
        What::Belong(lead) => next.lead = Some(lead),
        What::Handed(_)
        | What::Reply(_)
        | What::TakeOver { .. }
        | What::GiveBack
        | What::HandoffClosed
        | What::HandoffReleased
        | What::Wake { .. } => return Err(Rejected::because("stale wake")),
    }
    Ok(())
}

/// It is over; what is said of it later, or again, is added to what was said.
fn end(next: &mut Conversation, said: Resolution, at: Timestamp) {
    if next.status == Status::Open {
        next.status = Status::Ended;
        next.ended_at = Some(at.max(next.last_at()));
        next.ended_by = Some(TOLD.to_owned());
        next.held = None;
    }
    let Resolution { status, outcome, satisfaction } = said;
    let known = &mut next.resolution;
    known.status = status.as_deref().and_then(short).or(known.status.take());
    known.outcome = outcome.as_deref().and_then(short).or(known.outcome.take());
    known.satisfaction = satisfaction.or(known.satisfaction);
}

fn show(next: &mut Conversation, products: Vec<(String, Option<String>)>, at: Timestamp) {
    let count = u32::try_from(products.len()).unwrap_or(u32::MAX);
    next.products_shown = next.products_shown.saturating_add(count);
    see(next, products, at);
}

fn see(next: &mut Conversation, products: Vec<(String, Option<String>)>, at: Timestamp) {
    for (sku, name) in products {
        let before = next.products.iter().position(|seen| seen.sku == sku);
        let known = before.map(|place| next.products.remove(place));
        let name = name.as_deref().and_then(short).or(known.and_then(|seen| seen.name));
        next.products.push(Seen { sku, name, at });
    }
    keep_latest(&mut next.products, PRODUCTS_MAX);
}

fn keep_latest<T>(items: &mut Vec<T>, most: usize) {
    let surplus = items.len().saturating_sub(most);
    items.drain(..surplus);
}

/// Lets go of what is oldest until the lists have their size: products first, of which there are most.
fn fit(next: &mut Conversation) {
    loop {
        let of = |text: &String| text.len() + 16;
        let products = next.products.iter();
        let products: usize =
            products.map(|seen| of(&seen.sku) + seen.name.as_ref().map_or(0, of)).sum();
        let intents: usize = next.intents.iter().map(|intent| of(&intent.name)).sum();
        let actions: usize = next.actions.iter().map(|action| of(&action.name)).sum();
        if products + intents + actions <= LISTS_BYTES_MAX {
            return;
        }
        if products >= LISTS_BYTES_MAX / 2 {
            next.products.remove(0);
        } else if intents >= actions {
            next.intents.remove(0);
        } else {
            next.actions.remove(0);
        }
    }
}

pub(super) fn set_alarm(next: &mut Conversation, ctx: Context<'_>) {
    next.alarm_at = Some(next.quiet_at(ctx.policy));
    next.generation = next.generation.wrapping_add(1);
}
