//! CloudEvents over HTTP: which requests carry them, and the handshake of their webhooks.
//!
//! What they mean is decided in [`sereno_workflows::cloud_event`]; `bindings/http-protocol-binding` and
//! `http-webhook` of the specification say how they come.

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use sereno_actors::limits;
use sereno_workflows::cloud_event::{self, Mode};
use sereno_workflows::event::Event;
use sereno_workflows::invalid::Invalid;
use sereno_workflows::time::Timestamp;

use super::error::Problem;
use super::events::{each, once_each, too_large_event};
use super::request::json_of;

/// How a request carries CloudEvents; `None` if it does not. 415 for a format that is not read.
pub fn mode(headers: &HeaderMap) -> Result<Option<Mode>, Problem> {
    let kind = content_type(headers).unwrap_or_default();
    let has = |name: &str| match name {
        "id" => headers.contains_key("ce-id"),
        "source" => headers.contains_key("ce-source"),
        "type" => headers.contains_key("ce-type"),
        _ => headers.contains_key("ce-specversion"),
    };
    Mode::of(kind, has)
        .map_err(|error| Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, error.to_string()))
}

/// Reads the events of a request; answers whether it is one alone.
pub fn read(
    mode: Mode,
    headers: &HeaderMap,
    bytes: &[u8],
    now: Timestamp,
) -> Result<(Vec<Event>, bool), Problem> {
    let one =
        |value| each(vec![value], true, bytes.len(), |value| cloud_event::from_json(value, now));
    match mode {
        Mode::Structured => {
            once_each(bytes, None)?;
            Ok((one(json_of(bytes)?)?, true))
        }
        Mode::Batch => {
            once_each(bytes, None)?;
            let Value::Array(values) = json_of(bytes)? else {
                return Err(Invalid::new("", "a batch must be a JSON array of CloudEvents").into());
            };
            let read = |value| cloud_event::from_json(value, now);
            Ok((each(values, false, bytes.len(), read)?, false))
        }
        Mode::Binary => {
            if bytes.len() > limits::EVENT_BYTES_MAX {
                return Err(too_large_event(0));
            }
            let named = headers.iter().filter_map(|(name, value)| {
                Some((name.as_str().strip_prefix("ce-")?, value.as_bytes()))
            });
            let event = cloud_event::from_headers(named, content_type(headers), bytes, now)?;
            Ok((vec![event], true))
        }
    }
}

/// `OPTIONS /api/v1/events`: consents to a sender's deliveries. That opens nothing: each of them still
/// needs a key. The address for a consent that comes later is never called.
pub async fn handshake(headers: HeaderMap) -> Response {
    let mut response = StatusCode::OK.into_response();
    let answer = response.headers_mut();
    answer.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS, POST"));
    if let Some(origin) = headers.get("webhook-request-origin") {
        answer.insert("webhook-allowed-origin", origin.clone());
        // What is too much is answered with 429 when it comes.
        answer.insert("webhook-allowed-rate", HeaderValue::from_static("*"));
    }
    response
}

/// The key in the query of a request that brings events: some senders can put it nowhere else.
pub fn token_in_uri<'a>(method: &Method, uri: &'a Uri) -> Option<&'a str> {
    let brings_events = method == Method::POST && uri.path() == "/api/v1/events";
    let query = uri.query().filter(|_| brings_events)?;
    query.split('&').find_map(|part| part.strip_prefix("access_token="))
}

fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok())
}
