//! At most so many in any minute.

use std::collections::VecDeque;

use crate::time::{Span, Timestamp};

const SECOND_MS: i64 = 1_000;
const SECONDS: i64 = 60;

/// Counts what happened in the last minute, second by second.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Minute {
    /// Seconds in which something happened, the oldest first, and how much.
    seconds: VecDeque<(i64, u32)>,
    total: u32,
}

impl Minute {
    /// Counts one more if there were fewer than `most` in the last minute; otherwise says when there is
    /// room for another.
    pub fn take(&mut self, most: u32, now: Timestamp) -> Result<(), Timestamp> {
        if self.count(now) >= most {
            return Err(self.room_at(most, now));
        }
        // A clock that was set back opens nothing: the latest second goes on.
        let second = now.0.div_euclid(SECOND_MS);
        match self.seconds.back_mut() {
            Some((latest, count)) if *latest >= second => *count += 1,
            _ => self.seconds.push_back((second, 1)),
        }
        self.total += 1;
        Ok(())
    }

    /// How many there were in the last minute.
    pub fn count(&mut self, now: Timestamp) -> u32 {
        let over = now.0.div_euclid(SECOND_MS) - SECONDS;
        while let Some((_, count)) = self.seconds.pop_front_if(|(second, _)| *second <= over) {
            self.total -= count;
        }
        self.total
    }

    fn room_at(&self, most: u32, now: Timestamp) -> Timestamp {
        let mut left = self.total;
        for (second, count) in &self.seconds {
            left -= count;
            if left < most {
                return Timestamp((second + SECONDS) * SECOND_MS).max(Timestamp(now.0 + 1));
            }
        }
        now.after(Span::minutes(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a17_e03_no_minute_has_more_than_its_share() {
        let mut minute = Minute::default();
        let mut taken = Vec::new();
        let mut now = Timestamp(1_000_000_500);
        for _ in 0..10_000 {
            match minute.take(7, now) {
                Ok(()) => taken.push(now),
                Err(at) => {
                    assert!(at > now, "{at:?} is not after {now:?}");
                    assert!(minute.clone().take(7, Timestamp(at.0 - 1)).is_err(), "not before");
                    now = at;
                }
            }
            if taken.len() % 3 == 0 {
                now = Timestamp(now.0 + 1_700);
            }
        }
        for first in &taken {
            let end = first.after(Span::seconds(59));
            let inside = taken.iter().filter(|at| **at >= *first && **at < end).count();
            assert!(inside <= 7, "{inside} from {first:?}");
        }
        assert!(taken.len() > 5_000, "and the share is used: {}", taken.len());
    }

    #[test]
    fn a_clock_that_is_set_back_opens_nothing() {
        let mut minute = Minute::default();
        assert_eq!(minute.take(1, Timestamp(90_000)), Ok(()));
        assert!(minute.take(1, Timestamp(10_000)).is_err());
        assert_eq!(minute.count(Timestamp(200_000)), 0);
    }
}
