//! Events that stand aside: kept with their data as it came in, so that they can be put through again. And
//! which search index belongs to the ledger.

use sereno_workflows::id::{Sequence, TenantId};

use super::{Draft, Ledger, LedgerError};
use crate::limits::INPUT_PIECE_BYTES;
use crate::limits::answers::PAGE_BYTES_MAX;
use crate::record::key::{self, HOME};
use crate::record::{self, EventRecord, InputPieceRecord, SearchRecord, SetAsideRecord};
use crate::store::{Batch, Direction};

/// Into how many pieces the data of an event is cut that stands aside.
pub(crate) fn pieces_of(input: &[u8]) -> u16 {
    u16::try_from(input.len().div_ceil(INPUT_PIECE_BYTES)).unwrap_or(u16::MAX)
}

impl Draft {
    /// Keeps what an event needs that stands aside.
    pub(crate) fn set_aside(&mut self, event: Sequence, record: &SetAsideRecord, input: &[u8]) {
        let tenant = self.tenant().clone();
        self.batch().put(key::story::set_aside(&tenant, event), record::encode(record));
        for (number, piece) in (0_u16..).zip(input.chunks(INPUT_PIECE_BYTES)) {
            let key = key::story::input_piece(&tenant, event, number);
            self.batch().put(key, record::encode(&InputPieceRecord(piece.to_vec())));
        }
    }

    /// Forgets what was kept of an event that stands aside.
    pub(super) fn forget_set_aside(&mut self, event: Sequence, pieces: u16) {
        let tenant = self.tenant().clone();
        self.batch().delete(key::story::set_aside(&tenant, event));
        for number in 0..pieces {
            self.batch().delete(key::story::input_piece(&tenant, event, number));
        }
    }
}

impl Ledger {
    /// The id of the search index that was built from this ledger.
    pub(crate) fn search_id(&self) -> Result<Option<String>, LedgerError> {
        let found = self.get(HOME, &key::story::search())?;
        Ok(found.map(|SearchRecord { id }| id))
    }

    /// Notes which search index is built from this ledger; returns once that is durable.
    pub(crate) async fn keep_search_id(&self, id: &str) {
        let mut batch = Batch::new(HOME);
        let record = SearchRecord { id: id.to_owned() };
        batch.put(key::story::search(), record::encode(&record));
        self.commit_home(batch).await;
    }

    /// What is kept of an event that stands aside.
    pub fn set_aside(
        &self,
        tenant: &TenantId,
        event: Sequence,
    ) -> Result<Option<SetAsideRecord>, LedgerError> {
        self.get(key::partition(tenant), &key::story::set_aside(tenant, event))
    }

    /// The data of an event that stands aside, as it came in.
    pub(crate) fn input(&self, tenant: &TenantId, event: Sequence) -> Result<Vec<u8>, LedgerError> {
        let prefix = key::story::input_pieces(tenant, event);
        let mut input = Vec::new();
        for (_, value) in self.under(key::partition(tenant), &prefix, usize::MAX)? {
            let InputPieceRecord(piece) = record::decode(&value)?;
            input.extend_from_slice(&piece);
        }
        Ok(input)
    }

    /// Events that stand aside, from the newest down, each older than `before`, none older than
    /// `not_before`; fewer than `limit` where they are long.
    pub fn all_set_aside(
        &self,
        tenant: &TenantId,
        before: Sequence,
        not_before: Sequence,
        limit: usize,
    ) -> Result<Vec<(Sequence, EventRecord)>, LedgerError> {
        let from = key::story::set_aside(tenant, not_before);
        let range = &from[..]..&key::story::set_aside(tenant, before)[..];
        let rows = self.store.scan(key::partition(tenant), range, Direction::Descending, limit)?;
        let (mut events, mut bytes) = (Vec::new(), 0);
        for (key, _) in rows {
            let place = key::sequence(&key).ok_or(LedgerError::Content("event key"))?;
            let event = self.event(tenant, place)?;
            bytes += event.as_ref().map_or(0, |event| event.body.len());
            events.extend(event.map(|event| (place, event)));
            if bytes >= PAGE_BYTES_MAX {
                break;
            }
        }
        Ok(events)
    }
}
