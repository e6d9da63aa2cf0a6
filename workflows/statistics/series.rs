//! Slots of time in four widths, each a ring: what a tenant has counted up to now.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Route, Tally};
use crate::time::{Span, Timestamp};

/// How wide a slot is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Level {
    /// Five seconds.
    Seconds,
    /// A minute.
    Minute,
    /// Ten minutes.
    Minutes,
    /// An hour.
    Hour,
    /// All of time.
    Ever,
}

impl Level {
    /// All of them, the narrowest first.
    pub const ALL: [Self; 5] = [Self::Seconds, Self::Minute, Self::Minutes, Self::Hour, Self::Ever];

    /// How wide a slot is.
    pub fn width(self) -> Span {
        Span::millis(self.millis().unsigned_abs())
    }

    const fn millis(self) -> i64 {
        match self {
            Self::Seconds => 5_000,
            Self::Minute => 60_000,
            Self::Minutes => 600_000,
            Self::Hour => 3_600_000,
            Self::Ever => i64::MAX / 4,
        }
    }

    /// How many slots are kept; the next one takes the place of the oldest.
    pub fn slots(self) -> u32 {
        match self {
            Self::Seconds | Self::Minute => 61,
            Self::Minutes => 145,
            // 400 days, so that a week of last year can still be reported.
            Self::Hour => 9_600,
            Self::Ever => 1,
        }
    }

    /// How many slots stay in memory; the others are read when somebody asks.
    pub fn held(self) -> u32 {
        match self {
            Self::Hour => 1,
            Self::Seconds | Self::Minute | Self::Minutes | Self::Ever => self.slots(),
        }
    }

    /// The slot that a moment lies in, by its beginning.
    pub fn slot(self, at: Timestamp) -> Timestamp {
        Timestamp(at.0 - at.0.rem_euclid(self.millis()))
    }

    /// The place of a slot in the ring.
    pub fn place(self, slot: Timestamp) -> u32 {
        let number = slot.0.div_euclid(self.millis()).rem_euclid(i64::from(self.slots()));
        u32::try_from(number).unwrap_or_default()
    }
}

/// One slot with what was counted in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// When it begins.
    pub from: Timestamp,
    /// What was counted.
    pub tally: Tally,
}

/// A window that questions may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Window {
    /// The last minute.
    Minute,
    /// The last five minutes.
    FiveMinutes,
    /// The last hour.
    Hour,
    /// The last day.
    Day,
}

impl Window {
    /// All of them, the shortest first.
    pub const ALL: [Self; 4] = [Self::Minute, Self::FiveMinutes, Self::Hour, Self::Day];

    /// Its name outside.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "1m",
            Self::FiveMinutes => "5m",
            Self::Hour => "1h",
            Self::Day => "1d",
        }
    }

    /// The window with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|window| window.as_str() == name)
    }

    /// How long it is.
    pub fn span(self) -> Span {
        match self {
            Self::Minute => Span::minutes(1),
            Self::FiveMinutes => Span::minutes(5),
            Self::Hour => Span::hours(1),
            Self::Day => Span::hours(24),
        }
    }

    /// Of which slots it is the sum.
    pub fn level(self) -> Level {
        match self {
            Self::Minute | Self::FiveMinutes => Level::Seconds,
            Self::Hour => Level::Minute,
            Self::Day => Level::Minutes,
        }
    }

    /// When the window begins that ends now: with a whole slot, so it is longer by less than one.
    pub fn from(self, now: Timestamp) -> Timestamp {
        self.level().slot(now.before(self.span()))
    }
}

/// What a tenant has counted up to now.
///
/// What is counted gathers, and goes to the slots of all widths together when a slot of the narrowest ends or
/// somebody asks: to tell the heaviest apart costs as much for one commit as for a thousand.
#[derive(Debug, Clone, Default)]
pub struct Series {
    /// What is in no slot yet, all of it of the slot of the narrowest width that begins then.
    gathered: Option<(Timestamp, Tally)>,
    /// Slots that are held, by level and beginning; of the level that is not, the latest.
    slots: BTreeMap<(Level, Timestamp), Held>,
}

#[derive(Debug, Clone, Default)]
struct Held {
    tally: Tally,
    /// Whether it has changed since it was written.
    changed: bool,
}

