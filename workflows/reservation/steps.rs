//! What each command does to a booking.

use serde_json::json;

use super::{Context, Origin, Reminder, ReminderState, Reservation, Status};
use crate::effect::{Effect, Rejected, Transition};
use crate::event::Booking;
use crate::locale::Locale;
use crate::message::{self, Message, Visit};
use crate::policy::Policy;

pub(super) fn book(
    present: Option<&Reservation>,
    booking: Booking,
    ctx: Context<'_>,
) -> Result<Transition<Reservation>, Rejected> {
    if let Some(present) = present.filter(|present| !present.is_over()) {
        return change(present, booking, ctx);
    }
    let slot =
        booking.date_time.ok_or_else(|| Rejected::because("a booking needs its date and time"))?;
    let mut next = Reservation {
        id: booking.reservation_id.clone(),
        status: Status::Booked,
        slot,
        party_size: None,
        name: None,
        wa_number: None,
        email: None,
        restaurant: None,
        intent: None,
        locale: None,
        notes: None,
        reminders: Vec::new(),
        no_show_at: None,
        generation: present.map_or(0, |present| present.generation),
        history: present.map_or_else(Vec::new, |present| present.history.clone()),
    };
    next.adopt(booking);
    next.schedule(ctx);
    next.remember(ctx.now, format!("booked for {}", slot.to_rfc3339()));
    Ok(Transition { next, effects: Vec::new() })
}

pub(super) fn change(
    present: &Reservation,
    booking: Booking,
    ctx: Context<'_>,
) -> Result<Transition<Reservation>, Rejected> {
    if present.is_over() {
        return Err(already(present));
    }
    let mut next = present.clone();
    let moved = booking.date_time.filter(|&slot| slot != present.slot);
    next.adopt(booking);
    match moved {
        Some(slot) => {
            // A confirmation was for the old slot: the customer is asked again about the new one.
            next.status = Status::Booked;
            next.slot = slot;
            next.schedule(ctx);
            next.remember(ctx.now, format!("moved to {}", slot.to_rfc3339()));
        }
        None => next.remember(ctx.now, "details changed"),
    }
    let effects = announce(&next, "reservation.modified", ctx);
    Ok(Transition { next, effects })
}

pub(super) fn confirm(
    present: &Reservation,
    ctx: Context<'_>,
) -> Result<Transition<Reservation>, Rejected> {
    if present.status != Status::Booked {
        return Err(already(present));
    }
    refuse_late_answer(present, ctx)?;
    let mut next = present.clone();
    next.silence();
    next.status = Status::Confirmed;
    next.remember(ctx.now, format!("confirmed by {}", by(ctx.origin)));
    let mut effects = announce(&next, "reservation.confirmed", ctx);
    effects.extend(thank(&next, message::confirmed, ctx));
    Ok(Transition { next, effects })
}

pub(super) fn cancel(
    present: &Reservation,
    ctx: Context<'_>,
) -> Result<Transition<Reservation>, Rejected> {
    if !matches!(present.status, Status::Booked | Status::Confirmed) {
        return Err(already(present));
    }
    refuse_late_answer(present, ctx)?;
    let mut next = present.clone();
    next.finish(Status::Cancelled);
    next.remember(ctx.now, format!("cancelled by {}", by(ctx.origin)));
    let mut effects = announce(&next, "reservation.cancelled", ctx);
    effects.extend(thank(&next, message::cancelled, ctx));
    Ok(Transition { next, effects })
}

pub(super) fn arrive(
    present: &Reservation,
    ctx: Context<'_>,
) -> Result<Transition<Reservation>, Rejected> {
    match present.status {
        Status::Booked | Status::Confirmed | Status::NoShow => {}
        Status::Cancelled | Status::Arrived | Status::Completed => return Err(already(present)),
    }
    let mut next = present.clone();
    next.finish(Status::Arrived);
    next.remember(ctx.now, format!("arrived, said {}", by(ctx.origin)));
    let effects = announce(&next, "reservation.arrived", ctx);
    Ok(Transition { next, effects })
}

pub(super) fn complete(
    present: &Reservation,
    ctx: Context<'_>,
) -> Result<Transition<Reservation>, Rejected> {
    match present.status {
        Status::Booked | Status::Confirmed | Status::Arrived => {}
        Status::Cancelled | Status::Completed | Status::NoShow => return Err(already(present)),
    }
    let mut next = present.clone();
    next.finish(Status::Completed);
    next.remember(ctx.now, format!("completed by {}", by(ctx.origin)));
    let effects = announce(&next, "reservation.completed", ctx);
    Ok(Transition { next, effects })
}

