//! The list of deliveries: from the newest event down, by what each is.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::Value;
use sereno_actors::endpoint::standing::STANDINGS;
use sereno_actors::jobs::choice::Choice;
use sereno_actors::ledger::delivery::Delivered;
use sereno_actors::limits;
use sereno_actors::record::{Answered, EventRecord, Selection};
use sereno_actors::search::Question;
use sereno_actors::view::TenantView;
use sereno_workflows::id::Sequence;
use sereno_workflows::search::{Query, Types};
use sereno_workflows::statistics::Channel;

use super::{Probes, about_customer, about_event, channel, endpoint_number, show_delivery};
use crate::api::aside::aside;
use crate::api::error::Problem;
use crate::api::jobs::types;
use crate::api::request::{Caller, ListQuery};
use crate::api::rows::Rows;
use crate::api::{App, events};

/// What it can be narrowed by.
const FILTERS: [&str; 9] =
    ["status", "endpoint_id", "event_type", "event_id", "channel", "code", "q", "from", "to"];
/// Events that are read at once in search of their deliveries.
const EVENTS_AT_ONCE: usize = 64;

/// `GET /api/v1/deliveries`: by `status, endpoint_id, event_type, event_id, channel, code, q, from, to`.
pub(in crate::api) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: ListQuery,
) -> Result<Response, Problem> {
    query.only(&FILTERS)?;
    query.one_of("status", &STANDINGS)?;
    query.one_of("channel", &Channel::ALL.map(Channel::as_str))?;
    query.one_of("code", &Answered::ALL.map(Answered::as_str))?;
    aside(caller.tenant.clone(), move || page(&app, &caller, &query)).await
}

fn page(app: &App, caller: &Caller, query: &ListQuery) -> Result<Response, Problem> {
    let ledger = app.engine.ledger();
    let view = app.engine.view(&caller.tenant)?;
    let wanted = Selection {
        endpoint: query.get("endpoint_id").map(endpoint_number).transpose()?,
        event_type: query.get("event_type").map(types).transpose()?,
        status: query.get("status").map(str::to_owned),
        channel: query.get("channel").and_then(channel),
        answered: query.get("code").and_then(Answered::from_name),
        ..Selection::default()
    };
    let choice = Choice::new(&wanted);
    let (mut from, mut to) = query.from_to()?;
    if let Some(id) = query.get("event_id") {
        let Some(event) = events::find(app, &caller.tenant, id)? else {
            return Ok(Rows::new(0).answer(None));
        };
        (from, to) = (from.max(event), to.min(event.next()));
    }
    let (mut before, after) = place(query, to)?;
    let question = question(caller, query, from)?;
    let mut stretches = choice.stretches(ledger, &view)?;
    let (mut rows, mut probes) = (Rows::new(query.limit), Probes::default());
    let mut looked_at = 0;
    while let Some(stretch) = stretches.before(before)? {
        let end = before.min(stretch.end);
        if end <= from {
            break;
        }
        let some = match &question {
            Some(question) => found(app, caller, question, end)?,
            None => read(app, caller, from.max(stretch.start), end)?,
        };
        for (place, event) in some.events {
            looked_at += 1;
            if !choice.wants_event(&event) || !stretches.has(place)? {
                continue;
            }
            for (to, delivery, status) in ledger.deliveries_of(&caller.tenant, place, &event)? {
                looked_at += 1;
                let is_before = after.is_some_and(|(of, last)| of == place && delivery <= last);
                if is_before || !choice.wants_delivery(&view, (to, delivery), status.as_ref()) {
                    continue;
                }
                let mut item = item(&view, (to, delivery, status), &event);
                probes.add(&mut item, (ledger, &view), to)?;
                rows.push(&item);
                if rows.is_full() {
                    let next = format!("{}{}", place.to_text(), delivery.to_text());
                    return Ok(rows.answer(Some(next)));
                }
            }
            if looked_at >= limits::SCAN_ROWS_MAX {
                return Ok(rows.answer(Some(place.to_text())));
            }
        }
        match some.next {
            Some(next) if !some.looked_enough => before = next,
            next => return Ok(rows.answer(next.map(Sequence::to_text))),
        }
    }
    Ok(rows.answer(None))
}

/// A delivery as it stands in the list.
fn item(view: &TenantView, (to, delivery, status): Delivered, event: &EventRecord) -> Value {
    let mut item = show_delivery(view, to, delivery, status.as_ref());
    about_event(&mut item, &event.id, &event.event_type, delivery);
    about_customer(&mut item, to, &event.body);
    item
}

/// Some events with their places, the newest first.
struct Found {
    events: Vec<(Sequence, EventRecord)>,
    /// Before which there may be more.
    next: Option<Sequence>,
    /// Whether one request may look no further.
    looked_enough: bool,
}

/// What the events are asked for that the search index knows of, if they are.
fn question(
    caller: &Caller,
    query: &ListQuery,
    from: Sequence,
) -> Result<Option<Question>, Problem> {
    let (says, types) = (query.get("q"), query.get("event_type"));
    if says.is_none() && types.is_none() {
        return Ok(None);
    }
    Ok(Some(Question {
        types: Types::read(types)?,
        query: says.map(Query::read).transpose()?,
        from,
        is_masked: caller.sees_masked(),
        ..Question::default()
    }))
}

/// Events before a place of which the search index says that they are what is asked for.
fn found(
    app: &App,
    caller: &Caller,
    question: &Question,
    before: Sequence,
) -> Result<Found, Problem> {
    let page = app.engine.find(&caller.tenant, question, before, EVENTS_AT_ONCE)?;
    let looked_enough = page.events.len() < EVENTS_AT_ONCE;
    Ok(Found { events: page.events, next: page.next, looked_enough })
}

/// All events between two places.
fn read(app: &App, caller: &Caller, from: Sequence, before: Sequence) -> Result<Found, Problem> {
    let ledger = app.engine.ledger();
    let events = ledger.events(&caller.tenant, before, from, EVENTS_AT_ONCE)?;
    let next = Some(events.last().map_or(from, |(place, _)| *place));
    Ok(Found { events, next, looked_enough: false })
}

/// The event before which the list goes on, or the one inside which, and after which delivery.
fn place(
    query: &ListQuery,
    to: Sequence,
) -> Result<(Sequence, Option<(Sequence, Sequence)>), Problem> {
    let Some(cursor) = query.get("cursor") else { return Ok((to, None)) };
    let (event, delivery) = cursor.split_at_checked(13).ok_or_else(|| query.bad_cursor())?;
    let event = Sequence::from_text(event).ok_or_else(|| query.bad_cursor())?;
    if delivery.is_empty() {
        return Ok((event.min(to), None));
    }
    let delivery = Sequence::from_text(delivery).ok_or_else(|| query.bad_cursor())?;
    Ok((event.next().min(to), Some((event, delivery))))
}
