//! A conversation that a person holds: whoever answers by itself is to leave it alone until they give it back.
//!
//! ```text
//!          take_over             give_back, its handoff is closed or released, or nobody writes for long
//!   bot --------------> a person -----------------------------------------------------------> bot
//! ```
//! One customer, one person: who takes a conversation over has its handoff too, as long as that is not closed, and each is
//! taken only from whoever has the one or the other, and left together with it.
//!
//! Nothing here stops a platform's assistant: the events tell it. While somebody holds it, silence does not end a
//! conversation, since a customer who writes again is to come back to the same person; whoever forgets to give it
//! back holds it for `conversations.hold_for` after the last word, so that no customer is left to nobody for ever.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Context, Conversation, Status, steps};
use crate::effect::{Effect, Rejected, Transition};
use crate::handoff::Claim;
use crate::policy::Policy;
use crate::time::Timestamp;

/// That a person holds a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The name of who holds it, as it was given.
    pub by: String,
    /// Since when.
    pub at: Timestamp,
}

/// Why it was given back: a person said so, or closed its handoff or left it to the others, or nobody wrote.
const PERSON: &str = "person";
const HANDOFF_CLOSED: &str = "handoff_closed";
const HANDOFF_RELEASED: &str = "handoff_released";
const SILENCE: &str = "silence";

/// Of whoever is at it, it is taken only by who says so; of one who holds it and another who has its handoff, either
/// may be said.
pub(super) fn take_over(
    present: &Conversation,
    by: &str,
    (from, claimed): (Option<&str>, Option<&Claim>),
    ctx: Context<'_>,
) -> Result<Transition<Conversation>, Rejected> {
    if present.status == Status::Ended {
        return Err(Rejected::because("the conversation is over"));
    }
    let holder = present.held.as_ref().map(|held| held.by.as_str());
    let claimant = claimed.map(|claim| claim.by.as_str());
    if from.is_none() || ![holder, claimant].contains(&from) {
        const INSTEAD: &str = "say whose it is in from to take it from them";
        match (&present.held, claimed, from) {
            (Some(held), _, _) => return Err(held.stands(INSTEAD)),
            (None, Some(claim), None) if claim.by == by => {}
            (None, Some(claim), _) => return Err(claim.stands(INSTEAD)),
            (None, None, Some(_)) => {
                return Err(Rejected::because("nobody has taken the conversation over"));
            }
            (None, None, None) => {}
        }
    }
    if holder == Some(by) {
        return Ok(Transition { next: present.clone(), effects: Vec::new() });
    }
    Ok(hold(present, by, ctx))
}

/// Whoever has its handoff holds it, if anybody does: the handoff has made sure of whom it was taken from.
pub(super) fn handed(
    present: &Conversation,
    to: &str,
    ctx: Context<'_>,
) -> Transition<Conversation> {
    match &present.held {
        Some(held) if held.by != to => hold(present, to, ctx),
        Some(_) | None => Transition { next: present.clone(), effects: Vec::new() },
    }
}

