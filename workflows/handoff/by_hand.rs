//! A handoff's deadline in the hands of a person: breached at once, or lifted.
//!
//! It is not moved: the deadline says how long a customer has waited for a reply, and they do not wait less
//! because somebody put it off. Whoever means that it does not count lifts it, which is seen.
//!
//! The moment at which one comes back that was put off is a person's to choose.

use super::{Context, Handoff, breach, snooze};
use crate::effect::{Rejected, Transition};
use crate::timer::{ByHand, Wish};

impl Handoff {
    /// Does with its deadline what a person wants, or with the end of its being put off: a breach tells how long
    /// the customer really waited.
    ///
    /// # Errors
    /// The timer is not set (any more), or is not set for such a moment.
    pub fn by_hand(&self, asked: &ByHand, ctx: Context<'_>) -> Result<Transition<Self>, Rejected> {
        if self.snoozed_until.is_some_and(|due| asked.means("snooze", due)) {
            return match asked.wish {
                Wish::Fire => Ok(snooze::end(self, snooze::TIME, ctx)),
                // Put off without an end it would be forgotten: it is to be answered now.
                Wish::Cancel => snooze::unsnooze(self, ctx),
                Wish::MoveTo(until) => snooze::snooze(self, until, ctx),
            };
        }
        if !self.deadline.is_some_and(|due| asked.means("sla", due)) {
            return Err(asked.gone());
        }
        let generation = self.generation.wrapping_add(1);
        match asked.wish {
            Wish::Fire => {
                let Transition { next, effects } = breach(self, ctx);
                Ok(Transition { next: Self { generation, ..next }, effects })
            }
            Wish::Cancel => {
                let next = Self { deadline: None, generation, ..self.clone() };
                Ok(Transition { next, effects: Vec::new() })
            }
            Wish::MoveTo(_) => Err(asked.fixed(
                "it says how long the customer has waited; reply, or cancel it where the wait does not count",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Command, step};
    use super::*;
    use crate::effect::Effect;
    use crate::event::Escalation;
    use crate::policy::Policy;
    use crate::time::Timestamp;

    const MINUTE: i64 = 60_000;

    #[test]
    fn f01_a_deadline_is_broken_or_lifted_by_hand_once() {
        let policy = Policy::default();
        let at = |now| {
            let now = Timestamp(now);
            Context { now, at: now, policy: &policy, announce: false }
        };
        let asks = Escalation { conversation_id: "c1".into(), ..Escalation::default() };
        let open = step(None, Command::Open(asks), at(0)).unwrap().next;
        let due = Timestamp(5 * MINUTE);
        let asked = |wish| ByHand { wish, kind: "sla".into(), due };

        let broken = open.by_hand(&asked(Wish::Fire), at(MINUTE)).unwrap();
        let [Effect::Emit { event_type, data }, Effect::Signal { .. }] = &broken.effects[..] else {
            panic!("{:?}", broken.effects)
        };
        assert_eq!((event_type.as_str(), &data["elapsed_minutes"]), ("sla.breached", &1.into()));
        assert!(broken.next.by_hand(&asked(Wish::Fire), at(MINUTE)).is_err());

        let lifted = open.by_hand(&asked(Wish::Cancel), at(MINUTE)).unwrap();
        assert!(lifted.effects.is_empty() && lifted.next.alarm().is_none());
        let wake = Command::Wake { generation: open.generation };
        assert!(step(Some(&lifted.next), wake, at(6 * MINUTE)).is_err());
        let moved = asked(Wish::MoveTo(Timestamp(9 * MINUTE)));
        let refused = open.by_hand(&moved, at(MINUTE)).unwrap_err();
        assert!(refused.0.starts_with("sla cannot be moved"), "{refused}");
        let other = ByHand { due: Timestamp(1), ..asked(Wish::Fire) };
        assert!(open.by_hand(&other, at(MINUTE)).is_err());

        let until = Timestamp(3 * MINUTE);
        let off = step(Some(&open), Command::Snooze(until), at(MINUTE)).unwrap().next;
        let asked = |wish| ByHand { wish, kind: "snooze".into(), due: until };
        assert!(open.by_hand(&asked(Wish::Fire), at(MINUTE)).is_err());
        for wish in [Wish::Fire, Wish::Cancel] {
            let back = off.by_hand(&asked(wish), at(MINUTE)).unwrap().next;
            assert_eq!((back.snoozed_until, back.alarm()), (None, Some(due)));
        }
        let later = Timestamp(4 * MINUTE);
        let moved = off.by_hand(&asked(Wish::MoveTo(later)), at(MINUTE)).unwrap().next;
        assert_eq!(moved.snoozed_until, Some(later));
    }
}
