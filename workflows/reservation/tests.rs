//! The life of a booking as a table of what happens to it and when.

mod still;

use super::*;
use crate::effect::Effect;
use crate::policy::Settings;
use crate::time::zone;
use crate::timer::{ByHand, Wish};

const HOUR: i64 = 3_600_000;
const MINUTE: i64 = 60_000;
/// The slot of every booking here; moments are written relative to it.
const SLOT: i64 = 1_800_000_000_000;

fn policy() -> Policy {
    let whatsapp = json!({"whatsapp": {"phone_number_id": "1"}, "timezone": "Europe/Madrid"});
    Policy::new(Settings::from_json(whatsapp).unwrap(), &[])
}

fn booking(slot: i64) -> Booking {
    Booking {
        reservation_id: "R-1".into(),
        date_time: Some(Timestamp(slot)),
        name: Some("Ana".into()),
        wa_number: Some("+34600000001".into()),
        ..Booking::default()
    }
}

/// One booking driven through time; notes what the world hears.
struct Story {
    policy: Policy,
    now: i64,
    state: Option<Reservation>,
    heard: Vec<String>,
}

impl Story {
    /// A booking made so long before its slot.
    fn booked(before: i64) -> Self {
        let mut story =
            Self { policy: policy(), now: SLOT - before, state: None, heard: Vec::new() };
        story.event(Command::Book(booking(SLOT))).unwrap();
        story
    }

    fn event(&mut self, command: Command) -> Result<(), Rejected> {
        self.take(command, Origin::Event)
    }

    fn customer(&mut self, command: Command) -> Result<(), Rejected> {
        self.take(command, Origin::Customer)
    }

    fn take(&mut self, command: Command, origin: Origin) -> Result<(), Rejected> {
        let ctx = Context { now: Timestamp(self.now), policy: &self.policy, origin };
        let transition = step(self.state.as_ref(), command, ctx)?;
        self.state = Some(transition.next);
        for effect in transition.effects {
            self.heard.push(match effect {
                Effect::Emit { event_type, .. } => event_type,
                Effect::Tell { message, .. } => format!("> {}", message.text.replace('.', "")),
                Effect::Signal { .. } => "signal".to_owned(),
                Effect::Mail { .. } => "mail".to_owned(),
                Effect::Note(_) => "note".to_owned(),
            });
        }
        Ok(())
    }

    /// Lets time pass to this moment relative to the slot; alarms ring on the way.
    fn until(&mut self, relative: i64) -> &mut Self {
        while let Some(due) = self.alarm().filter(|&due| due <= SLOT + relative) {
            self.now = due;
            self.ring();
        }
        self.now = SLOT + relative;
        self
    }

    fn ring(&mut self) {
        let generation = self.state().generation;
        self.take(Command::Wake { generation }, Origin::Clock).unwrap();
    }

    fn state(&self) -> &Reservation {
        self.state.as_ref().unwrap()
    }

    fn alarm(&self) -> Option<i64> {
        self.state().alarm().map(|due| due.0)
    }

    fn emitted(&self) -> Vec<&str> {
        self.heard.iter().map(String::as_str).filter(|text| !text.starts_with('>')).collect()
    }
}

#[test]
fn a05_a06_a08_an_unanswered_booking_is_reminded_twice_and_missed() {
    let mut story = Story::booked(48 * HOUR);
    story.until(HOUR);
    assert_eq!(story.emitted(), ["reminder.24h.sent", "reminder.2h.sent", "reminder.no_show"]);
    assert_eq!(story.heard.len(), 5, "two of them with a message: {:?}", story.heard);
    assert_eq!(story.state().status, Status::NoShow);
    assert_eq!(story.alarm(), None);
    assert_eq!(story.state().history.len(), 4);
}

#[test]
fn a05_the_reminder_comes_24_hours_before_and_not_earlier() {
    let story = Story::booked(48 * HOUR);
    assert_eq!(story.alarm(), Some(SLOT - 24 * HOUR));
    let ctx = Context {
        now: Timestamp(SLOT - 24 * HOUR - 1),
        policy: &story.policy,
        origin: Origin::Clock,
    };
    let generation = story.state().generation;
    assert!(step(story.state.as_ref(), Command::Wake { generation }, ctx).is_err());
}

