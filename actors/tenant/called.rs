//! What a conversation is called that its teller calls by the number of the customer: by what leaves instead of it,
//! here as in what is told, so that whoever hears of it finds it, and no number stands in the clear.

use serde_json::{Map, Value};
use sereno_workflows::event::{Event, Fact};
use sereno_workflows::privacy;

use super::people::unreadable;
use super::{Tenant, TenantState};
use crate::gather::Refusal;

impl Tenant {
    /// What is told of an event; where its conversation is called by a number, what it means is of the one that is
    /// called otherwise.
    pub(super) fn telling_of(
        &self,
        state: &mut TenantState,
        event: &Event,
        fact: &mut Fact,
    ) -> Result<Map<String, Value>, Refusal> {
        let data = event.told();
        let id = data.get("conversation_id").and_then(Value::as_str);
        let alias = id.and_then(|id| state.view.policy.phone_hash.without_number(id));
        let Some((id, (alias, number))) = id.zip(alias) else {
            return Ok(state.view.policy.phone_hash.redact(&data));
        };
        let is_so = self.customer(state, &data, fact)?.as_ref() == Some(&number)
            || state.people.talks.get(&alias).is_some()
            || self.is_called(state, id, &alias)?;
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

    fn is_called(&self, state: &TenantState, id: &str, alias: &str) -> Result<bool, Refusal> {
        let hash = &state.view.policy.phone_hash;
        let found = self.ledger().called(&state.view.id, hash, id);
        let found = found.map_err(|error| unreadable(&error, &state.view.id))?;
        Ok(found == alias)
    }
}
