//! What each route is, as far as it matters who may use it: the one place that says so.
//!
//! A route that does not stand here needs the admin token, and a test names it. What the operations mean for
//! the three roles is `sereno_workflows::access`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::extract::MatchedPath;
use axum::http::{Extensions, Method};
use sereno_workflows::access::Operation::{self, Configure, Look, Open, Send, Server, Work};

/// What a route is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// Who may.
    pub operation: Operation,
    /// What the audit log calls it; nothing where it changes nothing, or what it does is a record itself.
    pub action: &'static str,
    /// Whether the portal may use it.
    pub in_portal: bool,
    /// Whether what it calls a name is a person's.
    pub names_people: bool,
    /// Whether nobody's data is in it, so that all of it is shown.
    pub is_nobodys: bool,
}

/// What a route is that nobody thought of.
const UNKNOWN: Access = Access {
    operation: Server,
    action: "",
    in_portal: false,
    names_people: true,
    is_nobodys: false,
};

/// Method, path, operation and action of each route.
const ROUTES: &[(&str, &str, Operation, &str)] = &[
    ("GET", "/healthz", Open, ""),
    ("GET", "/readyz", Open, ""),
    ("GET", "/metrics", Open, ""),
    ("GET", "/openapi.json", Open, ""),
    ("GET", "/docs", Open, ""),
    ("GET", "/docs/", Open, ""),
    ("GET", "/docs/{file}", Open, ""),
    ("GET", "/webhooks/whatsapp/{tenant}", Open, ""),
    ("POST", "/webhooks/whatsapp/{tenant}", Open, ""),
    ("POST", "/webhooks/in/{tenant}/{source}", Open, ""),
    ("POST", "/webhooks/bird/{tenant}", Open, ""),
    ("POST", "/bird/events/webhook", Open, ""),
    ("POST", "/api/v1/session", Open, ""),
    ("GET", "/api/v1/session", Look, ""),
    ("DELETE", "/api/v1/session", Look, ""),
    ("POST", "/api/v1/admin/links", Configure, "link.create"),
    ("GET", "/api/v1/audit", Configure, ""),
    ("OPTIONS", "/api/v1/events", Open, ""),
    ("POST", "/api/v1/events", Send, ""),
    ("GET", "/api/v1/events", Look, ""),
    ("GET", "/api/v1/events/export", Look, ""),
    ("GET", "/api/v1/events/{id}", Look, ""),
    ("POST", "/api/v1/events/{id}/replay", Work, "event.replay"),
    ("POST", "/api/v1/events/{id}/reprocess", Work, "event.reprocess"),
    ("POST", "/api/v1/events/reprocess", Work, "events.reprocess"),
    ("GET", "/api/v1/stream", Look, ""),
    ("GET", "/api/v1/deliveries", Look, ""),
    ("GET", "/api/v1/deliveries/{id}", Look, ""),
    ("POST", "/api/v1/deliveries/{id}/retry", Work, "delivery.retry"),
    ("POST", "/api/v1/deliveries/{id}/cancel", Work, "delivery.cancel"),
    ("POST", "/api/v1/deliveries/{id}/hand-on", Work, "delivery.hand_on"),
    ("POST", "/api/v1/deliveries/retry", Work, "deliveries.retry"),
    ("POST", "/api/v1/deliveries/cancel", Work, "deliveries.cancel"),
    ("GET", "/api/v1/dead-letters", Look, ""),
    ("GET", "/api/v1/dead-letters/export", Look, ""),
    ("POST", "/api/v1/dead-letters/acknowledge", Work, "dead_letters.acknowledge"),
    ("DELETE", "/api/v1/dead-letters/acknowledge", Work, "dead_letters.unacknowledge"),
    ("GET", "/api/v1/dead-letters/{id}", Look, ""),
    ("DELETE", "/api/v1/dead-letters/{id}", Work, "dead_letter.discard"),
    ("POST", "/api/v1/dead-letters/{id}/retry", Work, "dead_letter.retry"),
    ("POST", "/api/v1/dead-letters/retry", Work, "dead_letters.retry"),
    ("POST", "/api/v1/dead-letters/discard", Work, "dead_letters.discard"),
    ("GET", "/api/v1/channels", Look, ""),
    ("POST", "/api/v1/channels/{channel}/pause", Work, "channel.pause"),
    ("POST", "/api/v1/channels/{channel}/resume", Work, "channel.resume"),
    ("GET", "/api/v1/jobs", Look, ""),
    ("GET", "/api/v1/jobs/{id}", Look, ""),
    ("POST", "/api/v1/jobs/{id}/cancel", Work, "job.cancel"),
    ("GET", "/api/v1/reservations", Look, ""),
    ("GET", "/api/v1/reservations/{id}", Look, ""),
    ("POST", "/api/v1/reservations/{id}/actions", Work, "reservation.act"),
    ("GET", "/api/v1/handoffs", Look, ""),
    ("GET", "/api/v1/handoffs/{id}", Look, ""),
    ("POST", "/api/v1/handoffs/{id}/actions", Work, "handoff.act"),
    ("GET", "/api/v1/conversations", Look, ""),
    ("GET", "/api/v1/conversations/{id}", Look, ""),
    ("POST", "/api/v1/conversations/{id}/actions", Work, "conversation.act"),
    ("GET", "/api/v1/leads", Look, ""),
    ("GET", "/api/v1/leads/{id}", Look, ""),
    ("GET", "/api/v1/leads/{id}/history", Look, ""),
    ("GET", "/api/v1/mirror", Look, ""),
    ("GET", "/api/v1/alerts", Look, ""),
    ("POST", "/api/v1/alerts/{name}/silence", Work, "alert.silence"),
    ("DELETE", "/api/v1/alerts/{name}/silence", Work, "alert.speak"),
    ("GET", "/api/v1/stats", Look, ""),
    ("GET", "/api/v1/stats/series", Look, ""),
    ("GET", "/api/v1/reports/weekly", Look, ""),
    ("GET", "/reports/weekly", Look, ""),
    ("POST", "/api/v1/reports/weekly/send", Work, "report.send"),
    ("GET", "/api/v1/timers", Look, ""),
    ("GET", "/api/v1/timers/{id}", Look, ""),
    ("POST", "/api/v1/timers/{id}/fire", Work, "timer.fire"),
    ("POST", "/api/v1/timers/{id}/cancel", Work, "timer.cancel"),
    ("POST", "/api/v1/timers/{id}/reschedule", Work, "timer.reschedule"),
    ("POST", "/api/v1/admin/jobs/reminders", Work, "timers.run_reminders"),
    ("POST", "/api/v1/admin/jobs/sla-watch", Work, "timers.run_sla_watch"),
    ("GET", "/api/v1/inbound-log", Look, ""),
    ("GET", "/api/v1/inbound-log/{id}", Look, ""),
    ("POST", "/api/v1/inbound-log/{id}/reprocess", Work, "inbound.reprocess"),
    ("POST", "/api/v1/inbound-log/reprocess", Work, "inbound.reprocess_many"),
    ("GET", "/api/v1/admin/notify/endpoints", Look, ""),
    ("POST", "/api/v1/admin/notify/endpoints", Configure, "endpoint.create"),
    ("GET", "/api/v1/admin/notify/endpoints/{id}", Look, ""),
    ("PATCH", "/api/v1/admin/notify/endpoints/{id}", Configure, "endpoint.change"),
    ("DELETE", "/api/v1/admin/notify/endpoints/{id}", Configure, "endpoint.delete"),
    ("POST", "/api/v1/admin/notify/endpoints/{id}/toggle", Configure, "endpoint.toggle"),
    ("POST", "/api/v1/admin/notify/endpoints/{id}/recover", Work, "endpoint.recover"),
    ("POST", "/api/v1/admin/notify/endpoints/{id}/rotate-secret", Configure, "endpoint.rotate"),
    ("POST", "/api/v1/admin/notify/test/{id}", Work, "endpoint.test"),
    ("GET", "/api/v1/admin/notify/logs", Look, ""),
    ("POST", "/api/v1/admin/check", Work, "check.run"),
    ("POST", "/api/v1/admin/check/server", Server, "check.run_server"),
    ("GET", "/api/v1/admin/system", Server, ""),
    ("GET", "/api/v1/event-types", Look, ""),
    ("GET", "/api/v1/event-types/{name}", Look, ""),
    ("PUT", "/api/v1/event-types/{name}", Configure, "event_type.describe"),
    ("DELETE", "/api/v1/event-types/{name}", Configure, "event_type.forget"),
    ("GET", "/api/v1/admin/templates", Look, ""),
    ("POST", "/api/v1/admin/templates/preview", Work, ""),
    ("POST", "/api/v1/admin/sources/preview", Work, ""),
    ("GET", "/api/v1/admin/tenants", Server, ""),
    ("POST", "/api/v1/admin/tenants", Server, "tenant.create"),
    ("GET", "/api/v1/admin/tenants/{id}", Look, ""),
    ("PATCH", "/api/v1/admin/tenants/{id}", Configure, "tenant.change"),
    ("DELETE", "/api/v1/admin/tenants/{id}", Server, "tenant.delete"),
    ("GET", "/api/v1/admin/tenants/{id}/keys", Look, ""),
    ("POST", "/api/v1/admin/tenants/{id}/keys", Configure, "key.create"),
    ("DELETE", "/api/v1/admin/tenants/{id}/keys/{key}", Configure, "key.revoke"),
];

