//! Bookings and handoffs: where they stand, what is to come, and what a person may do to them.

use std::ops::Range;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Map, Value, json};
use sereno_actors::engine::Action;
use sereno_actors::record::StateRecord;
use sereno_workflows::event::Booking;
use sereno_workflows::id::{EntityKey, EntityKind, Sequence};
use sereno_workflows::invalid::Invalid;
use sereno_workflows::policy::Policy;
use sereno_workflows::reservation::{self, ReminderState, Reservation};
use sereno_workflows::time::Timestamp;
use sereno_workflows::why;

use super::App;
use super::aside::aside;
use super::error::Problem;
use super::request::{Caller, InPath, JsonObject, ListQuery, nothing_else, take_text};
use super::rows::Rows;
use super::trace::Traced;
use super::why::Reader;

mod clock;
mod handoff;

pub use self::handoff::act as act_on_handoff;
use self::handoff::{Filter, show_handoff};

/// Bookings or handoffs that are read at once in search of those that are wanted.
const PAGE_ROWS: usize = 200;

/// `GET /api/v1/reservations`: in the order of their ids, by `status`, `from` and `to`, which are of their slots.
pub async fn reservations(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: ListQuery,
) -> Result<Response, Problem> {
    aside(caller.tenant.clone(), move || list(&app, &caller, &query, EntityKind::Reservation)).await
}

/// `GET /api/v1/handoffs`: in the order of their conversations or, where `order` says so, of their clocks; by
/// `status`, `from` and `to`, which are of when they were opened, by who has taken them (`claimed`,
/// `claimed_by`), by `priority`, and by whether they are put off (`snoozed`).
pub async fn handoffs(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: ListQuery,
) -> Result<Response, Problem> {
    aside(caller.tenant.clone(), move || list(&app, &caller, &query, EntityKind::Handoff)).await
}

/// `GET /api/v1/reservations/{id}`.
pub async fn reservation(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
    reader: Reader,
) -> Result<Json<Value>, Problem> {
    show(&app, &caller, reader, of_booking(&app, &caller, &id)?)
}

/// `GET /api/v1/handoffs/{id}`.
pub async fn handoff(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
    reader: Reader,
) -> Result<Json<Value>, Problem> {
    show(&app, &caller, reader, of_handoff(&app, &caller, &id)?)
}

/// The booking that is called so. Whoever sees numbers masked finds by what may be one only what is
/// called so itself: that somebody is known by it is what they are not to learn.
pub(super) fn of_booking(app: &App, caller: &Caller, id: &str) -> Result<EntityKey, Problem> {
    let may_be_number = !id.contains(char::is_alphabetic);
    if caller.sees_masked() && may_be_number {
        return Ok(EntityKey::reservation(id));
    }
    Ok(EntityKey::reservation(&app.engine.booking_called(&caller.tenant, id)?))
}

/// The handoff of a conversation that is called so.
fn of_handoff(app: &App, caller: &Caller, id: &str) -> Result<EntityKey, Problem> {
    Ok(EntityKey::handoff(&app.engine.called(&caller.tenant, id)?))
}

/// `POST /api/v1/reservations/{id}/actions`.
pub async fn act_on_reservation(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
    reader: Reader,
    Traced(trace): Traced,
    JsonObject(mut body): JsonObject,
) -> Result<Json<Value>, Problem> {
    use reservation::Command;
    let key = of_booking(&app, &caller, &id)?;
    find(&app, &caller, &key)?;
    let action = action_of(&mut body)?;
    let command = match action.as_str() {
        "reschedule" => {
            let zone = app.engine.view(&caller.tenant)?.policy.zone.clone();
            let booking = Booking::changes(&body, &zone)?;
            if booking.date_time.is_none() {
                return Err(Invalid::new("date_time", "is missing").into());
            }
            body.retain(|name, _| !["date_time", "party_size", "notes"].contains(&name.as_str()));
            Command::Change(booking)
        }
        "confirm" => Command::Confirm,
        "cancel" => Command::Cancel,
        "arrive" => Command::Arrive,
        "complete" => Command::Complete,
        "no_show" => Command::MarkNoShow,
        other => {
            let known = "confirm, cancel, arrive, complete, no_show or reschedule";
            return Err(Invalid::new("action", format!("'{other}' is not {known}")).into());
        }
    };
    nothing_else(&body)?;
    app.engine.act(&caller.tenant, key.clone(), Action::Reservation(command), trace).await?;
    show(&app, &caller, reader, key)
}

