//! What became of a message of ours, or of a call of ours that rings.

use serde_json::Value;

use super::handed_on::without_numbers;
use super::loose::{error, moment, text};
use super::{Change, call};
use crate::inbound::{Meaning, Reading, Status, clipped};
use crate::provider::ProviderStatus;

/// Bytes of a provider's id of a message; Meta's have about sixty.
const MESSAGE_ID_BYTES_MAX: usize = 256;
/// Bytes of what went wrong.
const ERROR_BYTES_MAX: usize = 300;

/// Reads one status.
pub(super) fn read(reading: &mut Reading, change: &Change<'_>, item: &Value) {
    if text(item, "/type").as_deref() == Some("call") {
        call::status(reading, change, item);
        return;
    }
    let word = text(item, "/status").unwrap_or_default();
    let Some(status) = ProviderStatus::from_word(&word) else {
        reading.leave_out(|| format!("the status '{}' is not known", clipped(&word, 40)));
        return;
    };
    let id = text(item, "/id").filter(|id| id.len() <= MESSAGE_ID_BYTES_MAX);
    let Some(message_id) = id else {
        reading.leave_out(|| "a status names no message".to_owned());
        return;
    };
    let (code, said) = error(item, "/errors/0").unwrap_or_default();
    let status = Status {
        message_id,
        delivery_id: text(item, "/biz_opaque_callback_data"),
        status,
        at: moment(item, "/timestamp", change.received_at),
        code: i32::try_from(code).unwrap_or(-1),
        error: said.map(|said| clipped(&without_numbers(&said), ERROR_BYTES_MAX).to_owned()),
    };
    reading.add(&format!("status.{word}"), Meaning::Status(status));
}
