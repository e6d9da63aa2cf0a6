//! Conversations: where they stand, what was wanted, done and seen in them, and every message.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};
use sereno_actors::ledger::timeline::Owner;
use sereno_actors::limits;
use sereno_actors::record::{HistoryKind, HistoryRecord, StateRecord};
use sereno_actors::view::TenantView;
use sereno_workflows::conversation::Conversation;
use sereno_workflows::id::{EntityKind, Sequence};
use sereno_workflows::time::{Span, Timestamp};
use sereno_workflows::why;

use super::App;
use super::aside::aside;
use super::error::Problem;
use super::history::show_line;
use super::request::{Caller, InPath, ListQuery};
use super::rows::Rows;
use super::why::Reader;

mod acting;

pub use self::acting::act;
use self::acting::replies;

const LIST: &str = "conversation";
/// Meta's clock and ours may differ by so much: what is told of a conversation may seem to be before it.
const MARGIN: Span = Span::minutes(10);

/// `GET /api/v1/conversations`: in the order of their ids, by `status, channel, lead_id, held, from, to`.
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: ListQuery,
) -> Result<Response, Problem> {
    aside(caller.tenant.clone(), move || page(&app, &caller, &query)).await
}

/// `GET /api/v1/conversations/{id}`: all of it, with its latest messages and calls, the oldest first;
/// `next_cursor` leads to earlier ones.
pub async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
    query: ListQuery,
    reader: Reader,
) -> Result<Json<Value>, Problem> {
    aside(caller.tenant.clone(), move || detail(&app, &caller, &id, &query, reader)).await
}

fn page(app: &App, caller: &Caller, query: &ListQuery) -> Result<Response, Problem> {
    query.only(&["status", "channel", "lead_id", "held", "from", "to"])?;
    query.one_of("status", &["open", "ended"])?;
    let held = query.one_of("held", &["true", "false"])?.map(|word| word == "true");
    let (from, to) = query.from_to()?;
    let view = app.engine.view(&caller.tenant)?;
    let whose = match query.get("lead_id") {
        Some(id) => Some(all_of(app, &view, id)?),
        None => None,
    };
    let wanted = |talk: &Conversation| {
        let began = Sequence::at(talk.started_at);
        let is = |name: &str, value: Option<&str>| {
            query.get(name).is_none_or(|wanted| value == Some(wanted))
        };
        is("status", Some(talk.status.as_str()))
            && is("channel", talk.channel.as_deref())
            && held.is_none_or(|held| held == talk.held.is_some())
            && whose
                .as_ref()
                .is_none_or(|whose| talk.lead.as_ref().is_some_and(|id| whose.contains(id)))
            && (from..to).contains(&began)
    };
    let mut after = query.after(LIST)?;
    let mut rows = Rows::new(query.limit);
    let mut leads = BTreeMap::new();
    let mut looked_at = 0;
    loop {
        let kind = EntityKind::Conversation;
        let ledger = app.engine.ledger();
        let states = ledger.states(&caller.tenant, kind, after.as_deref(), query.limit)?;
        let full = states.len() == query.limit;
        looked_at += states.len();
        for state in states {
            let StateRecord::Conversation(talk) = state else { continue };
            after = Some(talk.id.clone());
            if wanted(&talk) {
                let lead = lead_of(app, &view, &talk, &mut leads)?;
                rows.push(&summary(&talk, lead.as_deref(), &view));
            }
            if rows.is_full() {
                break;
            }
        }
        let enough = rows.is_full() || looked_at >= limits::SCAN_ROWS_MAX;
        if enough || !full {
            let next_cursor = after.filter(|_| enough).map(|id| ListQuery::cursor_after(LIST, &id));
            return Ok(rows.answer(next_cursor));
        }
    }
}

fn detail(
    app: &App,
    caller: &Caller,
    id: &str,
    query: &ListQuery,
    reader: Reader,
) -> Result<Json<Value>, Problem> {
    query.only(&["lang"])?;
    let view = app.engine.view(&caller.tenant)?;
    let id = app.engine.called(&caller.tenant, id)?;
    let found = app.engine.ledger().conversation(&caller.tenant, &id)?;
    let talk = found.ok_or_else(|| Problem::not_found(LIST))?;
    let (lines, next) = lines(app, caller, &talk, query)?;
    let (mut messages, mut calls, mut history) = (Vec::new(), Vec::new(), Vec::new());
    for line in lines.iter().rev() {
        let shown = show_line(app, &view, line)?;
        match line.1.kind {
            HistoryKind::Received | HistoryKind::Sent => messages.push(shown),
            HistoryKind::Call => calls.push(shown),
            HistoryKind::Reservation
            | HistoryKind::Handoff
            | HistoryKind::Conversation
            | HistoryKind::Order
            | HistoryKind::Person => history.push(shown),
        }
    }
    let lead = lead_of(app, &view, &talk, &mut BTreeMap::new())?;
    let mut shown = summary(&talk, lead.as_deref(), &view);
    let more = json!({
        "ok": true,
        "intents": talk.intents.iter().map(|intent| json!({
            "name": intent.name,
            "confidence": intent.confidence.map(|sure| f64::from(sure) / 10_000.0),
            "at": intent.at.to_rfc3339(),
        })).collect::<Vec<_>>(),
        "actions": talk.actions.iter().map(|action| json!({
            "name": action.name, "success": action.success, "at": action.at.to_rfc3339(),
        })).collect::<Vec<_>>(),
        "products": talk.products.iter().map(|seen| json!({
            "sku": seen.sku, "name": seen.name, "at": seen.at.to_rfc3339(),
        })).collect::<Vec<_>>(),
        "messages": messages,
        "calls": calls,
        "history": history,
        "next_cursor": next.map(Sequence::to_text),
        "reply": replies(app, &view, &talk, lead.as_deref())?,
    });
    if let (Some(map), Value::Object(more)) = (shown.as_object_mut(), more) {
        map.extend(more);
    }
    reader.add(&mut shown, &view, &why::conversation(&talk, &view.policy));
    Ok(Json(shown))
}

