//! One customer, one person: what is done to a conversation or to its handoff is done to the other too, in one commit.
//!
//! The one that is asked decides; the other does as it says. What either must know of the other it hears from it as
//! it decides (`entity/halves.rs`): on disk it may not stand yet.

use std::sync::Arc;

use ractor::ActorRef;
use sereno_workflows::conversation::{self, What};
use sereno_workflows::handoff;
use sereno_workflows::id::{EntityKey, EntityKind};
use sereno_workflows::time::Timestamp;

use super::involve::Work;
use super::people::quiet;
use super::{Tenant, TenantMessage, TenantState};
use crate::entity::{Command, Deed, EntityMessage, Halves, bare};
use crate::gather::Refusal;
use crate::ledger::Draft;
use crate::record::TimerRecord;
use crate::ticket::Ticket;

impl Tenant {
    /// What somebody does to a handoff or a conversation, as far as it concerns the other; what the deed itself says
    /// to that or hears of it.
    pub(super) fn act_beside(
        &self,
        state: &mut TenantState,
        work: &mut Work,
        (key, command): (&EntityKey, &Command),
        at: Timestamp,
    ) -> Result<Halves, Refusal> {
        match command {
            Command::Handoff(handoff::Command::Close) => {
                self.hand_back(state, work, &key.id, at)?;
            }
            Command::Handoff(
                handoff::Command::Claim { by: to, .. } | handoff::Command::Assign { to, .. },
            ) => {
                let (says, hears) = Halves::pair();
                let what = What::Handed(to.clone());
                if self.beside_handoff(state, work, (&key.id, what), says, at)? {
                    return Ok(hears);
                }
            }
            Command::Handoff(handoff::Command::Release) => {
                let what = What::HandoffReleased;
                self.beside_handoff(state, work, (&key.id, what), Halves::default(), at)?;
            }
            Command::Conversation(conversation::Command {
                what: What::TakeOver { by, .. },
                ..
            }) => {
                let (says, hears) = Halves::pair();
                let command = handoff::Command::HeldBy(Some(by.clone()));
                if self.beside_conversation(state, work, (&key.id, command), says, at)? {
                    return Ok(hears);
                }
            }
            Command::Conversation(conversation::Command { what: What::GiveBack, .. }) => {
                let command = handoff::Command::GivenBack { held: true };
                self.beside_conversation(state, work, (&key.id, command), Halves::default(), at)?;
            }
            Command::ByHand(_) if key.kind == EntityKind::Conversation => {
                return self.may_go_back(state, work, &key.id, at);
            }
            _ => {}
        }
        Ok(Halves::default())
    }

    /// A conversation may go back or end by what happens to it; with that its handoff is nobody's, which it hears from
    /// what is returned.
    pub(super) fn may_go_back(
        &self,
        state: &TenantState,
        work: &mut Work,
        conversation: &str,
        at: Timestamp,
    ) -> Result<Halves, Refusal> {
        let (says, hears) = Halves::pair();
        let command = handoff::Command::GivenBack { held: false };
        let is_there = self.beside_conversation(state, work, (conversation, command), hears, at)?;
        Ok(if is_there { says } else { Halves::default() })
    }

    /// A timer rang. With the hold of a conversation its handoff may come to its end.
    pub(super) fn wake(
        &self,
        myself: &ActorRef<TenantMessage>,
        state: &mut TenantState,
        ticket: Ticket,
    ) {
        let (timer, what) = ticket.timer();
        let key = timer.entity.clone();
        let is_alarm = matches!(what, TimerRecord::Alarm { .. });
        let mut shared = None;
        if is_alarm && key.kind == EntityKind::Conversation && self.is_held(state, &key.id) {
            let mut work = Work::new(Draft::new(&state.view.id));
            let at = self.ledger().now().timestamp();
            // The ticket goes back to the clock.
            let Ok(says) = self.may_go_back(state, &mut work, &key.id, at) else { return };
            let mut parts = self.parts(work.draft, work.deeds.len() + 1, Box::new(drop));
            shared = parts.pop().map(|part| (part, says));
            self.hand(myself, state, work.deeds, &mut parts);
        }
        let view = Arc::clone(&state.view);
        self.tell_entity(myself, state, key, EntityMessage::Wake { ticket, view, shared });
    }

    /// Does it to the conversation of a handoff too, if there is one; answers whether there is.
    fn beside_handoff(
        &self,
        state: &mut TenantState,
        work: &mut Work,
        (id, what): (&str, What),
        halves: Halves,
        at: Timestamp,
    ) -> Result<bool, Refusal> {
        let is_there = self.who_talks(state, id)?.is_some();
        if is_there {
            let deed = quiet(Command::Conversation(bare(what)), at);
            work.add(EntityKey::conversation(id), Deed { halves, ..deed });
        }
        Ok(is_there)
    }

    /// The same the other way round. A handoff that is on its way to the disk is at work as an actor.
    fn beside_conversation(
        &self,
        state: &TenantState,
        work: &mut Work,
        (id, command): (&str, handoff::Command),
        halves: Halves,
        at: Timestamp,
    ) -> Result<bool, Refusal> {
        let key = EntityKey::handoff(id);
        let is_there = state.entities.has(&key) || self.has_handoff(state, id)?;
        if is_there {
            work.add(key, Deed { halves, ..quiet(Command::Handoff(command), at) });
        }
        Ok(is_there)
    }

    /// Whether somebody holds a conversation whose alarm rings, which is on disk together with that. A row that cannot
    /// be read the conversation itself cannot read either.
    fn is_held(&self, state: &TenantState, conversation: &str) -> bool {
        let found = self.ledger().conversation(&state.view.id, conversation);
        found.is_ok_and(|talk| talk.is_some_and(|talk| talk.held.is_some()))
    }
}

#[cfg(test)]
mod tests;
