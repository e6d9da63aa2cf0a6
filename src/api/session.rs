//! Signing in and out: a session for a browser, from a key, the admin token or a one-time link.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sereno_actors::engine::Later;
use sereno_actors::engine::sessions::{Opening, Session};
use sereno_actors::limits;
use sereno_actors::record::{AuditRecord, Issuer};
use sereno_actors::vault;
use sereno_workflows::access::Role;
use sereno_workflows::embedding;
use sereno_workflows::id::TenantId;
use sereno_workflows::invalid::Invalid;
use sereno_workflows::time::Timestamp;
use subtle::ConstantTimeEq as _;

use super::address::counted_as;
use super::caller::{Who, foreign};
use super::error::Problem;
use super::inbound::Sender;
use super::request::{Caller, JsonObject, default_tenant, nothing_else, take_text};
use super::{App, cookie};

/// The page of the console that takes links.
pub(super) const ENTER: &str = "/console/enter";
/// What in its query names the tenant in whose portal somebody is let in.
const FRAMED: &str = "for=";
/// For what that is sealed.
const PLACE: &str = "frame";

/// Who was let in, and the tenant in whose audit log that stands.
struct Entry {
    opening: Opening,
    who: Who,
    tenant: TenantId,
    /// Where a link leads.
    next: Option<String>,
}

/// `POST /api/v1/session`: `{"key"}` or `{"link"}`; answers with a cookie.
pub async fn begin(
    State(app): State<Arc<App>>,
    sender: Sender,
    headers: HeaderMap,
    JsonObject(mut body): JsonObject,
) -> Result<Response, Problem> {
    if app.public.is_foreign(&headers) {
        return Err(foreign());
    }
    let (key, link) = (take_text(&mut body, "key")?, take_text(&mut body, "link")?);
    nothing_else(&body)?;
    let counted = sender.0.map(counted_as).unwrap_or_default();
    app.engine.may_sign_in(&counted).map_err(|Later(wait)| {
        Problem::too_many("too many wrong keys and links were sent from your address", wait)
    })?;
    let entry = match (key, link) {
        (Some(key), None) => by_key(&app, &key),
        (None, Some(link)) => by_link(&app, &link).await,
        (Some(_), Some(_)) | (None, None) => {
            return Err(Invalid::new("key", "send either key or link").into());
        }
    };
    let Entry { opening, who, tenant, next } = entry.inspect_err(|problem| {
        app.engine.refuse_sign_in(&counted);
        tracing::warn!(sender = counted, reason = problem.detail(), "a sign-in is refused");
    })?;
    let (session, cookie) = app.engine.begin_session(opening);
    note(&app, &tenant, &session, &who, &counted, "session.begin").await?;
    let cookie = app.public.begin(&cookie, is_framed(&app, &session));
    let told = Told {
        name: &who.name(session.role),
        timezone: zone_of(&app, session.tenant.as_ref()),
        next,
    };
    let shown = Json(json!({"ok": true, "session": shown(&session, told)}));
    Ok(([(header::SET_COOKIE, cookie), no_store()], shown).into_response())
}

/// `GET /api/v1/session`: who is signed in, or whose key it is.
pub async fn show(State(app): State<Arc<App>>, caller: Caller) -> impl IntoResponse {
    let name = &caller.name();
    let shown = Json(json!({"ok": true, "session": match &caller.session {
        Some(session) => {
            let timezone = zone_of(&app, session.tenant.as_ref());
            shown(session, Told { name, timezone, next: None })
        }
        None => json!({
            "name": name,
            "timezone": (!caller.admin).then(|| zone(&app, &caller.tenant)).flatten(),
            "role": caller.role.as_str(),
            "tenant": (!caller.admin).then(|| caller.tenant.as_str()),
            "portal": false,
            "expires_at": null,
            "csrf": null,
            "masked": false,
            "next": null,
        }),
    }}));
    ([no_store()], shown)
}

