//! What the mirror's tables hold of an event, a booking, a handoff, a message: pure, from records to rows.
//!
//! A row is a JSON object with the names of the table's columns, since that is how rows travel: a whole
//! batch is one parameter of one statement. PostgreSQL has no NUL in its texts and no year beyond 9999 in ours,
//! so neither leaves here.

mod stands;
mod told;

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use sereno_workflows::id::{ID_BYTES_MAX, TenantId};
use sereno_workflows::lead::LeadKey;
use sereno_workflows::privacy::PhoneHash;
use sereno_workflows::search;
use sereno_workflows::time::Timestamp;

pub(super) use self::told::{Sent, Told};

/// A table of the mirror; in the order in which it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Table {
    Events,
    Messages,
    Calls,
    Reservations,
    Handoffs,
    Conversations,
    Leads,
}

impl Table {
    /// The statement that puts rows into it.
    pub(super) fn upsert(self) -> &'static str {
        match self {
            Self::Events => include_str!("upserts/events.sql"),
            Self::Messages => include_str!("upserts/messages.sql"),
            Self::Calls => include_str!("upserts/calls.sql"),
            Self::Reservations => include_str!("upserts/reservations.sql"),
            Self::Handoffs => include_str!("upserts/handoffs.sql"),
            Self::Conversations => include_str!("upserts/conversations.sql"),
            Self::Leads => include_str!("upserts/leads.sql"),
        }
    }
}

/// Rows on their way to the mirror.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// By table and round. A statement can meet a row only once: what is told of a call again is for the next.
    tables: BTreeMap<(Table, usize), BTreeMap<Vec<String>, String>>,
    bytes: usize,
    count: usize,
}

impl Rows {
    /// So many rows.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// About so many bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The statements to run, each with its rows.
    pub(super) fn statements(&self) -> impl Iterator<Item = (Table, String)> {
        self.tables.iter().map(|((table, _), rows)| {
            let rows: Vec<&str> = rows.values().map(String::as_str).collect();
            (*table, format!("[{}]", rows.join(",")))
        })
    }

    /// Each row by itself, with its tenant.
    pub(super) fn single(&self) -> Vec<(String, Self)> {
        let tables = self.tables.iter();
        let each = tables.flat_map(|((table, _), rows)| rows.iter().map(|row| (*table, row)));
        each.map(|(table, (key, row))| {
            let rows = BTreeMap::from([(key.clone(), row.clone())]);
            let tables = BTreeMap::from([((table, 0), rows)]);
            (key.first().cloned().unwrap_or_default(), Self { tables, bytes: 0, count: 1 })
        })
        .collect()
    }

    /// The first row's name, for the log.
    pub(super) fn name(&self) -> String {
        let first = self.tables.iter().next();
        let key = first.and_then(|(_, rows)| rows.keys().next()).cloned().unwrap_or_default();
        let table = first.map(|((table, _), _)| format!("{table:?}")).unwrap_or_default();
        format!("{}/{}", table.to_lowercase(), key.join("/"))
    }

    fn put(&mut self, table: Table, key: Vec<String>, mut row: Value) {
        clean(&mut row);
        let row = row.to_string();
        self.bytes += row.len();
        self.count += 1;
        let merges = table == Table::Calls;
        let round = (0..).find(|round| {
            !merges || self.tables.get(&(table, *round)).is_none_or(|rows| !rows.contains_key(&key))
        });
        self.tables.entry((table, round.unwrap_or(0))).or_default().insert(key, row);
    }
}

/// Whose rows these are, and how their numbers leave.
pub(super) struct Whose<'a> {
    pub(super) tenant: &'a TenantId,
    pub(super) hash: &'a PhoneHash,
    /// What the ids of its leads are made with.
    pub(super) leads: &'a LeadKey,
    /// Whether numbers leave in the clear too.
    pub(super) phones: bool,
}

/// What an event names beside itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ties {
    pub(super) lead: Option<String>,
    pub(super) conversation: Option<String>,
    pub(super) user: Option<String>,
    pub(super) phone_hash: Option<String>,
}

impl Ties {
    /// What an event's data names.
    pub(super) fn of(data: &Map<String, Value>) -> Self {
        let user = data.get("user").and_then(Value::as_object);
        let of_user = |name: &str| id_in(user?, name);
        Self {
            // A lead's id is of our own making, and never a number.
            lead: id_in(data, "lead_id")
                .filter(|_| data.get("lead_id").is_some_and(Value::is_string)),
            conversation: id_in(data, "conversation_id"),
            user: id_in(data, "user_id").or_else(|| of_user("id")),
            phone_hash: id_in(data, "wa_number_hash")
                .or_else(|| of_user("phone_hash"))
                .or_else(|| id_in(data, "phone_hash")),
        }
    }
}

fn key(whose: &Whose<'_>, id: &str) -> Vec<String> {
    vec![whose.tenant.as_str().to_owned(), id.to_owned()]
}

/// A text or a whole number that may be an id: an index of PostgreSQL takes no long ones.
fn id_in(map: &Map<String, Value>, name: &str) -> Option<String> {
    let text = search::as_id(map.get(name)?)?;
    (!text.is_empty() && text.len() <= ID_BYTES_MAX).then(|| text.into_owned())
}

/// A moment that PostgreSQL and RFC 3339 can hold: the years 1 to 9999, but for the last day.
fn moment(at: Timestamp) -> String {
    const FIRST: i64 = -62_135_596_800_000;
    const LAST: i64 = 253_402_207_200_000;
    Timestamp(at.0.clamp(FIRST, LAST)).to_rfc3339()
}

/// Puts the replacement character where a text has a NUL.
fn clean(value: &mut Value) {
    const NUL: char = '\0';
    let cleaned = |text: &str| text.replace(NUL, "\u{fffd}");
    match value {
        Value::String(text) if text.contains(NUL) => *text = cleaned(text),
        Value::Array(items) => items.iter_mut().for_each(clean),
        Value::Object(map) => {
            if map.keys().any(|name| name.contains(NUL)) {
                let entries = std::mem::take(map).into_iter();
                *map = entries.map(|(name, value)| (cleaned(&name), value)).collect();
            }
            map.values_mut().for_each(clean);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests;
