//! Jobs on many deliveries: counted first, started, watched, cancelled.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value, json};
use sereno_actors::endpoint::delivery_id;
use sereno_actors::engine::deliveries::Asked;
use sereno_actors::intake::inbound_id;
use sereno_actors::record::{Answered, JobRecord, JobState, JobTask, NotDone, Selection};
use sereno_workflows::id::{EndpointId, Sequence};
use sereno_workflows::invalid::Invalid;
use sereno_workflows::search::Types;
use sereno_workflows::statistics::Channel;
use sereno_workflows::time::Timestamp;

use super::App;
use super::aside::aside;
use super::error::Problem;
use super::request::{
    Caller, InPath, JsonObject, ListQuery, moment, nothing_else, one, take_flag, take_number,
    take_reason, take_text,
};

/// `GET /api/v1/jobs`: the newest first.
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: ListQuery,
) -> Result<Json<Value>, Problem> {
    query.only(&["state"])?;
    let wanted = query.one_of("state", &["running", "done", "cancelled", "failed"])?;
    let before = query.before()?;
    let now = app.engine.ledger().now().timestamp();
    let jobs = app.engine.ledger().jobs(&caller.tenant)?;
    let wanted = jobs
        .iter()
        .rev()
        .filter(|(id, job)| *id < before && wanted.is_none_or(|state| state == job.state.as_str()));
    let (page, next_cursor) = query.page(wanted, |(id, _)| id.to_text());
    let items: Vec<Value> = page.iter().map(|(id, job)| show_job(*id, job, now)).collect();
    Ok(Json(json!({"ok": true, "items": items, "next_cursor": next_cursor})))
}

/// `GET /api/v1/jobs/{id}`: how far it came.
pub async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
) -> Result<Json<Value>, Problem> {
    let id = number(&id)?;
    let job = app.engine.ledger().job(&caller.tenant, id)?;
    let job = job.ok_or_else(|| Problem::not_found("job"))?;
    Ok(one(show_job(id, &job, app.engine.ledger().now().timestamp())))
}

/// `POST /api/v1/jobs/{id}/cancel`: it ends where it is; what it did stays done.
pub async fn cancel(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
    JsonObject(body): JsonObject,
) -> Result<Json<Value>, Problem> {
    nothing_else(&body)?;
    app.engine.cancel_job(&caller.tenant, number(&id)?).await?;
    show(State(app), caller, InPath(id)).await
}

/// `POST /api/v1/admin/notify/endpoints/{id}/recover`: what the endpoint wants of the events `since` then
/// and did not get, given up or never tried; with `dry_run` only the count.
pub async fn recover(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
    JsonObject(mut body): JsonObject,
) -> Result<Response, Problem> {
    let view = app.engine.view(&caller.tenant)?;
    let endpoint = id.parse().ok().filter(|id| view.endpoints.contains_key(&EndpointId(*id)));
    let endpoint = endpoint.ok_or_else(|| Problem::not_found("endpoint"))?;
    let since = take_text(&mut body, "since")?;
    let since = since.ok_or_else(|| {
        Invalid::new("since", "is missing: a moment such as 2026-01-20T19:00:00Z")
    })?;
    let until = take_text(&mut body, "until")?;
    let until = until.map(|until| moment("until", &until)).transpose()?;
    let now_at = app.engine.ledger().now().timestamp();
    let since = moment("since", &since)?;
    if since > now_at {
        return Err(Invalid::new("since", "must be in the past").into());
    }
    if until.is_some_and(|until| until < since) {
        return Err(Invalid::new("until", "must be after since").into());
    }
    let selection = Selection {
        endpoint: Some(endpoint),
        event_type: take_text(&mut body, "event_type")?.as_deref().map(types).transpose()?,
        from: Sequence::at(since),
        to: until.map_or(now(&app), Sequence::at),
        ..Selection::default()
    };
    begin(&app, &caller, JobTask::Recover, selection, body).await
}

/// Takes what deliveries are chosen by out of a body. Without `to`, those until now.
pub fn selection(body: &mut Map<String, Value>) -> Result<Selection, Problem> {
    let mut place = |name: &str| match take_text(body, name)? {
        None => Ok(None),
        Some(text) => moment(name, &text).map(|at| Some(Sequence::at(at))),
    };
    let (from, to) = (place("from")?, place("to")?);
    Ok(Selection {
        endpoint: take_number(body, "endpoint_id")?,
        event_type: take_text(body, "event_type")?.as_deref().map(types).transpose()?,
        from: from.unwrap_or(Sequence(0)),
        to: to.unwrap_or(Sequence(u64::MAX)),
        ..Selection::default()
    })
}

