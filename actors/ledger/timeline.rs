//! What happened to a person: lines of a lead and of the numbers that were theirs, in one order.
//!
//! A booking has no line while it may still matter: it stands under its number already, and the road of
//! bookings is long. Its line is written when it is over; until then it is made up from the booking itself,
//! at the same place.

use std::ops::Range;

use sereno_workflows::id::{EntityKey, Sequence, TenantId};
use sereno_workflows::lead::Lead;
use sereno_workflows::reservation::Reservation;
use sereno_workflows::time::Timestamp;

use super::{Draft, Ledger, LedgerError};
use crate::record::key::{self, people as keys};
use crate::record::{self, HistoryKind, HistoryRecord, StateRecord};
use crate::store::Direction;

/// Lines that are looked at in search of a booking, and of when there was the first.
const LATEST_LINES: usize = 16;

/// Under what lines stand, and of which time they count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// A lead, a number, or a conversation without a lead.
    pub name: String,
    /// From when on.
    pub from: Option<Timestamp>,
    /// Until when.
    pub until: Option<Timestamp>,
}

/// What is known of somebody by their number alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownByNumber {
    /// As their latest booking has it.
    pub name: Option<String>,
    /// As their latest booking has it.
    pub locale: Option<String>,
    /// When the first thing happened.
    pub first_seen: Timestamp,
    /// When the last thing happened.
    pub last_seen: Timestamp,
    /// Whether they may have been known by it before they wrote or called: a booking or a handoff was first.
    pub was_first: bool,
}

impl Owner {
    /// Under this at any time.
    pub fn always(name: &str) -> Self {
        Self { name: name.to_owned(), from: None, until: None }
    }

    /// All under which a lead's lines stand.
    pub fn all_of(lead: &Lead) -> Vec<Self> {
        let numbers = lead.phones.iter().map(|held| Self {
            name: held.number.clone(),
            from: held.from,
            until: held.until,
        });
        let others = lead.merged.iter().map(|other| Self::always(other));
        [Self::always(&lead.id)].into_iter().chain(others).chain(numbers).collect()
    }

    fn clip(&self, range: &Range<Sequence>) -> Range<Sequence> {
        let from = self.from.map_or(range.start, |from| range.start.max(Sequence::at(from)));
        let end = self.until.map_or(range.end, |until| range.end.min(Sequence::at(until)));
        from..end.max(from)
    }
}

impl Ledger {
    /// Lines from the newest down, of all these together.
    pub fn timeline(
        &self,
        tenant: &TenantId,
        owners: &[Owner],
        range: Range<Sequence>,
        limit: usize,
    ) -> Result<Vec<(Sequence, HistoryRecord)>, LedgerError> {
        let mut lines = Vec::new();
        for owner in owners {
            let range = owner.clip(&range);
            if owner.name.starts_with('+') {
                let bookings = self.bookings_of(tenant, &owner.name)?;
                let made = bookings.iter().map(booking_line);
                lines.extend(made.filter(|(line, _)| range.contains(line)));
            }
            lines.extend(self.lines(tenant, &owner.name, &range, limit)?);
        }
        lines.sort_by_key(|(line, _)| std::cmp::Reverse(*line));
        lines.dedup_by_key(|(line, _)| *line);
        lines.truncate(limit);
        Ok(lines)
    }

