//! Causes of dead letters that people take note of: a group that is known goes behind the others until something
//! new comes to it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};
use sereno_actors::record::{AcknowledgedRecord, Selection, Signed};
use sereno_workflows::dead_letters::Fault;
use sereno_workflows::invalid::Invalid;
use sereno_workflows::time::Timestamp;

use super::{Caller, JsonObject, chosen_fault, nothing_else, take_reason, take_text};
use crate::api::App;
use crate::api::aside::aside;
use crate::api::audit::signed;
use crate::api::error::Problem;

/// `POST /api/v1/dead-letters/acknowledge` with `cause` and `fault`: the group is known, as far as it is there now.
pub(in crate::api) async fn acknowledge(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonObject(mut body): JsonObject,
) -> Result<Json<Value>, Problem> {
    let reason = take_reason(&mut body)?;
    let (fault, cause) = group(body)?;
    let wanted =
        Selection { cause: Some(cause.clone()), fault: Some(fault), ..Selection::default() };
    let (reader, tenant) = (Arc::clone(&app), caller.tenant.clone());
    let look = move || Ok(reader.engine.has_dead_letter(&tenant, &wanted)?);
    if !aside(caller.tenant.clone(), look).await? {
        return Err(Problem::not_found("dead letter of this cause"));
    }
    let (at, by) = (app.engine.ledger().now().timestamp(), caller.who.actor());
    let record = AcknowledgedRecord { fault, cause, signed: Signed { at, by, reason } };
    app.engine.acknowledge(&caller.tenant, &record).await?;
    Ok(Json(answer(&record, true)))
}

/// `DELETE /api/v1/dead-letters/acknowledge` with the same: it stands among the others again.
pub(in crate::api) async fn forget(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonObject(mut body): JsonObject,
) -> Result<Json<Value>, Problem> {
    take_reason(&mut body)?;
    let (fault, cause) = group(body)?;
    let record = app.engine.forget_acknowledged(&caller.tenant, (fault, &cause)).await?;
    Ok(Json(answer(&record, false)))
}

fn group(mut body: Map<String, Value>) -> Result<(Fault, String), Problem> {
    let fault = chosen_fault(&mut body)?;
    let fault = fault.ok_or_else(|| {
        Invalid::new("fault", "is missing: receiver, configuration or system, as in ?group=cause")
    })?;
    let cause = take_text(&mut body, "cause")?;
    let cause = cause
        .ok_or_else(|| Invalid::new("cause", "is missing: one of those that ?group=cause shows"))?;
    nothing_else(&body)?;
    Ok((fault, cause))
}

fn answer(record: &AcknowledgedRecord, is_known: bool) -> Value {
    json!({
        "ok": true, "cause": record.cause, "fault": record.fault.as_str(),
        "acknowledged": is_known.then(|| shown(record, None)),
    })
}

/// Who has taken note of a group, when and why, and whether nothing new has come to it since.
pub(super) fn shown(record: &AcknowledgedRecord, newest: Option<Timestamp>) -> Value {
    let mut shown = signed(Some(&record.signed));
    let holds = newest.is_none_or(|newest| newest <= record.signed.at);
    if let Some(map) = shown.as_object_mut() {
        map.insert("holds".to_owned(), Value::from(holds));
    }
    shown
}
