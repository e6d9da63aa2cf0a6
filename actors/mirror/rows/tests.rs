//! Rows of odd things.

use serde_json::json;
use sereno_workflows::id::Sequence;

use super::*;
use crate::record::{Deliveries, EventRecord, Source};

fn event(event_type: &str, data: Value) -> EventRecord {
    EventRecord {
        id: "e-1".into(),
        event_type: event_type.into(),
        at: Timestamp(0),
        source: Source::Api,
        entity: None,
        ignored: None,
        cause: None,
        deliveries: Deliveries::NONE,
        body: json!({"data": data}).to_string().into(),
        story: None,
        trace: None,
    }
}

fn rows_of(events: &[EventRecord]) -> Vec<(Table, Value)> {
    let tenant = "default".parse().unwrap();
    let leads = LeadKey::new(&[1; 32]);
    let (tenant, hash, leads) = (&tenant, &PhoneHash::Plain, &leads);
    let whose = Whose { tenant, hash, leads, phones: false };
    let mut rows = Rows::default();
    for (sequence, event) in (1..).zip(events) {
        rows.event(&whose, Sequence(sequence), event, &Told::of(event));
    }
    rows.statements().map(|(table, rows)| (table, serde_json::from_str(&rows).unwrap())).collect()
}

#[test]
fn d08_no_nul_and_no_year_that_postgresql_lacks_leaves() {
    let odd = EventRecord {
        at: Timestamp(i64::MIN),
        ..event("a.b", json!({"x\0": ["\0", {"y": "\0"}]}))
    };
    let rows = rows_of(&[odd]);
    assert_eq!(rows[0].1[0]["data"], json!({"x\u{fffd}": ["\u{fffd}", {"y": "\u{fffd}"}]}));
    assert_eq!(rows[0].1[0]["occurred_at"], "0001-01-01T00:00:00.000Z");
    let late = rows_of(&[EventRecord { at: Timestamp(i64::MAX), ..event("a.b", json!({})) }]);
    assert_eq!(late[0].1[0]["occurred_at"], "9999-12-30T22:00:00.000Z");
}

#[test]
fn d05_what_ties_rows_is_found_where_it_stands_and_only_where_an_index_takes_it() {
    for (data, ties) in [
        (json!({}), Ties::default()),
        (json!({"lead_id": 5, "user_id": "", "conversation_id": "c".repeat(129)}), Ties::default()),
        (
            json!({"lead_id": 5, "user": {"id": 42}, "conversation_id": 7, "phone_hash": 1.5}),
            Ties { user: Some("42".into()), conversation: Some("7".into()), ..Ties::default() },
        ),
        (
            json!({"lead_id": "lead_1", "user": {"id": "u", "phone_hash": "h"}}),
            Ties {
                lead: Some("lead_1".into()),
                user: Some("u".into()),
                phone_hash: Some("h".into()),
                conversation: None,
            },
        ),
    ] {
        assert_eq!(Ties::of(data.as_object().unwrap()), ties);
    }
}

#[test]
fn d04_a_call_of_which_is_told_twice_takes_two_statements() {
    let started = event("whatsapp.call.started", json!({"call_id": "1"}));
    let ended = event("whatsapp.call.ended", json!({"call_id": "1", "duration_seconds": 5}));
    let other = event("whatsapp.call.missed", json!({"call_id": "2"}));
    let rows = rows_of(&[started, ended, other, event("whatsapp.call.ended", json!({}))]);
    let tables: Vec<(Table, usize)> =
        rows.iter().map(|(table, rows)| (*table, rows.as_array().unwrap().len())).collect();
    assert_eq!(tables, [(Table::Events, 4), (Table::Calls, 2), (Table::Calls, 1)]);
    assert_eq!(rows[2].1[0]["finished"], true);
}
