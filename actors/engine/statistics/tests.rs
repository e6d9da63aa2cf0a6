//! Counts over days of virtual time: an engine that is started again and again, each time at a later moment.

use serde_json::json;
use sereno_workflows::event::Event;
use sereno_workflows::policy::Settings;
use sereno_workflows::statistics::Count;

use super::*;
use crate::trial::{end, engine};

pub(crate) fn at(text: &str) -> Timestamp {
    let zone = sereno_workflows::time::zone("Europe/Madrid").unwrap();
    Timestamp::from_text(text, &zone).unwrap()
}

pub(crate) fn shop() -> TenantId {
    "shop".parse().unwrap()
}

/// Submits so many events, one after the other, and ends the engine.
pub(crate) async fn submit(engine: Engine, count: usize) {
    let now = engine.ledger().now().timestamp();
    for _ in 0..count {
        let event = Event::from_json(json!({"event_type": "a.b"}), now).unwrap();
        engine.submit(&shop(), vec![event], None, None).await.unwrap();
    }
    end(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b11_an_hour_keeps_what_was_counted_in_it_when_the_next_start_is_hours_later() {
    let directory = tempfile::tempdir().unwrap();
    let first = engine(directory.path(), at("2026-10-12T12:05:00")).await;
    first.create_tenant(shop(), "Shop".to_owned(), Settings::default()).await.unwrap();
    // More than fit in rows: some are in the hour's slot on disk, the others are rows beside it.
    submit(first, 300).await;
    let next = engine(directory.path(), at("2026-10-12T17:05:00")).await;
    submit(next, 300).await;
    let last = engine(directory.path(), at("2026-10-12T18:05:00")).await;
    let hours = last.hours(&shop(), at("2026-10-12T00:00:00"), at("2026-10-13T00:00:00")).unwrap();
    let counted: Vec<_> =
        hours.iter().map(|slot| (slot.from, slot.tally.of(Count::Events))).collect();
    let hour = |text: &str| Level::Hour.slot(at(text));
    assert_eq!(counted, [(hour("2026-10-12T12:05:00"), 300), (hour("2026-10-12T17:05:00"), 300)]);
    end(last).await;
}
