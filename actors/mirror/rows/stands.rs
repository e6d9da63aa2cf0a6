//! Rows of what stands: a booking, a handoff, a conversation, a lead, as they are at the moment.

use serde_json::{Value, json};
use sereno_workflows::conversation::{Conversation, Resolution};
use sereno_workflows::handoff::Handoff;
use sereno_workflows::id::Sequence;
use sereno_workflows::lead::Lead;
use sereno_workflows::reservation::{ReminderState, Reservation};

use super::{Rows, Table, Whose, key, moment};
use crate::ledger::timeline::KnownByNumber;

impl Rows {
    /// A booking as it stands.
    pub(in crate::mirror) fn reservation(
        &mut self,
        whose: &Whose<'_>,
        version: Sequence,
        booking: &Reservation,
        lead: Option<&str>,
    ) {
        let reminders: Vec<Value> = booking
            .reminders
            .iter()
            .map(|reminder| match reminder.state {
                ReminderState::Sent(at) => {
                    json!({"name": reminder.name, "state": "sent", "at": at.to_rfc3339()})
                }
                ReminderState::Pending => json!({"name": reminder.name, "state": "pending"}),
                ReminderState::Skipped | ReminderState::Cancelled | ReminderState::Missed => {
                    json!({"name": reminder.name, "state": "skipped"})
                }
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
            "lead_id": lead,
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
        lead: Option<&str>,
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
            "lead_id": lead,
            "phone": number.filter(|_| whose.phones),
            "phone_hash": number.map(|number| whose.hash.of(number)),
            "last_intent": handoff.last_intent,
            "reason": handoff.reason,
            "claimed_by": handoff.claim.as_ref().map(|claim| &claim.by),
            "claimed_at": handoff.claim.as_ref().map(|claim| moment(claim.at)),
            "priority": handoff.priority.as_str(),
            "snoozed_until": handoff.snoozed_until.map(moment),
            "closed_at": handoff.closed_at.map(moment),
            "version": version.0,
        });
        self.put(Table::Handoffs, key(whose, &handoff.conversation_id), row);
    }

    /// A conversation as it stands.
    pub(in crate::mirror) fn conversation(
        &mut self,
        whose: &Whose<'_>,
        version: Sequence,
        conversation: &Conversation,
    ) {
        let intents = conversation.intents.iter().map(|intent| &intent.name);
        let products = conversation.products.iter().map(|seen| &seen.sku);
        let Resolution { status, outcome, satisfaction } = &conversation.resolution;
        let score = satisfaction.map(|hundredths| f64::from(hundredths) / 100.0);
        let resolution = json!({"status": status, "outcome": outcome, "satisfaction_score": score});
        let row = json!({
            "tenant": whose.tenant.as_str(),
            "conversation_id": conversation.id,
            "status": conversation.status.as_str(),
            "channel": conversation.channel,
            "lead_id": conversation.lead,
            "campaign": conversation.campaign,
            "entry_point": conversation.entry_point,
            "started_at": moment(conversation.started_at),
            "heard_at": moment(conversation.heard_at),
            "received": conversation.received,
            "sent": conversation.sent,
            "calls": conversation.calls,
            "intents": intents.collect::<Vec<_>>(),
            "products": products.collect::<Vec<_>>(),
            "escalated_at": conversation.escalated_at.map(moment),
            "escalated_because": conversation.escalated_because,
            "ended_at": conversation.ended_at.map(moment),
            "ended_by": conversation.ended_by,
            "resolution": resolution,
            "order_id": conversation.order,
            "held_by": conversation.held.as_ref().map(|held| &held.by),
            "held_at": conversation.held.as_ref().map(|held| moment(held.at)),
            "version": version.0,
        });
        self.put(Table::Conversations, key(whose, &conversation.id), row);
    }

    /// Somebody of whom nothing is known but a number and what was done under it, or was before they turned
    /// out to be a lead.
    pub(in crate::mirror) fn known(
        &mut self,
        whose: &Whose<'_>,
        version: Sequence,
        (id, number): (&str, &str),
        known: &KnownByNumber,
        turned_out: Option<&str>,
    ) {
        let row = json!({
            "tenant": whose.tenant.as_str(),
            "lead_id": id,
            "phone": Some(number).filter(|_| whose.phones),
            "phone_hash": whose.hash.of(number),
            "name": known.name,
            "locale": known.locale,
            "messages": 0,
            "conversations": 0,
            "calls": 0,
            "orders": 0,
            "merged_into": turned_out,
            "first_seen_at": moment(known.first_seen),
            "last_seen_at": moment(known.last_seen),
            "version": version.0,
        });
        self.put(Table::Leads, key(whose, id), row);
    }

    /// A lead as it stands.
    pub(in crate::mirror) fn lead(&mut self, whose: &Whose<'_>, version: Sequence, lead: &Lead) {
        let number = lead.phone();
        let row = json!({
            "tenant": whose.tenant.as_str(),
            "lead_id": lead.id,
            "user_id": lead.user_ids.last(),
            "phone": number.filter(|_| whose.phones),
            "phone_hash": number.map(|number| whose.hash.of(number)),
            "name": lead.name,
            "locale": lead.locale,
            "channel": lead.source,
            "campaign": lead.campaign,
            "opted_out_at": lead.opted_out.as_ref().map(|out| moment(out.at)),
            "conversation_id": lead.conversation,
            "messages": lead.messages,
            "conversations": lead.conversations,
            "calls": lead.calls,
            "orders": lead.orders,
            "merged_into": lead.merged_into,
            "first_seen_at": moment(lead.first_seen),
            "last_seen_at": moment(lead.last_seen),
            "version": version.0,
        });
        self.put(Table::Leads, key(whose, &lead.id), row);
    }
}
