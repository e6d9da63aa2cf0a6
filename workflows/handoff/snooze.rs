//! A handoff that somebody put off for a while: it leaves the row of those that are to be answered now, and comes back
//! by itself.
//!
//! The customer does not wait less for it, so its deadline stays as it is and may pass meanwhile. It is over with
//! its time, with the customer's next word, with a reply, and when somebody says so.

use serde_json::json;

use super::told::told;
use super::{Context, Handoff, Status};
use crate::effect::{Rejected, Transition};
use crate::time::{Span, Timestamp};

/// For how long a handoff is put off at most.
pub const SNOOZE_MAX: Span = Span::hours(7 * 24);

/// What ended it: its time, the customer, or a person.
pub(super) const TIME: &str = "time";
const CUSTOMER: &str = "customer";
const PERSON: &str = "person";

pub(super) fn snooze(
    present: &Handoff,
    until: Timestamp,
    ctx: Context<'_>,
) -> Result<Transition<Handoff>, Rejected> {
    match present.status {
        Status::Open => {}
        Status::Replied => return Err(Rejected::because("the handoff is already replied to")),
        Status::Closed => return Err(Rejected::because("the handoff is closed")),
    }
    if until <= ctx.now {
        return Err(Rejected::because("that moment is past"));
    }
    if until > ctx.now.after(SNOOZE_MAX) {
        let days = SNOOZE_MAX.0 / Span::hours(24).0;
        return Err(Rejected::because(format!("a handoff is put off for {days} days at most")));
    }
    let next = set(present, Some(until));
    Ok(Transition { effects: vec![told(&next, "handoff.snoozed", &[], ctx)], next })
}

pub(super) fn unsnooze(
    present: &Handoff,
    ctx: Context<'_>,
) -> Result<Transition<Handoff>, Rejected> {
    if present.snoozed_until.is_none() {
        return Err(Rejected::because("the handoff is not put off"));
    }
    Ok(end(present, PERSON, ctx))
}

/// Whoever writes again is not kept waiting for what they were put off for.
pub(super) fn wrote(present: &Handoff, ctx: Context<'_>) -> Transition<Handoff> {
    match present.snoozed_until {
        Some(_) => end(present, CUSTOMER, ctx),
        None => Transition { next: present.clone(), effects: Vec::new() },
    }
}

/// It is to be answered again, and whoever watches hears it.
pub(super) fn end(present: &Handoff, woken_by: &str, ctx: Context<'_>) -> Transition<Handoff> {
    let next = set(present, None);
    let besides = [("woken_by", json!(woken_by))];
    Transition { effects: vec![told(&next, "handoff.unsnoozed", &besides, ctx)], next }
}

fn set(present: &Handoff, snoozed_until: Option<Timestamp>) -> Handoff {
    let generation = present.generation.wrapping_add(1);
    Handoff { snoozed_until, generation, ..present.clone() }
}

#[cfg(test)]
mod tests {
    use super::super::{Command, Priority, step};
    use super::*;
    use crate::effect::Effect;
    use crate::event::Escalation;
    use crate::policy::Policy;

    const MINUTE: i64 = 60_000;

    fn take(
        present: &Handoff,
        command: Command,
        now: i64,
    ) -> Result<Transition<Handoff>, Rejected> {
        let (policy, now) = (Policy::default(), Timestamp(now));
        step(Some(present), command, Context { now, at: now, policy: &policy, announce: true })
    }

    /// One that waits since the beginning, and is late after five minutes.
    fn opened() -> Handoff {
        let (policy, now) = (Policy::default(), Timestamp(0));
        let asks = Escalation { conversation_id: "c1".into(), ..Escalation::default() };
        let ctx = Context { now, at: now, policy: &policy, announce: true };
        step(None, Command::Open(asks), ctx).unwrap().next
    }

    fn snoozed(until: i64) -> Handoff {
        take(&opened(), Command::Snooze(Timestamp(until)), MINUTE).unwrap().next
    }

    fn emitted(transition: &Transition<Handoff>) -> Vec<&str> {
        let mut types = Vec::new();
        for effect in &transition.effects {
            if let Effect::Emit { event_type, .. } = effect {
                types.push(event_type.as_str());
            }
        }
        types
    }

