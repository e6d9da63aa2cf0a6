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
mod tests;
