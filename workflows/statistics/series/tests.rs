//! Slots of time: what is in which window, and what is taken up again.

use super::super::{Channel, Count, Tally};
use super::*;

fn one() -> Tally {
    let mut tally = Tally::default();
    tally.event("a.b");
    tally
}

fn events(series: &mut Series, window: Window, now: Timestamp) -> u64 {
    series.window(window, now).of(Count::Events)
}

#[test]
fn b11_each_window_counts_what_is_in_it_and_forgets_what_is_older() {
    let mut series = Series::default();
    let start = Timestamp(1_700_000_000_000);
    // One event each second for a day and an hour.
    for second in 0..90_000 {
        series.add(start.after(Span::seconds(second)), &one());
        if second % 600 == 0 {
            series.take_changed(start.after(Span::seconds(second)));
        }
    }
    let now = start.after(Span::seconds(89_999));
    for (window, least, slot) in [
        (Window::Minute, 60, 5),
        (Window::FiveMinutes, 300, 5),
        (Window::Hour, 3_600, 60),
        (Window::Day, 86_400, 600),
    ] {
        let counted = events(&mut series, window, now);
        assert!((least..=least + slot).contains(&counted), "{window:?}: {counted}");
    }
    let later = now.after(Span::minutes(10));
    assert_eq!(events(&mut series, Window::FiveMinutes, later), 0);
    assert!(events(&mut series, Window::Hour, later) >= 3_000);
    series.take_changed(now);
    let most: u32 = Level::ALL.iter().map(|level| level.held()).sum();
    assert!(series.slots.len() <= most as usize, "{}", series.slots.len());
    assert_eq!(series.ever().of(Count::Events), 90_000);
}

#[test]
fn b15_the_latest_attempts_at_an_endpoint_are_told_from_those_before() {
    let mut series = Series::default();
    let start = Timestamp(1_700_000_000_000);
    let mut attempt = |second: u64, endpoint: u32, millis: u64| {
        let mut route = Route::default();
        route.took.add(millis);
        let mut tally = Tally::default();
        tally.attempt(Channel::Webhook, endpoint, &route);
        series.add(start.after(Span::seconds(second)), &tally);
    };
    (0..600).for_each(|second| attempt(second, 1, 20));
    attempt(1_200, 1, 15_000);
    attempt(1_300, 2, 30);
    let took = |series: &mut Series, endpoint: u32, second: u64| {
        let now = start.after(Span::seconds(second));
        let route = series.latest_attempts(endpoint, now)?;
        route.took.quantile(1.0).map(|millis| millis > 1_000)
    };
    for later in [1_201, 1_500, 4_000, 20_000, 80_000] {
        series.take_changed(start.after(Span::seconds(later)));
        assert_eq!(took(&mut series, 1, later), Some(true), "{later}");
        assert_eq!(took(&mut series, 2, later.max(1_300)), Some(false), "{later}");
        assert_eq!(took(&mut series, 3, later), None);
    }
    series.take_changed(start.after(Span::hours(30)));
    assert_eq!(took(&mut series, 1, 30 * 3_600), None);
}

#[test]
fn b11_what_lies_ahead_since_the_clock_was_put_back_is_in_no_window_until_it_is_reached() {
    let mut series = Series::default();
    let start = Timestamp(1_700_000_000_000);
    for second in 0..10 {
        series.add(start.after(Span::seconds(second)), &one());
    }
    let back = start.before(Span::hours(2));
    for window in Window::ALL {
        assert_eq!(events(&mut series, window, back), 0, "{window:?}");
    }
    series.add(back, &one());
    series.take_changed(back);
    assert_eq!(Window::ALL.map(|window| events(&mut series, window, back)), [1; 4]);
    let on = start.after(Span::seconds(10));
    assert_eq!(Window::ALL.map(|window| events(&mut series, window, on)), [10, 10, 10, 11]);
}

#[test]
fn b11_who_is_rare_among_thousands_counts_with_the_others_and_who_is_frequent_is_told_apart() {
    let mut series = Series::default();
    let start = Timestamp(1_700_000_000_000);
    let one = Route { sent: 1, ..Route::default() };
    for round in 0..40 {
        for endpoint in 1..=2_000 {
            let mut tally = Tally::default();
            tally.attempt(Channel::Webhook, endpoint, &one);
            if endpoint % 4 == 0 {
                tally.attempt(Channel::Webhook, 777, &one);
            }
            series.add(start.after(Span::millis(250 * round)), &tally);
        }
    }
    let hour = series.window(Window::Hour, start.after(Span::seconds(10)));
    assert_eq!(hour.attempts().sent, 100_000);
    assert_eq!(hour.endpoints().values().map(|route| route.sent).sum::<u32>(), 100_000);
    let frequent = hour.endpoints()[&777].sent;
    assert!((19_000..=20_040).contains(&frequent), "{frequent}");
}

#[test]
fn b11_what_was_written_is_taken_up_again() {
    let (mut before, mut after) = (Series::default(), Series::default());
    let mut disk = BTreeMap::new();
    let start = Timestamp(1_700_000_000_000);
    for second in 0..10_000 {
        let now = start.after(Span::seconds(second));
        before.add(now, &one());
        if second % 7 == 0 {
            for (level, slot) in before.take_changed(now) {
                disk.insert((level, level.place(slot.from)), slot);
            }
        }
    }
    let now = start.after(Span::seconds(9_999));
    for (level, slot) in before.take_changed(now) {
        disk.insert((level, level.place(slot.from)), slot);
    }
    for ((level, _), slot) in disk {
        after.restore(level, slot, now);
    }
    for window in Window::ALL {
        assert_eq!(after.window(window, now), before.window(window, now), "{window:?}");
    }
}
