//! Endpoints of notifications.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Json, response::IntoResponse};
use serde_json::{Value, json};
use sereno_actors::channel::auth::Auth;
use sereno_actors::endpoint::config::Endpoint;
use sereno_actors::signature::key_pair;
use sereno_actors::tenant::{Change, Changed};
use sereno_actors::view::TenantView;
use sereno_actors::why::{self, Known};
use sereno_workflows::access::Role;
use sereno_workflows::endpoint::Health;
use sereno_workflows::id::EndpointId;
use sereno_workflows::masking;
use sereno_workflows::time::Timestamp;

use super::App;
use super::aside::aside;
use super::error::Problem;
use super::request::{Caller, InPath, JsonObject, ListQuery};
use super::rotation::previous_secrets;
use super::trace::Traced;
use super::why::Reader;

/// `GET /api/v1/admin/notify/endpoints`.
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: ListQuery,
) -> Result<Json<Value>, Problem> {
    query.only(&[])?;
    let view = app.engine.view(&caller.tenant)?;
    let after: u32 = match query.get("cursor") {
        None => 0,
        Some(cursor) => cursor.parse().map_err(|_| query.bad_cursor())?,
    };
    let rest = view.endpoints.after(EndpointId(after));
    let (page, next_cursor) = query.page(rest, |endpoint| endpoint.id.to_string());
    let mut items = Vec::new();
    for endpoint in page {
        items.push(shown(&app, &caller, endpoint)?);
    }
    let total = view.endpoints.len();
    Ok(Json(json!({"ok": true, "items": items, "total": total, "next_cursor": next_cursor})))
}

/// `POST /api/v1/admin/notify/endpoints`; a generated secret is shown this once.
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonObject(body): JsonObject,
) -> Result<impl IntoResponse, Problem> {
    let given = body.get("secret").is_some_and(Value::is_string);
    let endpoint = configured(&app, &caller, Change::CreateEndpoint(body)).await?;
    let kind = endpoint.config.kind.as_str();
    let mut answer = json!({
        "ok": true,
        "id": endpoint.id.0,
        "message": format!("{kind} endpoint created"),
        "endpoint": shown(&app, &caller, &endpoint)?,
    });
    if !given {
        show_generated(&mut answer, &endpoint);
    }
    Ok((StatusCode::CREATED, Json(answer)))
}

/// `GET /api/v1/admin/notify/endpoints/{id}`.
pub async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
    reader: Reader,
) -> Result<Json<Value>, Problem> {
    let view = app.engine.view(&caller.tenant)?;
    let id = number(&id)?;
    let endpoint = view.endpoints.get(&id).ok_or_else(|| Problem::not_found("endpoint"))?;
    let mut known = Known::at_hand(app.engine.ledger(), &view, id)?;
    if !known.is_latest {
        let (app, view) = (Arc::clone(&app), Arc::clone(&view));
        let look = move || Ok(known.looked_up(app.engine.ledger(), &view, id)?);
        known = aside(caller.tenant.clone(), look).await?;
    }
    let mut shown = as_it_is(&app, &caller, (&view, endpoint), &known.health)?;
    add_words(&mut shown, "endpoint");
    reader.add(&mut shown, &view, &why::endpoint(app.engine.ledger(), &view, endpoint, &known)?);
    Ok(Json(shown))
}

/// `PATCH /api/v1/admin/notify/endpoints/{id}`: changes what the body names; shows a secret that was
/// generated because another way of signing needs one.
pub async fn change(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
    JsonObject(body): JsonObject,
) -> Result<Json<Value>, Problem> {
    let id = number(&id)?;
    let given = body.get("secret").is_some_and(Value::is_string);
    let may_generate = body.contains_key("signature") && !given;
    let before = app.engine.view(&caller.tenant)?.endpoints.get(&id).cloned();
    let endpoint = configured(&app, &caller, Change::ChangeEndpoint(id, body)).await?;
    let Json(mut answer) = answer_with(&app, &caller, &endpoint, "endpoint changed")?;
    let is_new = before.is_some_and(|before| before.secrets.secret != endpoint.secrets.secret);
    if is_new && may_generate {
        show_generated(&mut answer, &endpoint);
    }
    Ok(Json(answer))
}

/// `DELETE /api/v1/admin/notify/endpoints/{id}`: what waits for it is dropped.
pub async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
) -> Result<Json<Value>, Problem> {
    configured(&app, &caller, Change::DeleteEndpoint(number(&id)?)).await?;
    Ok(Json(json!({"ok": true, "message": "endpoint deleted"})))
}

