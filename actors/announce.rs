//! Records an event and queues it for every endpoint that wants it, as part of one commit.

use serde_json::{Map, Value};
use sereno_workflows::digest::Batch;
use sereno_workflows::filter::Verdict;
use sereno_workflows::id::{EndpointId, EntityKey, EventId, Sequence};
use sereno_workflows::payload;
use sereno_workflows::privacy;
use sereno_workflows::reservation::has_contact;
use sereno_workflows::statistics::{Size, is_reminder};
use sereno_workflows::time::Timestamp;
use sereno_workflows::trace::TraceContext;

use crate::endpoint::config::{EndpointConfig, Kind};
use crate::journey::Journey;
use crate::ledger::{Draft, Ledger};
use crate::limits;
use crate::record::{Deliveries, DeliveryRecord, EventRecord, FilteredBy, LogRecord, Source};
use crate::view::TenantView;

/// An event about to be recorded.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Announcement {
    /// The caller's id of it; left out, it gets one.
    pub(crate) id: Option<EventId>,
    /// Its type.
    pub(crate) event_type: String,
    /// When it happened.
    pub(crate) at: Timestamp,
    /// Where it came from.
    pub(crate) source: Source,
    /// What it carries, already without the phone number.
    pub(crate) data: Map<String, Value>,
    /// Who gets it.
    pub(crate) audience: Audience,
}

/// Who gets an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Every endpoint whose filters want it.
    Subscribers,
    /// The same without this endpoint, which the event is about.
    Others(EndpointId),
    /// The same without WhatsApp endpoints at this number, whose own words the event repeats.
    NotBackTo(String),
    /// This endpoint, whatever it wants.
    Only(EndpointId),
    /// Nobody: it is kept, not sent.
    Nobody,
}

/// What led to an event and what came of it, for its record.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Context {
    pub(crate) entity: Option<EntityKey>,
    pub(crate) ignored: Option<String>,
    pub(crate) cause: Option<Sequence>,
    /// Its way so far, if it came in from outside.
    pub(crate) journey: Option<Box<Journey>>,
    /// Its place in a trace, where it has no way of its own.
    pub(crate) trace: Option<TraceContext>,
}

/// The id of an event whose caller gave none.
pub fn own_id(sequence: Sequence) -> EventId {
    let id = format!("evt_{}", sequence.to_text());
    id.parse().expect("letters and digits make an id")
}

/// Adds an event and its deliveries to a draft; answers where the event stands.
pub(crate) fn announce(
    draft: &mut Draft,
    ledger: &Ledger,
    view: &TenantView,
    announcement: Announcement,
    context: Context,
) -> Sequence {
    let sequence = ledger.sequence();
    let id = announcement.id.clone().unwrap_or_else(|| own_id(sequence));
    let body = payload::body(&id, &announcement.event_type, announcement.at, &announcement.data);

    let mut wanted = Vec::new();
    let mut filtered = Vec::new();
    let intent = announcement.data.get("intent").and_then(Value::as_str);
    for (endpoint, found) in view.endpoints.iter() {
        let verdict = match &announcement.audience {
            Audience::Nobody => break,
            Audience::Only(only) if *only == endpoint => None,
            Audience::Only(_) => continue,
            Audience::Others(not) if *not == endpoint => continue,
            Audience::NotBackTo(number) if is_phone(&found.config, number) => continue,
            Audience::Subscribers | Audience::Others(_) | Audience::NotBackTo(_)
                if !found.config.enabled =>
            {
                Some(FilteredBy::Disabled)
            }
            Audience::Subscribers | Audience::Others(_) | Audience::NotBackTo(_) => {
                match found.config.filters.verdict(&announcement.event_type, intent) {
                    Verdict::Wanted => None,
                    Verdict::OtherType => Some(FilteredBy::Type),
                    Verdict::OtherIntent => Some(FilteredBy::Intent),
                }
            }
        };
        match verdict {
            Some(reason) => filtered.push((endpoint.0, reason)),
            None => wanted.push(endpoint),
        }
    }
    match reminds_by_message(&announcement) || reminds_nobody(&announcement, &wanted) {
        true => draft.tally().event(&announcement.event_type),
        false => draft.tally().announced(&announcement.event_type),
    }
    let together = match announcement.audience {
        Audience::Subscribers | Audience::Others(_) | Audience::NotBackTo(_) => {
            Some(announcement.event_type.as_str())
        }
        Audience::Only(_) | Audience::Nobody => None,
    };
    let deliveries = deliver(draft, ledger, view, (sequence, together), &wanted);
    for page in filtered.chunks(limits::FILTERED_PER_PAGE_MAX) {
        let line = LogRecord::Filtered {
            event: sequence,
            event_type: announcement.event_type.clone(),
            endpoints: page.to_vec(),
        };
        draft.log(ledger.sequence(), &line);
    }
    let trace = context.journey.as_ref().and_then(|journey| journey.trace.clone());
    let record = EventRecord {
        id: id.as_str().to_owned(),
        event_type: announcement.event_type,
        at: announcement.at,
        source: announcement.source,
        entity: context.entity,
        ignored: context.ignored,
        cause: context.cause,
        deliveries,
        body: body.into(),
        story: context.journey.map(|journey| journey.into_record(sequence)),
        trace: trace.or(context.trace),
    };
    if let Some(story) = &record.story {
        draft.tally().measure(Size::ProcessingTime, story.received_before);
    }
    draft.event(sequence, &record, announcement.id.as_ref());
    sequence
}

