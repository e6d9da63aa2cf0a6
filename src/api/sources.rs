//! What a source's payload would come to.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use sereno_actors::source::Request;
use sereno_workflows::invalid::read;

use super::App;
use super::aside::aside;
use super::error::Problem;
use super::request::{Caller, JsonObject};

/// `POST /api/v1/admin/sources/preview`: `{source?, map?, verifier?, headers?, payload}`; changes nothing.
pub async fn preview(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonObject(body): JsonObject,
) -> Result<Json<Value>, Problem> {
    let request: Request = read(Value::Object(body))?;
    aside(caller.tenant.clone(), move || {
        let mapped = app.engine.preview_source(&caller.tenant, request)?;
        Ok(Json(json!({
            "ok": true,
            "from": if mapped.built_in { "built-in" } else { "map" },
            "events": mapped.events,
            "missing": mapped.missing,
        })))
    })
    .await
}
