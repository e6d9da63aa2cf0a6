//! Channels: which of them are paused, by whom, since when and why; paused, and let go on.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};
use sereno_actors::record::Signed;
use sereno_actors::tenant::{Change, Changed};
use sereno_actors::view::TenantView;
use sereno_workflows::statistics::Channel;

use super::App;
use super::audit::signed;
use super::error::Problem;
use super::request::{Caller, InPath, JsonObject, ListQuery, nothing_else, take_reason};

/// `GET /api/v1/channels`.
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: ListQuery,
) -> Result<Json<Value>, Problem> {
    query.only(&[])?;
    let view = app.engine.view(&caller.tenant)?;
    let items = Channel::ALL.map(|channel| shown(&view, channel));
    Ok(Json(json!({"ok": true, "items": items, "next_cursor": null})))
}

/// `POST /api/v1/channels/{channel}/pause`: nothing goes out by it until somebody has it go on; what is for it
/// waits and is not lost.
pub async fn pause(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(channel): InPath<String>,
    JsonObject(body): JsonObject,
) -> Result<Json<Value>, Problem> {
    set(&app, &caller, &channel, (true, body)).await
}

/// `POST /api/v1/channels/{channel}/resume`: what waited goes out, as fast as its endpoints take it.
pub async fn resume(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(channel): InPath<String>,
    JsonObject(body): JsonObject,
) -> Result<Json<Value>, Problem> {
    set(&app, &caller, &channel, (false, body)).await
}

async fn set(
    app: &App,
    caller: &Caller,
    channel: &str,
    (paused, mut body): (bool, Map<String, Value>),
) -> Result<Json<Value>, Problem> {
    let channel = Channel::ALL.into_iter().find(|one| one.as_str() == channel);
    let channel = channel.ok_or_else(|| Problem::not_found("channel"))?;
    let reason = take_reason(&mut body)?;
    nothing_else(&body)?;
    let settings = json!({"channels": {channel.as_str(): {"paused": paused}}});
    let settings = settings.as_object().cloned().unwrap_or_default();
    let change = Change::Settings(settings, by(app, caller, reason));
    match app.engine.configure(&caller.tenant, change).await? {
        Changed::Tenant(view) => {
            let mut answer = shown(&view, channel);
            if let Some(map) = answer.as_object_mut() {
                map.insert("ok".to_owned(), Value::from(true));
            }
            Ok(Json(answer))
        }
        Changed::Endpoint(_) => Err(Problem::busy()),
    }
}

/// Who does something now, and why.
pub(super) fn by(app: &App, caller: &Caller, reason: String) -> Signed {
    Signed { at: app.engine.ledger().now().timestamp(), by: caller.who.actor(), reason }
}

fn shown(view: &TenantView, channel: Channel) -> Value {
    let paused = view.policy.settings.channels.is_paused(channel);
    json!({
        "channel": channel.as_str(),
        "paused": paused,
        "paused_by_hand": signed(view.pauses.get(&channel)),
    })
}
