//! Dead letters by their causes, and the causes of which people take note: a group that is known goes behind the
//! others until something new comes to it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};
use sereno_actors::endpoint::delivery_id;
use sereno_actors::limits;
use sereno_actors::record::{AcknowledgedRecord, Selection};
use sereno_workflows::dead_letters::{Fault, cause};
use sereno_workflows::id::{EndpointId, Sequence};
use sereno_workflows::invalid::Invalid;
use sereno_workflows::time::Timestamp;

use super::{chosen_fault, wanted};
use crate::api::App;
use crate::api::aside::aside;
use crate::api::audit::signed;
use crate::api::channels::by;
use crate::api::error::Problem;
use crate::api::request::{Caller, JsonObject, ListQuery, nothing_else, take_reason, take_text};

/// Dead letters of one cause.
#[derive(Default)]
struct Group {
    count: u64,
    oldest: Option<Timestamp>,
    newest: Option<Timestamp>,
    endpoints: BTreeMap<u32, u64>,
    example: Option<(Sequence, String)>,
}

pub(super) fn groups(
    app: &App,
    caller: &Caller,
    query: &ListQuery,
) -> Result<Json<Value>, Problem> {
    let wanted = wanted(query)?;
    let mut groups: BTreeMap<(Fault, String), Group> = BTreeMap::new();
    let (mut from, mut total, mut complete) = (wanted.from, 0_usize, true);
    loop {
        let page = limits::PAGE_ROWS_MAX;
        let range = (wanted.endpoint.map(EndpointId), from..wanted.to);
        let rows = app.engine.ledger().dead_letters(&caller.tenant, range, false, page)?;
        let full = rows.len() == page;
        for (delivery, letter) in rows {
            from = delivery.next();
            if !wanted.means_letter(&letter) {
                continue;
            }
            total += 1;
            let cause = cause(letter.code, &letter.error);
            let group = groups.entry((letter.fault, cause)).or_default();
            group.count += 1;
            group.oldest = Some(group.oldest.map_or(letter.at, |oldest| oldest.min(letter.at)));
            group.newest = Some(group.newest.map_or(letter.at, |newest| newest.max(letter.at)));
            *group.endpoints.entry(letter.endpoint).or_default() += 1;
            group.example = Some((delivery, letter.error));
        }
        if !full {
            break;
        }
        if total >= limits::COUNTED_ROWS_MAX {
            complete = false;
            break;
        }
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.count));
    let known = app.engine.ledger().acknowledged(&caller.tenant)?;
    let items: Vec<Value> =
        groups.iter().map(|(key, group)| show_group(key, group, &known)).collect();
    Ok(Json(json!({
        "ok": true, "items": items, "total": total, "complete": complete, "next_cursor": null,
    })))
}

fn show_group(
    (fault, cause): &(Fault, String),
    group: &Group,
    known: &[AcknowledgedRecord],
) -> Value {
    let known = known.iter().find(|known| (known.fault, &known.cause) == (*fault, cause));
    let endpoints: Vec<Value> = group
        .endpoints
        .iter()
        .map(|(id, count)| json!({"endpoint_id": id, "count": count}))
        .collect();
    json!({
        "cause": cause,
        "fault": fault.as_str(),
        "count": group.count,
        "oldest_at": group.oldest.map(Timestamp::to_rfc3339),
        "newest_at": group.newest.map(Timestamp::to_rfc3339),
        "endpoints": endpoints,
        "example": group.example.as_ref().map(|(delivery, error)| {
            json!({"id": delivery_id(*delivery), "error_message": error})
        }),
        "acknowledged": known.map(|known| shown(known, group.newest)),
    })
}

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
    let record = AcknowledgedRecord { fault, cause, signed: by(&app, &caller, reason) };
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
fn shown(record: &AcknowledgedRecord, newest: Option<Timestamp>) -> Value {
    let mut shown = signed(Some(&record.signed));
    let holds = newest.is_none_or(|newest| newest <= record.signed.at);
    if let Some(map) = shown.as_object_mut() {
        map.insert("holds".to_owned(), Value::from(holds));
    }
    shown
}
