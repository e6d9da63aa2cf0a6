//! Which deliveries a job is about, a page at a time.

use serde_json::Value;
use sereno_workflows::filter::Verdict;
use sereno_workflows::id::{EndpointId, Sequence};

use super::choice::Choice;
use crate::endpoint::again::{Again, barred};
use crate::endpoint::config::Endpoint;
use crate::endpoint::standing::{WAITING, standing};
use crate::ledger::{Ledger, LedgerError};
use crate::limits::{COUNTED_ROWS_MAX, JOB_STEP_ROWS};
use crate::record::{
    AttemptStatus, DeliveryStatusRecord, EventRecord, InboundRecord, JobRecord, JobTask, Source,
};
use crate::view::TenantView;

/// A delivery that a job is about.
pub(crate) struct Target {
    pub(crate) endpoint: EndpointId,
    pub(crate) again: Again,
    pub(crate) prospect: Prospect,
}

/// What shows of a delivery before a job is asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prospect {
    /// Nothing is in the way.
    Open,
    /// It will be refused; the job says of each why.
    Barred,
    /// It waits whatever is asked for, since what is for its endpoint is held.
    Held,
}

/// A page of them.
pub(crate) struct Page {
    pub(crate) targets: Vec<Target>,
    /// Deliveries that were looked at.
    pub(crate) examined: u64,
    /// Where the next page begins, if there is one.
    pub(crate) next: Option<Sequence>,
}

/// How many deliveries a job would be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// So many with which it could be done.
    pub count: u64,
    /// So many that are chosen too and would be refused, as far as that shows.
    pub refused: u64,
    /// Whether everything was looked at.
    pub complete: bool,
}

/// Counts what a job would be about, and does nothing.
pub(crate) fn count(
    ledger: &Ledger,
    view: &TenantView,
    job: &JobRecord,
) -> Result<Count, LedgerError> {
    let mut job = job.clone();
    let (mut found, mut examined) = (Count { count: 0, refused: 0, complete: false }, 0);
    loop {
        let page = walk(ledger, view, &job)?;
        for target in &page.targets {
            match target.prospect {
                Prospect::Open => found.count += 1,
                Prospect::Barred | Prospect::Held => found.refused += 1,
            }
        }
        examined += page.examined;
        match page.next {
            None => return Ok(Count { complete: true, ..found }),
            Some(_) if examined >= COUNTED_ROWS_MAX as u64 => return Ok(found),
            Some(next) => job.place = next,
        }
    }
}

/// The page from the job's place on.
pub(crate) fn walk(
    ledger: &Ledger,
    view: &TenantView,
    job: &JobRecord,
) -> Result<Page, LedgerError> {
    match job.task {
        JobTask::RetryDeadLetters | JobTask::DiscardDeadLetters => letters(ledger, view, job),
        JobTask::ReprocessInbound => inbound(ledger, view, job),
        JobTask::RetryDeliveries | JobTask::CancelDeliveries => {
            events(ledger, view, job, |place, event, targets| {
                deliveries(ledger, view, job, (place, event), targets)
            })
        }
        JobTask::Recover => {
            let wanted = job.selection.endpoint.and_then(|id| view.endpoints.get(&EndpointId(id)));
            let Some(endpoint) = wanted else {
                return Ok(Page { targets: Vec::new(), examined: 0, next: None });
            };
            events(ledger, view, job, |place, event, targets| {
                missing(ledger, view, endpoint, (place, event), targets)
            })
        }
    }
}

