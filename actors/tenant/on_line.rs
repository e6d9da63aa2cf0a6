//! In which conversation stands what a customer writes on the tenant's own line: one that is on WhatsApp, since only
//! there they can be answered, and before any other the one that a person holds.

use std::collections::BTreeSet;

use sereno_workflows::conversation::{Conversation, Status, WHATSAPP};
use sereno_workflows::id::Sequence;
use sereno_workflows::time::Timestamp;

use super::people::{Known, unreadable};
use super::{Tenant, TenantState};
use crate::gather::Refusal;
use crate::ledger::LedgerError;
use crate::ledger::timeline::Owner;
use crate::limits::LINES_SEARCHED_MAX;

impl Tenant {
    /// The conversation to which a message of this lead on the line belongs, and whether it is a new one.
    pub(super) fn conversation_of(
        &self,
        state: &mut TenantState,
        lead: &str,
        at: Timestamp,
    ) -> Result<(String, bool), Refusal> {
        let known = self.known(state, lead).map_err(|e| unreadable(&e, &state.view.id))?;
        let found = self.goes_on(state, lead, &known, at);
        let found = found.map_err(|error| unreadable(&error, &state.view.id))?;
        let new = || (format!("conv_{}", self.around.ledger.sequence().to_text()), true);
        Ok(found.map_or_else(new, |id| (id, false)))
    }

    fn goes_on(
        &self,
        state: &TenantState,
        lead: &str,
        known: &Known,
        at: Timestamp,
    ) -> Result<Option<String>, LedgerError> {
        let (ledger, tenant) = (&self.around.ledger, &state.view.id);
        let takes = |talk: &Conversation| {
            is_on_line(talk) && talk.takes(ledger.now().timestamp(), at, &state.view.policy)
        };
        if let Some(id) = &known.line {
            let goes_on = match ledger.conversation(tenant, id)? {
                Some(talk) => takes(&talk),
                // On its way to the disk.
                None => state.people.talks.get(id).is_some(),
            };
            if goes_on {
                return Ok(Some(id.clone()));
            }
        }
        // Whoever was in no conversation is in none on the line.
        let Some(latest) = &known.conversation else { return Ok(None) };
        let mut seen = BTreeSet::from([latest.clone()]);
        let mut all = vec![latest.clone()];
        for id in self.talks_of(state, lead)? {
            if seen.insert(id.clone()) {
                all.push(id);
            }
        }
        let mut first = None;
        for id in all {
            let Some(talk) = ledger.conversation(tenant, &id)?.filter(&takes) else { continue };
            if talk.held.is_some() {
                return Ok(Some(id));
            }
            first = first.or(Some(id));
        }
        Ok(first)
    }

    /// The conversations that the latest lines of a lead are of, the latest first.
    fn talks_of(&self, state: &TenantState, lead: &str) -> Result<Vec<String>, LedgerError> {
        let (ledger, tenant) = (&self.around.ledger, &state.view.id);
        let Some(lead) = ledger.lead(tenant, lead)? else { return Ok(Vec::new()) };
        let all = Sequence(0)..Sequence(u64::MAX);
        let lines = ledger.timeline(tenant, &Owner::all_of(&lead), all, LINES_SEARCHED_MAX)?;
        Ok(lines.into_iter().filter_map(|(_, line)| line.conversation).collect())
    }

    /// The conversation in which a lead is on the line, once it is in this one, on this channel where it is said.
    pub(super) fn line_after(
        &self,
        state: &TenantState,
        line: Option<String>,
        (conversation, channel): (&str, Option<&str>),
    ) -> Result<Option<String>, LedgerError> {
        if line.as_deref() == Some(conversation) {
            return Ok(line);
        }
        let is_on_line = match channel {
            Some(channel) => channel == WHATSAPP,
            // A platform says it once, if at all.
            None => state.people.talks.get(&conversation.to_owned()).is_none(),
        };
        if !is_on_line {
            return Ok(line);
        }
        if let Some(before) = &line {
            let talk = self.around.ledger.conversation(&state.view.id, before)?;
            let is_held = |talk: Conversation| talk.status == Status::Open && talk.held.is_some();
            if talk.is_some_and(is_held) {
                return Ok(line);
            }
        }
        Ok(Some(conversation.to_owned()))
    }
}

/// Whether it may be on the line: what a platform tells of without a channel may be.
fn is_on_line(talk: &Conversation) -> bool {
    talk.channel.as_deref().is_none_or(|channel| channel == WHATSAPP)
}
