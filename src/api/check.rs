//! A look at the server and at what its tenants have outside, before it is needed.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use sereno_actors::check::{self, Prober};
use sereno_actors::mirror::MirrorConfig;
use sereno_workflows::check::{Course, Finding, Part};
use sereno_workflows::id::EndpointId;
use sereno_workflows::line::Smtp;

use super::App;
use super::aside::aside;
use super::error::Problem;
use super::request::{Caller, JsonObject, nothing_else, take_flag, take_number};
use crate::check::{clock, disk};

/// What a look needs.
pub struct Checks {
    /// Who looks.
    pub prober: Prober,
    /// The server's own mail server.
    pub smtp: Option<Smtp>,
    /// The mirror's database.
    pub mirror: Option<MirrorConfig>,
    /// The data directory.
    pub data: PathBuf,
}

/// `POST /api/v1/admin/check`: `{test?, after?}`; a look at the tenant's lines and so many of its endpoints.
pub async fn tenant(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonObject(mut body): JsonObject,
) -> Result<Json<Value>, Problem> {
    let test = take_flag(&mut body, "test")?;
    let after = take_number(&mut body, "after")?.unwrap_or_default();
    nothing_else(&body)?;
    let view = app.engine.view(&caller.tenant)?;
    let prober = &app.checks.prober;
    let _turn = prober.turn().ok_or_else(Problem::busy)?;
    let looked = prober.tenant(&view, EndpointId(after), test).await;
    let more_after = looked.more_after.map(|id| id.0);
    Ok(Json(json!({"ok": true, "findings": looked.findings, "more_after": more_after})))
}

/// `POST /api/v1/admin/check/server`: a look at what is the server's own.
pub async fn server(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonObject(body): JsonObject,
) -> Result<Json<Value>, Problem> {
    caller.must_be_admin()?;
    nothing_else(&body)?;
    let checks = &app.checks;
    let _turn = checks.prober.turn().ok_or_else(Problem::busy)?;
    let its_own = Arc::clone(&app);
    let inside = aside(caller.tenant.clone(), move || inside(&its_own));
    let (mail, mirror, inside) = tokio::join!(
        checks.prober.server_mail(checks.smtp.as_ref()),
        check::mirror(checks.mirror.as_ref()),
        inside,
    );
    let mut findings = inside?;
    findings.extend([mail, mirror]);
    Ok(Json(json!({"ok": true, "findings": findings})))
}

fn inside(app: &App) -> Result<Vec<Finding>, Problem> {
    let mut way = Course::default();
    way.pass("runs", concat!("sereno ", env!("CARGO_PKG_VERSION")));
    match (app.engine.check_space(), app.engine.has_room()) {
        (Ok(()), true) => way.pass("events", "are taken"),
        (Err(error), _) => way.fail("events", error.to_string(), "free some space"),
        (Ok(()), false) => {
            way.warn(
                "events",
                "as many are under way as may be",
                "look again when it is less busy",
            );
        }
    }
    let last = app.engine.ledger().last_recorded()?;
    Ok(vec![way.finding(Part::Server, "running", None), clock(last), disk(&app.checks.data)])
}
