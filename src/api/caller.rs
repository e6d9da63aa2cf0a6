//! Who calls, for which tenant, and whether they may: by a key or token, or by a session's cookie.
//!
//! ```text
//!  Authorization: Bearer  -> the admin token, or a tenant's key and its role
//!  Cookie: sereno_session -> a session; to change something also X-CSRF-Token, from a page of our own
//! ```
//! Where both are there the first counts. Invariant: every handler that needs a caller takes one from here,
//! and here alone it is decided whether the caller's role is enough for the route.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use sereno_actors::engine::sessions::Session;
use sereno_actors::record::{Actor, Issuer, KeyRecord};
use sereno_actors::vault;
use sereno_actors::view::TenantView;
use sereno_workflows::access::{Operation, Role};
use sereno_workflows::id::TenantId;
use subtle::ConstantTimeEq as _;

use super::access::{self, Access};
use super::error::Problem;
use super::request::default_tenant;
use super::{App, cloud_events, cookie};

/// Who calls, and for which tenant.
pub struct Caller {
    /// The tenant that the request is about.
    pub tenant: TenantId,
    /// Whether the admin token was shown, now or to begin the session.
    pub admin: bool,
    /// What the caller may do.
    pub role: Role,
    /// Who it is.
    pub who: Who,
    /// On whose word: whoever the caller lets in is out when this no longer holds.
    pub issuer: Issuer,
    /// The session, where the caller has no key.
    pub session: Option<Session>,
    /// Held until the request is answered: a tenant that is deleted is gone only after that.
    _present: Arc<TenantView>,
}

/// Who somebody is; written out only where it is written down.
#[derive(Debug, Clone)]
pub enum Who {
    /// Whoever has the admin token.
    Admin,
    /// Whoever has this key.
    Key(Arc<KeyRecord>),
    /// Whoever came by the link with this id.
    Link(String),
}

/// So many letters of a link's id tell whom it let in.
const LINK_END: usize = 4;

impl Who {
    /// The same as the audit log has it.
    pub fn actor(&self) -> Actor {
        match self {
            Self::Admin => Actor::Admin,
            Self::Key(key) => Actor::Key { id: key.id.clone(), name: key.name.clone() },
            Self::Link(id) => Actor::Link { id: id.clone() },
        }
    }

    /// What they are called: a key by its name, everybody else by what they may do; whoever came by a link with
    /// the end of its id too, so that two of them are not taken for one.
    pub fn name(&self, role: Role) -> String {
        match self {
            Self::Key(key) if !key.name.trim().is_empty() => key.name.trim().to_owned(),
            Self::Link(id) => {
                let end = id.char_indices().rev().nth(LINK_END - 1).map_or(0, |(at, _)| at);
                format!("{} {}", role.as_str(), id.get(end..).unwrap_or_default())
            }
            Self::Key(_) | Self::Admin => role.as_str().to_owned(),
        }
    }
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let named = match parts.headers.get("x-tenant").map(|value| value.to_str()) {
            None => None,
            Some(Ok(name)) => {
                Some(name.parse::<TenantId>().map_err(|_| Problem::not_found("tenant"))?)
            }
            Some(Err(_)) => return Err(Problem::not_found("tenant")),
        };
        let caller = match (token(parts), cookie::of(&parts.headers)) {
            (Some(token), _) => by_token(app, token, named)?,
            (None, Some(cookie)) => by_cookie(app, parts, cookie, named)?,
            (None, None) => {
                let detail = "a key is missing: send the header Authorization: Bearer <key>";
                return Err(unauthorized(detail));
            }
        };
        caller.must_be_allowed(access::of_request(&parts.method, &parts.extensions))?;
        Ok(caller)
    }
}

impl Caller {
    /// What the caller is called.
    pub fn name(&self) -> String {
        self.who.name(self.role)
    }

    /// Whether personal data is hidden from them whatever they ask for.
    pub fn sees_masked(&self) -> bool {
        self.session.is_some() && !self.role.may_reveal()
    }

    /// Refuses everyone but the admin.
    pub fn must_be_admin(&self) -> Result<(), Problem> {
        if self.admin {
            return Ok(());
        }
        Err(Problem::new(StatusCode::FORBIDDEN, "this needs the admin token"))
    }

    /// Refuses a tenant that asks about another.
    pub fn must_own(&self, tenant: &TenantId) -> Result<(), Problem> {
        if self.admin || self.tenant == *tenant {
            Ok(())
        } else {
            Err(Problem::not_found("tenant"))
        }
    }

