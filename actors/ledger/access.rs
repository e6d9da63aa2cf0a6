//! Who may in, and what was done by whom.

use std::ops::Range;

use sereno_workflows::id::{Sequence, TenantId};
use sereno_workflows::time::Timestamp;

use super::{Draft, Ledger, LedgerError};
use crate::limits;
use crate::record::key::{self, HOME, access as keys};
use crate::record::{self, AuditRecord, EndedSessionRecord, LinkRecord, MetaRecord};
use crate::store::{Batch, Direction};

/// The fact from when on sessions hold that were begun.
const SESSIONS_FROM: &str = "sessions-from";

impl Ledger {
    /// All one-time links that were not used, by their tokens' hashes.
    pub(crate) fn links(&self) -> Result<Vec<([u8; 32], LinkRecord)>, LedgerError> {
        let most = limits::TENANTS_MAX * limits::access::LINKS_PER_TENANT_MAX;
        let mut links = Vec::new();
        for (key, value) in self.under(HOME, keys::LINKS, most)? {
            let hash = key.get(1..).and_then(|hash| hash.try_into().ok());
            links.push((hash.ok_or(LedgerError::Content("link"))?, record::decode(&value)?));
        }
        Ok(links)
    }

    /// All sessions that ended before their time, and until when they would have gone on.
    pub(crate) fn ended_sessions(&self) -> Result<Vec<([u8; 16], Timestamp)>, LedgerError> {
        let most = limits::access::SESSIONS_ENDED_MAX.saturating_mul(2);
        let mut ended = Vec::new();
        for (key, value) in self.under(HOME, keys::ENDED_SESSIONS, most)? {
            let id = key.get(1..).and_then(|id| id.try_into().ok());
            let EndedSessionRecord { until } = record::decode(&value)?;
            ended.push((id.ok_or(LedgerError::Content("session"))?, until));
        }
        Ok(ended)
    }

    /// From when on sessions hold that were begun.
    pub(crate) fn sessions_from(&self) -> Result<Timestamp, LedgerError> {
        let found: Option<MetaRecord> = self.get(HOME, &key::meta(SESSIONS_FROM))?;
        let bytes = found.and_then(|MetaRecord(bytes)| <[u8; 8]>::try_from(bytes).ok());
        Ok(Timestamp(i64::from_be_bytes(bytes.unwrap_or_default())))
    }

    /// Entries of a tenant's audit log, the newest first.
    pub fn audit(
        &self,
        tenant: &TenantId,
        range: Range<Sequence>,
        limit: usize,
    ) -> Result<Vec<(Sequence, AuditRecord)>, LedgerError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let range = &keys::audit(tenant, range.start)[..]..&keys::audit(tenant, range.end)[..];
        let rows = self.store.scan(key::partition(tenant), range, Direction::Descending, limit)?;
        rows.into_iter()
            .map(|(key, value)| {
                let place = key::sequence(&key).ok_or(LedgerError::Content("audit key"))?;
                Ok((place, record::decode(&value)?))
            })
            .collect()
    }

    /// The places of a tenant's oldest entries, each before `before`.
    pub(crate) fn audit_before(
        &self,
        tenant: &TenantId,
        before: Sequence,
        limit: usize,
    ) -> Result<Vec<Sequence>, LedgerError> {
        let range = &keys::audit_log(tenant)[..]..&keys::audit(tenant, before)[..];
        let rows = self.store.scan(key::partition(tenant), range, Direction::Ascending, limit)?;
        Ok(rows.iter().filter_map(|(key, _)| key::sequence(key)).collect())
    }

    /// How many entries a tenant's audit log has.
    pub(crate) fn audit_count(&self, tenant: &TenantId) -> Result<usize, LedgerError> {
        let all = keys::audit_log(tenant);
        let (mut from, end) = (all.clone(), key::after(&all));
        let mut count = 0;
        loop {
            let range = &from[..]..&end[..];
            let page = limits::SCAN_PAGE_ROWS;
            let partition = key::partition(tenant);
            let rows = self.store.scan(partition, range, Direction::Ascending, page)?;
            count += rows.len();
            match rows.last() {
                Some((last, _)) if rows.len() == page => from = [&last[..], &[0]].concat(),
                Some(_) | None => return Ok(count),
            }
        }
    }
}

/// Writes down from when on sessions hold that were begun.
pub(crate) fn put_sessions_from(batch: &mut Batch, from: Timestamp) {
    let fact = MetaRecord(from.0.to_be_bytes().to_vec());
    batch.put(key::meta(SESSIONS_FROM), record::encode(&fact));
}

impl Draft {
    /// Puts an entry into the audit log, or another in its place.
    pub(crate) fn audit(&mut self, place: Sequence, entry: &AuditRecord) {
        let key = keys::audit(self.tenant(), place);
        self.batch().put(key, record::encode(entry));
    }

    /// Takes an entry out of the audit log.
    pub(crate) fn forget_audit(&mut self, place: Sequence) {
        let key = keys::audit(self.tenant(), place);
        self.batch().delete(key);
    }
}
