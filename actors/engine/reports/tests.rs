//! Reports over weeks of virtual time: an engine that is started again and again, each time at a later moment.

use std::time::Duration;

use serde_json::json;
use sereno_workflows::policy::Settings;

use super::*;
use crate::engine::statistics::tests::{at, shop, submit};
use crate::trial::{end, engine};

fn report(engine: &Engine, week: &str) -> Report {
    let view = engine.view(&shop()).unwrap();
    engine.ledger().report(&view, week.parse().unwrap(), None).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn c04_the_report_comes_at_its_wall_time_and_tells_of_every_hour_of_its_week() {
    let directory = tempfile::tempdir().unwrap();
    let settings =
        json!({"timezone": "Europe/Madrid", "reports": {"weekly": {"to": ["a@x.example"]}}});
    let settings = Settings::from_json(settings).unwrap();
    let first = engine(directory.path(), at("2026-10-12T12:00:00")).await;
    first.create_tenant(shop(), "Shop".to_owned(), settings).await.unwrap();
    assert_eq!(first.reports(&shop()).unwrap().due, Some(at("2026-10-19T09:00:00")));
    end(first).await;
    // Nobody was there on the 19th; then a week whose Sunday has 25 hours.
    for (moment, count) in [
        ("2026-10-19T11:00:00", 1),
        ("2026-10-20T23:59:00", 2),
        ("2026-10-25T01:30:00", 4),
        ("2026-10-25T23:59:00", 8),
        ("2026-10-26T00:10:00", 16),
    ] {
        let engine = engine(directory.path(), at(moment)).await;
        submit(engine, count).await;
    }
    let late = engine(directory.path(), at("2026-10-26T08:59:58")).await;
    let reports = late.reports(&shop()).unwrap();
    assert_eq!(
        (reports.last, reports.due),
        ("2026-W42".parse().ok(), Some(at("2026-10-26T09:00:00")))
    );
    let week = "2026-W43".parse::<Week>().unwrap();
    for _ in 0..500 {
        if late.reports(&shop()).unwrap().last == Some(week) {
            break;
        }
        assert!(late.ledger().now().timestamp() < at("2026-10-26T09:00:05"), "it did not come");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let reports = late.reports(&shop()).unwrap();
    assert_eq!((reports.last, reports.due), (Some(week), Some(at("2026-11-02T09:00:00"))));
    assert!(late.ledger().now().timestamp() >= at("2026-10-26T09:00:00"), "not before its time");
    let made = report(&late, "2026-W43");
    let of_type = |made: &Report, name: &str| {
        let mut types = made.top_events.iter().flatten();
        types.find(|one| one.event_type == name).map_or(0, |one| one.count)
    };
    let days: Vec<_> =
        made.days.iter().map(|day| day.by_type.as_ref()?.get("a.b").copied()).collect();
    assert_eq!(days, [Some(1), Some(2), None, None, None, None, Some(12)]);
    assert_eq!(of_type(&made, report::READY), 1, "that of the week before, made late");
    end(late).await;
    let again = engine(directory.path(), at("2026-10-26T09:30:00")).await;
    let present = report(&again, "2026-W44");
    assert_eq!(of_type(&present, report::READY), 1, "made once");
    assert_eq!(of_type(&present, "a.b"), 16);
    assert_eq!(again.reports(&shop()).unwrap(), reports);
    end(again).await;
}
