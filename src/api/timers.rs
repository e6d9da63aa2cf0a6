//! What is to come, what a person may do with it, and the two jobs of systems that poll.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sereno_actors::engine::timers::{SIGNAL, STALE, UNREADABLE};
use sereno_actors::limits;
use sereno_actors::pending;
use sereno_actors::record::key::{self, TimerKey};
use sereno_actors::record::{StateRecord, TimerRecord};
use sereno_actors::view::TenantView;
use sereno_workflows::id::{EntityKey, InvalidId, Sequence};
use sereno_workflows::invalid::Invalid;
use sereno_workflows::time::Timestamp;
use sereno_workflows::timer::{TimerName, Wish};
use sereno_workflows::trace::TraceContext;
use sereno_workflows::why;

use super::App;
use super::aside::aside;
use super::audit::Told;
use super::entities::of_booking;
use super::error::Problem;

use super::request::{Caller, InPath, JsonObject, ListQuery, moment, nothing_else, take_text};
use super::trace::Traced;
use super::why::Reader;

/// `GET /readyz`: 200 as long as events are taken and timers fire.
pub async fn ready(State(app): State<Arc<App>>) -> Result<Json<Value>, Problem> {
    app.engine.check_space()?;
    if app.engine.has_room() { Ok(Json(json!({"ok": true}))) } else { Err(Problem::busy()) }
}

/// `GET /api/v1/timers`: the earliest first, by `reservation_id` or `conversation_id`, and what is due between two
/// moments.
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: ListQuery,
    reader: Reader,
) -> Result<Json<Value>, Problem> {
    query.only(&["reservation_id", "conversation_id", "from", "to", "lang"])?;
    let span = Between::read(&query)?;
    let view = app.engine.view(&caller.tenant)?;
    let tenant = caller.tenant.clone();
    aside(tenant, move || page(&app, &caller, &Telling { view, reader }, &query, span)).await
}

/// `GET /api/v1/timers/{id}`: what it is set for, when and why.
pub async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
    query: ListQuery,
    reader: Reader,
) -> Result<Json<Value>, Problem> {
    query.only(&["lang"])?;
    let name = named(&id)?;
    let view = app.engine.view(&caller.tenant)?;
    aside(caller.tenant.clone(), move || one(&app, &Telling { view, reader }, name)).await
}

/// `POST /api/v1/timers/{id}/fire`: what it is set for happens now, and not again at its time.
pub async fn fire(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
    Traced(trace): Traced,
    JsonObject(body): JsonObject,
) -> Result<(Extension<Told>, Json<Value>), Problem> {
    nothing_else(&body)?;
    by_hand(&app, &caller, &id, (Wish::Fire, "fired", trace)).await
}

/// `POST /api/v1/timers/{id}/cancel`: what it is set for does not happen.
pub async fn cancel(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
    Traced(trace): Traced,
    JsonObject(body): JsonObject,
) -> Result<(Extension<Told>, Json<Value>), Problem> {
    nothing_else(&body)?;
    by_hand(&app, &caller, &id, (Wish::Cancel, "cancelled", trace)).await
}

/// `POST /api/v1/timers/{id}/reschedule`: `{due_at}`; what it is set for happens then instead.
pub async fn reschedule(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
    Traced(trace): Traced,
    JsonObject(mut body): JsonObject,
) -> Result<(Extension<Told>, Json<Value>), Problem> {
    let text = take_text(&mut body, "due_at")?;
    let text = text.ok_or_else(|| Invalid::new("due_at", "is missing"))?;
    let due = moment("due_at", &text)?;
    nothing_else(&body)?;
    let name = named(&id)?;
    app.engine.by_hand(&caller.tenant, &name, Wish::MoveTo(due), trace).await?;
    let before = name.due.to_rfc3339();
    let moved = TimerName { due, ..name };
    let told = Told(format!("from: {before}, to: {}", due.to_rfc3339()));
    let answer = Json(json!({
        "ok": true,
        "message": format!("{} moved", moved.kind),
        "id": moved.to_string(),
        "kind": moved.kind,
        "entity": moved.entity.kind.as_str(),
        "entity_id": moved.entity.id,
        "due_at": due.to_rfc3339(),
        "was_due_at": before,
    }));
    Ok((Extension(told), answer))
}

async fn by_hand(
    app: &App,
    caller: &Caller,
    id: &str,
    (wish, done, trace): (Wish, &str, Option<TraceContext>),
) -> Result<(Extension<Told>, Json<Value>), Problem> {
    let name = named(id)?;
    app.engine.by_hand(&caller.tenant, &name, wish, trace).await?;
    let due = name.due.to_rfc3339();
    let answer = Json(json!({
        "ok": true,
        "message": format!("{} {done}", name.kind),
        "id": id,
        "kind": name.kind,
        "entity": name.entity.kind.as_str(),
        "entity_id": name.entity.id,
        "due_at": due,
    }));
    Ok((Extension(Told(format!("due_at: {due}"))), answer))
}

