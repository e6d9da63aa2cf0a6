//! What a report says of deliveries that wait on purpose, and of those that were ended by hand.

use super::*;

#[test]
fn c04_what_is_held_and_was_cancelled_is_told_while_it_matters() {
    let zone = time::zone(ZONE).unwrap();
    let week: Week = "2026-W47".parse().unwrap();
    let cancelled = |tally: &mut Tally| tally.add(Count::DeliveriesCancelled, 3);
    let hours = [hour("2026-11-16T10:00:00", cancelled)];
    let told = |locale, now: Timestamp| {
        let about = About {
            tenant: "t",
            timezone: ZONE,
            zone: &zone,
            locale,
            now,
            since: Timestamp(0),
            absences: Vec::new(),
            held: 2,
            endpoints: BTreeMap::new(),
        };
        make(week, &hours, &about)
    };
    let monday = week.ends(&zone).after(Span::hours(9));
    for (locale, said) in [
        (Locale::En, "held at this moment by disabled endpoints or paused channels: 2"),
        (Locale::Es, "retenidas ahora por destinos desactivados o canales en pausa: 2"),
        (Locale::Pt, "retidas neste momento por destinos desativados ou canais em pausa: 2"),
    ] {
        let report = told(locale, monday);
        assert_eq!(report.deliveries_held, Some(2));
        assert_eq!(report.totals.as_ref().unwrap().deliveries_cancelled, 3);
        let attention = report.attention.clone().unwrap();
        assert!(attention[0].sentence.contains(said), "{attention:?}");
        assert!(text(&report).contains(said), "{}", text(&report));
    }
    assert!(text(&told(Locale::En, monday)).contains("Cancelled by hand"));
    let late = told(Locale::En, monday.after(Span::hours(8 * 24)));
    assert_eq!((late.deliveries_held, late.attention.unwrap()), (None, vec![]));
}
