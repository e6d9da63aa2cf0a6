//! What an entity waits for, by the words that timers have outside.

use sereno_workflows::report;
use sereno_workflows::reservation::Reservation;
use sereno_workflows::time::Timestamp;

use crate::record::StateRecord;

/// What an entity still waits for and when, the earliest first.
pub fn pending(state: &StateRecord) -> Vec<(String, Timestamp)> {
    let one = |kind: &str, due: Option<Timestamp>| -> Vec<_> {
        due.into_iter().map(|due| (kind.to_owned(), due)).collect()
    };
    let mut pending: Vec<(String, Timestamp)> = match state {
        StateRecord::Reservation(booking) => booking.pending().collect(),
        StateRecord::Handoff(handoff) => {
            [one("sla", handoff.deadline), one("snooze", handoff.snoozed_until)].concat()
        }
        StateRecord::DeadLetters(pile) => one("dead_letter_age", pile.look_at),
        StateRecord::Conversation(talk) => one(talk.waits_for(), talk.alarm()),
        StateRecord::Product(product) => {
            product.waves.iter().map(|wave| (wave.aim.as_str().to_owned(), wave.due)).collect()
        }
        StateRecord::Alerts(alerts) => one("alerts", alerts.alarm()),
        StateRecord::Reports(reports) => one(report::ALARM, reports.due),
        StateRecord::Tenant(_) | StateRecord::Lead(_) => Vec::new(),
    };
    pending.sort_by_key(|(_, due)| *due);
    pending
}

/// What an entity waited for until then, as far as its state still says so now that it is over.
pub(crate) fn ended(state: &StateRecord, due: Timestamp) -> Option<String> {
    match state {
        StateRecord::Reservation(booking) => of_booking(booking, due),
        // Where it was put off and is not any more, what is left says so.
        StateRecord::Handoff(_) => Some("sla".to_owned()),
        StateRecord::Conversation(_) => Some("idle".to_owned()),
        StateRecord::DeadLetters(_)
        | StateRecord::Product(_)
        | StateRecord::Alerts(_)
        | StateRecord::Reports(_)
        | StateRecord::Tenant(_)
        | StateRecord::Lead(_) => None,
    }
}

/// The timers of another slot are named by nothing any more.
fn of_booking(booking: &Reservation, due: Timestamp) -> Option<String> {
    let reminder = booking.reminders.iter().find(|one| booking.slot.before(one.before) == due);
    let reminder = reminder.map(|reminder| format!("reminder.{}", reminder.name));
    let is_no_show = booking.no_show_at.is_none() && due > booking.slot;
    reminder.or_else(|| is_no_show.then(|| "no_show".to_owned()))
}
