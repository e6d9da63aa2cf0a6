//! The API's description (OpenAPI 3.1): one document a noun in `openapi/`, put together once.
//!
//! The documents are JSON that people write, beside the handlers that build their answers by hand: what an
//! answer holds is read most easily where it stands as a whole. Tests keep both together: every route is
//! described and every description is served (`tests/it/openapi.rs`), and what the server really answers is
//! held against the document (`tests/openapi/run`).
//!
//! What is true of every operation is said once, in `common.json`, and added here: see `with_common`.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::IntoResponse;
use serde_json::{Map, Value, json};

/// The document's parts: what all share, then noun by noun.
const PARTS: &[&str] = &[
    include_str!("openapi/common.json"),
    include_str!("openapi/events.json"),
    include_str!("openapi/pipeline.json"),
    include_str!("openapi/reservations.json"),
    include_str!("openapi/timers.json"),
    include_str!("openapi/people.json"),
    include_str!("openapi/deliveries.json"),
    include_str!("openapi/dead_letters.json"),
    include_str!("openapi/jobs.json"),
    include_str!("openapi/channels.json"),
    include_str!("openapi/endpoints.json"),
    include_str!("openapi/event_types.json"),
    include_str!("openapi/templates.json"),
    include_str!("openapi/tenants.json"),
    include_str!("openapi/settings.json"),
    include_str!("openapi/session.json"),
    include_str!("openapi/sources.json"),
    include_str!("openapi/inbound.json"),
    include_str!("openapi/mirror.json"),
    include_str!("openapi/stream.json"),
    include_str!("openapi/stats.json"),
    include_str!("openapi/alerts.json"),
    include_str!("openapi/reports.json"),
    include_str!("openapi/inbound_log.json"),
    include_str!("openapi/check.json"),
    include_str!("openapi/server.json"),
];

/// The methods under which a path holds operations, there in small letters.
pub const METHODS: [&str; 6] = ["GET", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"];

static DOCUMENT: LazyLock<String> = LazyLock::new(|| document().to_string());

/// `GET /openapi.json`.
pub async fn show() -> impl IntoResponse {
    let kind = (header::CONTENT_TYPE, "application/json");
    ([kind, (header::CACHE_CONTROL, "no-cache")], DOCUMENT.as_str())
}

/// The whole document.
pub fn document() -> Value {
    let mut whole = Value::Object(Map::new());
    for part in PARTS {
        let part = serde_json::from_str(part).expect("a part of the document, which a test reads");
        merge(&mut whole, part);
    }
    if let Some(info) = whole.get_mut("info").and_then(Value::as_object_mut) {
        info.insert("version".to_owned(), Value::from(env!("CARGO_PKG_VERSION")));
    }
    let paths = whole.get_mut("paths").and_then(Value::as_object_mut);
    for path in paths.into_iter().flat_map(|paths| paths.values_mut()) {
        for method in METHODS {
            let name = method.to_ascii_lowercase();
            if let Some(operation) = path.get_mut(&name).and_then(Value::as_object_mut) {
                with_common(method, operation);
            }
        }
    }
    whole
}

/// Adds to an operation what follows from what it takes:
///
/// | it | so it takes and answers |
/// |---|---|
/// | needs a key | `X-Tenant`; 401, 403, 404 for an unknown tenant |
/// | is a look at one thing | `reveal` |
/// | has a path, a query or a body | 400 |
/// | has a query or a body | 422 |
/// | has a body | 408, 413 |
/// | changes something, or has a query | 503 |
/// | in any case | 500 |
///
/// An answer that it describes itself stays as it is.
fn with_common(method: &str, operation: &mut Map<String, Value>) {
    let none = Value::Array(Vec::new());
    let needs_key = operation.get("security") != Some(&none);
    let has_body = operation.contains_key("requestBody");
    // Whatever is about one thing shows personal data to who may see it.
    let about_one = |parameter: &Value| place(parameter) == "path";
    if method == "GET"
        && needs_key
        && let Some(Value::Array(list)) = operation.get_mut("parameters")
        && list.iter().any(about_one)
    {
        list.push(json!({"$ref": "#/components/parameters/Reveal"}));
    }
    let empty = Vec::new();
    let parameters = operation.get("parameters").and_then(Value::as_array).unwrap_or(&empty);
    let has_query = parameters.iter().any(|parameter| place(parameter) == "query");
    let has_path = parameters.iter().any(|parameter| place(parameter) == "path");

    let mut answers = vec![("500", "Internal")];
    if needs_key {
        answers.extend([("401", "Unauthorized"), ("403", "Forbidden"), ("404", "NotFound")]);
        let tenant = json!({"$ref": "#/components/parameters/Tenant"});
        if let Value::Array(list) = operation.entry("parameters").or_insert(json!([])) {
            list.push(tenant);
        }
    }
    if has_path || has_query || has_body {
        answers.push(("400", "Malformed"));
    }
    if has_query || has_body {
        answers.push(("422", "Invalid"));
    }
    if has_body {
        answers.extend([("408", "TooSlow"), ("413", "TooLarge")]);
    }
    if has_query || !["GET", "OPTIONS"].contains(&method) {
        answers.push(("503", "Busy"));
    }
    if let Value::Object(responses) = operation.entry("responses").or_insert(json!({})) {
        for (status, name) in answers {
            let answer = json!({"$ref": format!("#/components/responses/{name}")});
            responses.entry(status).or_insert(answer);
        }
    }
}

/// Where a parameter stands; those that are referred to are all of the query.
fn place(parameter: &Value) -> &str {
    parameter.get("in").and_then(Value::as_str).unwrap_or("query")
}

/// Puts a part into the whole: objects are joined, lists follow one another. Nothing is said twice, which
/// a test sees to.
fn merge(whole: &mut Value, part: Value) {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            for (name, value) in part {
                match whole.get_mut(&name) {
                    Some(present) => merge(present, value),
                    None => drop(whole.insert(name, value)),
                }
            }
        }
        (Value::Array(whole), Value::Array(part)) => whole.extend(part),
        (whole, part) => panic!("the document says twice what {whole} or {part} is"),
    }
}
