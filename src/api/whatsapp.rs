//! What Meta sends, signed over the raw bytes: the handshake, customers' messages, the statuses of ours.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use sereno_actors::engine::{Incoming, StatusUpdate};
use sereno_actors::{limits, signature};
use sereno_workflows::id::TenantId;
use sereno_workflows::line::WhatsApp;
use sereno_workflows::privacy;
use sereno_workflows::provider::ProviderStatus;
use sereno_workflows::time::Timestamp;
use subtle::ConstantTimeEq as _;

use super::App;
use super::error::Problem;
use super::request::{BodyBytes, InPath};

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
    if get("hub.mode") != "subscribe" || !known || challenge.len() > CHALLENGE_BYTES_MAX {
        let detail = "hub.mode must be subscribe and hub.verify_token the one in the settings";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    Ok(challenge.to_owned())
}

/// `POST /webhooks/whatsapp/{tenant}`: 200 once every message and status in it is durable.
pub async fn receive(
    State(app): State<Arc<App>>,
    InPath(tenant): InPath<String>,
    headers: HeaderMap,
    BodyBytes(body): BodyBytes,
) -> Result<Json<Value>, Problem> {
    let (tenant, line) = line_of(&app, &tenant)?;
    let shown = headers.get("x-hub-signature-256").and_then(|value| value.to_str().ok());
    let genuine = shown.is_some_and(|shown| {
        !line.app_secret.is_empty() && signature::verify_hex(shown, &body, &line.app_secret)
    });
    if !genuine {
        tracing::warn!(%tenant, "a WhatsApp webhook came with a wrong signature");
        let detail = "X-Hub-Signature-256 is missing or not over these bytes with the app secret";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, detail));
    }
    let body: Value = serde_json::from_slice(&body)
        .map_err(|error| Problem::malformed(format!("the body is not JSON: {error}")))?;
    let now = app.engine.ledger().now().timestamp();
    let updates: Vec<StatusUpdate> =
        items(&body, &line.phone_number_id, "statuses").filter_map(|it| status(it, now)).collect();
    if !updates.is_empty() {
        app.engine.learn(&tenant, updates).await?;
    }
    for message in items(&body, &line.phone_number_id, "messages") {
        match read(message, now) {
            Some(incoming) => app.engine.hear(&tenant, incoming).await?,
            None => tracing::debug!(%tenant, "a WhatsApp message without id or number is left out"),
        }
    }
    Ok(Json(json!({"ok": true})))
}

fn line_of(app: &App, tenant: &str) -> Result<(TenantId, WhatsApp), Problem> {
    let missing = || Problem::not_found("tenant with a WhatsApp line");
    let tenant: TenantId = tenant.parse().map_err(|_| missing())?;
    let view = app.engine.view(&tenant).map_err(|_| missing())?;
    let line = view.policy.settings.whatsapp.clone().ok_or_else(missing)?;
    Ok((tenant, line))
}

/// Every such item of every change of every entry that came to this line. Meta sends those of all numbers
/// of an app to one address.
fn items<'a>(body: &'a Value, line: &str, kind: &str) -> impl Iterator<Item = &'a Value> {
    fn inside<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
        value.get(field).and_then(Value::as_array).into_iter().flatten()
    }
    inside(body, "entry")
        .flat_map(|entry| inside(entry, "changes"))
        .filter_map(|change| change.get("value"))
        .filter(move |value| {
            let to = value.pointer("/metadata/phone_number_id").and_then(Value::as_str);
            to.is_none_or(|to| to == line)
        })
        .flat_map(move |value| inside(value, kind))
}

/// What Meta says of a message that it had taken; a call's statuses are of another kind.
fn status(item: &Value, now: Timestamp) -> Option<StatusUpdate> {
    let text = |path: &str| item.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let status = ProviderStatus::from_word(text("/status")?.as_str())?;
    let code = item.pointer("/errors/0/code").and_then(Value::as_i64).unwrap_or_default();
    let details = text("/errors/0/error_data/details");
    let error = details.or_else(|| text("/errors/0/title")).or_else(|| text("/errors/0/message"));
    Some(StatusUpdate {
        message_id: text("/id").filter(|id| id.len() <= limits::PROVIDER_ID_BYTES_MAX)?,
        delivery_id: text("/biz_opaque_callback_data"),
        status,
        at: moment(item, now),
        code: i32::try_from(code).unwrap_or(-1),
        error: error.map(|error| error.chars().take(limits::SNIPPET_CHARS_MAX).collect()),
    })
}

/// Meta writes moments as texts of seconds, and here and there as numbers.
fn moment(item: &Value, now: Timestamp) -> Timestamp {
    let seconds = item.get("timestamp").and_then(|at| match at {
        Value::String(text) => text.parse::<i64>().ok(),
        other => other.as_i64(),
    });
    seconds.map_or(now, |seconds| Timestamp(seconds.saturating_mul(1_000)))
}

/// A message by its text or its pressed button; other kinds have neither.
fn read(message: &Value, now: Timestamp) -> Option<Incoming> {
    let text = |path: &str| message.pointer(path).and_then(Value::as_str).map(str::to_owned);
    Some(Incoming {
        id: text("/id")?.parse().ok()?,
        from: privacy::phone(&text("/from")?).ok()?,
        at: moment(message, now),
        kind: text("/type").unwrap_or_else(|| "unknown".to_owned()),
        text: text("/text/body").or_else(|| text("/button/text")),
        button: text("/interactive/button_reply/id").or_else(|| text("/button/payload")),
    })
}
