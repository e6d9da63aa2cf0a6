//! What goes to the mirror next: a batch of rows, and how far each tenant is once they are there.

mod leads;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use sereno_workflows::id::{EndpointId, EntityKey, EntityKind, Sequence, TenantId};

use super::rows::{Rows, Sent, Told, Whose};
use crate::hints::Hints;
use crate::ledger::{Ledger, LedgerError};
use crate::limits;
use crate::record::key;
use crate::record::{EventRecord, LogRecord, MirroredRecord, StateRecord};
use crate::view::TenantView;

/// A batch on its way.
#[derive(Default)]
pub(super) struct Load {
    pub(super) rows: Rows,
    /// How far each tenant is once the rows are there.
    pub(super) places: BTreeMap<TenantId, MirroredRecord>,
    /// Those who could not be looked at.
    pub(super) absent: Vec<TenantId>,
    /// The notes that are done with then.
    pub(super) notes: Vec<(TenantId, Vec<u8>)>,
}

impl Load {
    fn is_full(&self) -> bool {
        self.rows.len() >= limits::MIRROR_ROWS_MAX || self.rows.bytes() >= limits::MIRROR_BYTES_MAX
    }
}

/// Reads for the mirror.
pub(super) struct Collector<'a> {
    pub(super) ledger: &'a Ledger,
    pub(super) hints: &'a Hints,
    /// Whether phone numbers leave in the clear.
    pub(super) phones: bool,
    /// Up to where events are read.
    pub(super) horizon: Sequence,
}

