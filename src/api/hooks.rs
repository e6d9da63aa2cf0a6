//! Signed deliveries of a tenant's sources: verified over the raw bytes, kept as they came, read afterwards.
//!
//! A source has an address of its own. Two roads have a fixed one, and take what any of the sources with
//! their verifier proves: ours (row B05) and Bird's.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use sereno_actors::engine::Arrival;
use sereno_actors::intake::inbound_id;
use sereno_actors::limits::SOURCES_TRIED_MAX;
use sereno_actors::source;
use sereno_actors::verifier::{self, Mark, Shown};
use sereno_actors::view::TenantView;
use sereno_workflows::id::TenantId;
use sereno_workflows::inbound::{Road, clipped};
use sereno_workflows::source::{NAME_BYTES_MAX, Source, Verifier};
use sereno_workflows::trace::TraceContext;

use super::App;
use super::error::Problem;
use super::gate::Gate;
use super::inbound::Sender;
use super::request::{InPath, discard_body};
use super::trace::Traced;

/// A source that a request may be of, with its name.
type Candidate<'a> = (&'a str, &'a Source);

/// Where a request came in, and who sent it.
struct Place<'a> {
    app: &'a Arc<App>,
    view: &'a TenantView,
    sender: Sender,
    trace: Option<TraceContext>,
    /// As what it is logged that is of no source.
    road: Road,
    /// What its sender is told where there is no source that it could be of.
    missing: Problem,
}

/// `POST /webhooks/in/{tenant}/{source}`.
pub async fn receive(
    State(app): State<Arc<App>>,
    InPath((tenant, name)): InPath<(String, String)>,
    sender: Sender,
    traced: Traced,
    request: Request,
) -> Result<Response, Problem> {
    // Whether the tenant, the source or its permission is missing is nobody's business.
    let missing = Problem::not_found("source");
    let view = view(&app, &tenant).map_err(|_| missing.clone())?;
    let found = view.policy.settings.sources.get_key_value(&name);
    let found: Vec<Candidate<'_>> =
        found.into_iter().filter(|(_, source)| source.enabled).map(|(n, s)| (&**n, s)).collect();
    let road = Road::Source(clipped(&name, NAME_BYTES_MAX).to_owned());
    let Traced(trace) = traced;
    let place = Place { app: &app, view: &view, sender, trace, road, missing };
    place.take(&found, request).await
}

/// `POST /bird/events/webhook`: of the tenant that `?tenant=` or `X-Tenant` names, or of `default`.
pub async fn receive_event(
    State(app): State<Arc<App>>,
    sender: Sender,
    traced: Traced,
    request: Request,
) -> Result<Response, Problem> {
    let query = Query::<BTreeMap<String, String>>::try_from_uri(request.uri());
    let in_query = query.ok().and_then(|Query(mut query)| query.remove("tenant"));
    let in_header = || {
        let value = request.headers().get("x-tenant")?;
        Some(value.to_str().unwrap_or_default().to_owned())
    };
    let tenant = in_query.or_else(in_header).unwrap_or_else(|| "default".to_owned());
    let fits = |verifier| verifier == Verifier::Sereno;
    shared(&app, &tenant, fits, (sender, traced), request).await
}

/// `POST /webhooks/bird/{tenant}`.
pub async fn receive_bird(
    State(app): State<Arc<App>>,
    InPath(tenant): InPath<String>,
    sender: Sender,
    traced: Traced,
    request: Request,
) -> Result<Response, Problem> {
    let fits = |verifier| matches!(verifier, Verifier::Bird | Verifier::BirdJwt);
    shared(&app, &tenant, fits, (sender, traced), request).await
}

/// Takes a request at an address of all sources with such a verifier.
async fn shared(
    app: &Arc<App>,
    tenant: &str,
    fits: impl Fn(Verifier) -> bool,
    (sender, Traced(trace)): (Sender, Traced),
    request: Request,
) -> Result<Response, Problem> {
    let view = view(app, tenant)?;
    let sources = view.policy.settings.sources.iter();
    let found = sources.filter(|(_, source)| source.enabled && fits(source.verifier));
    let found: Vec<Candidate<'_>> =
        found.take(SOURCES_TRIED_MAX).map(|(name, source)| (&**name, source)).collect();
    let road = match found.as_slice() {
        [(name, _)] => Road::Source((*name).to_owned()),
        _ => Road::Bird,
    };
    let missing = Problem::new(
        StatusCode::UNAUTHORIZED,
        "the settings name no source that could verify this: add one to sources, with its verifier and \
         secret",
    );
    Place { app, view: &view, sender, trace, road, missing }.take(&found, request).await
}

