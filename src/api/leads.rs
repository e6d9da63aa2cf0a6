//! Leads: the people who write, call, book and buy, and all that happened to each.
//!
//! Of whom nothing but a booking is known there is no state yet; they are listed after the others, under the
//! id that they will have.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};
use sereno_actors::ledger::timeline::Owner;
use sereno_actors::limits;
use sereno_actors::record::StateRecord;
use sereno_actors::view::TenantView;
use sereno_workflows::id::{EntityKind, Sequence};
use sereno_workflows::lead::{Lead, Name};
use sereno_workflows::time::Timestamp;

use super::App;
use super::aside::aside;
use super::error::Problem;
use super::history::show_line;
use super::request::{Caller, InPath, ListQuery};
use super::rows::Rows;

const LIST: &str = "lead";
/// Where the list goes on with those of whom only a number is known.
const NUMBERS: &str = "lead-number";

/// `GET /api/v1/leads`: in the order of their ids, by `opted_out, campaign, wa_number_hash`.
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: ListQuery,
) -> Result<Response, Problem> {
    aside(caller.tenant.clone(), move || page(&app, &caller, &query)).await
}

/// `GET /api/v1/leads/{id}`.
pub async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
) -> Result<Json<Value>, Problem> {
    aside(caller.tenant.clone(), move || {
        let view = app.engine.view(&caller.tenant)?;
        let mut shown = match find(&app, &view, &id)? {
            Person::Lead(lead) => show_lead(&lead, &view),
            Person::Number(number) => show_number(&app, &id, &number, &view)?,
        };
        if let Some(map) = shown.as_object_mut() {
            map.insert("ok".to_owned(), Value::from(true));
        }
        Ok(Json(shown))
    })
    .await
}

/// `GET /api/v1/leads/{id}/history`: everything that happened, from the newest down.
pub async fn history(
    State(app): State<Arc<App>>,
    caller: Caller,
    InPath(id): InPath<String>,
    query: ListQuery,
) -> Result<Json<Value>, Problem> {
    aside(caller.tenant.clone(), move || {
        query.only(&["from", "to"])?;
        let view = app.engine.view(&caller.tenant)?;
        let owners = match find(&app, &view, &id)? {
            Person::Lead(lead) => Owner::all_of(&lead),
            Person::Number(number) => vec![Owner::always(&number)],
        };
        let (from, to) = query.from_to()?;
        let range = from..query.before()?.min(to);
        let lines = app.engine.ledger().timeline(&caller.tenant, &owners, range, query.limit)?;
        let last = lines.last().filter(|_| lines.len() == query.limit);
        let next_cursor = last.map(|(place, _)| place.to_text());
        let shown = lines.iter().map(|line| show_line(&app, &view, line));
        let items = shown.collect::<Result<Vec<_>, _>>()?;
        Ok(Json(json!({"ok": true, "items": items, "next_cursor": next_cursor})))
    })
    .await
}

/// Somebody.
enum Person {
    Lead(Box<Lead>),
    /// Of whom nothing but what stands under this number is known.
    Number(String),
}

fn find(app: &App, view: &TenantView, id: &str) -> Result<Person, Problem> {
    let ledger = app.engine.ledger();
    if let Some(lead) = ledger.lead(&view.id, id)? {
        return Ok(Person::Lead(Box::new(lead)));
    }
    let missing = || Problem::not_found(LIST);
    let number = view.lead_key().number_of(id).ok_or_else(missing)?;
    let owners = [Owner::always(&number)];
    let all = Sequence(0)..Sequence(u64::MAX);
    let lines = ledger.timeline(&view.id, &owners, all, 1)?;
    lines.first().map(|_| Person::Number(number)).ok_or_else(missing)
}

fn page(app: &App, caller: &Caller, query: &ListQuery) -> Result<Response, Problem> {
    query.only(&["opted_out", "campaign", "wa_number_hash"])?;
    query.one_of("opted_out", &["true", "false"])?;
    let view = app.engine.view(&caller.tenant)?;
    let numbers = query.after(NUMBERS).ok().flatten();
    let mut rows = Rows::new(query.limit);
    let mut looked_at = 0;
    let mut after = if numbers.is_some() { None } else { query.after(LIST)? };
    while numbers.is_none() {
        let ledger = app.engine.ledger();
        let states =
            ledger.states(&caller.tenant, EntityKind::Lead, after.as_deref(), query.limit)?;
        let full = states.len() == query.limit;
        looked_at += states.len();
        for state in states {
            let StateRecord::Lead(lead) = state else { continue };
            after = Some(lead.id.clone());
            if wanted(&lead, query, &view) {
                rows.push(&show_lead(&lead, &view));
            }
            if rows.is_full() {
                break;
            }
        }
        if rows.is_full() || looked_at >= limits::SCAN_ROWS_MAX {
            let next = after.as_deref().map(|id| ListQuery::cursor_after(LIST, id));
            return Ok(rows.answer(next));
        }
        if !full {
            break;
        }
    }
    let next = add_numbers(app, &view, query, numbers, &mut rows)?;
    Ok(rows.answer(next))
}