/// What the portal is made of, by the beginning of its paths.
const PORTAL: [&str; 8] = [
    "/api/v1/session",
    "/api/v1/deliveries",
    "/api/v1/events",
    "/api/v1/dead-letters",
    "/api/v1/jobs/{id}",
    "/api/v1/admin/notify/",
    "/api/v1/stream",
    "/api/v1/stats",
];

/// Where a name is that of a thing: an event type, a tenant, a key.
const THINGS: [&str; 14] = [
    "/api/v1/admin/check",
    "/api/v1/admin/links",
    "/api/v1/admin/notify/endpoints",
    "/api/v1/admin/sources",
    "/api/v1/admin/templates",
    "/api/v1/admin/tenants",
    "/api/v1/alerts",
    "/api/v1/audit",
    "/api/v1/channels",
    "/api/v1/event-types",
    "/api/v1/jobs",
    "/api/v1/mirror",
    "/api/v1/session",
    "/api/v1/stats",
];

/// The tenant's own words, which go out to everybody: a telephone number in them is its own.
const TEMPLATES: &str = "/api/v1/admin/templates";
/// The server's own figures and settings, which are told of nobody.
const SYSTEM: &str = "/api/v1/admin/system";
/// A link is made to be passed on, and is shown this once.
const LINKS: &str = "/api/v1/admin/links";

