//! Lines of a person's history as they are shown: what was said, of which booking, and how ours arrived.

use serde_json::{Map, Value, json};
use sereno_actors::record::{HistoryKind, HistoryRecord};
use sereno_actors::view::TenantView;
use sereno_workflows::conversation::SENT;
use sereno_workflows::event::{BY_PERSON, is_by_person};
use sereno_workflows::id::{EndpointId, Sequence};

use super::App;
use super::deliveries::show_delivery;
use super::error::Problem;
use super::events;
use super::provider::add_provider;

/// Who wrote what was said.
const CUSTOMER: &str = "customer";
const ASSISTANT: &str = "assistant";

/// A line; a message of ours with its delivery's and its provider's status.
pub(super) fn show_line(
    app: &App,
    view: &TenantView,
    (place, line): &(Sequence, HistoryRecord),
) -> Result<Value, Problem> {
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            shown.insert(name.to_owned(), value);
        }
    };
    put("id", json!(place.to_text()));
    put("at", json!(line.at.to_rfc3339()));
    put("kind", json!(line.kind.as_str()));
    put("event_type", json!(Some(&line.event_type).filter(|text| !text.is_empty())));
    put("event_id", json!(Some(&line.event_id).filter(|text| !text.is_empty())));
    put("conversation_id", json!(line.conversation));
    put("text", json!(line.text));
    put("by", json!(author(app, view, line)?));
    let about = match line.kind {
        HistoryKind::Received | HistoryKind::Sent => "message_id",
        HistoryKind::Call => "call_id",
        HistoryKind::Reservation => "reservation_id",
        HistoryKind::Order => "order_id",
        HistoryKind::Handoff | HistoryKind::Conversation | HistoryKind::Person => "about",
    };
    put(about, json!(line.about));
    if let Some((event, delivery)) = line.event.zip(line.delivery) {
        let ledger = app.engine.ledger();
        let status = ledger.status(&view.id, event, delivery)?;
        let mut sent = show_delivery(view, EndpointId::CUSTOMERS, delivery, status.as_ref());
        add_provider(ledger, &view.id, &mut sent)?;
        put("delivery", sent);
    }
    Ok(Value::Object(shown))
}

/// Who wrote a message: the customer, the assistant, or the person whose name its event has.
fn author(app: &App, view: &TenantView, line: &HistoryRecord) -> Result<Option<String>, Problem> {
    match line.kind {
        HistoryKind::Received => return Ok(Some(CUSTOMER.to_owned())),
        HistoryKind::Sent => {}
        HistoryKind::Call
        | HistoryKind::Reservation
        | HistoryKind::Handoff
        | HistoryKind::Conversation
        | HistoryKind::Order
        | HistoryKind::Person => return Ok(None),
    }
    let place = match line.event {
        Some(place) => Some(place),
        None => events::find(app, &view.id, &line.event_id)?,
    };
    let event = match place {
        Some(place) => app.engine.ledger().event(&view.id, place)?,
        None => None,
    };
    // Of an event that is no longer kept it is not known.
    let Some(event) = event else { return Ok(None) };
    let body: Value = serde_json::from_slice(&event.body).unwrap_or_default();
    let data = body.get("data").and_then(Value::as_object);
    let by_person = data.filter(|data| event.event_type == SENT && is_by_person(data));
    let name = by_person.map(|data| data.get("by").and_then(Value::as_str).unwrap_or(BY_PERSON));
    Ok(Some(name.unwrap_or(ASSISTANT).to_owned()))
}