fn named(id: &str) -> Result<TimerName, Problem> {
    id.parse().map_err(|InvalidId(problem)| Problem::malformed(problem))
}

/// From which moment on what is due is wanted, and before which.
#[derive(Clone, Copy)]
struct Between(Timestamp, Timestamp);

impl Between {
    const EVER: Self = Self(Timestamp(i64::MIN), Timestamp(i64::MAX));

    fn read(query: &ListQuery) -> Result<Self, Problem> {
        let bound = |name: &str, otherwise| {
            query.get(name).map_or(Ok(otherwise), |text| moment(name, text))
        };
        let Self(from, to) = Self::EVER;
        let (from, to) = (bound("from", from)?, bound("to", to)?);
        if from >= to {
            return Err(Invalid::new("to", "must be after from").into());
        }
        Ok(Self(from, to))
    }

    fn holds(self, due: Timestamp) -> bool {
        self.0 <= due && due < self.1
    }
}

/// For whom, and to whom, timers are told.
struct Telling {
    view: Arc<TenantView>,
    reader: Reader,
}

/// The timer of this name: an alarm that stands by itself, or what its entity waits for then.
fn one(app: &App, telling: &Telling, name: TimerName) -> Result<Json<Value>, Problem> {
    let id = name.to_string();
    let TimerName { entity, due, slot, .. } = name;
    let alarm = TimerKey { due, tenant: telling.view.id.clone(), entity, slot };
    let rings = match app.engine.ledger().timer(&alarm)? {
        Some(what) => {
            shown(app, telling, (&alarm, &what), Between::EVER)?.filter(|timer| timer["id"] == id)
        }
        None => None,
    };
    let mut found = match rings {
        Some(timer) => timer,
        None => waits(app, telling, &alarm.entity, Between::EVER)?
            .into_iter()
            .find(|timer| timer["id"] == id)
            .ok_or_else(|| Problem::not_found("timer"))?,
    };
    if let Some(map) = found.as_object_mut() {
        map.insert("ok".to_owned(), true.into());
    }
    Ok(Json(found))
}

fn page(
    app: &App,
    caller: &Caller,
    telling: &Telling,
    query: &ListQuery,
    span: Between,
) -> Result<Json<Value>, Problem> {
    let tenant = &telling.view.id;
    let only = match (query.get("reservation_id"), query.get("conversation_id")) {
        (Some(id), _) => Some(of_booking(app, caller, id)?),
        (None, Some(id)) => Some(EntityKey::handoff(&app.engine.called(tenant, id)?)),
        (None, None) => None,
    };
    if let Some(entity) = only {
        let items = waits(app, telling, &entity, span)?;
        return Ok(Json(json!({"ok": true, "items": items, "next_cursor": null})));
    }
    let mut from = match query.get("cursor") {
        Some(cursor) => after(&place(cursor).ok_or_else(|| query.bad_cursor())?),
        None => key::timers_from(Timestamp(0)),
    };
    let partition = key::partition(tenant);
    let mut items = Vec::new();
    let mut looked_at = 0;
    let (mut last, mut next_cursor) = (None, None);
    'pages: loop {
        // What an entity waits for later stands with its alarm, which is never later than that.
        let page = app.engine.ledger().timers(partition, &from, span.1, limits::PAGE_ROWS_MAX)?;
        let full = page.len() == limits::PAGE_ROWS_MAX;
        for (timer, what) in page {
            if items.len() >= query.limit || looked_at >= limits::SCAN_ROWS_MAX {
                next_cursor = last.map(|last: TimerKey| URL_SAFE_NO_PAD.encode(last.to_bytes()));
                break 'pages;
            }
            looked_at += 1;
            from = after(&timer);
            if timer.tenant == *tenant {
                items.extend(shown(app, telling, (&timer, &what), span)?);
            }
            last = Some(timer);
        }
        if !full {
            break;
        }
    }
    Ok(Json(json!({"ok": true, "items": items, "next_cursor": next_cursor})))
}

/// The timer that a cursor names.
fn place(cursor: &str) -> Option<TimerKey> {
    TimerKey::from_bytes(&URL_SAFE_NO_PAD.decode(cursor).ok()?)
}

/// The first key after a timer's.
fn after(timer: &TimerKey) -> Vec<u8> {
    [&timer.to_bytes()[..], &[0]].concat()
}

