//! What handlers take out of a request: who calls, and a JSON body within bounds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::App;
use super::budget::Held;
pub use super::caller::Caller;
use super::error::Problem;
use super::inbound::Sender;
use axum::Json;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::StreamExt as _;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sereno_actors::limits;
use sereno_actors::limits::answers::FREE_BYTES;
use sereno_workflows::id::{Sequence, TenantId};
use sereno_workflows::invalid::Invalid;
use sereno_workflows::time::Timestamp;

/// The largest body that is read, in bytes.
pub const BODY_BYTES_MAX: usize = 4 << 20;
/// How much of a larger body is read and thrown away before the connection is cut.
const DISCARDED_BYTES_MAX: usize = 64 << 20;
/// How long a body may take to arrive.
const BODY_PATIENCE: Duration = Duration::from_secs(30);

/// The tenant that the admin token stands for where none is named.
pub fn default_tenant() -> TenantId {
    "default".parse().expect("a constant tenant id")
}

/// The variable parts of a path, as texts.
pub struct InPath<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<App>> for InPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let Path(found) = Path::<T>::from_request_parts(parts, app)
            .await
            .map_err(|error| Problem::malformed(error.body_text()))?;
        Ok(Self(found))
    }
}

/// A body's bytes, at most [`BODY_BYTES_MAX`].
pub struct BodyBytes(pub Bytes);

/// A body that was read before the handler's turn, in the extensions of its request.
#[derive(Clone)]
pub struct AlreadyRead(pub Bytes);

impl FromRequest<Arc<App>> for BodyBytes {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        if let Some(AlreadyRead(bytes)) = parts.extensions.remove() {
            return Ok(Self(bytes));
        }
        let Ok(sender) = Sender::from_request_parts(&mut parts, app).await;
        read_body(app, sender, body).await.map(Self)
    }
}

/// A body's bytes, at most [`BODY_BYTES_MAX`]; they count as this sender's until they are dropped.
pub async fn read_body(app: &App, sender: Sender, body: Body) -> Result<Bytes, Problem> {
    if !app.engine.has_room() {
        return Err(Problem::busy());
    }
    let read = read_bounded(body, app.bodies.hold(sender));
    match tokio::time::timeout(BODY_PATIENCE, read).await {
        Ok(read) => read,
        Err(_) => {
            let detail = "the body took too long to arrive";
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, detail))
        }
    }
}

/// Reads a body that nobody wants, so that its sender sees the answer.
pub async fn discard_body(body: Body) {
    let discard = async {
        let mut chunks = body.into_data_stream();
        let mut total = 0;
        while let Some(Ok(chunk)) = chunks.next().await
            && total <= DISCARDED_BYTES_MAX
        {
            total += chunk.len();
        }
    };
    // Whoever takes longer sees a broken connection.
    tokio::time::timeout(BODY_PATIENCE, discard).await.ok();
}

/// Reads a body. One that is too large, or for which there is no room, is still read, though not kept, up to a point: a client that is
/// cut off while it writes sees a broken connection instead of the answer.
async fn read_bounded(body: Body, mut held: Held) -> Result<Bytes, Problem> {
    // All of it at once, so that nobody waits for more with a part in hand.
    let announced =
        HttpBody::size_hint(&body).exact().and_then(|bytes| usize::try_from(bytes).ok());
    let expected = announced.unwrap_or(BODY_BYTES_MAX).min(BODY_BYTES_MAX);
    let mut chunks = body.into_data_stream();
    let mut kept = Vec::with_capacity(announced.unwrap_or(0).min(FREE_BYTES));
    let (mut total, mut refused) = (0, None);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Problem::malformed("the body did not arrive whole"))?;
        let was_free = total <= FREE_BYTES;
        total += chunk.len();
        if total > DISCARDED_BYTES_MAX {
            break;
        }
        if total > BODY_BYTES_MAX {
            continue;
        }
        if was_free && total > FREE_BYTES {
            refused = held.grow_when_free(expected).await.err();
            if refused.is_none() {
                kept.reserve_exact(expected.max(total) - kept.len());
            }
        }
        if refused.is_none() {
            kept.extend_from_slice(&chunk);
        }
    }
    if total > BODY_BYTES_MAX {
        let limit = BODY_BYTES_MAX >> 20;
        return Err(Problem::too_large(format!("a body may have at most {limit} MiB")));
    }
    match refused {
        Some(problem) => Err(problem),
        None => Ok(held.over(kept)),
    }
}