/// Letters that came in, each as the event of a target that is no delivery.
fn inbound(ledger: &Ledger, view: &TenantView, job: &JobRecord) -> Result<Page, LedgerError> {
    let rows = ledger.letters_from(&view.id, job.place..job.selection.to, JOB_STEP_ROWS)?;
    let full = rows.len() == JOB_STEP_ROWS;
    let next = rows.last().filter(|_| full).map(|(letter, _)| letter.next());
    let examined = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    let means = |record: &Option<InboundRecord>| {
        record.as_ref().is_some_and(|record| job.selection.means_inbound(record))
    };
    let meant = rows.into_iter().filter(|(_, record)| means(record));
    let targets = meant.map(|(letter, _)| Target {
        endpoint: EndpointId::CUSTOMERS,
        again: Again { event: letter, delivery: None, as_letter: false },
        prospect: Prospect::Open,
    });
    Ok(Page { targets: targets.collect(), examined, next })
}

fn letters(ledger: &Ledger, view: &TenantView, job: &JobRecord) -> Result<Page, LedgerError> {
    let range = (job.selection.endpoint.map(EndpointId), job.place..job.selection.to);
    let rows = ledger.dead_letters(&view.id, range, false, JOB_STEP_ROWS)?;
    let full = rows.len() == JOB_STEP_ROWS;
    let next = rows.last().filter(|_| full).map(|(delivery, _)| delivery.next());
    let examined = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    let targets = rows
        .into_iter()
        .filter(|(_, letter)| job.selection.means_letter(letter))
        .map(|(delivery, letter)| Target {
            endpoint: EndpointId(letter.endpoint),
            again: Again {
                event: letter.delivery.event,
                delivery: Some(delivery),
                as_letter: true,
            },
            // Where it is held it becomes a delivery that is, and is no dead letter any more.
            prospect: match job.task == JobTask::RetryDeadLetters {
                true => at(view, EndpointId(letter.endpoint)),
                false => Prospect::Open,
            },
        })
        .collect();
    Ok(Page { targets, examined, next })
}

type Look<'a> =
    &'a mut dyn FnMut(Sequence, &EventRecord, &mut Vec<Target>) -> Result<u64, LedgerError>;

/// Goes through events until enough of their deliveries were looked at.
fn events(
    ledger: &Ledger,
    view: &TenantView,
    job: &JobRecord,
    mut look: impl FnMut(Sequence, &EventRecord, &mut Vec<Target>) -> Result<u64, LedgerError>,
) -> Result<Page, LedgerError> {
    let look: Look<'_> = &mut look;
    let choice = Choice::new(&job.selection);
    let range = job.place..job.selection.to;
    let (rows, more) = ledger.events_from(&view.id, range, JOB_STEP_ROWS)?;
    let mut page = Page { targets: Vec::new(), examined: 0, next: None };
    for (place, event) in &rows {
        if page.examined >= JOB_STEP_ROWS as u64 {
            page.next = Some(*place);
            return Ok(page);
        }
        page.examined += 1;
        let Some(event) = event else { continue };
        if choice.wants_event(event) {
            page.examined += look(*place, event, &mut page.targets)?;
        }
    }
    page.next = rows.last().filter(|_| more).map(|(place, _)| place.next());
    Ok(page)
}

/// Those of an event's deliveries that a selection means and with which something is left to do.
fn deliveries(
    ledger: &Ledger,
    view: &TenantView,
    job: &JobRecord,
    (place, event): (Sequence, &EventRecord),
    targets: &mut Vec<Target>,
) -> Result<u64, LedgerError> {
    let choice = Choice::new(&job.selection);
    let all = ledger.deliveries_of(&view.id, place, event)?;
    let examined = u64::try_from(all.len()).unwrap_or(u64::MAX);
    for (endpoint, delivery, status) in all {
        let (of, status) = ((endpoint, delivery), status.as_ref());
        if !is_left(view, job, of, status) || !choice.wants_delivery(view, of, status) {
            continue;
        }
        let prospect = match job.task {
            JobTask::CancelDeliveries if view.live.is_under_way(endpoint, delivery) => {
                Prospect::Barred
            }
            JobTask::CancelDeliveries => Prospect::Open,
            _ => prospect(ledger, view, of, status)?,
        };
        let again = Again { event: place, delivery: Some(delivery), as_letter: false };
        targets.push(Target { endpoint, again, prospect });
    }
    Ok(examined)
}

