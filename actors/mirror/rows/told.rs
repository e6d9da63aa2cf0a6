//! Rows of what happened: an event, and the message or the call that it tells of.

use serde_json::{Map, Value, json};
use sereno_workflows::id::Sequence;
use sereno_workflows::provider::ProviderStatus;
use sereno_workflows::time::Timestamp;

use super::{Rows, Table, Ties, Whose, id_in, key, moment};
use crate::endpoint::delivery_id;
use crate::ledger::provider::ProviderWord;
use crate::record::{EventRecord, ReceiptRecord};

/// What went out over a line that tells more of it later.
pub(in crate::mirror) struct Sent<'a> {
    pub(in crate::mirror) delivery: Sequence,
    pub(in crate::mirror) receipt: &'a ReceiptRecord,
    pub(in crate::mirror) word: &'a ProviderWord,
    /// The event that it went with, while that is kept.
    pub(in crate::mirror) event: Option<&'a EventRecord>,
    /// To whom it went, where that is known.
    pub(in crate::mirror) to: Option<&'a str>,
    /// Whose number that is.
    pub(in crate::mirror) lead: Option<&'a str>,
    /// What it said, while that is kept.
    pub(in crate::mirror) text: Option<&'a str>,
}

/// What an event tells, and what it names.
pub(in crate::mirror) struct Told {
    data: Map<String, Value>,
    pub(in crate::mirror) ties: Ties,
}

impl Told {
    /// Reads an event's body.
    pub(in crate::mirror) fn of(event: &EventRecord) -> Self {
        let body: Value = serde_json::from_slice(&event.body).unwrap_or_default();
        let data = body.get("data").and_then(Value::as_object).cloned().unwrap_or_default();
        let mut ties = Ties::of(&data);
        // Some that came in from outside were looked up on their way.
        let found = event.story.as_ref().and_then(|story| story.enriched.user.clone());
        ties.lead = ties.lead.or(found.filter(|id| id.starts_with("lead_")));
        Self { data, ties }
    }
}

impl Rows {
    /// An event, and the message or call that it tells of.
    pub(in crate::mirror) fn event(
        &mut self,
        whose: &Whose<'_>,
        sequence: Sequence,
        event: &EventRecord,
        Told { data, ties }: &Told,
    ) {
        match event.event_type.as_str() {
            "whatsapp.message.received" => {
                self.heard(whose, ("in", "whatsapp"), sequence, event, (data, ties));
            }
            "conversation.message.received" => {
                self.heard(whose, ("in", "conversation"), sequence, event, (data, ties));
            }
            "conversation.message.sent" => {
                self.heard(whose, ("out", "conversation"), sequence, event, (data, ties));
            }
            other => {
                if let Some(word) = other.strip_prefix("whatsapp.call.") {
                    self.call(whose, word, sequence, event, (data, ties));
                }
            }
        }
        let row = json!({
            "tenant": whose.tenant.as_str(),
            "sequence": sequence.0,
            "event_id": event.id,
            "event_type": event.event_type,
            "occurred_at": moment(event.at),
            "recorded_at": moment(sequence.moment()),
            "source": event.source.as_str(),
            "entity": event.entity.as_ref().map(ToString::to_string),
            "ignored": event.ignored,
            "caused_by": event.cause.map(|cause| cause.0),
            "lead_id": ties.lead,
            "conversation_id": ties.conversation,
            "user_id": ties.user,
            "phone_hash": ties.phone_hash,
            "data": data,
        });
        self.put(Table::Events, key(whose, &format!("{:020}", sequence.0)), row);
    }

    /// A message of which an event tells.
    fn heard(
        &mut self,
        whose: &Whose<'_>,
        (direction, channel): (&str, &str),
        sequence: Sequence,
        event: &EventRecord,
        (data, ties): (&Map<String, Value>, &Ties),
    ) {
        let message = data.get("message");
        let inside = message.or_else(|| data.get("content")).and_then(Value::as_object);
        let id = id_in(data, "message_id").or_else(|| id_in(inside?, "id"));
        let id = id.unwrap_or_else(|| event.id.clone());
        let text = ["text", "content", "body"].into_iter().find_map(|name| {
            let own = data.get(name).or_else(|| inside?.get(name));
            own.and_then(Value::as_str)
        });
        let kind = id_in(data, "type").or_else(|| id_in(inside?, "type"));
        let row = json!({
            "tenant": whose.tenant.as_str(),
            "message_id": id,
            "direction": direction,
            "channel": id_in(data, "channel").unwrap_or_else(|| channel.to_owned()),
            "type": kind,
            "text": text.or_else(|| message.and_then(Value::as_str)),
            "status": if direction == "in" { "received" } else { "sent" },
            "provider_message_id": (channel == "whatsapp").then_some(&id),
            "lead_id": ties.lead,
            "conversation_id": ties.conversation,
            "user_id": ties.user,
            "phone_hash": ties.phone_hash,
            "event_sequence": sequence.0,
            "occurred_at": moment(event.at),
            "data": data,
            "version": sequence.0,
        });
        self.put(Table::Messages, key(whose, &id), row);
    }

