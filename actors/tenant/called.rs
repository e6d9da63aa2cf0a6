//! What a conversation or a booking is called that its teller calls by the number of the customer: by what leaves instead
//! of it, here as in what is told, so that whoever hears of it finds it, and no number stands in the clear.

use serde_json::{Map, Value};
use sereno_workflows::event::{Booking, Event, Fact};
use sereno_workflows::id::EntityKey;
use sereno_workflows::privacy;

use super::involve::Work;
use super::people::unreadable;
use super::{Tenant, TenantState};
use crate::gather::Refusal;
use crate::ledger::called::Called;

/// A booking's id with fewer digits in a row is none of a number, but that of a day.
const DIGITS_MIN: usize = 9;

/// The other names of what is called by a number.
fn aliases(state: &TenantState, id: &str) -> impl Iterator<Item = String> + use<> {
    state.view.policy.phone_hash.names_of(id).into_iter().skip(1)
}

impl Tenant {
    /// What is told of an event; where its conversation is called by a number, what it means is of the one that is
    /// called otherwise.
    pub(super) fn telling_of(
        &self,
        (state, work): (&mut TenantState, &mut Work),
        event: &Event,
        fact: &mut Fact,
    ) -> Result<Map<String, Value>, Refusal> {
        let data = event.told();
        let number = match fact {
            Fact::Reservation(_, booking) => self.name_booking((state, work), booking)?,
            _ => match data.get("conversation_id").and_then(Value::as_str) {
                Some(id) => self.name_talk((state, work), (id, &data), fact)?,
                None => None,
            },
        };
        Ok(state.view.policy.phone_hash.redact_of(&data, number.as_deref()))
    }

    /// Has what an event means be of the conversation that it tells of, and answers the number in what that is called, if
    /// it is known to be its customer's.
    fn name_talk(
        &self,
        (state, work): (&mut TenantState, &mut Work),
        (id, data): (&str, &Map<String, Value>),
        fact: &mut Fact,
    ) -> Result<Option<String>, Refusal> {
        let Some((alias, number)) = state.view.policy.phone_hash.without_number(id) else {
            if let (Some(own), Some(conversation)) =
                (self.told_as(state, id)?, fact.conversation_mut())
            {
                *conversation = own;
            }
            return Ok(None);
        };
        let called = if let Some(called) = self.talk_called(state, id)? {
            called
        } else if self.customer(state, data, fact)?.as_ref() != Some(&number) {
            return Ok(None);
        } else if self.talk_stands((state, work), id)? {
            // It was told of before anybody knew that this is a number.
            work.draft.tell_as(Called::Talk, &alias, id);
            state.people.told.put(alias, id.to_owned());
            id.to_owned()
        } else {
            alias
        };
        if let Some(conversation) = fact.conversation_mut() {
            *conversation = called;
        }
        Ok(Some(number))
    }

    /// The number of whom an event is about, as far as it is known.
    fn customer(
        &self,
        state: &mut TenantState,
        data: &Map<String, Value>,
        fact: &Fact,
    ) -> Result<Option<String>, Refusal> {
        let named = data.get("wa_number").and_then(Value::as_str);
        if let Some(number) = named.and_then(|text| privacy::phone(text).ok()) {
            return Ok(Some(number));
        }
        match fact {
            Fact::Talk(talk) => self.number_of(state, &talk.who),
            Fact::Handoff(_, escalation) => Ok(escalation.wa_number.clone()),
            Fact::Commerce(_) | Fact::Reservation(..) | Fact::Preference(_) | Fact::Other => {
                Ok(None)
            }
        }
    }

    /// What leaves instead of the number in an id, now or before there was a key, if a conversation is called so; the id
    /// itself where one is told of by that.
    fn talk_called(&self, state: &mut TenantState, id: &str) -> Result<Option<String>, Refusal> {
        for name in aliases(state, id) {
            if state.people.talks.get(&name).is_some()
                || self.is_there(state, Called::Talk, &name)?
            {
                return Ok(Some(name));
            }
            if let Some(own) = self.told_as(state, &name)? {
                return Ok(Some(own));
            }
        }
        Ok(None)
    }

    /// The conversation that is told of by another name than its own.
    fn told_as(&self, state: &TenantState, name: &str) -> Result<Option<String>, Refusal> {
        if let Some(own) = state.people.told.get(&name.to_owned()) {
            return Ok(Some(own.clone()));
        }
        let found = self.ledger().told_as(&state.view.id, Called::Talk, name);
        found.map_err(|error| unreadable(&error, &state.view.id))
    }

    /// Whether there is a conversation or a handoff with an id, or will be with this commit.
    fn talk_stands(&self, (state, work): (&TenantState, &Work), id: &str) -> Result<bool, Refusal> {
        let keys = [EntityKey::conversation(id), EntityKey::handoff(id)];
        let is_known = |key: &EntityKey| work.deeds.contains_key(key) || state.entities.has(key);
        Ok(keys.iter().any(is_known) || self.is_there(state, Called::Talk, id)?)
    }

    /// Has a booking go by what leaves instead of its number, and answers that number: one that does already, or a new
    /// one of whom the number is.
    fn name_booking(
        &self,
        (state, work): (&TenantState, &Work),
        booking: &mut Booking,
    ) -> Result<Option<String>, Refusal> {
        let id = &booking.reservation_id;
        if let Some(own) = self.booking_told_as(state, id)? {
            booking.reservation_id = own;
            return Ok(None);
        }
        let alias = state.view.policy.phone_hash.without_number(id);
        let Some((alias, number)) = alias.filter(|(_, number)| number.len() > DIGITS_MIN) else {
            return Ok(None);
        };
        let stands = |name: &str| {
            // One that was just told of is not on disk yet.
            let key = EntityKey::reservation(name);
            let is_known = work.deeds.contains_key(&key) || state.entities.has(&key);
            Ok(is_known || self.is_there(state, Called::Booking, name)?)
        };
        for name in aliases(state, id) {
            if stands(&name)? {
                booking.reservation_id = name;
                return Ok(Some(number));
            }
            if self.booking_told_as(state, &name)?.is_some() {
                return Ok(Some(number));
            }
        }
        if stands(id)? || booking.wa_number.as_ref() != Some(&number) {
            return Ok(None);
        }
        booking.reservation_id = alias;
        Ok(Some(number))
    }

    fn booking_told_as(&self, state: &TenantState, name: &str) -> Result<Option<String>, Refusal> {
        let found = self.ledger().told_as(&state.view.id, Called::Booking, name);
        found.map_err(|error| unreadable(&error, &state.view.id))
    }

    fn is_there(&self, state: &TenantState, what: Called, id: &str) -> Result<bool, Refusal> {
        let found = self.ledger().is_there(&state.view.id, what, id);
        found.map_err(|error| unreadable(&error, &state.view.id))
    }
}
