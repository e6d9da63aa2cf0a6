//! Many deliveries at once, by what they are: tried again, or ended while they wait.

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use serde_json::{Map, Value};
use sereno_actors::endpoint::standing::{STANDINGS, WAITING};
use sereno_actors::limits;
use sereno_actors::record::{Answered, JobTask, Selection};
use sereno_workflows::invalid::Invalid;
use sereno_workflows::search::Query;
use sereno_workflows::statistics::Channel;

use super::channel;
use crate::api::error::Problem;
use crate::api::request::{Caller, JsonObject, take_text};
use crate::api::{App, jobs};

/// `POST /api/v1/deliveries/retry`: many, by `status, endpoint_id, event_type, channel, code, q, from, to`;
/// with `dry_run` only their count.
pub(in crate::api) async fn retry_many(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonObject(mut body): JsonObject,
) -> Result<impl IntoResponse, Problem> {
    let mut selection = selection(&mut body, &STANDINGS)?;
    selection.status.get_or_insert_with(|| "dead".to_owned());
    jobs::begin(&app, &caller, JobTask::RetryDeliveries, selection, body).await
}

/// `POST /api/v1/deliveries/cancel`: all that wait and are so, by the same fields; with `dry_run` only their
/// count. What is under way or over stays as it is.
pub(in crate::api) async fn cancel_many(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonObject(mut body): JsonObject,
) -> Result<impl IntoResponse, Problem> {
    let selection = selection(&mut body, &WAITING)?;
    jobs::begin(&app, &caller, JobTask::CancelDeliveries, selection, body).await
}

/// Takes what deliveries are chosen by out of a body, of which one is how they stand.
fn selection(body: &mut Map<String, Value>, statuses: &[&str]) -> Result<Selection, Problem> {
    let mut selection = jobs::selection(body)?;
    selection.status = take_text(body, "status")?;
    if let Some(status) = selection.status.as_deref().filter(|one| !statuses.contains(one)) {
        let problem = format!("'{status}' is not one of {}", statuses.join(", "));
        return Err(Invalid::new("status", problem).into());
    }
    selection.channel = chosen(body, "channel", Channel::ALL.map(Channel::as_str), channel)?;
    let classes = Answered::ALL.map(Answered::as_str);
    selection.answered = chosen(body, "code", classes, Answered::from_name)?;
    selection.query = take_text(body, "q")?;
    if let Some(text) = &selection.query {
        let most = limits::work::QUERY_BYTES_MAX;
        if text.len() > most {
            return Err(Invalid::new("q", format!("at most {most} bytes")).into());
        }
        Query::read(text)?;
    }
    Ok(selection)
}

/// Takes one of these words out of a body's object, and what it means.
fn chosen<T, const N: usize>(
    body: &mut Map<String, Value>,
    field: &str,
    words: [&str; N],
    meaning: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Invalid> {
    let Some(word) = take_text(body, field)? else { return Ok(None) };
    let none = || Invalid::new(field, format!("must be one of {}", words.join(", ")));
    meaning(&word).map(Some).ok_or_else(none)
}
