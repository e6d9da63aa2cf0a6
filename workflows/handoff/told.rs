//! What is told of a handoff that changes hands or its place in the row, so that whoever mirrors the row need not ask.

use serde_json::{Value, json};

use super::{Context, Handoff};
use crate::effect::Effect;
use crate::time::Timestamp;

/// How it stands by now, with what is told besides.
pub(super) fn told(
    next: &Handoff,
    event_type: &str,
    besides: &[(&str, Value)],
    ctx: Context<'_>,
) -> Effect {
    let mut data = next.data(ctx.policy);
    for (name, value) in [
        ("claimed_by", json!(next.claim.as_ref().map(|claim| &claim.by))),
        ("priority", json!(next.priority.as_str())),
        ("snoozed_until", json!(next.snoozed_until.map(Timestamp::to_rfc3339))),
    ] {
        data.insert(name.to_owned(), value);
    }
    for (name, value) in besides {
        data.insert((*name).to_owned(), value.clone());
    }
    Effect::Emit { event_type: event_type.to_owned(), data }
}

#[cfg(test)]
mod tests {
    use super::super::{Command, Priority, step};
    use super::*;
    use crate::event::Escalation;
    use crate::policy::Policy;

    const MINUTE: i64 = 60_000;

    #[test]
    fn a10_whoever_mirrors_the_row_hears_of_each_thing_that_a_person_does_to_it() {
        let policy = Policy::default();
        let take = |present: Option<&Handoff>, command: Command| {
            let now = Timestamp(MINUTE);
            step(present, command, Context { now, at: now, policy: &policy, announce: true })
                .unwrap()
        };
        let asks = Escalation { conversation_id: "c1".into(), ..Escalation::default() };
        let mut handoff = take(None, Command::Open(asks)).next;
        let until = "1970-01-01T00:03:00.000Z";
        let give = Command::Assign { to: "Luis".into(), from: Some("Ana".into()), held: None };
        let held_by = |by: &str| Command::HeldBy(Some(by.to_owned()));
        for (command, told) in [
            (
                Command::Snooze(Timestamp(3 * MINUTE)),
                json!(["handoff.snoozed", null, "normal", until, null, null]),
            ),
            (Command::Unsnooze, json!(["handoff.unsnoozed", null, "normal", null, null, "person"])),
            (
                Command::Claim { by: "Ana".into(), held: None },
                json!(["handoff.claimed", "Ana", "normal", null, null, null]),
            ),
            (
                Command::Prioritize(Priority::High),
                json!(["handoff.prioritized", "Ana", "high", null, null, null]),
            ),
            (give, json!(["handoff.assigned", "Luis", "high", null, "Ana", null])),
            (Command::Release, json!(["handoff.released", null, "high", null, "Luis", null])),
            (held_by("Eva"), json!(["handoff.claimed", "Eva", "high", null, null, null])),
            (held_by("Ana"), json!(["handoff.assigned", "Ana", "high", null, "Eva", null])),
        ] {
            let done = take(Some(&handoff), command);
            let [Effect::Emit { event_type, data }] = &done.effects[..] else {
                panic!("{:?}", done.effects)
            };
            let of = |name: &str| data.get(name).cloned().unwrap_or_default();
            let [by, priority, until, from, woken] =
                ["claimed_by", "priority", "snoozed_until", "claimed_from", "woken_by"].map(of);
            assert_eq!(json!([event_type, by, priority, until, from, woken]), told);
            handoff = done.next;
        }
        for nothing in [Command::Prioritize(Priority::High), held_by("Ana")] {
            assert_eq!(take(Some(&handoff), nothing).effects, [], "nothing changed");
        }
    }
}
