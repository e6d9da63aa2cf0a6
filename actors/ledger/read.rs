//! What can be read from the ledger, by its proper names.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use sereno_workflows::endpoint::Health;
use sereno_workflows::id::{EndpointId, EntityKey, EntityKind, EventId, Sequence, TenantId};
use sereno_workflows::reservation::Reservation;
use sereno_workflows::time::Timestamp;

use super::{Ledger, LedgerError};
use crate::limits;
use crate::record::key::{self, HOME, TimerKey};
use crate::record::{
    self, CleanedRecord, DeliveryStatusRecord, EndpointRecord, EventRecord, HealthRecord,
    KeyRecord, LeftoverRecord, LogRecord, Record, StateRecord, TenantRecord, TimerRecord,
};
use crate::shown;
use crate::store::{Direction, Partition, Row};

/// A place in the log, and the event there if it can be read.
type Place = (Sequence, Option<EventRecord>);

impl Ledger {
    /// All tenants.
    pub fn tenants(&self) -> Result<Vec<(TenantId, TenantRecord)>, LedgerError> {
        let rows = self.under(HOME, b"A", limits::TENANTS_MAX)?;
        rows.into_iter()
            .map(|(key, value)| {
                let id = std::str::from_utf8(key.get(1..).unwrap_or_default()).ok();
                let id = id.and_then(|id| id.parse().ok());
                Ok((id.ok_or(LedgerError::Content("tenant id"))?, record::decode(&value)?))
            })
            .collect()
    }

    /// A tenant.
    pub fn tenant(&self, id: &TenantId) -> Result<Option<TenantRecord>, LedgerError> {
        self.get(HOME, &key::tenant(id))
    }

    /// The key with this token's hash.
    pub fn key(&self, hash: &[u8; 32]) -> Result<Option<KeyRecord>, LedgerError> {
        self.get(HOME, &key::api_key(hash))
    }

    /// All API keys, with their hashes.
    pub fn keys(&self) -> Result<HashMap<[u8; 32], Arc<KeyRecord>>, LedgerError> {
        let limit = limits::TENANTS_MAX * limits::access::KEYS_PER_TENANT_MAX;
        let mut keys = HashMap::new();
        for (key, value) in self.under(HOME, b"K", limit)? {
            let hash = key.get(1..).and_then(|hash| hash.try_into().ok());
            let key = Arc::new(record::decode(&value)?);
            keys.insert(hash.ok_or(LedgerError::Content("key"))?, key);
        }
        Ok(keys)
    }

    /// All endpoints of a tenant.
    pub fn endpoints(
        &self,
        tenant: &TenantId,
    ) -> Result<Vec<(EndpointId, EndpointRecord)>, LedgerError> {
        let rows = self.table(b'N', tenant, limits::ENDPOINTS_PER_TENANT_MAX)?;
        rows.into_iter()
            .map(|(key, value)| {
                let number = key.last_chunk::<4>().ok_or(LedgerError::Content("endpoint id"))?;
                Ok((EndpointId(u32::from_be_bytes(*number)), record::decode(&value)?))
            })
            .collect()
    }

    /// An endpoint's health.
    pub fn health(&self, tenant: &TenantId, id: EndpointId) -> Result<Health, LedgerError> {
        let found = self.get(key::partition(tenant), &key::health(tenant, id))?;
        Ok(found.map(|HealthRecord(health)| health).unwrap_or_default())
    }

    /// The state of an entity.
    pub fn state(
        &self,
        tenant: &TenantId,
        entity: &EntityKey,
    ) -> Result<Option<StateRecord>, LedgerError> {
        self.get(key::partition(tenant), &key::state(tenant, entity))
    }

    /// States of a kind in the order of their ids, beginning after one.
    pub fn states(
        &self,
        tenant: &TenantId,
        kind: EntityKind,
        after_id: Option<&str>,
        limit: usize,
    ) -> Result<Vec<StateRecord>, LedgerError> {
        let prefix = key::states(tenant, kind);
        let from = match after_id {
            Some(id) => [&prefix, id.as_bytes(), &[0]].concat(),
            None => prefix.clone(),
        };
        let range = &from[..]..&key::after(&prefix)[..];
        let rows = self.store.scan(key::partition(tenant), range, Direction::Ascending, limit)?;
        decoded(rows)
    }

    /// The bookings of a customer that may still matter.
    pub fn bookings_of(
        &self,
        tenant: &TenantId,
        number: &str,
    ) -> Result<Vec<Reservation>, LedgerError> {
        let prefix = key::bookings_of(tenant, number);
        let rows =
            self.under(key::partition(tenant), &prefix, limits::BOOKINGS_PER_CUSTOMER_MAX)?;
        let mut bookings = Vec::new();
        for (key, _) in rows {
            let id = std::str::from_utf8(key.get(prefix.len()..).unwrap_or_default())
                .map_err(|_| LedgerError::Content("reservation id"))?;
            let state = self.state(tenant, &EntityKey::reservation(id))?;
            if let Some(StateRecord::Reservation(reservation)) = state {
                bookings.push(reservation);
            }
        }
        Ok(bookings)
    }