    /// Whether the caller may look at the page of this path.
    pub fn may_look_at(&self, path: &str) -> bool {
        access::known("GET", path).is_some_and(|access| self.must_be_allowed(access).is_ok())
    }

    fn must_be_allowed(&self, access: Access) -> Result<(), Problem> {
        let forbidden = |detail: String| Err(Problem::new(StatusCode::FORBIDDEN, detail));
        let Access { operation, in_portal, .. } = access;
        if operation == Operation::Server {
            return self.must_be_admin();
        }
        if !self.role.may(operation) {
            let (needed, role) = (operation.least_role().unwrap_or(Role::Admin), self.role);
            return forbidden(format!(
                "this needs the role {needed}, and yours is {role}: ask an admin for a key or a link \
                 with that role"
            ));
        }
        if !in_portal && self.session.as_ref().is_some_and(|session| session.portal) {
            return forbidden("the portal has no such page".to_owned());
        }
        Ok(())
    }
}

/// The token that a request shows. A header that is something else is none, and no cookie counts beside it.
fn token(parts: &Parts) -> Option<&str> {
    let Some(header) = parts.headers.get(header::AUTHORIZATION) else {
        return cloud_events::token_in_uri(&parts.method, &parts.uri);
    };
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn by_token(app: &App, token: &str, named: Option<TenantId>) -> Result<Caller, Problem> {
    if bool::from(token.as_bytes().ct_eq(app.admin_token.as_bytes())) {
        let tenant = named.unwrap_or_else(default_tenant);
        let _present = app.engine.view(&tenant)?;
        let issuer = Issuer::Admin(app.admin_mark.clone());
        let (role, who) = (Role::Admin, Who::Admin);
        return Ok(Caller { tenant, admin: true, role, who, issuer, session: None, _present });
    }
    let hash = vault::hash_token(token);
    let (_present, key) = app.engine.key(&hash).ok_or_else(|| {
        unauthorized(
            "this key is not known; on the first start the server wrote one to \
            DATA/credentials",
        )
    })?;
    let tenant = _present.id.clone();
    if named.is_some_and(|named| named != tenant) {
        let detail = "this key belongs to another tenant than X-Tenant names";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    let (role, who, issuer) = (key.role, Who::Key(key), Issuer::Key(hash));
    Ok(Caller { tenant, admin: false, role, who, issuer, session: None, _present })
}

fn by_cookie(
    app: &App,
    parts: &Parts,
    cookie: &str,
    named: Option<TenantId>,
) -> Result<Caller, Problem> {
    let ended = || unauthorized("your session has ended: sign in again");
    let session = app.engine.session(cookie, &app.admin_mark).ok_or_else(ended)?;
    if ![Method::GET, Method::HEAD].contains(&parts.method) {
        must_be_meant(app, parts, &session)?;
    }
    let tenant = match session.tenant.as_ref().map(|(tenant, _)| tenant) {
        None => named.unwrap_or_else(default_tenant),
        Some(own) if named.is_none_or(|named| named == *own) => own.clone(),
        Some(_) => {
            let detail = "this session belongs to another tenant than X-Tenant names";
            return Err(Problem::new(StatusCode::FORBIDDEN, detail));
        }
    };
    let _present = app.engine.view(&tenant)?;
    let who = match (&session.link, &session.issuer) {
        (Some(link), _) => Who::Link(link.clone()),
        (None, Issuer::Admin(_)) => Who::Admin,
        (None, Issuer::Key(hash)) => Who::Key(app.engine.key(hash).ok_or_else(ended)?.1),
    };
    let admin = session.tenant.is_none();
    let (role, issuer) = (session.role, session.issuer.clone());
    Ok(Caller { tenant, admin, role, who, issuer, session: Some(session), _present })
}

/// Refuses what a page of somebody else may have made a browser send.
fn must_be_meant(app: &App, parts: &Parts, session: &Session) -> Result<(), Problem> {
    let shown = parts.headers.get("x-csrf-token").map(|value| value.as_bytes());
    let repeats = shown.is_some_and(|shown| bool::from(shown.ct_eq(session.csrf.as_bytes())));
    if !repeats {
        let detail = "the header X-CSRF-Token must repeat the session's csrf, which GET \
                      /api/v1/session shows";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    if app.public.is_foreign(&parts.headers) {
        return Err(foreign());
    }
    Ok(())
}

/// What is said to a page of somebody else.
pub(super) fn foreign() -> Problem {
    let detail = "this request came from a page of another site; where the server stands behind a proxy, \
                  set SERENO_PUBLIC_URL to the address that browsers use";
    Problem::new(StatusCode::FORBIDDEN, detail)
}

fn unauthorized(detail: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, detail)
}
