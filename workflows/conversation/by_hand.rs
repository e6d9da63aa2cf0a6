//! A conversation's end for silence in the hands of a person, or that of its being held: at once, or not before
//! something more is said.

use super::{Context, Conversation, held, steps};
use crate::effect::{Rejected, Transition};
use crate::timer::{ByHand, Wish};

impl Conversation {
    /// Does with its alarm what a person wants.
    ///
    /// # Errors
    /// The alarm is not set (any more).
    pub fn by_hand(&self, asked: &ByHand, ctx: Context<'_>) -> Result<Transition<Self>, Rejected> {
        if !self.alarm().is_some_and(|due| asked.means(self.waits_for(), due)) {
            return Err(asked.gone());
        }
        match asked.wish {
            Wish::Fire if self.held.is_some() => held::give_back(self, ctx),
            Wish::Fire => Ok(steps::fall_silent(self, ctx)),
            Wish::Cancel => {
                let generation = self.generation.wrapping_add(1);
                let next = Self { alarm_at: None, generation, ..self.clone() };
                Ok(Transition { next, effects: Vec::new() })
            }
            Wish::MoveTo(_) if self.held.is_some() => Err(asked.fixed(
                "a conversation goes back when nobody has written for so long as the tenant's settings say; fire \
                 or cancel it",
            )),
            Wish::MoveTo(_) => Err(asked.fixed(
                "a conversation is over when nobody has written for so long as the tenant's settings say; fire \
                 or cancel it",
            )),
        }
    }

    /// What its alarm is for, as timers are called outside.
    pub fn waits_for(&self) -> &'static str {
        if self.held.is_some() { "hold" } else { "idle" }
    }

    /// Whether a person keeps it open, however long nobody writes.
    pub fn is_kept_open(&self) -> bool {
        self.status == super::Status::Open && self.alarm_at.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Command, What, step};
    use super::*;
    use crate::effect::Effect;
    use crate::policy::Policy;
    use crate::time::Timestamp;

    const MINUTE: i64 = 60_000;

    fn said() -> Command {
        let what = What::Receive { products: Vec::new(), campaign: None };
        Command { lead: None, channel: None, what }
    }

    #[test]
    fn f01_silence_is_brought_about_or_put_off_by_hand() {
        let policy = Policy::default();
        let at = |now| {
            let now = Timestamp(now);
            Context { id: "c1", now, at: now, policy: &policy, announce: false }
        };
        let open = step(None, said(), at(0)).unwrap().next;
        let due = open.alarm().unwrap();
        let asked = |wish| ByHand { wish, kind: "idle".into(), due };

        let ended = open.by_hand(&asked(Wish::Fire), at(MINUTE)).unwrap();
        assert!(matches!(&ended.effects[..], [Effect::Emit { event_type, .. }]
            if event_type == "conversation.ended"));
        assert!(ended.next.by_hand(&asked(Wish::Fire), at(MINUTE)).is_err(), "once");

        let kept = open.by_hand(&asked(Wish::Cancel), at(MINUTE)).unwrap().next;
        let (late, day) = (Timestamp(24 * 60 * MINUTE), 24 * 60 * MINUTE);
        assert!(kept.is_kept_open() && kept.takes(late, late, &policy), "for as long as it takes");
        let wake = Command { what: What::Wake { generation: open.generation }, ..said() };
        assert!(step(Some(&kept), wake, at(due.0)).is_err());
        let goes_on = step(Some(&kept), said(), at(day)).unwrap().next;
        assert!(goes_on.alarm().is_some_and(|due| due > late), "what is said sets it anew");
    }
}
