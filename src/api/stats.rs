//! What was counted, in windows of time and as lines for charts.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value, json};
use sereno_actors::endpoint::delivery_id;
use sereno_workflows::invalid::Invalid;
use sereno_workflows::statistics::{Count, Level, Window, point, point_names, summary};
use sereno_workflows::time::{Span, Timestamp};

use super::App;
use super::accept::best;
use super::aside::aside;
use super::error::Problem;
use super::request::{Caller, ListQuery};
use crate::metrics::{self, Format};

/// `GET /api/v1/stats`: counts, rates and quantiles of the last minute, five minutes, hour and day, or of
/// the window that is asked for.
pub async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: ListQuery,
) -> Result<Json<Value>, Problem> {
    query.only(&["window"])?;
    let windows = match query.get("window") {
        None => Window::ALL.to_vec(),
        Some(name) => vec![Window::from_name(name).ok_or_else(|| no_window("1m, 5m, 1h or 1d"))?],
    };
    aside(caller.tenant.clone(), move || {
        let mut told = Map::new();
        let mut at = Timestamp(0);
        for window in windows {
            let counts = app.engine.counts(&caller.tenant, window)?;
            let mut summary = summary(&counts.tally, counts.to.since(counts.from));
            summary.insert("from".to_owned(), counts.from.to_rfc3339().into());
            summary.insert("to".to_owned(), counts.to.to_rfc3339().into());
            told.insert(window.as_str().to_owned(), Value::Object(summary));
            at = counts.to;
        }
        let oldest = app.engine.oldest_waiting(&caller.tenant)?;
        let oldest = oldest.map(|(delivery, endpoint)| {
            json!({
                "id": delivery_id(delivery),
                "endpoint_id": endpoint.0,
                "created_at": delivery.moment().to_rfc3339(),
            })
        });
        let ever = app.engine.counts_ever(&caller.tenant)?;
        let (started, ended) = (Count::ConversationsStarted, Count::ConversationsEnded);
        Ok(Json(json!({
            "ok": true,
            "at": at.to_rfc3339(),
            "active_conversations": ever.of(started).saturating_sub(ever.of(ended)),
            "oldest_waiting": oldest,
            "windows": told,
        })))
    })
    .await
}

/// `GET /api/v1/stats/series`: the same as lines for charts, slot by slot.
pub async fn series(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: ListQuery,
) -> Result<Json<Value>, Problem> {
    query.only(&["window", "metrics"])?;
    let name = query.get("window").unwrap_or("1h").to_owned();
    let (level, span) = lines_of(&name).ok_or_else(|| no_window("1m, 5m, 1h, 1d, 7d or 30d"))?;
    let metrics = query.get("metrics").map(read_metrics).transpose()?;
    aside(caller.tenant.clone(), move || {
        let slots = app.engine.series(&caller.tenant, level, span)?;
        let told = slots.iter().map(|slot| {
            let mut point = point(&slot.tally);
            if let Some(metrics) = &metrics {
                point.retain(|name, _| metrics.contains(name));
            }
            point.insert("at".to_owned(), slot.from.to_rfc3339().into());
            Value::Object(point)
        });
        let points: Value = told.collect();
        let step = level.width().to_string();
        Ok(Json(json!({"ok": true, "window": name, "step": step, "points": points})))
    })
    .await
}

/// `GET /metrics`: how the server is, for Prometheus, in the form that `Accept` likes best. It names no tenant
/// and needs no key.
pub async fn metrics(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Problem> {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let format = match best(accept.unwrap_or("*/*"), &Format::KINDS) {
        Some(1) => Format::Plain,
        // Who wants neither is told as ever.
        _ => Format::OpenMetrics,
    };
    aside(None, move || {
        let text = metrics::render(app.engine.vitals()?, format).map_err(|error| {
            tracing::error!(%error, "the metrics cannot be written");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be written")
        })?;
        let headers = [(header::CONTENT_TYPE, format.content_type()), (header::VARY, "accept")];
        Ok((headers, text).into_response())
    })
    .await
}

/// In which slots a window is drawn.
fn lines_of(name: &str) -> Option<(Level, Span)> {
    Some(match name {
        "7d" => (Level::Hour, Span::hours(7 * 24)),
        "30d" => (Level::Hour, Span::hours(30 * 24)),
        name => {
            let window = Window::from_name(name)?;
            (window.level(), window.span())
        }
    })
}

fn read_metrics(text: &str) -> Result<Vec<String>, Problem> {
    let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
    match names.iter().find(|name| !point_names().any(|known| known == name.as_str())) {
        None => Ok(names),
        Some(unknown) => {
            let known = point_names().collect::<Vec<_>>().join(", ");
            let problem = format!("there is no metric {unknown:?}; there are {known}");
            Err(Invalid::new("metrics", problem).into())
        }
    }
}

fn no_window(known: &str) -> Problem {
    Invalid::new("window", format!("not a window; there are {known}")).into()
}
