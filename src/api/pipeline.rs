//! The pipeline as people see it: what each stage of an event took, and what stands aside.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::{Map, Value, json};
use sereno_actors::ledger::LedgerError;
use sereno_actors::ledger::times::Time;
use sereno_actors::limits;
use sereno_actors::record::{EventRecord, Source, Stage, StepRecord, StoryRecord};
use sereno_workflows::business_hours::Day;
use sereno_workflows::id::Sequence;
use sereno_workflows::search::Types;

use super::App;
use super::aside::aside;
use super::error::Problem;
use super::events;
use super::request::{
    Caller, InPath, JsonObject, moment, nothing_else, take_flag, take_reason, take_text,
};

/// `POST /api/v1/events/{id}/reprocess`: an event that stands aside goes through the pipeline again, once.
pub async fn reprocess(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
    JsonObject(mut body): JsonObject,
) -> Result<impl IntoResponse, Problem> {
    take_reason(&mut body)?;
    nothing_else(&body)?;
    let missing = || Problem::not_found("event");
    let place = events::find(&app, &caller.tenant, &id)?.ok_or_else(missing)?;
    let event = app.engine.ledger().event(&caller.tenant, place)?.ok_or_else(missing)?;
    let processed = app.engine.reprocess(&caller.tenant, place).await?;
    let status = if processed { "processed" } else { "quarantined" };
    let answer = json!({"ok": true, "event_id": event.id, "pipeline": status});
    Ok((StatusCode::ACCEPTED, Json(answer)))
}

/// `POST /api/v1/events/reprocess`: many of those that stand aside, by `type, from, to`; with `dry_run`
/// only their count. The oldest go first.
pub async fn reprocess_many(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonObject(mut body): JsonObject,
) -> Result<impl IntoResponse, Problem> {
    let types = Types::read(take_text(&mut body, "type")?.as_deref())?;
    let mut place = |name: &str, otherwise| match take_text(&mut body, name)? {
        None => Ok(otherwise),
        Some(text) => moment(name, &text).map(Sequence::at),
    };
    let (from, to) = (place("from", Sequence(0))?, place("to", Sequence(u64::MAX))?);
    let dry_run = take_flag(&mut body, "dry_run")?;
    take_reason(&mut body)?;
    nothing_else(&body)?;
    let (reader, tenant) = (Arc::clone(&app), caller.tenant.clone());
    let mut chosen = aside(caller.tenant.clone(), move || {
        let (mut chosen, mut before, mut looked_at) = (Vec::new(), to, 0);
        while looked_at < limits::SCAN_ROWS_MAX {
            let most = limits::PAGE_ROWS_MAX;
            let found = reader.engine.ledger().all_set_aside(&tenant, before, from, most)?;
            let Some((last, _)) = found.last() else { break };
            before = *last;
            looked_at += found.len();
            let wanted = found.into_iter().filter(|(_, event)| types.wants(&event.event_type));
            chosen.extend(wanted.map(|(place, event)| (place, event.id)));
        }
        Ok(chosen)
    })
    .await?;
    let count = chosen.len();
    if dry_run {
        return Ok((StatusCode::OK, Json(json!({"ok": true, "dry_run": true, "count": count}))));
    }
    chosen.reverse();
    let (mut processed, mut quarantined) = (Vec::new(), Vec::new());
    for (place, id) in chosen.into_iter().take(limits::REPROCESSED_MAX) {
        match app.engine.reprocess(&caller.tenant, place).await {
            Ok(true) => processed.push(id),
            Ok(false) => quarantined.push(id),
            // Somebody else was there first.
            Err(sereno_actors::engine::EngineError::Rejected(_)) => {}
            Err(other) => return Err(other.into()),
        }
    }
    let answer = json!({
        "ok": true,
        "count": count,
        "processed": processed,
        "quarantined": quarantined,
        "left": count.saturating_sub(limits::REPROCESSED_MAX),
    });
    Ok((StatusCode::ACCEPTED, Json(answer)))
}