/// Adds those of whom only a number is known; answers where the list goes on.
fn add_numbers(
    app: &App,
    view: &TenantView,
    query: &ListQuery,
    after: Option<String>,
    rows: &mut Rows,
) -> Result<Option<String>, Problem> {
    if query.get("campaign").is_some() || query.get("opted_out") == Some("true") {
        return Ok(None);
    }
    let (ledger, key) = (app.engine.ledger(), view.lead_key());
    // The cursor holds the id, which hides the number.
    let mut number = after.as_deref().and_then(|id| key.number_of(id));
    for _ in 0..limits::SCAN_ROWS_MAX {
        let Some(next) = ledger.next_number(&view.id, number.as_deref())? else { return Ok(None) };
        if rows.is_full() {
            let id = number.as_deref().and_then(|number| key.of_number(number));
            return Ok(Some(ListQuery::cursor_after(NUMBERS, &id.unwrap_or_default())));
        }
        let name = Name::Phone(next.clone());
        let (known, id) = (ledger.find_lead(&view.id, &name)?, key.of_number(&next));
        let hash = view.policy.phone_hash.of(&next);
        let fits = query.get("wa_number_hash").is_none_or(|wanted| wanted == hash);
        if let (None, Some(id), true) = (known, id, fits) {
            // Who has left the number behind may have its id all the same.
            if ledger.lead(&view.id, &id)?.is_none() {
                rows.push(&show_number(app, &id, &next, view)?);
            }
        }
        number = Some(next);
    }
    let id = number.as_deref().and_then(|number| key.of_number(number));
    Ok(id.map(|id| ListQuery::cursor_after(NUMBERS, &id)))
}

fn wanted(lead: &Lead, query: &ListQuery, view: &TenantView) -> bool {
    let hash = || lead.phone().map(|number| view.policy.phone_hash.of(number));
    query.get("opted_out").is_none_or(|wanted| (wanted == "true") == lead.opted_out.is_some())
        && query.get("campaign").is_none_or(|wanted| lead.campaign.as_deref() == Some(wanted))
        && query.get("wa_number_hash").is_none_or(|wanted| hash().as_deref() == Some(wanted))
}

fn show_lead(lead: &Lead, view: &TenantView) -> Value {
    let hash = |number: &str| view.policy.phone_hash.of(number);
    let opted_out = lead.opted_out.as_ref();
    let opted_out = opted_out.map(|out| json!({"at": out.at.to_rfc3339(), "how": out.how}));
    json!({
        "lead_id": lead.id,
        "name": lead.name,
        "locale": lead.locale,
        "user_ids": lead.user_ids,
        "wa_number_hash": lead.phone().map(hash),
        "former_wa_number_hashes": lead.phones.iter().filter(|held| held.until.is_some())
            .map(|held| hash(&held.number)).collect::<Vec<_>>(),
        "first_seen_at": lead.first_seen.to_rfc3339(),
        "last_seen_at": lead.last_seen.to_rfc3339(),
        "source": lead.source,
        "campaign": lead.campaign,
        "opted_out": opted_out,
        "conversation_id": lead.conversation,
        "messages": lead.messages,
        "conversations": lead.conversations,
        "calls": lead.calls,
        "orders": lead.orders,
        "merged_into": lead.merged_into,
    })
}

/// Of whom nothing but a number was known, and whom they turned out to be since, if that is somebody.
fn show_number(app: &App, id: &str, number: &str, view: &TenantView) -> Result<Value, Problem> {
    let ledger = app.engine.ledger();
    let known = ledger.known_by_number(&view.id, number)?;
    let turned_out = ledger.find_lead_now(&view.id, &Name::Phone(number.to_owned()))?;
    let moment = |at: Timestamp| at.to_rfc3339();
    Ok(json!({
        "lead_id": id,
        "name": known.as_ref().and_then(|known| known.name.as_deref()),
        "locale": known.as_ref().and_then(|known| known.locale.as_deref()),
        "user_ids": [],
        "wa_number_hash": view.policy.phone_hash.of(number),
        "former_wa_number_hashes": [],
        "first_seen_at": known.as_ref().map(|known| moment(known.first_seen)),
        "last_seen_at": known.as_ref().map(|known| moment(known.last_seen)),
        "source": null,
        "campaign": null,
        "opted_out": null,
        "conversation_id": null,
        "messages": 0,
        "conversations": 0,
        "calls": 0,
        "orders": 0,
        "merged_into": turned_out,
    }))
}