fn view(app: &App, tenant: &str) -> Result<Arc<TenantView>, Problem> {
    let tenant: TenantId = tenant.parse().map_err(|_| Problem::not_found("tenant"))?;
    Ok(app.engine.view(&tenant)?)
}

impl Place<'_> {
    /// Takes a request as of the first of these sources that it proves to be of.
    async fn take(
        self,
        candidates: &[Candidate<'_>],
        request: Request,
    ) -> Result<Response, Problem> {
        let (parts, body) = request.into_parts();
        let headers = &parts.headers;
        let only = if let [(_, only)] = candidates { Some(*only) } else { None };
        let gate = self.gate(self.road.clone(), only);
        if candidates.is_empty() {
            discard_body(body).await;
            return Err(gate.refuse(headers, &[], self.missing.clone()).await);
        }
        let body = gate.read(headers, body).await?;
        let now = self.app.engine.ledger().now().timestamp();
        let shown = Shown { headers, query: parts.uri.query(), body: &body, now };
        let mut reasons = Vec::new();
        for &(name, source) in candidates {
            match verifier::verify(source, &shown) {
                Ok(mark) => {
                    let gate = self.gate(Road::Source(name.to_owned()), Some(source));
                    return self.keep(&gate, source, &shown, mark).await;
                }
                Err(refused) => reasons.push(refused.to_string()),
            }
        }
        reasons.dedup();
        let problem = Problem::new(StatusCode::UNAUTHORIZED, reasons.join("; or "));
        Err(gate.refuse(headers, &body, problem).await)
    }

    /// Keeps a genuine delivery, unless it came before, and answers its sender.
    async fn keep(
        &self,
        gate: &Gate<'_>,
        source: &Source,
        shown: &Shown<'_>,
        mark: Option<Mark>,
    ) -> Result<Response, Problem> {
        let Shown { headers, body, now, .. } = *shown;
        gate.pass(headers).await?;
        if let Err(invalid) = source::admit(self.view, source, body, now) {
            let problem = Problem::malformed(invalid.to_string());
            return Err(gate.refuse(headers, body, problem).await);
        }
        let again_is_refused = mark.as_ref().is_some_and(|mark| mark.refused);
        let letter = gate.letter(headers, body, None);
        let arrival = self.app.engine.receive_once(&self.view.id, letter, mark).await?;
        match arrival {
            Arrival::Before(place) if again_is_refused => {
                let first = inbound_id(place);
                let reason = format!(
                    "this signature came before, as {first}: a sender that tries again signs anew"
                );
                let problem = Problem::new(StatusCode::UNAUTHORIZED, reason);
                Err(gate.refuse(headers, body, problem).await)
            }
            Arrival::Before(place) => Ok(answer(source.verifier, body, &inbound_id(place), true)),
            Arrival::Kept(place) => Ok(answer(source.verifier, body, &inbound_id(place), false)),
        }
    }

    fn gate<'a>(&'a self, road: Road, source: Option<&'a Source>) -> Gate<'a> {
        let (sender, trace) = (self.sender, self.trace.clone());
        Gate { app: self.app, tenant: &self.view.id, road, source, sender, trace }
    }
}

/// What a sender is told: what its own rules ask for, or which letter it is.
fn answer(verifier: Verifier, body: &[u8], id: &str, duplicate: bool) -> Response {
    match verifier {
        // Anything else than TwiML is an error to it.
        Verifier::Twilio => {
            ([(header::CONTENT_TYPE, "application/xml")], "<Response></Response>").into_response()
        }
        Verifier::Slack => match source::challenge(body) {
            Some(challenge) => challenge.into_response(),
            None => StatusCode::OK.into_response(),
        },
        _ => Json(json!({"ok": true, "id": id, "duplicate": duplicate})).into_response(),
    }
}