/// `DELETE /api/v1/session`: signs out, whoever has a copy of the cookie.
pub async fn end(
    State(app): State<Arc<App>>,
    caller: Caller,
    sender: Sender,
) -> Result<Response, Problem> {
    let Some(session) = &caller.session else {
        let detail = "a key has no session to end; to void it, delete it";
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    };
    app.engine.end_session(session).await;
    let counted = sender.0.map(counted_as).unwrap_or_default();
    note(&app, &caller.tenant, session, &caller.who, &counted, "session.end").await?;
    let cookie = app.public.end(is_framed(&app, session));
    let done = Json(json!({"ok": true, "message": "signed out"}));
    Ok(([(header::SET_COOKIE, cookie), no_store()], done).into_response())
}

/// The address of the page that takes a link which is for a tenant's portal inside the pages of others. Who
/// may frame a page must be known before it is, and what stands behind the # is not sent: so the address names
/// the tenant, sealed, and nobody who has no link learns in whose pages it stands.
pub(super) fn framed_enter(app: &App, tenant: &TenantId, until: Timestamp) -> String {
    let named = format!("{} {tenant}", until.0);
    let sealed = app.engine.ledger().vault().seal(PLACE, named.as_bytes());
    format!("{ENTER}?{FRAMED}{}", URL_SAFE_NO_PAD.encode(sealed))
}

/// What is said of a page of the console that may be inside of another page.
pub struct Framing {
    /// Its policy about who may put it in a frame.
    pub policy: String,
    /// Whether it is there by a link whose time is over: then it shows that, and nothing of anybody's.
    pub is_over: bool,
}

/// Who may put a page of the console in a frame: nobody, but for the portal of a tenant that names somebody, in
/// a session or on the page that takes a link whose time is not over. Where it is over those whom the tenant
/// names may still show a page that says so, in place of a blank one.
pub fn framing(app: &App, uri: &Uri, headers: &HeaderMap) -> Framing {
    let link = link_of(app, uri);
    let now = app.engine.ledger().now().timestamp();
    let by_link = || link.clone().filter(|(until, _)| *until > now).map(|(_, tenant)| tenant);
    let by_session = || {
        let session = app.engine.session(cookie::of(headers)?, &app.admin_mark)?;
        session.tenant.filter(|_| session.portal).map(|(tenant, _)| tenant)
    };
    let policy = |tenant: Option<TenantId>| {
        let view = tenant.and_then(|tenant| app.engine.view(&tenant).ok());
        let origins = view.as_ref().map(|view| &view.policy.settings.embedding[..]);
        embedding::frame_ancestors(origins.unwrap_or_default())
    };
    let shown = by_link().or_else(by_session);
    let is_over = shown.is_none() && link.is_some() && is_in_frame(headers);
    let tenant = if is_over { link.map(|(_, tenant)| tenant) } else { shown };
    Framing { policy: policy(tenant), is_over }
}

/// Until when the link of an address holds, and for whose portal, as far as we sealed it.
fn link_of(app: &App, uri: &Uri) -> Option<(Timestamp, TenantId)> {
    let query = uri.query().filter(|_| uri.path() == ENTER)?;
    let sealed = query.split('&').find_map(|pair| pair.strip_prefix(FRAMED))?;
    let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let named = app.engine.ledger().vault().open(PLACE, &sealed).ok()?;
    let (until, tenant) = std::str::from_utf8(&named).ok()?.split_once(' ')?;
    Some((Timestamp(until.parse().ok()?), tenant.parse().ok()?))
}

/// Whether a browser asks for what it puts in a frame; it says so to https and to its own machine, where alone
/// portals are framed.
fn is_in_frame(headers: &HeaderMap) -> bool {
    let destination = headers.get("sec-fetch-dest").and_then(|value| value.to_str().ok());
    destination.is_some_and(|destination| ["iframe", "frame"].contains(&destination))
}

