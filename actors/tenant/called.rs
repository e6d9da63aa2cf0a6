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
        let Some((alias, number)) = alias else {
            return Ok(state.view.policy.phone_hash.redact(&data));
        };
        let is_so = self.customer(state, &data, fact)?.as_ref() == Some(&number)
            || state.people.talks.get(&alias).is_some()
            || self.is_called(state, &alias)?;
        if !is_so {
            return Ok(state.view.policy.phone_hash.redact(&data));
        }
        if let Some(conversation) = fact.conversation_mut() {
            *conversation = alias;
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

    fn is_called(&self, state: &TenantState, alias: &str) -> Result<bool, Refusal> {
        self.is_there(state, alias, &[EntityKey::conversation, EntityKey::handoff])
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
        let kinds: [fn(&str) -> EntityKey; 1] = [EntityKey::reservation];
        let key = EntityKey::reservation(&alias);
        // One that was just told of is not on disk yet.
        let goes_by_it = work.deeds.contains_key(&key)
            || state.entities.has(&key)
            || self.is_there(state, &alias, &kinds)?
            || booking.wa_number.as_ref() == Some(&number) && !self.is_there(state, id, &kinds)?;
        if goes_by_it {
            booking.reservation_id = alias;
        }
        Ok(goes_by_it.then_some(number))
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
