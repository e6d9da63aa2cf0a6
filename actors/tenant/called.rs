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
        (state, work): (&mut TenantState, &Work),
        event: &Event,
        fact: &mut Fact,
    ) -> Result<Map<String, Value>, Refusal> {
        let data = event.told();
        if let Fact::Reservation(_, booking) = fact
            && let Some(number) = self.name_booking((state, work), booking)?
        {
            return Ok(state.view.policy.phone_hash.redact_of(&data, Some(&number)));
        }
        let id = data.get("conversation_id").and_then(Value::as_str);
        let alias = id.and_then(|id| state.view.policy.phone_hash.without_number(id));
        let Some((id, (alias, number))) = id.zip(alias) else {
            return Ok(state.view.policy.phone_hash.redact(&data));
        };
        let called = match self.talk_called(state, id)? {
            Some(called) => called,
            None if self.customer(state, &data, fact)?.as_ref() == Some(&number) => alias,
            None => return Ok(state.view.policy.phone_hash.redact(&data)),
        };
        if let Some(conversation) = fact.conversation_mut() {
            *conversation = called;
        }
        Ok(state.view.policy.phone_hash.redact_of(&data, Some(&number)))
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

    /// What leaves instead of the number in an id, now or before there was a key, if a conversation is called so.
    fn talk_called(&self, state: &mut TenantState, id: &str) -> Result<Option<String>, Refusal> {
        for name in aliases(state, id) {
            if state.people.talks.get(&name).is_some()
                || self.is_there(state, &name, &[EntityKey::conversation, EntityKey::handoff])?
            {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    /// Has a booking go by what leaves instead of its number, and answers that number: one that does already, or a new
    /// one of whom the number is.
    fn name_booking(
        &self,
        (state, work): (&TenantState, &Work),
        booking: &mut Booking,
    ) -> Result<Option<String>, Refusal> {
        let id = &booking.reservation_id;
        let alias = state.view.policy.phone_hash.without_number(id);
        let Some((alias, number)) = alias.filter(|(_, number)| number.len() > DIGITS_MIN) else {
            return Ok(None);
        };
        let stands = |name: &str| {
            // One that was just told of is not on disk yet.
            let key = EntityKey::reservation(name);
            let is_known = work.deeds.contains_key(&key) || state.entities.has(&key);
            Ok(is_known || self.is_there(state, name, &[EntityKey::reservation])?)
        };
        for name in aliases(state, id) {
            if stands(&name)? {
                booking.reservation_id = name;
                return Ok(Some(number));
            }
        }
        if stands(id)? || booking.wa_number.as_ref() != Some(&number) {
            return Ok(None);
        }
        booking.reservation_id = alias;
        Ok(Some(number))
    }

    fn is_there(
        &self,
        state: &TenantState,
        id: &str,
        kinds: &[fn(&str) -> EntityKey],
    ) -> Result<bool, Refusal> {
        let found = self.ledger().is_there(&state.view.id, id, kinds);
        found.map_err(|error| unreadable(&error, &state.view.id))
    }
}
