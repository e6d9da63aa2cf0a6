//! A conversation that a person holds goes with its handoff to whom that is given: one customer, one person.

use serde_json::json;

use super::{Context, Conversation, Held};
use crate::effect::{Effect, Transition};

/// Whoever is given the handoff holds the conversation, if anybody does.
pub(super) fn handed(
    present: &Conversation,
    to: &str,
    ctx: Context<'_>,
) -> Transition<Conversation> {
    let Some(held) = present.held.as_ref().filter(|held| held.by != to) else {
        return Transition { next: present.clone(), effects: Vec::new() };
    };
    let next =
        Conversation { held: Some(Held { by: to.to_owned(), at: ctx.now }), ..present.clone() };
    let mut data = next.data();
    data.insert("by".to_owned(), json!(to));
    data.insert("held_by_before".to_owned(), json!(held.by));
    let taken = Effect::Emit { event_type: "conversation.taken_over".to_owned(), data };
    Transition { next, effects: vec![taken] }
}

#[cfg(test)]
mod tests {
    use super::super::{Command, What, step};
    use super::*;
    use crate::policy::Policy;
    use crate::time::Timestamp;

    #[test]
    fn b02_who_is_given_the_handoff_holds_the_conversation_if_anybody_does() {
        let policy = Policy::default();
        let take = |present: Option<&Conversation>, what: What, now: i64| {
            let now = Timestamp(now);
            let ctx = Context { id: "c1", now, at: now, policy: &policy, announce: false };
            step(present, Command { lead: None, channel: None, what }, ctx).unwrap()
        };
        let said = What::Receive { products: Vec::new(), campaign: None };
        let open = take(None, said, 0).next;
        let untouched = take(Some(&open), What::Handed("Luis".into()), 1);
        assert_eq!((&untouched.next, untouched.effects.len()), (&open, 0));
        let held = Conversation { held: Some(Held { by: "Ana".into(), at: Timestamp(1) }), ..open };
        let same = take(Some(&held), What::Handed("Ana".into()), 2);
        assert_eq!((&same.next, same.effects.len()), (&held, 0));
        let luis = take(Some(&held), What::Handed("Luis".into()), 2);
        assert_eq!(luis.next.held, Some(Held { by: "Luis".into(), at: Timestamp(2) }));
        let [Effect::Emit { event_type, data }] = &luis.effects[..] else { panic!("{luis:?}") };
        assert_eq!(event_type, "conversation.taken_over");
        assert_eq!((&data["by"], &data["held_by_before"]), (&json!("Luis"), &json!("Ana")));
    }
}