    #[test]
    fn a10_what_is_put_off_comes_back_at_its_time_and_its_deadline_is_not_lifted() {
        let off = snoozed(3 * MINUTE);
        assert_eq!((off.alarm(), off.deadline), (Some(Timestamp(3 * MINUTE)), opened().deadline));
        let wake = |of: &Handoff| Command::Wake { generation: of.generation };
        assert!(take(&off, wake(&opened()), 3 * MINUTE).is_err(), "that of before");
        let back = take(&off, wake(&off), 3 * MINUTE).unwrap();
        assert_eq!(emitted(&back), ["handoff.unsnoozed"]);
        assert_eq!(
            (back.next.snoozed_until, back.next.alarm()),
            (None, Some(Timestamp(5 * MINUTE)))
        );

        // It is late while it is put off, and comes back all the same.
        let off = snoozed(9 * MINUTE);
        let late = take(&off, wake(&off), 5 * MINUTE).unwrap();
        assert_eq!(emitted(&late), ["sla.breached"]);
        assert_eq!(late.next.alarm(), Some(Timestamp(9 * MINUTE)));
        let back = take(&late.next, wake(&late.next), 9 * MINUTE).unwrap();
        assert_eq!((emitted(&back), back.next.alarm()), (vec!["handoff.unsnoozed"], None));

        // Both in one moment are one step.
        let off = snoozed(5 * MINUTE);
        let both = take(&off, wake(&off), 5 * MINUTE).unwrap();
        assert_eq!(emitted(&both), ["sla.breached", "handoff.unsnoozed"]);
        assert_eq!(both.next.alarm(), None);
    }

    #[test]
    fn a10_the_customers_word_a_reply_an_end_or_a_person_ends_it() {
        let off = snoozed(3 * MINUTE);
        let heard = take(&off, Command::Wrote, 2 * MINUTE).unwrap();
        let [Effect::Emit { data, .. }] = &heard.effects[..] else { panic!("{heard:?}") };
        assert_eq!(data["woken_by"], "customer");
        assert_eq!(take(&heard.next, Command::Wrote, 2 * MINUTE).unwrap().next, heard.next);
        for command in [Command::Reply, Command::Close, Command::Unsnooze] {
            let over = take(&off, command, 2 * MINUTE).unwrap().next;
            assert!(over.snoozed_until.is_none() && over.generation > off.generation);
        }
        assert!(take(&heard.next, Command::Unsnooze, 2 * MINUTE).is_err());
    }

    #[test]
    fn a10_it_is_put_off_for_a_bounded_time_and_only_while_it_waits() {
        let most = MINUTE + i64::try_from(SNOOZE_MAX.0).unwrap();
        for (until, fits) in [(MINUTE, false), (MINUTE + 1, true), (most, true), (most + 1, false)]
        {
            let asked = take(&opened(), Command::Snooze(Timestamp(until)), MINUTE);
            assert_eq!(asked.is_ok(), fits, "{until}");
        }
        let longer = take(&snoozed(3 * MINUTE), Command::Snooze(Timestamp(9 * MINUTE)), MINUTE);
        assert_eq!(longer.unwrap().next.snoozed_until, Some(Timestamp(9 * MINUTE)));
        for command in [Command::Reply, Command::Close] {
            let over = take(&opened(), command, MINUTE).unwrap().next;
            assert!(take(&over, Command::Snooze(Timestamp(3 * MINUTE)), MINUTE).is_err());
        }
    }

    #[test]
    fn a10_a_priority_moves_no_clock_and_ends_with_the_wait() {
        let urgent = take(&opened(), Command::Prioritize(Priority::Urgent), MINUTE).unwrap().next;
        assert_eq!((urgent.priority, urgent.alarm()), (Priority::Urgent, opened().alarm()));
        let closed = take(&urgent, Command::Close, MINUTE).unwrap().next;
        assert!(take(&closed, Command::Prioritize(Priority::Low), MINUTE).is_err());
        let asks = Escalation { conversation_id: "c1".into(), ..Escalation::default() };
        let anew = take(&closed, Command::Open(asks), MINUTE).unwrap().next;
        assert_eq!((anew.priority, anew.closed_at), (Priority::Normal, None));
    }
}
