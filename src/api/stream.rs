//! `GET /api/v1/stream`: what happens, live, as server-sent events (HTML, 9.2).
//!
//! ```text
//!  id: 1f.2.19ac..        where to go on: sent back as Last-Event-ID, after a restart of the server too
//!  event: delivery        event, delivery, state, timer; gap, dropped
//!  data: {"at": …}
//! ```
//! A place is sent with every comment too: the last id that a client knows stays near the present though
//! nothing that it wants happens.

mod filter;
mod words;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts as _, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use sereno_actors::limits::stream as limits;
use sereno_actors::stream::{Page, Place, Refused, Step, Stream};
use sereno_workflows::invalid::Invalid;
use sereno_workflows::time::Span;

use self::filter::Filter;
use super::App;
use super::error::Problem;
use super::request::{Caller, ListQuery};

/// One answer, while it is sent.
struct Sending {
    app: Arc<App>,
    stream: Stream,
    filter: Filter,
    /// The request, to see whether its key or session still holds: when one ended, and from time to time.
    parts: Parts,
    /// The page that is being written out, and how much of it was.
    page: Option<(Arc<Page>, usize)>,
    /// What begins the answer.
    opening: Option<String>,
    looked_at: Instant,
    sent_at: Instant,
    is_over: bool,
}

/// `GET /api/v1/stream`: by `kind, type, endpoint_id, conversation_id, reservation_id, user_id`, from
/// `Last-Event-ID` or `last_event_id` on.
pub async fn follow(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: ListQuery,
    parts: Parts,
) -> Result<Response, Problem> {
    for name in ["limit", "cursor"] {
        if query.get(name).is_some() {
            return Err(Invalid::new(name, "a stream has no pages: leave it out").into());
        }
    }
    let filter = Filter::read(&app, &query, &caller)?;
    let from = last_seen(&parts.headers, &query)?;
    let stream = app.engine.stream(&caller.tenant, from).await?.map_err(refused)?;
    let place = stream.place().to_text();
    let opening = format!("retry: {}\nid: {place}\n\n", limits::RETRY_MS);
    let sending = Sending {
        app,
        stream,
        filter,
        parts,
        page: None,
        opening: Some(opening),
        looked_at: Instant::now(),
        sent_at: Instant::now(),
        is_over: false,
    };
    let chunks = stream::unfold((sending, caller), |(mut sending, caller)| async move {
        let chunk = sending.next(&caller).await?;
        Some((Ok::<_, Infallible>(Bytes::from(chunk)), (sending, caller)))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache, no-transform"),
        // nginx and those who follow it collect an answer otherwise.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, Body::from_stream(chunks)).into_response())
}

/// Behind which place the client wants to go on. `EventSource` sends the header once it has an id, and the
/// query again and again.
fn last_seen(headers: &HeaderMap, query: &ListQuery) -> Result<Option<Place>, Problem> {
    let header = headers.get("last-event-id").map(|value| value.to_str().unwrap_or("?"));
    let text = header.filter(|text| !text.is_empty()).or(query.get("last_event_id"));
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let place = Place::from_text(text).ok_or_else(|| {
        let detail = "Last-Event-ID is no id of this stream: send one that it gave, or leave it out \
                      to begin now";
        Problem::malformed(detail)
    })?;
    Ok(Some(place))
}

fn refused(refused: Refused) -> Problem {
    match refused {
        Refused::TenantFull => {
            let most = limits::STREAMS_PER_TENANT_MAX;
            let detail = format!("at most {most} streams of a tenant at once: close one of them");
            Problem::too_many(detail, Span::seconds(5))
        }
        Refused::Full => {
            let most = limits::STREAMS_MAX;
            let detail = format!("all {most} streams of this server are taken; try again later");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
        }
        Refused::Closed => {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the server is stopping; try again")
        }
    }
}

impl Sending {
    /// What is sent next; nothing at the end.
    async fn next(&mut self, caller: &Caller) -> Option<String> {
        if let Some(opening) = self.opening.take() {
            return Some(opening);
        }
        while !self.is_over {
            if self.stream.must_look() || self.looked_at.elapsed() >= KEEP_ALIVE {
                self.looked_at = Instant::now();
                if !self.may_go_on(caller).await {
                    return None;
                }
            }
            let mut chunk = self.write_page(caller)?;
            if chunk.is_empty() && self.page.is_none() {
                let step = self.stream.next(KEEP_ALIVE).await;
                chunk = self.write(step);
            }
            if chunk.is_empty() && self.sent_at.elapsed() >= KEEP_ALIVE {
                chunk = self.still_here("still here");
            }
            if !chunk.is_empty() {
                self.sent_at = Instant::now();
                return Some(chunk);
            }
            // Whoever wants little of what happens must not keep a thread for himself.
            tokio::task::yield_now().await;
        }
        None
    }

    /// Whether the key that opened the stream still opens this tenant.
    async fn may_go_on(&mut self, caller: &Caller) -> bool {
        let again = Caller::from_request_parts(&mut self.parts, &self.app).await;
        again.is_ok_and(|again| again.tenant == caller.tenant)
    }

    /// Writes out more of the page at hand, as far as it is wanted; nothing once the tenant is gone.
    fn write_page(&mut self, caller: &Caller) -> Option<String> {
        let Some((page, mut index)) = self.page.take() else { return Some(String::new()) };
        let view = self.app.engine.view(&caller.tenant).ok()?;
        let mut chunk = String::new();
        while let Some(happening) = page.happenings.get(index)
            && chunk.len() < limits::CHUNK_BYTES
        {
            index += 1;
            if self.filter.wants(happening) {
                chunk.push_str(happening.told.get_or_init(|| words::told(happening, &view)));
            }
        }
        if index < page.happenings.len() {
            self.page = Some((page, index));
        }
        Some(chunk)
    }

    fn write(&mut self, step: Step) -> String {
        match step {
            Step::Page(page) => {
                self.page = Some((page, 0));
                String::new()
            }
            Step::Gap { from, to } => words::gap(from, to),
            Step::Quiet => self.still_here("still here"),
            Step::Doors => String::new(),
            Step::Dropped => {
                self.is_over = true;
                words::dropped(self.stream.place())
            }
            Step::Ended => {
                self.is_over = true;
                self.still_here("the server stops")
            }
        }
    }

    fn still_here(&self, says: &str) -> String {
        format!(": {says}\nid: {}\n\n", self.stream.place().to_text())
    }
}

/// How often a stream says that it is there.
const KEEP_ALIVE: Duration = Duration::from_millis(limits::KEEP_ALIVE_MS);