#[test]
fn a06_a07_who_confirms_gets_thanks_and_no_second_reminder() {
    let mut story = Story::booked(48 * HOUR);
    story.until(-20 * HOUR).customer(Command::Confirm).unwrap();
    story.until(-HOUR);
    assert_eq!(story.emitted(), ["reminder.24h.sent", "reservation.confirmed"]);
    assert_eq!(story.heard.last().map(String::as_str), Some("> ✅ Confirmada ¡Te esperamos!"));
    assert_eq!(story.alarm(), Some(SLOT + 15 * MINUTE), "a confirmed customer may still not come");
}

#[test]
fn a07_who_cancels_hears_so_and_nothing_more_happens() {
    let mut story = Story::booked(48 * HOUR);
    story.until(-20 * HOUR).customer(Command::Cancel).unwrap();
    story.until(HOUR);
    assert_eq!(story.emitted(), ["reminder.24h.sent", "reservation.cancelled"]);
    assert_eq!((story.state().status, story.alarm()), (Status::Cancelled, None));
}

#[test]
fn a07_answers_that_come_twice_or_after_the_fact_change_nothing() {
    let mut story = Story::booked(48 * HOUR);
    story.until(-20 * HOUR).customer(Command::Confirm).unwrap();
    assert!(story.customer(Command::Confirm).is_err(), "twice");
    story.until(MINUTE);
    assert!(story.customer(Command::Cancel).is_err(), "after the slot");
    let mut missed = Story::booked(48 * HOUR);
    missed.until(HOUR);
    assert!(missed.customer(Command::Confirm).is_err());
    assert!(missed.customer(Command::Cancel).is_err());
}

#[test]
fn a08_who_arrived_or_was_served_or_cancelled_is_no_no_show() {
    for command in [Command::Arrive, Command::Complete, Command::Cancel] {
        let mut story = Story::booked(48 * HOUR);
        story.until(-MINUTE).event(command.clone()).unwrap();
        story.until(24 * HOUR);
        assert!(!story.emitted().contains(&"reminder.no_show"), "{command:?}");
        assert!(story.event(Command::MarkNoShow).is_err(), "{command:?}");
    }
}

#[test]
fn a08_llegue_after_the_no_show_still_counts_as_arrived() {
    let mut story = Story::booked(48 * HOUR);
    story.until(20 * MINUTE).customer(Command::Arrive).unwrap();
    assert_eq!(story.state().status, Status::Arrived);
}

#[test]
fn a09_a_moved_slot_moves_every_time_and_asks_again() {
    let mut story = Story::booked(48 * HOUR);
    story.until(-20 * HOUR).customer(Command::Confirm).unwrap();
    let old = story.state().generation;
    story.event(Command::Change(booking(SLOT + 72 * HOUR))).unwrap();
    assert_eq!(story.alarm(), Some(SLOT + 48 * HOUR));
    assert_eq!(story.state().status, Status::Booked);
    story.now = SLOT + 15 * MINUTE;
    assert!(story.take(Command::Wake { generation: old }, Origin::Clock).is_err(), "stale");
    story.until(73 * HOUR);
    assert_eq!(
        story.emitted(),
        [
            "reminder.24h.sent",
            "reservation.confirmed",
            "reminder.24h.sent",
            "reminder.2h.sent",
            "reminder.no_show"
        ]
    );
}

#[test]
fn a09_a_change_that_keeps_the_slot_keeps_the_times_and_the_answer() {
    let mut story = Story::booked(48 * HOUR);
    story.until(-20 * HOUR).customer(Command::Confirm).unwrap();
    let more = Booking { party_size: Some(9), ..booking(SLOT) };
    story.event(Command::Change(more)).unwrap();
    assert_eq!(story.state().party_size, Some(9));
    assert_eq!(story.state().name.as_deref(), Some("Ana"), "what is left out stays");
    assert_eq!(story.state().status, Status::Confirmed);
    assert_eq!(story.alarm(), Some(SLOT + 15 * MINUTE));
}

