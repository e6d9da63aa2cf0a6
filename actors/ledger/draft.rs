//! One commit in the making: everything that one decision changes, and what to do once it is durable.

use std::collections::BTreeMap;

use sereno_workflows::effect::Signal;
use sereno_workflows::endpoint::Health;
use sereno_workflows::id::{EndpointId, EntityKey, EntityKind, EventId, Sequence, TenantId};
use sereno_workflows::statistics::Tally;
use sereno_workflows::time::Timestamp;

use super::lanes::Noted;
use crate::limits;
use crate::record::key::lanes::Lane;
use crate::record::key::{self, TimerKey};
use crate::record::{
    self, CleanedRecord, DeadLetterRecord, DeliveryRecord, DeliveryStatusRecord, EventRecord,
    FanOutRecord, HealthRecord, JobRecord, LeftoverRecord, LogRecord, QuarantineRecord,
    StateRecord, TimerRecord,
};
use crate::store::Batch;

/// A hint to carry out once the commit is durable; losing one costs latency only, since what it
/// points at is a row of the commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum After {
    /// A timer was set.
    Arm(TimerKey, TimerRecord),
    /// An endpoint has a delivery that is due then.
    Deliver(EndpointId, Timestamp),
    /// An event is to be handed to its many endpoints.
    FanOut(Sequence),
    /// A letter is in line to be read.
    Letter,
}

/// A commit in the making.
#[derive(Debug)]
pub struct Draft {
    tenant: TenantId,
    batch: Batch,
    after: Vec<After>,
    /// The earliest delivery that each endpoint gets.
    due: BTreeMap<EndpointId, Timestamp>,
    /// The events that it removes.
    forgotten: Vec<Sequence>,
    /// What the blocks of events are to be noted for, with the events that it records.
    noted: Vec<(Sequence, Lane)>,
    /// What it counts.
    tally: Option<Box<Tally>>,
}

impl Draft {
    /// An empty commit of this tenant.
    pub fn new(tenant: &TenantId) -> Self {
        let batch = Batch::new(key::partition(tenant));
        Self {
            tenant: tenant.clone(),
            batch,
            after: Vec::new(),
            due: BTreeMap::new(),
            forgotten: Vec::new(),
            noted: Vec::new(),
            tally: None,
        }
    }

