//! Deliveries that were given up: of all endpoints, or of one, which are found without those of others.
//!
//! Beside the dead letters, in the order in which their deliveries were made, stands for each endpoint which are its own.
//! Of those from before that was noted the cleaner notes it; until it has done so they are looked through as they are.

use std::ops::Range;

use sereno_workflows::dead_letters::Sight;
use sereno_workflows::id::{EndpointId, Sequence, TenantId};

use super::{Draft, Ledger, LedgerError};
use crate::limits;
use crate::record::{self, DeadLetterRecord, key};
use crate::store::Direction;

/// Dead letters with their deliveries.
type Letters = Vec<(Sequence, DeadLetterRecord)>;

impl Ledger {
    /// A dead letter.
    pub fn dead_letter(
        &self,
        tenant: &TenantId,
        delivery: Sequence,
    ) -> Result<Option<DeadLetterRecord>, LedgerError> {
        self.get(key::partition(tenant), &key::dead_letter(tenant, delivery))
    }

    /// Dead letters by the place of their delivery: at least those of one endpoint, where one is named. Fewer than
    /// `limit` where there are no more.
    pub fn dead_letters(
        &self,
        tenant: &TenantId,
        (of, range): (Option<EndpointId>, Range<Sequence>),
        newest_first: bool,
        limit: usize,
    ) -> Result<Letters, LedgerError> {
        let direction = if newest_first { Direction::Descending } else { Direction::Ascending };
        if let Some(of) = of.filter(|_| range.start < range.end)
            && self.knows_letters_of_endpoints(tenant)?
        {
            return self.dead_letters_of(tenant, (of, range), direction, limit);
        }
        let range =
            &key::dead_letter(tenant, range.start)[..]..&key::dead_letter(tenant, range.end)[..];
        let rows = self.store.scan(key::partition(tenant), range, direction, limit)?;
        rows.into_iter()
            .map(|(key, value)| {
                let delivery = key::sequence(&key).ok_or(LedgerError::Content("letter's key"))?;
                Ok((delivery, record::decode(&value)?))
            })
            .collect()
    }

    fn dead_letters_of(
        &self,
        tenant: &TenantId,
        (of, Range { mut start, mut end }): (EndpointId, Range<Sequence>),
        direction: Direction,
        limit: usize,
    ) -> Result<Letters, LedgerError> {
        let (mut letters, partition) = (Letters::new(), key::partition(tenant));
        while letters.len() < limit && start < end {
            let range =
                &key::letters::of(tenant, of, start)[..]..&key::letters::of(tenant, of, end)[..];
            let rows = self.store.scan(partition, range, direction, limit)?;
            let is_last = rows.len() < limit;
            for (key, _) in rows {
                let delivery = key::sequence(&key).ok_or(LedgerError::Content("letter's key"))?;
                match direction {
                    Direction::Ascending => start = delivery.next(),
                    Direction::Descending => end = delivery,
                }
                // It may have gone since.
                let letter = self.dead_letter(tenant, delivery)?;
                letters.extend(letter.map(|letter| (delivery, letter)));
                if letters.len() == limit {
                    break;
                }
            }
            if is_last {
                break;
            }
        }
        Ok(letters)
    }

    /// Whether of every dead letter is noted whose it is.
    pub(crate) fn knows_letters_of_endpoints(
        &self,
        tenant: &TenantId,
    ) -> Result<bool, LedgerError> {
        let key = key::letters::are_all_noted(tenant);
        Ok(self.store.get(key::partition(tenant), &key)?.is_some())
    }

    /// How many dead letters there are, as far as people care, and since when the oldest is one.
    pub fn dead_letters_at_sight(&self, tenant: &TenantId) -> Result<Sight, LedgerError> {
        let all = Sequence(0)..Sequence(u64::MAX);
        let limit = limits::DEAD_LETTERS_COUNTED_MAX;
        let letters = self.dead_letters(tenant, (None, all), false, limit)?;
        let oldest = letters.iter().map(|(_, letter)| letter.at).min();
        Ok(Sight { count: letters.len(), oldest })
    }
}

impl Draft {
    /// Notes whose a dead letter is that was there before that was noted of any.
    pub(crate) fn note_letter(&mut self, of: EndpointId, delivery: Sequence) {
        let key = key::letters::of(self.tenant(), of, delivery);
        self.batch().put(key, Vec::new());
    }

    /// Of every dead letter is noted whose it is.
    pub(crate) fn all_letters_are_noted(&mut self) {
        let key = key::letters::are_all_noted(self.tenant());
        self.batch().put(key, Vec::new());
    }
}

#[cfg(test)]
mod tests;