/// A body as JSON.
pub fn json_of(bytes: &[u8]) -> Result<Value, Problem> {
    if bytes.is_empty() {
        return Err(Problem::malformed("the body is empty; send JSON"));
    }
    serde_json::from_slice(bytes)
        .map_err(|error| Problem::malformed(format!("the body is not JSON: {error}")))
}

/// A JSON body that is an object; an empty one where there is no body.
pub struct JsonObject(pub Map<String, Value>);

impl FromRequest<Arc<App>> for JsonObject {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let BodyBytes(bytes) = BodyBytes::from_request(request, app).await?;
        if bytes.is_empty() {
            return Ok(Self(Map::new()));
        }
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(map)) => Ok(Self(map)),
            Ok(_) => Err(Problem::malformed("the body must be a JSON object")),
            Err(error) => Err(Problem::malformed(format!("the body is not JSON: {error}"))),
        }
    }
}

/// The answer about one thing alone.
pub fn one(mut shown: Value) -> Json<Value> {
    if let Some(map) = shown.as_object_mut() {
        map.insert("ok".to_owned(), Value::from(true));
    }
    Json(shown)
}

/// Takes a text out of a body's object.
pub fn take_text(map: &mut Map<String, Value>, field: &str) -> Result<Option<String>, Invalid> {
    match map.remove(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.len() <= 1_000 => Ok(Some(text)),
        Some(_) => Err(Invalid::new(field, "must be a text of at most 1000 bytes")),
    }
}

/// Takes the reason out of a body's object for which somebody does something; empty where none is told.
pub fn take_reason(map: &mut Map<String, Value>) -> Result<String, Invalid> {
    let most = limits::work::REASON_BYTES_MAX;
    match map.remove("reason") {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) if text.len() <= most => Ok(text.trim().to_owned()),
        Some(_) => Err(Invalid::new("reason", format!("must be a text of at most {most} bytes"))),
    }
}

/// Takes a number out of a body's object.
pub fn take_number(map: &mut Map<String, Value>, field: &str) -> Result<Option<u32>, Invalid> {
    match map.remove(field) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
            number.map(Some).ok_or_else(|| Invalid::new(field, "must be a whole number"))
        }
    }
}

/// Takes a yes or no out of a body's object; no where it is left out.
pub fn take_flag(map: &mut Map<String, Value>, field: &str) -> Result<bool, Invalid> {
    match map.remove(field) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(flag),
        Some(_) => Err(Invalid::new(field, "must be true or false")),
    }
}

/// Reads a moment in the form of RFC 3339.
pub fn moment(field: &str, text: &str) -> Result<Timestamp, Invalid> {
    Timestamp::from_rfc3339(text).map_err(|error| Invalid::new(field, error.to_string()))
}

/// Refuses what is left of a body's object by name.
pub fn nothing_else(map: &Map<String, Value>) -> Result<(), Invalid> {
    match map.keys().next() {
        None => Ok(()),
        Some(name) => Err(Invalid::new(name, "unknown field")),
    }
}

/// The query of a list.
pub struct ListQuery {
    values: BTreeMap<String, String>,
    /// Rows to answer with at most.
    pub limit: usize,
}

