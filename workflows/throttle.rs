//! How much may come in: so many a minute in the long run, and so many at once after a rest.
//!
//! Each thing that is limited has a bucket of its own, kept as one number ([`crate::pace`]). There are never
//! too many of them: once the table is full of busy ones, all newcomers share a single bucket, so that who
//! sends from a million addresses gets what one would.

use crate::pace::{Pace, Pacer, Pacers};
use crate::time::{Span, Timestamp};

/// What is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowed {
    /// So many in a minute, in the long run; 0 for any number.
    pub per_minute: u32,
    /// So many at once after a rest.
    pub burst: u32,
}

impl Allowed {
    fn pace(self) -> Option<Pace> {
        (self.per_minute > 0).then(|| Pace::per_minute(self.per_minute, self.burst))
    }
}

/// The buckets of many things, each by its name.
#[derive(Debug)]
pub struct Throttle<K> {
    each: Pacers<K>,
    /// That of all for which there is no room.
    others: Pacer,
}

impl<K: Ord> Throttle<K> {
    /// No bucket yet, and never more than `most`.
    pub fn new(most: usize) -> Self {
        Self { each: Pacers::new(most), others: Pacer::default() }
    }

    /// Says how long to wait where there is no room for one more, and counts none.
    pub fn check(&mut self, key: K, allowed: Allowed, now: Timestamp) -> Result<(), Span> {
        let Some(pace) = allowed.pace() else { return Ok(()) };
        let pacer = self.each.of(key, now).unwrap_or(&mut self.others);
        pacer.ready(pace, now).map_err(|at| at.since(now))
    }

    /// Counts one more where there is room for it; otherwise says how long to wait.
    pub fn take(&mut self, key: K, allowed: Allowed, now: Timestamp) -> Result<(), Span> {
        let Some(pace) = allowed.pace() else { return Ok(()) };
        let pacer = self.each.of(key, now).unwrap_or(&mut self.others);
        pacer.ready(pace, now).map_err(|at| at.since(now))?;
        pacer.take(pace, now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp(1_768_820_400_000);
    const B12: Allowed = Allowed { per_minute: 100, burst: 10 };

    #[test]
    fn b12_a_burst_goes_through_and_then_so_many_a_minute() {
        let mut throttle = Throttle::new(10);
        let taken = (0..50).filter(|_| throttle.take("a", B12, START).is_ok()).count();
        assert_eq!(taken, 10);
        assert_eq!(throttle.take("a", B12, START), Err(Span::millis(600)), "one in 0.6 s");
        assert_eq!(throttle.take("b", B12, START), Ok(()), "nobody else is held up");
        let minute = (0..60_000).filter(|ms| {
            let now = Timestamp(START.0 + 600 + ms);
            throttle.take("a", B12, now).is_ok()
        });
        assert_eq!(minute.count(), 100);
    }

    #[test]
    fn b12_no_number_is_no_limit_and_a_high_one_is_kept() {
        let mut throttle = Throttle::new(10);
        let none = Allowed { per_minute: 0, burst: 0 };
        assert!((0..10_000).all(|_| throttle.take("a", none, START).is_ok()));
        let high = Allowed { per_minute: 300_000, burst: 5_000 };
        let taken = (0..10_000).filter(|_| throttle.take("b", high, START).is_ok()).count();
        assert_eq!(taken, 5_000);
        let second = Timestamp(START.0 + 1_000);
        let taken = (0..10_000).filter(|_| throttle.take("b", high, second).is_ok()).count();
        assert_eq!(taken, 5_000);
    }

    #[test]
    fn b12_a_million_addresses_share_what_one_would_get() {
        let mut throttle = Throttle::new(100);
        let taken = (0..1_000_000).filter(|key| throttle.take(*key, B12, START).is_ok()).count();
        assert_eq!(taken, 100 + 10);
    }
}
