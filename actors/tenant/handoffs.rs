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
use crate::entity::{Command, Deed, Origin, bare};
use crate::gather::Refusal;
use crate::record::StateRecord;

impl Tenant {
    /// Opens the handoff of a conversation, unless it is open.
    pub(super) fn escalate(
        &self,
        state: &mut TenantState,
        work: &mut Work,
        (conversation, lead): (&str, Option<&str>),
        reason: Option<String>,
        event: &Announcement,
    ) -> Result<(), Refusal> {
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
        self.held_takes(state, work, conversation, event.at)
    }

    /// The handoff of a conversation that a person holds is theirs: they answer the customer.
    pub(super) fn held_takes(
        &self,
        state: &TenantState,
        work: &mut Work,
        conversation: &str,
        at: Timestamp,
    ) -> Result<(), Refusal> {
        let found = self.ledger().conversation(&state.view.id, conversation);
        let found = found.map_err(|error| unreadable(&error, &state.view.id))?;
        if let Some(held) = found.and_then(|talk| talk.held) {
            let command = Command::Handoff(handoff::Command::TakenOver { by: held.by, from: None });
            work.add(EntityKey::handoff(conversation), quiet(command, at));
        }
        Ok(())
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

    /// A handoff that is told of is that of its conversation, if there is one, and of whoever is in it.
    pub(super) fn hand_over(
        &self,
        state: &mut TenantState,
        work: &mut Work,
        escalation: &mut Escalation,
        at: Timestamp,
    ) -> Result<(), Refusal> {
        if let Some(lead) = self.who_talks(state, &escalation.conversation_id)? {
            if let (Some(lead), None) = (&lead, &escalation.wa_number) {
                escalation.wa_number = self.phone_of(state, lead)?;
            }
            let id = &escalation.conversation_id;
            let what = What::Escalate(escalation.reason.clone());
            let command = conversation::Command { lead, channel: None, what };
            work.add(EntityKey::conversation(id), quiet(Command::Conversation(command), at));
        }
        Ok(())
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

    /// What somebody does to a handoff or a conversation, as far as it concerns the other.
    pub(super) fn act_beside(
        &self,
        state: &mut TenantState,
        work: &mut Work,
        (key, command): (&EntityKey, &mut Command),
        at: Timestamp,
    ) -> Result<(), Refusal> {
        match command {
            Command::Handoff(handoff::Command::Close) => {
                self.hand_back(state, work, &key.id, at)?;
            }
            Command::Handoff(handoff::Command::Claim(by)) => {
                let what = What::Handed { to: by.clone(), from: None };
                self.beside_handoff(state, work, (&key.id, what), at)?;
            }
            Command::Handoff(handoff::Command::Assign { to, from }) => {
                let what = What::Handed { to: to.clone(), from: from.clone() };
                self.beside_handoff(state, work, (&key.id, what), at)?;
            }
            Command::Handoff(handoff::Command::Release) => {
                self.beside_handoff(state, work, (&key.id, What::HandoffReleased), at)?;
            }
            Command::Conversation(conversation::Command {
                what: What::TakeOver { by, from, claimed },
                ..
            }) => {
                *claimed = self.claimant(state, &key.id)?;
                let command = handoff::Command::TakenOver { by: by.clone(), from: from.clone() };
                self.beside_conversation(state, work, (&key.id, command), at)?;
            }
            Command::Conversation(conversation::Command { what: What::GiveBack, .. }) => {
                let command = handoff::Command::GivenBack;
                self.beside_conversation(state, work, (&key.id, command), at)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Does it to the conversation of a handoff too, if there is one; neither is done where one is refused.
    fn beside_handoff(
        &self,
        state: &mut TenantState,
        work: &mut Work,
        (id, what): (&str, What),
        at: Timestamp,
    ) -> Result<(), Refusal> {
        if self.who_talks(state, id)?.is_some() {
            let command = Command::Conversation(bare(what));
            let deed = Deed::unprompted(command, Origin::Operator, at);
            work.add(EntityKey::conversation(id), deed);
        }
        Ok(())
    }

    /// The same the other way round.
    fn beside_conversation(
        &self,
        state: &TenantState,
        work: &mut Work,
        (id, command): (&str, handoff::Command),
        at: Timestamp,
    ) -> Result<(), Refusal> {
        if self.has_handoff(state, id)? {
            let deed = Deed::unprompted(Command::Handoff(command), Origin::Operator, at);
            work.add(EntityKey::handoff(id), deed);
        }
        Ok(())
    }

    /// Who has the handoff of a conversation, unless that is closed.
    fn claimant(&self, state: &TenantState, conversation: &str) -> Result<Option<String>, Refusal> {
        let found = self.ledger().state(&state.view.id, &EntityKey::handoff(conversation));
        let found = found.map_err(|error| unreadable(&error, &state.view.id))?;
        Ok(match found {
            Some(StateRecord::Handoff(handoff)) if handoff.status != handoff::Status::Closed => {
                handoff.claim.map(|claim| claim.by)
            }
            Some(_) | None => None,
        })
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
