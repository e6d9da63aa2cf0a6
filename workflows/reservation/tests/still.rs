//! What was held up, as the booking is when it could go.

use super::*;
use crate::product::Still;
use crate::reservation::still::Said;

#[test]
fn a05_a06_what_was_held_up_goes_only_while_it_is_true() {
    let slot = Timestamp(SLOT).to_rfc3339();
    let body = json!({"data": {"reservation_id": "R-1", "date_time": slot}}).to_string();
    let said = |event_type: &str| Said::of(event_type, body.as_bytes());
    let reminded = said("reminder.24h.sent").unwrap();
    assert_eq!(reminded.reservation, "R-1");
    assert_eq!((said("reminder.no_show"), said("reservation.created")), (None, None));
    let (confirmed, cancelled) =
        (said("reservation.confirmed").unwrap(), said("reservation.cancelled").unwrap());
    let booked = Story::booked(48 * HOUR).state.unwrap();
    let as_it_is = |status, slot| Reservation { status, slot: Timestamp(slot), ..booked.clone() };
    let (early, late) = (SLOT - HOUR, SLOT);
    for (message, status, slot, now, goes) in [
        (&reminded, Status::Booked, SLOT, early, true),
        (&reminded, Status::Booked, SLOT, late, false),
        (&reminded, Status::Booked, SLOT + HOUR, early, false),
        (&reminded, Status::Confirmed, SLOT, early, false),
        (&reminded, Status::Cancelled, SLOT, early, false),
        (&reminded, Status::NoShow, SLOT, late, false),
        (&confirmed, Status::Confirmed, SLOT, early, true),
        (&confirmed, Status::Confirmed, SLOT, late, false),
        (&confirmed, Status::Cancelled, SLOT, early, false),
        (&confirmed, Status::Booked, SLOT + HOUR, early, false),
        (&confirmed, Status::Booked, SLOT, early, false),
        (&confirmed, Status::Arrived, SLOT, early, false),
        (&cancelled, Status::Cancelled, SLOT, late, true),
        (&cancelled, Status::Booked, SLOT, early, false),
    ] {
        let still = message.still(Some(&as_it_is(status, slot)), Timestamp(now));
        assert_eq!(still == Still::Holds, goes, "{message:?} {status:?}: {still:?}");
    }
    assert_eq!(reminded.still(None, Timestamp(SLOT)), Still::Holds, "no longer kept");
}

#[test]
fn a06_of_two_reminders_that_wait_only_the_later_goes() {
    let slot = Timestamp(SLOT).to_rfc3339();
    let body = json!({"data": {"reservation_id": "R-1", "date_time": slot}}).to_string();
    let goes = |story: &Story, name: &str| {
        let said = Said::of(&format!("reminder.{name}.sent"), body.as_bytes()).unwrap();
        said.still(story.state.as_ref(), Timestamp(story.now)) == Still::Holds
    };
    let mut story = Story::booked(48 * HOUR);
    story.until(-23 * HOUR);
    assert!(goes(&story, "24h"));
    story.until(-HOUR);
    assert_eq!((goes(&story, "24h"), goes(&story, "2h")), (false, true));

    // The later one was fired by hand before the other was due: that one is the later then.
    let mut story = Story::booked(48 * HOUR);
    let due = Timestamp(SLOT - 2 * HOUR);
    let asked = ByHand { wish: Wish::Fire, kind: "reminder.2h".to_owned(), due };
    let ctx =
        Context { now: Timestamp(story.now), policy: &story.policy, origin: Origin::Operator };
    story.state = Some(story.state().by_hand(&asked, ctx).unwrap().next);
    assert!(goes(&story, "2h"));
    story.until(-23 * HOUR);
    assert_eq!((goes(&story, "24h"), goes(&story, "2h")), (true, false));
}
