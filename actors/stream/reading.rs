//! From a group of the journal to what happened: what was put and deleted says it all.
//!
//! | row | tells of |
//! |---|---|
//! | `E`, with its `C` | an event |
//! | `D`, with the `L` behind it | how a delivery stands, and the attempt that led there |
//! | `L` of what was filtered | endpoints that did not get the event |
//! | `S` | the state of a booking, a handoff or a conversation |
//! | `T`, with its `S` | their timers: put where something that they wait for changed, deleted where it came or is not needed |
//!
//! An entity has one row `T`, for the first of what it waits for. What else it waits for stands in its state, so
//! where the row is put all of it is told.
//!
//! Invariant: what comes out of a frame depends on the frame alone, in number and order: a client's place
//! counts them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, OnceLock};

use sereno_workflows::id::{EndpointId, EntityKind, Sequence, TenantId};
use sereno_workflows::time::Timestamp;

use super::happening::{Attempted, Happening, Recorded, Stands, What};
use super::place::Place;
use super::timers;
use crate::ledger::Ledger;
use crate::record::key::{self, TimerKey, mirror as keys};
use crate::record::{self, DeliveryStatusRecord, EventRecord, LogRecord, Record, Source};
use crate::store::journal::tail::Written;

/// Reads groups, one after the other.
pub(super) struct Reader {
    ledger: Arc<Ledger>,
    known: HashMap<(TenantId, Sequence), Arc<Recorded>>,
    order: VecDeque<(TenantId, Sequence, usize)>,
    bytes: usize,
    bytes_max: usize,
}

/// A frame while it is read.
struct Frame<'a> {
    tenant: &'a TenantId,
    seq: u64,
    at: Timestamp,
    found: Vec<(Timestamp, What)>,
    /// An event whose further pieces may follow.
    event: Option<(Sequence, Vec<u8>)>,
    /// Who did not get events that stand further on.
    filtered: Vec<(Sequence, What)>,
}

impl Reader {
    /// Remembers so many bytes of events, so that their deliveries can name them.
    pub(super) fn new(ledger: &Arc<Ledger>, bytes_max: usize) -> Self {
        let (known, order) = (HashMap::new(), VecDeque::new());
        Self { ledger: Arc::clone(ledger), known, order, bytes: 0, bytes_max }
    }

