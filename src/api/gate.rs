//! The gate of inbound webhooks: whether there is room for a request, and what becomes of what is refused.
//!
//! ```text
//!  body -> genuine? (401) -> its sender's share, the address's share (429) -> kept -> 200
//! ```
//! Shares are counted once a request is known to be genuine: otherwise anybody could use up what belongs to
//! the real sender. For the same reason a sender whose other requests were refused is still believed when it
//! signs. What is refused is bounded by its sender, and kept in the inbound log with the reason, as far as
//! there is room there; beyond, it is counted.

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use sereno_actors::engine::{Later, Letter};
use sereno_workflows::id::TenantId;
use sereno_workflows::inbound::Road;
use sereno_workflows::masking::{HIDDEN, may_name_somebody};
use sereno_workflows::source::{Source, Verifier};
use sereno_workflows::trace::TraceContext;

use super::App;
use super::address::counted_as;
use super::error::Problem;
use super::inbound::{Sender, letter};
use super::request::read_body;

/// One address of a tenant's, and who sends to it.
pub(super) struct Gate<'a> {
    pub(super) app: &'a App,
    pub(super) tenant: &'a TenantId,
    pub(super) road: Road,
    /// The source whose address it is.
    pub(super) source: Option<&'a Source>,
    pub(super) sender: Sender,
    /// The request's place in a trace.
    pub(super) trace: Option<TraceContext>,
}

impl Gate<'_> {
    /// Counts a genuine request against what its sender, and everybody, may send here.
    pub(super) async fn pass(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let limit = self.source.and_then(|source| source.limit);
        let place = (self.road.name(), limit);
        match self.app.engine.allow_request(self.tenant, place, &self.counted()) {
            Ok(()) => Ok(()),
            Err(later) => Err(self.too_many(headers, later, "too much is sent here").await),
        }
    }

    /// Refuses a request for this reason, or tells its sender to wait where that was one too many.
    pub(super) async fn refuse(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        problem: Problem,
    ) -> Problem {
        if let Err(later) = self.app.engine.allow_refusal(self.tenant, &self.counted()) {
            let what = "too many requests of this sender are refused";
            return self.too_many(headers, later, what).await;
        }
        let (tenant, road, reason) = (self.tenant, self.road.name(), problem.detail());
        // A stranger's path may hold anything.
        let road = if may_name_somebody(road) { HIDDEN } else { road };
        tracing::warn!(%tenant, road, reason, "an inbound webhook is refused");
        self.note(headers, body, reason).await;
        problem
    }

    /// A request as it is kept.
    pub(super) fn letter<'b>(
        &self,
        headers: &HeaderMap,
        body: &'b [u8],
        refused: Option<&str>,
    ) -> Letter<'b> {
        let mut letter = letter(self.road.clone(), self.sender, headers, body, refused);
        letter.trace.clone_from(&self.trace);
        let shows_secret = self.source.filter(|source| source.verifier == Verifier::Header);
        if let Some(hidden) = shows_secret.and_then(|source| source.header.as_deref()) {
            letter.headers.retain(|(name, _)| !name.eq_ignore_ascii_case(hidden));
        }
        letter
    }

    /// The body; one that does not arrive whole, or is too large, stands in the inbound log.
    pub(super) async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
        let read = read_body(self.app, self.sender, body).await;
        if let Err(problem) = &read
            && problem.is_callers()
        {
            self.note(headers, &[], problem.detail()).await;
        }
        read
    }

    /// Keeps what is refused in the inbound log, or counts it there.
    pub(super) async fn note(&self, headers: &HeaderMap, body: &[u8], reason: &str) {
        let letter = self.letter(headers, body, Some(reason));
        if let Err(error) = self.app.engine.receive(self.tenant, letter).await {
            // It is nothing to who sent it, and there may be any number of them.
            tracing::debug!(%error, "what is refused is not noted");
        }
    }

    async fn too_many(&self, headers: &HeaderMap, Later(wait): Later, what: &str) -> Problem {
        self.note(headers, &[], what).await;
        Problem::too_many(format!("{what}; try again later"), wait)
    }

    fn counted(&self) -> String {
        self.sender.0.map(counted_as).unwrap_or_default()
    }
}
