//! What is called by the number of a customer, by whichever name somebody heard of it.
//!
//! Where the number is known when something is first told of, what leaves instead of the number is its name. What was told of
//! before keeps its own: then a row says which it is that is told of by the other name from then on.

use sereno_workflows::id::{EntityKey, TenantId};
use sereno_workflows::privacy::PhoneHash;

use super::{Draft, Ledger, LedgerError};
use crate::record::key::{self, people as keys};

/// What is called so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Called {
    /// A booking.
    Booking,
    /// A conversation, and its handoff.
    Talk,
}

impl Called {
    fn kinds(self) -> &'static [fn(&str) -> EntityKey] {
        match self {
            Self::Booking => &[EntityKey::reservation],
            Self::Talk => &[EntityKey::conversation, EntityKey::handoff],
        }
    }
}

impl Ledger {
    /// The id of what a tenant calls so: another where it is called by the number of its customer, or is told of by what
    /// leaves instead of it.
    pub fn called(
        &self,
        tenant: &TenantId,
        (what, hash): (Called, &PhoneHash),
        id: &str,
    ) -> Result<String, LedgerError> {
        let names = hash.names_of(id);
        if names.len() > 1 {
            for name in &names {
                if self.is_there(tenant, what, name)? {
                    return Ok(name.clone());
                }
            }
        }
        Ok(self.told_as(tenant, what, id)?.unwrap_or_else(|| id.to_owned()))
    }

    /// The id of what is told of by another name than its own, if it is this one.
    pub fn told_as(
        &self,
        tenant: &TenantId,
        what: Called,
        name: &str,
    ) -> Result<Option<String>, LedgerError> {
        if !PhoneHash::may_be_told(name) {
            return Ok(None);
        }
        let key = keys::told(tenant, what == Called::Booking, name);
        let found = self.store.get(key::partition(tenant), &key)?;
        let id = found.map(|id| String::from_utf8(id).map_err(|_| LedgerError::Content("name")));
        id.transpose()
    }

    /// Whether there is one that has an id.
    pub(crate) fn is_there(
        &self,
        tenant: &TenantId,
        what: Called,
        id: &str,
    ) -> Result<bool, LedgerError> {
        for kind in what.kinds() {
            if self.state(tenant, &kind(id))?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Draft {
    /// Something is told of by this name from now on.
    pub(crate) fn tell_as(&mut self, what: Called, name: &str, id: &str) {
        let key = keys::told(self.tenant(), what == Called::Booking, name);
        self.batch().put(key, id.as_bytes().to_vec());
    }
}
