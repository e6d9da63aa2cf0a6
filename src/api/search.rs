//! Events as people find them: page by page, or all of them as lines.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use sereno_actors::engine::Export;
use sereno_actors::limits;
use sereno_actors::record::Source;
use sereno_actors::search::Question;
use sereno_actors::search::standing::Standing;
use sereno_workflows::id::Sequence;
use sereno_workflows::invalid::Invalid;
use sereno_workflows::search::{Query, Types};
use sereno_workflows::time::Span;

use super::App;
use super::aside::aside;
use super::error::Problem;
use super::events::summary;
use super::request::{Caller, ListQuery};
use super::rows::Rows;

/// Events read at once for an export.
const EXPORT_ROWS: usize = 200;
const FILTERS: [&str; 9] =
    ["type", "from", "to", "conversation_id", "user_id", "source", "delivery", "q", "pipeline"];
const STANDINGS: [(&str, Standing); 4] = [
    ("pending", Standing::Pending),
    ("sent", Standing::Sent),
    ("failed", Standing::Failed),
    ("dead", Standing::Dead),
];
/// Bytes of an id in a question.
const ID_BYTES_MAX: usize = 1_000;

/// `GET /api/v1/events`: from the newest down, by `type, from, to, conversation_id, user_id, source,
/// delivery, q, pipeline`.
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: ListQuery,
) -> Result<Response, Problem> {
    let (question, to) = read(&app, &query, &caller)?;
    let before = query.before()?.min(to);
    aside(caller.tenant.clone(), move || {
        let page = app.engine.find(&caller.tenant, &question, before, query.limit)?;
        let mut rows = Rows::new(query.limit);
        for (place, event) in page.events {
            rows.push(&summary(place, &event));
        }
        let indexed_to = page.indexed_to.map(|place| place.moment().to_rfc3339());
        Ok(rows.answer_indexed(indexed_to, page.next.map(Sequence::to_text)))
    })
    .await
}

/// `GET /api/v1/events/export`: all of them by the same filters, the newest first, one JSON object a line.
/// A page is read when the one before it has gone out, so a slow reader costs no more memory than that.
pub async fn export(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: ListQuery,
) -> Result<Response, Problem> {
    let (question, to) = read(&app, &query, &caller)?;
    if query.get("limit").is_some() {
        return Err(Invalid::new("limit", "an export has no pages: leave it out").into());
    }
    let before = query.before()?.min(to);
    let right = begin_export(&app, &caller)?;
    let reader = Arc::new((app, caller, question, right));
    let pages = stream::unfold(Some(before), move |before| {
        let reader = Arc::clone(&reader);
        async move {
            let before = before?;
            match aside(reader.1.tenant.clone(), move || lines(&reader, before)).await {
                Ok((lines, next)) => Some((Ok(lines), next)),
                // The connection breaks off, which the client notices: half a list is not a list.
                Err(_) => Some((Err(std::io::Error::other("the events cannot be read")), None)),
            }
        }
    });
    let name = (header::CONTENT_DISPOSITION, "attachment; filename=\"events.ndjson\"");
    let kind = (header::CONTENT_TYPE, "application/x-ndjson");
    Ok(([kind, name], Body::from_stream(pages)).into_response())
}

/// The right to an export, which lasts as long as its answer.
pub(super) fn begin_export(app: &App, caller: &Caller) -> Result<Export, Problem> {
    app.engine.begin_export(&caller.tenant).ok_or_else(|| {
        let most = limits::answers::EXPORTS_PER_TENANT_MAX;
        let detail = format!("at most {most} exports at once: wait until one of them has ended");
        Problem::too_many(detail, Span::seconds(1))
    })
}

fn lines(
    (app, caller, question, _): &(Arc<App>, Caller, Question, Export),
    before: Sequence,
) -> Result<(String, Option<Sequence>), Problem> {
    let page = app.engine.find(&caller.tenant, question, before, EXPORT_ROWS)?;
    let mut lines = String::new();
    for (place, event) in page.events {
        lines.push_str(&summary(place, &event).to_string());
        lines.push('\n');
    }
    Ok((lines, page.next))
}

fn read(app: &App, query: &ListQuery, caller: &Caller) -> Result<(Question, Sequence), Problem> {
    query.only(&FILTERS)?;
    let set_aside = query.one_of("pipeline", &["quarantined"])?.is_some();
    let source = query.one_of("source", &Source::ALL.map(Source::as_str))?;
    let delivery = query.one_of("delivery", &STANDINGS.map(|(word, _)| word))?;
    let id = |name: &str| match query.get(name) {
        Some(id) if id.len() > ID_BYTES_MAX => {
            Err(Invalid::new(name, format!("at most {ID_BYTES_MAX} bytes")))
        }
        found => Ok(found.map(str::to_owned)),
    };
    let (from, to) = query.from_to()?;
    let names = |id: String| app.engine.names_of(&caller.tenant, &id);
    let question = Question {
        types: Types::read(query.get("type"))?,
        conversation: id("conversation_id")?.map(names).transpose()?.unwrap_or_default(),
        user_id: id("user_id")?,
        source: source.and_then(|word| Source::ALL.into_iter().find(|s| s.as_str() == word)),
        delivery: STANDINGS.into_iter().find(|(word, _)| Some(*word) == delivery).map(|(_, s)| s),
        query: query.get("q").map(Query::read).transpose()?,
        is_masked: caller.sees_masked(),
        set_aside,
        from,
    };
    Ok((question, to))
}
