//! What every request passes that is made in a session or changes something: personal data is masked on its
//! way out, and what is done is written down.
//!
//! ```text
//!  caller, role -> entry in the audit log, durable -> handler -> outcome into the entry -> mask -> answer
//! ```
//! Events that come in with a key, and whatever only looks with a key, pass untouched: it is a lookup in a
//! table for them.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use sereno_actors::limits::access as limits;
use sereno_actors::record::AuditRecord;
use sereno_workflows::access::Operation;
use sereno_workflows::id::{Sequence, TenantId};
use sereno_workflows::inbound::clipped;
use sereno_workflows::invalid::Invalid;
use sereno_workflows::masking::{self, Masks};

use super::access::{self, Access};
use super::address::{Peer, counted_as, sender};
use super::error::Problem;
use super::inbound::Sender;
use super::request::{AlreadyRead, Caller, read_body};
use super::{App, alias, audit, cookie};

/// The largest answer that is masked; lists end at a megabyte.
const ANSWER_BYTES_MAX: usize = 32 << 20;
/// The longest line of a stream that is masked.
const LINE_BYTES_MAX: usize = 4 << 20;
/// How long an answer may take that is masked as a whole.
const ANSWER_PATIENCE: Duration = Duration::from_secs(60);

/// An entry of the audit log whose outcome is not known yet.
struct Noted {
    tenant: TenantId,
    place: Sequence,
    entry: AuditRecord,
}

/// The middleware around all routes.
pub(super) async fn pass(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let access = access::of_request(request.method(), request.extensions());
    let is_plain = access.action.is_empty()
        && cookie::of(request.headers()).is_none()
        && !request.uri().query().is_some_and(|query| query.contains(REVEAL));
    let goes_nowhere = access::path(request.extensions()).is_none();
    if is_plain || goes_nowhere || access.operation == Operation::Open {
        return next.run(request).await;
    }
    let in_session = cookie::of(request.headers()).is_some();
    let passed = guarded(&app, access, request, next).await;
    let mut response = passed.unwrap_or_else(|problem| problem.into_response());
    if in_session {
        keep_nowhere(response.headers_mut());
    }
    response
}

