//! What happens to a product, and who is told of it.

use serde_json::{Map, Value, json};

use super::{
    Aim, COUNTED_AFTER, Command, Context, PAUSE, Page, Product, SWEEP_AFTER, VIEWERS_MAX, Viewer,
    Wave,
};
use crate::effect::{Effect, Note, Rejected, Transition};
use crate::lead::short;
use crate::message::{self, Message};
use crate::policy::Policy;
use crate::time::Timestamp;

const NAME_CHARS_MAX: usize = 80;

pub(super) fn happen(next: &mut Product, command: Command, ctx: Context<'_>) -> Vec<Effect> {
    match command {
        Command::See { name, lead, conversation, known } => {
            call(next, name);
            return see(next, (lead, known), conversation, ctx);
        }
        Command::Stock { name, left, because } => {
            call(next, name);
            restock(next, left, because, ctx);
        }
        Command::Reprice { name, old, new, because } => {
            call(next, name);
            let aim = Aim::Price { old, new };
            reprice(next, aim, because, ctx);
        }
        Command::Add { name } => {
            call(next, name);
            next.removed_at = None;
        }
        Command::Remove => {
            next.removed_at = Some(ctx.now);
            next.waves.retain(|wave| matches!(wave.aim, Aim::Sweep { .. }));
        }
        // Walked by `walk` alone.
        Command::Walk { .. } => {}
    }
    Vec::new()
}

fn call(next: &mut Product, name: Option<String>) {
    next.name = name.as_deref().and_then(short).or(next.name.take());
}

fn see(
    next: &mut Product,
    (lead, known): (String, bool),
    conversation: Option<String>,
    ctx: Context<'_>,
) -> Vec<Effect> {
    let sweeping = next.waves.iter().any(|wave| matches!(wave.aim, Aim::Sweep { .. }));
    if !sweeping {
        next.waves.push(sweep(ctx.now.after(SWEEP_AFTER), ctx.now));
    }
    if !known && next.viewers >= VIEWERS_MAX {
        // Some were counted twice, or are no longer interested: those who are there are counted.
        count_soon(next, ctx.now);
        return Vec::new();
    }
    next.viewers += u32::from(!known);
    let sku = next.sku.clone();
    vec![Effect::Note(Note::Viewer { sku, lead, conversation, at: ctx.now })]
}

/// Has the next sweep begin now, unless the last one was just before.
fn count_soon(next: &mut Product, now: Timestamp) {
    for wave in &mut next.waves {
        let soonest = now.max(wave.began_at.after(COUNTED_AFTER));
        if matches!(wave.aim, Aim::Sweep { kept: 0 }) && wave.after.is_none() {
            wave.due = wave.due.min(soonest);
        }
    }
}

fn restock(next: &mut Product, left: u64, because: String, ctx: Context<'_>) {
    let Some(at) = news(next.stock_at, ctx).filter(|_| next.stock != Some(left)) else { return };
    (next.stock, next.stock_at) = (Some(left), at);
    next.waves.retain(|wave| !matches!(wave.aim, Aim::Stock { .. }));
    if left == 0 || left < u64::from(ctx.policy.settings.commerce.low_stock_below) {
        begin(next, Aim::Stock { left }, because, ctx);
    }
}

/// Of when the word is, if it is no older than what is known. Nothing is of tomorrow: a clock that is ahead
/// would silence all that comes until then.
fn news(known: Timestamp, ctx: Context<'_>) -> Option<Timestamp> {
    let at = ctx.at.min(ctx.now);
    (at >= known.min(ctx.now)).then_some(at)
}

fn reprice(next: &mut Product, aim: Aim, because: String, ctx: Context<'_>) {
    let Aim::Price { old, new } = aim else { return };
    let Some(at) = news(next.price_at, ctx).filter(|_| next.price != Some(new)) else { return };
    (next.price, next.price_at) = (Some(new), at);
    // Of two drops before anyone heard of the first, people hear as of one.
    let held = next.waves.iter().find_map(|wave| match wave.aim {
        Aim::Price { old, .. } if wave.after.is_none() && wave.told == 0 => Some(old),
        Aim::Price { .. } | Aim::Stock { .. } | Aim::Sweep { .. } => None,
    });
    next.waves.retain(|wave| !matches!(wave.aim, Aim::Price { .. }));
    let old = held.map_or(old, |held| held.max(old));
    if new < old && new.percent_below(old) > 0 {
        begin(next, Aim::Price { old, new }, because, ctx);
    }
}

fn begin(next: &mut Product, aim: Aim, because: String, ctx: Context<'_>) {
    if next.viewers == 0 || next.removed_at.is_some() {
        return;
    }
    let due = after_quiet(ctx.now, ctx.policy).unwrap_or(ctx.now);
    next.waves.push(Wave { aim, due, began_at: ctx.now, after: None, told: 0, because });
}

fn sweep(due: Timestamp, now: Timestamp) -> Wave {
    let aim = Aim::Sweep { kept: 0 };
    Wave { aim, due, began_at: now, after: None, told: 0, because: String::new() }
}

pub(super) fn after_quiet(now: Timestamp, policy: &Policy) -> Option<Timestamp> {
    policy.settings.quiet_hours.as_ref()?.end(now, &policy.zone)
}