impl Series {
    /// Takes a slot as it was written.
    pub fn restore(&mut self, level: Level, slot: Slot, now: Timestamp) {
        if slot.from > oldest(level, now) {
            let held = Held { tally: slot.tally, changed: false };
            self.slots.insert((level, slot.from), held);
        }
    }

    /// Takes up an hour that something is to be added to, as it was written, however long ago that is.
    pub fn resume(&mut self, hour: Slot) {
        self.slots.insert((Level::Hour, hour.from), Held { tally: hour.tally, changed: false });
    }

    /// Counts what happened at a moment.
    pub fn add(&mut self, at: Timestamp, tally: &Tally) {
        let slot = Level::Seconds.slot(at);
        match &mut self.gathered {
            Some((from, gathered)) if *from == slot && !gathered.is_wide() => {
                gathered.gather(tally)
            }
            Some(_) | None => {
                self.spread();
                self.gathered = Some((slot, tally.clone()));
            }
        }
    }

    /// Has the slots have all that was counted.
    fn spread(&mut self) {
        let Some((from, mut tally)) = self.gathered.take() else { return };
        tally.settle();
        for level in Level::ALL {
            let held = self.slots.entry((level, level.slot(from))).or_default();
            held.tally.merge(&tally);
            held.changed = true;
        }
    }

    /// The sum of a window that ends now. What was counted before the clock was put back lies ahead, and is not in it.
    pub fn window(&mut self, window: Window, now: Timestamp) -> Tally {
        let mut sum = Tally::default();
        let from = window.from(now);
        for (_, tally) in self.from(window.level(), from).take_while(|(from, _)| *from <= now) {
            sum.merge(tally);
        }
        sum
    }

    /// The latest attempts at an endpoint within a day, as far as slots tell them apart: those of the latest slot that
    /// has any, of the narrowest level that does.
    pub fn latest_attempts(&mut self, endpoint: u32, now: Timestamp) -> Option<&Route> {
        self.spread();
        [Level::Seconds, Level::Minute, Level::Minutes].into_iter().find_map(|level| {
            let mut past = self.slots.range((level, Timestamp(i64::MIN))..=(level, now)).rev();
            past.find_map(|(_, held)| held.tally.endpoints().get(&endpoint))
        })
    }

    /// Slots of a level that begin at a moment or later, in order; those in which nothing was counted are
    /// left out.
    pub fn from(
        &mut self,
        level: Level,
        from: Timestamp,
    ) -> impl Iterator<Item = (Timestamp, &Tally)> {
        self.spread();
        let range = (level, from)..=(level, Timestamp(i64::MAX));
        self.slots.range(range).map(|((_, from), held)| (*from, &held.tally))
    }

    /// What has changed since the last time, to be written; what nobody will ask for any more is let go.
    pub fn take_changed(&mut self, now: Timestamp) -> Vec<(Level, Slot)> {
        self.spread();
        let mut changed = Vec::new();
        for ((level, from), held) in &mut self.slots {
            if std::mem::take(&mut held.changed) {
                changed.push((*level, Slot { from: *from, tally: held.tally.clone() }));
            }
        }
        let oldest = Level::ALL.map(|level| (level, oldest(level, now)));
        self.slots.retain(|(level, from), _| {
            oldest.iter().any(|(of, oldest)| of == level && from > oldest)
        });
        changed
    }

    /// What was counted since the beginning.
    pub fn ever(&mut self) -> Tally {
        self.from(Level::Ever, Timestamp(0)).next().map(|slot| slot.1.clone()).unwrap_or_default()
    }

    /// When anything was counted last, to the width of the narrowest slot.
    pub fn latest(&mut self) -> Option<Timestamp> {
        self.spread();
        self.slots.keys().rev().find(|(level, _)| *level == Level::Hour).map(|(_, from)| *from)
    }
}

/// Slots that begin then or before are out of the ring.
fn oldest(level: Level, now: Timestamp) -> Timestamp {
    let past = level.millis().saturating_mul(i64::from(level.held()));
    Timestamp(level.slot(now).0.saturating_sub(past))
}

#[cfg(test)]
mod tests {
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
}
