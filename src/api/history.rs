//! Lines of a person's history as they are shown: what was said, of which booking, and how ours arrived.

use serde_json::{Map, Value, json};
use sereno_actors::record::{HistoryKind, HistoryRecord};
use sereno_actors::view::TenantView;
use sereno_workflows::id::{EndpointId, Sequence};

use super::App;
use super::deliveries::show_delivery;
use super::error::Problem;
use super::provider::add_provider;

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
