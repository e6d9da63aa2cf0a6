//! Time in which no server was there.

use super::*;

fn report(week: &str, hours: &[Slot], now: &str, absences: &[(&str, &str)]) -> Report {
    let zone = time::zone(ZONE).unwrap();
    let about = About {
        tenant: "Shop",
        timezone: ZONE,
        zone: &zone,
        locale: Locale::En,
        now: at(now),
        since: at("2026-01-01T00:00:00"),
        absences: absences.iter().map(|(from, to)| (at(from), at(to))).collect(),
        held: 0,
        endpoints: BTreeMap::new(),
    };
    make(week.parse().unwrap(), hours, &about)
}

fn covered(report: &Report) -> Vec<(Coverage, Option<u64>)> {
    report.days.iter().map(|day| (day.coverage, day.events)).collect()
}

#[test]
fn c04_weeks_and_days_without_a_server_are_unknown_and_not_zero() {
    let away = [("2026-11-12T10:00:00", "2026-11-25T18:00:00")];
    let now = "2026-11-26T09:00:00";
    let none = report("2026-W47", &[], now, &away);
    assert_eq!((none.coverage, &none.totals, &none.attention), (Coverage::None, &None, &None));
    assert_eq!(covered(&none), [(Coverage::None, None); 7]);
    let codes =
        |report: &Report| report.notes.iter().map(|one| one.code.clone()).collect::<Vec<_>>();
    assert_eq!(codes(&none), ["server_absent"]);
    let said =
        "did not run from Thursday 12 November 2026, 10:00 until Wednesday 25 November 2026, 18:00";
    assert!(none.notes[0].sentence.contains(said), "{}", none.notes[0].sentence);
    let shown = text(&none);
    assert!(shown.contains("That is not known") && !shown.contains("Nothing needs"), "{shown}");

    // The week in which it went, and the one in which it came back.
    let hours = [events("2026-11-10T10:00:00", "a.b", 3), events("2026-11-25T18:00:00", "a.b", 2)];
    let (whole, part) = ((Coverage::Whole, Some(0)), (Coverage::Partial, Some(0)));
    let unknown = (Coverage::None, None);
    let went = report("2026-W46", &hours, now, &away);
    assert_eq!((went.coverage, counted(&went)), (Coverage::Partial, 3));
    let days = [whole, (Coverage::Whole, Some(3)), whole, part, unknown, unknown, unknown];
    assert_eq!(covered(&went), days);
    assert_eq!(codes(&went), ["server_absent"]);
    let back = report("2026-W48", &hours, now, &away);
    assert_eq!((back.coverage, counted(&back)), (Coverage::Partial, 2));
    let came = [unknown, unknown, (Coverage::Partial, Some(2)), whole];
    assert_eq!(covered(&back)[..4], came);
    assert!(back.week_before.is_none(), "nothing is compared with what is not known");
    // Elsewhere nothing is said of it.
    let before = report("2026-W44", &[], now, &away);
    assert_eq!((before.coverage, before.notes.len()), (Coverage::Whole, 0));
}

#[test]
fn c04_what_was_counted_shortly_before_a_server_went_is_not_lost() {
    // It said at 23:55 for the last time that it was there.
    let away = [("2026-11-17T23:55:00", "2026-11-19T08:00:00")];
    let hours = [events("2026-11-18T00:00:00", "a.b", 4)];
    let report = report("2026-W47", &hours, "2026-11-26T09:00:00", &away);
    assert_eq!(covered(&report)[2], (Coverage::Partial, Some(4)));
    assert_eq!(counted(&report), 4);
}

#[test]
fn c04_what_is_under_way_is_never_unknown_and_many_absences_are_not_all_told() {
    let away: Vec<_> = (10..22)
        .map(|day| (format!("2026-11-{day}T08:00:00"), format!("2026-11-{day}T09:30:00")))
        .collect();
    let away: Vec<_> = away.iter().map(|(from, to)| (&**from, &**to)).collect();
    let told = report("2026-W47", &[], "2026-11-23T09:00:00", &away);
    assert_eq!((told.coverage, told.notes.len()), (Coverage::Partial, 6), "{:?}", told.notes);
    let just = [("2026-11-20T08:00:00", "2026-11-24T09:00:00")];
    let now = report("2026-W48", &[], "2026-11-24T09:00:00", &just);
    assert_eq!(covered(&now)[..2], [(Coverage::None, None), (Coverage::Partial, Some(0))]);
    assert_eq!(now.coverage, Coverage::Partial);
}
