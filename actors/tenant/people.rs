//! Who a tenant's people are, and which conversation they are in: found before anybody decides.
//!
//! Only the tenant gives ids to people and conversations, so it knows those that are on their way to the disk:
//! it remembers more of them than can be under way. What it does not remember, the ledger knows.

use std::sync::Arc;

use sereno_workflows::id::{EntityKey, TenantId};
use sereno_workflows::lead::{self, Name, Who, Wish};
use sereno_workflows::time::Timestamp;

use super::merging::{Deeds, later};
use super::recent::Recent;
use super::{Tenant, TenantState};
use crate::entity::{Command, Deed, Origin};
use crate::gather::Refusal;
use crate::ledger::LedgerError;
use crate::limits::PEOPLE_REMEMBERED_MAX;

/// What a tenant remembers of people.
pub(super) struct People {
    pub(super) names: Recent<Name, String>,
    pub(super) leads: Recent<String, Arc<Known>>,
    /// Conversations, and with whom.
    pub(super) talks: Recent<String, Option<String>>,
    /// Conversations by the other names by which they are told of.
    pub(super) told: Recent<String, String>,
}

/// What must be known of a lead to find the next.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    pub(super) user_ids: Vec<String>,
    pub(super) phone: Option<String>,
    pub(super) conversation: Option<String>,
    /// The latest of them on WhatsApp, as far as it was heard of since the start.
    pub(super) line: Option<String>,
    pub(super) wish: Option<Wish>,
    /// The lead that it turned out to be.
    pub(super) merged_into: Option<String>,
}

/// Somebody, found or new.
pub(super) struct Found {
    /// The lead.
    pub(super) lead: String,
    /// Whether the number was another's until now.
    pub(super) taken: bool,
    /// What follows for this lead and others.
    pub(super) deeds: Vec<(EntityKey, Deed)>,
}

impl Default for People {
    fn default() -> Self {
        Self {
            names: Recent::new(PEOPLE_REMEMBERED_MAX),
            leads: Recent::new(PEOPLE_REMEMBERED_MAX),
            talks: Recent::new(PEOPLE_REMEMBERED_MAX),
            told: Recent::new(PEOPLE_REMEMBERED_MAX),
        }
    }
}

/// A deed that no event tells of; it is part of what others decide, and never refused.
pub(super) fn quiet(command: Command, at: Timestamp) -> Deed {
    Deed::unprompted(command, Origin::Event, at)
}

impl Tenant {
    /// Finds somebody or makes a new lead of them; `None` where nothing tells who it is.
    pub(super) fn meet(
        &self,
        state: &mut TenantState,
        who: &Who,
        at: Timestamp,
    ) -> Result<Option<Found>, Refusal> {
        if !who.is_known() {
            return Ok(None);
        }
        let found = self.find_or_make(state, who, at);
        found.map(Some).map_err(|error| unreadable(&error, &state.view.id))
    }

    fn find_or_make(
        &self,
        state: &mut TenantState,
        who: &Who,
        at: Timestamp,
    ) -> Result<Found, LedgerError> {
        let by_user = self.find(state, who.user_id.clone().map(Name::User))?;
        let by_phone = self.find(state, who.phone.clone().map(Name::Phone))?;
        let mut deeds = Deeds { at, all: Vec::new() };
        let mut taken = false;
        let number = who.phone.as_deref().unwrap_or_default();
        let lead = match (by_user, by_phone) {
            (Some(lead), None) => lead,
            (Some(lead), Some(holder)) if lead == holder => lead,
            (None, None) => self.new_lead(state, who)?,
            (None, Some(holder)) => {
                let comes: Vec<String> = who.user_id.iter().cloned().collect();
                taken = lead::are_two(&self.known(state, &holder)?.user_ids, &comes);
                if taken {
                    self.lose(state, &holder, number, &mut deeds)?;
                    self.new_lead(state, who)?
                } else {
                    holder
                }
            }
            (Some(lead), Some(holder)) => {
                taken = self.take_over(state, (&holder, &lead), number, &mut deeds)?;
                lead
            }
        };
        self.note_names(state, &lead, who)?;
        Ok(Found { lead, taken, deeds: deeds.all })
    }

    /// Notes that a lead goes by other names from now on.
    pub(super) fn rename(
        &self,
        state: &mut TenantState,
        lead: &str,
        gone: &Who,
        new: &Who,
    ) -> Result<(), Refusal> {
        for name in gone.names() {
            // The ledger may still know them for a moment; an id of nobody says that it is not so.
            state.people.names.put(name, String::new());
        }
        let tenant = state.view.id.clone();
        let mut renamed = || -> Result<(), LedgerError> {
            let mut known = Known::clone(&*self.known(state, lead)?);
            known.user_ids.retain(|id| Some(id) != gone.user_id.as_ref());
            state.people.leads.put(lead.to_owned(), Arc::new(known));
            self.note_names(state, lead, new)
        };
        renamed().map_err(|error| unreadable(&error, &tenant))
    }

    /// Notes that these names are this lead's from now on.
    fn note_names(
        &self,
        state: &mut TenantState,
        lead: &str,
        who: &Who,
    ) -> Result<(), LedgerError> {
        let mut known = Known::clone(&*self.known(state, lead)?);
        for name in who.names() {
            match &name {
                Name::User(id) if !known.user_ids.contains(id) => known.user_ids.push(id.clone()),
                Name::Phone(number) => known.phone = Some(number.clone()),
                Name::User(_) => {}
            }
            state.people.names.put(name, lead.to_owned());
        }
        state.people.leads.put(lead.to_owned(), Arc::new(known));
        Ok(())
    }

