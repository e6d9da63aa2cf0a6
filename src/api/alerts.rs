//! Alerts: the rules, how each stands, also those that are off, and silence.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use sereno_actors::limits::alerts::QUIET;
use sereno_workflows::alerts::{Limit, Rule, Standing, plain};
use sereno_workflows::invalid::Invalid;
use sereno_workflows::time::{Span, Timestamp};

use super::App;
use super::aside::aside;
use super::error::Problem;
use super::request::{Caller, InPath, JsonObject, ListQuery, nothing_else, one, take_text};

/// The longest silence.
const SILENCE_MAX: Span = Span::hours(30 * 24);

/// `GET /api/v1/alerts`: every rule with how it stands, those that are raised first and those that are off last.
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: ListQuery,
) -> Result<Json<Value>, Problem> {
    query.only(&["state"])?;
    let wanted = query.one_of("state", &["raised", "pending", "ok", "off"])?.map(str::to_owned);
    aside(caller.tenant.clone(), move || {
        let view = app.engine.view(&caller.tenant)?;
        let alerts = app.engine.alerts(&caller.tenant)?;
        let rules = alerts.listed(&view.policy.settings.alerts);
        let none = Standing::default();
        let now = app.engine.ledger().now().timestamp();
        let mut items: Vec<Value> = rules
            .iter()
            .map(|(name, rule)| show((name, rule), alerts.rules.get(name).unwrap_or(&none), now))
            .filter(|item| wanted.as_deref().is_none_or(|wanted| item["state"] == wanted))
            .collect();
        let order = |item: &Value| {
            ["raised", "pending", "ok"].iter().position(|word| item["state"] == *word).unwrap_or(3)
        };
        items.sort_by_key(order);
        Ok(Json(json!({"ok": true, "items": items, "next_cursor": null})))
    })
    .await
}

/// `POST /api/v1/alerts/{name}/silence` with `{"for": "2h"}`: nothing is told of it until then.
pub async fn silence(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(name): InPath<String>,
    JsonObject(mut body): JsonObject,
) -> Result<Json<Value>, Problem> {
    let span = take_text(&mut body, "for")?
        .ok_or_else(|| Invalid::new("for", "say for how long, such as 2h"))?;
    nothing_else(&body)?;
    let span: Span = span.parse().map_err(|error| Invalid::new("for", format!("{error}")))?;
    if span.0 == 0 || span > SILENCE_MAX {
        return Err(
            Invalid::new("for", format!("must be above zero and at most {SILENCE_MAX}")).into()
        );
    }
    let until = app.engine.ledger().now().timestamp().after(span);
    set(&app, &caller, &name, Some(until)).await
}

/// `DELETE /api/v1/alerts/{name}/silence`: it speaks again.
pub async fn speak(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(name): InPath<String>,
) -> Result<Json<Value>, Problem> {
    set(&app, &caller, &name, None).await
}

async fn set(
    app: &App,
    caller: &Caller,
    name: &str,
    until: Option<Timestamp>,
) -> Result<Json<Value>, Problem> {
    let view = app.engine.view(&caller.tenant)?;
    let rules = app.engine.alerts(&caller.tenant)?.listed(&view.policy.settings.alerts);
    let rule = rules.get(name).ok_or_else(|| Problem::not_found("alert"))?;
    app.engine.silence(&caller.tenant, name, until).await?;
    let alerts = app.engine.alerts(&caller.tenant)?;
    let standing = alerts.rules.get(name).cloned().unwrap_or_default();
    let now = app.engine.ledger().now().timestamp();
    Ok(one(show((name, rule), &standing, now)))
}

fn show(
    (name, (rule, is_on)): (&str, &(Rule, bool)),
    standing: &Standing,
    now: Timestamp,
) -> Value {
    let (state, since) = match (standing.raised_at, standing.since) {
        _ if !is_on => ("off", None),
        // What people were told of stands still until its silence is over.
        _ if standing.unwatched_since.is_some() => ("ok", None),
        (Some(since), _) => ("raised", Some(since)),
        (None, Some(since)) => ("pending", Some(since)),
        (None, None) => ("ok", None),
    };
    let is_watched = *is_on && standing.unwatched_since.is_none();
    let silenced = standing.silenced_until.filter(|until| *until > now);
    let (above, below) = match rule.limit {
        Limit::Above(limit) => (Some(limit), None),
        Limit::Below(limit) => (None, Some(limit)),
    };
    json!({
        "alert": name,
        "metric": rule.metric.as_str(),
        "above": above,
        "below": below,
        "window": rule.told_window(),
        "for": rule.hold.to_string(),
        "at_least": rule.at_least,
        "severity": rule.severity.as_str(),
        "state": state,
        "measured": standing.value.filter(|_| is_watched).map(plain),
        "since": since.map(Timestamp::to_rfc3339),
        "quiet_until": standing.quiet_until(Some(rule), QUIET, now).map(Timestamp::to_rfc3339),
        "silenced_until": silenced.map(Timestamp::to_rfc3339),
    })
}
