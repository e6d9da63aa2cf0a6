//! Rows of what stands: a booking, a handoff, as they are at the moment.

use serde_json::{Value, json};
use sereno_workflows::handoff::Handoff;
use sereno_workflows::id::Sequence;
use sereno_workflows::reservation::{ReminderState, Reservation};

use super::{Rows, Table, Whose, key, moment};

impl Rows {
    /// A booking as it stands.
    pub(in crate::mirror) fn reservation(
        &mut self,
        whose: &Whose<'_>,
        version: Sequence,
        booking: &Reservation,
    ) {
        let reminders: Vec<Value> = booking
            .reminders
            .iter()
            .map(|reminder| match reminder.state {
                ReminderState::Sent(at) => {
                    json!({"name": reminder.name, "state": "sent", "at": at.to_rfc3339()})
                }
                ReminderState::Pending => json!({"name": reminder.name, "state": "pending"}),
                ReminderState::Skipped => json!({"name": reminder.name, "state": "skipped"}),
            })
            .collect();
        let history: Vec<Value> = booking
            .history
            .iter()
            .map(|happening| json!({"at": happening.at.to_rfc3339(), "what": happening.what}))
            .collect();
        let number = booking.wa_number.as_deref();
        let row = json!({
            "tenant": whose.tenant.as_str(),
            "reservation_id": booking.id,
            "status": booking.status.as_str(),
            "slot": moment(booking.slot),
            "party_size": booking.party_size,
            "name": booking.name,
            "phone": number.filter(|_| whose.phones),
            "phone_hash": number.map(|number| whose.hash.of(number)),
            "email": booking.email,
            "restaurant": booking.restaurant,
            "intent": booking.intent,
            "locale": booking.locale,
            "notes": booking.notes,
            "no_show_at": booking.no_show_at.map(moment),
            "reminders": reminders,
            "history": history,
            "version": version.0,
        });
        self.put(Table::Reservations, key(whose, &booking.id), row);
    }

    /// A handoff as it stands.
    pub(in crate::mirror) fn handoff(
        &mut self,
        whose: &Whose<'_>,
        version: Sequence,
        handoff: &Handoff,
    ) {
        let number = handoff.wa_number.as_deref();
        let row = json!({
            "tenant": whose.tenant.as_str(),
            "conversation_id": handoff.conversation_id,
            "status": handoff.status.as_str(),
            "opened_at": moment(handoff.opened_at),
            "replied_at": handoff.replied_at.map(moment),
            "deadline": handoff.deadline.map(moment),
            "breached_at": handoff.breached_at.map(moment),
            "phone": number.filter(|_| whose.phones),
            "phone_hash": number.map(|number| whose.hash.of(number)),
            "last_intent": handoff.last_intent,
            "reason": handoff.reason,
            "version": version.0,
        });
        self.put(Table::Handoffs, key(whose, &handoff.conversation_id), row);
    }
}