#[test]
fn a09_what_is_past_when_the_booking_is_made_is_skipped() {
    for (made_before, expected) in [
        (25 * HOUR, vec!["reminder.24h.sent", "reminder.2h.sent", "reminder.no_show"]),
        (24 * HOUR, vec!["reminder.2h.sent", "reminder.no_show"]),
        (3 * HOUR, vec!["reminder.2h.sent", "reminder.no_show"]),
        (HOUR, vec!["reminder.no_show"]),
        (-5 * MINUTE, vec!["reminder.no_show"]),
        (-30 * MINUTE, vec![]),
    ] {
        let mut story = Story::booked(made_before);
        story.until(HOUR);
        assert_eq!(story.emitted(), expected, "made {made_before} ms before");
    }
}

#[test]
fn a09_after_downtime_a_stale_reminder_is_skipped_and_a_no_show_fires_late() {
    let mut story = Story::booked(48 * HOUR);
    story.now = SLOT - 3 * HOUR;
    story.ring();
    assert_eq!(story.emitted(), [""; 0]);
    assert!(story.state().history.iter().any(|h| h.what.contains("24h skipped")));
    story.now = SLOT - 2 * HOUR + 10 * MINUTE;
    story.ring();
    assert_eq!(story.emitted(), ["reminder.2h.sent"], "a little late is not stale");
    story.now = SLOT + 9 * HOUR;
    story.ring();
    assert_eq!(story.emitted(), ["reminder.2h.sent", "reminder.no_show"]);
}

#[test]
fn a09_of_two_reminders_that_are_found_due_together_only_the_later_is_sent() {
    let settings = json!({"reminders": ["20s", "10s"], "whatsapp": {"phone_number_id": "1"}});
    let mut story = Story::booked(HOUR);
    story.policy = Policy::new(Settings::from_json(settings).unwrap(), &[]);
    story.event(Command::Change(booking(SLOT + 1))).unwrap();
    story.now = SLOT - 4_000;
    story.ring();
    assert!(story.emitted().contains(&"reminder.10s.sent"));
    assert!(!story.emitted().contains(&"reminder.20s.sent"));
}

#[test]
fn a09_a_booking_whose_time_is_past_says_why_nothing_follows() {
    let mut story = Story::booked(48 * HOUR);
    story.now = SLOT + 9 * HOUR;
    story.event(Command::Change(booking(SLOT + 1))).unwrap();
    assert!(story.state().history.iter().any(|h| h.what.contains("its time is past")));
}

#[test]
fn a09_daylight_saving_moves_the_wall_not_the_24_hours() {
    let madrid = zone("Europe/Madrid").unwrap();
    // The clocks go back at 03:00 on 25 October 2026, so that evening is 25 hours after the last.
    let slot = Timestamp::from_text("2026-10-25T20:00:00", &madrid).unwrap();
    let made = Timestamp::from_text("2026-10-20T20:00:00", &madrid).unwrap();
    let policy = policy();
    let ctx = Context { now: made, policy: &policy, origin: Origin::Event };
    let state = step(None, Command::Book(booking(slot.0)), ctx).unwrap().next;
    let alarm = state.alarm().unwrap();
    assert_eq!(alarm.wall(&madrid).to_string(), "2026-10-24T21:00:00");
    assert_eq!(slot.since(alarm), Span::hours(24));
}

#[test]
fn a_change_that_overtook_its_booking_makes_it() {
    let mut story = Story { policy: policy(), now: SLOT - 48 * HOUR, state: None, heard: vec![] };
    let bare = Booking { date_time: None, ..booking(SLOT) };
    assert!(story.event(Command::Change(bare)).is_err());
    assert!(story.event(Command::Confirm).is_err());
    story.event(Command::Change(booking(SLOT))).unwrap();
    assert_eq!(story.alarm(), Some(SLOT - 24 * HOUR));
    story.event(Command::Book(booking(SLOT))).unwrap();
    assert_eq!(story.alarm(), Some(SLOT - 24 * HOUR), "the overtaken booking changes nothing");
}

