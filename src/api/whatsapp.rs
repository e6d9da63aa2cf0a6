//! What Meta sends, signed over the raw bytes: the handshake, and letters that are kept and read later.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde_json::{Value, json};
use sereno_actors::signature;
use sereno_workflows::id::TenantId;
use sereno_workflows::inbound::Road;
use sereno_workflows::invalid::Invalid;
use sereno_workflows::line::WhatsApp;
use subtle::ConstantTimeEq as _;

use super::App;
use super::error::Problem;
use super::gate::Gate;
use super::inbound::Sender;
use super::request::{InPath, discard_body};
use super::trace::Traced;

const CHALLENGE_BYTES_MAX: usize = 1_024;

/// `GET /webhooks/whatsapp/{tenant}`: answers the challenge to who knows the verify token.
pub async fn verify(
    State(app): State<Arc<App>>,
    InPath(tenant): InPath<String>,
    query: Result<Query<BTreeMap<String, String>>, QueryRejection>,
) -> Result<String, Problem> {
    let (_, line) = line_of(&app, &tenant)?;
    let Query(query) = query.map_err(|error| Problem::malformed(error.body_text()))?;
    let get = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let known = !line.verify_token.is_empty()
        && bool::from(get("hub.verify_token").as_bytes().ct_eq(line.verify_token.as_bytes()));
    let challenge = get("hub.challenge");
    if get("hub.mode") != "subscribe" || !known {
        let detail = "hub.mode must be subscribe and hub.verify_token the one in the settings";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    if challenge.is_empty() || challenge.len() > CHALLENGE_BYTES_MAX {
        let problem = format!("must be there, and have at most {CHALLENGE_BYTES_MAX} bytes");
        return Err(Invalid::new("hub.challenge", problem).into());
    }
    Ok(challenge.to_owned())
}

/// `POST /webhooks/whatsapp/{tenant}`: 200 once the letter is durable, whatever is in it; it is read
/// afterwards.
pub async fn receive(
    State(app): State<Arc<App>>,
    InPath(tenant): InPath<String>,
    sender: Sender,
    Traced(trace): Traced,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let (Parts { headers, .. }, body) = request.into_parts();
    let (tenant, line) = match line_of(&app, &tenant) {
        Ok(found) => found,
        Err(problem) => {
            discard_body(body).await;
            return Err(problem);
        }
    };
    let road = Road::WhatsApp;
    let gate = Gate { app: &app, tenant: &tenant, road, source: None, sender, trace };
    let body = gate.read(&headers, body).await?;
    let shown = headers.get("x-hub-signature-256").and_then(|value| value.to_str().ok());
    let refused = match shown {
        _ if line.app_secret.is_empty() => {
            Some("the line has no app_secret, so nothing can be checked against it")
        }
        None => Some("X-Hub-Signature-256 is missing"),
        Some(shown) if signature::verify_hex(shown, &body, &line.app_secret) => None,
        Some(_) => Some("X-Hub-Signature-256 is not over these bytes with the app secret"),
    };
    if let Some(reason) = refused {
        let problem = Problem::new(StatusCode::UNAUTHORIZED, reason);
        return Err(gate.refuse(&headers, &body, problem).await);
    }
    gate.pass(&headers).await?;
    app.engine.receive(&tenant, gate.letter(&headers, &body, None)).await?;
    Ok(Json(json!({"ok": true})))
}

fn line_of(app: &App, tenant: &str) -> Result<(TenantId, WhatsApp), Problem> {
    let missing = || Problem::not_found("tenant with a WhatsApp line");
    let tenant: TenantId = tenant.parse().map_err(|_| missing())?;
    let view = app.engine.view(&tenant).map_err(|_| missing())?;
    let line = view.policy.settings.whatsapp.clone().ok_or_else(missing)?;
    Ok((tenant, line))
}