fn by_key(app: &App, key: &str) -> Result<Entry, Problem> {
    let key = key.trim();
    if bool::from(key.as_bytes().ct_eq(app.admin_token.as_bytes())) {
        let issuer = Issuer::Admin(app.admin_mark.clone());
        let (link, tenant) = (None, None);
        let opening = Opening { issuer, link, role: Role::Admin, tenant, portal: false };
        return Ok(Entry { opening, who: Who::Admin, tenant: default_tenant(), next: None });
    }
    let hash = vault::hash_token(key);
    let (view, key) = app.engine.key(&hash).ok_or_else(|| refused("this key is not known"))?;
    let opening = Opening {
        issuer: Issuer::Key(hash),
        link: None,
        role: key.role,
        tenant: Some((view.id.clone(), view.created_at)),
        portal: false,
    };
    Ok(Entry { opening, who: Who::Key(key), tenant: view.id.clone(), next: None })
}

async fn by_link(app: &App, token: &str) -> Result<Entry, Problem> {
    let link = app.engine.use_link(token.trim(), &app.admin_mark).await;
    let gone = || refused("this link was used before, or its time is over: ask for another");
    let link = link.ok_or_else(gone)?;
    let tenant: TenantId = link.tenant.parse().map_err(|_| gone())?;
    let opening = Opening {
        issuer: link.issuer,
        link: Some(link.id.clone()),
        role: link.role,
        tenant: Some((tenant.clone(), link.tenant_since)),
        portal: link.portal,
    };
    Ok(Entry { opening, who: Who::Link(link.id), tenant, next: Some(link.next) })
}

fn refused(detail: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, detail)
}

fn no_store() -> (header::HeaderName, HeaderValue) {
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))
}

/// What an answer tells beside the session itself.
struct Told<'a> {
    /// What its owner is called.
    name: &'a str,
    /// On which wall clock sentences and days of its tenant are.
    timezone: Option<String>,
    /// Where the link leads that was just used.
    next: Option<String>,
}

fn zone(app: &App, tenant: &TenantId) -> Option<String> {
    app.engine.view(tenant).ok().map(|view| view.policy.settings.timezone.clone())
}

/// The zone of the tenant that a session is of; where it is of none, each of them has its own.
fn zone_of(app: &App, tenant: Option<&(TenantId, Timestamp)>) -> Option<String> {
    tenant.and_then(|(tenant, _)| zone(app, tenant))
}

fn shown(session: &Session, told: Told<'_>) -> Value {
    json!({
        "name": told.name,
        "timezone": told.timezone,
        "role": session.role.as_str(),
        "tenant": session.tenant.as_ref().map(|(tenant, _)| tenant.as_str()),
        "portal": session.portal,
        "expires_at": session.until.to_rfc3339(),
        "csrf": session.csrf,
        "masked": true,
        "next": told.next,
    })
}

/// Whether the session is of a portal that the tenant lets others show inside their pages.
fn is_framed(app: &App, session: &Session) -> bool {
    let tenant = session.tenant.as_ref().filter(|_| session.portal);
    tenant.is_some_and(|(tenant, _)| {
        let view = app.engine.view(tenant);
        view.is_ok_and(|view| !view.policy.settings.embedding.is_empty())
    })
}

async fn note(
    app: &App,
    tenant: &TenantId,
    session: &Session,
    who: &Who,
    address: &str,
    action: &str,
) -> Result<(), Problem> {
    let now = app.engine.ledger().now().timestamp();
    let entry = AuditRecord {
        at: now,
        who: who.actor(),
        role: session.role,
        by_session: true,
        address: address.chars().take(limits::access::AUDIT_VALUE_BYTES_MAX).collect(),
        action: action.to_owned(),
        subject: String::new(),
        detail: if session.portal { "portal".to_owned() } else { String::new() },
        status: Some(200),
        reason: String::new(),
    };
    app.engine.audit(tenant, &entry).await?;
    Ok(())
}