/// Lines with their places, the newest first, and where earlier ones begin.
type Lines = (Vec<(Sequence, HistoryRecord)>, Option<Sequence>);

/// The lines of a conversation before the cursor.
fn lines(
    app: &App,
    caller: &Caller,
    talk: &Conversation,
    query: &ListQuery,
) -> Result<Lines, Problem> {
    let ledger = app.engine.ledger();
    let mut owners = vec![Owner::always(&talk.id)];
    if let Some(lead) = &talk.lead {
        match ledger.lead_now(&caller.tenant, lead)? {
            Some(lead) => owners.extend(Owner::all_of(&lead)),
            None => owners.push(Owner::always(lead)),
        }
    }
    let mut before = query.before()?;
    // Its teller's clock may be months behind, or its first message have come a little later than it was sent.
    let start = Sequence::at(talk.started_at.before(MARGIN));
    let mut lines = Vec::new();
    let mut looked_at = 0;
    loop {
        let page = ledger.timeline(&caller.tenant, &owners, start..before, query.limit)?;
        let full = page.len() == query.limit;
        looked_at += page.len();
        for (place, line) in page {
            before = place;
            if line.conversation.as_deref() == Some(&talk.id) {
                lines.push((place, line));
            }
            if lines.len() == query.limit {
                return Ok((lines, Some(before)));
            }
        }
        if !full {
            return Ok((lines, None));
        }
        if looked_at >= limits::SCAN_ROWS_MAX {
            return Ok((lines, Some(before)));
        }
    }
}

/// All under whose ids a lead's conversations stand: its own, and the leads that turned out to be it.
fn all_of(app: &App, view: &TenantView, id: &str) -> Result<BTreeSet<String>, Problem> {
    let lead = app.engine.ledger().lead(&view.id, id)?;
    let merged = lead.map(|lead| lead.merged).unwrap_or_default();
    Ok(merged.into_iter().chain([id.to_owned()]).collect())
}

/// The lead of a conversation, or the one that it turned out to be; those that were looked up are kept.
fn lead_of(
    app: &App,
    view: &TenantView,
    talk: &Conversation,
    known: &mut BTreeMap<String, String>,
) -> Result<Option<String>, Problem> {
    let Some(id) = &talk.lead else { return Ok(None) };
    if let Some(lead) = known.get(id) {
        return Ok(Some(lead.clone()));
    }
    let now = app.engine.ledger().lead_now(&view.id, id)?;
    let lead = now.map_or_else(|| id.clone(), |lead| lead.id);
    known.insert(id.clone(), lead.clone());
    Ok(Some(lead))
}

/// A conversation, as lists show it.
pub(super) fn summary(talk: &Conversation, lead: Option<&str>, view: &TenantView) -> Value {
    let moment = |at: Option<Timestamp>| at.map(Timestamp::to_rfc3339);
    let ends = talk.alarm().filter(|_| talk.held.is_none());
    let idle_at = ends.map(|_| talk.idle_at(&view.policy).to_rfc3339());
    json!({
        "conversation_id": talk.id,
        "status": talk.status.as_str(),
        "channel": talk.channel,
        "lead_id": lead,
        "campaign": talk.campaign,
        "entry_point": talk.entry_point,
        "started_at": talk.started_at.to_rfc3339(),
        "last_received_at": moment(talk.last_received_at),
        "last_sent_at": moment(talk.last_sent_at),
        "ends_if_idle_at": idle_at,
        "ended_at": moment(talk.ended_at),
        "ended_by": talk.ended_by,
        "duration_seconds": talk.duration_seconds(),
        "message_count": talk.message_count(),
        "last_intent": talk.last_intent(),
        "held_by": talk.held.as_ref().map(|held| &held.by),
        "held_at": talk.held.as_ref().map(|held| held.at.to_rfc3339()),
        "held_until": moment(talk.held_until(&view.policy)),
        "escalated": talk.escalated_at.is_some(),
        "escalated_at": moment(talk.escalated_at),
        "escalation_reason": talk.escalated_because,
        "resolution": talk.resolution(),
        "order_id": talk.order,
        "metrics": talk.metrics(),
    })
}
