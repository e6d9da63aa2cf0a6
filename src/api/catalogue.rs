//! The catalogue of event types.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use sereno_actors::tenant::Change;
use sereno_workflows::catalogue::{self, Entry, OwnType};
use sereno_workflows::event::EventType;
use sereno_workflows::id::InvalidId;
use sereno_workflows::invalid::{Invalid, read};

use super::App;
use super::error::Problem;
use super::request::{Caller, InPath, JsonObject, ListQuery, one};

/// `GET /api/v1/event-types`: the built-in types and the tenant's own, by name.
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: ListQuery,
) -> Result<Json<Value>, Problem> {
    query.only(&[])?;
    let view = app.engine.view(&caller.tenant)?;
    let own = &view.policy.settings.event_types;
    let names = catalogue::names(own);
    let total = names.len();
    let after = query.after("event-type")?.unwrap_or_default();
    let rest = names.into_iter().filter(|name| *name > after.as_str());
    let (page, next_cursor) = query.page(rest, |name| ListQuery::cursor_after("event-type", name));
    let found = page.into_iter().filter_map(|name| catalogue::find(own, name));
    let items: Vec<Value> = found.map(|entry| shown(&entry)).collect();
    Ok(Json(json!({"ok": true, "items": items, "next_cursor": next_cursor, "total": total})))
}

/// `GET /api/v1/event-types/{name}`.
pub async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(name): InPath<String>,
) -> Result<Json<Value>, Problem> {
    answer(&app, &caller, &name)
}

/// `PUT /api/v1/event-types/{name}`: `{description?, schema?, schema_example?}`.
pub async fn describe(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(name): InPath<String>,
    JsonObject(body): JsonObject,
) -> Result<Json<Value>, Problem> {
    let named: EventType =
        name.parse().map_err(|error: InvalidId| Invalid::new("name", error.to_string()))?;
    let own: OwnType = read(Value::Object(body))?;
    app.engine.configure(&caller.tenant, Change::DescribeType(named, own)).await?;
    answer(&app, &caller, &name)
}

/// `DELETE /api/v1/event-types/{name}`: the tenant's own description; a built-in one comes back.
pub async fn forget(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(name): InPath<String>,
) -> Result<Json<Value>, Problem> {
    let named = name.parse().map_err(|_| Problem::not_found("event type"))?;
    app.engine.configure(&caller.tenant, Change::ForgetType(named)).await?;
    Ok(Json(json!({"ok": true, "message": "event type removed"})))
}

fn answer(app: &App, caller: &Caller, name: &str) -> Result<Json<Value>, Problem> {
    let view = app.engine.view(&caller.tenant)?;
    let entry = catalogue::find(&view.policy.settings.event_types, name);
    Ok(one(shown(&entry.ok_or_else(|| Problem::not_found("event type"))?)))
}

fn shown(entry: &Entry) -> Value {
    json!({
        "name": entry.name,
        "description": entry.description,
        "schema": entry.schema,
        "schema_example": entry.example,
        "from": if entry.own { "tenant" } else { "built-in" },
    })
}
