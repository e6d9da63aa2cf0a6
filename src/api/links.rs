//! One-time links, by which somebody without a key is let in.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::{Map, Value, json};
use sereno_actors::limits::access as limits;
use sereno_actors::record::LinkRecord;
use sereno_workflows::access::Role;
use sereno_workflows::invalid::Invalid;
use sereno_workflows::time::{InvalidTime, Span};

use super::App;
use super::error::Problem;
use super::request::{Caller, JsonObject, nothing_else, take_flag, take_text};
use super::session::{ENTER, framed_enter};
use super::tenants::role;

/// Where a link leads that says nothing of it.
const FIRST_PAGE: &str = "/console/";

/// `POST /api/v1/admin/links`: `{role?, expires_in?, next?, portal?}`; the link is shown this once.
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonObject(mut body): JsonObject,
) -> Result<impl IntoResponse, Problem> {
    let role = role(&mut body)?.unwrap_or(Role::Viewer);
    let span = expires_in(&mut body)?;
    let next = next(&mut body)?;
    let portal = take_flag(&mut body, "portal")?;
    nothing_else(&body)?;
    let view = app.engine.view(&caller.tenant)?;
    let link = LinkRecord {
        id: app.engine.link_id(),
        tenant: view.id.as_str().to_owned(),
        tenant_since: view.created_at,
        issuer: caller.issuer,
        role,
        portal,
        next,
        until: app.engine.ledger().now().timestamp().after(span),
    };
    let (id, until) = (link.id.clone(), link.until);
    let token = app.engine.create_link(link).await?;
    // Behind the #, which browsers keep to themselves: no log of a proxy has it.
    let framed = portal && !view.policy.settings.embedding.is_empty();
    let page = if framed { framed_enter(&app, &view.id, until) } else { ENTER.to_owned() };
    let url = format!("{}{page}#{token}", app.public.url);
    let link = json!({
        "id": id, "url": url, "expires_at": until.to_rfc3339(), "role": role.as_str(), "portal": portal,
    });
    Ok((StatusCode::CREATED, Json(json!({"ok": true, "link": link}))))
}

fn expires_in(body: &mut Map<String, Value>) -> Result<Span, Invalid> {
    let Some(text) = take_text(body, "expires_in")? else {
        return Ok(Span::millis(limits::LINK_MS));
    };
    let invalid = |problem: String| Invalid::new("expires_in", problem);
    let span: Span = text.parse().map_err(|error: InvalidTime| invalid(error.to_string()))?;
    if (limits::LINK_MS_MIN..=limits::LINK_MS_MAX).contains(&span.0) {
        return Ok(span);
    }
    Err(invalid("must be from 1s to 7d".to_owned()))
}

fn next(body: &mut Map<String, Value>) -> Result<String, Invalid> {
    let next = take_text(body, "next")?.unwrap_or_else(|| FIRST_PAGE.to_owned());
    let is_plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    // Whoever opens it would land elsewhere.
    let path = next.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    let mut parts = path.split('/').map(|part| part.replace("%2e", "."));
    let is_plain = is_plain && !parts.any(|part| [".", ".."].contains(&part.as_str()));
    if next.starts_with(FIRST_PAGE) && is_plain && next.len() <= limits::NEXT_BYTES_MAX {
        return Ok(next);
    }
    let most = limits::NEXT_BYTES_MAX;
    let problem = format!(
        "must be a page of the console, such as /console/deliveries, of {most} bytes at most"
    );
    Err(Invalid::new("next", problem))
}