#[test]
fn a_cancelled_booking_can_be_made_again() {
    let mut story = Story::booked(48 * HOUR);
    story.event(Command::Cancel).unwrap();
    assert!(story.event(Command::Change(booking(SLOT + HOUR))).is_err());
    story.event(Command::Book(booking(SLOT))).unwrap();
    assert_eq!((story.state().status, story.alarm()), (Status::Booked, Some(SLOT - 24 * HOUR)));
}

#[test]
fn without_a_line_or_a_number_nobody_is_written_to_and_the_event_says_so() {
    let no_line = Policy::default();
    let no_number = Booking { wa_number: None, ..booking(SLOT) };
    for (policy, booking) in [(no_line, booking(SLOT)), (policy(), no_number)] {
        let mut ctx =
            Context { now: Timestamp(SLOT - 48 * HOUR), policy: &policy, origin: Origin::Event };
        let state = step(None, Command::Book(booking), ctx).unwrap().next;
        ctx.now = Timestamp(SLOT - 24 * HOUR);
        let wake = Command::Wake { generation: state.generation };
        let effects = step(Some(&state), wake, ctx).unwrap().effects;
        let [Effect::Emit { data, .. }] = &effects[..] else { panic!("{effects:?}") };
        assert_eq!(data.get("channel"), Some(&json!("none")));
    }
}

#[test]
fn a18_emitted_data_carries_the_hash_and_not_the_number() {
    let mut story = Story::booked(48 * HOUR);
    let data = story.state().data(&story.policy);
    assert!(!Value::Object(data.clone()).to_string().contains("600000001"));
    assert_eq!(data.get("wa_number_hash"), Some(&json!("eb491b384e4fda42")));
    story.until(0);
}

#[test]
fn history_is_bounded() {
    let mut story = Story::booked(48 * HOUR);
    for party in 1..100 {
        let booking = Booking { party_size: Some(party), ..booking(SLOT) };
        story.event(Command::Change(booking)).unwrap();
    }
    assert_eq!(story.state().history.len(), HISTORY_MAX);
}

#[test]
fn f07_a_booking_without_reminders_says_why_by_what_became_of_them() {
    use crate::why::{self, Asked, Code};
    let said = |story: &Story| why::reservation(story.state(), Asked::Told).code;
    let cancel = |story: &mut Story| {
        for name in ["24h", "2h"] {
            let kind = format!("reminder.{name}");
            let (_, due) = story.state().pending().find(|(pending, _)| *pending == kind).unwrap();
            let asked = ByHand { wish: Wish::Cancel, kind, due };
            let (now, policy) = (Timestamp(story.now), &story.policy);
            let ctx = Context { now, policy, origin: Origin::Operator };
            story.state = Some(story.state().by_hand(&asked, ctx).unwrap().next);
        }
    };
    let mut story = Story::booked(72 * HOUR);
    cancel(&mut story);
    for minute in 0..70 {
        story
            .event(Command::Change(Booking { notes: Some(format!("{minute}")), ..booking(SLOT) }))
            .unwrap();
    }
    assert_eq!(said(&story), Code::BookedUnreminded, "however much happened since");
    // All is set anew: what was cancelled for the other time is not for this one.
    let soon = SLOT - 71 * HOUR;
    story.event(Command::Change(booking(soon))).unwrap();
    assert_eq!(said(&story), Code::BookedTooLate);
    story.event(Command::Change(booking(SLOT))).unwrap();
    assert_eq!(said(&story), Code::Booked);

    // Nobody looked until the visit was near: both were of no use any more.
    let mut story = Story::booked(72 * HOUR);
    story.now = SLOT - 30 * MINUTE;
    story.ring();
    assert_eq!((said(&story), story.emitted()), (Code::BookedMissed, vec![]));

    let mut story = Story::booked(72 * HOUR);
    let none = json!({"reminders": []});
    story.policy = Policy::new(Settings::from_json(none).unwrap(), &[]);
    story.state = None;
    story.event(Command::Book(booking(SLOT))).unwrap();
    assert_eq!(said(&story), Code::BookedWithout);
}
