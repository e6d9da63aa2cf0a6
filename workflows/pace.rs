//! At most one in each interval, with a burst: the pace that Slack and Meta set their senders.
//!
//! It is kept as one number: the moment at which everything that was taken so far has been paid for
//! (the generic cell rate algorithm). A burst is borrowed from the future and paid back by waiting.

use std::collections::BTreeMap;

use crate::time::{Span, Timestamp};

/// How fast something may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// One in this many microseconds, in the long run.
    interval_us: u64,
    /// So many at once, after a rest.
    burst: u32,
}

/// Slack: one message a second for each webhook URL.
pub const SLACK: Pace = Pace::every(Span::seconds(1), 1);

/// WhatsApp: one message in 6 s to one customer; up to 45 may go at once and are borrowed from what
/// follows (Meta's pair rate limit, which it refuses with 131056).
pub const WHATSAPP_CUSTOMER: Pace = Pace::per_minute(CUSTOMER_PER_MINUTE, 45);
/// That many in a minute, in the long run.
pub const CUSTOMER_PER_MINUTE: u32 = 10;

impl Pace {
    /// One in each interval, `burst` at once.
    pub const fn every(interval: Span, burst: u32) -> Self {
        Self { interval_us: interval.0 * 1_000, burst }
    }

    /// Never more than `most` in any second, from 1 on.
    ///
    /// A tenth may go at once; the rest is spread, so that both together stay below.
    pub const fn per_second(most: u32) -> Self {
        let most = if most == 0 { 1 } else { most };
        let burst = most / 10 + 1;
        let steady = if most > burst { most - burst } else { 1 };
        Self { interval_us: 1_000_000_u64.div_ceil(steady as u64), burst }
    }

    /// So many in a minute in the long run, from 1 on; `burst` at once.
    pub const fn per_minute(most: u32, burst: u32) -> Self {
        let most = if most == 0 { 1 } else { most };
        Self { interval_us: 60_000_000_u64.div_ceil(most as u64), burst }
    }

    /// How long so many take, one after the other.
    pub fn of(self, count: u64) -> Span {
        Span::millis(self.interval_us.saturating_mul(count).div_ceil(1_000))
    }

    fn burst_us(self) -> u64 {
        self.interval_us * (self.burst.max(1) - 1) as u64
    }
}

/// How far ahead of its pace something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pacer {
    /// When everything that was taken is paid for, in microseconds since 1970.
    paid_at_us: u64,
    /// When the last that waits is to go.
    line_until_us: u64,
}

impl Pacer {
    /// Whether another may go now; otherwise when the next one may.
    pub fn ready(&self, pace: Pace, now: Timestamp) -> Result<(), Timestamp> {
        let earliest_us = self.paid_at_us.saturating_sub(pace.burst_us());
        if earliest_us <= micros(now) { Ok(()) } else { Err(moment(earliest_us)) }
    }

    /// Counts another that goes now.
    pub fn take(&mut self, pace: Pace, now: Timestamp) {
        self.paid_at_us = self.paid_at_us.max(micros(now)) + pace.interval_us;
    }

    /// A moment of its own for one that has to wait: each that asks gets a later one.
    pub fn line_up(&mut self, pace: Pace, now: Timestamp) -> Timestamp {
        let earliest_us = self.paid_at_us.saturating_sub(pace.burst_us()).max(micros(now));
        let slot_us = earliest_us.max(self.line_until_us + pace.interval_us);
        self.line_until_us = slot_us;
        moment(slot_us)
    }

    /// Lets none go before a moment, since the other side says so.
    pub fn hold(&mut self, pace: Pace, until: Timestamp) {
        self.paid_at_us = self.paid_at_us.max(micros(until) + pace.burst_us());
    }

    /// Whether it is as good as new.
    pub fn is_at_rest(&self, now: Timestamp) -> bool {
        self.paid_at_us.max(self.line_until_us) <= micros(now)
    }
}

/// The pacers of many things, each by its name; those at rest are forgotten.
#[derive(Debug)]
pub struct Pacers<K> {
    all: BTreeMap<K, Pacer>,
    /// Beyond this many, those at rest are looked for.
    sweep_at: usize,
    most: usize,
    /// When they were last looked for.
    swept_at: Timestamp,
}

/// A full table is not looked through for each that finds no place in it.
const SWEEP_PAUSE: Span = Span::seconds(1);

impl<K: Ord> Pacers<K> {
    /// None yet, and never more than `most`.
    pub fn new(most: usize) -> Self {
        let sweep_at = most.min(1_024);
        Self { all: BTreeMap::new(), sweep_at, most, swept_at: Timestamp(0) }
    }

