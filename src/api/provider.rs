//! What a delivery's provider said of it after it had taken it, as it is shown with the delivery.

use serde_json::{Map, Value, json};
use sereno_actors::endpoint::of_delivery_id;
use sereno_actors::ledger::{Ledger, LedgerError};
use sereno_workflows::id::TenantId;
use sereno_workflows::time::Timestamp;

/// Adds `provider_status`, `provider_message_id`, `provider_error` and the times to a shown delivery that
/// went over WhatsApp.
pub(super) fn add_provider(
    ledger: &Ledger,
    tenant: &TenantId,
    shown: &mut Value,
) -> Result<(), LedgerError> {
    let Some(map) = shown.as_object_mut() else { return Ok(()) };
    let is_whatsapp = map.get("channel").and_then(Value::as_str) == Some("whatsapp");
    let delivery = map.get("id").and_then(Value::as_str).and_then(of_delivery_id);
    if let Some(delivery) = delivery.filter(|_| is_whatsapp) {
        let word = ledger.provider_word(tenant, delivery)?;
        let mut times = Map::new();
        let mut error = Value::Null;
        let mut latest = None;
        for (status, said) in &word.statuses {
            // Word that is repeated may have another time; nothing was read before it was sent.
            let at = match status.is_good() {
                true => *latest.insert(latest.map_or(said.at, |at: Timestamp| at.max(said.at))),
                false => said.at,
            };
            times.insert(format!("{}_at", status.as_str()), json!(at.to_rfc3339()));
            if !status.is_good() {
                error = json!({"code": said.code, "message": said.error});
            }
        }
        let accepted = word.message_id.as_ref().map(|_| "accepted");
        let status = word.statuses.last().map(|(status, _)| status.as_str()).or(accepted);
        map.insert("provider_status".to_owned(), json!(status));
        map.insert("provider_message_id".to_owned(), json!(word.message_id));
        map.insert("provider_times".to_owned(), Value::Object(times));
        map.insert("provider_error".to_owned(), error);
    }
    Ok(())
}