    /// Whose commit it is.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.batch.writes.is_empty()
    }

    /// Takes over everything of another draft of the same tenant.
    pub fn append(&mut self, other: Self) {
        assert_eq!(self.tenant, other.tenant, "a commit belongs to one tenant");
        self.batch.writes.extend(other.batch.writes);
        self.after.extend(other.after);
        self.forgotten.extend(other.forgotten);
        self.noted.extend(other.noted);
        if let Some(more) = other.tally {
            match &mut self.tally {
                Some(tally) => tally.merge(&more),
                None => self.tally = Some(more),
            }
        }
        for (endpoint, due) in other.due {
            self.deliver(endpoint, due);
        }
    }

    /// Records an event, in pieces if it is long; under its id too, where the caller gave it one.
    pub fn event(&mut self, sequence: Sequence, event: &EventRecord, given_id: Option<&EventId>) {
        self.noted.push((sequence, Lane::Blocks));
        match &event.deliveries {
            many if many.len() > limits::lanes::NOTED_EACH_MAX => {
                self.noted.push((sequence, Lane::ToMany));
            }
            few => {
                let to = few.to_vec().into_iter().map(|(to, _)| (sequence, Lane::To(to)));
                self.noted.extend(to);
            }
        }
        let mut first = record::encode(event);
        let rest = first.split_off(first.len().min(limits::VALUE_BYTES_MAX));
        self.batch.put(key::event(&self.tenant, sequence), first);
        for (number, piece) in (0_u16..).zip(rest.chunks(limits::VALUE_BYTES_MAX)) {
            self.batch.put(key::event_piece(&self.tenant, sequence, number), piece.to_vec());
        }
        if let Some(id) = given_id {
            let place = sequence.0.to_be_bytes().to_vec();
            self.batch.put(key::event_id(&self.tenant, id), place);
        }
    }

    /// Sets the state of an entity.
    pub fn state(&mut self, entity: &EntityKey, state: &StateRecord) {
        let bytes = record::encode(state);
        self.batch.put(key::state(&self.tenant, entity), bytes);
    }

    /// Sets a timer.
    pub fn arm(&mut self, timer: TimerKey, what: TimerRecord) {
        self.batch.put(timer.to_bytes(), record::encode(&what));
        self.after.push(After::Arm(timer, what));
    }

    /// Removes a timer.
    pub fn disarm(&mut self, timer: &TimerKey) {
        self.batch.delete(timer.to_bytes());
    }

    /// Notes that a booking is this customer's.
    pub fn booking_of(&mut self, number: &str, reservation_id: &str) {
        self.batch.put(key::booking_of(&self.tenant, number, reservation_id), Vec::new());
    }

    /// Forgets that a booking was this customer's.
    pub fn no_booking_of(&mut self, number: &str, reservation_id: &str) {
        self.batch.delete(key::booking_of(&self.tenant, number, reservation_id));
    }

    /// Queues a delivery.
    pub fn enqueue(
        &mut self,
        endpoint: EndpointId,
        due: Timestamp,
        delivery: Sequence,
        record: &DeliveryRecord,
    ) {
        let key = key::queued(&self.tenant, endpoint, due, delivery);
        self.batch.put(key, record::encode(record));
        self.deliver(endpoint, due);
    }

    /// Queues what goes with an event to a customer or a reader. Its event does not name it, so a row says from
    /// the first on that it is there, before anything was tried.
    pub fn tell(
        &mut self,
        endpoint: EndpointId,
        due: Timestamp,
        delivery: Sequence,
        record: &DeliveryRecord,
    ) {
        assert!(endpoint.is_own(), "an event names what goes to endpoints");
        self.enqueue(endpoint, due, delivery, record);
        self.noted.push((record.event, Lane::To(endpoint)));
        self.status(record.event, delivery, &DeliveryStatusRecord::untried(endpoint));
    }

    /// Has an event handed to its many endpoints.
    pub fn begin_fan_out(&mut self, event: Sequence, due: Timestamp) {
        self.fan_out(event, &FanOutRecord { due, secured: 0 });
        self.after.push(After::FanOut(event));
    }

    /// Notes how far an event was handed to its many endpoints.
    pub fn fan_out(&mut self, event: Sequence, how_far: &FanOutRecord) {
        self.batch.put(key::fan_out(&self.tenant, event), record::encode(how_far));
    }

    /// All of an event's many endpoints have it.
    pub fn end_fan_out(&mut self, event: Sequence) {
        self.batch.delete(key::fan_out(&self.tenant, event));
    }

    /// Takes a delivery off its queue.
    pub fn dequeue(&mut self, endpoint: EndpointId, due: Timestamp, delivery: Sequence) {
        self.batch.delete(key::queued(&self.tenant, endpoint, due, delivery));
    }

    /// Notes how a delivery stands.
    pub fn status(&mut self, event: Sequence, delivery: Sequence, status: &DeliveryStatusRecord) {
        let key = key::status(&self.tenant, event, delivery);
        self.batch.put(key, record::encode(status));
        if !status.simply_arrived()
            && *status != DeliveryStatusRecord::untried(EndpointId(status.endpoint))
        {
            let lanes = [Lane::Trouble, Lane::TroubleTo(EndpointId(status.endpoint))];
            self.noted.extend(lanes.map(|lane| (event, lane)));
        }
    }

    /// Keeps a delivery that was given up.
    pub fn dead_letter(&mut self, delivery: Sequence, letter: &DeadLetterRecord) {
        self.batch.put(key::dead_letter(&self.tenant, delivery), record::encode(letter));
        self.note_letter(EndpointId(letter.endpoint), delivery);
        self.look_at_dead_letters(letter.at);
    }

    /// Has the tenant's dead letters looked at: once a second, however many come and go.
    fn look_at_dead_letters(&mut self, now: Timestamp) {
        let second = now.0.div_euclid(1_000) + 1;
        let timer = TimerKey {
            due: Timestamp(second * 1_000),
            tenant: self.tenant.clone(),
            entity: EntityKey::dead_letters(),
            slot: Sequence(1),
        };
        self.arm(timer, TimerRecord::Signal(Signal::DeadLetters));
    }

    /// A dead letter is tried again, or thrown away.
    pub fn forget_dead_letter(&mut self, (of, delivery): (EndpointId, Sequence), now: Timestamp) {
        self.batch.delete(key::dead_letter(&self.tenant, delivery));
        self.batch.delete(key::letters::of(&self.tenant, of, delivery));
        self.look_at_dead_letters(now);
    }

    /// Notes whose event a delivery to an endpoint carries that is made long after it.
    pub fn late(&mut self, to: EndpointId, delivery: Sequence, event: Sequence) {
        self.noted.push((event, Lane::To(to)));
        self.batch.put(key::late(&self.tenant, delivery), event.0.to_be_bytes().to_vec());
    }

    /// Forgets whose event a delivery carried that was made long after it.
    pub fn forget_late(&mut self, delivery: Sequence) {
        self.batch.delete(key::late(&self.tenant, delivery));
    }

    /// Notes how a job stands.
    pub fn job(&mut self, id: Sequence, job: &JobRecord) {
        self.batch.put(key::job(&self.tenant, id), record::encode(job));
    }

    /// Forgets a job.
    pub fn forget_job(&mut self, id: Sequence) {
        self.batch.delete(key::job(&self.tenant, id));
    }

    /// Adds a line to the log.
    pub fn log(&mut self, sequence: Sequence, line: &LogRecord) {
        self.batch.put(key::log(&self.tenant, sequence), record::encode(line));
    }

    /// Notes that the log has attempts for an endpoint in the second of this line.
    pub fn tried(&mut self, endpoint: EndpointId, sequence: Sequence) {
        for endpoint in [endpoint, EndpointId(0)] {
            self.batch.put(key::attempts::second(&self.tenant, endpoint, sequence), Vec::new());
        }
    }

    /// Notes an endpoint's health.
    pub fn health(&mut self, endpoint: EndpointId, health: &Health) {
        let record = record::encode(&HealthRecord(health.clone()));
        self.batch.put(key::health(&self.tenant, endpoint), record);
    }

    /// Sets a wake aside that killed its actor again and again.
    pub fn quarantine(&mut self, sequence: Sequence, timer: &TimerKey, at: Timestamp) {
        self.disarm(timer);
        let record = QuarantineRecord { entity: timer.entity.clone(), due: timer.due, at };
        self.batch.put(key::quarantine(&self.tenant, sequence), record::encode(&record));
    }

    /// Forgets how a delivery stands.
    pub fn forget_status(&mut self, event: Sequence, delivery: Sequence) {
        self.batch.delete(key::status(&self.tenant, event, delivery));
    }

    /// Removes an event with its pieces, its id and what is left of its way to many endpoints.
    pub fn forget_event(&mut self, sequence: Sequence, event: &EventRecord) {
        self.forgotten.push(sequence);
        self.batch.delete(key::event(&self.tenant, sequence));
        let pieces = record::encode(event).len().div_ceil(limits::VALUE_BYTES_MAX);
        for number in (0_u16..).take(pieces.saturating_sub(1)) {
            self.batch.delete(key::event_piece(&self.tenant, sequence, number));
        }
        if let Ok(id) = event.id.parse() {
            self.batch.delete(key::event_id(&self.tenant, &id));
            self.batch.delete(key::event_id_before(&self.tenant, &id));
        }
        if event.deliveries.len() > limits::QUEUED_AT_ONCE_MAX {
            self.end_fan_out(sequence);
        }
        if let Some(failed) = event.story.as_ref().and_then(|story| story.failed.as_ref()) {
            self.forget_set_aside(sequence, failed.pieces);
        }
    }

    /// Notes why an event that has outlived its time is still there.
    pub fn leave_over(&mut self, event: Sequence, why: LeftoverRecord) {
        self.batch.put(key::leftover(&self.tenant, event), record::encode(&why));
    }

    /// An event that was left over is gone.
    pub fn forget_leftover(&mut self, event: Sequence) {
        self.batch.delete(key::leftover(&self.tenant, event));
    }

    /// Removes a line of the log.
    pub fn forget_log(&mut self, sequence: Sequence) {
        self.batch.delete(key::log(&self.tenant, sequence));
    }

    /// Notes how far the tenant was cleaned.
    pub fn cleaned(&mut self, cleaned: &CleanedRecord) {
        self.batch.put(key::cleaned(&self.tenant), record::encode(cleaned));
    }

    /// Changes a raw row of the tenant; for what has no rule of its own.
    pub(crate) fn batch(&mut self) -> &mut Batch {
        &mut self.batch
    }

    /// The events that it records, and those that it removes.
    pub(super) fn take_events(&mut self) -> (Vec<Sequence>, Vec<Sequence>) {
        let new = self.noted.iter().filter(|(_, lane)| *lane == Lane::Blocks);
        let events = new.map(|(event, _)| *event).collect();
        (events, std::mem::take(&mut self.forgotten))
    }

    /// What the blocks of events are to be noted for, if there is anything.
    pub(super) fn take_noted(&mut self) -> Option<Noted> {
        let all = std::mem::take(&mut self.noted);
        (!all.is_empty()).then(|| Noted { tenant: self.tenant.clone(), all })
    }

    /// What is to be counted once it is durable.
    pub(crate) fn tally(&mut self) -> &mut Tally {
        self.tally.get_or_insert_default()
    }

    pub(super) fn take_tally(&mut self) -> Option<Box<Tally>> {
        self.tally.take().filter(|tally| !tally.is_empty())
    }

    /// Adds a hint to carry out once the commit is durable.
    pub(super) fn after(&mut self, hint: After) {
        self.after.push(hint);
    }

    /// The hints to carry out once the commit is durable.
    pub fn take_after(&mut self) -> Vec<After> {
        let due = std::mem::take(&mut self.due).into_iter();
        let mut after = std::mem::take(&mut self.after);
        after.extend(due.map(|(endpoint, due)| After::Deliver(endpoint, due)));
        after
    }

    fn deliver(&mut self, endpoint: EndpointId, due: Timestamp) {
        let earliest = self.due.entry(endpoint).or_insert(due);
        *earliest = due.min(*earliest);
    }

    pub(super) fn into_batch(self) -> Batch {
        self.batch
    }
}

/// The state that an entity has before anything happened to it, if its kind has one.
pub fn blank(kind: EntityKind) -> Option<StateRecord> {
    match kind {
        EntityKind::Tenant => Some(StateRecord::Tenant(Default::default())),
        EntityKind::DeadLetters => Some(StateRecord::DeadLetters(Default::default())),
        EntityKind::Alerts => Some(StateRecord::Alerts(Default::default())),
        EntityKind::Reports => Some(StateRecord::Reports(Default::default())),
        EntityKind::Reservation
        | EntityKind::Handoff
        | EntityKind::Endpoint
        | EntityKind::Conversation
        | EntityKind::Lead
        | EntityKind::Product => None,
    }
}
