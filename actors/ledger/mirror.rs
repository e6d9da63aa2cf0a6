//! How far tenants were mirrored, and what there is for the mirror.

use std::ops::Range;

use sereno_workflows::id::{Sequence, TenantId};

use super::{Draft, Ledger, LedgerError};
use crate::limits;
use crate::record::key::{self, HOME, mirror as keys};
use crate::record::{self, MetaRecord, MirroredRecord};
use crate::store::{Batch, Direction, Row};
use crate::vault;

/// That everything is noted which the mirror must hear of, since it last looked through all there is.
const NOTED: &str = "mirror-noted";
/// Which server this is, to the mirror.
const INSTANCE: &str = "mirror-instance";

impl Ledger {
    /// Whether all was noted since the mirror last looked through everything; notes that it is from now on,
    /// or that it no longer is.
    pub(crate) async fn note_for_mirror(&self, on: bool) -> Result<bool, LedgerError> {
        let key = key::meta(NOTED);
        let was: Option<MetaRecord> = self.get(HOME, &key)?;
        if on != was.is_some() {
            let mut batch = Batch::new(HOME);
            match on {
                true => batch.put(key, record::encode(&MetaRecord(Vec::new()))),
                false => batch.delete(key),
            }
            self.commit_home(batch).await;
        }
        Ok(was.is_some())
    }

    /// Which server this is, to the mirror: the same as long as its data lives.
    pub(crate) async fn mirror_instance(&self) -> Result<String, LedgerError> {
        let key = key::meta(INSTANCE);
        if let Some(MetaRecord(name)) = self.get(HOME, &key)? {
            return String::from_utf8(name).map_err(|_| LedgerError::Content("mirror's instance"));
        }
        let name = vault::generate_token("srv");
        let mut batch = Batch::new(HOME);
        batch.put(key, record::encode(&MetaRecord(name.clone().into_bytes())));
        self.commit_home(batch).await;
        Ok(name)
    }

    /// How far a tenant was mirrored; `None` before it ever was.
    pub fn mirrored(&self, tenant: &TenantId) -> Result<Option<MirroredRecord>, LedgerError> {
        self.get(key::partition(tenant), &keys::mirrored(tenant))
    }

    /// Events that went before they were mirrored.
    pub fn lost_to_mirror(&self, tenant: &TenantId) -> Result<u64, LedgerError> {
        let row = self.store.get(key::partition(tenant), &keys::lost(tenant))?;
        Ok(row.as_deref().and_then(key::sequence).map_or(0, |count| count.0))
    }

    /// The first things that are noted for the mirror: the note's key, and the key of what has changed.
    pub(crate) fn notes(&self, tenant: &TenantId, limit: usize) -> Result<Vec<Row>, LedgerError> {
        self.under(key::partition(tenant), &keys::notes(tenant), limit)
    }

    /// The number of the latest note.
    pub(crate) fn last_note(&self, tenant: &TenantId) -> Result<Sequence, LedgerError> {
        let all = keys::notes(tenant);
        let range = &all[..]..&key::after(&all)[..];
        let rows = self.store.scan(key::partition(tenant), range, Direction::Descending, 1)?;
        Ok(rows.first().and_then(|(key, _)| key::sequence(key)).unwrap_or_default())
    }

    /// Keys of a tenant's rows in their order, from one key on and before another.
    pub(crate) fn keys_from(
        &self,
        tenant: &TenantId,
        range: Range<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, LedgerError> {
        let rows = self.store.scan(key::partition(tenant), range, Direction::Ascending, limit)?;
        Ok(rows.into_iter().map(|(key, _)| key).collect())
    }

    /// How many events there are from one on, as far as people care, and which is the first.
    pub fn events_left(
        &self,
        tenant: &TenantId,
        from: Sequence,
    ) -> Result<(usize, Option<Sequence>), LedgerError> {
        let end = key::after(&key::table(b'E', tenant));
        let (mut from, mut count, mut first) = (key::event(tenant, from), 0, None);
        while count < limits::MIRROR_LAG_COUNTED_MAX {
            let found = self.keys_from(tenant, &from..&end, limits::SCAN_PAGE_ROWS)?;
            first = first.or_else(|| found.first().and_then(|key| key::sequence(key)));
            count += found.len();
            match found.last() {
                Some(last) if found.len() == limits::SCAN_PAGE_ROWS => {
                    from = [last, &[0][..]].concat();
                }
                Some(_) | None => break,
            }
        }
        Ok((count.min(limits::MIRROR_LAG_COUNTED_MAX), first))
    }
}

impl Draft {
    /// Notes how far the tenant was mirrored.
    pub fn mirrored(&mut self, how_far: &MirroredRecord) {
        let key = keys::mirrored(self.tenant());
        self.batch().put(key, record::encode(how_far));
    }

    /// The mirror has what was noted.
    pub(crate) fn forget_note(&mut self, note: Vec<u8>) {
        self.batch().delete(note);
    }
}