    /// Notes what a lead wishes, for those whom it may turn out to be.
    pub(super) fn note_wish(
        &self,
        state: &mut TenantState,
        lead: &str,
        wish: &Wish,
    ) -> Result<(), Refusal> {
        let known = self.known(state, lead).map_err(|e| unreadable(&e, &state.view.id))?;
        let wish = later(known.wish.clone(), Some(wish.clone()));
        let known = Known { wish, ..Known::clone(&known) };
        state.people.leads.put(lead.to_owned(), Arc::new(known));
        Ok(())
    }

    pub(super) fn find(
        &self,
        state: &mut TenantState,
        name: Option<Name>,
    ) -> Result<Option<String>, LedgerError> {
        let Some(name) = name else { return Ok(None) };
        if let Some(lead) = state.people.names.get(&name).cloned() {
            let known = Some(lead).filter(|lead| !lead.is_empty());
            return known.map(|lead| self.survivor(state, lead)).transpose();
        }
        let found = self.around.ledger.find_lead(&state.view.id, &name)?;
        let found = found.map(|lead| self.survivor(state, lead)).transpose()?;
        if let Some(lead) = &found {
            state.people.names.put(name, lead.clone());
        }
        Ok(found)
    }

    /// What is known of a lead.
    pub(super) fn known(
        &self,
        state: &mut TenantState,
        id: &str,
    ) -> Result<Arc<Known>, LedgerError> {
        if let Some(known) = state.people.leads.get(&id.to_owned()) {
            return Ok(Arc::clone(known));
        }
        let lead = self.around.ledger.lead(&state.view.id, id)?;
        let known = lead.map_or_else(Known::default, |lead| Known {
            user_ids: lead.user_ids.clone(),
            phone: lead.phone().map(str::to_owned),
            conversation: lead.conversation.clone(),
            line: None,
            wish: lead.wish(),
            merged_into: lead.merged_into,
        });
        let known = Arc::new(known);
        state.people.leads.put(id.to_owned(), Arc::clone(&known));
        Ok(known)
    }

    /// The number under which a lead is written to.
    pub(super) fn phone_of(
        &self,
        state: &mut TenantState,
        lead: &str,
    ) -> Result<Option<String>, Refusal> {
        let known = self.known(state, lead).map_err(|e| unreadable(&e, &state.view.id))?;
        Ok(known.phone.clone())
    }

    /// Somebody's number: the one that they show, or the one under which they are known.
    pub(super) fn number_of(
        &self,
        state: &mut TenantState,
        who: &Who,
    ) -> Result<Option<String>, Refusal> {
        if who.phone.is_some() {
            return Ok(who.phone.clone());
        }
        let found = self.find(state, who.user_id.clone().map(Name::User));
        match found.map_err(|error| unreadable(&error, &state.view.id))? {
            Some(lead) => self.phone_of(state, &lead),
            None => Ok(None),
        }
    }

    /// The id of a new lead: what the number gives, unless somebody else has it, who had the number before.
    fn new_lead(&self, state: &mut TenantState, who: &Who) -> Result<String, LedgerError> {
        let key = state.view.lead_key();
        let user = who.user_id.as_ref().map(|id| key.of_name(id));
        let number = who.phone.as_ref().and_then(|number| key.of_number(number));
        for id in number.into_iter().chain(user) {
            let free = state.people.leads.get(&id).is_none();
            if free && self.around.ledger.lead(&state.view.id, &id)?.is_none() {
                return Ok(id);
            }
        }
        Ok(key.of_name(&self.around.ledger.sequence().to_text()))
    }

    /// Notes in which conversation a lead is, and on which channel where it is said.
    pub(super) fn note_talk(
        &self,
        state: &mut TenantState,
        lead: Option<&str>,
        (conversation, channel): (&str, Option<&str>),
    ) -> Result<(), Refusal> {
        if let Some(lead) = lead {
            let known = self.known(state, lead).map_err(|e| unreadable(&e, &state.view.id))?;
            let line = self.line_after(state, known.line.clone(), (conversation, channel));
            let line = line.map_err(|error| unreadable(&error, &state.view.id))?;
            let conversation = Some(conversation.to_owned());
            let known = Known { conversation, line, ..Known::clone(&known) };
            state.people.leads.put(lead.to_owned(), Arc::new(known));
        }
        state.people.talks.put(conversation.to_owned(), lead.map(str::to_owned));
        Ok(())
    }

    /// With whom a conversation is; `None` where there is no such conversation, or nobody in it is known.
    pub(super) fn who_talks(
        &self,
        state: &mut TenantState,
        conversation: &str,
    ) -> Result<Option<Option<String>>, Refusal> {
        let lead = match state.people.talks.get(&conversation.to_owned()) {
            Some(lead) => lead.clone(),
            None => {
                let found = self.around.ledger.conversation(&state.view.id, conversation);
                let found = found.map_err(|error| unreadable(&error, &state.view.id))?;
                let Some(talk) = found else { return Ok(None) };
                state.people.talks.put(conversation.to_owned(), talk.lead.clone());
                talk.lead
            }
        };
        let lead = lead.map(|lead| self.survivor(state, lead)).transpose();
        lead.map(Some).map_err(|error| unreadable(&error, &state.view.id))
    }
}

pub(super) fn unreadable(error: &LedgerError, tenant: &TenantId) -> Refusal {
    tracing::error!(%error, %tenant, "who a person is cannot be looked up");
    Refusal::Again
}