    /// An event.
    pub fn event(
        &self,
        tenant: &TenantId,
        sequence: Sequence,
    ) -> Result<Option<EventRecord>, LedgerError> {
        let partition = key::partition(tenant);
        let Some(first) = self.store.get(partition, &key::event(tenant, sequence))? else {
            return Ok(None);
        };
        self.whole_event(tenant, sequence, first)
    }

    /// The place of the event with this id.
    pub fn find_event(
        &self,
        tenant: &TenantId,
        id: &EventId,
    ) -> Result<Option<Sequence>, LedgerError> {
        let find = |key: Vec<u8>| self.store.get(key::partition(tenant), &key);
        let place = match find(key::event_id(tenant, id))? {
            Some(place) => Some(place),
            None => find(key::event_id_before(tenant, id))?,
        };
        Ok(place.as_deref().and_then(key::sequence))
    }

    /// Events from the newest down, each older than `before`, none older than `not_before`; fewer than
    /// `limit` where they are long, and none only where there is none.
    pub fn events(
        &self,
        tenant: &TenantId,
        before: Sequence,
        not_before: Sequence,
        limit: usize,
    ) -> Result<Vec<(Sequence, EventRecord)>, LedgerError> {
        let range = &key::event(tenant, not_before)[..]..&key::event(tenant, before)[..];
        let rows = self.store.scan(key::partition(tenant), range, Direction::Descending, limit)?;
        let (mut events, mut bytes) = (Vec::new(), 0);
        for (key, value) in rows {
            let sequence = key::sequence(&key).ok_or(LedgerError::Content("event key"))?;
            let event = self.whole_event(tenant, sequence, value)?;
            bytes += event.as_ref().map_or(0, |event| event.body.len());
            events.extend(event.map(|event| (sequence, event)));
            if bytes >= limits::answers::PAGE_BYTES_MAX {
                break;
            }
        }
        Ok(events)
    }

    /// Events in the order in which they were recorded, from one on and before another, and whether there
    /// may be more; fewer than `limit` where they are long. One that cannot be read is `None`.
    pub fn events_from(
        &self,
        tenant: &TenantId,
        range: Range<Sequence>,
        limit: usize,
    ) -> Result<(Vec<Place>, bool), LedgerError> {
        let range = &key::event(tenant, range.start)[..]..&key::event(tenant, range.end)[..];
        let rows = self.store.scan(key::partition(tenant), range, Direction::Ascending, limit)?;
        let (mut events, mut bytes, count) = (Vec::new(), 0, rows.len());
        for (key, value) in rows {
            let sequence = key::sequence(&key).ok_or(LedgerError::Content("event key"))?;
            let event = self.whole_event(tenant, sequence, value).ok().flatten();
            bytes += event.as_ref().map_or(0, |event| event.body.len());
            events.push((sequence, event));
            if bytes >= limits::answers::PAGE_BYTES_MAX {
                break;
            }
        }
        let more = count == limit || events.len() < count;
        Ok((events, more))
    }

    /// The places of lines of the log in their order, from one on and before another.
    pub fn log_from(
        &self,
        tenant: &TenantId,
        range: Range<Sequence>,
        limit: usize,
    ) -> Result<Vec<Sequence>, LedgerError> {
        let range = &key::log(tenant, range.start)[..]..&key::log(tenant, range.end)[..];
        let rows = self.store.scan(key::partition(tenant), range, Direction::Ascending, limit)?;
        Ok(rows.iter().filter_map(|(key, _)| key::sequence(key)).collect())
    }

    /// Events that have outlived their time and are still there, after one of them.
    pub fn leftovers(
        &self,
        tenant: &TenantId,
        after: Sequence,
        limit: usize,
    ) -> Result<Vec<(Sequence, LeftoverRecord)>, LedgerError> {
        let end = key::after(&key::table(b'R', tenant));
        let range = &key::leftover(tenant, after.next())[..]..&end[..];
        let rows = self.store.scan(key::partition(tenant), range, Direction::Ascending, limit)?;
        rows.into_iter()
            .map(|(key, value)| {
                let event = key::sequence(&key).ok_or(LedgerError::Content("leftover's key"))?;
                Ok((event, record::decode(&value)?))
            })
            .collect()
    }

    /// How far a tenant was cleaned.
    pub fn cleaned(&self, tenant: &TenantId) -> Result<CleanedRecord, LedgerError> {
        Ok(self.get(key::partition(tenant), &key::cleaned(tenant))?.unwrap_or_default())
    }