    /// What a frame says of a tenant.
    pub(super) fn read<'f>(
        &mut self,
        tenant: &TenantId,
        seq: u64,
        writes: impl Iterator<Item = Written<'f>>,
    ) -> Vec<Happening> {
        let owner = keys::owner_of(tenant);
        let at = self.ledger.now().timestamp();
        let (found, filtered) = (Vec::new(), Vec::new());
        let mut frame = Frame { tenant, seq, at, found, event: None, filtered };
        for (key, value) in writes {
            let Some((&letter, rest)) = key.split_first() else { continue };
            if letter == b'T' {
                self.timer(&mut frame, key, value.is_some());
            } else if rest.starts_with(&owner)
                && let Some(value) = value
            {
                self.row(&mut frame, letter, key, value);
            }
        }
        self.end_event(&mut frame);
        for (_, what) in std::mem::take(&mut frame.filtered) {
            frame.add(what);
        }
        frame.end()
    }

    fn row(&mut self, frame: &mut Frame<'_>, letter: u8, key: &[u8], value: &[u8]) {
        if letter == b'C' {
            let of = key.get(..key.len().saturating_sub(2)).and_then(key::sequence);
            if let Some((place, bytes)) = &mut frame.event
                && of == Some(*place)
            {
                bytes.extend_from_slice(value);
            }
            return;
        }
        if !matches!(letter, b'E' | b'D' | b'L' | b'S') {
            return;
        }
        self.end_event(frame);
        match letter {
            b'E' => {
                let place = key::sequence(key).unwrap_or_default();
                frame.at = place.moment();
                frame.event = Some((place, value.to_vec()));
            }
            b'D' => self.status(frame, key, value),
            b'L' => self.line(frame, key, value),
            _ => state(frame, key, value),
        }
    }

    /// An event is whole: nothing more of it follows.
    fn end_event(&mut self, frame: &mut Frame<'_>) {
        let Some((place, bytes)) = frame.event.take() else { return };
        let Some(event) = decoded::<EventRecord>(&bytes) else { return };
        let event = Arc::new(Recorded::new(place, event));
        self.know(frame.tenant, &event);
        frame.add(What::Event(Arc::clone(&event)));
        let before = std::mem::take(&mut frame.filtered);
        for (of, what) in before {
            match what {
                What::Filtered(_, endpoints) if of == place => {
                    frame.add(What::Filtered(Arc::clone(&event), endpoints));
                }
                what => frame.filtered.push((of, what)),
            }
        }
    }

    fn status(&mut self, frame: &mut Frame<'_>, key: &[u8], value: &[u8]) {
        let Some(status) = decoded::<DeliveryStatusRecord>(value) else { return };
        let delivery = key::sequence(key).unwrap_or_default();
        let event = key.get(..key.len().saturating_sub(8)).and_then(key::sequence);
        let event = self.event(frame.tenant, event.unwrap_or_default(), "");
        let endpoint = EndpointId(status.endpoint);
        let stands = Stands { event, endpoint, delivery, status, attempt: None };
        frame.add(What::Delivery(Box::new(stands)));
    }

    fn line(&mut self, frame: &mut Frame<'_>, key: &[u8], value: &[u8]) {
        frame.at = key::sequence(key).unwrap_or_default().moment();
        match decoded::<LogRecord>(value) {
            Some(LogRecord::Attempt { delivery, began_at, duration_ms, .. }) => {
                // It stands right behind what came of it.
                if let Some((at, What::Delivery(stands))) = frame.found.last_mut()
                    && stands.delivery == delivery
                {
                    *at = frame.at;
                    stands.attempt = Some(Attempted { began_at, duration_ms });
                }
            }
            Some(LogRecord::Filtered { event: place, event_type, endpoints }) => {
                let event = Arc::new(unknown(place, &event_type));
                frame.filtered.push((place, What::Filtered(event, endpoints)));
            }
            None => {}
        }
    }

    fn timer(&self, frame: &mut Frame<'_>, key: &[u8], is_set: bool) {
        let Some(timer) = TimerKey::from_bytes(key) else { return };
        if timer.tenant == *frame.tenant && timer.slot == Sequence(0) && is_told(timer.entity.kind)
        {
            let (entity, due) = (timer.entity, timer.due);
            frame.add(What::Timer { entity, kind: None, due, is_set, left: Vec::new() });
        }
    }

    /// An event by its place; one without content where it is no longer kept.
    fn event(&mut self, tenant: &TenantId, place: Sequence, event_type: &str) -> Arc<Recorded> {
        let found = self.known.get(&(tenant.clone(), place)).cloned();
        found.unwrap_or_else(|| {
            let event = self.ledger.event(tenant, place).unwrap_or_else(|error| {
                tracing::error!(%error, %tenant, "an event cannot be read for the stream");
                None
            });
            let event = match event {
                Some(event) => Recorded::new(place, event),
                None => unknown(place, event_type),
            };
            let event = Arc::new(event);
            self.know(tenant, &event);
            event
        })
    }

    fn know(&mut self, tenant: &TenantId, event: &Arc<Recorded>) {
        let bytes = event.event.body.len() + 256;
        if self.known.insert((tenant.clone(), event.place), Arc::clone(event)).is_none() {
            self.order.push_back((tenant.clone(), event.place, bytes));
            self.bytes += bytes;
        }
        while self.bytes > self.bytes_max
            && let Some((tenant, place, bytes)) = self.order.pop_front()
        {
            self.known.remove(&(tenant, place));
            self.bytes -= bytes;
        }
    }
}

impl Frame<'_> {
    fn add(&mut self, what: What) {
        self.found.push((self.at, what));
    }

    /// What was found, each with its place: the last one's says that there are no more.
    fn end(self) -> Vec<Happening> {
        let seq = self.seq;
        let found = timers::told(self.found);
        let count = found.len();
        let numbered = (1_u32..).zip(found);
        let happening = |(number, (at, what)): (u32, (Timestamp, What))| {
            let is_last = usize::try_from(number).is_ok_and(|number| number == count);
            let seen = if is_last { Place::ALL } else { number };
            Happening { place: Place { seq, seen, at }, at, what, told: OnceLock::new() }
        };
        numbered.map(happening).collect()
    }
}

fn state(frame: &mut Frame<'_>, key: &[u8], value: &[u8]) {
    let entity = keys::of_state(key).filter(|entity| is_told(entity.kind));
    let Some(entity) = entity else { return };
    if let Some(state) = decoded(value) {
        frame.add(What::State(entity, Box::new(state)));
    }
}

/// Whether a stream tells of what becomes of entities of a kind.
fn is_told(kind: EntityKind) -> bool {
    match kind {
        EntityKind::Reservation | EntityKind::Handoff | EntityKind::Conversation => true,
        EntityKind::Tenant
        | EntityKind::DeadLetters
        | EntityKind::Alerts
        | EntityKind::Reports
        | EntityKind::Endpoint
        | EntityKind::Lead
        | EntityKind::Product => false,
    }
}

fn decoded<R: Record>(bytes: &[u8]) -> Option<R> {
    let read = record::decode(bytes);
    read.inspect_err(|error| tracing::error!(%error, "a record is left out of the stream")).ok()
}

/// An event that is no longer kept.
fn unknown(place: Sequence, event_type: &str) -> Recorded {
    let event = EventRecord {
        id: String::new(),
        event_type: event_type.to_owned(),
        at: place.moment(),
        source: Source::Api,
        entity: None,
        ignored: None,
        cause: None,
        deliveries: record::Deliveries::NONE,
        body: "".into(),
        story: None,
        trace: None,
    };
    Recorded::new(place, event)
}
