//! What happens in a conversation, as far as it concerns its handoff, which has the same id.

use serde_json::Value;
use sereno_workflows::conversation::{self, What};
use sereno_workflows::event::Escalation;
use sereno_workflows::handoff::{self, Handoff};
use sereno_workflows::id::EntityKey;
use sereno_workflows::time::Timestamp;

use super::involve::Work;
use super::people::{quiet, unreadable};
use super::{Tenant, TenantState};
use crate::announce::Announcement;
use crate::entity::{Command, Deed, Halves, bare};
use crate::gather::Refusal;
use crate::record::StateRecord;

impl Tenant {
    /// Opens the handoff of a conversation, unless it is open; whoever holds the conversation has it, which that says.
    pub(super) fn escalate(
        &self,
        state: &mut TenantState,
        work: &mut Work,
        (conversation, lead): (&str, Option<&str>),
        reason: Option<String>,
        event: &Announcement,
    ) -> Result<Halves, Refusal> {
        let said = event.data.get("last_intent").and_then(Value::as_str).map(str::to_owned);
        let known = || {
            let talk = self.ledger().conversation(&state.view.id, conversation).ok().flatten();
            talk.and_then(|talk| talk.last_intent().map(str::to_owned))
        };
        let last_intent = said.or_else(known);
        let wa_number = match lead {
            Some(lead) => self.phone_of(state, lead)?,
            None => None,
        };
        let conversation_id = conversation.to_owned();
        let escalation = Escalation { conversation_id, wa_number, last_intent, reason };
        let command = Command::Handoff(handoff::Command::Escalate(escalation));
        work.add(EntityKey::handoff(conversation), quiet(command, event.at));
        let (says, hears) = Halves::pair();
        held_takes(work, conversation, hears, event.at);
        Ok(says)
    }

    /// A customer who writes while they wait for a person ends it if they were put off.
    pub(super) fn wake_handoff(
        &self,
        state: &TenantState,
        work: &mut Work,
        conversation: &str,
        at: Timestamp,
    ) -> Result<(), Refusal> {
        let key = EntityKey::handoff(conversation);
        let found = self.ledger().state(&state.view.id, &key);
        let found = found.map_err(|error| unreadable(&error, &state.view.id))?;
        // Whether it is put off the handoff itself knows, which may be ahead of the disk.
        let waits = |handoff: &Handoff| handoff.status == handoff::Status::Open;
        if matches!(&found, Some(StateRecord::Handoff(handoff)) if waits(handoff)) {
            work.add(key, quiet(Command::Handoff(handoff::Command::Wrote), at));
        }
        Ok(())
    }

    /// A handoff that is told of is that of its conversation, if there is one, and of whoever is in it; who holds
    /// the conversation is heard from it.
    pub(super) fn hand_over(
        &self,
        state: &mut TenantState,
        work: &mut Work,
        escalation: &mut Escalation,
        at: Timestamp,
    ) -> Result<Option<Halves>, Refusal> {
        let mut heard = None;
        if let Some(lead) = self.who_talks(state, &escalation.conversation_id)? {
            if let (Some(lead), None) = (&lead, &escalation.wa_number) {
                escalation.wa_number = self.phone_of(state, lead)?;
            }
            let id = &escalation.conversation_id;
            let what = What::Escalate(escalation.reason.clone());
            let command = conversation::Command { lead, channel: None, what };
            let (says, hears) = Halves::pair();
            let deed = Deed { halves: says, ..quiet(Command::Conversation(command), at) };
            work.add(EntityKey::conversation(id), deed);
            heard = Some(hears);
        }
        Ok(heard)
    }

    /// Its conversation, if there is one and somebody holds it, goes back with the end of a handoff.
    pub(super) fn hand_back(
        &self,
        state: &mut TenantState,
        work: &mut Work,
        conversation: &str,
        at: Timestamp,
    ) -> Result<(), Refusal> {
        if self.who_talks(state, conversation)?.is_some() {
            let command = Command::Conversation(bare(What::HandoffClosed));
            work.add(EntityKey::conversation(conversation), quiet(command, at));
        }
        Ok(())
    }

    /// Whether a conversation was ever handed to a person.
    pub(super) fn has_handoff(
        &self,
        state: &TenantState,
        conversation: &str,
    ) -> Result<bool, Refusal> {
        let found = self.ledger().state(&state.view.id, &EntityKey::handoff(conversation));
        Ok(found.map_err(|error| unreadable(&error, &state.view.id))?.is_some())
    }
}

/// The handoff of a conversation that a person holds is theirs: they answer the customer.
pub(super) fn held_takes(work: &mut Work, conversation: &str, hears: Halves, at: Timestamp) {
    let command = Command::Handoff(handoff::Command::HeldBy(None));
    let deed = Deed { halves: hears, ..quiet(command, at) };
    work.add(EntityKey::handoff(conversation), deed);
}