/// `POST /api/v1/admin/notify/endpoints/{id}/toggle`.
pub async fn toggle(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
) -> Result<Json<Value>, Problem> {
    let endpoint = configured(&app, &caller, Change::ToggleEndpoint(number(&id)?)).await?;
    Ok(Json(json!({"ok": true, "enabled": endpoint.config.enabled})))
}

/// `POST /api/v1/admin/notify/test/{id}`: sends `test.ping`.
pub async fn test(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
    Traced(trace): Traced,
) -> Result<Json<Value>, Problem> {
    let event = app.engine.test(&caller.tenant, number(&id)?, trace).await?;
    let answer = json!({
        "ok": true, "message": "Test notification sent", "event_id": event.as_str(),
    });
    Ok(Json(answer))
}

pub(super) async fn configured(
    app: &App,
    caller: &Caller,
    change: Change,
) -> Result<Arc<Endpoint>, Problem> {
    match app.engine.configure(&caller.tenant, change).await? {
        Changed::Endpoint(endpoint) => Ok(endpoint),
        Changed::Tenant(_) => Err(Problem::busy()),
    }
}

pub(super) fn number(id: &str) -> Result<EndpointId, Problem> {
    match id.parse() {
        Ok(number) if number > 0 => Ok(EndpointId(number)),
        Ok(_) | Err(_) => Err(Problem::not_found("endpoint")),
    }
}

/// A shared secret that nobody has seen yet; a private key is for nobody to see.
pub(super) fn show_generated(answer: &mut Value, endpoint: &Endpoint) {
    let shared = endpoint.secrets.secret.as_ref();
    let shared = shared.filter(|_| !endpoint.config.signature.has_key_pair());
    if let (Some(secret), Some(map)) = (shared, answer.as_object_mut()) {
        map.insert("secret".to_owned(), Value::from(secret.clone()));
    }
}

fn answer_with(
    app: &App,
    caller: &Caller,
    endpoint: &Endpoint,
    message: &str,
) -> Result<Json<Value>, Problem> {
    let mut answer = shown(app, caller, endpoint)?;
    add_words(&mut answer, message);
    Ok(Json(answer))
}

fn add_words(answer: &mut Value, message: &str) {
    if let Some(map) = answer.as_object_mut() {
        map.insert("ok".to_owned(), Value::from(true));
        map.insert("message".to_owned(), Value::from(message));
    }
}

/// An endpoint without its secrets.
pub(super) fn shown(app: &App, caller: &Caller, endpoint: &Endpoint) -> Result<Value, Problem> {
    let view = app.engine.view(&caller.tenant)?;
    let known = Known::at_hand(app.engine.ledger(), &view, endpoint.id)?;
    as_it_is(app, caller, (&view, endpoint), &known.health)
}

/// Whoever has the address of a chat's hook may post there: it is for those who may set it.
fn as_it_is(
    app: &App,
    caller: &Caller,
    (view, endpoint): (&TenantView, &Endpoint),
    health: &Health,
) -> Result<Value, Problem> {
    let next_probe = why::next_probe(app.engine.ledger(), view, endpoint.id, health)?;
    let Endpoint { id, config, secrets, .. } = endpoint;
    let address = |url: &str| match caller.role {
        Role::Admin => url.to_owned(),
        Role::Operator | Role::Viewer => masking::without_secrets(url),
    };
    let or_null = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
    Ok(json!({
        "id": id.0,
        "kind": config.kind.as_str(),
        "target": address(&config.target),
        "enabled": config.enabled,
        "filters": {
            "events": or_null(&config.filters.events),
            "intents": or_null(&config.filters.intents),
        },
        "headers": config.headers,
        "retry": config.retry,
        "rate_limit": config.rate_limit,
        "disable_after": config.disable_after,
        "ordering": config.ordering,
        "batch": config.batch,
        "unsubscribe_url": config.unsubscribe_url.as_ref().map(|url| address(url.as_str())),
        "disabled_reason": config.disabled_reason,
        "kept_by": config.kept_by,
        "timeout": config.timeout,
        "auth": secrets.auth.as_ref().map(Auth::kind),
        "signature": config.signature.as_str(),
        "has_secret": secrets.secret.is_some(),
        "public_key": secrets.secret.as_deref().and_then(key_pair::public),
        "secret_created_at": config.secret_age.since.map(Timestamp::to_rfc3339),
        "previous_secrets": previous_secrets(endpoint, app.engine.ledger().now().timestamp()),
        "has_client_certificate": secrets.client_certificate.is_some(),
        "ca_certificate": config.ca_certificate,
        "health": health.condition().as_str(),
        "failing_since": health.failing_since.map(Timestamp::to_rfc3339),
        "next_probe_at": next_probe.map(Timestamp::to_rfc3339),
        "created_at": config.created_at.to_rfc3339(),
        "updated_at": config.updated_at.to_rfc3339(),
    }))
}