/// `POST /api/v1/admin/jobs/reminders`: fires what is due now and counts what came of it.
pub async fn run_reminders(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Json<Value>, Problem> {
    let emitted = app.engine.fire_due(&caller.tenant).await?;
    let view = app.engine.view(&caller.tenant)?;
    let mut names: Vec<_> = view.policy.settings.reminders.iter().collect();
    names.sort_by_key(|reminder| std::cmp::Reverse(reminder.before));
    let last = names.last().filter(|_| names.len() > 1);
    let last = last.map(|reminder| format!("reminder.{}.sent", reminder.name));
    let no_shows = emitted.iter().filter(|kind| *kind == "reminder.no_show").count();
    let late = emitted.iter().filter(|kind| Some(*kind) == last.as_ref()).count();
    let sent = |kind: &&String| kind.starts_with("reminder.") && kind.ends_with(".sent");
    let early = emitted.iter().filter(sent).count() - late;
    Ok(Json(json!({
        "ok": true, "reminders_24h": early, "reminders_2h": late, "no_shows": no_shows,
        "errors": [],
    })))
}

/// `POST /api/v1/admin/jobs/sla-watch`: fires what is due now and counts the breaches.
pub async fn run_sla_watch(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Json<Value>, Problem> {
    let emitted = app.engine.fire_due(&caller.tenant).await?;
    let breaches = emitted.iter().filter(|kind| *kind == "sla.breached").count();
    let state = app.engine.ledger().state(&caller.tenant, &EntityKey::tenant())?;
    let window = app.engine.view(&caller.tenant)?.policy.settings.sla_cluster.window;
    let start = app.engine.ledger().now().timestamp().before(window);
    let critical = match state {
        Some(StateRecord::Tenant(breaches)) => breaches.incident_at.is_some_and(|at| at > start),
        Some(_) | None => false,
    };
    Ok(Json(json!({"ok": true, "breaches": breaches, "critical_cluster": critical})))
}

/// What an entity still waits for in that time, the earliest first.
fn waits(
    app: &App,
    telling: &Telling,
    entity: &EntityKey,
    span: Between,
) -> Result<Vec<Value>, Problem> {
    let state = app.engine.ledger().state(&telling.view.id, entity)?;
    let pending = state.as_ref().map(pending::pending).unwrap_or_default();
    Ok(told(app, telling, entity, (pending, span)))
}

fn told(
    app: &App,
    telling: &Telling,
    entity: &EntityKey,
    (pending, span): (Vec<(String, Timestamp)>, Between),
) -> Vec<Value> {
    let wanted = pending.into_iter().filter(|(_, due)| span.holds(*due));
    wanted.map(|(kind, due)| own(app, telling, entity, (&kind, due))).collect()
}

/// An entity has one alarm, for the first of what it waits for; the others follow under `then`. Nothing where none
/// of it is due in that time.
fn shown(
    app: &App,
    telling: &Telling,
    (timer, what): (&TimerKey, &TimerRecord),
    span: Between,
) -> Result<Option<Value>, Problem> {
    let own = |kind| {
        let own = || own(app, telling, &timer.entity, (kind, timer.due));
        Ok(span.holds(timer.due).then(own))
    };
    if matches!(what, TimerRecord::Signal(_)) {
        let item = || item(app, telling, &timer.entity, (SIGNAL, timer.due), timer.slot);
        return Ok(span.holds(timer.due).then(item));
    }
    if timer.entity.as_endpoint().is_some() {
        return own("secret_expiring");
    }
    let Ok(state) = app.engine.ledger().state(&telling.view.id, &timer.entity) else {
        // One damaged record must not hide all the others.
        return own(UNREADABLE);
    };
    let pending = state.as_ref().map(pending::pending).unwrap_or_default();
    if pending.is_empty() {
        return own(STALE);
    }
    let mut pending = told(app, telling, &timer.entity, (pending, span)).into_iter();
    let Some(mut first) = pending.next() else { return Ok(None) };
    if let Some(map) = first.as_object_mut() {
        map.insert("then".to_owned(), pending.collect());
    }
    Ok(Some(first))
}

/// Something that an entity waits for itself.
fn own(app: &App, telling: &Telling, entity: &EntityKey, what: (&str, Timestamp)) -> Value {
    item(app, telling, entity, what, Sequence(0))
}

fn item(
    app: &App,
    telling: &Telling,
    entity: &EntityKey,
    (kind, at): (&str, Timestamp),
    slot: Sequence,
) -> Value {
    let Telling { view, reader } = telling;
    let now = app.engine.ledger().now().timestamp();
    let reason = why::timer(why::Due { kind, at, now, policy: &view.policy });
    let name = TimerName { entity: entity.clone(), kind: kind.to_owned(), due: at, slot };
    json!({
        "id": name.to_string(),
        "kind": kind,
        "entity": entity.kind.as_str(),
        "entity_id": entity.id,
        "due_at": at.to_rfc3339(),
        "why": reader.told(view, &reason),
    })
}