/// What an event was enriched with.
pub(super) fn enriched(story: Option<&StoryRecord>) -> Value {
    let Some(StoryRecord { enriched, .. }) = story else { return Value::Null };
    let days = [Day::Mon, Day::Tue, Day::Wed, Day::Thu, Day::Fri, Day::Sat, Day::Sun];
    let day = days.get(usize::from(enriched.weekday)).copied().unwrap_or_default();
    json!({
        "weekday": day.name(),
        "is_business_hours": enriched.is_business_hours,
        "holiday": enriched.holiday,
        "user": enriched.user.as_ref().map(|lead| json!({"lead_id": lead})),
    })
}

/// Each stage of an event's way: how it went, when it began, what it took. It led to so many `deliveries`.
pub(super) fn stages(
    app: &App,
    caller: &Caller,
    (place, event): (Sequence, &EventRecord),
    deliveries: usize,
) -> Result<Vec<Value>, LedgerError> {
    let time = app.engine.ledger().time(&caller.tenant, place)?;
    let story = event.story.as_deref();
    let received = place.0.saturating_sub(story.map_or(0, |story| story.received_before));
    let came_in = story.is_some() || event.source == Source::Api;
    let failed = story.and_then(|story| story.failed.as_ref());
    let mut shown = Vec::new();
    for stage in Stage::ALL {
        let step = story.and_then(|story| story.steps.get(stage as usize)).copied();
        let (status, detail) = match failed {
            Some(failed) if failed.stage == stage => ("failed", Some(failed.reason.clone())),
            Some(failed) if failed.stage < stage && stage != Stage::Store => ("skipped", None),
            Some(_) | None => usual(stage, (event, deliveries), step, time),
        };
        let step = match stage {
            Stage::Store => time.map(|time| span(received, time.handed_at, time.stored)),
            Stage::Trigger => time.map(|time| {
                span(received, time.handed_at + u64::from(time.stored), time.triggered)
            }),
            Stage::Validate | Stage::Enrich | Stage::Route | Stage::Process => step,
        };
        // What a workflow tells of begins with being stored.
        if came_in || matches!(stage, Stage::Store | Stage::Trigger) {
            shown.push(show((stage, status, detail), received, step));
        }
    }
    Ok(shown)
}

fn span(received: u64, from: u64, took: u32) -> StepRecord {
    StepRecord { after: from.saturating_sub(received), took: u64::from(took) }
}

fn usual(
    stage: Stage,
    (event, deliveries): (&EventRecord, usize),
    step: Option<StepRecord>,
    time: Option<Time>,
) -> (&'static str, Option<String>) {
    match stage {
        Stage::Validate | Stage::Enrich => ("ok", None),
        Stage::Route => {
            let whose = event.entity.as_ref().map(ToString::to_string);
            ("ok", Some(whose.unwrap_or_else(|| "no workflow cares".to_owned())))
        }
        Stage::Process => match &event.ignored {
            Some(reason) => ("ignored", Some(reason.clone())),
            None if step.is_some() || event.entity.is_some() => ("ok", None),
            None => ("skipped", None),
        },
        Stage::Store if time.is_none() => {
            ("ok", Some("durable; what it took is not kept".to_owned()))
        }
        Stage::Store => ("ok", None),
        Stage::Trigger => ("ok", Some(format!("{deliveries} deliveries"))),
    }
}

fn show(
    (stage, status, detail): (Stage, &str, Option<String>),
    received: u64,
    step: Option<StepRecord>,
) -> Value {
    let mut shown = Map::new();
    shown.insert("stage".to_owned(), Value::from(stage.as_str()));
    shown.insert("status".to_owned(), Value::from(status));
    let at = step.map(|step| Sequence(received + step.after).moment().to_rfc3339());
    shown.insert("at".to_owned(), Value::from(at));
    shown.insert("duration_us".to_owned(), Value::from(step.map(|step| step.took)));
    if let Some(detail) = detail {
        shown.insert("detail".to_owned(), Value::from(detail));
    }
    Value::Object(shown)
}
