//! What a workflow asked for, as rows of the commit that its step becomes: events, messages, mails, signals.

use serde_json::{Map, Value};
use sereno_workflows::effect::{Effect, Signal};
use sereno_workflows::event::is_by_person;
use sereno_workflows::id::{EndpointId, EntityKey, EntityKind, Sequence};
use sereno_workflows::time::Timestamp;
use sereno_workflows::trace::TraceContext;

use super::people::Happened;
use super::{Entity, people, report};
use crate::announce::{Announcement, Audience, Context, announce, own_id};
use crate::ledger::Draft;
use crate::ledger::called::Called;
use crate::record::key::TimerKey;
use crate::record::{DeliveryRecord, Source, StateRecord, Tell, TimerRecord};
use crate::view::TenantView;

/// What a step came to.
pub(super) struct After<'a> {
    /// The state after it.
    pub(super) state: Option<&'a StateRecord>,
    /// The event that led to it.
    pub(super) cause: Option<Sequence>,
    /// The conversation in which it was taken.
    pub(super) talk: Option<String>,
    /// When it was taken.
    pub(super) now: Timestamp,
    /// The trace in which it was.
    pub(super) trace: Option<TraceContext>,
}

impl Entity {
    /// Adds what the workflow asked for to the commit.
    pub(super) fn carry(
        &self,
        draft: &mut Draft,
        view: &TenantView,
        effects: Vec<Effect>,
        after: After<'_>,
    ) {
        let After { state, cause, mut talk, now, trace } = after;
        let mut latest = cause;
        let mut by_person = false;
        for effect in effects {
            match effect {
                Effect::Emit { event_type, data } => {
                    let of = data.get("conversation_id").and_then(Value::as_str);
                    talk = of.map(str::to_owned).or(talk);
                    by_person = is_by_person(&data);
                    let data = self.told_of(view, data);
                    let announcement = Announcement {
                        id: None,
                        event_type,
                        at: now,
                        source: Source::Workflow,
                        data,
                        audience: Audience::Subscribers,
                    };
                    let entity = Some(self.key.clone());
                    let trace = trace.clone();
                    let context = Context { entity, cause, trace, ..Context::default() };
                    let event_type = announcement.event_type.clone();
                    let place = announce(draft, &self.ledger, view, announcement, context);
                    if let Some(state) = state {
                        let id = Some(own_id(place));
                        let happened = Happened { id, event_type: &event_type, at: now, own: true };
                        self.remember(draft, state, happened);
                    }
                    latest = Some(place);
                }
                Effect::Tell { to, message } => {
                    let event = latest.unwrap_or_default();
                    let delivery = self.ledger.sequence();
                    self.remember_told(
                        draft,
                        (event, delivery),
                        (&to, &message),
                        (talk.clone(), by_person),
                    );
                    let record = DeliveryRecord::to_customer(event, Tell { to, message });
                    draft.tell(EndpointId::CUSTOMERS, now, delivery, &record);
                }
                Effect::Mail { to } => {
                    report::mail(draft, &self.ledger, (latest.unwrap_or_default(), now), to);
                }
                Effect::Signal { to, signal } => self.signal(draft, to, signal),
                Effect::Note(note) => people::keep(draft, note),
            }
        }
    }

    /// What is told of a conversation that is called by the number of its customer, once that is known.
    fn told_of(&self, view: &TenantView, data: Map<String, Value>) -> Map<String, Value> {
        let hash = &view.policy.phone_hash;
        let is_talk = matches!(self.key.kind, EntityKind::Conversation | EntityKind::Handoff);
        let named = hash.without_number(&self.key.id).filter(|_| is_talk);
        let Some((name, number)) = named else { return data };
        match self.ledger.told_as(&self.tenant, Called::Talk, &name) {
            Ok(None) => data,
            // Where it cannot be read, the number is rather hidden.
            Ok(Some(_)) | Err(_) => hash.redact_of(&data, Some(&number)),
        }
    }

    /// Notes that a booking is told of by what leaves instead of its customer's number, where it is called by that.
    pub(super) fn tell_as(&self, draft: &mut Draft, view: &TenantView, state: &StateRecord) {
        let StateRecord::Reservation(booking) = state else { return };
        let named = view.policy.phone_hash.without_number(&self.key.id);
        if let Some((name, number)) = named
            && booking.wa_number.as_ref() == Some(&number)
        {
            draft.tell_as(Called::Booking, &name, &self.key.id);
        }
    }

    /// Has another entity told something.
    pub(super) fn signal(&self, draft: &mut Draft, to: EntityKey, signal: Signal) {
        let (due, slot) = (self.ledger.now().timestamp(), self.ledger.sequence());
        let timer = TimerKey { due, tenant: self.tenant.clone(), entity: to, slot };
        draft.arm(timer, TimerRecord::Signal(signal));
    }
}