/// This person holds it from now on, perhaps in place of another.
fn hold(present: &Conversation, by: &str, ctx: Context<'_>) -> Transition<Conversation> {
    let held = Some(Held { by: by.to_owned(), at: ctx.now });
    let mut next = Conversation { held, ..present.clone() };
    steps::set_alarm(&mut next, ctx);
    let mut data = next.data();
    data.insert("by".to_owned(), json!(by));
    if let Some(before) = &present.held {
        data.insert("held_by_before".to_owned(), json!(before.by));
    }
    let taken = Effect::Emit { event_type: "conversation.taken_over".to_owned(), data };
    Transition { next, effects: vec![taken] }
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

/// Whoever held it leaves what the handoff was about to the others.
pub(super) fn handoff_released(
    present: &Conversation,
    ctx: Context<'_>,
) -> Transition<Conversation> {
    let none = || Transition { next: present.clone(), effects: Vec::new() };
    back(present, HANDOFF_RELEASED, ctx).unwrap_or_else(none)
}

/// Nobody wrote for so long that whoever held it must have forgotten it.
pub(super) fn forgotten(
    present: &Conversation,
    ctx: Context<'_>,
) -> Option<Transition<Conversation>> {
    back(present, SILENCE, ctx)
}

impl Held {
    pub(crate) fn stands(&self, instead: &str) -> Rejected {
        let Self { by, at } = self;
        Rejected::because(format!("{by} has taken it over, since {}: {instead}", at.to_rfc3339()))
    }
}

impl Conversation {
    /// Until when whoever holds it does, if nobody writes.
    pub fn held_until(&self, policy: &Policy) -> Option<Timestamp> {
        self.held.as_ref().and(self.alarm()).map(|_| self.quiet_at(policy))
    }

    /// When it is over if nobody writes, or goes back if a person holds it.
    pub(super) fn quiet_at(&self, policy: &Policy) -> Timestamp {
        match &self.held {
            Some(held) => self.heard_at.max(held.at).after(policy.settings.conversations.hold_for),
            None => self.idle_at(policy),
        }
    }
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

    use crate::timer::{ByHand, Wish};

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
        take(Some(&open()), taken_by("Ana", None), MINUTE).unwrap().next
    }

    fn taken_by(by: &str, from: Option<&str>) -> What {
        What::TakeOver { by: by.to_owned(), from: from.map(str::to_owned), claimed: None }
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
        let taken = take(Some(&open()), taken_by("Ana", None), MINUTE).unwrap();
        assert_eq!(told(&taken), [("conversation.taken_over", None)]);
        let held = taken.next;
        assert_eq!(held.held, Some(Held { by: "Ana".into(), at: Timestamp(MINUTE) }));
        let wake = What::Wake { generation: open().generation };
        assert!(take(Some(&held), wake, DAY).is_err(), "silence does not end it");
        let late = Timestamp(DAY - 1);
        assert!(held.takes(late, late, &Policy::default()), "nor is it another one by then");
        for by in ["Luis", "Ana"] {
            let again = take(Some(&held), taken_by(by, None), MINUTE).unwrap_err();
            assert!(again.0.starts_with("Ana has taken it over, since "), "{again}");
        }
        let goes_on = take(Some(&held), said(), DAY).unwrap().next;
        assert!(goes_on.held.is_some());

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
        let released = take(Some(&held()), What::HandoffReleased, 2 * MINUTE).unwrap();
        assert_eq!(told(&released), [("conversation.given_back", Some("handoff_released"))]);
        assert_eq!(released.next.held, None);
        let ended = take(Some(&held()), What::End(Resolution::default()), 2 * MINUTE).unwrap().next;
        assert_eq!(ended.held, None);
        let over = take(Some(&ended), taken_by("Ana", None), 3 * MINUTE).unwrap_err();
        assert_eq!(over.0, "the conversation is over");
    }

    #[test]
    fn b02_another_takes_it_over_only_from_whom_they_say_holds_it() {
        let nobodys = take(Some(&open()), taken_by("Luis", Some("Ana")), MINUTE).unwrap_err();
        assert_eq!(nobodys.0, "nobody has taken the conversation over");
        for from in [None, Some("Eva")] {
            let refused = take(Some(&held()), taken_by("Luis", from), 2 * MINUTE).unwrap_err();
            assert!(refused.0.starts_with("Ana has taken it over, since "), "{refused}");
        }
        let of_mias = |from: Option<&str>| What::TakeOver {
            by: "Ana".into(),
            from: from.map(str::to_owned),
            claimed: Some(Claim { by: "Mia".into(), at: Timestamp(0) }),
        };
        let taken = take(Some(&open()), of_mias(Some("Mia")), MINUTE).unwrap().next;
        assert_eq!(taken.held.map(|held| held.by).as_deref(), Some("Ana"), "whose handoff it was");
        for from in [None, Some("Eva"), Some("Ana")] {
            let refused = take(Some(&open()), of_mias(from), MINUTE).unwrap_err();
            assert!(refused.0.starts_with("Mia has taken it, since "), "{refused}");
        }
        let luis = take(Some(&open()), taken_by("Luis", None), MINUTE).unwrap().next;
        for either in ["Luis", "Mia"] {
            let taken = take(Some(&luis), of_mias(Some(either)), 2 * MINUTE).unwrap().next;
            assert_eq!(taken.held.map(|held| held.by).as_deref(), Some("Ana"));
        }
        assert!(take(Some(&luis), of_mias(None), 2 * MINUTE).is_err());
        let own = take(Some(&held()), taken_by("Ana", Some("Ana")), 2 * MINUTE).unwrap();
        assert_eq!((own.next, own.effects.len()), (held(), 0), "it is theirs already");
        let luis = take(Some(&held()), taken_by("Luis", Some("Ana")), 2 * MINUTE).unwrap();
        let [Effect::Emit { data, .. }] = &luis.effects[..] else { panic!("{luis:?}") };
        assert_eq!((&data["by"], &data["held_by_before"]), (&json!("Luis"), &json!("Ana")));
        assert_eq!(luis.next.held, Some(Held { by: "Luis".into(), at: Timestamp(2 * MINUTE) }));
    }

    #[test]
    fn b02_who_forgets_to_give_it_back_holds_it_for_a_day_after_the_last_word() {
        let held = held();
        assert_eq!(held.alarm(), Some(Timestamp(MINUTE + DAY)));
        let wake = |talk: &Conversation| What::Wake { generation: talk.generation };
        // The customer writes, and so does the person, which moves it when it rings.
        let goes_on = take(Some(&held), said(), DAY / 2).unwrap().next;
        let goes_on = take(Some(&goes_on), What::Send, DAY / 2 + MINUTE).unwrap().next;
        let rung = take(Some(&goes_on), wake(&goes_on), MINUTE + DAY).unwrap();
        assert_eq!((rung.effects.len(), rung.next.held.is_some()), (0, true));
        let end = DAY / 2 + MINUTE + DAY;
        assert_eq!(rung.next.alarm(), Some(Timestamp(end)));
        let back = take(Some(&rung.next), wake(&rung.next), end).unwrap();
        assert_eq!(told(&back), [("conversation.given_back", Some("silence"))]);
        assert_eq!((back.next.held.as_ref(), back.next.status), (None, Status::Open));
        // It is over like any other from here on.
        let over = take(Some(&back.next), wake(&back.next), end + DAY).unwrap();
        assert_eq!(told(&over)[0].0, "conversation.ended");
    }

    #[test]
    fn f01_the_end_of_a_hold_is_brought_about_or_put_off_by_hand() {
        let policy = Policy::default();
        let now = Timestamp(2 * MINUTE);
        let ctx = Context { id: "c1", now, at: now, policy: &policy, announce: false };
        let due = held().alarm().unwrap();
        let asked = |kind: &str, wish| ByHand { wish, kind: kind.into(), due };
        assert!(held().by_hand(&asked("idle", Wish::Fire), ctx).is_err(), "it is none of silence");
        let back = held().by_hand(&asked("hold", Wish::Fire), ctx).unwrap();
        assert_eq!(told(&back), [("conversation.given_back", Some("person"))]);
        let moved = held().by_hand(&asked("hold", Wish::MoveTo(Timestamp(DAY))), ctx).unwrap_err();
        assert!(moved.0.starts_with("hold cannot be moved: "), "{moved}");
        let kept = held().by_hand(&asked("hold", Wish::Cancel), ctx).unwrap().next;
        assert_eq!((kept.alarm(), &kept.held), (None, &held().held));
        let goes_on = take(Some(&kept), said(), DAY).unwrap().next;
        assert_eq!(goes_on.alarm(), Some(Timestamp(2 * DAY)), "the next word sets it anew");
    }

    #[test]
    fn b02_who_is_given_the_handoff_holds_the_conversation_if_anybody_does() {
        let policy = Policy::default();
        let take = |present: Option<&Conversation>, what: What, now: i64| {
            let now = Timestamp(now);
            let ctx = Context { id: "c1", now, at: now, policy: &policy, announce: false };
            step(present, Command { lead: None, channel: None, what }, ctx)
        };
        let handed = |to: &str| What::Handed(to.to_owned());
        let said = What::Receive { products: Vec::new(), campaign: None };
        let open = take(None, said, 0).unwrap().next;
        let untouched = take(Some(&open), handed("Luis"), 1).unwrap();
        assert_eq!((&untouched.next, untouched.effects.len()), (&open, 0));
        let held = Conversation { held: Some(Held { by: "Ana".into(), at: Timestamp(1) }), ..open };
        let same = take(Some(&held), handed("Ana"), 2).unwrap();
        assert_eq!((&same.next, same.effects.len()), (&held, 0));
        let luis = take(Some(&held), handed("Luis"), 2).unwrap();
        assert_eq!(luis.next.held, Some(Held { by: "Luis".into(), at: Timestamp(2) }));
        let [Effect::Emit { event_type, data }] = &luis.effects[..] else { panic!("{luis:?}") };
        assert_eq!(event_type, "conversation.taken_over");
        assert_eq!((&data["by"], &data["held_by_before"]), (&json!("Luis"), &json!("Ana")));
    }
}