fn list(
    app: &App,
    caller: &Caller,
    query: &ListQuery,
    kind: EntityKind,
) -> Result<Response, Problem> {
    let (filters, statuses): (&[&str], &[&str]) = match kind {
        EntityKind::Handoff => (handoff::FILTERS, &["open", "replied", "closed"]),
        EntityKind::Reservation
        | EntityKind::Tenant
        | EntityKind::DeadLetters
        | EntityKind::Alerts
        | EntityKind::Reports
        | EntityKind::Endpoint
        | EntityKind::Conversation
        | EntityKind::Lead
        | EntityKind::Product => (
            &["status", "from", "to"],
            &["booked", "confirmed", "cancelled", "arrived", "completed", "no_show"],
        ),
    };
    let orders: &[&str] = if kind == EntityKind::Handoff { &["order"] } else { &[] };
    query.only(&[filters, orders].concat())?;
    let policy = &app.engine.view(&caller.tenant)?.policy;
    let wanted = Wanted::read(query, statuses)?;
    if query.one_of("order", &["conversation", "clock"])? == Some("clock") {
        return clock::page(app, caller, query, &wanted);
    }
    let is_narrowed = filters.iter().any(|name| query.get(name).is_some());
    let read = if is_narrowed { query.limit.max(PAGE_ROWS) } else { query.limit };
    let mut after = query.after(kind.as_str())?;
    let mut rows = Rows::new(query.limit);
    let mut looked_at = 0;
    loop {
        let page = app.engine.ledger().states(&caller.tenant, kind, after.as_deref(), read)?;
        let full = page.len() == read;
        looked_at += page.len();
        for state in page {
            let Some((id, status, at)) = standing(&state) else { continue };
            if wanted.fits(&state, status, at) {
                rows.push(&describe(&state, policy));
            }
            after = Some(id.to_owned());
            if rows.is_full() {
                break;
            }
        }
        let enough = rows.is_full() || looked_at >= sereno_actors::limits::SCAN_ROWS_MAX;
        if enough || !full {
            let next_cursor =
                after.filter(|_| enough).map(|id| ListQuery::cursor_after(kind.as_str(), &id));
            return Ok(rows.answer(next_cursor));
        }
    }
}

/// Which bookings or handoffs a list is asked for.
struct Wanted<'a> {
    status: Option<&'a str>,
    moments: Range<Sequence>,
    handoff: Filter<'a>,
}

impl<'a> Wanted<'a> {
    fn read(query: &'a ListQuery, statuses: &[&str]) -> Result<Self, Problem> {
        let status = query.one_of("status", statuses)?;
        let (from, to) = query.from_to()?;
        Ok(Self { status, moments: from..to, handoff: Filter::read(query)? })
    }

    /// Whether one that stands so since then is wanted.
    fn fits(&self, state: &StateRecord, status: &str, at: Timestamp) -> bool {
        let Self { status: wanted, moments, handoff } = self;
        wanted.is_none_or(|wanted| wanted == status)
            && moments.contains(&Sequence::at(at))
            && handoff.fits(state)
    }
}