static TABLE: LazyLock<BTreeMap<&'static str, BTreeMap<&'static str, Access>>> =
    LazyLock::new(|| {
        let mut table = BTreeMap::<_, BTreeMap<_, _>>::new();
        for (method, path, operation, action) in ROUTES {
            let begins = |list: &[&str]| list.iter().any(|start| path.starts_with(start));
            let is_catalogue = path.starts_with("/api/v1/event-types") && *operation == Look;
            let access = Access {
                operation: *operation,
                action,
                in_portal: *operation != Send && (begins(&PORTAL) || is_catalogue),
                names_people: !begins(&THINGS),
                is_nobodys: [LINKS, SYSTEM].contains(path)
                    || *path == TEMPLATES && *operation == Look,
            };
            table.entry(*path).or_default().insert(*method, access);
        }
        table
    });

/// What the route of this method and path is, if it stands in the table.
pub fn known(method: &str, path: &str) -> Option<Access> {
    let method = if method == "HEAD" { "GET" } else { method };
    TABLE.get(path)?.get(method).copied()
}

/// What the route of a request is.
pub(super) fn of_request(method: &Method, extensions: &Extensions) -> Access {
    path(extensions).and_then(|path| known(method.as_str(), path)).unwrap_or(UNKNOWN)
}

/// The path of the route that a request goes to, its variable parts in braces.
pub(super) fn path(extensions: &Extensions) -> Option<&str> {
    extensions.get::<MatchedPath>().map(MatchedPath::as_str)
}