/// Whether it is a reminder that a message of ours brings, which counts as sent once it was.
fn reminds_by_message(announcement: &Announcement) -> bool {
    is_reminder_of_ours(announcement)
        && announcement.data.get("channel").and_then(Value::as_str) == Some("whatsapp")
}

/// Whether it is a reminder that reaches no customer: nobody gets it who could bring it, or it does not say to whom.
fn reminds_nobody(announcement: &Announcement, wanted: &[EndpointId]) -> bool {
    is_reminder_of_ours(announcement) && (wanted.is_empty() || !has_contact(&announcement.data))
}

fn is_reminder_of_ours(announcement: &Announcement) -> bool {
    announcement.source == Source::Workflow && is_reminder(&announcement.event_type)
}

/// Whether an endpoint is the phone with this number.
fn is_phone(endpoint: &EndpointConfig, number: &str) -> bool {
    endpoint.kind == Kind::Whatsapp && privacy::phone_or_text(&endpoint.target) == number
}

/// A delivery as it is queued first, and when it is due: now, unless it waits for others of its type.
pub(crate) fn first(
    event: Sequence,
    together: Option<(Batch, &str)>,
    now: Timestamp,
) -> (Timestamp, DeliveryRecord) {
    let record = DeliveryRecord::first(event);
    match together {
        Some((batch, event_type)) => {
            let collect = Some(event_type.to_owned());
            (now.after(batch.wait), DeliveryRecord { collect, ..record })
        }
        None => (now, record),
    }
}

/// Queues an event for its endpoints; has it handed on one by one where they are many.
fn deliver(
    draft: &mut Draft,
    ledger: &Ledger,
    view: &TenantView,
    (event, together): (Sequence, Option<&str>),
    endpoints: &[EndpointId],
) -> Deliveries {
    if endpoints.is_empty() {
        return Deliveries::NONE;
    }
    let deliveries = Deliveries::run(ledger.sequences(endpoints.len()), endpoints);
    let now = ledger.now().timestamp();
    if endpoints.len() > limits::QUEUED_AT_ONCE_MAX {
        draft.begin_fan_out(event, now);
        return deliveries;
    }
    for (endpoint, delivery) in deliveries.to_vec() {
        let batch = view.endpoints.get(&endpoint).and_then(|found| found.config.batch);
        let (due, record) = first(event, batch.zip(together), now);
        draft.enqueue(endpoint, due, delivery, &record);
    }
    deliveries
}
