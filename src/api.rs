//! The HTTP API: the table of routes, and nothing else. What each of them takes and answers is told by
//! the documents in `openapi/`, and a test refuses a route that stands in only one of both.

mod accept;
pub mod access;
pub mod address;
pub mod admin;
pub mod alerts;
pub mod alias;
mod aside;
pub mod audit;
pub mod budget;
mod caller;
pub mod catalogue;
pub mod channels;
pub mod check;
pub mod cloud_events;
pub mod conversations;
pub mod cookie;
pub mod dead_letters;
pub mod deliveries;
pub mod docs;
pub mod entities;
mod entrance;
pub mod error;
pub mod events;
mod gate;
mod history;
pub mod hooks;
pub mod inbound;
pub mod jobs;
pub mod leads;
pub mod links;
pub mod log;
pub mod mirror;
mod named;
mod once;
pub mod openapi;
pub mod pipeline;
mod provider;
pub mod reports;
pub mod request;
pub mod rotation;
mod rows;
pub mod search;
pub mod session;
pub mod sources;
pub mod stats;
pub mod stream;
pub mod system;
mod table;
pub mod templates;
pub mod tenants;
pub mod timers;
mod trace;
pub mod whatsapp;
pub mod why;

use std::any::Any;
use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use ipnet::IpNet;
use sereno_actors::engine::Engine;
use tower_http::catch_panic::CatchPanicLayer;

use self::budget::Budget;
use self::check::Checks;
use self::cookie::Public;
use self::error::Problem;
use self::system::Beginning;
pub use self::table::Route;
use self::table::{Table, delete, get, post};

/// What every handler can reach.
pub struct App {
    /// The engine.
    pub engine: Engine,
    /// The token of the admin.
    pub admin_token: String,
    /// What sessions of it are known by.
    pub admin_mark: String,
    /// Where browsers find the server.
    pub public: Public,
    /// Proxies that are believed when they say whom they stand for.
    pub trusted_proxies: Vec<IpNet>,
    /// What a look at the server needs.
    pub checks: Checks,
    /// Bodies that are coming in.
    pub bodies: Budget,
    /// Answers that are going out.
    pub answers: Budget,
    /// How the server began.
    pub beginning: Beginning,
}

/// All routes over an engine.
pub fn router(app: Arc<App>) -> Router {
    let router = table()
        .into_router()
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .layer(from_fn_with_state(Arc::clone(&app), entrance::pass))
        .layer(from_fn_with_state(Arc::clone(&app), budget::count_answers))
        .layer(CatchPanicLayer::custom(panicked));
    let router = match app.engine.tracing() {
        Some(_) => router.layer(from_fn_with_state(Arc::clone(&app), trace::follow)),
        None => router,
    };
    router.with_state(app)
}

/// The names of all routes.
pub fn routes() -> Vec<Route> {
    table().into_routes()
}

fn table() -> Table {
    settings(people(happenings(Table::default())))
}

/// What happens, and what comes of it.
fn happenings(table: Table) -> Table {
    table
        .route("/healthz", get(|| async { axum::Json(serde_json::json!({"ok": true})) }))
        .route("/readyz", get(timers::ready))
        .route("/metrics", get(stats::metrics))
        .route(
            "/api/v1/events",
            post(events::submit).get(search::list).options(cloud_events::handshake),
        )
        .route("/api/v1/events/export", get(search::export))
        .route("/api/v1/events/reprocess", post(pipeline::reprocess_many))
        .route("/api/v1/events/{id}", get(events::show))
        .route("/api/v1/events/{id}/reprocess", post(pipeline::reprocess))
        .route("/api/v1/events/{id}/replay", post(events::replay))
        .route("/api/v1/deliveries", get(deliveries::listing::list))
        .route("/api/v1/deliveries/retry", post(deliveries::many::retry_many))
        .route("/api/v1/deliveries/cancel", post(deliveries::many::cancel_many))
        .route("/api/v1/deliveries/{id}", get(deliveries::show))
        .route("/api/v1/deliveries/{id}/retry", post(deliveries::retry))
        .route("/api/v1/deliveries/{id}/cancel", post(deliveries::cancel))
        .route("/api/v1/deliveries/{id}/hand-on", post(deliveries::hand_on))
        .route("/api/v1/dead-letters", get(dead_letters::list))
        .route("/api/v1/dead-letters/export", get(dead_letters::export))
        .route("/api/v1/dead-letters/retry", post(dead_letters::retry_many))
        .route("/api/v1/dead-letters/discard", post(dead_letters::discard_many))
        .route(
            "/api/v1/dead-letters/acknowledge",
            post(dead_letters::causes::acknowledge).delete(dead_letters::causes::forget),
        )
        .route("/api/v1/dead-letters/{id}", get(dead_letters::show).delete(dead_letters::discard))
        .route("/api/v1/dead-letters/{id}/retry", post(dead_letters::retry))
        .route("/api/v1/channels", get(channels::list))
        .route("/api/v1/channels/{channel}/pause", post(channels::pause))
        .route("/api/v1/channels/{channel}/resume", post(channels::resume))
        .route("/api/v1/jobs", get(jobs::list))
        .route("/api/v1/jobs/{id}", get(jobs::show))
        .route("/api/v1/jobs/{id}/cancel", post(jobs::cancel))
        .route("/api/v1/mirror", get(mirror::show))
        .route("/api/v1/alerts", get(alerts::list))
        .route("/api/v1/alerts/{name}/silence", post(alerts::silence).delete(alerts::speak))
        .route("/api/v1/reports/weekly", get(reports::show))
        .route("/reports/weekly", get(reports::show))
        .route("/api/v1/reports/weekly/send", post(reports::send))
        .route("/api/v1/stats", get(stats::show))
        .route("/api/v1/stats/series", get(stats::series))
        .route("/api/v1/stream", get(stream::follow))
        .route("/api/v1/timers", get(timers::list))
        .route("/api/v1/timers/{id}", get(timers::show))
        .route("/api/v1/timers/{id}/fire", post(timers::fire))
        .route("/api/v1/timers/{id}/cancel", post(timers::cancel))
        .route("/api/v1/timers/{id}/reschedule", post(timers::reschedule))
        .route("/api/v1/admin/jobs/reminders", post(timers::run_reminders))
        .route("/api/v1/admin/jobs/sla-watch", post(timers::run_sla_watch))
        .route("/api/v1/inbound-log", get(inbound::list))
        .route("/api/v1/inbound-log/reprocess", post(inbound::reprocess_many))
        .route("/api/v1/inbound-log/{id}", get(inbound::show))
        .route("/api/v1/inbound-log/{id}/reprocess", post(inbound::reprocess))
        .route("/webhooks/whatsapp/{tenant}", get(whatsapp::verify).post(whatsapp::receive))
        .route("/webhooks/in/{tenant}/{source}", post(hooks::receive))
        .route("/webhooks/bird/{tenant}", post(hooks::receive_bird))
        .route("/bird/events/webhook", post(hooks::receive_event))
}

