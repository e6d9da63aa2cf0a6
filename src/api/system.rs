//! How the whole server is, for its admin: what stands in its metrics and its check, in one answer that can be
//! kept and passed on. It names no tenant and no person, and holds no secret.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use sereno_actors::engine::Engine;
use sereno_actors::limits::WAITING_COUNTED_MAX;
use sereno_actors::store::journal::PARTITIONS;
use sereno_actors::vitals::{Credits, StoreVitals, Vitals};
use sereno_workflows::statistics::Sketch;
use sereno_workflows::time::{Span, Timestamp};

use super::App;
use super::aside::aside;
use super::error::Problem;
use super::request::{Caller, ListQuery};
use crate::check::clock;
use crate::config::{Config, Setting};

/// A timer rings a few milliseconds after its time at most; one that is later than this is late.
const LATE: Span = Span::seconds(1);

/// How the server began.
pub struct Beginning {
    /// When.
    at: Timestamp,
    /// How much its store took then.
    store_bytes: u64,
    /// With which configuration.
    settings: Vec<Setting>,
}

impl Beginning {
    /// A server that begins now.
    pub fn now(engine: &Engine, config: &Config) -> Self {
        let store_bytes = on_disk(&engine.store_vitals());
        Self { at: engine.ledger().now().timestamp(), store_bytes, settings: config.shown() }
    }
}

/// `GET /api/v1/admin/system`: for the admin token alone.
pub async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: ListQuery,
) -> Result<Json<Value>, Problem> {
    caller.must_be_admin()?;
    query.only(&[])?;
    aside(None, move || whole(&app)).await
}

fn whole(app: &App) -> Result<Json<Value>, Problem> {
    let engine = &app.engine;
    let vitals = engine.vitals()?;
    let (late, latest) = engine.timers_late(LATE)?;
    let last = engine.ledger().last_recorded()?;
    let seen = clock(last);
    let now = engine.ledger().now().timestamp();
    let Beginning { at, store_bytes, settings } = &app.beginning;
    let bytes = on_disk(&vitals.store);
    Ok(Json(json!({
        "ok": true,
        "version": env!("CARGO_PKG_VERSION"),
        "system": format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        "started_at": at.to_rfc3339(),
        "takes_events": engine.check_space().is_ok() && engine.has_room(),
        "clock": {
            "now": now.to_rfc3339(),
            "last_recorded_at": last.map(Timestamp::to_rfc3339),
            "verdict": seen.verdict,
            "detail": seen.detail,
        },
        "store": {
            "journal_bytes": vitals.store.journal_bytes,
            "index_bytes": vitals.store.index_bytes,
            "overlay_bytes": vitals.store.overlay_bytes,
            "disk_free_bytes": vitals.store.free_bytes,
            "grown_bytes": signed(bytes).saturating_sub(signed(*store_bytes)),
        },
        "journal_sync_us": spread(&vitals.store.sync_times),
        "backlog": {
            "deliveries": vitals.waiting,
            "oldest_ms": vitals.waiting_for.0,
        },
        "timers": {
            "pending": vitals.timers,
            "late": late,
            "latest_ms": latest.0,
            "lateness_ms": spread(&vitals.timer_lateness),
        },
        "counted_up_to": WAITING_COUNTED_MAX,
        "partitions": {"held": PARTITIONS, "of": PARTITIONS},
        "room": {"attempts": room(vitals.attempts), "events": room(vitals.events)},
        "awake": awake(&vitals),
        "tracing": engine.tracing().is_some(),
        "configuration": settings,
    })))
}

fn on_disk(store: &StoreVitals) -> u64 {
    store.journal_bytes.saturating_add(store.index_bytes)
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// What was measured since the server began; without a measurement there is no time.
fn spread(sketch: &Sketch) -> Value {
    let count = sketch.count();
    json!({
        "count": count,
        "mean": sketch.sum().checked_div(count),
        "p50": sketch.quantile(0.5),
        "p99": sketch.quantile(0.99),
    })
}

fn room(credits: Credits) -> Value {
    json!({"used": credits.used, "most": credits.most})
}

fn awake(vitals: &Vitals) -> Value {
    json!({
        "tenants": vitals.tenants,
        "entities": vitals.entities_alive,
        "endpoints": vitals.endpoints_alive,
    })
}
