//! Who is who, what happened to them, and what they looked at.

use sereno_workflows::conversation::Conversation;
use sereno_workflows::id::{EntityKey, Sequence, TenantId};
use sereno_workflows::lead::{Lead, Name};
use sereno_workflows::product::Product;

use super::{Draft, Ledger, LedgerError};
use crate::limits;
use crate::record::key::{self, people as keys};
use crate::record::{self, HistoryRecord, StateRecord, ViewerRecord};
use crate::store::Direction;

impl Ledger {
    /// The lead that goes by this name.
    pub fn find_lead(&self, tenant: &TenantId, name: &Name) -> Result<Option<String>, LedgerError> {
        let found = self.store.get(key::partition(tenant), &keys::name(tenant, name))?;
        found
            .map(|id| String::from_utf8(id).map_err(|_| LedgerError::Content("lead's id")))
            .transpose()
    }

    /// The lead that goes by this name, or the one that it turned out to be.
    pub fn find_lead_now(
        &self,
        tenant: &TenantId,
        name: &Name,
    ) -> Result<Option<String>, LedgerError> {
        let Some(found) = self.find_lead(tenant, name)? else { return Ok(None) };
        let now = self.lead_now(tenant, &found)?;
        Ok(Some(now.map_or(found, |lead| lead.id)))
    }

    /// A lead.
    pub fn lead(&self, tenant: &TenantId, id: &str) -> Result<Option<Lead>, LedgerError> {
        match self.state(tenant, &EntityKey::lead(id))? {
            Some(StateRecord::Lead(lead)) => Ok(Some(lead)),
            Some(_) | None => Ok(None),
        }
    }

    /// A lead, or the one that it turned out to be.
    pub fn lead_now(&self, tenant: &TenantId, id: &str) -> Result<Option<Lead>, LedgerError> {
        let mut lead = self.lead(tenant, id)?;
        for _ in 0..limits::MERGES_FOLLOWED_MAX {
            let into = lead.as_ref().and_then(|lead| lead.merged_into.clone());
            let Some(into) = into else { break };
            lead = self.lead(tenant, &into)?;
        }
        Ok(lead)
    }

    /// A product.
    pub fn product(&self, tenant: &TenantId, sku: &str) -> Result<Option<Product>, LedgerError> {
        match self.state(tenant, &EntityKey::product(sku))? {
            Some(StateRecord::Product(product)) => Ok(Some(product)),
            Some(_) | None => Ok(None),
        }
    }

    /// A conversation.
    pub fn conversation(
        &self,
        tenant: &TenantId,
        id: &str,
    ) -> Result<Option<Conversation>, LedgerError> {
        match self.state(tenant, &EntityKey::conversation(id))? {
            Some(StateRecord::Conversation(conversation)) => Ok(Some(conversation)),
            Some(_) | None => Ok(None),
        }
    }

    /// A lead as one who looked at a product.
    pub fn viewer(
        &self,
        tenant: &TenantId,
        sku: &str,
        lead: &str,
    ) -> Result<Option<ViewerRecord>, LedgerError> {
        let found = self.store.get(key::partition(tenant), &keys::viewer(tenant, sku, lead))?;
        Ok(found.map(|row| record::decode(&row)).transpose()?)
    }

    /// Who looked at a product, in the order of their leads, after one of them.
    pub fn viewers(
        &self,
        tenant: &TenantId,
        sku: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, ViewerRecord)>, LedgerError> {
        let prefix = keys::viewers(tenant, sku);
        let from = match after {
            Some(lead) => [&prefix, lead.as_bytes(), &[0]].concat(),
            None => prefix.clone(),
        };
        let range = &from[..]..&key::after(&prefix)[..];
        let rows = self.store.scan(key::partition(tenant), range, Direction::Ascending, limit)?;
        rows.into_iter()
            .map(|(key, value)| {
                let lead = key.get(prefix.len()..).and_then(|id| std::str::from_utf8(id).ok());
                let lead = lead.ok_or(LedgerError::Content("viewer's key"))?;
                Ok((lead.to_owned(), record::decode(&value)?))
            })
            .collect()
    }

