//! How the mirror is.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::App;
use super::aside::aside;
use super::error::Problem;
use super::request::{Caller, ListQuery};

/// `GET /api/v1/mirror`: how far the tenant's rows are in PostgreSQL. What the database says of an error may
/// name its user and host, so only the admin reads that.
pub async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: ListQuery,
) -> Result<Json<Value>, Problem> {
    query.only(&[])?;
    aside(caller.tenant.clone(), move || {
        let Some(status) = app.engine.mirror_status(&caller.tenant)? else {
            return Ok(Json(json!({"ok": true, "state": "off"})));
        };
        let hidden = "the mirror is not written to; the operator sees why";
        let last_error = match caller.admin {
            true => status.last_error,
            false => status.last_error.map(|_| hidden.to_owned()),
        };
        Ok(Json(json!({
            "ok": true,
            "state": status.state,
            "lag_events": status.lag_events,
            "lag_seconds": status.lag_seconds,
            "last_error": last_error,
            "cursor": status.cursor.to_text(),
            "mirrored": status.mirrored,
            "skipped": status.skipped,
            "refused": status.refused,
        })))
    })
    .await
}
