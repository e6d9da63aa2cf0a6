//! The secrets of endpoints: rotated, and what may be shown of them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use sereno_actors::endpoint::config::Endpoint;
use sereno_actors::tenant::Change;
use sereno_workflows::time::Timestamp;

use super::App;
use super::admin::{configured, number, show_generated, shown};
use super::error::Problem;
use super::request::{Caller, InPath, JsonObject};

/// `POST /api/v1/admin/notify/endpoints/{id}/rotate-secret`: `{secret?, overlap?}`; a generated secret
/// is shown this once.
pub async fn rotate(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
    JsonObject(body): JsonObject,
) -> Result<Json<Value>, Problem> {
    let given = body.get("secret").is_some_and(Value::is_string);
    let endpoint = configured(&app, &caller, Change::RotateSecret(number(&id)?, body)).await?;
    let shown = shown(&app, &caller, &endpoint)?;
    let previous = endpoint.secrets.previous.first().map(|old| old.expires_at.to_rfc3339());
    let mut answer = json!({
        "ok": true,
        "message": "secret rotated",
        "previous_secret_expires_at": previous,
        "public_key": shown.get("public_key"),
        "endpoint": shown,
    });
    if !given {
        show_generated(&mut answer, &endpoint);
    }
    Ok(Json(answer))
}

/// Until when the secrets before the present one sign, the newest first.
pub(super) fn previous_secrets(endpoint: &Endpoint, now: Timestamp) -> Vec<Value> {
    let still = endpoint.secrets.previous.iter().filter(|old| old.expires_at > now);
    still.map(|old| json!({"expires_at": old.expires_at.to_rfc3339()})).collect()
}
