//! Tenants, their settings and their keys.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Json, response::IntoResponse};
use serde_json::{Map, Value, json};
use sereno_actors::tenant::{Change, Changed};
use sereno_actors::view::TenantView;
use sereno_workflows::access::Role;
use sereno_workflows::id::{InvalidId, TenantId};
use sereno_workflows::invalid::Invalid;
use sereno_workflows::policy::Settings;

use super::App;
use super::channels::by;
use super::error::Problem;
use super::request::{
    Caller, InPath, JsonObject, ListQuery, default_tenant, nothing_else, one, take_reason,
    take_text,
};

/// `GET /api/v1/admin/tenants`.
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: ListQuery,
) -> Result<Json<Value>, Problem> {
    query.only(&[])?;
    caller.must_be_admin()?;
    let mut views = app.engine.views();
    views.sort_by(|a, b| a.id.cmp(&b.id));
    let total = views.len();
    let after = query.after("tenant")?.unwrap_or_default();
    let rest = views.into_iter().filter(|view| *view.id.as_str() > *after);
    let (page, next_cursor) =
        query.page(rest, |view| ListQuery::cursor_after("tenant", view.id.as_str()));
    let items: Vec<Value> = page.iter().map(|view| listed(view)).collect();
    let deleting = app.engine.deleted_tenants();
    let deleting: Vec<&str> = deleting.iter().map(TenantId::as_str).collect();
    Ok(Json(json!({
        "ok": true, "items": items, "next_cursor": next_cursor, "total": total,
        "deleting": deleting,
    })))
}

/// `POST /api/v1/admin/tenants`: `{id, name?, settings?}`; answers with its first key.
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonObject(mut body): JsonObject,
) -> Result<impl IntoResponse, Problem> {
    caller.must_be_admin()?;
    let id = take_text(&mut body, "id")?.ok_or_else(|| Invalid::new("id", "is missing"))?;
    let id: TenantId =
        id.parse().map_err(|error: InvalidId| Invalid::new("id", error.to_string()))?;
    let name = take_text(&mut body, "name")?.unwrap_or_else(|| id.to_string());
    let settings = Settings::default().patched(settings_of(body)?)?;
    app.engine.create_tenant(id.clone(), name, settings).await?;
    let (key, _) = app.engine.create_key(&id, "first", Role::Admin).await?;
    let answer = json!({"ok": true, "id": id.as_str(), "api_key": key});
    Ok((StatusCode::CREATED, Json(answer)))
}

/// `GET /api/v1/admin/tenants/{id}`.
pub async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
) -> Result<Json<Value>, Problem> {
    let id = own(&caller, &id)?;
    Ok(one(shown(&*app.engine.view(&id)?)))
}

/// `PATCH /api/v1/admin/tenants/{id}`: changes the settings that it names, at the top or inside
/// `settings`, where a `reason` for the audit log may stand beside them.
pub async fn change(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
    JsonObject(mut body): JsonObject,
) -> Result<Json<Value>, Problem> {
    let id = own(&caller, &id)?;
    let reason = match body.contains_key("settings") {
        true => take_reason(&mut body)?,
        false => String::new(),
    };
    let change = Change::Settings(settings_of(body)?, by(&app, &caller, reason));
    let changed = app.engine.configure(&id, change).await?;
    match changed {
        Changed::Tenant(view) => Ok(one(shown(&view))),
        Changed::Endpoint(_) => Err(Problem::busy()),
    }
}

/// `DELETE /api/v1/admin/tenants/{id}`: gone from the answer on, and from the disk soon after.
pub async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
) -> Result<impl IntoResponse, Problem> {
    caller.must_be_admin()?;
    let id = own(&caller, &id)?;
    if id == default_tenant() {
        let detail = "the tenant default cannot be deleted: the admin token acts on it where no other is named; \
                      delete its endpoints and revoke its keys instead";
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    app.engine.delete_tenant(&id).await?;
    let message = "tenant deleted; its keys are void, and its rows go from the disk";
    let answer = json!({"ok": true, "id": id.as_str(), "state": "deleting", "message": message});
    Ok((StatusCode::ACCEPTED, Json(answer)))
}

/// `GET /api/v1/admin/tenants/{id}/keys`: without the keys themselves, which are not kept.
pub async fn keys(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
    query: ListQuery,
) -> Result<Json<Value>, Problem> {
    query.only(&[])?;
    let id = own(&caller, &id)?;
    app.engine.view(&id)?;
    let items: Vec<Value> = app
        .engine
        .keys(&id)
        .into_iter()
        .map(|key| {
            let created_at = key.created_at.to_rfc3339();
            let role = key.role.as_str();
            json!({"id": key.id, "name": key.name, "role": role, "created_at": created_at})
        })
        .collect();
    Ok(Json(json!({"ok": true, "total": items.len(), "items": items, "next_cursor": null})))
}

/// `POST /api/v1/admin/tenants/{id}/keys`: `{name?, role?}`; the key is shown this once.
pub async fn create_key(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
    JsonObject(mut body): JsonObject,
) -> Result<impl IntoResponse, Problem> {
    let id = own(&caller, &id)?;
    let name = take_text(&mut body, "name")?.unwrap_or_else(|| "key".to_owned());
    let role = role(&mut body)?.unwrap_or(Role::Admin);
    nothing_else(&body)?;
    let (token, key) = app.engine.create_key(&id, &name, role).await?;
    let answer = json!({
        "ok": true, "api_key": token, "id": key.id, "name": name, "role": role.as_str(),
    });
    Ok((StatusCode::CREATED, Json(answer)))
}

/// `DELETE /api/v1/admin/tenants/{id}/keys/{key}`: by the key's id.
pub async fn revoke_key(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath((id, key)): InPath<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let id = own(&caller, &id)?;
    app.engine.revoke_key(&id, &key).await?;
    Ok(Json(json!({"ok": true, "message": "key revoked"})))
}

/// The role that a body names.
pub(super) fn role(body: &mut Map<String, Value>) -> Result<Option<Role>, Invalid> {
    let text = take_text(body, "role")?;
    let role = text.map(|text| text.parse::<Role>()).transpose();
    role.map_err(|problem| Invalid::new("role", problem))
}

fn own(caller: &Caller, id: &str) -> Result<TenantId, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found("tenant"))?;
    caller.must_own(&id)?;
    Ok(id)
}

fn settings_of(mut body: Map<String, Value>) -> Result<Map<String, Value>, Invalid> {
    match body.remove("settings") {
        None | Some(Value::Null) => {}
        Some(Value::Object(settings)) => body.extend(settings),
        Some(_) => return Err(Invalid::new("settings", "must be an object")),
    }
    Ok(body)
}

fn shown(view: &TenantView) -> Value {
    json!({
        "id": view.id.as_str(),
        "name": view.name,
        "created_at": view.created_at.to_rfc3339(),
        "settings": view.policy.settings.shown(),
    })
}

/// The same without the templates, which are long, and shown one tenant at a time.
fn listed(view: &TenantView) -> Value {
    let mut shown = shown(view);
    if let Some(settings) = shown.get_mut("settings").and_then(Value::as_object_mut) {
        settings.remove("templates");
    }
    shown
}