/// Whether a job still has something to do with a delivery: a step that is done twice, perhaps after a crash, finds
/// none of what it did.
fn is_left(
    view: &TenantView,
    job: &JobRecord,
    of: (EndpointId, Sequence),
    status: Option<&DeliveryStatusRecord>,
) -> bool {
    match job.task {
        // Once they are cancelled they wait no more.
        JobTask::CancelDeliveries => WAITING.contains(&standing(view, of, status).0),
        // What was tried since the job began was tried by it.
        _ => status
            .and_then(|status| status.history.last())
            .is_none_or(|latest| *latest <= job.began),
    }
}

/// What shows of a delivery that is to be tried again.
fn prospect(
    ledger: &Ledger,
    view: &TenantView,
    (endpoint, delivery): (EndpointId, Sequence),
    status: Option<&DeliveryStatusRecord>,
) -> Result<Prospect, LedgerError> {
    if standing(view, (endpoint, delivery), status).0 == "held" {
        return Ok(Prospect::Held);
    }
    let Some(status) = status.filter(|status| barred(endpoint, status).is_some()) else {
        return Ok(at(view, endpoint));
    };
    // What was written to people goes again out of its dead letter.
    let is_kept =
        status.status == AttemptStatus::Dead && ledger.dead_letter(&view.id, delivery)?.is_some();
    Ok(if is_kept { Prospect::Open } else { Prospect::Barred })
}

/// What shows of anything that is to go to an endpoint.
fn at(view: &TenantView, endpoint: EndpointId) -> Prospect {
    if view.has_endpoint(endpoint) { Prospect::Open } else { Prospect::Barred }
}

/// What an endpoint would want of an event and did not get.
fn missing(
    ledger: &Ledger,
    view: &TenantView,
    endpoint: &Endpoint,
    (place, event): (Sequence, &EventRecord),
    targets: &mut Vec<Target>,
) -> Result<u64, LedgerError> {
    // What was meant for it alone, such as a digest, it gets as well.
    let is_its_own = event.deliveries.to_vec().iter().any(|(to, _)| *to == endpoint.id);
    if !is_its_own && !wants(endpoint, event) {
        return Ok(0);
    }
    let all = ledger.deliveries_of(&view.id, place, event)?;
    let own = all.iter().filter(|(to, ..)| *to == endpoint.id);
    let own: Vec<_> = own
        .map(|(to, delivery, status)| {
            (delivery, standing(view, (*to, *delivery), status.as_ref()).0)
        })
        .collect();
    let delivery = match own.iter().find(|(_, word)| *word != "dead") {
        Some(_) => return Ok(1),
        None => own.first().map(|(delivery, _)| **delivery),
    };
    let again = Again { event: place, delivery, as_letter: false };
    targets.push(Target { endpoint: endpoint.id, again, prospect: Prospect::Open });
    Ok(1)
}

/// Whether an endpoint's filters let an event through that was meant for all.
pub(crate) fn wants(endpoint: &Endpoint, event: &EventRecord) -> bool {
    match event.source {
        Source::Api | Source::Workflow | Source::Customer | Source::Inbound => {}
        Source::Test | Source::Edited | Source::Digest => return false,
    }
    let filters = &endpoint.config.filters;
    let about_itself = event.event_type.starts_with("endpoint.");
    let data = (about_itself || !filters.intents.is_empty()).then(|| data_of(event));
    let field = |name: &str| data.as_ref().and_then(|data| data.get(name).cloned());
    if about_itself && field("endpoint_id") == Some(Value::from(endpoint.id.0)) {
        return false;
    }
    let intent = field("intent");
    let verdict = filters.verdict(&event.event_type, intent.as_ref().and_then(Value::as_str));
    verdict == Verdict::Wanted
}

fn data_of(event: &EventRecord) -> Value {
    let body: Value = serde_json::from_slice(&event.body).unwrap_or_default();
    body.get("data").cloned().unwrap_or_default()
}