    /// Somebody of whom nothing is known but a number and what was done under it; `None` if that is nothing.
    pub fn known_by_number(
        &self,
        tenant: &TenantId,
        number: &str,
    ) -> Result<Option<KnownByNumber>, LedgerError> {
        let all = Sequence(0)..Sequence(u64::MAX);
        let owner = Owner::always(number);
        let latest = self.timeline(tenant, &[owner], all.clone(), LATEST_LINES)?;
        let mut oldest = latest.last().cloned();
        if latest.len() == LATEST_LINES {
            let bookings = self.bookings_of(tenant, number)?;
            let lines = bookings.iter().map(booking_line);
            let lines = lines.chain(self.lines_from(tenant, number, all, 1)?);
            oldest = lines.min_by_key(|(place, _)| *place).or(oldest);
        }
        let (Some((_, newest)), Some((_, oldest))) = (latest.first(), oldest) else {
            return Ok(None);
        };
        let mut known = KnownByNumber {
            name: None,
            locale: None,
            first_seen: oldest.at,
            last_seen: newest.at.max(oldest.at),
            was_first: matches!(oldest.kind, HistoryKind::Reservation | HistoryKind::Handoff),
        };
        for (_, line) in &latest {
            let about = line.about.as_ref().filter(|_| line.kind == HistoryKind::Reservation);
            let Some(id) = about else { continue };
            let state = self.state(tenant, &EntityKey::reservation(id))?;
            if let Some(StateRecord::Reservation(booking)) = state {
                (known.name, known.locale) = (booking.name, booking.locale);
                break;
            }
        }
        Ok(Some(known))
    }

    /// The number that an entity's customer had at a place, if that is no longer theirs.
    pub(crate) fn number_at(
        &self,
        tenant: &TenantId,
        entity: &EntityKey,
        place: Sequence,
    ) -> Result<Option<Option<String>>, LedgerError> {
        let later = place..Sequence(u64::MAX);
        let line = self.lines_from(tenant, &entity.to_string(), later, 1)?.pop();
        Ok(line.map(|(_, line)| line.about))
    }

    fn lines(
        &self,
        tenant: &TenantId,
        owner: &str,
        range: &Range<Sequence>,
        limit: usize,
    ) -> Result<Vec<(Sequence, HistoryRecord)>, LedgerError> {
        self.lines_in(tenant, owner, range, (Direction::Descending, limit))
    }

    /// The oldest lines of a lead, a number or a conversation.
    pub(crate) fn lines_from(
        &self,
        tenant: &TenantId,
        owner: &str,
        range: Range<Sequence>,
        limit: usize,
    ) -> Result<Vec<(Sequence, HistoryRecord)>, LedgerError> {
        self.lines_in(tenant, owner, &range, (Direction::Ascending, limit))
    }

    fn lines_in(
        &self,
        tenant: &TenantId,
        owner: &str,
        range: &Range<Sequence>,
        (direction, limit): (Direction, usize),
    ) -> Result<Vec<(Sequence, HistoryRecord)>, LedgerError> {
        let from = keys::history_line(tenant, owner, range.start);
        let end = keys::history_line(tenant, owner, range.end);
        let range = &from[..]..&end[..];
        let rows = self.store.scan(key::partition(tenant), range, direction, limit)?;
        rows.into_iter()
            .map(|(key, value)| {
                let line = key::sequence(&key).ok_or(LedgerError::Content("history key"))?;
                Ok((line, record::decode(&value)?))
            })
            .collect()
    }
}

impl Draft {
    /// Notes that up to this place an entity's customer had this number or none: a line that stands under the
    /// entity itself, and goes when those do that tell of it.
    pub(crate) fn had_number(&mut self, entity: &EntityKey, number: Option<&str>, place: Sequence) {
        let line = HistoryRecord {
            at: place.moment(),
            kind: HistoryKind::Person,
            event_type: String::new(),
            event_id: String::new(),
            event: None,
            delivery: None,
            conversation: None,
            about: number.map(str::to_owned),
            text: None,
        };
        self.history(&entity.to_string(), place, &line);
    }
}

/// That a booking was made, as a line, and its place: the moment, and inside it one that its id gives.
pub(crate) fn booking_line(booking: &Reservation) -> (Sequence, HistoryRecord) {
    let at = booking.history.first().map_or(booking.slot, |first| first.at);
    let inside = u64::from(crc32fast::hash(booking.id.as_bytes()) % 1_000);
    let line = HistoryRecord {
        at,
        kind: HistoryKind::Reservation,
        event_type: "reservation.created".to_owned(),
        event_id: String::new(),
        event: None,
        delivery: None,
        conversation: None,
        about: Some(booking.id.clone()),
        text: None,
    };
    (Sequence(Sequence::at(at).0 + inside), line)
}