    /// The first number after one of which there are bookings or lines, in the order of their keys.
    pub fn next_number(
        &self,
        tenant: &TenantId,
        after: Option<&str>,
    ) -> Result<Option<String>, LedgerError> {
        let mut next: Option<String> = None;
        for letter in [b'W', b'm'] {
            let found = self.next_owner(letter, tenant, after)?;
            let rank = |number: &String| (number.len(), number.clone());
            next = match (next, found) {
                (Some(one), Some(other)) => {
                    Some(if rank(&one) <= rank(&other) { one } else { other })
                }
                (one, other) => one.or(other),
            };
        }
        Ok(next)
    }

    /// Whose lines come next in the table of histories.
    pub(crate) fn next_in_histories(
        &self,
        tenant: &TenantId,
        after: Option<&str>,
    ) -> Result<Option<String>, LedgerError> {
        let table = key::table(b'm', tenant);
        let end = key::after(&table);
        let from = match after {
            Some(owner) => key::after(&keys::owner_prefix(&table, owner)),
            None => table.clone(),
        };
        let range = &from[..]..&end[..];
        let rows = self.store.scan(key::partition(tenant), range, Direction::Ascending, 1)?;
        Ok(rows.first().and_then(|(row, _)| keys::owner(&table, row)))
    }

    /// The first number after one in a table whose rows begin with whose they are; others than numbers are
    /// skipped by their length, since an id is longer than any number or the walk steps over it.
    fn next_owner(
        &self,
        letter: u8,
        tenant: &TenantId,
        after: Option<&str>,
    ) -> Result<Option<String>, LedgerError> {
        let table = key::table(letter, tenant);
        let end = key::after(&table);
        let mut from = match after {
            Some(number) => key::after(&keys::owner_prefix(&table, number)),
            None => table.clone(),
        };
        loop {
            let range = &from[..]..&end[..];
            let rows = self.store.scan(key::partition(tenant), range, Direction::Ascending, 1)?;
            let Some((row, _)) = rows.first() else { return Ok(None) };
            let Some(owner) = keys::owner(&table, row) else { return Ok(None) };
            if owner.starts_with('+') {
                return Ok(Some(owner));
            }
            if owner.len() > NUMBER_CHARS_MAX {
                return Ok(None);
            }
            from = key::after(&keys::owner_prefix(&table, &owner));
        }
    }
}

/// A `+` and fifteen digits (E.164).
const NUMBER_CHARS_MAX: usize = 16;

impl Draft {
    /// A name is this lead's.
    pub fn name_of(&mut self, name: &Name, lead: &str) {
        let key = keys::name(self.tenant(), name);
        self.batch().put(key, lead.as_bytes().to_vec());
    }

    /// A name is nobody's any more.
    pub fn forget_name(&mut self, name: &Name) {
        let key = keys::name(self.tenant(), name);
        self.batch().delete(key);
    }

    /// Adds a line to a history.
    pub fn history(&mut self, owner: &str, line: Sequence, record: &HistoryRecord) {
        let key = keys::history_line(self.tenant(), owner, line);
        self.batch().put(key, record::encode(record));
    }

    /// Removes a line of a history.
    pub fn forget_line(&mut self, owner: &str, line: Sequence) {
        let key = keys::history_line(self.tenant(), owner, line);
        self.batch().delete(key);
    }

    /// A lead looked at a product.
    pub fn viewer(&mut self, sku: &str, lead: &str, viewer: &ViewerRecord) {
        let key = keys::viewer(self.tenant(), sku, lead);
        self.batch().put(key, record::encode(viewer));
    }

    /// A lead no longer counts as one who looked at a product.
    pub fn no_viewer(&mut self, sku: &str, lead: &str) {
        let key = keys::viewer(self.tenant(), sku, lead);
        self.batch().delete(key);
    }
}