/// One step of the wave that is due.
pub(super) fn walk(
    present: &Product,
    generation: u32,
    page: &Page,
    ctx: Context<'_>,
) -> Result<Transition<Product>, Rejected> {
    let place = present.waves.iter().enumerate().min_by_key(|(_, wave)| wave.due);
    let due = place.filter(|(_, wave)| generation == present.generation && wave.due <= ctx.now);
    let Some((place, wave)) = due else { return Err(Rejected::because("stale wake")) };
    let sweeping = matches!(wave.aim, Aim::Sweep { .. });
    // A long wave may come into quiet hours: it goes on after them.
    if let Some(end) = after_quiet(ctx.now, ctx.policy).filter(|_| !sweeping) {
        let mut next = without(present, place);
        next.waves.push(Wave { due: end, ..wave.clone() });
        return Ok(Transition { next, effects: Vec::new() });
    }
    Ok(advance(present, (place, wave), page, ctx))
}

/// The product without one of its waves.
pub(super) fn without(present: &Product, place: usize) -> Product {
    let generation = present.generation.wrapping_add(1);
    let mut next = Product { generation, ..present.clone() };
    next.waves.remove(place);
    next
}

/// One step of a wave.
pub(super) fn advance(
    present: &Product,
    (place, wave): (usize, &Wave),
    page: &Page,
    ctx: Context<'_>,
) -> Transition<Product> {
    let mut next = without(present, place);
    let (mut wave, mut effects) = (wave.clone(), Vec::new());
    let told_before = wave.told;
    for viewer in &page.viewers {
        visit(&next, &mut wave, viewer, &mut effects, ctx);
    }
    match &page.more_after {
        Some(lead) => {
            let pause = wave.told > told_before;
            let due = if pause { ctx.now.after(PAUSE) } else { ctx.now };
            next.waves.push(Wave { after: Some(lead.clone()), due, ..wave });
        }
        None => {
            if let Aim::Sweep { kept } = wave.aim {
                next.viewers = kept;
                if kept > 0 {
                    next.waves.push(sweep(ctx.now.after(SWEEP_AFTER), ctx.now));
                }
            }
        }
    }
    Transition { next, effects }
}

/// Tells one person, if the wave is for them.
fn visit(
    product: &Product,
    wave: &mut Wave,
    viewer: &Viewer,
    effects: &mut Vec<Effect>,
    ctx: Context<'_>,
) {
    let interested = ctx.now.since(viewer.seen_at) <= ctx.policy.settings.commerce.interest;
    // Who looked at it after the change saw the change.
    let before = viewer.seen_at <= wave.began_at;
    let can_hear = viewer.phone.clone().filter(|_| {
        before && interested && !viewer.opted_out && ctx.policy.settings.whatsapp.is_some()
    });
    match &mut wave.aim {
        Aim::Sweep { kept } if interested => *kept = kept.saturating_add(1),
        Aim::Sweep { .. } => {
            let (sku, lead) = (product.sku.clone(), viewer.lead.clone());
            effects.push(Effect::Note(Note::NoViewer { sku, lead }));
        }
        &mut Aim::Stock { left } => {
            if let (Some(to), true) = (can_hear, viewer.conversation.is_some()) {
                let name = called(product);
                let (event_type, message) = match left {
                    0 => ("lead.sold_out.sent", message::sold_out(&name, viewer.locale)),
                    _ => ("lead.low_stock.sent", message::low_stock(&name, left, viewer.locale)),
                };
                let mut data = facts(product, wave, viewer);
                data.insert("new_stock".to_owned(), json!(left));
                effects.extend(tell(event_type, data, to, message, ctx.policy));
                wave.told = wave.told.saturating_add(1);
            }
        }
        &mut Aim::Price { old, new } => {
            if let Some(to) = can_hear {
                let percent = new.percent_below(old);
                let message = message::price_drop(&called(product), percent, viewer.locale);
                let mut data = facts(product, wave, viewer);
                data.insert("old_price".to_owned(), json!(old.as_number()));
                data.insert("new_price".to_owned(), json!(new.as_number()));
                data.insert("discount_percent".to_owned(), json!(percent));
                effects.extend(tell("lead.price_drop.sent", data, to, message, ctx.policy));
                wave.told = wave.told.saturating_add(1);
            }
        }
    }
}

fn tell(
    event_type: &str,
    mut data: Map<String, Value>,
    to: String,
    message: Message,
    policy: &Policy,
) -> [Effect; 2] {
    data.insert("wa_number".to_owned(), json!(to));
    let data = policy.phone_hash.redact(&data);
    [Effect::Emit { event_type: event_type.to_owned(), data }, Effect::Tell { to, message }]
}

fn facts(product: &Product, wave: &Wave, viewer: &Viewer) -> Map<String, Value> {
    let mut data = Map::new();
    let about = json!({"sku": product.sku, "name": product.name});
    for (name, value) in [
        ("lead_id", json!(viewer.lead)),
        ("product", about),
        ("locale", json!(viewer.locale.as_str())),
        ("because_of", json!(wave.because)),
    ] {
        data.insert(name.to_owned(), value);
    }
    if let Some(conversation) = &viewer.conversation {
        data.insert("conversation_id".to_owned(), json!(conversation));
    }
    data
}

/// The product's name on one line; its number where the name is not known.
fn called(product: &Product) -> String {
    let name = product.name.as_ref().unwrap_or(&product.sku);
    let line = name.replace(char::is_control, " ");
    line.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(NAME_CHARS_MAX).collect()
}
