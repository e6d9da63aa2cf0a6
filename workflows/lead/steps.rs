//! What happens to a lead.

use serde_json::json;

use super::{
    Command, Context, Held, Lead, MERGED_MAX, Meeting, NAMES_MAX, Name, OptOut, Way, Who, Wish,
    is_earlier, short,
};
use crate::effect::{Effect, Note, Signal};
use crate::id::EntityKey;
use crate::message;
use crate::time::Timestamp;

pub(super) fn happen(next: &mut Lead, command: Command, ctx: Context<'_>) -> Vec<Effect> {
    let mut effects = Vec::new();
    match command {
        Command::Meet(meeting) => meet(next, *meeting, &mut effects, ctx),
        Command::Rename { old, new } => rename(next, &old, &new, &mut effects, ctx),
        Command::Lose(number) => leave(next, &number, ctx.now),
        Command::Absorb { lead, wish } => absorb(next, lead, wish, ctx),
        Command::Merge { into } => merge(next, into, &mut effects),
        Command::Join(other) => join(next, &other, &mut effects, ctx),
        Command::Wish { wish: said, answer } => wish(next, said, answer, &mut effects, ctx),
    }
    effects
}

fn meet(lead: &mut Lead, meeting: Meeting, effects: &mut Vec<Effect>, ctx: Context<'_>) {
    let Meeting { who, way, begins, taken, channel, campaign, conversation } = meeting;
    // What came under a person's first number before they were met was theirs, unless it was another's.
    let from = (taken || !lead.phones.is_empty()).then_some(ctx.now);
    take(lead, &who, from, effects);
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

fn take(lead: &mut Lead, who: &Who, from: Option<Timestamp>, effects: &mut Vec<Effect>) {
    for name in who.names() {
        let new = match &name {
            Name::User(id) => {
                let known = lead.user_ids.contains(id);
                if lead.user_ids.last() != Some(id) {
                    lead.user_ids.retain(|own| own != id);
                    lead.user_ids.push(id.clone());
                }
                !known
            }
            Name::Phone(number) => {
                let known = lead.numbers().any(|own| own == number);
                if !known {
                    lead.phones.push(Held { number: number.clone(), from, until: None });
                }
                !known
            }
        };
        if new {
            effects.push(Effect::Note(Note::Name { name, lead: lead.id.clone() }));
        }
    }
    forget_the_oldest(lead, effects);
    if let Some(name) = who.name.as_deref().and_then(short) {
        lead.name = Some(name);
    }
    if let Some(locale) = who.locale {
        lead.locale = Some(locale.to_string());
    }
}

fn forget_the_oldest(lead: &mut Lead, effects: &mut Vec<Effect>) {
    while lead.user_ids.len() > NAMES_MAX {
        let gone = lead.user_ids.remove(0);
        effects.push(Effect::Note(Note::Forget { name: Name::User(gone) }));
    }
    let surplus = lead.phones.len().saturating_sub(NAMES_MAX);
    lead.phones.drain(..surplus);
}

fn rename(lead: &mut Lead, old: &Who, new: &Who, effects: &mut Vec<Effect>, ctx: Context<'_>) {
    take(lead, new, Some(ctx.now), effects);
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

/// The other's history is read here from now on, and what was wished last counts; of two wishes of one
/// moment, that to hear nothing does.
fn absorb(lead: &mut Lead, other: String, wish: Option<Wish>, ctx: Context<'_>) {
    if let Some(wish) = wish {
        let is_later = |known| is_earlier(known, wish.at);
        if !wish.wanted || lead.opted_out.is_none() || lead.wished_at.is_none_or(is_later) {
            hear(lead, &wish, ctx.now);
        }
    }
    remember_merged(lead, other);
}

fn remember_merged(lead: &mut Lead, other: String) {
    if other != lead.id && !lead.merged.contains(&other) && lead.merged.len() < MERGED_MAX {
        lead.merged.push(other);
    }
}

/// Its names are the other's in this very commit; the rest follows by a signal, when all that was under way to
/// it has come to its end.
fn merge(lead: &mut Lead, into: String, effects: &mut Vec<Effect>) {
    let users = lead.user_ids.iter().cloned().map(Name::User);
    let numbers = lead.numbers().map(|number| Name::Phone(number.to_owned()));
    let noted = users.chain(numbers).map(|name| Note::Name { name, lead: into.clone() });
    effects.extend(noted.map(Effect::Note));
    let signal = Signal::Merged { lead: lead.id.clone() };
    effects.push(Effect::Signal { to: EntityKey::lead(&into), signal });
    lead.merged_into = Some(into);
}

fn join(lead: &mut Lead, other: &Lead, effects: &mut Vec<Effect>, ctx: Context<'_>) {
    if let Some(into) = &lead.merged_into {
        // It became part of a third meanwhile, who has yet to hear of the other.
        let signal = Signal::Merged { lead: other.id.clone() };
        effects.push(Effect::Signal { to: EntityKey::lead(into), signal });
        return;
    }
    for (own, others) in [
        (&mut lead.messages, other.messages),
        (&mut lead.conversations, other.conversations),
        (&mut lead.calls, other.calls),
        (&mut lead.orders, other.orders),
    ] {
        *own = own.saturating_add(others);
    }
    let is_older = other.first_seen < lead.first_seen;
    lead.first_seen = lead.first_seen.min(other.first_seen);
    lead.last_seen = lead.last_seen.max(other.last_seen);
    lead.name = lead.name.take().or_else(|| other.name.clone());
    lead.locale = lead.locale.take().or_else(|| other.locale.clone());
    lead.campaign = lead.campaign.take().or_else(|| other.campaign.clone());
    lead.conversation = lead.conversation.take().or_else(|| other.conversation.clone());
    let sources = [lead.source.take(), other.source.clone()];
    let mut sources = sources.into_iter().flatten();
    lead.source = if is_older { sources.next_back() } else { sources.next() };
    join_names(lead, other, effects);
    remember_merged(lead, other.id.clone());
    other.merged.iter().for_each(|third| remember_merged(lead, third.clone()));

    let mut data = lead.data(ctx.policy);
    data.insert("merged_lead_id".to_owned(), json!(other.id));
    data.insert("opted_out".to_owned(), json!(lead.opted_out.is_some()));
    effects.push(Effect::Emit { event_type: "lead.merged".to_owned(), data });
}

/// The other's names stand before its own, which were heard later.
fn join_names(lead: &mut Lead, other: &Lead, effects: &mut Vec<Effect>) {
    let new: Vec<_> =
        other.user_ids.iter().filter(|id| !lead.user_ids.contains(id)).cloned().collect();
    lead.user_ids.splice(0..0, new);
    let mut before = Vec::new();
    for held in &other.phones {
        let same = |own: &&mut Held| own.number == held.number && own.until.is_none();
        match lead.phones.iter_mut().find(same).filter(|_| held.until.is_none()) {
            // `None`, for always, is the least.
            Some(own) => own.from = own.from.min(held.from),
            None => before.push(held.clone()),
        }
    }
    lead.phones.splice(0..0, before);
    forget_the_oldest(lead, effects);
}

/// Takes a wish in, unless a later one is known; answers whether it changes anything.
fn hear(lead: &mut Lead, wish: &Wish, now: Timestamp) -> bool {
    let at = wish.at.min(now);
    if lead.wished_at.is_some_and(|known| is_earlier(at, known)) {
        return false;
    }
    lead.wished_at = lead.wished_at.max(Some(at));
    if lead.opted_out.is_none() == wish.wanted {
        return false;
    }
    let how = short(&wish.how).unwrap_or_default();
    lead.opted_out = (!wish.wanted).then_some(OptOut { at, how });
    true
}

fn wish(lead: &mut Lead, wish: Wish, answer: bool, effects: &mut Vec<Effect>, ctx: Context<'_>) {
    if !hear(lead, &wish, ctx.now) {
        return;
    }
    let Wish { wanted, how, .. } = wish;
    let mut data = lead.data(ctx.policy);
    data.insert("how".to_owned(), json!(short(&how).unwrap_or_default()));
    let event_type = if wanted { "lead.opted_in" } else { "lead.opted_out" };
    effects.push(Effect::Emit { event_type: event_type.to_owned(), data });
    let to = lead.phone().filter(|_| answer && ctx.policy.settings.whatsapp.is_some());
    if let Some(to) = to {
        let locale = lead.locale(ctx.policy);
        let words = if wanted { message::opted_in(locale) } else { message::opted_out(locale) };
        effects.push(Effect::Tell { to: to.to_owned(), message: words });
    }
}
