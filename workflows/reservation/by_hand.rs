//! A booking's timers in the hands of a person: fired before their time, moved, or taken away.
//!
//! Whoever fires one wants it now, so nothing is too late or too early for it: a reminder goes out a week before
//! the slot, and a no-show before the slot is one all the same. Whoever moves one says when it makes sense: a
//! reminder before the slot, a no-show after it. Each leaves a line in the booking's history; a booking that is
//! moved itself has all of its timers set anew.

use super::{Context, ReminderState, Reservation, steps};
use crate::effect::{Rejected, Transition};
use crate::time::{Span, Timestamp};
use crate::timer::{ByHand, Wish};

/// How long after its slot a booking may become a no-show, where a person says when.
const NO_SHOW_AFTER_MAX: Span = Span::hours(24);

impl Reservation {
    /// Does with one of its timers what a person wants.
    ///
    /// # Errors
    /// The timer is not set (any more).
    pub fn by_hand(&self, asked: &ByHand, ctx: Context<'_>) -> Result<Transition<Self>, Rejected> {
        if !self.pending().any(|(kind, due)| asked.means(&kind, due)) {
            return Err(asked.gone());
        }
        let mut transition = match (asked.kind.strip_prefix("reminder."), asked.wish) {
            (Some(name), Wish::MoveTo(at)) => self.move_reminder(name, at, ctx)?,
            (None, Wish::MoveTo(at)) => self.move_no_show(at, ctx)?,
            (Some(name), Wish::Fire) => self.remind_by_hand(name, true, ctx),
            (Some(name), Wish::Cancel) => self.remind_by_hand(name, false, ctx),
            (None, Wish::Fire) => steps::mark_no_show(self, ctx)?,
            (None, Wish::Cancel) => {
                let next = Self { no_show_at: None, ..self.clone() };
                Transition { next, effects: Vec::new() }
            }
        };
        // What was set before is stale from here on, whenever it rings.
        transition.next.generation = self.generation.wrapping_add(1);
        transition.next.remember(ctx.now, asked.told());
        Ok(transition)
    }

    /// Whether this reminder was cancelled by a person.
    pub fn is_cancelled_by_hand(&self, name: &str) -> bool {
        let mut mine = self.reminders.iter().filter(|reminder| reminder.name == name);
        mine.any(|reminder| reminder.state == ReminderState::Cancelled)
    }

    fn move_reminder(
        &self,
        name: &str,
        at: Timestamp,
        ctx: Context<'_>,
    ) -> Result<Transition<Self>, Rejected> {
        must_come(at, ctx)?;
        if at >= self.slot {
            let slot = self.slot.to_rfc3339();
            return Err(Rejected::because(format!("a reminder goes out before the slot, {slot}")));
        }
        let is_pending =
            |reminder: &super::Reminder| matches!(reminder.state, ReminderState::Pending);
        let others = self.reminders.iter().filter(|reminder| reminder.name != name);
        if others.filter(|one| is_pending(one)).any(|one| one.due(self.slot) == at) {
            let reason =
                "another reminder goes out at this moment, and two at once say nothing more";
            return Err(Rejected::because(reason));
        }
        let mut next = self.clone();
        let mut mine = next.reminders.iter_mut();
        if let Some(reminder) = mine.find(|one| one.name == name && is_pending(one)) {
            reminder.before = self.slot.since(at);
        }
        // The earliest is the first, and the last says that it is.
        next.reminders.sort_by_key(|reminder| std::cmp::Reverse(reminder.before));
        Ok(Transition { next, effects: Vec::new() })
    }

    fn move_no_show(&self, at: Timestamp, ctx: Context<'_>) -> Result<Transition<Self>, Rejected> {
        must_come(at, ctx)?;
        let latest = self.slot.after(NO_SHOW_AFTER_MAX);
        if !(self.slot..=latest).contains(&at) {
            return Err(Rejected::because(format!(
                "whether somebody came is seen from the slot on, {}, until {}",
                self.slot.to_rfc3339(),
                latest.to_rfc3339()
            )));
        }
        let next = Self { no_show_at: Some(at), ..self.clone() };
        Ok(Transition { next, effects: Vec::new() })
    }