impl<S: Send + Sync> FromRequestParts<S> for ListQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        if percent_decode_str(query).decode_utf8().is_err() {
            return Err(Problem::malformed("the query is not UTF-8 once it is decoded"));
        }
        let query = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let Query(pairs) = query.map_err(|error| Problem::malformed(error.body_text()))?;
        let mut values = BTreeMap::new();
        for (name, value) in pairs {
            // Which of the two was meant, nobody can say.
            if values.contains_key(&name) {
                return Err(Invalid::new(name, "stands there twice").into());
            }
            values.insert(name, value);
        }
        let limit = match values.get("limit") {
            None => 50,
            Some(text) => match text.parse() {
                Ok(limit) if (1..=limits::PAGE_ROWS_MAX).contains(&limit) => limit,
                Ok(_) | Err(_) => {
                    let most = limits::PAGE_ROWS_MAX;
                    return Err(Invalid::new("limit", format!("must be from 1 to {most}")).into());
                }
            },
        };
        Ok(Self { values, limit })
    }
}

impl ListQuery {
    /// Refuses parameters that the list does not know.
    pub fn only(&self, known: &[&str]) -> Result<(), Problem> {
        let all = |name: &&String| !["limit", "cursor"].contains(&name.as_str());
        match self.values.keys().filter(all).find(|name| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => {
                let known = if known.is_empty() { "no filter".into() } else { known.join(", ") };
                let problem = format!("unknown parameter; this list knows {known}");
                Err(Invalid::new(name, problem).into())
            }
        }
    }

    /// A parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// A parameter that is one of these words.
    pub fn one_of(&self, name: &str, words: &[&str]) -> Result<Option<&str>, Problem> {
        let value = self.get(name);
        match value.is_none_or(|value| words.contains(&value)) {
            true => Ok(value),
            false => Err(Invalid::new(name, format!("must be one of {}", words.join(", "))).into()),
        }
    }

    /// The parameters `from` and `to`, as places in the tenant's log.
    pub fn from_to(&self) -> Result<(Sequence, Sequence), Problem> {
        let place = |name: &str, otherwise| match self.get(name) {
            None => Ok(otherwise),
            Some(text) => moment(name, text).map(Sequence::at).map_err(Problem::from),
        };
        Ok((place("from", Sequence(0))?, place("to", Sequence(u64::MAX))?))
    }

    /// The cursor as the id after which a list in the order of ids goes on.
    pub fn after(&self, list: &str) -> Result<Option<String>, Problem> {
        let Some(cursor) = self.get("cursor") else { return Ok(None) };
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        let id = text.as_deref().and_then(|text| text.strip_prefix(list)?.strip_prefix('/'));
        id.map(|id| Some(id.to_owned())).ok_or_else(|| self.bad_cursor())
    }

    /// The cursor with which a list in the order of ids goes on after `id`.
    pub fn cursor_after(list: &str, id: &str) -> String {
        URL_SAFE_NO_PAD.encode(format!("{list}/{id}"))
    }

    /// The cursor as the place before which a list from the newest down goes on.
    pub fn before(&self) -> Result<Sequence, Problem> {
        match self.get("cursor") {
            None => Ok(Sequence(u64::MAX)),
            Some(cursor) => Sequence::from_text(cursor).ok_or_else(|| self.bad_cursor()),
        }
    }

    /// The rows of one page out of all that come after the cursor, and where the list goes on.
    pub fn page<T>(
        &self,
        rows: impl Iterator<Item = T>,
        cursor: impl Fn(&T) -> String,
    ) -> (Vec<T>, Option<String>) {
        let mut page: Vec<T> = rows.take(self.limit + 1).collect();
        let more = page.len() > self.limit;
        page.truncate(self.limit);
        let next_cursor = page.last().filter(|_| more).map(cursor);
        (page, next_cursor)
    }

    /// What is said of a cursor that is none.
    pub fn bad_cursor(&self) -> Problem {
        Invalid::new("cursor", "must be the next_cursor of an earlier answer").into()
    }
}