    /// How the deliveries of an event stand, for those that have been tried.
    pub fn statuses(
        &self,
        tenant: &TenantId,
        event: Sequence,
        limit: usize,
    ) -> Result<Vec<(Sequence, DeliveryStatusRecord)>, LedgerError> {
        let prefix = key::statuses(tenant, event);
        let rows = self.under(key::partition(tenant), &prefix, limit)?;
        rows.into_iter()
            .map(|(key, value)| {
                let delivery = key::sequence(&key).ok_or(LedgerError::Content("delivery key"))?;
                Ok((delivery, record::decode(&value)?))
            })
            .collect()
    }

    /// Lines of the log from the newest down, each older than `before`.
    pub fn log(
        &self,
        tenant: &TenantId,
        before: Sequence,
        limit: usize,
    ) -> Result<Vec<(Sequence, LogRecord)>, LedgerError> {
        self.log_between(tenant, Sequence(0)..before, limit)
    }

    /// The newest lines of a part of the log, from one place on and before another.
    pub(super) fn log_between(
        &self,
        tenant: &TenantId,
        range: Range<Sequence>,
        limit: usize,
    ) -> Result<Vec<(Sequence, LogRecord)>, LedgerError> {
        let range = &key::log(tenant, range.start)[..]..&key::log(tenant, range.end)[..];
        let rows = self.store.scan(key::partition(tenant), range, Direction::Descending, limit)?;
        rows.into_iter()
            .map(|(key, value)| {
                let sequence = key::sequence(&key).ok_or(LedgerError::Content("log key"))?;
                Ok((sequence, record::decode(&value)?))
            })
            .collect()
    }

    /// Timers of a partition in the order of their time, from `from` (inclusive) until `until`
    /// (exclusive); those that cannot be read are left out and reported.
    pub fn timers(
        &self,
        partition: Partition,
        from: &[u8],
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<(TimerKey, TimerRecord)>, LedgerError> {
        let range = from..&key::timers_from(until)[..];
        let rows = self.store.scan(partition, range, Direction::Ascending, limit)?;
        let mut timers = Vec::with_capacity(rows.len());
        for (key, value) in rows {
            match (TimerKey::from_bytes(&key), record::decode(&value)) {
                (Some(timer), Ok(what)) => timers.push((timer, what)),
                (None, _) => tracing::error!("a timer's key is not readable; it cannot fire"),
                (Some(timer), Err(error)) => {
                    let entity = shown::key(self.vault(), &timer.entity);
                    tracing::error!(%error, entity, "a timer cannot fire");
                }
            }
        }
        Ok(timers)
    }

    /// What a timer is for, if it is set.
    pub fn timer(&self, timer: &TimerKey) -> Result<Option<TimerRecord>, LedgerError> {
        self.get(key::partition(&timer.tenant), &timer.to_bytes())
    }

    /// Whether a timer is still set.
    pub fn has_timer(&self, timer: &TimerKey) -> Result<bool, LedgerError> {
        let row = self.store.get(key::partition(&timer.tenant), &timer.to_bytes())?;
        Ok(row.is_some())
    }

    /// Raw rows of one of the tenant's tables.
    pub(crate) fn table(
        &self,
        letter: u8,
        tenant: &TenantId,
        limit: usize,
    ) -> Result<Vec<Row>, LedgerError> {
        self.under(key::partition(tenant), &key::table(letter, tenant), limit)
    }

    pub(super) fn under(
        &self,
        partition: Partition,
        prefix: &[u8],
        limit: usize,
    ) -> Result<Vec<Row>, LedgerError> {
        let range = prefix..&key::after(prefix)[..];
        Ok(self.store.scan(partition, range, Direction::Ascending, limit)?)
    }

    /// An event that begins with these bytes; `None` if it was removed while the rest of it was read.
    fn whole_event(
        &self,
        tenant: &TenantId,
        sequence: Sequence,
        mut bytes: Vec<u8>,
    ) -> Result<Option<EventRecord>, LedgerError> {
        let is_long = bytes.len() == limits::VALUE_BYTES_MAX;
        if is_long {
            let from = key::event_piece(tenant, sequence, 0);
            let prefix = from.get(..from.len() - 2).unwrap_or_default();
            for (_, piece) in self.under(key::partition(tenant), prefix, usize::MAX)? {
                bytes.extend_from_slice(&piece);
            }
        }
        let is_gone = || {
            let first = self.store.get(key::partition(tenant), &key::event(tenant, sequence))?;
            Ok::<_, LedgerError>(is_long && first.is_none())
        };
        match record::decode(&bytes) {
            Ok(event) => Ok(Some(event)),
            Err(_) if is_gone()? => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

fn decoded<R: Record>(rows: Vec<Row>) -> Result<Vec<R>, LedgerError> {
    rows.into_iter().map(|(_, value)| Ok(record::decode(&value)?)).collect()
}