/// Starts a job, or with `dry_run` counts what it would be about.
pub async fn begin(
    app: &Arc<App>,
    caller: &Caller,
    task: JobTask,
    mut selection: Selection,
    mut body: Map<String, Value>,
) -> Result<Response, Problem> {
    let dry_run = take_flag(&mut body, "dry_run")?;
    let reason = take_reason(&mut body)?;
    nothing_else(&body)?;
    // What comes in from now on is not meant, or a job might never end.
    selection.to = selection.to.min(now(app));
    if selection.from > selection.to {
        return Err(Invalid::new("from", "must be before the end").into());
    }
    if dry_run {
        let (app, tenant) = (Arc::clone(app), caller.tenant.clone());
        let counted =
            aside(caller.tenant.clone(), move || Ok(app.engine.count(&tenant, task, selection)?))
                .await?;
        let answer = json!({
            "ok": true, "dry_run": true, "count": counted.count, "refused": counted.refused,
            "complete": counted.complete,
        });
        return Ok(Json(answer).into_response());
    }
    let asked = Asked { by: Some(caller.who.actor()), reason };
    let id = app.engine.begin_job(&caller.tenant, task, selection, asked).await?;
    let job = app.engine.ledger().job(&caller.tenant, id)?;
    let job = job.map(|job| show_job(id, &job, app.engine.ledger().now().timestamp()));
    let answer = json!({"ok": true, "job_id": job_id(id), "job": job});
    Ok((StatusCode::ACCEPTED, Json(answer)).into_response())
}

fn now(app: &App) -> Sequence {
    app.engine.ledger().sequence()
}

fn job_id(id: Sequence) -> String {
    format!("job_{}", id.to_text())
}

fn number(id: &str) -> Result<Sequence, Problem> {
    let place = id.strip_prefix("job_").and_then(Sequence::from_text);
    place.ok_or_else(|| Problem::not_found("job"))
}

fn show_job(id: Sequence, job: &JobRecord, now: Timestamp) -> Value {
    let Selection {
        endpoint,
        event_type,
        status,
        cause,
        fault,
        from,
        to,
        channel,
        answered,
        query,
    } = &job.selection;
    let not_done: Vec<Value> = job.not_done.iter().map(|one| show_not_done(job, one)).collect();
    let took = job.ended_at.unwrap_or(now).since(job.created_at);
    json!({
        "id": job_id(id),
        "task": job.task.as_str(),
        "state": job.state.as_str(),
        "filter": {
            "endpoint_id": endpoint, "event_type": event_type, "status": status, "cause": cause, "fault": fault,
            "channel": channel.map(Channel::as_str), "code": answered.map(Answered::as_str), "q": query,
            "from": (from.0 > 0).then(|| from.moment().to_rfc3339()),
            "to": to.moment().to_rfc3339(),
        },
        "progress": progress(job),
        "examined": job.examined,
        "matched": job.matched,
        "done": job.done,
        "skipped": job.skipped,
        "refused": job.refused,
        "not_done": not_done,
        "reason": (!job.reason.is_empty()).then_some(&job.reason),
        "error": job.error,
        "created_at": job.created_at.to_rfc3339(),
        "ended_at": job.ended_at.map(Timestamp::to_rfc3339),
        "duration_ms": took.0,
    })
}

/// One with which it could not be done, by the id under which it is found.
fn show_not_done(job: &JobRecord, NotDone { item, why }: &NotDone) -> Value {
    let id = match job.task {
        JobTask::ReprocessInbound => item.map(inbound_id),
        JobTask::RetryDeadLetters
        | JobTask::DiscardDeadLetters
        | JobTask::RetryDeliveries
        | JobTask::CancelDeliveries
        | JobTask::Recover => item.map(delivery_id),
    };
    json!({"id": id, "why": why.as_str(), "skipped": why.is_skipped(), "detail": why.text()})
}

/// From 0 to 1: which part of the time that the job looks through lies behind it. Where that has no
/// beginning, nobody knows how much is left until it is done.
#[expect(clippy::cast_precision_loss, reason = "a share for people, rounded to two places")]
fn progress(job: &JobRecord) -> Option<f64> {
    let Selection { from, to, .. } = &job.selection;
    match job.state {
        JobState::Done => Some(1.0),
        JobState::Running | JobState::Cancelled | JobState::Failed => {
            let behind = job.place.0.saturating_sub(from.0) as f64;
            let all = to.0.saturating_sub(from.0) as f64;
            (from.0 > 0).then(|| (behind / all.max(1.0) * 100.0).floor() / 100.0)
        }
    }
}

/// Types of events that deliveries are chosen by.
pub(super) fn types(text: &str) -> Result<String, Invalid> {
    Types::checked("event_type", text)
}
