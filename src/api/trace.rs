//! A request's place in a trace: read from its headers, and a span of its own where spans are exported.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::Response;
use sereno_actors::trace::{Fact, Side, Span};
use sereno_workflows::trace::TraceContext;

use super::App;

/// What is asked every few seconds by machines that look whether all is well.
const UNTRACED: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// The place in a trace that a request names; nothing where it names none, or in a way that cannot be read.
fn read(headers: &HeaderMap) -> Option<TraceContext> {
    let mut parents = headers.get_all("traceparent").iter();
    let parent = parents.next()?;
    if parents.next().is_some() {
        // Which of them was meant, nobody can say.
        return None;
    }
    let states = headers.get_all("tracestate").iter();
    // One that is no text spoils them all, as one that cannot be read does.
    let states = states.map(|state| state.to_str().unwrap_or("?"));
    TraceContext::read(parent.to_str().ok()?, states)
}

/// A method by its name, where it is one that everybody knows: callers may write what they like there.
fn known(method: &Method) -> &'static str {
    let found = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
        .into_iter()
        .find(|name| method.as_str() == *name);
    // As OpenTelemetry's conventions for HTTP call all others.
    found.unwrap_or("_OTHER")
}

/// A request's place in a trace, where somebody follows it.
pub struct Traced(pub Option<TraceContext>);

impl FromRequestParts<Arc<App>> for Traced {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, Infallible> {
        let own = parts.extensions.get::<TraceContext>().cloned();
        Ok(Self(own.or_else(|| read(&parts.headers))))
    }
}

/// Puts a request into the trace that it names, or begins one; only where spans are exported.
pub(super) async fn follow(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let Some(tracing) = app.engine.tracing() else { return next.run(request).await };
    if route.as_deref().is_some_and(|route| UNTRACED.contains(&route)) {
        return next.run(request).await;
    }
    let parent = read(request.headers());
    let context = tracing.begin(parent.as_ref());
    request.extensions_mut().insert(context.clone());
    let method = known(request.method());
    let now = app.engine.ledger().now();
    let began = now.micros();
    let response = next.run(request).await;
    if context.is_sampled() {
        let status = response.status();
        let name = match &route {
            Some(route) => format!("{method} {route}"),
            None => method.to_owned(),
        };
        let mut facts = vec![
            ("http.request.method", Fact::from(method)),
            ("http.response.status_code", Fact::Number(status.as_u16().into())),
        ];
        facts.extend(route.map(|route| ("http.route", Fact::ours(route))));
        tracing.put(Span {
            context,
            is_parent_remote: parent.is_some(),
            parent: parent.map(|parent| parent.span),
            name: name.into(),
            side: Side::Server,
            began,
            ended: now.micros(),
            facts,
            failed: status.is_server_error().then_some("the server failed"),
        });
    }
    response
}
