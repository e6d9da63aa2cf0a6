//! Leads that turn out to be one person, and numbers that turn out to be somebody else's.

use std::sync::Arc;

use sereno_workflows::conversation::{self, What};
use sereno_workflows::id::EntityKey;
use sereno_workflows::lead::{self, Name, Who, Wish};
use sereno_workflows::time::Timestamp;

use super::people::{Known, quiet, unreadable};
use super::{Tenant, TenantState};
use crate::entity::{Command, Deed};
use crate::gather::Refusal;
use crate::ledger::LedgerError;
use crate::limits::MERGES_FOLLOWED_MAX;

/// What follows from how somebody was found.
pub(super) struct Deeds {
    pub(super) at: Timestamp,
    pub(super) all: Vec<(EntityKey, Deed)>,
}

impl Deeds {
    pub(super) fn lead(&mut self, lead: &str, command: lead::Command) {
        self.all.push((EntityKey::lead(lead), quiet(Command::Lead(command), self.at)));
    }
}

impl Tenant {
    /// A lead comes by a number that another has: either it is one person, and the other becomes part of the
    /// first, or the number was given to somebody else. Answers whether it was.
    pub(super) fn take_over(
        &self,
        state: &mut TenantState,
        (holder, lead): (&str, &str),
        number: &str,
        deeds: &mut Deeds,
    ) -> Result<bool, LedgerError> {
        let (others, own) = (self.known(state, holder)?, self.known(state, lead)?);
        let taken = lead::are_two(&others.user_ids, &own.user_ids);
        if taken {
            self.lose(state, holder, number, deeds)?;
        } else {
            self.absorb(state, (holder, lead), deeds)?;
        }
        Ok(taken)
    }

    pub(super) fn lose(
        &self,
        state: &mut TenantState,
        holder: &str,
        number: &str,
        deeds: &mut Deeds,
    ) -> Result<(), LedgerError> {
        deeds.lead(holder, lead::Command::Lose(number.to_owned()));
        let known = Known { phone: None, ..Known::clone(&*self.known(state, holder)?) };
        state.people.leads.put(holder.to_owned(), Arc::new(known));
        Ok(())
    }

    /// Another lead is part of this one from now on, with its names, its wish and its conversation.
    fn absorb(
        &self,
        state: &mut TenantState,
        (other, lead): (&str, &str),
        deeds: &mut Deeds,
    ) -> Result<(), LedgerError> {
        let theirs = Known::clone(&*self.known(state, other)?);
        let mut own = Known::clone(&*self.known(state, lead)?);
        let wish = theirs.wish.clone();
        deeds.lead(lead, lead::Command::Absorb { lead: other.to_owned(), wish: wish.clone() });
        deeds.lead(other, lead::Command::Merge { into: lead.to_owned() });
        if let Some(talk) = &theirs.conversation {
            let what = What::Belong(lead.to_owned());
            let command = conversation::Command { lead: None, channel: None, what };
            let deed = quiet(Command::Conversation(command), deeds.at);
            deeds.all.push((EntityKey::conversation(talk), deed));
            state.people.talks.put(talk.clone(), Some(lead.to_owned()));
        }
        let users = theirs.user_ids.iter().cloned().map(Name::User);
        for name in users.chain(theirs.phone.clone().map(Name::Phone)) {
            state.people.names.put(name, lead.to_owned());
        }
        own.user_ids.extend(theirs.user_ids.clone());
        own.phone = own.phone.or(theirs.phone);
        own.conversation = own.conversation.or(theirs.conversation);
        own.wish = later(own.wish, wish);
        state.people.leads.put(lead.to_owned(), Arc::new(own));
        let merged = Known { merged_into: Some(lead.to_owned()), ..Known::default() };
        state.people.leads.put(other.to_owned(), Arc::new(merged));
        Ok(())
    }

    /// Finds who else goes by the names that a lead takes; what follows for all of them.
    pub(super) fn take_names(
        &self,
        state: &mut TenantState,
        lead: &str,
        new: &Who,
        at: Timestamp,
    ) -> Result<Vec<(EntityKey, Deed)>, Refusal> {
        let mut deeds = Deeds { at, all: Vec::new() };
        let tenant = state.view.id.clone();
        let mut take = || -> Result<(), LedgerError> {
            for name in new.names() {
                let holder = self.find(state, Some(name.clone()))?;
                let Some(holder) = holder.filter(|holder| holder != lead) else { continue };
                match name {
                    Name::User(_) => self.absorb(state, (&holder, lead), &mut deeds)?,
                    Name::Phone(number) => {
                        let known = self.known(state, lead)?;
                        // The id that it takes with the number tells it apart as well.
                        let user_ids = known.user_ids.iter().chain(&new.user_id).cloned().collect();
                        let comes = Known { user_ids, ..Known::clone(&known) };
                        state.people.leads.put(lead.to_owned(), Arc::new(comes));
                        self.take_over(state, (&holder, lead), &number, &mut deeds)?;
                    }
                }
            }
            Ok(())
        };
        take().map_err(|error| unreadable(&error, &tenant))?;
        Ok(deeds.all)
    }

    /// The lead that this one turned out to be, or itself.
    pub(super) fn survivor(
        &self,
        state: &mut TenantState,
        mut lead: String,
    ) -> Result<String, LedgerError> {
        for _ in 0..MERGES_FOLLOWED_MAX {
            match &self.known(state, &lead)?.merged_into {
                Some(into) => lead = into.clone(),
                None => break,
            }
        }
        Ok(lead)
    }
}

/// Of two wishes the later.
pub(super) fn later(known: Option<Wish>, said: Option<Wish>) -> Option<Wish> {
    match (known, said) {
        (Some(known), Some(said)) if said.is_outdone_by(&known) => Some(known),
        (known, said) => said.or(known),
    }
}
