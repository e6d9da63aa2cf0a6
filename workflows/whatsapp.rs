//! What Meta's WhatsApp Cloud API posts, as things that are understood: messages, statuses, calls, changes
//! of a person's number or id, wishes about marketing, and whatever else the account is told of.
//!
//! One POST holds up to a thousand updates of several kinds and of all the numbers of an app, in no order.
//! Nothing in it is taken for granted: a field may be missing, a number where a text belongs, one thing
//! where a list of things does, and new fields come without notice. Each thing that cannot be understood is
//! left out alone, with the reason.

mod call;
mod handed_on;
mod loose;
mod mend;
mod message;
mod other;
mod person;
mod status;

use serde_json::Value;

use self::loose::{list, text};
use crate::inbound::{Letter, Reading};
use crate::invalid::Invalid;
use crate::policy::Settings;
use crate::time::Timestamp;

/// One change of Meta's envelope: what its things have in common.
struct Change<'a> {
    /// The account.
    account_id: Option<String>,
    /// When the account was told; only some fields have it.
    time: Option<String>,
    /// What it is about.
    field: &'a str,
    /// What it says.
    value: &'a Value,
    /// When the letter came: nothing in it can have happened later.
    received_at: Timestamp,
}

/// Reads a POST for the tenant's line.
pub(crate) fn read(letter: Letter<'_>, settings: &Settings) -> Result<Reading, Invalid> {
    let Some(line) = settings.whatsapp.as_ref() else {
        let problem = "is not set: the tenant has no WhatsApp line";
        return Err(Invalid::new("settings.whatsapp", problem));
    };
    let mut reading = Reading::default();
    let (body, broken) = parse(letter.body, &mut reading)?;
    if list(&body, "entry").next().is_none() {
        return Err(Invalid::new("entry", "is missing: this is not what WhatsApp sends"));
    }
    for entry in list(&body, "entry") {
        for change in list(entry, "changes") {
            if !change.is_object() {
                reading.leave_out(|| "a change is no object".to_owned());
                continue;
            }
            let value = change.get("value").unwrap_or(&Value::Null);
            let field = change.get("field").and_then(Value::as_str);
            let change = Change {
                account_id: text(entry, "/id"),
                time: text(entry, "/time"),
                field: field.unwrap_or_else(|| field_of(value)),
                value,
                received_at: letter.received_at,
            };
            // Meta sends those of all numbers of an app to one address.
            match text(value, "/metadata/phone_number_id") {
                Some(to) if to != line.phone_number_id => reading.leave_out(|| {
                    format!("the phone_number_id {to} is not that of this tenant's line")
                }),
                Some(_) | None => read_change(&mut reading, &change),
            }
        }
    }
    if let Some(broken) = broken.filter(|_| reading.kinds.is_empty()) {
        return Err(broken);
    }
    if reading.meanings.is_empty() && reading.left_out == 0 {
        reading.leave_out(|| "there are no changes in it".to_owned());
    }
    Ok(reading)
}

/// The body as JSON. What is wrong with one thing in it is left out, and the rest is read; with that, what was
/// wrong.
fn parse(body: &[u8], reading: &mut Reading) -> Result<(Value, Option<Invalid>), Invalid> {
    let error = match serde_json::from_slice(body) {
        Ok(value) => return Ok((value, None)),
        Err(error) => Invalid::new("body", format!("is not JSON: {error}")),
    };
    let mended = mend::mended(body);
    let value = mended.as_ref().and_then(|(text, _)| serde_json::from_slice(text).ok());
    for what in mended.iter().flat_map(|(_, said)| said) {
        reading.leave_out(|| (*what).to_owned());
    }
    match value {
        Some(value) => Ok((value, Some(error))),
        None => Err(error),
    }
}

/// The field of a change that does not say it: early payloads of calls did not.
fn field_of(value: &Value) -> &'static str {
    if value.get("calls").is_some() {
        "calls"
    } else if value.get("messages").is_some() || value.get("statuses").is_some() {
        "messages"
    } else {
        "unknown"
    }
}

fn read_change(reading: &mut Reading, change: &Change<'_>) {
    match change.field {
        "messages" | "calls" => {
            for item in list(change.value, "messages") {
                message::read(reading, change, item);
            }
            for item in list(change.value, "statuses") {
                status::read(reading, change, item);
            }
            for item in list(change.value, "calls") {
                call::read(reading, change, item);
            }
            other::errors(reading, change);
        }
        "user_preferences" => person::preferences(reading, change),
        "user_id_update" => person::user_ids(reading, change),
        _ => other::read(reading, change),
    }
}

#[cfg(test)]
mod tests;