pub(super) fn mark_no_show(
    present: &Reservation,
    ctx: Context<'_>,
) -> Result<Transition<Reservation>, Rejected> {
    if !matches!(present.status, Status::Booked | Status::Confirmed) {
        return Err(already(present));
    }
    let mut next = present.clone();
    next.finish(Status::NoShow);
    next.remember(ctx.now, "did not come");
    let data = next.data(ctx.policy);
    let effects = vec![Effect::Emit { event_type: "reminder.no_show".to_owned(), data }];
    Ok(Transition { next, effects })
}

pub(super) fn wake(
    present: &Reservation,
    generation: u32,
    ctx: Context<'_>,
) -> Result<Transition<Reservation>, Rejected> {
    if generation != present.generation || present.alarm().is_none_or(|due| due > ctx.now) {
        return Err(Rejected::because("stale wake"));
    }
    if present.no_show_at.is_some_and(|due| due <= ctx.now) {
        return mark_no_show(present, ctx);
    }
    let mut next = present.clone();
    let mut effects = Vec::new();
    let last = next.reminders.len().saturating_sub(1);
    let several = next.reminders.len() > 1;
    for index in 0..next.reminders.len() {
        let Some(reminder) = next.reminders.get(index).cloned() else { continue };
        if reminder.state != ReminderState::Pending || reminder.due(next.slot) > ctx.now {
            continue;
        }
        let following = next.reminders.get(index + 1..).unwrap_or_default();
        let stale = ctx.now >= reminder.stale_after(next.slot)
            || following.iter().any(|later| later.due(next.slot) <= ctx.now);
        let state = if stale { ReminderState::Missed } else { ReminderState::Sent(ctx.now) };
        if let Some(slot) = next.reminders.get_mut(index) {
            slot.state = state;
        }
        if stale {
            next.remember(ctx.now, format!("reminder {} skipped: found too late", reminder.name));
            continue;
        }
        next.remember(ctx.now, format!("reminder {} sent", reminder.name));
        let last_of_several = several && index == last;
        effects.extend(remind(&next, &reminder, last_of_several, ctx.policy));
    }
    Ok(Transition { next, effects })
}

/// The reminder to the customer, where there is a line and a number, and the event that says so.
pub(super) fn remind(
    reservation: &Reservation,
    reminder: &Reminder,
    last_of_several: bool,
    policy: &Policy,
) -> Vec<Effect> {
    let visit = Visit {
        id: &reservation.id,
        at: reservation.slot.wall(&policy.zone),
        name: reservation.name.as_deref(),
        restaurant: reservation.restaurant.as_deref(),
        party_size: reservation.party_size,
    };
    let locale = reservation.locale(policy);
    let message = if last_of_several {
        message::last_reminder(visit, locale)
    } else {
        message::reminder(visit, locale)
    };
    let told = tell(reservation, message, policy);
    let mut data = reservation.data(policy);
    data.insert("reminder".to_owned(), json!(reminder.name));
    data.insert("channel".to_owned(), json!(if told.is_some() { "whatsapp" } else { "none" }));
    let event_type = format!("reminder.{}.sent", reminder.name);
    let mut effects = vec![Effect::Emit { event_type, data }];
    effects.extend(told);
    effects
}

fn announce(next: &Reservation, event_type: &str, ctx: Context<'_>) -> Vec<Effect> {
    match ctx.origin {
        Origin::Event => Vec::new(),
        Origin::Customer | Origin::Operator | Origin::Clock => {
            let data = next.data(ctx.policy);
            vec![Effect::Emit { event_type: event_type.to_owned(), data }]
        }
    }
}

fn thank(next: &Reservation, text: fn(Locale) -> Message, ctx: Context<'_>) -> Option<Effect> {
    match ctx.origin {
        Origin::Customer => tell(next, text(next.locale(ctx.policy)), ctx.policy),
        Origin::Event | Origin::Operator | Origin::Clock => None,
    }
}

fn tell(reservation: &Reservation, message: Message, policy: &Policy) -> Option<Effect> {
    policy.settings.whatsapp.as_ref()?;
    let to = reservation.wa_number.clone()?;
    Some(Effect::Tell { to, message })
}

fn refuse_late_answer(present: &Reservation, ctx: Context<'_>) -> Result<(), Rejected> {
    if ctx.origin == Origin::Customer && ctx.now > present.slot {
        return Err(Rejected::because("the answer came after the slot"));
    }
    Ok(())
}

fn already(present: &Reservation) -> Rejected {
    Rejected::because(format!("the reservation is {}", present.status.as_str()))
}

fn by(origin: Origin) -> &'static str {
    match origin {
        Origin::Event => "an event",
        Origin::Customer => "the customer",
        Origin::Operator => "an operator",
        Origin::Clock => "the clock",
    }
}