    /// The pacer of one thing. Where there are as many as there may be, the other side has to say when it
    /// is too much.
    pub fn of(&mut self, key: K, now: Timestamp) -> Option<&mut Pacer> {
        let full = self.all.len() >= self.most;
        if self.all.len() >= self.sweep_at && (!full || now >= self.swept_at.after(SWEEP_PAUSE)) {
            self.swept_at = now;
            self.all.retain(|_, pacer| !pacer.is_at_rest(now));
            self.sweep_at = (self.all.len() * 2).clamp(1_024.min(self.most), self.most);
        }
        if self.all.len() >= self.most && !self.all.contains_key(&key) {
            return None;
        }
        Some(self.all.entry(key).or_default())
    }
}

fn micros(at: Timestamp) -> u64 {
    u64::try_from(at.0).unwrap_or(0) * 1_000
}

/// The first millisecond that is not before.
fn moment(us: u64) -> Timestamp {
    Timestamp(i64::try_from(us.div_ceil(1_000)).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_768_820_400_000;

    /// When each of so many goes that all want to go at once and wait for their turn.
    fn departures(pace: Pace, count: usize) -> Vec<i64> {
        let mut pacer = Pacer::default();
        let mut now = Timestamp(START);
        let mut gone = Vec::new();
        while gone.len() < count {
            match pacer.ready(pace, now) {
                Ok(()) => {
                    pacer.take(pace, now);
                    gone.push(now.0 - START);
                }
                Err(at) => {
                    assert!(at > now);
                    now = at;
                }
            }
        }
        gone
    }

    #[test]
    fn a15_slack_gets_one_a_second() {
        assert_eq!(departures(SLACK, 4), [0, 1_000, 2_000, 3_000]);
    }

    #[test]
    fn a_customer_gets_a_burst_that_is_paid_back() {
        let gone = departures(WHATSAPP_CUSTOMER, 47);
        assert_eq!(
            (gone.get(44), gone.get(45), gone.get(46)),
            (Some(&0), Some(&6_000), Some(&12_000))
        );
    }

    #[test]
    fn no_second_has_more_than_its_share() {
        for most in [1, 2, 7, 20, 80, 1_000] {
            let gone = departures(Pace::per_second(most), 3_000);
            for first in &gone {
                let inside = gone.iter().filter(|at| (*first..first + 1_000).contains(*at)).count();
                assert!(inside <= usize::try_from(most).unwrap(), "{inside} of {most}");
            }
            let took = gone.last().unwrap();
            assert!(*took < 3_000_000 / i64::from(most) * 2 + 2_000, "{most}: {took} ms");
        }
    }

    #[test]
    fn who_lines_up_gets_a_moment_of_its_own_and_may_go_then() {
        let (mut pacer, now) = (Pacer::default(), Timestamp(START));
        for _ in 0..45 {
            pacer.take(WHATSAPP_CUSTOMER, now);
        }
        let slots: Vec<Timestamp> = (0..3).map(|_| pacer.line_up(WHATSAPP_CUSTOMER, now)).collect();
        assert_eq!(slots, [6_000, 12_000, 18_000].map(|after| Timestamp(START + after)));
        for slot in slots {
            assert_eq!(pacer.ready(WHATSAPP_CUSTOMER, slot), Ok(()));
            pacer.take(WHATSAPP_CUSTOMER, slot);
        }
        assert!(!pacer.is_at_rest(Timestamp(START + 18_000)));
        assert!(pacer.is_at_rest(Timestamp(START + 300_000)));
    }

    #[test]
    fn the_other_sides_word_is_obeyed() {
        let mut pacer = Pacer::default();
        pacer.hold(WHATSAPP_CUSTOMER, Timestamp(START + 4_000));
        let ready = pacer.ready(WHATSAPP_CUSTOMER, Timestamp(START));
        assert_eq!(ready, Err(Timestamp(START + 4_000)));
    }

    #[test]
    fn pacers_at_rest_are_forgotten_and_there_are_never_too_many() {
        let mut pacers = Pacers::new(2_000);
        for key in 0..10_000 {
            let now = Timestamp(START + i64::from(key) * 10);
            pacers.of(key, now).unwrap().take(SLACK, now);
        }
        assert!(pacers.all.len() <= 1_100, "{}", pacers.all.len());
        let now = Timestamp(START);
        let mut pacers = Pacers::new(2_000);
        let kept = (0..10_000).filter(|key| match pacers.of(*key, now) {
            Some(pacer) => {
                pacer.take(SLACK, now);
                true
            }
            None => false,
        });
        assert_eq!(kept.count(), 2_000);
    }
}