    /// A message that we sent.
    pub(in crate::mirror) fn sent(
        &mut self,
        whose: &Whose<'_>,
        version: Sequence,
        sent: &Sent<'_>,
    ) {
        let at = |wanted: ProviderStatus| {
            let said = sent.word.statuses.iter().find(|(status, _)| *status == wanted);
            said.map(|(_, said)| moment(said.at))
        };
        let latest = sent.word.statuses.last();
        let status = match latest {
            Some((status, _)) => status.as_str(),
            None if sent.receipt.message_id.is_empty() => "retrying",
            None => "accepted",
        };
        let error = sent.word.statuses.iter().find_map(|(_, said)| said.error.clone());
        let error = error.filter(|_| latest.is_some_and(|(status, _)| !status.is_good()));
        let body: Value = sent
            .event
            .and_then(|event| serde_json::from_slice(&event.body).ok())
            .unwrap_or_default();
        let data = body.get("data").and_then(Value::as_object).cloned().unwrap_or_default();
        let ties = Ties::of(&data);
        let id = delivery_id(sent.delivery);
        let row = json!({
            "tenant": whose.tenant.as_str(),
            "message_id": id,
            "direction": "out",
            "channel": "whatsapp",
            "type": sent.event.map(|event| &event.event_type),
            "text": sent.text,
            "status": status,
            "provider_message_id": sent.word.message_id,
            "lead_id": ties.lead.or_else(|| sent.lead.map(str::to_owned)),
            "conversation_id": ties.conversation,
            "user_id": ties.user,
            "phone": sent.to.filter(|_| whose.phones),
            "phone_hash": sent.to.map(|to| whose.hash.of(to)).or(ties.phone_hash),
            "event_sequence": sent.receipt.event.0,
            "occurred_at": moment(sent.delivery.moment()),
            "sent_at": at(ProviderStatus::Sent),
            "delivered_at": at(ProviderStatus::Delivered),
            "read_at": at(ProviderStatus::Read).or_else(|| at(ProviderStatus::Played)),
            "failed_at": at(ProviderStatus::Failed),
            "error": error,
            "version": version.0,
        });
        self.put(Table::Messages, key(whose, &id), row);
    }

    /// A call, as one of its events tells of it.
    fn call(
        &mut self,
        whose: &Whose<'_>,
        word: &str,
        sequence: Sequence,
        event: &EventRecord,
        (data, ties): (&Map<String, Value>, &Ties),
    ) {
        let Some(id) = id_in(data, "call_id") else { return };
        let finished = matches!(word, "ended" | "missed" | "failed");
        let status = match word {
            "status" => id_in(data, "status").unwrap_or_else(|| word.to_owned()),
            _ => word.to_owned(),
        };
        let time = |name: &str| {
            let text = data.get(name).and_then(Value::as_str)?;
            Timestamp::from_rfc3339(text).ok().map(moment)
        };
        let error = data.get("error").filter(|error| !error.is_null()).map(|error| {
            let said = error.get("message").and_then(Value::as_str).or(error.as_str());
            said.map_or_else(|| error.to_string(), str::to_owned)
        });
        let row = json!({
            "tenant": whose.tenant.as_str(),
            "call_id": id,
            "direction": id_in(data, "direction"),
            "status": status,
            "finished": finished,
            "lead_id": ties.lead,
            "conversation_id": ties.conversation,
            "user_id": ties.user,
            "phone_hash": ties.phone_hash,
            "first_event_at": moment(event.at),
            "started_at": time("started_at"),
            "ended_at": time("ended_at"),
            "duration_seconds": data.get("duration_seconds").and_then(Value::as_i64),
            "error": error,
            "data": data,
            "version": sequence.0,
        });
        self.put(Table::Calls, key(whose, &id), row);
    }
}