fn show(
    app: &App,
    caller: &Caller,
    reader: Reader,
    key: EntityKey,
) -> Result<Json<Value>, Problem> {
    let view = app.engine.view(&caller.tenant)?;
    let state = find(app, caller, &key)?;
    let mut shown = describe(&state, &view.policy);
    match &state {
        StateRecord::Reservation(booking) => {
            let reason = sereno_actors::why::booking(app.engine.ledger(), &view, booking)?;
            reader.add(&mut shown, &view, &reason);
        }
        StateRecord::Handoff(handoff) => reader.add(&mut shown, &view, &why::handoff(handoff)),
        StateRecord::Tenant(_)
        | StateRecord::DeadLetters(_)
        | StateRecord::Conversation(_)
        | StateRecord::Lead(_)
        | StateRecord::Product(_)
        | StateRecord::Alerts(_)
        | StateRecord::Reports(_) => {}
    }
    if let Some(map) = shown.as_object_mut() {
        map.insert("ok".to_owned(), Value::from(true));
    }
    Ok(Json(shown))
}

fn find(app: &App, caller: &Caller, key: &EntityKey) -> Result<StateRecord, Problem> {
    let state = app.engine.ledger().state(&caller.tenant, key)?;
    state.ok_or_else(|| Problem::not_found(key.kind.as_str()))
}

fn action_of(body: &mut Map<String, Value>) -> Result<String, Invalid> {
    take_text(body, "action")?.ok_or_else(|| Invalid::new("action", "is missing"))
}

/// The id and the status of a booking or a handoff, and the moment by which it is found: that of its slot, or
/// when it was opened.
pub(super) fn standing(state: &StateRecord) -> Option<(&str, &'static str, Timestamp)> {
    match state {
        StateRecord::Reservation(booking) => {
            Some((&booking.id, booking.status.as_str(), booking.slot))
        }
        StateRecord::Handoff(handoff) => {
            Some((&handoff.conversation_id, handoff.status.as_str(), handoff.opened_at))
        }
        StateRecord::Tenant(_)
        | StateRecord::DeadLetters(_)
        | StateRecord::Conversation(_)
        | StateRecord::Lead(_)
        | StateRecord::Product(_)
        | StateRecord::Alerts(_)
        | StateRecord::Reports(_) => None,
    }
}

/// The whole of a booking or a handoff, as it is shown.
pub(super) fn describe(state: &StateRecord, policy: &Policy) -> Value {
    match state {
        StateRecord::Reservation(booking) => show_reservation(booking, policy),
        StateRecord::Handoff(handoff) => show_handoff(handoff, policy),
        StateRecord::Tenant(_)
        | StateRecord::DeadLetters(_)
        | StateRecord::Conversation(_)
        | StateRecord::Lead(_)
        | StateRecord::Product(_)
        | StateRecord::Alerts(_)
        | StateRecord::Reports(_) => Value::Null,
    }
}

fn show_reservation(booking: &Reservation, policy: &Policy) -> Value {
    let reminders: Vec<Value> = booking
        .reminders
        .iter()
        .map(|reminder| {
            let (state, sent_at) = match reminder.state {
                ReminderState::Pending => ("pending", None),
                ReminderState::Sent(at) => ("sent", Some(at.to_rfc3339())),
                ReminderState::Skipped | ReminderState::Cancelled | ReminderState::Missed => {
                    ("skipped", None)
                }
            };
            let due = booking.slot.before(reminder.before).to_rfc3339();
            json!({"name": reminder.name, "due_at": due, "state": state, "sent_at": sent_at})
        })
        .collect();
    let timers: Vec<Value> = booking
        .pending()
        .map(|(kind, due)| json!({"kind": kind, "due_at": due.to_rfc3339()}))
        .collect();
    let history: Vec<Value> = booking
        .history
        .iter()
        .map(|happening| json!({"at": happening.at.to_rfc3339(), "what": happening.what}))
        .collect();
    json!({
        "reservation_id": booking.id,
        "status": booking.status.as_str(),
        "date_time": booking.slot.to_rfc3339(),
        "local_time": booking.slot.wall(&policy.zone).to_string(),
        "party_size": booking.party_size,
        "name": booking.name,
        "wa_number_hash": booking.wa_number.as_deref().map(|number| policy.phone_hash.of(number)),
        "email": booking.email,
        "restaurant": booking.restaurant,
        "intent": booking.intent,
        "locale": booking.locale,
        "notes": booking.notes,
        "reminders": reminders,
        "timers": timers,
        "history": history,
    })
}
