//! A conversation that a person holds: whoever answers by itself is to leave it alone until they give it back.
//!
//! ```text
//!          take_over                  give_back, or the handoff of it is closed
//!   bot --------------> a person ---------------------------------------------> bot
//! ```
//! Nothing here stops a platform's assistant: the events tell it. While somebody holds it, silence does not end a
//! conversation, since a customer who writes again is to come back to the same person.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Context, Conversation, Status, steps};
use crate::effect::{Effect, Rejected, Transition};
use crate::time::Timestamp;

/// That a person holds a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The name of who holds it, as it was given.
    pub by: String,
    /// Since when.
    pub at: Timestamp,
}

/// Why it was given back: a person said so, or closed its handoff.
const PERSON: &str = "person";
const HANDOFF_CLOSED: &str = "handoff_closed";

pub(super) fn take_over(
    present: &Conversation,
    by: &str,
    ctx: Context<'_>,
) -> Result<Transition<Conversation>, Rejected> {
    if let Some(Held { by, at }) = &present.held {
        let since = at.to_rfc3339();
        let reason = format!(
            "{by} has taken it over, since {since}: it is given back before another takes it"
        );
        return Err(Rejected::because(reason));
    }
    if present.status == Status::Ended {
        return Err(Rejected::because("the conversation is over"));
    }
    let held = Some(Held { by: by.to_owned(), at: ctx.now });
    let generation = present.generation.wrapping_add(1);
    let next = Conversation { held, alarm_at: None, generation, ..present.clone() };
    let mut data = next.data();
    data.insert("by".to_owned(), json!(by));
    let taken = Effect::Emit { event_type: "conversation.taken_over".to_owned(), data };
    Ok(Transition { next, effects: vec![taken] })
}

pub(super) fn give_back(
    present: &Conversation,
    ctx: Context<'_>,
) -> Result<Transition<Conversation>, Rejected> {
    let given = back(present, PERSON, ctx);
    given.ok_or_else(|| Rejected::because("nobody has taken the conversation over"))
}

/// Whoever held it was to answer what the handoff was about.
pub(super) fn handoff_closed(present: &Conversation, ctx: Context<'_>) -> Transition<Conversation> {
    let none = || Transition { next: present.clone(), effects: Vec::new() };
    back(present, HANDOFF_CLOSED, ctx).unwrap_or_else(none)
}

fn back(
    present: &Conversation,
    because: &str,
    ctx: Context<'_>,
) -> Option<Transition<Conversation>> {
    let held = present.held.as_ref()?;
    let mut next = Conversation { held: None, ..present.clone() };
    // Silence counts from here on: until now a person answered for it.
    next.heard_at = next.heard_at.max(ctx.now);
    steps::set_alarm(&mut next, ctx);
    let mut data = next.data();
    data.insert("by".to_owned(), json!(held.by));
    data.insert("because".to_owned(), json!(because));
    let given = Effect::Emit { event_type: "conversation.given_back".to_owned(), data };
    Some(Transition { next, effects: vec![given] })
}

#[cfg(test)]
mod tests {
    use super::super::{Command, Resolution, What, step};
    use super::*;
    use serde_json::Value;

    use crate::policy::Policy;

    const MINUTE: i64 = 60_000;
    const DAY: i64 = 24 * 60 * MINUTE;

    fn take(
        present: Option<&Conversation>,
        what: What,
        now: i64,
    ) -> Result<Transition<Conversation>, Rejected> {
        let (policy, now) = (Policy::default(), Timestamp(now));
        let ctx = Context { id: "c1", now, at: now, policy: &policy, announce: false };
        step(present, Command { lead: None, channel: None, what }, ctx)
    }

    fn said() -> What {
        What::Receive { products: Vec::new(), campaign: None }
    }

    fn open() -> Conversation {
        take(None, said(), 0).unwrap().next
    }

    fn held() -> Conversation {
        take(Some(&open()), What::TakeOver("Ana".into()), MINUTE).unwrap().next
    }

    fn told(transition: &Transition<Conversation>) -> Vec<(&str, Option<&str>)> {
        let mut told = Vec::new();
        for effect in &transition.effects {
            if let Effect::Emit { event_type, data } = effect {
                told.push((event_type.as_str(), data.get("because").and_then(Value::as_str)));
            }
        }
        told
    }

    #[test]
    fn b02_a_person_holds_a_conversation_until_it_is_given_back_whatever_the_silence() {
        let taken = take(Some(&open()), What::TakeOver("Ana".into()), MINUTE).unwrap();
        assert_eq!(told(&taken), [("conversation.taken_over", None)]);
        let held = taken.next;
        assert_eq!(held.held, Some(Held { by: "Ana".into(), at: Timestamp(MINUTE) }));
        let wake = What::Wake { generation: open().generation };
        assert!(take(Some(&held), wake, DAY).is_err(), "silence does not end it");
        for by in ["Luis", "Ana"] {
            let again = take(Some(&held), What::TakeOver(by.into()), MINUTE).unwrap_err();
            assert!(again.0.starts_with("Ana has taken it over, since "), "{again}");
        }
        let goes_on = take(Some(&held), said(), DAY).unwrap().next;
        assert!(goes_on.held.is_some() && goes_on.alarm().is_none());

        let given = take(Some(&goes_on), What::GiveBack, 2 * DAY).unwrap();
        assert_eq!(told(&given), [("conversation.given_back", Some("person"))]);
        assert!(given.next.alarm() > Some(Timestamp(2 * DAY)), "silence counts from here on");
        assert!(take(Some(&given.next), What::GiveBack, 2 * DAY).is_err());
    }

    #[test]
    fn b02_the_end_of_the_handoff_or_of_the_conversation_ends_it() {
        let closed = take(Some(&held()), What::HandoffClosed, 2 * MINUTE).unwrap();
        assert_eq!(told(&closed), [("conversation.given_back", Some("handoff_closed"))]);
        let again = take(Some(&closed.next), What::HandoffClosed, 2 * MINUTE).unwrap();
        assert_eq!((again.next, again.effects.len()), (closed.next, 0));
        let ended = take(Some(&held()), What::End(Resolution::default()), 2 * MINUTE).unwrap().next;
        assert_eq!(ended.held, None);
        let over = take(Some(&ended), What::TakeOver("Ana".into()), 3 * MINUTE).unwrap_err();
        assert_eq!(over.0, "the conversation is over");
    }
}