/// Those whom it is about: bookings, handoffs, conversations and who has them.
fn people(table: Table) -> Table {
    table
        .route("/api/v1/reservations", get(entities::reservations))
        .route("/api/v1/reservations/{id}", get(entities::reservation))
        .route("/api/v1/reservations/{id}/actions", post(entities::act_on_reservation))
        .route("/api/v1/handoffs", get(entities::handoffs))
        .route("/api/v1/handoffs/{id}", get(entities::handoff))
        .route("/api/v1/handoffs/{id}/actions", post(entities::act_on_handoff))
        .route("/api/v1/conversations", get(conversations::list))
        .route("/api/v1/conversations/{id}", get(conversations::show))
        .route("/api/v1/conversations/{id}/actions", post(conversations::act))
        .route("/api/v1/leads", get(leads::list))
        .route("/api/v1/leads/{id}", get(leads::show))
        .route("/api/v1/leads/{id}/history", get(leads::history))
}

/// How it is to be, and how that is described.
fn settings(table: Table) -> Table {
    let notify = "/api/v1/admin/notify";
    let tenants = "/api/v1/admin/tenants";
    table
        .route(&format!("{notify}/endpoints"), get(admin::list).post(admin::create))
        .route(
            &format!("{notify}/endpoints/{{id}}"),
            get(admin::show).patch(admin::change).delete(admin::remove),
        )
        .route(&format!("{notify}/endpoints/{{id}}/toggle"), post(admin::toggle))
        .route(&format!("{notify}/endpoints/{{id}}/recover"), post(jobs::recover))
        .route(&format!("{notify}/endpoints/{{id}}/rotate-secret"), post(rotation::rotate))
        .route(&format!("{notify}/test/{{id}}"), post(admin::test))
        .route(&format!("{notify}/logs"), get(log::logs))
        .route("/api/v1/admin/check", post(check::tenant))
        .route("/api/v1/admin/check/server", post(check::server))
        .route("/api/v1/admin/system", get(system::show))
        .route("/api/v1/event-types", get(catalogue::list))
        .route(
            "/api/v1/event-types/{name}",
            get(catalogue::show).put(catalogue::describe).delete(catalogue::forget),
        )
        .route("/api/v1/admin/templates", get(templates::list))
        .route("/api/v1/admin/templates/preview", post(templates::preview))
        .route("/api/v1/admin/sources/preview", post(sources::preview))
        .route("/api/v1/session", get(session::show).post(session::begin).delete(session::end))
        .route("/api/v1/admin/links", post(links::create))
        .route("/api/v1/audit", get(audit::list))
        .route(tenants, get(tenants::list).post(tenants::create))
        .route(
            &format!("{tenants}/{{id}}"),
            get(tenants::show).patch(tenants::change).delete(tenants::remove),
        )
        .route(&format!("{tenants}/{{id}}/keys"), get(tenants::keys).post(tenants::create_key))
        .route(&format!("{tenants}/{{id}}/keys/{{key}}"), delete(tenants::revoke_key))
        .route("/openapi.json", get(openapi::show))
        .route("/docs", get(docs::enter))
        .route("/docs/", get(docs::index))
        .route("/docs/{file}", get(docs::file))
}

async fn no_such_path(uri: Uri) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("there is nothing at {}", uri.path()))
}

async fn no_such_method(uri: Uri) -> Problem {
    let detail = format!("{} is there, but not for this method", uri.path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail)
}

fn panicked(_cause: Box<dyn Any + Send>) -> Response {
    let detail = "internal error; the server's log says more";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail).into_response()
}