/// What is answered in a session is for that alone: no browser shows it to whoever comes after it was ended.
fn keep_nowhere(headers: &mut HeaderMap) {
    let is_stream = content_type(headers).starts_with("text/event-stream");
    let kept = if is_stream { "no-store, no-transform" } else { "no-store" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
}

async fn guarded(
    app: &Arc<App>,
    access: Access,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let (mut parts, mut body) = request.into_parts();
    let caller = Caller::from_request_parts(&mut parts, app).await?;
    let in_session = caller.session.is_some();
    let wants = take_reveal(&mut parts.uri)?;
    let path = access::path(&parts.extensions).unwrap_or_default().to_owned();
    if in_session && path.ends_with("/export") {
        let detail =
            "an export holds personal data, so it is for keys: send Authorization: Bearer <key>";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    let reveals = in_session && wants;
    if reveals {
        must_reveal(&parts.method, &path, &caller)?;
    }
    let mut entry = entry(app, access, &caller, &parts, &path);
    let mut noted = None;
    let changes = !access.action.is_empty();
    if changes || in_session && parts.method == Method::POST {
        let Ok(sender) = Sender::from_request_parts(&mut parts, app).await;
        let mut bytes = read_body(app, sender, body).await?;
        if in_session {
            bytes = alias::meant_in(app, bytes);
        }
        let said: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        // Keys of less than an admin see addresses in part, and may have passed one on to an admin's.
        let takes_addresses = path.starts_with("/api/v1/admin/notify/endpoints");
        if (in_session || takes_addresses) && masking::holds_hidden(&said) {
            let problem = "a value holds •••, which stands for what was hidden from you: reveal it first, \
                           or leave the field out";
            return Err(Invalid::new("", problem).into());
        }
        if changes && said.get("dry_run") != Some(&Value::Bool(true)) {
            entry.detail = audit::detail(&said);
            entry.reason = audit::reason(&said);
            let tenant = concerned(app, access, &caller, &path, &entry.subject);
            let place = app.engine.audit(&tenant, &entry).await?;
            noted = Some(Noted { tenant, place, entry: entry.clone() });
        }
        parts.extensions.insert(AlreadyRead(bytes));
        body = Body::empty();
    }
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if let Some(noted) = noted {
        response = concluded(app, noted, response).await;
    }
    if reveals && response.status().is_success() {
        let entry =
            AuditRecord { action: "reveal".to_owned(), status: Some(200), detail: path, ..entry };
        app.engine.audit(&caller.tenant, &entry).await?;
    } else if in_session && !access.is_nobodys {
        let hides = Hides { names: access.names_people, words: caller.sees_masked() };
        response = masked(app, response, hides).await?;
    }
    Ok(response)
}

/// Refuses to show personal data where that is not meant for it.
fn must_reveal(method: &Method, path: &str, caller: &Caller) -> Result<(), Problem> {
    if method != Method::GET || !path.contains('{') {
        let problem = "only what is about one thing alone shows personal data, never a list";
        return Err(Invalid::new("reveal", problem).into());
    }
    if !caller.role.may_reveal() {
        let detail = "personal data is shown to the roles operator and admin, and yours is viewer";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    Ok(())
}

const REVEAL: &str = "reveal=";

/// Whether a request asks for personal data; the handlers know nothing of it.
fn take_reveal(uri: &mut Uri) -> Result<bool, Problem> {
    let Some(query) = uri.query().filter(|query| query.contains(REVEAL)) else { return Ok(false) };
    let (asked, rest): (Vec<&str>, Vec<&str>) =
        query.split('&').partition(|pair| pair.starts_with(REVEAL));
    let wants = match asked[..] {
        [] | ["reveal=false"] => false,
        ["reveal=true"] => true,
        _ => return Err(Invalid::new("reveal", "must be true or false").into()),
    };
    let path = uri.path();
    let whole =
        if rest.is_empty() { path.to_owned() } else { format!("{path}?{}", rest.join("&")) };
    let mut parts = uri.clone().into_parts();
    let whole = whole.parse().map_err(|_| Problem::malformed("the query cannot be read"))?;
    parts.path_and_query = Some(whole);
    *uri = Uri::from_parts(parts).map_err(|_| Problem::malformed("the query cannot be read"))?;
    Ok(wants)
}

fn entry(app: &App, access: Access, caller: &Caller, parts: &Parts, path: &str) -> AuditRecord {
    let peer = parts.extensions.get::<Peer>();
    let address =
        peer.map(|Peer(peer)| counted_as(sender(peer.ip(), &parts.headers, &app.trusted_proxies)));
    AuditRecord {
        at: app.engine.ledger().now().timestamp(),
        who: caller.who.actor(),
        role: caller.role,
        by_session: caller.session.is_some(),
        address: address.unwrap_or_default(),
        action: access.action.to_owned(),
        subject: subject(path, parts.uri.path()),
        detail: String::new(),
        status: None,
        reason: String::new(),
    }
}

/// What stands in the variable parts of a path.
fn subject(route: &str, path: &str) -> String {
    let is_variable = |(part, _): &(&str, &str)| part.starts_with('{');
    let parts = route.split('/').zip(path.split('/')).filter(is_variable);
    let parts = parts.map(|(_, value)| percent_decode_str(value).decode_utf8_lossy().into_owned());
    let subject = parts.collect::<Vec<_>>().join(" ");
    // Behind whose it is and what for stands its moment, in milliseconds: the detail tells that as people do.
    let is_timer = route.starts_with("/api/v1/timers/");
    let named = subject.rsplit_once(':').map(|(named, _)| named).filter(|_| is_timer);
    clipped(named.unwrap_or(&subject), limits::AUDIT_TEXT_BYTES_MAX).to_owned()
}

/// In whose audit log it belongs: the tenant's that the path names, unless that is made or deleted by it.
fn concerned(app: &App, access: Access, caller: &Caller, path: &str, subject: &str) -> TenantId {
    let names_one =
        path.starts_with("/api/v1/admin/tenants/{id}") && access.operation == Operation::Configure;
    let named = subject.split(' ').next().and_then(|named| named.parse::<TenantId>().ok());
    let named = named.filter(|named| {
        names_one && caller.must_own(named).is_ok() && app.engine.view(named).is_ok()
    });
    named.unwrap_or_else(|| caller.tenant.clone())
}

/// Writes down what came of it. What the request itself was at fault for changed nothing, and leaves no entry.
async fn concluded(app: &App, noted: Noted, response: Response) -> Response {
    let Noted { tenant, place, mut entry } = noted;
    if response.status().is_client_error() {
        app.engine.audited(&tenant, place, None).await;
        return response;
    }
    entry.status = Some(response.status().as_u16());
    if let Some(told) = response.extensions().get::<audit::Told>() {
        entry.detail = audit::told(told);
    }
    let (parts, body) = response.into_parts();
    let is_short =
        body.size_hint().exact().is_some_and(|size| size <= limits::AUDIT_ANSWER_BYTES_MAX);
    let mut body = body;
    if entry.subject.is_empty() && is_short {
        // Its length is known, so it is there already.
        let bytes = axum::body::to_bytes(body, ANSWER_BYTES_MAX).await.unwrap_or_default();
        let answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        entry.subject = answer.as_object().and_then(audit::made).unwrap_or_default();
        body = Body::from(bytes);
    }
    app.engine.audited(&tenant, place, Some(&entry)).await;
    Response::from_parts(parts, body)
}

/// What is hidden beside what looks like personal data.
#[derive(Clone, Copy)]
struct Hides {
    /// Names, which are people's.
    names: bool,
    /// Why somebody did something.
    words: bool,
}

/// An answer with personal data masked.
async fn masked(app: &Arc<App>, response: Response, hides: Hides) -> Result<Response, Problem> {
    let kind = content_type(response.headers());
    if kind.starts_with("text/event-stream") {
        let app = Arc::clone(app);
        let mask = move |data: &[u8]| masked_bytes(&app, data, hides);
        return Ok(response.map(|body| masked_lines(body, mask)));
    }
    if !kind.contains("json") {
        return Ok(response);
    }
    let (mut parts, body) = response.into_parts();
    let whole = axum::body::to_bytes(body, ANSWER_BYTES_MAX);
    let whole = tokio::time::timeout(ANSWER_PATIENCE, whole).await;
    let bytes = whole.ok().and_then(Result::ok).ok_or_else(Problem::busy)?;
    parts.headers.remove(header::CONTENT_LENGTH);
    Ok(Response::from_parts(parts, Body::from(masked_bytes(app, &bytes, hides))))
}

fn content_type(headers: &HeaderMap) -> String {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.unwrap_or_default().to_ascii_lowercase()
}

fn masked_bytes(app: &App, bytes: &[u8], hides: Hides) -> Vec<u8> {
    if bytes.is_empty() {
        return Vec::new();
    }
    let Hides { names: names_people, words: hides_words } = hides;
    let masks = Masks { names_people, hides_words, alias: &|id| alias::of(app, id) };
    match serde_json::from_slice::<Value>(bytes) {
        Ok(value) => masking::masked(value, masks).to_string().into_bytes(),
        Err(_) => masking::masked_text(&String::from_utf8_lossy(bytes)).into_bytes(),
    }
}

/// A stream of events: each line of data is masked once it is whole.
fn masked_lines(body: Body, mask: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> Body {
    let lines = body.into_data_stream().scan(Vec::new(), move |kept: &mut Vec<u8>, chunk| {
        let whole = chunk.map(|chunk| {
            kept.extend_from_slice(&chunk);
            if kept.len() > LINE_BYTES_MAX {
                // No line of ours is so long; it is left out rather than shown as it is.
                kept.clear();
            }
            let end = kept.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
            let rest = kept.split_off(end);
            let lines = std::mem::replace(kept, rest);
            let lines = lines.split_inclusive(|byte| *byte == b'\n');
            let masked = lines.flat_map(|line| masked_line(line, &mask));
            Bytes::from(masked.collect::<Vec<u8>>())
        });
        std::future::ready(Some(whole))
    });
    Body::from_stream(lines)
}

fn masked_line(line: &[u8], mask: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let data = line.strip_prefix(b"data:").and_then(|data| data.strip_suffix(b"\n"));
    match data {
        None => line.to_vec(),
        Some(data) => {
            let data = data.strip_prefix(b" ").unwrap_or(data);
            [&b"data: "[..], &mask(data), b"\n"].concat()
        }
    }
}

#[cfg(test)]
mod tests;