    fn remind_by_hand(&self, name: &str, goes_out: bool, ctx: Context<'_>) -> Transition<Self> {
        let (mut next, mut effects) = (self.clone(), Vec::new());
        let last = next.reminders.len().saturating_sub(1);
        let pending = |reminder: &super::Reminder| {
            reminder.name == name && reminder.state == ReminderState::Pending
        };
        let Some(place) = next.reminders.iter().position(pending) else {
            return Transition { next, effects };
        };
        let several = last > 0;
        if let Some(reminder) = next.reminders.get_mut(place) {
            reminder.state =
                if goes_out { ReminderState::Sent(ctx.now) } else { ReminderState::Cancelled };
        }
        if let Some(reminder) = next.reminders.get(place).filter(|_| goes_out) {
            effects = steps::remind(&next, reminder, several && place == last, ctx.policy);
        }
        Transition { next, effects }
    }
}

fn must_come(at: Timestamp, ctx: Context<'_>) -> Result<(), Rejected> {
    if at > ctx.now {
        return Ok(());
    }
    Err(Rejected::because("that moment is past: to have it now, fire the timer"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::effect::Effect;
    use crate::event::Booking;
    use crate::policy::{Policy, Settings};
    use crate::reservation::{Command, Origin, Status, step};

    const HOUR: i64 = 3_600_000;
    const WEEK: i64 = 7 * 24 * HOUR;

    struct Desk {
        policy: Policy,
        booking: Reservation,
    }

    impl Desk {
        fn new() -> Self {
            let settings = json!({"whatsapp": {"phone_number_id": "1"}});
            let policy = Policy::new(Settings::from_json(settings).unwrap(), &[]);
            let booking = Booking {
                reservation_id: "R-1".into(),
                date_time: Some(Timestamp(WEEK)),
                wa_number: Some("+34600000001".into()),
                ..Booking::default()
            };
            let ctx = Context { now: Timestamp(0), policy: &policy, origin: Origin::Event };
            let booking = step(None, Command::Book(booking), ctx).unwrap().next;
            Self { policy, booking }
        }

        fn ask(&mut self, wish: Wish, kind: &str, due: i64) -> Result<Vec<String>, Rejected> {
            let asked = ByHand { wish, kind: kind.to_owned(), due: Timestamp(due) };
            let now = Timestamp(HOUR);
            let ctx = Context { now, policy: &self.policy, origin: Origin::Operator };
            let Transition { next, effects } = self.booking.by_hand(&asked, ctx)?;
            self.booking = next;
            let types = effects.into_iter().filter_map(|effect| match effect {
                Effect::Emit { event_type, .. } => Some(event_type),
                Effect::Tell { to, .. } => Some(to),
                Effect::Signal { .. } | Effect::Note(_) | Effect::Mail { .. } => None,
            });
            Ok(types.collect())
        }

        fn pending(&self) -> Vec<String> {
            self.booking.pending().map(|(kind, _)| kind).collect()
        }
    }

    #[test]
    fn f01_a_reminder_fired_days_before_goes_out_and_only_once() {
        let mut desk = Desk::new();
        let due = WEEK - 24 * HOUR;
        let said = desk.ask(Wish::Fire, "reminder.24h", due).unwrap();
        assert_eq!(said, ["reminder.24h.sent", "+34600000001"]);
        assert_eq!(desk.pending(), ["reminder.2h", "no_show"]);
        let last = desk.booking.history.last().unwrap();
        assert_eq!(last.what, "reminder.24h fired by hand");
        assert!(desk.ask(Wish::Fire, "reminder.24h", due).is_err(), "once");
        let wake = Command::Wake { generation: desk.booking.generation };
        let ctx = Context { now: Timestamp(due), policy: &desk.policy, origin: Origin::Clock };
        assert!(step(Some(&desk.booking), wake, ctx).is_err(), "its own time changes nothing");
    }

    #[test]
    fn f01_a_reminder_of_another_time_is_not_the_one_that_is_meant() {
        let mut desk = Desk::new();
        let gone = desk.ask(Wish::Fire, "reminder.24h", WEEK - 23 * HOUR).unwrap_err();
        assert!(gone.0.contains("no longer set"), "{gone}");
        assert!(desk.ask(Wish::Cancel, "reminder.3h", WEEK - 3 * HOUR).is_err());
    }

    #[test]
    fn f01_a_cancelled_timer_is_gone_and_the_others_stay() {
        let mut desk = Desk::new();
        let said = desk.ask(Wish::Cancel, "reminder.24h", WEEK - 24 * HOUR).unwrap();
        assert!(said.is_empty() && desk.booking.is_cancelled_by_hand("24h"));
        assert!(!desk.booking.is_cancelled_by_hand("2h"));
        desk.ask(Wish::Cancel, "no_show", WEEK + HOUR / 4).unwrap();
        assert_eq!(desk.pending(), ["reminder.2h"]);
        assert_eq!(desk.booking.status, Status::Booked);
        let last = desk.booking.history.last().unwrap();
        assert_eq!(last.what, "no_show cancelled by hand");
    }

    #[test]
    fn f01_a_no_show_fired_before_the_slot_is_one() {
        let mut desk = Desk::new();
        let said = desk.ask(Wish::Fire, "no_show", WEEK + HOUR / 4).unwrap();
        assert_eq!(said, ["reminder.no_show"]);
        assert_eq!((desk.booking.status, desk.pending().len()), (Status::NoShow, 0));
    }

    #[test]
    fn f01_a_moved_reminder_goes_out_then_and_in_its_new_order() {
        let mut desk = Desk::new();
        let (due, to) = (WEEK - 24 * HOUR, WEEK - HOUR);
        let said = desk.ask(Wish::MoveTo(Timestamp(to)), "reminder.24h", due).unwrap();
        assert!(said.is_empty(), "nobody is told: {said:?}");
        assert_eq!(desk.pending(), ["reminder.2h", "reminder.24h", "no_show"]);
        let last = desk.booking.history.last().unwrap();
        assert_eq!(last.what, "reminder.24h moved to 1970-01-07T23:00:00.000Z by hand");
        assert!(desk.ask(Wish::Fire, "reminder.24h", due).is_err(), "not by its old name");

        let wake = |desk: &Desk, at: i64| {
            let wake = Command::Wake { generation: desk.booking.generation };
            let ctx = Context { now: Timestamp(at), policy: &desk.policy, origin: Origin::Clock };
            step(Some(&desk.booking), wake, ctx)
        };
        assert!(wake(&desk, due).is_err(), "its old time means nothing");
        for (at, name) in [(WEEK - 2 * HOUR, "2h"), (to, "24h")] {
            let Transition { next, effects } = wake(&desk, at).unwrap();
            let wanted = format!("reminder.{name}.sent");
            assert!(
                matches!(&effects[0], Effect::Emit { event_type, .. } if *event_type == wanted)
            );
            desk.booking = next;
        }
    }

    #[test]
    fn f01_what_is_moved_stays_where_it_makes_sense() {
        let mut desk = Desk::new();
        let (reminder, no_show) = (WEEK - 24 * HOUR, WEEK + HOUR / 4);
        for (kind, due, to, why) in [
            ("reminder.24h", reminder, HOUR, "past"),
            ("reminder.24h", reminder, WEEK, "before the slot"),
            ("reminder.24h", reminder, WEEK - 2 * HOUR, "another reminder"),
            ("no_show", no_show, WEEK - 1, "from the slot on"),
            ("no_show", no_show, WEEK + 24 * HOUR + 1, "from the slot on"),
            ("no_show", no_show + 1, WEEK + HOUR, "no longer set"),
        ] {
            let before = desk.booking.clone();
            let refused = desk.ask(Wish::MoveTo(Timestamp(to)), kind, due).unwrap_err();
            assert!(refused.0.contains(why), "{kind} to {to}: {refused}");
            assert_eq!(desk.booking, before);
        }
        desk.ask(Wish::MoveTo(Timestamp(WEEK + HOUR)), "no_show", no_show).unwrap();
        assert_eq!(desk.booking.no_show_at, Some(Timestamp(WEEK + HOUR)));
    }
}