impl Collector<'_> {
    /// Fills a batch from those who have something new, in turn; who has more stays in line.
    pub(super) fn collect(
        &self,
        line: &mut VecDeque<TenantId>,
        place_of: impl Fn(&TenantId) -> MirroredRecord,
    ) -> Result<Load, LedgerError> {
        let mut load = Load::default();
        while !load.is_full()
            && let Some(tenant) = line.pop_front()
        {
            // Without a listing the tenant is gone, or starts anew.
            let Some(listing) = self.hints.tenant(&tenant) else {
                load.absent.push(tenant);
                continue;
            };
            let mut place = match load.places.remove(&tenant) {
                Some(place) => place,
                None => place_of(&tenant),
            };
            let (before, notes) = (place_of(&tenant), load.notes.len());
            let more = self.turn(&listing.view, &mut place, &mut load)?;
            if place != before || load.notes.len() > notes {
                load.places.insert(tenant.clone(), place);
            }
            if more {
                line.push_back(tenant);
            }
        }
        Ok(load)
    }

    /// One turn of a tenant; answers whether there is more.
    fn turn(
        &self,
        view: &TenantView,
        place: &mut MirroredRecord,
        load: &mut Load,
    ) -> Result<bool, LedgerError> {
        let tenant = &view.id;
        let mut changed = Changed::default();
        let most = limits::MIRROR_READ_MAX;
        let done = load.notes.iter().filter(|(whose, _)| whose == tenant).count();
        let notes = self.ledger.notes(tenant, done + most)?;
        let mut more = notes.len() == done + most;
        for (note, row) in notes.into_iter().skip(done) {
            changed.note(&row);
            load.notes.push((tenant.clone(), note));
        }
        more |= self.look_through(tenant, place, &mut changed)?;
        let (hash, leads) = (&view.policy.phone_hash, &view.lead_key());
        let whose = Whose { tenant, hash, leads, phones: self.phones };
        let entities = std::mem::take(&mut changed.entities);
        let mut named = Named { entities, numbers: BTreeSet::new() };
        // What stands behind the place is read from there.
        for sequence in changed.events.range(..place.events) {
            if let Some(event) = readable(place, self.ledger.event(tenant, *sequence))?.flatten() {
                let into = (&mut named, &mut load.rows);
                self.add_event(&whose, place, (*sequence, &event), into)?;
            }
        }
        let (events, further) =
            self.ledger.events_from(tenant, place.events..self.horizon, most)?;
        more |= further;
        for (sequence, event) in events {
            place.events = sequence.next();
            match event {
                Some(event) => {
                    let into = (&mut named, &mut load.rows);
                    self.add_event(&whose, place, (sequence, &event), into)?;
                }
                None => {
                    place.refused += 1;
                    tracing::error!(%tenant, event = %sequence.to_text(),
                        "an event cannot be read, and is left out of the mirror");
                }
            }
        }
        let Named { entities, mut numbers } = named;
        for entity in &entities {
            let into = (&mut numbers, &mut load.rows);
            readable(place, self.add_state(&whose, entity, into))?;
        }
        for number in &numbers {
            readable(place, self.add_known(&whose, number, &mut load.rows))?;
        }
        for delivery in changed.deliveries {
            readable(place, self.add_sent(&whose, delivery, &mut load.rows))?;
        }
        Ok(more)
    }

    /// The look through what there was before anything was noted: states, then what providers said. Answers
    /// whether there is more.
    fn look_through(
        &self,
        tenant: &TenantId,
        place: &mut MirroredRecord,
        changed: &mut Changed,
    ) -> Result<bool, LedgerError> {
        let Some(&letter) = place.rest.first() else { return Ok(false) };
        let table = key::table(letter, tenant);
        let most = limits::MIRROR_READ_MAX;
        let found = self.ledger.keys_from(tenant, &place.rest..&key::after(&table), most)?;
        found.iter().for_each(|row| changed.note(row));
        place.rest = match (found.last(), letter) {
            (Some(last), _) if found.len() == most => [last, &[0][..]].concat(),
            (Some(_) | None, b'S') => key::table(b'u', tenant),
            (Some(_) | None, _) => Vec::new(),
        };
        Ok(!place.rest.is_empty())
    }

    /// An event, and what it names whose state its commit may have changed.
    fn add_event(
        &self,
        whose: &Whose<'_>,
        place: &mut MirroredRecord,
        (sequence, event): (Sequence, &EventRecord),
        (named, rows): (&mut Named, &mut Rows),
    ) -> Result<(), LedgerError> {
        let mut told = Told::of(event);
        let ties = &mut told.ties;
        let number = match event.entity.as_ref().map(|entity| entity.kind) {
            Some(EntityKind::Reservation | EntityKind::Handoff) => {
                let number = self.customer(whose.tenant, event.entity.as_ref(), sequence);
                readable(place, number)?.flatten()
            }
            Some(_) | None => None,
        };
        if ties.lead.is_none() {
            let tied = self.lead_tied(whose, ties, number.as_deref());
            ties.lead = readable(place, tied)?.flatten();
        }
        named.numbers.extend(number);
        named.entities.extend(event.entity.clone());
        named.entities.extend(ties.lead.as_deref().map(EntityKey::lead));
        named.entities.extend(ties.conversation.as_deref().map(EntityKey::conversation));
        rows.event(whose, sequence, event, &told);
        place.count += 1;
        Ok(())
    }

    fn add_state(
        &self,
        whose: &Whose<'_>,
        entity: &EntityKey,
        (numbers, rows): (&mut BTreeSet<String>, &mut Rows),
    ) -> Result<(), LedgerError> {
        match self.ledger.state(whose.tenant, entity)? {
            Some(StateRecord::Reservation(booking)) => {
                let lead = self.lead_of(whose, booking.wa_number.as_deref())?;
                rows.reservation(whose, self.horizon, &booking, lead.as_deref());
                numbers.extend(booking.wa_number);
            }
            Some(StateRecord::Handoff(handoff)) => {
                let lead = self.lead_of(whose, handoff.wa_number.as_deref())?;
                rows.handoff(whose, self.horizon, &handoff, lead.as_deref());
                numbers.extend(handoff.wa_number);
            }
            Some(StateRecord::Conversation(conversation)) => {
                rows.conversation(whose, self.horizon, &conversation);
            }
            Some(StateRecord::Lead(lead)) => {
                rows.lead(whose, self.horizon, &lead);
                numbers.extend(lead.phone().map(str::to_owned));
            }
            Some(
                StateRecord::Tenant(_)
                | StateRecord::DeadLetters(_)
                | StateRecord::Product(_)
                | StateRecord::Alerts(_)
                | StateRecord::Reports(_),
            )
            | None => {}
        }
        Ok(())
    }

    /// A message that we sent, as far as it is still known.
    fn add_sent(
        &self,
        whose: &Whose<'_>,
        delivery: Sequence,
        rows: &mut Rows,
    ) -> Result<(), LedgerError> {
        let (ledger, tenant) = (self.ledger, whose.tenant);
        // A word may come before its receipt, which then is noted too.
        let Some(receipt) = ledger.receipt(tenant, delivery)? else { return Ok(()) };
        let word = ledger.provider_word(tenant, delivery)?;
        let event = ledger.event(tenant, receipt.event)?;
        let to = match (EndpointId(receipt.endpoint), event.as_ref()) {
            (EndpointId::CUSTOMERS, Some(event)) => {
                self.customer(tenant, event.entity.as_ref(), receipt.event)?
            }
            (EndpointId(_), _) => None,
        };
        let lead = self.lead_of(whose, to.as_deref())?;
        let status = ledger.status(tenant, receipt.event, delivery)?;
        let line = status.as_ref().and_then(|status| status.history.last());
        let text = match line {
            Some(line) => match ledger.log_line(tenant, *line)? {
                Some(LogRecord::Attempt { message, .. }) => message,
                Some(LogRecord::Filtered { .. }) | None => None,
            },
            None => None,
        };
        let sent = Sent {
            delivery,
            receipt: &receipt,
            word: &word,
            event: event.as_ref(),
            to: to.as_deref(),
            lead: lead.as_deref(),
            text: text.as_deref(),
        };
        rows.sent(whose, self.horizon, &sent);
        Ok(())
    }
}

/// What was read, or `None` for a record that cannot be: it is left out and counted, and holds up nobody.
fn readable<T>(
    place: &mut MirroredRecord,
    read: Result<T, LedgerError>,
) -> Result<Option<T>, LedgerError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(LedgerError::Store(error)) => Err(LedgerError::Store(error)),
        Err(error) => {
            place.refused += 1;
            tracing::error!(%error, "a record is left out of the mirror");
            Ok(None)
        }
    }
}

/// What the events of a turn name, to be looked at after them.
struct Named {
    entities: BTreeSet<EntityKey>,
    /// Numbers of customers, who may be known by nothing else.
    numbers: BTreeSet<String>,
}

/// What must be looked at.
#[derive(Default)]
struct Changed {
    events: BTreeSet<Sequence>,
    entities: BTreeSet<EntityKey>,
    deliveries: BTreeSet<Sequence>,
}

impl Changed {
    /// What the row at this key is about.
    fn note(&mut self, row: &[u8]) {
        match row.first() {
            Some(b'E') => self.events.extend(key::sequence(row)),
            Some(b'S') => self.entities.extend(key::mirror::of_state(row)),
            // One more byte says which of a delivery's rows it is.
            Some(b'u') => {
                let delivery = row.split_last().and_then(|(_, rest)| key::sequence(rest));
                self.deliveries.extend(delivery);
            }
            Some(_) | None => {}
        }
    }
}
